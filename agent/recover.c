/* recover.c - see recover.h. */
#include "agent/recover.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/agent_view.h"
#include "agent/checkpoint.h"
#include "agent/container.h"
#include "agent/gc.h"
#include "agent/hold.h"
#include "agent/register.h"
#include "butte/checkpoint.pb-c.h"
#include "common/arena.h"
#include "common/attr.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "common/res.h"
#include "common/task_state.h"
#include "mesos/v1/mesos.pb-c.h"

typedef int row_f(struct agent *a, const char *key, const uint8_t *value,
	size_t size, struct arena *mem, struct err *e);

static row_f row_agent, row_framework, row_executor, row_task, row_update,
	row_sandbox;

static row_f *const rows[AGENT_TABLES] = {
	[AGENT_TABLE_AGENT] = row_agent,
	[AGENT_TABLE_FRAMEWORK] = row_framework,
	[AGENT_TABLE_EXECUTOR] = row_executor,
	[AGENT_TABLE_TASK] = row_task,
	[AGENT_TABLE_UPDATE] = row_update,
	[AGENT_TABLE_SANDBOX] = row_sandbox,
};

static int update_add(struct task *t, uint64_t number,
	const Butte__Checkpoint__Update *row, struct err *e);
static struct framework *framework_of(
	const struct agent *a, const char *key, const char **ret_rest);
static void task_settle(struct agent *a, struct task *t);
static void executor_back(
	struct agent *a, struct executor *e, bool rebooted, struct outbox *out);
static void info_settle(struct agent *a, struct outbox *out);
static bool info_changed(const struct agent *a);
static const char *misfit(const struct agent *a, struct arena *mem);
static const char *attributes_misfit(const Mesos__V1__AgentInfo *old,
	const Mesos__V1__AgentInfo *new, struct arena *mem);
static void info_set(struct agent *a, const Mesos__V1__AgentInfo *info);

/* --- loading ------------------------------------------------------------ */

int recover_row(struct agent *a, unsigned table, const char *key,
	const uint8_t *value, size_t size, struct err *e)
{
	struct arena mem;
	int r;

	CHECK(table < AGENT_TABLES);
	arena_init(&mem);
	r = rows[table](a, key, value, size, &mem, e);
	arena_fini(&mem);
	if (r != 0)
		return err_wrap(
			e, "table %s, row '%s'", agent_table_names[table], key);
	return 0;
}

static int row_agent(struct agent *a, const char *key, const uint8_t *value,
	size_t size, struct arena *mem, struct err *e)
{
	Butte__Checkpoint__Agent *row = MSG_UNPACK(Butte__Checkpoint__Agent,
		mem, &butte__checkpoint__agent__descriptor, value, size, e);

	(void)key;
	if (row == NULL)
		return -1;
	if (a->info != NULL)
		return err_set(e, ERR_INVALID, "a second agent");
	a->old_boot_id = xstrdup(row->boot_id);
	info_set(a, row->info);
	if (row->agent_id != NULL)
		recover_id_set(a, row->agent_id->value);
	return 0;
}

static int row_framework(struct agent *a, const char *key, const uint8_t *value,
	size_t size, struct arena *mem, struct err *e)
{
	Butte__Checkpoint__Framework *row = MSG_UNPACK(
		Butte__Checkpoint__Framework, mem,
		&butte__checkpoint__framework__descriptor, value, size, e);
	struct framework *f;

	if (row == NULL)
		return -1;
	if (row->info->id == NULL || strcmp(row->info->id->value, key) != 0 ||
		hold_framework_find(a, key) != NULL)
		return err_set(e, ERR_INVALID, "it is another framework's");
	f = hold_framework_add(a, row->info);
	f->terminating = row->terminating;
	return 0;
}

static int row_executor(struct agent *a, const char *key, const uint8_t *value,
	size_t size, struct arena *mem, struct err *e)
{
	Butte__Checkpoint__Executor *row = MSG_UNPACK(
		Butte__Checkpoint__Executor, mem,
		&butte__checkpoint__executor__descriptor, value, size, e);
	const char *id;
	struct framework *f = framework_of(a, key, &id);
	struct executor *x;

	if (row == NULL)
		return -1;
	if (f == NULL || strcmp(row->info->executor_id->value, id) != 0 ||
		strlen(row->container_id) != UUID_TEXT_SIZE - 1 ||
		hold_executor_find(f, id) != NULL ||
		hold_executor_by_container(a, row->container_id) != NULL)
		return err_set(e, ERR_INVALID, "an executor of nobody");
	x = hold_executor_add(a, f, row->info, row->container_id);
	x->generated = row->generated;
	x->pid = row->pid;
	x->start_ticks = row->start_ticks;
	x->recovered = true;
	x->lost = row->lost;
	if (row->terminating)
		x->state = EXECUTOR_TERMINATING;
	return 0;
}

static int row_task(struct agent *a, const char *key, const uint8_t *value,
	size_t size, struct arena *mem, struct err *e)
{
	Butte__Checkpoint__Task *row = MSG_UNPACK(Butte__Checkpoint__Task, mem,
		&butte__checkpoint__task__descriptor, value, size, e);
	const char *id;
	struct framework *f = framework_of(a, key, &id);
	struct executor *x = NULL;
	struct task *t;

	if (row == NULL)
		return -1;
	if (f == NULL || strcmp(row->info->task_id->value, id) != 0 ||
		hold_task_find(f, id) != NULL)
		return err_set(e, ERR_INVALID, "a task of nobody");
	if (row->executor_id != NULL) {
		x = hold_executor_find(f, row->executor_id->value);
		if (x == NULL)
			return err_set(
				e, ERR_INVALID, "its executor has no record");
	}
	t = hold_task_add(a, f, x, id, row->info);
	hold_task_number_set(a, t, row->number);
	return 0;
}

static int row_update(struct agent *a, const char *key, const uint8_t *value,
	size_t size, struct arena *mem, struct err *e)
{
	Butte__Checkpoint__Update *row = MSG_UNPACK(Butte__Checkpoint__Update,
		mem, &butte__checkpoint__update__descriptor, value, size, e);
	const char *rest;
	struct framework *f = framework_of(a, key, &rest);
	const char *slash = f != NULL ? strchr(rest, '/') : NULL;
	struct task *t = NULL;
	char *end = NULL;
	uint64_t number = 0;

	if (row == NULL)
		return -1;
	if (slash != NULL) {
		t = hold_task_find(
			f, arena_strndup(mem, rest, (size_t)(slash - rest)));
		number = strtoull(slash + 1, &end, 16);
	}
	if (t == NULL || end == slash + 1 || *end != '\0' ||
		row->uuid.len != 16)
		return err_set(e, ERR_INVALID, "an update of nothing");
	return update_add(t, number, row, e);
}

/* Rows come in the order of their numbers. */
static int update_add(struct task *t, uint64_t number,
	const Butte__Checkpoint__Update *row, struct err *e)
{
	struct update *u;

	if (number < t->next_update || t->held != NULL ||
		task_state_is_terminal(t->state) ||
		!task_state_is_known((int)row->state))
		return err_set(e, ERR_INVALID, "out of order");
	t->next_update = number + 1;
	if (row->status == NULL) {
		t->acked = xgrow(t->acked, &t->acked_cap, t->n_acked + 1,
			sizeof(*t->acked));
		t->acked[t->n_acked].number = number;
		memcpy(t->acked[t->n_acked].uuid, row->uuid.data, 16);
		t->n_acked++;
		t->state = (int)row->state;
		return 0;
	}
	u = xcalloc(1, sizeof(*u));
	u->number = number;
	u->state = (int)row->state;
	memcpy(u->uuid, row->uuid.data, 16);
	hold_blob_set(&u->status, &row->status->base);
	if (row->held) {
		t->held = u;
		return 0;
	}
	TAILQ_INSERT_TAIL(&t->updates, u, next);
	t->n_updates++;
	t->state = u->state;
	return 0;
}

static int row_sandbox(struct agent *a, const char *key, const uint8_t *value,
	size_t size, struct arena *mem, struct err *e)
{
	Butte__Checkpoint__Sandbox *row = MSG_UNPACK(Butte__Checkpoint__Sandbox,
		mem, &butte__checkpoint__sandbox__descriptor, value, size, e);
	char *end;
	uint64_t number = strtoull(key, &end, 16);

	if (row == NULL)
		return -1;
	if (end == key || *end != '\0')
		return err_set(e, ERR_INVALID, "its key is no number");
	gc_load(a, number, row->directory, row->ended_ns);
	return 0;
}

/* Of the key's first part; *ret_rest is behind the slash. */
static struct framework *framework_of(
	const struct agent *a, const char *key, const char **ret_rest)
{
	const char *slash = strchr(key, '/');
	struct framework *f;
	char *id;

	if (slash == NULL)
		return NULL;
	id = xstrndup(key, (size_t)(slash - key));
	f = hold_framework_find(a, id);
	free(id);
	*ret_rest = slash + 1;
	return f;
}

/* --- beginning ---------------------------------------------------------- */

int recover_begin(struct agent *a, struct outbox *out, struct err *e)
{
	bool rebooted = a->old_boot_id != NULL &&
		strcmp(a->old_boot_id, a->cfg->boot_id) != 0;
	struct framework *f, *next_f;
	struct executor *x, *next_x;
	struct task *t;

	if (a->id == NULL && !TAILQ_EMPTY(&a->frameworks))
		return err_set(e, ERR_INVALID,
			"the checkpoint has frameworks but no agent id");
	a->phase = PHASE_RECOVERING;
	gc_settle(a);
	if (rebooted)
		log_warn("rebooted", "agent=%s", a->id != NULL ? a->id : "-");
	if (a->info == NULL)
		info_set(a, a->cfg->info);
	TAILQ_FOREACH_SAFE (f, &a->frameworks, next, next_f) {
		TAILQ_FOREACH (t, &f->orphans, next)
			task_settle(a, t);
		TAILQ_FOREACH (x, &f->executors, next)
			TAILQ_FOREACH (t, &x->tasks, next)
				task_settle(a, t);
		TAILQ_FOREACH_SAFE (x, &f->executors, next, next_x)
			executor_back(a, x, rebooted, out);
	}
	TAILQ_FOREACH_SAFE (f, &a->frameworks, next, next_f) {
		if (f->terminating)
			container_shut_down_framework(a, f, out);
		else
			container_reap_framework(a, f, out);
	}
	info_settle(a, out);
	checkpoint_agent(a, out);
	if (a->cfg->recover_cleanup) {
		outbox_room(out, AGENT_FORGET_UPLINK, 0, NULL);
		register_leave(a, false, out);
	}
	recover_check(a, out);
	return 0;
}

/* What only the tables know of its life is that it has the state it has. */
static void task_settle(struct agent *a, struct task *t)
{
	if (t->state != MESOS__V1__TASK_STATE__TASK_STAGING)
		hold_task_passed(t, t->state, a->wall_ns);
}

static void executor_back(
	struct agent *a, struct executor *e, bool rebooted, struct outbox *out)
{
	struct agent_adopt *adopt;

	(void)hold_executor_sum(e);
	e->told = e->sum;
	if (e->pid == 0)
		container_never_ran(e);
	if (rebooted && !e->lost) {
		e->lost = true;
		checkpoint_executor(e, out);
	}
	if (e->lost) {
		container_lost(a, e, out);
		return;
	}
	adopt = arena_alloc(&out->arena, sizeof(*adopt));
	adopt->container_id = arena_strdup(&out->arena, e->container_id);
	adopt->pid = e->pid;
	adopt->start_ticks = e->start_ticks;
	outbox_room(out, AGENT_ADOPT, 0, adopt);
	if (e->pid == 0 || e->state == EXECUTOR_TERMINATING) {
		container_destroy(a, e, out);
		return;
	}
	e->expected = true;
	a->n_expected++;
	hold_executor_wait(a, e, WAIT_REREGISTER,
		a->cfg->executor_reregistration_timeout_ms);
}

void recover_back(struct agent *a, struct executor *e)
{
	if (!e->expected)
		return;
	e->expected = false;
	CHECK(a->n_expected > 0);
	a->n_expected--;
}

void recover_check(struct agent *a, struct outbox *out)
{
	if (a->phase == PHASE_RECOVERING && a->n_expected == 0) {
		a->phase = PHASE_UP;
		a->recovered_ms = a->now_ms - a->begin_ms;
		log_info("recovered", "agent=%s in_ms=%" PRIu64,
			a->id != NULL ? a->id : "-", a->recovered_ms);
		register_ask(a, out);
	}
	if (a->phase == PHASE_UP && a->withheld != NULL && a->recheck &&
		!a->leaving)
		info_settle(a, out);
	a->recheck = false;
}

/* --- resources and attributes ------------------------------------------- */

/*
 * Takes the configured AgentInfo if it holds what runs. A master doesn't know
 * an agent again under another hostname: with that comes a new id, once nothing
 * is left of the old.
 */
static void info_settle(struct agent *a, struct outbox *out)
{
	const char *why;
	bool renamed;

	if (!info_changed(a))
		return;
	renamed = strcmp(a->info->hostname, a->cfg->info->hostname) != 0;
	why = a->id != NULL ? misfit(a, &out->arena) : NULL;
	if (why != NULL) {
		if (a->withheld == NULL || strcmp(a->withheld, why) != 0)
			log_error("offers_withheld", "why='%s'", why);
		free(a->withheld);
		a->withheld = xstrdup(why);
		return;
	}
	free(a->withheld);
	a->withheld = NULL;
	if (renamed) {
		free(a->id);
		a->id = NULL;
	}
	info_set(a, a->cfg->info);
	log_info("info_changed", "agent=%s", a->id != NULL ? a->id : "-");
	checkpoint_agent(a, out);
	if (a->link != 0) {
		/* A fresh link: the old one stands for the old id. */
		register_down(a, a->link);
		outbox_room(out, AGENT_REDIAL, 0, NULL);
	}
}

static bool info_changed(const struct agent *a)
{
	Mesos__V1__AgentInfo now = *a->info, new = *a->cfg->info;

	now.id = NULL;
	new.id = NULL;
	return !msg_equal(&now.base, &new.base);
}

/* NULL: the configured agent can be what the master knows. */
static const char *misfit(const struct agent *a, struct arena *mem)
{
	const Mesos__V1__AgentInfo *old = a->info, *new = a->cfg->info;
	struct res used = RES_INIT, total = RES_INIT;
	const char *why = NULL;

	if (TAILQ_EMPTY(&a->frameworks))
		return NULL;
	if (strcmp(old->hostname, new->hostname) != 0)
		return arena_printf(mem,
			"the hostname was '%s' and is '%s', but tasks of the "
			"old one are left",
			old->hostname, new->hostname);
	agent_view_used(a, &used, mem);
	res_allocate(&used, NULL);
	if (res_is_empty(&used)) {
		res_fini(&used);
		return NULL;
	}
	if (res_from_msgs(&total, new->resources, new->n_resources, NULL) !=
			0 ||
		!res_contains(&total, &used))
		why = arena_printf(mem,
			"running tasks use %s, but this agent now has %s",
			res_text(mem, &used), res_text(mem, &total));
	else if (!attr_equal(old->attributes, old->n_attributes,
			 new->attributes, new->n_attributes))
		why = attributes_misfit(old, new, mem);
	res_fini(&used);
	res_fini(&total);
	return why;
}

/* New attributes don't hurt what runs; missing and changed ones may. */
static const char *attributes_misfit(const Mesos__V1__AgentInfo *old,
	const Mesos__V1__AgentInfo *new, struct arena *mem)
{
	size_t i, k;

	for (i = 0; i < old->n_attributes; i++) {
		for (k = 0; k < new->n_attributes; k++)
			if (attr_equal(&old->attributes[i], 1,
				    &new->attributes[k], 1))
				break;
		if (k == new->n_attributes) {
			struct buf text = BUF_INIT;
			const char *why;

			attr_print(&text, &old->attributes[i], 1);
			why = arena_printf(mem,
				"tasks run here that were promised the "
				"attribute %s",
				buf_str(&text));
			buf_fini(&text);
			return why;
		}
	}
	return NULL;
}

/* With our id, if we have one. */
static void info_set(struct agent *a, const Mesos__V1__AgentInfo *info)
{
	Mesos__V1__AgentInfo m = *info;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;
	Mesos__V1__AgentInfo *copy;

	id.value = a->id;
	m.id = a->id != NULL ? &id : NULL;
	copy = MSG_DUP(&m);
	if (a->info != NULL)
		msg_free(&a->info->base);
	a->info = copy;
}

void recover_id_set(struct agent *a, const char *id)
{
	free(a->id);
	a->id = xstrdup(id);
	info_set(a, a->info);
}
