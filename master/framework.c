/* framework.c - see framework.h. */
#include "master/framework.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/json_text.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "master/alloc.h"
#include "master/downlink.h"
#include "master/ledger.h"
#include "master/notify.h"
#include "master/offer.h"
#include "master/registry.h"
#include "master/state.h"
#include "master/validate.h"
#include "master/watch.h"
#include "mesos/v1/mesos.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

typedef Mesos__V1__FrameworkInfo info_msg;
typedef Mesos__V1__Scheduler__Call__Subscribe subscribe_msg;
typedef Mesos__V1__OfferFilters__ResourceQuantities quantities_msg;

#define MS_NS 1000000
/* More than any agent has; thousandths of it fit 63 bits. */
#define AMOUNT_MAX 9e15
/* A hundred years: deadlines must fit the clock. */
#define FAILOVER_TIMEOUT_MAX_S (100.0 * 365 * 24 * 60 * 60)

/* --- what the allocator is told --------------------------------------------------- */

static unsigned alloc_capabilities(const struct framework *fw)
{
	static const struct {
		int v1;
		unsigned bit;
	} map[] = {
#define MAP(v1, bit) { MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__##v1, bit }
		MAP(REVOCABLE_RESOURCES, ALLOC_REVOCABLE),
		MAP(GPU_RESOURCES, ALLOC_GPU),
		MAP(SHARED_RESOURCES, ALLOC_SHARED),
		MAP(MULTI_ROLE, ALLOC_MULTI_ROLE),
		MAP(RESERVATION_REFINEMENT, ALLOC_REFINEMENT),
		MAP(REGION_AWARE, ALLOC_REGION_AWARE),
#undef MAP
	};
	unsigned bits = 0;
	size_t i;

	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (state_framework_has(fw, (unsigned)map[i].v1))
			bits |= map[i].bit;
	return bits;
}

/* An amount that validate_framework() has seen, in thousandths. */
static int64_t milli(double v)
{
	return v < AMOUNT_MAX ? (int64_t)(v * 1000.0 + 0.5)
			      : (int64_t)(AMOUNT_MAX * 1000.0);
}

/* "cpus:1;mem:32" */
static void quantities_print(struct buf *to, const quantities_msg *q)
{
	size_t i;

	for (i = 0; i < q->n_quantities; i++) {
		const Mesos__V1__Value__Scalar *v = q->quantities[i]->value;

		buf_printf(
			to, "%s%s:", i > 0 ? ";" : "", q->quantities[i]->key);
		json_text_milli(to, milli(v != NULL ? v->value : 0));
	}
}

static const char *min_sets_text(struct arena *arena,
	const Mesos__V1__OfferFilters__MinAllocatableResources *min)
{
	struct buf b = BUF_INIT;
	char *text;
	size_t i;

	for (i = 0; i < min->n_quantities; i++) {
		if (i > 0)
			buf_add_char(&b, '|');
		quantities_print(&b, min->quantities[i]);
	}
	text = arena_strdup(arena, buf_str(&b));
	buf_fini(&b);
	return text;
}

/* Points into fw, suppressed and the arena. */
static void describe(const struct framework *fw, char *const *suppressed,
	size_t n_suppressed, struct arena *arena, struct alloc_framework *ret)
{
	const info_msg *info = fw->info;
	struct alloc_min *mins;
	size_t i;

	mins = arena_alloc(arena, (info->n_offer_filters + 1) * sizeof(*mins));
	*ret = (struct alloc_framework){
		.roles = fw->roles,
		.n_roles = fw->n_roles,
		.suppressed = (const char *const *)suppressed,
		.n_suppressed = n_suppressed,
		.capabilities = alloc_capabilities(fw),
		.mins = mins,
	};
	for (i = 0; i < info->n_offer_filters; i++) {
		const Mesos__V1__OfferFilters *f =
			info->offer_filters[i]->value;

		if (f == NULL || f->min_allocatable_resources == NULL)
			continue;
		mins[ret->n_mins].role = info->offer_filters[i]->key;
		mins[ret->n_mins++].sets =
			min_sets_text(arena, f->min_allocatable_resources);
	}
}

void framework_loaded(struct master *m, struct framework *fw)
{
	struct arena scratch;
	struct alloc_framework af;

	arena_init(&scratch);
	describe(fw, NULL, 0, &scratch, &af);
	alloc_framework_add(m->alloc, fw->id, &af, false);
	arena_fini(&scratch);
}

/* --- SUBSCRIBE ---------------------------------------------------------------------- */

static int subscribe(struct master *m, const struct master_event *ev,
	const subscribe_msg *sub, struct err *e);
static void attach(
	struct master *m, struct framework *fw, const struct master_event *ev);
static void failover(struct master *m, struct framework *fw);

void framework_subscribe(struct master *m, const struct master_event *ev)
{
	const subscribe_msg *sub = ev->call->subscribe;
	struct err e = { 0 };

	CHECK(ev->new_stream_id != NULL);
	outbox_stream_open(m->out, ev->from);
	if (subscribe(m, ev, sub, &e) == 0)
		return;
	log_warn("subscribe_refused", "name='%.64s' id=%.255s why='%s'",
		sub->framework_info->name,
		sub->framework_info->id != NULL ? sub->framework_info->id->value
						: "",
		e.text);
	notify_error(m, ev->from, e.text);
}

/* "MASTER-0007", one that nobody brought along from elsewhere. */
static char *id_make(struct master *m)
{
	struct arena *arena = &m->out->arena;
	char *id;

	do {
		id = arena_printf(arena, "%s-%04llu", m->cfg.id,
			(unsigned long long)m->next_framework++);
	} while (state_framework_find(m, id) != NULL ||
		state_completed_find(m, id) != NULL);
	return id;
}

static struct framework *add(struct master *m, const subscribe_msg *sub,
	const info_msg *info, const char *id)
{
	struct arena *arena = &m->out->arena;
	Mesos__V1__FrameworkID id_msg = MESOS__V1__FRAMEWORK_ID__INIT;
	info_msg full = *info;
	struct alloc_framework af;
	struct framework *fw;

	METRICS_BUMP(m, MSG_REGISTER_FRAMEWORK);
	id_msg.value = id != NULL ? arena_strdup(arena, id) : id_make(m);
	full.id = &id_msg;
	fw = state_framework_add(m, &full);
	fw->registered_ns = m->wall_ns;
	describe(
		fw, sub->suppressed_roles, sub->n_suppressed_roles, arena, &af);
	alloc_framework_add(m->alloc, fw->id, &af, false);
	log_info("framework_add", "framework=%s name='%.64s'", fw->id,
		info->name);
	return fw;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The new FrameworkInfo, but for what can't change. */
static int update(struct master *m, struct framework *fw,
	const subscribe_msg *sub, const info_msg *info, struct err *e)
{
	info_msg merged = *info;
	struct alloc_framework af;

	if (!same_text(info->principal, fw->info->principal))
		return err_set(e, ERR_INVALID,
			"Framework '%s' can't change its principal from "
			"'%.64s' to '%.64s'; subscribe with the old one, or as "
			"a new framework",
			fw->id,
			fw->info->principal != NULL ? fw->info->principal : "",
			info->principal != NULL ? info->principal : "");
	METRICS_BUMP(m, MSG_REREGISTER_FRAMEWORK);
	merged.id = fw->info->id;
	merged.user = fw->info->user;
	merged.has_checkpoint = fw->info->has_checkpoint;
	merged.checkpoint = fw->info->checkpoint;
	state_framework_info_set(fw, MSG_DUP(&merged));
	describe(fw, sub->suppressed_roles, sub->n_suppressed_roles,
		&m->out->arena, &af);
	alloc_framework_update(m->alloc, fw->id, &af);
	return 0;
}

static int subscribe(struct master *m, const struct master_event *ev,
	const subscribe_msg *sub, struct err *e)
{
	info_msg info = *sub->framework_info;
	const char *id = validate_framework_id(&info);
	struct framework *fw;
	bool is_new;

	if (info.principal == NULL && ev->principal != NULL)
		info.principal = arena_strdup(&m->out->arena, ev->principal);
	if (validate_framework(&m->cfg, &info, sub->suppressed_roles,
		    sub->n_suppressed_roles, e) != 0)
		return -1;
	if (sub->offer_constraints != NULL &&
		sub->offer_constraints->n_role_constraints > 0)
		return err_set(e, ERR_UNSUPPORTED,
			"offer_constraints are not supported yet by this "
			"Butte; subscribe without them and decline instead");
	if (id != NULL && state_completed_find(m, id) != NULL)
		return err_set(e, ERR_CONFLICT, "Framework has been removed");
	fw = id != NULL ? state_framework_find(m, id) : NULL;
	is_new = fw == NULL;
	if (is_new)
		fw = add(m, sub, &info, id);
	else if (update(m, fw, sub, &info, e) != 0)
		return -1;
	else
		failover(m, fw);
	attach(m, fw, ev);
	if (is_new)
		watch_framework_added(m, fw);
	else
		watch_framework_updated(m, fw);
	return 0;
}

/* The subscriber before, if any, is told and cut off; what it was offered goes
 * back, and it isn't told of that. */
static void failover(struct master *m, struct framework *fw)
{
	log_info("framework_failover", "framework=%s", fw->id);
	offer_return_all(m, fw);
	if (fw->state == FRAMEWORK_CONNECTED)
		notify_error(m, fw->stream, "Framework failed over");
	fw->reregistered_ns = m->wall_ns;
}

typedef void tell_f(
	struct master *m, const struct agent *a, const struct framework *fw);

/* Tells the agents where the framework has something, once each: the others
 * don't know it, and telling 50,000 of them of each short job would be most of
 * what a master does. */
static void agents_tell(struct master *m, struct framework *fw, tell_f *tell)
{
	uint64_t mark = ++m->mark;
	const struct executor *x;
	const struct task *t;

	for (t = state_task_next(fw, NULL); t != NULL;
		t = state_task_next(fw, t)) {
		if (t->agent->mark == mark)
			continue;
		t->agent->mark = mark;
		tell(m, t->agent, fw);
	}
	TAILQ_FOREACH (x, &fw->executors, of_framework) {
		if (x->agent->mark == mark)
			continue;
		x->agent->mark = mark;
		tell(m, x->agent, fw);
	}
}

static void attach(
	struct master *m, struct framework *fw, const struct master_event *ev)
{
	bool was_active = fw->state == FRAMEWORK_CONNECTED;

	CHECK(TAILQ_EMPTY(&fw->offers));
	state_framework_stream_set(m, fw, ev->from, ev->new_stream_id);
	state_deadline_clear(m, &fw->failover);
	fw->deadline_ns = 0;
	fw->state = FRAMEWORK_CONNECTED;
	registry_framework_put(m, fw);
	log_info("framework_connected", "framework=%s stream=%llu", fw->id,
		(unsigned long long)fw->stream);
	notify_subscribed(m, fw);
	framework_heartbeat(m, fw);
	if (!was_active)
		alloc_framework_activate(m->alloc, fw->id, true);
	agents_tell(m, fw, downlink_update_framework);
}

void framework_heartbeat(struct master *m, struct framework *fw)
{
	CHECK(fw->state == FRAMEWORK_CONNECTED);
	notify_heartbeat(m, fw);
	state_deadline_every(m, &fw->heartbeat, NOTIFY_HEARTBEAT_MS);
}

/* --- waiting for it -------------------------------------------------------------------- */

/* 0 if it is to be removed at once. */
static uint64_t failover_timeout_ms(const struct framework *fw)
{
	double s =
		fw->info->has_failover_timeout ? fw->info->failover_timeout : 0;

	if (s > FAILOVER_TIMEOUT_MAX_S)
		s = FAILOVER_TIMEOUT_MAX_S;
	return s > 0 ? (uint64_t)(s * 1000.0) : 0;
}

static void wait_until(struct master *m, struct framework *fw, uint64_t wait_ms)
{
	fw->deadline_ns = m->wall_ns + (int64_t)wait_ms * MS_NS;
	state_deadline_set(m, &fw->failover, m->now_ms + wait_ms);
}

void framework_disconnect(struct master *m, struct framework *fw)
{
	uint64_t wait_ms = failover_timeout_ms(fw);

	CHECK(fw->state == FRAMEWORK_CONNECTED);
	METRICS_BUMP(m, MSG_DEACTIVATE_FRAMEWORK);
	log_info("framework_disconnected",
		"framework=%s failover_timeout_ms=%llu", fw->id,
		(unsigned long long)wait_ms);
	state_framework_stream_set(m, fw, 0, NULL);
	fw->state = FRAMEWORK_DISCONNECTED;
	offer_return_all(m, fw);
	alloc_framework_activate(m->alloc, fw->id, false);
	if (wait_ms == 0) {
		framework_remove(m, fw, "it disconnected");
		return;
	}
	wait_until(m, fw, wait_ms);
	registry_framework_put(m, fw);
	watch_framework_updated(m, fw);
}

void framework_expire(struct master *m, struct framework *fw)
{
	CHECK(fw->state != FRAMEWORK_CONNECTED);
	framework_remove(m, fw, "its failover_timeout is over");
}

void framework_wait(struct master *m, struct framework *fw)
{
	uint64_t timeout_ms = failover_timeout_ms(fw);
	uint64_t grace_ms = m->cfg.agent_reregister_timeout_ms;
	uint64_t left_ms = timeout_ms;

	CHECK(fw->state == FRAMEWORK_RECOVERED);
	if (fw->deadline_ns != 0) /* it was disconnected already */
		left_ms = fw->deadline_ns > m->wall_ns
			? (uint64_t)(fw->deadline_ns - m->wall_ns) / MS_NS
			: 0;
	/* A clock that jumped can't make it longer than it was. */
	if (left_ms > timeout_ms)
		left_ms = timeout_ms;
	if (left_ms < grace_ms)
		left_ms = grace_ms;
	state_deadline_set(m, &fw->failover, m->now_ms + left_ms);
}

struct framework *framework_recover(struct master *m, const info_msg *info)
{
	struct framework *fw = state_framework_add(m, info);

	log_info("framework_recover", "framework=%s name='%.64s'", fw->id,
		info->name);
	fw->registered_ns = m->wall_ns;
	framework_loaded(m, fw);
	framework_wait(m, fw);
	registry_framework_put(m, fw);
	watch_framework_added(m, fw);
	return fw;
}

/* --- removal ------------------------------------------------------------------------------ */

static void end_tasks(struct master *m, struct framework *fw)
{
	struct arena *arena = &m->out->arena;
	const struct ledger_end end = {
		.state = MESOS__V1__TASK_STATE__TASK_KILLED,
		.reason =
			MESOS__V1__TASK_STATUS__REASON__REASON_FRAMEWORK_REMOVED,
		.message = arena_printf(arena, "Framework %s removed", fw->id),
		.tell = false,
	};
	struct task *t;

	while ((t = state_task_next(fw, NULL)) != NULL)
		ledger_end(m, t, &end);
	while ((t = state_unreachable_next(fw, NULL)) != NULL)
		ledger_end_unreachable(m, t, &end);
}

static void tell_shutdown(
	struct master *m, const struct agent *a, const struct framework *fw)
{
	downlink_shutdown_framework(m, a, fw->id);
}

void framework_remove(struct master *m, struct framework *fw, const char *why)
{
	struct executor *x;

	log_info("framework_remove", "framework=%s why='%s'", fw->id, why);
	offer_return_all(m, fw);
	agents_tell(m, fw, tell_shutdown);
	end_tasks(m, fw);
	while ((x = TAILQ_FIRST(&fw->executors)) != NULL)
		ledger_executor_end(m, x);
	if (fw->state == FRAMEWORK_CONNECTED)
		outbox_stream_close(m->out, fw->stream);
	state_framework_stream_set(m, fw, 0, NULL);
	alloc_framework_remove(m->alloc, fw->id);
	fw->unregistered_ns = m->wall_ns;
	fw->deadline_ns = 0;
	state_framework_complete(m, fw);
	registry_framework_put(m, fw);
	watch_framework_removed(m, fw);
	while ((fw = state_completed_excess(m)) != NULL) {
		registry_framework_del(m, fw);
		state_completed_free(m, fw);
	}
}

/* --- REVIVE and SUPPRESS ---------------------------------------------------------------------- */

/* Any role that isn't the framework's spoils the call. */
static bool roles_are_its(struct master *m, const struct framework *fw,
	const char *call, char *const *roles, size_t n)
{
	size_t i;

	/* Longer lists repeat themselves, or have others' roles. */
	for (i = 0; i < n; i++) {
		if (n <= FRAMEWORK_ROLES_MAX &&
			state_framework_in_role(fw, roles[i]))
			continue;
		METRICS_BUMP(m, DROPPED_MESSAGES);
		log_warn("call_dropped",
			"framework=%s call=%s why='role %.128s is not one of "
			"its own'",
			fw->id, call, roles[i]);
		return false;
	}
	return true;
}

void framework_revive(struct master *m, struct framework *fw,
	const Mesos__V1__Scheduler__Call *call)
{
	static const Mesos__V1__Scheduler__Call__Revive all =
		MESOS__V1__SCHEDULER__CALL__REVIVE__INIT;
	const Mesos__V1__Scheduler__Call__Revive *r =
		call->revive != NULL ? call->revive : &all;

	METRICS_BUMP(m, MSG_REVIVE_OFFERS);
	if (!roles_are_its(m, fw, "REVIVE", r->roles, r->n_roles))
		return;
	alloc_revive(
		m->alloc, fw->id, (const char *const *)r->roles, r->n_roles);
}

void framework_suppress(struct master *m, struct framework *fw,
	const Mesos__V1__Scheduler__Call *call)
{
	static const Mesos__V1__Scheduler__Call__Suppress all =
		MESOS__V1__SCHEDULER__CALL__SUPPRESS__INIT;
	const Mesos__V1__Scheduler__Call__Suppress *s =
		call->suppress != NULL ? call->suppress : &all;

	METRICS_BUMP(m, MSG_SUPPRESS_OFFERS);
	if (!roles_are_its(m, fw, "SUPPRESS", s->roles, s->n_roles))
		return;
	alloc_suppress(
		m->alloc, fw->id, (const char *const *)s->roles, s->n_roles);
}
