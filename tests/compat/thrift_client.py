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


@functools.lru_cache(maxsize=None)
def generated():
    """(module of the service, module of its types)"""
    if not shutil.which('thrift'):
        pytest.skip('the thrift compiler is not installed')
    out = tempfile.mkdtemp(prefix='ilion-thrift-')
    try:
        subprocess.run(['thrift', '--gen', 'py', '-out', out, str(IDL)], check=True)
        service = next(pathlib.Path(out).rglob('Cassandra.py'))
        package = '.'.join(service.parent.relative_to(out).parts)
        sys.path.insert(0, out)
        try:
            return (importlib.import_module(package + '.Cassandra'),
                    importlib.import_module(package + '.ttypes'))
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
