/* reconcile.c - see reconcile.h. */
#include "master/reconcile.h"

#include "common/arena.h"
#include "common/log.h"
#include "common/outbox.h"
#include "common/task_state.h"
#include "master/ledger.h"
#include "master/metrics.h"
#include "master/notify.h"
#include "master/report_v1.h"
#include "master/state.h"
#include "mesos/v1/mesos.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

typedef Mesos__V1__TaskStatus status_msg;

#define STATE(name)    MESOS__V1__TASK_STATE__TASK_##name
#define RECONCILIATION MESOS__V1__TASK_STATUS__REASON__REASON_RECONCILIATION

static Mesos__V1__AgentID *agent_id_msg(struct arena *arena, const char *id)
{
	Mesos__V1__AgentID *msg = arena_alloc(arena, sizeof(*msg));

	mesos__v1__agent_id__init(msg);
	msg->value = arena_strdup(arena, id);
	return msg;
}

/* The last thing that the framework was told of the task, told again. */
static void answer_active(
	struct master *m, struct framework *fw, const struct task *t)
{
	struct arena *arena = &m->out->arena;
	const status_msg *last = report_v1_last_status(t, arena);
	int state = t->sent ? t->sent_state : t->state;
	status_msg s;

	ledger_status(m, t->id, state, RECONCILIATION, &s);
	s.agent_id = agent_id_msg(arena, t->agent_id);
	if (t->executor_id != NULL) {
		s.executor_id = arena_alloc(arena, sizeof(*s.executor_id));
		mesos__v1__executor_id__init(s.executor_id);
		s.executor_id->value = arena_strdup(arena, t->executor_id);
	}
	s.message = arena_strdup(arena, "Reconciliation: Latest task state");
	if (last != NULL) {
		s.has_healthy = last->has_healthy;
		s.healthy = last->healthy;
		s.check_status = last->check_status;
		s.container_status = last->container_status;
	}
	notify_update(m, fw, &s);
}

/* What is known of a task that isn't active, from where it ran. -1: nothing can
 * be said yet. */
static int absent_state(const struct master *m, const char *agent_id,
	const char **ret_message, int64_t *ret_unreachable_ns)
{
	const struct agent *a;
	const struct absent *ab;

	*ret_unreachable_ns = 0;
	if (agent_id == NULL) {
		*ret_message = "Reconciliation: Task is unknown";
		return m->n_recovered > 0 ? -1 : STATE(UNKNOWN);
	}
	a = state_agent_find(m, agent_id);
	if (a != NULL) {
		*ret_message = "Reconciliation: Task is gone";
		return a->registered ? STATE(GONE) : -1;
	}
	ab = state_absent_find(m->unreachable, agent_id);
	if (ab != NULL) {
		*ret_unreachable_ns = ab->since_ns;
		*ret_message = "Reconciliation: Task is unreachable";
		return STATE(UNREACHABLE);
	}
	if (state_absent_find(m->gone, agent_id) != NULL) {
		*ret_message = "Reconciliation: Task is gone";
		return STATE(GONE_BY_OPERATOR);
	}
	*ret_message = "Reconciliation: Task is unknown";
	return STATE(UNKNOWN);
}

void reconcile_task(struct master *m, struct framework *fw, const char *task_id,
	const char *agent_id)
{
	struct arena *arena = &m->out->arena;
	const struct task *t = state_task_find(fw, task_id);
	const char *message;
	int64_t unreachable_ns;
	status_msg s;
	int state;

	if (t != NULL) {
		answer_active(m, fw, t);
		return;
	}
	state = absent_state(m, agent_id, &message, &unreachable_ns);
	if (state < 0) {
		log_info("reconcile_later",
			"framework=%s task=%.255s why='agents are still "
			"expected back'",
			fw->id, task_id);
		return;
	}
	if (!state_framework_has(fw,
		    MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE))
		state = task_state_unaware(state);
	ledger_status(m, task_id, state, RECONCILIATION, &s);
	s.message = arena_strdup(arena, message);
	if (agent_id != NULL)
		s.agent_id = agent_id_msg(arena, agent_id);
	if (unreachable_ns != 0) {
		s.unreachable_time =
			arena_alloc(arena, sizeof(*s.unreachable_time));
		mesos__v1__time_info__init(s.unreachable_time);
		s.unreachable_time->nanoseconds = unreachable_ns;
	}
	notify_update(m, fw, &s);
}

/* The latest state, also of what ended but isn't acknowledged. */
static void answer_latest(
	struct master *m, struct framework *fw, const struct task *t)
{
	struct task latest = *t;

	latest.sent = false;
	answer_active(m, fw, &latest);
}

void reconcile_call(struct master *m, struct framework *fw,
	const Mesos__V1__Scheduler__Call *call)
{
	const Mesos__V1__Scheduler__Call__Reconcile *r = call->reconcile;
	const struct task *t;
	size_t i;

	METRICS_BUMP(m, MSG_RECONCILE_TASKS);
	log_info("reconcile", "framework=%s tasks=%zu", fw->id, r->n_tasks);
	if (r->n_tasks == 0) {
		for (t = state_task_next(fw, NULL); t != NULL;
			t = state_task_next(fw, t))
			answer_latest(m, fw, t);
		return;
	}
	for (i = 0; i < r->n_tasks; i++)
		reconcile_task(m, fw, r->tasks[i]->task_id->value,
			r->tasks[i]->agent_id != NULL
				? r->tasks[i]->agent_id->value
				: NULL);
}
