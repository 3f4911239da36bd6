/*
 * run.h - one task's life, as the master wants it: run, kill.
 *
 * A task comes with an executor, or with a command for which an executor is
 * generated. It is recorded, queued, and delivered when its executor has
 * subscribed. What can't run is refused by a status update of the agent's.
 * Rules: Mesos' agent, "Drops by the agent at launch", "Command executor".
 */
#ifndef AGENT_RUN_H
#define AGENT_RUN_H

struct Butte__Link__AgentReregistered__Lost;
struct Butte__Link__KillTask;
struct Butte__Link__RunTask;
struct Mesos__V1__KillPolicy;
struct agent;
struct executor;
struct outbox;
struct task;

void run_task(struct agent *a, const struct Butte__Link__RunTask *m,
	struct outbox *out);
void run_kill(struct agent *a, const struct Butte__Link__KillTask *m,
	struct outbox *out);
/* The master knows a task that we don't. */
void run_lost(struct agent *a,
	const struct Butte__Link__AgentReregistered__Lost *m,
	struct outbox *out);
/* Gives a subscribed executor whose process is known what is queued for it:
 * tasks, and kills. */
void run_deliver(struct agent *a, struct executor *e, struct outbox *out);
/* The task was never there: TASK_DROPPED, TASK_LOST for those who don't know
 * that state. */
void run_drop(struct agent *a, struct task *t, int reason, const char *message,
	struct outbox *out);

#endif
