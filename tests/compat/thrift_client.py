"""Apache Thrift's Python client, made from our IDL where the tests run."""
import contextlib
import functools
import importlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

pytest.importorskip('thrift', reason='python3-thrift is not installed')

from thrift.protocol.TBinaryProtocol import TBinaryProtocol  # noqa: E402
from thrift.transport import TSocket, TTransport  # noqa: E402

IDL = pathlib.Path(__file__).resolve().parents[2] / 'proto' / 'thrift' / 'ilion.thrift'
PACKAGE = 'cassandra_thrift'


@functools.lru_cache(maxsize=None)
def generated():
    """(module of the service, module of its types)"""
    if not shutil.which('thrift'):
        pytest.skip('the thrift compiler is not installed')
    out = tempfile.mkdtemp(prefix='ilion-thrift-')
    try:
        # 'cassandra' is the package of the CQL driver that other tests here import.
        idl = pathlib.Path(out, IDL.name)
        idl.write_text(IDL.read_text().replace('namespace py cassandra',
                                               f'namespace py {PACKAGE}'))
        subprocess.run(['thrift', '--gen', 'py', '-out', out, str(idl)], check=True)
        sys.path.insert(0, out)
        try:
            return (importlib.import_module(PACKAGE + '.Cassandra'),
                    importlib.import_module(PACKAGE + '.ttypes'))
        finally:
            sys.path.remove(out)
    finally:
        shutil.rmtree(out)


def connect(node, keyspace=None, framed=True, timeout_s=20):
    service, _ = generated()
    sock = TSocket.TSocket(node.host, node.rpc_port)
    sock.setTimeout(timeout_s * 1000)
    wrap = TTransport.TFramedTransport if framed else TTransport.TBufferedTransport
    transport = wrap(sock)
    client = service.Client(TBinaryProtocol(transport))
    transport.open()
    client.close = transport.close
    if keyspace:
        client.set_keyspace(keyspace)
    return client


@contextlib.contextmanager
def connected(node, keyspace=None, **options):
    client = connect(node, keyspace, **options)
    try:
        yield client
    finally:
        client.close()
