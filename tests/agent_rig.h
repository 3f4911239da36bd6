/*
 * agent_rig.h - an agent on a bench: a clock, a disk, and what it says.
 *
 * rig_step() steps the agent, writes its records to the disk and copies its
 * effects to rig.said, where tests look for them; rig_restart() is a crash
 * after the commit: a new agent from the disk.
 */
#ifndef TESTS_AGENT_RIG_H
#define TESTS_AGENT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent.h"
#include "butte/checkpoint.pb-c.h"
#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "mesos/v1/agent/agent.pb-c.h"
#include "mesos/v1/executor/executor.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"

#define RIG_LINK  7
#define RIG_AGENT "m-S0"

struct rig_row {
	unsigned table;
	char *key;
	uint8_t *value;
	size_t size;
};

/* One effect, by what it is. Messages are in rig.mem. */
struct rig_said {
	enum effect_type type;
	uint64_t to;
	int status;
	Butte__Link__ToMaster *to_master;
	Mesos__V1__Executor__Event *event;
	const struct agent_launch *launch;
	const struct agent_adopt *adopt;
	const struct agent_resize *resize;
	const char *text; /* of REPLY without message, EXIT, DESTROY, GC */
	const uint8_t *data;
	size_t size;
};

struct rig {
	struct agent *a;
	struct agent_config cfg;
	Mesos__V1__AgentInfo info;
	struct outbox out;
	struct arena mem, forever;
	uint64_t now_ms;
	struct rig_row *rows;
	size_t n_rows, rows_cap;
	struct rig_said *said;
	size_t n_said, said_cap;
	uint64_t next_request;
	const char *peer_container; /* of executor calls; borrowed */
};

/* --- messages ----------------------------------------------------------- */

static inline Mesos__V1__Resource *rig_scalar(
	struct arena *mem, const char *name, double value)
{
	Mesos__V1__Resource *r = arena_alloc(mem, sizeof(*r));

	mesos__v1__resource__init(r);
	r->name = arena_strdup(mem, name);
	r->type = MESOS__V1__VALUE__TYPE__SCALAR;
	r->scalar = arena_alloc(mem, sizeof(*r->scalar));
	mesos__v1__value__scalar__init(r->scalar);
	r->scalar->value = value;
	return r;
}

static inline Mesos__V1__Resource **rig_resources(
	struct arena *mem, double cpus, double megabytes, const char *role)
{
	Mesos__V1__Resource **r = arena_alloc(mem, 2 * sizeof(*r));
	Mesos__V1__Resource__AllocationInfo *i;

	r[0] = rig_scalar(mem, "cpus", cpus);
	r[1] = rig_scalar(mem, "mem", megabytes);
	if (role == NULL)
		return r;
	i = arena_alloc(mem, sizeof(*i));
	mesos__v1__resource__allocation_info__init(i);
	i->role = arena_strdup(mem, role);
	r[0]->allocation_info = r[1]->allocation_info = i;
	return r;
}

/* A message of the type, initialised, in the arena. */
#define RIG_NEW(mem, type, lower)                               \
	(__extension__({                                        \
		type *new_ = arena_alloc((mem), sizeof(*new_)); \
		lower##__init(new_);                            \
		new_;                                           \
	}))

static inline Mesos__V1__FrameworkInfo *rig_framework(
	struct arena *mem, const char *id)
{
	Mesos__V1__FrameworkInfo *f = RIG_NEW(
		mem, Mesos__V1__FrameworkInfo, mesos__v1__framework_info);

	f->id = RIG_NEW(mem, Mesos__V1__FrameworkID, mesos__v1__framework_id);
	f->id->value = arena_strdup(mem, id);
	f->user = arena_strdup(mem, "nobody");
	f->name = arena_strdup(mem, "test");
	f->has_checkpoint = 1;
	f->checkpoint = 1;
	return f;
}

static inline Mesos__V1__TaskInfo *rig_task(struct arena *mem, const char *id)
{
	Mesos__V1__TaskInfo *t =
		RIG_NEW(mem, Mesos__V1__TaskInfo, mesos__v1__task_info);

	t->name = arena_strdup(mem, id);
	t->task_id = RIG_NEW(mem, Mesos__V1__TaskID, mesos__v1__task_id);
	t->task_id->value = arena_strdup(mem, id);
	t->agent_id = RIG_NEW(mem, Mesos__V1__AgentID, mesos__v1__agent_id);
	t->agent_id->value = arena_strdup(mem, RIG_AGENT);
	t->resources = rig_resources(mem, 1, 64, "web");
	t->n_resources = 2;
	return t;
}

static inline Mesos__V1__TaskInfo *rig_command_task(
	struct arena *mem, const char *id, const char *command)
{
	Mesos__V1__TaskInfo *t = rig_task(mem, id);

	t->command =
		RIG_NEW(mem, Mesos__V1__CommandInfo, mesos__v1__command_info);
	t->command->value = arena_strdup(mem, command);
	return t;
}

static inline Mesos__V1__TaskInfo *rig_executor_task(
	struct arena *mem, const char *id, const char *executor_id)
{
	Mesos__V1__TaskInfo *t = rig_task(mem, id);
	Mesos__V1__ExecutorInfo *x =
		RIG_NEW(mem, Mesos__V1__ExecutorInfo, mesos__v1__executor_info);

	x->executor_id =
		RIG_NEW(mem, Mesos__V1__ExecutorID, mesos__v1__executor_id);
	x->executor_id->value = arena_strdup(mem, executor_id);
	x->command =
		RIG_NEW(mem, Mesos__V1__CommandInfo, mesos__v1__command_info);
	x->command->value = arena_strdup(mem, "./executor");
	x->resources = rig_resources(mem, 0.5, 32, "web");
	x->n_resources = 2;
	t->executor = x;
	return t;
}

/* --- the agent ---------------------------------------------------------- */

static inline void rig_put(struct rig *r, const struct outbox_record *rec)
{
	struct rig_row *row = NULL;
	size_t i;

	for (i = 0; i < r->n_rows; i++)
		if (r->rows[i].table == rec->table &&
			strcmp(r->rows[i].key, rec->key) == 0)
			row = &r->rows[i];
	if (row != NULL) {
		free(row->key);
		free(row->value);
		*row = r->rows[--r->n_rows];
	}
	if (rec->value == NULL)
		return;
	r->rows = xgrow(r->rows, &r->rows_cap, r->n_rows + 1, sizeof(*r->rows));
	r->rows[r->n_rows++] = (struct rig_row){ rec->table, xstrdup(rec->key),
		xmemdup(rec->value, rec->size), rec->size };
}

static inline void rig_say(struct rig *r, const struct effect *e)
{
	struct rig_said s = {
		.type = e->type, .to = e->to, .status = e->status
	};
	struct err err;

	s.data = arena_memdup(&r->mem, e->data, e->size);
	s.size = e->size;
	switch ((int)e->type) {
	case EFFECT_LINK_SEND:
		s.to_master = MSG_UNPACK(Butte__Link__ToMaster, &r->mem,
			&butte__link__to_master__descriptor, e->data, e->size,
			&err);
		assert_non_null(s.to_master);
		break;
	case EFFECT_STREAM_SEND:
		s.event = MSG_UNPACK(Mesos__V1__Executor__Event, &r->mem,
			&mesos__v1__executor__event__descriptor, e->data,
			e->size, &err);
		assert_non_null(s.event);
		break;
	case EFFECT_ROOM:
		if (e->status == AGENT_LAUNCH)
			s.launch = e->arg;
		else if (e->status == AGENT_ADOPT)
			s.adopt = e->arg;
		else if (e->status == AGENT_RESIZE)
			s.resize = e->arg;
		else
			s.text = e->arg;
		break;
	default:
		s.text = e->desc == NULL && e->data != NULL
			? arena_strndup(&r->mem, (const char *)e->data, e->size)
			: "";
		break;
	}
	r->said = xgrow(r->said, &r->said_cap, r->n_said + 1, sizeof(*r->said));
	r->said[r->n_said++] = s;
}

/* Ends the turn: records to disk, effects to said (those of the last turn are
 * forgotten, with all memory of it). */
static inline void rig_flush(struct rig *r)
{
	const struct outbox_record *rec;
	const struct effect *e;
	struct arena swap;

	r->n_said = 0;
	arena_reset(&r->mem);
	/* The outbox's arena holds what room effects point to: keep it. */
	swap = r->mem;
	r->mem = r->out.arena;
	r->out.arena = swap;
	TAILQ_FOREACH (rec, &r->out.records, next)
		rig_put(r, rec);
	TAILQ_FOREACH (e, &r->out.effects, next)
		rig_say(r, e);
	outbox_reset(&r->out);
	agent_check(r->a);
}

static inline void rig_step(struct rig *r, struct agent_event *ev)
{
	ev->now_ms = r->now_ms;
	ev->wall_ns = (int64_t)r->now_ms * 1000000;
	agent_step(r->a, ev, &r->out);
	rig_flush(r);
}

static inline int rig_row_cmp(const void *a, const void *b)
{
	const struct rig_row *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* A new process on the same disk. */
static inline void rig_restart(struct rig *r)
{
	struct err e = { 0 };
	size_t i;

	agent_free(r->a);
	r->cfg.seed++;
	r->a = agent_new(&r->cfg);
	if (r->n_rows > 0)
		qsort(r->rows, r->n_rows, sizeof(*r->rows), rig_row_cmp);
	for (i = 0; i < r->n_rows; i++)
		if (agent_load(r->a, r->rows[i].table, r->rows[i].key,
			    r->rows[i].value, r->rows[i].size, &e) != 0)
			fail_msg("load: %s", e.text);
	if (agent_begin(r->a, r->now_ms, (int64_t)r->now_ms * 1000000, &r->out,
		    &e) != 0)
		fail_msg("begin: %s", e.text);
	rig_flush(r);
}

static inline void rig_init(struct rig *r)
{
	*r = (struct rig){ 0 };
	arena_init(&r->forever);
	arena_init(&r->mem);
	outbox_init(&r->out);
	mesos__v1__agent_info__init(&r->info);
	r->info.hostname = xstrdup("host");
	r->info.has_port = 1;
	r->info.port = 5051;
	r->info.resources = rig_resources(&r->forever, 8, 8192, NULL);
	r->info.n_resources = 2;
	r->cfg = (struct agent_config){
		.version = "0.1.0",
		.info = &r->info,
		.ip = "10.0.0.1",
		.work_dir = "/var/lib/butte",
		.launcher_dir = "/usr/libexec/butte",
		.socket_path = "/run/butte/agent.sock",
		.boot_id = "boot-1",
		.seed = 1,
		.registration_backoff_factor_ms = 1000,
		.executor_registration_timeout_ms = 60000,
		.executor_reregistration_timeout_ms = 2000,
		.executor_shutdown_grace_period_ms = 5000,
		.recovery_timeout_ms = 900000,
		.gc_delay_ms = 7ull * 24 * 3600 * 1000,
		.max_completed_executors_per_framework = 150,
		.switch_user = true,
		.path = "/usr/bin:/bin",
	};
	r->now_ms = 1000000;
	r->next_request = 100;
	rig_restart(r);
}

static inline void rig_fini(struct rig *r)
{
	size_t i;

	agent_free(r->a);
	for (i = 0; i < r->n_rows; i++) {
		free(r->rows[i].key);
		free(r->rows[i].value);
	}
	free(r->rows);
	free(r->said);
	free(r->info.hostname);
	arena_fini(&r->mem);
	arena_fini(&r->forever);
	outbox_fini(&r->out);
}

/* --- events ------------------------------------------------------------- */

static inline void rig_tick(struct rig *r, uint64_t ms)
{
	struct agent_event ev = { .type = AGENT_TICK };

	r->now_ms += ms;
	rig_step(r, &ev);
}

static inline void rig_link(struct rig *r, enum agent_event_type type)
{
	struct agent_event ev = { .type = type, .from = RIG_LINK };

	rig_step(r, &ev);
}

static inline void rig_msg(struct rig *r, int msg_case, void *m)
{
	Butte__Link__ToAgent to = BUTTE__LINK__TO_AGENT__INIT;
	struct agent_event ev = { .type = AGENT_UPLINK_MSG, .from = RIG_LINK };

	to.msg_case = (Butte__Link__ToAgent__MsgCase)msg_case;
	to.run_task = m; /* a union of pointers */
	ev.msg = &to;
	rig_step(r, &ev);
}

static inline void rig_registered(struct rig *r, bool again)
{
	Butte__Link__AgentRegistered m = BUTTE__LINK__AGENT_REGISTERED__INIT;
	Butte__Link__AgentReregistered n =
		BUTTE__LINK__AGENT_REREGISTERED__INIT;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;
	Mesos__V1__MasterInfo info = MESOS__V1__MASTER_INFO__INIT;
	static char agent[] = RIG_AGENT, master[] = "m";

	id.value = agent;
	info.id = info.hostname = master;
	m.agent_id = n.agent_id = &id;
	m.master_info = n.master_info = &info;
	m.ping_timeout_ms = n.ping_timeout_ms = 75000;
	if (again)
		rig_msg(r, BUTTE__LINK__TO_AGENT__MSG_AGENT_REREGISTERED, &n);
	else
		rig_msg(r, BUTTE__LINK__TO_AGENT__MSG_AGENT_REGISTERED, &m);
}

/* Link up and registered. */
static inline void rig_up(struct rig *r, bool again)
{
	rig_link(r, AGENT_UPLINK_UP);
	rig_registered(r, again);
}

static inline void rig_run(struct rig *r, const char *framework,
	Mesos__V1__TaskInfo *task, bool launch_executor)
{
	struct arena mem;
	Butte__Link__RunTask m = BUTTE__LINK__RUN_TASK__INIT;

	arena_init(&mem);
	m.framework = rig_framework(&mem, framework);
	m.task = task;
	m.launch_executor = launch_executor;
	rig_msg(r, BUTTE__LINK__TO_AGENT__MSG_RUN_TASK, &m);
	arena_fini(&mem);
}

/* The usual: sh -c true, in framework "f". */
static inline void rig_run_command(struct rig *r, const char *id)
{
	struct arena mem;

	arena_init(&mem);
	rig_run(r, "f", rig_command_task(&mem, id, "true"), true);
	arena_fini(&mem);
}

static inline void rig_kill(struct rig *r, const char *framework,
	const char *task, int64_t grace_ns)
{
	Butte__Link__KillTask m = BUTTE__LINK__KILL_TASK__INIT;
	struct arena mem;

	arena_init(&mem);
	m.framework_id =
		RIG_NEW(&mem, Mesos__V1__FrameworkID, mesos__v1__framework_id);
	m.framework_id->value = arena_strdup(&mem, framework);
	m.task_id = RIG_NEW(&mem, Mesos__V1__TaskID, mesos__v1__task_id);
	m.task_id->value = arena_strdup(&mem, task);
	if (grace_ns >= 0) {
		m.kill_policy = RIG_NEW(
			&mem, Mesos__V1__KillPolicy, mesos__v1__kill_policy);
		m.kill_policy->grace_period = RIG_NEW(&mem,
			Mesos__V1__DurationInfo, mesos__v1__duration_info);
		m.kill_policy->grace_period->nanoseconds = grace_ns;
	}
	rig_msg(r, BUTTE__LINK__TO_AGENT__MSG_KILL_TASK, &m);
	arena_fini(&mem);
}

static inline void rig_ack(struct rig *r, const char *framework,
	const char *task, const uint8_t uuid[16])
{
	Butte__Link__StatusUpdateAck m = BUTTE__LINK__STATUS_UPDATE_ACK__INIT;
	Mesos__V1__FrameworkID f = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__TaskID t = MESOS__V1__TASK_ID__INIT;
	struct arena mem;

	arena_init(&mem);
	f.value = arena_strdup(&mem, framework);
	t.value = arena_strdup(&mem, task);
	m.framework_id = &f;
	m.task_id = &t;
	m.uuid.data = arena_memdup(&mem, uuid, 16);
	m.uuid.len = 16;
	rig_msg(r, BUTTE__LINK__TO_AGENT__MSG_STATUS_UPDATE_ACK, &m);
	arena_fini(&mem);
}

static inline void rig_started(struct rig *r, const char *container, int pid)
{
	struct agent_event ev = { .type = AGENT_STARTED,
		.container_id = container,
		.pid = pid,
		.start_ticks = 42 };

	rig_step(r, &ev);
}

static inline void rig_exited(
	struct rig *r, const char *container, const struct agent_exit *x)
{
	static const struct agent_exit plain = { .known = true };
	struct agent_event ev = { .type = AGENT_EXITED,
		.container_id = container,
		.exit = x != NULL ? x : &plain };

	rig_step(r, &ev);
}

/* Returns the request's number, which is the stream's after SUBSCRIBE. */
static inline uint64_t rig_call(
	struct rig *r, const char *executor, Mesos__V1__Executor__Call *c)
{
	Mesos__V1__FrameworkID f = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__ExecutorID e = MESOS__V1__EXECUTOR_ID__INIT;
	struct agent_event ev = { .type = AGENT_EXECUTOR,
		.from = ++r->next_request,
		.executor_call = c,
		.peer_container = r->peer_container };
	static char framework[] = "f";
	char id[64];

	(void)snprintf(id, sizeof(id), "%s", executor);
	f.value = framework;
	e.value = id;
	c->framework_id = &f;
	c->executor_id = &e;
	c->has_type = 1;
	rig_step(r, &ev);
	return ev.from;
}

static inline uint64_t rig_subscribe(struct rig *r, const char *executor)
{
	Mesos__V1__Executor__Call c = MESOS__V1__EXECUTOR__CALL__INIT;
	Mesos__V1__Executor__Call__Subscribe s =
		MESOS__V1__EXECUTOR__CALL__SUBSCRIBE__INIT;

	c.type = MESOS__V1__EXECUTOR__CALL__TYPE__SUBSCRIBE;
	c.subscribe = &s;
	return rig_call(r, executor, &c);
}

/* uuid: sixteen times that byte. */
static inline void rig_update(struct rig *r, const char *executor,
	const char *task, int state, uint8_t uuid)
{
	Mesos__V1__Executor__Call c = MESOS__V1__EXECUTOR__CALL__INIT;
	Mesos__V1__Executor__Call__Update u =
		MESOS__V1__EXECUTOR__CALL__UPDATE__INIT;
	Mesos__V1__TaskStatus s = MESOS__V1__TASK_STATUS__INIT;
	Mesos__V1__TaskID t = MESOS__V1__TASK_ID__INIT;
	uint8_t bytes[16];
	char id[64];

	(void)snprintf(id, sizeof(id), "%s", task);
	memset(bytes, uuid, sizeof(bytes));
	t.value = id;
	s.task_id = &t;
	s.state = (Mesos__V1__TaskState)state;
	s.has_source = 1;
	s.source = MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR;
	s.has_uuid = 1;
	s.uuid.data = bytes;
	s.uuid.len = 16;
	u.status = &s;
	c.type = MESOS__V1__EXECUTOR__CALL__TYPE__UPDATE;
	c.update = &u;
	(void)rig_call(r, executor, &c);
}

/* --- what it said ------------------------------------------------------- */

static inline const struct rig_said *rig_find_room(
	const struct rig *r, int code)
{
	size_t i;

	for (i = 0; i < r->n_said; i++)
		if (r->said[i].type == EFFECT_ROOM && r->said[i].status == code)
			return &r->said[i];
	return NULL;
}

static inline const Butte__Link__ToMaster *rig_find_sent(
	const struct rig *r, int msg_case)
{
	size_t i;

	for (i = 0; i < r->n_said; i++)
		if (r->said[i].type == EFFECT_LINK_SEND &&
			(int)r->said[i].to_master->msg_case == msg_case)
			return r->said[i].to_master;
	return NULL;
}

static inline const Mesos__V1__Executor__Event *rig_find_event(
	const struct rig *r, int type)
{
	size_t i;

	for (i = 0; i < r->n_said; i++)
		if (r->said[i].type == EFFECT_STREAM_SEND &&
			(int)r->said[i].event->type == type)
			return r->said[i].event;
	return NULL;
}

/* The only status update sent in this turn; NULL if none. */
static inline const Mesos__V1__TaskStatus *rig_status(const struct rig *r)
{
	const Butte__Link__ToMaster *m =
		rig_find_sent(r, BUTTE__LINK__TO_MASTER__MSG_STATUS_UPDATE);

	return m != NULL ? m->status_update->status : NULL;
}

/* The HTTP status of the only reply; 0 if none. */
static inline int rig_replied(const struct rig *r)
{
	size_t i;

	for (i = 0; i < r->n_said; i++)
		if (r->said[i].type == EFFECT_REPLY)
			return r->said[i].status;
	return 0;
}

static inline size_t rig_count_rows(const struct rig *r, unsigned table)
{
	size_t i, n = 0;

	for (i = 0; i < r->n_rows; i++)
		if (r->rows[i].table == table)
			n++;
	return n;
}

/* Runs a command task up to RUNNING, both updates acknowledged; returns its
 * container, to be freed. */
static inline char *rig_running(struct rig *r, const char *id)
{
	uint8_t uuid[16];
	char *container;

	rig_run_command(r, id);
	assert_non_null(rig_find_room(r, AGENT_LAUNCH));
	container =
		xstrdup(rig_find_room(r, AGENT_LAUNCH)->launch->container_id);
	rig_started(r, container, 4711);
	(void)rig_subscribe(r, id);
	rig_update(r, id, id, MESOS__V1__TASK_STATE__TASK_STARTING, 1);
	memset(uuid, 1, 16);
	rig_ack(r, "f", id, uuid);
	rig_update(r, id, id, MESOS__V1__TASK_STATE__TASK_RUNNING, 2);
	memset(uuid, 2, 16);
	rig_ack(r, "f", id, uuid);
	return container;
}

#define STATE(name)  MESOS__V1__TASK_STATE__TASK_##name
#define REASON(name) MESOS__V1__TASK_STATUS__REASON__REASON_##name
#define EVENT(name)  MESOS__V1__EXECUTOR__EVENT__TYPE__##name
#define SENT(name)   BUTTE__LINK__TO_MASTER__MSG_##name

#endif
