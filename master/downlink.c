/* downlink.c - see downlink.h. */
#include "master/downlink.h"

#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/outbox.h"
#include "master/notify.h"
#include "master/state.h"
#include "mesos/v1/mesos.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

typedef Butte__Link__ToAgent to_agent;

#define MSG(name) BUTTE__LINK__TO_AGENT__MSG_##name

static void emit(struct master *m, uint64_t link, int which, to_agent *to)
{
	if (link == 0)
		return;
	to->msg_case = (Butte__Link__ToAgent__MsgCase)which;
	outbox_link_send(m->out, link, &to->base);
}

/* Silence after which the agent looks for us. */
static uint64_t silence_ms(const struct master *m)
{
	return m->cfg.agent_ping_timeout_ms * m->cfg.max_agent_ping_timeouts;
}

void downlink_registered(struct master *m, const struct agent *a)
{
	to_agent to = BUTTE__LINK__TO_AGENT__INIT;
	Butte__Link__AgentRegistered body = BUTTE__LINK__AGENT_REGISTERED__INIT;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;

	id.value = a->id;
	body.agent_id = &id;
	body.ping_timeout_ms = silence_ms(m);
	body.master_info = notify_master_info(m, &m->out->arena);
	to.agent_registered = &body;
	emit(m, a->link, MSG(AGENT_REGISTERED), &to);
}

void downlink_reregistered(struct master *m, const struct agent *a,
	Butte__Link__AgentReregistered__Lost **lost, size_t n_lost)
{
	to_agent to = BUTTE__LINK__TO_AGENT__INIT;
	Butte__Link__AgentReregistered body =
		BUTTE__LINK__AGENT_REREGISTERED__INIT;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;

	id.value = a->id;
	body.agent_id = &id;
	body.ping_timeout_ms = silence_ms(m);
	body.master_info = notify_master_info(m, &m->out->arena);
	body.lost = lost;
	body.n_lost = n_lost;
	to.agent_reregistered = &body;
	emit(m, a->link, MSG(AGENT_REREGISTERED), &to);
}

void downlink_ping(struct master *m, const struct agent *a)
{
	to_agent to = BUTTE__LINK__TO_AGENT__INIT;
	Butte__Link__Ping body = BUTTE__LINK__PING__INIT;

	body.connected = 1;
	to.ping = &body;
	emit(m, a->link, MSG(PING), &to);
}

void downlink_run(struct master *m, const struct agent *a,
	const Butte__Link__RunTask *run)
{
	to_agent to = BUTTE__LINK__TO_AGENT__INIT;
	Butte__Link__RunTask body = *run;

	to.run_task = &body;
	emit(m, a->link, MSG(RUN_TASK), &to);
}

void downlink_kill(struct master *m, const struct task *t)
{
	to_agent to = BUTTE__LINK__TO_AGENT__INIT;
	Butte__Link__KillTask body = BUTTE__LINK__KILL_TASK__INIT;
	Mesos__V1__FrameworkID fw = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__TaskID task = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__KillPolicy policy = MESOS__V1__KILL_POLICY__INIT;
	Mesos__V1__DurationInfo grace = MESOS__V1__DURATION_INFO__INIT;

	fw.value = t->framework->id;
	task.value = t->id;
	body.framework_id = &fw;
	body.task_id = &task;
	if (t->kill_grace_ns >= 0) {
		grace.nanoseconds = t->kill_grace_ns;
		policy.grace_period = &grace;
		body.kill_policy = &policy;
	}
	to.kill_task = &body;
	emit(m, t->agent->link, MSG(KILL_TASK), &to);
}

void downlink_kill_unknown(struct master *m, const struct agent *a,
	const char *framework_id, const char *task_id)
{
	to_agent to = BUTTE__LINK__TO_AGENT__INIT;
	Butte__Link__KillTask body = BUTTE__LINK__KILL_TASK__INIT;
	Mesos__V1__FrameworkID fw = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__TaskID task = MESOS__V1__TASK_ID__INIT;

	fw.value = arena_strdup(&m->out->arena, framework_id);
	task.value = arena_strdup(&m->out->arena, task_id);
	body.framework_id = &fw;
	body.task_id = &task;
	to.kill_task = &body;
	emit(m, a->link, MSG(KILL_TASK), &to);
}

void downlink_ack(struct master *m, const struct agent *a,
	const struct framework *fw,
	const Mesos__V1__Scheduler__Call__Acknowledge *ack)
{
	to_agent to = BUTTE__LINK__TO_AGENT__INIT;
	Butte__Link__StatusUpdateAck body =
		BUTTE__LINK__STATUS_UPDATE_ACK__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;

	id.value = fw->id;
	body.framework_id = &id;
	body.task_id = ack->task_id;
	body.uuid = ack->uuid;
	to.status_update_ack = &body;
	emit(m, a->link, MSG(STATUS_UPDATE_ACK), &to);
}

void downlink_message(struct master *m, const struct agent *a,
	const struct framework *fw,
	const Mesos__V1__Scheduler__Call__Message *msg)
{
	to_agent to = BUTTE__LINK__TO_AGENT__INIT;
	Butte__Link__FrameworkMessage body =
		BUTTE__LINK__FRAMEWORK_MESSAGE__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;

	id.value = fw->id;
	body.framework_id = &id;
	body.executor_id = msg->executor_id;
	body.data = msg->data;
	to.framework_message = &body;
	emit(m, a->link, MSG(FRAMEWORK_MESSAGE), &to);
}

void downlink_update_framework(
	struct master *m, const struct agent *a, const struct framework *fw)
{
	to_agent to = BUTTE__LINK__TO_AGENT__INIT;
	Butte__Link__UpdateFramework body = BUTTE__LINK__UPDATE_FRAMEWORK__INIT;

	body.framework = fw->info;
	to.update_framework = &body;
	emit(m, a->link, MSG(UPDATE_FRAMEWORK), &to);
}

void downlink_shutdown_framework(
	struct master *m, const struct agent *a, const char *framework_id)
{
	to_agent to = BUTTE__LINK__TO_AGENT__INIT;
	Butte__Link__ShutdownFramework body =
		BUTTE__LINK__SHUTDOWN_FRAMEWORK__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;

	id.value = arena_strdup(&m->out->arena, framework_id);
	body.framework_id = &id;
	to.shutdown_framework = &body;
	emit(m, a->link, MSG(SHUTDOWN_FRAMEWORK), &to);
}

void downlink_shutdown_executor(struct master *m, const struct agent *a,
	const struct framework *fw, const char *executor_id)
{
	to_agent to = BUTTE__LINK__TO_AGENT__INIT;
	Butte__Link__ShutdownExecutor body =
		BUTTE__LINK__SHUTDOWN_EXECUTOR__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__ExecutorID executor = MESOS__V1__EXECUTOR_ID__INIT;

	id.value = fw->id;
	executor.value = arena_strdup(&m->out->arena, executor_id);
	body.framework_id = &id;
	body.executor_id = &executor;
	to.shutdown_executor = &body;
	emit(m, a->link, MSG(SHUTDOWN_EXECUTOR), &to);
}

void downlink_shutdown(struct master *m, uint64_t link, const char *why)
{
	to_agent to = BUTTE__LINK__TO_AGENT__INIT;
	Butte__Link__Shutdown body = BUTTE__LINK__SHUTDOWN__INIT;

	body.message = arena_strdup(&m->out->arena, why);
	to.shutdown = &body;
	emit(m, link, MSG(SHUTDOWN), &to);
}
