#!/usr/bin/python3
"""peer_test.py PEER THRIFT IDL: our codec against the code that Apache Thrift makes for Python.

Every method's arguments and result, with random values, both ways: what Python writes must come
back byte for byte and be understood field by field; what we write must mean to Python what it
means to us.
"""
import json
import random
import struct
import subprocess
import sys
import tempfile

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException, TMessageType, TType
from thrift.transport.TTransport import TMemoryBuffer

PEER, THRIFT, IDL = sys.argv[1:]
rnd = random.Random(20)


def random_value(ttype, arg, spec):
    if ttype == TType.BOOL:
        return rnd.random() < 0.5
    if ttype == TType.I32:
        return rnd.randint(-2**31, 2**31 - 1)
    if ttype == TType.I64:
        return rnd.randint(-2**63, 2**63 - 1)
    if ttype == TType.DOUBLE:
        return rnd.uniform(-1e9, 1e9)
    if ttype == TType.STRING:
        if spec == 'BINARY':
            return rnd.randbytes(rnd.choice((0, 1, 5, 300)))
        return ''.join(rnd.choice('aZ9_é漢😀') for _ in range(rnd.randint(0, 9)))
    if ttype == TType.STRUCT:
        return random_object(spec[0])
    if ttype == TType.LIST:
        return [random_value(spec[0], arg, spec[1]) for _ in range(rnd.randint(0, 3))]
    if ttype == TType.MAP:
        return {random_value(spec[0], arg, spec[1]): random_value(spec[2], arg, spec[3])
                for _ in range(rnd.randint(0, 3))}
    raise AssertionError(ttype)


def fields(cls):
    return [f for f in (cls.thrift_spec or ()) if f]


def random_object(cls):
    obj = cls.__new__(cls)
    for _, ttype, name, spec, default in fields(cls):
        value = random_value(ttype, name, spec)
        # A string with a default is never absent once it was read.
        optional = (cls.__name__, name) in OPTIONAL and not isinstance(default, str)
        obj.__dict__[name] = None if optional and rnd.random() < 0.4 else value
    return obj


def dump_value(ttype, spec, v):
    if ttype == TType.DOUBLE:
        return struct.unpack('>Q', struct.pack('>d', v))[0]
    if ttype == TType.STRING:
        return (v if isinstance(v, bytes) else v.encode()).hex()
    if ttype == TType.STRUCT:
        return dump(v)
    if ttype == TType.LIST:
        return [dump_value(spec[0], spec[1], x) for x in v]
    if ttype == TType.MAP:
        return [[dump_value(spec[0], spec[1], k), dump_value(spec[2], spec[3], x)]
                for k, x in v.items()]
    return v


def dump(obj):
    """As random_struct.c dumps it. Fields that are absent and have a default are left out."""
    return {name: dump_value(ttype, spec, getattr(obj, name))
            for _, ttype, name, spec, _ in fields(type(obj)) if getattr(obj, name) is not None}


def without_defaults(cls, d):
    """Drops what Python filled in by itself or would: it cannot tell these from absent."""
    out = {}
    for _, ttype, name, spec, default in fields(cls):
        if name not in d or (default is not None and (cls.__name__, name) in OPTIONAL
                             and d[name] == dump_value(ttype, spec, default)):
            continue
        out[name] = deep_without(ttype, spec, d[name])
    return out


def deep_without(ttype, spec, v):
    if ttype == TType.STRUCT:
        return without_defaults(spec[0], v)
    if ttype == TType.LIST:
        return [deep_without(spec[0], spec[1], x) for x in v]
    if ttype == TType.MAP:
        return [[k, deep_without(spec[2], spec[3], x)] for k, x in v]
    return v


def encode(name, mtype, seqid, obj):
    t = TMemoryBuffer()
    p = TBinaryProtocol(t)
    p.writeMessageBegin(name, mtype, seqid)
    obj.write(p)
    p.writeMessageEnd()
    return t.getvalue()


def decode(wire, cls):
    t = TMemoryBuffer(wire)
    p = TBinaryProtocol(t, strictRead=True)
    name, mtype, seqid = p.readMessageBegin()
    obj = cls()
    obj.read(p)
    assert t.read(1) == b'', 'bytes left'
    return name, mtype, seqid, obj


def peer(args, messages=()):
    data = b''.join(struct.pack('>I', len(m)) + m for m in messages)
    out = subprocess.run([PEER] + args, input=data, capture_output=True, check=True).stdout
    records, at = [], 0
    while at < len(out):
        n, = struct.unpack_from('>I', out, at)
        records.append(out[at + 4:at + 4 + n])
        at += 4 + n
    return list(zip(records[::2], records[1::2]))


def classes():
    found = {}
    for m in METHODS:
        for kind, mtype in (('args', TMessageType.CALL), ('result', TMessageType.REPLY)):
            found[f'{m}_{kind}'] = (m, mtype, getattr(Cassandra, f'{m}_{kind}'))
    return found


def test_python_to_us(rounds=30):
    sent = []
    for _ in range(rounds):
        for m, mtype, cls in classes().values():
            obj, seqid = random_object(cls), rnd.randint(-2**31, 2**31 - 1)
            sent.append((m, seqid, cls, obj, encode(m, mtype, seqid, obj)))
    answers = peer(['echo'], [s[-1] for s in sent])
    assert len(answers) == len(sent)
    for (m, seqid, cls, obj, wire), (again, text) in zip(sent, answers):
        assert again == wire, (cls, wire.hex(), again)
        got = json.loads(text)
        assert (got['name'], got['seqid']) == (m, seqid), got
        assert got['struct'].removesuffix('_reply') in (cls.__name__, m), got
        assert got['value'] == dump(obj), (got['value'], dump(obj))
    return len(sent)


def test_us_to_python(rounds=30):
    count = 0
    for seed in range(rounds):
        for wire, text in peer(['random', str(seed)]):
            said = json.loads(text)
            kind = 'args' if said['struct'].endswith('_args') else 'result'
            m, mtype, cls = classes()[f"{said['name']}_{kind}"]
            name, got_type, seqid, obj = decode(wire, cls)
            assert (name, got_type, seqid) == (m, mtype, said['seqid'])
            want = without_defaults(cls, said['value'])
            assert want == without_defaults(cls, dump(obj)), (want, dump(obj))
            count += 1
    return count


def test_application_exception():
    x = TApplicationException(TApplicationException.INTERNAL_ERROR, 'no')
    (text, empty), = peer(['echo'], [encode('get', TMessageType.EXCEPTION, 1, x)])
    assert (text, empty) == (b'6 no', b''), text


with tempfile.TemporaryDirectory() as dir_:
    subprocess.run([THRIFT, '--gen', 'py', '-out', dir_, IDL], check=True)
    subprocess.run([THRIFT, '--gen', 'json', '-out', dir_, IDL], check=True)
    sys.path.insert(0, dir_)
    sys.dont_write_bytecode = True
    from cassandra import Cassandra
    with open(f'{dir_}/ilion.json', encoding='utf-8') as f:
        idl = json.load(f)
    METHODS = [f['name'] for f in idl['services'][0]['functions']]
    assert len(METHODS) == 45
    OPTIONAL = {(s['name'], f['name']) for s in idl['structs'] for f in s['fields']
                if f['required'] == 'optional'}
    OPTIONAL |= {(f'{f["name"]}_result', x['name']) for f in idl['services'][0]['functions']
                 for x in f['exceptions'] + [{'name': 'success'}]}
    test_application_exception()
    print(test_python_to_us(), 'messages from Python,', test_us_to_python(), 'to Python')
