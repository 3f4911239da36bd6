/*
 * checkpoint.h - the agent's records: one function per row written or removed.
 *
 * They only put rows into the outbox; the loop commits them before any effect
 * of the same turn leaves. recover.c reads them back. Rows and keys:
 * proto/butte/checkpoint.proto, enum agent_table.
 */
#ifndef AGENT_CHECKPOINT_H
#define AGENT_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

struct agent;
struct executor;
struct framework;
struct outbox;
struct sandbox;
struct task;
struct update;

void checkpoint_agent(const struct agent *a, struct outbox *out);
/* The agent's id is given up; what is left has no owner. */
void checkpoint_agent_del(struct outbox *out);
void checkpoint_framework(const struct framework *f, struct outbox *out);
void checkpoint_framework_del(const struct framework *f, struct outbox *out);
void checkpoint_executor(const struct executor *e, struct outbox *out);
void checkpoint_executor_del(const struct executor *e, struct outbox *out);
/* Tasks without a TaskInfo have no row: the master will tell again. */
void checkpoint_task(const struct task *t, struct outbox *out);
/* The task with all its updates. */
void checkpoint_task_del(const struct task *t, struct outbox *out);
void checkpoint_update(const struct task *t, const struct update *u, bool held,
	struct outbox *out);
/* It was acknowledged: only its uuid is kept. */
void checkpoint_update_acked(
	const struct task *t, const struct update *u, struct outbox *out);
void checkpoint_update_del(
	const struct task *t, uint64_t number, struct outbox *out);
void checkpoint_sandbox(
	const struct sandbox *s, int64_t ended_ns, struct outbox *out);
void checkpoint_sandbox_del(uint64_t number, struct outbox *out);

#endif
