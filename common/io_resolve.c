/* io_resolve.c - see io_resolve.h. */
#include "common/io_resolve.h"

#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"

#define RESOLVE_MAGIC 0x7265736f /* "reso" */

/* What the thread works on. It outlives a resolve that is freed early. */
struct job {
	pthread_mutex_t lock;
	bool done;
	bool orphan; /* whoever comes last frees it */
	int pipe;    /* the thread's end: closing it wakes the loop */
	char *host;
	char port[8];
	struct resolve_addr addrs[RESOLVE_MAX];
	size_t n;
	struct err e;
};

struct resolve {
	unsigned magic;
	struct event *ready;
	int pipe; /* -1: no thread */
	struct job *job;
	resolve_done_f *done;
	void *ctx;
};

static void job_free(struct job *j)
{
	(void)pthread_mutex_destroy(&j->lock);
	free(j->host);
	free(j);
}

static int look_up(struct job *j, int flags)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = flags };
	struct addrinfo *all;
	int ret = getaddrinfo(j->host, j->port, &hints, &all);

	if (ret != 0) {
		(void)err_set(&j->e, ERR_NOT_FOUND,
			"looking up the name '%s': %s", j->host,
			ret == EAI_SYSTEM ? strerror(errno)
					  : gai_strerror(ret));
		return -1;
	}
	for (struct addrinfo *a = all; a != NULL && j->n < RESOLVE_MAX;
		a = a->ai_next) {
		struct resolve_addr *to = &j->addrs[j->n];

		if (a->ai_addrlen > sizeof(to->sa))
			continue;
		memcpy(&to->sa, a->ai_addr, a->ai_addrlen);
		to->size = a->ai_addrlen;
		j->n++;
	}
	freeaddrinfo(all);
	return 0;
}

static void *thread_main(void *arg)
{
	struct job *j = arg;
	bool orphan;

	(void)look_up(j, AI_ADDRCONFIG); /* j->e says how it ended */
	CHECK(pthread_mutex_lock(&j->lock) == 0);
	j->done = true;
	orphan = j->orphan;
	(void)close(j->pipe);
	CHECK(pthread_mutex_unlock(&j->lock) == 0);
	if (orphan)
		job_free(j);
	return NULL;
}

/* 0, or an errno. Signals are for the program's own threads. */
static int thread_start(struct job *j)
{
	pthread_attr_t attr;
	pthread_t id;
	sigset_t all;
	sigset_t old;
	int ret;

	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0);
	(void)sigfillset(&all);
	CHECK(pthread_sigmask(SIG_SETMASK, &all, &old) == 0);
	ret = pthread_create(&id, &attr, thread_main, j);
	CHECK(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
	(void)pthread_attr_destroy(&attr);
	return ret;
}

static void unix_addr(struct job *j, const char *path)
{
	struct sockaddr_un *sa = (struct sockaddr_un *)&j->addrs[0].sa;

	if (strlen(path) >= sizeof(sa->sun_path)) {
		(void)err_set(&j->e, ERR_INVALID,
			"socket path '%s' is longer than %zu bytes", path,
			sizeof(sa->sun_path) - 1);
		return;
	}
	sa->sun_family = AF_UNIX;
	memcpy(sa->sun_path, path, strlen(path) + 1);
	j->addrs[0].size = sizeof(*sa);
	j->n = 1;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct resolve *r = arg;
	struct job *j = r->job;

	(void)fd, (void)what;
	CHECK(r->magic == RESOLVE_MAGIC);
	/* The thread holds the lock while it closes its end. */
	CHECK(pthread_mutex_lock(&j->lock) == 0);
	CHECK(pthread_mutex_unlock(&j->lock) == 0);
	r->done(r->ctx, j->addrs, j->n, &j->e);
	resolve_free(r);
}

static void start(struct resolve *r)
{
	struct job *j = r->job;
	int ends[2];
	int code;

	if (pipe(ends) != 0) {
		(void)err_set(&j->e, ERR_IO, "looking up the name '%s': %s",
			j->host, strerror(errno));
		return;
	}
	r->pipe = ends[0];
	j->pipe = ends[1];
	j->done = false;
	code = thread_start(j);
	if (code == 0)
		return;
	(void)err_set(&j->e, ERR_IO, "looking up the name '%s': %s", j->host,
		strerror(code));
	(void)close(ends[1]);
	j->done = true;
}

struct resolve *resolve_new(struct event_base *base,
	const struct resolve_name *name, resolve_done_f *done, void *ctx)
{
	struct resolve *r = xcalloc(1, sizeof(*r));
	struct job *j = xcalloc(1, sizeof(*j));

	r->magic = RESOLVE_MAGIC;
	r->job = j;
	r->done = done;
	r->ctx = ctx;
	r->pipe = -1;
	CHECK(pthread_mutex_init(&j->lock, NULL) == 0);
	j->done = true;
	(void)snprintf(j->port, sizeof(j->port), "%u", (unsigned)name->port);
	if (name->unix_path != NULL) {
		unix_addr(j, name->unix_path);
	} else {
		j->host = xstrdup(name->host);
		if (look_up(j, AI_NUMERICHOST) != 0)
			start(r);
	}
	r->ready = event_new(base, r->pipe, EV_READ, on_ready, r);
	CHECK(r->ready != NULL);
	if (r->pipe >= 0)
		CHECK(event_add(r->ready, NULL) == 0);
	else
		event_active(r->ready, EV_READ, 0);
	return r;
}

void resolve_free(struct resolve *r)
{
	bool done;

	if (r == NULL)
		return;
	event_free(r->ready);
	if (r->pipe >= 0)
		(void)close(r->pipe);
	CHECK(pthread_mutex_lock(&r->job->lock) == 0);
	done = r->job->done;
	r->job->orphan = true;
	CHECK(pthread_mutex_unlock(&r->job->lock) == 0);
	if (done)
		job_free(r->job);
	r->magic = 0;
	free(r);
}
