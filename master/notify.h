/*
 * notify.h - what the master tells frameworks: the events of the scheduler API.
 *
 * Nothing is kept for a framework that is not connected: it gets no event, and
 * learns by reconciliation. The functions count what they send.
 */
#ifndef MASTER_NOTIFY_H
#define MASTER_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

struct Butte__Link__FrameworkMessage;
struct Mesos__V1__MasterInfo;
struct Mesos__V1__TaskStatus;
struct agent;
struct arena;
struct framework;
struct master;
struct offer;

#define NOTIFY_HEARTBEAT_MS 15000

void notify_subscribed(struct master *m, struct framework *fw);
void notify_heartbeat(struct master *m, struct framework *fw);
/* One event for all of them. */
void notify_offers(struct master *m, struct framework *fw,
	struct offer *const *offers, size_t n);
void notify_rescind(struct master *m, struct offer *o);
void notify_update(struct master *m, struct framework *fw,
	const struct Mesos__V1__TaskStatus *status);
void notify_message(struct master *m, struct framework *fw,
	const struct agent *a, const struct Butte__Link__FrameworkMessage *msg);
/* An agent was lost: to all connected frameworks. */
void notify_agent_failure(struct master *m, const char *agent_id);
void notify_executor_failure(struct master *m, struct framework *fw,
	const char *agent_id, const char *executor_id, int status);
/* On a stream that is no framework's (any more), which is closed after it. */
void notify_error(struct master *m, uint64_t stream, const char *text);

/* Who we are; in the arena. */
struct Mesos__V1__MasterInfo *notify_master_info(
	const struct master *m, struct arena *arena);

#endif
