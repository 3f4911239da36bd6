/* agent_operator.c - see agent_operator.h. */
#include "agent/agent_operator.h"

#include <signal.h>

#include "agent/agent.h"
#include "agent/agent_report.h"
#include "agent/agent_view.h"
#include "agent/container.h"
#include "agent/hold.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "common/task_state.h"
#include "mesos/v1/agent/agent.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"

typedef Mesos__V1__Agent__Response response_msg;
typedef void fill_f(const struct agent *a, response_msg *r, struct arena *mem);

static fill_f get_health, get_flags, get_version, get_metrics, get_state,
	get_frameworks, get_executors, get_tasks, get_agent, get_containers,
	get_operations, get_providers;

#define CALL(name)     MESOS__V1__AGENT__CALL__TYPE__##name
#define RESPONSE(name) MESOS__V1__AGENT__RESPONSE__TYPE__##name

static const struct {
	int call;
	int response;
	fill_f *fill;
} calls[] = {
	{ CALL(GET_HEALTH), RESPONSE(GET_HEALTH), get_health },
	{ CALL(GET_FLAGS), RESPONSE(GET_FLAGS), get_flags },
	{ CALL(GET_VERSION), RESPONSE(GET_VERSION), get_version },
	{ CALL(GET_METRICS), RESPONSE(GET_METRICS), get_metrics },
	{ CALL(GET_STATE), RESPONSE(GET_STATE), get_state },
	{ CALL(GET_FRAMEWORKS), RESPONSE(GET_FRAMEWORKS), get_frameworks },
	{ CALL(GET_EXECUTORS), RESPONSE(GET_EXECUTORS), get_executors },
	{ CALL(GET_TASKS), RESPONSE(GET_TASKS), get_tasks },
	{ CALL(GET_AGENT), RESPONSE(GET_AGENT), get_agent },
	{ CALL(GET_CONTAINERS), RESPONSE(GET_CONTAINERS), get_containers },
	{ CALL(GET_OPERATIONS), RESPONSE(GET_OPERATIONS), get_operations },
	{ CALL(GET_RESOURCE_PROVIDERS), RESPONSE(GET_RESOURCE_PROVIDERS),
		get_providers },
};

/* A zeroed and initialised message of the arena. */
#define NEW(type, init)                         \
	type *m = arena_alloc(mem, sizeof(*m)); \
	init(m)

static void kill_container(
	struct agent *a, const struct agent_event *ev, struct outbox *out);

void agent_operator_call(
	struct agent *a, const struct agent_event *ev, struct outbox *out)
{
	const ProtobufCEnumValue *name = protobuf_c_enum_descriptor_get_value(
		&mesos__v1__agent__call__type__descriptor,
		(int)ev->operator_call->type);
	response_msg r = MESOS__V1__AGENT__RESPONSE__INIT;
	size_t i;

	if (a->phase != PHASE_UP) {
		outbox_reply_text(
			out, ev->from, 503, "Agent has not finished recovery");
		return;
	}
	if (!ev->operator_call->has_type) {
		outbox_reply_text(out, ev->from, 400, "Expecting 'type'");
		return;
	}
	if ((int)ev->operator_call->type == CALL(KILL_CONTAINER)) {
		kill_container(a, ev, out);
		return;
	}
	for (i = 0; i < ARRAY_LEN(calls); i++) {
		if (calls[i].call != (int)ev->operator_call->type)
			continue;
		r.has_type = 1;
		r.type = (Mesos__V1__Agent__Response__Type)calls[i].response;
		calls[i].fill(a, &r, &out->arena);
		outbox_reply(out, ev->from, 200, &r.base);
		return;
	}
	outbox_reply_text(out, ev->from, 501, "%s is not implemented",
		name != NULL ? name->name : "This call");
}

/* Signal 9 to the container's init is its end and that of all in it. */
static void kill_container(
	struct agent *a, const struct agent_event *ev, struct outbox *out)
{
	const Mesos__V1__Agent__Call__KillContainer *k =
		ev->operator_call->kill_container;
	struct executor *e;

	if (k == NULL) {
		outbox_reply_text(
			out, ev->from, 400, "Expecting 'kill_container'");
		return;
	}
	e = k->container_id->parent == NULL
		? hold_executor_by_container(a, k->container_id->value)
		: NULL;
	if (e == NULL || e->state == EXECUTOR_TERMINATED) {
		outbox_reply_text(out, ev->from, 404,
			"Container %s cannot be found", k->container_id->value);
		return;
	}
	if (k->has_signal && k->signal != SIGKILL) {
		outbox_reply_text(out, ev->from, 501,
			"KILL_CONTAINER with signal %d is not implemented; 9 "
			"is",
			(int)k->signal);
		return;
	}
	container_destroy(a, e, out);
	outbox_reply(out, ev->from, 200, NULL);
}

static void get_health(
	const struct agent *a, response_msg *r, struct arena *mem)
{
	NEW(Mesos__V1__Agent__Response__GetHealth,
		mesos__v1__agent__response__get_health__init);
	(void)a;
	m->healthy = 1;
	r->get_health = m;
}

static void get_flags(const struct agent *a, response_msg *r, struct arena *mem)
{
	size_t i;
	NEW(Mesos__V1__Agent__Response__GetFlags,
		mesos__v1__agent__response__get_flags__init);

	m->flags = arena_alloc(mem, a->cfg->n_flags * sizeof(*m->flags));
	for (i = 0; i < a->cfg->n_flags; i++) {
		Mesos__V1__Flag *f = arena_alloc(mem, sizeof(*f));

		mesos__v1__flag__init(f);
		f->name = arena_strdup(mem, a->cfg->flags[i].name);
		f->value = arena_strdup(mem, a->cfg->flags[i].value);
		m->flags[m->n_flags++] = f;
	}
	r->get_flags = m;
}

static void get_version(
	const struct agent *a, response_msg *r, struct arena *mem)
{
	NEW(Mesos__V1__Agent__Response__GetVersion,
		mesos__v1__agent__response__get_version__init);

	m->version_info = arena_alloc(mem, sizeof(*m->version_info));
	mesos__v1__version_info__init(m->version_info);
	m->version_info->version = arena_strdup(mem, a->cfg->version);
	r->get_version = m;
}

struct metrics {
	Mesos__V1__Agent__Response__GetMetrics *m;
	struct arena *mem;
};

#define METRICS_MAX 64

static void metric_add(void *ctx, const char *name, double value)
{
	struct metrics *all = ctx;
	Mesos__V1__Metric *one = arena_alloc(all->mem, sizeof(*one));

	if (all->m->n_metrics == METRICS_MAX)
		return; /* the list in agent_report.c is shorter */
	mesos__v1__metric__init(one);
	one->name = arena_strdup(all->mem, name);
	one->has_value = 1;
	one->value = value;
	all->m->metrics[all->m->n_metrics++] = one;
}

static void get_metrics(
	const struct agent *a, response_msg *r, struct arena *mem)
{
	struct metrics all = { NULL, mem };
	NEW(Mesos__V1__Agent__Response__GetMetrics,
		mesos__v1__agent__response__get_metrics__init);

	m->metrics = arena_alloc(mem, METRICS_MAX * sizeof(*m->metrics));
	all.m = m;
	agent_report_each_metric(a, metric_add, &all);
	r->get_metrics = m;
}

static void get_state(const struct agent *a, response_msg *r, struct arena *mem)
{
	response_msg part = MESOS__V1__AGENT__RESPONSE__INIT;
	NEW(Mesos__V1__Agent__Response__GetState,
		mesos__v1__agent__response__get_state__init);

	get_tasks(a, &part, mem);
	get_executors(a, &part, mem);
	get_frameworks(a, &part, mem);
	m->get_tasks = part.get_tasks;
	m->get_executors = part.get_executors;
	m->get_frameworks = part.get_frameworks;
	r->get_state = m;
}

static Mesos__V1__Agent__Response__GetFrameworks__Framework *framework_new(
	const struct framework *f, struct arena *mem)
{
	NEW(Mesos__V1__Agent__Response__GetFrameworks__Framework,
		mesos__v1__agent__response__get_frameworks__framework__init);

	m->framework_info = hold_framework_info(f, mem);
	return m;
}

static void get_frameworks(
	const struct agent *a, response_msg *r, struct arena *mem)
{
	const struct framework *f;
	NEW(Mesos__V1__Agent__Response__GetFrameworks,
		mesos__v1__agent__response__get_frameworks__init);

	m->frameworks = arena_alloc(
		mem, HASH_COUNT(a->frameworks_by_id) * sizeof(*m->frameworks));
	TAILQ_FOREACH (f, &a->frameworks, next)
		m->frameworks[m->n_frameworks++] = framework_new(f, mem);
	m->completed_frameworks = arena_alloc(
		mem, a->n_completed * sizeof(*m->completed_frameworks));
	TAILQ_FOREACH (f, &a->completed, next)
		m->completed_frameworks[m->n_completed_frameworks++] =
			framework_new(f, mem);
	r->get_frameworks = m;
}

static Mesos__V1__Agent__Response__GetExecutors__Executor *executor_new(
	const struct executor *e, struct arena *mem)
{
	NEW(Mesos__V1__Agent__Response__GetExecutors__Executor,
		mesos__v1__agent__response__get_executors__executor__init);

	m->executor_info = hold_executor_info(e, mem);
	return m;
}

static void completed_executors(const struct framework_list *list,
	Mesos__V1__Agent__Response__GetExecutors *m, struct arena *mem)
{
	const struct framework *f;
	const struct executor *e;

	TAILQ_FOREACH (f, list, next)
		TAILQ_FOREACH (e, &f->completed, next)
			m->completed_executors[m->n_completed_executors++] =
				executor_new(e, mem);
}

static void get_executors(
	const struct agent *a, response_msg *r, struct arena *mem)
{
	const struct framework *f;
	const struct executor *e;
	size_t n_done = 0;
	NEW(Mesos__V1__Agent__Response__GetExecutors,
		mesos__v1__agent__response__get_executors__init);

	TAILQ_FOREACH (f, &a->frameworks, next)
		n_done += f->n_completed;
	TAILQ_FOREACH (f, &a->completed, next)
		n_done += f->n_completed;
	m->executors = arena_alloc(mem,
		HASH_CNT(hh_container, a->containers) * sizeof(*m->executors));
	m->completed_executors =
		arena_alloc(mem, n_done * sizeof(*m->completed_executors));
	TAILQ_FOREACH (f, &a->frameworks, next)
		TAILQ_FOREACH (e, &f->executors, next)
			m->executors[m->n_executors++] = executor_new(e, mem);
	completed_executors(&a->frameworks, m, mem);
	completed_executors(&a->completed, m, mem);
	r->get_executors = m;
}

static size_t count_tasks(const struct framework_list *list)
{
	const struct framework *f;
	const struct executor *e;
	size_t n = 0;

	TAILQ_FOREACH (f, list, next) {
		n += HASH_COUNT(f->tasks);
		TAILQ_FOREACH (e, &f->executors, next)
			n += e->n_completed;
		TAILQ_FOREACH (e, &f->completed, next)
			n += e->n_completed;
	}
	return n;
}

static void add_completed(const struct agent *a,
	const struct framework_list *list,
	Mesos__V1__Agent__Response__GetTasks *m, struct arena *mem)
{
	const struct framework *f;
	const struct executor *e;
	const struct task *t;

	TAILQ_FOREACH (f, list, next) {
		TAILQ_FOREACH (e, &f->executors, next)
			TAILQ_FOREACH (t, &e->completed, next)
				m->completed_tasks[m->n_completed_tasks++] =
					agent_view_task(a, t, mem);
		TAILQ_FOREACH (e, &f->completed, next)
			TAILQ_FOREACH (t, &e->completed, next)
				m->completed_tasks[m->n_completed_tasks++] =
					agent_view_task(a, t, mem);
	}
}

static void get_tasks(const struct agent *a, response_msg *r, struct arena *mem)
{
	size_t n = count_tasks(&a->frameworks) + count_tasks(&a->completed);
	const struct framework *f;
	const struct task *t;
	NEW(Mesos__V1__Agent__Response__GetTasks,
		mesos__v1__agent__response__get_tasks__init);

	m->queued_tasks = arena_alloc(mem, n * sizeof(*m->queued_tasks));
	m->launched_tasks = arena_alloc(mem, n * sizeof(*m->launched_tasks));
	m->terminated_tasks =
		arena_alloc(mem, n * sizeof(*m->terminated_tasks));
	m->completed_tasks = arena_alloc(mem, n * sizeof(*m->completed_tasks));
	TAILQ_FOREACH (f, &a->frameworks, next)
		for (t = f->tasks; t != NULL; t = t->hh.next) {
			if (t->info.data == NULL)
				continue;
			if (task_state_is_terminal(t->state))
				m->terminated_tasks[m->n_terminated_tasks++] =
					agent_view_task(a, t, mem);
			else if (t->delivered)
				m->launched_tasks[m->n_launched_tasks++] =
					agent_view_task(a, t, mem);
			else
				m->queued_tasks[m->n_queued_tasks++] =
					agent_view_task(a, t, mem);
		}
	add_completed(a, &a->frameworks, m, mem);
	add_completed(a, &a->completed, m, mem);
	r->get_tasks = m;
}

static void get_agent(const struct agent *a, response_msg *r, struct arena *mem)
{
	NEW(Mesos__V1__Agent__Response__GetAgent,
		mesos__v1__agent__response__get_agent__init);

	m->agent_info = a->info;
	r->get_agent = m;
}

static void get_containers(
	const struct agent *a, response_msg *r, struct arena *mem)
{
	const struct executor *e;
	NEW(Mesos__V1__Agent__Response__GetContainers,
		mesos__v1__agent__response__get_containers__init);

	m->containers = arena_alloc(mem,
		HASH_CNT(hh_container, a->containers) * sizeof(*m->containers));
	for (e = a->containers; e != NULL; e = e->hh_container.next) {
		Mesos__V1__Agent__Response__GetContainers__Container *c;
		Mesos__V1__ExecutorInfo *x;

		if (e->state == EXECUTOR_TERMINATED)
			continue;
		x = hold_executor_info(e, mem);
		c = arena_alloc(mem, sizeof(*c));
		mesos__v1__agent__response__get_containers__container__init(c);
		c->framework_id = hold_framework_info(e->framework, mem)->id;
		c->executor_id = x->executor_id;
		c->executor_name = x->name;
		c->container_status = container_status(a, e, mem);
		c->container_id = c->container_status->container_id;
		m->containers[m->n_containers++] = c;
	}
	r->get_containers = m;
}

static void get_operations(
	const struct agent *a, response_msg *r, struct arena *mem)
{
	NEW(Mesos__V1__Agent__Response__GetOperations,
		mesos__v1__agent__response__get_operations__init);

	(void)a;
	r->get_operations = m;
}

static void get_providers(
	const struct agent *a, response_msg *r, struct arena *mem)
{
	NEW(Mesos__V1__Agent__Response__GetResourceProviders,
		mesos__v1__agent__response__get_resource_providers__init);

	(void)a;
	r->get_resource_providers = m;
}
