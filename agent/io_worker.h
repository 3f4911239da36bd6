/*
 * io_worker.h - a thread that does what must not block the loop.
 *
 * Jobs are added on the loop's thread, worked on in batches on the worker's,
 * and come back on the loop's thread in the order in which they were finished.
 * The worker's thread starts with the first job.
 */
#ifndef AGENT_IO_WORKER_H
#define AGENT_IO_WORKER_H

#include "common/list.h"

struct event_base;
struct worker;

/* First member of a job's own struct. */
struct worker_job {
	TAILQ_ENTRY(worker_job) next;
};
TAILQ_HEAD(worker_jobs, worker_job);

struct worker_ops {
	/* On the worker's thread: moves what is finished from `jobs`, oldest
	 * first, to `done`. What it leaves it is given again, with what came
	 * meanwhile, at the latest after the ms that it returns. */
	unsigned (*run)(
		void *ctx, struct worker_jobs *jobs, struct worker_jobs *done);
	/* On the loop's thread; the job is the callee's. */
	void (*done)(void *ctx, struct worker_job *job);
	/* The worker is freed before this job was done. */
	void (*drop)(void *ctx, struct worker_job *job);
};

struct worker *worker_new(struct event_base *base, const char *name,
	const struct worker_ops *ops, void *ctx);
/* Waits for a run() under way. */
void worker_free(struct worker *w);
void worker_add(struct worker *w, struct worker_job *job);

#endif
