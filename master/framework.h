/*
 * framework.h - frameworks come, go, come back and are given up.
 *
 * A framework is connected while its event stream stands. When the stream
 * breaks it has failover_timeout to subscribe again with its id; then it is
 * removed with all its tasks. The deadline is in the registry, so a restarted
 * master goes on waiting: for the rest of that time, and at least for
 * agent_reregister_timeout, since nobody could subscribe while no master was
 * there. (Mesos waits for ever then.)
 *
 * Removed frameworks stay on a bounded list; their ids are refused.
 */
#ifndef MASTER_FRAMEWORK_H
#define MASTER_FRAMEWORK_H

#include <stdint.h>

struct Mesos__V1__FrameworkInfo;
struct Mesos__V1__Scheduler__Call;
struct err;
struct framework;
struct master;
struct master_event;

/* A SUBSCRIBE that passed validate_call(): opens the stream in any case; a
 * refusal is an ERROR event on it. */
void framework_subscribe(struct master *m, const struct master_event *ev);
/* Its stream broke. */
void framework_disconnect(struct master *m, struct framework *fw);
/* The deadline of a disconnected or recovered one. */
void framework_expire(struct master *m, struct framework *fw);
void framework_heartbeat(struct master *m, struct framework *fw);
/* With all its tasks, everywhere; it is on the completed list after this. */
void framework_remove(struct master *m, struct framework *fw, const char *why);

/* One that an agent knows and we don't. */
struct framework *framework_recover(
	struct master *m, const struct Mesos__V1__FrameworkInfo *info);
/* Makes one that the registry had known to the allocator. */
void framework_loaded(struct master *m, struct framework *fw);
/* This run has begun: how long to wait for a recovered one. */
void framework_wait(struct master *m, struct framework *fw);

void framework_revive(struct master *m, struct framework *fw,
	const struct Mesos__V1__Scheduler__Call *call);
void framework_suppress(struct master *m, struct framework *fw,
	const struct Mesos__V1__Scheduler__Call *call);

#endif
