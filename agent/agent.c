/*
 * agent.c - see agent.h. The door: every event comes in here and goes to the
 * file that knows what to do.
 */
#include "agent/agent.h"

#include <stdlib.h>

#include "agent/agent_operator.h"
#include "agent/agent_report.h"
#include "agent/checkpoint.h"
#include "agent/container.h"
#include "agent/execapi.h"
#include "agent/gc.h"
#include "agent/hold.h"
#include "agent/recover.h"
#include "agent/register.h"
#include "agent/run.h"
#include "agent/stream.h"
#include "butte/link.pb-c.h"
#include "common/check.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "mesos/v1/agent/agent.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"

const char *const agent_table_names[AGENT_TABLES] = {
	[AGENT_TABLE_AGENT] = "agent",
	[AGENT_TABLE_FRAMEWORK] = "framework",
	[AGENT_TABLE_EXECUTOR] = "executor",
	[AGENT_TABLE_TASK] = "task",
	[AGENT_TABLE_UPDATE] = "task_update",
	[AGENT_TABLE_SANDBOX] = "sandbox",
};
_Static_assert(AGENT_TABLE_SANDBOX + 1 == AGENT_TABLES, "a name per table");

static void on_msg(
	struct agent *a, const Butte__Link__ToAgent *m, struct outbox *out);
static void on_update_framework(struct agent *a,
	const Butte__Link__UpdateFramework *m, struct outbox *out);
static void on_shutdown_framework(struct agent *a,
	const Butte__Link__ShutdownFramework *m, struct outbox *out);
static void on_shutdown_executor(struct agent *a,
	const Butte__Link__ShutdownExecutor *m, struct outbox *out);
static void on_query(
	struct agent *a, const struct agent_event *ev, struct outbox *out);
static void on_tick(struct agent *a, struct outbox *out);

struct agent *agent_new(const struct agent_config *cfg)
{
	struct agent *a = xcalloc(1, sizeof(*a));

	CHECK(cfg->info != NULL);
	CHECK(cfg->work_dir != NULL && cfg->work_dir[0] == '/');
	CHECK(cfg->boot_id != NULL);
	a->cfg = cfg;
	a->register_due = HOLD_NEVER;
	a->ping_due = HOLD_NEVER;
	hold_init(a, cfg->seed);
	return a;
}

void agent_free(struct agent *a)
{
	if (a == NULL)
		return;
	hold_fini(a);
	if (a->info != NULL)
		msg_free(&a->info->base);
	free(a->id);
	free(a->withheld);
	free(a->master_hostname);
	free(a->old_boot_id);
	free(a);
}

int agent_load(struct agent *a, unsigned table, const char *key,
	const uint8_t *value, size_t size, struct err *e)
{
	CHECK(a->phase == PHASE_NEW);
	return recover_row(a, table, key, value, size, e);
}

int agent_begin(struct agent *a, uint64_t now_ms, int64_t wall_ns,
	struct outbox *out, struct err *e)
{
	CHECK(a->phase == PHASE_NEW);
	a->now_ms = a->begin_ms = now_ms;
	a->wall_ns = a->begin_wall_ns = wall_ns;
	return recover_begin(a, out, e);
}

void agent_step(
	struct agent *a, const struct agent_event *ev, struct outbox *out)
{
	CHECK(a->phase != PHASE_NEW);
	if (ev->now_ms > a->now_ms)
		a->now_ms = ev->now_ms;
	a->wall_ns = ev->wall_ns;
	switch (ev->type) {
	case AGENT_TICK:
		break;
	case AGENT_UPLINK_UP:
		register_up(a, ev->from, out);
		break;
	case AGENT_UPLINK_MSG:
		if (ev->from == a->link)
			on_msg(a, ev->msg, out);
		break;
	case AGENT_UPLINK_DOWN:
		register_down(a, ev->from);
		break;
	case AGENT_EXECUTOR:
		execapi_call(a, ev, out);
		break;
	case AGENT_OPERATOR:
		agent_operator_call(a, ev, out);
		break;
	case AGENT_QUERY:
		on_query(a, ev, out);
		break;
	case AGENT_STREAM_DOWN:
		execapi_stream_down(a, ev->from);
		break;
	case AGENT_STARTED:
		container_started(a, ev, out);
		break;
	case AGENT_START_FAILED:
		container_start_failed(a, ev, out);
		break;
	case AGENT_EXITED:
		container_exited(a, ev, out);
		break;
	case AGENT_UNREGISTER:
		register_leave(a, true, out);
		break;
	}
	on_tick(a, out);
	recover_check(a, out);
}

/* Time passes with every event. */
static void on_tick(struct agent *a, struct outbox *out)
{
	container_tick(a, out);
	execapi_tick(a, out);
	stream_tick(a, out);
	register_tick(a, out);
	gc_tick(a, out);
}

static uint64_t heap_due(const struct heap *h)
{
	const struct heap_node *n = heap_min(h);

	return n != NULL ? n->key : HOLD_NEVER;
}

uint64_t agent_next_due(const struct agent *a)
{
	const uint64_t dues[] = {
		heap_due(&a->executor_dues),
		heap_due(&a->heartbeat_dues),
		heap_due(&a->kill_dues),
		heap_due(&a->retry_dues),
		register_next_due(a),
		gc_next_due(a),
	};
	uint64_t due = HOLD_NEVER;
	size_t i;

	for (i = 0; i < ARRAY_LEN(dues); i++)
		if (dues[i] < due)
			due = dues[i];
	return due;
}

static void on_msg(
	struct agent *a, const Butte__Link__ToAgent *m, struct outbox *out)
{
	switch ((int)m->msg_case) {
	case BUTTE__LINK__TO_AGENT__MSG_AGENT_REGISTERED:
		register_done(a, m->agent_registered, out);
		return;
	case BUTTE__LINK__TO_AGENT__MSG_AGENT_REREGISTERED:
		register_again_done(a, m->agent_reregistered, out);
		return;
	case BUTTE__LINK__TO_AGENT__MSG_RUN_TASK:
		run_task(a, m->run_task, out);
		return;
	case BUTTE__LINK__TO_AGENT__MSG_KILL_TASK:
		run_kill(a, m->kill_task, out);
		return;
	case BUTTE__LINK__TO_AGENT__MSG_SHUTDOWN_FRAMEWORK:
		on_shutdown_framework(a, m->shutdown_framework, out);
		return;
	case BUTTE__LINK__TO_AGENT__MSG_SHUTDOWN_EXECUTOR:
		on_shutdown_executor(a, m->shutdown_executor, out);
		return;
	case BUTTE__LINK__TO_AGENT__MSG_FRAMEWORK_MESSAGE:
		execapi_message(a, m->framework_message, out);
		return;
	case BUTTE__LINK__TO_AGENT__MSG_STATUS_UPDATE_ACK:
		stream_ack(a, m->status_update_ack, out);
		return;
	case BUTTE__LINK__TO_AGENT__MSG_UPDATE_FRAMEWORK:
		on_update_framework(a, m->update_framework, out);
		return;
	case BUTTE__LINK__TO_AGENT__MSG_PING:
		register_ping(a, m->ping, out);
		return;
	case BUTTE__LINK__TO_AGENT__MSG_SHUTDOWN:
		log_warn("shutdown", "why='%s'", m->shutdown->message);
		register_leave(a, false, out);
		return;
	default:
		log_warn("uplink_message_unknown", "case=%d", (int)m->msg_case);
		return;
	}
}

/* A framework that comes back, or changed, gets its heads at once. */
static void on_update_framework(struct agent *a,
	const Butte__Link__UpdateFramework *m, struct outbox *out)
{
	struct framework *f = m->framework->id != NULL
		? hold_framework_find(a, m->framework->id->value)
		: NULL;

	if (f == NULL || f->terminating)
		return;
	hold_framework_update(f, m->framework);
	if (!f->made_up)
		checkpoint_framework(f, out);
	stream_resume_framework(a, f, out);
}

static void on_shutdown_framework(struct agent *a,
	const Butte__Link__ShutdownFramework *m, struct outbox *out)
{
	struct framework *f = hold_framework_find(a, m->framework_id->value);

	if (f != NULL)
		container_shut_down_framework(a, f, out);
}

static void on_shutdown_executor(struct agent *a,
	const Butte__Link__ShutdownExecutor *m, struct outbox *out)
{
	struct framework *f = hold_framework_find(a, m->framework_id->value);
	struct executor *e =
		f != NULL ? hold_executor_find(f, m->executor_id->value) : NULL;

	if (e != NULL)
		container_shut_down(a, e, out);
}

static void on_query(
	struct agent *a, const struct agent_event *ev, struct outbox *out)
{
	if (a->phase != PHASE_UP) {
		outbox_reply_text(
			out, ev->from, 503, "Agent has not finished recovery");
		return;
	}
	switch (ev->report) {
	case AGENT_REPORT_STATE:
		agent_report_state(a, ev->from, out);
		return;
	case AGENT_REPORT_METRICS:
		agent_report_metrics(a, ev->from, out);
		return;
	}
	UNREACHABLE();
}

bool agent_has_container(const struct agent *a, const char *container_id)
{
	return hold_executor_by_container(a, container_id) != NULL;
}

void agent_machine_set(struct agent *a, const struct agent_machine *machine)
{
	a->machine = *machine;
}

void agent_check(const struct agent *a)
{
	hold_check(a);
	CHECK(!a->registered || (a->link != 0 && a->id != NULL));
	CHECK(a->phase == PHASE_RECOVERING || a->n_expected == 0);
}
