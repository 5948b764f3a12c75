"""nodetool and the management port of a running node."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading

import pytest

from conftest import ROOT, Node, free_ports, program

UUID = r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
TOOL = pathlib.Path(program() or ROOT / 'build/server/iliond').parents[1] / 'tools' / 'nodetool'

pytestmark = pytest.mark.skipif(not TOOL.is_file(), reason='nodetool is not built')


def nodetool(n, *args, env=None):
    return run('-h', n.host, '-p', str(n.admin_port), *args, env=env)


def run(*args, env=None):
    return subprocess.run([str(TOOL), *args], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **(env or {})})


def ok(n, *args):
    r = nodetool(n, *args)
    assert (r.returncode, r.stderr) == (0, ''), r
    return r.stdout


def refused(n, *args):
    r = nodetool(n, *args)
    assert r.returncode == 1 and r.stdout == '', r
    return r.stderr


def ask(n, method, path, headers=None, body=None):
    c = http.client.HTTPConnection(n.host, n.admin_port, timeout=30)
    try:
        c.request(method, path, body=body, headers=headers or {})
        r = c.getresponse()
        return r.status, r.headers, r.read().decode()
    finally:
        c.close()


def get(n, path):
    status, _, text = ask(n, 'GET', '/api/v1/' + path)
    assert status == 200, text
    return json.loads(text)


# ---- what it prints ----

def test_status(node):
    lines = ok(node, 'status').splitlines()
    lines = lines[1:] if lines[0].startswith('Note: ') else lines
    assert lines[0] == 'Datacenter: datacenter1'
    assert lines[1] == '=' * len(lines[0])
    assert lines[2:4] == ['Status=Up/Down', '|/ State=Normal/Leaving/Joining/Moving']
    assert re.fullmatch(r'--  Address    Load       Tokens  Owns( \(effective\))? +Host ID {31}Rack',
                        lines[4])
    assert re.fullmatch(r'UN  127\.0\.0\.1  [\d.]+ (bytes|KB|MB) +4       100\.0% +' + UUID +
                        '  rack1', lines[5])
    assert len(lines) == 6


def test_status_of_a_keyspace(node):
    assert 'Owns (effective)' in ok(node, 'status', 'system_traces')
    assert refused(node, 'status', 'nosuch') == 'Keyspace [nosuch] does not exist.\n'
    assert refused(node, 'ring', 'nosuch') == 'Keyspace [nosuch] does not exist.\n'


def test_ring(node):
    rows = [line for line in ok(node, 'ring').splitlines() if line.startswith('127.0.0.1')]
    assert len(rows) == 4
    tokens = [int(row.split()[-1]) for row in rows]
    assert tokens == sorted(tokens)
    assert all(row.split()[:4] == ['127.0.0.1', 'rack1', 'Up', 'Normal'] for row in rows)


def test_info(node):
    text = ok(node, 'info')
    assert text.startswith('Token            : (invoke with -T/--tokens to see all 4 tokens)\n')
    assert re.search('^ID               : ' + UUID + '$', text, re.M)
    assert 'Thrift active    : true\nNative Transport active: true\n' in text
    assert len([line for line in text.splitlines() if line.startswith('Load')]) == 1
    assert ok(node, '-T', 'info').count('Token            : ') == 4


def test_version_and_cluster(node):
    assert ok(node, 'version') == 'ReleaseVersion: 4.1.3\n'
    text = ok(node, 'describecluster')
    assert text.startswith('Cluster Information:\n\tName: Compat\n\tSnitch: org.apache.cassandra.')
    assert re.search(r'\n\tSchema versions:\n\t\t' + UUID + r': \[127\.0\.0\.1\]\n\n$', text)
    assert re.match(r'/127\.0\.0\.1\n(  [A-Z_]+:.+\n)+\n$', ok(node, 'gossipinfo'))


def test_statistics(node):
    assert ok(node, 'tpstats').startswith('Pool Name                    Active   Pending ')
    assert ok(node, 'netstats').startswith('Mode: NORMAL\nNot sending any streams.\n')
    assert ok(node, 'compactionstats') == \
        'pending tasks: 0\nActive compaction remaining time :        n/a\n'
    assert re.fullmatch(r'\nLogger Name {40}Log Level\nroot +(DEBUG|INFO|WARN|ERROR)\n',
                        ok(node, 'getlogginglevels'))


def test_tables(node):
    text = ok(node, 'cfstats')
    assert text.startswith('Keyspace: ') and ok(node, 'tablestats').startswith('Keyspace: ')
    assert 'Keyspace: system_traces\n' in text and text.endswith('----------------\n')
    one = ok(node, 'cfstats', 'system_traces.events')
    assert one.startswith('Keyspace: system_traces\n\tRead Count: ')
    assert one.count('\t\tTable: ') == 1 and '\t\tTable: events\n' in one
    assert '\t\tTable: events\n' not in ok(node, 'cfstats', '-i', 'system_traces.events')
    assert refused(node, 'cfstats', 'nosuch.t') == 'Keyspace [nosuch] does not exist.\n'
    assert 'system_traces.nosuch' in refused(node, 'cfstats', 'system_traces.nosuch')


def test_ranges_and_replicas(node):
    text = ok(node, 'describering', 'system_traces')
    assert re.match('Schema Version:' + UUID + '\nTokenRange: \n', text)
    assert text.count('\tTokenRange(start_token:') == 4
    assert ok(node, 'getendpoints', 'system_auth', 'roles', 'anyone') == '127.0.0.1\n'
    assert 'nosuch' in refused(node, 'getendpoints', 'system_auth', 'nosuch', 'k')


# ---- how it is called ----

def test_options_before_and_after(node):
    port = str(node.admin_port)
    for args in (['version', '-h', '127.0.0.1', '-p', port],
                 ['--host=localhost', f'--port={port}', 'version'],
                 ['\u2013h', '127.0.0.1', '\u2014port', port, 'version'],
                 ['\u2212p', port, '-u', 'cassandra', '-pw', 'secret', 'version'],
                 [f'-p{port}', 'VERSION']):
        r = run(*args)
        assert (r.returncode, r.stdout) == (0, 'ReleaseVersion: 4.1.3\n'), (args, r)


def test_port_of_cassandra_env(node, tmp_path):
    (tmp_path / 'cassandra-env.sh').write_text(f'JMX_PORT="{node.admin_port}"\n')
    assert run('version', env={'CASSANDRA_CONF': str(tmp_path)}).returncode == 0


def test_gossip_switch(node):
    generation = get(node, 'info')['generation']
    assert ok(node, 'statusgossip') == 'running\n'
    assert ok(node, 'disablegossip') == ''
    assert ok(node, 'statusgossip') == 'not running\n'
    assert ok(node, 'enablegossip') == ''
    assert ok(node, 'statusgossip') == 'running\n'
    assert get(node, 'info')['generation'] > generation


def test_refusals(node):
    port = free_ports(1)[0]
    r = run('-p', str(port), 'status')
    assert (r.returncode, r.stdout) == (1, '')
    assert r.stderr == f"Failed to connect to '127.0.0.1:{port}': Connection refused\n"
    assert refused(node, 'compact') == 'nodetool: compact is not supported yet\n'
    assert refused(node, 'repair', '-pr', '--unknown') == 'nodetool: repair is not supported yet\n'
    assert refused(node, 'nosuch').startswith('Unrecognized command: nosuch\nusage: ')
    assert run().returncode == 1
    assert run('help').stdout.startswith('usage: ')
    assert 'keyspace' in run('help', 'status').stdout
    assert run('-p', 'x', 'status').returncode == 1


def test_wrong_port(node):
    r = run('-p', str(node.native_port), 'status')
    assert r.returncode == 1 and r.stdout == '' and r.stderr.count('\n') == 1


# ---- what it does ----

def test_flush(node):
    for args in ([], ['system'], ['system_traces', 'events', 'sessions']):
        assert ok(node, 'flush', *args) == ''
    assert refused(node, 'flush', 'nosuch') == 'Keyspace [nosuch] does not exist.\n'
    assert 'nosuch' in refused(node, 'flush', 'system_traces', 'events', 'nosuch')


@pytest.mark.parametrize('what, port', [('binary', 'native_port'), ('thrift', 'rpc_port')])
def test_switches(make_node, what, port):
    n = make_node()
    for _ in range(2):
        assert ok(n, 'status' + what) == 'running\n'
        assert ok(n, 'disable' + what) == ok(n, 'disable' + what) == ''
        assert ok(n, 'status' + what) == 'not running\n' and not n.answers(getattr(n, port))
        assert ok(n, 'enable' + what) == ok(n, 'enable' + what) == ''
        assert n.answers(getattr(n, port))
    assert n.stop() == 0


def test_drain(make_node):
    n = make_node()
    assert ok(n, 'drain') == ok(n, 'drain') == ''
    assert ok(n, 'netstats').startswith('Mode: DRAINED\n')
    assert not n.answers(n.native_port) and not n.answers(n.rpc_port)
    assert 'drained' in refused(n, 'enablebinary')
    n.restart()
    assert ok(n, 'netstats').startswith('Mode: NORMAL\n')


def test_stopdaemon(make_node):
    n = make_node()
    assert ok(n, 'stopdaemon') == 'Cassandra has shutdown.\n'
    assert n.process.wait(10) == 0


def test_everything_at_once(make_node):
    """Requests of many clients, switches among them, while the node is told to stop."""
    n = make_node()
    stop, odd = threading.Event(), []

    def work(i):
        paths = ['status', 'ring', 'info', 'tables', 'tpstats']
        while not stop.is_set():
            try:
                action = i == 0 and ('POST', '/api/v1/binary/disable') or \
                    i == 1 and ('POST', '/api/v1/binary/enable') or \
                    i == 2 and ('POST', '/api/v1/flush') or \
                    ('GET', '/api/v1/' + paths[i % len(paths)])
                status, _, text = ask(n, *action)
                if status not in (200, 503):
                    odd.append((action, status, text))
            except (OSError, http.client.HTTPException):
                if n.running and not stop.is_set():
                    continue
                return

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    threading.Event().wait(1)
    n.process.send_signal(signal.SIGTERM)
    code = n.process.wait(30)
    stop.set()
    for t in threads:
        t.join()
    assert (code, odd) == (0, []), n.log()


def test_port_in_use(make_node):
    n = make_node()
    with pytest.raises(RuntimeError) as e:
        make_node(properties=[f'-Dcassandra.jmx.local.port={n.admin_port}'])
    lines = [line for line in str(e.value).splitlines() if line.startswith('iliond: ')]
    assert len(lines) == 1 and f'127.0.0.1:{n.admin_port}' in lines[0]
    assert 'in use' in lines[0]


# ---- the port itself ----

def test_http_refusals(node):
    cases = [
        ('GET', '/', {}, None, 404), ('GET', '/api/v1/nosuch', {}, None, 404),
        ('POST', '/api/v1/info', {}, None, 405), ('GET', '/api/v1/drain', {}, None, 405),
        ('DELETE', '/api/v1/info', {}, None, 405),
        ('GET', '/api/v1/status?keyspce=a', {}, None, 400),
        ('GET', '/api/v1/status?keyspace=%ff', {}, None, 400),
        ('GET', '/api/v1/status?keyspace=a%00b', {}, None, 400),
        ('GET', '/api/v1/status?keyspace=nosuch', {}, None, 404),
        ('GET', '/api/v1/tables?table=a', {}, None, 400),
        ('GET', '/api/v1/endpoints?keyspace=system_auth', {}, None, 400),
        ('POST', '/api/v1/flush?table=a', {}, None, 400),
        ('POST', '/api/v1/flush?' + '&'.join(['table=a'] * 100), {}, None, 400),
        ('POST', '/api/v1/flush', {}, 'x' * 200000, 413),
        ('POST', '/api/v1/drain', {'Host': 'evil.example:7199'}, None, 403),
        ('POST', '/api/v1/drain', {'Origin': 'http://evil.example'}, None, 403),
        ('POST', '/api/v1/drain', {'Sec-Fetch-Site': 'cross-site'}, None, 403),
    ]
    for method, path, headers, body, expected in cases:
        status, answer, text = ask(node, method, path, headers, body)
        assert status == expected, (method, path, text)
        assert list(json.loads(text)) == ['error'] and json.loads(text)['error']
        assert answer['Content-Type'] == 'application/json'
        assert (status == 405) == ('Allow' in answer)
    assert get(node, 'netstats')['mode'] == 'NORMAL'


def test_http_names(node):
    for host in ('localhost', '127.0.0.1', f'[::1]:{node.admin_port}', socket.gethostname()):
        assert ask(node, 'GET', '/api/v1/version', {'Host': host})[0] == 200, host
    assert ask(node, 'HEAD', '/api/v1/version')[2] == ''


def test_metrics(node):
    status, headers, text = ask(node, 'GET', '/metrics')
    assert status == 200 and headers['Content-Type'].startswith('text/plain; version=0.0.4')
    for line in text.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"\})? \d+', line), line
    values = dict(line.rsplit(' ', 1) for line in text.splitlines() if line[0] != '#')
    assert int(values['process_resident_memory_bytes']) > 1 << 20
    assert values['ilion_native_transport_running'] == '1'
    assert 'ilion_requests_total{protocol="cql"}' in values


def test_many_idle_connections(node):
    """More than the port takes: it says so by closing, and serves on when they leave."""
    idle = [socket.create_connection((node.host, node.admin_port)) for _ in range(80)]
    for s in idle:
        s.close()
    assert ok(node, 'version')


def test_garbage(node):
    for junk in (b'\xac\xed\x00\x05JRMI\x00\x02K', b'GET\r\n\r\n', b'\0' * 5000,
                 b'GET / HTTP/1.1\r\nHost: ' + b'a' * 100000 + b'\r\n\r\n'):
        with socket.create_connection((node.host, node.admin_port)) as s:
            try:
                s.sendall(junk)
            except OSError:
                pass
    assert ok(node, 'version')


def test_loopback_too():
    """Whatever address a node listens at, 127.0.0.1 reaches its management."""
    if not program():
        pytest.skip('iliond is not built')
    n = Node(program())
    try:
        file = pathlib.Path(n.dir, 'conf', 'cassandra.yaml')
        file.write_text(file.read_text().replace('127.0.0.1', '127.0.0.9'))
        n.host = '127.0.0.9'
        n.start()
        for host in ('127.0.0.9', '127.0.0.1', 'localhost'):
            text = run('-h', host, '-p', str(n.admin_port), 'status').stdout
            assert 'UN  127.0.0.9  ' in text
        assert n.stop() == 0
    finally:
        n.remove()


# ---- with data ----

@pytest.fixture
def cql(make_node):
    """(node, session of the CQL driver)"""
    cluster = pytest.importorskip('cassandra.cluster', reason='python3-cassandra is not installed')
    n = make_node()
    c = cluster.Cluster([n.host], port=n.native_port, protocol_version=4)
    try:
        yield n, c.connect()
    finally:
        c.shutdown()


def make_keyspace(session, name, rf):
    session.execute(f"CREATE KEYSPACE {name} WITH replication = "
                    f"{{'class': 'SimpleStrategy', 'replication_factor': {rf}}}")


def test_ownership_needs_one_replication(cql):
    n, session = cql
    note = 'Note: Ownership information does not include topology; ' \
           'for complete information, specify a keyspace\n'
    make_keyspace(session, 'one', 1)
    assert 'Owns (effective)' in ok(n, 'status') and note not in ok(n, 'ring')
    make_keyspace(session, 'two', 2)
    assert ok(n, 'status').startswith(note + 'Datacenter: ')
    assert 'Owns   Host ID' in ok(n, 'status')
    assert ok(n, 'ring').startswith(note + '\nDatacenter: ')
    assert ok(n, 'status', 'two').startswith('Datacenter: ')


def number(text, name):
    return float(re.search(rf'^\t\t{re.escape(name)}: ([\d.]+)', text, re.M)[1])


def test_tables_count(cql):
    n, session = cql
    make_keyspace(session, 'shop', 1)
    session.execute('CREATE TABLE shop.orders (id int PRIMARY KEY, what text)')
    for i in range(50):
        session.execute('INSERT INTO shop.orders (id, what) VALUES (%s, %s)', (i, 'x' * 100))
    for i in range(20):
        assert session.execute('SELECT * FROM shop.orders WHERE id = %s', (i,)).one()
    text = ok(n, 'cfstats', 'shop.orders')
    assert number(text, 'Local write count') == 50 and number(text, 'Local read count') >= 20
    assert number(text, 'Memtable data size, bytes') > 5000
    assert number(text, 'SSTable count') == 0
    assert ok(n, 'flush', 'shop', 'orders') == ''
    text = ok(n, 'cfstats', 'shop')
    assert number(text, 'SSTable count') == 1
    assert number(text, 'Memtable data size, bytes') == 0
    assert number(text, 'Space used (live), bytes') > 0
    assert re.search(r'^Load +: [\d.]+ (bytes|KB)$', ok(n, 'info'), re.M)
    metrics = ask(n, 'GET', '/metrics')[2]
    assert int(re.search(r'^ilion_requests_total\{protocol="cql"\} (\d+)$', metrics, re.M)[1]) > 70
    assert int(re.search(r'^ilion_connections (\d+)$', metrics, re.M)[1]) >= 1


def test_replicas_of_keys(cql):
    n, session = cql
    make_keyspace(session, 'keys', 1)
    session.execute('CREATE TABLE keys.pairs (a int, b text, c int, PRIMARY KEY ((a, b), c))')
    session.execute('CREATE TABLE keys.ids (id uuid PRIMARY KEY)')
    session.execute("INSERT INTO keys.pairs (a, b, c) VALUES (-7, 'x:y', 1)")
    assert ok(n, 'getendpoints', 'keys', 'pairs', '-7:x:y') == '127.0.0.1\n'
    token = session.execute('SELECT token(a, b) FROM keys.pairs').one()[0]
    assert get(n, 'endpoints?keyspace=keys&table=pairs&key=-7:x:y')['token'] == str(token)
    assert refused(n, 'getendpoints', 'keys', 'pairs', '7') == "the key has 2 parts, joined by ':'\n"
    assert refused(n, 'getendpoints', 'keys', 'ids', 'no-uuid')
    assert refused(n, 'getendpoints', 'keys', 'pairs', 'x:y')


def test_drained_data_is_there_again(cql):
    n, session = cql
    make_keyspace(session, 'kept', 1)
    session.execute('CREATE TABLE kept.t (id int PRIMARY KEY)')
    session.execute('INSERT INTO kept.t (id) VALUES (1)')
    ok(n, 'drain')
    n.kill()
    n.start()
    assert number(ok(n, 'cfstats', 'kept.t'), 'SSTable count') == 1
    assert get(n, 'tpstats')['pools']
