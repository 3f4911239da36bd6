/* solo.c - see solo.h. */
#include "agent/executor/solo.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "mesos/v1/executor/executor.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"

#define KILL_GRACE_DEFAULT_MS 3000
/* Of a shutdown's grace, kept back for reaping and for the last update. */
#define SHUTDOWN_RESERVE_MS 2000
/* Without an acknowledgement of the last update the executor ends anyway. */
#define ACK_TIMEOUT_MS 60000
/* SUBSCRIBE without SUBSCRIBED. Mesos asks again after 1 s; on a busy machine
 * that makes it busier, and a broken connection is noticed anyway. */
#define SUBSCRIBE_TIMEOUT_MS 10000
#define HEARTBEAT_MS	     (30 * 60 * 1000)
/* A tree that forks while it is killed is killed again. */
#define KILL_AGAIN_MS 200
/* The agent waits for its executors as long as their longest backoff; a part of
 * it makes sure that they are back in time. */
#define BACKOFF_PARTS 4
#define NEVER	      UINT64_MAX
/* Forty days are as good as for ever, and no sum overflows. */
#define KILL_GRACE_MAX_MS ((uint64_t)40 * 24 * 3600 * 1000)

typedef Mesos__V1__Executor__Event event_msg;
typedef Mesos__V1__Executor__Call call_msg;
typedef Mesos__V1__Executor__Call__Update update_msg;

enum solo_phase {
	PHASE_WAITING, /* for a task */
	PHASE_RUNNING,
	PHASE_ENDED, /* the last update is made */
};

enum kill_why { KILL_NONE, KILL_ASKED, KILL_COMPLETION };

/* An update that the agent has not acknowledged, encoded. */
struct pending {
	TAILQ_ENTRY(pending) next;
	bool sent; /* on the present connections */
	uint8_t uuid[16];
	uint8_t *data; /* a TaskStatus */
	size_t size;
};

struct solo {
	const struct solo_config *cfg;
	enum solo_phase phase;
	uint64_t random;
	TAILQ_HEAD(pendings, pending) updates;

	bool subscribed;
	bool subscribing;	/* asked, not answered */
	bool given_up;		/* there will be no agent any more */
	uint64_t subscribe_due; /* when to try (again), or to stop waiting */
	uint64_t lost_ms;	/* since when there is no agent; NEVER: is */
	uint64_t heartbeat_due;
	bool killing_state; /* the framework knows TASK_KILLING */

	char *task_id;	    /* NULL: none yet */
	uint8_t *task_data; /* TaskInfo until an update is acknowledged */
	size_t task_size;
	uint64_t task_grace_ms;
	uint64_t completion_due;
	enum kill_why kill;
	uint64_t kill_first_ms;
	uint64_t kill_due; /* when SIGKILL goes out */
	uint64_t ack_due;  /* PHASE_ENDED: when to give up */
	uint8_t last_uuid[16];
};

static void on_event(
	struct solo *c, const struct solo_event *ev, struct outbox *out);
static void on_subscribed(
	struct solo *c, const struct solo_event *ev, struct outbox *out);
static void on_launch(struct solo *c, const struct solo_event *ev,
	const Mesos__V1__TaskInfo *task, struct outbox *out);
static void start(
	struct solo *c, const Mesos__V1__TaskInfo *task, struct outbox *out);
static const char *const *task_env(struct solo *c,
	const Mesos__V1__TaskInfo *task, const Mesos__V1__CommandInfo *cmd,
	struct outbox *out);
static void on_kill(
	struct solo *c, const struct solo_event *ev, struct outbox *out);
static void on_acknowledged(
	struct solo *c, const struct solo_event *ev, struct outbox *out);
static void on_broken(
	struct solo *c, const struct solo_event *ev, struct outbox *out);
static void on_exited(
	struct solo *c, const struct solo_event *ev, struct outbox *out);
static void on_tick(
	struct solo *c, const struct solo_event *ev, struct outbox *out);
static void shut_down(
	struct solo *c, const struct solo_event *ev, struct outbox *out);
static void kill_task(struct solo *c, const struct solo_event *ev,
	enum kill_why why, uint64_t grace_ms, struct outbox *out);
static void end(struct solo *c, const struct solo_event *ev, int state,
	int reason, const char *text, struct outbox *out);
static void subscribe(
	struct solo *c, const struct solo_event *ev, struct outbox *out);
static void update(struct solo *c, const struct solo_event *ev,
	const char *task_id, int state, int reason, const char *text,
	struct outbox *out);
static void call_send(struct solo *c, call_msg *call, enum solo_link link,
	struct outbox *out);
static void update_send(struct solo *c, struct pending *p, struct outbox *out);
static update_msg *update_copy(const struct pending *p, struct outbox *out);
static Mesos__V1__TaskInfo *task_copy(const struct solo *c, struct outbox *out);
static void say(struct outbox *out, const char *line);
static char *unconst(const char *s, struct outbox *out);
static void uuid_make(struct solo *c, uint8_t ret[16]);
static uint64_t grace_of(const Mesos__V1__KillPolicy *p, uint64_t fallback_ms);
static uint64_t next_random(struct solo *c);

struct solo *solo_new(const struct solo_config *cfg)
{
	struct solo *c = xcalloc(1, sizeof(*c));

	c->cfg = cfg;
	c->random = cfg->seed;
	c->lost_ms = NEVER;
	c->subscribe_due = NEVER;
	c->heartbeat_due = NEVER;
	c->completion_due = NEVER;
	c->kill_due = NEVER;
	c->ack_due = NEVER;
	TAILQ_INIT(&c->updates);
	return c;
}

void solo_free(struct solo *c)
{
	struct pending *p, *next;

	if (c == NULL)
		return;
	TAILQ_FOREACH_SAFE (p, &c->updates, next, next) {
		free(p->data);
		free(p);
	}
	free(c->task_id);
	free(c->task_data);
	free(c);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t solo_next_due(const struct solo *c)
{
	uint64_t due = earlier(c->subscribe_due, c->heartbeat_due);

	due = earlier(due, earlier(c->completion_due, c->kill_due));
	return earlier(due, c->ack_due);
}

void solo_step(struct solo *c, const struct solo_event *ev, struct outbox *out)
{
	switch (ev->type) {
	case SOLO_BEGIN:
		c->lost_ms = ev->now_ms;
		subscribe(c, ev, out);
		return;
	case SOLO_EVENT:
		on_event(c, ev, out);
		return;
	case SOLO_BROKEN:
		on_broken(c, ev, out);
		return;
	case SOLO_EXITED:
		on_exited(c, ev, out);
		return;
	case SOLO_STOP:
		shut_down(c, ev, out);
		return;
	case SOLO_TICK:
		on_tick(c, ev, out);
		return;
	}
	UNREACHABLE();
}

static void on_event(
	struct solo *c, const struct solo_event *ev, struct outbox *out)
{
	const event_msg *m = ev->event;

	switch ((int)m->type) {
	case MESOS__V1__EXECUTOR__EVENT__TYPE__SUBSCRIBED:
		if (m->subscribed != NULL)
			on_subscribed(c, ev, out);
		return;
	case MESOS__V1__EXECUTOR__EVENT__TYPE__LAUNCH:
		if (m->launch != NULL)
			on_launch(c, ev, m->launch->task, out);
		return;
	case MESOS__V1__EXECUTOR__EVENT__TYPE__KILL:
		if (m->kill != NULL)
			on_kill(c, ev, out);
		return;
	case MESOS__V1__EXECUTOR__EVENT__TYPE__ACKNOWLEDGED:
		if (m->acknowledged != NULL)
			on_acknowledged(c, ev, out);
		return;
	case MESOS__V1__EXECUTOR__EVENT__TYPE__SHUTDOWN:
		shut_down(c, ev, out);
		return;
	case MESOS__V1__EXECUTOR__EVENT__TYPE__ERROR:
		say(out,
			arena_printf(&out->arena, "The agent says: %s",
				m->error != NULL ? m->error->message
						 : "error"));
		shut_down(c, ev, out);
		return;
	case MESOS__V1__EXECUTOR__EVENT__TYPE__LAUNCH_GROUP:
		say(out, "A task group can't run in a command executor");
		shut_down(c, ev, out);
		return;
	default:
		return; /* HEARTBEAT, MESSAGE, and what later agents invent */
	}
}

static void on_subscribed(
	struct solo *c, const struct solo_event *ev, struct outbox *out)
{
	const Mesos__V1__FrameworkInfo *f =
		ev->event->subscribed->framework_info;
	struct pending *p;
	size_t i;

	c->subscribed = true;
	c->subscribing = false;
	c->lost_ms = NEVER;
	c->subscribe_due = NEVER;
	c->heartbeat_due = ev->now_ms + HEARTBEAT_MS;
	c->killing_state = false;
	for (i = 0; i < f->n_capabilities; i++)
		if ((int)f->capabilities[i]->type ==
			MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__TASK_KILLING_STATE)
			c->killing_state = true;
	if (c->phase == PHASE_ENDED)
		c->ack_due = ev->now_ms + ACK_TIMEOUT_MS;
	TAILQ_FOREACH (p, &c->updates, next)
		if (!p->sent)
			update_send(c, p, out);
}

static void on_launch(struct solo *c, const struct solo_event *ev,
	const Mesos__V1__TaskInfo *task, struct outbox *out)
{
	const char *id = task->task_id->value;

	if (c->task_id != NULL && strcmp(c->task_id, id) == 0)
		return; /* told twice; it has run or runs */
	if (c->task_id != NULL) {
		update(c, ev, id, MESOS__V1__TASK_STATE__TASK_FAILED, -1,
			"Attempted to run multiple tasks using a \"command\" "
			"executor",
			out);
		return;
	}
	c->task_id = xstrdup(id);
	c->task_grace_ms = grace_of(task->kill_policy, KILL_GRACE_DEFAULT_MS);
	c->task_size = mesos__v1__task_info__get_packed_size(task);
	c->task_data = xmalloc(c->task_size);
	(void)mesos__v1__task_info__pack(task, c->task_data);
	c->phase = PHASE_RUNNING;
	update(c, ev, id, MESOS__V1__TASK_STATE__TASK_STARTING, -1, NULL, out);
	if (task->command == NULL) {
		end(c, ev, MESOS__V1__TASK_STATE__TASK_FAILED, -1,
			"The task has no command", out);
		return;
	}
	start(c, task, out);
	if (task->max_completion_time != NULL &&
		task->max_completion_time->nanoseconds > 0)
		c->completion_due = ev->now_ms +
			(uint64_t)task->max_completion_time->nanoseconds /
				1000000;
	update(c, ev, id, MESOS__V1__TASK_STATE__TASK_RUNNING, -1, NULL, out);
}

static void start(
	struct solo *c, const Mesos__V1__TaskInfo *task, struct outbox *out)
{
	const Mesos__V1__CommandInfo *cmd = task->command;
	struct solo_start *s = arena_alloc(&out->arena, sizeof(*s));
	const char **argv;
	size_t i, n = 0;

	s->shell = !cmd->has_shell || cmd->shell;
	s->value =
		arena_strdup(&out->arena, cmd->value != NULL ? cmd->value : "");
	argv = arena_alloc(&out->arena, (cmd->n_arguments + 4) * sizeof(*argv));
	if (s->shell) {
		argv[n++] = "sh";
		argv[n++] = "-c";
		argv[n++] = s->value;
		s->value = "/bin/sh";
	} else {
		/* The arguments are argv as it is, argv[0] too. */
		for (i = 0; i < cmd->n_arguments; i++)
			argv[n++] =
				arena_strdup(&out->arena, cmd->arguments[i]);
	}
	s->argv = argv;
	s->env = task_env(c, task, cmd, out);
	outbox_room(out, SOLO_START, 0, s);
}

static void env_set(const char **env, size_t *n, const char *var)
{
	size_t name = strcspn(var, "=") + 1;
	size_t i;

	for (i = 0; i < *n; i++)
		if (strncmp(env[i], var, name) == 0)
			break;
	env[i] = var;
	if (i == *n)
		(*n)++;
}

/* Ours, then the task's: the later wins. */
static const char *const *task_env(struct solo *c,
	const Mesos__V1__TaskInfo *task, const Mesos__V1__CommandInfo *cmd,
	struct outbox *out)
{
	const Mesos__V1__Environment *e = cmd->environment;
	size_t n_env = e != NULL ? e->n_variables : 0;
	size_t n_ours = 0, n = 0, i;
	const char **env;

	while (c->cfg->env[n_ours] != NULL)
		n_ours++;
	env = arena_alloc(&out->arena, (n_ours + n_env + 2) * sizeof(*env));
	for (i = 0; i < n_ours; i++)
		if (strncmp(c->cfg->env[i],
			    "MESOS_EXECUTOR_AUTHENTICATION_TOKEN=", 36) != 0)
			env[n++] = c->cfg->env[i];
	if (task->n_resources > 0 &&
		task->resources[0]->allocation_info != NULL &&
		task->resources[0]->allocation_info->role != NULL)
		env_set(env, &n,
			arena_printf(&out->arena, "MESOS_ALLOCATION_ROLE=%s",
				task->resources[0]->allocation_info->role));
	for (i = 0; i < n_env; i++)
		if (e->variables[i]->value != NULL)
			env_set(env, &n,
				arena_printf(&out->arena, "%s=%s",
					e->variables[i]->name,
					e->variables[i]->value));
	return env;
}

static void on_kill(
	struct solo *c, const struct solo_event *ev, struct outbox *out)
{
	const Mesos__V1__Executor__Event__Kill *k = ev->event->kill;

	if (c->task_id == NULL || strcmp(c->task_id, k->task_id->value) != 0)
		return;
	kill_task(c, ev, KILL_ASKED, grace_of(k->kill_policy, c->task_grace_ms),
		out);
}

static void on_acknowledged(
	struct solo *c, const struct solo_event *ev, struct outbox *out)
{
	const Mesos__V1__Executor__Event__Acknowledged *a =
		ev->event->acknowledged;
	struct pending *p;

	TAILQ_FOREACH (p, &c->updates, next)
		if (a->uuid.len == sizeof(p->uuid) &&
			memcmp(a->uuid.data, p->uuid, sizeof(p->uuid)) == 0)
			break;
	if (p == NULL)
		return; /* sent twice, acknowledged twice */
	TAILQ_REMOVE(&c->updates, p, next);
	free(p->data);
	free(p);
	free(c->task_data);
	c->task_data = NULL;
	if (c->phase == PHASE_ENDED &&
		memcmp(a->uuid.data, c->last_uuid, sizeof(c->last_uuid)) == 0)
		outbox_exit(out, 0, "the task's end is acknowledged");
}

static void on_broken(
	struct solo *c, const struct solo_event *ev, struct outbox *out)
{
	uint64_t max = c->cfg->subscription_backoff_max_ms / BACKOFF_PARTS;

	c->subscribed = false;
	c->subscribing = false;
	c->heartbeat_due = NEVER;
	c->ack_due = NEVER; /* nobody is there to acknowledge */
	if (c->lost_ms == NEVER)
		c->lost_ms = ev->now_ms;
	if (c->cfg->checkpoint &&
		ev->now_ms - c->lost_ms < c->cfg->recovery_timeout_ms) {
		c->subscribe_due = ev->now_ms + next_random(c) % (max + 1);
		return;
	}
	say(out,
		arena_printf(&out->arena, "Giving up on the agent: %s",
			ev->text != NULL ? ev->text : "no connection"));
	c->given_up = true;
	c->subscribe_due = NEVER;
	shut_down(c, ev, out);
}

static void on_exited(
	struct solo *c, const struct solo_event *ev, struct outbox *out)
{
	int state = MESOS__V1__TASK_STATE__TASK_FAILED;
	int reason = -1;
	char *text;

	CHECK(c->phase == PHASE_RUNNING);
	if (ev->exit.signal == NULL)
		text = arena_printf(&out->arena,
			"Command exited with status %d", ev->exit.status);
	else
		text = arena_printf(&out->arena,
			"Command terminated with signal %s%s", ev->exit.signal,
			ev->exit.core ? " (core dumped)" : "");
	if (c->kill == KILL_COMPLETION)
		reason =
			MESOS__V1__TASK_STATUS__REASON__REASON_MAX_COMPLETION_TIME_REACHED;
	else if (c->kill == KILL_ASKED)
		state = MESOS__V1__TASK_STATE__TASK_KILLED;
	else if (ev->exit.signal == NULL && ev->exit.status == 0)
		state = MESOS__V1__TASK_STATE__TASK_FINISHED;
	end(c, ev, state, reason, text, out);
}

static void on_tick(
	struct solo *c, const struct solo_event *ev, struct outbox *out)
{
	if (ev->now_ms >= c->ack_due) {
		c->ack_due = NEVER;
		outbox_exit(out, 1, "the task's end was not acknowledged");
		return;
	}
	if (ev->now_ms >= c->kill_due) {
		outbox_room(out, SOLO_KILL, 0, NULL);
		c->kill_due = ev->now_ms + KILL_AGAIN_MS;
	}
	if (ev->now_ms >= c->completion_due)
		kill_task(c, ev, KILL_COMPLETION, 0, out);
	if (ev->now_ms >= c->heartbeat_due) {
		call_msg call = MESOS__V1__EXECUTOR__CALL__INIT;

		call.type = MESOS__V1__EXECUTOR__CALL__TYPE__HEARTBEAT;
		c->heartbeat_due = ev->now_ms + HEARTBEAT_MS;
		call_send(c, &call, SOLO_CALLS, out);
	}
	if (ev->now_ms < c->subscribe_due)
		return;
	if (!c->subscribing) {
		subscribe(c, ev, out);
		return;
	}
	outbox_room(out, SOLO_DISCONNECT, 0, NULL);
	on_broken(c, ev, out);
}

/* The agent, or nobody any more, wants this container to end. */
static void shut_down(
	struct solo *c, const struct solo_event *ev, struct outbox *out)
{
	uint64_t grace = c->cfg->shutdown_grace_period_ms;

	if (c->phase == PHASE_WAITING) {
		outbox_exit(out, 0, "shut down before a task came");
		return;
	}
	if (c->phase == PHASE_ENDED && c->given_up) {
		outbox_exit(out, 1, "the agent does not come back");
		return;
	}
	kill_task(c, ev, KILL_ASKED,
		grace > SHUTDOWN_RESERVE_MS ? grace - SHUTDOWN_RESERVE_MS : 0,
		out);
}

static void kill_task(struct solo *c, const struct solo_event *ev,
	enum kill_why why, uint64_t grace_ms, struct outbox *out)
{
	uint64_t first = c->kill == KILL_NONE ? ev->now_ms : c->kill_first_ms;
	uint64_t due = first +
		(grace_ms < KILL_GRACE_MAX_MS ? grace_ms : KILL_GRACE_MAX_MS);

	if (c->phase != PHASE_RUNNING)
		return;
	if (c->kill != KILL_NONE) {
		/* Another kill can only shorten. */
		if (due < c->kill_due)
			c->kill_due = due;
		return;
	}
	c->kill = why;
	c->kill_first_ms = ev->now_ms;
	c->kill_due = due;
	c->completion_due = NEVER;
	if (c->killing_state && why == KILL_ASKED)
		update(c, ev, c->task_id, MESOS__V1__TASK_STATE__TASK_KILLING,
			-1, NULL, out);
	outbox_room(out, SOLO_TERM, 0, NULL);
}

static void end(struct solo *c, const struct solo_event *ev, int state,
	int reason, const char *text, struct outbox *out)
{
	update(c, ev, c->task_id, state, reason, text, out);
	memcpy(c->last_uuid, TAILQ_LAST(&c->updates, pendings)->uuid,
		sizeof(c->last_uuid));
	c->phase = PHASE_ENDED;
	c->completion_due = NEVER;
	c->kill_due = NEVER;
	if (c->subscribed)
		c->ack_due = ev->now_ms + ACK_TIMEOUT_MS;
	if (c->given_up)
		outbox_exit(out, 1, "the agent does not come back");
}

/* Says who we are, what we run, and what the agent may have missed. */
static void subscribe(
	struct solo *c, const struct solo_event *ev, struct outbox *out)
{
	Mesos__V1__Executor__Call__Subscribe s =
		MESOS__V1__EXECUTOR__CALL__SUBSCRIBE__INIT;
	call_msg call = MESOS__V1__EXECUTOR__CALL__INIT;
	Mesos__V1__TaskInfo *task = NULL;
	struct pending *p;

	if (c->task_data != NULL) {
		task = task_copy(c, out);
		s.unacknowledged_tasks = &task;
		s.n_unacknowledged_tasks = 1;
	}
	TAILQ_FOREACH (p, &c->updates, next)
		s.n_unacknowledged_updates++;
	s.unacknowledged_updates = arena_alloc(
		&out->arena, s.n_unacknowledged_updates * sizeof(update_msg *));
	s.n_unacknowledged_updates = 0;
	TAILQ_FOREACH (p, &c->updates, next) {
		s.unacknowledged_updates[s.n_unacknowledged_updates++] =
			update_copy(p, out);
		p->sent = true;
	}
	call.type = MESOS__V1__EXECUTOR__CALL__TYPE__SUBSCRIBE;
	call.subscribe = &s;
	c->subscribing = true;
	c->subscribe_due = ev->now_ms + SUBSCRIBE_TIMEOUT_MS;
	call_send(c, &call, SOLO_STREAM, out);
}

/* Makes an update; it is sent now, or with the next SUBSCRIBE. */
static void update(struct solo *c, const struct solo_event *ev,
	const char *task_id, int state, int reason, const char *text,
	struct outbox *out)
{
	Mesos__V1__TaskID id = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__ExecutorID executor = MESOS__V1__EXECUTOR_ID__INIT;
	Mesos__V1__TaskStatus s = MESOS__V1__TASK_STATUS__INIT;
	struct pending *p = xcalloc(1, sizeof(*p));

	uuid_make(c, p->uuid);
	id.value = unconst(task_id, out);
	executor.value = unconst(c->cfg->executor_id, out);
	s.task_id = &id;
	s.executor_id = &executor;
	s.state = (Mesos__V1__TaskState)state;
	s.has_source = 1;
	s.source = MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR;
	s.has_reason = reason >= 0;
	if (s.has_reason)
		s.reason = (Mesos__V1__TaskStatus__Reason)reason;
	s.message = text != NULL ? unconst(text, out) : NULL;
	s.has_timestamp = 1;
	s.timestamp = (double)ev->wall_ns / 1e9;
	s.has_uuid = 1;
	s.uuid.data = p->uuid;
	s.uuid.len = sizeof(p->uuid);
	p->size = mesos__v1__task_status__get_packed_size(&s);
	p->data = xmalloc(p->size);
	(void)mesos__v1__task_status__pack(&s, p->data);
	TAILQ_INSERT_TAIL(&c->updates, p, next);
	if (c->subscribed)
		update_send(c, p, out);
}

static void update_send(struct solo *c, struct pending *p, struct outbox *out)
{
	call_msg call = MESOS__V1__EXECUTOR__CALL__INIT;

	call.type = MESOS__V1__EXECUTOR__CALL__TYPE__UPDATE;
	call.update = update_copy(p, out);
	p->sent = true;
	call_send(c, &call, SOLO_CALLS, out);
}

static void call_send(
	struct solo *c, call_msg *call, enum solo_link link, struct outbox *out)
{
	Mesos__V1__FrameworkID framework = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__ExecutorID executor = MESOS__V1__EXECUTOR_ID__INIT;

	framework.value = unconst(c->cfg->framework_id, out);
	executor.value = unconst(c->cfg->executor_id, out);
	call->framework_id = &framework;
	call->executor_id = &executor;
	call->has_type = 1;
	outbox_link_send(out, (uint64_t)link, &call->base);
}

/* What we packed ourselves unpacks. */
static update_msg *update_copy(const struct pending *p, struct outbox *out)
{
	update_msg *u = arena_alloc(&out->arena, sizeof(*u));
	const ProtobufCMessageDescriptor *d =
		&mesos__v1__task_status__descriptor;

	mesos__v1__executor__call__update__init(u);
	u->status = MSG_UNPACK(
		Mesos__V1__TaskStatus, &out->arena, d, p->data, p->size, NULL);
	CHECK(u->status != NULL);
	return u;
}

static Mesos__V1__TaskInfo *task_copy(const struct solo *c, struct outbox *out)
{
	Mesos__V1__TaskInfo *t = MSG_UNPACK(Mesos__V1__TaskInfo, &out->arena,
		&mesos__v1__task_info__descriptor, c->task_data, c->task_size,
		NULL);

	CHECK(t != NULL);
	return t;
}

static void say(struct outbox *out, const char *line)
{
	outbox_room(out, SOLO_LOG, 0, line);
}

static uint64_t grace_of(const Mesos__V1__KillPolicy *p, uint64_t fallback_ms)
{
	if (p == NULL || p->grace_period == NULL ||
		p->grace_period->nanoseconds < 0)
		return fallback_ms;
	return (uint64_t)p->grace_period->nanoseconds / 1000000;
}

/* protobuf-c's fields are not const. */
static char *unconst(const char *s, struct outbox *out)
{
	return arena_strdup(&out->arena, s);
}

static void uuid_make(struct solo *c, uint8_t ret[16])
{
	uint64_t half[2];

	half[0] = next_random(c);
	half[1] = next_random(c);
	memcpy(ret, half, 16);
	ret[6] = (uint8_t)((ret[6] & 0x0f) | 0x40);
	ret[8] = (uint8_t)((ret[8] & 0x3f) | 0x80);
}

/* splitmix64 */
static uint64_t next_random(struct solo *c)
{
	uint64_t z = c->random += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}
