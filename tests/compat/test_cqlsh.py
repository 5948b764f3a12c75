"""cqlsh against a running node: statements from -e, -f, a pipe and a terminal, over the binary
protocol on both ports and over Thrift.

Environment: CQLSH names the program; else build/tools/cqlsh of this tree.
"""
import contextlib
import os
import pathlib
import pty
import select
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import ROOT, free_ports

PROGRAM = pathlib.Path(os.environ.get('CQLSH', ROOT / 'build' / 'tools' / 'cqlsh'))
pytestmark = pytest.mark.skipif(not PROGRAM.is_file(), reason='cqlsh is not built')

SESSION = """\
CREATE KEYSPACE {ks} WITH REPLICATION = {{'class':'SimpleStrategy','replication_factor':3}};
USE {ks};
CREATE TABLE Customers(customer_id int PRIMARY KEY, firstname text, lastname text);
INSERT INTO Customers(customer_id, firstname, lastname) VALUES(1, 'Jane', 'Doe');
INSERT INTO Customers(customer_id, firstname, lastname)
    VALUES(2, 'John', 'Doe');
SELECT * FROM Customers;
"""
TABLE = """
 customer_id | firstname | lastname
-------------+-----------+----------
           1 |      Jane |      Doe
           2 |      John |      Doe

(2 rows)

"""


class Wire:
    """A port of the node and the options to speak to it."""

    def __init__(self, name, port, *options):
        self.name, self.port, self.options = name, port, options

    def command(self, node, *more):
        return [str(PROGRAM), *self.options, '127.0.0.1', str(getattr(node, self.port)), *more]


WIRES = [Wire('native', 'native_port'), Wire('native_on_9160', 'rpc_port'),
         Wire('thrift', 'rpc_port', '--thrift')]


@pytest.fixture(params=WIRES, ids=lambda w: w.name)
def wire(request):
    return request.param


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    # libedit never frees the names of functions added to it; for builds with a leak detector.
    (tmp_path / 'leaks').write_text('leak:wcsdup\n')
    monkeypatch.setenv('LSAN_OPTIONS', f'print_suppressions=0:suppressions={tmp_path}/leaks')
    for name in ('CQLSH_HOST', 'CQLSH_PORT'):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def run(node, wire, home):
    def run(*more, text=None):
        return subprocess.run(wire.command(node, *more), input=text, capture_output=True, text=True,
                              timeout=30)
    return run


names = iter(range(1000))


@pytest.fixture
def ks():
    return f'cqlsh_{next(names)}'


def shows(result, out, err='', status=0):
    assert (result.stdout, result.stderr, result.returncode) == (out, err, status)


# ---- the customers session ----

def test_execute(run, ks):
    shows(run('-e', SESSION.format(ks=ks)), TABLE)
    shows(run('-k', ks, '-e', 'select * from customers'), TABLE)


def test_file(run, ks, tmp_path):
    path = tmp_path / 'session.cql'
    path.write_text('-- customers; all of them\n' + SESSION.format(ks=ks))
    shows(run('-f', str(path)), TABLE)


def test_pipe(run, ks):
    shows(run(text=SESSION.format(ks=ks)), TABLE)


def test_errors_do_not_end_a_file(run, wire, ks):
    r = run(text=SESSION.format(ks=ks) + 'SELEC 1;\nSELECT lastname FROM customers\n'
            ' WHERE customer_id = 2;\nUSE nowhere_at_all;\n')
    assert r.returncode == 2
    assert r.stdout == TABLE + '\n lastname\n----------\n      Doe\n\n(1 rows)\n\n'
    first, second = r.stderr.splitlines()
    kind = 'Bad Request: ' if wire.options else 'SyntaxException: '
    assert first.startswith('<stdin>:8:' + kind + 'line 1:0 ')
    kind = 'Bad Request: ' if wire.options else 'InvalidRequest: Error from server: code=2200'
    assert second.startswith('<stdin>:11:' + kind)


def test_incomplete_statement(run):
    shows(run(text='SELECT * FROM system.local'), '',
          '<stdin>:2:Incomplete statement at end of file\n', 2)


# ---- types, settings, DESCRIBE ----

def test_values(run, ks):
    run('-e', f"CREATE KEYSPACE {ks} WITH replication = "
        "{'class': 'SimpleStrategy', 'replication_factor': 1}")
    r = run('-k', ks, '-e', """
        CREATE TABLE t (k int PRIMARY KEY, a ascii, b blob, c boolean, d timestamp, e double,
            f list<text>, g map<text, int>, h set<int>, i inet, j decimal, n text);
        INSERT INTO t (k, a, b, c, d, e, f, g, h, i, j) VALUES (1, 'a', 0xcafe, true,
            '2020-01-01 00:00:00+0000', 3.14159265, ['x', 'it''s'], {'m': 1}, {3, 2},
            '127.0.0.1', 1.10);
        EXPAND ON
        SELECT * FROM t;
        """)
    values = [line.split(' | ')[1] for line in r.stdout.splitlines() if ' | ' in line]
    assert values == ['1', 'a', '0xcafe', 'True', '2020-01-01 00:00:00.000000+0000', '3.1416',
                      "['x', 'it''s']", "{'m': 1}", '{2, 3}', '127.0.0.1', '1.10', 'null']
    assert (r.stderr, r.returncode) == ('', 0)


def test_no_rows(run):
    shows(run('-e', "SELECT key FROM system.local WHERE key = 'nothing'"), '\n(0 rows)\n\n')


def test_conditional(run, ks):
    run('-e', SESSION.format(ks=ks))
    r = run('-k', ks, '-e', 'CONSISTENCY ONE\nSERIAL CONSISTENCY LOCAL_SERIAL\nCONSISTENCY\n')
    shows(r, 'Consistency level set to ONE.\nSerial consistency level set to LOCAL_SERIAL.\n'
          'Current consistency level is ONE.\n')


def test_unavailable(run, wire, ks):
    run('-e', SESSION.format(ks=ks))
    r = run('-k', ks, '-e', 'CONSISTENCY QUORUM\nSELECT * FROM customers;')
    if wire.options:
        why = 'Unable to complete request: one or more nodes were unavailable.'
    else:
        why = ('Unavailable: Error from server: code=1000 [Unavailable exception] '
               'message="Cannot achieve consistency level QUORUM" info={\'consistency\': \'QUORUM\', '
               "'required_replicas': 2, 'alive_replicas': 1}")
    shows(r, 'Consistency level set to QUORUM.\n', f'<stdin>:2:{why}\n', 2)


def test_describe(run, ks):
    run('-e', SESSION.format(ks=ks))
    r = run('-e', 'DESCRIBE KEYSPACES;\nDESC CLUSTER\n')
    assert ks in r.stdout.split() and r.returncode == 0
    assert '\nCluster: Compat\nPartitioner: Murmur3Partitioner\nSnitch: SimpleSnitch\n\n' in r.stdout
    shows(run('-k', ks, '-e', 'DESC TABLES'), '\ncustomers\n\n')
    r = run('-k', ks, '-e', 'desc customers')
    assert r.stdout.startswith(f'\nCREATE TABLE {ks}.customers (\n    customer_id int PRIMARY KEY')
    r = run('-k', ks, '-e', 'DESC TABLE nowhere')
    assert r.returncode == 2 and 'nowhere' in r.stderr


def test_source_and_capture(run, tmp_path):
    inner, out = tmp_path / 'inner.cql', tmp_path / 'out'
    inner.write_text("SELECT key FROM system.local;\nwrong;\n")
    r = run(text=f"CAPTURE '{out}'\nSOURCE '{inner}'\nCAPTURE OFF\nSHOW VERSION\n")
    assert out.read_text() == '\n key\n-------\n local\n\n(1 rows)\n\n'
    assert r.stdout.splitlines()[0] == f"Now capturing query output to '{out}'."
    assert r.stdout.splitlines()[1].startswith('[cqlsh ')
    assert r.stderr.startswith(f'{inner}:2:') and r.returncode == 2


def test_not_supported(run):
    shows(run('-e', "TRACING ON\nCOPY t FROM 'x';"), '',
          '<stdin>:1:TRACING is not supported yet.\n<stdin>:2:COPY is not supported yet.\n', 2)


def test_many_rows(run, ks):
    rows = ''.join(f'INSERT INTO t (k, c) VALUES (1, {i});\n' for i in range(1050))
    r = run(text=f"CREATE KEYSPACE {ks} WITH replication = "
            "{'class': 'SimpleStrategy', 'replication_factor': 1};\n"
            f'USE {ks};\nCREATE TABLE t (k int, c int, PRIMARY KEY (k, c));\n' + rows +
            'SELECT c FROM t;\nPAGING 1000;\nSELECT c FROM t;\nPAGING OFF\nSELECT c FROM t;\n')
    assert (r.stderr, r.returncode) == ('', 0)
    numbers = [int(w) for w in r.stdout.split() if w.isdigit()]
    assert numbers == list(range(1050)) + [1000] + list(range(1050)) * 2
    assert r.stdout.count('(1050 rows)') == 3


# ---- connecting ----

def test_refused(home):
    port = free_ports(1)[0]
    r = subprocess.run([str(PROGRAM), '127.0.0.1', str(port), '-e', 'x'], capture_output=True,
                       text=True, timeout=30)
    shows(r, '', "Connection error: ('Unable to connect to any servers', "
          f"{{'127.0.0.1:{port}': ConnectionRefusedError(111, \"Tried connecting to "
          f"[('127.0.0.1', {port})]. Last error: Connection refused\")}})\n", 1)


def test_configured(node, home):
    (home / '.cassandra').mkdir()
    (home / '.cassandra' / 'cqlshrc').write_text(
        f'[connection]\nhostname = 127.0.0.1\nport = {node.native_port}\n')
    r = subprocess.run([str(PROGRAM), '-e', 'SHOW HOST'], capture_output=True, text=True, timeout=30)
    shows(r, f'Connected to Compat at 127.0.0.1:{node.native_port}.\n')
    env = dict(os.environ, CQLSH_PORT=str(node.rpc_port))
    r = subprocess.run([str(PROGRAM), '-e', 'SHOW HOST'], capture_output=True, text=True,
                       timeout=30, env=env)
    shows(r, f'Connected to Compat at 127.0.0.1:{node.rpc_port}.\n')


def test_unknown_keyspace(run):
    r = run('-k', 'nowhere_at_all', '-e', 'SHOW HOST')
    assert r.returncode == 1 and 'nowhere_at_all' in r.stderr and r.stdout == ''


@pytest.mark.parametrize('answer', [b'', b'HTTP/1.1 400 Bad Request\r\n\r\n', b'\x84\0\0\0\0\x7f\xff\xff\xff',
                                    b'\x84\0\0\0\x02\0\0\0\0' + b'\xff' * 64,
                                    b'\x7f\xff\xff\xff', b'\0\0\0\x04\x80\x01\0\x02'])
@pytest.mark.parametrize('options', [[], ['--thrift']])
def test_strange_servers(home, answer, options):
    server = socket.create_server(('127.0.0.1', 0))

    def serve():
        with server.accept()[0] as s:
            s.recv(4096)
            with contextlib.suppress(OSError):
                s.sendall(answer)
                s.shutdown(socket.SHUT_WR)
                s.recv(4096)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    r = subprocess.run([str(PROGRAM), *options, '127.0.0.1', str(server.getsockname()[1]), '-e',
                        'SELECT 1'], capture_output=True, text=True, timeout=30)
    assert r.returncode == 1
    assert r.stderr.startswith('Connection error: ') and len(r.stderr.splitlines()) == 1
    thread.join(5)
    server.close()


# ---- at a terminal ----

class Terminal:
    """cqlsh on a pseudo-terminal."""

    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ['TERM'] = 'dumb'
            os.execv(command[0], command)
        self.seen = ''

    def expect(self, text, timeout=10):
        """Reads until this was seen; what came up to it."""
        end = time.monotonic() + timeout
        while text not in self.seen:
            left = end - time.monotonic()
            assert left > 0 and select.select([self.fd], [], [], left)[0], (text, self.seen)
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b''
            assert data, ('ended', text, self.seen)
            self.seen += data.decode().replace('\r', '')
        before, self.seen = self.seen.split(text, 1)
        return before

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self, timeout=10):
        """Waits for its end; the exit code."""
        while True:
            assert select.select([self.fd], [], [], timeout)[0], ('does not end', self.seen)
            try:
                if not os.read(self.fd, 65536):
                    break
            except OSError:
                break
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def terminal(node, wire, home):
    made = []

    def start(*more):
        made.append(Terminal(wire.command(node, *more)))
        return made[-1]

    yield start
    for t in made:
        try:
            os.kill(t.pid, signal.SIGKILL)
            os.waitpid(t.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def test_terminal(terminal, node, wire, ks, home):
    t = terminal('--no-color')
    banner = t.expect('cqlsh> ')
    assert f'Connected to Compat at 127.0.0.1:{getattr(node, wire.port)}.\n[cqlsh ' in banner
    assert banner.endswith('Use HELP for help.\n')
    assert ('Thrift protocol' if wire.options else 'Native protocol v4') in banner
    create, use, *rest = SESSION.format(ks=ks).strip().splitlines()
    t.type(create + '\n')
    t.expect('cqlsh> ')
    t.type(use + '\n')
    prompt = f'cqlsh:{ks}> '
    t.expect(prompt)
    for line in rest[:-1]:
        t.type(line + '\n')
        t.expect(' ' * len(ks) + '    ... ' if not line.endswith(';') else prompt)
    t.type(rest[-1] + '\n')
    assert t.expect(prompt).endswith(TABLE)
    t.type('quit\n')
    assert t.end() == 0
    assert 'FROM' in (home / '.cassandra' / 'cqlsh_history').read_text()


def test_terminal_interrupt_and_end(terminal):
    t = terminal('--no-color')
    t.expect('cqlsh> ')
    t.type('SELECT wrong\n')
    t.expect('   ... ')
    t.type('\x03')
    t.expect('cqlsh> ')
    t.type("SELECT key FROM system.local;\n")
    assert '\n local\n' in t.expect('cqlsh> ')
    t.type('half a line\x03')
    t.expect('cqlsh> ')
    t.type('wrong;\n')
    assert 'line 1:0' in t.expect('cqlsh> ')
    t.type('\x04')
    assert t.end() == 0


def test_terminal_colors(terminal):
    t = terminal()
    t.expect('cqlsh> ')
    t.type('SELECT key FROM system.local;\n')
    out = t.expect('cqlsh> ')
    assert '\033[0;1;35mkey\033[0m' in out and '\033[0;1;33mlocal\033[0m' in out
    t.type('wrong;\n')
    assert '\033[0;1;31m' in t.expect('cqlsh> ')
    t.type('exit\n')
    assert t.end() == 0


def test_terminal_completion(terminal, ks, run):
    run('-e', SESSION.format(ks=ks))
    t = terminal('--no-color', '-k', ks)
    prompt = f'cqlsh:{ks}> '
    t.expect(prompt)
    t.type('sel\t* FROM cust\t;\n')
    t.expect(TABLE)
    t.expect(prompt)
    t.type('exit\n')
    assert t.end() == 0


def test_terminal_pages(terminal, wire, run, ks):
    if wire.options:
        pytest.skip('Thrift has no pages')
    rows = ''.join(f'INSERT INTO t (k, c) VALUES (1, {i});\n' for i in range(250))
    run(text=f"CREATE KEYSPACE {ks} WITH replication = "
        "{'class': 'SimpleStrategy', 'replication_factor': 1};\n"
        f'USE {ks};\nCREATE TABLE t (k int, c int, PRIMARY KEY (k, c));\n' + rows)
    t = terminal('--no-color', '-k', ks)
    t.expect(f'cqlsh:{ks}> ')
    t.type('SELECT c FROM t;\n')
    assert '\n 99\n' in t.expect('---MORE---')
    t.type('\n')
    assert '\n 199\n' in t.expect('---MORE---')
    t.type('\n')
    assert '(250 rows)' in t.expect(f'cqlsh:{ks}> ')
    t.type('SELECT c FROM t;\n')
    t.expect('---MORE---')
    t.type('\x03')
    assert '(100 rows)' in t.expect(f'cqlsh:{ks}> ')
    t.type('exit\n')
    assert t.end() == 0
