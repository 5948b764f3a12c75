"""Starts that must not happen: one clear line on stderr, exit status 1, nothing touched."""
import hashlib
import os
import pathlib
import shutil
import socket
import subprocess
import zlib

import pytest

import conftest


@pytest.fixture
def fresh():
    """A node with a configuration of its own that was never started."""
    node = conftest.Node(conftest.require_program())
    yield node
    node.remove()


@pytest.fixture
def used(fresh):
    """A node that ran before."""
    fresh.start()
    assert fresh.stop() == 0
    return fresh


def snapshot(node, *without):
    """Every path under the node's directory with what it holds."""
    found = {}
    for path in sorted(pathlib.Path(node.dir).rglob('*')):
        name = str(path.relative_to(node.dir))
        if name.startswith(('output', 'system.log', *without)):
            continue
        found[name] = hashlib.md5(path.read_bytes()).hexdigest() if path.is_file() else 'directory'
    return found


def refused(node, *words, background=False):
    """Its one line on stderr; stdout is the console's log."""
    command = node.command()
    pid_file = os.path.join(node.dir, 'pid')
    if background:
        command.remove('-f')
    command += ['-p', pid_file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20,
                          stdin=subprocess.DEVNULL, cwd=node.dir)
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith('iliond: ')
    for word in words:
        assert str(word) in lines[0], lines[0]
    assert not os.path.exists(pid_file)
    return lines[0]


def yaml(node):
    return pathlib.Path(node.dir, 'conf', 'cassandra.yaml')


def change_yaml(node, old, new):
    text = yaml(node).read_text()
    assert old in text
    yaml(node).write_text(text.replace(old, new))


@pytest.mark.parametrize('background', (False, True), ids=('foreground', 'background'))
@pytest.mark.parametrize('which', ('native_port', 'rpc_port', 'admin_port'))
def test_port_in_use(used, which, background):
    before = snapshot(used)
    with socket.socket() as s:
        s.bind((used.host, getattr(used, which)))
        s.listen()
        refused(used, getattr(used, which), 'already in use', background=background)
    assert snapshot(used) == before
    used.start()
    assert used.stop() == 0


def test_port_in_use_before_the_first_start(fresh):
    with socket.socket() as s:
        s.bind((fresh.host, fresh.native_port))
        s.listen()
        refused(fresh, fresh.native_port, 'in use')
    assert not os.path.exists(os.path.join(fresh.dir, 'data'))
    fresh.start()


def test_data_directory_in_use(fresh):
    fresh.start()
    other = conftest.Node(conftest.require_program())
    try:
        change_yaml(other, other.dir + '/data', fresh.dir + '/data')
        refused(other, fresh.dir + '/data', 'another process')
        assert fresh.running
    finally:
        other.remove()


@pytest.mark.parametrize('directory', ('data', 'commitlog'))
@pytest.mark.parametrize('depth', (0, 1))
def test_unwritable_directory(fresh, directory, depth):
    """A file stands where the directory, or its parent, should be: even root cannot write there."""
    path = pathlib.Path(fresh.dir, directory)
    if depth:
        change_yaml(fresh, str(path), str(path / 'deeper'))
    path.write_text('in the way')
    before = snapshot(fresh, 'data', 'commitlog')
    refused(fresh, path)
    assert path.read_text() == 'in the way'
    assert snapshot(fresh, 'data', 'commitlog') == before


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write everywhere')
def test_read_only_directory(used):
    data = pathlib.Path(used.dir, 'data')
    before = snapshot(used)
    data.chmod(0o500)
    try:
        refused(used, data)
    finally:
        data.chmod(0o700)
    assert snapshot(used) == before


@pytest.mark.parametrize('background', (False, True), ids=('foreground', 'background'))
def test_foreign_cluster_name(used, background):
    before = snapshot(used, 'conf')
    change_yaml(used, "cluster_name: 'Compat'", "cluster_name: 'Another'")
    refused(used, 'Compat', 'Another', background=background)
    assert snapshot(used, 'conf') == before
    change_yaml(used, 'Another', 'Compat')
    used.start()


def test_foreign_partitioner(used):
    before = snapshot(used, 'conf')
    change_yaml(used, 'Murmur3Partitioner', 'RandomPartitioner')
    refused(used, 'Murmur3Partitioner', 'RandomPartitioner')
    assert snapshot(used, 'conf') == before


def test_newer_manifest(used):
    manifest = next(p for p in pathlib.Path(used.dir, 'data').rglob('*')
                    if p.is_file() and p.read_bytes()[:4] == b'ILMF')
    data = manifest.read_bytes()
    manifest.write_bytes(data[:4] + (99).to_bytes(4, 'big') + data[8:])
    before = snapshot(used)
    refused(used, manifest, 'format 99')
    assert snapshot(used) == before


def test_newer_commit_log(used):
    """Segments tell their format, too."""
    node = used
    node.start()
    node.kill()
    segments = [p for p in pathlib.Path(node.dir, 'commitlog').rglob('*')
                if p.is_file() and p.read_bytes()[:4] == b'ILCL']
    if not segments:
        pytest.fail('no commit log segment begins with ILCL')
    for p in segments:
        data = p.read_bytes()
        header = data[:4] + (99).to_bytes(4, 'big') + data[8:20]
        p.write_bytes(header + zlib.crc32(header).to_bytes(4, 'big') + data[24:])
    rewritten = 'data/MANIFEST'  # says the same as before
    before = snapshot(node, rewritten)
    refused(node, 'commitlog', '99')
    assert snapshot(node, rewritten) == before


@pytest.mark.parametrize('line, words', (
    ('no_such_key: 1', ('no_such_key',)),
    ('native_transport_port: many', ('native_transport_port', 'many')),
    ('native_transport_port: [1', ()),
    ('commitlog_sync: sometimes', ('commitlog_sync', 'sometimes')),
    ('endpoint_snitch: NoSuchSnitch', ('NoSuchSnitch',)),
    ('rpc_address: no.such.host.invalid', ('no.such.host.invalid',))))
def test_bad_configuration(fresh, line, words):
    text = yaml(fresh).read_text()
    key = line.partition(':')[0]
    kept = [t for t in text.splitlines() if not t.startswith(key + ':')]
    yaml(fresh).write_text('\n'.join(kept + [line]) + '\n')
    before = snapshot(fresh)
    refused(fresh, f'{yaml(fresh)}:', *words)
    assert snapshot(fresh) == before


def test_no_configuration_directory(fresh):
    shutil.rmtree(os.path.join(fresh.dir, 'conf'))
    refused(fresh, os.path.join(fresh.dir, 'conf'))


@pytest.mark.parametrize('arguments', (['--nonsense'], ['-c'], ['surplus']))
def test_bad_command_line(fresh, arguments):
    done = subprocess.run([str(fresh.path), *arguments], capture_output=True, text=True,
                          timeout=20, stdin=subprocess.DEVNULL, cwd=fresh.dir)
    assert done.returncode == 1
    assert done.stderr.startswith('iliond: ')
