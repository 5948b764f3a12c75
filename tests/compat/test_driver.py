"""python3-cassandra in depth: queries, paging, batches, schema, events, errors, many at once."""
import threading
import time
import uuid

import pytest

import clients
import driver
from cassandra import AlreadyExists, ConsistencyLevel, InvalidRequest, Unavailable
from cassandra.cluster import NoHostAvailable
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.metadata import Murmur3Token
from cassandra.policies import RoundRobinPolicy, TokenAwarePolicy
from cassandra.protocol import ProtocolException, SyntaxException
from cassandra.query import BatchStatement, BatchType, SimpleStatement, dict_factory

KEYSPACE = 'driver_ks'
# Lines of the driver's log that these tests cause on purpose.
PROVOKED = ('Error preparing query', 'Server warning: Aggregation query used without partition',
            'Closing connection', 'Host 127.0.0.1')


@pytest.fixture(scope='module')
def cluster(node):
    c = driver.cluster_of(node, TokenAwarePolicy(RoundRobinPolicy()))
    with clients.Warnings('cassandra') as lines:
        yield c
        c.shutdown()
    assert [line for line in lines if not line.startswith(PROVOKED)] == []


@pytest.fixture(scope='module')
def session(cluster):
    s = cluster.connect()
    driver.keyspace_of(s, KEYSPACE)
    return s


@pytest.fixture(scope='module')
def wide(session):
    """k 0..3, c 0..24 (descending in k_desc): v is 100 * k + c."""
    session.execute('CREATE TABLE wide (k int, c int, v int, PRIMARY KEY (k, c))')
    insert = session.prepare('INSERT INTO wide (k, c, v) VALUES (?, ?, ?)')
    execute_concurrent_with_args(session, insert, [(k, c, 100 * k + c)
                                                   for k in range(4) for c in range(25)])
    return 'wide'


def values(session, text, params=None):
    return [row[0] for row in session.execute(text, params)]


# ---- queries ----

def test_slices_and_order(session, wide):
    for text, expected in (
            ('k = 1 AND c > 22', [123, 124]),
            ('k = 1 AND c >= 10 AND c < 12', [110, 111]),
            ('k = 1 AND c <= 1', [100, 101]),
            ('k = 1 AND c <= 1 ORDER BY c DESC', [101, 100]),
            ('k = 1 ORDER BY c DESC LIMIT 2', [124, 123]),
            ('k = 1 AND c IN (3, 1, 99)', [101, 103]),
            ('k IN (3, 1) AND c = 7', [107, 307]),
            ('k IN (3, 1) AND c IN (8, 7)', [107, 108, 307, 308]),
            ('k = 1 AND (c) > (22)', [123, 124]),
            ('k = 1 AND c > 24', []),
            ('k = 9', []),
            ('k = 1 LIMIT 1', [100])):
        assert values(session, f'SELECT v FROM wide WHERE {text}') == expected, text
    per = session.execute('SELECT v FROM wide PER PARTITION LIMIT 1')
    assert sorted(row.v for row in per) == [0, 100, 200, 300]


def test_whole_table(session, wide):
    assert values(session, 'SELECT COUNT(*) FROM wide') == [100]
    assert values(session, 'SELECT COUNT(*) FROM wide WHERE k = 2 AND c < 5') == [5]
    assert sorted(values(session, 'SELECT DISTINCT k FROM wide')) == [0, 1, 2, 3]
    text = 'SELECT v FROM wide WHERE v = 205'
    with pytest.raises(InvalidRequest, match='ALLOW FILTERING'):
        session.execute(text)
    assert values(session, text + ' ALLOW FILTERING') == [205]
    assert values(session, 'SELECT v FROM wide WHERE c = 3 AND v > 100 ALLOW FILTERING') != []


def test_tokens(session, wide):
    rows = list(session.execute('SELECT DISTINCT k, token(k) AS t FROM wide'))
    assert [row.t for row in rows] == sorted(row.t for row in rows)
    for row in rows:
        assert row.t == Murmur3Token.hash_fn(row.k.to_bytes(4, 'big'))
    middle = rows[1].t
    after = values(session, f'SELECT DISTINCT k FROM wide WHERE token(k) > {middle}')
    assert after == [row.k for row in rows[2:]]
    upto = session.prepare('SELECT DISTINCT k FROM wide WHERE token(k) <= ?')
    assert [r.k for r in session.execute(upto, (middle,))] == [row.k for row in rows[:2]]
    between = session.prepare('SELECT k FROM wide WHERE token(k) > token(?) AND token(k) <= ?')
    assert {r.k for r in session.execute(between, (rows[0].k, middle))} == {rows[1].k}


def test_composite_and_descending_keys(session):
    session.execute('CREATE TABLE site_events (site text, day int, at int, id int, v text, '
                    'PRIMARY KEY ((site, day), at, id)) '
                    'WITH CLUSTERING ORDER BY (at DESC, id ASC)')
    insert = session.prepare('INSERT INTO site_events (site, day, at, id, v) VALUES (?, ?, ?, ?, ?)')
    for at in range(3):
        for i in range(3):
            session.execute(insert, ('a', 1, at, i, f'{at}{i}'))
    where = "SELECT v FROM site_events WHERE site = 'a' AND day = 1"
    assert values(session, where) == ['20', '21', '22', '10', '11', '12', '00', '01', '02']
    assert values(session, where + ' AND at = 1 AND id > 0') == ['11', '12']
    assert values(session, where + ' AND (at, id) > (1, 0)') == ['20', '21', '22', '11', '12']
    assert values(session, where + ' ORDER BY at ASC, id DESC LIMIT 4') == ['02', '01', '00', '12']
    session.execute("DELETE FROM site_events WHERE site = 'a' AND day = 1 AND at >= 1")
    assert values(session, where) == ['00', '01', '02']
    with pytest.raises(InvalidRequest):
        session.execute("SELECT v FROM site_events WHERE site = 'a'")


def test_static_columns(session):
    session.execute('CREATE TABLE statics (k int, c int, s text STATIC, v int, '
                    'PRIMARY KEY (k, c))')
    session.execute("INSERT INTO statics (k, s) VALUES (1, 'only')")
    assert [tuple(r) for r in session.execute('SELECT k, c, s, v FROM statics')] == [
        (1, None, 'only', None)]
    session.execute("INSERT INTO statics (k, c, s, v) VALUES (1, 1, 'one', 1)")
    session.execute('INSERT INTO statics (k, c, v) VALUES (1, 2, 2)')
    assert [tuple(r) for r in session.execute('SELECT c, s, v FROM statics WHERE k = 1')] == [
        (1, 'one', 1), (2, 'one', 2)]
    assert values(session, 'SELECT DISTINCT s FROM statics WHERE k = 1') == ['one']
    session.execute('DELETE s FROM statics WHERE k = 1')
    assert values(session, 'SELECT s FROM statics WHERE k = 1') == [None, None]


def test_ttl_and_timestamps(session):
    session.execute('CREATE TABLE stamps (k int PRIMARY KEY, a int, b int)')
    session.execute('INSERT INTO stamps (k, a, b) VALUES (1, 1, 1) USING TIMESTAMP 1000')
    session.execute('INSERT INTO stamps (k, a) VALUES (1, 0) USING TIMESTAMP 999')
    session.execute('UPDATE stamps USING TIMESTAMP 2000 AND TTL 1000 SET b = 2 WHERE k = 1')
    row = session.execute('SELECT a, b, writetime(a) AS wa, writetime(b) AS wb, ttl(a) AS ta, '
                          'ttl(b) AS tb FROM stamps').one()
    assert (row.a, row.b, row.wa, row.wb, row.ta) == (1, 2, 1000, 2000, None)
    assert 990 <= row.tb <= 1000
    prepared = session.prepare('INSERT INTO stamps (k, a) VALUES (?, ?) USING TTL ? '
                               'AND TIMESTAMP ?')
    session.execute(prepared, (2, 2, 1, 5000))
    assert values(session, 'SELECT a FROM stamps WHERE k = 2') == [2]
    session.execute('DELETE FROM stamps USING TIMESTAMP 1500 WHERE k = 1')
    assert tuple(session.execute('SELECT a, b FROM stamps WHERE k = 1').one()) == (None, 2)
    before = time.time() * 1e6
    session.execute('INSERT INTO stamps (k, a) VALUES (3, 3)')
    at = values(session, 'SELECT writetime(a) FROM stamps WHERE k = 3')[0]
    assert before - 1e6 <= at <= time.time() * 1e6 + 1e6
    time.sleep(1.2)
    assert values(session, 'SELECT a FROM stamps WHERE k = 2') == []


def test_table_ttl(session):
    session.execute('CREATE TABLE table_ttl (k int PRIMARY KEY, v int) '
                    'WITH default_time_to_live = 500')
    session.execute('INSERT INTO table_ttl (k, v) VALUES (1, 1)')
    session.execute('INSERT INTO table_ttl (k, v) VALUES (2, 1) USING TTL 0')
    assert 490 <= values(session, 'SELECT ttl(v) FROM table_ttl WHERE k = 1')[0] <= 500
    assert values(session, 'SELECT ttl(v) FROM table_ttl WHERE k = 2') == [None]


def test_named_parameters(session):
    session.execute('CREATE TABLE named (k int PRIMARY KEY, a text, b text)')
    session.execute('INSERT INTO named (k, a, b) VALUES (%(k)s, %(a)s, %(b)s)',
                    {'k': 1, 'b': 'b', 'a': "it's"})
    insert = session.prepare('INSERT INTO named (k, a, b) VALUES (:key, :a, :b)')
    session.execute(insert, {'key': 2, 'b': 'bb', 'a': 'aa'})
    assert [tuple(r) for r in session.execute('SELECT * FROM named')] == [
        (1, "it's", 'b'), (2, 'aa', 'bb')]


def test_results_as_dictionaries(node, session, wide):
    cluster = driver.cluster_of(node, row_factory=dict_factory)
    row = cluster.connect(KEYSPACE).execute(
        'SELECT k AS "Key", v, count(*) FROM wide WHERE k = 3 AND c = 1').one()
    assert row == {'Key': 3, 'v': 301, 'count': 1}
    cluster.shutdown()


# ---- paging ----

ROWS = 10_000


@pytest.fixture(scope='module')
def many(session):
    session.execute('CREATE TABLE many (k int, c int, v text, PRIMARY KEY (k, c))')
    insert = session.prepare('INSERT INTO many (k, c, v) VALUES (?, ?, ?)')
    for success, _ in execute_concurrent_with_args(
            session, insert, [(i % 50, i, 'x' * 20) for i in range(ROWS)], concurrency=200):
        assert success
    return 'many'


@pytest.mark.parametrize('fetch_size', (7777, 1000, 133))
def test_paging(session, many, fetch_size):
    result = session.execute(SimpleStatement('SELECT k, c FROM many', fetch_size=fetch_size))
    seen, pages = [], 1
    while True:
        rows = result.current_rows
        assert len(rows) <= fetch_size
        seen += [(row.k, row.c) for row in rows]
        if not result.has_more_pages:
            break
        result.fetch_next_page()
        pages += 1
    assert pages == -(-ROWS // fetch_size)
    assert len(seen) == ROWS and len(set(seen)) == ROWS
    for k in (0, 49):  # in order within the partition
        cs = [c for key, c in seen if key == k]
        assert cs == list(range(k, ROWS, 50))


def test_paging_of_limits_and_filters(session, many):
    for text, expected in (
            ('SELECT c FROM many LIMIT 1000', 1000),
            ('SELECT c FROM many WHERE k = 7', 200),
            ('SELECT c FROM many WHERE k = 7 ORDER BY c DESC', 200),
            ('SELECT c FROM many WHERE k IN (1, 2, 3)', 600),
            ('SELECT DISTINCT k FROM many', 50),
            ('SELECT c FROM many WHERE c < 5000 ALLOW FILTERING', 5000),
            ('SELECT k FROM many PER PARTITION LIMIT 3', 150)):
        assert len(list(session.execute(SimpleStatement(text, fetch_size=37)))) == expected, text
    down = [r.c for r in session.execute(
        SimpleStatement('SELECT c FROM many WHERE k = 7 ORDER BY c DESC', fetch_size=37))]
    assert down == sorted(down, reverse=True)
    one = session.execute(SimpleStatement('SELECT count(*) FROM many', fetch_size=10)).one()
    assert one[0] == ROWS


def test_paging_state_goes_on_in_another_session(node, session, many):
    statement = session.prepare('SELECT k, c FROM many')
    statement.fetch_size = 4000
    first = session.execute(statement)
    other = driver.cluster_of(node)
    s = other.connect(KEYSPACE)
    again = s.prepare('SELECT k, c FROM many')
    again.fetch_size = 4000
    rest = list(s.execute(again, paging_state=first.paging_state))
    assert len(rest) == ROWS - 4000
    assert not {tuple(r) for r in rest} & {tuple(r) for r in first.current_rows}
    other.shutdown()


@pytest.mark.parametrize('state', (b'\0', b'garbage', b'\xff' * 300), ids=repr)
def test_paging_state_that_nobody_gave(node, many, state):
    cluster = driver.cluster_of(node)
    s = cluster.connect(KEYSPACE)
    with pytest.raises((ProtocolException, NoHostAvailable)):  # the driver closes, too
        s.execute('SELECT k, c FROM many', paging_state=state)
    cluster.shutdown()


# ---- batches ----

@pytest.mark.parametrize('kind', (BatchType.LOGGED, BatchType.UNLOGGED), ids=str)
def test_batches(session, kind):
    session.execute('CREATE TABLE IF NOT EXISTS batched (k int, c int, v text, '
                    'PRIMARY KEY (k, c))')
    session.execute('TRUNCATE batched')
    insert = session.prepare('INSERT INTO batched (k, c, v) VALUES (?, ?, ?)')
    batch = BatchStatement(batch_type=kind)
    for i in range(20):
        batch.add(insert, (i % 3, i, str(i)))
    batch.add("INSERT INTO batched (k, c, v) VALUES (9, 9, 'text')")
    batch.add(SimpleStatement('INSERT INTO batched (k, c, v) VALUES (%s, %s, %s)'), (9, 10, 'p'))
    batch.add('DELETE FROM batched WHERE k = 0 AND c = 3')
    session.execute(batch)
    assert values(session, 'SELECT COUNT(*) FROM batched') == [21]
    assert values(session, 'SELECT v FROM batched WHERE k = 9') == ['text', 'p']
    session.execute("BEGIN BATCH USING TIMESTAMP 1 INSERT INTO batched (k, c, v) "
                    "VALUES (9, 9, 'older'); UPDATE batched SET v = 'new' WHERE k = 8 AND c = 8; "
                    "APPLY BATCH")
    assert values(session, 'SELECT v FROM batched WHERE k IN (8, 9) AND c IN (8, 9)') == [
        'new', 'text']
    session.execute(BatchStatement())
    bad = BatchStatement()
    bad.add('SELECT * FROM batched')
    with pytest.raises(Exception):
        session.execute(bad)


# ---- schema ----

TABLES = ('CREATE TABLE plain (k int PRIMARY KEY, v text)',
          'CREATE TABLE "Quoted" ("K" int, "select" text, PRIMARY KEY ("K", "select"))',
          'CREATE TABLE rich (a int, b text, c timeuuid, d decimal, s set<text> static, '
          'l list<int>, m map<text, frozen<list<int>>>, t frozen<tuple<int, text>>, '
          "u frozen<thing>, PRIMARY KEY ((a, b), c, d)) WITH CLUSTERING ORDER BY (c DESC, d ASC) "
          "AND comment = 'it''s' AND gc_grace_seconds = 1000 AND default_time_to_live = 5 "
          "AND compaction = {'class': 'LeveledCompactionStrategy', 'sstable_size_in_mb': '10'} "
          "AND compression = {'sstable_compression': 'SnappyCompressor'} "
          "AND bloom_filter_fp_chance = 0.2 AND speculative_retry = '99PERCENTILE'",
          'CREATE TABLE compact (k int, c int, v text, PRIMARY KEY (k, c)) WITH COMPACT STORAGE')


def test_schema_is_exported_and_made_again(cluster, session):
    for ks in ('export_a', 'export_b'):
        driver.keyspace_of(session, ks)
    session.set_keyspace('export_a')
    session.execute('CREATE TYPE thing (a int, b list<text>)')
    for text in TABLES:
        session.execute(text)
    cluster.refresh_schema_metadata()
    first = cluster.metadata.keyspaces['export_a']
    text = first.export_as_string()
    for statement in text.replace('export_a', 'export_b').split(';'):
        if statement.strip() and 'KEYSPACE' not in statement:
            session.execute(statement)
    cluster.refresh_schema_metadata()
    second = cluster.metadata.keyspaces['export_b']
    assert second.export_as_string() == text.replace('export_a', 'export_b')
    assert sorted(second.tables) == ['Quoted', 'compact', 'plain', 'rich']
    rich = first.tables['rich']
    assert [c.name for c in rich.partition_key] == ['a', 'b']
    assert [c.name for c in rich.clustering_key] == ['c', 'd']
    assert [c.is_reversed for c in rich.clustering_key] == [True, False]
    assert rich.columns['s'].is_static
    assert rich.columns['u'].cql_type == 'frozen<thing>'
    options = rich.options
    assert options['gc_grace_seconds'] == 1000 and options['default_time_to_live'] == 5
    assert options['comment'] == "it's"
    assert options['compaction']['class'].endswith('LeveledCompactionStrategy')
    for ks in ('export_a', 'export_b'):
        session.execute(f'DROP KEYSPACE {ks}')
    session.set_keyspace(KEYSPACE)


def test_keyspace_metadata(cluster, session):
    session.execute("CREATE KEYSPACE nts WITH replication = {'class': "
                    "'NetworkTopologyStrategy', 'datacenter1': 1} AND durable_writes = false")
    ks = cluster.metadata.keyspaces['nts']
    assert not ks.durable_writes
    assert ks.replication_strategy.dc_replication_factors == {'datacenter1': 1}
    session.execute("ALTER KEYSPACE nts WITH durable_writes = true")
    assert cluster.metadata.keyspaces['nts'].durable_writes
    session.execute('DROP KEYSPACE nts')
    assert 'nts' not in cluster.metadata.keyspaces


def eventually(what, seconds=10):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, 'waited in vain'
        time.sleep(0.02)


def test_schema_events_reach_other_clients(node, session):
    watcher = driver.cluster_of(node, schema_event_refresh_window=0)
    watcher.connect()
    try:
        session.execute('CREATE TABLE news (k int PRIMARY KEY)')
        eventually(lambda: 'news' in watcher.metadata.keyspaces[KEYSPACE].tables)
        session.execute('ALTER TABLE news ADD v text')
        eventually(lambda: 'v' in watcher.metadata.keyspaces[KEYSPACE].tables['news'].columns)
        session.execute('CREATE TYPE news_type (a int)')
        eventually(lambda: 'news_type' in watcher.metadata.keyspaces[KEYSPACE].user_types)
        session.execute('DROP TYPE news_type')
        eventually(lambda: 'news_type' not in watcher.metadata.keyspaces[KEYSPACE].user_types)
        session.execute('DROP TABLE news')
        eventually(lambda: 'news' not in watcher.metadata.keyspaces[KEYSPACE].tables)
        session.execute("CREATE KEYSPACE news_ks WITH replication = "
                        "{'class': 'SimpleStrategy', 'replication_factor': 1}")
        eventually(lambda: 'news_ks' in watcher.metadata.keyspaces)
        session.execute('DROP KEYSPACE news_ks')
        eventually(lambda: 'news_ks' not in watcher.metadata.keyspaces)
    finally:
        watcher.shutdown()


def test_token_map(node, cluster, session):
    driver.keyspace_of(session, 'three')
    session.execute("ALTER KEYSPACE three WITH replication = "
                    "{'class': 'SimpleStrategy', 'replication_factor': 3}")
    session.set_keyspace(KEYSPACE)
    metadata = cluster.metadata
    assert metadata.partitioner == 'org.apache.cassandra.dht.Murmur3Partitioner'
    assert len(metadata.token_map.ring) == 4  # num_tokens of the node
    assert metadata.cluster_name == 'Compat'
    host, = metadata.all_hosts()
    assert (host.datacenter, host.rack, host.is_up) == ('datacenter1', 'rack1', True)
    assert host.host_id and host.release_version
    assert metadata.get_replicas(KEYSPACE, b'key') == [host]
    bound = session.prepare('SELECT * FROM system.local WHERE key = ?').bind(('local',))
    assert bound.routing_key == b'local'
    session.execute('DROP KEYSPACE three')


def test_altered_table_and_prepared_statement(session):
    session.execute('CREATE TABLE altered (k int PRIMARY KEY, a int)')
    session.execute('INSERT INTO altered (k, a) VALUES (1, 1)')
    every = session.prepare('SELECT * FROM altered WHERE k = ?')
    assert tuple(session.execute(every, (1,)).one()) == (1, 1)
    session.execute('ALTER TABLE altered ADD b text')
    named = session.prepare('SELECT k, a, b FROM altered WHERE k = ?')
    assert session.execute(named, (1,)).one().b is None
    # Protocol 4 has no way to tell new columns to one who has prepared: it keeps its own.
    assert tuple(session.execute(every, (1,)).one())[:2] == (1, 1)
    session.execute('ALTER TABLE altered DROP a')
    session.execute('DROP TABLE altered')
    with pytest.raises(InvalidRequest):
        session.execute(named, (1,))


# ---- errors ----

def test_errors_by_class(session, wide):
    for text in ('SELEC * FROM wide', "SELECT * FROM wide WHERE k = 'open", 'SELECT', ''):
        with pytest.raises(SyntaxException):
            session.execute(text)
    for text, wording in (
            ('SELECT * FROM nothing_here', 'nothing_here'),
            ('SELECT nothing FROM wide', 'nothing'),
            ("INSERT INTO wide (k, c) VALUES ('text', 1)", 'k'),
            ('INSERT INTO wide (k) VALUES (1)', 'c'),
            ('UPDATE wide SET k = 1 WHERE k = 1 AND c = 1', 'k'),
            ('SELECT * FROM wide WHERE c = 1', 'ALLOW FILTERING'),
            ('SELECT * FROM wide WHERE k = 1 ORDER BY v', 'v'),
            ('DROP TABLE nothing_here', 'nothing_here'),
            ('USE nothing_here', 'nothing_here'),
            ('CREATE TABLE nothing_here.t (k int PRIMARY KEY)', 'nothing_here')):
        with pytest.raises(InvalidRequest, match=wording):
            session.execute(text)
    with pytest.raises(AlreadyExists) as e:
        session.execute('CREATE TABLE wide (k int PRIMARY KEY)')
    assert (e.value.keyspace, e.value.table) == (KEYSPACE, 'wide')
    with pytest.raises(AlreadyExists) as e:
        session.execute(f'CREATE KEYSPACE {KEYSPACE} WITH replication = '
                        "{'class': 'SimpleStrategy', 'replication_factor': 1}")
    assert e.value.keyspace == KEYSPACE and not e.value.table
    session.execute('CREATE TABLE IF NOT EXISTS wide (k int PRIMARY KEY)')
    session.execute('DROP TABLE IF EXISTS nothing_here')
    for level in ('TWO', 'THREE', 'ALL', 'QUORUM', 'LOCAL_QUORUM'):
        statement = SimpleStatement('SELECT * FROM wide',
                                    consistency_level=getattr(ConsistencyLevel, level))
        if level in ('TWO', 'THREE'):  # of one replica
            with pytest.raises(Unavailable):
                session.execute(statement)
        else:
            session.execute(statement)
    bad = session.prepare('SELECT v FROM wide WHERE k = ? AND c = ?')
    with pytest.raises(InvalidRequest):
        session.execute(bad.bind((1, None)))
    with pytest.raises(SyntaxException):
        session.prepare('SELECT nonsense nonsense nonsense')


def test_tracing_does_not_break(session, wide):
    result = session.execute('SELECT v FROM wide WHERE k = 1 AND c = 1', trace=True)
    assert result.one().v == 101
    session.execute('INSERT INTO wide (k, c, v) VALUES (1, 1, 101)', trace=True)


def test_custom_payload(session, wide):
    result = session.execute('SELECT v FROM wide WHERE k = 1',
                             custom_payload={'key': b'value'})
    assert len(result.all()) == 25


# ---- many at once, restarts ----

def test_two_hundred_at_once(session):
    session.execute('CREATE TABLE crowd (k uuid PRIMARY KEY, v int)')
    insert = session.prepare('INSERT INTO crowd (k, v) VALUES (?, ?)')
    read = session.prepare('SELECT v FROM crowd WHERE k = ?')
    keys = [uuid.uuid4() for _ in range(200)]
    for future in [session.execute_async(insert, (k, i)) for i, k in enumerate(keys)]:
        future.result()
    futures = [session.execute_async(read, (k,)) for k in keys]
    assert [f.result().one().v for f in futures] == list(range(200))
    mixed = [session.execute_async('SELECT count(*) FROM crowd') if i % 10 == 0 else
             session.execute_async(read, (keys[i],)) for i in range(200)]
    for i, f in enumerate(mixed):
        assert f.result().one()[0] == (200 if i % 10 == 0 else i)


def test_sessions_in_threads(node, session, wide):
    failures = []

    def work(n):
        try:
            c = driver.cluster_of(node)
            s = c.connect(KEYSPACE)
            for _ in range(20):
                assert values(s, f'SELECT v FROM wide WHERE k = 1 AND c = {n}') == [100 + n]
            c.shutdown()
        except Exception as e:
            failures.append(e)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failures == []


def test_prepared_statements_outlive_a_restart(make_node):
    node = make_node(config='commitlog_sync: batch\n')
    cluster = driver.cluster_of(node)
    session = cluster.connect()
    driver.keyspace_of(session, 'again')
    session.execute('CREATE TABLE t (k int PRIMARY KEY, v int)')
    insert = session.prepare('INSERT INTO again.t (k, v) VALUES (?, ?)')
    read = session.prepare('SELECT v FROM again.t WHERE k = ?')
    session.execute(insert, (1, 1))
    node.kill()
    node.start()

    def back():
        try:
            return session.execute(read, (1,)).one().v == 1
        except NoHostAvailable:
            return False

    eventually(back, 20)
    session.execute(insert, (2, 2))
    assert session.execute(read, (2,)).one().v == 2
    cluster.shutdown()


# ---- prepared statements and changes of their tables ----

def test_prepared_before_alter(session):
    session.execute('CREATE TABLE altered (k int PRIMARY KEY, a int)')
    everything = session.prepare('SELECT * FROM altered WHERE k = ?')
    insert = session.prepare('INSERT INTO altered (k, a) VALUES (?, ?)')
    session.execute(insert, (1, 2))
    assert list(session.execute(everything, (1,))) == [(1, 2)]
    session.execute('ALTER TABLE altered ADD b text')
    session.execute(insert, (2, 3))
    session.execute("UPDATE altered SET b = 'x' WHERE k = 1")
    row = session.execute(everything, (1,)).one()
    assert row._fields == ('k', 'a', 'b') and tuple(row) == (1, 2, 'x')
    session.execute('ALTER TABLE altered DROP a')
    assert session.execute(everything, (1,)).one()._fields == ('k', 'b')


def test_batch_of_a_dropped_table(session):
    """Twice: what the first one released must not be released again."""
    session.execute('CREATE TABLE dropped (k int PRIMARY KEY)')
    insert = session.prepare('INSERT INTO dropped (k) VALUES (?)')
    session.execute('DROP TABLE dropped')
    for _ in range(2):
        batch = BatchStatement()
        batch.add(insert, (1,))
        with pytest.raises(InvalidRequest, match='dropped'):
            session.execute(batch)
