/* io_api.c - see io_api.h. */
#include "master/io_api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/io_front.h"
#include "common/io_http.h"
#include "common/io_link.h"
#include "common/io_loop.h"
#include "common/io_random.h"
#include "common/io_store.h"
#include "common/json.h"
#include "common/media.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "master/io_links.h"
#include "master/master.h"
#include "mesos/v1/master/master.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

struct api {
	struct loop *loop;
	struct api_config c;
	struct front *front;
	uint64_t started_ms;
	uint64_t requests;
};

typedef void handle_f(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size);
static handle_f on_scheduler, on_operator, on_query, on_health, on_version,
	on_flags, on_redirect, on_teardown, on_link;
static void on_stream_down(void *ctx, uint64_t stream);

static const struct front_route routes[] = {
	{ .path = "/api/v1/scheduler",
		.methods = "POST",
		.handle = on_scheduler },
	{ .path = "/api/v1", .methods = "POST", .handle = on_operator },
	{ .path = "/health", .handle = on_health },
	{ .path = "/version", .handle = on_version },
	{ .path = "/redirect", .handle = on_redirect },
	{ .path = "/flags", .handle = on_flags },
	{ .path = "/state", .handle = on_query, .arg = MASTER_REPORT_STATE },
	{ .path = "/state-summary",
		.handle = on_query,
		.arg = MASTER_REPORT_STATE_SUMMARY },
	{ .path = "/slaves", .handle = on_query, .arg = MASTER_REPORT_AGENTS },
	{ .path = "/frameworks",
		.handle = on_query,
		.arg = MASTER_REPORT_FRAMEWORKS },
	{ .path = "/tasks", .handle = on_query, .arg = MASTER_REPORT_TASKS },
	{ .path = "/roles", .handle = on_query, .arg = MASTER_REPORT_ROLES },
	{ .path = "/metrics/snapshot",
		.handle = on_query,
		.arg = MASTER_REPORT_METRICS },
	{ .path = "/teardown", .methods = "POST", .handle = on_teardown },
	{ .path = LINK_TARGET, .handle = on_link, .exact = true },
	{ .path = NULL },
};

static const char *const prefixes[] = { "/master", NULL };

static const struct front_ops front_ops = {
	.routes = routes,
	.prefixes = prefixes,
	.stream_down = on_stream_down,
};

struct api *api_new(struct loop *loop)
{
	struct api *a = xcalloc(1, sizeof(*a));

	a->loop = loop;
	a->started_ms = loop_now_ms();
	a->front = front_new(loop_base(loop), &front_ops, a);
	return a;
}

void api_serve(struct api *a, const struct api_config *c)
{
	a->c = *c;
}

void api_free(struct api *a)
{
	if (a == NULL)
		return;
	front_free(a->front);
	free(a);
}

struct http_server *api_server(struct api *a)
{
	return front_server(a->front);
}

void api_effect(struct api *a, const struct effect *e)
{
	front_effect(a->front, e);
}

/* What is put there goes with the turn, also when nothing is stepped: a call
 * that can't be read. */
static struct arena *turn_arena(const struct api *a)
{
	loop_turn(a->loop);
	return &loop_outbox(a->loop)->arena;
}

static void step(struct api *a, struct master_event *ev)
{
	ev->now_ms = loop_now_ms();
	ev->wall_ns = loop_wall_ns();
	a->requests++;
	master_step(a->c.master, ev, loop_outbox(a->loop));
	loop_turn(a->loop);
}

static void on_stream_down(void *ctx, uint64_t stream)
{
	struct master_event ev = { .type = MASTER_STREAM_DOWN, .from = stream };

	step(ctx, &ev);
}

/* --- calls --------------------------------------------------------------- */

static void on_scheduler(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct api *a = ctx;
	struct arena *arena = turn_arena(a);
	char stream_id[UUID_TEXT_SIZE];
	struct master_event ev = {
		.type = MASTER_CALL,
		.from = http_req_id(r),
		.stream_id = http_req_header(r, "Mesos-Stream-Id"),
		.peer_ip = http_req_peer(r),
	};
	Mesos__V1__Scheduler__Call *call;

	(void)route;
	call = (Mesos__V1__Scheduler__Call *)(void *)front_decode(a->front, r,
		&mesos__v1__scheduler__call__descriptor, arena, body, size);
	if (call == NULL)
		return;
	ev.call = call;
	if (call->type == MESOS__V1__SCHEDULER__CALL__TYPE__SUBSCRIBE) {
		const char *accept = http_req_header(r, "Accept");

		if (media_accept(accept) == MEDIA_NONE)
			ev.unacceptable = accept;
		else
			(void)front_accept(a->front, r); /* can't fail now */
		random_uuid(stream_id);
		front_stream_id_set(a->front, ev.from, stream_id);
		ev.new_stream_id = stream_id;
	}
	step(a, &ev);
}

static void stats_set(struct api *a);

static void on_operator(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct api *a = ctx;
	struct master_event ev = {
		.type = MASTER_OPERATOR,
		.from = http_req_id(r),
		.peer_ip = http_req_peer(r),
	};
	Mesos__V1__Master__Call *call;

	(void)route;
	call = (Mesos__V1__Master__Call *)(void *)front_decode(a->front, r,
		&mesos__v1__master__call__descriptor, turn_arena(a), body,
		size);
	if (call == NULL || front_accept(a->front, r) != 0)
		return;
	ev.operator_call = call;
	if (call->type == MESOS__V1__MASTER__CALL__TYPE__GET_METRICS)
		stats_set(a);
	step(a, &ev);
}

/* --- v0 endpoints ---------------------------------------------------------- */

/* A number of the query string; fallback where absent. -1: answered (400). */
static int query_number(struct api *a, struct http_req *r, const char *name,
	int64_t fallback, int64_t *ret)
{
	const char *text = http_req_query(r, name);
	char *end;
	long long v;

	*ret = fallback;
	if (text == NULL)
		return 0;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v < 0) {
		http_reply_text(front_server(a->front), http_req_id(r), 400,
			"%s: '%.64s' is not a number >= 0.\n", name, text);
		return -1;
	}
	*ret = v;
	return 0;
}

static void on_query(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct api *a = ctx;
	const char *order = http_req_query(r, "order");
	struct master_query q = {
		.report = (enum master_report)route->arg,
		.agent_id = http_req_query(r, "slave_id"),
		.framework_id = http_req_query(r, "framework_id"),
		.task_id = http_req_query(r, "task_id"),
		.ascending = order != NULL && strcmp(order, "asc") == 0,
	};
	struct master_event ev = {
		.type = MASTER_QUERY,
		.from = http_req_id(r),
		.query = &q,
	};

	(void)body;
	(void)size;
	if (query_number(a, r, "limit", 100, &q.limit) != 0 ||
		query_number(a, r, "offset", 0, &q.offset) != 0)
		return;
	if (q.report == MASTER_REPORT_METRICS)
		stats_set(a);
	step(a, &ev);
}

static void stats_set(struct api *a)
{
	struct master_edge_stats s = {
		.uptime_ms = loop_now_ms() - a->started_ms,
		.event_queue_http_requests = a->requests,
	};
	struct store_stats st = { 0 };
	struct sysinfo si;
	double scale = 1.0 / (1 << SI_LOAD_SHIFT);

	if (sysinfo(&si) == 0) {
		s.load_1min = (double)si.loads[0] * scale;
		s.load_5min = (double)si.loads[1] * scale;
		s.load_15min = (double)si.loads[2] * scale;
		s.mem_total_bytes = (uint64_t)si.totalram * si.mem_unit;
		s.mem_free_bytes = (uint64_t)si.freeram * si.mem_unit;
	}
	s.cpus = (unsigned)get_nprocs();
	if (a->c.store != NULL) {
		store_stats(a->c.store, &st);
		s.commits = st.commits;
		s.records_committed = st.records;
		s.commit_last_us = st.last_us;
		s.registry_size_bytes = st.size_bytes;
	}
	master_edge_stats_set(a->c.master, &s);
}

static void on_health(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct api *a = ctx;

	(void)route;
	(void)body;
	(void)size;
	http_reply(front_server(a->front), http_req_id(r), 200, NULL, NULL,
		NULL, 0);
}

static void json_reply(struct api *a, struct http_req *r, struct buf *text)
{
	struct effect e = {
		.type = EFFECT_REPLY,
		.to = http_req_id(r),
		.status = 200,
		.content_type = "application/json",
		.data = (const uint8_t *)text->data,
		.size = text->size,
	};

	front_effect(a->front, &e);
	buf_fini(text);
}

static void on_version(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct api *a = ctx;
	struct buf text = BUF_INIT;
	struct json j;

	(void)route;
	(void)body;
	(void)size;
	json_init(&j, &text);
	json_obj_begin(&j);
	json_key(&j, "version");
	json_str(&j, a->c.config->version);
	json_kstr(&j, "build_date", "");
	json_key(&j, "build_time"), json_double(&j, 0);
	json_kstr(&j, "build_user", "");
	json_obj_end(&j);
	json_reply(a, r, &text);
}

static void on_flags(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct api *a = ctx;
	const struct master_config *c = a->c.config;
	struct buf text = BUF_INIT;
	struct json j;
	size_t i;

	(void)route;
	(void)body;
	(void)size;
	json_init(&j, &text);
	json_obj_begin(&j);
	json_key(&j, "flags");
	json_obj_begin(&j);
	for (i = 0; i < c->n_flags; i++) {
		json_key(&j, c->flags[i].name);
		json_str(&j, c->flags[i].value);
	}
	json_obj_end(&j);
	json_obj_end(&j);
	json_reply(a, r, &text);
}

/* To the leader's root; this master leads. Scheme-relative, so that https
 * stays https. */
static void on_redirect(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct api *a = ctx;
	char *to = xasprintf(
		"//%s:%u", a->c.config->hostname, (unsigned)a->c.config->port);

	(void)route;
	(void)body;
	(void)size;
	http_reply(front_server(a->front), http_req_id(r), 307, NULL,
		(const struct http_header[]){
			{ "Location", to }, { NULL, NULL } },
		NULL, 0);
	free(to);
}

/* frameworkId=ID, as a form: the operator call of the same name. */
static void on_teardown(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct api *a = ctx;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__Master__Call__Teardown teardown =
		MESOS__V1__MASTER__CALL__TEARDOWN__INIT;
	Mesos__V1__Master__Call call = MESOS__V1__MASTER__CALL__INIT;
	struct master_event ev = {
		.type = MASTER_OPERATOR,
		.from = http_req_id(r),
		.operator_call = &call,
	};

	(void)route;
	id.value = front_form_value(turn_arena(a), body, size, "frameworkId");
	if (id.value == NULL) {
		http_reply_text(front_server(a->front), http_req_id(r), 400,
			"Missing 'frameworkId' in the form of the body.\n");
		return;
	}
	teardown.framework_id = &id;
	call.has_type = 1;
	call.type = MESOS__V1__MASTER__CALL__TYPE__TEARDOWN;
	call.teardown = &teardown;
	step(a, &ev);
}

static void on_link(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct api *a = ctx;
	const char *upgrade = http_req_header(r, "Upgrade");
	char *peer;
	struct conn *conn;

	(void)route;
	(void)body;
	(void)size;
	if (upgrade == NULL || strcmp(upgrade, LINK_PROTOCOL) != 0) {
		http_reply_text(front_server(a->front), http_req_id(r), 400,
			"This is the door of agents: send 'Upgrade: %s'.\n",
			LINK_PROTOCOL);
		return;
	}
	peer = xstrdup(http_req_peer(r));
	conn = http_upgrade(
		front_server(a->front), http_req_id(r), LINK_PROTOCOL);
	if (conn != NULL)
		links_add(a->c.links, conn, peer);
	free(peer);
}
