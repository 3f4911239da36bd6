/* detail.c - see detail.h. */
#include "cli/detail.h"

#include <string.h>

#include "cli/age.h"
#include "common/buf.h"

/* Text from outside, made harmless. */
static void add_text(struct buf *to, const char *text)
{
	for (; *text != '\0'; text++)
		buf_add_char(to,
			(unsigned char)*text < ' ' || *text == 0x7f ? '?'
								    : *text);
}

void detail_line(struct buf *to, const char *name, const char *value)
{
	buf_printf(to, "%s:%*s", name, (int)(14 - strlen(name)), "");
	add_text(to, value != NULL && *value != '\0' ? value : "-");
	buf_add_char(to, '\n');
}

static void line_milli(struct buf *to, const char *name,
	Mesos__V1__Resource *const *r, size_t n)
{
	static const char *const names[] = { "cpus", "mem", "disk", "gpus" };
	struct buf b = BUF_INIT;
	char text[AGE_TEXT_MAX];

	for (size_t i = 0; i < 4; i++) {
		int64_t sum = age_sum(r, n, names[i]);

		if (sum == 0)
			continue;
		age_milli(text, sum);
		buf_printf(
			&b, "%s%s %s", b.size > 0 ? ", " : "", names[i], text);
	}
	detail_line(to, name, buf_str(&b));
	buf_fini(&b);
}

static void line_time(struct buf *to, const char *name, int64_t seconds)
{
	char text[AGE_TEXT_MAX];

	age_date(text, seconds);
	detail_line(to, name, text);
}

/* The tasks for which one of the ids fits; the other is NULL. */
static void tasks_of(struct buf *to, const struct census *v, const char *agent,
	const char *framework)
{
	struct table t;

	table_init(&t, census_task_columns);
	for (size_t i = 0; i < v->n_tasks; i++) {
		const Mesos__V1__Task *task = v->tasks[i];

		if (agent != NULL && strcmp(task->agent_id->value, agent) != 0)
			continue;
		if (framework != NULL &&
			strcmp(task->framework_id->value, framework) != 0)
			continue;
		census_task_row(&t, v, task);
	}
	if (table_rows(&t) > 0) {
		buf_add_char(to, '\n');
		table_print(to, &t, false, false);
	}
	table_fini(&t);
}

void detail_agent(
	struct buf *to, const struct census *v, const census_agent_t *a)
{
	const Mesos__V1__AgentInfo *info = a->agent_info;
	struct buf b = BUF_INIT;
	char text[CENSUS_USAGE_MAX];

	detail_line(to, "ID", census_agent_id(a));
	detail_line(to, "Host", info->hostname);
	detail_line(to, "Address", a->pid);
	detail_line(to, "State", census_agent_state(a));
	detail_line(to, "Version", a->version);
	line_time(to, "Registered", census_seconds(a->registered_time));
	if (a->reregistered_time != NULL)
		line_time(
			to, "Back since", census_seconds(a->reregistered_time));
	census_attributes(&b, info);
	detail_line(to, "Attributes", buf_str(&b));
	buf_fini(&b);
	line_milli(to, "Total", a->total_resources, a->n_total_resources);
	line_milli(
		to, "Used", a->allocated_resources, a->n_allocated_resources);
	line_milli(to, "Offered", a->offered_resources, a->n_offered_resources);
	census_usage(text, a, "cpus");
	detail_line(to, "Cpus", text);
	tasks_of(to, v, census_agent_id(a), NULL);
}

void detail_framework(
	struct buf *to, const struct census *v, const census_framework_t *f)
{
	const Mesos__V1__FrameworkInfo *info = f->framework_info;
	bool ended = f->unregistered_time != NULL;
	struct buf b = BUF_INIT;

	detail_line(to, "ID", census_framework_id(f));
	detail_line(to, "Name", info->name);
	detail_line(to, "State", census_framework_state(f, ended));
	detail_line(to, "User", info->user);
	census_roles(&b, info);
	detail_line(to, "Roles", buf_str(&b));
	buf_fini(&b);
	detail_line(to, "Principal", info->principal);
	detail_line(to, "Host", info->hostname);
	line_time(to, "Registered", census_seconds(f->registered_time));
	if (f->reregistered_time != NULL)
		line_time(
			to, "Back since", census_seconds(f->reregistered_time));
	if (ended)
		line_time(to, "Ended", census_seconds(f->unregistered_time));
	line_milli(
		to, "Used", f->allocated_resources, f->n_allocated_resources);
	line_milli(to, "Offered", f->offered_resources, f->n_offered_resources);
	tasks_of(to, v, NULL, census_framework_id(f));
}

static void status_row(struct table *t, const Mesos__V1__TaskStatus *s)
{
	const ProtobufCEnumValue *reason = s->has_reason
		? protobuf_c_enum_descriptor_get_value(
			  &mesos__v1__task_status__reason__descriptor,
			  (int)s->reason)
		: NULL;
	char text[AGE_TEXT_MAX];

	age_date(text, census_status_time(s));
	table_add(t, text);
	table_add(t, census_task_state(s->state));
	table_add(t, reason != NULL ? reason->name : NULL);
	table_add(t, s->message);
}

void detail_task(
	struct buf *to, const struct census *v, const Mesos__V1__Task *task)
{
	static const struct table_column columns[] = {
		{ "TIME", false, false },
		{ "STATE", false, false },
		{ "REASON", false, false },
		{ "MESSAGE", false, false },
		{ NULL },
	};
	const census_agent_t *a = census_agent_find(v, task->agent_id->value);
	struct table t;

	detail_line(to, "ID", task->task_id->value);
	detail_line(to, "Name", task->name);
	detail_line(to, "State", census_task_state(task->state));
	detail_line(to, "Framework", task->framework_id->value);
	detail_line(to, "Executor", census_executor_id(task));
	detail_line(to, "Agent", task->agent_id->value);
	detail_line(to, "Host", a != NULL ? a->agent_info->hostname : NULL);
	detail_line(to, "User", task->user);
	detail_line(to, "Container", census_container_id(task));
	line_milli(to, "Resources", task->resources, task->n_resources);
	table_init(&t, columns);
	for (size_t i = 0; i < task->n_statuses; i++)
		status_row(&t, task->statuses[i]);
	if (table_rows(&t) > 0) {
		buf_add_char(to, '\n');
		table_print(to, &t, false, false);
	}
	table_fini(&t);
}

void detail_cluster(struct buf *to, const struct census *v)
{
	static const char *const names[] = { "cpus", "mem", "disk" };
	static const char *const titles[] = { "Cpus", "Mem", "Disk" };
	size_t active = 0, connected = 0;
	char text[CENSUS_USAGE_MAX];
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < v->n_agents; i++)
		active += v->agents[i]->active != 0;
	for (size_t i = 0; i < v->n_frameworks; i++)
		connected += v->frameworks[i]->connected != 0;
	buf_printf(&b, "%zu active, %zu in all", active, v->n_agents);
	detail_line(to, "Agents", buf_str(&b));
	buf_clear(&b);
	buf_printf(&b, "%zu connected, %zu in all", connected, v->n_frameworks);
	detail_line(to, "Frameworks", buf_str(&b));
	buf_clear(&b);
	buf_printf(&b, "%zu live, %zu ended", v->n_live_tasks,
		v->n_tasks - v->n_live_tasks);
	detail_line(to, "Tasks", buf_str(&b));
	for (size_t n = 0; n < 3; n++) {
		int64_t used = 0, total = 0;

		for (size_t i = 0; i < v->n_agents; i++) {
			const census_agent_t *a = v->agents[i];

			used += age_sum(a->allocated_resources,
				a->n_allocated_resources, names[n]);
			total += age_sum(a->total_resources,
				a->n_total_resources, names[n]);
		}
		buf_clear(&b);
		age_milli(text, used);
		buf_printf(&b, "%s of ", text);
		age_milli(text, total);
		buf_add_str(&b, text);
		detail_line(to, titles[n], buf_str(&b));
	}
	buf_fini(&b);
}

/* --- events -------------------------------------------------------------- */

static void begin(struct buf *to, const char *what, int64_t now)
{
	char text[AGE_TEXT_MAX];

	if (to->size > 0)
		buf_add_char(to, '\n');
	age_date(text, now);
	buf_printf(to, "%s %-17s", text, what);
}

static void pair(struct buf *to, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	buf_printf(to, " %s=", name);
	add_text(to, value);
}

static void task_line(struct buf *to, const Mesos__V1__Task *t, int64_t now)
{
	begin(to, "TASK_ADDED", now);
	pair(to, "task", t->task_id->value);
	pair(to, "name", t->name);
	pair(to, "state", census_task_state(t->state));
	pair(to, "agent", t->agent_id->value);
	pair(to, "framework", t->framework_id->value);
}

static void agent_line(struct buf *to, const census_agent_t *a, int64_t now)
{
	begin(to, "AGENT_ADDED", now);
	pair(to, "agent", census_agent_id(a));
	pair(to, "host", a->agent_info->hostname);
	pair(to, "state", census_agent_state(a));
}

static void framework_line(struct buf *to, const char *what,
	const census_framework_t *f, int64_t now)
{
	begin(to, what, now);
	pair(to, "framework", census_framework_id(f));
	pair(to, "name", f->framework_info->name);
	pair(to, "state", census_framework_state(f, false));
}

static void snapshot(struct buf *to,
	const Mesos__V1__Master__Response__GetState *s, int64_t now)
{
	if (s == NULL)
		return;
	for (size_t i = 0; s->get_agents && i < s->get_agents->n_agents; i++)
		agent_line(to, s->get_agents->agents[i], now);
	for (size_t i = 0;
		s->get_frameworks && i < s->get_frameworks->n_frameworks; i++)
		framework_line(to, "FRAMEWORK_ADDED",
			s->get_frameworks->frameworks[i], now);
	for (size_t i = 0; s->get_tasks && i < s->get_tasks->n_tasks; i++)
		task_line(to, s->get_tasks->tasks[i], now);
}

static void updated_line(struct buf *to,
	const Mesos__V1__Master__Event__TaskUpdated *u, int64_t now)
{
	const Mesos__V1__TaskStatus *s = u->status;

	begin(to, "TASK_UPDATED", now);
	pair(to, "task", s->task_id->value);
	pair(to, "state", census_task_state(s->state));
	if (u->state != s->state)
		pair(to, "latest", census_task_state(u->state));
	if (s->agent_id != NULL)
		pair(to, "agent", s->agent_id->value);
	pair(to, "framework", u->framework_id->value);
	if (s->message != NULL && *s->message != '\0') {
		buf_add_str(to, " message='");
		add_text(to, s->message);
		buf_add_char(to, '\'');
	}
}

bool detail_event(
	struct buf *to, const Mesos__V1__Master__Event *e, int64_t now)
{
	size_t before = to->size;

	if (e->subscribed != NULL)
		snapshot(to, e->subscribed->get_state, now);
	if (e->task_added != NULL)
		task_line(to, e->task_added->task, now);
	if (e->task_updated != NULL)
		updated_line(to, e->task_updated, now);
	if (e->agent_added != NULL)
		agent_line(to, e->agent_added->agent, now);
	if (e->agent_removed != NULL) {
		begin(to, "AGENT_REMOVED", now);
		pair(to, "agent", e->agent_removed->agent_id->value);
	}
	if (e->framework_added != NULL)
		framework_line(to, "FRAMEWORK_ADDED",
			e->framework_added->framework, now);
	if (e->framework_updated != NULL)
		framework_line(to, "FRAMEWORK_UPDATED",
			e->framework_updated->framework, now);
	if (e->framework_removed != NULL) {
		const Mesos__V1__FrameworkInfo *i =
			e->framework_removed->framework_info;

		begin(to, "FRAMEWORK_REMOVED", now);
		pair(to, "framework", i->id != NULL ? i->id->value : NULL);
		pair(to, "name", i->name);
	}
	return to->size > before;
}
