/*
 * io_log.h - where log lines go: stderr, or a file that can be rotated.
 *
 * Installs the hook of log.h. One fact is one line and one write(2), so that
 * lines of several processes on one file don't mix:
 *
 *	2026-01-31T12:00:00.123Z INFO butte-master task_step: task=t1 to=...
 *
 * The time is UTC. Control characters in a text are written as \n, \t or \xHH:
 * nobody outside can forge a line or move a terminal's cursor. A line that can't
 * be written is lost; the daemon goes on.
 *
 * One log per process. To rotate: rename the file, then SIGHUP, upon which the
 * program calls log_reopen() (from its loop, not from the handler).
 */
#ifndef COMMON_IO_LOG_H
#define COMMON_IO_LOG_H

struct err;

/* path NULL: stderr. The file is appended to, made 0640 when new. Calling it
 * again moves the log; on failure the log stays where it was. */
int log_open(const char *program, const char *path, struct err *e);
/* Opens the same path again; nothing to do for stderr. */
int log_reopen(struct err *e);
/* Back to dropping every line. */
void log_close(void);

#endif
