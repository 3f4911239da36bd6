/* agent_report.c - see agent_report.h. */
#include "agent/agent_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/agent_view.h"
#include "agent/hold.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "common/pbjson.h"
#include "common/res.h"
#include "common/res_json.h"
#include "common/task_state.h"
#include "mesos/v1/mesos.pb-c.h"

/* v0 shows fields that v1 calls deprecated. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

typedef void part_f(struct json *j, const struct agent *a, struct arena *mem);

static part_f resources_part, attributes_part, flags_part, frameworks_part;
static void framework_put(struct json *j, const struct agent *a,
	const struct framework *f, struct arena *mem);
static void executor_put(struct json *j, const struct agent *a,
	const struct executor *e, struct arena *mem);
static void tasks_put(struct json *j, const struct agent *a,
	const struct executor *e, struct arena *mem);
static void task_put(struct json *j, const struct agent *a,
	const struct task *t, struct arena *mem);
static void queued_put(struct json *j, const struct agent *a,
	const struct task *t, struct arena *mem);
static void put_msg(struct json *j, const char *key, const ProtobufCMessage *m);
static void put_labels(struct json *j, const Mesos__V1__Labels *l);
static void put_resources(struct json *j, const char *key,
	Mesos__V1__Resource *const *r, size_t n);
static const char *role_of(Mesos__V1__Resource *const *r, size_t n);
static double seconds(int64_t ns);

/* --- /state ------------------------------------------------------------- */

void agent_report_state(
	const struct agent *a, uint64_t request, struct outbox *out)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	struct arena *mem = &out->arena;
	struct json j;

	json_init(&j, &b);
	json_obj_begin(&j);
	json_kstr(&j, "version", a->cfg->version);
	json_kstr(&j, "build_date", "");
	json_key(&j, "build_time"), json_double(&j, 0);
	json_kstr(&j, "build_user", "");
	json_key(&j, "start_time"), json_double(&j, seconds(a->begin_wall_ns));
	json_kstr(&j, "id", a->id != NULL ? a->id : "");
	json_kstr(&j, "pid",
		arena_printf(mem,
			strchr(a->cfg->ip, ':') != NULL
				? "slave(1)@[%s]:%" PRId32
				: "slave(1)@%s:%" PRId32,
			a->cfg->ip, a->info->port));
	json_kstr(&j, "hostname", a->info->hostname);
	json_kstr(&j, "master_hostname",
		a->master_hostname != NULL ? a->master_hostname : "");
	if (a->withheld != NULL)
		json_kstr(&j, "offers_withheld", a->withheld);
	resources_part(&j, a, mem);
	attributes_part(&j, a, mem);
	flags_part(&j, a, mem);
	frameworks_part(&j, a, mem);
	json_obj_end(&j);
	outbox_reply_json(out, request, b.data, b.size);
}

struct split {
	const char *role; /* NULL: unreserved */
};

static bool in_role(const struct res_object *o, void *ctx)
{
	const char *role = res_object_role(o);
	const char *want = ((const struct split *)ctx)->role;

	if (role == NULL || want == NULL)
		return role == want;
	return strcmp(role, want) == 0;
}

static void split(struct res *to, const struct res *from, const char *role)
{
	struct split ctx = { role };

	res_clear(to);
	res_filter(to, from, in_role, &ctx);
}

/* {role: resources} for each role that something is reserved to. */
static void put_reserved(
	struct json *j, const char *key, const struct res *r, bool full)
{
	struct res part = RES_INIT;
	size_t i, k;

	json_key(j, key);
	json_obj_begin(j);
	for (i = 0; i < r->n; i++) {
		const char *role = res_object_role(r->objects[i]);

		for (k = 0; role != NULL && k < i; k++)
			if (res_object_role(r->objects[k]) != NULL &&
				strcmp(res_object_role(r->objects[k]), role) ==
					0)
				role = NULL; /* was there */
		if (role == NULL)
			continue;
		split(&part, r, role);
		json_key(j, role);
		if (full)
			res_json_list(j, &part);
		else
			res_json_object(j, &part);
	}
	json_obj_end(j);
	res_fini(&part);
}

static void put_unreserved(
	struct json *j, const char *key, const struct res *r, bool full)
{
	struct res part = RES_INIT;

	split(&part, r, NULL);
	json_key(j, key);
	if (full)
		res_json_list(j, &part);
	else
		res_json_object(j, &part);
	res_fini(&part);
}

static void resources_part(
	struct json *j, const struct agent *a, struct arena *mem)
{
	struct res total = RES_INIT, used = RES_INIT;
	size_t n, i;
	Mesos__V1__AgentInfo__Capability **caps =
		agent_view_capabilities(&n, mem);

	(void)res_from_msgs(&total, a->info->resources, a->info->n_resources,
		NULL); /* it was checked when it was configured */
	agent_view_used(a, &used, mem);
	res_allocate(&used, NULL);
	json_key(j, "capabilities");
	json_arr_begin(j);
	for (i = 0; i < n; i++)
		json_str(j,
			protobuf_c_enum_descriptor_get_value(
				&mesos__v1__agent_info__capability__type__descriptor,
				(int)caps[i]->type)
				->name);
	json_arr_end(j);
	json_key(j, "resources"), res_json_object(j, &total);
	put_reserved(j, "reserved_resources", &total, false);
	put_unreserved(j, "unreserved_resources", &total, false);
	put_reserved(j, "reserved_resources_full", &total, true);
	put_unreserved(j, "unreserved_resources_full", &total, true);
	put_reserved(j, "reserved_resources_allocated", &used, false);
	put_unreserved(j, "unreserved_resources_allocated", &used, false);
	json_key(j, "resource_providers");
	json_arr_begin(j);
	json_arr_end(j);
	res_fini(&total);
	res_fini(&used);
}

static void attributes_part(
	struct json *j, const struct agent *a, struct arena *mem)
{
	size_t i, k;

	(void)mem;
	json_key(j, "attributes");
	json_obj_begin(j);
	for (i = 0; i < a->info->n_attributes; i++) {
		const Mesos__V1__Attribute *m = a->info->attributes[i];
		CLEANUP(buf_fini) struct buf text = BUF_INIT;

		json_key(j, m->name);
		if (m->scalar != NULL) {
			json_double(j, m->scalar->value);
			continue;
		}
		for (k = 0; m->ranges != NULL && k < m->ranges->n_range; k++)
			buf_printf(&text, "%s%" PRIu64 "-%" PRIu64,
				k > 0 ? ", " : "[", m->ranges->range[k]->begin,
				m->ranges->range[k]->end);
		if (m->ranges != NULL)
			buf_add_char(&text, ']');
		else if (m->text != NULL)
			buf_add_str(&text, m->text->value);
		json_str(j, buf_str(&text));
	}
	json_obj_end(j);
}

static void flags_part(struct json *j, const struct agent *a, struct arena *mem)
{
	size_t i;

	(void)mem;
	json_key(j, "flags");
	json_obj_begin(j);
	for (i = 0; i < a->cfg->n_flags; i++)
		json_kstr(j, a->cfg->flags[i].name, a->cfg->flags[i].value);
	json_obj_end(j);
}

static void frameworks_part(
	struct json *j, const struct agent *a, struct arena *mem)
{
	const struct framework *f;

	json_key(j, "frameworks");
	json_arr_begin(j);
	TAILQ_FOREACH (f, &a->frameworks, next)
		framework_put(j, a, f, mem);
	json_arr_end(j);
	json_key(j, "completed_frameworks");
	json_arr_begin(j);
	TAILQ_FOREACH (f, &a->completed, next)
		framework_put(j, a, f, mem);
	json_arr_end(j);
}

static bool is_multi_role(const Mesos__V1__FrameworkInfo *info)
{
	size_t i;

	for (i = 0; i < info->n_capabilities; i++)
		if ((int)info->capabilities[i]->type ==
			MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__MULTI_ROLE)
			return true;
	return false;
}

static void framework_put(struct json *j, const struct agent *a,
	const struct framework *f, struct arena *mem)
{
	const Mesos__V1__FrameworkInfo *info = hold_framework_info(f, mem);
	const struct executor *e;
	size_t i;

	json_obj_begin(j);
	json_kstr(j, "id", f->id);
	json_kstr(j, "name", info->name);
	json_kstr(j, "user", info->user);
	json_key(j, "failover_timeout");
	json_double(j, info->failover_timeout);
	json_kbool(j, "checkpoint", info->checkpoint);
	json_kstr(j, "hostname", info->hostname != NULL ? info->hostname : "");
	if (info->principal != NULL)
		json_kstr(j, "principal", info->principal);
	if (is_multi_role(info)) {
		json_key(j, "roles");
		json_arr_begin(j);
		for (i = 0; i < info->n_roles; i++)
			json_str(j, info->roles[i]);
		json_arr_end(j);
	} else {
		json_kstr(j, "role", info->role);
	}
	json_key(j, "executors");
	json_arr_begin(j);
	TAILQ_FOREACH (e, &f->executors, next)
		executor_put(j, a, e, mem);
	json_arr_end(j);
	json_key(j, "completed_executors");
	json_arr_begin(j);
	TAILQ_FOREACH (e, &f->completed, next)
		executor_put(j, a, e, mem);
	json_arr_end(j);
	json_obj_end(j);
}

static void executor_put(struct json *j, const struct agent *a,
	const struct executor *e, struct arena *mem)
{
	const Mesos__V1__ExecutorInfo *info = hold_executor_info(e, mem);
	bool custom =
		(int)info->type != MESOS__V1__EXECUTOR_INFO__TYPE__DEFAULT;

	json_obj_begin(j);
	json_kstr(j, "id", e->id);
	json_kstr(j, "name", info->name != NULL ? info->name : "");
	json_kstr(j, "source", info->source != NULL ? info->source : "");
	json_kstr(j, "container", e->container_id);
	json_kstr(j, "directory",
		a->id == NULL ? ""
			      : arena_printf(mem, "%s/%s", a->cfg->work_dir,
					hold_directory(a, e, mem)));
	put_resources(j, "resources", info->resources, info->n_resources);
	json_kstr(j, "role", role_of(info->resources, info->n_resources));
	if (info->labels != NULL)
		put_labels(j, info->labels);
	if (info->has_type)
		json_kstr(j, "type", custom ? "CUSTOM" : "DEFAULT");
	tasks_put(j, a, e, mem);
	json_obj_end(j);
}

static void tasks_put(struct json *j, const struct agent *a,
	const struct executor *e, struct arena *mem)
{
	const struct task *t;

	json_key(j, "tasks");
	json_arr_begin(j);
	TAILQ_FOREACH (t, &e->tasks, next)
		if (t->delivered)
			task_put(j, a, t, mem);
	json_arr_end(j);
	json_key(j, "queued_tasks");
	json_arr_begin(j);
	TAILQ_FOREACH (t, &e->tasks, next)
		if (!t->delivered)
			queued_put(j, a, t, mem);
	json_arr_end(j);
	json_key(j, "completed_tasks");
	json_arr_begin(j);
	TAILQ_FOREACH (t, &e->completed, next)
		task_put(j, a, t, mem);
	json_arr_end(j);
}

static void task_put(struct json *j, const struct agent *a,
	const struct task *t, struct arena *mem)
{
	const Mesos__V1__Task *m;
	size_t i;

	if (t->info.data == NULL)
		return;
	m = agent_view_task(a, t, mem);
	json_obj_begin(j);
	json_kstr(j, "id", t->id);
	json_kstr(j, "name", m->name);
	json_kstr(j, "framework_id", t->framework->id);
	json_kstr(j, "executor_id",
		m->executor_id != NULL ? m->executor_id->value : "");
	json_kstr(j, "slave_id", m->agent_id->value);
	json_kstr(j, "state", task_state_name(t->state));
	put_resources(j, "resources", m->resources, m->n_resources);
	json_kstr(j, "role", role_of(m->resources, m->n_resources));
	json_key(j, "statuses");
	json_arr_begin(j);
	for (i = 0; i < m->n_statuses; i++) {
		json_obj_begin(j);
		json_kstr(j, "state",
			task_state_name((int)m->statuses[i]->state));
		json_key(j, "timestamp");
		json_double(j, m->statuses[i]->timestamp);
		json_obj_end(j);
	}
	json_arr_end(j);
	json_kstr(j, "user", m->user);
	if (m->labels != NULL)
		put_labels(j, m->labels);
	if (m->discovery != NULL)
		put_msg(j, "discovery", &m->discovery->base);
	if (m->container != NULL)
		put_msg(j, "container", &m->container->base);
	if (m->health_check != NULL)
		put_msg(j, "health_check", &m->health_check->base);
	json_obj_end(j);
}

static void queued_put(struct json *j, const struct agent *a,
	const struct task *t, struct arena *mem)
{
	const Mesos__V1__TaskInfo *m = hold_task_info(t, mem);

	if (m == NULL)
		return;
	json_obj_begin(j);
	json_kstr(j, "id", t->id);
	json_kstr(j, "name", m->name);
	json_kstr(j, "slave_id", a->id);
	put_resources(j, "resources", m->resources, m->n_resources);
	json_kstr(j, "role", role_of(m->resources, m->n_resources));
	if (m->command != NULL)
		put_msg(j, "command", &m->command->base);
	json_kstr(j, "executor_id",
		m->executor != NULL ? m->executor->executor_id->value : "");
	if (m->discovery != NULL)
		put_msg(j, "discovery", &m->discovery->base);
	json_obj_end(j);
}

static void put_msg(struct json *j, const char *key, const ProtobufCMessage *m)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	pbjson_write(&b, m);
	json_key(j, key);
	json_raw(j, b.data, b.size);
}

static void put_labels(struct json *j, const Mesos__V1__Labels *l)
{
	size_t i;

	json_key(j, "labels");
	json_arr_begin(j);
	for (i = 0; i < l->n_labels; i++) {
		json_obj_begin(j);
		json_kstr(j, "key", l->labels[i]->key);
		if (l->labels[i]->value != NULL)
			json_kstr(j, "value", l->labels[i]->value);
		json_obj_end(j);
	}
	json_arr_end(j);
}

static void put_resources(struct json *j, const char *key,
	Mesos__V1__Resource *const *r, size_t n)
{
	struct res res = RES_INIT;

	(void)res_from_msgs(&res, r, n, NULL); /* checked when it came */
	json_key(j, key);
	res_json_object(j, &res);
	res_fini(&res);
}

static const char *role_of(Mesos__V1__Resource *const *r, size_t n)
{
	if (n == 0 || r[0]->allocation_info == NULL ||
		r[0]->allocation_info->role == NULL)
		return "*";
	return r[0]->allocation_info->role;
}

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

/* --- /metrics/snapshot -------------------------------------------------- */

struct gauges {
	double tasks[16];    /* by state */
	double executors[4]; /* by state */
	double frameworks_active;
};

static void count(const struct agent *a, struct gauges *g)
{
	const struct framework *f;
	const struct executor *e;
	const struct task *t;

	*g = (struct gauges){ 0 };
	TAILQ_FOREACH (f, &a->frameworks, next) {
		if (!f->terminating)
			g->frameworks_active++;
		TAILQ_FOREACH (e, &f->executors, next) {
			g->executors[e->state]++;
			TAILQ_FOREACH (t, &e->tasks, next)
				g->tasks[t->state]++;
		}
	}
}

static void each_resource(
	const struct agent *a, agent_report_metric_f *each, void *ctx)
{
	static const char *const names[] = { "cpus", "gpus", "mem", "disk" };
	struct res total = RES_INIT, used = RES_INIT;
	struct arena mem;
	char name[64];
	size_t i;

	arena_init(&mem);
	(void)res_from_msgs(
		&total, a->info->resources, a->info->n_resources, NULL);
	agent_view_used(a, &used, &mem);
	for (i = 0; i < ARRAY_LEN(names); i++) {
		int64_t all = res_sum(&total, names[i]);
		int64_t taken = res_sum(&used, names[i]);

		(void)snprintf(name, sizeof(name), "slave/%s_total", names[i]);
		each(ctx, name, (double)all / 1000);
		(void)snprintf(name, sizeof(name), "slave/%s_used", names[i]);
		each(ctx, name, (double)taken / 1000);
		(void)snprintf(
			name, sizeof(name), "slave/%s_percent", names[i]);
		each(ctx, name, all > 0 ? (double)taken / (double)all : 0);
	}
	res_fini(&total);
	res_fini(&used);
	arena_fini(&mem);
}

static void each_of_machine(
	const struct agent *a, agent_report_metric_f *each, void *ctx);

#define STATE(name) MESOS__V1__TASK_STATE__TASK_##name

void agent_report_each_metric(
	const struct agent *a, agent_report_metric_f *each, void *ctx)
{
	const struct hold_metrics *m = &a->metrics;
	struct gauges g;
	size_t i;

	count(a, &g);
	const struct {
		const char *name;
		double value;
	} list[] = {
		{ "slave/registered", a->registered },
		{ "slave/uptime_secs",
			(double)(a->now_ms - a->begin_ms) / 1e3 },
		{ "slave/recovery_errors", (double)m->recovery_errors },
		{ "slave/recovery_time_secs", (double)a->recovered_ms / 1e3 },
		{ "slave/frameworks_active", g.frameworks_active },
		{ "slave/tasks_staging", g.tasks[STATE(STAGING)] },
		{ "slave/tasks_starting", g.tasks[STATE(STARTING)] },
		{ "slave/tasks_running", g.tasks[STATE(RUNNING)] },
		{ "slave/tasks_killing", g.tasks[STATE(KILLING)] },
		{ "slave/tasks_finished", (double)m->ended[STATE(FINISHED)] },
		{ "slave/tasks_failed", (double)m->ended[STATE(FAILED)] },
		{ "slave/tasks_killed", (double)m->ended[STATE(KILLED)] },
		{ "slave/tasks_lost", (double)m->ended[STATE(LOST)] },
		{ "slave/tasks_gone", (double)m->ended[STATE(GONE)] },
		{ "slave/executors_registering",
			g.executors[EXECUTOR_REGISTERING] },
		{ "slave/executors_running", g.executors[EXECUTOR_RUNNING] },
		{ "slave/executors_terminating",
			g.executors[EXECUTOR_TERMINATING] },
		{ "slave/executors_terminated", (double)m->executors_ended },
		{ "slave/executors_preempted", 0 },
		{ "slave/valid_status_updates", (double)m->valid_updates },
		{ "slave/invalid_status_updates", (double)m->invalid_updates },
		{ "slave/valid_framework_messages", (double)m->valid_messages },
		{ "slave/invalid_framework_messages",
			(double)m->invalid_messages },
		{ "slave/container_launch_errors", (double)m->launch_errors },
		{ "slave/executor_directory_max_allowed_age_secs",
			(double)a->cfg->gc_delay_ms / 1e3 },
		{ "gc/path_removals_pending", (double)a->n_sandboxes },
		{ "gc/path_removals_succeeded", (double)m->sandboxes_removed },
	};

	for (i = 0; i < ARRAY_LEN(list); i++)
		each(ctx, list[i].name, list[i].value);
	each_resource(a, each, ctx);
	each_of_machine(a, each, ctx);
}

static void each_of_machine(
	const struct agent *a, agent_report_metric_f *each, void *ctx)
{
	const struct agent_machine *m = &a->machine;

	each(ctx, "system/cpus_total", m->cpus);
	each(ctx, "system/load_1min", m->load_1min);
	each(ctx, "system/load_5min", m->load_5min);
	each(ctx, "system/load_15min", m->load_15min);
	each(ctx, "system/mem_free_bytes", (double)m->mem_free_bytes);
	each(ctx, "system/mem_total_bytes", (double)m->mem_total_bytes);
}

static void metric_put(void *ctx, const char *name, double value)
{
	json_key(ctx, name);
	json_double(ctx, value);
}

void agent_report_metrics(
	const struct agent *a, uint64_t request, struct outbox *out)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	struct json j;

	json_init(&j, &b);
	json_obj_begin(&j);
	agent_report_each_metric(a, metric_put, &j);
	json_obj_end(&j);
	outbox_reply_json(out, request, b.data, b.size);
}
