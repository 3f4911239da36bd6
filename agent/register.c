/* register.c - see register.h. */
#include "agent/register.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/agent_view.h"
#include "agent/checkpoint.h"
#include "agent/container.h"
#include "agent/hold.h"
#include "agent/recover.h"
#include "agent/run.h"
#include "agent/stream.h"
#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/ident.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "mesos/v1/mesos.pb-c.h"

#define BACKOFF_MAX_MS (60 * 1000)

static void first_send(struct agent *a, struct outbox *out);
static void again_send(struct agent *a, struct outbox *out);
static size_t frameworks_list(const struct agent *a,
	Butte__Link__ReregisterAgent *m, struct arena *mem);
static void tasks_list(const struct agent *a, Butte__Link__ReregisterAgent *m,
	struct arena *mem);
static void executors_list(const struct agent *a,
	Butte__Link__ReregisterAgent *m, size_t n_max, struct arena *mem);
static bool accepted(struct agent *a, const char *id, uint64_t ping_timeout_ms,
	const Mesos__V1__MasterInfo *master, struct outbox *out);
static void left(struct agent *a, struct outbox *out);

void register_up(struct agent *a, uint64_t link, struct outbox *out)
{
	if (a->link != 0 && a->link != link)
		register_down(a, a->link);
	log_info("uplink_up", "agent=%s", a->id != NULL ? a->id : "-");
	a->link = link;
	a->backoff_ms = 2 * a->cfg->registration_backoff_factor_ms;
	register_ask(a, out);
}

void register_down(struct agent *a, uint64_t link)
{
	if (link != a->link || link == 0)
		return;
	log_info("uplink_down", "agent=%s", a->id != NULL ? a->id : "-");
	a->link = 0;
	a->registered = false;
	a->register_due = HOLD_NEVER;
	a->ping_due = HOLD_NEVER;
	stream_pause(a);
}

void register_ask(struct agent *a, struct outbox *out)
{
	uint64_t wait;

	if (a->link == 0 || a->phase != PHASE_UP || a->cfg->recover_cleanup)
		return;
	if (a->registered)
		stream_pause(a);
	a->registered = false;
	if (a->id == NULL)
		first_send(a, out);
	else
		again_send(a, out);
	wait = a->backoff_ms < BACKOFF_MAX_MS ? a->backoff_ms : BACKOFF_MAX_MS;
	a->register_due = a->now_ms + 1 + prng_below(&a->prng, wait + 1);
	a->backoff_ms = wait * 2;
	/* A master that never answers is as bad as one that is silent later. */
	if (a->ping_due == HOLD_NEVER && a->ping_timeout_ms != 0)
		a->ping_due = a->now_ms + a->ping_timeout_ms;
}

static void first_send(struct agent *a, struct outbox *out)
{
	Butte__Link__RegisterAgent m = BUTTE__LINK__REGISTER_AGENT__INIT;
	Butte__Link__ToMaster to = BUTTE__LINK__TO_MASTER__INIT;

	m.agent_info = a->info;
	m.version = arena_strdup(&out->arena, a->cfg->version);
	m.capabilities =
		agent_view_capabilities(&m.n_capabilities, &out->arena);
	to.msg_case = BUTTE__LINK__TO_MASTER__MSG_REGISTER_AGENT;
	to.register_agent = &m;
	outbox_link_send(out, a->link, &to.base);
}

static void again_send(struct agent *a, struct outbox *out)
{
	Butte__Link__ReregisterAgent m = BUTTE__LINK__REREGISTER_AGENT__INIT;
	Butte__Link__ToMaster to = BUTTE__LINK__TO_MASTER__INIT;
	struct arena *mem = &out->arena;
	size_t n_executors;

	CHECK(a->info->id != NULL);
	m.agent_info = a->info;
	m.version = arena_strdup(mem, a->cfg->version);
	m.capabilities = agent_view_capabilities(&m.n_capabilities, mem);
	n_executors = frameworks_list(a, &m, mem);
	executors_list(a, &m, n_executors, mem);
	tasks_list(a, &m, mem);
	m.offers_withheld = arena_strdup(
		mem, a->leaving ? "the agent is leaving" : a->withheld);
	log_info("reregister",
		"agent=%s frameworks=%zu executors=%zu tasks=%zu", a->id,
		m.n_frameworks, m.n_executors, m.n_tasks);
	to.msg_case = BUTTE__LINK__TO_MASTER__MSG_REREGISTER_AGENT;
	to.reregister_agent = &m;
	outbox_link_send(out, a->link, &to.base);
}

/* Those that are not going already. Returns how many executors they have. */
static size_t frameworks_list(const struct agent *a,
	Butte__Link__ReregisterAgent *m, struct arena *mem)
{
	size_t n = HASH_COUNT(a->frameworks_by_id), n_executors = 0;
	const struct framework *f;

	m->frameworks = arena_alloc(mem, n * sizeof(*m->frameworks));
	TAILQ_FOREACH (f, &a->frameworks, next) {
		if (f->terminating || f->made_up)
			continue;
		m->frameworks[m->n_frameworks++] = hold_framework_info(f, mem);
		n_executors += f->n_executors;
	}
	return n_executors;
}

static void executors_list(const struct agent *a,
	Butte__Link__ReregisterAgent *m, size_t n_max, struct arena *mem)
{
	const struct framework *f;
	const struct executor *e;

	m->executors = arena_alloc(mem, n_max * sizeof(*m->executors));
	TAILQ_FOREACH (f, &a->frameworks, next) {
		if (f->terminating || f->made_up)
			continue;
		TAILQ_FOREACH (e, &f->executors, next) {
			Mesos__V1__ExecutorInfo *x;

			if (e->generated || e->state == EXECUTOR_TERMINATED)
				continue;
			x = hold_executor_info(e, mem);
			if (x->framework_id == NULL) {
				x->framework_id = arena_alloc(
					mem, sizeof(*x->framework_id));
				mesos__v1__framework_id__init(x->framework_id);
				x->framework_id->value = f->id;
			}
			m->executors[m->n_executors++] = x;
		}
	}
	CHECK(m->n_executors <= n_max);
}

/* Tasks of which only the id is known are the master's own. */
static void tasks_list(const struct agent *a, Butte__Link__ReregisterAgent *m,
	struct arena *mem)
{
	const struct framework *f;
	const struct task *t;
	size_t n = 0;

	TAILQ_FOREACH (f, &a->frameworks, next)
		n += HASH_COUNT(f->tasks);
	m->tasks = arena_alloc(mem, n * sizeof(*m->tasks));
	TAILQ_FOREACH (f, &a->frameworks, next) {
		if (f->terminating)
			continue;
		for (t = f->tasks; t != NULL; t = t->hh.next)
			if (t->info.data != NULL)
				m->tasks[m->n_tasks++] =
					agent_view_task(a, t, mem);
	}
}

/* --- answers ------------------------------------------------------------ */

void register_done(struct agent *a, const Butte__Link__AgentRegistered *m,
	struct outbox *out)
{
	if (!accepted(a, m->agent_id->value, m->ping_timeout_ms, m->master_info,
		    out))
		return;
	stream_resume(a, out);
}

void register_again_done(struct agent *a,
	const Butte__Link__AgentReregistered *m, struct outbox *out)
{
	size_t i;

	if (!accepted(a, m->agent_id->value, m->ping_timeout_ms, m->master_info,
		    out))
		return;
	stream_resume(a, out);
	/* To one that leaves, all are lost; its goodbye says so. */
	for (i = 0; !a->leaving && i < m->n_lost; i++)
		run_lost(a, m->lost[i], out);
}

static bool accepted(struct agent *a, const char *id, uint64_t ping_timeout_ms,
	const Mesos__V1__MasterInfo *master, struct outbox *out)
{
	if (a->registered || (a->leaving && a->id == NULL))
		return false;
	if (ident_id_check("agent id", id, NULL) != 0 ||
		(a->id != NULL && strcmp(a->id, id) != 0)) {
		outbox_exit(out, 1,
			"the master calls this agent '%s', its id is '%s': "
			"two agents may share one work_dir",
			id, a->id != NULL ? a->id : "");
		return false;
	}
	if (a->id == NULL) {
		recover_id_set(a, id);
		checkpoint_agent(a, out);
	}
	log_info("registered", "agent=%s", a->id);
	a->registered = true;
	a->register_due = HOLD_NEVER;
	a->backoff_ms = 2 * a->cfg->registration_backoff_factor_ms;
	a->ping_timeout_ms = ping_timeout_ms;
	a->ping_due = a->now_ms + ping_timeout_ms;
	free(a->master_hostname);
	a->master_hostname =
		xstrdup(master->hostname != NULL ? master->hostname : "");
	return true;
}

void register_ping(
	struct agent *a, const Butte__Link__Ping *m, struct outbox *out)
{
	Butte__Link__ToMaster to = BUTTE__LINK__TO_MASTER__INIT;
	Butte__Link__Pong pong = BUTTE__LINK__PONG__INIT;

	to.msg_case = BUTTE__LINK__TO_MASTER__MSG_PONG;
	to.pong = &pong;
	outbox_link_send(out, a->link, &to.base);
	if (a->ping_timeout_ms != 0)
		a->ping_due = a->now_ms + a->ping_timeout_ms;
	if (!m->connected && a->registered)
		register_ask(a, out);
}

void register_tick(struct agent *a, struct outbox *out)
{
	if (a->now_ms >= a->ping_due) {
		log_warn("master_silent", "for_ms=%llu",
			(unsigned long long)a->ping_timeout_ms);
		register_down(a, a->link);
		outbox_room(out, AGENT_REDIAL,
			prng_below(&a->prng,
				a->cfg->registration_backoff_factor_ms + 1),
			NULL);
	}
	if (a->now_ms >= a->register_due)
		register_ask(a, out);
}

uint64_t register_next_due(const struct agent *a)
{
	return a->register_due < a->ping_due ? a->register_due : a->ping_due;
}

/* --- leaving ------------------------------------------------------------ */

void register_leave(struct agent *a, bool goodbye, struct outbox *out)
{
	struct framework *f, *next;

	if (a->leaving)
		return;
	a->leaving = true;
	a->say_goodbye = goodbye;
	/* Each may be the last, and gone at once. */
	TAILQ_FOREACH_SAFE (f, &a->frameworks, next, next)
		container_shut_down_framework(a, f, out);
	if (TAILQ_EMPTY(&a->frameworks))
		left(a, out);
}

void register_framework_gone(struct agent *a, struct outbox *out)
{
	if (a->leaving && TAILQ_EMPTY(&a->frameworks))
		left(a, out);
}

static void left(struct agent *a, struct outbox *out)
{
	Butte__Link__ToMaster to = BUTTE__LINK__TO_MASTER__INIT;
	Butte__Link__UnregisterAgent m = BUTTE__LINK__UNREGISTER_AGENT__INIT;

	if (a->has_left)
		return;
	a->has_left = true;
	if (a->say_goodbye && a->registered) {
		to.msg_case = BUTTE__LINK__TO_MASTER__MSG_UNREGISTER_AGENT;
		to.unregister_agent = &m;
		outbox_link_send(out, a->link, &to.base);
	}
	checkpoint_agent_del(out);
	outbox_exit(out, 0, "all tasks are over");
}
