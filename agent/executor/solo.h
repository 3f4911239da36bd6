/*
 * solo.h - butte-executor's decisions: the life of the one task it runs.
 *
 * A pure state machine. Events with the time go in; an outbox comes out, of
 * which only effects are used: EFFECT_LINK_SEND to SOLO_STREAM (a SUBSCRIBE,
 * on a fresh connection whose answer is the event stream) or SOLO_CALLS (any
 * other call), EFFECT_ROOM with a code of this file, EFFECT_EXIT.
 *
 * Rules: the command executor of Mesos. STARTING, then the task's process in a
 * session of its own, then RUNNING, then what became of it. Updates are kept
 * until the agent has recorded them and are sent again when the executor
 * subscribes again; so an agent may be restarted at any time.
 */
#ifndef EXECUTOR_SOLO_H
#define EXECUTOR_SOLO_H

#include <stdbool.h>
#include <stdint.h>

struct Mesos__V1__Executor__Event;
struct solo;
struct outbox;

struct solo_config {
	const char *framework_id;
	const char *executor_id;
	const char *const *env; /* NAME=value; ends with NULL; ours */
	bool checkpoint;	/* outlives its agent */
	uint64_t recovery_timeout_ms;
	uint64_t subscription_backoff_max_ms;
	uint64_t shutdown_grace_period_ms;
	uint64_t seed; /* for uuids and backoff */
};

enum solo_event_type {
	SOLO_TICK,
	SOLO_BEGIN,  /* once, first */
	SOLO_EVENT,  /* from the agent */
	SOLO_BROKEN, /* a connection; the edge has closed both */
	SOLO_EXITED, /* the task's process; exit */
	SOLO_STOP,   /* a signal asks us to end */
};

/* How the task's process ended. */
struct solo_exit {
	int status;
	const char *signal; /* that killed it, as strsignal() says; or NULL */
	bool core;	    /* dumped */
};

struct solo_event {
	enum solo_event_type type;
	uint64_t now_ms; /* monotonic */
	int64_t wall_ns;
	const struct Mesos__V1__Executor__Event *event; /* borrowed */
	struct solo_exit exit;
	const char *text; /* BROKEN: why */
};

/* Where EFFECT_LINK_SEND goes. */
enum solo_link { SOLO_STREAM = 1, SOLO_CALLS = 2 };

/* Codes of EFFECT_ROOM. */
enum solo_effect {
	SOLO_START,	 /* arg: struct solo_start */
	SOLO_TERM,	 /* SIGTERM to the task's process tree */
	SOLO_KILL,	 /* SIGKILL */
	SOLO_DISCONNECT, /* close both connections */
	SOLO_LOG,	 /* arg: char *line for the sandbox's stderr */
};

struct solo_start {
	bool shell;
	const char *value;
	const char *const *argv; /* ends with NULL */
	const char *const *env;	 /* NAME=value; ends with NULL; all of it */
};

struct solo *solo_new(const struct solo_config *cfg); /* borrowed */
void solo_step(struct solo *c, const struct solo_event *ev, struct outbox *out);
uint64_t solo_next_due(const struct solo *c); /* UINT64_MAX: never */
void solo_free(struct solo *c);

#endif
