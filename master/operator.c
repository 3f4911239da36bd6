/* operator.c - see operator.h. */
#include "master/operator.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/outbox.h"
#include "master/alloc.h"
#include "master/framework.h"
#include "master/notify.h"
#include "master/report_v1.h"
#include "master/state.h"
#include "master/watch.h"
#include "mesos/v1/master/master.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"

typedef Mesos__V1__Master__Response response;

/* Fills in the body; the type is set by the caller. */
typedef void answer_f(struct master *m, response *r);

static void get_health(struct master *m, response *r)
{
	r->get_health = arena_alloc(&m->out->arena, sizeof(*r->get_health));
	mesos__v1__master__response__get_health__init(r->get_health);
	r->get_health->healthy = 1;
}

static void get_flags(struct master *m, response *r)
{
	struct arena *arena = &m->out->arena;
	Mesos__V1__Master__Response__GetFlags *f =
		arena_alloc(arena, sizeof(*f));
	size_t i;

	mesos__v1__master__response__get_flags__init(f);
	f->flags =
		arena_alloc(arena, (m->cfg.n_flags + 1) * sizeof(f->flags[0]));
	for (i = 0; i < m->cfg.n_flags; i++) {
		Mesos__V1__Flag *flag = arena_alloc(arena, sizeof(*flag));

		mesos__v1__flag__init(flag);
		flag->name = arena_strdup(arena, m->cfg.flags[i].name);
		flag->value = arena_strdup(arena, m->cfg.flags[i].value);
		f->flags[f->n_flags++] = flag;
	}
	r->get_flags = f;
}

static void get_version(struct master *m, response *r)
{
	struct arena *arena = &m->out->arena;
	Mesos__V1__Master__Response__GetVersion *v =
		arena_alloc(arena, sizeof(*v));

	mesos__v1__master__response__get_version__init(v);
	v->version_info = arena_alloc(arena, sizeof(*v->version_info));
	mesos__v1__version_info__init(v->version_info);
	v->version_info->version = arena_strdup(arena, m->cfg.version);
	r->get_version = v;
}

struct metrics_list {
	struct arena *arena;
	Mesos__V1__Metric **metrics;
	size_t n;
	size_t cap;
};

static void add_metric(void *ctx, const char *name, double value)
{
	struct metrics_list *l = ctx;
	Mesos__V1__Metric *metric = arena_alloc(l->arena, sizeof(*metric));

	if (l->n == l->cap) {
		size_t cap = l->cap > 0 ? 2 * l->cap : 256;
		Mesos__V1__Metric **more =
			arena_alloc(l->arena, cap * sizeof(*more));
		size_t i;

		for (i = 0; i < l->n; i++)
			more[i] = l->metrics[i];
		l->metrics = more;
		l->cap = cap;
	}
	mesos__v1__metric__init(metric);
	metric->name = arena_strdup(l->arena, name);
	metric->has_value = 1;
	metric->value = value;
	l->metrics[l->n++] = metric;
}

static void get_metrics(struct master *m, response *r)
{
	struct arena *arena = &m->out->arena;
	struct metrics_list list = { .arena = arena };

	metrics_walk(m, add_metric, &list);
	r->get_metrics = arena_alloc(arena, sizeof(*r->get_metrics));
	mesos__v1__master__response__get_metrics__init(r->get_metrics);
	r->get_metrics->metrics = list.metrics;
	r->get_metrics->n_metrics = list.n;
}

static void get_state(struct master *m, response *r)
{
	r->get_state = report_v1_state(m, &m->out->arena);
}

static void get_agents(struct master *m, response *r)
{
	r->get_agents = report_v1_agents(m, &m->out->arena);
}

static void get_frameworks(struct master *m, response *r)
{
	r->get_frameworks = report_v1_frameworks(m, &m->out->arena);
}

static void get_executors(struct master *m, response *r)
{
	r->get_executors = report_v1_executors(m, &m->out->arena);
}

static void get_tasks(struct master *m, response *r)
{
	r->get_tasks = report_v1_tasks(m, &m->out->arena);
}

static void get_master(struct master *m, response *r)
{
	Mesos__V1__Master__Response__GetMaster *g =
		arena_alloc(&m->out->arena, sizeof(*g));

	mesos__v1__master__response__get_master__init(g);
	g->master_info = notify_master_info(m, &m->out->arena);
	g->has_start_time = 1;
	g->start_time = (double)m->started_ns / 1e9;
	g->has_elected_time = 1;
	g->elected_time = g->start_time;
	r->get_master = g;
}

/* --- roles ---------------------------------------------------------------------- */

struct roles_list {
	struct master *m;
	Mesos__V1__Role **roles;
	size_t n;
	size_t cap;
};

static void role_frameworks(
	const struct master *m, const char *name, Mesos__V1__Role *role)
{
	struct arena *arena = &m->out->arena;
	struct framework *fw;
	size_t n = 1;

	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;)
		n += state_framework_in_role(fw, name);
	role->frameworks = arena_alloc(arena, n * sizeof(role->frameworks[0]));
	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;)
		if (state_framework_in_role(fw, name))
			role->frameworks[role->n_frameworks++] = fw->info->id;
}

static void add_role(void *ctx, const struct alloc_role_report *report)
{
	struct roles_list *l = ctx;
	struct arena *arena = &l->m->out->arena;
	Mesos__V1__Role *role;

	if (l->roles == NULL) { /* the first walk counts */
		l->cap++;
		return;
	}
	role = arena_alloc(arena, sizeof(*role));
	mesos__v1__role__init(role);
	role->name = arena_strdup(arena, report->role);
	role->weight = (double)report->weight_milli / 1000.0;
	role->resources = res_to_msgs(
		report->held, arena, RES_FORM_BOTH, &role->n_resources);
	role_frameworks(l->m, report->role, role);
	l->roles[l->n++] = role;
}

static void get_roles(struct master *m, response *r)
{
	struct arena *arena = &m->out->arena;
	struct roles_list list = { .m = m };

	alloc_roles(m->alloc, add_role, &list);
	list.roles = arena_alloc(arena, (list.cap + 1) * sizeof(*list.roles));
	alloc_roles(m->alloc, add_role, &list);
	r->get_roles = arena_alloc(arena, sizeof(*r->get_roles));
	mesos__v1__master__response__get_roles__init(r->get_roles);
	r->get_roles->roles = list.roles;
	r->get_roles->n_roles = list.n;
}

/* --- the door ------------------------------------------------------------------------ */

#define CALL(name)     MESOS__V1__MASTER__CALL__TYPE__##name
#define RESPONSE(name) MESOS__V1__MASTER__RESPONSE__TYPE__##name

static const struct {
	int call, response;
	answer_f *answer;
} answers[] = {
	{ CALL(GET_HEALTH), RESPONSE(GET_HEALTH), get_health },
	{ CALL(GET_FLAGS), RESPONSE(GET_FLAGS), get_flags },
	{ CALL(GET_VERSION), RESPONSE(GET_VERSION), get_version },
	{ CALL(GET_METRICS), RESPONSE(GET_METRICS), get_metrics },
	{ CALL(GET_STATE), RESPONSE(GET_STATE), get_state },
	{ CALL(GET_AGENTS), RESPONSE(GET_AGENTS), get_agents },
	{ CALL(GET_FRAMEWORKS), RESPONSE(GET_FRAMEWORKS), get_frameworks },
	{ CALL(GET_EXECUTORS), RESPONSE(GET_EXECUTORS), get_executors },
	{ CALL(GET_TASKS), RESPONSE(GET_TASKS), get_tasks },
	{ CALL(GET_ROLES), RESPONSE(GET_ROLES), get_roles },
	{ CALL(GET_MASTER), RESPONSE(GET_MASTER), get_master },
};

static void teardown(struct master *m, const struct master_event *ev)
{
	const Mesos__V1__Master__Call__Teardown *t =
		ev->operator_call->teardown;
	struct framework *fw;

	if (t == NULL) {
		outbox_reply_text(m->out, ev->from, 400,
			"TEARDOWN: the call lacks its 'teardown'\n");
		return;
	}
	fw = state_framework_find(m, t->framework_id->value);
	if (fw == NULL) {
		outbox_reply_text(m->out, ev->from, 400,
			"TEARDOWN: no framework with id '%.255s' is known%s\n",
			t->framework_id->value,
			state_completed_find(m, t->framework_id->value) != NULL
				? "; it was removed before"
				: "; GET_FRAMEWORKS lists those that are");
		return;
	}
	framework_remove(m, fw, "an operator asked for it");
	outbox_reply(m->out, ev->from, 200, NULL);
}

static const char *call_name(int type)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(
		&mesos__v1__master__call__type__descriptor, type);

	return v != NULL ? v->name : "UNKNOWN";
}

void operator_call(struct master *m, const struct master_event *ev)
{
	const Mesos__V1__Master__Call *call = ev->operator_call;
	response r = MESOS__V1__MASTER__RESPONSE__INIT;
	size_t i;

	if (!call->has_type) {
		outbox_reply_text(m->out, ev->from, 400,
			"The call has no 'type', or one that is unknown; see "
			"mesos.v1.master.Call.Type\n");
		return;
	}
	switch ((int)call->type) {
	case CALL(SUBSCRIBE):
		watch_subscribe(m, ev->from);
		return;
	case CALL(TEARDOWN):
		teardown(m, ev);
		return;
	default:
		break;
	}
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].call != (int)call->type)
			continue;
		r.has_type = 1;
		r.type = (Mesos__V1__Master__Response__Type)answers[i].response;
		answers[i].answer(m, &r);
		outbox_reply(m->out, ev->from, 200, &r.base);
		return;
	}
	outbox_reply_text(m->out, ev->from, 501,
		"%s is not supported yet by this Butte\n",
		call_name((int)call->type));
}
