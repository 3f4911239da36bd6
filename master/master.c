/* master.c - see master.h. */
#include "master/master.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/duration.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "master/accept.h"
#include "master/alloc.h"
#include "master/framework.h"
#include "master/ledger.h"
#include "master/liveness.h"
#include "master/master_report.h"
#include "master/offer.h"
#include "master/operator.h"
#include "master/reconcile.h"
#include "master/registry.h"
#include "master/roster.h"
#include "master/state.h"
#include "master/validate.h"
#include "master/watch.h"
#include "mesos/v1/mesos.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

typedef Mesos__V1__Scheduler__Call call_msg;

const char *const master_table_names[MASTER_TABLES] = {
	[MASTER_TABLE_MASTER] = "master",
	[MASTER_TABLE_AGENT] = "agent",
	[MASTER_TABLE_UNREACHABLE] = "unreachable",
	[MASTER_TABLE_GONE] = "gone",
	[MASTER_TABLE_FRAMEWORK] = "framework",
};

/* --- life ------------------------------------------------------------------------- */

/* "1/10mins" as the ms between two removals; 0: no limit. */
static uint64_t removal_interval_ms(const struct master_config *cfg)
{
	const char *text = cfg->agent_removal_rate_limit;
	unsigned long n;
	int64_t ns;
	char *end;

	if (text == NULL)
		return 0;
	n = strtoul(text, &end, 10);
	CHECK(n > 0 && *end == '/'); /* master_conf has checked the texts */
	CHECK(duration_parse(end + 1, &ns, NULL) == 0);
	ns /= (int64_t)n;
	return ns > 1000000 ? (uint64_t)ns / 1000000 : 1;
}

/* "role=2,other=1.5", at most three digits behind the point. */
static void weights_set(struct master *m)
{
	CLEANUP(mem_freep) char *copy = xstrdup(m->cfg.weights);
	char *rest = copy, *piece, *eq;

	while ((piece = strsep(&rest, ",")) != NULL) {
		eq = strchr(piece, '=');
		CHECK(eq != NULL);
		*eq = '\0';
		alloc_weight_set(m->alloc, piece,
			(int64_t)(strtod(eq + 1, NULL) * 1000.0 + 0.5));
	}
}

struct master *master_new(const struct master_config *cfg)
{
	struct master *m = xcalloc(1, sizeof(*m));
	struct err e = { 0 };
	const struct alloc_config ac = {
		.interval_ms = cfg->allocation_interval_ms,
		.seed = cfg->seed,
		.min_allocatable = cfg->min_allocatable_resources != NULL
			? cfg->min_allocatable_resources
			: "",
		.excluded_names = cfg->fair_sharing_excluded_resource_names,
		.filter_gpu = cfg->filter_gpu_resources,
	};

	CHECK(cfg->id != NULL);
	m->cfg = *cfg;
	state_init(m);
	m->alloc = alloc_new(&ac, &e);
	CHECK(m->alloc != NULL);
	m->removal_interval_ms = removal_interval_ms(cfg);
	weights_set(m);
	return m;
}

void master_free(struct master *m)
{
	if (m == NULL)
		return;
	state_fini(m);
	alloc_free(m->alloc);
	free(m);
}

int master_load(struct master *m, unsigned table, const char *key,
	const uint8_t *value, size_t size, struct err *e)
{
	return registry_load(m, table, key, value, size, e);
}

static void turn_begin(
	struct master *m, uint64_t now_ms, int64_t wall_ns, struct outbox *out)
{
	CHECK(m->out == NULL);
	CHECK(now_ms >= m->now_ms);
	m->now_ms = now_ms;
	m->wall_ns = wall_ns;
	m->out = out;
}

void master_begin(
	struct master *m, uint64_t now_ms, int64_t wall_ns, struct outbox *out)
{
	struct framework *fw;
	struct agent *a;

	turn_begin(m, now_ms, wall_ns, out);
	m->started_ns = wall_ns;
	registry_begin(m);
	for (a = NULL; (a = state_agent_next(m, a)) != NULL;)
		liveness_wait(m, a);
	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;)
		framework_wait(m, fw);
	state_deadline_set(m, &m->gc, now_ms + m->cfg.registry_gc_interval_ms);
	log_info("master_begin", "master=%s recovered_agents=%u", m->cfg.id,
		m->n_recovered);
	m->out = NULL;
}

/* --- calls of the scheduler API -------------------------------------------------------- */

#define CALL(name) MESOS__V1__SCHEDULER__CALL__TYPE__##name

typedef void call_f(
	struct master *m, struct framework *fw, const call_msg *call);

static void on_teardown(
	struct master *m, struct framework *fw, const call_msg *call)
{
	(void)call;
	METRICS_BUMP(m, MSG_UNREGISTER_FRAMEWORK);
	framework_remove(m, fw, "it asked for it");
}

/* The allocator of Mesos ignores requests too. */
static void on_request(
	struct master *m, struct framework *fw, const call_msg *call)
{
	(void)fw;
	(void)call;
	METRICS_BUMP(m, MSG_RESOURCE_REQUEST);
}

/* Those that are answered with 202; others of the API are not done yet. */
static call_f *const calls[] = {
	[CALL(TEARDOWN)] = on_teardown,
	[CALL(ACCEPT)] = accept_call,
	[CALL(DECLINE)] = accept_decline,
	[CALL(REVIVE)] = framework_revive,
	[CALL(SUPPRESS)] = framework_suppress,
	[CALL(KILL)] = ledger_kill,
	[CALL(SHUTDOWN)] = ledger_shutdown,
	[CALL(ACKNOWLEDGE)] = ledger_acknowledge,
	[CALL(RECONCILE)] = reconcile_call,
	[CALL(MESSAGE)] = ledger_to_executor,
	[CALL(REQUEST)] = on_request,
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void on_subscribe(struct master *m, const struct master_event *ev)
{
	if (ev->unacceptable != NULL) {
		outbox_reply_text(m->out, ev->from, 406,
			"SUBSCRIBE: 'Accept: %.128s' admits neither "
			"application/json nor application/x-protobuf\n",
			ev->unacceptable);
		return;
	}
	if (ev->stream_id != NULL) {
		outbox_reply_text(m->out, ev->from, 400,
			"SUBSCRIBE: 'Mesos-Stream-Id' must not be sent; the "
			"answer brings a new one\n");
		return;
	}
	framework_subscribe(m, ev);
}

/* Who calls, and on which stream; NULL: answered. */
static struct framework *caller(struct master *m, const struct master_event *ev)
{
	const char *id = ev->call->framework_id->value;
	const char *name = validate_call_name((int)ev->call->type);
	struct framework *fw = state_framework_find(m, id);

	if (fw == NULL) {
		outbox_reply_text(m->out, ev->from, 400,
			"%s: framework '%.255s' is not subscribed here%s\n",
			name, id,
			state_completed_find(m, id) != NULL
				? ": it has been removed"
				: "; subscribe first");
		return NULL;
	}
	if (ev->principal != NULL &&
		!same_text(ev->principal, fw->info->principal)) {
		outbox_reply_text(m->out, ev->from, 400,
			"%s: framework '%s' belongs to another principal than "
			"'%.128s'\n",
			name, fw->id, ev->principal);
		return NULL;
	}
	if (fw->state != FRAMEWORK_CONNECTED) {
		outbox_reply_text(m->out, ev->from, 403,
			"%s: framework '%s' is not connected; subscribe with "
			"its id first\n",
			name, fw->id);
		return NULL;
	}
	if (ev->stream_id == NULL ||
		strcmp(ev->stream_id, fw->stream_id) != 0) {
		outbox_reply_text(m->out, ev->from, 400,
			"%s: 'Mesos-Stream-Id' is %s; send the one of the "
			"current subscription of framework '%s'\n",
			name,
			ev->stream_id == NULL ? "missing"
					      : "that of another stream",
			fw->id);
		return NULL;
	}
	return fw;
}

/* Answers 501 rather than leave out a part in silence. */
static bool refuse_unsupported(struct master *m, const struct master_event *ev)
{
	size_t type = (size_t)ev->call->type;
	const char *operation;

	if (type >= sizeof(calls) / sizeof(calls[0]) || calls[type] == NULL) {
		outbox_reply_text(m->out, ev->from, 501,
			"%s is not supported yet by this Butte\n",
			validate_call_name((int)type));
		return true;
	}
	if ((int)type != CALL(ACCEPT))
		return false;
	operation = accept_unsupported(ev->call);
	if (operation == NULL)
		return false;
	outbox_reply_text(m->out, ev->from, 501,
		"ACCEPT: operation %s is not supported yet by this Butte; "
		"nothing of the call was done\n",
		operation);
	return true;
}

static void on_call(struct master *m, const struct master_event *ev)
{
	struct framework *fw;
	struct err e = { 0 };

	if (validate_call(ev->call, ev->principal, &e) != 0) {
		outbox_reply_text(m->out, ev->from, 400, "%s\n", e.text);
		return;
	}
	if ((int)ev->call->type == CALL(SUBSCRIBE)) {
		on_subscribe(m, ev);
		return;
	}
	fw = caller(m, ev);
	if (fw == NULL || refuse_unsupported(m, ev))
		return;
	fw->metrics.calls[ev->call->type]++;
	outbox_reply(m->out, ev->from, 202, NULL);
	calls[ev->call->type](m, fw, ev->call);
}

/* --- time -------------------------------------------------------------------------------- */

static void on_deadline(struct master *m, struct deadline *d)
{
	switch (d->kind) {
	case DEADLINE_HEARTBEAT:
		framework_heartbeat(
			m, HEAP_OWNER(d, struct framework, heartbeat));
		break;
	case DEADLINE_FAILOVER:
		framework_expire(m, HEAP_OWNER(d, struct framework, failover));
		break;
	case DEADLINE_PING:
		liveness_ping(m, HEAP_OWNER(d, struct agent, ping));
		break;
	case DEADLINE_REREGISTER:
		liveness_expire(m, HEAP_OWNER(d, struct agent, reregister));
		break;
	case DEADLINE_OFFER:
		offer_rescind(m, HEAP_OWNER(d, struct offer, expiry),
			"--offer_timeout is over");
		break;
	case DEADLINE_WATCHER:
		watch_heartbeat(m, HEAP_OWNER(d, struct watcher, heartbeat));
		break;
	case DEADLINE_UNREACHABLE:
		liveness_permit(m);
		break;
	case DEADLINE_REGISTRY_GC:
		liveness_gc(m);
		break;
	case DEADLINE_KINDS:
	default:
		UNREACHABLE();
	}
}

static void on_tick(struct master *m)
{
	struct heap_node *n;

	while ((n = heap_min(&m->deadlines)) != NULL && n->key <= m->now_ms) {
		struct deadline *d = HEAP_OWNER(n, struct deadline, node);

		state_deadline_clear(m, d);
		on_deadline(m, d);
	}
	offer_allocate(m);
}

uint64_t master_next_due(const struct master *m)
{
	const struct heap_node *n = heap_min(&m->deadlines);
	uint64_t due = alloc_due(m->alloc);

	return n != NULL && n->key < due ? n->key : due;
}

/* --- the door ------------------------------------------------------------------------------- */

static void on_stream_down(struct master *m, uint64_t stream)
{
	struct framework *fw = state_framework_by_stream(m, stream);

	if (fw != NULL)
		framework_disconnect(m, fw);
	else
		(void)watch_down(m, stream); /* else we closed it ourselves */
}

void master_step(
	struct master *m, const struct master_event *ev, struct outbox *out)
{
	turn_begin(m, ev->now_ms, ev->wall_ns, out);
	m->metrics.messages++;
	switch (ev->type) {
	case MASTER_TICK:
		on_tick(m);
		break;
	case MASTER_CALL:
		on_call(m, ev);
		break;
	case MASTER_OPERATOR:
		operator_call(m, ev);
		break;
	case MASTER_QUERY:
		master_report(m, ev);
		break;
		break;
	case MASTER_STREAM_DOWN:
		on_stream_down(m, ev->from);
		break;
	case MASTER_LINK_UP:
		roster_link_up(m, ev->from, ev->peer_ip);
		break;
	case MASTER_LINK_MSG:
		roster_message(m, ev->from, ev->msg);
		break;
	case MASTER_LINK_DOWN:
		roster_link_down(m, ev->from);
		break;
	default:
		UNREACHABLE();
	}
	m->out = NULL;
}

void master_check(const struct master *m)
{
	state_check(m);
	alloc_check(m->alloc);
}

void master_edge_stats_set(struct master *m, const struct master_edge_stats *s)
{
	m->edge = *s;
}
