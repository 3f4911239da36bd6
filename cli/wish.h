/*
 * wish.h - what `butte run` was asked for, and which offers will do. Pure.
 *
 * Amounts are thousandths, mem and disk of MB.
 */
#ifndef CLI_WISH_H
#define CLI_WISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mesos/v1/mesos.pb-c.h"

struct args;
struct buf;
struct err;

struct wish {
	const char *name; /* of the tasks */
	uint64_t cpu_milli;
	uint64_t mem_milli;
	uint64_t disk_milli;
	unsigned instances;
	const char *role;
	const char *user;	 /* NULL: whoever we are */
	const char *shell;	 /* the command for sh -c; or */
	const char *const *argv; /* the words of a command */
	size_t n_argv;
	const struct args *args; /* for --env and --attribute */
};

int wish_read(struct wish *w, const struct args *a, struct err *e);
/* How many instances fit into the offer; 0 if an attribute doesn't match. */
unsigned wish_fits(const struct wish *w, const Mesos__V1__Offer *o);
/* A task on the heap, see butte_task_free(). */
Mesos__V1__TaskInfo *wish_task(
	const struct wish *w, const Mesos__V1__Offer *o, const char *id);
/* "cpus 1, mem 128, on agents with zone=a" */
void wish_print(struct buf *to, const struct wish *w);

#endif
