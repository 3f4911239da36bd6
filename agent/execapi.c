/* execapi.c - see execapi.h. */
#include "agent/execapi.h"

#include <string.h>

#include "agent/agent.h"
#include "agent/container.h"
#include "agent/hold.h"
#include "agent/recover.h"
#include "agent/run.h"
#include "agent/stream.h"
#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "common/task_state.h"
#include "mesos/v1/executor/executor.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"

#define HEARTBEAT_MS (30 * 60 * 1000)
/* A generated executor whose task is over, or whose connection broke, is given
 * so long. */
#define LEAVE_MS 5000
/* Seconds since 1970 that still are a count of nanoseconds. */
#define TIMESTAMP_MAX_S 9.2e9

typedef Mesos__V1__Executor__Call call_msg;
typedef Mesos__V1__Executor__Event event_msg;

static bool is_impostor(const struct executor *e, const struct agent_event *ev);
static const char *call_check(const call_msg *c);
static void call_update(struct agent *a, struct executor *e,
	const struct agent_event *ev, struct outbox *out);
static void subscribe(struct agent *a, struct executor *e,
	const struct agent_event *ev, struct outbox *out);
static void shut_out(uint64_t request, struct outbox *out);
static void subscribed_send(
	struct agent *a, struct executor *e, struct outbox *out);
static void settle_tasks(struct agent *a, struct executor *e,
	const Mesos__V1__Executor__Call__Subscribe *s, struct outbox *out);
static bool has_live_task(const struct executor *e);
static const char *update_check(
	const struct executor *e, const Mesos__V1__TaskStatus *s);
static bool is_full(const struct executor *e, const Mesos__V1__TaskStatus *s);
static void update(struct agent *a, struct executor *e,
	const Mesos__V1__TaskStatus *s, struct outbox *out);
static void update_unknown(struct agent *a, struct executor *e,
	const Mesos__V1__TaskStatus *s, struct outbox *out);
static void take(struct agent *a, struct task *t,
	const Mesos__V1__TaskStatus *s, struct outbox *out);
static Mesos__V1__TaskStatus *complete_status(struct agent *a,
	const struct executor *e, const Mesos__V1__TaskStatus *s,
	struct arena *mem);
static void acknowledge(
	struct executor *e, const Mesos__V1__TaskStatus *s, struct outbox *out);
static void message(struct agent *a, struct executor *e,
	const Mesos__V1__Executor__Call__Message *m, struct outbox *out);

void execapi_call(
	struct agent *a, const struct agent_event *ev, struct outbox *out)
{
	const call_msg *c = ev->executor_call;
	struct framework *f;
	struct executor *e;
	const char *bad;

	if ((int)c->type == MESOS__V1__EXECUTOR__CALL__TYPE__HEARTBEAT) {
		outbox_reply(out, ev->from, 202, NULL);
		return;
	}
	bad = call_check(c);
	if (bad != NULL) {
		outbox_reply_text(out, ev->from, 400, "%s", bad);
		return;
	}
	f = hold_framework_find(a, c->framework_id->value);
	if (f == NULL) {
		outbox_reply_text(
			out, ev->from, 400, "Framework cannot be found");
		return;
	}
	e = hold_executor_find(f, c->executor_id->value);
	if (e == NULL) {
		outbox_reply_text(
			out, ev->from, 400, "Executor cannot be found");
		return;
	}
	if (is_impostor(e, ev)) {
		outbox_reply_text(out, ev->from, 403,
			"Not a process of this executor's container");
		return;
	}
	if ((int)c->type == MESOS__V1__EXECUTOR__CALL__TYPE__SUBSCRIBE) {
		subscribe(a, e, ev, out);
		return;
	}
	if (e->stream == 0) {
		outbox_reply_text(
			out, ev->from, 403, "Executor is not subscribed");
		return;
	}
	switch ((int)c->type) {
	case MESOS__V1__EXECUTOR__CALL__TYPE__UPDATE:
		call_update(a, e, ev, out);
		return;
	case MESOS__V1__EXECUTOR__CALL__TYPE__MESSAGE:
		outbox_reply(out, ev->from, 202, NULL);
		message(a, e, c->message, out);
		return;
	default:
		outbox_reply_text(out, ev->from, 501,
			"Call %d of the executor API is not known",
			(int)c->type);
		return;
	}
}

/* A task of another container, or a local user, on the unix socket. */
static bool is_impostor(const struct executor *e, const struct agent_event *ev)
{
	if (ev->peer_container == NULL ||
		strcmp(ev->peer_container, e->container_id) == 0)
		return false;
	log_warn("executor_impostor",
		"executor=%s framework=%s container=%s peer='%s'", e->id,
		e->framework->id, e->container_id, ev->peer_container);
	return true;
}

static const char *call_check(const call_msg *c)
{
	switch ((int)c->type) {
	case MESOS__V1__EXECUTOR__CALL__TYPE__UPDATE:
		return c->update == NULL ? "Expecting 'update'" : NULL;
	case MESOS__V1__EXECUTOR__CALL__TYPE__MESSAGE:
		return c->message == NULL ? "Expecting 'message'" : NULL;
	default:
		return c->has_type ? NULL : "Expecting 'type'";
	}
}

static void call_update(struct agent *a, struct executor *e,
	const struct agent_event *ev, struct outbox *out)
{
	const Mesos__V1__TaskStatus *s = ev->executor_call->update->status;
	const char *bad = update_check(e, s);

	if (bad != NULL) {
		a->metrics.invalid_updates++;
		outbox_reply_text(out, ev->from, 400, "%s", bad);
	} else if (is_full(e, s)) {
		outbox_reply_text(out, ev->from, 503,
			"More than %d updates of task '%s' wait for "
			"acknowledgement",
			AGENT_UPDATES_MAX, s->task_id->value);
	} else {
		outbox_reply(out, ev->from, 202, NULL);
		update(a, e, s, out);
	}
}

/* --- subscribe ---------------------------------------------------------- */

static void subscribe(struct agent *a, struct executor *e,
	const struct agent_event *ev, struct outbox *out)
{
	static const Mesos__V1__Executor__Call__Subscribe none =
		MESOS__V1__EXECUTOR__CALL__SUBSCRIBE__INIT;
	const Mesos__V1__Executor__Call__Subscribe *s =
		ev->executor_call->subscribe;
	size_t i;

	/* Mesos answers 400 to that. A fresh executor has nothing to say in it,
	 * and the one of npm's mesos-framework leaves it out. */
	if (s == NULL)
		s = &none;

	if (a->leaving || e->framework->terminating ||
		e->state == EXECUTOR_TERMINATING ||
		e->state == EXECUTOR_TERMINATED) {
		shut_out(ev->from, out);
		return;
	}
	log_info("executor_subscribe",
		"executor=%s framework=%s tasks=%zu updates=%zu", e->id,
		e->framework->id, s->n_unacknowledged_tasks,
		s->n_unacknowledged_updates);
	if (e->stream != 0)
		outbox_stream_close(out, e->stream);
	hold_executor_stream_set(a, e, ev->from);
	heap_update(
		&a->heartbeat_dues, &e->heartbeat, a->now_ms + HEARTBEAT_MS);
	outbox_stream_open(out, ev->from);
	recover_back(a, e);
	e->state = EXECUTOR_RUNNING;
	hold_executor_wait(a, e, WAIT_NONE, 0);
	subscribed_send(a, e, out);
	for (i = 0; i < s->n_unacknowledged_updates; i++) {
		const Mesos__V1__TaskStatus *u =
			s->unacknowledged_updates[i]->status;

		if (update_check(e, u) == NULL && !is_full(e, u))
			update(a, e, u, out);
		else
			a->metrics.invalid_updates++;
	}
	settle_tasks(a, e, s, out);
	e->recovered = false;
	container_resize(a, e, out);
	run_deliver(a, e, out);
	if (has_live_task(e))
		return;
	if (!e->got_task)
		container_shut_down(a, e, out);
	else if (e->generated)
		hold_executor_wait(a, e, WAIT_LEAVE, LEAVE_MS);
}

/* It comes when it is not wanted any more. */
static void shut_out(uint64_t request, struct outbox *out)
{
	event_msg ev = MESOS__V1__EXECUTOR__EVENT__INIT;

	ev.has_type = 1;
	ev.type = MESOS__V1__EXECUTOR__EVENT__TYPE__SHUTDOWN;
	outbox_stream_open(out, request);
	outbox_stream_send(out, request, &ev.base);
	outbox_stream_close(out, request);
}

static void subscribed_send(
	struct agent *a, struct executor *e, struct outbox *out)
{
	event_msg ev = MESOS__V1__EXECUTOR__EVENT__INIT;
	Mesos__V1__Executor__Event__Subscribed s =
		MESOS__V1__EXECUTOR__EVENT__SUBSCRIBED__INIT;
	Mesos__V1__ContainerID container = MESOS__V1__CONTAINER_ID__INIT;

	container.value = e->container_id;
	s.executor_info = hold_executor_info(e, &out->arena);
	s.framework_info = hold_framework_info(e->framework, &out->arena);
	s.agent_info = a->info;
	s.container_id = &container;
	ev.has_type = 1;
	ev.type = MESOS__V1__EXECUTOR__EVENT__TYPE__SUBSCRIBED;
	ev.subscribed = &s;
	outbox_stream_send(out, e->stream, &ev.base);
}

/*
 * Of each task that has not begun: does the executor have it? Ours says so when
 * it subscribes, so what it does not list is delivered (again). Of others' the
 * safe guess is that the task was lost on its way.
 */
static void settle_tasks(struct agent *a, struct executor *e,
	const Mesos__V1__Executor__Call__Subscribe *s, struct outbox *out)
{
	struct task *t;
	size_t i;

	if (e->recovered)
		e->got_task = true; /* for all we know */
	TAILQ_FOREACH (t, &e->tasks, next) {
		bool begun = t->state != MESOS__V1__TASK_STATE__TASK_STAGING;

		if (!hold_task_is_live(t) || (!e->recovered && !t->delivered))
			continue;
		for (i = 0; !begun && i < s->n_unacknowledged_tasks; i++)
			begun = strcmp(t->id,
					s->unacknowledged_tasks[i]
						->task_id->value) == 0;
		if (begun || e->generated)
			t->delivered = begun;
		else
			run_drop(a, t,
				MESOS__V1__TASK_STATUS__REASON__REASON_AGENT_RESTARTED,
				"Task launched during agent restart", out);
	}
}

static bool has_live_task(const struct executor *e)
{
	const struct task *t;

	TAILQ_FOREACH (t, &e->tasks, next)
		if (hold_task_is_live(t))
			return true;
	return false;
}

void execapi_stream_down(struct agent *a, uint64_t stream)
{
	struct executor *e = hold_executor_by_stream(a, stream);

	if (e == NULL)
		return;
	log_info("executor_disconnected", "executor=%s framework=%s", e->id,
		e->framework->id);
	hold_executor_stream_set(a, e, 0);
	/* Others may live as they like; ours comes back or is broken. */
	if (e->generated && e->state == EXECUTOR_RUNNING &&
		e->wait == WAIT_NONE)
		hold_executor_wait(a, e, WAIT_REREGISTER,
			a->cfg->executor_registration_timeout_ms);
}

/* --- update ------------------------------------------------------------- */

static const char *update_check(
	const struct executor *e, const Mesos__V1__TaskStatus *s)
{
	const struct task *t;

	if (!s->has_uuid || s->uuid.len != UUID_SIZE)
		return "Expecting a 'uuid' of 16 bytes";
	if (!s->has_source ||
		(int)s->source !=
			MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR)
		return "Expecting 'source' to be SOURCE_EXECUTOR";
	switch ((int)s->state) {
	case MESOS__V1__TASK_STATE__TASK_STAGING:
	case MESOS__V1__TASK_STATE__TASK_UNREACHABLE:
	case MESOS__V1__TASK_STATE__TASK_UNKNOWN:
		return "An executor can not send TASK_STAGING, "
		       "TASK_UNREACHABLE or TASK_UNKNOWN";
	default:
		break;
	}
	if (!task_state_is_known((int)s->state))
		return "Unknown task state";
	if (s->executor_id != NULL && strcmp(s->executor_id->value, e->id) != 0)
		return "The 'executor_id' of the status is another's";
	t = hold_task_find(e->framework, s->task_id->value);
	/* One without an executor was refused here, or is not here at all. */
	if (t != NULL && t->executor != NULL && t->executor != e)
		return "The task is another executor's";
	return NULL;
}

/* The end is always taken: it makes the queue shorter in the end. */
static bool is_full(const struct executor *e, const Mesos__V1__TaskStatus *s)
{
	const struct task *t = hold_task_find(e->framework, s->task_id->value);

	return t != NULL && t->n_updates >= AGENT_UPDATES_MAX &&
		!task_state_is_terminal((int)s->state) &&
		!stream_has(t, s->uuid.data);
}

static void update(struct agent *a, struct executor *e,
	const Mesos__V1__TaskStatus *s, struct outbox *out)
{
	struct task *t = hold_task_find(e->framework, s->task_id->value);

	if (e->framework->terminating) {
		/* Nobody is left to be told; the executor need not wait. */
		a->metrics.invalid_updates++;
		acknowledge(e, s, out);
		return;
	}
	if (t == NULL || t->executor != e) {
		update_unknown(a, e, s, out);
		return;
	}
	if (!stream_has(t, s->uuid.data) && hold_task_is_live(t) &&
		(t->delivered || e->recovered ||
			task_state_is_terminal((int)s->state))) {
		a->metrics.valid_updates++;
		take(a, t, complete_status(a, e, s, &out->arena), out);
	}
	acknowledge(e, s, out);
}

/*
 * A task that is over and acknowledged, or one that we never gave. The first
 * needs nothing; the other's framework may know what it means, but nobody
 * vouches for it: it is sent once, without a record.
 */
static void update_unknown(struct agent *a, struct executor *e,
	const Mesos__V1__TaskStatus *s, struct outbox *out)
{
	Butte__Link__StatusUpdate u = BUTTE__LINK__STATUS_UPDATE__INIT;
	Butte__Link__ToMaster m = BUTTE__LINK__TO_MASTER__INIT;
	Mesos__V1__FrameworkID framework = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__ExecutorID executor = MESOS__V1__EXECUTOR_ID__INIT;
	const struct task *t;

	acknowledge(e, s, out);
	TAILQ_FOREACH (t, &e->completed, next)
		if (strcmp(t->id, s->task_id->value) == 0)
			return;
	a->metrics.valid_updates++;
	if (!a->registered)
		return;
	framework.value = e->framework->id;
	executor.value = e->id;
	u.framework_id = &framework;
	u.executor_id = &executor;
	u.status = complete_status(a, e, s, &out->arena);
	u.latest_state = s->state;
	m.msg_case = BUTTE__LINK__TO_MASTER__MSG_STATUS_UPDATE;
	m.status_update = &u;
	outbox_link_send(out, a->link, &m.base);
}

/*
 * A command that failed may have been killed by the kernel for memory, which
 * only the end of its container tells: its end is recorded and acknowledged,
 * but told when the container is over.
 */
static void take(struct agent *a, struct task *t,
	const Mesos__V1__TaskStatus *s, struct outbox *out)
{
	struct executor *e = t->executor;
	bool terminal = task_state_is_terminal((int)s->state);

	t->delivered = true;
	e->got_task = true;
	if (e->generated && !s->has_reason &&
		(int)s->state == MESOS__V1__TASK_STATE__TASK_FAILED)
		stream_hold(a, t, s, out);
	else
		stream_add(a, t, s, out);
	if (!terminal)
		return;
	if (e->generated && e->state == EXECUTOR_RUNNING)
		hold_executor_wait(a, e, WAIT_LEAVE, LEAVE_MS);
	else if (!e->generated)
		container_resize(a, e, out);
}

/* With what only the agent knows; the executor's own words stay. */
static Mesos__V1__TaskStatus *complete_status(struct agent *a,
	const struct executor *e, const Mesos__V1__TaskStatus *s,
	struct arena *mem)
{
	Mesos__V1__TaskStatus *c = arena_memdup(mem, s, sizeof(*s));
	Mesos__V1__ContainerStatus *own = c->container_status;

	c->agent_id = arena_alloc(mem, sizeof(*c->agent_id));
	mesos__v1__agent_id__init(c->agent_id);
	c->agent_id->value = a->id;
	c->executor_id = arena_alloc(mem, sizeof(*c->executor_id));
	mesos__v1__executor_id__init(c->executor_id);
	c->executor_id->value = arena_strdup(mem, e->id);
	/* Not NaN either: reports give it on. */
	if (!c->has_timestamp || !(c->timestamp >= 0) ||
		c->timestamp > TIMESTAMP_MAX_S) {
		c->has_timestamp = 1;
		c->timestamp = (double)a->wall_ns / 1e9;
	}
	c->container_status = container_status(a, e, mem);
	if (own == NULL)
		return c;
	if (own->container_id != NULL)
		c->container_status->container_id = own->container_id;
	if (own->n_network_infos > 0) {
		c->container_status->network_infos = own->network_infos;
		c->container_status->n_network_infos = own->n_network_infos;
	}
	c->container_status->cgroup_info = own->cgroup_info;
	return c;
}

static void acknowledge(
	struct executor *e, const Mesos__V1__TaskStatus *s, struct outbox *out)
{
	event_msg ev = MESOS__V1__EXECUTOR__EVENT__INIT;
	Mesos__V1__Executor__Event__Acknowledged k =
		MESOS__V1__EXECUTOR__EVENT__ACKNOWLEDGED__INIT;

	CHECK(e->stream != 0);
	k.task_id = s->task_id;
	k.uuid = s->uuid;
	ev.has_type = 1;
	ev.type = MESOS__V1__EXECUTOR__EVENT__TYPE__ACKNOWLEDGED;
	ev.acknowledged = &k;
	outbox_stream_send(out, e->stream, &ev.base);
}

/* --- messages and heartbeats -------------------------------------------- */

/* Best effort: without a master they are lost. */
static void message(struct agent *a, struct executor *e,
	const Mesos__V1__Executor__Call__Message *c, struct outbox *out)
{
	Butte__Link__FrameworkMessage f = BUTTE__LINK__FRAMEWORK_MESSAGE__INIT;
	Butte__Link__ToMaster m = BUTTE__LINK__TO_MASTER__INIT;
	Mesos__V1__FrameworkID framework = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__ExecutorID executor = MESOS__V1__EXECUTOR_ID__INIT;

	if (!a->registered || e->framework->terminating) {
		a->metrics.invalid_messages++;
		return;
	}
	a->metrics.valid_messages++;
	framework.value = e->framework->id;
	executor.value = e->id;
	f.framework_id = &framework;
	f.executor_id = &executor;
	f.data = c->data;
	m.msg_case = BUTTE__LINK__TO_MASTER__MSG_FRAMEWORK_MESSAGE;
	m.framework_message = &f;
	outbox_link_send(out, a->link, &m.base);
}

void execapi_message(struct agent *a, const Butte__Link__FrameworkMessage *m,
	struct outbox *out)
{
	struct framework *f = hold_framework_find(a, m->framework_id->value);
	struct executor *e =
		f != NULL ? hold_executor_find(f, m->executor_id->value) : NULL;
	event_msg ev = MESOS__V1__EXECUTOR__EVENT__INIT;
	Mesos__V1__Executor__Event__Message x =
		MESOS__V1__EXECUTOR__EVENT__MESSAGE__INIT;

	if (e == NULL || e->state != EXECUTOR_RUNNING || e->stream == 0) {
		a->metrics.invalid_messages++;
		return;
	}
	a->metrics.valid_messages++;
	x.data = m->data;
	ev.has_type = 1;
	ev.type = MESOS__V1__EXECUTOR__EVENT__TYPE__MESSAGE;
	ev.message = &x;
	outbox_stream_send(out, e->stream, &ev.base);
}

void execapi_tick(struct agent *a, struct outbox *out)
{
	struct heap_node *n;

	while ((n = heap_min(&a->heartbeat_dues)) != NULL &&
		n->key <= a->now_ms) {
		struct executor *e = HEAP_OWNER(n, struct executor, heartbeat);
		event_msg ev = MESOS__V1__EXECUTOR__EVENT__INIT;

		ev.has_type = 1;
		ev.type = MESOS__V1__EXECUTOR__EVENT__TYPE__HEARTBEAT;
		outbox_stream_send(out, e->stream, &ev.base);
		heap_update(&a->heartbeat_dues, n, a->now_ms + HEARTBEAT_MS);
	}
}
