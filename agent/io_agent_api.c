/* io_agent_api.c - see io_agent_api.h. */
#include "agent/io_agent_api.h"

#include <stdlib.h>
#include <sys/sysinfo.h>

#include "agent/agent.h"
#include "agent/io_cgroup.h"
#include "agent/io_files_api.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/io_front.h"
#include "common/io_http.h"
#include "common/io_loop.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "mesos/v1/agent/agent.pb-c.h"
#include "mesos/v1/executor/executor.pb-c.h"

struct agent_api {
	struct loop *loop;
	struct agent_api_config c;
	struct front *front;
	struct files_api *files;
};

typedef void handle_f(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size);
static handle_f on_executor, on_files, on_flags, on_health, on_operator,
	on_query, on_version;
static void on_stream_down(void *ctx, uint64_t stream);

enum files_endpoint { BROWSE, READ, DOWNLOAD, DEBUG };

static const struct front_route routes[] = {
	{ .path = "/api/v1/executor",
		.methods = "POST",
		.handle = on_executor },
	{ .path = "/api/v1", .methods = "POST", .handle = on_operator },
	{ .path = "/health", .handle = on_health },
	{ .path = "/version", .handle = on_version },
	{ .path = "/flags", .handle = on_flags },
	{ .path = "/state", .handle = on_query, .arg = AGENT_REPORT_STATE },
	{ .path = "/metrics/snapshot",
		.handle = on_query,
		.arg = AGENT_REPORT_METRICS },
	{ .path = "/files/browse", .handle = on_files, .arg = BROWSE },
	{ .path = "/files/read", .handle = on_files, .arg = READ },
	{ .path = "/files/download", .handle = on_files, .arg = DOWNLOAD },
	{ .path = "/files/debug", .handle = on_files, .arg = DEBUG },
	{ .path = NULL },
};

static const char *const prefixes[] = { "/slave(1)", NULL };

static const struct front_ops front_ops = {
	.routes = routes,
	.prefixes = prefixes,
	.stream_down = on_stream_down,
};

struct agent_api *agent_api_new(struct loop *loop)
{
	struct agent_api *a = xcalloc(1, sizeof(*a));

	a->loop = loop;
	a->front = front_new(loop_base(loop), &front_ops, a);
	return a;
}

void agent_api_serve(struct agent_api *a, const struct agent_api_config *c)
{
	struct files_api_config files = {
		.loop = a->loop,
		.agent = c->agent,
		.root = c->root,
		.work_dir = c->config->work_dir,
		.log_file = c->log_file,
	};

	a->c = *c;
	a->files = files_api_new(&files, front_server(a->front));
}

void agent_api_free(struct agent_api *a)
{
	if (a == NULL)
		return;
	files_api_free(a->files);
	front_free(a->front);
	free(a);
}

struct http_server *agent_api_server(struct agent_api *a)
{
	return front_server(a->front);
}

void agent_api_effect(struct agent_api *a, const struct effect *e)
{
	front_effect(a->front, e);
}

static struct arena *turn_arena(const struct agent_api *a)
{
	return &loop_outbox(a->loop)->arena;
}

static void step(struct agent_api *a, struct agent_event *ev)
{
	ev->now_ms = loop_now_ms();
	ev->wall_ns = loop_wall_ns();
	agent_step(a->c.agent, ev, loop_outbox(a->loop));
	loop_turn(a->loop);
}

static void on_stream_down(void *ctx, uint64_t stream)
{
	struct agent_event ev = { .type = AGENT_STREAM_DOWN, .from = stream };

	step(ctx, &ev);
}

static void on_executor(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct agent_api *a = ctx;
	struct agent_event ev = { .type = AGENT_EXECUTOR,
		.from = http_req_id(r) };
	Mesos__V1__Executor__Call *call;
	char container[CGROUP_NAME_SIZE];

	(void)route;
	loop_turn(a->loop); /* what is decoded is in its arena */
	call = (Mesos__V1__Executor__Call *)(void *)front_decode(a->front, r,
		&mesos__v1__executor__call__descriptor, turn_arena(a), body,
		size);
	if (call == NULL)
		return;
	/* Only a subscription is answered with more than a status. */
	if (call->type == MESOS__V1__EXECUTOR__CALL__TYPE__SUBSCRIBE &&
		front_accept(a->front, r) != 0)
		return;
	ev.executor_call = call;
	if (http_req_peer_cgroups(r) != NULL)
		ev.peer_container = cgroup_of_process(
			a->c.cgroup, http_req_peer_cgroups(r), container);
	step(a, &ev);
}

static void machine_set(struct agent_api *a);

static void on_operator(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct agent_api *a = ctx;
	struct agent_event ev = { .type = AGENT_OPERATOR,
		.from = http_req_id(r) };
	Mesos__V1__Agent__Call *call;

	(void)route;
	loop_turn(a->loop); /* what is decoded is in its arena */
	call = (Mesos__V1__Agent__Call *)(void *)front_decode(a->front, r,
		&mesos__v1__agent__call__descriptor, turn_arena(a), body, size);
	if (call == NULL || front_accept(a->front, r) != 0 ||
		files_api_call(a->files, r, call))
		return;
	ev.operator_call = call;
	if ((int)call->type == MESOS__V1__AGENT__CALL__TYPE__GET_METRICS)
		machine_set(a);
	step(a, &ev);
}

static void machine_set(struct agent_api *a)
{
	struct agent_machine m = { .cpus = (unsigned)get_nprocs() };
	double scale = 1.0 / (1 << SI_LOAD_SHIFT);
	struct sysinfo si;

	if (sysinfo(&si) == 0) {
		m.load_1min = (double)si.loads[0] * scale;
		m.load_5min = (double)si.loads[1] * scale;
		m.load_15min = (double)si.loads[2] * scale;
		m.mem_total_bytes = (uint64_t)si.totalram * si.mem_unit;
		m.mem_free_bytes = (uint64_t)si.freeram * si.mem_unit;
	}
	agent_machine_set(a->c.agent, &m);
}

static void on_query(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct agent_event ev = { .type = AGENT_QUERY,
		.from = http_req_id(r),
		.report = (enum agent_report)route->arg };

	(void)body, (void)size; /* a GET has none */
	if (ev.report == AGENT_REPORT_METRICS)
		machine_set(ctx);
	step(ctx, &ev);
}

static void on_files(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct agent_api *a = ctx;

	(void)body, (void)size; /* a GET has none */
	switch ((enum files_endpoint)route->arg) {
	case BROWSE:
		files_api_browse(a->files, r);
		break;
	case READ:
		files_api_read(a->files, r);
		break;
	case DOWNLOAD:
		files_api_download(a->files, r);
		break;
	case DEBUG:
		files_api_debug(a->files, r);
		break;
	default:
		UNREACHABLE();
	}
}

static void on_health(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct agent_api *a = ctx;

	(void)route, (void)body, (void)size; /* nothing is asked */
	http_reply(front_server(a->front), http_req_id(r), 200, NULL, NULL,
		NULL, 0);
}

static void json_answer(
	struct agent_api *a, struct http_req *r, struct buf *text)
{
	outbox_reply_json(loop_outbox(a->loop), http_req_id(r), buf_str(text),
		text->size);
	loop_turn(a->loop);
	buf_fini(text);
}

static void on_version(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct agent_api *a = ctx;
	struct buf text = BUF_INIT;
	struct json j;

	(void)route, (void)body, (void)size; /* nothing is asked */
	json_init(&j, &text);
	json_obj_begin(&j);
	json_kstr(&j, "version", a->c.config->version);
	json_kstr(&j, "build_date", "");
	json_key(&j, "build_time"), json_double(&j, 0);
	json_kstr(&j, "build_user", "");
	json_obj_end(&j);
	json_answer(a, r, &text);
}

static void on_flags(void *ctx, const struct front_route *route,
	struct http_req *r, const uint8_t *body, size_t size)
{
	struct agent_api *a = ctx;
	const struct agent_config *c = a->c.config;
	struct buf text = BUF_INIT;
	struct json j;
	size_t i;

	(void)route, (void)body, (void)size; /* nothing is asked */
	json_init(&j, &text);
	json_obj_begin(&j);
	json_key(&j, "flags");
	json_obj_begin(&j);
	for (i = 0; i < c->n_flags; i++)
		json_kstr(&j, c->flags[i].name, c->flags[i].value);
	json_obj_end(&j);
	json_obj_end(&j);
	json_answer(a, r, &text);
}
