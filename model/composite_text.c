/* composite_text.c: values of CompositeType from text: "a:12:x\:y". ':' divides the components,
 * "\:" is a ':' of one; a '!' ends a component that would else end in '\' or '!'; "!" or "_" in the
 * place of a component sets the end byte of the one before it to 1 or -1. As Cassandra reads them.
 */
#include "base/buf.h"
#include "model/type.h"
#include "model/type_internal.h"

static bytes next_part(bytes text, size_t *at)
{
    size_t start = *at, i = start;
    while (i < text.n && (text.p[i] != ':' || (i > start && text.p[i - 1] == '\\')))
        i++;
    *at = i + 1;
    return bytes_of(text.p + start, i - start);
}

static bytes unescape(arena *a, bytes part)
{
    uint8_t *out = arena_alloc(a, part.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < part.n; i++)
        if (part.p[i] != '\\' || i + 1 == part.n || part.p[i + 1] != ':')
            out[n++] = part.p[i];
    if (n && out[n - 1] == '!')
        n--;
    return bytes_of(out, n);
}

static int put_component(buf *b, arena *a, const type *t, bytes part, err_info *e)
{
    bytes value;
    int r = type_from_text(a, t, unescape(a, part), &value, e);
    if (r < 0)
        return r;
    if (value.n > UINT16_MAX)
        return err_set(e, ERR_INVALID, "A component of %zu bytes is too long for a composite",
                       value.n);
    buf_be16(b, (uint16_t)value.n);
    buf_bytes(b, value);
    buf_u8(b, 0);
    return 0;
}

int type_composite_from_text(arena *a, const type *t, bytes text, bytes *ret, err_info *e)
{
    buf b = {0};
    unsigned i = 0;
    int r = 0;
    for (size_t at = 0; at <= text.n && text.n && r == 0; i++) {
        bytes part = next_part(text, &at);
        if (b.n && (bytes_eq_str(part, "!") || bytes_eq_str(part, "_"))) {
            b.p[b.n - 1] = part.p[0] == '!' ? 1 : 0xff;
            break;
        }
        if (i == t->n_args)
            r = err_set(e, ERR_INVALID, "'%.*s' has more components than %s",
                        (int)(text.n < 200 ? text.n : 200), text.p, type_class_name(a, t));
        else
            r = put_component(&b, a, t->args[i], part, e);
    }
    *ret = b.n ? arena_copy(a, buf_view(&b)) : BYTES_EMPTY;
    buf_done(&b);
    return r;
}
