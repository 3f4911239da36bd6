/* io_loop.c - see io_loop.h. */
#include "common/io_loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/check.h"
#include "common/err.h"
#include "common/io_store.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/outbox.h"

#define LOOP_MAGIC     0x6c6f6f70U
#define LINGER_STEP_MS 20

static const int signals[] = { SIGTERM, SIGINT, SIGUSR1, SIGHUP };

/* What the store's writer tells; written under the mutex. */
struct verdict {
	bool known;
	bool ok;
	char text[ERR_TEXT_MAX];
};

struct loop {
	unsigned magic;
	struct event_base *base;
	const struct loop_ops *ops;
	void *ctx;
	struct store *store;
	struct outbox boxes[2];
	struct outbox *current;	   /* takes what is stepped */
	struct outbox *committing; /* NULL: no commit is under way */
	bool carrying;
	bool running;
	bool stopping;
	bool failed; /* nothing may leave any more */
	int status;
	uint64_t linger_until_ms; /* 0: not yet */
	uint64_t tick_due;	  /* what the timer is set to */
	struct event *flush;
	struct event *tick;
	struct event *linger;
	struct event *done;
	struct event *signals[ARRAY_LEN(signals)];
	int done_fd;
	pthread_mutex_t mutex;
	pthread_cond_t settled;
	struct verdict verdict;
};

static void on_flush(evutil_socket_t fd, short what, void *arg);
static void on_tick(evutil_socket_t fd, short what, void *arg);
static void on_linger(evutil_socket_t fd, short what, void *arg);
static void on_done(evutil_socket_t fd, short what, void *arg);
static void on_signal(evutil_socket_t fd, short what, void *arg);
static store_done_f on_store_done;
static void tick_arm(struct loop *l);

static struct event_base *base_new(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base;

	CHECK(cfg != NULL);
	CHECK(event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK) == 0);
	base = event_base_new_with_config(cfg);
	CHECK(base != NULL);
	event_config_free(cfg);
	return base;
}

static struct event *event_must(struct event *ev)
{
	CHECK(ev != NULL);
	return ev;
}

struct loop *loop_new(const struct loop_ops *ops, void *ctx)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	struct event_base *b = base_new();

	l->magic = LOOP_MAGIC;
	l->base = b;
	l->ops = ops;
	l->ctx = ctx;
	outbox_init(&l->boxes[0]);
	outbox_init(&l->boxes[1]);
	l->current = &l->boxes[0];
	l->tick_due = UINT64_MAX;
	CHECK(pthread_mutex_init(&l->mutex, NULL) == 0);
	CHECK(pthread_cond_init(&l->settled, NULL) == 0);
	l->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	CHECK(l->done_fd >= 0);
	l->flush = event_must(event_new(b, -1, 0, on_flush, l));
	l->tick = event_must(event_new(b, -1, 0, on_tick, l));
	l->linger = event_must(event_new(b, -1, 0, on_linger, l));
	l->done = event_must(
		event_new(b, l->done_fd, EV_READ | EV_PERSIST, on_done, l));
	CHECK(event_add(l->done, NULL) == 0);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		l->signals[i] =
			event_must(evsignal_new(b, signals[i], on_signal, l));
		CHECK(event_add(l->signals[i], NULL) == 0);
	}
	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	return l;
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	CHECK(l->magic == LOOP_MAGIC);
	event_free(l->flush);
	event_free(l->tick);
	event_free(l->linger);
	event_free(l->done);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		event_free(l->signals[i]);
	(void)close(l->done_fd); /* holds no data */
	event_base_free(l->base);
	pthread_cond_destroy(&l->settled);
	pthread_mutex_destroy(&l->mutex);
	outbox_fini(&l->boxes[0]);
	outbox_fini(&l->boxes[1]);
	l->magic = 0;
	free(l);
}

void loop_store_set(struct loop *l, struct store *s)
{
	CHECK(l->store == NULL);
	l->store = s;
	store_start(s, on_store_done, l);
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}

struct outbox *loop_outbox(struct loop *l)
{
	return l->current;
}

/*
 * The flush event joins the end of the queue of active events, so it runs after
 * all that was ready in this pass, and what becomes ready meanwhile waits for
 * the next pass. A lower priority would be wrong: a busy socket would starve
 * it.
 */
void loop_turn(struct loop *l)
{
	event_active(l->flush, EV_TIMEOUT, 0);
}

int loop_run(struct loop *l)
{
	CHECK(!l->running);
	l->running = true;
	tick_arm(l);
	loop_turn(l); /* the room may have been stepped before we ran */
	CHECK(event_base_dispatch(l->base) >= 0);
	l->running = false;
	return l->status;
}

void loop_stop(struct loop *l, int status)
{
	if (!l->stopping)
		l->status = status;
	l->stopping = true;
	loop_turn(l);
}

/* --- the turn --------------------------------------------------------------- */

static void effect_exit(struct loop *l, const struct effect *e)
{
	if (e->status == 0)
		log_info("exit", "status=0 why='%.*s'", (int)e->size,
			(const char *)e->data);
	else
		log_error("exit", "status=%d why='%.*s'", e->status,
			(int)e->size, (const char *)e->data);
	loop_stop(l, e->status);
}

/* Edges may step the room from here; that goes into the other outbox. */
static void carry_out(struct loop *l, struct outbox *box)
{
	const struct effect *e;

	CHECK(!l->carrying);
	CHECK(box != l->current);
	l->carrying = true;
	TAILQ_FOREACH (e, &box->effects, next) {
		if (e->type == EFFECT_EXIT)
			effect_exit(l, e);
		else
			l->ops->effect(l->ctx, e);
	}
	outbox_reset(box);
	l->carrying = false;
}

static void loop_fail(struct loop *l, const char *text)
{
	log_error("commit_failed", "why='%s'", text);
	l->failed = true;
	l->status = EXIT_FAILURE;
	(void)event_base_loopbreak(l->base); /* we are inside it */
}

/* The commit is over: carries its effects out, or ends the loop. */
static void commit_settle(struct loop *l)
{
	struct outbox *box = l->committing;
	struct verdict v;

	pthread_mutex_lock(&l->mutex);
	v = l->verdict;
	l->verdict.known = false;
	pthread_mutex_unlock(&l->mutex);
	if (!v.known)
		return; /* settled already, while the loop stood still */
	CHECK(box != NULL);
	if (!v.ok) {
		loop_fail(l, v.text);
		return;
	}
	l->committing = NULL;
	carry_out(l, box);
}

static void commit_wait(struct loop *l)
{
	pthread_mutex_lock(&l->mutex);
	while (!l->verdict.known)
		pthread_cond_wait(&l->settled, &l->mutex);
	pthread_mutex_unlock(&l->mutex);
	commit_settle(l);
}

static void stop_when_done(struct loop *l)
{
	struct timeval step = { 0, LINGER_STEP_MS * 1000 };
	uint64_t now = loop_now_ms();

	if (!l->stopping || l->committing != NULL ||
		l->current->n_effects > 0 || l->current->n_records > 0)
		return;
	if (l->linger_until_ms == 0)
		l->linger_until_ms = now + LOOP_LINGER_MS;
	if (now < l->linger_until_ms && l->ops->unsent != NULL &&
		l->ops->unsent(l->ctx))
		CHECK(event_add(l->linger, &step) == 0);
	else
		(void)event_base_loopbreak(l->base); /* we are inside it */
}

/*
 * A busy daemon may always have something more to do. What was stepped before
 * loop_stop() is carried out; what comes after it only as long as the time to
 * linger lasts. After that it is as if we had died before it came.
 */
static bool stop_overdue(struct loop *l)
{
	uint64_t now;

	if (!l->stopping)
		return false;
	now = loop_now_ms();
	if (l->linger_until_ms == 0)
		l->linger_until_ms = now + LOOP_LINGER_MS;
	return now >= l->linger_until_ms;
}

static void loop_flush(struct loop *l)
{
	struct outbox *box;

	if (l->failed)
		return;
	if (l->committing != NULL &&
		l->current->arena.used > LOOP_PENDING_MAX) {
		log_warn("commit_slow", "pending_bytes=%zu",
			l->current->arena.used);
		commit_wait(l);
	}
	if (l->committing != NULL || l->failed)
		return; /* on_done() comes back here */
	if (stop_overdue(l)) {
		(void)event_base_loopbreak(l->base); /* we are inside it */
		return;
	}
	box = l->current;
	l->current = box == &l->boxes[0] ? &l->boxes[1] : &l->boxes[0];
	if (box->n_records > 0 && l->store != NULL) {
		l->committing = box;
		store_commit(l->store, box);
	} else {
		carry_out(l, box);
	}
	stop_when_done(l);
}

static void tick_arm(struct loop *l)
{
	uint64_t due, now, wait;
	struct timeval tv;

	due = l->ops->next_due != NULL ? l->ops->next_due(l->ctx) : UINT64_MAX;
	if (due == l->tick_due)
		return;
	l->tick_due = due;
	if (due == UINT64_MAX) {
		(void)event_del(l->tick); /* may not be set */
		return;
	}
	now = loop_now_ms();
	wait = due > now ? due - now : 0;
	tv.tv_sec = (time_t)(wait / 1000);
	tv.tv_usec = (suseconds_t)(wait % 1000 * 1000);
	CHECK(event_add(l->tick, &tv) == 0);
}

/* --- callbacks -------------------------------------------------------------- */

static struct loop *cast(void *arg)
{
	struct loop *l = arg;

	CHECK(l != NULL && l->magic == LOOP_MAGIC);
	return l;
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = cast(arg);

	(void)fd, (void)what;
	loop_flush(l);
	tick_arm(l);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = cast(arg);

	(void)fd, (void)what;
	l->tick_due = UINT64_MAX;
	l->ops->tick(l->ctx);
	loop_turn(l);
}

static void on_linger(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	stop_when_done(cast(arg));
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = cast(arg);
	uint64_t count;

	(void)what;
	(void)!read(fd, &count, sizeof(count)); /* only a wake-up */
	commit_settle(l);
	loop_flush(l);
	tick_arm(l);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = cast(arg);

	(void)what;
	log_info("signal", "number=%d", (int)fd);
	if (l->ops->stop == NULL) {
		loop_stop(l, EXIT_SUCCESS);
		return;
	}
	l->ops->stop(l->ctx, (int)fd);
	loop_turn(l);
}

/* On the writer's thread. */
static void on_store_done(void *ctx, int ok, const char *text)
{
	struct loop *l = cast(ctx);
	uint64_t one = 1;

	pthread_mutex_lock(&l->mutex);
	CHECK(!l->verdict.known);
	l->verdict.known = true;
	l->verdict.ok = ok != 0;
	(void)snprintf(l->verdict.text, sizeof(l->verdict.text), "%s", text);
	pthread_cond_signal(&l->settled);
	pthread_mutex_unlock(&l->mutex);
	/* A full counter can't be: each commit adds one and is waited for. */
	CHECK(write(l->done_fd, &one, sizeof(one)) == sizeof(one));
}

uint64_t loop_now_ms(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int64_t loop_wall_ns(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_REALTIME, &t) == 0);
	return (int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_nsec;
}
