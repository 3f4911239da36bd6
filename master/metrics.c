/* metrics.c - see metrics.h. */
#include "master/metrics.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/res.h"
#include "common/task_state.h"
#include "master/alloc.h"
#include "master/state.h"
#include "mesos/v1/mesos.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

#define FRAMEWORK_NAME_MAX 128 /* bytes of it in a metric's name */

/* Where a walk writes to. */
struct walk {
	const struct master *m;
	metrics_emit_f *emit;
	void *ctx;
	struct buf name; /* scratch */
};

static const char *const counter_names[METRICS_N] = {
#define METRICS_NAME(id, name) [METRICS_##id] = name,
	METRICS_COUNTERS(METRICS_NAME)
#undef METRICS_NAME
};

void metrics_task_end(struct master *m, struct framework *fw, int state,
	int source, int reason)
{
	CHECK(state >= 0);
	CHECK(state < METRICS_STATES);
	m->metrics.tasks[state]++;
	fw->metrics.tasks[state]++;
	if (source < 0 || source >= METRICS_SOURCES || reason < 0 ||
		reason >= METRICS_REASONS)
		return;
	m->metrics.causes[state][source][reason]++;
}

/* --- names ----------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void put(
	struct walk *w, double value, const char *fmt, ...)
{
	char name[1024]; /* a longer one is cut: nobody can use it */
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	w->emit(w->ctx, name, value);
}

/* "SOURCE_AGENT" to "source_slave": dashboards know the old word. */
static const char *old_name(
	const ProtobufCEnumDescriptor *desc, int value, char *to, size_t size)
{
	const ProtobufCEnumValue *v =
		protobuf_c_enum_descriptor_get_value(desc, value);
	const char *s = v != NULL ? v->name : "unknown";
	size_t n = 0;

	while (*s != '\0' && n + 1 < size) {
		if (strncmp(s, "AGENT", 5) == 0 && n + 5 < size) {
			memcpy(to + n, "slave", 5);
			n += 5;
			s += 5;
			continue;
		}
		to[n++] = (char)tolower((unsigned char)*s++);
	}
	to[n] = '\0';
	return to;
}

/* "TASK_RUNNING" to "task_running". */
static const char *state_name(int state, char *to, size_t size)
{
	return old_name(&mesos__v1__task_state__descriptor, state, to, size);
}

/* A name as one step of a path; a very long one is cut, ids follow it. */
static void percent_encode(struct buf *to, const char *s)
{
	const char *end = s + strnlen(s, FRAMEWORK_NAME_MAX);

	for (; s < end; s++) {
		unsigned char c = (unsigned char)*s;

		if (isalnum(c) || strchr("-_.~", c) != NULL)
			buf_add_char(to, (char)c);
		else
			buf_printf(to, "%%%02X", c);
	}
}

/* --- what is counted ---------------------------------------------------------------- */

static void counters(struct walk *w)
{
	const struct metrics *mm = &w->m->metrics;
	size_t i;

	for (i = 0; i < METRICS_N; i++)
		put(w, (double)mm->counters[i], "master/%s", counter_names[i]);
}

static void causes_of(struct walk *w, int state)
{
	char s[64], source[64], reason[64];
	int i, k;

	for (i = 0; i < METRICS_SOURCES; i++)
		for (k = 0; k < METRICS_REASONS; k++) {
			uint64_t n = w->m->metrics.causes[state][i][k];

			if (n == 0)
				continue;
			put(w, (double)n, "master/%s/%s/%s",
				state_name(state, s, sizeof(s)),
				old_name(
					&mesos__v1__task_status__source__descriptor,
					i, source, sizeof(source)),
				old_name(
					&mesos__v1__task_status__reason__descriptor,
					k, reason, sizeof(reason)));
		}
}

/* tasks_finished, from task_finished. */
static void task_counters(struct walk *w)
{
	char s[64];
	int i;

	for (i = 0; i < METRICS_STATES; i++) {
		if (task_state_is_terminal(i))
			put(w, (double)w->m->metrics.tasks[i],
				"master/tasks_%s",
				state_name(i, s, sizeof(s)) + strlen("task_"));
		causes_of(w, i);
	}
}

/* --- what is worked out ------------------------------------------------------------- */

static void task_gauges(struct walk *w)
{
	static const int shown[] = {
		MESOS__V1__TASK_STATE__TASK_STAGING,
		MESOS__V1__TASK_STATE__TASK_STARTING,
		MESOS__V1__TASK_STATE__TASK_RUNNING,
		MESOS__V1__TASK_STATE__TASK_KILLING,
	};
	uint64_t n[METRICS_STATES] = { 0 }, unreachable = 0;
	const struct framework *fw;
	const struct task *t;
	char s[64];
	size_t i;

	for (fw = NULL; (fw = state_framework_next(w->m, fw)) != NULL;) {
		for (t = NULL; (t = state_task_next(fw, t)) != NULL;)
			n[t->state]++;
		for (t = NULL; (t = state_unreachable_next(fw, t)) != NULL;)
			unreachable++;
	}
	for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		put(w, (double)n[shown[i]], "master/tasks_%s",
			state_name(shown[i], s, sizeof(s)) + strlen("task_"));
	put(w, (double)unreachable, "master/tasks_unreachable");
}

static const char *const resource_names[] = { "cpus", "gpus", "mem", "disk" };

/* In thousandths: [1] is of revocable ones. */
struct sums {
	int64_t milli[ARRAY_LEN(resource_names)][2];
};

/* Keeps nothing: it only looks. */
static bool add_up(const struct res_object *o, void *ctx)
{
	struct sums *sums = ctx;
	size_t i;

	if (!res_object_is_scalar(o))
		return false;
	for (i = 0; i < ARRAY_LEN(resource_names); i++)
		if (strcmp(res_object_name(o), resource_names[i]) == 0)
			sums->milli[i][res_object_is_revocable(o)] +=
				res_object_milli(o);
	return false;
}

static void resource_gauges(struct walk *w)
{
	struct sums total = { 0 }, used = { 0 };
	struct res none = RES_INIT;
	const struct agent *a;
	size_t i, r;

	for (a = NULL; (a = state_agent_next(w->m, a)) != NULL;) {
		res_filter(&none, &a->total, add_up, &total);
		res_filter(&none, &a->used, add_up, &used);
	}
	res_fini(&none);
	for (i = 0; i < ARRAY_LEN(resource_names); i++)
		for (r = 0; r < 2; r++) {
			const char *what = r == 1 ? "_revocable" : "";
			double t = (double)total.milli[i][r] / 1000.0;
			double u = (double)used.milli[i][r] / 1000.0;

			put(w, t, "master/%s%s_total", resource_names[i], what);
			put(w, u, "master/%s%s_used", resource_names[i], what);
			put(w, t > 0 ? u / t : 0, "master/%s%s_percent",
				resource_names[i], what);
		}
}

static void agent_gauges(struct walk *w)
{
	unsigned active = 0, inactive = 0, connected = 0, disconnected = 0;
	const struct agent *a;

	for (a = NULL; (a = state_agent_next(w->m, a)) != NULL;) {
		if (!a->registered)
			continue;
		active += a->active;
		inactive += !a->active;
		connected += a->link != 0;
		disconnected += a->link == 0;
	}
	put(w, active, "master/slaves_active");
	put(w, inactive, "master/slaves_inactive");
	put(w, connected, "master/slaves_connected");
	put(w, disconnected, "master/slaves_disconnected");
	put(w, (double)state_absent_count(w->m->unreachable),
		"master/slaves_unreachable");
}

static void framework_gauges(struct walk *w)
{
	unsigned connected = 0, disconnected = 0;
	const struct framework *fw;

	for (fw = NULL; (fw = state_framework_next(w->m, fw)) != NULL;) {
		connected += fw->state == FRAMEWORK_CONNECTED;
		disconnected += fw->state != FRAMEWORK_CONNECTED;
	}
	/* Over HTTP, active is connected. */
	put(w, connected, "master/frameworks_active");
	put(w, disconnected, "master/frameworks_inactive");
	put(w, connected, "master/frameworks_connected");
	put(w, disconnected, "master/frameworks_disconnected");
	put(w, (double)state_offer_count(w->m), "master/outstanding_offers");
	put(w, w->m->n_watchers, "master/operator_event_stream_subscribers");
}

static void edge_gauges(struct walk *w)
{
	const struct master_edge_stats *s = &w->m->edge;

	put(w, 1, "master/elected");
	put(w, (double)s->uptime_ms / 1000.0, "master/uptime_secs");
	put(w, (double)w->m->metrics.messages, "master/event_queue_dispatches");
	put(w, 0, "master/event_queue_messages");
	put(w, (double)s->event_queue_http_requests,
		"master/event_queue_http_requests");
	put(w, s->cpus, "system/cpus_total");
	put(w, s->load_1min, "system/load_1min");
	put(w, s->load_5min, "system/load_5min");
	put(w, s->load_15min, "system/load_15min");
	put(w, (double)s->mem_free_bytes, "system/mem_free_bytes");
	put(w, (double)s->mem_total_bytes, "system/mem_total_bytes");
	put(w, (double)s->registry_size_bytes, "registrar/registry_size_bytes");
	put(w, (double)s->commit_last_us / 1000.0, "registrar/state_store_ms");
	put(w, (double)s->commits, "registrar/state_store_ms/count");
	put(w, 0, "registrar/queued_operations");
}

static void allocator(struct walk *w)
{
	struct alloc_stats s;
	size_t i;

	alloc_stats_get(w->m->alloc, &s);
	put(w, (double)s.runs, "allocator/mesos/allocation_runs");
	for (i = 0; i < ARRAY_LEN(resource_names); i++) {
		put(w, (double)s.total_milli[i] / 1000.0,
			"allocator/mesos/resources/%s/total",
			resource_names[i]);
		put(w, (double)s.held_milli[i] / 1000.0,
			"allocator/mesos/resources/%s/offered_or_allocated",
			resource_names[i]);
	}
}

static void role(void *ctx, const struct alloc_role_report *r)
{
	struct walk *w = ctx;

	put(w, (double)r->share_ppm / 1e6,
		"allocator/mesos/roles/%s/shares/dominant", r->role);
	put(w, (double)r->n_filters,
		"allocator/mesos/offer_filters/roles/%s/active", r->role);
}

/* --- one framework --------------------------------------------------------------------- */

/* "calls/decline" and the like, and their sum. */
static void by_type(struct walk *w, const char *what, const uint64_t *counts,
	int n, const ProtobufCEnumDescriptor *desc)
{
	const char *prefix = buf_str(&w->name);
	uint64_t total = 0;
	char type[64];
	int i;

	for (i = 0; i < n; i++)
		total += counts[i];
	put(w, (double)total, "%s/%s", prefix, what);
	for (i = 1; i < n; i++)
		put(w, (double)counts[i], "%s/%s/%s", prefix, what,
			old_name(desc, i, type, sizeof(type)));
}

static void framework_tasks(struct walk *w, const struct framework *fw)
{
	const char *prefix = buf_str(&w->name);
	uint64_t n[METRICS_STATES] = { 0 };
	const struct task *t;
	char s[64];
	int i;

	for (t = NULL; (t = state_task_next(fw, t)) != NULL;)
		n[t->state]++;
	for (t = NULL; (t = state_unreachable_next(fw, t)) != NULL;)
		n[t->state]++;
	for (i = 0; i < METRICS_STATES; i++)
		if (task_state_is_terminal(i))
			put(w, (double)fw->metrics.tasks[i],
				"%s/tasks/terminal/%s", prefix,
				state_name(i, s, sizeof(s)));
		else if (i != MESOS__V1__TASK_STATE__TASK_UNKNOWN)
			put(w, (double)n[i], "%s/tasks/active/%s", prefix,
				state_name(i, s, sizeof(s)));
}

static void framework(struct walk *w, const struct framework *fw)
{
	const struct metrics_framework *fm = &fw->metrics;
	const char *prefix;
	size_t i;

	buf_clear(&w->name);
	buf_add_str(&w->name, "master/frameworks/");
	percent_encode(&w->name, fw->info->name);
	buf_printf(&w->name, "/%s", fw->id);
	prefix = buf_str(&w->name);
	put(w, fw->state == FRAMEWORK_CONNECTED, "%s/subscribed", prefix);
	by_type(w, "calls", fm->calls, METRICS_CALLS,
		&mesos__v1__scheduler__call__type__descriptor);
	by_type(w, "events", fm->events, METRICS_EVENTS,
		&mesos__v1__scheduler__event__type__descriptor);
	framework_tasks(w, fw);
	put(w, (double)fm->offers_sent, "%s/offers/sent", prefix);
	put(w, (double)fm->offers_accepted, "%s/offers/accepted", prefix);
	put(w, (double)fm->offers_declined, "%s/offers/declined", prefix);
	put(w, (double)fm->offers_rescinded, "%s/offers/rescinded", prefix);
	for (i = 0; i < fw->n_roles; i++)
		put(w, alloc_is_suppressed(w->m->alloc, fw->id, fw->roles[i]),
			"%s/roles/%s/suppressed", prefix, fw->roles[i]);
}

void metrics_walk(const struct master *m, metrics_emit_f *emit, void *ctx)
{
	struct walk w = { .m = m, .emit = emit, .ctx = ctx };
	const struct framework *fw;

	buf_init(&w.name);
	counters(&w);
	task_counters(&w);
	task_gauges(&w);
	resource_gauges(&w);
	agent_gauges(&w);
	framework_gauges(&w);
	edge_gauges(&w);
	allocator(&w);
	alloc_roles(m->alloc, role, &w);
	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;)
		framework(&w, fw);
	buf_fini(&w.name);
}
