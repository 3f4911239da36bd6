/* io_worker.c - see io_worker.h. */
#include "agent/io_worker.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/check.h"
#include "common/mem.h"

#define WORKER_MAGIC 0x3a0b1e55u
#define WORKER_STACK (256 * 1024) /* no deep recursion in any job */

struct worker {
	unsigned magic;
	const char *name;
	struct worker_ops ops;
	void *ctx;
	struct event *woken;
	int wake_fd;
	bool started;
	pthread_t thread;

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t more;
	struct worker_jobs inbox; /* added, not seen by the thread */
	struct worker_jobs done;  /* finished, not seen by the loop */
	struct worker_jobs rest;  /* left over when the thread ended */
	bool stop;
};

static void on_woken(evutil_socket_t fd, short what, void *arg);
static void *thread_main(void *arg);

struct worker *worker_new(struct event_base *base, const char *name,
	const struct worker_ops *ops, void *ctx)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	pthread_condattr_t attr;

	w->magic = WORKER_MAGIC;
	w->name = name;
	w->ops = *ops;
	w->ctx = ctx;
	TAILQ_INIT(&w->inbox);
	TAILQ_INIT(&w->done);
	TAILQ_INIT(&w->rest);
	CHECK(pthread_mutex_init(&w->lock, NULL) == 0);
	CHECK(pthread_condattr_init(&attr) == 0);
	CHECK(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	CHECK(pthread_cond_init(&w->more, &attr) == 0);
	(void)pthread_condattr_destroy(&attr); /* never fails */
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	CHECK(w->wake_fd >= 0);
	w->woken =
		event_new(base, w->wake_fd, EV_READ | EV_PERSIST, on_woken, w);
	CHECK(w->woken != NULL);
	CHECK(event_add(w->woken, NULL) == 0);
	return w;
}

static void drop_all(struct worker *w, struct worker_jobs *jobs)
{
	struct worker_job *job;

	while ((job = TAILQ_FIRST(jobs)) != NULL) {
		TAILQ_REMOVE(jobs, job, next);
		w->ops.drop(w->ctx, job);
	}
}

void worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	if (w->started) {
		pthread_mutex_lock(&w->lock);
		w->stop = true;
		pthread_cond_signal(&w->more);
		pthread_mutex_unlock(&w->lock);
		CHECK(pthread_join(w->thread, NULL) == 0);
	}
	drop_all(w, &w->done);
	drop_all(w, &w->rest);
	drop_all(w, &w->inbox);
	event_free(w->woken);
	(void)close(w->wake_fd);	       /* an eventfd */
	(void)pthread_mutex_destroy(&w->lock); /* nobody has it */
	(void)pthread_cond_destroy(&w->more);  /* nobody waits */
	w->magic = 0;
	free(w);
}

/* Signals are the loop's: the thread blocks them all. */
static void thread_start(struct worker *w)
{
	pthread_attr_t attr;
	sigset_t all, old;

	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setstacksize(&attr, WORKER_STACK) == 0);
	sigfillset(&all);
	CHECK(pthread_sigmask(SIG_SETMASK, &all, &old) == 0);
	CHECK(pthread_create(&w->thread, &attr, thread_main, w) == 0);
	CHECK(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
	(void)pthread_attr_destroy(&attr);	      /* never fails */
	(void)pthread_setname_np(w->thread, w->name); /* for people only */
	w->started = true;
}

void worker_add(struct worker *w, struct worker_job *job)
{
	if (!w->started)
		thread_start(w);
	pthread_mutex_lock(&w->lock);
	TAILQ_INSERT_TAIL(&w->inbox, job, next);
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
}

static void on_woken(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	struct worker_jobs done = TAILQ_HEAD_INITIALIZER(done);
	struct worker_job *job;
	uint64_t n;

	(void)what; /* always readable */
	CHECK(w->magic == WORKER_MAGIC);
	(void)!read(fd, &n, sizeof(n)); /* only a wake-up */
	pthread_mutex_lock(&w->lock);
	TAILQ_CONCAT(&done, &w->done, next);
	pthread_mutex_unlock(&w->lock);
	while ((job = TAILQ_FIRST(&done)) != NULL) {
		TAILQ_REMOVE(&done, job, next);
		w->ops.done(w->ctx, job);
	}
}

/* Sleeps until there is something new, a stop, or `ms` have passed. */
static void wait_more(struct worker *w, bool timed, unsigned ms)
{
	struct timespec until;

	if (!timed) {
		pthread_cond_wait(&w->more, &w->lock);
		return;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &until); /* can't fail */
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_cond_timedwait(
		&w->more, &w->lock, &until); /* either way: look */
}

static void hand_back(struct worker *w, struct worker_jobs *done)
{
	uint64_t one = 1;

	if (TAILQ_EMPTY(done))
		return;
	pthread_mutex_lock(&w->lock);
	TAILQ_CONCAT(&w->done, done, next);
	pthread_mutex_unlock(&w->lock);
	(void)!write(w->wake_fd, &one, sizeof(one)); /* full: it wakes anyway */
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;
	struct worker_jobs jobs = TAILQ_HEAD_INITIALIZER(jobs);
	struct worker_jobs done = TAILQ_HEAD_INITIALIZER(done);
	unsigned ms = 0;

	CHECK(w->magic == WORKER_MAGIC);
	for (;;) {
		pthread_mutex_lock(&w->lock);
		if (!w->stop && TAILQ_EMPTY(&w->inbox) &&
			(TAILQ_EMPTY(&jobs) || ms > 0))
			wait_more(w, !TAILQ_EMPTY(&jobs), ms);
		TAILQ_CONCAT(&jobs, &w->inbox, next);
		if (w->stop) {
			TAILQ_CONCAT(&w->rest, &jobs, next);
			pthread_mutex_unlock(&w->lock);
			return NULL;
		}
		pthread_mutex_unlock(&w->lock);
		if (TAILQ_EMPTY(&jobs))
			continue;
		ms = w->ops.run(w->ctx, &jobs, &done);
		hand_back(w, &done);
	}
}
