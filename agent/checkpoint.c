/* checkpoint.c - see checkpoint.h. */
#include "agent/checkpoint.h"

#include <inttypes.h>

#include "agent/hold.h"
#include "butte/checkpoint.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "mesos/v1/mesos.pb-c.h"

/* The agent table's only key. */
#define AGENT_KEY "agent"

static const char *executor_key(const struct executor *e, struct outbox *out);
static const char *task_key(const struct task *t, struct outbox *out);
static const char *update_key(
	const struct task *t, uint64_t number, struct outbox *out);
static const char *number_key(uint64_t number, struct outbox *out);

void checkpoint_agent(const struct agent *a, struct outbox *out)
{
	Butte__Checkpoint__Agent row = BUTTE__CHECKPOINT__AGENT__INIT;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;

	if (a->id != NULL) {
		id.value = arena_strdup(&out->arena, a->id);
		row.agent_id = &id;
	}
	row.info = a->info;
	row.boot_id = arena_strdup(&out->arena, a->cfg->boot_id);
	outbox_put(out, AGENT_TABLE_AGENT, AGENT_KEY, &row.base);
}

void checkpoint_agent_del(struct outbox *out)
{
	outbox_del(out, AGENT_TABLE_AGENT, AGENT_KEY);
}

void checkpoint_framework(const struct framework *f, struct outbox *out)
{
	Butte__Checkpoint__Framework row = BUTTE__CHECKPOINT__FRAMEWORK__INIT;

	row.info = hold_framework_info(f, &out->arena);
	row.has_terminating = row.terminating = f->terminating;
	outbox_put(out, AGENT_TABLE_FRAMEWORK, f->id, &row.base);
}

void checkpoint_framework_del(const struct framework *f, struct outbox *out)
{
	outbox_del(out, AGENT_TABLE_FRAMEWORK, f->id);
}

void checkpoint_executor(const struct executor *e, struct outbox *out)
{
	Butte__Checkpoint__Executor row = BUTTE__CHECKPOINT__EXECUTOR__INIT;

	row.info = hold_executor_info(e, &out->arena);
	row.container_id = arena_strdup(&out->arena, e->container_id);
	row.generated = e->generated;
	row.has_pid = e->pid != 0;
	row.pid = e->pid;
	row.has_start_ticks = e->pid != 0;
	row.start_ticks = e->start_ticks;
	row.has_lost = row.lost = e->lost;
	row.has_terminating = row.terminating =
		e->state == EXECUTOR_TERMINATING;
	outbox_put(out, AGENT_TABLE_EXECUTOR, executor_key(e, out), &row.base);
}

void checkpoint_executor_del(const struct executor *e, struct outbox *out)
{
	outbox_del(out, AGENT_TABLE_EXECUTOR, executor_key(e, out));
}

void checkpoint_task(const struct task *t, struct outbox *out)
{
	Butte__Checkpoint__Task row = BUTTE__CHECKPOINT__TASK__INIT;
	Mesos__V1__ExecutorID executor = MESOS__V1__EXECUTOR_ID__INIT;

	row.info = hold_task_info(t, &out->arena);
	if (row.info == NULL)
		return;
	row.number = t->number;
	if (t->executor != NULL) {
		executor.value = arena_strdup(&out->arena, t->executor->id);
		row.executor_id = &executor;
	}
	outbox_put(out, AGENT_TABLE_TASK, task_key(t, out), &row.base);
}

void checkpoint_task_del(const struct task *t, struct outbox *out)
{
	const struct update *u;
	size_t i;

	if (t->info.data == NULL)
		return;
	outbox_del(out, AGENT_TABLE_TASK, task_key(t, out));
	for (i = 0; i < t->n_acked; i++)
		checkpoint_update_del(t, t->acked[i].number, out);
	TAILQ_FOREACH (u, &t->updates, next)
		checkpoint_update_del(t, u->number, out);
	if (t->held != NULL)
		checkpoint_update_del(t, t->held->number, out);
}

void checkpoint_update(const struct task *t, const struct update *u, bool held,
	struct outbox *out)
{
	Butte__Checkpoint__Update row = BUTTE__CHECKPOINT__UPDATE__INIT;
	uint8_t uuid[16];

	if (t->info.data == NULL)
		return;
	row.uuid.data = arena_memdup(&out->arena, u->uuid, sizeof(uuid));
	row.uuid.len = sizeof(uuid);
	row.state = (Mesos__V1__TaskState)u->state;
	row.status = MSG_UNPACK(Mesos__V1__TaskStatus, &out->arena,
		&mesos__v1__task_status__descriptor, u->status.data,
		u->status.size, NULL);
	CHECK(row.status != NULL);
	row.has_held = row.held = held;
	outbox_put(out, AGENT_TABLE_UPDATE, update_key(t, u->number, out),
		&row.base);
}

void checkpoint_update_acked(
	const struct task *t, const struct update *u, struct outbox *out)
{
	Butte__Checkpoint__Update row = BUTTE__CHECKPOINT__UPDATE__INIT;
	uint8_t uuid[16];

	if (t->info.data == NULL)
		return;
	row.uuid.data = arena_memdup(&out->arena, u->uuid, sizeof(uuid));
	row.uuid.len = sizeof(uuid);
	row.state = (Mesos__V1__TaskState)u->state;
	outbox_put(out, AGENT_TABLE_UPDATE, update_key(t, u->number, out),
		&row.base);
}

void checkpoint_update_del(
	const struct task *t, uint64_t number, struct outbox *out)
{
	if (t->info.data != NULL)
		outbox_del(out, AGENT_TABLE_UPDATE, update_key(t, number, out));
}

void checkpoint_sandbox(
	const struct sandbox *s, int64_t ended_ns, struct outbox *out)
{
	Butte__Checkpoint__Sandbox row = BUTTE__CHECKPOINT__SANDBOX__INIT;

	row.directory = arena_strdup(&out->arena, s->directory);
	row.ended_ns = ended_ns;
	outbox_put(out, AGENT_TABLE_SANDBOX, number_key(s->number, out),
		&row.base);
}

void checkpoint_sandbox_del(uint64_t number, struct outbox *out)
{
	outbox_del(out, AGENT_TABLE_SANDBOX, number_key(number, out));
}

/* Ids hold no slash, so keys can't be mixed up. */
static const char *executor_key(const struct executor *e, struct outbox *out)
{
	return arena_printf(&out->arena, "%s/%s", e->framework->id, e->id);
}

static const char *task_key(const struct task *t, struct outbox *out)
{
	return arena_printf(&out->arena, "%s/%s", t->framework->id, t->id);
}

static const char *update_key(
	const struct task *t, uint64_t number, struct outbox *out)
{
	return arena_printf(&out->arena, "%s/%s/%016" PRIx64, t->framework->id,
		t->id, number);
}

static const char *number_key(uint64_t number, struct outbox *out)
{
	return arena_printf(&out->arena, "%016" PRIx64, number);
}
