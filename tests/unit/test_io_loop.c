/* The turn: records before effects, effects in order, ticks, signals, exit. */
#include "common/io_loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/check.h"
#include "common/err.h"
#include "common/io_store.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "google/protobuf/duration.pb-c.h"

static const char *const tables[] = { "t" };

struct world {
	struct loop *loop;
	struct store *store;
	char dir[64];
	char path[96];
	char seen[4096]; /* effects, in order */
	uint64_t due;
	int ticks;
	int signal;
	int unsent; /* how often to say yes */
	int events;
	bool chain;		/* each effect steps again */
	uint64_t busy_until_ms; /* each effect steps again, with a record */
};

static void put(struct outbox *o, const char *key)
{
	Google__Protobuf__Duration d = GOOGLE__PROTOBUF__DURATION__INIT;

	outbox_put(o, 0, key, &d.base);
}

static void effect(void *ctx, const struct effect *e)
{
	struct world *w = ctx;
	size_t at = strlen(w->seen);

	(void)snprintf(w->seen + at, sizeof(w->seen) - at, "%d ", e->status);
	if (loop_now_ms() < w->busy_until_ms) {
		put(loop_outbox(w->loop), "busy");
		outbox_room(loop_outbox(w->loop), 1, 0, NULL);
		loop_turn(w->loop);
	}
	if (w->chain && e->status < 5) {
		struct outbox *o = loop_outbox(w->loop);

		if (e->status % 2 == 0)
			put(o, "chain");
		outbox_room(o, e->status + 1, 0, NULL);
		if (e->status == 4)
			outbox_exit(o, 7, "over");
		loop_turn(w->loop);
	}
}

static void tick(void *ctx)
{
	struct world *w = ctx;

	w->ticks++;
	w->due = loop_now_ms() + 5;
	if (w->ticks == 3) {
		w->due = UINT64_MAX;
		outbox_exit(loop_outbox(w->loop), 0, "three ticks");
	}
}

static uint64_t next_due(void *ctx)
{
	return ((struct world *)ctx)->due;
}

static void stop(void *ctx, int signal_no)
{
	struct world *w = ctx;

	w->signal = signal_no;
	outbox_exit(loop_outbox(w->loop), 4, "signal");
}

static bool unsent(void *ctx)
{
	return ((struct world *)ctx)->unsent-- > 0;
}

static const struct loop_ops ops = { effect, tick, next_due, stop, unsent };

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->due = UINT64_MAX;
	w->loop = loop_new(&ops, w);
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/butte-loop-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	(void)snprintf(w->path, sizeof(w->path), "%s/s.db", w->dir);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char *cmd = xasprintf("rm -rf %s", w->dir);

	store_close(w->store);
	loop_free(w->loop);
	assert_int_equal(system(cmd), 0);
	free(cmd);
	free(w);
	return 0;
}

static void with_store(struct world *w)
{
	struct err e = { 0 };

	if (store_open(&w->store, w->path, "test", tables, 1, &e) != 0)
		fail_msg("%s", e.text);
	loop_store_set(w->loop, w->store);
}

static void test_order_without_store(void **state)
{
	struct world *w = *state;
	struct outbox *o = loop_outbox(w->loop);

	outbox_room(o, 1, 0, NULL);
	outbox_room(o, 2, 0, NULL);
	outbox_exit(o, 3, "done");
	outbox_room(o, 9, 0, NULL);
	assert_int_equal(loop_run(w->loop), 3);
	assert_string_equal(w->seen, "1 2 9 ");
}

/* Effects step the room again, with and without records: still in order. */
static void test_chain(void **state)
{
	struct world *w = *state;
	struct store_stats stats;

	with_store(w);
	w->chain = true;
	put(loop_outbox(w->loop), "a");
	outbox_room(loop_outbox(w->loop), 1, 0, NULL);
	assert_int_equal(loop_run(w->loop), 7);
	assert_string_equal(w->seen, "1 2 3 4 5 ");
	store_stats(w->store, &stats);
	assert_int_equal(stats.commits, 3);
}

struct burst {
	struct world *w;
	struct event *ev;
	int n;
};

/* One event per pass; every third one with a record. */
static void on_burst(evutil_socket_t fd, short what, void *arg)
{
	struct burst *b = arg;
	struct outbox *o = loop_outbox(b->w->loop);
	struct timeval now = { 0, 0 };

	(void)fd, (void)what;
	if (b->n % 3 == 0)
		put(o, "k");
	outbox_room(o, b->n, 0, NULL);
	if (++b->n == 300)
		outbox_exit(o, 0, "end");
	else
		event_add(b->ev, &now);
	loop_turn(b->w->loop);
}

/* Many passes meet one commit, nothing overtakes. */
static void test_group_commit(void **state)
{
	struct world *w = *state;
	struct burst b = { .w = w };
	struct timeval now = { 0, 0 };
	struct store_stats stats;
	char *p = w->seen;

	with_store(w);
	b.ev = event_new(loop_base(w->loop), -1, 0, on_burst, &b);
	event_add(b.ev, &now);
	assert_int_equal(loop_run(w->loop), 0);
	for (long i = 0; i < 300; i++)
		assert_int_equal(strtol(p, &p, 10), i);
	store_stats(w->store, &stats);
	assert_int_equal(stats.records, 100);
	assert_true(stats.commits < 100);
	event_free(b.ev);
}

/* More than LOOP_PENDING_MAX behind a commit: the loop waits for it. */
static void on_flood(evutil_socket_t fd, short what, void *arg)
{
	struct burst *b = arg;
	struct outbox *o = loop_outbox(b->w->loop);
	struct timeval now = { 0, 0 };

	(void)fd, (void)what;
	if (b->n > 0)
		(void)arena_alloc(&o->arena, LOOP_PENDING_MAX + 1);
	put(o, "k");
	outbox_room(o, b->n, 0, NULL);
	if (++b->n == 4)
		outbox_exit(o, 0, "end");
	else
		event_add(b->ev, &now);
	loop_turn(b->w->loop);
}

static void test_backpressure(void **state)
{
	struct world *w = *state;
	struct burst b = { .w = w };
	struct timeval now = { 0, 0 };
	struct store_stats stats;

	with_store(w);
	b.ev = event_new(loop_base(w->loop), -1, 0, on_flood, &b);
	event_add(b.ev, &now);
	assert_int_equal(loop_run(w->loop), 0);
	assert_string_equal(w->seen, "0 1 2 3 ");
	store_stats(w->store, &stats);
	assert_int_equal(stats.commits, 4); /* none waited for another */
	event_free(b.ev);
}

static void test_ticks(void **state)
{
	struct world *w = *state;

	w->due = loop_now_ms() + 3;
	assert_int_equal(loop_run(w->loop), 0);
	assert_int_equal(w->ticks, 3);
}

static void test_signal(void **state)
{
	static const int list[] = { SIGTERM, SIGINT, SIGUSR1, SIGHUP };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		w->signal = 0;
		assert_int_equal(kill(getpid(), list[i]), 0);
		assert_int_equal(loop_run(w->loop), 4);
		assert_int_equal(w->signal, list[i]);
		loop_free(w->loop);
		w->loop = loop_new(&ops, w);
	}
}

static void test_linger(void **state)
{
	struct world *w = *state;
	uint64_t began = loop_now_ms();

	w->unsent = 3;
	loop_stop(w->loop, 5);
	loop_stop(w->loop, 6); /* the first one counts */
	assert_int_equal(loop_run(w->loop), 5);
	assert_true(w->unsent <= 0);
	assert_true(loop_now_ms() - began >= 40);
}

/* A daemon that never comes to rest stops all the same. */
static void test_stop_when_busy(void **state)
{
	struct world *w = *state;

	with_store(w);
	w->busy_until_ms = loop_now_ms() + LOOP_LINGER_MS * 3;
	outbox_room(loop_outbox(w->loop), 1, 0, NULL);
	loop_stop(w->loop, 6);
	assert_int_equal(loop_run(w->loop), 6);
	assert_true(loop_now_ms() < w->busy_until_ms);
	assert_string_not_equal(w->seen, ""); /* that was before the stop */
}

/* Nothing leaves when the commit fails. */
static void test_commit_failure(void **state)
{
	struct world *w = *state;
	struct rlimit old, none;

	with_store(w);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	none = old;
	none.rlim_cur = 1024;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	put(loop_outbox(w->loop), "a");
	outbox_room(loop_outbox(w->loop), 1, 0, NULL);
	assert_int_equal(loop_run(w->loop), EXIT_FAILURE);
	assert_string_equal(w->seen, "");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_order_without_store),
		T(test_chain),
		T(test_group_commit),
		T(test_backpressure),
		T(test_ticks),
		T(test_signal),
		T(test_linger),
		T(test_stop_when_busy),
		T(test_commit_failure),
	};

	return cmocka_run_group_tests_name("io_loop", tests, NULL, NULL);
}
