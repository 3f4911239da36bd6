/* exec_driver.c - see exec_driver.h. */
#include "sched/exec_driver.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "common/recordio.h"
#include "mesos/v1/executor/executor.pb-c.h"
#include "sched/backoff.h"

typedef Mesos__V1__Executor__Call call_t;

#define CALL(name)  MESOS__V1__EXECUTOR__CALL__TYPE__##name
#define EVENT(name) MESOS__V1__EXECUTOR__EVENT__TYPE__##name

#define BACKOFF_MIN_MS 50
/* An agent that starts us may need a moment to listen to us. */
#define FIRST_PATIENCE_MS (60 * 1000)
#define STOP_TIMEOUT_MS	  5000
/* Both sides let each other hear so often (executor API, "HEARTBEAT"). */
#define HEARTBEAT_MS (30 * 60 * 1000)
#define SILENCE_MS   (3ULL * HEARTBEAT_MS)
#define NEVER	     UINT64_MAX

enum state { IDLE, CONNECTING, CONNECTED, SUBSCRIBED, STOPPED };

/* An update that no agent has acknowledged. */
struct pending {
	TAILQ_ENTRY(pending) next;
	Mesos__V1__TaskStatus *status; /* owned */
	uint64_t sent;		       /* the last attempt that had it */
};

/* A task of which no update has been acknowledged. */
struct fresh {
	TAILQ_ENTRY(fresh) next;
	Mesos__V1__TaskInfo *task; /* owned */
};

struct exec_driver {
	enum state state;
	bool failed;
	bool was_subscribed;
	bool shutting_down;		     /* told so */
	Mesos__V1__FrameworkID framework_id; /* value owned */
	Mesos__V1__ExecutorID executor_id;
	uint64_t patience_ms;
	uint32_t subscribe_timeout_ms;
	struct backoff backoff;
	uint64_t attempt;
	struct recordio records;
	TAILQ_HEAD(pendings, pending) pendings;
	size_t n_pending;
	TAILQ_HEAD(freshs, fresh) freshs;
	size_t n_fresh;
	uint64_t due;	   /* what for, the state tells */
	uint64_t beat_due; /* our own heartbeat */
	uint64_t lost_due; /* when to stop waiting for the agent */
	uint64_t stop_due; /* NEVER: not asked to stop */
};

static void open_attempt(
	struct exec_driver *d, uint64_t now_ms, struct outbox *out);
static void on_tick(struct exec_driver *d, uint64_t now_ms, struct outbox *out);
static void on_head(struct exec_driver *d, struct outbox *out);
static void on_data(struct exec_driver *d, const struct exec_driver_event *ev,
	struct outbox *out);
static void on_end(struct exec_driver *d, const struct exec_driver_event *ev,
	struct outbox *out);
static void on_answer(struct exec_driver *d, const struct exec_driver_event *ev,
	struct outbox *out);
static void on_event(struct exec_driver *d, uint64_t now_ms,
	Mesos__V1__Executor__Event *e, struct outbox *out);
static void attempt_failed(struct exec_driver *d, uint64_t now_ms,
	const char *why, struct outbox *out);
static void lost(struct exec_driver *d, struct outbox *out);
static void stop(struct exec_driver *d, struct outbox *out);
static void fail(struct exec_driver *d, const char *why, struct outbox *out);

struct exec_driver *exec_driver_new(const struct exec_driver_config *cfg)
{
	struct exec_driver *d = xcalloc(1, sizeof(*d));

	mesos__v1__framework_id__init(&d->framework_id);
	mesos__v1__executor_id__init(&d->executor_id);
	d->framework_id.value = xstrdup(cfg->framework_id);
	d->executor_id.value = xstrdup(cfg->executor_id);
	d->patience_ms = cfg->checkpoint ? cfg->recovery_timeout_ms : 0;
	d->subscribe_timeout_ms = cfg->subscribe_timeout_ms;
	backoff_init(&d->backoff, cfg->seed, BACKOFF_MIN_MS,
		cfg->backoff_max_ms > BACKOFF_MIN_MS ? cfg->backoff_max_ms
						     : BACKOFF_MIN_MS);
	recordio_init(&d->records, RECORDIO_RECORD_MAX);
	TAILQ_INIT(&d->pendings);
	TAILQ_INIT(&d->freshs);
	d->due = d->beat_due = d->lost_due = d->stop_due = NEVER;
	return d;
}

static void pending_remove(struct exec_driver *d, struct pending *p)
{
	TAILQ_REMOVE(&d->pendings, p, next);
	d->n_pending--;
	msg_free(&p->status->base);
	free(p);
}

static void fresh_remove(struct exec_driver *d, struct fresh *f)
{
	TAILQ_REMOVE(&d->freshs, f, next);
	d->n_fresh--;
	msg_free(&f->task->base);
	free(f);
}

void exec_driver_free(struct exec_driver *d)
{
	struct pending *p;
	struct fresh *f;

	if (d == NULL)
		return;
	while ((p = TAILQ_FIRST(&d->pendings)) != NULL)
		pending_remove(d, p);
	while ((f = TAILQ_FIRST(&d->freshs)) != NULL)
		fresh_remove(d, f);
	recordio_fini(&d->records);
	free(d->framework_id.value);
	free(d->executor_id.value);
	free(d);
}

/* Of an attempt that was given up. */
static bool is_old(
	const struct exec_driver *d, const struct exec_driver_event *ev)
{
	return ev->attempt != d->attempt || d->state == IDLE;
}

void exec_driver_step(struct exec_driver *d, const struct exec_driver_event *ev,
	struct outbox *out)
{
	bool timed =
		ev->type == EXEC_DRIVER_START || ev->type == EXEC_DRIVER_TICK;

	if (d->state == STOPPED || (!timed && is_old(d, ev)))
		return;
	switch (ev->type) {
	case EXEC_DRIVER_START:
		CHECK(d->state == IDLE);
		d->lost_due = ev->now_ms +
			(d->patience_ms > FIRST_PATIENCE_MS
					? d->patience_ms
					: FIRST_PATIENCE_MS);
		open_attempt(d, ev->now_ms, out);
		break;
	case EXEC_DRIVER_TICK:
		on_tick(d, ev->now_ms, out);
		break;
	case EXEC_DRIVER_HEAD:
		on_head(d, out);
		break;
	case EXEC_DRIVER_DATA:
		on_data(d, ev, out);
		break;
	case EXEC_DRIVER_END:
		on_end(d, ev, out);
		break;
	case EXEC_DRIVER_ANSWER:
		on_answer(d, ev, out);
		break;
	}
}

uint64_t exec_driver_next_due(const struct exec_driver *d)
{
	const uint64_t all[] = { d->due, d->beat_due, d->lost_due,
		d->stop_due };
	uint64_t first = NEVER;

	if (d->state == STOPPED)
		return NEVER;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		first = all[i] < first ? all[i] : first;
	return first;
}

/* --- calls --------------------------------------------------------------- */

static void emit(
	struct exec_driver *d, int action, const call_t *c, struct outbox *out)
{
	struct exec_driver_send *send = arena_alloc(&out->arena, sizeof(*send));
	call_t call = *c;

	call.framework_id = &d->framework_id;
	call.executor_id = &d->executor_id;
	send->call = outbox_pack(out, &call.base, &send->size);
	send->call_type = call.has_type ? (int)call.type : 0;
	if (call.update != NULL)
		send->uuid = arena_memdup(&out->arena,
			call.update->status->uuid.data, EXEC_DRIVER_UUID);
	outbox_room(out, action, d->attempt, send);
}

static void send_update(
	struct exec_driver *d, struct pending *p, struct outbox *out)
{
	call_t call = MESOS__V1__EXECUTOR__CALL__INIT;
	Mesos__V1__Executor__Call__Update u =
		MESOS__V1__EXECUTOR__CALL__UPDATE__INIT;

	u.status = p->status;
	p->sent = d->attempt;
	call.has_type = true;
	call.type = CALL(UPDATE);
	call.update = &u;
	emit(d, EXEC_DRIVER_SEND, &call, out);
}

static void send_subscribe(struct exec_driver *d, struct outbox *out)
{
	typedef Mesos__V1__Executor__Call__Update update_t;
	call_t call = MESOS__V1__EXECUTOR__CALL__INIT;
	Mesos__V1__Executor__Call__Subscribe s =
		MESOS__V1__EXECUTOR__CALL__SUBSCRIBE__INIT;
	struct pending *p;
	const struct fresh *f;

	s.unacknowledged_updates = arena_alloc(
		&out->arena, (d->n_pending + 1) * sizeof(update_t *));
	TAILQ_FOREACH (p, &d->pendings, next) {
		update_t *u = arena_alloc(&out->arena, sizeof(*u));

		mesos__v1__executor__call__update__init(u);
		u->status = p->status;
		p->sent = d->attempt;
		s.unacknowledged_updates[s.n_unacknowledged_updates++] = u;
	}
	s.unacknowledged_tasks = arena_alloc(
		&out->arena, (d->n_fresh + 1) * sizeof(Mesos__V1__TaskInfo *));
	TAILQ_FOREACH (f, &d->freshs, next)
		s.unacknowledged_tasks[s.n_unacknowledged_tasks++] = f->task;
	call.has_type = true;
	call.type = CALL(SUBSCRIBE);
	call.subscribe = &s;
	emit(d, EXEC_DRIVER_OPEN, &call, out);
}

static void send_heartbeat(struct exec_driver *d, struct outbox *out)
{
	call_t call = MESOS__V1__EXECUTOR__CALL__INIT;

	call.has_type = true;
	call.type = CALL(HEARTBEAT);
	emit(d, EXEC_DRIVER_SEND, &call, out);
}

int exec_driver_update(struct exec_driver *d,
	const Mesos__V1__TaskStatus *status, struct outbox *out, struct err *e)
{
	struct pending *p;

	if (d->state == STOPPED)
		return err_set(e, ERR_CONFLICT, "the executor has stopped");
	CHECK(status->has_uuid && status->uuid.len == EXEC_DRIVER_UUID);
	p = xcalloc(1, sizeof(*p));
	p->status = (Mesos__V1__TaskStatus *)(void *)msg_dup(&status->base);
	TAILQ_INSERT_TAIL(&d->pendings, p, next);
	d->n_pending++;
	if (d->state == SUBSCRIBED)
		send_update(d, p, out);
	return 0;
}

int exec_driver_call(struct exec_driver *d, const call_t *c, struct outbox *out,
	struct err *e)
{
	if (d->state != SUBSCRIBED)
		return err_set(e, ERR_CONFLICT,
			"not subscribed at the moment; nothing was sent");
	emit(d, EXEC_DRIVER_SEND, c, out);
	return 0;
}

/* --- attempts ------------------------------------------------------------ */

static void open_attempt(
	struct exec_driver *d, uint64_t now_ms, struct outbox *out)
{
	CHECK(d->state == IDLE);
	d->state = CONNECTING;
	d->attempt++;
	d->due = now_ms + d->subscribe_timeout_ms;
	send_subscribe(d, out);
}

static void on_tick(struct exec_driver *d, uint64_t now_ms, struct outbox *out)
{
	if (now_ms >= d->stop_due) {
		stop(d, out);
		return;
	}
	if (now_ms >= d->lost_due)
		lost(d, out);
	if (d->state == SUBSCRIBED && now_ms >= d->beat_due) {
		d->beat_due = now_ms + HEARTBEAT_MS;
		send_heartbeat(d, out);
	}
	if (now_ms < d->due)
		return;
	if (d->state == IDLE)
		open_attempt(d, now_ms, out);
	else
		attempt_failed(d, now_ms,
			d->state == SUBSCRIBED
				? "nothing is heard of it any more"
				: "it doesn't answer SUBSCRIBE",
			out);
}

static void on_head(struct exec_driver *d, struct outbox *out)
{
	if (d->state != CONNECTING)
		return;
	recordio_fini(&d->records);
	recordio_init(&d->records, RECORDIO_RECORD_MAX);
	d->state = CONNECTED;
	outbox_room(out, EXEC_DRIVER_TELL_UP, d->attempt, NULL);
}

static void on_data(struct exec_driver *d, const struct exec_driver_event *ev,
	struct outbox *out)
{
	uint64_t attempt = d->attempt;
	const uint8_t *record;
	size_t size;
	struct err e;
	int r;

	if (d->state != CONNECTED && d->state != SUBSCRIBED)
		return;
	if (d->state == SUBSCRIBED)
		d->due = ev->now_ms + SILENCE_MS;
	recordio_feed(&d->records, ev->data, ev->size);
	while ((r = recordio_next(&d->records, &record, &size, &e)) == 1) {
		Mesos__V1__Executor__Event *event =
			MSG_UNPACK(Mesos__V1__Executor__Event, &out->arena,
				&mesos__v1__executor__event__descriptor, record,
				size, &e);

		if (event == NULL) {
			r = -1;
			break;
		}
		on_event(d, ev->now_ms, event, out);
		if (d->state == STOPPED || d->attempt != attempt ||
			d->state == IDLE)
			return;
	}
	if (r < 0)
		attempt_failed(d, ev->now_ms,
			arena_printf(&out->arena,
				"it sent an event that can't be read: %s",
				e.text),
			out);
}

/* 503: it recovers; 404: it doesn't listen yet. */
static bool is_passing(int status)
{
	return status == 0 || status == 404 || status / 100 == 5;
}

static void on_end(struct exec_driver *d, const struct exec_driver_event *ev,
	struct outbox *out)
{
	if (d->state != CONNECTING || is_passing(ev->status))
		attempt_failed(d, ev->now_ms,
			*ev->text != '\0' ? ev->text : "it ended the stream",
			out);
	else
		fail(d,
			arena_printf(&out->arena,
				"the agent refused the subscription (%d): %s",
				ev->status, ev->text),
			out);
}

static void attempt_failed(struct exec_driver *d, uint64_t now_ms,
	const char *why, struct outbox *out)
{
	CHECK(d->state != IDLE && d->state != STOPPED);
	outbox_room(out, EXEC_DRIVER_CLOSE, d->attempt, NULL);
	outbox_room(out, EXEC_DRIVER_TELL_DOWN, d->attempt,
		arena_printf(&out->arena, "agent: %s", why));
	d->beat_due = NEVER;
	if (d->state == SUBSCRIBED)
		d->lost_due = now_ms + d->patience_ms;
	d->state = IDLE;
	d->due = now_ms + backoff_next(&d->backoff);
	if (d->was_subscribed && d->patience_ms == 0)
		lost(d, out);
}

/* The agent is waited for no longer. */
static void lost(struct exec_driver *d, struct outbox *out)
{
	d->lost_due = NEVER;
	if (d->shutting_down)
		return;
	d->shutting_down = true;
	outbox_room(out, EXEC_DRIVER_TELL_SHUTDOWN, d->attempt, NULL);
}

/* --- events -------------------------------------------------------------- */

/* What came after SUBSCRIBE had left is sent now. */
static void on_subscribed(
	struct exec_driver *d, uint64_t now_ms, struct outbox *out)
{
	struct pending *p;

	d->state = SUBSCRIBED;
	d->was_subscribed = true;
	d->due = now_ms + SILENCE_MS;
	d->beat_due = now_ms + HEARTBEAT_MS;
	d->lost_due = NEVER;
	backoff_reset(&d->backoff);
	TAILQ_FOREACH (p, &d->pendings, next)
		if (p->sent != d->attempt)
			send_update(d, p, out);
}

static void fresh_add(struct exec_driver *d, const Mesos__V1__TaskInfo *task)
{
	struct fresh *f = xcalloc(1, sizeof(*f));

	f->task = (Mesos__V1__TaskInfo *)(void *)msg_dup(&task->base);
	TAILQ_INSERT_TAIL(&d->freshs, f, next);
	d->n_fresh++;
}

static void on_acknowledged(struct exec_driver *d,
	const Mesos__V1__Executor__Event__Acknowledged *a, struct outbox *out)
{
	struct pending *p, *next_p;
	struct fresh *f, *next_f;

	TAILQ_FOREACH_SAFE (p, &d->pendings, next, next_p)
		if (a->uuid.len == EXEC_DRIVER_UUID &&
			memcmp(p->status->uuid.data, a->uuid.data,
				EXEC_DRIVER_UUID) == 0)
			pending_remove(d, p);
	TAILQ_FOREACH_SAFE (f, &d->freshs, next, next_f)
		if (strcmp(f->task->task_id->value, a->task_id->value) == 0)
			fresh_remove(d, f);
	if (d->stop_due != NEVER && d->n_pending == 0)
		stop(d, out);
}

static void on_launch_group(
	struct exec_driver *d, const Mesos__V1__TaskGroupInfo *g)
{
	for (size_t i = 0; i < g->n_tasks; i++)
		fresh_add(d, g->tasks[i]);
}

static void on_event(struct exec_driver *d, uint64_t now_ms,
	Mesos__V1__Executor__Event *e, struct outbox *out)
{
	int type = e->has_type ? (int)e->type : 0;

	if (type == EVENT(SUBSCRIBED) && d->state == CONNECTED)
		on_subscribed(d, now_ms, out);
	outbox_room(out, EXEC_DRIVER_TELL, d->attempt, e);
	if (type == EVENT(LAUNCH) && e->launch != NULL)
		fresh_add(d, e->launch->task);
	else if (type == EVENT(LAUNCH_GROUP) && e->launch_group != NULL)
		on_launch_group(d, e->launch_group->task_group);
	else if (type == EVENT(ACKNOWLEDGED) && e->acknowledged != NULL)
		on_acknowledged(d, e->acknowledged, out);
	else if (type == EVENT(SHUTDOWN))
		d->shutting_down = true;
	else if (type == EVENT(ERROR))
		fail(d,
			e->error != NULL ? e->error->message
					 : "no reason given",
			out);
}

static void forget_update(struct exec_driver *d, const uint8_t *uuid)
{
	struct pending *p, *next_p;

	TAILQ_FOREACH_SAFE (p, &d->pendings, next, next_p)
		if (uuid != NULL &&
			memcmp(p->status->uuid.data, uuid, EXEC_DRIVER_UUID) ==
				0)
			pending_remove(d, p);
}

static void on_answer(struct exec_driver *d, const struct exec_driver_event *ev,
	struct outbox *out)
{
	struct exec_driver_refusal *refusal;

	if (ev->status / 100 == 2)
		return;
	/* Either connection's end is the end of both. */
	if (is_passing(ev->status)) {
		attempt_failed(d, ev->now_ms, ev->text, out);
		return;
	}
	/* Sent again it would be refused again. */
	if (ev->call_type == CALL(UPDATE))
		forget_update(d, ev->uuid);
	refusal = arena_alloc(&out->arena, sizeof(*refusal));
	refusal->call_type = ev->call_type;
	refusal->status = ev->status;
	refusal->text = arena_strdup(&out->arena, ev->text);
	outbox_room(out, EXEC_DRIVER_TELL_REFUSED, d->attempt, refusal);
}

/* --- the end ------------------------------------------------------------- */

static void stop(struct exec_driver *d, struct outbox *out)
{
	if (d->state != IDLE)
		outbox_room(out, EXEC_DRIVER_CLOSE, d->attempt, NULL);
	d->state = STOPPED;
	outbox_room(out, EXEC_DRIVER_TELL_STOPPED, 0, NULL);
}

static void fail(struct exec_driver *d, const char *why, struct outbox *out)
{
	d->failed = true;
	outbox_room(out, EXEC_DRIVER_TELL_ERROR, d->attempt,
		arena_strdup(&out->arena, why));
	stop(d, out);
}

void exec_driver_stop(
	struct exec_driver *d, uint64_t now_ms, struct outbox *out)
{
	if (d->state == STOPPED || d->stop_due != NEVER)
		return;
	d->stop_due = now_ms + STOP_TIMEOUT_MS;
	if (d->n_pending == 0)
		stop(d, out);
}

bool exec_driver_is_subscribed(const struct exec_driver *d)
{
	return d->state == SUBSCRIBED;
}

bool exec_driver_is_stopped(const struct exec_driver *d)
{
	return d->state == STOPPED;
}

bool exec_driver_has_failed(const struct exec_driver *d)
{
	return d->failed;
}
