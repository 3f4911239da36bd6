/* container.c - see container.h. */
#include "agent/container.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/agent_env.h"
#include "agent/checkpoint.h"
#include "agent/gc.h"
#include "agent/hold.h"
#include "agent/recover.h"
#include "agent/register.h"
#include "agent/run.h"
#include "agent/stream.h"
#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "mesos/v1/executor/executor.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"

/* An edge that was told to destroy is told again: the effect is idempotent. */
#define DESTROY_AGAIN_MS (10 * 1000)

static void launch_command(struct agent_launch *l,
	const Mesos__V1__CommandInfo *cmd, struct arena *mem);
static void ended(struct agent *a, struct executor *e,
	const struct stream_note *by_end, int wait_status, struct outbox *out);
static void task_ended(struct agent *a, struct task *t,
	const struct stream_note *by_end, struct outbox *out);
static Mesos__V1__TaskResourceLimitation *memory_limitation(
	const struct agent_exit *x, struct arena *mem);
static char *memory_message(const struct agent_exit *x, struct arena *mem);
static void reap_executor(
	struct agent *a, struct executor *e, struct outbox *out);
static void on_due(struct agent *a, struct executor *e, struct outbox *out);
static char *within(const char *what, uint64_t ms, struct arena *mem);
static void verdict_set(
	struct executor *e, int state, int reason, const char *message);

static const struct stream_note terminated_note = {
	.state = MESOS__V1__TASK_STATE__TASK_FAILED,
	.reason = MESOS__V1__TASK_STATUS__REASON__REASON_EXECUTOR_TERMINATED,
	.message = "Executor terminated",
};

/* --- beginning ---------------------------------------------------------- */

void container_launch(struct agent *a, struct executor *e, struct outbox *out)
{
	struct arena *mem = &out->arena;
	struct agent_launch *l = arena_alloc(mem, sizeof(*l));
	const Mesos__V1__ExecutorInfo *info = hold_executor_info(e, mem);

	CHECK(e->state == EXECUTOR_REGISTERING);
	CHECK(e->pid == 0);
	checkpoint_executor(e, out);
	(void)hold_executor_sum(e);
	e->told = e->sum;
	l->container_id = arena_strdup(mem, e->container_id);
	l->framework_id = arena_strdup(mem, e->framework->id);
	l->executor_id = arena_strdup(mem, e->id);
	l->directory = hold_directory(a, e, mem);
	if (a->cfg->switch_user)
		l->user = arena_strdup(mem,
			info->command != NULL && info->command->user != NULL
				? info->command->user
				: e->framework->user);
	launch_command(l, info->command, mem);
	l->env = agent_env_build(a, e, info->command, mem);
	l->limits = e->sum;
	outbox_room(out, AGENT_LAUNCH, 0, l);
	hold_executor_wait(
		a, e, WAIT_REGISTER, a->cfg->executor_registration_timeout_ms);
	log_info("executor_launch", "executor=%s framework=%s container=%s",
		e->id, e->framework->id, e->container_id);
}

static void launch_command(struct agent_launch *l,
	const Mesos__V1__CommandInfo *cmd, struct arena *mem)
{
	size_t n = cmd != NULL ? cmd->n_arguments : 0;
	const char **argv = arena_alloc(mem, (n + 1) * sizeof(*argv));
	size_t i;

	for (i = 0; i < n; i++)
		argv[i] = arena_strdup(mem, cmd->arguments[i]);
	l->argv = argv;
	l->shell = cmd == NULL || !cmd->has_shell || cmd->shell;
	l->value = arena_strdup(
		mem, cmd != NULL && cmd->value != NULL ? cmd->value : "");
}

void container_started(
	struct agent *a, const struct agent_event *ev, struct outbox *out)
{
	struct executor *e = hold_executor_by_container(a, ev->container_id);

	if (e == NULL || e->state == EXECUTOR_TERMINATED)
		return;
	e->pid = ev->pid;
	e->start_ticks = ev->start_ticks;
	checkpoint_executor(e, out);
	if (e->state == EXECUTOR_RUNNING)
		run_deliver(a, e, out);
}

void container_start_failed(
	struct agent *a, const struct agent_event *ev, struct outbox *out)
{
	struct executor *e = hold_executor_by_container(a, ev->container_id);
	struct stream_note note = {
		.state = MESOS__V1__TASK_STATE__TASK_FAILED,
		.reason =
			MESOS__V1__TASK_STATUS__REASON__REASON_CONTAINER_LAUNCH_FAILED,
	};

	if (e == NULL || e->state == EXECUTOR_TERMINATED)
		return;
	a->metrics.launch_errors++;
	log_warn("executor_launch_failed",
		"executor=%s framework=%s container=%s why='%s'", e->id,
		e->framework->id, e->container_id, ev->text);
	note.message = arena_printf(
		&out->arena, "Failed to launch container: %s", ev->text);
	ended(a, e, &note, -1, out);
}

/* --- the end ------------------------------------------------------------ */

void container_exited(
	struct agent *a, const struct agent_event *ev, struct outbox *out)
{
	struct executor *e = hold_executor_by_container(a, ev->container_id);
	const struct agent_exit *x = ev->exit;
	struct stream_note oom = {
		.state = MESOS__V1__TASK_STATE__TASK_FAILED,
		.reason =
			MESOS__V1__TASK_STATUS__REASON__REASON_CONTAINER_LIMITATION_MEMORY,
	};

	if (e == NULL || e->state == EXECUTOR_TERMINATED)
		return;
	if (!x->oom) {
		ended(a, e, NULL, x->known ? x->status : -1, out);
		return;
	}
	oom.message = memory_message(x, &out->arena);
	oom.limitation = memory_limitation(x, &out->arena);
	ended(a, e, &oom, x->known ? x->status : -1, out);
}

void container_never_ran(struct executor *e)
{
	verdict_set(e,
		e->framework->partition_aware
			? MESOS__V1__TASK_STATE__TASK_DROPPED
			: MESOS__V1__TASK_STATE__TASK_LOST,
		MESOS__V1__TASK_STATUS__REASON__REASON_AGENT_RESTARTED,
		"Task launched during agent restart");
}

void container_lost(struct agent *a, struct executor *e, struct outbox *out)
{
	ended(a, e, NULL, -1, out);
}

/* by_end NULL: its end says nothing about its tasks. */
static void ended(struct agent *a, struct executor *e,
	const struct stream_note *by_end, int wait_status, struct outbox *out)
{
	struct framework *f = e->framework;
	struct task *t, *next;

	log_info("executor_ended", "executor=%s framework=%s container=%s",
		e->id, f->id, e->container_id);
	recover_back(a, e);
	e->state = EXECUTOR_TERMINATED;
	e->pid = 0;
	a->metrics.executors_ended++;
	a->recheck = true;
	if (e->stream != 0)
		outbox_stream_close(out, e->stream);
	hold_executor_stream_set(a, e, 0);
	hold_executor_wait(a, e, WAIT_NONE, 0);
	TAILQ_FOREACH_SAFE (t, &e->tasks, next, next) {
		if (f->terminating)
			stream_drop(a, t, out);
		else
			task_ended(a, t, by_end, out);
	}
	if (!e->generated && !f->terminating)
		container_tell_exited(a, f->id, e->id, wait_status, out);
	container_reap(a, e, out);
}

static void task_ended(struct agent *a, struct task *t,
	const struct stream_note *by_end, struct outbox *out)
{
	const struct verdict *v = &t->executor->verdict;
	struct stream_note note = terminated_note;

	if (t->held != NULL) {
		bool oom = by_end != NULL &&
			by_end->reason ==
				MESOS__V1__TASK_STATUS__REASON__REASON_CONTAINER_LIMITATION_MEMORY;

		stream_release(a, t, oom ? by_end : NULL, out);
		return;
	}
	if (!hold_task_is_live(t))
		return;
	if (by_end != NULL)
		note = *by_end;
	else if (v->state >= 0)
		note = (struct stream_note){ v->state, v->reason, v->message,
			NULL };
	stream_add_note(a, t, &note, out);
}

void container_tell_exited(struct agent *a, const char *framework_id,
	const char *executor_id, int wait_status, struct outbox *out)
{
	Butte__Link__ExitedExecutor x = BUTTE__LINK__EXITED_EXECUTOR__INIT;
	Butte__Link__ToMaster m = BUTTE__LINK__TO_MASTER__INIT;
	Mesos__V1__FrameworkID framework = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__ExecutorID executor = MESOS__V1__EXECUTOR_ID__INIT;

	if (!a->registered)
		return; /* it learns from the next registration */
	framework.value = arena_strdup(&out->arena, framework_id);
	executor.value = arena_strdup(&out->arena, executor_id);
	x.framework_id = &framework;
	x.executor_id = &executor;
	x.status = wait_status;
	m.msg_case = BUTTE__LINK__TO_MASTER__MSG_EXITED_EXECUTOR;
	m.exited_executor = &x;
	outbox_link_send(out, a->link, &m.base);
}

/* As Mesos prints them: the largest unit that divides. */
static char *bytes_text(uint64_t n, struct arena *mem)
{
	static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
	size_t i = 0;

	while (n != 0 && n % 1024 == 0 && i + 1 < ARRAY_LEN(units)) {
		n /= 1024;
		i++;
	}
	return arena_printf(mem, "%" PRIu64 "%s", n, units[i]);
}

static char *memory_message(const struct agent_exit *x, struct arena *mem)
{
	return arena_printf(mem,
		"Memory limit exceeded: Requested: %s Maximum Used: %s\n"
		"MEMORY STATISTICS:\n%s",
		bytes_text(x->mem_limit_bytes, mem),
		bytes_text(x->mem_max_bytes, mem),
		x->mem_stat != NULL ? x->mem_stat : "");
}

static Mesos__V1__TaskResourceLimitation *memory_limitation(
	const struct agent_exit *x, struct arena *mem)
{
	Mesos__V1__TaskResourceLimitation *l = arena_alloc(mem, sizeof(*l));
	Mesos__V1__Resource *r = arena_alloc(mem, sizeof(*r));

	mesos__v1__task_resource_limitation__init(l);
	mesos__v1__resource__init(r);
	r->name = arena_strdup(mem, "mem");
	r->type = MESOS__V1__VALUE__TYPE__SCALAR;
	r->scalar = arena_alloc(mem, sizeof(*r->scalar));
	mesos__v1__value__scalar__init(r->scalar);
	r->scalar->value = (double)x->mem_max_bytes / (1024 * 1024);
	l->resources = arena_alloc(mem, sizeof(r));
	l->resources[0] = r;
	l->n_resources = 1;
	return l;
}

/* --- in between --------------------------------------------------------- */

void container_resize(struct agent *a, struct executor *e, struct outbox *out)
{
	struct agent_resize *r;

	(void)a;
	(void)hold_executor_sum(e);
	if (e->state == EXECUTOR_TERMINATED ||
		(e->sum.cpu_milli == e->told.cpu_milli &&
			e->sum.mem_mb == e->told.mem_mb))
		return;
	e->told = e->sum;
	r = arena_alloc(&out->arena, sizeof(*r));
	r->container_id = arena_strdup(&out->arena, e->container_id);
	r->limits = e->sum;
	outbox_room(out, AGENT_RESIZE, 0, r);
}

void container_shut_down(
	struct agent *a, struct executor *e, struct outbox *out)
{
	Mesos__V1__Executor__Event ev = MESOS__V1__EXECUTOR__EVENT__INIT;

	if (e->state == EXECUTOR_TERMINATING || e->state == EXECUTOR_TERMINATED)
		return;
	log_info("executor_shutdown", "executor=%s framework=%s", e->id,
		e->framework->id);
	if (e->stream == 0 && !e->recovered) {
		container_destroy(a, e, out); /* nobody to ask */
		return;
	}
	recover_back(a, e);
	e->state = EXECUTOR_TERMINATING;
	checkpoint_executor(e, out);
	hold_executor_wait(a, e, WAIT_SHUTDOWN, e->grace_ms);
	if (e->stream == 0)
		return; /* told when it is back */
	ev.has_type = 1;
	ev.type = MESOS__V1__EXECUTOR__EVENT__TYPE__SHUTDOWN;
	outbox_stream_send(out, e->stream, &ev.base);
}

void container_destroy(struct agent *a, struct executor *e, struct outbox *out)
{
	CHECK(e->state != EXECUTOR_TERMINATED);
	recover_back(a, e);
	if (e->state != EXECUTOR_TERMINATING) {
		e->state = EXECUTOR_TERMINATING;
		checkpoint_executor(e, out);
	}
	outbox_room(out, AGENT_DESTROY, 0,
		arena_strdup(&out->arena, e->container_id));
	hold_executor_wait(a, e, WAIT_DESTROY, DESTROY_AGAIN_MS);
}

void container_shut_down_framework(
	struct agent *a, struct framework *f, struct outbox *out)
{
	struct executor *e, *next_e;
	struct task *t, *next_t;

	if (!f->terminating) {
		log_info("framework_shutdown", "framework=%s", f->id);
		f->terminating = true;
		checkpoint_framework(f, out);
	}
	TAILQ_FOREACH_SAFE (t, &f->orphans, next, next_t)
		stream_drop(a, t, out);
	TAILQ_FOREACH_SAFE (e, &f->executors, next, next_e) {
		TAILQ_FOREACH_SAFE (t, &e->tasks, next, next_t)
			if (!hold_task_is_live(t))
				stream_drop(a, t, out);
		container_shut_down(a, e, out);
	}
	TAILQ_FOREACH_SAFE (e, &f->executors, next, next_e)
		if (e->state == EXECUTOR_TERMINATED && e->n_tasks == 0)
			reap_executor(a, e, out);
	container_reap_framework(a, f, out);
}

void container_reap(struct agent *a, struct executor *e, struct outbox *out)
{
	struct framework *f = e->framework;

	if (e->state != EXECUTOR_TERMINATED || e->n_tasks > 0)
		return;
	reap_executor(a, e, out);
	container_reap_framework(a, f, out);
}

static void reap_executor(
	struct agent *a, struct executor *e, struct outbox *out)
{
	gc_add(a, hold_directory(a, e, &out->arena), out);
	checkpoint_executor_del(e, out);
	hold_executor_complete(a, e);
}

void container_reap_framework(
	struct agent *a, struct framework *f, struct outbox *out)
{
	if (!TAILQ_EMPTY(&f->executors) || f->tasks != NULL)
		return;
	checkpoint_framework_del(f, out);
	hold_framework_complete(a, f);
	register_framework_gone(a, out);
}

/* --- deadlines ---------------------------------------------------------- */

void container_tick(struct agent *a, struct outbox *out)
{
	struct heap_node *n;

	while ((n = heap_min(&a->executor_dues)) != NULL && n->key <= a->now_ms)
		on_due(a, HEAP_OWNER(n, struct executor, due), out);
	while ((n = heap_min(&a->kill_dues)) != NULL && n->key <= a->now_ms) {
		struct task *t = HEAP_OWNER(n, struct task, kill_due);

		heap_remove(&a->kill_dues, n);
		log_warn("kill_ignored", "task=%s framework=%s", t->id,
			t->framework->id);
		verdict_set(t->executor, MESOS__V1__TASK_STATE__TASK_KILLED,
			MESOS__V1__TASK_STATUS__REASON__REASON_EXECUTOR_TERMINATED,
			arena_strdup(&out->arena,
				"Executor did not end the task in time"));
		container_destroy(a, t->executor, out);
	}
}

static void on_due(struct agent *a, struct executor *e, struct outbox *out)
{
	bool aware = e->framework->partition_aware;

	CHECK(e->state != EXECUTOR_TERMINATED);
	switch (e->wait) {
	case WAIT_REGISTER:
		verdict_set(e, MESOS__V1__TASK_STATE__TASK_FAILED,
			MESOS__V1__TASK_STATUS__REASON__REASON_EXECUTOR_REGISTRATION_TIMEOUT,
			within("Executor did not register within", e->wait_ms,
				&out->arena));
		break;
	case WAIT_REREGISTER:
		verdict_set(e,
			aware ? MESOS__V1__TASK_STATE__TASK_GONE
			      : MESOS__V1__TASK_STATE__TASK_LOST,
			MESOS__V1__TASK_STATUS__REASON__REASON_EXECUTOR_REREGISTRATION_TIMEOUT,
			within("Executor did not reregister within", e->wait_ms,
				&out->arena));
		break;
	case WAIT_SHUTDOWN:
	case WAIT_LEAVE:
	case WAIT_DESTROY:
		break;
	case WAIT_NONE:
		UNREACHABLE();
	}
	container_destroy(a, e, out);
}

static char *within(const char *what, uint64_t ms, struct arena *mem)
{
	struct buf b = BUF_INIT;
	char *text;

	buf_printf(&b, "%s ", what);
	duration_print_ms(&b, ms);
	text = arena_strdup(mem, buf_str(&b));
	buf_fini(&b);
	return text;
}

static void verdict_set(
	struct executor *e, int state, int reason, const char *message)
{
	free(e->verdict.message);
	e->verdict.state = state;
	e->verdict.reason = reason;
	e->verdict.message = xstrdup(message);
}

Mesos__V1__ContainerStatus *container_status(
	const struct agent *a, const struct executor *e, struct arena *mem)
{
	Mesos__V1__ContainerStatus *s = arena_alloc(mem, sizeof(*s));
	Mesos__V1__NetworkInfo *net = arena_alloc(mem, sizeof(*net));
	Mesos__V1__NetworkInfo__IPAddress *ip = arena_alloc(mem, sizeof(*ip));

	mesos__v1__container_status__init(s);
	s->container_id = arena_alloc(mem, sizeof(*s->container_id));
	mesos__v1__container_id__init(s->container_id);
	s->container_id->value = arena_strdup(mem, e->container_id);
	mesos__v1__network_info__ipaddress__init(ip);
	ip->has_protocol = 1;
	ip->protocol = strchr(a->cfg->ip, ':') != NULL
		? MESOS__V1__NETWORK_INFO__PROTOCOL__IPv6
		: MESOS__V1__NETWORK_INFO__PROTOCOL__IPv4;
	ip->ip_address = arena_strdup(mem, a->cfg->ip);
	mesos__v1__network_info__init(net);
	net->ip_addresses = arena_memdup(mem, &ip, sizeof(ip));
	net->n_ip_addresses = 1;
	s->network_infos = arena_memdup(mem, &net, sizeof(net));
	s->n_network_infos = 1;
	s->has_executor_pid = e->pid > 0;
	s->executor_pid = (uint32_t)e->pid;
	return s;
}
