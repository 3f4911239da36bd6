/* The store: what is acknowledged is there, also after kill -9. */
#include "common/io_store.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "google/protobuf/duration.pb-c.h"

static const char *const tables[] = { "apple", "pear" };
#define N_TABLES ((unsigned)ARRAY_LEN(tables))

struct sync {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	bool done;
	int ok;
	char text[ERR_TEXT_MAX];
};

static char dir[64];
static char path[96];

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/butte-store-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/s.db", dir);
	return 0;
}

static int teardown(void **state)
{
	char *cmd = xasprintf("rm -rf %s", dir);

	(void)state;
	assert_int_equal(system(cmd), 0);
	free(cmd);
	return 0;
}

static void done(void *ctx, int ok, const char *text)
{
	struct sync *y = ctx;

	pthread_mutex_lock(&y->mutex);
	y->done = true;
	y->ok = ok;
	(void)snprintf(y->text, sizeof(y->text), "%s", text);
	pthread_cond_signal(&y->cond);
	pthread_mutex_unlock(&y->mutex);
}

static int commit_now(struct store *s, struct sync *y, const struct outbox *o)
{
	store_commit(s, o);
	pthread_mutex_lock(&y->mutex);
	while (!y->done)
		pthread_cond_wait(&y->cond, &y->mutex);
	y->done = false;
	pthread_mutex_unlock(&y->mutex);
	return y->ok;
}

#define SYNC_INIT                                                   \
	{                                                           \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER \
	}

static void put(struct outbox *o, unsigned table, const char *key, int64_t n)
{
	Google__Protobuf__Duration d = GOOGLE__PROTOBUF__DURATION__INIT;

	d.has_seconds = 1;
	d.seconds = n;
	outbox_put(o, table, key, &d.base);
}

struct rows {
	char text[4096];
	size_t n;
	int64_t last;
};

static int row(void *ctx, unsigned table, const char *key, const uint8_t *value,
	size_t size, struct err *e)
{
	struct rows *r = ctx;
	Google__Protobuf__Duration *d =
		google__protobuf__duration__unpack(NULL, size, value);
	size_t at = strlen(r->text);

	if (d == NULL)
		return err_set(e, ERR_INVALID, "bad value");
	r->n++;
	r->last = d->seconds;
	(void)snprintf(r->text + at, sizeof(r->text) - at, "%u/%s=%lld ", table,
		key, (long long)d->seconds);
	google__protobuf__duration__free_unpacked(d, NULL);
	return 0;
}

static struct store *must_open(void)
{
	struct store *s = NULL;
	struct err e = { 0 };

	if (store_open(&s, path, "test store", tables, N_TABLES, &e) != 0)
		fail_msg("%s", e.text);
	return s;
}

static void test_round(void **state)
{
	struct store *s = must_open();
	struct sync y = SYNC_INIT;
	struct outbox o;
	struct rows r = { .n = 0 };
	struct store_stats stats;
	struct stat st;
	struct err e = { 0 };

	(void)state;
	outbox_init(&o);
	store_start(s, done, &y);
	put(&o, 1, "b", 1);
	put(&o, 1, "a", 2);
	put(&o, 0, "x", 3);
	put(&o, 0, "y", 4);
	outbox_del(&o, 0, "y");
	put(&o, 1, "b", 5);
	assert_true(commit_now(s, &y, &o));
	store_stats(s, &stats);
	assert_int_equal(stats.commits, 1);
	assert_int_equal(stats.records, 6);
	assert_true(stats.last_us > 0);
	assert_true(stats.size_bytes > 0);
	store_close(s);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	s = must_open();
	assert_int_equal(store_load(s, row, &r, &e), 0);
	assert_string_equal(r.text, "0/x=3 1/a=2 1/b=5 ");
	store_close(s);
	outbox_fini(&o);
}

static void expect_refusal(const char *kind, const char *what)
{
	struct store *s = NULL;
	struct err e = { 0 };

	assert_int_equal(store_open(&s, path, kind, tables, N_TABLES, &e), -1);
	if (strstr(e.text, what) == NULL)
		fail_msg("'%s' lacks '%s'", e.text, what);
	assert_non_null(strstr(e.text, path));
	assert_null(s);
}

__attribute__((format(printf, 1, 2))) static void shell(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;

	va_start(ap, fmt);
	assert_true(vsnprintf(cmd, sizeof(cmd), fmt, ap) < (int)sizeof(cmd));
	va_end(ap);
	assert_int_equal(system(cmd), 0);
}

static void test_other_kind_and_version(void **state)
{
	(void)state;
	store_close(must_open());
	expect_refusal("registry", "is not a registry");
	shell("/usr/bin/python3 -c \"import sqlite3;"
	      "c=sqlite3.connect('%s');c.execute('pragma user_version=9')\"",
		path);
	expect_refusal("test store", "schema version 9");
}

static void test_not_a_database(void **state)
{
	(void)state;
	shell("head -c 4000 /bin/sh > %s", path);
	expect_refusal("test store", "not a database");
	assert_int_equal(unlink(path), 0);
	(void)snprintf(path, sizeof(path), "%s/none/s.db", dir);
	expect_refusal("test store", "directory must exist");
}

/* The child holds the store; we are refused with its pid. */
static void test_locked(void **state)
{
	int ready[2];
	char c, pid_text[32];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		(void)must_open();
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	(void)snprintf(pid_text, sizeof(pid_text), "process %d", (int)pid);
	expect_refusal("test store", pid_text);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	store_close(must_open());
	close(ready[0]);
	close(ready[1]);
}

/* Commits 1, 2, 3, ... and tells each one that was acknowledged. */
static void child_commits(int fd, int64_t from)
{
	struct store *s = must_open();
	struct sync y = SYNC_INIT;
	struct outbox o;

	outbox_init(&o);
	store_start(s, done, &y);
	for (int64_t n = from;; n++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "%08lld", (long long)n);
		put(&o, 0, key, n);
		put(&o, 1, "last", n);
		if (!commit_now(s, &y, &o))
			_exit(3);
		outbox_reset(&o);
		if (write(fd, &n, sizeof(n)) != sizeof(n))
			_exit(4);
	}
}

static int64_t kill_after(int64_t from, int commits)
{
	int64_t n, last = 0;
	int p[2], status;
	pid_t pid;

	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (pid == 0)
		child_commits(p[1], from);
	close(p[1]);
	for (int i = 0; i < commits; i++)
		if (read(p[0], &n, sizeof(n)) == sizeof(n))
			last = n;
	kill(pid, SIGKILL);
	while (read(p[0], &n, sizeof(n)) == sizeof(n))
		last = n;
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return last;
}

static void test_kill(void **state)
{
	int64_t last = 0;

	(void)state;
	for (int round = 0; round < 8; round++) {
		struct rows r = { .n = 0 };
		struct err e = { 0 };
		struct store *s;

		last = kill_after(last + 1, 1 + round * 3);
		s = must_open();
		assert_int_equal(store_load(s, row, &r, &e), 0);
		store_close(s);
		/* One more than acknowledged may be there, never less; and
		 * both records of a commit or none. */
		assert_true(r.last == last || r.last == last + 1);
		assert_int_equal(r.n, r.last + 1);
		last = r.last;
	}
}

static void test_disk_full(void **state)
{
	struct store *s;
	struct sync y = SYNC_INIT;
	struct outbox o;
	int ok = 1;

	(void)state;
	if (mount("butte-test", dir, "tmpfs", 0, "size=256k") != 0)
		skip(); /* not root */
	s = must_open();
	outbox_init(&o);
	store_start(s, done, &y);
	for (int i = 0; ok && i < 1000; i++) {
		for (int k = 0; k < 100; k++) {
			char key[32];

			(void)snprintf(key, sizeof(key), "%d-%d", i, k);
			put(&o, 0, key, k);
		}
		ok = commit_now(s, &y, &o);
		outbox_reset(&o);
	}
	assert_int_equal(ok, 0);
	assert_non_null(strstr(y.text, "free space"));
	assert_non_null(strstr(y.text, path));
	store_close(s);
	outbox_fini(&o);
	assert_int_equal(umount(dir), 0);
}

static int row_refuse(void *ctx, unsigned table, const char *key,
	const uint8_t *value, size_t size, struct err *e)
{
	(void)ctx, (void)table, (void)key, (void)value, (void)size;
	return err_set(e, ERR_INVALID, "no good");
}

static void test_bad_row(void **state)
{
	struct store *s = must_open();
	struct sync y = SYNC_INIT;
	struct err e = { 0 };
	struct outbox o;

	(void)state;
	outbox_init(&o);
	store_start(s, done, &y);
	put(&o, 1, "k", 1);
	assert_true(commit_now(s, &y, &o));
	store_close(s);
	s = must_open();
	assert_int_equal(store_load(s, row_refuse, NULL, &e), -1);
	assert_non_null(strstr(e.text, "pear: row 'k': no good"));
	store_close(s);
	outbox_fini(&o);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_round),
		T(test_other_kind_and_version),
		T(test_not_a_database),
		T(test_locked),
		T(test_kill),
		T(test_disk_full),
		T(test_bad_row),
	};

	return cmocka_run_group_tests_name("io_store", tests, NULL, NULL);
}
