/*
 * reconcile.h - what the master answers when a framework asks about tasks.
 *
 * Answers are UPDATE events with REASON_RECONCILIATION and no uuid, so nothing
 * is to be acknowledged. No answer means: ask again, an agent that may know is
 * not back yet.
 */
#ifndef MASTER_RECONCILE_H
#define MASTER_RECONCILE_H

struct Mesos__V1__Scheduler__Call;
struct framework;
struct master;

/* An empty list asks for all active tasks. */
void reconcile_call(struct master *m, struct framework *fw,
	const struct Mesos__V1__Scheduler__Call *call);
/* agent_id may be NULL. */
void reconcile_task(struct master *m, struct framework *fw, const char *task_id,
	const char *agent_id);

#endif
