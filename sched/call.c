/* call.c - see call.h. */
#include "sched/call.h"

#include <stdbool.h>

#include "common/arena.h"
#include "common/check.h"

typedef Mesos__V1__Scheduler__Call call_t;

/* A message in the arena, with its defaults. */
#define NEW(a, type, init)                                        \
	(__extension__({                                          \
		static const type init_ = init;                   \
		(type *)arena_memdup((a), &init_, sizeof(init_)); \
	}))

#define NEW_CALL(a, name) \
	new_call((a), MESOS__V1__SCHEDULER__CALL__TYPE__##name)

static call_t *new_call(struct arena *a, Mesos__V1__Scheduler__Call__Type type)
{
	call_t *c = NEW(a, call_t, MESOS__V1__SCHEDULER__CALL__INIT);

	c->has_type = true;
	c->type = type;
	return c;
}

static Mesos__V1__TaskID *task_id_new(struct arena *a, const char *id)
{
	Mesos__V1__TaskID *t =
		NEW(a, Mesos__V1__TaskID, MESOS__V1__TASK_ID__INIT);

	CHECK(id != NULL);
	t->value = arena_strdup(a, id);
	return t;
}

static Mesos__V1__AgentID *agent_id_new(struct arena *a, const char *id)
{
	Mesos__V1__AgentID *t =
		NEW(a, Mesos__V1__AgentID, MESOS__V1__AGENT_ID__INIT);

	CHECK(id != NULL);
	t->value = arena_strdup(a, id);
	return t;
}

static Mesos__V1__ExecutorID *executor_id_new(struct arena *a, const char *id)
{
	Mesos__V1__ExecutorID *t =
		NEW(a, Mesos__V1__ExecutorID, MESOS__V1__EXECUTOR_ID__INIT);

	CHECK(id != NULL);
	t->value = arena_strdup(a, id);
	return t;
}

/* The generated structs want arrays that may be written to. */
static void *pointers(struct arena *a, const void *array, size_t n)
{
	return n > 0 ? arena_memdup(a, array, n * sizeof(void *)) : NULL;
}

static char **texts(struct arena *a, const char *const *from, size_t n)
{
	char **to = arena_alloc(a, (n + 1) * sizeof(*to));

	for (size_t i = 0; i < n; i++)
		to[i] = arena_strdup(a, from[i]);
	return to;
}

call_t *call_accept(struct arena *a, Mesos__V1__OfferID *const *offers,
	size_t n_offers, Mesos__V1__Offer__Operation *const *operations,
	size_t n_operations)
{
	call_t *c = NEW_CALL(a, ACCEPT);

	c->accept = NEW(a, Mesos__V1__Scheduler__Call__Accept,
		MESOS__V1__SCHEDULER__CALL__ACCEPT__INIT);
	c->accept->n_offer_ids = n_offers;
	c->accept->offer_ids = pointers(a, offers, n_offers);
	c->accept->n_operations = n_operations;
	c->accept->operations = pointers(a, operations, n_operations);
	return c;
}

call_t *call_launch(struct arena *a, Mesos__V1__OfferID *offer,
	Mesos__V1__TaskInfo *const *tasks, size_t n)
{
	Mesos__V1__Offer__Operation *op = NEW(a, Mesos__V1__Offer__Operation,
		MESOS__V1__OFFER__OPERATION__INIT);

	op->has_type = true;
	op->type = MESOS__V1__OFFER__OPERATION__TYPE__LAUNCH;
	op->launch = NEW(a, Mesos__V1__Offer__Operation__Launch,
		MESOS__V1__OFFER__OPERATION__LAUNCH__INIT);
	op->launch->n_task_infos = n;
	op->launch->task_infos = pointers(a, tasks, n);
	return call_accept(a, &offer, 1, &op, 1);
}

Mesos__V1__Filters *call_filters(struct arena *a, double refuse_seconds)
{
	Mesos__V1__Filters *f;

	if (refuse_seconds < 0)
		return NULL;
	f = NEW(a, Mesos__V1__Filters, MESOS__V1__FILTERS__INIT);
	f->has_refuse_seconds = true;
	f->refuse_seconds = refuse_seconds;
	return f;
}

call_t *call_decline(struct arena *a, Mesos__V1__OfferID *const *offers,
	size_t n, double refuse_seconds)
{
	call_t *c = NEW_CALL(a, DECLINE);

	c->decline = NEW(a, Mesos__V1__Scheduler__Call__Decline,
		MESOS__V1__SCHEDULER__CALL__DECLINE__INIT);
	c->decline->n_offer_ids = n;
	c->decline->offer_ids = pointers(a, offers, n);
	c->decline->filters = call_filters(a, refuse_seconds);
	return c;
}

call_t *call_revive(struct arena *a, const char *const *roles, size_t n)
{
	call_t *c = NEW_CALL(a, REVIVE);

	c->revive = NEW(a, Mesos__V1__Scheduler__Call__Revive,
		MESOS__V1__SCHEDULER__CALL__REVIVE__INIT);
	c->revive->n_roles = n;
	c->revive->roles = texts(a, roles, n);
	return c;
}

call_t *call_suppress(struct arena *a, const char *const *roles, size_t n)
{
	call_t *c = NEW_CALL(a, SUPPRESS);

	c->suppress = NEW(a, Mesos__V1__Scheduler__Call__Suppress,
		MESOS__V1__SCHEDULER__CALL__SUPPRESS__INIT);
	c->suppress->n_roles = n;
	c->suppress->roles = texts(a, roles, n);
	return c;
}

call_t *call_kill(struct arena *a, const char *task_id, const char *agent_id,
	int64_t grace_ms)
{
	call_t *c = NEW_CALL(a, KILL);
	Mesos__V1__KillPolicy *p;

	c->kill = NEW(a, Mesos__V1__Scheduler__Call__Kill,
		MESOS__V1__SCHEDULER__CALL__KILL__INIT);
	c->kill->task_id = task_id_new(a, task_id);
	if (agent_id != NULL)
		c->kill->agent_id = agent_id_new(a, agent_id);
	if (grace_ms < 0)
		return c;
	p = NEW(a, Mesos__V1__KillPolicy, MESOS__V1__KILL_POLICY__INIT);
	p->grace_period =
		NEW(a, Mesos__V1__DurationInfo, MESOS__V1__DURATION_INFO__INIT);
	p->grace_period->nanoseconds = grace_ms * 1000 * 1000;
	c->kill->kill_policy = p;
	return c;
}

call_t *call_shutdown(
	struct arena *a, const char *executor_id, const char *agent_id)
{
	call_t *c = NEW_CALL(a, SHUTDOWN);

	c->shutdown = NEW(a, Mesos__V1__Scheduler__Call__Shutdown,
		MESOS__V1__SCHEDULER__CALL__SHUTDOWN__INIT);
	c->shutdown->executor_id = executor_id_new(a, executor_id);
	c->shutdown->agent_id = agent_id_new(a, agent_id);
	return c;
}

call_t *call_acknowledge(struct arena *a, const Mesos__V1__TaskStatus *status)
{
	call_t *c;

	if (!status->has_uuid || status->uuid.len == 0 ||
		status->agent_id == NULL)
		return NULL;
	c = NEW_CALL(a, ACKNOWLEDGE);
	c->acknowledge = NEW(a, Mesos__V1__Scheduler__Call__Acknowledge,
		MESOS__V1__SCHEDULER__CALL__ACKNOWLEDGE__INIT);
	c->acknowledge->agent_id = status->agent_id;
	c->acknowledge->task_id = status->task_id;
	c->acknowledge->uuid = status->uuid;
	return c;
}

call_t *call_reconcile(struct arena *a, const char *const *task_ids, size_t n)
{
	typedef Mesos__V1__Scheduler__Call__Reconcile__Task task_t;
	call_t *c = NEW_CALL(a, RECONCILE);
	task_t **tasks = arena_alloc(a, (n + 1) * sizeof(task_t *));

	for (size_t i = 0; i < n; i++) {
		tasks[i] = NEW(a, task_t,
			MESOS__V1__SCHEDULER__CALL__RECONCILE__TASK__INIT);
		tasks[i]->task_id = task_id_new(a, task_ids[i]);
	}
	c->reconcile = NEW(a, Mesos__V1__Scheduler__Call__Reconcile,
		MESOS__V1__SCHEDULER__CALL__RECONCILE__INIT);
	c->reconcile->n_tasks = n;
	c->reconcile->tasks = tasks;
	return c;
}

call_t *call_message(struct arena *a, const char *agent_id,
	const char *executor_id, const void *data, size_t size)
{
	call_t *c = NEW_CALL(a, MESSAGE);

	c->message = NEW(a, Mesos__V1__Scheduler__Call__Message,
		MESOS__V1__SCHEDULER__CALL__MESSAGE__INIT);
	c->message->agent_id = agent_id_new(a, agent_id);
	c->message->executor_id = executor_id_new(a, executor_id);
	c->message->data.len = size;
	if (size > 0)
		c->message->data.data = arena_memdup(a, data, size);
	return c;
}

call_t *call_request(
	struct arena *a, Mesos__V1__Request *const *requests, size_t n)
{
	call_t *c = NEW_CALL(a, REQUEST);

	c->request = NEW(a, Mesos__V1__Scheduler__Call__Request,
		MESOS__V1__SCHEDULER__CALL__REQUEST__INIT);
	c->request->n_requests = n;
	c->request->requests = pointers(a, requests, n);
	return c;
}
