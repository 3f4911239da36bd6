/*
 * driver.h - decides for a framework's scheduler: which master to try, when to
 * give up on a stream, what to send, what to tell the framework. Pure.
 *
 * Events with the time go in; effects come out as EFFECT_ROOM with a code of
 * enum driver_action, in the order in which they must be carried out. At most
 * one stream exists at a time; attempts are numbered, and what still arrives
 * from an older one is ignored.
 *
 * States: IDLE (between attempts) -> CONNECTING (dialled, SUBSCRIBE sent)
 * -> CONNECTED (200) -> SUBSCRIBED (its event came); from each back to IDLE when
 * something breaks; STOPPED is the end.
 */
#ifndef SCHED_DRIVER_H
#define SCHED_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/address.h"

struct Mesos__V1__FrameworkInfo;
struct Mesos__V1__Scheduler__Call;
struct driver;
struct err;
struct outbox;

struct driver_config {
	const struct address *masters;
	size_t n_masters;
	const struct Mesos__V1__FrameworkInfo *framework; /* copied */
	const char *const *suppressed_roles;		  /* copied */
	size_t n_suppressed_roles;
	bool manual_acknowledge;
	uint64_t seed;
	uint32_t backoff_min_ms;
	uint32_t backoff_max_ms;
	uint32_t subscribe_timeout_ms;
	uint32_t heartbeats_missed_max;
};

enum driver_event_type {
	DRIVER_START,
	DRIVER_TICK,
	DRIVER_HEAD,   /* 200 on the stream: stream_id */
	DRIVER_DATA,   /* bytes of the stream */
	DRIVER_END,    /* the stream ended, or was never one: status, text,
			* location */
	DRIVER_ANSWER, /* to a call: status, text, location, call_type */
};

struct driver_event {
	enum driver_event_type type;
	uint64_t now_ms;
	uint64_t attempt; /* all but START and TICK */
	int status;	  /* HTTP's; 0: it failed, text says why */
	const char *text;
	const char *location;  /* or NULL */
	const char *stream_id; /* or NULL */
	const uint8_t *data;
	size_t size;
	int call_type;
};

enum driver_action {
	DRIVER_OPEN,	     /* to: the attempt; arg: struct driver_open */
	DRIVER_CLOSE,	     /* to: the attempt; stream and calls */
	DRIVER_SEND,	     /* to: the attempt; arg: struct driver_send */
	DRIVER_TELL,	     /* arg: the Mesos__V1__Scheduler__Event */
	DRIVER_TELL_UP,	     /* arg: text, the master */
	DRIVER_TELL_DOWN,    /* arg: text, why */
	DRIVER_TELL_REFUSED, /* arg: struct driver_refusal */
	DRIVER_TELL_ERROR,   /* arg: text, why; STOPPED follows */
	DRIVER_TELL_STOPPED, /* the end */
};

struct driver_open {
	struct address master;
	const uint8_t *subscribe; /* the call, encoded */
	size_t size;
};

struct driver_send {
	const char *stream_id;
	const uint8_t *call;
	size_t size;
	int call_type;
};

struct driver_refusal {
	int call_type;
	int status;
	const char *text;
};

struct driver *driver_new(const struct driver_config *cfg);
void driver_free(struct driver *d);

void driver_step(
	struct driver *d, const struct driver_event *ev, struct outbox *out);
/* When to step with DRIVER_TICK; UINT64_MAX: never. */
uint64_t driver_next_due(const struct driver *d);

/* framework_id is filled in. -1: not subscribed. */
int driver_call(struct driver *d, const struct Mesos__V1__Scheduler__Call *c,
	struct outbox *out, struct err *e);
void driver_stop(struct driver *d, struct outbox *out);
void driver_teardown(struct driver *d, uint64_t now_ms, struct outbox *out);

bool driver_is_subscribed(const struct driver *d);
bool driver_is_stopped(const struct driver *d);
bool driver_has_failed(const struct driver *d); /* stopped by an error */
const char *driver_framework_id(const struct driver *d);     /* or NULL */
const struct address *driver_master(const struct driver *d); /* or NULL */

#endif
