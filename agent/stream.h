/*
 * stream.h - status updates on their way to the scheduler.
 *
 * Each task has a stream: updates in order, one under way at a time, sent again
 * after 10 s, doubling to 10 min, until the scheduler acknowledges it (Mesos'
 * task status update manager). An update is recorded in the turn in which it is
 * taken, so it is durable before its executor or the master hears of it. While
 * the agent is not registered nothing is sent; then every head is.
 *
 * With the acknowledgement of a terminal update the task is over and forgotten.
 */
#ifndef AGENT_STREAM_H
#define AGENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct Butte__Link__StatusUpdateAck;
struct Mesos__V1__TaskResourceLimitation;
struct Mesos__V1__TaskStatus;
struct agent;
struct framework;
struct outbox;
struct task;

/* What the agent itself says of a task. */
struct stream_note {
	int state, reason;   /* v1 numbers; reason -1: none */
	const char *message; /* or NULL */
	struct Mesos__V1__TaskResourceLimitation *limitation; /* or NULL */
};

/* Whether the task has seen an update of that uuid. */
bool stream_has(const struct task *t, const uint8_t uuid[16]);
/* Takes a status with a uuid of 16 bytes. The task must not be over. */
void stream_add(struct agent *a, struct task *t,
	const struct Mesos__V1__TaskStatus *status, struct outbox *out);
void stream_add_note(struct agent *a, struct task *t,
	const struct stream_note *note, struct outbox *out);
/* Records the task's end, but tells it only at stream_release(). */
void stream_hold(struct agent *a, struct task *t,
	const struct Mesos__V1__TaskStatus *status, struct outbox *out);
/* instead NULL: what was held is true; else it is replaced. */
void stream_release(struct agent *a, struct task *t,
	const struct stream_note *instead, struct outbox *out);
/* Its framework is gone: the task ends and nobody is told. */
void stream_drop(struct agent *a, struct task *t, struct outbox *out);

void stream_ack(struct agent *a, const struct Butte__Link__StatusUpdateAck *ack,
	struct outbox *out);
/* Sends every head; their backoff starts anew. */
void stream_resume(struct agent *a, struct outbox *out);
void stream_resume_framework(
	struct agent *a, struct framework *f, struct outbox *out);
void stream_pause(struct agent *a);
/* Sends the heads whose time has come. */
void stream_tick(struct agent *a, struct outbox *out);

#endif
