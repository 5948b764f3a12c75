"""Thrift clients: columns in rows, definitions, refusals, and bytes that no client should send."""
import itertools
import random
import socket
import struct
import time

import pytest

from thrift_client import connect, connected, generated

service, t = generated()
MARSHAL = 'org.apache.cassandra.db.marshal.'
ONE = t.ConsistencyLevel.ONE
KEYSPACE = 'thrift_compat'
clock = itertools.count(1_700_000_000_000_000)
numbers = itertools.count()


def cf_def(name, **fields):
    return t.CfDef(keyspace=KEYSPACE, name=name, **fields)


def int_bytes(n):
    return struct.pack('>i', n)


def pair(n, text, end=0):
    text = text.encode()
    return struct.pack('>Hi', 4, n) + b'\0' + struct.pack('>H', len(text)) + text + bytes([end])


TABLES = [
    cf_def('Standard1'),
    cf_def('Utf8', comparator_type='UTF8Type', default_validation_class='UTF8Type',
           key_validation_class='UTF8Type'),
    cf_def('Ints', comparator_type='Int32Type', default_validation_class='Int32Type'),
    cf_def('Backwards', comparator_type='ReversedType(Int32Type)'),
    cf_def('Pairs', comparator_type='CompositeType(Int32Type,UTF8Type)'),
    cf_def('Super1', column_type='Super', comparator_type='UTF8Type',
           subcomparator_type='UTF8Type'),
    cf_def('Static1', comparator_type='UTF8Type', default_validation_class='BytesType',
           column_metadata=[t.ColumnDef(name=b'age', validation_class='Int32Type'),
                            t.ColumnDef(name=b'name', validation_class='UTF8Type')]),
    cf_def('Counters', default_validation_class='CounterColumnType'),
]


@pytest.fixture(scope='module')
def keyspace(node):
    with connected(node) as c:
        c.system_add_keyspace(t.KsDef(
            name=KEYSPACE, strategy_class='SimpleStrategy',
            strategy_options={'replication_factor': '1'}, cf_defs=TABLES))
        c.set_keyspace(KEYSPACE)
        c.execute_cql3_query(
            b'CREATE TABLE cql_table (k int, c int, v int, PRIMARY KEY (k, c))',
            t.Compression.NONE, ONE)
        c.execute_cql3_query(
            b'CREATE TABLE cql_static (k int PRIMARY KEY, a text, b int) WITH COMPACT STORAGE',
            t.Compression.NONE, ONE)
        c.execute_cql3_query(
            b'CREATE TABLE cql_dense (k int, c int, v text, PRIMARY KEY (k, c)) '
            b'WITH COMPACT STORAGE', t.Compression.NONE, ONE)
    return KEYSPACE


@pytest.fixture
def client(node, keyspace):
    with connected(node, keyspace) as c:
        yield c


@pytest.fixture
def key():
    """A row that no other test uses."""
    return b'row%d' % next(numbers)


def column(name, value=b'v', ttl=None, timestamp=None):
    return t.Column(name=name, value=value, ttl=ttl, timestamp=timestamp or next(clock))


def parent(cf, super_column=None):
    return t.ColumnParent(column_family=cf, super_column=super_column)


def path(cf, name=None, super_column=None):
    return t.ColumnPath(column_family=cf, column=name, super_column=super_column)


def names(*wanted):
    return t.SlicePredicate(column_names=list(wanted))


def between(start=b'', finish=b'', count=100, reverse=False):
    return t.SlicePredicate(slice_range=t.SliceRange(start, finish, reverse, count))


def put(c, key, cf, *columns, super_column=None):
    for one in columns:
        c.insert(key, parent(cf, super_column), one, ONE)


def got(columns):
    return [x.column.name for x in columns]


def slice_of(c, key, cf, predicate=None, super_column=None):
    return got(c.get_slice(key, parent(cf, super_column), predicate or between(), ONE))


def refused(call, *args, why=None, starts=None):
    with pytest.raises(t.InvalidRequestException) as e:
        call(*args)
    if why is not None:
        assert e.value.why == why
    if starts is not None:
        assert e.value.why.startswith(starts)


def absent(call, *args):
    with pytest.raises(t.NotFoundException):
        call(*args)


# ---- columns ----

def test_insert_and_get(client, key):
    one = column(b'c', b'\0value\xff')
    put(client, key, 'Standard1', one)
    back = client.get(key, path('Standard1', b'c'), ONE)
    assert back.column == one and back.super_column is None
    absent(client.get, key, path('Standard1', b'other'), ONE)
    absent(client.get, b'no such row', path('Standard1', b'c'), ONE)


def test_newer_timestamp_wins(client, key):
    put(client, key, 'Standard1', column(b'c', b'new', timestamp=20), column(b'c', b'old', timestamp=10))
    assert client.get(key, path('Standard1', b'c'), ONE).column.value == b'new'
    client.remove(key, path('Standard1', b'c'), 19, ONE)
    assert client.get(key, path('Standard1', b'c'), ONE).column.value == b'new'
    client.remove(key, path('Standard1', b'c'), 20, ONE)
    absent(client.get, key, path('Standard1', b'c'), ONE)


def test_ttl_is_told_and_kept(client, key):
    put(client, key, 'Standard1', column(b'stays', ttl=500), column(b'goes', ttl=1))
    assert client.get(key, path('Standard1', b'stays'), ONE).column.ttl == 500
    end = time.monotonic() + 8
    while got(client.get_slice(key, parent('Standard1'), between(), ONE)) != [b'stays']:
        assert time.monotonic() < end
        time.sleep(0.1)
    absent(client.get, key, path('Standard1', b'goes'), ONE)


def test_slices(client, key):
    put(client, key, 'Standard1', *(column(b'%02d' % i) for i in range(20)))
    every = [b'%02d' % i for i in range(20)]
    of = lambda *a, **k: slice_of(client, key, 'Standard1', between(*a, **k))
    assert of() == every
    assert of(count=3) == every[:3]
    assert of(count=0) == []
    assert of(b'05', b'08') == every[5:9]
    assert of(b'05') == every[5:]
    assert of(b'', b'03') == every[:4]
    assert of(b'041', b'06') == every[5:7]
    assert of(reverse=True, count=2) == [b'19', b'18']
    assert of(b'08', b'05', reverse=True) == [b'08', b'07', b'06', b'05']
    assert slice_of(client, key, 'Standard1', names(b'07', b'xx', b'03', b'07')) == [b'03', b'07']
    assert slice_of(client, key, 'Standard1', names()) == []
    assert slice_of(client, b'no such row', 'Standard1') == []


def test_order_of_the_comparator(client, key):
    for cf, order in (('Ints', sorted), ('Backwards', lambda x: sorted(x, reverse=True))):
        values = [5, -3, 0, 70000, -2**31, 2**31 - 1]
        put(client, key, cf, *(column(int_bytes(n), int_bytes(n)) for n in values))
        assert slice_of(client, key, cf) == [int_bytes(n) for n in order(values)]
    assert slice_of(client, key, 'Ints', between(int_bytes(-3), int_bytes(5))) == \
        [int_bytes(n) for n in (-3, 0, 5)]
    assert slice_of(client, key, 'Backwards', between(int_bytes(5), int_bytes(-3))) == \
        [int_bytes(n) for n in (5, 0, -3)]


def test_composite_names(client, key):
    all_names = [pair(1, 'a'), pair(1, 'b'), pair(2, ''), pair(2, 'a'), pair(3, 'zz')]
    put(client, key, 'Pairs', *(column(n) for n in reversed(all_names)))
    assert slice_of(client, key, 'Pairs') == all_names
    first = lambda n, end: struct.pack('>Hi', 4, n) + bytes([end])
    assert slice_of(client, key, 'Pairs', between(first(2, 0), first(2, 1))) == all_names[2:4]
    assert slice_of(client, key, 'Pairs', between(first(1, 1))) == all_names[2:]
    assert slice_of(client, key, 'Pairs', between(b'', first(2, 0xff))) == all_names[:2]
    assert slice_of(client, key, 'Pairs', names(pair(2, 'a'), pair(9, ''))) == [pair(2, 'a')]


def test_binary_keys_and_names(client):
    odd = bytes(range(256))
    put(client, odd, 'Standard1', column(odd, odd))
    assert client.get(odd, path('Standard1', odd), ONE).column.value == odd


def test_large_value(client, key):
    value = bytes(range(256)) * 4096
    put(client, key, 'Standard1', column(b'c', value))
    assert client.get(key, path('Standard1', b'c'), ONE).column.value == value


def test_types_with_settings(client):
    """As pycassa names them."""
    for name, comparator, shown, order in (
            ('Settled', 'LongType(reversed=false)', f'{MARSHAL}LongType', [1, 2]),
            ('Backward', 'LongType(reversed=true)',
             f'{MARSHAL}ReversedType({MARSHAL}LongType)', [2, 1])):
        client.system_add_column_family(cf_def(name, comparator_type=comparator,
                                               default_validation_class='UTF8Type(reversed=false)',
                                               key_validation_class='UTF8Type(reversed=false)'))
        made = {cf.name: cf for cf in client.describe_keyspace(KEYSPACE).cf_defs}[name]
        assert made.comparator_type == shown
        assert made.default_validation_class == f'{MARSHAL}UTF8Type'
        ints = [struct.pack('>q', n) for n in (1, 2)]
        put(client, b'k', name, *(column(n) for n in ints))
        assert slice_of(client, b'k', name) == [struct.pack('>q', n) for n in order]


def test_counts(client, key):
    put(client, key, 'Ints', *(column(int_bytes(i), int_bytes(i)) for i in range(150)))
    count = lambda p: client.get_count(key, parent('Ints'), p, ONE)
    assert count(between(count=1000)) == 150
    assert count(between()) == 100
    assert count(between(int_bytes(140), count=1000)) == 10
    assert count(names(int_bytes(1), int_bytes(-1))) == 1
    assert client.get_count(b'no such row', parent('Ints'), between(), ONE) == 0


def test_count_beyond_a_page(client, key):
    mutations = [t.Mutation(t.ColumnOrSuperColumn(column(int_bytes(i), int_bytes(i))))
                 for i in range(3000)]
    client.batch_mutate({key: {'Ints': mutations}}, ONE)
    assert client.get_count(key, parent('Ints'), between(count=10**6), ONE) == 3000
    assert client.get_count(key, parent('Ints'), between(count=2500), ONE) == 2500
    assert len(slice_of(client, key, 'Ints', between(count=10**6))) == 3000


def test_many_keys(client):
    keys = [b'many%d' % i for i in range(5)]
    for i, k in enumerate(keys[:4]):
        put(client, k, 'Standard1', *(column(b'%d' % n) for n in range(i)))
    rows = client.multiget_slice(keys + keys[:2], parent('Standard1'), between(), ONE)
    assert {k: len(v) for k, v in rows.items()} == dict(zip(keys, (0, 1, 2, 3, 0)))
    assert got(rows[keys[3]]) == [b'0', b'1', b'2']
    assert client.multiget_count(keys, parent('Standard1'), between(), ONE) == \
        dict(zip(keys, (0, 1, 2, 3, 0)))
    assert client.multiget_slice([], parent('Standard1'), between(), ONE) == {}


def test_remove_row(client, key):
    put(client, key, 'Standard1', column(b'a'), column(b'b'))
    client.remove(key, path('Standard1'), next(clock), ONE)
    assert slice_of(client, key, 'Standard1') == []
    put(client, key, 'Standard1', column(b'a'))
    assert slice_of(client, key, 'Standard1') == [b'a']


# ---- batches ----

def addition(one):
    return t.Mutation(column_or_supercolumn=t.ColumnOrSuperColumn(column=one))


def deletion(**fields):
    return t.Mutation(deletion=t.Deletion(timestamp=next(clock), **fields))


@pytest.mark.parametrize('method', ['batch_mutate', 'atomic_batch_mutate'])
def test_batch(client, method):
    mutate = getattr(client, method)
    a, b = b'a-' + method.encode(), b'b-' + method.encode()
    put(client, a, 'Standard1', *(column(b'%d' % i) for i in range(10)))
    mutate({a: {'Standard1': [addition(column(b'new')), deletion(predicate=names(b'0', b'9')),
                              deletion(predicate=between(b'3', b'5'))],
                'Utf8': [addition(column(b'x'))]},
            b: {'Standard1': [addition(column(b'only'))]}}, ONE)
    assert slice_of(client, a, 'Standard1') == [b'1', b'2', b'6', b'7', b'8', b'new']
    assert slice_of(client, a, 'Utf8') == [b'x']
    assert slice_of(client, b, 'Standard1') == [b'only']
    mutate({a: {'Standard1': [deletion()]}}, ONE)
    assert slice_of(client, a, 'Standard1') == []
    mutate({}, ONE)
    mutate({a: {'Standard1': []}}, ONE)


def test_refused_batch_changes_nothing(client, key):
    bad = addition(t.Column(name=b'bad', timestamp=1))
    refused(client.batch_mutate, {key: {'Standard1': [addition(column(b'good')), bad]}}, ONE,
            why='Column value is required')
    assert slice_of(client, key, 'Standard1') == []


# ---- super columns ----

def test_super_columns(client, key):
    put(client, key, 'Super1', column(b'x'), column(b'y'), super_column=b's1')
    put(client, key, 'Super1', column(b'z'), super_column=b's2')
    rows = client.get_slice(key, parent('Super1'), between(), ONE)
    assert [(r.super_column.name, [c.name for c in r.super_column.columns]) for r in rows] == \
        [(b's1', [b'x', b'y']), (b's2', [b'z'])]
    assert slice_of(client, key, 'Super1', super_column=b's1') == [b'x', b'y']
    assert slice_of(client, key, 'Super1', between(b'y'), super_column=b's1') == [b'y']
    assert client.get(key, path('Super1', b'z', b's2'), ONE).column.name == b'z'
    whole = client.get(key, path('Super1', super_column=b's1'), ONE).super_column
    assert whole.name == b's1' and [c.name for c in whole.columns] == [b'x', b'y']
    assert client.get_count(key, parent('Super1'), between(), ONE) == 2
    assert client.get_count(key, parent('Super1', b's1'), between(), ONE) == 2
    last = client.get_slice(key, parent('Super1'), between(count=1, reverse=True), ONE)
    assert [r.super_column.name for r in last] == [b's2']
    absent(client.get, key, path('Super1', super_column=b's3'), ONE)


def test_removing_in_super_columns(client, key):
    for s in (b's1', b's2', b's3'):
        put(client, key, 'Super1', column(b'x'), column(b'y'), super_column=s)
    client.remove(key, path('Super1', b'x', b's1'), next(clock), ONE)
    assert slice_of(client, key, 'Super1', super_column=b's1') == [b'y']
    client.remove(key, path('Super1', super_column=b's2'), next(clock), ONE)
    assert slice_of(client, key, 'Super1', super_column=b's2') == []
    client.batch_mutate({key: {'Super1': [
        deletion(predicate=names(b's1')),
        deletion(super_column=b's3', predicate=names(b'y')),
        t.Mutation(t.ColumnOrSuperColumn(super_column=t.SuperColumn(
            b's4', [column(b'p'), column(b'q')])))]}}, ONE)
    rows = client.get_slice(key, parent('Super1'), between(), ONE)
    assert [(r.super_column.name, [c.name for c in r.super_column.columns]) for r in rows] == \
        [(b's3', [b'x']), (b's4', [b'p', b'q'])]


# ---- declared columns ----

def test_declared_and_other_columns_merge(client, key):
    put(client, key, 'Static1', column(b'zeta'), column(b'name', b'Ann'), column(b'Alpha'),
        column(b'age', int_bytes(7)), column(b'middle'))
    every = [b'Alpha', b'age', b'middle', b'name', b'zeta']
    assert slice_of(client, key, 'Static1') == every
    assert slice_of(client, key, 'Static1', between(reverse=True)) == every[::-1]
    assert slice_of(client, key, 'Static1', between(b'age', b'name')) == every[1:4]
    assert slice_of(client, key, 'Static1', between(count=2)) == every[:2]
    assert slice_of(client, key, 'Static1', between(count=3, reverse=True)) == every[:1:-1]
    assert slice_of(client, key, 'Static1', names(b'name', b'zeta', b'no')) == [b'name', b'zeta']
    assert client.get(key, path('Static1', b'age'), ONE).column.value == int_bytes(7)
    assert client.get_count(key, parent('Static1'), between(), ONE) == 5
    client.batch_mutate({key: {'Static1': [deletion(predicate=between(b'b', b'o'))]}}, ONE)
    assert slice_of(client, key, 'Static1') == [b'Alpha', b'age', b'zeta']
    client.remove(key, path('Static1', b'age'), next(clock), ONE)
    absent(client.get, key, path('Static1', b'age'), ONE)
    refused(client.insert, key, parent('Static1'), column(b'age', b'xy'), ONE,
            why='(Expected 4 or 0 byte int (2)) [thrift_compat][Static1][age] failed validation')
    client.remove(key, path('Static1'), next(clock), ONE)
    assert slice_of(client, key, 'Static1') == []


# ---- rows in ring order ----

def range_of(c, cf, key_range, predicate=None):
    return c.get_range_slices(parent(cf), predicate or between(), key_range, ONE)


@pytest.fixture
def range_table(client):
    name = 'Range%d' % next(numbers)
    client.system_add_column_family(cf_def(name))
    yield name
    client.system_drop_column_family(name)


def test_range_slices(client, range_table):
    keys = [b'k%02d' % i for i in range(30)]
    for i, k in enumerate(keys):
        put(client, k, range_table, *(column(b'%02d' % n) for n in range(1 + i % 4)))
    every = range_of(client, range_table, t.KeyRange(start_key=b'', end_key=b'', count=100))
    assert sorted(r.key for r in every) == keys
    for r in every:
        assert len(r.columns) == 1 + int(r.key[1:]) % 4
    order = [r.key for r in every]
    seen, start = [], b''
    while True:
        page = [r.key for r in range_of(client, range_table, t.KeyRange(
            start_key=start, end_key=b'', count=7), between(count=2))]
        seen += page if not seen else page[1:]
        if len(page) < 7:
            break
        start = page[-1]
    assert seen == order
    inner = range_of(client, range_table, t.KeyRange(start_key=order[3], end_key=order[6]))
    assert [r.key for r in inner] == order[3:7]
    refused(range_of, client, range_table, t.KeyRange(start_key=order[6], end_key=order[3]),
            starts="start key's token sorts after end key's token")
    low, high = str(-2**63), str(2**63 - 1)
    assert [r.key for r in range_of(client, range_table, t.KeyRange(
        start_token=low, end_token=low))] == order
    middle = '0'
    first = range_of(client, range_table, t.KeyRange(start_token=low, end_token=middle))
    second = range_of(client, range_table, t.KeyRange(start_token=middle, end_token=high))
    assert [r.key for r in first + second] == order
    round_it = range_of(client, range_table, t.KeyRange(start_token=middle, end_token=middle))
    assert [r.key for r in round_it] == [r.key for r in second + first]


def test_range_of_wide_rows(client, range_table):
    for i in range(3):
        client.batch_mutate({b'w%d' % i: {range_table: [
            addition(column(b'%05d' % n)) for n in range(5000)]}}, ONE)
    rows = range_of(client, range_table, t.KeyRange(start_key=b'', end_key=b'', count=10),
                    between(count=10**6))
    assert sorted(r.key for r in rows) == [b'w0', b'w1', b'w2']
    assert all(len(r.columns) == 5000 for r in rows)
    rows = range_of(client, range_table, t.KeyRange(start_key=b'', end_key=b'', count=2),
                    between(count=3, reverse=True))
    assert [got(r.columns) for r in rows] == [[b'04999', b'04998', b'04997']] * 2


def test_paged_slices(client, range_table):
    expected = {}
    for i in range(12):
        expected[b'p%02d' % i] = [b'%d' % n for n in range(i % 5 + 1)]
        put(client, b'p%02d' % i, range_table, *(column(n) for n in expected[b'p%02d' % i]))
    page = lambda start_key, start, count: [
        (r.key, n) for r in client.get_paged_slice(
            range_table, t.KeyRange(start_key=start_key, end_key=b'', count=count), start, ONE)
        for n in got(r.columns)]
    every = page(b'', b'', 1000)
    assert sorted(every) == [(k, n) for k in expected for n in expected[k]]
    seen = page(b'', b'', 4)
    while len(seen) < len(every):
        more = page(*seen[-1], 4)
        assert more[0] == seen[-1] and len(more) > 1
        seen += more[1:]
    assert seen == every
    refused(client.get_paged_slice, range_table,
            t.KeyRange(start_token='0', end_token='1', count=1), b'x', ONE,
            why='If a start column is provided, so must the start key be')


def test_paged_slices_of_declared_columns(client):
    client.system_add_column_family(cf_def('PagedStatic', comparator_type='UTF8Type',
                                           column_metadata=[t.ColumnDef(b'd', 'BytesType'),
                                                            t.ColumnDef(b'z', 'BytesType')]))
    for k in (b'1', b'2', b'3'):
        put(client, k, 'PagedStatic', *(column(n) for n in (b'a', b'd', b'm', b'z')))
    for count in (1, 2, 3, 4, 5, 7, 12, 50):
        rows = client.get_paged_slice('PagedStatic', t.KeyRange(start_key=b'', end_key=b'',
                                                                count=count), b'', ONE)
        flat = [n for r in rows for n in got(r.columns)]
        assert flat == ([b'a', b'd', b'm', b'z'] * 3)[:count]
    client.system_drop_column_family('PagedStatic')


def test_key_range_refusals(client):
    for bad in (t.KeyRange(), t.KeyRange(start_key=b'a'), t.KeyRange(start_key=b'a', start_token='1',
                                                                     end_key=b'')):
        refused(range_of, client, 'Standard1', bad,
                why='exactly one each of {start key, start token} and {end key, end token} must be '
                    'specified')
    refused(range_of, client, 'Standard1', t.KeyRange(start_key=b'', end_key=b'', count=0),
            why='maxRows must be positive')


# ---- CQL's tables and Thrift's ----

def cql(c, text):
    return c.execute_cql3_query(text.encode(), t.Compression.NONE, ONE)


def cql_rows(c, text):
    return [[x.value for x in r.columns] for r in cql(c, text).rows]


def test_thrift_sees_compact_tables(client):
    cql(client, "INSERT INTO cql_dense (k, c, v) VALUES (1, 2, 'x')")
    cql(client, "INSERT INTO cql_static (k, a, b) VALUES (1, 'x', 2)")
    assert slice_of(client, int_bytes(1), 'cql_dense') == [int_bytes(2)]
    columns = client.get_slice(int_bytes(1), parent('cql_static'), between(), ONE)
    assert [(c.column.name, c.column.value) for c in columns] == [(b'a', b'x'), (b'b', int_bytes(2))]
    put(client, int_bytes(1), 'cql_dense', column(int_bytes(3), b'y'))
    put(client, int_bytes(2), 'cql_static', column(b'b', int_bytes(9)))
    assert cql_rows(client, 'SELECT c, v FROM cql_dense WHERE k = 1') == \
        [[int_bytes(2), b'x'], [int_bytes(3), b'y']]
    assert cql_rows(client, 'SELECT a, b FROM cql_static WHERE k = 2') == [[None, int_bytes(9)]]
    client.remove(int_bytes(1), path('cql_dense', int_bytes(2)), 2**62, ONE)
    assert cql_rows(client, 'SELECT c FROM cql_dense WHERE k = 1') == [[int_bytes(3)]]


def test_cql_sees_thrift_tables(client, key):
    put(client, key, 'Utf8', column(b'n', b'v'))
    assert cql_rows(client, 'SELECT column1, value FROM "Utf8" WHERE key = \'%s\'' % key.decode()) \
        == [[b'n', b'v']]


def test_cql_tables_are_refused(client):
    for call in ((client.get, int_bytes(1), path('cql_table', b'x'), ONE),
                 (client.get_slice, int_bytes(1), parent('cql_table'), between(), ONE),
                 (client.insert, int_bytes(1), parent('cql_table'), column(b'x'), ONE),
                 (client.batch_mutate, {int_bytes(1): {'cql_table': [addition(column(b'x'))]}}, ONE)):
        refused(*call, why='Table thrift_compat.cql_table was made for CQL: Thrift calls cannot see '
                           'its rows, use CQL statements')


def test_counters_say_so(client, key):
    refused(client.get, key, path('Counters', b'c'), ONE,
            why='Counter columns are not supported over Thrift yet (columnfamily Counters)')
    refused(client.insert, key, parent('Counters'), column(b'c'), ONE,
            why='invalid operation for commutative columnfamily Counters')
    refused(client.add, key, parent('Counters'), t.CounterColumn(b'c', 1), ONE,
            why='add is not supported yet')


# ---- refusals ----

def test_key_refusals(client):
    refused(client.get, b'', path('Standard1', b'c'), ONE, why='Key may not be empty')
    refused(client.insert, b'', parent('Standard1'), column(b'c'), ONE, why='Key may not be empty')
    refused(client.get, b'k' * 65536, path('Standard1', b'c'), ONE,
            why='Key length of 65536 is longer than maximum of 65535')
    refused(client.multiget_slice, [b'ok', b''], parent('Standard1'), between(), ONE,
            why='Key may not be empty')
    put(client, b'k' * 65535, 'Standard1', column(b'c'))
    assert slice_of(client, b'k' * 65535, 'Standard1') == [b'c']


def test_column_family_refusals(client, node):
    refused(client.get, b'k', path('Nope', b'c'), ONE, why='unconfigured columnfamily Nope')
    refused(client.get, b'k', path('', b'c'), ONE, why='non-empty columnfamily is required')
    refused(client.get, b'k', path('N' * 5000, b'c'), ONE, starts='unconfigured columnfamily NNN')
    refused(client.batch_mutate, {b'k': {'Nope': []}}, ONE, why='unconfigured columnfamily Nope')
    refused(client.truncate, 'Nope', why='unconfigured columnfamily Nope')
    refused(client.set_keyspace, 'nope', why="Keyspace 'nope' does not exist")
    with connected(node) as c:
        refused(c.get, b'k', path('Standard1', b'c'), ONE,
                why='You have not set a keyspace for this session')


def test_name_refusals(client):
    get = lambda p: (client.get, b'k', p, ONE)
    refused(*get(path('Standard1')), why='column parameter is not optional for standard CF Standard1')
    refused(*get(path('Standard1', b'')), why='column name must not be empty')
    refused(*get(path('Standard1', b'n' * 65536)),
            why='column name length must not be greater than 65535')
    refused(*get(path('Standard1', b'c', b's')),
            why='supercolumn parameter is invalid for standard CF Standard1')
    refused(*get(path('Super1', b'c')),
            why='supercolumn parameter is not optional for super CF Super1')
    refused(*get(path('Ints', b'abc')), why='Expected 4 or 0 byte int (3)')
    refused(*get(path('Pairs', b'\0\4ab')), starts='Not enough bytes to read value of component')
    refused(client.insert, b'k', parent('Standard1', b's'), column(b'c'), ONE,
            why='columnfamily alone is required for standard CF Standard1')
    refused(client.insert, b'k', parent('Super1'), column(b'c'), ONE,
            starts='missing mandatory super column name')
    refused(client.remove, b'k', path('Standard1', b'c', b's'), 1, ONE,
            why='supercolumn may not be specified for standard CF Standard1')
    refused(client.remove, b'k', path('Super1', b'c'), 1, ONE,
            starts='A column cannot be specified without specifying a super column')


def test_predicate_refusals(client):
    of = lambda p: (client.get_slice, b'k', parent('Standard1'), p, ONE)
    refused(*of(t.SlicePredicate()),
            why='predicate column_names and slice_range may not both be null')
    refused(*of(t.SlicePredicate([b'a'], t.SliceRange(b'', b'', False, 1))),
            why='predicate column_names and slice_range may not both be present')
    refused(*of(between(count=-1)), why='get_slice requires non-negative count')
    refused(*of(between(b'b', b'a')),
            why='range finish must come after start in the order of traversal')
    refused(*of(between(b'a', b'b', reverse=True)),
            why='range finish must come after start in the order of traversal')
    refused(client.get_count, b'k', parent('Standard1'), t.SlicePredicate(), ONE,
            why='predicate column_names and slice_range may not both be null')


def test_column_refusals(client):
    of = lambda c: (client.insert, b'k', parent('Ints'), c, ONE)
    ok = dict(name=int_bytes(1), value=int_bytes(1), timestamp=1)
    refused(*of(t.Column(**{**ok, 'value': None})), why='Column value is required')
    refused(*of(t.Column(**{**ok, 'timestamp': None})), why='Column timestamp is required')
    refused(*of(t.Column(**ok, ttl=0)), why='ttl must be positive')
    refused(*of(t.Column(**ok, ttl=-5)), why='ttl must be positive')
    refused(*of(t.Column(**ok, ttl=630720001)),
            why='ttl is too large. requested (630720001) maximum (630720000)')
    refused(*of(t.Column(**{**ok, 'value': b'abc'})),
            why='(Expected 4 or 0 byte int (3)) [thrift_compat][Ints][00000001] failed validation')


def test_mutation_refusals(client):
    of = lambda m, cf='Standard1': (client.batch_mutate, {b'k': {cf: [m]}}, ONE)
    both = t.Mutation(t.ColumnOrSuperColumn(column(b'c')), t.Deletion(1))
    refused(*of(t.Mutation()),
            why='mutation must have one and only one of column_or_supercolumn or deletion')
    refused(*of(both), why='mutation must have one and only one of column_or_supercolumn or deletion')
    refused(*of(t.Mutation(t.ColumnOrSuperColumn())), starts='ColumnOrSuperColumn must have one')
    refused(*of(t.Mutation(t.ColumnOrSuperColumn(counter_column=t.CounterColumn(b'c', 1)))),
            why='invalid operation for non commutative columnfamily Standard1')
    refused(*of(t.Mutation(deletion=t.Deletion(timestamp=1, super_column=b's'))),
            why='Deletion of super columns is not possible on a standard ColumnFamily '
                '(KeyspaceName=thrift_compat ColumnFamilyName=Standard1)')
    refused(*of(t.Mutation(deletion=t.Deletion())), starts='Deletion timestamp is not optional')
    refused(*of(addition(column(b'c')), 'Super1'),
            why='supercolumn parameter is not optional for super CF Super1')


def test_consistency_levels(client, key):
    level = t.ConsistencyLevel
    for cl in (level.ANY, level.ONE, level.QUORUM, level.ALL, level.LOCAL_ONE, level.LOCAL_QUORUM):
        client.insert(key, parent('Standard1'), column(b'c'), cl)
    for cl in (level.ONE, level.QUORUM, level.ALL, level.LOCAL_ONE, level.LOCAL_QUORUM):
        assert client.get(key, path('Standard1', b'c'), cl).column.name == b'c'
    refused(client.get, key, path('Standard1', b'c'), level.ANY,
            why='ANY ConsistencyLevel is only supported for writes')
    refused(client.insert, key, parent('Standard1'), column(b'c'), 77,
            why='Unknown consistency level 77')
    for cl in (level.TWO, level.THREE):
        with pytest.raises(t.UnavailableException):
            client.insert(key, parent('Standard1'), column(b'c'), cl)
        with pytest.raises(t.UnavailableException):
            client.get(key, path('Standard1', b'c'), cl)


# ---- definitions ----

def test_describe_keyspace(client):
    ks = client.describe_keyspace(KEYSPACE)
    assert ks.strategy_class == 'org.apache.cassandra.locator.SimpleStrategy'
    assert ks.strategy_options == {'replication_factor': '1'}
    assert ks.replication_factor is None and ks.durable_writes is True
    cfs = {c.name: c for c in ks.cf_defs}
    assert 'cql_table' not in cfs
    assert {x.name for x in TABLES} | {'cql_dense', 'cql_static'} <= set(cfs)
    std = cfs['Standard1']
    assert std.keyspace == KEYSPACE and std.column_type == 'Standard'
    assert std.comparator_type == MARSHAL + 'BytesType' and std.subcomparator_type is None
    assert std.default_validation_class == std.key_validation_class == MARSHAL + 'BytesType'
    assert (std.comment, std.read_repair_chance, std.gc_grace_seconds) == ('', 0.1, 864000)
    assert (std.min_compaction_threshold, std.max_compaction_threshold) == (4, 32)
    assert std.key_alias == b'key' and std.caching == 'KEYS_ONLY' and std.id is None
    assert std.compaction_strategy == \
        'org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy'
    assert std.compaction_strategy_options == {} and std.triggers == []
    assert std.compression_options == \
        {'sstable_compression': 'org.apache.cassandra.io.compress.LZ4Compressor'}
    assert std.speculative_retry == 'NONE' and std.index_interval == 128
    assert std.replicate_on_write is True and std.populate_io_cache_on_flush is False
    assert cfs['Pairs'].comparator_type == \
        f'{MARSHAL}CompositeType({MARSHAL}Int32Type,{MARSHAL}UTF8Type)'
    assert cfs['Backwards'].comparator_type == f'{MARSHAL}ReversedType({MARSHAL}Int32Type)'
    assert cfs['Super1'].column_type == 'Super'
    assert cfs['Super1'].subcomparator_type == MARSHAL + 'UTF8Type'
    assert [(c.name, c.validation_class) for c in cfs['Static1'].column_metadata] == \
        [(b'age', MARSHAL + 'Int32Type'), (b'name', MARSHAL + 'UTF8Type')]
    assert [(c.name, c.validation_class) for c in cfs['cql_static'].column_metadata] == \
        [(b'a', MARSHAL + 'UTF8Type'), (b'b', MARSHAL + 'Int32Type')]
    assert cfs['cql_static'].speculative_retry == '99.0PERCENTILE'
    assert cfs['cql_dense'].comparator_type == MARSHAL + 'Int32Type'
    assert cfs['cql_dense'].key_alias == b'k'
    absent(client.describe_keyspace, 'nope')
    assert {KEYSPACE, 'system'} <= {k.name for k in client.describe_keyspaces()}


def only_version(c):
    versions = c.describe_schema_versions()
    assert len(versions) == 1
    return next(iter(versions))


def test_keyspaces_come_and_go(client):
    ks = t.KsDef('come_and_go', 'org.apache.cassandra.locator.SimpleStrategy',
                 {'replication_factor': '1'}, cf_defs=[], durable_writes=False)
    version = client.system_add_keyspace(ks)
    assert version == only_version(client)
    assert client.describe_keyspace('come_and_go').durable_writes is False
    refused(client.system_add_keyspace, ks,
            starts='Keyspace names must be case-insensitively unique')
    ks.name = 'Come_And_Go'
    refused(client.system_add_keyspace, ks,
            why='Keyspace names must be case-insensitively unique ("Come_And_Go" conflicts with '
                '"come_and_go")')
    dropped = client.system_drop_keyspace('come_and_go')
    assert dropped != version and dropped == only_version(client)
    absent(client.describe_keyspace, 'come_and_go')
    refused(client.system_drop_keyspace, 'come_and_go',
            why="Cannot drop non existing keyspace 'come_and_go'.")
    refused(client.system_drop_keyspace, 'system', why='system keyspace is not user-modifiable.')


def test_bad_keyspaces(client):
    make = lambda **f: client.system_add_keyspace(t.KsDef(**{**dict(
        name='bad_one', strategy_class='SimpleStrategy',
        strategy_options={'replication_factor': '1'}, cf_defs=[]), **f}))
    refused(lambda: make(name='not a name'))
    refused(lambda: make(name='x' * 49))
    refused(lambda: make(strategy_class='NoSuchStrategy'))
    refused(lambda: make(strategy_options={}))
    refused(lambda: make(cf_defs=[t.CfDef('other', 'cf')]),
            why='CfDef (cf) had a keyspace definition that did not match KsDef')
    absent(client.describe_keyspace, 'bad_one')


def test_column_families_come_and_go(client):
    version = client.system_add_column_family(cf_def('Passing', comment='hello'))
    assert version == only_version(client)
    put(client, b'k', 'Passing', column(b'c'))
    refused(client.system_add_column_family, cf_def('Passing'),
            starts='Cannot add already existing')
    client.system_drop_column_family('Passing')
    refused(client.get, b'k', path('Passing', b'c'), ONE, why='unconfigured columnfamily Passing')
    refused(client.system_drop_column_family, 'Passing', starts='Cannot drop non existing')
    client.system_add_column_family(cf_def('Passing'))
    assert slice_of(client, b'k', 'Passing') == []
    client.system_drop_column_family('Passing')


def test_bad_column_families(client):
    make = client.system_add_column_family
    refused(make, cf_def('no name'))
    refused(make, cf_def(''))
    refused(make, cf_def('Bad', comparator_type='NoSuchType'))
    refused(make, cf_def('Bad', column_type='Odd'), why='Invalid column type Odd')
    refused(make, cf_def('Bad', default_validation_class='CompositeType('))
    refused(make, t.CfDef('nope', 'Bad'), starts='Cannot add column family')
    refused(make, cf_def('Bad', column_metadata=[
        t.ColumnDef(b'c', 'UTF8Type', index_type=t.IndexType.KEYS)]),
        why='Secondary indexes are not supported yet')
    assert 'Bad' not in {c.name for c in client.describe_keyspace(KEYSPACE).cf_defs}


def test_options_are_kept(client):
    client.system_add_column_family(cf_def(
        'Options', comment='a comment', read_repair_chance=0.5, dclocal_read_repair_chance=0.25,
        gc_grace_seconds=77, min_compaction_threshold=5, max_compaction_threshold=9,
        compaction_strategy='LeveledCompactionStrategy',
        compaction_strategy_options={'sstable_size_in_mb': '10'},
        compression_options={'sstable_compression': 'SnappyCompressor', 'chunk_length_kb': '64'},
        bloom_filter_fp_chance=0.2, caching='ALL', default_time_to_live=1000,
        speculative_retry='95PERCENTILE', key_alias=b'id', row_cache_size=5.0))
    d = next(c for c in client.describe_keyspace(KEYSPACE).cf_defs if c.name == 'Options')
    assert (d.comment, d.read_repair_chance, d.dclocal_read_repair_chance) == ('a comment', .5, .25)
    assert (d.gc_grace_seconds, d.min_compaction_threshold, d.max_compaction_threshold) == (77, 5, 9)
    assert d.compaction_strategy == 'org.apache.cassandra.db.compaction.LeveledCompactionStrategy'
    assert d.compaction_strategy_options == {'sstable_size_in_mb': '10'}
    assert d.compression_options == {
        'sstable_compression': 'org.apache.cassandra.io.compress.SnappyCompressor',
        'chunk_length_kb': '64'}
    assert (d.bloom_filter_fp_chance, d.caching, d.default_time_to_live) == (0.2, 'ALL', 1000)
    assert (d.speculative_retry, d.key_alias, d.row_cache_size) == ('95.0PERCENTILE', b'id', None)
    put(client, b'k', 'Options', column(b'c'))
    assert client.get(b'k', path('Options', b'c'), ONE).column.ttl == 1000
    client.system_drop_column_family('Options')


def test_updates(client):
    client.system_add_keyspace(t.KsDef('updated', 'SimpleStrategy', {'replication_factor': '1'},
                                       cf_defs=[]))
    version = client.system_update_keyspace(t.KsDef(
        'updated', 'org.apache.cassandra.locator.NetworkTopologyStrategy', {'datacenter1': '1'},
        cf_defs=[], durable_writes=False))
    assert version == only_version(client)
    ks = client.describe_keyspace('updated')
    assert (ks.strategy_class, ks.strategy_options, ks.durable_writes) == \
        ('org.apache.cassandra.locator.NetworkTopologyStrategy', {'datacenter1': '1'}, False)
    refused(client.system_update_keyspace, t.KsDef('updated', 'SimpleStrategy',
            {'replication_factor': '1'}, cf_defs=[cf_def('x')]),
            why='Keyspace update must not contain any column family definitions.')
    client.system_drop_keyspace('updated')
    refused(client.system_update_keyspace, ks, starts='Cannot update non existing keyspace')

    described = lambda name: next(
        c for c in client.describe_keyspace(KEYSPACE).cf_defs if c.name == name)
    for name in ('Standard1', 'Pairs', 'Backwards', 'Super1', 'Static1', 'cql_dense', 'cql_static'):
        old, changed = described(name), described(name)
        changed.gc_grace_seconds, changed.comment = 4321, 'changed'
        assert client.system_update_column_family(changed) == only_version(client)
        assert described(name) == changed
        client.system_update_column_family(old)
        assert described(name) == old
    changed.column_metadata = []
    refused(client.system_update_column_family, changed,
            starts='Changing the columns or types of a column family')
    refused(client.system_update_column_family, cf_def('cql_table'),
            starts='Cannot modify CQL3 table cql_table')
    refused(client.system_update_column_family, cf_def('nope'), starts='Cannot update non existing')


def test_truncate(client, node, keyspace):
    client.system_add_column_family(cf_def('Short'))
    for i in range(10):
        put(client, b'%d' % i, 'Short', column(b'c'))
    client.truncate('Short')
    assert range_of(client, 'Short', t.KeyRange(start_key=b'', end_key=b'')) == []
    put(client, b'1', 'Short', column(b'again'))
    assert slice_of(client, b'1', 'Short') == [b'again']
    for _ in range(8):  # whichever worker has the connection
        with connected(node, keyspace) as c:
            c.truncate('Short')
            assert slice_of(c, b'1', 'Short') == []
    client.system_drop_column_family('Short')


def test_describe_the_cluster(client):
    assert client.describe_version() == '19.39.0'
    assert client.describe_cluster_name() == 'Compat'
    assert client.describe_partitioner() == 'org.apache.cassandra.dht.Murmur3Partitioner'
    assert client.describe_snitch().startswith('org.apache.cassandra.locator.')
    assert len(client.describe_token_map()) == 4
    ring = client.describe_ring(KEYSPACE)
    assert len(ring) == 4 and all(r.endpoints == ['127.0.0.1'] for r in ring)
    refused(client.describe_ring, 'nope', why='No such keyspace: nope')
    refused(client.describe_ring, 'system', why='There is no ring for the keyspace: system')


def test_what_is_not_there_yet(client, key):
    for name, args in (('get_indexed_slices', (parent('Standard1'), t.IndexClause([], b'', 1),
                                               between(), ONE)),
                       ('remove_counter', (key, path('Counters', b'c'), ONE)),
                       ('cas', (key, 'Standard1', [], [column(b'c')], 9, ONE)),
                       ('describe_splits', ('Standard1', '0', '1', 10))):
        refused(getattr(client, name), *args, why=name + ' is not supported yet')


# ---- durability ----

def test_survives_a_restart(make_node):
    n = make_node()
    with connected(n) as c:
        c.system_add_keyspace(t.KsDef(KEYSPACE, 'SimpleStrategy', {'replication_factor': '1'},
                                      cf_defs=TABLES))
        c.set_keyspace(KEYSPACE)
        put(c, b'k', 'Static1', column(b'name', b'Ann'), column(b'other'))
        put(c, b'k', 'Super1', column(b'x'), super_column=b's')
    assert n.stop() == 0, n.log()
    n.start()
    with connected(n, KEYSPACE) as c:
        assert slice_of(c, b'k', 'Static1') == [b'name', b'other']
        assert slice_of(c, b'k', 'Super1', super_column=b's') == [b'x']
        put(c, b'k', 'Static1', column(b'more'))
        assert slice_of(c, b'k', 'Static1') == [b'more', b'name', b'other']


def test_survives_a_crash(make_node):
    """Acknowledged writes are in the commit log once its period has passed."""
    n = make_node(config='commitlog_sync: batch\ncommitlog_sync_batch_window_in_ms: 2\n')
    with connected(n) as c:
        c.system_add_keyspace(t.KsDef(KEYSPACE, 'SimpleStrategy', {'replication_factor': '1'},
                                      cf_defs=TABLES))
        c.set_keyspace(KEYSPACE)
        for i in range(200):
            put(c, b'%d' % i, 'Standard1', column(b'c', b'%d' % i))
        c.remove(b'7', path('Standard1'), next(clock), ONE)
    n.kill()
    n.start()
    with connected(n, KEYSPACE) as c:
        rows = c.multiget_slice([b'%d' % i for i in range(200)], parent('Standard1'), between(), ONE)
        assert {k: [x.column.value for x in v] for k, v in rows.items()} == \
            {b'%d' % i: [] if i == 7 else [b'%d' % i] for i in range(200)}


# ---- clients of the binary protocol hear ----

def native_frame(s):
    h = read_exactly(s, 9)
    return h[4], read_exactly(s, struct.unpack('>I', h[5:])[0])


def test_native_clients_hear_of_changes(node, client):
    text = lambda x: struct.pack('>H', len(x)) + x
    with socket.create_connection((node.host, node.native_port), 20) as s:
        for opcode, body in ((1, struct.pack('>H', 1) + text(b'CQL_VERSION') + text(b'3.0.0')),
                             (11, struct.pack('>H', 1) + text(b'SCHEMA_CHANGE'))):
            s.sendall(struct.pack('>BBHBI', 4, 0, 1, opcode, len(body)) + body)
            assert native_frame(s)[0] == 2
        client.system_add_column_family(cf_def('Heard'))
        client.system_drop_column_family('Heard')
        for change in (b'CREATED', b'DROPPED'):
            opcode, body = native_frame(s)
            assert opcode == 12
            assert body == text(b'SCHEMA_CHANGE') + text(change) + text(b'TABLE') + \
                text(KEYSPACE.encode()) + text(b'Heard')


# ---- bytes ----

def raw(node):
    s = socket.create_connection((node.host, node.rpc_port), 20)
    s.settimeout(20)
    return s


def call_bytes(method, body=b'\0', seqid=1, kind=1):
    name = method.encode()
    return struct.pack('>III', 0x80010000 | kind, len(name), 0)[:8] + name + \
        struct.pack('>i', seqid) + body


def framed(message):
    return struct.pack('>I', len(message)) + message


def read_exactly(s, n):
    data = b''
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise EOFError(f'{len(data)} of {n} bytes')
        data += more
    return data


def read_frame(s):
    return read_exactly(s, struct.unpack('>I', read_exactly(s, 4))[0])


def head(message):
    """(type, method, seqid)"""
    kind, n = struct.unpack('>II', message[:8])
    return kind & 0xff, message[8:8 + n].decode(), struct.unpack('>i', message[8 + n:12 + n])[0]


def ends(s):
    try:
        while s.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def test_pipelined_calls_are_answered_in_order(node, client):
    with raw(node) as s:
        s.sendall(b''.join(framed(call_bytes('describe_version', seqid=i)) for i in range(500)))
        for i in range(500):
            assert head(read_frame(s)) == (2, 'describe_version', i)


def test_calls_in_small_pieces(node):
    with raw(node) as s:
        for byte in framed(call_bytes('describe_version', seqid=7)):
            s.sendall(bytes([byte]))
        assert head(read_frame(s)) == (2, 'describe_version', 7)


def test_unframed_clients_are_served(node, keyspace, key):
    with connected(node, keyspace, framed=False) as c:
        put(c, key, 'Standard1', column(b'c', b'unframed'))
        assert c.get(key, path('Standard1', b'c'), ONE).column.value == b'unframed'


def test_unknown_method(node):
    with raw(node) as s:
        s.sendall(framed(call_bytes('no_such_method', seqid=3)))
        answer = read_frame(s)
        assert head(answer) == (3, 'no_such_method', 3)
        assert b"Invalid method name: 'no_such_method'" in answer
        s.sendall(framed(call_bytes('describe_version', seqid=4)))
        assert head(read_frame(s)) == (2, 'describe_version', 4)


GARBAGE = [
    b'GET / HTTP/1.0\r\n\r\n',
    framed(b'\0' * 40),
    framed(call_bytes('get')),
    framed(call_bytes('insert', b'\x0b\0\1\x7f\xff\xff\xff')),
    framed(call_bytes('get', b'\x0c' * 200)),
    framed(call_bytes('batch_mutate', b'\x0d\0\1\x0b\x0d\x7f\xff\xff\xff')),
    struct.pack('>I', 0x7fffffff) + b'x' * 100,
    struct.pack('>I', 0xffffffff) + b'x' * 100,
    struct.pack('>I', 15 * 2**20 + 1) + call_bytes('get'),
    b'\x80\x01\0\1\0\0\0\3get' + b'\xff' * 64,
    b'\0',
    b'',
]


@pytest.mark.parametrize('garbage', GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_ends_or_is_refused_and_nobody_else_notices(node, client, key, garbage):
    put(client, key, 'Standard1', column(b'before'))
    with raw(node) as s:
        s.sendall(garbage)
        s.shutdown(socket.SHUT_WR)
        assert ends(s)
    put(client, key, 'Standard1', column(b'after'))
    assert slice_of(client, key, 'Standard1') == [b'after', b'before']
    assert node.running


def test_a_frame_of_the_greatest_size(client, key):
    """What does not fit is refused, and the node goes on."""
    value = b'x' * (14 << 20)
    put(client, key, 'Standard1', column(b'c', value))
    assert len(client.get(key, path('Standard1', b'c'), ONE).column.value) == len(value)


def test_many_connections_that_leave(node, client, key):
    for _ in range(200):
        raw(node).close()
    half = [raw(node) for _ in range(50)]
    for s in half:
        s.sendall(b'\0\0\0\x50\x80\1\0')
    put(client, key, 'Standard1', column(b'c'))
    for s in half:
        s.close()
    assert slice_of(client, key, 'Standard1') == [b'c']


def recorded(client_calls):
    """The bytes of calls as a client would send them."""
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.transport.TTransport import TMemoryBuffer
    out = []
    for name, args in client_calls:
        buffer = TMemoryBuffer()
        getattr(service.Client(TBinaryProtocol(buffer)), 'send_' + name)(*args)
        out.append(buffer.getvalue())
    return out


def test_mangled_calls(node, client, keyspace):
    """Calls with changed bytes: each is answered or ends its connection; the node lives."""
    rnd = random.Random(9160)
    rows = {b'm': {'Pairs': [addition(column(pair(1, 'a'))), deletion(predicate=between()),
                             deletion(predicate=names(pair(1, 'b')))],
                   'Super1': [t.Mutation(t.ColumnOrSuperColumn(super_column=t.SuperColumn(
                       b's', [column(b'x')])))]}}
    calls = recorded([
        ('insert', (b'm', parent('Static1'), column(b'age', int_bytes(3), ttl=5), ONE)),
        ('get', (b'm', path('Pairs', pair(1, 'a')), ONE)),
        ('get_slice', (b'm', parent('Pairs'), between(pair(1, 'a', 1), pair(2, 'b')), ONE)),
        ('get_slice', (b'm', parent('Super1'), names(b's', b't'), ONE)),
        ('get_count', (b'm', parent('Static1'), between(reverse=True), ONE)),
        ('multiget_slice', ([b'm', b'n'], parent('Ints'), between(int_bytes(1)), ONE)),
        ('get_range_slices', (parent('Static1'), between(), t.KeyRange(start_key=b'', end_key=b''),
                              ONE)),
        ('get_paged_slice', ('Ints', t.KeyRange(start_token='0', end_token='10'), b'', ONE)),
        ('batch_mutate', (rows, ONE)),
        ('remove', (b'm', path('Super1', b'x', b's'), 3, ONE)),
        ('system_add_column_family', (cf_def('Mangled', comparator_type='CompositeType(Int32Type)',
                                             column_metadata=[t.ColumnDef(b'ab', 'UTF8Type')]),)),
        ('system_drop_column_family', ('Mangled',)),
        ('describe_keyspace', (KEYSPACE,))])
    start = framed(recorded([('set_keyspace', (keyspace,))])[0])
    for _ in range(60):
        with raw(node) as s:
            s.sendall(start)
            read_frame(s)
            for _ in range(20):
                message = bytearray(rnd.choice(calls))
                for _ in range(rnd.randint(0, 3)):
                    at = rnd.randrange(4, len(message))
                    message[at] = rnd.choice((0, 1, 0xff, 0x7f, rnd.randrange(256)))
                try:
                    s.sendall(framed(message))
                    read_frame(s)
                except (EOFError, OSError):
                    break
        assert node.running
    put(client, b'm', 'Standard1', column(b'after'))
    assert b'after' in slice_of(client, b'm', 'Standard1')
