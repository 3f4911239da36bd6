/* liveness.c - see liveness.h. */
#include "master/liveness.h"

#include "common/arena.h"
#include "common/check.h"
#include "common/log.h"
#include "common/outbox.h"
#include "master/alloc.h"
#include "master/downlink.h"
#include "master/ledger.h"
#include "master/notify.h"
#include "master/offer.h"
#include "master/registry.h"
#include "master/state.h"
#include "master/watch.h"
#include "mesos/v1/mesos.pb-c.h"

#define STATE(name)  MESOS__V1__TASK_STATE__TASK_##name
#define REASON(name) MESOS__V1__TASK_STATUS__REASON__REASON_##name
#define MS_NS	     1000000

static void limited_remove(struct master *m, struct agent *a);

/* --- offered or not --------------------------------------------------------------- */

void liveness_activate(struct master *m, struct agent *a)
{
	bool active = a->link != 0 && a->withheld == NULL;

	CHECK(a->registered);
	if (active == a->active)
		return;
	a->active = active;
	alloc_agent_activate(m->alloc, a->id, active);
	log_info("agent_active", "agent=%s active=%s why='%s'", a->id,
		active ? "yes" : "no",
		a->withheld != NULL    ? a->withheld
			: a->link == 0 ? "disconnected"
				       : "");
	if (!active)
		offer_rescind_agent(m, a,
			a->link == 0 ? "the agent is disconnected"
				     : "the agent asked for it");
}

/* --- pings --------------------------------------------------------------------------- */

static void ping(struct master *m, struct agent *a)
{
	a->pong_due = true;
	downlink_ping(m, a);
	state_deadline_every(m, &a->ping, m->cfg.agent_ping_timeout_ms);
}

void liveness_start(struct master *m, struct agent *a)
{
	CHECK(a->link != 0);
	state_deadline_clear(m, &a->reregister);
	limited_remove(m, a);
	a->pings_missed = 0;
	ping(m, a);
}

void liveness_pong(struct master *m, struct agent *a)
{
	a->pong_due = false;
	a->pings_missed = 0;
	limited_remove(m, a);
}

/* --- unreachable ------------------------------------------------------------------------ */

static bool is_aware(const struct framework *fw)
{
	return state_framework_has(fw,
		MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE);
}

/* Its link is of no use any more; the agent dials again. */
static void cut(struct master *m, struct agent *a)
{
	struct uplink *l;

	if (a->link == 0)
		return;
	outbox_link_close(m->out, a->link);
	l = state_uplink_find(m, a->link);
	CHECK(l != NULL && l->agent == a);
	state_uplink_free(m, l);
	CHECK(a->link == 0);
}

static void end_tasks(struct master *m, struct agent *a, int aware_state,
	int64_t unreachable_ns, const char *what)
{
	struct ledger_end end = {
		.reason = REASON(AGENT_REMOVED),
		.unreachable_ns = unreachable_ns,
		.tell = true,
		.message = arena_printf(&m->out->arena, "Agent %s (%s) %s",
			a->info->hostname, a->id, what),
	};
	struct executor *x;
	struct task *t;

	while ((t = TAILQ_FIRST(&a->tasks)) != NULL) {
		end.state = is_aware(t->framework) ? aware_state : STATE(LOST);
		ledger_end(m, t, &end);
	}
	while ((x = state_executor_next(a, NULL)) != NULL)
		ledger_executor_end(m, x);
}

static void forget(struct master *m, struct agent *a)
{
	if (a->registered)
		alloc_agent_remove(m->alloc, a->id);
	state_agent_free(m, a);
}

static void mark_unreachable(struct master *m, struct agent *a, const char *why)
{
	struct arena *arena = &m->out->arena;
	const char *id = arena_strdup(arena, a->id);
	bool was_registered = a->registered;

	log_warn("agent_unreachable", "agent=%s why='%s'", id, why);
	registry_agent_unreachable(m, a);
	state_absent_add(&m->unreachable, id, m->wall_ns);
	METRICS_BUMP(m, UNREACHABLE_COMPLETED);
	METRICS_BUMP(m, AGENT_REMOVALS);
	METRICS_BUMP(m, AGENT_REMOVALS_UNHEALTHY);
	if (!was_registered)
		METRICS_BUMP(m, RECOVERY_REMOVALS);
	end_tasks(m, a, STATE(UNREACHABLE), m->wall_ns, "is unreachable");
	offer_rescind_agent(m, a, "the agent is unreachable");
	cut(m, a);
	forget(m, a);
	notify_agent_failure(m, id);
	watch_agent_removed(m, id);
}

/* --- the rate limit ---------------------------------------------------------------------- */

static void limited_remove(struct master *m, struct agent *a)
{
	if (!a->is_limited)
		return;
	METRICS_BUMP(m, UNREACHABLE_CANCELED);
	log_info("agent_unreachable_canceled", "agent=%s", a->id);
	TAILQ_REMOVE(&m->limited, a, limited);
	a->is_limited = false;
	if (TAILQ_EMPTY(&m->limited))
		state_deadline_clear(m, &m->permit);
}

static void give_up(struct master *m, struct agent *a, const char *why)
{
	if (a->is_limited)
		return;
	METRICS_BUMP(m, UNREACHABLE_SCHEDULED);
	if (m->removal_interval_ms == 0) {
		mark_unreachable(m, a, why);
		return;
	}
	if (TAILQ_EMPTY(&m->limited) && m->permit_due_ms <= m->now_ms) {
		m->permit_due_ms = m->now_ms + m->removal_interval_ms;
		mark_unreachable(m, a, why);
		return;
	}
	log_warn("agent_unreachable_waits",
		"agent=%s why='%s; --agent_removal_rate_limit'", a->id, why);
	a->is_limited = true;
	a->limited_why = why;
	TAILQ_INSERT_TAIL(&m->limited, a, limited);
	state_deadline_set(m, &m->permit, m->permit_due_ms);
}

void liveness_permit(struct master *m)
{
	struct agent *a = TAILQ_FIRST(&m->limited);

	CHECK(a != NULL);
	TAILQ_REMOVE(&m->limited, a, limited);
	a->is_limited = false;
	m->permit_due_ms = m->now_ms + m->removal_interval_ms;
	if (!TAILQ_EMPTY(&m->limited))
		state_deadline_set(m, &m->permit, m->permit_due_ms);
	mark_unreachable(m, a, a->limited_why);
}

/* --- deadlines ----------------------------------------------------------------------------- */

void liveness_ping(struct master *m, struct agent *a)
{
	CHECK(a->link != 0);
	if (a->pong_due &&
		++a->pings_missed >= m->cfg.max_agent_ping_timeouts) {
		/* Pings go on while it waits for its turn. */
		ping(m, a);
		give_up(m, a, "it doesn't answer pings");
		return;
	}
	ping(m, a);
}

void liveness_wait(struct master *m, struct agent *a)
{
	state_deadline_set(m, &a->reregister,
		m->now_ms + m->cfg.agent_reregister_timeout_ms);
}

void liveness_expire(struct master *m, struct agent *a)
{
	CHECK(a->link == 0);
	give_up(m, a,
		a->registered ? "it didn't re-register in time"
			      : "it didn't come back after the master's start");
}

/* Frameworks that don't checkpoint count their tasks there as lost at once. */
static void end_unsafe_tasks(struct master *m, struct agent *a)
{
	const struct ledger_end end = {
		.state = STATE(LOST),
		.reason = REASON(AGENT_DISCONNECTED),
		.tell = true,
		.message = arena_printf(&m->out->arena,
			"Agent %s (%s) disconnected", a->info->hostname, a->id),
	};
	struct executor *x, *x_next;
	struct task *t, *t_next;

	TAILQ_FOREACH_SAFE (t, &a->tasks, of_agent, t_next)
		if (!t->framework->info->checkpoint)
			ledger_end(m, t, &end);
	for (x = state_executor_next(a, NULL); x != NULL; x = x_next) {
		x_next = state_executor_next(a, x);
		if (!x->framework->info->checkpoint)
			ledger_executor_end(m, x);
	}
}

void liveness_disconnect(struct master *m, struct agent *a)
{
	CHECK(a->registered);
	CHECK(a->link == 0);
	log_info("agent_disconnected", "agent=%s", a->id);
	state_deadline_clear(m, &a->ping);
	limited_remove(m, a);
	liveness_activate(m, a);
	end_unsafe_tasks(m, a);
	liveness_wait(m, a);
}

/* --- removal ---------------------------------------------------------------------------------- */

void liveness_remove(
	struct master *m, struct agent *a, enum liveness_removal why)
{
	struct arena *arena = &m->out->arena;
	const char *id = arena_strdup(arena, a->id);

	log_info("agent_remove", "agent=%s why='%s'", id,
		why == LIVENESS_UNREGISTERED ? "it unregistered"
					     : "another agent has its address");
	registry_agent_del(m, a);
	METRICS_BUMP(m, AGENT_REMOVALS);
	if (why == LIVENESS_UNREGISTERED)
		METRICS_BUMP(m, AGENT_REMOVALS_UNREGISTERED);
	else
		METRICS_BUMP(m, AGENT_REMOVALS_REGISTERED);
	limited_remove(m, a);
	end_tasks(m, a, STATE(LOST), 0,
		why == LIVENESS_UNREGISTERED ? "unregistered"
					     : "was replaced by a new agent");
	offer_rescind_agent(m, a, "the agent was removed");
	cut(m, a);
	forget(m, a);
	notify_agent_failure(m, id);
	watch_agent_removed(m, id);
}

/* --- the registry's age ------------------------------------------------------------------------- */

/* Oldest first, so the walk ends at the first that may stay. */
static void gc_table(
	struct master *m, struct absent **table, unsigned registry_table)
{
	int64_t oldest_ns =
		m->wall_ns - (int64_t)m->cfg.registry_max_agent_age_ms * MS_NS;
	struct absent *ab;

	while ((ab = state_absent_first(*table)) != NULL) {
		if (ab->since_ns > oldest_ns &&
			state_absent_count(*table) <=
				m->cfg.registry_max_agent_count)
			return;
		log_info("registry_gc", "agent=%s table=%s", ab->id,
			master_table_names[registry_table]);
		outbox_del(m->out, registry_table, ab->id);
		state_absent_free(table, ab);
	}
}

void liveness_gc(struct master *m)
{
	gc_table(m, &m->unreachable, MASTER_TABLE_UNREACHABLE);
	gc_table(m, &m->gone, MASTER_TABLE_GONE);
	state_deadline_set(
		m, &m->gc, m->now_ms + m->cfg.registry_gc_interval_ms);
}
