/*
 * report_v1.h - tables as v1 messages: what offers show, what operators ask for.
 *
 * Messages live in the arena and may point into the tables: encode them in the
 * same step.
 */
#ifndef MASTER_REPORT_V1_H
#define MASTER_REPORT_V1_H

#include <stddef.h>

struct Mesos__V1__Attribute;
struct Mesos__V1__ExecutorInfo;
struct Mesos__V1__Master__Response__GetAgents__Agent;
struct Mesos__V1__Master__Response__GetFrameworks__Framework;
struct Mesos__V1__Master__Response__GetAgents;
struct Mesos__V1__Master__Response__GetExecutors;
struct Mesos__V1__Master__Response__GetFrameworks;
struct Mesos__V1__Master__Response__GetState;
struct Mesos__V1__Master__Response__GetTasks;
struct Mesos__V1__Offer;
struct Mesos__V1__Task;
struct Mesos__V1__TaskStatus;
struct agent;
struct arena;
struct blob;
struct executor;
struct framework;
struct master;
struct offer;
struct res;
struct task;

/* In the form that the framework's capabilities ask for. */
struct Mesos__V1__Offer *report_v1_offer(
	const struct offer *o, struct arena *arena);
/* With its state, resources and history. */
struct Mesos__V1__Task *report_v1_task(
	const struct task *t, struct arena *arena);
/* Without the history. */
struct Mesos__V1__Task *report_v1_task_info(
	const struct task *t, struct arena *arena);
struct Mesos__V1__TaskStatus *report_v1_status(
	const struct blob *b, struct arena *arena);
/* The newest of its history, or NULL. */
struct Mesos__V1__TaskStatus *report_v1_last_status(
	const struct task *t, struct arena *arena);
struct Mesos__V1__ExecutorInfo *report_v1_executor(
	const struct executor *x, struct arena *arena);
struct Mesos__V1__Master__Response__GetAgents__Agent *report_v1_agent(
	const struct agent *a, struct arena *arena);
/* Completed ones too. */
struct Mesos__V1__Master__Response__GetFrameworks__Framework *
report_v1_framework(const struct framework *fw, struct arena *arena);

/* The lists of the operator API; completed frameworks' tasks are among the
 * tasks. */
struct Mesos__V1__Master__Response__GetAgents *report_v1_agents(
	const struct master *m, struct arena *arena);
struct Mesos__V1__Master__Response__GetFrameworks *report_v1_frameworks(
	const struct master *m, struct arena *arena);
struct Mesos__V1__Master__Response__GetTasks *report_v1_tasks(
	const struct master *m, struct arena *arena);
struct Mesos__V1__Master__Response__GetExecutors *report_v1_executors(
	const struct master *m, struct arena *arena);
struct Mesos__V1__Master__Response__GetState *report_v1_state(
	const struct master *m, struct arena *arena);

/* Adds what the framework's tasks and executors use, and what it is offered. */
void report_v1_framework_used(const struct framework *fw, struct res *to);
void report_v1_framework_offered(const struct framework *fw, struct res *to);
void report_v1_agent_offered(const struct agent *a, struct res *to);

#endif
