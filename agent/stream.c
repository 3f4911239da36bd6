/* stream.c - see stream.h. */
#include "agent/stream.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/checkpoint.h"
#include "agent/container.h"
#include "agent/hold.h"
#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "common/task_state.h"
#include "mesos/v1/mesos.pb-c.h"

#define RETRY_MIN_MS (10 * 1000)
#define RETRY_MAX_MS (10 * 60 * 1000)

static struct update *update_new(
	struct task *t, const Mesos__V1__TaskStatus *status);
static void push(
	struct agent *a, struct task *t, struct update *u, struct outbox *out);
static Mesos__V1__TaskStatus *note_status(struct agent *a, struct task *t,
	const struct stream_note *note, struct outbox *out);
static void task_over(struct agent *a, struct task *t, struct outbox *out);
static void acked_add(struct task *t, struct update *u, struct outbox *out);
static void head_send(struct agent *a, struct task *t, struct outbox *out);

bool stream_has(const struct task *t, const uint8_t uuid[UUID_SIZE])
{
	const struct update *u;
	size_t i;

	TAILQ_FOREACH (u, &t->updates, next)
		if (memcmp(u->uuid, uuid, UUID_SIZE) == 0)
			return true;
	for (i = 0; i < t->n_acked; i++)
		if (memcmp(t->acked[i].uuid, uuid, UUID_SIZE) == 0)
			return true;
	return t->held != NULL && memcmp(t->held->uuid, uuid, UUID_SIZE) == 0;
}

void stream_add(struct agent *a, struct task *t,
	const Mesos__V1__TaskStatus *status, struct outbox *out)
{
	struct update *u = update_new(t, status);

	CHECK(hold_task_is_live(t));
	checkpoint_update(t, u, false, out);
	push(a, t, u, out);
}

void stream_add_note(struct agent *a, struct task *t,
	const struct stream_note *note, struct outbox *out)
{
	stream_add(a, t, note_status(a, t, note, out), out);
}

void stream_hold(struct agent *a, struct task *t,
	const Mesos__V1__TaskStatus *status, struct outbox *out)
{
	(void)a;
	CHECK(hold_task_is_live(t));
	CHECK(task_state_is_terminal((int)status->state));
	t->held = update_new(t, status);
	checkpoint_update(t, t->held, true, out);
}

void stream_release(struct agent *a, struct task *t,
	const struct stream_note *instead, struct outbox *out)
{
	struct update *u = t->held;

	CHECK(u != NULL);
	t->held = NULL;
	if (instead != NULL) {
		const Mesos__V1__TaskStatus *s =
			note_status(a, t, instead, out);

		u->state = (int)s->state;
		memcpy(u->uuid, s->uuid.data, UUID_SIZE);
		hold_blob_set(&u->status, &s->base);
	}
	checkpoint_update(t, u, false, out);
	push(a, t, u, out);
}

void stream_drop(struct agent *a, struct task *t, struct outbox *out)
{
	struct update *u;

	checkpoint_task_del(t, out);
	while ((u = TAILQ_FIRST(&t->updates)) != NULL) {
		TAILQ_REMOVE(&t->updates, u, next);
		t->n_updates--;
		hold_blob_fini(&u->status);
		free(u);
	}
	if (t->held != NULL) {
		hold_blob_fini(&t->held->status);
		free(t->held);
		t->held = NULL;
	}
	if (!task_state_is_terminal(t->state)) {
		t->state = MESOS__V1__TASK_STATE__TASK_KILLED;
		hold_task_passed(t, t->state, a->wall_ns);
	}
	hold_task_complete(a, t);
}

static struct update *update_new(
	struct task *t, const Mesos__V1__TaskStatus *status)
{
	struct update *u = xcalloc(1, sizeof(*u));

	CHECK(status->has_uuid && status->uuid.len == UUID_SIZE);
	u->number = t->next_update++;
	u->state = (int)status->state;
	memcpy(u->uuid, status->uuid.data, UUID_SIZE);
	hold_blob_set(&u->status, &status->base);
	return u;
}

/* The record is made already. */
static void push(
	struct agent *a, struct task *t, struct update *u, struct outbox *out)
{
	log_info("task_update", "task=%s framework=%s from=%s to=%s", t->id,
		t->framework->id, task_state_name(t->state),
		task_state_name(u->state));
	t->state = u->state;
	hold_task_passed(t, u->state, a->wall_ns);
	TAILQ_INSERT_TAIL(&t->updates, u, next);
	t->n_updates++;
	if (task_state_is_terminal(t->state)) {
		CHECK((size_t)t->state < ARRAY_LEN(a->metrics.ended));
		a->metrics.ended[t->state]++;
		heap_remove(&a->kill_dues, &t->kill_due);
		a->recheck = true;
	}
	if (TAILQ_FIRST(&t->updates) == u) {
		t->backoff_ms = RETRY_MIN_MS;
		head_send(a, t, out);
	}
}

static Mesos__V1__TaskStatus *note_status(struct agent *a, struct task *t,
	const struct stream_note *note, struct outbox *out)
{
	struct arena *mem = &out->arena;
	Mesos__V1__TaskStatus *s = arena_alloc(mem, sizeof(*s));

	mesos__v1__task_status__init(s);
	s->task_id = arena_alloc(mem, sizeof(*s->task_id));
	mesos__v1__task_id__init(s->task_id);
	s->task_id->value = t->id;
	s->agent_id = arena_alloc(mem, sizeof(*s->agent_id));
	mesos__v1__agent_id__init(s->agent_id);
	s->agent_id->value = a->id;
	if (t->executor != NULL) {
		s->executor_id = arena_alloc(mem, sizeof(*s->executor_id));
		mesos__v1__executor_id__init(s->executor_id);
		s->executor_id->value = t->executor->id;
		s->container_status = container_status(a, t->executor, mem);
	}
	s->state = (Mesos__V1__TaskState)note->state;
	s->has_source = 1;
	s->source = MESOS__V1__TASK_STATUS__SOURCE__SOURCE_AGENT;
	s->has_reason = note->reason >= 0;
	if (s->has_reason)
		s->reason = (Mesos__V1__TaskStatus__Reason)note->reason;
	s->message = arena_strdup(mem, note->message);
	s->limitation = note->limitation;
	s->has_timestamp = 1;
	s->timestamp = (double)a->wall_ns / 1e9;
	s->has_uuid = 1;
	s->uuid.data = arena_alloc(mem, UUID_SIZE);
	s->uuid.len = UUID_SIZE;
	hold_uuid(a, s->uuid.data);
	return s;
}

void stream_ack(struct agent *a, const Butte__Link__StatusUpdateAck *ack,
	struct outbox *out)
{
	struct framework *f = hold_framework_find(a, ack->framework_id->value);
	struct task *t =
		f != NULL ? hold_task_find(f, ack->task_id->value) : NULL;
	struct update *u = t != NULL ? TAILQ_FIRST(&t->updates) : NULL;

	if (u == NULL || ack->uuid.len != UUID_SIZE ||
		memcmp(u->uuid, ack->uuid.data, UUID_SIZE) != 0) {
		log_debug("ack_ignored", "task=%s framework=%s",
			ack->task_id->value, ack->framework_id->value);
		return;
	}
	heap_remove(&a->retry_dues, &t->retry_due);
	TAILQ_REMOVE(&t->updates, u, next);
	t->n_updates--;
	if (task_state_is_terminal(u->state)) {
		CHECK(TAILQ_EMPTY(&t->updates));
		checkpoint_update_del(t, u->number, out);
		hold_blob_fini(&u->status);
		free(u);
		task_over(a, t, out);
		return;
	}
	acked_add(t, u, out);
	t->backoff_ms = RETRY_MIN_MS;
	if (!TAILQ_EMPTY(&t->updates))
		head_send(a, t, out);
}

static void task_over(struct agent *a, struct task *t, struct outbox *out)
{
	struct framework *f = t->framework;
	struct executor *e = t->executor;

	checkpoint_task_del(t, out);
	hold_task_complete(a, t);
	if (e != NULL)
		container_reap(a, e, out);
	else
		container_reap_framework(a, f, out);
}

/* Takes u over. */
static void acked_add(struct task *t, struct update *u, struct outbox *out)
{
	checkpoint_update_acked(t, u, out);
	if (t->n_acked == AGENT_ACKED_UUIDS_MAX) {
		checkpoint_update_del(t, t->acked[0].number, out);
		t->n_acked--;
		memmove(t->acked, t->acked + 1, t->n_acked * sizeof(*t->acked));
	}
	t->acked = xgrow(
		t->acked, &t->acked_cap, t->n_acked + 1, sizeof(*t->acked));
	t->acked[t->n_acked].number = u->number;
	memcpy(t->acked[t->n_acked].uuid, u->uuid, UUID_SIZE);
	t->n_acked++;
	hold_blob_fini(&u->status);
	free(u);
}

void stream_resume(struct agent *a, struct outbox *out)
{
	struct framework *f;

	TAILQ_FOREACH (f, &a->frameworks, next)
		stream_resume_framework(a, f, out);
}

void stream_resume_framework(
	struct agent *a, struct framework *f, struct outbox *out)
{
	struct executor *e;
	struct task *t;

	TAILQ_FOREACH (e, &f->executors, next)
		TAILQ_FOREACH (t, &e->tasks, next) {
			t->backoff_ms = RETRY_MIN_MS;
			head_send(a, t, out);
		}
	TAILQ_FOREACH (t, &f->orphans, next) {
		t->backoff_ms = RETRY_MIN_MS;
		head_send(a, t, out);
	}
}

void stream_pause(struct agent *a)
{
	struct heap_node *n;

	while ((n = heap_min(&a->retry_dues)) != NULL)
		heap_remove(&a->retry_dues, n);
}

void stream_tick(struct agent *a, struct outbox *out)
{
	struct heap_node *n;

	while ((n = heap_min(&a->retry_dues)) != NULL && n->key <= a->now_ms) {
		struct task *t = HEAP_OWNER(n, struct task, retry_due);

		t->backoff_ms = t->backoff_ms * 2 < RETRY_MAX_MS
			? t->backoff_ms * 2
			: RETRY_MAX_MS;
		head_send(a, t, out);
	}
}

/* Nothing is sent while there is no master, or nothing to send. */
static void head_send(struct agent *a, struct task *t, struct outbox *out)
{
	Butte__Link__StatusUpdate s = BUTTE__LINK__STATUS_UPDATE__INIT;
	Butte__Link__ToMaster m = BUTTE__LINK__TO_MASTER__INIT;
	Mesos__V1__FrameworkID framework = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__ExecutorID executor = MESOS__V1__EXECUTOR_ID__INIT;
	const struct update *u = TAILQ_FIRST(&t->updates);

	if (u == NULL || !a->registered)
		return;
	framework.value = t->framework->id;
	s.framework_id = &framework;
	if (t->executor != NULL) {
		executor.value = t->executor->id;
		s.executor_id = &executor;
	}
	s.status = MSG_UNPACK(Mesos__V1__TaskStatus, &out->arena,
		&mesos__v1__task_status__descriptor, u->status.data,
		u->status.size, NULL);
	CHECK(s.status != NULL);
	s.latest_state = (Mesos__V1__TaskState)t->state;
	m.msg_case = BUTTE__LINK__TO_MASTER__MSG_STATUS_UPDATE;
	m.status_update = &s;
	outbox_link_send(out, a->link, &m.base);
	heap_update(&a->retry_dues, &t->retry_due, a->now_ms + t->backoff_ms);
}
