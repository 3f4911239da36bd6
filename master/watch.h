/*
 * watch.h - operators' event streams (SUBSCRIBE of the operator API).
 *
 * A watcher gets a snapshot and then every change, in order. Over
 * --max_operator_event_stream_subscribers the oldest one is cut off. Nothing is
 * built when nobody watches.
 */
#ifndef MASTER_WATCH_H
#define MASTER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct Mesos__V1__TaskStatus;
struct agent;
struct framework;
struct master;
struct task;
struct watcher;

void watch_subscribe(struct master *m, uint64_t request);
/* False if the stream is no watcher's. */
bool watch_down(struct master *m, uint64_t stream);
void watch_heartbeat(struct master *m, struct watcher *w);

void watch_task_added(struct master *m, const struct task *t);
void watch_task_updated(struct master *m, const struct task *t,
	const struct Mesos__V1__TaskStatus *status);
void watch_agent_added(struct master *m, const struct agent *a);
/* Also when it becomes unreachable, unlike in Mesos: it is added again when it
 * comes back. */
void watch_agent_removed(struct master *m, const char *agent_id);
void watch_framework_added(struct master *m, const struct framework *fw);
void watch_framework_updated(struct master *m, const struct framework *fw);
void watch_framework_removed(struct master *m, const struct framework *fw);

#endif
