"""The customers session, word for word, through every client, over a crash and a clean stop."""
import pytest

import clients

CREATE_KEYSPACE = ("CREATE KEYSPACE customers_ks WITH REPLICATION = "
                   "{'class':'SimpleStrategy','replication_factor':3}")
CREATE_TABLE = ('CREATE TABLE Customers(customer_id int PRIMARY KEY, firstname text, '
                'lastname text)')
INSERT = "INSERT INTO Customers(customer_id, firstname, lastname) VALUES(%d, '%s', 'Doe')"
ALL = 'SELECT * FROM customers_ks.Customers'
NEVER = "INSERT INTO customers_ks.Customers(customer_id, firstname) VALUES(9, 'Never')"
PREPARED_INSERT = ('INSERT INTO customers_ks.Customers(customer_id, firstname, lastname) '
                   'VALUES(?, ?, ?)')
PREPARED_SELECT = 'SELECT firstname FROM customers_ks.Customers WHERE customer_id = ?'
COLUMNS = ['customer_id', 'firstname', 'lastname']
# In the order of Murmur3Partitioner's tokens.
ROWS = [[5, 'Zoë', 'Prepared'], [1, 'John', 'Doe'], [2, 'Jane', 'Doe'], [4, 'Any', 'Prepared'],
        [3, 'Local', 'Prepared']]


class PythonDriver:
    """Debian's python3-cassandra."""

    def __init__(self, port='native_port', **options):
        pytest.importorskip('cassandra', reason='python3-cassandra is not installed')
        self.port, self.options = port, options
        compression = options.get('compression')
        if isinstance(compression, str):
            pytest.importorskip(compression, reason=f'python3-{compression} is not installed')

    def run(self, node, stage):
        from cassandra import ConsistencyLevel, Unavailable
        from cassandra.cluster import Cluster, ExecutionProfile, EXEC_PROFILE_DEFAULT
        from cassandra.policies import FallthroughRetryPolicy, RoundRobinPolicy
        from cassandra.query import SimpleStatement
        one = ExecutionProfile(consistency_level=ConsistencyLevel.ONE, request_timeout=20,
                               load_balancing_policy=RoundRobinPolicy(),
                               retry_policy=FallthroughRetryPolicy())
        cluster = Cluster([node.host], port=getattr(node, self.port),
                          execution_profiles={EXEC_PROFILE_DEFAULT: one}, **self.options)
        answer = {}

        def unavailable(text):
            try:
                session.execute(SimpleStatement(text, consistency_level=ConsistencyLevel.QUORUM))
            except Unavailable as e:
                return [e.required_replicas, e.alive_replicas]

        with clients.Warnings('cassandra') as lines:
            try:
                session = cluster.connect()
                if stage == 'write':
                    for text in (CREATE_KEYSPACE, 'USE customers_ks', CREATE_TABLE,
                                 INSERT % (1, 'John'), INSERT % (2, 'Jane')):
                        session.execute(text)
                    insert = session.prepare(PREPARED_INSERT)
                    for id, first, level in ((3, 'Local', 'LOCAL_ONE'), (4, 'Any', 'ANY'),
                                             (5, 'Zoë', 'ONE')):
                        bound = insert.bind((id, first, 'Prepared'))
                        bound.consistency_level = getattr(ConsistencyLevel, level)
                        session.execute(bound)
                    answer['unavailable_write'] = unavailable(NEVER)
                    answer['unavailable_read'] = unavailable(ALL)
                result = session.execute(ALL)
                answer['columns'] = result.column_names
                answer['rows'] = [list(row) for row in result]
                prepared = session.prepare(PREPARED_SELECT)
                answer['prepared'] = session.execute(prepared, (5,)).one().firstname
            finally:
                cluster.shutdown()
        # Whatever the newest version of a server is, the search for it is told as a warning.
        return dict(answer, warnings=[line for line in lines
                                      if not line.startswith('Downgrading core protocol')])


class Thrift:
    """execute_cql3_query and its prepared sister through Apache Thrift's Python library."""

    def __init__(self, framed=True):
        import thrift_client
        self.framed = framed
        self.connected = thrift_client.connected
        self.types = thrift_client.generated()[1]

    def run(self, node, stage):
        t, answer = self.types, {'warnings': []}
        one, plain = t.ConsistencyLevel.ONE, t.Compression.NONE

        def cql(text, level=one):
            return client.execute_cql3_query(text.encode(), plain, level)

        def values(rows):
            return [[int.from_bytes(c.value, 'big', signed=True) if c.name == b'customer_id'
                     else c.value.decode() for c in row.columns] for row in rows]

        def unavailable(text):
            try:
                cql(text, t.ConsistencyLevel.QUORUM)
            except t.UnavailableException:
                return 'unavailable'

        with self.connected(node, framed=self.framed) as client:
            if stage == 'write':
                for text in (CREATE_KEYSPACE, 'USE customers_ks', CREATE_TABLE,
                             INSERT % (1, 'John'), INSERT % (2, 'Jane')):
                    assert cql(text).type == t.CqlResultType.VOID
                insert = client.prepare_cql3_query(PREPARED_INSERT.encode(), plain).itemId
                for id, first, level in ((3, 'Local', 'LOCAL_ONE'), (4, 'Any', 'ANY'),
                                         (5, 'Zoë', 'ONE')):
                    client.execute_prepared_cql3_query(
                        insert, [id.to_bytes(4, 'big'), first.encode(), b'Prepared'],
                        getattr(t.ConsistencyLevel, level))
                answer['unavailable_write'] = unavailable(NEVER)
                answer['unavailable_read'] = unavailable(ALL)
            rows = cql(ALL).rows
            answer['columns'] = [c.name.decode() for c in rows[0].columns]
            answer['rows'] = values(rows)
            select = client.prepare_cql3_query(PREPARED_SELECT.encode(), plain).itemId
            result = client.execute_prepared_cql3_query(select, [(5).to_bytes(4, 'big')], one)
            answer['prepared'] = values(result.rows)[0][0]
        return answer


class Program:
    """A client program in another language."""

    def __init__(self, command, port, **env):
        self.command, self.port, self.env = command, port, env

    def run(self, node, stage):
        return clients.run_program(self.command, node, getattr(node, self.port), stage, **self.env)


def node_js(program, package, port):
    modules = clients.npm(package) / 'node_modules'
    return Program(['node', clients.PROGRAMS / program], port, NODE_PATH=str(modules))


def gocql(driver):
    return Program([clients.go_program('gocql', driver)], 'native_port')


CLIENTS = {
    'python-v4': lambda: PythonDriver(protocol_version=4),
    'python-v3': lambda: PythonDriver(protocol_version=3),
    'python-negotiated': PythonDriver,
    'python-lz4': lambda: PythonDriver(compression='lz4'),
    'python-snappy': lambda: PythonDriver(compression='snappy'),
    'python-on-thrift-port': lambda: PythonDriver(port='rpc_port', protocol_version=4),
    'thrift-framed': Thrift,
    'thrift-unframed': lambda: Thrift(framed=False),
    'npm-cassandra-driver': lambda: node_js('cassandra_driver.js', 'cassandra-driver@4',
                                            'native_port'),
    'npm-helenus': lambda: node_js('helenus.js', 'helenus@0.6', 'rpc_port'),
    'gocql-debian': lambda: gocql(clients.GOCQL[0]),
    'gocql-1': lambda: gocql(clients.GOCQL[1]),
    'gocql-2': lambda: gocql(clients.GOCQL[2]),
    'java-driver': lambda: Program(clients.java_program('Customers'), 'native_port'),
}
# Their exceptions carry the counts only in the binary protocol.
UNAVAILABLE = {'thrift-framed': 'unavailable', 'thrift-unframed': 'unavailable',
               'npm-helenus': 'unavailable'}


def shows_customers(answer):
    assert answer['columns'] == COLUMNS
    assert answer['rows'] == ROWS
    assert answer['prepared'] == 'Zoë'
    assert answer['warnings'] == []


@pytest.mark.parametrize('name', CLIENTS)
def test_customers(name, make_node):
    client = CLIENTS[name]()
    node = make_node()
    answer = client.run(node, 'write')
    shows_customers(answer)
    expected = UNAVAILABLE.get(name, [2, 1])
    assert answer['unavailable_write'] == expected
    assert answer['unavailable_read'] == expected

    node.kill()
    node.start()
    shows_customers(client.run(node, 'read'))

    assert node.stop() == 0
    node.start()
    shows_customers(client.run(node, 'read'))
