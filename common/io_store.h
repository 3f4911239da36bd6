/*
 * io_store.h - records in sqlite3, written by a thread of its own.
 *
 * A store is one database file: WAL, synchronous=FULL, a schema version, one
 * table per kind of record with a text key and a protobuf as value. A commit is
 * one transaction for a whole outbox; while one is being written, the loop
 * gathers the next (group commit), so that one fsync serves many events. No
 * sqlite call is made on the event loop's thread after store_load().
 *
 * Beside `path` there are path-wal and path-shm (sqlite's) and path.lock, which
 * is locked as long as the store is open.
 *
 * A failed commit is fatal for the daemon: it must not go on with state that
 * the disk does not have. The loop exits with the error; a restart recovers.
 */
#ifndef COMMON_IO_STORE_H
#define COMMON_IO_STORE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct outbox;
struct store;

/* Called once per row, tables in order, keys in byte order. 0 or -1. */
typedef int store_row_f(void *ctx, unsigned table, const char *key,
	const uint8_t *value, size_t size, struct err *e);
/* On the writer's thread, when the outbox given is durable (ok) or not (text
 * says why, borrowed). Must only wake the loop. */
typedef void store_done_f(void *ctx, int ok, const char *text);

/*
 * Opens or makes `path` (mode 0600). `tables` are names, indexed by the room's
 * enum. A file of a newer schema version, of another program (`kind`) or one
 * that is locked by a running process is refused with the reason.
 */
int store_open(struct store **ret, const char *path, const char *kind,
	const char *const *tables, unsigned n_tables, struct err *e);
int store_load(struct store *s, store_row_f *row, void *ctx, struct err *e);

/* Starts the writer. After this only store_commit() may be called. */
void store_start(struct store *s, store_done_f *done, void *ctx);
/* Hands the records of one outbox over; at most one commit is under way, and
 * the outbox must not change until done. */
void store_commit(struct store *s, const struct outbox *o);

struct store_stats {
	uint64_t commits;
	uint64_t records;
	uint64_t last_us;    /* how long the last commit took */
	uint64_t size_bytes; /* of the file, without what waits beside it */
};
/* From any thread. */
void store_stats(struct store *s, struct store_stats *ret);

/* Waits for the commit under way; closes. */
void store_close(struct store *s);
void store_closep(struct store **s);

#endif
