/* report_v1.c - see report_v1.h. */
#include "master/report_v1.h"

#include <string.h>

#include "common/arena.h"
#include "common/check.h"
#include "common/msg.h"
#include "common/res.h"
#include "master/report_json.h"
#include "master/state.h"
#include "mesos/v1/master/master.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"

typedef Mesos__V1__Master__Response__GetAgents__Agent agent_msg;
typedef Mesos__V1__Master__Response__GetFrameworks__Framework framework_msg;

#define CAPABLE(fw, name)    \
	state_framework_has( \
		fw, MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__##name)

/* A message that we encoded ourselves. */
static ProtobufCMessage *unpack(const struct blob *b, struct arena *arena,
	const ProtobufCMessageDescriptor *desc)
{
	ProtobufCMessage *msg = msg_unpack(arena, desc, b->data, b->size, NULL);

	CHECK(msg != NULL);
	return msg;
}

static Mesos__V1__FrameworkID *framework_id(
	struct arena *arena, const struct framework *fw)
{
	Mesos__V1__FrameworkID *id = arena_alloc(arena, sizeof(*id));

	mesos__v1__framework_id__init(id);
	id->value = fw->id;
	return id;
}

static Mesos__V1__AgentID *agent_id(struct arena *arena, const struct agent *a)
{
	Mesos__V1__AgentID *id = arena_alloc(arena, sizeof(*id));

	mesos__v1__agent_id__init(id);
	id->value = a->id;
	return id;
}

static Mesos__V1__TimeInfo *time_info(struct arena *arena, int64_t ns)
{
	Mesos__V1__TimeInfo *t;

	if (ns == 0)
		return NULL;
	t = arena_alloc(arena, sizeof(*t));
	mesos__v1__time_info__init(t);
	t->nanoseconds = ns;
	return t;
}

/* --- offers ----------------------------------------------------------------- */

static Mesos__V1__URL *agent_url(struct arena *arena, const struct agent *a)
{
	Mesos__V1__URL *url = arena_alloc(arena, sizeof(*url));
	Mesos__V1__Address *addr = arena_alloc(arena, sizeof(*addr));

	mesos__v1__url__init(url);
	mesos__v1__address__init(addr);
	addr->hostname = a->info->hostname;
	addr->ip = a->ip;
	addr->port = a->info->port;
	url->scheme = arena_strdup(arena, "http");
	url->address = addr;
	url->path = arena_strdup(arena, "/slave(1)");
	return url;
}

/* The framework's custom executors on that agent. */
static void offer_executors(
	const struct offer *o, struct arena *arena, Mesos__V1__Offer *msg)
{
	const struct executor *x;
	size_t n = 0;

	for (x = state_executor_next(o->agent, NULL); x != NULL;
		x = state_executor_next(o->agent, x))
		n += x->framework == o->framework;
	if (n == 0)
		return;
	msg->executor_ids = arena_alloc(arena, n * sizeof(*msg->executor_ids));
	for (x = state_executor_next(o->agent, NULL); x != NULL;
		x = state_executor_next(o->agent, x)) {
		Mesos__V1__ExecutorID *id;

		if (x->framework != o->framework)
			continue;
		id = arena_alloc(arena, sizeof(*id));
		mesos__v1__executor_id__init(id);
		id->value = arena_strdup(arena, x->id);
		msg->executor_ids[msg->n_executor_ids++] = id;
	}
}

static Mesos__V1__Resource__AllocationInfo *allocation(
	struct arena *arena, const struct offer *o)
{
	Mesos__V1__Resource__AllocationInfo *al;

	al = arena_alloc(arena, sizeof(*al));
	mesos__v1__resource__allocation_info__init(al);
	al->role = o->role;
	return al;
}

/* Mesos keeps one resource to itself. */
static bool is_shown(const struct res_object *o, void *ctx)
{
	(void)ctx;
	return strcmp(res_object_name(o), "ephemeral_ports") != 0;
}

static void offer_resources(
	const struct offer *o, struct arena *arena, Mesos__V1__Offer *msg)
{
	enum res_form form = CAPABLE(o->framework, RESERVATION_REFINEMENT)
		? RES_FORM_STACK
		: RES_FORM_OLD;
	struct res shown = RES_INIT;

	res_filter(&shown, &o->res, is_shown, NULL);
	if (CAPABLE(o->framework, MULTI_ROLE))
		msg->allocation_info = allocation(arena, o);
	else
		res_allocate(&shown, NULL);
	msg->resources = res_to_msgs(&shown, arena, form, &msg->n_resources);
	res_fini(&shown);
}

Mesos__V1__Offer *report_v1_offer(const struct offer *o, struct arena *arena)
{
	Mesos__V1__Offer *msg = arena_alloc(arena, sizeof(*msg));
	Mesos__V1__OfferID *id = arena_alloc(arena, sizeof(*id));

	mesos__v1__offer__init(msg);
	mesos__v1__offer_id__init(id);
	id->value = o->id;
	msg->id = id;
	msg->framework_id = framework_id(arena, o->framework);
	msg->agent_id = agent_id(arena, o->agent);
	msg->hostname = o->agent->info->hostname;
	msg->url = agent_url(arena, o->agent);
	msg->domain = o->agent->info->domain;
	msg->attributes = o->agent->info->attributes;
	msg->n_attributes = o->agent->info->n_attributes;
	offer_resources(o, arena, msg);
	offer_executors(o, arena, msg);
	return msg;
}

/* --- tasks and executors ------------------------------------------------------ */

Mesos__V1__TaskStatus *report_v1_status(
	const struct blob *b, struct arena *arena)
{
	return (Mesos__V1__TaskStatus *)(void *)unpack(
		b, arena, &mesos__v1__task_status__descriptor);
}

Mesos__V1__TaskStatus *report_v1_last_status(
	const struct task *t, struct arena *arena)
{
	if (t->n_statuses == 0)
		return NULL;
	return report_v1_status(&t->statuses[t->n_statuses - 1], arena);
}

Mesos__V1__Task *report_v1_task_info(const struct task *t, struct arena *arena)
{
	Mesos__V1__Task *msg = (Mesos__V1__Task *)(void *)unpack(
		&t->info, arena, &mesos__v1__task__descriptor);

	msg->state = (Mesos__V1__TaskState)t->state;
	msg->resources =
		res_to_msgs(&t->res, arena, RES_FORM_BOTH, &msg->n_resources);
	if (t->sent) {
		msg->has_status_update_state = 1;
		msg->status_update_state = (Mesos__V1__TaskState)t->sent_state;
		msg->has_status_update_uuid = 1;
		msg->status_update_uuid.data =
			arena_memdup(arena, t->sent_uuid, sizeof(t->sent_uuid));
		msg->status_update_uuid.len = sizeof(t->sent_uuid);
	}
	return msg;
}

Mesos__V1__Task *report_v1_task(const struct task *t, struct arena *arena)
{
	Mesos__V1__Task *msg = report_v1_task_info(t, arena);
	size_t i;

	msg->n_statuses = t->n_statuses;
	msg->statuses = arena_alloc(
		arena, (t->n_statuses + 1) * sizeof(msg->statuses[0]));
	for (i = 0; i < t->n_statuses; i++)
		msg->statuses[i] = report_v1_status(&t->statuses[i], arena);
	return msg;
}

Mesos__V1__ExecutorInfo *report_v1_executor(
	const struct executor *x, struct arena *arena)
{
	Mesos__V1__ExecutorInfo *msg =
		(Mesos__V1__ExecutorInfo *)(void *)unpack(
			&x->info, arena, &mesos__v1__executor_info__descriptor);

	msg->resources =
		res_to_msgs(&x->res, arena, RES_FORM_BOTH, &msg->n_resources);
	return msg;
}

/* --- agents ------------------------------------------------------------------------ */

void report_v1_agent_offered(const struct agent *a, struct res *to)
{
	const struct offer *o;

	TAILQ_FOREACH (o, &a->offers, of_agent)
		res_add(to, &o->res);
}

static void agent_capabilities(
	const struct agent *a, struct arena *arena, agent_msg *msg)
{
	const unsigned bits = sizeof(a->capabilities) * 8;
	Mesos__V1__AgentInfo__Capability *c;
	unsigned i;

	msg->capabilities = arena_alloc(arena, bits * sizeof(c));
	for (i = 0; i < bits; i++) {
		if ((a->capabilities & CAPABILITY(i)) == 0)
			continue;
		c = arena_alloc(arena, sizeof(*c));
		mesos__v1__agent_info__capability__init(c);
		c->has_type = 1;
		c->type = (Mesos__V1__AgentInfo__Capability__Type)i;
		msg->capabilities[msg->n_capabilities++] = c;
	}
}

agent_msg *report_v1_agent(const struct agent *a, struct arena *arena)
{
	agent_msg *msg = arena_alloc(arena, sizeof(*msg));
	struct res offered = RES_INIT;

	mesos__v1__master__response__get_agents__agent__init(msg);
	msg->agent_info = a->info;
	msg->active = a->active;
	msg->has_deactivated = 1;
	msg->deactivated = 0; /* by an operator: a call of a later issue */
	msg->version = a->version;
	msg->pid = report_json_pid(a, arena);
	msg->registered_time = time_info(arena, a->registered_ns);
	msg->reregistered_time = time_info(arena, a->reregistered_ns);
	msg->total_resources = res_to_msgs(
		&a->total, arena, RES_FORM_BOTH, &msg->n_total_resources);
	msg->allocated_resources = res_to_msgs(
		&a->used, arena, RES_FORM_BOTH, &msg->n_allocated_resources);
	report_v1_agent_offered(a, &offered);
	msg->offered_resources = res_to_msgs(
		&offered, arena, RES_FORM_BOTH, &msg->n_offered_resources);
	res_fini(&offered);
	agent_capabilities(a, arena, msg);
	return msg;
}

/* --- frameworks ---------------------------------------------------------------------- */

void report_v1_framework_used(const struct framework *fw, struct res *to)
{
	const struct executor *x;
	const struct task *t;

	for (t = state_task_next(fw, NULL); t != NULL;
		t = state_task_next(fw, t))
		if (t->holds)
			res_add(to, &t->res);
	TAILQ_FOREACH (x, &fw->executors, of_framework)
		res_add(to, &x->res);
}

void report_v1_framework_offered(const struct framework *fw, struct res *to)
{
	const struct offer *o;

	TAILQ_FOREACH (o, &fw->offers, of_framework)
		res_add(to, &o->res);
}

static void framework_offers(
	const struct framework *fw, struct arena *arena, framework_msg *msg)
{
	const struct offer *o;
	size_t n = 0;

	TAILQ_FOREACH (o, &fw->offers, of_framework)
		n++;
	msg->offers = arena_alloc(arena, (n + 1) * sizeof(msg->offers[0]));
	TAILQ_FOREACH (o, &fw->offers, of_framework)
		msg->offers[msg->n_offers++] = report_v1_offer(o, arena);
}

framework_msg *report_v1_framework(
	const struct framework *fw, struct arena *arena)
{
	framework_msg *msg = arena_alloc(arena, sizeof(*msg));
	struct res used = RES_INIT, offered = RES_INIT;

	mesos__v1__master__response__get_frameworks__framework__init(msg);
	msg->framework_info = fw->info;
	msg->active = fw->state == FRAMEWORK_CONNECTED;
	msg->connected = fw->state == FRAMEWORK_CONNECTED;
	msg->recovered = fw->state == FRAMEWORK_RECOVERED;
	msg->registered_time = time_info(arena, fw->registered_ns);
	msg->reregistered_time = time_info(arena, fw->reregistered_ns);
	msg->unregistered_time = time_info(arena, fw->unregistered_ns);
	framework_offers(fw, arena, msg);
	report_v1_framework_used(fw, &used);
	report_v1_framework_offered(fw, &offered);
	msg->allocated_resources = res_to_msgs(
		&used, arena, RES_FORM_BOTH, &msg->n_allocated_resources);
	msg->offered_resources = res_to_msgs(
		&offered, arena, RES_FORM_BOTH, &msg->n_offered_resources);
	res_fini(&used);
	res_fini(&offered);
	return msg;
}

/* --- everything ------------------------------------------------------------------------ */

typedef Mesos__V1__Master__Response__GetTasks tasks_msg;
typedef Mesos__V1__Master__Response__GetExecutors executors_msg;
typedef Mesos__V1__Master__Response__GetExecutors__Executor executor_msg;

struct Mesos__V1__Master__Response__GetAgents *report_v1_agents(
	const struct master *m, struct arena *arena)
{
	Mesos__V1__Master__Response__GetAgents *msg =
		arena_alloc(arena, sizeof(*msg));
	const struct agent *a;
	size_t n = 1;

	mesos__v1__master__response__get_agents__init(msg);
	for (a = NULL; (a = state_agent_next(m, a)) != NULL;)
		n++;
	msg->agents = arena_alloc(arena, n * sizeof(msg->agents[0]));
	msg->recovered_agents =
		arena_alloc(arena, n * sizeof(msg->recovered_agents[0]));
	for (a = NULL; (a = state_agent_next(m, a)) != NULL;)
		if (a->registered)
			msg->agents[msg->n_agents++] =
				report_v1_agent(a, arena);
		else
			msg->recovered_agents[msg->n_recovered_agents++] =
				a->info;
	return msg;
}

struct Mesos__V1__Master__Response__GetFrameworks *report_v1_frameworks(
	const struct master *m, struct arena *arena)
{
	Mesos__V1__Master__Response__GetFrameworks *msg =
		arena_alloc(arena, sizeof(*msg));
	const struct framework *fw;
	size_t n = 1;

	mesos__v1__master__response__get_frameworks__init(msg);
	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;)
		n++;
	msg->frameworks = arena_alloc(arena, n * sizeof(msg->frameworks[0]));
	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;)
		msg->frameworks[msg->n_frameworks++] =
			report_v1_framework(fw, arena);
	n = 1;
	for (fw = NULL; (fw = state_completed_next(m, fw)) != NULL;)
		n++;
	msg->completed_frameworks =
		arena_alloc(arena, n * sizeof(msg->completed_frameworks[0]));
	for (fw = NULL; (fw = state_completed_next(m, fw)) != NULL;)
		msg->completed_frameworks[msg->n_completed_frameworks++] =
			report_v1_framework(fw, arena);
	return msg;
}

static size_t count_tasks(const struct framework *fw)
{
	const struct task *t;
	size_t n = state_task_count(fw) + fw->n_completed;

	for (t = NULL; (t = state_unreachable_next(fw, t)) != NULL;)
		n++;
	return n;
}

static void add_tasks(
	const struct framework *fw, struct arena *arena, tasks_msg *msg)
{
	const struct task *t;

	for (t = NULL; (t = state_task_next(fw, t)) != NULL;)
		msg->tasks[msg->n_tasks++] = report_v1_task(t, arena);
	for (t = NULL; (t = state_unreachable_next(fw, t)) != NULL;)
		msg->unreachable_tasks[msg->n_unreachable_tasks++] =
			report_v1_task(t, arena);
	TAILQ_FOREACH (t, &fw->completed, of_completed)
		msg->completed_tasks[msg->n_completed_tasks++] =
			report_v1_task(t, arena);
}

struct Mesos__V1__Master__Response__GetTasks *report_v1_tasks(
	const struct master *m, struct arena *arena)
{
	tasks_msg *msg = arena_alloc(arena, sizeof(*msg));
	const struct framework *fw;
	size_t n = 1;

	mesos__v1__master__response__get_tasks__init(msg);
	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;)
		n += count_tasks(fw);
	for (fw = NULL; (fw = state_completed_next(m, fw)) != NULL;)
		n += count_tasks(fw);
	msg->tasks = arena_alloc(arena, n * sizeof(msg->tasks[0]));
	msg->unreachable_tasks =
		arena_alloc(arena, n * sizeof(msg->unreachable_tasks[0]));
	msg->completed_tasks =
		arena_alloc(arena, n * sizeof(msg->completed_tasks[0]));
	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;)
		add_tasks(fw, arena, msg);
	for (fw = NULL; (fw = state_completed_next(m, fw)) != NULL;)
		add_tasks(fw, arena, msg);
	return msg;
}

struct Mesos__V1__Master__Response__GetExecutors *report_v1_executors(
	const struct master *m, struct arena *arena)
{
	executors_msg *msg = arena_alloc(arena, sizeof(*msg));
	const struct framework *fw;
	const struct executor *x;
	size_t n = 1;

	mesos__v1__master__response__get_executors__init(msg);
	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;)
		TAILQ_FOREACH (x, &fw->executors, of_framework)
			n++;
	msg->executors = arena_alloc(arena, n * sizeof(msg->executors[0]));
	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;)
		TAILQ_FOREACH (x, &fw->executors, of_framework) {
			executor_msg *one = arena_alloc(arena, sizeof(*one));

			mesos__v1__master__response__get_executors__executor__init(
				one);
			one->executor_info = report_v1_executor(x, arena);
			one->agent_id = agent_id(arena, x->agent);
			msg->executors[msg->n_executors++] = one;
		}
	return msg;
}

struct Mesos__V1__Master__Response__GetState *report_v1_state(
	const struct master *m, struct arena *arena)
{
	Mesos__V1__Master__Response__GetState *msg =
		arena_alloc(arena, sizeof(*msg));

	mesos__v1__master__response__get_state__init(msg);
	msg->get_tasks = report_v1_tasks(m, arena);
	msg->get_executors = report_v1_executors(m, arena);
	msg->get_frameworks = report_v1_frameworks(m, arena);
	msg->get_agents = report_v1_agents(m, arena);
	return msg;
}
