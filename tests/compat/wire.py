"""The CQL binary protocol spoken by hand, for what no driver would send."""
import socket
import struct

(ERROR, STARTUP, READY, OPTIONS, SUPPORTED, QUERY, RESULT, PREPARE, EXECUTE, REGISTER, BATCH) = (
    0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 13)
RESPONSE = 0x80
HEADER = struct.Struct('>BBhBI')
HELLO = struct.pack('>H', 1) + b''.join(
    struct.pack('>H', len(s)) + s for s in (b'CQL_VERSION', b'3.0.0'))


def frame(opcode, body=b'', stream=0, version=4, flags=0, length=None):
    return HEADER.pack(version, flags, stream, opcode,
                       len(body) if length is None else length) + body


def query(text, stream=0, consistency=1):
    text = text.encode()
    return frame(QUERY, struct.pack('>I', len(text)) + text + struct.pack('>HB', consistency, 0),
                 stream)


class Connection:
    """One socket to a node."""

    def __init__(self, node, port=None, timeout_s=10, receive_buffer=None, startup=True):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout_s)
        self.socket.connect((node.host, port or node.native_port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if startup:
            self.send(frame(STARTUP, HELLO))
            assert self.answer()[0] == READY

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, n):
        """n bytes, fewer only at the end of the stream."""
        data = b''
        while len(data) < n:
            try:
                part = self.socket.recv(n - len(data))
            except ConnectionResetError:
                part = b''
            if not part:
                break
            data += part
        return data

    def answer(self):
        """(opcode, stream, body), or None when the server has closed."""
        header = self.receive(HEADER.size)
        if len(header) < HEADER.size:
            return None
        _, _, stream, opcode, length = HEADER.unpack(header)
        return opcode, stream, self.receive(length)

    def ask(self, text):
        self.send(query(text))
        opcode, _, body = self.answer()
        assert opcode == RESULT, body
        return body

    def error(self):
        """(code, text) of the error that comes, or None when the server closes."""
        answer = self.answer()
        if answer is None:
            return None
        opcode, _, body = answer
        assert opcode == ERROR, answer
        code, n = struct.unpack_from('>IH', body)
        return code, body[6:6 + n].decode()

    def closed(self):
        """Whether the server closes; answers on the way are skipped."""
        while True:
            try:
                if not self.socket.recv(65536):
                    return True
            except ConnectionResetError:
                return True
            except socket.timeout:
                return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
