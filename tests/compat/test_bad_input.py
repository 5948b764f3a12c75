"""Bytes that no client should send, crowds and laggards, while others go on working.

A witness works through each test: its answers stay right and come in time; the daemon lives and
its memory stays bounded.
"""
import contextlib
import pathlib
import random
import resource
import socket
import struct
import threading
import time

import pytest

import clients
import wire
from wire import Connection, HELLO, frame, query

PROTOCOL_ERROR = 0x000A
MEBI = 1024
IDLE_KIB = 64 * MEBI  # what a node may use over its size at the start when all is over


def raise_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@pytest.fixture(scope='module')
def target():
    """A node that these tests may torment."""
    import conftest
    raise_descriptors()
    node = conftest.Node(conftest.require_program()).start()
    with Connection(node) as c:
        c.ask("CREATE KEYSPACE bad WITH replication = "
              "{'class': 'SimpleStrategy', 'replication_factor': 1}")
        c.ask('CREATE TABLE bad.t (k int PRIMARY KEY, v blob)')
        c.ask('INSERT INTO bad.t (k, v) VALUES (1, 0xCAFE)')
        c.ask('INSERT INTO bad.t (k, v) VALUES (2, 0x%s)' % ('ab' * 1_000_000))
    yield node
    assert node.running, node.log()
    assert node.stop() == 0
    node.remove()


def bounded(node, condition, what):
    """Not asked of a daemon built with a sanitizer, which keeps freed memory back."""
    if not condition:
        status = pathlib.Path(f'/proc/{node.process.pid}/status').read_text()
        reserved_kib = int(status.split('VmPeak:')[1].split()[0])
        assert reserved_kib > 1 << 30, what  # shadow memory


class Witness:
    """Another client that goes on working."""

    def __init__(self, node):
        self.node, self.asked, self.slowest_s, self.failure = node, 0, 0, None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            with Connection(self.node) as c:
                while not self.over.is_set():
                    started = time.monotonic()
                    assert b'\xca\xfe' in c.ask('SELECT v FROM bad.t WHERE k = 1')
                    self.slowest_s = max(self.slowest_s, time.monotonic() - started)
                    self.asked += 1
                    time.sleep(0.005)
        except Exception as e:
            self.failure = e


@contextlib.contextmanager
def others_go_on(node, grows_kib=IDLE_KIB):
    w = Witness(node)
    before, _ = clients.rss_kib(node.process.pid)
    w.thread.start()
    try:
        yield w
    finally:
        time.sleep(0.1)
        w.over.set()
        w.thread.join()
    assert node.running, node.log()
    assert w.failure is None, w.failure
    assert w.asked > 3 and w.slowest_s < 3, (w.asked, w.slowest_s)
    with Connection(node) as c:  # and newcomers are served
        c.ask('SELECT v FROM bad.t WHERE k = 1')
    after, peak = clients.rss_kib(node.process.pid)
    bounded(node, after - before < grows_kib, f'{before} -> {after} KiB, peak {peak}')


# ---- bytes ----

def test_random_bytes(target):
    rng = random.Random(1)
    with others_go_on(target):
        for i in range(600):
            port = (target.native_port, target.rpc_port, target.admin_port)[i % 3]
            with Connection(target, port, startup=False) as c:
                with contextlib.suppress(OSError):
                    c.send(rng.randbytes(rng.choice((1, 8, 9, 50, 5000))))
                    if i % 2:
                        c.socket.shutdown(socket.SHUT_WR)
                        assert c.closed()


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data))
        kind = rng.randrange(4)
        if kind == 0:
            data[at] = rng.randrange(256)
        elif kind == 1:
            data[at] = rng.choice((0, 1, 0x7f, 0x80, 0xff))
        elif kind == 2 and len(data) > 10:
            del data[at:at + rng.randint(1, 8)]
        else:
            data[at:at] = rng.randbytes(rng.randint(1, 8))
    return bytes(data)


def good_messages():
    long = struct.pack('>I', 30)
    return [
        frame(wire.OPTIONS), frame(wire.STARTUP, HELLO),
        query('SELECT v FROM bad.t WHERE k = 1'), query("INSERT INTO bad.t (k) VALUES (3)"),
        frame(wire.PREPARE, long + b'SELECT v FROM bad.t WHERE k= ?'),
        frame(wire.EXECUTE, struct.pack('>H', 16) + bytes(16) + struct.pack('>HBHI', 1, 1, 1, 4) +
              bytes(4)),
        frame(wire.REGISTER, struct.pack('>HH', 1, 13) + b'SCHEMA_CHANGE'),
        frame(wire.BATCH, struct.pack('>BHB', 0, 1, 0) + struct.pack('>I', 32) +
              b'INSERT INTO bad.t (k) VALUES (4)' + struct.pack('>HHB', 0, 1, 0)),
    ]


def test_mutated_frames(target):
    """Lengths are made right again, so that the bodies are read."""
    rng = random.Random(2)
    messages = good_messages()
    with others_go_on(target):
        for _ in range(150):
            with Connection(target) as c:
                with contextlib.suppress(OSError):
                    for _ in range(10):
                        m = mutate(rng, rng.choice(messages))
                        if rng.randrange(4) and len(m) >= 9:
                            m = b'\x04\0' + m[2:5] + struct.pack('>I', len(m) - 9) + m[9:]
                        c.send(m)


def test_truncated_frames(target):
    with others_go_on(target):
        for message in good_messages():
            for n in range(0, len(message), 3):
                with Connection(target) as c:
                    c.send(message[:n])
                    c.socket.shutdown(socket.SHUT_WR)
                    assert c.closed()


def test_frame_over_the_limit(target):
    with others_go_on(target):
        for length in (256 * 2**20 + 1, 2**31 - 1, 2**31, 2**32 - 1):
            with Connection(target) as c:
                c.send(frame(wire.QUERY, b'', length=length))
                code, text = c.error()
                assert code == PROTOCOL_ERROR and 'length' in text
                assert c.closed()


def test_promised_bytes_take_no_memory(target):
    """A length is no reason to set memory aside."""
    held = [Connection(target) for _ in range(200)]
    with others_go_on(target):
        for c in held:
            c.send(frame(wire.QUERY, b'x' * 100, length=255 * 2**20))
        time.sleep(0.3)
        rss, _ = clients.rss_kib(target.process.pid)
        bounded(target, rss < 200 * MEBI, rss)
        for c in held:
            c.close()


def test_unknown_opcodes_and_versions(target):
    with others_go_on(target):
        for opcode in (0, 2, 3, 6, 8, 12, 14, 16, 100, 255):
            with Connection(target) as c:
                c.send(frame(opcode, b'\0\0'))
                code, _ = c.error()
                assert code == PROTOCOL_ERROR
        for version in (0, 1, 2, 5, 6, 7, 65, 66, 127):
            with Connection(target, startup=False) as c:
                c.send(frame(wire.OPTIONS, version=version, stream=7))
                answer = c.receive(400)
                assert b'unsupported protocol version' in answer, (version, answer)
                if version > 2:  # gocql 2 looks for it on stream 0, where Cassandra tells it
                    assert answer[2:4] == b'\0\0'
        with Connection(target, startup=False) as c:  # a response from a client
            c.send(frame(wire.OPTIONS, version=0x84))
            assert c.error()[0] == PROTOCOL_ERROR
        with Connection(target) as c:  # another version in between
            c.send(frame(wire.OPTIONS, version=3))
            assert c.error()[0] == PROTOCOL_ERROR
        with Connection(target, startup=False) as c:  # a query before STARTUP
            c.send(query('SELECT * FROM bad.t'))
            assert c.error()[0] == PROTOCOL_ERROR
        with Connection(target) as c:  # a compressed frame where none was agreed on
            c.send(frame(wire.QUERY, b'\xff' * 20, flags=1))
            assert c.error()[0] == PROTOCOL_ERROR


def test_bodies_that_make_no_sense(target):
    def body(text, params=b'\0\1\0'):
        return struct.pack('>I', len(text)) + text + params

    system = b'SELECT key FROM system.local'
    refused = [
        (body(b"SELECT '\xff\xfe' FROM system.local"), b'Cannot decode string as UTF8'),
        (body(b'CREATE TABLE bad.t ("\xff" int PRIMARY KEY)'), b'Cannot decode string as UTF8'),
        (body(system, struct.pack('>HBi', 1, 4, 0)), b'The page size cannot be 0'),
        (body(system, struct.pack('>HBq', 1, 0x20, -2**63)), b'Out of bound timestamp'),
    ]
    with others_go_on(target), Connection(target) as c:
        for request, sentence in refused:
            c.send(frame(wire.QUERY, request))
            opcode, _, answer = c.answer()
            assert opcode == wire.ERROR and sentence in answer, answer
        for name in (b'SCHEMA_CHANGE', b'schema_change'):
            c.send(frame(wire.REGISTER, struct.pack('>HH', 1, len(name)) + name))
            assert c.answer()[0] == wire.READY


def test_lengths_inside_a_body(target):
    with others_go_on(target):
        for body in (struct.pack('>i', -1), struct.pack('>i', 2**31 - 1) + b'x',
                     struct.pack('>I', 8) + b'SELECT 1',  # no consistency
                     struct.pack('>I', 8) + b'SELECT 1' + struct.pack('>HBH', 1, 1, 65535),
                     struct.pack('>I', 8) + b'SELECT 1' + struct.pack('>HBHi', 1, 1, 1, -3),
                     struct.pack('>I', 8) + b'SELECT 1' + struct.pack('>HBi', 1, 4, -5),
                     struct.pack('>I', 8) + b'SELECT 1' + struct.pack('>HB', 99, 0),
                     b''):
            with Connection(target) as c:
                c.send(frame(wire.QUERY, body))
                assert c.answer()[0] == wire.ERROR, body
        deep = '[' * 20_000 + ']' * 20_000
        with Connection(target) as c:
            c.send(query(f'INSERT INTO bad.t (k, v) VALUES (1, {deep})'))
            assert c.answer()[0] == wire.ERROR
            c.send(query('SELECT ' + '(' * 50_000))
            assert c.answer()[0] == wire.ERROR


def test_thrift_lengths(target):
    call = b'\x80\x01\x00\x01\0\0\0\x10describe_version\0\0\0\x01'
    with others_go_on(target):
        for message in (
                struct.pack('>I', 2**31 - 1) + call, struct.pack('>I', 2**24 + 1) + call,
                struct.pack('>I', 0), struct.pack('>I', len(call)) + call,
                struct.pack('>I', len(call) + 7) + call + b'\x0f\0\x01\x0c\x7f\xff\xff',
                struct.pack('>I', 12) + b'\x80\x01\x00\x01\x7f\xff\xff\xffabcd',
                call + b'\x0d\0\x01\x0b\x0b\x7f\xff\xff\xff',
                b'\x80\x01\x00\x01\xff\xff\xff\xff'):
            with Connection(target, target.rpc_port, startup=False) as c:
                c.send(message)
                c.socket.shutdown(socket.SHUT_WR)
                assert c.closed()


def test_half_open(target):
    """Clients that vanish in the middle, with an RST or without a word."""
    reset = struct.pack('ii', 1, 0)
    with others_go_on(target):
        for i in range(300):
            c = Connection(target, startup=i % 2 == 0)
            c.send(query('SELECT v FROM bad.t WHERE k = 2')[:i % 60] if i % 3 else
                   query('SELECT v FROM bad.t WHERE k = 2'))
            if i % 2:
                c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            c.close()


# ---- crowds and laggards ----

def test_ten_thousand_idle_connections(target):
    wanted = min(10_000, raise_descriptors() - 1000)
    before, _ = clients.rss_kib(target.process.pid)
    idle = []
    try:
        with others_go_on(target, grows_kib=IDLE_KIB + wanted * 16):
            for i in range(wanted):
                s = socket.create_connection(
                    (target.host, (target.native_port, target.rpc_port)[i % 2]), 10)
                if i % 10 == 0:
                    s.sendall(frame(wire.STARTUP, HELLO))
                idle.append(s)
            for s in idle[::10]:
                assert s.recv(100)[4] == wire.READY
            during, _ = clients.rss_kib(target.process.pid)
            bounded(target, (during - before) / wanted < 24, f'{before} -> {during} KiB')
    finally:
        for s in idle:
            s.close()
    deadline = time.monotonic() + 5
    while clients.rss_kib(target.process.pid)[0] - before > wanted * 16 + IDLE_KIB:
        if time.monotonic() > deadline:
            bounded(target, False, 'memory of clients that have left')
            break
        time.sleep(0.1)


def test_readers_that_never_read(target):
    """Each asks for a gigabyte and reads nothing of it."""
    held = []
    with others_go_on(target, grows_kib=300 * MEBI):
        for _ in range(8):
            c = Connection(target, receive_buffer=4096)
            c.socket.setblocking(False)
            requests = b''.join(query('SELECT v FROM bad.t WHERE k = 2', stream=i)
                                for i in range(1000))
            with contextlib.suppress(BlockingIOError):
                c.socket.send(requests)
            held.append(c)
        time.sleep(1)
        rss, peak = clients.rss_kib(target.process.pid)
        for c in held:
            c.close()
        bounded(target, peak < 300 * MEBI, f'{rss} KiB, peak {peak}')


def test_thrift_readers_that_never_read(target):
    text = b'SELECT v FROM bad.t WHERE k = 2'
    call = (b'\x80\x01\0\x01' + struct.pack('>I', 18) + b'execute_cql3_query' + bytes(4) +
            b'\x0b\0\x01' + struct.pack('>I', len(text)) + text +
            b'\x08\0\x02\0\0\0\x02' + b'\x08\0\x03\0\0\0\x01' + b'\0')
    request = struct.pack('>I', len(call)) + call
    with Connection(target, target.rpc_port, startup=False) as c:  # it is a good request
        c.send(request)
        assert struct.unpack('>I', c.receive(4))[0] > 1_000_000
    held = []
    with others_go_on(target, grows_kib=150 * MEBI):
        before, _ = clients.rss_kib(target.process.pid)
        for _ in range(8):
            c = Connection(target, target.rpc_port, receive_buffer=4096, startup=False)
            c.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                c.socket.send(request * 1000)
            held.append(c)
        time.sleep(0.5)
        during, _ = clients.rss_kib(target.process.pid)
        bounded(target, during - before < 150 * MEBI, f'{before} -> {during} KiB')
        for c in held:
            c.close()


def test_a_slow_reader_gets_everything(target):
    with others_go_on(target, grows_kib=300 * MEBI), Connection(target) as c:
        for i in range(30):
            c.send(query('SELECT v FROM bad.t WHERE k = 2', stream=i))
        seen = set()
        for _ in range(30):
            time.sleep(0.01)
            opcode, stream, body = c.answer()
            assert opcode == wire.RESULT and len(body) > 1_000_000
            seen.add(stream)
        assert seen == set(range(30))


def test_slow_writers(target):
    """Requests that arrive byte by byte, in many connections at once."""
    message = query('SELECT v FROM bad.t WHERE k = 1')
    with others_go_on(target):
        slow = [Connection(target) for _ in range(100)]
        for i in range(len(message)):
            for c in slow:
                c.send(message[i:i + 1])
            time.sleep(0.001)
        for c in slow:
            opcode, _, body = c.answer()
            assert opcode == wire.RESULT and b'\xca\xfe' in body
            c.close()


def test_more_requests_than_may_run(target):
    """Five thousand in one go are answered, each once."""
    with others_go_on(target), Connection(target) as c:
        requests = b''.join(query('SELECT v FROM bad.t WHERE k = 1', stream=i)
                            for i in range(5000))
        sender = threading.Thread(target=c.send, args=(requests,))
        sender.start()
        assert sorted(c.answer()[1] for _ in range(5000)) == list(range(5000))
        sender.join()


def test_connections_that_come_and_go(target):
    with others_go_on(target):
        for i in range(1500):
            s = socket.create_connection(
                (target.host, (target.native_port, target.rpc_port)[i % 2]), 10)
            s.close()
