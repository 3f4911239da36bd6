/*
 * metrics.h - what the master counts, and /metrics/snapshot.
 *
 * Counters are bumped where the thing happens; gauges are worked out by walking
 * the tables when somebody asks. Names are those of Mesos, so that dashboards
 * made for it go on working.
 */
#ifndef MASTER_METRICS_H
#define MASTER_METRICS_H

#include <stdint.h>

struct framework;
struct master;

/* X(ID, name below "master/") */
#define METRICS_COUNTERS(X)                                                  \
	X(AGENT_REGISTRATIONS, "slave_registrations")                        \
	X(AGENT_REREGISTRATIONS, "slave_reregistrations")                    \
	X(AGENT_REMOVALS, "slave_removals")                                  \
	X(AGENT_REMOVALS_REGISTERED, "slave_removals/reason_registered")     \
	X(AGENT_REMOVALS_UNHEALTHY, "slave_removals/reason_unhealthy")       \
	X(AGENT_REMOVALS_UNREGISTERED, "slave_removals/reason_unregistered") \
	X(UNREACHABLE_SCHEDULED, "slave_unreachable_scheduled")              \
	X(UNREACHABLE_COMPLETED, "slave_unreachable_completed")              \
	X(UNREACHABLE_CANCELED, "slave_unreachable_canceled")                \
	X(RECOVERY_REMOVALS, "recovery_slave_removals")                      \
	X(DROPPED_MESSAGES, "dropped_messages")                              \
	X(VALID_UPDATES, "valid_status_updates")                             \
	X(INVALID_UPDATES, "invalid_status_updates")                         \
	X(VALID_ACKS, "valid_status_update_acknowledgements")                \
	X(INVALID_ACKS, "invalid_status_update_acknowledgements")            \
	X(VALID_TO_EXECUTOR, "valid_framework_to_executor_messages")         \
	X(INVALID_TO_EXECUTOR, "invalid_framework_to_executor_messages")     \
	X(VALID_TO_FRAMEWORK, "valid_executor_to_framework_messages")        \
	X(INVALID_TO_FRAMEWORK, "invalid_executor_to_framework_messages")    \
	X(MSG_REGISTER_FRAMEWORK, "messages_register_framework")             \
	X(MSG_REREGISTER_FRAMEWORK, "messages_reregister_framework")         \
	X(MSG_UNREGISTER_FRAMEWORK, "messages_unregister_framework")         \
	X(MSG_DEACTIVATE_FRAMEWORK, "messages_deactivate_framework")         \
	X(MSG_KILL_TASK, "messages_kill_task")                               \
	X(MSG_STATUS_UPDATE, "messages_status_update")                       \
	X(MSG_STATUS_UPDATE_ACK, "messages_status_update_acknowledgement")   \
	X(MSG_RESOURCE_REQUEST, "messages_resource_request")                 \
	X(MSG_LAUNCH_TASKS, "messages_launch_tasks")                         \
	X(MSG_DECLINE_OFFERS, "messages_decline_offers")                     \
	X(MSG_REVIVE_OFFERS, "messages_revive_offers")                       \
	X(MSG_SUPPRESS_OFFERS, "messages_suppress_offers")                   \
	X(MSG_RECONCILE_TASKS, "messages_reconcile_tasks")                   \
	X(MSG_FRAMEWORK_TO_EXECUTOR, "messages_framework_to_executor")       \
	X(MSG_EXECUTOR_TO_FRAMEWORK, "messages_executor_to_framework")       \
	X(MSG_REGISTER_AGENT, "messages_register_slave")                     \
	X(MSG_REREGISTER_AGENT, "messages_reregister_slave")                 \
	X(MSG_UNREGISTER_AGENT, "messages_unregister_slave")                 \
	X(MSG_EXITED_EXECUTOR, "messages_exited_executor")                   \
	X(MSG_UPDATE_AGENT, "messages_update_slave")

enum metrics_counter {
#define METRICS_ENUM(id, name) METRICS_##id,
	METRICS_COUNTERS(METRICS_ENUM)
#undef METRICS_ENUM
		METRICS_N
};

/* Bounds of the v1 enums of task states, sources and reasons, plus one. */
#define METRICS_STATES	14
#define METRICS_SOURCES 3
#define METRICS_REASONS 36
#define METRICS_CALLS	18
#define METRICS_EVENTS	12

struct metrics {
	uint64_t counters[METRICS_N];
	uint64_t tasks[METRICS_STATES]; /* that reached a terminal state */
	uint64_t causes[METRICS_STATES][METRICS_SOURCES][METRICS_REASONS];
	uint64_t messages; /* events that the room has stepped */
};

/* Of one framework. */
struct metrics_framework {
	uint64_t calls[METRICS_CALLS];	 /* by the v1 number */
	uint64_t events[METRICS_EVENTS]; /* by the v1 number */
	uint64_t tasks[METRICS_STATES];	 /* that reached a terminal state */
	uint64_t offers_sent, offers_accepted, offers_declined,
		offers_rescinded;
};

/* m->metrics.counters[METRICS_x]++, for the length of the name's sake. */
#define METRICS_BUMP(m, id) ((void)(m)->metrics.counters[METRICS_##id]++)

/* A task reached a terminal state (or, by the master, TASK_UNREACHABLE).
 * source, reason: v1 numbers, -1 if unset. */
void metrics_task_end(struct master *m, struct framework *fw, int state,
	int source, int reason);

/* Each metric once; name is borrowed for the call. */
typedef void metrics_emit_f(void *ctx, const char *name, double value);
void metrics_walk(const struct master *m, metrics_emit_f *emit, void *ctx);

#endif
