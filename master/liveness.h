/*
 * liveness.h - whether agents are there: pings, broken links, time limits, and
 * what is done about those that are not.
 *
 * A registered agent is pinged every agent_ping_timeout;
 * max_agent_ping_timeouts unanswered ones in a row, or a link that stays broken
 * for agent_reregister_timeout, make it unreachable. That is in the registry
 * before any framework hears of it, and waits for its turn if
 * --agent_removal_rate_limit is set; an agent that answers meanwhile stays.
 */
#ifndef MASTER_LIVENESS_H
#define MASTER_LIVENESS_H

#include <stdint.h>

struct agent;
struct master;

/* It has (re-)registered: pings start. */
void liveness_start(struct master *m, struct agent *a);
void liveness_pong(struct master *m, struct agent *a);
/* Its link broke, or another took its place. */
void liveness_disconnect(struct master *m, struct agent *a);
/* This run has begun: how long to wait for a recovered agent. */
void liveness_wait(struct master *m, struct agent *a);

/* Deadlines. */
void liveness_ping(struct master *m, struct agent *a);
void liveness_expire(struct master *m, struct agent *a);
void liveness_permit(struct master *m); /* of the rate limit */
void liveness_gc(struct master *m);	/* of the registry */

/* Takes an agent off at once, its tasks are lost: it unregistered, or another
 * has its address. */
enum liveness_removal { LIVENESS_UNREGISTERED, LIVENESS_REPLACED };
void liveness_remove(
	struct master *m, struct agent *a, enum liveness_removal why);

/* Whether it may be offered, from its link and what it asked for. */
void liveness_activate(struct master *m, struct agent *a);

#endif
