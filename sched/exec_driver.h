/*
 * exec_driver.h - decides for an executor: when to subscribe, what to send
 * again, when to wait for the agent and when to give up. Pure.
 *
 * As driver.h: events with the time go in, effects come out as EFFECT_ROOM with
 * a code of enum exec_driver_action; attempts are numbered. There is one agent,
 * so there is nothing to choose.
 *
 * Rules: Mesos' agent, "Executor-side library behaviour". Updates that are not
 * acknowledged are sent again with the next SUBSCRIBE, never by a timer. Once
 * the agent was subscribed to and is lost, the executor waits for it for
 * recovery_timeout_ms, or, without checkpoints, not at all; then it is told to
 * shut down.
 */
#ifndef SCHED_EXEC_DRIVER_H
#define SCHED_EXEC_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct Mesos__V1__Executor__Call;
struct Mesos__V1__TaskStatus;
struct err;
struct exec_driver;
struct outbox;

struct exec_driver_config {
	const char *framework_id;
	const char *executor_id;
	bool checkpoint;
	uint64_t seed;
	uint32_t backoff_max_ms;
	uint64_t recovery_timeout_ms;
	uint32_t subscribe_timeout_ms;
};

enum exec_driver_event_type {
	EXEC_DRIVER_START,
	EXEC_DRIVER_TICK,
	EXEC_DRIVER_HEAD,   /* 200 on the stream */
	EXEC_DRIVER_DATA,   /* bytes of the stream */
	EXEC_DRIVER_END,    /* of the stream: status, text */
	EXEC_DRIVER_ANSWER, /* to a call: status, text, call_type, uuid */
};

struct exec_driver_event {
	enum exec_driver_event_type type;
	uint64_t now_ms;
	uint64_t attempt; /* all but START and TICK */
	int status;
	const char *text; /* never NULL for END and ANSWER */
	const uint8_t *data;
	size_t size;
	int call_type;
	const uint8_t *uuid; /* of an UPDATE that is answered, 16 bytes */
};

enum exec_driver_action {
	EXEC_DRIVER_OPEN,  /* to: the attempt; arg: struct exec_driver_send */
	EXEC_DRIVER_CLOSE, /* stream and calls */
	EXEC_DRIVER_SEND,  /* to: the attempt; arg: struct exec_driver_send */
	EXEC_DRIVER_TELL,  /* arg: the Mesos__V1__Executor__Event */
	EXEC_DRIVER_TELL_UP,
	EXEC_DRIVER_TELL_DOWN,	   /* arg: text, why */
	EXEC_DRIVER_TELL_SHUTDOWN, /* the agent will not come back */
	EXEC_DRIVER_TELL_REFUSED,  /* arg: struct exec_driver_refusal */
	EXEC_DRIVER_TELL_ERROR,	   /* arg: text, why; STOPPED follows */
	EXEC_DRIVER_TELL_STOPPED,
};

struct exec_driver_send {
	const uint8_t *call;
	size_t size;
	int call_type;
	const uint8_t *uuid; /* of an UPDATE, 16 bytes; else NULL */
};

struct exec_driver_refusal {
	int call_type;
	int status;
	const char *text;
};

#define EXEC_DRIVER_UUID 16

struct exec_driver *exec_driver_new(const struct exec_driver_config *cfg);
void exec_driver_free(struct exec_driver *d);

void exec_driver_step(struct exec_driver *d, const struct exec_driver_event *ev,
	struct outbox *out);
/* When to step with TICK; UINT64_MAX: never. */
uint64_t exec_driver_next_due(const struct exec_driver *d);

/* The status must have a uuid of 16 bytes and all else an agent wants. Kept
 * until it is acknowledged. -1: stopped. */
int exec_driver_update(struct exec_driver *d,
	const struct Mesos__V1__TaskStatus *status, struct outbox *out,
	struct err *e);
/* Any other call; ids are filled in. -1: not subscribed. */
int exec_driver_call(struct exec_driver *d,
	const struct Mesos__V1__Executor__Call *c, struct outbox *out,
	struct err *e);
/* When all updates are acknowledged, or after 5 s. */
void exec_driver_stop(
	struct exec_driver *d, uint64_t now_ms, struct outbox *out);

bool exec_driver_is_subscribed(const struct exec_driver *d);
bool exec_driver_is_stopped(const struct exec_driver *d);
bool exec_driver_has_failed(const struct exec_driver *d);

#endif
