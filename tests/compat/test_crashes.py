"""Writers at full speed while the node is killed, again and again: what was acknowledged is there,
and nothing that was not written."""
import hashlib
import os
import pathlib
import random
import signal
import struct
import subprocess
import threading
import time

import pytest

import wire
from conftest import free_ports

SMALL = """\
memtable_heap_space: 1MiB
commitlog_segment_size: 1MiB
commitlog_total_space: 2MiB
"""


def value_of(key):
    """Of a length that differs, and no other key's."""
    r = random.Random(key)
    seed = hashlib.sha256(str(key).encode()).hexdigest()
    return (seed * 40)[:r.choice((1, 64, 300, 2000))]


class Writer(threading.Thread):
    """Inserts keys of its own, several in flight, and keeps those that were acknowledged."""

    DEPTH = 16

    def __init__(self, node, number, first):
        super().__init__()
        self.node, self.first, self.number = node, first, number
        self.acknowledged, self.sent, self.refused = [], [], []
        self.start()

    def run(self):
        try:
            with wire.Connection(self.node) as c:
                self.write(c)
        except OSError:
            pass  # killed

    def write(self, c):
        key = self.first
        while True:
            batch = list(range(key, key + self.DEPTH))
            key += self.DEPTH
            self.sent += batch
            c.send(b''.join(
                wire.query(f"INSERT INTO ks.t (k, c, v) VALUES ({k}, {k % 7}, '{value_of(k)}')",
                           k - batch[0]) for k in batch))
            for _ in batch:
                answer = c.answer()
                if answer is None:
                    return
                opcode, stream, body = answer
                if opcode == wire.RESULT:
                    self.acknowledged.append(batch[0] + stream)
                else:
                    self.refused.append(body)


def rows_of(node, text):
    """Rows of a SELECT of columns (bigint, text), without paging."""
    with wire.Connection(node, timeout_s=60) as c:
        body = c.ask(text)
    at = 12
    for _ in range(2):  # keyspace and table
        at += 2 + struct.unpack_from('>H', body, at)[0]
    for _ in range(2):  # columns
        at += 2 + struct.unpack_from('>H', body, at)[0] + 2
    count, = struct.unpack_from('>i', body, at)
    at += 4
    rows = []
    for _ in range(count):
        values = []
        for _ in range(2):
            n, = struct.unpack_from('>i', body, at)
            values.append(body[at + 4:at + 4 + n])
            at += 4 + n
        rows.append((struct.unpack('>q', values[0])[0], values[1].decode()))
    assert at == len(body)
    return rows


def make_table(node):
    with wire.Connection(node) as c:
        c.ask("CREATE KEYSPACE ks WITH replication = "
              "{'class': 'SimpleStrategy', 'replication_factor': 1}")
        c.ask('CREATE TABLE ks.t (k bigint, c int, v text, PRIMARY KEY (k, c))')


class Truth:
    """What must be there, and what may."""

    def __init__(self):
        self.acknowledged, self.sent, self.next = set(), set(), 0

    def writers(self, node, n):
        made = []
        for i in range(n):
            made.append(Writer(node, i, self.next))
            self.next += 1 << 24
        return made

    def add(self, writers):
        for w in writers:
            w.join(30)
            assert not w.is_alive()
            assert not w.refused, w.refused[:3]
            self.acknowledged.update(w.acknowledged)
            self.sent.update(w.sent)

    def check(self, node):
        rows = rows_of(node, 'SELECT k, v FROM ks.t')
        there = {k for k, _ in rows}
        assert len(there) == len(rows)
        assert not self.acknowledged - there, sorted(self.acknowledged - there)[:10]
        assert not there - self.sent, sorted(there - self.sent)[:10]
        garbled = [k for k, v in rows if v != value_of(k)]
        assert not garbled, garbled[:10]


def test_acknowledged_writes_survive_kills(make_node):
    node = make_node(config=SMALL)
    make_table(node)
    truth, chance = Truth(), random.Random(20)
    for _ in range(10):
        writers = truth.writers(node, 4)
        time.sleep(chance.uniform(0.02, 0.2))
        node.kill()
        truth.add(writers)
        node.start()
        truth.check(node)
    assert len(truth.acknowledged) > 1000
    assert node.stop() == 0


@pytest.mark.parametrize('sync', ['batch', 'group'])
def test_other_sync_modes_survive_kills(make_node, sync):
    window = 'commitlog_sync_group_window: 2ms\n' if sync == 'group' else ''
    node = make_node(config=f'{SMALL}commitlog_sync: {sync}\n{window}')
    make_table(node)
    truth = Truth()
    for _ in range(2):
        writers = truth.writers(node, 4)
        time.sleep(0.3)
        node.kill()
        truth.add(writers)
        node.start()
        truth.check(node)
    assert truth.acknowledged


def test_stops_in_order_under_load(make_node):
    node = make_node(config=SMALL)
    make_table(node)
    truth = Truth()
    for _ in range(3):
        writers = truth.writers(node, 4)
        time.sleep(0.3)
        start = time.monotonic()
        assert node.stop() == 0, node.log()
        assert time.monotonic() - start < 10
        for w in writers:
            w.join(30)
            w.refused.clear()  # the last ones may hear that the node stops
        truth.add(writers)
        node.start()
        truth.check(node)


def test_kills_while_starting(make_node):
    """Replay, and the flush after it, are interrupted."""
    node = make_node(config=SMALL)
    make_table(node)
    truth, chance = Truth(), random.Random(4)
    writers = truth.writers(node, 4)
    time.sleep(1)
    node.kill()
    truth.add(writers)
    for _ in range(8):
        with open(node.output, 'ab') as out:
            p = subprocess.Popen(node.command(), stdout=out, stderr=out, cwd=node.dir,
                                 env=node.environment)
        time.sleep(chance.uniform(0.0, 0.12))
        p.send_signal(signal.SIGKILL)
        p.wait()
    node.start()
    truth.check(node)


def test_schema_changes_survive_kills(make_node):
    node = make_node(config=SMALL)
    chance, made = random.Random(9), []
    for i in range(4):
        with wire.Connection(node) as c:
            end = time.monotonic() + chance.uniform(0.05, 0.3)
            while time.monotonic() < end:
                name = f'k{i}_{len(made)}'
                c.ask(f"CREATE KEYSPACE {name} WITH replication = "
                      "{'class': 'SimpleStrategy', 'replication_factor': 1}")
                c.ask(f'CREATE TABLE {name}.t (k int PRIMARY KEY, v text)')
                made.append(name)
        node.kill()
        node.start()
        with wire.Connection(node) as c:
            for name in made:
                c.ask(f"INSERT INTO {name}.t (k, v) VALUES (1, 'x')")
    assert len(made) > 4


def test_two_nodes_on_one_directory(make_node):
    node = make_node(config=SMALL)
    make_table(node)
    other = node.command() + [
        f'-Dcassandra.{name}={port}' for name, port in
        zip(('native_transport_port', 'rpc_port', 'storage_port', 'jmx.local.port'), free_ports(4))]
    done = subprocess.run(other, capture_output=True, text=True, timeout=30, cwd=node.dir)
    assert done.returncode == 1
    assert node.dir in done.stdout + done.stderr
    assert 'in use' in done.stdout + done.stderr or 'another' in done.stdout + done.stderr
    truth = Truth()
    writers = truth.writers(node, 1)
    time.sleep(0.1)
    node.kill()
    truth.add(writers)
    node.start()
    truth.check(node)


# ---- damage ----

def files_of(node, pattern):
    return sorted(pathlib.Path(node.dir).glob(pattern), key=lambda p: p.stat().st_size)


def start_expecting_failure(node):
    done = subprocess.run(node.command(), capture_output=True, text=True, timeout=60, cwd=node.dir,
                          env=node.environment)
    assert done.returncode == 1, done
    return done.stdout + done.stderr


@pytest.fixture
def loaded(make_node):
    """A stopped node with an SSTable, or (flush=False) with a commit log; and its truth."""
    def make(flush):
        node = make_node(config='commitlog_sync: batch\n')
        make_table(node)
        truth = Truth()
        writers = truth.writers(node, 2)
        time.sleep(0.5)
        if flush:
            assert node.stop() == 0
        else:
            node.kill()
        for w in writers:
            w.join(30)
            w.refused.clear()
        truth.add(writers)
        return node, truth
    return make


def flip(path, at):
    with open(path, 'r+b') as f:
        f.seek(at)
        byte = f.read(1)
        f.seek(at)
        f.write(bytes([byte[0] ^ 0x55]))


def test_damaged_commit_log(loaded):
    """Damage of what was synced is no torn tail: nothing may be dropped silently."""
    node, truth = loaded(flush=False)
    path = files_of(node, 'commitlog/CommitLog-*.log')[-1]
    at = len(path.read_bytes().rstrip(b'\0')) // 2  # segments are made long in advance
    flip(path, at)
    log = start_expecting_failure(node)
    assert path.name in log
    flip(path, at)
    node.start()
    truth.check(node)


def test_torn_commit_log(loaded):
    """A tail that was not finished is cut, whatever it holds."""
    node, truth = loaded(flush=False)
    path = files_of(node, 'commitlog/CommitLog-*.log')[-1]
    with open(path, 'r+b') as f:
        f.seek(len(path.read_bytes().rstrip(b'\0')) + 8)
        f.write(os.urandom(100))
    node.start()
    truth.check(node)


def test_truncated_sstable(loaded):
    node, _ = loaded(flush=True)
    path = files_of(node, 'data/ks/t-*/*-Data.ldb')[-1]
    whole = path.read_bytes()
    for size in (len(whole) - 1, len(whole) // 2, 10, 0):
        os.truncate(path, size)
        log = start_expecting_failure(node)
        assert path.name in log, log
    path.write_bytes(whole)
    node.start()


def test_missing_sstable(loaded):
    node, truth = loaded(flush=True)
    path = files_of(node, 'data/ks/t-*/*-Data.ldb')[-1]
    path.rename(path.parent.parent / 'away')
    log = start_expecting_failure(node)
    assert path.name in log
    (path.parent.parent / 'away').rename(path)
    node.start()
    truth.check(node)


def test_damaged_block(loaded):
    """A read that meets it fails and says so; the others go on."""
    node, truth = loaded(flush=True)
    path = files_of(node, 'data/ks/t-*/*-Data.ldb')[-1]
    flip(path, path.stat().st_size // 2)
    node.start()
    with wire.Connection(node, timeout_s=60) as c:
        c.send(wire.query('SELECT k, v FROM ks.t'))
        assert c.error() is not None
        good = bad = 0
        for key in sorted(truth.acknowledged)[::7]:
            c.send(wire.query(f'SELECT v FROM ks.t WHERE k = {key}'))
            opcode, _, body = c.answer()
            if opcode == wire.RESULT:
                assert value_of(key).encode() in body
                good += 1
            else:
                bad += 1
        assert good > bad
    assert node.running


def test_damaged_manifest(loaded):
    node, truth = loaded(flush=True)
    path = pathlib.Path(node.dir, 'data', 'MANIFEST')
    whole = path.read_bytes()
    flip(path, len(whole) // 2)
    log = start_expecting_failure(node)
    assert 'MANIFEST' in log
    path.unlink()
    log = start_expecting_failure(node)
    assert 'MANIFEST' in log
    path.write_bytes(whole)
    node.start()
    truth.check(node)


# ---- many rows at once ----

def test_large_batches_cost_little(make_node):
    """Of one partition: every statement's row is kept once."""
    from clients import rss_kib
    node = make_node()
    make_table(node)
    n = 20000
    with wire.Connection(node, timeout_s=60) as c:
        text = b"INSERT INTO ks.t (k, c, v) VALUES (1, %d, 'x')"
        entries = b''.join(struct.pack('>BI', 0, len(text % i)) + text % i + b'\0\0'
                           for i in range(n))
        c.send(wire.frame(wire.BATCH, struct.pack('>BH', 1, n) + entries + b'\0\1\0'))
        assert c.answer()[0] == wire.RESULT
        assert len(rows_of(node, 'SELECT k, v FROM ks.t')) == n
    assert rss_kib(node.process.pid)[1] < 600 << 10


def test_long_in_lists(make_node):
    """Of any order are sorted in no time, and bounded."""
    node = make_node()
    make_table(node)
    keys = list(range(60000))
    random.Random(3).shuffle(keys)

    def execute(c, keys):
        text = b'SELECT k, v FROM ks.t WHERE k IN ?'
        values = struct.pack('>I', len(keys)) + b''.join(struct.pack('>iq', 8, k) for k in keys)
        body = struct.pack('>I', len(text)) + text
        c.send(wire.frame(wire.QUERY, body + struct.pack('>HBHI', 1, 1, 1, len(values)) + values))

    with wire.Connection(node, timeout_s=60) as c:
        c.ask("INSERT INTO ks.t (k, c, v) VALUES (77, 1, 'x')")
        start = time.monotonic()
        execute(c, keys)
        assert c.answer()[0] == wire.RESULT
        assert time.monotonic() - start < 5
        execute(c, keys + keys)
        code, text = c.error()
        assert code == 0x2200 and 'too many' in text


def test_products_of_in_lists(make_node):
    """Each list is short enough, their product is not."""
    node = make_node()
    make_table(node)
    keys = ','.join(str(i) for i in range(2000))
    with wire.Connection(node, timeout_s=60) as c:
        c.send(wire.query(f'DELETE FROM ks.t WHERE k IN ({keys}) AND c IN ({keys})'))
        code, text = c.error()
        assert code == 0x2200 and 'too many' in text
        c.ask(f'DELETE FROM ks.t WHERE k IN ({keys}) AND c IN (1, 2)')


def test_long_reads_let_others_go_first(make_node):
    """One worker; a client reads all of much, again and again, others ask for a row."""
    node = make_node(config='worker_threads: 1\n')
    make_table(node)
    with wire.Connection(node, timeout_s=60) as c:
        n = 40000
        for i in range(0, n, 100):
            c.send(b''.join(wire.query(
                f"INSERT INTO ks.t (k, c, v) VALUES ({k}, 1, '{'x' * 1000}')", k % 100)
                for k in range(i, i + 100)))
            assert all(c.answer()[0] == wire.RESULT for _ in range(100))
        longest, stop = 0, threading.Event()

        def ask():
            nonlocal longest
            with wire.Connection(node, timeout_s=60) as other:
                while not stop.is_set():
                    start = time.monotonic()
                    other.ask('SELECT k, v FROM ks.t WHERE k = 1')
                    longest = max(longest, time.monotonic() - start)

        asker = threading.Thread(target=ask)
        asker.start()
        whole = []
        for _ in range(3):
            start = time.monotonic()
            c.send(wire.query('SELECT k, v FROM ks.t'))
            opcode, _, body = c.answer()
            whole.append(time.monotonic() - start)
            assert opcode == wire.RESULT and len(body) > n * 1000
        stop.set()
        asker.join()
        print(f'{longest=:.3f} {whole=}')
        assert longest < max(0.1, min(whole) / 2)


def test_ids_of_dropped_tables_are_spent(make_node):
    """What would be written under one could vanish at the next start."""
    node = make_node()
    make_table(node)
    table = '(k bigint PRIMARY KEY, v text) WITH ID = 11111111-2222-1333-8444-555555555555'
    with wire.Connection(node) as c:
        c.ask(f'CREATE TABLE ks.a {table}')
        c.send(wire.query(f'CREATE TABLE ks.b {table}'))
        assert "another table's" in c.error()[1]
        c.ask('DROP TABLE ks.a')
        c.send(wire.query(f'CREATE TABLE ks.a {table}'))
        assert 'dropped' in c.error()[1]
    node.restart()
    with wire.Connection(node) as c:
        c.send(wire.query(f'CREATE TABLE ks.a {table}'))
        assert 'dropped' in c.error()[1]
        c.ask('CREATE TABLE ks.a (k bigint PRIMARY KEY, v text)')
        c.ask("INSERT INTO ks.a (k, v) VALUES (1, 'x')")
    node.restart()
    assert rows_of(node, 'SELECT k, v FROM ks.a') == [(1, 'x')]


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A file system of 24 MiB on which nodes of the test live."""
    command = ['mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', str(tmp_path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip('no mount command')
    if done.returncode:
        pytest.skip(f'cannot mount a small file system: {done.stderr.strip()}')
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    yield tmp_path
    subprocess.run(['umount', '-l', str(tmp_path)], check=False)


def test_full_disk(small_disk, make_node):
    """Writes are refused and say why, reads go on; with space again, writes do too."""
    filler = small_disk / 'filler'
    filler.write_bytes(b'x' * (8 << 20))
    node = make_node(config=SMALL)
    make_table(node)
    big, acknowledged = 'x' * 20000, []

    def write(c, key):
        c.send(wire.query(f"INSERT INTO ks.t (k, c, v) VALUES ({key}, 1, '{key} {big}')"))
        opcode, _, body = c.answer()
        if opcode == wire.RESULT:
            acknowledged.append(key)
            return None
        return body[6:].decode()

    with wire.Connection(node, timeout_s=60) as c:
        error = None
        for key in range(4000):
            error = write(c, key)
            if error:
                break
        assert error and 'space' in error, error
        assert len(acknowledged) > 100
        for key in acknowledged[::50]:
            assert f'{key} x'.encode() in c.ask(f'SELECT v FROM ks.t WHERE k = {key}')
        assert node.running
        filler.unlink()
        end = time.monotonic() + 30
        while write(c, 100000) and time.monotonic() < end:
            time.sleep(0.2)
        assert acknowledged[-1] == 100000
    node.kill()
    node.start()
    rows = dict(rows_of(node, 'SELECT k, v FROM ks.t'))
    assert set(acknowledged) <= set(rows)
    assert all(v == f'{k} {big}' for k, v in rows.items())


def test_starts_on_a_full_disk(small_disk, make_node):
    """Or says why not; nothing is lost when there is space again."""
    node = make_node(config=SMALL)
    make_table(node)
    truth = Truth()
    writers = truth.writers(node, 2)
    time.sleep(0.2)
    node.kill()
    truth.add(writers)
    with open(small_disk / 'filler', 'wb', buffering=0) as f:
        try:
            while True:
                f.write(b'x' * 4096)
        except OSError:
            pass
    done = subprocess.Popen(node.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            cwd=node.dir, env=node.environment, text=True)
    try:
        out, _ = done.communicate(timeout=5)
        assert done.returncode == 1 and 'space' in out, out
    except subprocess.TimeoutExpired:
        done.kill()
        done.communicate()
    (small_disk / 'filler').unlink()
    node.start()
    truth.check(node)
