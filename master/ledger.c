/* ledger.c - see ledger.h. */
#include "master/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/ident.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "common/res.h"
#include "common/task_state.h"
#include "master/alloc.h"
#include "master/downlink.h"
#include "master/notify.h"
#include "master/reconcile.h"
#include "master/state.h"
#include "master/watch.h"
#include "mesos/v1/mesos.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

typedef Mesos__V1__TaskStatus status_msg;

#define STATE(name)  MESOS__V1__TASK_STATE__TASK_##name
#define REASON(name) MESOS__V1__TASK_STATUS__REASON__REASON_##name
#define UUID_SIZE    16

/* --- who holds what ------------------------------------------------------------- */

static struct task *task_hold(const struct ledger_place *p,
	const Mesos__V1__Task *msg, struct res *res);
static struct executor *executor_hold(const struct ledger_place *p,
	const Mesos__V1__ExecutorInfo *info, struct res *res);

static void task_release(struct master *m, struct task *t)
{
	CHECK(t->holds);
	CHECK(t->agent != NULL);
	t->holds = false;
	res_sub(&t->agent->used, &t->res);
	alloc_release(m->alloc, t->framework->id, t->role, t->agent->id,
		&t->res, true, 0, m->now_ms);
}

void ledger_executor_end(struct master *m, struct executor *x)
{
	res_sub(&x->agent->used, &x->res);
	if (!res_is_empty(&x->res))
		alloc_release(m->alloc, x->framework->id, x->role, x->agent->id,
			&x->res, true, 0, m->now_ms);
	log_info("executor_end", "framework=%s executor=%s agent=%s",
		x->framework->id, x->id, x->agent->id);
	state_executor_free(x);
}

/* --- statuses of our own ----------------------------------------------------------- */

void ledger_status(const struct master *m, const char *task_id, int state,
	int reason, status_msg *ret)
{
	struct arena *arena = &m->out->arena;

	mesos__v1__task_status__init(ret);
	ret->task_id = arena_alloc(arena, sizeof(*ret->task_id));
	mesos__v1__task_id__init(ret->task_id);
	ret->task_id->value = arena_strdup(arena, task_id);
	ret->state = (Mesos__V1__TaskState)state;
	ret->has_source = 1;
	ret->source = MESOS__V1__TASK_STATUS__SOURCE__SOURCE_MASTER;
	ret->has_reason = 1;
	ret->reason = (Mesos__V1__TaskStatus__Reason)reason;
	ret->has_timestamp = 1;
	ret->timestamp = (double)m->wall_ns / 1e9;
}

static void status_place(struct arena *arena, const char *agent_id,
	const char *executor_id, status_msg *s)
{
	if (agent_id != NULL) {
		s->agent_id = arena_alloc(arena, sizeof(*s->agent_id));
		mesos__v1__agent_id__init(s->agent_id);
		s->agent_id->value = arena_strdup(arena, agent_id);
	}
	if (executor_id != NULL) {
		s->executor_id = arena_alloc(arena, sizeof(*s->executor_id));
		mesos__v1__executor_id__init(s->executor_id);
		s->executor_id->value = arena_strdup(arena, executor_id);
	}
}

void ledger_refuse(
	struct master *m, struct framework *fw, const struct ledger_refusal *r)
{
	status_msg s;

	ledger_status(m, r->task_id, r->state, r->reason, &s);
	status_place(&m->out->arena, r->agent_id, r->executor_id, &s);
	s.message = arena_strdup(&m->out->arena, r->message);
	log_info("task_refused", "framework=%s task=%s state=%s why='%s'",
		fw->id, r->task_id, task_state_name(r->state), r->message);
	metrics_task_end(m, fw, r->state, (int)s.source, r->reason);
	notify_update(m, fw, &s);
}

/* Writes the state, and says so. */
static void task_step(struct task *t, int next)
{
	CHECK(!task_state_is_terminal(t->state));
	if (t->state == next)
		return;
	log_info("task_step", "framework=%s task=%s agent=%s from=%s to=%s",
		t->framework->id, t->id, t->agent_id, task_state_name(t->state),
		task_state_name(next));
	t->state = next;
}

/* --- launching --------------------------------------------------------------------- */

static char *task_user(
	const struct framework *fw, const Mesos__V1__TaskInfo *info)
{
	if (info->command != NULL && info->command->user != NULL)
		return info->command->user;
	if (info->executor != NULL && info->executor->command != NULL &&
		info->executor->command->user != NULL)
		return info->executor->command->user;
	return fw->info->user;
}

/* The parts of a task that never change. Points into info and fw. */
static void task_msg(const struct framework *fw,
	const Mesos__V1__TaskInfo *info, Mesos__V1__Task *ret)
{
	mesos__v1__task__init(ret);
	ret->name = info->name;
	ret->task_id = info->task_id;
	ret->framework_id = fw->info->id;
	ret->executor_id =
		info->executor != NULL ? info->executor->executor_id : NULL;
	ret->agent_id = info->agent_id;
	ret->state = (Mesos__V1__TaskState)STATE(STAGING);
	ret->labels = info->labels;
	ret->discovery = info->discovery;
	ret->container = info->container;
	ret->health_check = info->health_check;
	ret->kill_policy = info->kill_policy;
	ret->user = task_user(fw, info);
	/* Entries of both maps have the same shape, but not the same type. */
	ret->n_limits = info->n_limits;
	ret->limits = (Mesos__V1__Task__LimitsEntry **)(void *)info->limits;
}

struct task *ledger_launch(struct master *m, const struct ledger_place *p,
	const Mesos__V1__TaskInfo *info, struct res *res)
{
	Mesos__V1__Task msg;
	struct task *t;

	task_msg(p->fw, info, &msg);
	alloc_use(m->alloc, p->fw->id, p->role, p->agent->id, res);
	t = task_hold(p, &msg, res);
	log_info("task_launch", "framework=%s task=%s agent=%s", p->fw->id,
		t->id, p->agent->id);
	watch_task_added(m, t);
	return t;
}

struct executor *ledger_executor_launch(struct master *m,
	const struct ledger_place *p, const Mesos__V1__ExecutorInfo *info,
	struct res *res)
{
	struct executor *x;

	if (!res_is_empty(res))
		alloc_use(m->alloc, p->fw->id, p->role, p->agent->id, res);
	x = executor_hold(p, info, res);
	log_info("executor_launch", "framework=%s executor=%s agent=%s",
		p->fw->id, x->id, p->agent->id);
	return x;
}

static struct task *task_hold(const struct ledger_place *p,
	const Mesos__V1__Task *msg, struct res *res)
{
	struct task *t = state_task_add(p->fw, p->agent, &msg->base, res);

	t->role = xstrdup(p->role);
	if (!task_state_is_terminal(t->state)) {
		t->holds = true;
		res_add(&p->agent->used, &t->res);
	}
	return t;
}

static struct executor *executor_hold(const struct ledger_place *p,
	const Mesos__V1__ExecutorInfo *info, struct res *res)
{
	struct executor *x = state_executor_add(
		p->fw, p->agent, info->executor_id->value, &info->base, res);

	x->role = xstrdup(p->role);
	res_add(&p->agent->used, &x->res);
	return x;
}

/* --- what an agent brings along ----------------------------------------------------- */

/* The role that resources are allocated to; agents send it with them. */
static const char *allocated_role(
	const struct framework *fw, Mesos__V1__Resource *const *msgs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (msgs[i]->allocation_info != NULL &&
			msgs[i]->allocation_info->role != NULL)
			return msgs[i]->allocation_info->role;
	return fw->n_roles > 0 ? fw->roles[0] : "*";
}

static int read_res(const struct ledger_place *p,
	Mesos__V1__Resource *const *msgs, size_t n, struct res *ret,
	struct err *e)
{
	if (ident_role_check(p->role, e) != 0 ||
		res_from_msgs(ret, msgs, n, e) != 0)
		return -1;
	res_allocate(ret, p->role);
	return 0;
}

static void restore_history(struct task *t, const Mesos__V1__Task *msg)
{
	size_t i;

	for (i = 0; i < msg->n_statuses; i++) {
		status_msg s = *msg->statuses[i];

		s.has_data = 0;
		state_task_status_add(t, &s);
	}
	if (!msg->has_status_update_uuid ||
		msg->status_update_uuid.len != UUID_SIZE)
		return;
	t->sent = true;
	t->sent_state = msg->has_status_update_state
		? (int)msg->status_update_state
		: t->state;
	memcpy(t->sent_uuid, msg->status_update_uuid.data, UUID_SIZE);
}

int ledger_restore(struct master *m, struct framework *fw, struct agent *a,
	const Mesos__V1__Task *msg, struct err *e)
{
	const struct ledger_place p = { fw, a,
		allocated_role(fw, msg->resources, msg->n_resources) };
	Mesos__V1__Task plain = *msg;
	struct res res = RES_INIT;
	struct task *t;

	if (ident_id_check("task id", msg->task_id->value, e) != 0 ||
		read_res(&p, msg->resources, msg->n_resources, &res, e) != 0) {
		res_fini(&res);
		return -1;
	}
	t = state_unreachable_find(fw, msg->task_id->value);
	if (t != NULL)
		state_unreachable_free(t);
	plain.n_resources = 0;
	plain.n_statuses = 0;
	plain.has_status_update_state = 0;
	plain.has_status_update_uuid = 0;
	t = task_hold(&p, &plain, &res);
	restore_history(t, msg);
	if (t->holds)
		alloc_hold(m->alloc, fw->id, t->role, a->id, &t->res);
	log_info("task_restore", "framework=%s task=%s agent=%s state=%s",
		fw->id, t->id, a->id, task_state_name(t->state));
	watch_task_added(m, t);
	return 0;
}

int ledger_executor_restore(struct master *m, struct framework *fw,
	struct agent *a, const Mesos__V1__ExecutorInfo *info, struct err *e)
{
	const struct ledger_place p = { fw, a,
		allocated_role(fw, info->resources, info->n_resources) };
	Mesos__V1__ExecutorInfo settled = *info;
	struct res res = RES_INIT;
	struct executor *x;

	if (ident_id_check("executor id", info->executor_id->value, e) != 0 ||
		read_res(&p, info->resources, info->n_resources, &res, e) !=
			0) {
		res_fini(&res);
		return -1;
	}
	settled.resources = res_to_msgs(
		&res, &m->out->arena, RES_FORM_STACK, &settled.n_resources);
	x = executor_hold(&p, &settled, &res);
	if (!res_is_empty(&x->res))
		alloc_hold(m->alloc, fw->id, x->role, a->id, &x->res);
	return 0;
}

/* --- status updates -------------------------------------------------------------------- */

static bool uuid_of(const status_msg *s, uint8_t *ret)
{
	if (!s->has_uuid || s->uuid.len != UUID_SIZE)
		return false;
	memcpy(ret, s->uuid.data, UUID_SIZE);
	return true;
}

/* Whether operators' streams want it: a new state, or a check's result. */
static bool is_news(const struct task *t, const status_msg *s)
{
	if (t->n_statuses == 0 || t->history_state != (int)s->state)
		return true;
	return s->has_reason &&
		((int)s->reason == REASON(TASK_CHECK_STATUS_UPDATED) ||
			(int)s->reason ==
				REASON(TASK_HEALTH_CHECK_STATUS_UPDATED));
}

static void remember(struct task *t, const status_msg *s)
{
	status_msg plain = *s;

	plain.has_data = 0;
	state_task_status_add(t, &plain);
}

static void task_update(
	struct master *m, struct task *t, const Butte__Link__StatusUpdate *up)
{
	const status_msg *s = up->status;
	int latest = (int)up->latest_state;
	bool news = is_news(t, s);

	/* The latest state can't be behind the status that we hold. */
	if (task_state_is_terminal((int)s->state) &&
		!task_state_is_terminal(latest))
		latest = (int)s->state;
	if (t->framework->state == FRAMEWORK_CONNECTED &&
		uuid_of(s, t->sent_uuid)) {
		t->sent = true;
		t->sent_state = (int)s->state;
	}
	if (!task_state_is_terminal(t->state)) {
		task_step(t, latest);
		if (task_state_is_terminal(latest))
			metrics_task_end(m, t->framework, latest,
				s->has_source ? (int)s->source : -1,
				s->has_reason ? (int)s->reason : -1);
	}
	remember(t, s);
	if (news)
		watch_task_updated(m, t, s);
	if (t->holds && task_state_is_terminal(t->state))
		task_release(m, t);
}

/* An agent speaks for its own tasks, and in its own name. What it says of one
 * that moved on (take_task() in roster.c has it killed there) is nobody's
 * business any more: it need not repeat it. */
static void refuse_update(struct master *m, const struct framework *fw,
	struct agent *a, const Butte__Link__StatusUpdate *up, const char *why)
{
	const Mesos__V1__TaskStatus *s = up->status;
	Mesos__V1__Scheduler__Call__Acknowledge ack =
		MESOS__V1__SCHEDULER__CALL__ACKNOWLEDGE__INIT;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;

	id.value = a->id;
	METRICS_BUMP(m, INVALID_UPDATES);
	log_warn("update_dropped", "framework=%s task=%s agent=%s why='%s'",
		fw->id, s->task_id->value, a->id, why);
	if (!s->has_uuid)
		return;
	ack.agent_id = &id;
	ack.task_id = s->task_id;
	ack.uuid = s->uuid;
	downlink_ack(m, a, fw, &ack);
}

void ledger_update(
	struct master *m, struct agent *a, const Butte__Link__StatusUpdate *up)
{
	const char *task_id = up->status->task_id->value;
	struct framework *fw = state_framework_find(m, up->framework_id->value);
	struct task *t;

	METRICS_BUMP(m, MSG_STATUS_UPDATE);
	if (fw == NULL || !task_state_is_known((int)up->status->state)) {
		METRICS_BUMP(m, INVALID_UPDATES);
		log_warn("update_dropped",
			"framework=%s task=%s agent=%s why='the framework is "
			"unknown'",
			up->framework_id->value, task_id, a->id);
		return;
	}
	t = state_task_find(fw, task_id);
	if (t != NULL && t->agent != a) {
		refuse_update(m, fw, a, up, "the task is another agent's");
		return;
	}
	if (up->status->agent_id != NULL &&
		strcmp(up->status->agent_id->value, a->id) != 0) {
		refuse_update(m, fw, a, up, "it names another agent");
		return;
	}
	/* Without a framework to tell, the agent says it again later. */
	notify_update(m, fw, up->status);
	if (t == NULL) {
		METRICS_BUMP(m, INVALID_UPDATES);
		log_info("update_of_unknown_task",
			"framework=%s task=%s agent=%s state=%s", fw->id,
			task_id, a->id,
			task_state_name((int)up->status->state));
		return;
	}
	METRICS_BUMP(m, VALID_UPDATES);
	task_update(m, t, up);
}

void ledger_acknowledge(struct master *m, struct framework *fw,
	const Mesos__V1__Scheduler__Call *call)
{
	const Mesos__V1__Scheduler__Call__Acknowledge *ack = call->acknowledge;
	struct agent *a = state_agent_find(m, ack->agent_id->value);
	struct task *t = state_task_find(fw, ack->task_id->value);

	METRICS_BUMP(m, MSG_STATUS_UPDATE_ACK);
	if (t != NULL && t->agent != a)
		t = NULL;
	if (a == NULL || a->link == 0 || (t != NULL && !t->sent)) {
		METRICS_BUMP(m, INVALID_ACKS);
		log_warn("ack_dropped",
			"framework=%s task=%.255s agent=%.255s why='%s'",
			fw->id, ack->task_id->value, ack->agent_id->value,
			t != NULL && !t->sent ? "no update of the task was sent"
					      : "the agent is not connected");
		return;
	}
	METRICS_BUMP(m, VALID_ACKS);
	downlink_ack(m, a, fw, ack);
	if (t != NULL && task_state_is_terminal(t->sent_state) &&
		memcmp(t->sent_uuid, ack->uuid.data, UUID_SIZE) == 0)
		ledger_forget(m, t);
}

void ledger_forget(struct master *m, struct task *t)
{
	if (t->holds)
		task_release(m, t);
	state_task_complete(m, t);
}

void ledger_exited(struct master *m, struct agent *a,
	const Butte__Link__ExitedExecutor *ex)
{
	struct framework *fw = state_framework_find(m, ex->framework_id->value);
	struct executor *x = state_executor_find(
		a, ex->framework_id->value, ex->executor_id->value);

	METRICS_BUMP(m, MSG_EXITED_EXECUTOR);
	if (fw == NULL || x == NULL) {
		log_info("exit_of_unknown_executor",
			"framework=%.255s executor=%.255s agent=%s",
			ex->framework_id->value, ex->executor_id->value, a->id);
		return;
	}
	ledger_executor_end(m, x);
	notify_executor_failure(
		m, fw, a->id, ex->executor_id->value, ex->status);
}

/* --- messages both ways ------------------------------------------------------------------- */

void ledger_from_executor(struct master *m, struct agent *a,
	const Butte__Link__FrameworkMessage *msg)
{
	struct framework *fw =
		state_framework_find(m, msg->framework_id->value);

	METRICS_BUMP(m, MSG_EXECUTOR_TO_FRAMEWORK);
	if (fw == NULL || fw->state != FRAMEWORK_CONNECTED) {
		METRICS_BUMP(m, INVALID_TO_FRAMEWORK);
		return; /* messages are unreliable, and executors know */
	}
	METRICS_BUMP(m, VALID_TO_FRAMEWORK);
	notify_message(m, fw, a, msg);
}

void ledger_to_executor(struct master *m, struct framework *fw,
	const Mesos__V1__Scheduler__Call *call)
{
	const Mesos__V1__Scheduler__Call__Message *msg = call->message;
	struct agent *a = state_agent_find(m, msg->agent_id->value);

	METRICS_BUMP(m, MSG_FRAMEWORK_TO_EXECUTOR);
	if (a == NULL || a->link == 0) {
		METRICS_BUMP(m, INVALID_TO_EXECUTOR);
		return;
	}
	METRICS_BUMP(m, VALID_TO_EXECUTOR);
	downlink_message(m, a, fw, msg);
}

void ledger_shutdown(struct master *m, struct framework *fw,
	const Mesos__V1__Scheduler__Call *call)
{
	const Mesos__V1__Scheduler__Call__Shutdown *s = call->shutdown;
	struct agent *a = state_agent_find(m, s->agent_id->value);

	if (a == NULL || a->link == 0) {
		METRICS_BUMP(m, DROPPED_MESSAGES);
		log_warn("shutdown_dropped",
			"framework=%s executor=%.255s agent=%.255s why='the "
			"agent is not connected'",
			fw->id, s->executor_id->value, s->agent_id->value);
		return;
	}
	downlink_shutdown_executor(m, a, fw, s->executor_id->value);
}

/* --- kill ----------------------------------------------------------------------------------- */

void ledger_kill(struct master *m, struct framework *fw,
	const Mesos__V1__Scheduler__Call *call)
{
	const Mesos__V1__Scheduler__Call__Kill *k = call->kill;
	const char *agent_id = k->agent_id != NULL ? k->agent_id->value : NULL;
	struct task *t = state_task_find(fw, k->task_id->value);

	METRICS_BUMP(m, MSG_KILL_TASK);
	if (t == NULL) {
		reconcile_task(m, fw, k->task_id->value, agent_id);
		return;
	}
	if (agent_id != NULL && strcmp(agent_id, t->agent->id) != 0) {
		METRICS_BUMP(m, DROPPED_MESSAGES);
		log_warn("kill_dropped",
			"framework=%s task=%s agent=%.255s why='it runs on "
			"agent %s'",
			fw->id, t->id, agent_id, t->agent->id);
		return;
	}
	t->kill_asked = true;
	t->kill_grace_ns = -1;
	if (k->kill_policy != NULL && k->kill_policy->grace_period != NULL &&
		k->kill_policy->grace_period->nanoseconds >= 0)
		t->kill_grace_ns = k->kill_policy->grace_period->nanoseconds;
	log_info("task_kill", "framework=%s task=%s agent=%s", fw->id, t->id,
		t->agent->id);
	downlink_kill(m, t);
}

/* --- what the master decides ---------------------------------------------------------------- */

static void end_status(const struct master *m, const struct task *t,
	const struct ledger_end *end, status_msg *s)
{
	struct arena *arena = &m->out->arena;

	ledger_status(m, t->id, end->state, end->reason, s);
	status_place(arena, t->agent_id, t->executor_id, s);
	s->message = arena_strdup(arena, end->message);
	if (end->unreachable_ns != 0) {
		s->unreachable_time =
			arena_alloc(arena, sizeof(*s->unreachable_time));
		mesos__v1__time_info__init(s->unreachable_time);
		s->unreachable_time->nanoseconds = end->unreachable_ns;
	}
}

void ledger_end(struct master *m, struct task *t, const struct ledger_end *end)
{
	bool over = task_state_is_terminal(t->state);
	bool known = t->sent && task_state_is_terminal(t->sent_state);
	status_msg s;

	end_status(m, t, end, &s);
	/* A framework that was sent the real end needs no other. */
	if (end->tell && !(over && known))
		notify_update(m, t->framework, &s);
	if (!over) {
		task_step(t, end->state);
		metrics_task_end(m, t->framework, end->state, (int)s.source,
			end->reason);
		remember(t, &s);
		watch_task_updated(m, t, &s);
	}
	if (t->holds)
		task_release(m, t);
	t->unreachable_ns = end->unreachable_ns;
	if (!over && end->unreachable_ns != 0)
		state_task_unreachable(m, t);
	else
		state_task_complete(m, t);
}

void ledger_end_unreachable(
	struct master *m, struct task *t, const struct ledger_end *end)
{
	status_msg s;

	CHECK(t->agent == NULL);
	CHECK(!t->holds);
	/* Without PARTITION_AWARE it is LOST already, and stays so. */
	if (!task_state_is_terminal(t->state)) {
		end_status(m, t, end, &s);
		task_step(t, end->state);
		metrics_task_end(m, t->framework, end->state, (int)s.source,
			end->reason);
		remember(t, &s);
		watch_task_updated(m, t, &s);
	}
	state_task_complete(m, t);
}
