/*
 * agent_report.h - the agent's v0 endpoints: /state and /metrics/snapshot.
 *
 * Names are those of Mesos' agent ("slave" is what v0 says).
 */
#ifndef AGENT_AGENT_REPORT_H
#define AGENT_AGENT_REPORT_H

#include <stdint.h>

struct agent;
struct outbox;

void agent_report_state(
	const struct agent *a, uint64_t request, struct outbox *out);
void agent_report_metrics(
	const struct agent *a, uint64_t request, struct outbox *out);

/* Each metric's name and value, in order; for GET_METRICS too. */
typedef void agent_report_metric_f(void *ctx, const char *name, double value);
void agent_report_each_metric(
	const struct agent *a, agent_report_metric_f *each, void *ctx);

#endif
