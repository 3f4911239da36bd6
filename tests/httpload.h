/*
 * httpload.h - for benches of HTTP servers: small POSTs, as a DECLINE is, and
 * how many of them a server answers per second of its CPU time.
 *
 * The server is a process of its own, so that its time is only its own.
 */
#ifndef TESTS_HTTPLOAD_H
#define TESTS_HTTPLOAD_H

#include <event2/event.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/mem.h"

#define LOAD_BODY_SIZE 180 /* a DECLINE of one offer with its filters */
#define LOAD_RUNS      5
#define LOAD_CALLS     "calls/s of a core"

struct load_setting {
	const char *name;
	bool tls;
	unsigned connections;
	unsigned depth;
	unsigned calls;
	unsigned rest_s; /* of the server, before its memory is looked at */
};

/* Runs the server for ever; writes its port, a uint16_t, to the pipe. */
typedef void load_serve_f(const struct load_setting *set, int port_pipe);

struct load {
	struct event_base *base;
	unsigned left; /* to be sent */
	unsigned n;    /* answered */
	unsigned calls;
};

struct load_source {
	struct load *load;
	struct http_client *client;
};

static inline void load_call(struct load_source *s);

static inline void load_done(void *ctx, int status, const uint8_t *body,
	size_t size, const struct err *e)
{
	struct load_source *s = ctx;

	(void)body, (void)size;
	if (status != 202) {
		fprintf(stderr, "status %d: %s\n", status, e->text);
		exit(1);
	}
	if (++s->load->n == s->load->calls)
		event_base_loopbreak(s->load->base);
	else
		load_call(s);
}

static inline void load_call(struct load_source *s)
{
	static const struct http_call_ops ops = { .done = load_done };
	static const char body[LOAD_BODY_SIZE] = { 0 };
	static const struct http_header headers[] = {
		{ "Content-Type", "application/x-protobuf" },
		{ "Mesos-Stream-Id", "130ae4e3-6b13-4ef4-baa9-9f2e85c3e9af" },
		{ NULL, NULL },
	};

	if (s->load->left == 0)
		return;
	s->load->left--;
	http_call(s->client, "POST", "/api/v1/scheduler", headers, body,
		sizeof(body), &ops, s);
}

static inline double load_cpu_seconds(pid_t pid)
{
	clockid_t id;
	struct timespec t;

	CHECK(clock_getcpuclockid(pid, &id) == 0);
	CHECK(clock_gettime(id, &t) == 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void load_run(struct load *l, struct load_source *sources,
	const struct load_setting *set, unsigned calls)
{
	l->left = l->calls = calls;
	l->n = 0;
	for (unsigned i = 0; i < set->connections * set->depth; i++)
		load_call(&sources[i % set->connections]);
	event_base_dispatch(l->base);
	CHECK(l->n == l->calls);
}

/* Resident bytes. */
static inline double load_memory(pid_t pid)
{
	char path[64];
	long pages = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "r");
	CHECK(f != NULL);
	CHECK(fscanf(f, "%*d %ld", &pages) == 1);
	(void)fclose(f);
	return (double)(pages * sysconf(_SC_PAGESIZE));
}

struct load_figures {
	double calls; /* per CPU second of the server */
	double bytes; /* of memory per connection, when all are idle */
};

/* First one call on each connection: handshakes and first pages of memory are
 * not what the calls' time is for. */
static inline struct load_figures load_measure(const struct load_setting *set,
	load_serve_f *serve, struct ssl_ctx_st *ctx)
{
	struct load l = { .base = event_base_new() };
	struct load_source *sources =
		xcalloc(set->connections, sizeof(*sources));
	struct http_endpoint to = { .host = "127.0.0.1", .tls = ctx };
	struct load_figures ret;
	double cpu;
	double memory;
	pid_t pid;
	int ends[2];

	CHECK(pipe(ends) == 0);
	/* What earlier runs have left would be used again, unseen. */
	(void)malloc_trim(0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		serve(set, ends[1]);
	CHECK(read(ends[0], &to.port, sizeof(to.port)) == sizeof(to.port));
	memory = load_memory(pid);
	for (unsigned i = 0; i < set->connections; i++) {
		sources[i].load = &l;
		sources[i].client = http_client_new(l.base, &to);
		http_client_depth(sources[i].client, set->depth);
	}
	load_run(&l, sources, set, set->connections * set->depth);
	(void)sleep(set->rest_s);
	ret.bytes = (load_memory(pid) - memory) / set->connections;
	cpu = load_cpu_seconds(pid);
	load_run(&l, sources, set, set->calls);
	ret.calls = set->calls / (load_cpu_seconds(pid) - cpu);
	for (unsigned i = 0; i < set->connections; i++)
		http_client_free(sources[i].client);
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(pid, NULL, 0) == pid);
	(void)close(ends[0]);
	(void)close(ends[1]);
	event_base_free(l.base);
	free(sources);
	return ret;
}

static inline int load_compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Prints the median of the runs, their minimum and maximum. */
static inline void load_print(const char *server,
	const struct load_setting *set, double figures[LOAD_RUNS],
	const char *unit)
{
	qsort(figures, LOAD_RUNS, sizeof(*figures), load_compare);
	printf("%s, %s: %.0f %s (min %.0f, max %.0f)\n", server, set->name,
		figures[LOAD_RUNS / 2], unit, figures[0],
		figures[LOAD_RUNS - 1]);
	(void)fflush(stdout);
}

#endif
