/* io_calls.c - see butte/scheduler.h: each call by its own function. */
#include "butte/scheduler.h"

#include "common/arena.h"
#include "sched/call.h"

static int send(struct butte_scheduler *s, const Mesos__V1__Scheduler__Call *c,
	struct arena *a)
{
	int r = c != NULL ? butte_scheduler_call(s, c) : 0;

	arena_fini(a);
	return r;
}

int butte_scheduler_accept(struct butte_scheduler *s,
	Mesos__V1__OfferID *const *offers, size_t n_offers,
	Mesos__V1__Offer__Operation *const *operations, size_t n_operations,
	const Mesos__V1__Filters *filters)
{
	Mesos__V1__Scheduler__Call *c;
	struct arena a;

	arena_init(&a);
	c = call_accept(&a, offers, n_offers, operations, n_operations);
	if (filters != NULL)
		c->accept->filters =
			arena_memdup(&a, filters, sizeof(*filters));
	return send(s, c, &a);
}

int butte_scheduler_launch(struct butte_scheduler *s,
	const Mesos__V1__Offer *offer, Mesos__V1__TaskInfo *const *tasks,
	size_t n_tasks, double refuse_seconds)
{
	Mesos__V1__Scheduler__Call *c;
	struct arena a;

	arena_init(&a);
	c = call_launch(&a, offer->id, tasks, n_tasks);
	c->accept->filters = call_filters(&a, refuse_seconds);
	return send(s, c, &a);
}

int butte_scheduler_decline(struct butte_scheduler *s,
	Mesos__V1__OfferID *const *offers, size_t n, double refuse_seconds)
{
	struct arena a;

	arena_init(&a);
	return send(s, call_decline(&a, offers, n, refuse_seconds), &a);
}

int butte_scheduler_revive(
	struct butte_scheduler *s, const char *const *roles, size_t n)
{
	struct arena a;

	arena_init(&a);
	return send(s, call_revive(&a, roles, n), &a);
}

int butte_scheduler_suppress(
	struct butte_scheduler *s, const char *const *roles, size_t n)
{
	struct arena a;

	arena_init(&a);
	return send(s, call_suppress(&a, roles, n), &a);
}

int butte_scheduler_kill(struct butte_scheduler *s, const char *task_id,
	const char *agent_id, int64_t grace_ms)
{
	struct arena a;

	arena_init(&a);
	return send(s, call_kill(&a, task_id, agent_id, grace_ms), &a);
}

int butte_scheduler_shutdown(struct butte_scheduler *s, const char *executor_id,
	const char *agent_id)
{
	struct arena a;

	arena_init(&a);
	return send(s, call_shutdown(&a, executor_id, agent_id), &a);
}

int butte_scheduler_acknowledge(
	struct butte_scheduler *s, const Mesos__V1__TaskStatus *status)
{
	struct arena a;

	arena_init(&a);
	return send(s, call_acknowledge(&a, status), &a);
}

int butte_scheduler_reconcile(
	struct butte_scheduler *s, const char *const *task_ids, size_t n)
{
	struct arena a;

	arena_init(&a);
	return send(s, call_reconcile(&a, task_ids, n), &a);
}

int butte_scheduler_message(struct butte_scheduler *s, const char *agent_id,
	const char *executor_id, const void *data, size_t size)
{
	struct arena a;

	arena_init(&a);
	return send(s, call_message(&a, agent_id, executor_id, data, size), &a);
}

int butte_scheduler_request(struct butte_scheduler *s,
	Mesos__V1__Request *const *requests, size_t n)
{
	struct arena a;

	arena_init(&a);
	return send(s, call_request(&a, requests, n), &a);
}
