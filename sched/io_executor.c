/*
 * io_executor.c - see butte/executor.h.
 *
 * The edge of exec_driver.h, as io_scheduler.c is that of driver.h: effects are
 * carried out in on_flush(), an event of its own.
 */
#include "butte/executor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/duration.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_random.h"
#include "common/io_tls.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "common/uuid.h"
#include "sched/address.h"
#include "sched/exec_driver.h"
#include "sched/io_clock.h"
#include "sched/io_pair.h"

#define EXECUTOR_MAGIC 0x62457865u
#define TARGET	       "/api/v1/executor"
/* The paths of agents and their sockets are the same everywhere. */
#define SUBSCRIBE_TIMEOUT_MS 30000

struct butte_executor {
	unsigned magic;
	struct butte_executor_ops ops;
	void *ctx;
	struct exec_driver *driver;
	struct outbox out;
	struct event_base *base;
	bool own_base;
	struct event *flush;
	struct event *timer;
	struct ssl_ctx_st *tls;
	struct pair *pair;
	char *socket; /* instead of the address, or NULL */
	struct address agent;
	char *executor_id;
	uint64_t grace_ms;
	struct err error;
};

static const struct pair_ops pair_ops;
static void on_flush(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);
static void carry_out(struct butte_executor *x, const struct effect *e);

static struct butte_executor *executor_of(void *p)
{
	struct butte_executor *x = p;

	CHECK(x != NULL && x->magic == EXECUTOR_MAGIC);
	return x;
}

/* --- beginning and end --------------------------------------------------- */

/* What the caller says, else the environment; "" is nothing. */
static const char *setting(const char *given, const char *name)
{
	const char *v = given != NULL ? given : getenv(name);

	return v != NULL && *v != '\0' ? v : NULL;
}

static uint64_t duration_of(const char *name, uint64_t otherwise_ms)
{
	const char *text = setting(NULL, name);
	int64_t ns;

	if (text == NULL || duration_parse(text, &ns, NULL) != 0)
		return otherwise_ms;
	return (uint64_t)ns / 1000000;
}

static int find_agent(struct butte_executor *x,
	const struct butte_executor_config *cfg, struct err *e)
{
	const char *socket = cfg->agent == NULL
		? setting(cfg->socket, "MESOS_DOMAIN_SOCKET")
		: cfg->socket;
	const char *agent = setting(cfg->agent, "MESOS_AGENT_ENDPOINT");
	const char *pid = setting(NULL, "MESOS_SLAVE_PID");

	if (socket != NULL) {
		x->socket = xstrdup(socket);
		return 0;
	}
	if (agent != NULL)
		return address_parse(&x->agent, agent, strlen(agent), 5051, e);
	if (pid != NULL)
		return address_pid(&x->agent, pid, e);
	return err_set(e, ERR_INVALID,
		"where is the agent? None of MESOS_DOMAIN_SOCKET, "
		"MESOS_AGENT_ENDPOINT, MESOS_SLAVE_PID is set; executors are "
		"started by agents");
}

static int make_tls(struct butte_executor *x,
	const struct butte_executor_config *cfg, struct err *e)
{
	struct tls_config tls = {
		.ca_file = setting(cfg->ca_file, "BUTTE_CACERT"),
		.cert_file = setting(cfg->cert_file, "BUTTE_CERT"),
		.key_file = setting(cfg->key_file, "BUTTE_KEY"),
	};

	if (x->socket != NULL || tls.ca_file == NULL)
		return 0;
	x->tls = tls_client_new(&tls, e);
	return x->tls != NULL ? 0 : -1;
}

static int make_driver(struct butte_executor *x,
	const struct butte_executor_config *cfg, struct err *e)
{
	const char *checkpoint = setting(NULL, "MESOS_CHECKPOINT");
	struct exec_driver_config d = {
		.framework_id =
			setting(cfg->framework_id, "MESOS_FRAMEWORK_ID"),
		.executor_id = setting(cfg->executor_id, "MESOS_EXECUTOR_ID"),
		.checkpoint =
			checkpoint != NULL && strcmp(checkpoint, "1") == 0,
		.seed = random_seed(),
		.backoff_max_ms = (uint32_t)duration_of(
			"MESOS_SUBSCRIPTION_BACKOFF_MAX", 2000),
		.recovery_timeout_ms =
			duration_of("MESOS_RECOVERY_TIMEOUT", 15 * 60 * 1000),
		.subscribe_timeout_ms = SUBSCRIBE_TIMEOUT_MS,
	};

	if (d.framework_id == NULL || d.executor_id == NULL)
		return err_set(e, ERR_INVALID,
			"%s is not set; executors are started by agents",
			d.framework_id == NULL ? "MESOS_FRAMEWORK_ID"
					       : "MESOS_EXECUTOR_ID");
	x->executor_id = xstrdup(d.executor_id);
	x->grace_ms = duration_of("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", 5000);
	x->driver = exec_driver_new(&d);
	return 0;
}

static int setup(struct butte_executor *x,
	const struct butte_executor_config *cfg, struct err *e)
{
	struct exec_driver_event start = { .type = EXEC_DRIVER_START };
	const char *token =
		setting(cfg->token, "MESOS_EXECUTOR_AUTHENTICATION_TOKEN");
	CLEANUP(mem_freep)
	char *bearer = token != NULL ? xasprintf("Bearer %s", token) : NULL;

	/* The executor's children have no business with it. */
	(void)unsetenv("MESOS_EXECUTOR_AUTHENTICATION_TOKEN");
	if (find_agent(x, cfg, e) != 0 || make_tls(x, cfg, e) != 0 ||
		make_driver(x, cfg, e) != 0)
		return -1;
	x->own_base = cfg->base == NULL;
	x->base = x->own_base ? event_base_new() : cfg->base;
	if (x->base == NULL)
		return err_set(e, ERR_IO, "no event base: %s", strerror(errno));
	x->pair = pair_new(x->base, TARGET, bearer, &pair_ops, x);
	x->flush = event_new(x->base, -1, 0, on_flush, x);
	x->timer = evtimer_new(x->base, on_timer, x);
	CHECK(x->flush != NULL && x->timer != NULL);
	start.now_ms = clock_now_ms();
	exec_driver_step(x->driver, &start, &x->out);
	event_active(x->flush, 0, 0);
	return 0;
}

struct butte_executor *butte_executor_new(
	const struct butte_executor_config *cfg,
	const struct butte_executor_ops *ops, void *ctx, char *error,
	size_t size)
{
	static const struct butte_executor_config none;
	struct butte_executor *x = xcalloc(1, sizeof(*x));
	struct err e = { ERR_NONE, "" };

	x->magic = EXECUTOR_MAGIC;
	x->ops = *ops;
	x->ctx = ctx;
	outbox_init(&x->out);
	if (setup(x, cfg != NULL ? cfg : &none, &e) == 0)
		return x;
	if (size > 0)
		(void)snprintf(error, size, "%s", e.text); /* may be cut */
	butte_executor_free(x);
	return NULL;
}

void butte_executor_free(struct butte_executor *x)
{
	if (x == NULL)
		return;
	(void)executor_of(x);
	pair_free(x->pair);
	if (x->flush != NULL)
		event_free(x->flush);
	if (x->timer != NULL)
		event_free(x->timer);
	exec_driver_free(x->driver);
	outbox_fini(&x->out);
	tls_free(x->tls);
	if (x->own_base && x->base != NULL)
		event_base_free(x->base);
	free(x->socket);
	free(x->executor_id);
	x->magic = 0;
	free(x);
}

int butte_executor_run(struct butte_executor *x)
{
	(void)executor_of(x);
	while (!exec_driver_is_stopped(x->driver) || x->out.n_effects > 0)
		if (event_base_loop(x->base, EVLOOP_ONCE) < 0)
			return err_set(
				&x->error, ERR_IO, "the event loop failed");
	return exec_driver_has_failed(x->driver) ? -1 : 0;
}

/* --- the turn ------------------------------------------------------------ */

static void step(struct butte_executor *x, struct exec_driver_event *ev)
{
	ev->now_ms = clock_now_ms();
	exec_driver_step(x->driver, ev, &x->out);
	event_active(x->flush, 0, 0);
}

static void arm_timer(struct butte_executor *x)
{
	uint64_t due = exec_driver_next_due(x->driver);
	uint64_t now = clock_now_ms();
	uint64_t wait = due > now ? due - now : 0;
	struct timeval tv = { (time_t)(wait / 1000),
		(suseconds_t)(wait % 1000) * 1000 };

	if (due == UINT64_MAX)
		(void)event_del(x->timer); /* fails only if not added */
	else
		CHECK(event_add(x->timer, &tv) == 0);
}

/* Callbacks may add effects while this walks. */
static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct butte_executor *x = executor_of(arg);
	struct effect *e;

	(void)fd;
	(void)what;
	TAILQ_FOREACH (e, &x->out.effects, next)
		carry_out(x, e);
	outbox_reset(&x->out);
	arm_timer(x);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct exec_driver_event ev = { .type = EXEC_DRIVER_TICK };

	(void)fd;
	(void)what;
	step(executor_of(arg), &ev);
}

static void open_stream(struct butte_executor *x, uint64_t attempt,
	const struct exec_driver_send *s)
{
	struct http_endpoint to = {
		.host = x->socket == NULL ? x->agent.host : NULL,
		.port = x->agent.port,
		.unix_path = x->socket,
		.tls = x->tls,
	};

	pair_open(x->pair, attempt, &to, s->call, s->size);
}

static void send_call(struct butte_executor *x, uint64_t attempt,
	const struct exec_driver_send *s)
{
	const struct pair_call c = {
		.attempt = attempt,
		.call_type = s->call_type,
		.tag = s->uuid,
		.data = s->call,
		.size = s->size,
	};

	pair_send(x->pair, &c);
}

static void tell(struct butte_executor *x, const Mesos__V1__Executor__Event *e)
{
	const struct butte_executor_ops *ops = &x->ops;

	if (ops->event != NULL)
		ops->event(x, x->ctx, e);
	switch (e->has_type ? (int)e->type : 0) {
	case MESOS__V1__EXECUTOR__EVENT__TYPE__SUBSCRIBED:
		if (ops->subscribed != NULL && e->subscribed != NULL)
			ops->subscribed(x, x->ctx, e->subscribed);
		break;
	case MESOS__V1__EXECUTOR__EVENT__TYPE__LAUNCH:
		if (ops->launch != NULL && e->launch != NULL)
			ops->launch(x, x->ctx, e->launch->task);
		break;
	case MESOS__V1__EXECUTOR__EVENT__TYPE__LAUNCH_GROUP:
		if (ops->launch_group != NULL && e->launch_group != NULL)
			ops->launch_group(
				x, x->ctx, e->launch_group->task_group);
		break;
	case MESOS__V1__EXECUTOR__EVENT__TYPE__KILL:
		if (ops->kill != NULL && e->kill != NULL)
			ops->kill(x, x->ctx, e->kill->task_id->value,
				e->kill->kill_policy);
		break;
	case MESOS__V1__EXECUTOR__EVENT__TYPE__ACKNOWLEDGED:
		if (ops->acknowledged != NULL && e->acknowledged != NULL)
			ops->acknowledged(x, x->ctx, e->acknowledged);
		break;
	case MESOS__V1__EXECUTOR__EVENT__TYPE__MESSAGE:
		if (ops->message != NULL && e->message != NULL)
			ops->message(x, x->ctx, e->message->data.data,
				e->message->data.len);
		break;
	case MESOS__V1__EXECUTOR__EVENT__TYPE__SHUTDOWN:
		if (ops->shutdown != NULL)
			ops->shutdown(x, x->ctx);
		break;
	default:
		break;
	}
}

static void tell_error(struct butte_executor *x, const char *why)
{
	(void)err_set(&x->error, ERR_DENIED, "%s", why);
	if (x->ops.error != NULL)
		x->ops.error(x, x->ctx, why);
}

static void tell_refused(
	struct butte_executor *x, const struct exec_driver_refusal *r)
{
	if (x->ops.call_failed != NULL)
		x->ops.call_failed(x, x->ctx,
			(Mesos__V1__Executor__Call__Type)r->call_type,
			r->status, r->text);
}

static void carry_out(struct butte_executor *x, const struct effect *e)
{
	const struct butte_executor_ops *ops = &x->ops;

	CHECK(e->type == EFFECT_ROOM);
	switch ((enum exec_driver_action)e->status) {
	case EXEC_DRIVER_OPEN:
		open_stream(x, e->to, e->arg);
		break;
	case EXEC_DRIVER_CLOSE:
		pair_close(x->pair);
		break;
	case EXEC_DRIVER_SEND:
		send_call(x, e->to, e->arg);
		break;
	case EXEC_DRIVER_TELL:
		/* After butte_executor_stop() took effect there is silence. */
		if (!exec_driver_is_stopped(x->driver))
			tell(x, e->arg);
		break;
	case EXEC_DRIVER_TELL_UP:
		if (ops->connected != NULL)
			ops->connected(x, x->ctx);
		break;
	case EXEC_DRIVER_TELL_DOWN:
		if (ops->disconnected != NULL)
			ops->disconnected(x, x->ctx, e->arg);
		break;
	case EXEC_DRIVER_TELL_SHUTDOWN:
		if (ops->shutdown != NULL)
			ops->shutdown(x, x->ctx);
		break;
	case EXEC_DRIVER_TELL_REFUSED:
		tell_refused(x, e->arg);
		break;
	case EXEC_DRIVER_TELL_ERROR:
		tell_error(x, e->arg);
		break;
	case EXEC_DRIVER_TELL_STOPPED:
		(void)event_del(x->timer); /* fails only if not added */
		break;
	}
}

/* --- HTTP ---------------------------------------------------------------- */

static void on_head(void *ctx, uint64_t attempt, const char *stream_id)
{
	struct exec_driver_event ev = {
		.type = EXEC_DRIVER_HEAD,
		.attempt = attempt,
	};

	(void)stream_id; /* this API has none */
	step(executor_of(ctx), &ev);
}

static void on_data(
	void *ctx, uint64_t attempt, const uint8_t *data, size_t size)
{
	struct exec_driver_event ev = {
		.type = EXEC_DRIVER_DATA,
		.attempt = attempt,
		.data = data,
		.size = size,
	};

	step(executor_of(ctx), &ev);
}

static void ended(
	void *ctx, enum exec_driver_event_type type, const struct pair_end *end)
{
	struct exec_driver_event ev = {
		.type = type,
		.attempt = end->attempt,
		.status = end->status,
		.text = end->text,
		.call_type = end->call_type,
		.uuid = end->tag,
	};

	step(executor_of(ctx), &ev);
}

static void on_end(void *ctx, const struct pair_end *end)
{
	ended(ctx, EXEC_DRIVER_END, end);
}

static void on_answer(void *ctx, const struct pair_end *end)
{
	ended(ctx, EXEC_DRIVER_ANSWER, end);
}

static const struct pair_ops pair_ops = {
	.head = on_head,
	.data = on_data,
	.end = on_end,
	.answer = on_answer,
};

/* --- what an executor asks for ------------------------------------------- */

int butte_executor_update(
	struct butte_executor *x, const Mesos__V1__TaskStatus *status)
{
	Mesos__V1__TaskStatus s = *status;
	Mesos__V1__ExecutorID id = MESOS__V1__EXECUTOR_ID__INIT;
	uint8_t uuid[UUID_SIZE];

	_Static_assert(UUID_SIZE == EXEC_DRIVER_UUID, "one kind of uuid");
	_Static_assert(UUID_SIZE == PAIR_TAG_MAX, "it is the call's tag");
	(void)executor_of(x);
	if (status->state == MESOS__V1__TASK_STATE__TASK_STAGING)
		return err_set(&x->error, ERR_INVALID,
			"executors may not send TASK_STAGING");
	random_bytes(uuid, sizeof(uuid));
	uuid_v4(uuid);
	id.value = x->executor_id;
	s.executor_id = &id;
	s.has_uuid = true;
	s.uuid = (ProtobufCBinaryData){ sizeof(uuid), uuid };
	s.has_source = true;
	s.source = MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR;
	s.has_timestamp = true;
	s.timestamp = (double)clock_wall_ns() / 1e9;
	if (exec_driver_update(x->driver, &s, &x->out, &x->error) != 0)
		return -1;
	event_active(x->flush, 0, 0);
	return 0;
}

int butte_executor_state(struct butte_executor *x, const char *task_id,
	Mesos__V1__TaskState state, const char *message)
{
	Mesos__V1__TaskStatus s = MESOS__V1__TASK_STATUS__INIT;
	Mesos__V1__TaskID id = MESOS__V1__TASK_ID__INIT;
	CLEANUP(mem_freep) char *id_text = xstrdup(task_id);
	CLEANUP(mem_freep) char *text = xstrdup(message);

	id.value = id_text;
	s.task_id = &id;
	s.state = state;
	s.message = text;
	return butte_executor_update(x, &s);
}

int butte_executor_call(
	struct butte_executor *x, const Mesos__V1__Executor__Call *call)
{
	(void)executor_of(x);
	if (call->update != NULL)
		return butte_executor_update(x, call->update->status);
	if (exec_driver_call(x->driver, call, &x->out, &x->error) != 0)
		return -1;
	event_active(x->flush, 0, 0);
	return 0;
}

int butte_executor_message(
	struct butte_executor *x, const void *data, size_t size)
{
	Mesos__V1__Executor__Call c = MESOS__V1__EXECUTOR__CALL__INIT;
	Mesos__V1__Executor__Call__Message m =
		MESOS__V1__EXECUTOR__CALL__MESSAGE__INIT;
	CLEANUP(mem_freep) uint8_t *copy = xmemdup(data, size);

	m.data = (ProtobufCBinaryData){ size, copy };
	c.has_type = true;
	c.type = MESOS__V1__EXECUTOR__CALL__TYPE__MESSAGE;
	c.message = &m;
	return butte_executor_call(x, &c);
}

void butte_executor_stop(struct butte_executor *x)
{
	exec_driver_stop(executor_of(x)->driver, clock_now_ms(), &x->out);
	event_active(x->flush, 0, 0);
}

bool butte_executor_is_stopped(const struct butte_executor *x)
{
	return exec_driver_is_stopped(x->driver);
}

bool butte_executor_is_subscribed(const struct butte_executor *x)
{
	return exec_driver_is_subscribed(x->driver);
}

const char *butte_executor_error(const struct butte_executor *x)
{
	return x->error.text;
}

struct event_base *butte_executor_base(const struct butte_executor *x)
{
	return x->base;
}

uint64_t butte_executor_grace_ms(const struct butte_executor *x)
{
	return x->grace_ms;
}
