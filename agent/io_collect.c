/* io_collect.c - see io_collect.h. */
#include "agent/io_collect.h"

#include <stdlib.h>

#include "agent/io_sandbox.h"
#include "agent/io_worker.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

struct collect {
	int root;
	struct worker *worker;
};

struct collect_job {
	struct worker_job job;
	char *path;
	struct err err;
};

static void job_free(struct collect_job *j)
{
	free(j->path);
	free(j);
}

static unsigned on_run(
	void *ctx, struct worker_jobs *jobs, struct worker_jobs *done)
{
	struct collect *c = ctx;
	struct worker_job *job = TAILQ_FIRST(jobs);
	struct collect_job *j = (struct collect_job *)(void *)job;

	(void)sandbox_remove(c->root, j->path, &j->err); /* told on_done */
	TAILQ_REMOVE(jobs, job, next);
	TAILQ_INSERT_TAIL(done, job, next);
	return 0; /* one at a time, so that a stop need not wait for all */
}

static void on_done(void *ctx, struct worker_job *job)
{
	struct collect_job *j = (struct collect_job *)(void *)job;

	(void)ctx; /* nothing is waited for */
	if (j->err.code != ERR_NONE)
		log_warn("sandbox_remove", "why='%s'", j->err.text);
	else
		log_info("sandbox_remove", "path='%s'", j->path);
	job_free(j);
}

static void on_drop(void *ctx, struct worker_job *job)
{
	(void)ctx; /* the agent stops */
	job_free((struct collect_job *)(void *)job);
}

struct collect *collect_new(struct event_base *base, int root)
{
	static const struct worker_ops ops = { on_run, on_done, on_drop };
	struct collect *c = xcalloc(1, sizeof(*c));

	c->root = root;
	c->worker = worker_new(base, "collect", &ops, c);
	return c;
}

void collect_free(struct collect *c)
{
	if (c == NULL)
		return;
	worker_free(c->worker);
	free(c);
}

void collect_add(struct collect *c, const char *path)
{
	struct collect_job *j = xcalloc(1, sizeof(*j));

	j->path = xstrdup(path);
	worker_add(c->worker, &j->job);
}
