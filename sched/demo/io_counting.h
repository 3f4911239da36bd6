/*
 * io_counting.h - the demo's framework: counts the words of texts on a cluster.
 *
 * Each slice is a task of one shell command, in its own cgroup; its result is
 * what it printed, which is fetched from its agent (/files/download). A task
 * that fails is tried again, elsewhere if there is an elsewhere, a few times.
 */
#ifndef SCHED_DEMO_IO_COUNTING_H
#define SCHED_DEMO_IO_COUNTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/demo/slices.h"
#include "sched/demo/words.h"

struct err;

#define COUNTING_AGENTS_MAX 64

struct counting_config {
	const char *masters;
	bool plaintext;
	const char *ca_file;
	const char *cert_file;
	const char *key_file;
	double cpus; /* of a task */
	double mem_mb;
	unsigned attempts;  /* of a slice */
	unsigned timeout_s; /* for everything */
	bool progress;	    /* on stderr */
};

struct counting_agent {
	char *id;
	char *hostname;
	uint16_t port;
	size_t n_done; /* tasks whose results were counted */
};

struct counting_result {
	struct words *words;
	struct counting_agent agents[COUNTING_AGENTS_MAX];
	size_t n_agents;
	size_t n_retries;
};

/* Blocks until all is counted. -1: it can't be, e says why. The result must be
 * given to counting_fini() in both cases. */
int counting_run(struct counting_result *ret, const struct slices *slices,
	const struct counting_config *cfg, struct err *e);
void counting_fini(struct counting_result *r);

#endif
