#!/usr/bin/python3
"""generate.py THRIFT IDL OUT.h OUT.c: C structs and codec tables from our Thrift IDL.

The Thrift compiler reads the IDL (its json output); this script only lays out what it found:
one C struct per Thrift struct, per method's arguments and per method's result, and for each a
row in the tables of table.h that drive the reader and the writer.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

WIRE = {'bool': 2, 'double': 4, 'i32': 8, 'i64': 10, 'string': 11, 'binary': 11, 'struct': 12,
        'exception': 12, 'map': 13, 'list': 15}
SCALAR_C = {'bool': 'bool', 'double': 'double', 'i32': 'int32_t', 'i64': 'int64_t'}
SCALAR_MIN = {'bool': 1, 'double': 8, 'i32': 4, 'i64': 8}


def snake(name):
    name = re.sub(r'([A-Z]+)([A-Z][a-z])', r'\1_\2', name)
    return re.sub(r'([a-z0-9])([A-Z])', r'\1_\2', name).lower()


def run_compiler(compiler, idl):
    with tempfile.TemporaryDirectory() as dir_:
        subprocess.run([compiler, '--gen', 'json', '-out', dir_, idl], check=True)
        base = os.path.splitext(os.path.basename(idl))[0]
        with open(os.path.join(dir_, base + '.json'), encoding='utf-8') as f:
            return json.load(f)


class Type:
    """A wire type and the C type that holds it. `name` is its spelling in identifiers."""

    def __init__(self, kind, name, c_name, least, key=None, elem=None, struct=None):
        self.kind, self.name, self.c_name, self.least = kind, name, c_name, least
        self.key, self.elem, self.struct = key, elem, struct
        self.wire = WIRE[kind]

    def row(self):
        if self.kind == 'struct':
            return (f'{{.wire = 12, .size = sizeof({self.c_name}), .least = {self.least}, '
                    f'.st = &{self.c_name}_desc}}')
        row = f'{{.wire = {self.wire}, .size = sizeof({self.c_name}), .least = {self.least}'
        if self.kind == 'list':
            row += f', .elem = &type_{self.elem.name}, .stride = sizeof({self.elem.c_name})'
        if self.kind == 'map':
            pair = self.c_name.replace('thrift_map_', 'thrift_pair_')
            row += (f', .key = &type_{self.key.name}, .elem = &type_{self.elem.name}, '
                    f'.stride = sizeof({pair}), .value_at = offsetof({pair}, value)')
        return row + '}'


class Field:
    def __init__(self, f, typ):
        self.id, self.wire_name, self.name = f['key'], f['name'], snake(f['name'])
        self.type = typ
        self.req = {'required': 'required', 'optional': 'optional'}.get(f['required'], 'default')
        self.default = f.get('default')
        optional = self.req == 'optional'
        self.pointer = optional and typ.kind == 'struct'
        self.has = optional and typ.kind not in ('struct', 'bytes')

    def must_be_read(self):
        return self.req == 'required' and self.default is None

    def initial(self):
        if self.default is None:
            return None
        if self.type.kind == 'bytes':
            return f'BYTES_LIT({json.dumps(self.default)})'
        return repr(self.default) if self.default else None

    def comment(self):
        what = self.req
        if self.req != 'required' and self.type.kind in ('struct', 'bytes'):
            what += ', NULL is absent'
        if self.default is not None:
            what += f', {json.dumps(self.default)} when absent'
        return f'/* {self.id}: {what} */'


class Struct:
    def __init__(self, wire_name, c_name, fields):
        self.wire_name, self.c_name = wire_name, c_name
        self.fields = sorted(fields, key=lambda f: f.id)
        assert len(self.fields) < 64
        self.least = 1 + sum(3 + f.type.least for f in self.fields if f.must_be_read())

    def definition(self):
        members = [(f'{f.type.c_name} {"*" if f.pointer else ""}{f.name};', f.comment())
                   for f in self.fields]
        members += [(f'bool has_{f.name};', '') for f in self.fields if f.has]
        lines = [f'    {m:<46} {c}'.rstrip() for m, c in members] or ['    char none;']
        return '\n'.join([f'typedef struct {self.c_name} {{'] + lines + [f'}} {self.c_name};'])

    def field_row(self, f):
        row = (f'{{.id = {f.id}, .bit = {self.fields.index(f)}, .type = &type_{f.type.name}, '
               f'.name = "{f.wire_name}", .offset = offsetof({self.c_name}, {f.name}), '
               f'.presence = ')
        if f.pointer:
            row += 'THRIFT_BY_POINTER'
        elif f.has:
            row += f'THRIFT_BY_FLAG, .has_at = offsetof({self.c_name}, has_{f.name})'
        elif f.type.kind == 'bytes' and f.req != 'required':
            row += 'THRIFT_BY_NULL'
        else:
            row += 'THRIFT_ALWAYS'
        return row + '}'

    def table(self):
        required = sum(1 << i for i, f in enumerate(self.fields) if f.must_be_read())
        initial = [f'.{f.name} = {f.initial()}' for f in self.fields if f.initial()]
        out = [f'const {self.c_name} {self.c_name}_default = {{{", ".join(initial) or 0}}};']
        rows = ',\n'.join('    ' + self.field_row(f) for f in self.fields)
        fields = 'NULL'
        if rows:
            fields = f'{self.c_name}_fields'
            out.append(f'static const thrift_field {fields}[] = {{\n{rows},\n}};')
        out.append(f'const thrift_struct {self.c_name}_desc = {{.name = "{self.wire_name}", '
                   f'.fields = {fields}, .n_fields = {len(self.fields)}, '
                   f'.size = sizeof({self.c_name}), .required = 0x{required:x}, '
                   f'.initial = &{self.c_name}_default}};')
        return '\n'.join(out)


class Model:
    def __init__(self, idl):
        self.types = {}      # by name, containers after what they contain
        self.structs = {}    # by Thrift name, in the order of the IDL
        self.order = []      # Types and Structs in the order in which C must see them
        self.enums = idl['enums']
        self.version = next(c['value'] for c in idl['constants'] if c['name'] == 'VERSION')
        for s in idl['structs']:
            self.add_struct(s['name'], 'thrift_' + snake(s['name']), s['fields'])
        service = idl['services'][0]
        self.methods = []
        for m in service['functions']:
            args = self.add_struct(m['name'] + '_args', f"thrift_{m['name']}_args",
                                   m['arguments'])
            fields = [dict(e, required='optional') for e in m['exceptions']]
            if m['returnTypeId'] != 'void':
                fields.append({'key': 0, 'name': 'success', 'typeId': m['returnTypeId'],
                               'type': m.get('returnType'), 'required': 'optional'})
            result = self.add_struct(m['name'] + '_result', f"thrift_{m['name']}_reply",
                                     fields)
            self.methods.append((m['name'], args, result))

    def add_struct(self, wire_name, c_name, fields):
        made = [Field(f, self.type_of(f['typeId'], f.get('type'))) for f in fields]
        s = Struct(wire_name, c_name, made)
        self.structs[wire_name] = s
        self.order.append(s)
        return s

    def type_of(self, type_id, detail):
        t = self.make_type(type_id, detail)
        if t.name not in self.types:
            self.types[t.name] = t
            if t.kind in ('list', 'map'):
                self.order.append(t)
        return self.types[t.name]

    def make_type(self, type_id, detail):
        if type_id in SCALAR_C:
            return Type(type_id, type_id, SCALAR_C[type_id], SCALAR_MIN[type_id])
        if type_id in ('string', 'binary'):
            t = Type('string', 'bytes', 'bytes', 4)
            t.kind = 'bytes'
            return t
        if type_id in ('struct', 'exception'):
            s = self.structs[detail['class']]
            return Type('struct', s.c_name.removeprefix('thrift_'), s.c_name, s.least, struct=s)
        if type_id == 'list':
            elem = self.type_of(detail['elemTypeId'], detail.get('elemType'))
            return Type('list', f'list_{elem.name}', f'thrift_list_{elem.name}', 5, elem=elem)
        if type_id == 'map':
            key = self.type_of(detail['keyTypeId'], detail.get('keyType'))
            val = self.type_of(detail['valueTypeId'], detail.get('valueType'))
            name = f'{key.name}_{val.name}'
            return Type('map', f'map_{name}', f'thrift_map_{name}', 6, key=key, elem=val)
        sys.exit(f'generate.py: type {type_id} is not known here; add it')


def container_definition(t):
    if t.kind == 'list':
        return f'typedef struct {t.c_name} {{\n    size_t n;\n    {t.elem.c_name} *v;\n}} {t.c_name};'
    pair = t.c_name.replace('thrift_map_', 'thrift_pair_')
    return (f'typedef struct {pair} {{\n    {t.key.c_name} key;\n    {t.elem.c_name} value;\n'
            f'}} {pair};\n\n'
            f'typedef struct {t.c_name} {{\n    size_t n;\n    {pair} *v;\n}} {t.c_name};')


def header(m):
    out = ['/* Made by generate.py from ilion.thrift; thrift.h says how to read it. */',
           '#pragma once', '#include "base/bytes.h"', '',
           f'#define THRIFT_VERSION "{m.version}"', '']
    for e in m.enums:
        prefix = 'THRIFT_' + snake(e['name']).upper()
        rows = [f"    {prefix}_{v['name']} = {v['value']}," for v in e['members']]
        out += [f"enum thrift_{snake(e['name'])} {{"] + rows + ['};', '']
    for o in m.order:
        out += [o.definition() if isinstance(o, Struct) else container_definition(o), '']
    out += ['/* A new struct starts as a copy of its default. */']
    for s in m.structs.values():
        out += [f'extern const {s.c_name} {s.c_name}_default;']
    out += ['', '/* X(name, NAME): one per method; the structs are thrift_<name>_args and',
            ' * thrift_<name>_reply, the number is THRIFT_METHOD_<NAME>. */',
            '#define THRIFT_METHODS(X) \\']
    out += [f'    X({n}, {n.upper()}) \\' for n, _, _ in m.methods]
    out += ['    /* end */', '', 'enum thrift_method {', '    THRIFT_METHOD_UNKNOWN,']
    out += [f'    THRIFT_METHOD_{n.upper()},' for n, _, _ in m.methods]
    out += ['    THRIFT_METHOD_COUNT', '};', '']
    return '\n'.join(out)


def find_hash(names):
    """Multipliers that give each method name its own slot of 256 (see method_find)."""
    for a in range(1, 256, 2):
        for b in range(1, 64):
            slots = {}
            for i, n in enumerate(names):
                h = (len(n) * a + ord(n[0]) * b + ord(n[len(n) // 2]) * 7 + ord(n[-1]) * 29
                     + ord(n[len(n) * 3 // 4]) * 3) & 255
                if h in slots:
                    break
                slots[h] = i + 1
            else:
                return a, b, [slots.get(i, 0) for i in range(256)]
    sys.exit('generate.py: no hash separates the method names')


def source(m):
    out = ['/* Made by generate.py from ilion.thrift. */', '#include "proto/thrift/table.h"', '']
    out += [f'extern const thrift_struct {s.c_name}_desc;' for s in m.structs.values()]
    out += [f'static const thrift_type type_{t.name};' for t in m.types.values()]
    out += [f'static const thrift_type type_{t.name} = {t.row()};' for t in m.types.values()]
    out += [s.table() for s in m.structs.values()]
    out += ['const thrift_struct *const thrift_structs[] = {']
    out += [f'    &{s.c_name}_desc,' for s in m.structs.values()] + ['};']
    out += [f'const size_t thrift_n_structs = {len(m.structs)};']
    out += ['const thrift_method_row thrift_methods[THRIFT_METHOD_COUNT] = {']
    for n, args, result in m.methods:
        out += [f'    [THRIFT_METHOD_{n.upper()}] = {{BYTES_LIT("{n}"), &{args.c_name}_desc, '
                f'&{result.c_name}_desc}},']
    a, b, slots = find_hash([n for n, _, _ in m.methods])
    out += ['};', 'enum thrift_method thrift_method_find(bytes name)', '{',
            f'    static const uint8_t slots[256] = {{{", ".join(map(str, slots))}}};',
            '    if (name.n == 0)', '        return THRIFT_METHOD_UNKNOWN;',
            '    const uint8_t *p = name.p;', '    size_t n = name.n;',
            f'    uint8_t h = (uint8_t)(n * {a} + p[0] * {b}u + p[n / 2] * 7u + p[n - 1] * 29u',
            '                          + p[n * 3 / 4] * 3u);',
            '    enum thrift_method m = slots[h];',
            '    return m && bytes_eq(thrift_methods[m].name, name) ? m : THRIFT_METHOD_UNKNOWN;',
            '}', '']
    return '\n'.join(out)


def main():
    compiler, idl, out_h, out_c = sys.argv[1:]
    m = Model(run_compiler(compiler, idl))
    with open(out_h, 'w', encoding='utf-8') as f:
        f.write(header(m))
    with open(out_c, 'w', encoding='utf-8') as f:
        f.write(source(m))


main()
