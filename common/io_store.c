/* io_store.c - see io_store.h. */
#include "common/io_store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/outbox.h"

/* Raise it together with a step that turns the old form into the new one. */
#define STORE_SCHEMA 1
/* A person with the sqlite3 shell may hold the file for a moment. */
#define STORE_BUSY_MS 5000
#define STORE_STACK   ((size_t)512 * 1024)

struct table_stmts {
	sqlite3_stmt *put;
	sqlite3_stmt *del;
};

struct store {
	sqlite3 *db;
	char *path;
	int lock_fd;
	const char *const *tables; /* the caller's, static */
	unsigned n_tables;
	struct table_stmts *stmts;
	store_done_f *done;
	void *ctx;
	bool started;
	pthread_t writer;
	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t wake;
	const struct outbox *job; /* NULL: the writer is idle */
	bool closing;
	struct store_stats stats;
};

static int file_lock(struct store *s, struct err *e);
static int db_open(struct store *s, struct err *e);
static int settings_apply(struct store *s, struct err *e);
static int schema_check(struct store *s, const char *kind, struct err *e);
static int tables_make(struct store *s, const char *kind, struct err *e);
static int tables_prepare(struct store *s, struct err *e);
static int table_load(struct store *s, unsigned table, store_row_f *row,
	void *ctx, struct err *e);
static void *writer_main(void *arg);

int store_open(struct store **ret, const char *path, const char *kind,
	const char *const *tables, unsigned n_tables, struct err *e)
{
	CLEANUP(store_closep) struct store *s = xcalloc(1, sizeof(*s));

	CHECK(n_tables > 0);
	s->path = xstrdup(path);
	s->lock_fd = -1;
	s->tables = tables;
	s->n_tables = n_tables;
	s->stmts = xcalloc(n_tables, sizeof(*s->stmts));
	CHECK(pthread_mutex_init(&s->mutex, NULL) == 0);
	CHECK(pthread_cond_init(&s->wake, NULL) == 0);
	if (file_lock(s, e) != 0 || db_open(s, e) != 0 ||
		schema_check(s, kind, e) != 0 || settings_apply(s, e) != 0 ||
		tables_make(s, kind, e) != 0 || tables_prepare(s, e) != 0)
		return err_wrap(e, "store '%s'", path);
	*ret = STEAL(s);
	return 0;
}

int store_load(struct store *s, store_row_f *row, void *ctx, struct err *e)
{
	CHECK(!s->started);
	for (unsigned t = 0; t < s->n_tables; t++)
		if (table_load(s, t, row, ctx, e) != 0)
			return err_wrap(
				e, "store '%s': %s", s->path, s->tables[t]);
	return 0;
}

/* Signals belong to the loop's thread. */
void store_start(struct store *s, store_done_f *done, void *ctx)
{
	pthread_attr_t attr;
	sigset_t all, old;

	CHECK(!s->started);
	s->done = done;
	s->ctx = ctx;
	sigfillset(&all);
	CHECK(pthread_sigmask(SIG_SETMASK, &all, &old) == 0);
	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setstacksize(&attr, STORE_STACK) == 0);
	CHECK(pthread_create(&s->writer, &attr, writer_main, s) == 0);
	CHECK(pthread_attr_destroy(&attr) == 0);
	CHECK(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
	s->started = true;
}

void store_commit(struct store *s, const struct outbox *o)
{
	CHECK(s->started);
	CHECK(o->n_records > 0);
	pthread_mutex_lock(&s->mutex);
	CHECK(s->job == NULL);
	s->job = o;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->mutex);
}

void store_stats(struct store *s, struct store_stats *ret)
{
	struct stat st;

	pthread_mutex_lock(&s->mutex);
	*ret = s->stats;
	pthread_mutex_unlock(&s->mutex);
	if (stat(s->path, &st) == 0)
		ret->size_bytes = (uint64_t)st.st_size;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (s->started) {
		pthread_mutex_lock(&s->mutex);
		s->closing = true;
		pthread_cond_signal(&s->wake);
		pthread_mutex_unlock(&s->mutex);
		CHECK(pthread_join(s->writer, NULL) == 0);
	}
	for (unsigned t = 0; t < s->n_tables; t++) {
		(void)sqlite3_finalize(
			s->stmts[t].put); /* repeats old errors */
		(void)sqlite3_finalize(s->stmts[t].del);
	}
	(void)sqlite3_close(s->db); /* all that matters is committed */
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd); /* drops the lock */
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->mutex);
	free(s->stmts);
	free(s->path);
	free(s);
}

void store_closep(struct store **s)
{
	store_close(*s);
}

/* --- opening ------------------------------------------------------------ */

/*
 * A file of its own, because sqlite drops and takes POSIX locks on the
 * database file as it likes. POSIX and not flock(): it isn't inherited by
 * children, so an executor can't hold the store of a dead agent.
 */
static int file_lock(struct store *s, struct err *e)
{
	CLEANUP(mem_freep) char *path = xasprintf("%s.lock", s->path);
	struct flock want = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return err_set(e, ERR_IO,
			"can't open its lock file '%s': %s; the directory must "
			"exist and be writable",
			path, strerror(errno));
	if (fcntl(s->lock_fd, F_SETLK, &want) == 0)
		return 0;
	if (errno != EACCES && errno != EAGAIN)
		return err_set(e, ERR_IO, "can't lock '%s': %s", path,
			strerror(errno));
	if (fcntl(s->lock_fd, F_GETLK, &want) == 0 && want.l_type != F_UNLCK)
		return err_set(e, ERR_CONFLICT,
			"in use by the running process %ld; two daemons can't "
			"share a work_dir: stop it, or give this one another "
			"--work_dir",
			(long)want.l_pid);
	return err_set(e, ERR_CONFLICT,
		"in use by another process; two daemons can't share a work_dir");
}

static const char *advice(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return "; the disk is full: free space there and start again";
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return "; check the permissions of the file and its directory, "
		       "and that the file system isn't mounted read-only";
	case SQLITE_CANTOPEN:
		return "; its directory must exist and be writable";
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return "; restore it from a backup, or move it and the files "
		       "beside it away to begin anew";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "; another program (a sqlite3 shell?) holds it: close it";
	case SQLITE_IOERR:
		return "; see the kernel's log for errors of the disk";
	default:
		return "";
	}
}

static int db_err(struct store *s, const char *what, struct err *e)
{
	int code = sqlite3_extended_errcode(s->db);
	int os = sqlite3_system_errno(s->db);
	enum err_code as = ERR_IO;

	if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB)
		as = ERR_INVALID;
	if ((code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_IOERR)
		return err_set(e, as, "%s: %s (%s)%s", what,
			sqlite3_errmsg(s->db),
			os != 0 ? strerror(os) : "no errno", advice(code));
	return err_set(
		e, as, "%s: %s%s", what, sqlite3_errmsg(s->db), advice(code));
}

static int db_open(struct store *s, struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		SQLITE_OPEN_NOMUTEX;
	int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	/* sqlite would make the file with the umask's mode. */
	if (fd < 0)
		return err_set(
			e, ERR_IO, "can't be opened: %s", strerror(errno));
	(void)close(fd); /* nothing was written */
	if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
		return db_err(s, "can't be opened", e);
	(void)sqlite3_extended_result_codes(s->db, 1); /* can't fail */
	(void)sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
	return 0;
}

static int db_exec(struct store *s, const char *sql, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_err(s, sql, e);
	return 0;
}

/* One number, as PRAGMA user_version gives it. */
static int db_number(
	struct store *s, const char *sql, sqlite3_int64 *ret, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(q);
	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q); /* the code is known already */
	return code == SQLITE_ROW ? 0 : db_err(s, "can't be read", e);
}

/* FNV-1a: tells the registry of a master from an agent's checkpoint. */
static sqlite3_int64 kind_id(const char *kind)
{
	uint32_t h = 2166136261U;

	for (const char *p = kind; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 16777619U;
	return (sqlite3_int64)(h & 0x7fffffff);
}

static int schema_check(struct store *s, const char *kind, struct err *e)
{
	sqlite3_int64 app = 0, version = 0, objects = 0;

	if (db_number(s, "PRAGMA application_id", &app, e) != 0 ||
		db_number(s, "PRAGMA user_version", &version, e) != 0 ||
		db_number(s, "SELECT count(*) FROM sqlite_schema", &objects,
			e) != 0)
		return -1;
	if (app == 0 && version == 0 && objects == 0)
		return 0; /* new */
	if (app != kind_id(kind))
		return err_set(e, ERR_INVALID,
			"is not a %s: the file belongs to another program; "
			"give another --work_dir, or move the file away",
			kind);
	if (version > STORE_SCHEMA)
		return err_set(e, ERR_UNSUPPORTED,
			"has schema version %lld, this program knows up to %d: "
			"it was written by a newer version; start that one",
			(long long)version, STORE_SCHEMA);
	return 0;
}

static int settings_apply(struct store *s, struct err *e)
{
	static const char *const settings[] = {
		"PRAGMA synchronous=FULL",
		"PRAGMA cache_size=-1024", /* KiB; rows are written, not read */
		"PRAGMA temp_store=MEMORY",
		"PRAGMA journal_size_limit=4194304",
	};
	sqlite3_stmt *q = NULL;
	bool wal = false;

	if (sqlite3_prepare_v2(s->db, "PRAGMA journal_mode=WAL", -1, &q,
		    NULL) == SQLITE_OK &&
		sqlite3_step(q) == SQLITE_ROW)
		wal = strcmp((const char *)sqlite3_column_text(q, 0), "wal") ==
			0;
	(void)sqlite3_finalize(q); /* wal says it all */
	if (!wal)
		return db_err(s, "can't use write-ahead logging", e);
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (db_exec(s, settings[i], e) != 0)
			return -1;
	return 0;
}

/* The new name must survive a power cut as well as what is in the file. */
static int dir_sync(const char *path, struct err *e)
{
	CLEANUP(mem_freep) char *copy = xstrdup(path);
	const char *dir = dirname(copy);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_set(
			e, ERR_IO, "directory '%s': %s", dir, strerror(errno));
	r = fsync(fd);
	(void)close(fd); /* nothing was written */
	if (r != 0)
		return err_set(e, ERR_IO, "fsync of directory '%s': %s", dir,
			strerror(errno));
	return 0;
}

static int tables_make(struct store *s, const char *kind, struct err *e)
{
	CLEANUP(buf_fini) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "BEGIN IMMEDIATE;");
	for (unsigned t = 0; t < s->n_tables; t++)
		buf_printf(&sql,
			"CREATE TABLE IF NOT EXISTS \"%s\" (key TEXT PRIMARY "
			"KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;",
			s->tables[t]);
	buf_printf(&sql,
		"PRAGMA application_id=%lld; PRAGMA user_version=%d; COMMIT",
		(long long)kind_id(kind), STORE_SCHEMA);
	if (sqlite3_exec(s->db, buf_str(&sql), NULL, NULL, NULL) != SQLITE_OK)
		return db_err(s, "can't make its tables", e);
	return dir_sync(s->path, e);
}

static int tables_prepare(struct store *s, struct err *e)
{
	for (unsigned t = 0; t < s->n_tables; t++) {
		CLEANUP(mem_freep)
		char *put = xasprintf(
			"INSERT OR REPLACE INTO \"%s\" VALUES (?1, ?2)",
			s->tables[t]);
		CLEANUP(mem_freep)
		char *del = xasprintf(
			"DELETE FROM \"%s\" WHERE key = ?1", s->tables[t]);
		struct table_stmts *st = &s->stmts[t];

		if (sqlite3_prepare_v3(s->db, put, -1,
			    SQLITE_PREPARE_PERSISTENT, &st->put,
			    NULL) != SQLITE_OK ||
			sqlite3_prepare_v3(s->db, del, -1,
				SQLITE_PREPARE_PERSISTENT, &st->del,
				NULL) != SQLITE_OK)
			return db_err(s, s->tables[t], e);
	}
	return 0;
}

static int row_give(sqlite3_stmt *q, unsigned table, store_row_f *row,
	void *ctx, struct err *e)
{
	const char *key = (const char *)sqlite3_column_text(q, 0);
	const uint8_t *value = sqlite3_column_blob(q, 1);
	size_t size = (size_t)sqlite3_column_bytes(q, 1);
	static const uint8_t empty[1];

	if (key == NULL)
		return err_set(e, ERR_INVALID, "a row has no key");
	if (row(ctx, table, key, value != NULL ? value : empty, size, e) != 0)
		return err_wrap(e, "row '%s'", key);
	return 0;
}

static int table_load(struct store *s, unsigned table, store_row_f *row,
	void *ctx, struct err *e)
{
	CLEANUP(mem_freep)
	char *sql = xasprintf(
		"SELECT key, value FROM \"%s\" ORDER BY key", s->tables[table]);
	sqlite3_stmt *q = NULL;
	int code, r = 0;

	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
		return db_err(s, "can't be read", e);
	while ((code = sqlite3_step(q)) == SQLITE_ROW) {
		r = row_give(q, table, row, ctx, e);
		if (r != 0)
			break;
	}
	if (r == 0 && code != SQLITE_DONE)
		r = db_err(s, "can't be read", e);
	(void)sqlite3_finalize(q); /* its error was told above */
	return r;
}

/* --- the writer ----------------------------------------------------------- */

static uint64_t now_us(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int record_write(
	struct store *s, const struct outbox_record *r, struct err *e)
{
	sqlite3_stmt *q;
	int code;

	CHECK(r->table < s->n_tables);
	q = r->value != NULL ? s->stmts[r->table].put : s->stmts[r->table].del;
	code = sqlite3_bind_text(q, 1, r->key, -1, SQLITE_STATIC);
	if (code == SQLITE_OK && r->value != NULL)
		code = sqlite3_bind_blob64(
			q, 2, r->value, r->size, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_step(q);
	if (code != SQLITE_DONE)
		(void)db_err(s, s->tables[r->table], e);
	(void)sqlite3_reset(q); /* repeats the error of step */
	return code == SQLITE_DONE ? 0 : -1;
}

static int commit(struct store *s, const struct outbox *o, struct err *e)
{
	const struct outbox_record *r;
	int result;

	result = db_exec(s, "BEGIN IMMEDIATE", e);
	if (result != 0)
		return result;
	TAILQ_FOREACH (r, &o->records, next) {
		result = record_write(s, r, e);
		if (result != 0)
			break;
	}
	if (result == 0)
		result = db_exec(s, "COMMIT", e);
	if (result != 0)
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return result;
}

static void *writer_main(void *arg)
{
	struct store *s = arg;

	pthread_mutex_lock(&s->mutex);
	for (;;) {
		struct err e = { .code = ERR_NONE };
		uint64_t began;
		int result;

		while (s->job == NULL && !s->closing)
			pthread_cond_wait(&s->wake, &s->mutex);
		if (s->job == NULL)
			break;
		pthread_mutex_unlock(&s->mutex);
		began = now_us();
		result = commit(s, s->job, &e);
		pthread_mutex_lock(&s->mutex);
		if (result == 0) {
			s->stats.commits++;
			s->stats.records += s->job->n_records;
			s->stats.last_us = now_us() - began;
		} else {
			(void)err_wrap(&e, "store '%s'", s->path);
		}
		s->job = NULL;
		s->done(s->ctx, result == 0, e.text);
	}
	pthread_mutex_unlock(&s->mutex);
	return NULL;
}
