"""Counters, conditional writes and the rest of CQL through the Python driver."""
import json
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


# ---- conditional writes ----

def test_conditional_writes(session):
    session.execute('CREATE TABLE cas (k int PRIMARY KEY, a text, b int)')
    insert = session.prepare('INSERT INTO cas (k, a) VALUES (?, ?) IF NOT EXISTS')
    result = session.execute(insert, (1, 'x'))
    assert result.column_names == ['[applied]'] and result.was_applied
    result = session.execute(insert, (1, 'y'))
    assert result.column_names == ['[applied]', 'k', 'a', 'b']
    assert not result.was_applied
    assert rows(result) == [(False, 1, 'x', None)]
    update = session.prepare('UPDATE cas SET b = ? WHERE k = ? IF a IN ? AND b = ?')
    assert not session.execute(update, (5, 1, ['y', 'z'], None)).was_applied
    assert session.execute(update, (5, 1, ['y', 'x'], None)).was_applied
    result = session.execute('DELETE FROM cas WHERE k = 1 IF b = 6')
    assert rows(result) == [(False, 5)] and result.column_names == ['[applied]', 'b']
    for level in (ConsistencyLevel.SERIAL, ConsistencyLevel.LOCAL_SERIAL):
        read = SimpleStatement('SELECT * FROM cas WHERE k = 1', consistency_level=level)
        assert rows(session.execute(read)) == [(1, 'x', 5)]
    bound = update.bind((5, 1, ['x'], 5))
    bound.serial_consistency_level = ConsistencyLevel.LOCAL_SERIAL
    assert session.execute(bound).was_applied
    with pytest.raises(InvalidRequest, match='not supported as conditional update commit'):
        session.execute(SimpleStatement('DELETE FROM cas WHERE k = 1 IF EXISTS',
                                        consistency_level=ConsistencyLevel.SERIAL))
    with pytest.raises(InvalidRequest, match='must use conditional updates'):
        session.execute(SimpleStatement('DELETE FROM cas WHERE k = 1',
                                        consistency_level=ConsistencyLevel.SERIAL))


def test_conditional_batches(session):
    session.execute('CREATE TABLE casb (k int, c int, v int, PRIMARY KEY (k, c))')
    insert = session.prepare('INSERT INTO casb (k, c, v) VALUES (?, ?, ?) IF NOT EXISTS')
    batch = BatchStatement()
    for c in (1, 2):
        batch.add(insert, (1, c, 10 * c))
    batch.add('UPDATE casb SET v = 7 WHERE k = 1 AND c = 5')
    assert session.execute(batch).was_applied
    result = session.execute(batch)
    assert result.column_names == ['[applied]', 'k', 'c', 'v']
    assert rows(result) == [(False, 1, 1, 10), (False, 1, 2, 20)]
    batch.add(insert, (2, 1, 1))
    with pytest.raises(InvalidRequest, match='cannot span multiple partitions'):
        session.execute(batch)


def test_conditional_needs_serial_quorum(session):
    session.execute("CREATE KEYSPACE more3 WITH replication = "
                    "{'class': 'SimpleStrategy', 'replication_factor': 3}")
    session.execute('CREATE TABLE more3.t (k int PRIMARY KEY, a int)')
    with pytest.raises(Unavailable) as e:
        session.execute('INSERT INTO more3.t (k, a) VALUES (1, 1) IF NOT EXISTS')
    assert (e.value.consistency, e.value.required_replicas, e.value.alive_replicas) == \
        (ConsistencyLevel.SERIAL, 2, 1)
    session.execute('DROP KEYSPACE more3')


def test_conditional_writes_over_thrift(node, session):
    thrift_client = pytest.importorskip('thrift_client')
    _, t = thrift_client.generated()
    session.execute('CREATE TABLE cast (k int PRIMARY KEY, a text)')
    with thrift_client.connected(node, 'more') as c:
        def run(text):
            r = c.execute_cql3_query(text, t.Compression.NONE, t.ConsistencyLevel.ONE)
            return [[(x.name, x.value) for x in row.columns] for row in r.rows]
        insert = b"INSERT INTO cast (k, a) VALUES (1, 'x') IF NOT EXISTS"
        assert run(insert) == [[(b'[applied]', b'\1')]]
        assert run(insert) == [[(b'[applied]', b'\0'), (b'k', b'\0\0\0\1'), (b'a', b'x')]]
        assert run(b"UPDATE cast SET a = 'y' WHERE k = 1 IF a = 'z'") == \
            [[(b'[applied]', b'\0'), (b'a', b'x')]]


def test_concurrent_compare_and_set(make_node):
    node = make_node(config='worker_threads: 3\n')
    cluster = connect(node)
    s = cluster.connect()
    s.execute("CREATE KEYSPACE more WITH replication = "
              "{'class': 'SimpleStrategy', 'replication_factor': 1}")
    s.execute('CREATE TABLE more.at (k int PRIMARY KEY, v int)')
    s.execute('CREATE TABLE more.locks (k int PRIMARY KEY, who int)')
    winners = []

    def add(i):
        mine = connect(node)
        try:
            own = mine.connect('more')
            write = own.prepare('UPDATE at SET v = ? WHERE k = 1 IF v = ?')
            v = None
            for _ in range(40):
                while True:
                    result = own.execute(write, ((v or 0) + 1, v)).one()
                    if result[0]:
                        break
                    v = result[1]
                v = (v or 0) + 1
            claim = own.prepare('INSERT INTO locks (k, who) VALUES (?, ?) IF NOT EXISTS')
            winners.extend(k for k in range(50) if own.execute(claim, (k, i)).was_applied)
        finally:
            mine.shutdown()

    s.execute('INSERT INTO more.at (k) VALUES (1)')
    in_threads(5, add)
    assert rows(s.execute('SELECT v FROM more.at')) == [(200,)]
    assert sorted(winners) == list(range(50))
    cluster.shutdown()


# ---- JSON ----

def test_json(session):
    session.execute('CREATE TABLE js (k int PRIMARY KEY, a text, m map<text, frozen<list<int>>>)')
    insert = session.prepare('INSERT INTO js JSON ?')
    value = {'k': 1, 'a': 'h\u00e9 "x"\n', 'm': {'p': [1, 2], 'q': []}}
    session.execute(insert, (json.dumps(value),))
    for text in ('SELECT JSON k, a, m FROM js', 'SELECT JSON * FROM js WHERE k = 1'):
        assert json.loads(session.execute(text).one()[0]) == value
    session.execute(session.prepare('INSERT INTO js JSON ? DEFAULT UNSET'), ('{"k": 1, "m": null}',))
    assert rows(session.execute('SELECT k, a, m FROM js')) == [(1, value['a'], None)]
    session.execute(insert, ('{"k": 1}',))
    assert rows(session.execute('SELECT k, a, toJson(a) FROM js')) == [(1, None, 'null')]
    with pytest.raises(InvalidRequest, match='Error decoding JSON value for k'):
        session.execute(insert, ('{"k": "x"}',))


# ---- GROUP BY ----

def test_group_by_pages(session):
    session.execute('CREATE TABLE grp (k int, c int, d int, v int, PRIMARY KEY (k, c, d))')
    insert = session.prepare('INSERT INTO grp (k, c, d, v) VALUES (?, ?, ?, ?)')
    waiting = [session.execute_async(insert, (k, c, d, c * d))
               for k in range(4) for c in range(30) for d in range(1 + c % 7)]
    for w in waiting:
        w.result()
    want = [(k, c, 1 + c % 7, sum(c * d for d in range(1 + c % 7)))
            for k in range(4) for c in range(30)]
    for size in (1, 7, 100, 5000):
        found = session.execute(SimpleStatement(
            'SELECT k, c, count(*), sum(v) FROM grp GROUP BY k, c', fetch_size=size))
        assert sorted(rows(found)) == want, size
    few = session.execute(SimpleStatement('SELECT k, count(*) FROM grp GROUP BY k, c LIMIT 50',
                                          fetch_size=20))
    assert len(rows(few)) == 50


# ---- thresholds ----

def test_thresholds(make_node):
    node = make_node(config='tombstone_warn_threshold: 10\ntombstone_failure_threshold: 50\n'
                            'batch_size_warn_threshold: 1KiB\nbatch_size_fail_threshold: 4KiB\n'
                            'unlogged_batch_across_partitions_warn_threshold: 3\n')
    cluster = connect(node)
    try:
        s = cluster.connect()
        s.execute("CREATE KEYSPACE more WITH replication = "
                  "{'class': 'SimpleStrategy', 'replication_factor': 1}")
        s.set_keyspace('more')
        s.execute('CREATE TABLE t (k int, c int, v text, PRIMARY KEY (k, c))')
        insert = s.prepare('INSERT INTO t (k, c, v) VALUES (?, ?, ?)')

        def batch(kind, keys, size):
            b = BatchStatement(kind)
            for k in keys:
                b.add(insert, (k, 1, 'x' * size))
            return s.execute_async(b)

        def warnings(future):
            future.result()
            return future.warnings or []

        assert not warnings(batch(BatchType.LOGGED, range(3), 10))
        assert not warnings(batch(BatchType.LOGGED, [1] * 9, 1000))
        w = warnings(batch(BatchType.LOGGED, range(3), 700))
        assert len(w) == 1 and w[0].startswith('Batch for [more.t] is of size 2.'), w
        assert 'exceeding specified threshold of 1.000KiB by 1.' in w[0]
        with pytest.raises(InvalidRequest, match='Batch too large'):
            batch(BatchType.LOGGED, range(3), 2000).result()
        w = warnings(batch(BatchType.UNLOGGED, range(4), 10))
        assert len(w) == 1 and w[0].startswith('Unlogged batch covering 4 partitions'), w
        assert 'Batch for [more.t] is of size' in node.log()

        for c in range(30):
            s.execute('DELETE v FROM t WHERE k = 77 AND c = %s', (c,))
        select = s.execute_async('SELECT * FROM t WHERE k = 77')
        assert any('tombstone cells for query SELECT * FROM t' in x for x in warnings(select))
        for c in range(30, 60):
            s.execute('DELETE v FROM t WHERE k = 77 AND c = %s', (c,))
        with pytest.raises(cassandra.ReadFailure):
            s.execute('SELECT * FROM t WHERE k = 77')
        assert not warnings(s.execute_async('SELECT * FROM t WHERE k = 1'))
    finally:
        cluster.shutdown()
