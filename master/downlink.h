/*
 * downlink.h - what the master tells agents: the ToAgent messages of link.proto.
 *
 * A message to a disconnected agent is dropped here: what must not be lost is
 * said again when the agent re-registers.
 */
#ifndef MASTER_DOWNLINK_H
#define MASTER_DOWNLINK_H

#include <stddef.h>
#include <stdint.h>

struct Butte__Link__AgentReregistered__Lost;
struct Butte__Link__RunTask;
struct Mesos__V1__Scheduler__Call__Acknowledge;
struct Mesos__V1__Scheduler__Call__Message;
struct agent;
struct framework;
struct master;
struct task;

void downlink_registered(struct master *m, const struct agent *a);
void downlink_reregistered(struct master *m, const struct agent *a,
	struct Butte__Link__AgentReregistered__Lost **lost, size_t n_lost);
void downlink_ping(struct master *m, const struct agent *a);
void downlink_run(struct master *m, const struct agent *a,
	const struct Butte__Link__RunTask *run);
/* With the kill policy that the task remembers. */
void downlink_kill(struct master *m, const struct task *t);
/* A task that is in no table of ours. */
void downlink_kill_unknown(struct master *m, const struct agent *a,
	const char *framework_id, const char *task_id);
void downlink_ack(struct master *m, const struct agent *a,
	const struct framework *fw,
	const struct Mesos__V1__Scheduler__Call__Acknowledge *ack);
void downlink_message(struct master *m, const struct agent *a,
	const struct framework *fw,
	const struct Mesos__V1__Scheduler__Call__Message *msg);
void downlink_update_framework(
	struct master *m, const struct agent *a, const struct framework *fw);
void downlink_shutdown_framework(
	struct master *m, const struct agent *a, const char *framework_id);
void downlink_shutdown_executor(struct master *m, const struct agent *a,
	const struct framework *fw, const char *executor_id);
/* Ends the agent for good; on a link that may be no registered agent's. */
void downlink_shutdown(struct master *m, uint64_t link, const char *why);

#endif
