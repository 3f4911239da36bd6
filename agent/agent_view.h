/*
 * agent_view.h - the agent's tables as v1 messages: what registration, the
 * operator API and reports show.
 *
 * Messages are in the arena or point into tables; good for this step.
 */
#ifndef AGENT_AGENT_VIEW_H
#define AGENT_AGENT_VIEW_H

#include <stddef.h>

struct Mesos__V1__AgentInfo__Capability;
struct Mesos__V1__Task;
struct agent;
struct arena;
struct res;
struct task;

/* The task must have a TaskInfo. State and uuid are also those of the oldest
 * update that is not acknowledged. */
struct Mesos__V1__Task *agent_view_task(
	const struct agent *a, const struct task *t, struct arena *mem);
/* What this agent can do, of the v1 list. */
struct Mesos__V1__AgentInfo__Capability **agent_view_capabilities(
	size_t *ret_n, struct arena *mem);
/* Adds what live executors and tasks hold, with its allocation. */
void agent_view_used(const struct agent *a, struct res *to, struct arena *mem);

#endif
