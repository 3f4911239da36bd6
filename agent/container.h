/*
 * container.h - an executor's container: launched, watched, ended, forgotten.
 *
 * Says what the edges shall do to containers and what follows from what they
 * report. States and deadlines of executors change here and in execapi.c only.
 * Rules: Mesos' agent, "Executor lifetime".
 */
#ifndef AGENT_CONTAINER_H
#define AGENT_CONTAINER_H

#include <stdbool.h>

struct Mesos__V1__ContainerStatus;
struct agent;
struct agent_event;
struct arena;
struct executor;
struct framework;
struct outbox;

/* Records the executor and asks for its container. */
void container_launch(struct agent *a, struct executor *e, struct outbox *out);
void container_started(
	struct agent *a, const struct agent_event *ev, struct outbox *out);
void container_start_failed(
	struct agent *a, const struct agent_event *ev, struct outbox *out);
void container_exited(
	struct agent *a, const struct agent_event *ev, struct outbox *out);
/* We died while it was being started, before it was given any task: that is
 * what its tasks will be told. */
void container_never_ran(struct executor *e);
/* Tells the master that a custom executor is over, if there is a master now;
 * otherwise the next registration says so. wait_status -1: unknown. */
void container_tell_exited(struct agent *a, const char *framework_id,
	const char *executor_id, int wait_status, struct outbox *out);
/* It ended while we, or the machine, were away. */
void container_lost(struct agent *a, struct executor *e, struct outbox *out);

/* Tells the edge if executor and tasks together need another size now. */
void container_resize(struct agent *a, struct executor *e, struct outbox *out);
/* Asks the executor to end; its container is destroyed after the grace. */
void container_shut_down(
	struct agent *a, struct executor *e, struct outbox *out);
/* At once. e->verdict says what its live tasks become. */
void container_destroy(struct agent *a, struct executor *e, struct outbox *out);
/* Ends all executors of a framework and forgets its tasks. */
void container_shut_down_framework(
	struct agent *a, struct framework *f, struct outbox *out);

/* Forgets an executor whose container and tasks are over, and its framework
 * when that has no other. Both may be freed. */
void container_reap(struct agent *a, struct executor *e, struct outbox *out);
void container_reap_framework(
	struct agent *a, struct framework *f, struct outbox *out);
/* Executors and kills whose deadline has come. */
void container_tick(struct agent *a, struct outbox *out);

/* As updates carry it. */
struct Mesos__V1__ContainerStatus *container_status(
	const struct agent *a, const struct executor *e, struct arena *to);

#endif
