/* accept.c - see accept.h. */
#include "master/accept.h"

#include <string.h>

#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/log.h"
#include "common/outbox.h"
#include "common/res.h"
#include "common/task_state.h"
#include "master/alloc.h"
#include "master/downlink.h"
#include "master/ledger.h"
#include "master/offer.h"
#include "master/state.h"
#include "master/validate.h"
#include "mesos/v1/mesos.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

typedef Mesos__V1__Offer__Operation operation_msg;
typedef Mesos__V1__Scheduler__Call__Accept accept_msg;

#define STATE(name)	MESOS__V1__TASK_STATE__TASK_##name
#define REASON(name)	MESOS__V1__TASK_STATUS__REASON__REASON_##name
#define OPERATION(name) MESOS__V1__OFFER__OPERATION__TYPE__##name

/* The offers of one ACCEPT, taken together. */
struct pool {
	struct master *m;
	struct ledger_place place;
	struct res res;
};

/* A task on its way, with defaults filled in. */
struct launch {
	Mesos__V1__TaskInfo task;
	Mesos__V1__ExecutorInfo executor;
	Mesos__V1__HealthCheck health;
	struct res res;
	struct res executor_res;
};

static int operation_type(const operation_msg *op)
{
	return op->has_type ? (int)op->type : OPERATION(UNKNOWN);
}

const char *accept_unsupported(const Mesos__V1__Scheduler__Call *call)
{
	const accept_msg *accept = call->accept;
	size_t i;

	for (i = 0; i < accept->n_operations; i++) {
		int type = operation_type(accept->operations[i]);

		/* Mesos ignores UNKNOWN: it came from a newer client. */
		if (type == OPERATION(LAUNCH) || type == OPERATION(UNKNOWN))
			continue;
		return protobuf_c_enum_descriptor_get_value(
			&mesos__v1__offer__operation__type__descriptor, type)
			->name;
	}
	return NULL;
}

/* The tasks of a LAUNCH; none if it is something else. */
static size_t launch_tasks(const operation_msg *op, Mesos__V1__TaskInfo ***ret)
{
	if (operation_type(op) != OPERATION(LAUNCH) || op->launch == NULL)
		return 0;
	*ret = op->launch->task_infos;
	return op->launch->n_task_infos;
}

/* --- offers ------------------------------------------------------------------ */

static int offer_check(struct master *m, struct framework *fw,
	const Mesos__V1__OfferID *id, const struct offer *first, struct err *e)
{
	const struct offer *o = state_offer_find(m, id->value);

	if (o == NULL)
		return err_set(e, ERR_NOT_FOUND,
			"Offer '%.128s' is no longer valid: it was used, "
			"rescinded or never made; wait for new offers",
			id->value);
	if (o->framework != fw)
		return err_set(e, ERR_DENIED,
			"Offer '%s' was not made to framework '%s'", o->id,
			fw->id);
	if (first != NULL && strcmp(first->role, o->role) != 0)
		return err_set(e, ERR_INVALID,
			"Offers '%s' and '%s' are for different roles, '%s' "
			"and '%s'; accept them one by one",
			first->id, o->id, first->role, o->role);
	if (first != NULL && first->agent != o->agent)
		return err_set(e, ERR_INVALID,
			"Offers '%s' and '%s' are of different agents; accept "
			"them one by one",
			first->id, o->id);
	return 0;
}

/* In Mesos' order: some, no duplicates, known, owned, one role, one agent. */
static int offers_check(struct master *m, struct framework *fw,
	const accept_msg *accept, struct err *e)
{
	const struct offer *first = NULL;
	uint64_t mark;
	size_t i;

	if (accept->n_offer_ids == 0)
		return err_set(e, ERR_INVALID, "No offers specified");
	mark = ++m->mark;
	for (i = 0; i < accept->n_offer_ids; i++) {
		struct offer *o =
			state_offer_find(m, accept->offer_ids[i]->value);

		if (o != NULL && o->mark == mark)
			return err_set(e, ERR_INVALID,
				"Offer '%s' is listed twice", o->id);
		if (o != NULL)
			o->mark = mark;
	}
	for (i = 0; i < accept->n_offer_ids; i++) {
		if (offer_check(m, fw, accept->offer_ids[i], first, e) != 0)
			return -1;
		first = state_offer_find(m, accept->offer_ids[0]->value);
	}
	return 0;
}

static void refuse_task(struct master *m, struct framework *fw,
	const Mesos__V1__TaskInfo *t, int state, int reason,
	const char *message)
{
	ledger_refuse(m, fw,
		&(struct ledger_refusal){
			.task_id = t->task_id->value,
			.agent_id = t->agent_id->value,
			.executor_id = t->executor != NULL
				? t->executor->executor_id->value
				: NULL,
			.state = state,
			.reason = reason,
			.message = message,
		});
}

/* Offers that are still good are used up all the same; those of others are
 * left alone. */
static void offers_invalid(struct master *m, struct framework *fw,
	const accept_msg *accept, const struct err *e)
{
	int state = STATE(DROPPED);
	Mesos__V1__TaskInfo **tasks = NULL;
	size_t i, k, n;

	log_info("accept_invalid", "framework=%s why='%s'", fw->id, e->text);
	for (i = 0; i < accept->n_offer_ids; i++) {
		struct offer *o =
			state_offer_find(m, accept->offer_ids[i]->value);

		if (o != NULL && o->framework == fw)
			offer_return(m, o, 0);
	}
	if (!state_framework_has(fw,
		    MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE))
		state = task_state_unaware(state);
	for (i = 0; i < accept->n_operations; i++) {
		n = launch_tasks(accept->operations[i], &tasks);
		for (k = 0; k < n; k++)
			refuse_task(m, fw, tasks[k], state,
				REASON(INVALID_OFFERS), e->text);
	}
}

static void pool_fill(struct pool *p, const accept_msg *accept)
{
	const struct offer *o =
		state_offer_find(p->m, accept->offer_ids[0]->value);
	size_t i;

	CHECK(o->agent->active);
	CHECK(o->agent->link != 0);
	p->place.agent = o->agent;
	p->place.role = arena_strdup(&p->m->out->arena, o->role);
	for (i = 0; i < accept->n_offer_ids; i++) {
		struct offer *used =
			state_offer_find(p->m, accept->offer_ids[i]->value);

		res_add(&p->res, &used->res);
		/* Still held, now by the pool. */
		state_offer_free(p->m, used);
	}
}

/* --- one task ------------------------------------------------------------------- */

static void launch_fini(struct launch *l)
{
	res_fini(&l->res);
	res_fini(&l->executor_res);
}

/* Resources as they count: valid, summed up, allocated to the offers' role. */
static int launch_res(const struct pool *p, Mesos__V1__Resource ***msgs,
	size_t *n, struct res *ret, struct err *e)
{
	if (res_from_msgs(ret, *msgs, *n, e) != 0)
		return -1;
	res_allocate(ret, p->place.role);
	return 0;
}

static void health_default(struct launch *l)
{
	Mesos__V1__HealthCheck *h = l->task.health_check;

	if (h == NULL || h->has_type ||
		(h->command != NULL) == (h->http != NULL))
		return;
	l->health = *h;
	l->health.has_type = 1;
	l->health.type = h->command != NULL
		? MESOS__V1__HEALTH_CHECK__TYPE__COMMAND
		: MESOS__V1__HEALTH_CHECK__TYPE__HTTP;
	l->task.health_check = &l->health;
}

/* Copies info, shallowly, and fills in what a client may leave out. */
static int launch_init(struct launch *l, const struct pool *p,
	const Mesos__V1__TaskInfo *info, struct err *e)
{
	l->task = *info;
	res_init(&l->res);
	res_init(&l->executor_res);
	health_default(l);
	if (launch_res(p, &l->task.resources, &l->task.n_resources, &l->res,
		    e) != 0)
		return err_wrap(e, "Task's resources");
	if (info->executor == NULL)
		return 0;
	l->executor = *info->executor;
	l->task.executor = &l->executor;
	if (l->executor.framework_id == NULL)
		l->executor.framework_id = p->place.fw->info->id;
	if (launch_res(p, &l->executor.resources, &l->executor.n_resources,
		    &l->executor_res, e) != 0)
		return err_wrap(e, "Executor's resources");
	return 0;
}

/* What the agent gets, and tables keep: the sums, allocated. */
static void launch_settle(struct launch *l, struct arena *arena)
{
	l->task.resources = res_to_msgs(
		&l->res, arena, RES_FORM_STACK, &l->task.n_resources);
	if (l->task.executor != NULL)
		l->executor.resources = res_to_msgs(&l->executor_res, arena,
			RES_FORM_STACK, &l->executor.n_resources);
}

static void launch_start(
	struct pool *p, struct launch *l, struct executor *running)
{
	Butte__Link__RunTask run = BUTTE__LINK__RUN_TASK__INIT;
	bool starts = l->task.executor != NULL && running == NULL;

	run.framework = p->place.fw->info;
	run.task = &l->task;
	run.launch_executor = starts;
	downlink_run(p->m, p->place.agent, &run);
	res_sub(&p->res, &l->res);
	if (starts) {
		res_sub(&p->res, &l->executor_res);
		(void)ledger_executor_launch(
			p->m, &p->place, &l->executor, &l->executor_res);
	}
	(void)ledger_launch(p->m, &p->place, &l->task, &l->res);
}

static void launch_one(struct pool *p, struct launch *l)
{
	struct arena *arena = &p->m->out->arena;
	struct executor *running = NULL;
	struct err e = { 0 };
	struct validate_launch v = {
		.fw = p->place.fw,
		.agent = p->place.agent,
		.role = p->place.role,
		.pool = &p->res,
		.task = &l->task,
		.res = &l->res,
		.executor_res = &l->executor_res,
		.arena = arena,
	};

	if (l->task.executor != NULL)
		running = state_executor_find(p->place.agent, p->place.fw->id,
			l->executor.executor_id->value);
	v.running = running;
	if (validate_task(&v, &e) != 0) {
		refuse_task(p->m, p->place.fw, &l->task, STATE(ERROR),
			REASON(TASK_INVALID), e.text);
		return;
	}
	launch_settle(l, arena);
	launch_start(p, l, running);
}

/* --- the call -------------------------------------------------------------------- */

static void refuse_all(struct pool *p, Mesos__V1__TaskInfo *const *tasks,
	size_t n, const char *message)
{
	size_t i;

	for (i = 0; i < n; i++)
		refuse_task(p->m, p->place.fw, tasks[i], STATE(ERROR),
			REASON(TASK_INVALID), message);
}

/* A task whose resources can't even be read spoils its whole operation. */
static void launch(struct pool *p, const operation_msg *op)
{
	struct arena *arena = &p->m->out->arena;
	Mesos__V1__TaskInfo **tasks = NULL;
	size_t i, n = launch_tasks(op, &tasks), ready = 0;
	struct launch *all;
	struct err e = { 0 };

	if (n == 0)
		return;
	if (op->id != NULL) {
		refuse_all(p, tasks, n,
			"A LAUNCH can't have an operation 'id': its tasks "
			"have their own feedback; leave it out");
		return;
	}
	all = arena_alloc(arena, n * sizeof(*all));
	while (ready < n && launch_init(&all[ready], p, tasks[ready], &e) == 0)
		ready++;
	if (ready < n) {
		launch_fini(&all[ready]);
		refuse_all(p, tasks, n, e.text);
	} else {
		for (i = 0; i < n; i++)
			launch_one(p, &all[i]);
	}
	for (i = 0; i < ready; i++)
		launch_fini(&all[i]);
}

void accept_call(struct master *m, struct framework *fw,
	const Mesos__V1__Scheduler__Call *call)
{
	const accept_msg *accept = call->accept;
	struct pool p = { .m = m, .place.fw = fw };
	struct err e = { 0 };
	size_t i;

	METRICS_BUMP(m, MSG_LAUNCH_TASKS);
	if (offers_check(m, fw, accept, &e) != 0) {
		offers_invalid(m, fw, accept, &e);
		return;
	}
	res_init(&p.res);
	fw->metrics.offers_accepted += accept->n_offer_ids;
	pool_fill(&p, accept);
	for (i = 0; i < accept->n_operations; i++)
		launch(&p, accept->operations[i]);
	if (!res_is_empty(&p.res))
		alloc_release(m->alloc, fw->id, p.place.role, p.place.agent->id,
			&p.res, false, offer_refuse_ms(accept->filters),
			m->now_ms);
	res_fini(&p.res);
}

void accept_decline(struct master *m, struct framework *fw,
	const Mesos__V1__Scheduler__Call *call)
{
	const Mesos__V1__Scheduler__Call__Decline *decline = call->decline;
	uint64_t refuse_ms = offer_refuse_ms(decline->filters);
	size_t i;

	METRICS_BUMP(m, MSG_DECLINE_OFFERS);
	for (i = 0; i < decline->n_offer_ids; i++) {
		struct offer *o =
			state_offer_find(m, decline->offer_ids[i]->value);

		if (o == NULL || o->framework != fw) {
			log_debug("decline_unknown",
				"framework=%s offer=%.255s", fw->id,
				decline->offer_ids[i]->value);
			continue;
		}
		fw->metrics.offers_declined++;
		offer_return(m, o, refuse_ms);
	}
}
