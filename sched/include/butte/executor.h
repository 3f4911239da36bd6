/*
 * butte/executor.h - an executor: runs the tasks that an agent gives it.
 *
 *	static const struct butte_executor_ops ops = {
 *		.launch = on_launch,
 *		.kill = on_kill,
 *		.shutdown = on_shutdown,
 *	};
 *	e = butte_executor_new(NULL, &ops, ctx, error, sizeof(error));
 *	status = butte_executor_run(e);
 *	butte_executor_free(e);
 *
 * An agent starts an executor in its own sandbox and tells it in environment
 * variables (MESOS_FRAMEWORK_ID, MESOS_EXECUTOR_ID, MESOS_AGENT_ENDPOINT, ...)
 * who it is and where the agent listens; butte_executor_new() reads them.
 *
 * What the library does by itself: it subscribes; it keeps each update until
 * the agent has recorded it and sends it again after a reconnection; when the
 * agent goes away it waits for it as long as the agent asked for
 * (MESOS_RECOVERY_TIMEOUT, if the framework has checkpoints), and if it doesn't
 * come back the executor gets ops.shutdown.
 *
 * Threads, memory and errors are as in butte/scheduler.h.
 */
#ifndef BUTTE_EXECUTOR_H
#define BUTTE_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mesos/v1/executor/executor.pb-c.h>
#include <mesos/v1/mesos.pb-c.h>

#ifdef __cplusplus
extern "C" {
#endif

struct butte_executor;
struct event_base;

/* Everything NULL or 0 is taken from the environment, or has a default. */
struct butte_executor_config {
	const char *framework_id; /* MESOS_FRAMEWORK_ID */
	const char *executor_id;  /* MESOS_EXECUTOR_ID */
	/* "host:port"; MESOS_AGENT_ENDPOINT, or MESOS_SLAVE_PID */
	const char *agent;
	/* A path socket instead of host and port; MESOS_DOMAIN_SOCKET */
	const char *socket;
	/* The bearer token; MESOS_EXECUTOR_AUTHENTICATION_TOKEN */
	const char *token;
	/* TLS to the agent's port is used if ca_file, or BUTTE_CACERT in the
	 * environment, is set, and never on a path socket. */
	const char *ca_file;
	const char *cert_file; /* BUTTE_CERT */
	const char *key_file;  /* BUTTE_KEY */
	struct event_base *base;
};

struct butte_executor_ops {
	void (*connected)(struct butte_executor *e, void *ctx);
	/* The first time, and after each reconnection. */
	void (*subscribed)(struct butte_executor *e, void *ctx,
		const Mesos__V1__Executor__Event__Subscribed *s);
	void (*disconnected)(
		struct butte_executor *e, void *ctx, const char *why);
	void (*launch)(struct butte_executor *e, void *ctx,
		const Mesos__V1__TaskInfo *task);
	void (*launch_group)(struct butte_executor *e, void *ctx,
		const Mesos__V1__TaskGroupInfo *group);
	/* policy may be NULL. */
	void (*kill)(struct butte_executor *e, void *ctx, const char *task_id,
		const Mesos__V1__KillPolicy *policy);
	/* An update is recorded; it will not be sent again. */
	void (*acknowledged)(struct butte_executor *e, void *ctx,
		const Mesos__V1__Executor__Event__Acknowledged *a);
	void (*message)(struct butte_executor *e, void *ctx, const void *data,
		size_t size);
	/* End your tasks, send their last updates, then call
	 * butte_executor_stop(). After the grace period
	 * (butte_executor_grace_ms()) the agent ends everything. */
	void (*shutdown)(struct butte_executor *e, void *ctx);
	void (*event)(struct butte_executor *e, void *ctx,
		const Mesos__V1__Executor__Event *ev);
	/* A call was refused (status is HTTP's). A refused update is not sent
	 * again. */
	void (*call_failed)(struct butte_executor *e, void *ctx,
		Mesos__V1__Executor__Call__Type type, int status,
		const char *why);
	/* The agent will not have this executor; it has stopped. */
	void (*error)(struct butte_executor *e, void *ctx, const char *why);
};

/* cfg may be NULL. NULL: why is in error. */
struct butte_executor *butte_executor_new(
	const struct butte_executor_config *cfg,
	const struct butte_executor_ops *ops, void *ctx, char *error,
	size_t size);
void butte_executor_free(struct butte_executor *e);

/* As butte_scheduler_run() and _stop(). Stopping waits up to 5 s until all
 * updates are acknowledged. */
int butte_executor_run(struct butte_executor *e);
void butte_executor_stop(struct butte_executor *e);
bool butte_executor_is_stopped(const struct butte_executor *e);
bool butte_executor_is_subscribed(const struct butte_executor *e);
const char *butte_executor_error(const struct butte_executor *e);
struct event_base *butte_executor_base(const struct butte_executor *e);
/* MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD; 5000 if not set. */
uint64_t butte_executor_grace_ms(const struct butte_executor *e);

/*
 * Reports a state. uuid, timestamp, executor_id and source are filled in.
 * Allowed at any time: kept until an agent has recorded it. -1: TASK_STAGING,
 * which executors may not send, or the executor has stopped.
 */
int butte_executor_update(
	struct butte_executor *e, const Mesos__V1__TaskStatus *status);
/* The same for the common case. message may be NULL. */
int butte_executor_state(struct butte_executor *e, const char *task_id,
	Mesos__V1__TaskState state, const char *message);
/* Bytes for the scheduler; may get lost. -1: not subscribed. */
int butte_executor_message(
	struct butte_executor *e, const void *data, size_t size);
/* Any call; ids are filled in. -1: not subscribed. */
int butte_executor_call(
	struct butte_executor *e, const Mesos__V1__Executor__Call *call);

#ifdef __cplusplus
}
#endif

#endif
