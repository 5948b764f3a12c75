"""A running iliond for tests that speak to it as clients do.

Environment: ILIOND names the program; else build/server/iliond of this tree.
"""
import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

CONFIG = """\
cluster_name: 'Compat'
num_tokens: 4
partitioner: {partitioner}
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
start_rpc: true
start_native_transport: true
rpc_port: {rpc_port}
native_transport_port: {native_port}
storage_port: {storage_port}
data_file_directories:
    - {dir}/data
commitlog_directory: {dir}/commitlog
saved_caches_directory: {dir}/saved_caches
seed_provider:
    - class_name: org.apache.cassandra.locator.SimpleSeedProvider
      parameters:
          - seeds: "127.0.0.1"
"""


def program():
    path = pathlib.Path(os.environ.get('ILIOND', ROOT / 'build' / 'server' / 'iliond'))
    return path if path.is_file() else None


def free_ports(n):
    """Ports below those that the kernel gives to clients: none of them can be taken by a connection
    that happens to be made before the node listens."""
    sockets, ports = [], []
    while len(ports) < n:
        s, port = socket.socket(), random.randrange(10240, 32768)
        sockets.append(s)
        with contextlib.suppress(OSError):
            s.bind(('127.0.0.1', port))
            ports.append(port)
    for s in sockets:
        s.close()
    return ports


class Node:
    """One iliond with a data directory of its own."""

    START_S = 30

    def __init__(self, path, partitioner='Murmur3Partitioner', config='', properties=(),
                 environment=None):
        self.path = path
        self.dir = tempfile.mkdtemp(prefix='ilion-compat-')
        self.host = '127.0.0.1'
        self.rpc_port, self.native_port, self.storage_port, self.admin_port = free_ports(4)
        self.properties = list(properties)
        self.environment = dict(os.environ, **(environment or {}))
        self.process = None
        conf = pathlib.Path(self.dir, 'conf')
        conf.mkdir()
        conf.joinpath('cassandra.yaml').write_text(
            CONFIG.format(dir=self.dir, rpc_port=self.rpc_port, native_port=self.native_port,
                          storage_port=self.storage_port, partitioner=partitioner) + config)
        self.output = os.path.join(self.dir, 'output')

    def command(self):
        properties = [f'-Dcassandra.jmx.local.port={self.admin_port}',
                      f'-Dcassandra.logdir={self.dir}'] + self.properties
        return [str(self.path), '-f', '-c', os.path.join(self.dir, 'conf')] + properties

    def start(self):
        with open(self.output, 'ab') as out:
            self.process = subprocess.Popen(self.command(), stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL, cwd=self.dir,
                                            env=self.environment)
        end = time.monotonic() + self.START_S
        for port in (self.native_port, self.rpc_port, self.admin_port):
            while not self.answers(port):
                if self.process.poll() is not None:
                    raise RuntimeError('iliond ended at once:\n' + self.log())
                if time.monotonic() > end:
                    raise RuntimeError('iliond does not listen:\n' + self.log())
                time.sleep(0.02)
        return self

    def answers(self, port):
        try:
            socket.create_connection((self.host, port), 1).close()
            return True
        except OSError:
            return False

    def log(self):
        return pathlib.Path(self.output).read_text(errors='replace')[-4000:]

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """Ends it as an operator would; the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self):
        """A crash."""
        return self._end(signal.SIGKILL)

    def _end(self, how):
        if not self.running:
            return self.process.returncode if self.process else None
        self.process.send_signal(how)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError('iliond did not end:\n' + self.log())

    def restart(self):
        self.stop()
        return self.start()

    def remove(self):
        if self.running:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def require_program():
    path = program()
    if not path:
        pytest.skip('iliond is not built: build/server/iliond is missing (or set ILIOND)')
    return path


@pytest.fixture(scope='session')
def node():
    """One node for the whole session; .rpc_port .native_port .stop() .kill() .restart()."""
    n = Node(require_program())
    try:
        yield n.start()
        assert n.running, 'iliond ended by itself:\n' + n.log()
        assert n.stop() == 0, n.log()
    finally:
        n.remove()


@pytest.fixture
def make_node():
    """make_node(**options) starts a node of one's own."""
    path, made = require_program(), []

    def make(**options):
        made.append(Node(path, **options))
        return made[-1].start()

    yield make
    for n in made:
        n.remove()
