#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "model/consistency.h"
#include "types_gen.h"

static arena A;
static err_info E;

static const type *find_address(const type_resolver *r, const char *keyspace, const char *name)
{
    static const type *args[2];
    static const char *const fields[] = {"street", "No"};
    static type address = {.kind = TYPE_UDT,
                           .n_args = 2,
                           .args = args,
                           .keyspace = "ks",
                           .name = "address",
                           .fields = fields};
    (void)r;
    args[0] = type_native(TYPE_TEXT);
    args[1] = type_native(TYPE_INT);
    return strcmp(keyspace, "ks") == 0 && strcmp(name, "address") == 0 ? &address : NULL;
}
static const type_resolver resolver = {find_address, "ks"};

static const type *cql(const char *name)
{
    const type *t;
    if (type_parse_cql(&A, bytes_str(name), &resolver, &t, &E) < 0)
        fail_msg("%s: %s", name, E.text);
    return t;
}

#define M "org.apache.cassandra.db.marshal."

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *in, *cql, *class_name;
    } v[] = {
        {"int", "int", M "Int32Type"},
        {" VarChar ", "text", M "UTF8Type"},
        {"list<int>", "list<int>", M "ListType(" M "Int32Type)"},
        {"map<text,frozen<list<int>>>", "map<text, frozen<list<int>>>",
         M "MapType(" M "UTF8Type," M "FrozenType(" M "ListType(" M "Int32Type)))"},
        {"frozen<map<text, list<int>>>", "frozen<map<text, frozen<list<int>>>>",
         M "FrozenType(" M "MapType(" M "UTF8Type," M "ListType(" M "Int32Type)))"},
        {"tuple<int, set<text>>", "frozen<tuple<int, frozen<set<text>>>>",
         M "TupleType(" M "Int32Type," M "FrozenType(" M "SetType(" M "UTF8Type)))"},
        {"address", "address",
         M "UserType(ks,61646472657373,737472656574:" M "UTF8Type,4e6f:" M "Int32Type)"},
        {"frozen<ks.address>", "frozen<address>",
         M "FrozenType(" M "UserType(ks,61646472657373,737472656574:" M "UTF8Type,4e6f:" M
           "Int32Type))"},
        {"'com.example.Thing'", "'com.example.Thing'", "com.example.Thing"},
        {"'LexicalUUIDType'", "'" M "LexicalUUIDType'", M "LexicalUUIDType"},
        {"'CompositeType(UTF8Type,LongType)'", "'" M "CompositeType(" M "UTF8Type," M "LongType)'",
         M "CompositeType(" M "UTF8Type," M "LongType)"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        const type *t = cql(v[i].in), *back;
        assert_string_equal(type_cql_name(&A, t), v[i].cql);
        assert_string_equal(type_class_name(&A, t), v[i].class_name);
        assert_true(type_equal(t, cql(v[i].cql)));
        assert_int_equal(type_parse_class(&A, bytes_str(v[i].class_name), &back, NULL, &E), 0);
        assert_true(type_equal(t, back));
    }
}

static void wrong_cql_names(void **state)
{
    (void)state;
    static const struct {
        const char *in, *sentence;
    } v[] = {
        {"nosuch", "Unknown type nosuch"},
        {"ks.nosuch", "Unknown type ks.nosuch"},
        {"\"Int\"", "Unknown type Int"},
        {"other.address",
         "Statement on keyspace ks cannot refer to a user type in keyspace other; user types can "
         "only be used in the keyspace they are defined in"},
        {"list<list<int>>",
         "Non-frozen collections are not allowed inside collections: list<list<int>>"},
        {"set<address>", "Non-frozen user types are not allowed inside collections: set<address>"},
        {"frozen<int>", "frozen<> is only allowed on collections, tuples, and user-defined types "
                        "(got int)"},
        {"list<counter>", "Counters are not allowed inside collections: list<counter>"},
        {"set<duration>", "Durations are not allowed inside sets: set<duration>"},
        {"map<duration, int>", "Durations are not allowed as map keys: map<duration, int>"},
        {"list<int", "Malformed type name: list<int"},
        {"map<int>", "Malformed type name: map<int>"},
        {"int int", "Malformed type name: int int"},
        {"", "Malformed type name: "},
        {"'Nosuch'", "Unable to find abstract-type class '" M "Nosuch'"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        const type *t = NULL;
        err_t code = strcmp(v[i].in, "frozen<int>") ? ERR_INVALID : ERR_SYNTAX;
        assert_int_equal(type_parse_cql(&A, bytes_str(v[i].in), &resolver, &t, &E), code);
        assert_string_equal(E.text, v[i].sentence);
    }
}

static void class_names(void **state)
{
    (void)state;
    const type *t;
    bool reversed;
    assert_int_equal(
        type_parse_class(&A, BYTES_LIT(M "ReversedType(Int32Type)"), &t, &reversed, &E), 0);
    assert_true(reversed);
    assert_int_equal(t->kind, TYPE_INT);
    assert_int_equal(type_parse_class(&A, BYTES_LIT(" "), &t, &reversed, &E), 0);
    assert_false(reversed);
    assert_int_equal(t->kind, TYPE_BLOB);
    assert_int_equal(type_parse_class(&A, BYTES_LIT("DateType"), &t, NULL, &E), 0);
    assert_int_equal(t->kind, TYPE_TIMESTAMP);
    assert_int_equal(
        type_parse_class(&A, BYTES_LIT("DynamicCompositeType(a=>AsciiType)"), &t, NULL, &E), 0);
    assert_int_equal(t->kind, TYPE_CUSTOM);
    assert_int_equal(type_parse_class(&A,
                                      BYTES_LIT("DynamicCompositeType(s => UTF8Type,\t"
                                                "i => ReversedType( " M "Int32Type ))"),
                                      &t, NULL, &E),
                     0);
    assert_string_equal(type_cql_name(&A, t), "'" M "DynamicCompositeType(s=>" M "UTF8Type,i=>" M
                                              "ReversedType(" M "Int32Type))'");
    assert_int_equal(type_parse_class(&A,
                                      BYTES_LIT("DynamicCompositeType(a=>" M
                                                "AsciiType(reversed=false),b=>BytesType(reversed),"
                                                "c=>LexicalUUIDType)"),
                                      &t, NULL, &E),
                     0);
    assert_string_equal(type_class_name(&A, t),
                        M "DynamicCompositeType(a=>" M "AsciiType,b=>" M "ReversedType(" M
                          "BytesType),c=>" M "LexicalUUIDType)");
    assert_int_equal(
        type_parse_class(&A, BYTES_LIT("LexicalUUIDType(reversed=true)"), &t, &reversed, &E), 0);
    assert_true(reversed);
    assert_string_equal(type_class_name(&A, t), M "LexicalUUIDType");
    static const struct {
        const char *text;
        bool reversed;
    } settings[] = {
        {"LongType(reversed=true)", true},      {"LongType( reversed = false )", false},
        {"LongType(reversed)", true},           {M "LongType()", false},
        {"LongType(x=1, reversed=true)", true},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        reversed = !settings[i].reversed;
        assert_int_equal(type_parse_class(&A, bytes_str(settings[i].text), &t, &reversed, &E), 0);
        assert_int_equal(t->kind, TYPE_BIGINT);
        assert_int_equal(reversed, settings[i].reversed);
    }
    static const char *const wrong[] = {"Nosuch",
                                        "LongType(reversed=true",
                                        "LongType(=true)",
                                        "LongType(a b)",
                                        "LongType(a:b)",
                                        "ListType",
                                        "MapType(Int32Type)",
                                        "Int32Type(",
                                        "ListType(Int32Type",
                                        "Int32Type)",
                                        "UserType(ks)",
                                        "UserType(ks,6g,61:Int32Type)",
                                        "ReversedType"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(type_parse_class(&A, bytes_str(wrong[i]), &t, NULL, &E), ERR_CONFIG);
    buf deep = {0};
    for (int i = 0; i < 1000; i++)
        buf_str(&deep, "FrozenType(ListType(");
    assert_int_equal(type_parse_class(&A, buf_view(&deep), &t, NULL, &E), ERR_CONFIG);
    deep.n = 0;
    for (int i = 0; i < 1000; i++)
        buf_str(&deep, "frozen<list<");
    assert_int_equal(type_parse_cql(&A, buf_view(&deep), NULL, &t, &E), ERR_INVALID);
    buf_done(&deep);
}

static void compatibility(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        bool value, order;
    } v[] = {
        {"int", "int", true, true},
        {"int", "blob", true, false},
        {"text", "blob", true, true},
        {"ascii", "text", true, true},
        {"text", "ascii", false, false},
        {"int", "varint", true, false},
        {"bigint", "varint", true, false},
        {"varint", "int", false, false},
        {"timeuuid", "uuid", true, false},
        {"uuid", "timeuuid", false, false},
        {"bigint", "timestamp", true, false},
        {"timestamp", "bigint", true, false},
        {"list<ascii>", "list<text>", true, true},
        {"list<int>", "set<int>", false, false},
        {"list<int>", "blob", false, false},
        {"frozen<list<int>>", "blob", true, false},
        {"tuple<int>", "tuple<int, text>", true, true},
        {"tuple<int, text>", "tuple<int>", false, false},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        assert_int_equal(type_is_value_compatible(cql(v[i].from), cql(v[i].to)), v[i].value);
        assert_int_equal(type_is_order_compatible(cql(v[i].from), cql(v[i].to)), v[i].order);
    }
}

static void validation(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bytes value;
        const char *sentence; /* NULL: valid */
    } v[] = {
        {"int", BYTES_LIT("123"), "Expected 4 or 0 byte int (3)"},
        {"int", BYTES_LIT(""), NULL},
        {"bigint", BYTES_LIT("1"), "Expected 8 or 0 byte long (1)"},
        {"smallint", BYTES_LIT(""), "Expected 2 bytes for a smallint (0)"},
        {"tinyint", BYTES_LIT("12"), "Expected 1 byte for a tinyint (2)"},
        {"boolean", BYTES_LIT("12"), "Expected 1 or 0 byte value (2)"},
        {"float", BYTES_LIT("12"), "Expected 4 or 0 byte value for a float (2)"},
        {"double", BYTES_LIT("12"), "Expected 8 or 0 byte value for a double (2)"},
        {"date", BYTES_LIT(""), "Expected 4 byte long for date (0)"},
        {"time", BYTES_LIT("1"), "Expected 8 byte long for time (1)"},
        {"timestamp", BYTES_LIT("1"), "Expected 8 or 0 byte long for date (1)"},
        {"uuid", BYTES_LIT("1"), "UUID should be 16 or 0 bytes (1)"},
        {"timeuuid", BYTES_LIT("0123456789abcdef"), "Invalid version for TimeUUID type."},
        {"inet", BYTES_LIT("\x01\xab\x03"), "Expected 4 or 16 byte inetaddress; got 01ab03"},
        {"ascii", BYTES_LIT("a\x80"), "Invalid byte for ascii: -128"},
        {"text", BYTES_LIT("abcdefgh\xc3\xa9 \xf4\x8f\xbf\xbf"), NULL},
        {"text", BYTES_LIT("abcdefgh\xc3"), "String didn't validate."},
        {"text", BYTES_LIT("\xc0\x80"), "String didn't validate."},
        {"text", BYTES_LIT("\xed\xa0\x80"), "String didn't validate."},
        {"text", BYTES_LIT("\xf4\x90\x80\x80"), "String didn't validate."},
        {"text", BYTES_LIT("\xe0\x9f\xbf"), "String didn't validate."},
        {"decimal", BYTES_LIT("abc"), "Expected 0 or at least 4 bytes (3)"},
        {"duration", BYTES_LIT("ab"), "Expected at least 3 bytes for a duration (2)"},
        {"duration", BYTES_LIT("\x02\x02\x02"), NULL},
        {"duration", BYTES_LIT("\x02\x01\x02"),
         "The duration months, days and nanoseconds must be all of the same sign (1, -1, 1)"},
        {"duration", BYTES_LIT("\xf1\0\0\0\0\x02\x02"),
         "The duration months must be a 32 bits integer but was: 2147483648"},
        {"empty", BYTES_LIT("a"), "EmptyType only accept empty values"},
        {"frozen<list<int>>", BYTES_LIT("\0\0\0\1\0\0\0\4abcd"), NULL},
        {"frozen<list<int>>", BYTES_LIT("\0\0\0\1\0\0\0\3abc"), "Expected 4 or 0 byte int (3)"},
        {"frozen<list<int>>", BYTES_LIT("\0\0\0\1\0\0\0\4abcde"),
         "Unexpected extraneous bytes after list value"},
        {"frozen<list<int>>", BYTES_LIT("\0\0\0\2\0\0\0\4abcd"), "Not enough bytes to read a list"},
        {"frozen<set<int>>", BYTES_LIT("\0\0\0\1\xff\xff\xff\xff"),
         "Null value read when not allowed"},
        {"frozen<map<int, int>>", BYTES_LIT("\0\0\0\1\0\0\0\4abcd"),
         "Not enough bytes to read a map"},
        {"tuple<int, text>", BYTES_LIT("\xff\xff\xff\xff\0\0\0\1a"), NULL},
        {"tuple<int, text>", BYTES_LIT("\xff\xff\xff\xff"), NULL},
        {"tuple<int, text>", BYTES_LIT("\xff\xff\xff\xff\0\0"),
         "Not enough bytes to read size of 1th component"},
        {"tuple<int, text>", BYTES_LIT("\xff\xff\xff\xff\0\0\0\2a"),
         "Not enough bytes to read 1th component"},
        {"address", BYTES_LIT("\0\0\0\2a"), "Not enough bytes to read 0th field street"},
        {"tuple<int>", BYTES_LIT("\xff\xff\xff\xff\0"),
         "Invalid remaining data after end of tuple value"},
        {"'CompositeType(UTF8Type,Int32Type)'", BYTES_LIT("\0\1a\0\0\0\1"), NULL},
        {"'CompositeType(UTF8Type,Int32Type)'", BYTES_LIT("\0\1a\0\0\1b\0"),
         "Expected 4 or 0 byte int (1)"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        E.text[0] = 0;
        int r = type_validate(cql(v[i].type), v[i].value, &E);
        assert_int_equal(r, v[i].sentence ? ERR_INVALID : 0);
        if (v[i].sentence)
            assert_string_equal(E.text, v[i].sentence);
    }
}

/* Made values are valid; no bytes crash, and what is valid has a key. */
static void validation_random(void **state)
{
    (void)state;
    types_gen g = {.seed = 11, .a = &A};
    for (int i = 0; i < 40000; i++) {
        arena_reset(&A);
        const type *t = gen_type(&g, 3);
        bytes v = gen_value(&g, t);
        if (type_validate(t, v, &E) < 0)
            fail_msg("%s: %s", type_cql_name(&A, t), E.text);
        uint8_t raw[64];
        size_t n = v.n < sizeof raw ? v.n : sizeof raw;
        memcpy(raw, v.p, n);
        for (unsigned k = 1 + gen_below(&g, 3); n && k--;)
            raw[gen_below(&g, (unsigned)n)] = (uint8_t)gen_u64(&g);
        n -= n ? gen_below(&g, 2) : 0;
        if (type_validate(t, bytes_of(raw, n), &E) == 0) {
            buf key = {0};
            type_key_encode(t, bytes_of(raw, n), false, &key);
            buf_done(&key);
        }
    }
}

static void element_iteration(void **state)
{
    (void)state;
    elements it;
    bytes v;
    const type *t = cql("tuple<int, text, int>");
    bytes items[3] = {BYTES_LIT("1234"), BYTES_NULL, BYTES_EMPTY};
    bytes whole = elements_build(&A, t, items, 2);
    assert_int_equal(elements_open(t, whole, &it, &E), 0);
    assert_true(elements_next(&it, &v) && bytes_eq(v, items[0]));
    assert_true(elements_next(&it, &v) && bytes_is_null(v));
    assert_true(elements_next(&it, &v) && bytes_is_null(v)); /* missing */
    assert_false(elements_next(&it, &v) || it.bad);
    t = cql("map<int, text>");
    whole = elements_build(&A, t, (bytes[]){items[0], items[2], items[0], items[0]}, 4);
    assert_int_equal(elements_open(t, whole, &it, &E), 0);
    assert_int_equal(it.left, 4);
    assert_int_equal(elements_open(t, BYTES_LIT("\x7f\xff\xff\xff"), &it, &E), ERR_INVALID);
    assert_int_equal(elements_open(t, BYTES_LIT("\0\0"), &it, &E), ERR_INVALID);
    assert_int_equal(elements_open(t, BYTES_EMPTY, &it, &E), 0);
    assert_false(elements_next(&it, &v) || it.bad);
}

static void consistencies(void **state)
{
    (void)state;
    consistency c;
    assert_true(consistency_from_thrift(2, &c) && c == CL_QUORUM);
    assert_true(consistency_from_native(10, &c) && c == CL_LOCAL_ONE);
    assert_true(consistency_from_name("local_quorum", &c) && c == CL_LOCAL_QUORUM);
    assert_string_equal(consistency_name(CL_EACH_QUORUM), "EACH_QUORUM");
    assert_false(consistency_from_native(11, &c) || consistency_from_thrift(0, &c) ||
                 consistency_from_name("", &c));
}

static int setup(void **state)
{
    (void)state;
    arena_init(&A, 65536);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_done(&A);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(wrong_cql_names),
        cmocka_unit_test(class_names),
        cmocka_unit_test(compatibility),
        cmocka_unit_test(validation),
        cmocka_unit_test(validation_random),
        cmocka_unit_test(element_iteration),
        cmocka_unit_test(consistencies),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
