/*
 * roster.h - the agents we know: who registers, who comes back and with what.
 *
 * An agent is admitted by a record in the registry before it is told so. It is
 * `recovered` after a restart of the master until it re-registers. What runs on
 * an agent is the agent's knowledge: tasks that only it knows are taken over,
 * tasks that only we know are sent back for it to report as lost.
 */
#ifndef MASTER_ROSTER_H
#define MASTER_ROSTER_H

#include <stdint.h>

struct Butte__Link__ToMaster;
struct agent;
struct master;

/* A link is up; who is at its other end will be said on it. */
void roster_link_up(struct master *m, uint64_t link, const char *ip);
void roster_link_down(struct master *m, uint64_t link);
void roster_message(struct master *m, uint64_t link,
	const struct Butte__Link__ToMaster *msg);

#endif
