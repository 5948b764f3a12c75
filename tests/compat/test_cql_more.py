"""Counters, conditional writes and the rest of CQL through the Python driver."""
import threading

import pytest

cassandra = pytest.importorskip('cassandra', reason='python3-cassandra is not installed')

from cassandra import ConsistencyLevel, InvalidRequest, Unavailable  # noqa: E402
from cassandra.cluster import Cluster, ExecutionProfile, EXEC_PROFILE_DEFAULT  # noqa: E402
from cassandra.policies import FallthroughRetryPolicy, RoundRobinPolicy  # noqa: E402
from cassandra.query import BatchStatement, BatchType, SimpleStatement, tuple_factory  # noqa: E402


def connect(node, version=4):
    profile = ExecutionProfile(load_balancing_policy=RoundRobinPolicy(),
                               retry_policy=FallthroughRetryPolicy(), row_factory=tuple_factory)
    return Cluster([node.host], port=node.native_port, protocol_version=version,
                   execution_profiles={EXEC_PROFILE_DEFAULT: profile})


@pytest.fixture
def session(node):
    cluster = connect(node)
    try:
        s = cluster.connect()
        s.execute("CREATE KEYSPACE IF NOT EXISTS more WITH replication = "
                  "{'class': 'SimpleStrategy', 'replication_factor': 1}")
        s.set_keyspace('more')
        yield s
    finally:
        cluster.shutdown()


def rows(result):
    return [tuple(r) for r in result]


# ---- counters ----

def in_threads(n, fn):
    failed = []

    def run(i):
        try:
            fn(i)
        except Exception as e:  # noqa: BLE001: told below
            failed.append(e)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failed, failed


def test_concurrent_increments_add_up(make_node):
    node = make_node(config='worker_threads: 3\n')
    cluster = connect(node)
    s = cluster.connect()
    s.execute("CREATE KEYSPACE more WITH replication = "
              "{'class': 'SimpleStrategy', 'replication_factor': 1}")
    s.execute('CREATE TABLE more.hits (page text PRIMARY KEY, n counter)')

    def increment(i):
        mine = connect(node)
        try:
            own = mine.connect('more')
            up = own.prepare('UPDATE hits SET n = n + ? WHERE page = ?')
            waiting = [own.execute_async(up, (1 + i, 'ab'[k % 2])) for k in range(200)]
            for w in waiting:
                w.result()
        finally:
            mine.shutdown()

    in_threads(5, increment)
    want = [('a', 100 * 15), ('b', 100 * 15)]
    assert sorted(rows(s.execute('SELECT page, n FROM more.hits'))) == want
    cluster.shutdown()
    node.kill()
    node.start()
    cluster = connect(node)
    s = cluster.connect('more')
    assert sorted(rows(s.execute('SELECT page, n FROM hits'))) == want
    s.execute("UPDATE hits SET n = n - 500 WHERE page = 'a'")
    assert rows(s.execute("SELECT n FROM hits WHERE page = 'a'")) == [(1000,)]
    cluster.shutdown()


def test_counter_batches(session):
    session.execute('CREATE TABLE counts (k int PRIMARY KEY, n counter)')
    batch = BatchStatement(BatchType.COUNTER)
    up = session.prepare('UPDATE counts SET n = n + ? WHERE k = ?')
    for k in (1, 2, 1):
        batch.add(up, (10, k))
    batch.add('UPDATE counts SET n = n - 1 WHERE k = 1')
    session.execute(batch)
    assert sorted(rows(session.execute('SELECT k, n FROM counts'))) == [(1, 19), (2, 10)]
    logged = BatchStatement(BatchType.LOGGED)
    logged.add(up, (1, 1))
    with pytest.raises(InvalidRequest, match='Cannot include a counter statement in a logged'):
        session.execute(logged)
    with pytest.raises(InvalidRequest, match='inherently non-serializable'):
        session.execute(SimpleStatement('UPDATE counts SET n = n + 1 WHERE k = 1',
                                        consistency_level=ConsistencyLevel.SERIAL))
    assert rows(session.execute('SELECT n FROM counts WHERE k = 1')) == [(19,)]
