/* roster.c - see roster.h. */
#include "master/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/ident.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "common/res.h"
#include "common/task_state.h"
#include "master/alloc.h"
#include "master/downlink.h"
#include "master/framework.h"
#include "master/ledger.h"
#include "master/liveness.h"
#include "master/notify.h"
#include "master/offer.h"
#include "master/registry.h"
#include "master/state.h"
#include "master/watch.h"
#include "mesos/v1/mesos.pb-c.h"

typedef Butte__Link__ReregisterAgent reregister_msg;
typedef Butte__Link__AgentReregistered__Lost lost_msg;

/* Both messages of agents that come begin alike. */
struct newcomer {
	Mesos__V1__AgentInfo *info;
	const char *version;
	unsigned capabilities;
	const char *withheld; /* or NULL */
	struct res total;
};

/* --- who comes -------------------------------------------------------------------- */

/* "1.2.3", with anything after it. */
static bool version_ok(const char *version)
{
	unsigned major, minor, patch;

	return sscanf(version, "%u.%u.%u", &major, &minor, &patch) == 3;
}

static int newcomer_init(struct newcomer *n, Mesos__V1__AgentInfo *info,
	const char *version, struct err *e)
{
	n->info = info;
	n->version = version;
	n->withheld = NULL;
	n->capabilities = 0;
	res_init(&n->total);
	if (!version_ok(version))
		return err_set(e, ERR_INVALID,
			"version '%.64s' is not of the form 1.2.3", version);
	if (info->hostname[0] == '\0')
		return err_set(e, ERR_INVALID, "it has no hostname");
	if (info->port < 0 || info->port > 65535)
		return err_set(e, ERR_INVALID, "port %d is out of range",
			(int)info->port);
	if (info->domain != NULL)
		return err_set(e, ERR_INVALID,
			"it has a domain but this master has none; start it "
			"without");
	return res_from_msgs(&n->total, info->resources, info->n_resources, e);
}

static void newcomer_fini(struct newcomer *n)
{
	res_fini(&n->total);
}

/* Mesos refuses such agents in silence too: they try again. */
static void turn_away(
	const struct uplink *l, const char *id, const struct err *e)
{
	log_warn("agent_refused", "link=%llu ip=%s agent=%.255s why='%s'",
		(unsigned long long)l->number, l->ip, id, e->text);
}

static unsigned alloc_capabilities(const struct agent *a)
{
	static const struct {
		unsigned v1, bit;
	} map[] = {
#define MAP(v1, bit) { MESOS__V1__AGENT_INFO__CAPABILITY__TYPE__##v1, bit }
		MAP(MULTI_ROLE, ALLOC_MULTI_ROLE),
		MAP(HIERARCHICAL_ROLE, ALLOC_HIERARCHICAL_ROLE),
		MAP(RESERVATION_REFINEMENT, ALLOC_REFINEMENT),
#undef MAP
	};
	unsigned bits = 0;
	size_t i;

	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if ((a->capabilities & CAPABILITY(map[i].v1)) != 0)
			bits |= map[i].bit;
	return bits;
}

/* The link is the agent's from now on; one it had before is cut. */
static void take_link(struct master *m, struct agent *a, struct uplink *l)
{
	struct uplink *before;

	before = a->link != 0 ? state_uplink_find(m, a->link) : NULL;
	if (before != NULL && before != l) {
		outbox_link_close(m->out, before->number);
		state_uplink_free(m, before);
	}
	CHECK(l->agent == NULL || l->agent == a);
	l->agent = a;
	a->link = l->number;
	state_agent_address_set(m, a, l->ip);
}

/* What it says of itself. */
static void take_info(struct agent *a, struct newcomer *n)
{
	state_agent_info_set(a, MSG_DUP(n->info));
	free(a->version);
	a->version = xstrdup(n->version);
	a->capabilities = n->capabilities;
	free(a->withheld);
	a->withheld = xstrdup(n->withheld);
	res_clear(&a->total);
	res_move(&a->total, &n->total);
}

/* New to this run: to the allocator, which begins to offer it. */
static void enrol(struct master *m, struct agent *a)
{
	state_agent_registered(m, a);
	alloc_agent_add(m->alloc, a->id, &a->total, alloc_capabilities(a));
	a->active = true;
}

static void admit(struct master *m, struct uplink *l, struct newcomer *n)
{
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;
	struct agent *a = state_agent_at(m, l->ip, n->info->port);

	if (a != NULL)
		liveness_remove(m, a, LIVENESS_REPLACED);
	id.value = arena_printf(&m->out->arena, "%s-S%llu", m->cfg.id,
		(unsigned long long)m->next_agent++);
	n->info->id = &id;
	a = state_agent_add(m, n->info);
	take_info(a, n);
	take_link(m, a, l);
	a->registered_ns = m->wall_ns;
	registry_agent_put(m, a);
	METRICS_BUMP(m, AGENT_REGISTRATIONS);
	log_info("agent_register", "agent=%s hostname=%s ip=%s port=%d", a->id,
		a->info->hostname, l->ip, (int)a->info->port);
	enrol(m, a);
	downlink_registered(m, a);
	liveness_start(m, a);
	liveness_activate(m, a);
	watch_agent_added(m, a);
}

static void on_register(struct master *m, struct uplink *l,
	const Butte__Link__RegisterAgent *msg)
{
	Mesos__V1__AgentInfo info = *msg->agent_info;
	struct newcomer n;
	struct err e = { 0 };

	METRICS_BUMP(m, MSG_REGISTER_AGENT);
	if (l->agent != NULL) { /* it asks twice */
		downlink_registered(m, l->agent);
		return;
	}
	if (newcomer_init(&n, &info, msg->version, &e) != 0) {
		turn_away(l, "", &e);
	} else {
		n.capabilities = state_agent_capabilities(
			msg->capabilities, msg->n_capabilities);
		admit(m, l, &n);
	}
	newcomer_fini(&n);
}

/* --- who comes back ------------------------------------------------------------------ */

static void come_back(struct master *m, struct uplink *l, struct newcomer *n,
	const reregister_msg *msg);
static void take_frameworks(struct master *m, const reregister_msg *msg);
static void take_executors(
	struct master *m, struct agent *a, const reregister_msg *msg);
static void take_tasks(struct master *m, struct agent *a, bool was_known,
	const reregister_msg *msg);
static lost_msg **find_lost(struct master *m, struct agent *a, size_t *ret_n);
static void settle(
	struct master *m, struct agent *a, const reregister_msg *msg);
static void tell_back(
	struct master *m, const struct agent *a, const char *message);

/* Why it must not come back at all, or NULL. */
static const char *banned(struct master *m, const struct uplink *l,
	const struct agent *a, const Mesos__V1__AgentInfo *info)
{
	if (state_absent_find(m->gone, info->id->value) != NULL)
		return "Agent has been marked gone; start it with an empty "
		       "work_dir to join as a new one";
	if (a == NULL || !a->registered)
		return NULL;
	if (strcmp(a->info->hostname, info->hostname) != 0)
		return arena_printf(&m->out->arena,
			"Agent attempted to re-register with hostname '%s'; "
			"it is known as '%s'; start it with the old "
			"--hostname, or with an empty work_dir",
			info->hostname, a->info->hostname);
	if (a->ip != NULL && strcmp(a->ip, l->ip) != 0)
		return arena_printf(&m->out->arena,
			"Agent attempted to re-register from address '%s'; it "
			"is known at '%s'; start it with an empty work_dir",
			l->ip, a->ip);
	return NULL;
}

static void on_reregister(
	struct master *m, struct uplink *l, const reregister_msg *msg)
{
	Mesos__V1__AgentInfo info = *msg->agent_info;
	const char *id = info.id != NULL ? info.id->value : "";
	struct agent *a = state_agent_find(m, id);
	struct newcomer n;
	struct err e = { 0 };
	const char *why;

	METRICS_BUMP(m, MSG_REREGISTER_AGENT);
	if (newcomer_init(&n, &info, msg->version, &e) != 0 ||
		ident_id_check("agent id", id, &e) != 0 ||
		(l->agent != NULL && l->agent != a &&
			err_set(&e, ERR_CONFLICT,
				"its link is that of agent %s",
				l->agent->id) != 0)) {
		turn_away(l, id, &e);
		newcomer_fini(&n);
		return;
	}
	why = banned(m, l, a, &info);
	if (l->agent != NULL) {
		/* It asks twice, because the first answer is still on its way,
		 * perhaps with tasks and executors behind it that it can't name
		 * yet: what it doesn't name is not lost. */
		downlink_reregistered(m, a, NULL, 0);
	} else if (why != NULL) {
		log_warn("agent_shutdown", "agent=%s ip=%s why='%s'", id, l->ip,
			why);
		downlink_shutdown(m, l->number, why);
	} else {
		n.capabilities = state_agent_capabilities(
			msg->capabilities, msg->n_capabilities);
		n.withheld = msg->offers_withheld;
		come_back(m, l, &n, msg);
	}
	newcomer_fini(&n);
}

/* Whether its row in the registry is no longer right. */
static bool row_changed(
	const struct agent *a, const struct newcomer *n, const struct uplink *l)
{
	return !msg_equal(&a->info->base, &n->info->base) ||
		a->capabilities != n->capabilities || a->version == NULL ||
		strcmp(a->version, n->version) != 0 || a->ip == NULL ||
		strcmp(a->ip, l->ip) != 0;
}

static struct agent *readmit(struct master *m, const struct newcomer *n)
{
	struct absent *ab =
		state_absent_find(m->unreachable, n->info->id->value);
	struct agent *a = state_agent_add(m, n->info);

	if (ab == NULL)
		return a;
	outbox_del(m->out, MASTER_TABLE_UNREACHABLE, ab->id);
	state_absent_free(&m->unreachable, ab);
	return a;
}

/* The order matters: records, then what it brings, then what it is told. */
static void come_back(struct master *m, struct uplink *l, struct newcomer *n,
	const reregister_msg *msg)
{
	struct agent *a = state_agent_find(m, n->info->id->value);
	bool was_absent = a == NULL;
	bool was_unreachable =
		state_absent_find(m->unreachable, n->info->id->value) != NULL;
	bool was_known = a != NULL && a->registered;
	bool changed = was_absent || row_changed(a, n, l);
	lost_msg **lost;
	size_t n_lost;

	if (was_absent)
		a = readmit(m, n);
	if (was_known && !res_equal(&a->total, &n->total))
		offer_rescind_agent(m, a, "its resources changed");
	take_info(a, n);
	take_link(m, a, l);
	a->reregistered_ns = m->wall_ns;
	if (a->registered_ns == 0)
		a->registered_ns = m->wall_ns;
	if (changed)
		registry_agent_put(m, a);
	METRICS_BUMP(m, AGENT_REREGISTRATIONS);
	log_info("agent_reregister",
		"agent=%s ip=%s was=%s tasks=%zu executors=%zu", a->id, l->ip,
		was_known		  ? "known"
			: was_unreachable ? "unreachable"
			: was_absent	  ? "unknown"
					  : "recovered",
		msg->n_tasks, msg->n_executors);
	if (was_known)
		alloc_agent_total(m->alloc, a->id, &a->total);
	else
		enrol(m, a);
	if (was_known && changed)
		alloc_agent_changed(m->alloc, a->id, alloc_capabilities(a));
	take_frameworks(m, msg);
	take_executors(m, a, msg);
	take_tasks(m, a, was_known, msg);
	lost = find_lost(m, a, &n_lost);
	downlink_reregistered(m, a, lost, n_lost);
	liveness_start(m, a);
	liveness_activate(m, a);
	settle(m, a, msg);
	if (!was_known)
		watch_agent_added(m, a);
	if (was_absent)
		tell_back(m, a,
			was_unreachable ? "Unreachable agent re-reregistered"
					: "Unknown agent reregistered");
}

static void take_frameworks(struct master *m, const reregister_msg *msg)
{
	size_t i;

	for (i = 0; i < msg->n_frameworks; i++) {
		const Mesos__V1__FrameworkInfo *info = msg->frameworks[i];
		struct err e = { 0 };

		if (info->id == NULL ||
			state_framework_find(m, info->id->value) != NULL ||
			state_completed_find(m, info->id->value) != NULL)
			continue;
		if (ident_id_check("framework id", info->id->value, &e) == 0)
			(void)framework_recover(m, info);
		else
			log_warn("framework_not_taken", "why='%s'", e.text);
	}
}

static void take_executor(struct master *m, struct agent *a, uint64_t mark,
	const Mesos__V1__ExecutorInfo *info)
{
	struct framework *fw;
	struct executor *x;
	struct err e = { 0 };

	if (info->framework_id == NULL)
		return;
	fw = state_framework_find(m, info->framework_id->value);
	if (fw == NULL)
		return; /* completed: it will be told to end it */
	x = state_executor_find(a, fw->id, info->executor_id->value);
	if (x == NULL && ledger_executor_restore(m, fw, a, info, &e) != 0) {
		log_warn("executor_not_taken",
			"framework=%s executor=%.255s agent=%s why='%s'",
			fw->id, info->executor_id->value, a->id, e.text);
		return;
	}
	x = state_executor_find(a, fw->id, info->executor_id->value);
	CHECK(x != NULL);
	x->mark = mark;
}

/* The agent's list is the truth. */
static void take_executors(
	struct master *m, struct agent *a, const reregister_msg *msg)
{
	uint64_t mark = ++m->mark;
	struct executor *x, *next;
	size_t i;

	for (i = 0; i < msg->n_executors; i++)
		take_executor(m, a, mark, msg->executors[i]);
	for (x = state_executor_next(a, NULL); x != NULL; x = next) {
		next = state_executor_next(a, x);
		if (x->mark != mark)
			ledger_executor_end(m, x);
	}
}

static void take_task(struct master *m, struct agent *a, bool was_known,
	const Mesos__V1__Task *msg)
{
	struct framework *fw =
		state_framework_find(m, msg->framework_id->value);
	const char *id = msg->task_id->value;
	struct err e = { 0 };
	struct task *t;

	if (fw == NULL)
		return; /* completed: the agent will be told to end it */
	t = state_task_find(fw, id);
	if (t != NULL && t->agent != a) {
		log_warn("task_twice",
			"framework=%s task=%s agent=%s why='it runs on agent "
			"%s; the one here is killed'",
			fw->id, t->id, a->id, t->agent->id);
		downlink_kill_unknown(m, a, fw->id, id);
		return;
	}
	if (t == NULL && ledger_restore(m, fw, a, msg, &e) != 0) {
		log_warn("task_not_taken",
			"framework=%s task=%.255s agent=%s why='%s; it is "
			"killed'",
			fw->id, id, a->id, e.text);
		downlink_kill_unknown(m, a, fw->id, id);
		return;
	}
	if (t == NULL && was_known && !fw->info->checkpoint) {
		/* The framework was told that it is lost. */
		t = state_task_find(fw, id);
		t->kill_asked = true;
	}
	t = state_task_find(fw, id);
	CHECK(t != NULL);
	t->mark = m->mark;
}

static void take_tasks(struct master *m, struct agent *a, bool was_known,
	const reregister_msg *msg)
{
	size_t i;

	m->mark++;
	for (i = 0; i < msg->n_tasks; i++)
		take_task(m, a, was_known, msg->tasks[i]);
}

static lost_msg *lost_new(struct arena *arena, const struct task *t)
{
	lost_msg *lost = arena_alloc(arena, sizeof(*lost));

	butte__link__agent_reregistered__lost__init(lost);
	lost->framework_id = t->framework->info->id;
	lost->task_id = arena_alloc(arena, sizeof(*lost->task_id));
	mesos__v1__task_id__init(lost->task_id);
	lost->task_id->value = t->id;
	lost->partition_aware = state_framework_has(t->framework,
		MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE);
	if (t->executor_id != NULL) {
		lost->executor_id =
			arena_alloc(arena, sizeof(*lost->executor_id));
		mesos__v1__executor_id__init(lost->executor_id);
		lost->executor_id->value = t->executor_id;
	}
	return lost;
}

/* Tasks that we have there and the agent didn't name (take_tasks() marked the
 * ones that it did). Those that ended were acknowledged, or it had named them;
 * the others it shall report as lost. */
static lost_msg **find_lost(struct master *m, struct agent *a, size_t *ret_n)
{
	struct arena *arena = &m->out->arena;
	struct task *t, *next;
	lost_msg **lost;
	size_t n = 0;

	TAILQ_FOREACH_SAFE (t, &a->tasks, of_agent, next) {
		if (t->mark == m->mark)
			continue;
		if (task_state_is_terminal(t->state))
			ledger_forget(m, t);
		else
			n++;
	}
	lost = arena_alloc(arena, (n + 1) * sizeof(*lost));
	*ret_n = 0;
	TAILQ_FOREACH (t, &a->tasks, of_agent)
		if (t->mark != m->mark)
			lost[(*ret_n)++] = lost_new(arena, t);
	CHECK(*ret_n == n);
	return lost;
}

/* What runs there for a framework that is over, shall end. */
static void end_strays(
	struct master *m, const struct agent *a, const char *framework_id)
{
	if (state_framework_find(m, framework_id) == NULL)
		downlink_shutdown_framework(m, a, framework_id);
}

/* Frameworks that are over, frameworks that changed, kills that it may not have
 * got. */
static void settle(struct master *m, struct agent *a, const reregister_msg *msg)
{
	struct framework *fw;
	struct task *t;
	size_t i;

	for (i = 0; i < msg->n_executors; i++)
		if (msg->executors[i]->framework_id != NULL)
			end_strays(
				m, a, msg->executors[i]->framework_id->value);
	for (i = 0; i < msg->n_tasks; i++)
		end_strays(m, a, msg->tasks[i]->framework_id->value);

	for (i = 0; i < msg->n_frameworks; i++) {
		const Mesos__V1__FrameworkInfo *info = msg->frameworks[i];

		if (info->id == NULL)
			continue;
		fw = state_framework_find(m, info->id->value);
		if (fw == NULL)
			downlink_shutdown_framework(m, a, info->id->value);
		else if (!msg_equal(&fw->info->base, &info->base))
			downlink_update_framework(m, a, fw);
	}
	TAILQ_FOREACH (t, &a->tasks, of_agent)
		if (t->kill_asked && !task_state_is_terminal(t->state))
			downlink_kill(m, t);
}

/* Frameworks were told that the tasks are lost or unreachable; they are not. */
static void tell_back(
	struct master *m, const struct agent *a, const char *message)
{
	struct arena *arena = &m->out->arena;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;
	const struct task *t;

	id.value = a->id;
	TAILQ_FOREACH (t, &a->tasks, of_agent) {
		Mesos__V1__ExecutorID executor = MESOS__V1__EXECUTOR_ID__INIT;
		Mesos__V1__TaskStatus s;

		ledger_status(m, t->id, t->state,
			MESOS__V1__TASK_STATUS__REASON__REASON_AGENT_REREGISTERED,
			&s);
		s.agent_id = &id;
		if (t->executor_id != NULL) {
			executor.value = t->executor_id;
			s.executor_id = &executor;
		}
		s.message = arena_strdup(arena, message);
		notify_update(m, t->framework, &s);
	}
}

/* --- other messages ---------------------------------------------------------------------- */

static void on_update_agent(
	struct master *m, struct agent *a, const Butte__Link__UpdateAgent *msg)
{
	struct res total = RES_INIT;
	struct err e = { 0 };

	METRICS_BUMP(m, MSG_UPDATE_AGENT);
	if (res_from_msgs(&total, msg->total_resources, msg->n_total_resources,
		    &e) != 0) {
		log_warn("agent_update_dropped", "agent=%s why='%s'", a->id,
			e.text);
		res_fini(&total);
		return;
	}
	if (!res_equal(&total, &a->total)) {
		offer_rescind_agent(m, a, "its resources changed");
		res_clear(&a->total);
		res_move(&a->total, &total);
		alloc_agent_total(m->alloc, a->id, &a->total);
		log_info("agent_total", "agent=%s total='%s'", a->id,
			res_text(&m->out->arena, &a->total));
	}
	res_fini(&total);
	free(a->withheld);
	a->withheld = xstrdup(msg->offers_withheld);
	liveness_activate(m, a);
}

static void on_registered_message(
	struct master *m, struct agent *a, const Butte__Link__ToMaster *msg)
{
	switch ((int)msg->msg_case) {
	case BUTTE__LINK__TO_MASTER__MSG_STATUS_UPDATE:
		ledger_update(m, a, msg->status_update);
		break;
	case BUTTE__LINK__TO_MASTER__MSG_EXITED_EXECUTOR:
		ledger_exited(m, a, msg->exited_executor);
		break;
	case BUTTE__LINK__TO_MASTER__MSG_FRAMEWORK_MESSAGE:
		ledger_from_executor(m, a, msg->framework_message);
		break;
	case BUTTE__LINK__TO_MASTER__MSG_UPDATE_AGENT:
		on_update_agent(m, a, msg->update_agent);
		break;
	case BUTTE__LINK__TO_MASTER__MSG_UNREGISTER_AGENT:
		METRICS_BUMP(m, MSG_UNREGISTER_AGENT);
		liveness_remove(m, a, LIVENESS_UNREGISTERED);
		break;
	case BUTTE__LINK__TO_MASTER__MSG_PONG:
		liveness_pong(m, a);
		break;
	default:
		METRICS_BUMP(m, DROPPED_MESSAGES);
		break;
	}
}

void roster_message(
	struct master *m, uint64_t link, const Butte__Link__ToMaster *msg)
{
	struct uplink *l = state_uplink_find(m, link);

	if (l == NULL) { /* cut while it was under way */
		METRICS_BUMP(m, DROPPED_MESSAGES);
		return;
	}
	switch ((int)msg->msg_case) {
	case BUTTE__LINK__TO_MASTER__MSG_REGISTER_AGENT:
		on_register(m, l, msg->register_agent);
		break;
	case BUTTE__LINK__TO_MASTER__MSG_REREGISTER_AGENT:
		on_reregister(m, l, msg->reregister_agent);
		break;
	default:
		if (l->agent != NULL) {
			on_registered_message(m, l->agent, msg);
			break;
		}
		METRICS_BUMP(m, DROPPED_MESSAGES);
		log_warn("message_dropped",
			"link=%llu ip=%s why='no agent has registered on it'",
			(unsigned long long)link, l->ip);
		break;
	}
}

void roster_link_up(struct master *m, uint64_t link, const char *ip)
{
	(void)state_uplink_add(m, link, ip);
}

void roster_link_down(struct master *m, uint64_t link)
{
	struct uplink *l = state_uplink_find(m, link);
	struct agent *a;

	if (l == NULL)
		return; /* we cut it ourselves */
	a = l->agent;
	state_uplink_free(m, l);
	if (a != NULL)
		liveness_disconnect(m, a);
}
