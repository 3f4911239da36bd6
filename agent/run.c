/* run.c - see run.h. */
#include "agent/run.h"

#include <string.h>

#include "agent/agent.h"
#include "agent/checkpoint.h"
#include "agent/container.h"
#include "agent/generate.h"
#include "agent/hold.h"
#include "agent/stream.h"
#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/ident.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "common/res.h"
#include "mesos/v1/executor/executor.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"

/* What a generated executor has over the grace before its container goes: it
 * reaps, and tells. */
#define KILL_RESERVE_MS 5000

#define REASON(name) MESOS__V1__TASK_STATUS__REASON__REASON_##name

static int ids_check(const Butte__Link__RunTask *m, struct err *e);
static struct framework *framework_for(struct agent *a, struct framework *f,
	const Mesos__V1__FrameworkInfo *info, struct outbox *out);
static const char *unsupported(const Mesos__V1__TaskInfo *task);
static struct executor *executor_for(struct agent *a, struct framework *f,
	const Butte__Link__RunTask *m, const char **ret_why, int *ret_reason,
	struct outbox *out);
static struct executor *executor_new(struct agent *a, struct framework *f,
	const Mesos__V1__TaskInfo *task, struct outbox *out);
static void executor_never(struct agent *a, const struct framework *f,
	const Butte__Link__RunTask *m, struct outbox *out);
static void refuse(struct agent *a, struct framework *f,
	const Mesos__V1__TaskInfo *task, const struct stream_note *note,
	struct outbox *out);
static void launch_send(struct agent *a, struct task *t, struct outbox *out);
static void kill_undelivered(
	struct agent *a, struct task *t, struct outbox *out);
static void kill_send(struct agent *a, struct task *t, struct outbox *out);

/* --- run ---------------------------------------------------------------- */

void run_task(
	struct agent *a, const Butte__Link__RunTask *m, struct outbox *out)
{
	const Mesos__V1__TaskInfo *info = m->task;
	const char *why = NULL, *no;
	struct framework *f;
	struct executor *e;
	struct task *t;
	struct err err;
	int reason = -1;

	if (ids_check(m, &err) != 0) {
		log_warn("run_ignored", "why='%s'", err.text);
		return;
	}
	f = hold_framework_find(a, m->framework->id->value);
	if (!a->registered || a->leaving || (f != NULL && f->terminating)) {
		log_warn("run_ignored", "task=%s framework=%s",
			info->task_id->value, m->framework->id->value);
		return;
	}
	if (f != NULL && hold_task_find(f, info->task_id->value) != NULL) {
		log_warn("run_ignored", "task=%s framework=%s why='known'",
			info->task_id->value, f->id);
		return;
	}
	f = framework_for(a, f, m->framework, out);
	no = unsupported(info);
	if (no != NULL) {
		executor_never(a, f, m, out);
		refuse(a, f, info,
			&(struct stream_note){
				MESOS__V1__TASK_STATE__TASK_ERROR,
				REASON(TASK_INVALID), no, NULL },
			out);
		return;
	}
	e = executor_for(a, f, m, &why, &reason, out);
	if (e == NULL) {
		executor_never(a, f, m, out);
		t = hold_task_add(a, f, NULL, info->task_id->value, info);
		checkpoint_task(t, out);
		run_drop(a, t, reason, why, out);
		return;
	}
	t = hold_task_add(a, f, e, info->task_id->value, info);
	checkpoint_task(t, out);
	log_info("task_run", "task=%s framework=%s executor=%s", t->id, f->id,
		e->id);
	if (e->state == EXECUTOR_REGISTERING && e->wait == WAIT_NONE)
		container_launch(a, e, out);
	else
		container_resize(a, e, out);
	run_deliver(a, e, out);
}

/* The master checks ids; here they become names of directories and keys. */
static int ids_check(const Butte__Link__RunTask *m, struct err *e)
{
	const Mesos__V1__ExecutorInfo *x = m->task->executor;

	if (m->framework->id == NULL)
		return err_set(e, ERR_INVALID, "a framework without an id");
	if (ident_id_check("framework id", m->framework->id->value, e) != 0 ||
		ident_id_check("task id", m->task->task_id->value, e) != 0)
		return -1;
	if (x == NULL)
		return 0;
	return ident_id_check("executor id", x->executor_id->value, e);
}

/* One that run_lost() made up has no record yet. */
static struct framework *framework_for(struct agent *a, struct framework *f,
	const Mesos__V1__FrameworkInfo *info, struct outbox *out)
{
	if (f == NULL)
		f = hold_framework_add(a, info);
	else if (!f->made_up)
		return f;
	else
		hold_framework_update(f, info);
	f->made_up = false;
	checkpoint_framework(f, out);
	return f;
}

static void refuse(struct agent *a, struct framework *f,
	const Mesos__V1__TaskInfo *task, const struct stream_note *note,
	struct outbox *out)
{
	struct task *t = hold_task_add(a, f, NULL, task->task_id->value, task);

	checkpoint_task(t, out);
	stream_add_note(a, t, note, out);
}

void run_drop(struct agent *a, struct task *t, int reason, const char *message,
	struct outbox *out)
{
	struct stream_note note = {
		.state = t->framework->partition_aware
			? MESOS__V1__TASK_STATE__TASK_DROPPED
			: MESOS__V1__TASK_STATE__TASK_LOST,
		.reason = reason,
		.message = message,
	};

	stream_add_note(a, t, &note, out);
}

static const char *container_unsupported(const Mesos__V1__ContainerInfo *c)
{
	if (c == NULL)
		return NULL;
	if ((int)c->type != MESOS__V1__CONTAINER_INFO__TYPE__MESOS)
		return "Docker containers are not supported yet";
	if (c->mesos != NULL && c->mesos->image != NULL)
		return "container images are not supported yet";
	if (c->n_volumes > 0)
		return "volumes are not supported yet";
	if (c->n_network_infos > 0)
		return "container networks are not supported yet";
	if (c->linux_info != NULL || c->rlimit_info != NULL ||
		c->tty_info != NULL || c->hostname != NULL)
		return "this container's settings are not supported yet";
	return NULL;
}

static const char *command_unsupported(const Mesos__V1__CommandInfo *c)
{
	size_t i;

	if (c == NULL)
		return NULL;
	if (c->n_uris > 0)
		return "fetching URIs is not supported yet";
	for (i = 0; c->environment != NULL && i < c->environment->n_variables;
		i++)
		if (c->environment->variables[i]->secret != NULL)
			return "secrets in environments are not supported yet";
	return NULL;
}

/* What a task asks for and would silently not get: better no task at all. */
static const char *unsupported(const Mesos__V1__TaskInfo *task)
{
	const Mesos__V1__ExecutorInfo *x = task->executor;
	const char *no = NULL;
	struct res r = RES_INIT;

	if (task->health_check != NULL || task->check != NULL)
		return "health checks are not supported yet";
	if (task->n_limits > 0)
		return "resource limits are not supported yet";
	if (x == NULL && task->command == NULL)
		return "a task needs a command or an executor";
	if (x != NULL &&
		(int)x->type == MESOS__V1__EXECUTOR_INFO__TYPE__DEFAULT)
		return "the default executor is not supported yet";
	if (x != NULL && x->command == NULL)
		return "an executor needs a command";
	if (res_from_msgs(&r, task->resources, task->n_resources, NULL) != 0 ||
		(x != NULL &&
			res_from_msgs(&r, x->resources, x->n_resources, NULL) !=
				0))
		no = "invalid resources";
	res_fini(&r);
	if (no == NULL)
		no = container_unsupported(task->container);
	if (no == NULL)
		no = command_unsupported(task->command);
	if (no == NULL && x != NULL)
		no = container_unsupported(x->container);
	if (no == NULL && x != NULL)
		no = command_unsupported(x->command);
	return no;
}

/* NULL: the task can't have the executor it wants; why, and the reason. */
static struct executor *executor_for(struct agent *a, struct framework *f,
	const Butte__Link__RunTask *m, const char **ret_why, int *ret_reason,
	struct outbox *out)
{
	const Mesos__V1__TaskInfo *task = m->task;
	struct executor *e = hold_executor_find(f,
		task->executor != NULL ? task->executor->executor_id->value
				       : task->task_id->value);

	*ret_reason = REASON(EXECUTOR_TERMINATED);
	if (task->executor == NULL) {
		if (e == NULL)
			return executor_new(a, f, task, out);
		*ret_reason = REASON(TASK_INVALID);
		*ret_why = "Cannot launch a command task: an executor with "
			   "the id of the task exists";
		return NULL;
	}
	if (e == NULL) {
		if (m->launch_executor)
			return executor_new(a, f, task, out);
		*ret_why = "The master counts on an executor that is not there";
		return NULL;
	}
	if (e->state == EXECUTOR_TERMINATING ||
		e->state == EXECUTOR_TERMINATED) {
		*ret_why = "Executor terminating";
		return NULL;
	}
	if (m->launch_executor) {
		*ret_why = "The master wants a new executor, but it exists";
		return NULL;
	}
	return e;
}

static struct executor *executor_new(struct agent *a, struct framework *f,
	const Mesos__V1__TaskInfo *task, struct outbox *out)
{
	const Mesos__V1__ExecutorInfo *info = task->executor;
	char container_id[UUID_TEXT_SIZE];
	struct executor *e;
	uint8_t uuid[UUID_SIZE];

	if (info == NULL)
		info = generate_executor(a, f, task, &out->arena);
	hold_uuid(a, uuid);
	uuid_format(container_id, uuid);
	e = hold_executor_add(a, f, info, container_id);
	e->generated = task->executor == NULL;
	return e;
}

/*
 * The task that should have brought a new executor is refused. The master has
 * counted the executor's resources and would do so for ever. Not so if one of
 * that id lives: then its own end will be told, and counts for both.
 */
static void executor_never(struct agent *a, const struct framework *f,
	const Butte__Link__RunTask *m, struct outbox *out)
{
	const Mesos__V1__ExecutorInfo *x = m->task->executor;
	const struct executor *e;

	if (!m->launch_executor || x == NULL)
		return;
	e = hold_executor_find(f, x->executor_id->value);
	if (e == NULL || e->generated || e->state == EXECUTOR_TERMINATED)
		container_tell_exited(a, f->id, x->executor_id->value, -1, out);
}

/* --- deliver ------------------------------------------------------------ */

void run_deliver(struct agent *a, struct executor *e, struct outbox *out)
{
	struct task *t;

	if (e->state != EXECUTOR_RUNNING || e->stream == 0 || e->pid == 0)
		return;
	TAILQ_FOREACH (t, &e->tasks, next) {
		if (!hold_task_is_live(t))
			continue;
		if (!t->delivered && t->kill_wanted) {
			kill_undelivered(a, t, out);
			continue;
		}
		if (!t->delivered)
			launch_send(a, t, out);
		if (t->kill_wanted)
			kill_send(a, t, out);
	}
}

static void launch_send(struct agent *a, struct task *t, struct outbox *out)
{
	Mesos__V1__Executor__Event ev = MESOS__V1__EXECUTOR__EVENT__INIT;
	Mesos__V1__Executor__Event__Launch l =
		MESOS__V1__EXECUTOR__EVENT__LAUNCH__INIT;

	(void)a;
	CHECK(t->info.data != NULL);
	l.task = hold_task_info(t, &out->arena);
	ev.has_type = 1;
	ev.type = MESOS__V1__EXECUTOR__EVENT__TYPE__LAUNCH;
	ev.launch = &l;
	outbox_stream_send(out, t->executor->stream, &ev.base);
	t->delivered = true;
	t->executor->got_task = true;
}

/* --- kill --------------------------------------------------------------- */

void run_kill(
	struct agent *a, const Butte__Link__KillTask *m, struct outbox *out)
{
	struct framework *f = hold_framework_find(a, m->framework_id->value);
	struct task *t =
		f != NULL ? hold_task_find(f, m->task_id->value) : NULL;
	struct executor *e = t != NULL ? t->executor : NULL;

	if (e == NULL || f->terminating || !hold_task_is_live(t)) {
		log_info("kill_ignored", "task=%s framework=%s",
			m->task_id->value, m->framework_id->value);
		return;
	}
	log_info("task_kill", "task=%s framework=%s", t->id, f->id);
	if (!t->delivered && !e->recovered) {
		kill_undelivered(a, t, out);
		return;
	}
	t->kill_wanted = true;
	hold_blob_set(&t->kill,
		m->kill_policy != NULL ? &m->kill_policy->base : NULL);
	run_deliver(a, e, out);
}

static void kill_undelivered(
	struct agent *a, struct task *t, struct outbox *out)
{
	struct executor *e = t->executor;

	stream_add_note(a, t,
		&(struct stream_note){ MESOS__V1__TASK_STATE__TASK_KILLED,
			REASON(TASK_KILLED_DURING_LAUNCH),
			"Killed before delivery to the executor", NULL },
		out);
	if (e->generated)
		container_destroy(a, e, out); /* it has nothing else to do */
	else
		container_resize(a, e, out);
}

static void kill_send(struct agent *a, struct task *t, struct outbox *out)
{
	Mesos__V1__Executor__Event ev = MESOS__V1__EXECUTOR__EVENT__INIT;
	Mesos__V1__Executor__Event__Kill k =
		MESOS__V1__EXECUTOR__EVENT__KILL__INIT;
	Mesos__V1__TaskID id = MESOS__V1__TASK_ID__INIT;
	uint64_t due;

	id.value = t->id;
	k.task_id = &id;
	k.kill_policy = generate_kill_policy(&t->kill, &out->arena);
	ev.has_type = 1;
	ev.type = MESOS__V1__EXECUTOR__EVENT__TYPE__KILL;
	ev.kill = &k;
	outbox_stream_send(out, t->executor->stream, &ev.base);
	t->kill_wanted = false;
	if (!t->executor->generated)
		return; /* how it kills is its own business */
	due = a->now_ms + hold_grace_ms(k.kill_policy, t->kill_grace_ms) +
		KILL_RESERVE_MS;
	if (!heap_has(&t->kill_due) || due < t->kill_due.key)
		heap_update(&a->kill_dues, &t->kill_due, due);
}

void run_lost(struct agent *a, const Butte__Link__AgentReregistered__Lost *m,
	struct outbox *out)
{
	struct framework *f = hold_framework_find(a, m->framework_id->value);
	struct task *t;

	if (ident_id_check("framework id", m->framework_id->value, NULL) != 0 ||
		ident_id_check("task id", m->task_id->value, NULL) != 0)
		return;
	if (f == NULL) {
		Mesos__V1__FrameworkInfo info;

		/* Only until the update is acknowledged, and only in memory:
		 * the master will ask again. */
		mesos__v1__framework_info__init(&info);
		info.id = m->framework_id;
		info.user = arena_strdup(&out->arena, "");
		info.name = info.user;
		f = hold_framework_add(a, &info);
		f->made_up = true;
	}
	if (f->terminating || hold_task_find(f, m->task_id->value) != NULL)
		return;
	t = hold_task_add(a, f, NULL, m->task_id->value, NULL);
	stream_add_note(a, t,
		&(struct stream_note){ m->partition_aware
				? MESOS__V1__TASK_STATE__TASK_DROPPED
				: MESOS__V1__TASK_STATE__TASK_LOST,
			REASON(RECONCILIATION),
			"Reconciliation: task unknown to the agent", NULL },
		out);
}
