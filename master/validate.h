/*
 * validate.h - refuse before state changes: calls, FrameworkInfo, tasks.
 *
 * Pure questions: nothing here changes a table. Each returns 0, or -1 with the
 * first thing that is wrong and what to do about it. The order of the checks is
 * that of Mesos, because a client sees only the first failure.
 */
#ifndef MASTER_VALIDATE_H
#define MASTER_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>

struct Mesos__V1__FrameworkInfo;
struct Mesos__V1__Scheduler__Call;
struct Mesos__V1__TaskInfo;
struct agent;
struct arena;
struct err;
struct executor;
struct framework;
struct master_config;
struct res;

/* What gives 400 without looking at any table. principal: authenticated, or
 * NULL. */
int validate_call(const struct Mesos__V1__Scheduler__Call *call,
	const char *principal, struct err *e);
/* "SUBSCRIBE"; "UNKNOWN" if it is none. */
const char *validate_call_name(int type);

int validate_framework(const struct master_config *cfg,
	const struct Mesos__V1__FrameworkInfo *info, char *const *suppressed,
	size_t n_suppressed, struct err *e);

/* The id, or NULL: an empty one counts as unset. */
const char *validate_framework_id(const struct Mesos__V1__FrameworkInfo *info);

/* One task of a LAUNCH, with what accept.c has worked out about it. */
struct validate_launch {
	const struct framework *fw;
	const struct agent *agent;		/* of the offers */
	const char *role;			/* of the offers */
	const struct res *pool;			/* what is left of the offers */
	const struct Mesos__V1__TaskInfo *task; /* defaults filled in */
	const struct res *res;		/* of the task, allocated to role */
	const struct res *executor_res; /* likewise; empty: no executor */
	const struct executor *running; /* of that id on the agent, or NULL */
	struct arena *arena;
};
int validate_task(const struct validate_launch *l, struct err *e);

#endif
