/*
 * register.h - the agent and its master: known to it, alive for it, and gone.
 *
 * The edge dials; here the agent asks to be registered on every link that
 * comes up, again after growing pauses while there is no answer, and watches
 * the master's pings. Rules: Mesos' agent, "Registration timing", "Liveness",
 * "Stopping".
 */
#ifndef AGENT_REGISTER_H
#define AGENT_REGISTER_H

#include <stdbool.h>
#include <stdint.h>

struct Butte__Link__AgentRegistered;
struct Butte__Link__AgentReregistered;
struct Butte__Link__Ping;
struct agent;
struct outbox;

void register_up(struct agent *a, uint64_t link, struct outbox *out);
void register_down(struct agent *a, uint64_t link);
void register_done(struct agent *a,
	const struct Butte__Link__AgentRegistered *m, struct outbox *out);
void register_again_done(struct agent *a,
	const struct Butte__Link__AgentReregistered *m, struct outbox *out);
void register_ping(
	struct agent *a, const struct Butte__Link__Ping *m, struct outbox *out);
/* Asks now, if there is a link and the agent may. */
void register_ask(struct agent *a, struct outbox *out);
void register_tick(struct agent *a, struct outbox *out);
uint64_t register_next_due(const struct agent *a);

/* Ends everything, then exits; goodbye: the master is told at the end. The id
 * is given up. */
void register_leave(struct agent *a, bool goodbye, struct outbox *out);
/* A framework is gone; the last one may be what leaving waits for. */
void register_framework_gone(struct agent *a, struct outbox *out);

#endif
