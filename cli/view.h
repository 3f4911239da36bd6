/*
 * view.h - what the master says about a cluster, as tables and as lines. Pure.
 *
 * Everything comes from one GET_STATE, so that what is shown fits together.
 * Times are seconds since the epoch; `now` is the reader's clock.
 */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/table.h"
#include "mesos/v1/master/master.pb-c.h"

struct arena;
struct buf;
struct err;

#define VIEW_USAGE_MAX 100

typedef Mesos__V1__Master__Response__GetAgents__Agent view_agent_t;
typedef Mesos__V1__Master__Response__GetFrameworks__Framework view_framework_t;

/* A snapshot; lists are never NULL. Points into the response. */
struct view {
	int64_t now;
	view_agent_t *const *agents;
	size_t n_agents;
	view_framework_t *const *frameworks;
	size_t n_frameworks;
	view_framework_t *const *ended_frameworks;
	size_t n_ended_frameworks;
	/* Live ones first, then unreachable, then ended. */
	const Mesos__V1__Task **tasks;
	size_t n_tasks;
	size_t n_live_tasks; /* how many of them are not completed */
};

/* The view's own array lives in the arena. */
void view_init(struct view *v, struct arena *a,
	const Mesos__V1__Master__Response__GetState *s, int64_t now);

const view_agent_t *view_agent_find(const struct view *v, const char *id);
const char *view_agent_id(const view_agent_t *a);
const char *view_framework_id(const view_framework_t *f);
/* The executor's id: a command task's is the task's own. */
const char *view_executor_id(const Mesos__V1__Task *t);
/* The container of the task's last status that names one, or NULL. */
const char *view_container_id(const Mesos__V1__Task *t);

extern const struct table_column view_agent_columns[];
extern const struct table_column view_framework_columns[];
extern const struct table_column view_task_columns[];

/* One row. */
void view_agent_row(
	struct table *t, const struct view *v, const view_agent_t *a);
void view_framework_row(struct table *t, const struct view *v,
	const view_framework_t *f, bool ended);
void view_task_row(
	struct table *t, const struct view *v, const Mesos__V1__Task *task);

/* "used/total" of an agent's resource. */
void view_usage(
	char text[VIEW_USAGE_MAX], const view_agent_t *a, const char *name);
void view_attributes(struct buf *to, const Mesos__V1__AgentInfo *info);
void view_roles(struct buf *to, const Mesos__V1__FrameworkInfo *info);
const char *view_agent_state(const view_agent_t *a);
const char *view_framework_state(const view_framework_t *f, bool ended);
const char *view_task_state(Mesos__V1__TaskState s);	  /* "RUNNING" */
int64_t view_status_time(const Mesos__V1__TaskStatus *s); /* 0: unknown */
int64_t view_seconds(const Mesos__V1__TimeInfo *t);

/* Which one is meant; see pick.h. */
const view_agent_t *view_pick_agent(
	const struct view *v, const char *word, struct err *e);
const view_framework_t *view_pick_framework(
	const struct view *v, const char *word, struct err *e);
const Mesos__V1__Task *view_pick_task(
	const struct view *v, const char *word, struct err *e);

#endif
