/*
 * io_spawn.h - starts first processes of containers: sandbox, cgroups, and a
 * child that moves itself into them and execs.
 *
 * A child that can't exec says so on its socket; one that does closes it (it is
 * close-on-exec). So whoever waits on the socket learns how it ended, without
 * holding up the next start.
 *
 * Runs on a worker's thread. A child shares our memory until it execs, as with
 * vfork(2) but without stopping us: copying the memory of an agent with many
 * tasks would take tens of ms a child. So its job must live until
 * spawn_report() has said 0, or until the child is waited for.
 */
#ifndef AGENT_IO_SPAWN_H
#define AGENT_IO_SPAWN_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/agent.h"
#include "agent/io_worker.h"
#include "common/arena.h"
#include "common/err.h"

struct cgroup_host;
struct clone;
struct spawner;

struct spawn_config {
	int root;		    /* the work directory; borrowed */
	struct cgroup_host *cgroup; /* borrowed */
};

struct spawn_job {
	struct worker_job job;
	struct arena arena; /* of what follows up to limits */
	const char *id;
	const char *directory;
	const char *user;    /* NULL: ours */
	const char *program; /* for texts */
	const char **paths;  /* to try, in order */
	const char *const *argv;
	const char *const *env;
	struct agent_limits limits;
	uint64_t token; /* of the watch for out-of-memory */
	bool resize;	/* only: set the limits of a live one */

	/* What became of it. */
	bool ok;
	struct err err;	  /* if not ok */
	bool cgroup_made; /* also if not ok */
	int pid, pidfd;	  /* a child of ours; 0, -1: none */
	uint64_t start_ticks;
	int sock;   /* see above; spawn_report() reads it */
	int oom_fd; /* ends the watch; -1: none */

	struct clone *child;  /* what the child works with */
	bool oom_score_reset; /* once it runs */
};

struct spawner *spawn_new(const struct spawn_config *cfg);
void spawn_free(struct spawner *s);

struct spawn_job *spawn_job_new(const struct agent_launch *launch);
struct spawn_job *spawn_job_new_resize(const struct agent_resize *resize);
/* Descriptors that were not taken (set to -1) are closed; a child whose socket
 * was not is ended first. */
void spawn_job_free(struct spawn_job *j);

/* As worker_ops.run. */
unsigned spawn_run(
	struct spawner *s, struct worker_jobs *jobs, struct worker_jobs *done);

/* The socket is readable: 0, the program runs; -1 and e, it couldn't and ends.
 * Closes the socket. */
int spawn_report(struct spawn_job *j, struct err *e);

/* Field 22 of /proc/PID/stat: with it a pid names one process for good. */
int spawn_start_ticks(int pid, uint64_t *ret);

#endif
