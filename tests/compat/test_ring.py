"""Three processes on 127.0.0.1 to 127.0.0.3: a ring, its replicas, and what clients see of it."""
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from conftest import ROOT, Node, free_ports, require_program

cassandra = pytest.importorskip('cassandra', reason='python3-cassandra is not installed')
from cassandra import ConsistencyLevel as CL  # noqa: E402
from cassandra import Unavailable, WriteTimeout, ReadTimeout  # noqa: E402
from cassandra.cluster import Cluster, ExecutionProfile, EXEC_PROFILE_DEFAULT, NoHostAvailable  # noqa: E402
from cassandra.policies import RoundRobinPolicy, WhiteListRoundRobinPolicy  # noqa: E402
from cassandra.query import SimpleStatement  # noqa: E402

NODETOOL = ROOT / 'build' / 'tools' / 'nodetool'


class RingNode(Node):
    """One of several: an address of its own, the same ports as the others."""

    def __init__(self, path, number, ports):
        super().__init__(path, config='phi_convict_threshold: 5\n')
        self.host = f'127.0.0.{number}'
        self.rpc_port, self.native_port, self.storage_port, self.admin_port = ports
        yaml = os.path.join(self.dir, 'conf', 'cassandra.yaml')
        text = open(yaml).read()
        text = re.sub(r'(?m)^(listen_address|rpc_address): .*$', rf'\1: {self.host}', text)
        for key, port in (('rpc_port', self.rpc_port), ('native_transport_port', self.native_port),
                          ('storage_port', self.storage_port)):
            text = re.sub(rf'(?m)^{key}: .*$', f'{key}: {port}', text)
        text = re.sub(r'(?m)^num_tokens: .*$', 'num_tokens: 256', text)
        open(yaml, 'w').write(text)

    def signal(self, how):
        self.process.send_signal(how)


class Ring:
    def __init__(self, n=3):
        path = require_program()
        ports = free_ports(4)
        self.nodes = [RingNode(path, i + 1, ports) for i in range(n)]
        for node in self.nodes:
            node.start()

    def nodetool(self, node, *args):
        return subprocess.run([NODETOOL, '-h', node.host, '-p', str(node.admin_port), *args], check=True,
                              capture_output=True, text=True).stdout

    def states(self, node):
        return re.findall(r'(?m)^([UD][NLJM])  (\S+)', self.nodetool(node, 'status'))

    def wait_states(self, want, seconds, nodes=None):
        """want: {'UN': 3}; seen by every node given."""
        end = time.monotonic() + seconds
        while True:
            seen = {n.host: self.states(n) for n in nodes or self.nodes}
            if all(sorted(s for s, _ in v) == sorted(sum(([k] * c for k, c in want.items()), [])) for v in seen.values()):
                return
            assert time.monotonic() < end, seen
            time.sleep(0.05)

    def cluster(self, node=None, **options):
        """Through one node only, or all."""
        hosts = [node.host] if node else [n.host for n in self.nodes]
        policy = WhiteListRoundRobinPolicy(hosts) if node else RoundRobinPolicy()
        profile = ExecutionProfile(load_balancing_policy=policy, request_timeout=15, retry_policy=None)
        # A node that is down keeps its old schema version in peers: no reason to wait long.
        options.setdefault('max_schema_agreement_wait', 2)
        return Cluster(hosts, port=self.nodes[0].native_port, protocol_version=4,
                       execution_profiles={EXEC_PROFILE_DEFAULT: profile}, **options)

    def remove(self):
        for node in self.nodes:
            if node.running:
                node.signal(signal.SIGCONT)
            node.remove()


@pytest.fixture
def ring():
    r = Ring()
    try:
        yield r
    finally:
        r.remove()


def make_table(session):
    session.execute("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}")
    session.execute('CREATE TABLE ks.t (k int PRIMARY KEY, v int)')


def quorum(text):
    return SimpleStatement(text, consistency_level=CL.QUORUM)


def test_ring_forms_and_schema_travels(ring):
    ring.wait_states({'UN': 3}, 2)
    for node in ring.nodes:
        assert ring.nodetool(node, 'ring').count('127.0.0.') >= 3 * 256
        lines = ring.nodetool(node, 'failuredetector').splitlines()
        assert [line.split(',')[0].strip() for line in lines] == ['Endpoint'] + [
            f'/{n.host}' for n in ring.nodes if n is not node]
    with ring.cluster(ring.nodes[0]) as c:
        make_table(c.connect())
    # Usable elsewhere as soon as the statement has returned.
    with ring.cluster(ring.nodes[1]) as c:
        s = c.connect('ks')
        s.execute(quorum('INSERT INTO t (k, v) VALUES (1, 1)'))
    with ring.cluster(ring.nodes[2]) as c:
        assert list(c.connect('ks').execute(quorum('SELECT v FROM t WHERE k = 1')))[0].v == 1
        assert len(c.metadata.all_hosts()) == 3
        token_map = c.metadata.token_map
        assert len(token_map.ring) == 3 * 256
        assert len(token_map.get_replicas('ks', token_map.token_class.from_key(b'\0\0\0\1'))) == 3


@pytest.mark.parametrize('how', [signal.SIGKILL, signal.SIGSTOP])
def test_quorum_goes_on_without_one(ring, how):
    ring.wait_states({'UN': 3}, 2)
    alive = ring.nodes[:2]
    with ring.cluster(ring.nodes[0]) as c:
        s = c.connect()
        make_table(s)
        s.set_keyspace('ks')
        for i in range(100):
            s.execute(quorum(f'INSERT INTO t (k, v) VALUES ({i}, {i})'))
        ring.nodes[2].signal(how)
        ring.wait_states({'UN': 2, 'DN': 1}, 40, alive)
        for i in range(100):
            s.execute(quorum(f'INSERT INTO t (k, v) VALUES ({i}, {i + 1})'))
        for i in range(100):
            assert s.execute(quorum(f'SELECT v FROM t WHERE k = {i}')).one().v == i + 1
        assert len(list(s.execute(quorum('SELECT * FROM t')))) == 100
        if how == signal.SIGKILL:
            ring.nodes[2].process.wait()
            ring.nodes[2].start()
        else:
            ring.nodes[2].signal(signal.SIGCONT)
        ring.wait_states({'UN': 3}, 20)
    # The one that was away serves again, and QUORUM through it sees what it missed.
    with ring.cluster(ring.nodes[2]) as c:
        s = c.connect('ks')
        for i in range(100):
            assert s.execute(quorum(f'SELECT v FROM t WHERE k = {i}')).one().v == i + 1


def test_two_gone_is_unavailable(ring):
    ring.wait_states({'UN': 3}, 2)
    with ring.cluster(ring.nodes[0]) as c:
        s = c.connect()
        make_table(s)
        for node in ring.nodes[1:]:
            node.kill()
        ring.wait_states({'UN': 1, 'DN': 2}, 40, ring.nodes[:1])
        for text in ('INSERT INTO ks.t (k, v) VALUES (1, 1)', 'SELECT * FROM ks.t WHERE k = 1', 'SELECT * FROM ks.t'):
            with pytest.raises((Unavailable, NoHostAvailable)) as e:
                s.execute(quorum(text))
            error = e.value
            if isinstance(error, NoHostAvailable):
                error = list(error.errors.values())[0]
            assert isinstance(error, Unavailable), error
            assert (error.required_replicas, error.alive_replicas) == (2, 1)
        s.execute(SimpleStatement('INSERT INTO ks.t (k, v) VALUES (1, 2)', consistency_level=CL.ONE))
        assert s.execute('SELECT v FROM ks.t WHERE k = 1').one().v == 2


def test_schema_reaches_a_node_that_was_away(ring):
    ring.wait_states({'UN': 3}, 2)
    ring.nodes[2].kill()
    ring.wait_states({'UN': 2, 'DN': 1}, 40, ring.nodes[:2])
    with ring.cluster(ring.nodes[0]) as c:
        make_table(c.connect())
    ring.nodes[2].start()
    ring.wait_states({'UN': 3}, 20)
    with ring.cluster(ring.nodes[2]) as c:
        s = c.connect()
        end = time.monotonic() + 10
        while True:
            try:
                s.execute(quorum('INSERT INTO ks.t (k, v) VALUES (1, 1)'))
                break
            except cassandra.InvalidRequest:
                assert time.monotonic() < end
                time.sleep(0.1)


def test_paging_over_the_ring(ring):
    ring.wait_states({'UN': 3}, 2)
    with ring.cluster(ring.nodes[0]) as c:
        s = c.connect()
        s.execute("CREATE KEYSPACE one WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        s.execute('CREATE TABLE one.t (k int, c int, PRIMARY KEY (k, c))')
        insert = s.prepare('INSERT INTO one.t (k, c) VALUES (?, ?)')
        for i in range(200):
            for j in range(5):
                s.execute(insert, (i, j))
        rows = list(s.execute(SimpleStatement('SELECT k, c FROM one.t', fetch_size=37)))
        assert len(rows) == 1000 and len({(r.k, r.c) for r in rows}) == 1000
        assert s.execute('SELECT count(*) FROM one.t').one()[0] == 1000
        assert len(list(s.execute('SELECT DISTINCT k FROM one.t'))) == 200
        assert len(list(s.execute('SELECT * FROM one.t LIMIT 123'))) == 123
    # Every row lies on one node only: RF 1.
    counts = []
    for node in ring.nodes:
        with ring.cluster(node) as c:
            counts.append(len(list(c.connect().execute('SELECT k, c FROM one.t'))))
    assert counts == [1000] * 3


def test_truncate_reaches_all(ring):
    ring.wait_states({'UN': 3}, 2)
    with ring.cluster(ring.nodes[0]) as c:
        s = c.connect()
        make_table(s)
        s.execute(SimpleStatement('INSERT INTO ks.t (k, v) VALUES (1, 1)', consistency_level=CL.ALL))
        s.execute('TRUNCATE ks.t')
        assert not list(s.execute(SimpleStatement('SELECT * FROM ks.t', consistency_level=CL.ALL)))
        ring.nodes[2].kill()
        ring.wait_states({'UN': 2, 'DN': 1}, 40, ring.nodes[:2])
        with pytest.raises((Unavailable, NoHostAvailable)):
            s.execute('TRUNCATE ks.t')


def test_counters_and_batches(ring):
    ring.wait_states({'UN': 3}, 2)
    with ring.cluster() as c:
        s = c.connect()
        make_table(s)
        s.execute('CREATE TABLE ks.c (k int PRIMARY KEY, n counter)')
        add = s.prepare('UPDATE ks.c SET n = n + 1 WHERE k = 1')
        add.consistency_level = CL.QUORUM
        for _ in range(60):  # round robin: every node adds to its own shard
            s.execute(add)
        assert s.execute(quorum('SELECT n FROM ks.c WHERE k = 1')).one().n == 60
        s.execute(quorum('BEGIN UNLOGGED BATCH INSERT INTO ks.t (k, v) VALUES (1, 1) '
                         'INSERT INTO ks.t (k, v) VALUES (2, 2) APPLY BATCH'))
        s.execute(quorum('BEGIN BATCH INSERT INTO ks.t (k, v) VALUES (3, 3) APPLY BATCH'))
        assert len(list(s.execute(quorum('SELECT * FROM ks.t')))) == 3
        for text in ('BEGIN BATCH INSERT INTO ks.t (k, v) VALUES (1, 1) INSERT INTO ks.t (k, v) VALUES (2, 2) APPLY BATCH',
                     'INSERT INTO ks.t (k, v) VALUES (1, 1) IF NOT EXISTS'):
            with pytest.raises(cassandra.InvalidRequest, match='not supported yet'):
                s.execute(text)


def test_garbage_on_the_storage_port(ring):
    """One line in the log, and everybody goes on."""
    ring.wait_states({'UN': 3}, 2)
    first = ring.nodes[0]
    for garbage in (b'GET / HTTP/1.0\r\n\r\n', bytes(64), os.urandom(4096), b'\xff' * 100000):
        with socket.create_connection((first.host, first.storage_port), 5) as s:
            s.settimeout(5)
            try:
                s.sendall(garbage)
                s.recv(100)
            except OSError:
                pass
    with ring.cluster(first) as c:
        session = c.connect()
        make_table(session)
        session.execute(SimpleStatement('INSERT INTO ks.t (k, v) VALUES (1, 1)', consistency_level=CL.ALL))
    assert [s for s, _ in ring.states(first)] == ['UN'] * 3


def test_a_foreign_cluster_stays_out(ring):
    ring.wait_states({'UN': 3}, 2)
    stranger = RingNode(require_program(), 4, (ring.nodes[0].rpc_port, ring.nodes[0].native_port,
                                               ring.nodes[0].storage_port, ring.nodes[0].admin_port))
    yaml = os.path.join(stranger.dir, 'conf', 'cassandra.yaml')
    text = open(yaml).read().replace("'Compat'", "'Other'")
    open(yaml, 'w').write(text)
    try:
        with pytest.raises(RuntimeError):
            stranger.START_S = 5
            stranger.start()
        assert [s for s, _ in ring.states(ring.nodes[0])] == ['UN'] * 3
    finally:
        stranger.remove()
