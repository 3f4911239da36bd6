/*
 * execapi.h - the executor API: calls of executors, and events to them.
 *
 * The edge has checked method, media types and decoding; here the state decides
 * on the status code. Rules: Mesos' agent, "Executor API".
 */
#ifndef AGENT_EXECAPI_H
#define AGENT_EXECAPI_H

#include <stdint.h>

struct Butte__Link__FrameworkMessage;
struct agent;
struct agent_event;
struct outbox;

void execapi_call(
	struct agent *a, const struct agent_event *ev, struct outbox *out);
void execapi_stream_down(struct agent *a, uint64_t stream);
/* From its framework, by way of the master. */
void execapi_message(struct agent *a,
	const struct Butte__Link__FrameworkMessage *m, struct outbox *out);
/* Sends the heartbeats that are due. */
void execapi_tick(struct agent *a, struct outbox *out);

#endif
