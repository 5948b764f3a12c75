"""Debian's python3-cassandra against a node of the tests."""
import pytest

pytest.importorskip('cassandra', reason='python3-cassandra is not installed')

from cassandra import ConsistencyLevel  # noqa: E402
from cassandra.cluster import Cluster, EXEC_PROFILE_DEFAULT, ExecutionProfile  # noqa: E402
from cassandra.policies import FallthroughRetryPolicy, RoundRobinPolicy  # noqa: E402


def cluster_of(node, load_balancing=None, row_factory=None, **options):
    rows = {'row_factory': row_factory} if row_factory else {}
    profile = ExecutionProfile(
        consistency_level=ConsistencyLevel.ONE, request_timeout=30,
        load_balancing_policy=load_balancing or RoundRobinPolicy(),
        retry_policy=FallthroughRetryPolicy(), **rows)
    options.setdefault('protocol_version', 4)
    return Cluster([node.host], port=node.native_port,
                   execution_profiles={EXEC_PROFILE_DEFAULT: profile}, **options)


def keyspace_of(session, name):
    """Makes it, empty, and uses it."""
    session.execute(f'DROP KEYSPACE IF EXISTS {name}')
    session.execute(f"CREATE KEYSPACE {name} WITH replication = "
                    "{'class': 'SimpleStrategy', 'replication_factor': 1}")
    session.set_keyspace(name)
