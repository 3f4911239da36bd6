/*
 * agent_operator.h - the agent's part of the operator API (v1).
 *
 * Calls of files are the edge's. KILL_CONTAINER ends the container of an
 * executor as if the kernel had; other signals than 9 are refused. Calls that this agent does not know how to do
 * are answered 501 with their name.
 */
#ifndef AGENT_AGENT_OPERATOR_H
#define AGENT_AGENT_OPERATOR_H

struct agent;
struct agent_event;
struct outbox;

void agent_operator_call(
	struct agent *a, const struct agent_event *ev, struct outbox *out);

#endif
