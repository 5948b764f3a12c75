/* dump.h: a statement as a compact s-expression, for tests.
 *
 *     SELECT a AS b FROM t WHERE k = ?   (select (as a b) t (where (= k ?0)))
 *
 * Absent parts are left out. Strings stand in single quotes, names as they are.
 */
#pragma once
#include "cql/ast.h"

const char *dump_statement(const ast_statement *s, arena *a);
