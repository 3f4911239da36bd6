/*
 * agent_operator.h - the agent's part of the operator API (v1).
 *
 * Calls of files are the edge's. Calls that this agent does not know how to do
 * are answered 501 with their name.
 */
#ifndef AGENT_AGENT_OPERATOR_H
#define AGENT_AGENT_OPERATOR_H

struct agent;
struct agent_event;
struct outbox;

void agent_operator_call(const struct agent *a, const struct agent_event *ev,
	struct outbox *out);

#endif
