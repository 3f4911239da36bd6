/*
 * census.h - what the master says about a cluster, as tables and as lines. Pure.
 *
 * Everything comes from one GET_STATE, so that what is shown fits together.
 * Times are seconds since the epoch; `now` is the reader's clock.
 */
#ifndef CLI_CENSUS_H
#define CLI_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/table.h"
#include "mesos/v1/master/master.pb-c.h"

struct arena;
struct buf;
struct err;

#define CENSUS_USAGE_MAX 100

typedef Mesos__V1__Master__Response__GetAgents__Agent census_agent_t;
typedef Mesos__V1__Master__Response__GetFrameworks__Framework
	census_framework_t;

/* A snapshot; lists are never NULL. Points into the response. */
struct census {
	int64_t now;
	census_agent_t *const *agents;
	size_t n_agents;
	census_framework_t *const *frameworks;
	size_t n_frameworks;
	census_framework_t *const *ended_frameworks;
	size_t n_ended_frameworks;
	/* Live ones first, then unreachable, then ended. */
	const Mesos__V1__Task **tasks;
	size_t n_tasks;
	size_t n_live_tasks; /* how many of them are not completed */
};

/* Its array lives in the arena. */
void census_init(struct census *v, struct arena *a,
	const Mesos__V1__Master__Response__GetState *s, int64_t now);

const census_agent_t *census_agent_find(const struct census *v, const char *id);
const char *census_agent_id(const census_agent_t *a);
const char *census_framework_id(const census_framework_t *f);
/* The executor's id: a command task's is the task's own. */
const char *census_executor_id(const Mesos__V1__Task *t);
/* The container of the task's last status that names one, or NULL. */
const char *census_container_id(const Mesos__V1__Task *t);

extern const struct table_column census_agent_columns[];
extern const struct table_column census_framework_columns[];
extern const struct table_column census_task_columns[];

/* One row. */
void census_agent_row(
	struct table *t, const struct census *v, const census_agent_t *a);
void census_framework_row(struct table *t, const struct census *v,
	const census_framework_t *f, bool ended);
void census_task_row(
	struct table *t, const struct census *v, const Mesos__V1__Task *task);

/* "used/total" of an agent's resource. */
void census_usage(
	char text[CENSUS_USAGE_MAX], const census_agent_t *a, const char *name);
void census_attributes(struct buf *to, const Mesos__V1__AgentInfo *info);
void census_roles(struct buf *to, const Mesos__V1__FrameworkInfo *info);
const char *census_agent_state(const census_agent_t *a);
const char *census_framework_state(const census_framework_t *f, bool ended);
const char *census_task_state(Mesos__V1__TaskState s);	    /* "RUNNING" */
int64_t census_status_time(const Mesos__V1__TaskStatus *s); /* 0: unknown */
int64_t census_seconds(const Mesos__V1__TimeInfo *t);

/* Which one is meant; see pick.h. */
const census_agent_t *census_pick_agent(
	const struct census *v, const char *word, struct err *e);
const census_framework_t *census_pick_framework(
	const struct census *v, const char *word, struct err *e);
const Mesos__V1__Task *census_pick_task(
	const struct census *v, const char *word, struct err *e);

#endif
