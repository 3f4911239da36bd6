/*
 * accept.h - ACCEPT and DECLINE: what a framework does with its offers.
 *
 * An ACCEPT pools the resources of its offers and runs its operations against
 * the pool, in order; what is left goes back. Nothing is half applied: either
 * the offers are good and each task is launched or answered with its error, or
 * the whole call is answered without a task being started.
 */
#ifndef MASTER_ACCEPT_H
#define MASTER_ACCEPT_H

struct Mesos__V1__Scheduler__Call;
struct framework;
struct master;

/* The name of an operation in it that this version doesn't do, or NULL. Ask
 * before anything else, so that nothing is silently left out. */
const char *accept_unsupported(const struct Mesos__V1__Scheduler__Call *call);

void accept_call(struct master *m, struct framework *fw,
	const struct Mesos__V1__Scheduler__Call *call);
void accept_decline(struct master *m, struct framework *fw,
	const struct Mesos__V1__Scheduler__Call *call);

#endif
