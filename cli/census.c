/* census.c - see census.h. */
#include "cli/census.h"

#include <stdio.h>
#include <string.h>

#include "butte/scheduler.h"
#include "cli/age.h"
#include "cli/pick.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"

void census_init(struct census *v, struct arena *a,
	const Mesos__V1__Master__Response__GetState *s, int64_t now)
{
	const Mesos__V1__Master__Response__GetTasks *t = s->get_tasks;

	memset(v, 0, sizeof(*v));
	v->now = now;
	if (s->get_agents != NULL) {
		v->agents = s->get_agents->agents;
		v->n_agents = s->get_agents->n_agents;
	}
	if (s->get_frameworks != NULL) {
		v->frameworks = s->get_frameworks->frameworks;
		v->n_frameworks = s->get_frameworks->n_frameworks;
		v->ended_frameworks = s->get_frameworks->completed_frameworks;
		v->n_ended_frameworks =
			s->get_frameworks->n_completed_frameworks;
	}
	if (t == NULL)
		return;
	v->n_live_tasks = t->n_tasks + t->n_unreachable_tasks;
	v->tasks = arena_alloc(a,
		(v->n_live_tasks + t->n_completed_tasks + 1) *
			sizeof(*v->tasks));
	for (size_t i = 0; i < t->n_tasks; i++)
		v->tasks[v->n_tasks++] = t->tasks[i];
	for (size_t i = 0; i < t->n_unreachable_tasks; i++)
		v->tasks[v->n_tasks++] = t->unreachable_tasks[i];
	for (size_t i = 0; i < t->n_completed_tasks; i++)
		v->tasks[v->n_tasks++] = t->completed_tasks[i];
}

const char *census_agent_id(const census_agent_t *a)
{
	return a->agent_info->id != NULL ? a->agent_info->id->value : "";
}

const char *census_framework_id(const census_framework_t *f)
{
	const Mesos__V1__FrameworkInfo *info = f->framework_info;

	return info->id != NULL ? info->id->value : "";
}

const census_agent_t *census_agent_find(const struct census *v, const char *id)
{
	for (size_t i = 0; i < v->n_agents; i++)
		if (strcmp(census_agent_id(v->agents[i]), id) == 0)
			return v->agents[i];
	return NULL;
}

const char *census_executor_id(const Mesos__V1__Task *t)
{
	return t->executor_id != NULL && *t->executor_id->value != '\0'
		? t->executor_id->value
		: t->task_id->value;
}

const char *census_container_id(const Mesos__V1__Task *t)
{
	for (size_t i = t->n_statuses; i > 0; i--) {
		const Mesos__V1__ContainerStatus *c =
			t->statuses[i - 1]->container_status;

		if (c != NULL && c->container_id != NULL)
			return c->container_id->value;
	}
	return NULL;
}

int64_t census_seconds(const Mesos__V1__TimeInfo *t)
{
	return t != NULL ? t->nanoseconds / 1000000000 : 0;
}

int64_t census_status_time(const Mesos__V1__TaskStatus *s)
{
	return s->has_timestamp && s->timestamp > 0 && s->timestamp < 1e12
		? (int64_t)s->timestamp
		: 0;
}

static void add_age(struct table *t, const struct census *v, int64_t since)
{
	char text[AGE_TEXT_MAX];

	age_text(text, since > 0 && v->now > 0 ? v->now - since : -1);
	table_add(t, text);
}

static const char *host_of(const struct census *v, const char *agent_id)
{
	const census_agent_t *a = census_agent_find(v, agent_id);

	return a != NULL ? a->agent_info->hostname : NULL;
}

/* --- agents -------------------------------------------------------------- */

const struct table_column census_agent_columns[] = {
	{ "ID", false, false },
	{ "HOST", false, false },
	{ "STATE", false, false },
	{ "TASKS", true, false },
	{ "CPUS", true, false },
	{ "MEM", true, false },
	{ "DISK", true, false },
	{ "AGE", true, false },
	{ "VERSION", false, true },
	{ "ADDRESS", false, true },
	{ "ATTRIBUTES", false, true },
	{ NULL },
};

/* "used/total" */
void census_usage(
	char text[CENSUS_USAGE_MAX], const census_agent_t *a, const char *name)
{
	char used[AGE_TEXT_MAX], total[AGE_TEXT_MAX];

	age_milli(used,
		age_sum(a->allocated_resources, a->n_allocated_resources,
			name));
	age_milli(
		total, age_sum(a->total_resources, a->n_total_resources, name));
	(void)snprintf(text, CENSUS_USAGE_MAX, "%s/%s", used, total);
}

const char *census_agent_state(const census_agent_t *a)
{
	if (a->drain_info != NULL)
		return "draining";
	if (a->has_deactivated && a->deactivated)
		return "deactivated";
	return a->active ? "active" : "disconnected";
}

void census_attributes(struct buf *to, const Mesos__V1__AgentInfo *info)
{
	for (size_t i = 0; i < info->n_attributes; i++) {
		const Mesos__V1__Attribute *a = info->attributes[i];
		char text[AGE_TEXT_MAX];

		buf_printf(to, "%s%s=", i > 0 ? "," : "", a->name);
		if (a->text != NULL) {
			buf_add_str(to, a->text->value);
		} else if (a->scalar != NULL) {
			age_milli(text, (int64_t)(a->scalar->value * 1000));
			buf_add_str(to, text);
		} else {
			buf_add_str(to, "...");
		}
	}
}

static size_t count_tasks(
	const struct census *v, const char *agent_id, const char *framework_id)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_live_tasks; i++) {
		const Mesos__V1__Task *t = v->tasks[i];

		if (butte_state_is_terminal(t->state))
			continue;
		n += agent_id == NULL ||
				strcmp(t->agent_id->value, agent_id) == 0
			? framework_id == NULL ||
				strcmp(t->framework_id->value, framework_id) ==
					0
			: 0;
	}
	return n;
}

void census_agent_row(
	struct table *t, const struct census *v, const census_agent_t *a)
{
	static const char *const names[] = { "cpus", "mem", "disk" };
	struct buf b = BUF_INIT;
	char text[CENSUS_USAGE_MAX];

	table_add(t, census_agent_id(a));
	table_add(t, a->agent_info->hostname);
	table_add(t, census_agent_state(a));
	table_colour_set(t, a->active ? TABLE_GREEN : TABLE_RED);
	table_addf(t, "%zu", count_tasks(v, census_agent_id(a), NULL));
	for (size_t i = 0; i < 3; i++) {
		census_usage(text, a, names[i]);
		table_add(t, text);
	}
	add_age(t, v, census_seconds(a->registered_time));
	table_add(t, a->version);
	table_add(t, a->pid);
	census_attributes(&b, a->agent_info);
	table_add(t, buf_str(&b));
	buf_fini(&b);
}

/* --- frameworks ---------------------------------------------------------- */

const struct table_column census_framework_columns[] = {
	{ "ID", false, false },
	{ "NAME", false, false },
	{ "STATE", false, false },
	{ "TASKS", true, false },
	{ "CPUS", true, false },
	{ "MEM", true, false },
	{ "OFFERS", true, false },
	{ "AGE", true, false },
	{ "USER", false, true },
	{ "ROLES", false, true },
	{ "HOST", false, true },
	{ NULL },
};

static const char *old_role(const Mesos__V1__FrameworkInfo *info)
{
	return info->role;
}
void census_roles(struct buf *to, const Mesos__V1__FrameworkInfo *info)
{
	for (size_t i = 0; i < info->n_roles; i++)
		buf_printf(to, "%s%s", i > 0 ? "," : "", info->roles[i]);
	if (info->n_roles == 0 && old_role(info) != NULL)
		buf_add_str(to, old_role(info));
}

const char *census_framework_state(const census_framework_t *f, bool ended)
{
	if (ended)
		return "completed";
	if (f->recovered)
		return "recovered";
	if (!f->connected)
		return "disconnected";
	return f->active ? "active" : "inactive";
}

void census_framework_row(struct table *t, const struct census *v,
	const census_framework_t *f, bool ended)
{
	const Mesos__V1__FrameworkInfo *info = f->framework_info;
	struct buf b = BUF_INIT;
	char text[AGE_TEXT_MAX];

	table_add(t, census_framework_id(f));
	table_add(t, info->name);
	table_add(t, census_framework_state(f, ended));
	table_colour_set(t,
		ended		       ? TABLE_PLAIN
			: f->active    ? TABLE_GREEN
			: f->connected ? TABLE_YELLOW
				       : TABLE_RED);
	table_addf(t, "%zu",
		ended ? (size_t)0
		      : count_tasks(v, NULL, census_framework_id(f)));
	age_milli(text,
		age_sum(f->allocated_resources, f->n_allocated_resources,
			"cpus"));
	table_add(t, text);
	age_milli(text,
		age_sum(f->allocated_resources, f->n_allocated_resources,
			"mem"));
	table_add(t, text);
	table_addf(t, "%zu", f->n_offers);
	add_age(t, v, census_seconds(f->registered_time));
	table_add(t, info->user);
	census_roles(&b, info);
	table_add(t, buf_str(&b));
	table_add(t, info->hostname);
	buf_fini(&b);
}

/* --- tasks --------------------------------------------------------------- */

const struct table_column census_task_columns[] = {
	{ "ID", false, false },
	{ "NAME", false, false },
	{ "STATE", false, false },
	{ "HOST", false, false },
	{ "CPUS", true, false },
	{ "MEM", true, false },
	{ "AGE", true, false },
	{ "FRAMEWORK", false, true },
	{ "AGENT", false, true },
	{ "USER", false, true },
	{ "MESSAGE", false, true },
	{ NULL },
};

static enum table_colour state_colour(Mesos__V1__TaskState s)
{
	switch ((int)s) {
	case MESOS__V1__TASK_STATE__TASK_RUNNING:
		return TABLE_GREEN;
	case MESOS__V1__TASK_STATE__TASK_FINISHED:
		return TABLE_PLAIN;
	case MESOS__V1__TASK_STATE__TASK_STAGING:
	case MESOS__V1__TASK_STATE__TASK_STARTING:
	case MESOS__V1__TASK_STATE__TASK_KILLING:
	case MESOS__V1__TASK_STATE__TASK_UNREACHABLE:
		return TABLE_YELLOW;
	default:
		return TABLE_RED;
	}
}

const char *census_task_state(Mesos__V1__TaskState s)
{
	return butte_state_name(s) + strlen("TASK_");
}

static const char *last_message(const Mesos__V1__Task *t)
{
	return t->n_statuses > 0 ? t->statuses[t->n_statuses - 1]->message
				 : NULL;
}

void census_task_row(
	struct table *t, const struct census *v, const Mesos__V1__Task *task)
{
	char text[AGE_TEXT_MAX];

	table_add(t, task->task_id->value);
	table_add(t, task->name);
	table_add(t, census_task_state(task->state));
	table_colour_set(t, state_colour(task->state));
	table_add(t, host_of(v, task->agent_id->value));
	age_milli(text, age_sum(task->resources, task->n_resources, "cpus"));
	table_add(t, text);
	age_milli(text, age_sum(task->resources, task->n_resources, "mem"));
	table_add(t, text);
	add_age(t, v,
		task->n_statuses > 0 ? census_status_time(task->statuses[0])
				     : 0);
	table_add(t, task->framework_id->value);
	table_add(t, task->agent_id->value);
	table_add(t, task->user);
	table_add(t, last_message(task));
}

/* --- which one ----------------------------------------------------------- */

const census_agent_t *census_pick_agent(
	const struct census *v, const char *word, struct err *e)
{
	struct pick p;
	size_t i;

	pick_init(&p, "agent", word);
	for (i = 0; i < v->n_agents; i++)
		pick_offer(&p, census_agent_id(v->agents[i]),
			v->agents[i]->agent_info->hostname);
	return pick_done(&p, &i, e) == 0 ? v->agents[i] : NULL;
}

const census_framework_t *census_pick_framework(
	const struct census *v, const char *word, struct err *e)
{
	struct pick p;
	size_t i;

	pick_init(&p, "framework", word);
	for (i = 0; i < v->n_frameworks; i++)
		pick_offer(&p, census_framework_id(v->frameworks[i]),
			v->frameworks[i]->framework_info->name);
	if (!pick_found(&p))
		for (i = 0; i < v->n_ended_frameworks; i++)
			pick_offer(&p,
				census_framework_id(v->ended_frameworks[i]),
				v->ended_frameworks[i]->framework_info->name);
	if (pick_done(&p, &i, e) != 0)
		return NULL;
	return i < v->n_frameworks ? v->frameworks[i]
				   : v->ended_frameworks[i - v->n_frameworks];
}

/* The live ones go first: who says a name means what runs now. */
const Mesos__V1__Task *census_pick_task(
	const struct census *v, const char *word, struct err *e)
{
	struct pick p;
	size_t i;

	pick_init(&p, "task", word);
	for (i = 0; i < v->n_live_tasks; i++)
		pick_offer(&p, v->tasks[i]->task_id->value, v->tasks[i]->name);
	if (!pick_found(&p))
		for (; i < v->n_tasks; i++)
			pick_offer(&p, v->tasks[i]->task_id->value,
				v->tasks[i]->name);
	return pick_done(&p, &i, e) == 0 ? v->tasks[i] : NULL;
}
