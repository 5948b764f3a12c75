"""The prepared paths take no memory from the heap: everything lives in pooled arenas."""
import pathlib
import shutil
import struct
import subprocess

import pytest

from conftest import ROOT

OPERATIONS = 20000
STRESS = ROOT / 'build' / 'tools' / 'ilion-stress'


@pytest.fixture
def counted(tmp_path, make_node):
    cc = shutil.which('cc')
    if not cc or not STRESS.is_file():
        pytest.skip('needs a C compiler and ilion-stress')
    shim, counter = tmp_path / 'count.so', tmp_path / 'count'
    source = pathlib.Path(__file__).with_name('malloc_count.c')
    subprocess.run([cc, '-shared', '-fPIC', '-O2', '-fno-builtin', '-o', shim, source], check=True)
    counter.write_bytes(bytes(8))
    node = make_node(environment={'LD_PRELOAD': str(shim), 'MALLOC_COUNT_FILE': str(counter)})
    node.allocations = lambda: struct.unpack('Q', counter.read_bytes())[0]
    return node


def stress(node, kind, wire, operations, *more):
    port = node.native_port if wire == 'native' else node.rpc_port
    subprocess.run([STRESS, kind, '-P', wire, '-p', str(port), '-c', '10', '-n', str(operations), '-k', '5000', '-s',
                    '-Q', *more], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize('wire', ['native', 'thrift'])
def test_prepared_paths_allocate_nothing(counted, wire):
    stress(counted, 'write', wire, 5000)
    assert counted.allocations() > 100, 'the counter counts nothing'
    for kind in ('write', 'read'):
        used = []
        for n in (OPERATIONS, 2 * OPERATIONS):
            before = counted.allocations()
            stress(counted, kind, wire, n, '-x')
            used.append(counted.allocations() - before)
        # The second run has as many connections and twice the operations.
        assert used[1] - used[0] < OPERATIONS / 100, (kind, used)
