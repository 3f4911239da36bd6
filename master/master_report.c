/* master_report.c - see master_report.h. */
#include "master/master_report.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "common/pbjson.h"
#include "common/res.h"
#include "common/task_state.h"
#include "master/alloc.h"
#include "master/notify.h"
#include "master/report_json.h"
#include "master/state.h"
#include "mesos/v1/mesos.pb-c.h"

typedef void report_f(
	struct master *m, const struct master_query *q, struct json *j);

/* --- /slaves and /frameworks ------------------------------------------------------ */

static void slaves(struct master *m, const char *only, struct json *j)
{
	const struct agent *a;

	json_key(j, "slaves");
	json_arr_begin(j);
	for (a = NULL; (a = state_agent_next(m, a)) != NULL;) {
		if (!a->registered ||
			(only != NULL && strcmp(only, a->id) != 0))
			continue;
		json_obj_begin(j);
		report_json_agent(j, a, true);
		json_obj_end(j);
	}
	json_arr_end(j);
	json_key(j, "recovered_slaves");
	json_arr_begin(j);
	for (a = NULL; (a = state_agent_next(m, a)) != NULL;) {
		if (a->registered || (only != NULL && strcmp(only, a->id) != 0))
			continue;
		json_obj_begin(j);
		json_kstr(j, "id", a->id);
		json_kstr(j, "hostname", a->info->hostname);
		json_kint(j, "port", a->info->port);
		json_obj_end(j);
	}
	json_arr_end(j);
}

static void frameworks(struct master *m, const char *only, struct json *j)
{
	const struct framework *fw;

	json_key(j, "frameworks");
	json_arr_begin(j);
	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;) {
		if (only != NULL && strcmp(only, fw->id) != 0)
			continue;
		json_obj_begin(j);
		report_json_framework(j, fw);
		json_obj_end(j);
	}
	json_arr_end(j);
	json_key(j, "completed_frameworks");
	json_arr_begin(j);
	for (fw = NULL; (fw = state_completed_next(m, fw)) != NULL;) {
		if (only != NULL && strcmp(only, fw->id) != 0)
			continue;
		json_obj_begin(j);
		report_json_framework(j, fw);
		json_obj_end(j);
	}
	json_arr_end(j);
	json_key(j, "unregistered_frameworks"); /* a relic */
	json_arr_begin(j);
	json_arr_end(j);
}

static void report_agents(
	struct master *m, const struct master_query *q, struct json *j)
{
	slaves(m, q->agent_id, j);
}

static void report_frameworks(
	struct master *m, const struct master_query *q, struct json *j)
{
	frameworks(m, q->framework_id, j);
}

/* --- /state ------------------------------------------------------------------------- */

static void flags(const struct master *m, struct json *j)
{
	size_t i;

	json_key(j, "flags");
	json_obj_begin(j);
	for (i = 0; i < m->cfg.n_flags; i++)
		json_kstr(j, m->cfg.flags[i].name, m->cfg.flags[i].value);
	json_obj_end(j);
}

static void leader(const struct master *m, const Mesos__V1__MasterInfo *info,
	struct json *j)
{
	json_kstr(j, "leader", info->pid);
	json_key(j, "leader_info");
	json_obj_begin(j);
	json_kstr(j, "id", m->cfg.id);
	json_kstr(j, "pid", info->pid);
	json_kint(j, "port", m->cfg.port);
	json_kstr(j, "hostname", m->cfg.hostname);
	json_obj_end(j);
}

static void agent_counts(const struct master *m, struct json *j)
{
	int64_t active = 0, inactive = 0;
	const struct agent *a;

	for (a = NULL; (a = state_agent_next(m, a)) != NULL;) {
		active += a->registered && a->active;
		inactive += a->registered && !a->active;
	}
	json_kint(j, "activated_slaves", active);
	json_kint(j, "deactivated_slaves", inactive);
	json_kint(j, "unreachable_slaves",
		(int64_t)state_absent_count(m->unreachable));
}

static void report_state(
	struct master *m, const struct master_query *q, struct json *j)
{
	const Mesos__V1__MasterInfo *info =
		notify_master_info(m, &m->out->arena);

	(void)q;
	json_kstr(j, "version", m->cfg.version);
	/* Of no build: the same source makes the same program. */
	json_kstr(j, "build_date", "");
	json_key(j, "build_time"), json_double(j, 0);
	json_kstr(j, "build_user", "");
	report_json_ktime(j, "start_time", m->started_ns);
	report_json_ktime(j, "elected_time", m->started_ns);
	json_kstr(j, "id", m->cfg.id);
	json_kstr(j, "pid", info->pid);
	json_kstr(j, "hostname", m->cfg.hostname);
	json_key(j, "capabilities");
	json_arr_begin(j);
	json_str(j, "AGENT_UPDATE");
	json_arr_end(j);
	agent_counts(m, j);
	leader(m, info, j);
	if (m->cfg.cluster != NULL)
		json_kstr(j, "cluster", m->cfg.cluster);
	flags(m, j);
	slaves(m, NULL, j);
	frameworks(m, NULL, j);
	json_key(j, "orphan_tasks"); /* a relic */
	json_arr_begin(j);
	json_arr_end(j);
}

/* --- /state-summary -------------------------------------------------------------------- */

/* Counts of tasks by state, and who is together with whom. */
struct summary {
	int64_t tasks[METRICS_STATES];
	const char **ids; /* of frameworks */
	size_t n;
	size_t cap;
};

static void counts(const struct summary *s, struct json *j)
{
	static const int shown[] = {
		MESOS__V1__TASK_STATE__TASK_STAGING,
		MESOS__V1__TASK_STATE__TASK_STARTING,
		MESOS__V1__TASK_STATE__TASK_RUNNING,
		MESOS__V1__TASK_STATE__TASK_KILLING,
		MESOS__V1__TASK_STATE__TASK_FINISHED,
		MESOS__V1__TASK_STATE__TASK_KILLED,
		MESOS__V1__TASK_STATE__TASK_FAILED,
		MESOS__V1__TASK_STATE__TASK_LOST,
		MESOS__V1__TASK_STATE__TASK_ERROR,
		MESOS__V1__TASK_STATE__TASK_UNREACHABLE,
	};
	size_t i;

	for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		json_kint(j, task_state_name(shown[i]), s->tasks[shown[i]]);
}

static void count(struct master *m, struct summary *agents, struct summary *own,
	const struct task *t)
{
	struct agent *a =
		t->agent != NULL ? t->agent : state_agent_find(m, t->agent_id);
	struct summary *there;

	own->tasks[t->state]++;
	if (a == NULL)
		return;
	there = &agents[a->index];
	there->tasks[t->state]++;
	if (a->mark == m->mark)
		return; /* this framework is noted there already */
	a->mark = m->mark;
	there->ids = xgrow(
		there->ids, &there->cap, there->n + 1, sizeof(there->ids[0]));
	there->ids[there->n++] = t->framework->id;
	own->ids = xgrow(own->ids, &own->cap, own->n + 1, sizeof(own->ids[0]));
	own->ids[own->n++] = a->id;
}

static void ids(struct json *j, const char *key, const struct summary *s)
{
	size_t i;

	json_key(j, key);
	json_arr_begin(j);
	for (i = 0; i < s->n; i++)
		json_str(j, s->ids[i]);
	json_arr_end(j);
}

static void summary_framework(struct master *m, struct summary *agents,
	const struct framework *fw, struct json *j)
{
	struct summary own = { 0 };
	const struct task *t;

	m->mark++;
	for (t = NULL; (t = state_task_next(fw, t)) != NULL;)
		count(m, agents, &own, t);
	for (t = NULL; (t = state_unreachable_next(fw, t)) != NULL;)
		count(m, agents, &own, t);
	TAILQ_FOREACH (t, &fw->completed, of_completed)
		count(m, agents, &own, t);
	json_obj_begin(j);
	report_json_framework_head(j, fw);
	counts(&own, j);
	ids(j, "slave_ids", &own);
	json_obj_end(j);
	free(own.ids);
}

static void report_summary(
	struct master *m, const struct master_query *q, struct json *j)
{
	const struct framework *fw;
	struct summary *agents;
	struct agent *a;
	size_t n = 0;

	(void)q;
	for (a = NULL; (a = state_agent_next(m, a)) != NULL;)
		a->index = n++;
	agents = xcalloc(n + 1, sizeof(*agents));
	json_kstr(j, "hostname", m->cfg.hostname);
	if (m->cfg.cluster != NULL)
		json_kstr(j, "cluster", m->cfg.cluster);
	json_key(j, "frameworks");
	json_arr_begin(j);
	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;)
		summary_framework(m, agents, fw, j);
	json_arr_end(j);
	json_key(j, "slaves");
	json_arr_begin(j);
	for (a = NULL; (a = state_agent_next(m, a)) != NULL;) {
		struct summary *s = &agents[a->index];

		if (a->registered) {
			json_obj_begin(j);
			report_json_agent(j, a, false);
			counts(s, j);
			ids(j, "framework_ids", s);
			json_obj_end(j);
		}
		free(s->ids);
	}
	json_arr_end(j);
	free(agents);
}

/* --- /tasks -------------------------------------------------------------------------------- */

struct task_ref {
	const struct task *task;
	size_t order; /* as found: ties stay so */
};

struct task_refs {
	struct task_ref *refs;
	size_t n;
	size_t cap;
};

static void take(struct task_refs *l, const char *only, const struct task *t)
{
	if (only != NULL && strcmp(only, t->id) != 0)
		return;
	l->refs = xgrow(l->refs, &l->cap, l->n + 1, sizeof(l->refs[0]));
	l->refs[l->n] = (struct task_ref){ t, l->n };
	l->n++;
}

static void take_all(struct task_refs *l, const struct master_query *q,
	const struct framework *fw)
{
	const struct task *t;

	if (q->framework_id != NULL && strcmp(q->framework_id, fw->id) != 0)
		return;
	for (t = NULL; (t = state_task_next(fw, t)) != NULL;)
		take(l, q->task_id, t);
	for (t = NULL; (t = state_unreachable_next(fw, t)) != NULL;)
		take(l, q->task_id, t);
	TAILQ_FOREACH (t, &fw->completed, of_completed)
		take(l, q->task_id, t);
}

static int earlier(const void *pa, const void *pb)
{
	const struct task_ref *a = pa, *b = pb;
	double ta = a->task->first_time_s, tb = b->task->first_time_s;

	if (ta < tb || tb < ta)
		return ta < tb ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static int later(const void *a, const void *b)
{
	return earlier(b, a);
}

static void report_tasks(
	struct master *m, const struct master_query *q, struct json *j)
{
	struct task_refs l = { 0 };
	const struct framework *fw;
	size_t i, offset, limit;

	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;)
		take_all(&l, q, fw);
	for (fw = NULL; (fw = state_completed_next(m, fw)) != NULL;)
		take_all(&l, q, fw);
	if (l.n > 0)
		qsort(l.refs, l.n, sizeof(l.refs[0]),
			q->ascending ? earlier : later);
	offset = q->offset > 0 ? (size_t)q->offset : 0;
	limit = q->limit >= 0 ? (size_t)q->limit : 100;
	json_key(j, "tasks");
	json_arr_begin(j);
	for (i = offset; i < l.n && i - offset < limit; i++)
		report_json_task(j, l.refs[i].task);
	json_arr_end(j);
	free(l.refs);
}

/* --- /roles ---------------------------------------------------------------------------------- */

struct roles {
	struct master *m;
	struct json *j;
	struct res reserved; /* of all agents */
};

static bool keep_reserved(const struct res_object *o, void *ctx)
{
	const char *role = res_object_role(o);

	return role != NULL &&
		(ctx == NULL || strcmp(role, (const char *)ctx) == 0);
}

static bool keep_counted(const struct res_object *o, void *ctx)
{
	(void)ctx;
	return res_object_role(o) == NULL && !res_object_is_revocable(o);
}

static void role_quota(struct roles *r, const struct alloc_role_report *role,
	const struct res *reserved)
{
	struct res consumed = RES_INIT;

	res_filter(&consumed, role->held, keep_counted, NULL);
	res_add(&consumed, reserved);
	json_key(r->j, "quota");
	json_obj_begin(r->j);
	json_kstr(r->j, "role", role->role);
	json_key(r->j, "guarantee"), json_obj_begin(r->j), json_obj_end(r->j);
	json_key(r->j, "limit"), json_obj_begin(r->j), json_obj_end(r->j);
	json_key(r->j, "consumed");
	report_json_resources(r->j, &consumed);
	json_obj_end(r->j);
	res_fini(&consumed);
}

static void role_resources(
	struct roles *r, const struct alloc_role_report *role)
{
	struct res offered = RES_INIT, used = RES_INIT, reserved = RES_INIT;
	const struct framework *fw;
	const struct offer *o;

	for (fw = NULL; (fw = state_framework_next(r->m, fw)) != NULL;)
		TAILQ_FOREACH (o, &fw->offers, of_framework)
			if (strcmp(o->role, role->role) == 0)
				res_add(&offered, &o->res);
	res_copy(&used, role->held);
	res_sub(&used, &offered);
	res_filter(&reserved, &r->reserved, keep_reserved,
		(void *)(uintptr_t)role->role);
	role_quota(r, role, &reserved);
	json_key(r->j, "resources");
	report_json_resources(r->j, role->held);
	json_key(r->j, "allocated");
	report_json_resources(r->j, &used);
	json_key(r->j, "offered");
	report_json_resources(r->j, &offered);
	json_key(r->j, "reserved");
	report_json_resources(r->j, &reserved);
	res_fini(&offered);
	res_fini(&used);
	res_fini(&reserved);
}

static void report_role(void *ctx, const struct alloc_role_report *role)
{
	struct roles *r = ctx;
	const struct framework *fw;

	json_obj_begin(r->j);
	json_kstr(r->j, "name", role->role);
	json_kmilli(r->j, "weight", role->weight_milli);
	role_resources(r, role);
	json_key(r->j, "frameworks");
	json_arr_begin(r->j);
	for (fw = NULL; (fw = state_framework_next(r->m, fw)) != NULL;)
		if (state_framework_in_role(fw, role->role))
			json_str(r->j, fw->id);
	json_arr_end(r->j);
	json_obj_end(r->j);
}

static void report_roles(
	struct master *m, const struct master_query *q, struct json *j)
{
	struct roles r = { .m = m, .j = j };
	struct res part = RES_INIT;
	const struct agent *a;

	(void)q;
	res_init(&r.reserved);
	for (a = NULL; (a = state_agent_next(m, a)) != NULL;) {
		res_filter(&part, &a->total, keep_reserved, NULL);
		res_add(&r.reserved, &part);
	}
	json_key(j, "roles");
	json_arr_begin(j);
	alloc_roles(m->alloc, report_role, &r);
	json_arr_end(j);
	res_fini(&part);
	res_fini(&r.reserved);
}

/* --- /metrics/snapshot ------------------------------------------------------------------------ */

static void metric(void *ctx, const char *name, double value)
{
	struct json *j = ctx;

	json_key(j, name);
	json_double(j, value);
}

static void report_metrics(
	struct master *m, const struct master_query *q, struct json *j)
{
	(void)q;
	metrics_walk(m, metric, j);
}

/* --- the door -------------------------------------------------------------------------------- */

static report_f *const reports[] = {
	[MASTER_REPORT_STATE] = report_state,
	[MASTER_REPORT_STATE_SUMMARY] = report_summary,
	[MASTER_REPORT_AGENTS] = report_agents,
	[MASTER_REPORT_FRAMEWORKS] = report_frameworks,
	[MASTER_REPORT_TASKS] = report_tasks,
	[MASTER_REPORT_ROLES] = report_roles,
	[MASTER_REPORT_METRICS] = report_metrics,
};

void master_report(struct master *m, const struct master_event *ev)
{
	struct buf b = BUF_INIT;
	struct json j;

	CHECK((size_t)ev->query->report < ARRAY_LEN(reports));
	json_init(&j, &b);
	json_obj_begin(&j);
	reports[ev->query->report](m, ev->query, &j);
	json_obj_end(&j);
	outbox_reply_json(m->out, ev->from, buf_str(&b), b.size);
	buf_fini(&b);
}
