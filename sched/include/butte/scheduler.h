/*
 * butte/scheduler.h - a framework's scheduler: gets offers, launches tasks.
 *
 *	struct butte_scheduler_config cfg = {
 *		.masters = "m1:5050,m2:5050",
 *		.ca_file = "ca.crt",
 *		.framework = &info,
 *	};
 *	static const struct butte_scheduler_ops ops = {
 *		.offers = on_offers,
 *		.update = on_update,
 *	};
 *	s = butte_scheduler_new(&cfg, &ops, ctx, error, sizeof(error));
 *	status = butte_scheduler_run(s);
 *	butte_scheduler_free(s);
 *
 * Messages are those of the Mesos v1 API as protobuf-c structs
 * (<mesos/v1/mesos.pb-c.h>): what they mean is said there, and what a master
 * does with each call in the documentation of the v1 scheduler API.
 *
 * What the library does by itself: it connects to one master after the other
 * until one of them leads, follows redirects, subscribes, watches heartbeats,
 * and does all this again, with a growing and random pause, whenever the stream
 * breaks; it then subscribes with the framework id it got, so that tasks live
 * on. It acknowledges updates when your callback has returned, unless you want
 * to do that yourself. It never repeats a call: what a master had not yet
 * carried out when it broke must be asked for again; butte_scheduler_reconcile()
 * in ops.subscribed tells what became of your tasks.
 *
 * Threads: one. All functions are called, and all callbacks come, in the thread
 * that runs the event base. Callbacks never come from inside a function of the
 * library; in a callback every function but butte_scheduler_free() may be called.
 *
 * Memory: what you pass in is copied before the function returns. What a
 * callback gets is good until it returns.
 *
 * Signals: SIGPIPE is ignored from the first _new() on, unless you handle it: a
 * broken connection is an error here, not an end.
 *
 * Errors: functions that can fail return 0, or -1 and butte_scheduler_error()
 * says why. Nothing here ever exits or aborts the process because of what a
 * master or the network does; only running out of memory aborts.
 */
#ifndef BUTTE_SCHEDULER_H
#define BUTTE_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mesos/v1/mesos.pb-c.h>
#include <mesos/v1/scheduler/scheduler.pb-c.h>

#ifdef __cplusplus
extern "C" {
#endif

struct butte_scheduler;
struct event_base;

struct butte_scheduler_config {
	/* "host:port", several with commas; the port may be left out (5050), an
	 * IPv6 address stands in brackets: "[::1]:5050". */
	const char *masters;
	/* TLS is on unless plaintext is set. PEM files. ca_file: whom to trust,
	 * NULL for the system's list. cert_file and key_file: who you are, for
	 * masters that ask; both or neither. */
	bool plaintext;
	const char *ca_file;
	const char *cert_file;
	const char *key_file;
	/* For masters that authenticate frameworks (HTTP Basic); or NULL. */
	const char *principal;
	const char *secret;
	/* What you are. To come back as a framework you were, set its id.
	 * Needed: user and name. */
	const Mesos__V1__FrameworkInfo *framework;
	/* Roles for which no offers are wanted at first. */
	const char *const *suppressed_roles;
	size_t n_suppressed_roles;
	/* Updates are acknowledged by butte_scheduler_acknowledge() only. */
	bool manual_acknowledge;
	/* The caller's event loop; NULL: the scheduler makes one of its own,
	 * for butte_scheduler_run(). Not freed with the scheduler. */
	struct event_base *base;
	/* 0 takes the default of each. */
	uint32_t backoff_min_ms;	/* first pause before a retry: 250 */
	uint32_t backoff_max_ms;	/* and the longest: 15000 */
	uint32_t subscribe_timeout_ms;	/* for one attempt: 30000 */
	uint32_t heartbeats_missed_max; /* before the stream is dead: 3 */
};

/* Any of them may be NULL. s and ctx are what butte_scheduler_new() had. */
struct butte_scheduler_ops {
	/* A master accepted the connection; nothing was sent to you yet. */
	void (*connected)(
		struct butte_scheduler *s, void *ctx, const char *master);
	/* You are subscribed: the first time, and after each reconnection. */
	void (*subscribed)(struct butte_scheduler *s, void *ctx,
		const Mesos__V1__Scheduler__Event__Subscribed *e);
	/* The stream broke, or no master was to be had; it is tried again by
	 * itself. Offers you held are void. */
	void (*disconnected)(
		struct butte_scheduler *s, void *ctx, const char *why);
	/* Accept or decline each; what you hold nobody else gets. */
	void (*offers)(struct butte_scheduler *s, void *ctx,
		Mesos__V1__Offer *const *offers, size_t n);
	void (*rescind)(struct butte_scheduler *s, void *ctx,
		const Mesos__V1__OfferID *offer);
	/* The same update can come more than once. */
	void (*update)(struct butte_scheduler *s, void *ctx,
		const Mesos__V1__TaskStatus *status);
	/* Bytes of an executor; may get lost. */
	void (*message)(struct butte_scheduler *s, void *ctx,
		const Mesos__V1__Scheduler__Event__Message *e);
	/* An agent is gone (no executor_id), or an executor has ended. */
	void (*failure)(struct butte_scheduler *s, void *ctx,
		const Mesos__V1__Scheduler__Event__Failure *e);
	/* Every event, these and all others, before its own callback. */
	void (*event)(struct butte_scheduler *s, void *ctx,
		const Mesos__V1__Scheduler__Event *e);
	/* A call was refused (status is HTTP's), or got lost (status 0). */
	void (*call_failed)(struct butte_scheduler *s, void *ctx,
		Mesos__V1__Scheduler__Call__Type type, int status,
		const char *why);
	/* The master will not have this framework: the subscription was
	 * refused, or another one took its place. The scheduler has stopped. */
	void (*error)(struct butte_scheduler *s, void *ctx, const char *why);
};

/*
 * Checks the configuration and makes a scheduler, which begins to connect as
 * soon as its event base runs. NULL: why is in error (size bytes, always
 * terminated): a file that can't be read, an address that is none, ...
 */
struct butte_scheduler *butte_scheduler_new(
	const struct butte_scheduler_config *cfg,
	const struct butte_scheduler_ops *ops, void *ctx, char *error,
	size_t size);
/* Breaks the connection, if there is one, without TEARDOWN: the framework's
 * tasks live until its failover_timeout. */
void butte_scheduler_free(struct butte_scheduler *s);

/*
 * Runs the scheduler's own event base until the scheduler has stopped: 0 after
 * butte_scheduler_stop() or _teardown(), -1 after ops.error. With the caller's
 * base: that one is run until then, along with all else that is in it.
 */
int butte_scheduler_run(struct butte_scheduler *s);
/* Disconnects and doesn't reconnect; _run() returns. */
void butte_scheduler_stop(struct butte_scheduler *s);
/* Ends the framework: its tasks are killed, its id is not good any more. Then
 * stops. If no master can be reached for 15 s it stops all the same. */
void butte_scheduler_teardown(struct butte_scheduler *s);
bool butte_scheduler_is_stopped(const struct butte_scheduler *s);
bool butte_scheduler_is_subscribed(const struct butte_scheduler *s);

/* Why the last function that failed did; "" if none did. */
const char *butte_scheduler_error(const struct butte_scheduler *s);
/* As the master gave it, NULL before. Keep it if tasks are to survive you. */
const char *butte_scheduler_framework_id(const struct butte_scheduler *s);
/* "host:port" of the leading master; NULL when not connected. */
const char *butte_scheduler_master(const struct butte_scheduler *s);
struct event_base *butte_scheduler_base(const struct butte_scheduler *s);

/* --- calls ---------------------------------------------------------------
 *
 * 0: the call is on its way, in order; if it is refused or lost, you hear of it
 * by ops.call_failed. -1: not subscribed, nothing was sent.
 */

/* Any call. framework_id is filled in. */
int butte_scheduler_call(
	struct butte_scheduler *s, const Mesos__V1__Scheduler__Call *call);

/* All offers must be of one agent. filters NULL: what is not used is not
 * offered again for 5 s. */
int butte_scheduler_accept(struct butte_scheduler *s,
	Mesos__V1__OfferID *const *offers, size_t n_offers,
	Mesos__V1__Offer__Operation *const *operations, size_t n_operations,
	const Mesos__V1__Filters *filters);
/* Accept with one operation: LAUNCH. What is left of the offer is not offered
 * again for refuse_seconds; < 0: the default, 5; 0: it may come at once. */
int butte_scheduler_launch(struct butte_scheduler *s,
	const Mesos__V1__Offer *offer, Mesos__V1__TaskInfo *const *tasks,
	size_t n_tasks, double refuse_seconds);
int butte_scheduler_decline(struct butte_scheduler *s,
	Mesos__V1__OfferID *const *offers, size_t n, double refuse_seconds);
/* No roles: all of them. */
int butte_scheduler_revive(
	struct butte_scheduler *s, const char *const *roles, size_t n);
int butte_scheduler_suppress(
	struct butte_scheduler *s, const char *const *roles, size_t n);
/* agent_id may be NULL. grace_ms < 0: the task's own, or 3 s. */
int butte_scheduler_kill(struct butte_scheduler *s, const char *task_id,
	const char *agent_id, int64_t grace_ms);
int butte_scheduler_shutdown(struct butte_scheduler *s, const char *executor_id,
	const char *agent_id);
/* With manual_acknowledge: what you will never need to hear again. Statuses
 * without uuid need none; then nothing is sent and 0 returned. */
int butte_scheduler_acknowledge(
	struct butte_scheduler *s, const Mesos__V1__TaskStatus *status);
/* Asks for the states of these tasks, or with n 0 of all that live. */
int butte_scheduler_reconcile(
	struct butte_scheduler *s, const char *const *task_ids, size_t n);
int butte_scheduler_message(struct butte_scheduler *s, const char *agent_id,
	const char *executor_id, const void *data, size_t size);
int butte_scheduler_request(struct butte_scheduler *s,
	Mesos__V1__Request *const *requests, size_t n);

/* --- messages ------------------------------------------------------------
 *
 * Helpers for the common cases. Everything is on the heap, as protobuf-c
 * would have unpacked it: free a task with butte_task_free().
 */

/* A task of one shell command on the offer's agent, without resources yet. */
Mesos__V1__TaskInfo *butte_task_new(const Mesos__V1__Offer *offer,
	const char *id, const char *name, const char *command);
/* Adds e.g. "cpus" 0.5, or "mem" 64 (MB); unreserved. */
void butte_task_resource(
	Mesos__V1__TaskInfo *task, const char *name, double value);
/* Adds an environment variable of the command. */
void butte_task_env(
	Mesos__V1__TaskInfo *task, const char *name, const char *value);
void butte_task_free(Mesos__V1__TaskInfo *task);
/* How much of a scalar resource an offer has, over all reservations. */
double butte_offer_scalar(const Mesos__V1__Offer *offer, const char *name);
/* No further update of this task will follow. */
bool butte_state_is_terminal(Mesos__V1__TaskState state);
/* "TASK_RUNNING" */
const char *butte_state_name(Mesos__V1__TaskState state);

#ifdef __cplusplus
}
#endif

#endif
