/* log_file.h: the node's log, system.log.
 *
 * Lines have the classic form of base/log.h; each leaves in one write. A file over 20 MB becomes
 * system.log.1, that one system.log.2, and so on; the tenth is forgotten.
 *
 * Owner:  main; log_file_close after all threads are gone.
 * Thread: any. Lines carry the thread's name (pthread_setname_np), "main" on the first thread.
 * Errors: log_file_open only. A line that cannot be written is lost: there is nowhere to say so.
 */
#pragma once
#include <stdbool.h>

#include "base/errors.h"
#include "base/log.h"

typedef struct log_file log_file;

/* Makes the directory, appends to the file. path NULL: no file, stdout only. */
int log_file_open(const char *path, log_level level, bool to_stdout, log_file **ret, err_info *e);
logger *log_file_logger(log_file *l);
/* Opens the path anew (after HUP: somebody has moved the file). */
void log_file_reopen(log_file *l);
log_file *log_file_close(log_file *l); /* NULL is fine; returns NULL */
/* For tests: rolls at so many bytes instead of 20 MB. */
void log_file_set_limit(log_file *l, long bytes);
