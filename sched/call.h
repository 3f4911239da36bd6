/*
 * call.h - makes the calls of the v1 scheduler API. Pure.
 *
 * A call and all it points to live in the arena, but for messages that were
 * passed in: they are pointed to. framework_id is left to who sends it.
 */
#ifndef SCHED_CALL_H
#define SCHED_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "mesos/v1/scheduler/scheduler.pb-c.h"

struct arena;

Mesos__V1__Scheduler__Call *call_accept(struct arena *a,
	Mesos__V1__OfferID *const *offers, size_t n_offers,
	Mesos__V1__Offer__Operation *const *operations, size_t n_operations);
Mesos__V1__Scheduler__Call *call_launch(struct arena *a,
	Mesos__V1__OfferID *offer, Mesos__V1__TaskInfo *const *tasks, size_t n);
/* Filters for ACCEPT and DECLINE; NULL, the default, if < 0. */
Mesos__V1__Filters *call_filters(struct arena *a, double refuse_seconds);
/* refuse_seconds < 0: the default. */
Mesos__V1__Scheduler__Call *call_decline(struct arena *a,
	Mesos__V1__OfferID *const *offers, size_t n, double refuse_seconds);
Mesos__V1__Scheduler__Call *call_revive(
	struct arena *a, const char *const *roles, size_t n);
Mesos__V1__Scheduler__Call *call_suppress(
	struct arena *a, const char *const *roles, size_t n);
/* agent_id may be NULL; grace_ms < 0: not said. */
Mesos__V1__Scheduler__Call *call_kill(struct arena *a, const char *task_id,
	const char *agent_id, int64_t grace_ms);
Mesos__V1__Scheduler__Call *call_shutdown(
	struct arena *a, const char *executor_id, const char *agent_id);
/* NULL: the status has no uuid, so there is nothing to acknowledge. */
Mesos__V1__Scheduler__Call *call_acknowledge(
	struct arena *a, const Mesos__V1__TaskStatus *status);
Mesos__V1__Scheduler__Call *call_reconcile(
	struct arena *a, const char *const *task_ids, size_t n);
Mesos__V1__Scheduler__Call *call_message(struct arena *a, const char *agent_id,
	const char *executor_id, const void *data, size_t size);
Mesos__V1__Scheduler__Call *call_request(
	struct arena *a, Mesos__V1__Request *const *requests, size_t n);

#endif
