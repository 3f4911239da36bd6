/*
 * test_io_scheduler.c - libbutte's scheduler against a master of a few lines,
 * both on one event base, over real sockets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "butte/scheduler.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/msg.h"
#include "common/recordio.h"

#define CALL(name)  MESOS__V1__SCHEDULER__CALL__TYPE__##name
#define EVENT(name) MESOS__V1__SCHEDULER__EVENT__TYPE__##name

static char framework_id[] = "f-0001", agent_id[] = "a-S0", offer_id[] = "o-O1",
	    host[] = "node";

/* --- the master ---------------------------------------------------------- */

struct master {
	struct http_server *server;
	uint64_t stream;
	unsigned subscriptions;
	bool resubscribed_with_id;
	char redirect[64]; /* "" or a Location */
	int refuse;	   /* status of SUBSCRIBE, or 0 */
	char log[512];	   /* types of calls, in order */
	unsigned acks;
};

static void master_send(struct master *m, const ProtobufCMessage *event)
{
	struct buf b = BUF_INIT;
	uint8_t data[4096];

	recordio_add(&b, data, protobuf_c_message_pack(event, data));
	http_stream_send(m->server, m->stream, b.data, b.size);
	buf_fini(&b);
}

static void send_subscribed(struct master *m)
{
	Mesos__V1__Scheduler__Event e = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Subscribed s =
		MESOS__V1__SCHEDULER__EVENT__SUBSCRIBED__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;

	id.value = framework_id;
	s.framework_id = &id;
	e.has_type = true;
	e.type = EVENT(SUBSCRIBED);
	e.subscribed = &s;
	master_send(m, &e.base);
}

static void send_offer(struct master *m)
{
	Mesos__V1__Scheduler__Event e = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Offers o =
		MESOS__V1__SCHEDULER__EVENT__OFFERS__INIT;
	Mesos__V1__Offer offer = MESOS__V1__OFFER__INIT, *list = &offer;
	Mesos__V1__OfferID oid = MESOS__V1__OFFER_ID__INIT;
	Mesos__V1__FrameworkID fid = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;

	oid.value = offer_id;
	fid.value = framework_id;
	aid.value = agent_id;
	offer.id = &oid;
	offer.framework_id = &fid;
	offer.agent_id = &aid;
	offer.hostname = host;
	o.n_offers = 1;
	o.offers = &list;
	e.has_type = true;
	e.type = EVENT(OFFERS);
	e.offers = &o;
	master_send(m, &e.base);
}

static void send_update(struct master *m, char *task)
{
	static uint8_t uuid[16] = { 7 };
	Mesos__V1__Scheduler__Event e = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Update u =
		MESOS__V1__SCHEDULER__EVENT__UPDATE__INIT;
	Mesos__V1__TaskStatus s = MESOS__V1__TASK_STATUS__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;

	tid.value = task;
	aid.value = agent_id;
	s.task_id = &tid;
	s.agent_id = &aid;
	s.state = MESOS__V1__TASK_STATE__TASK_FINISHED;
	s.has_uuid = true;
	s.uuid = (ProtobufCBinaryData){ 16, uuid };
	u.status = &s;
	e.has_type = true;
	e.type = EVENT(UPDATE);
	e.update = &u;
	master_send(m, &e.base);
}

static void note(struct master *m, const char *what)
{
	size_t used = strlen(m->log);

	(void)snprintf(m->log + used, sizeof(m->log) - used, "%s ", what);
}

static void on_subscribe(struct master *m, struct http_req *r,
	const Mesos__V1__Scheduler__Call *c)
{
	static const struct http_header headers[] = {
		{ "Mesos-Stream-Id", "stream-x" },
		{ NULL, NULL },
	};
	const struct http_header to[] = {
		{ "Location", m->redirect },
		{ NULL, NULL },
	};

	m->subscriptions++;
	m->resubscribed_with_id = c->framework_id != NULL;
	if (m->redirect[0] != '\0') {
		http_reply(m->server, http_req_id(r), 307, "text/plain", to, "",
			0);
		return;
	}
	if (m->refuse != 0) {
		http_reply_text(
			m->server, http_req_id(r), m->refuse, "not you");
		return;
	}
	m->stream = http_req_id(r);
	http_stream_open(
		m->server, m->stream, 200, "application/x-protobuf", headers);
	send_subscribed(m);
	send_offer(m);
}

static void on_request(
	void *ctx, struct http_req *r, const uint8_t *body, size_t size)
{
	struct master *m = ctx;
	struct arena a;
	const Mesos__V1__Scheduler__Call *c;

	arena_init(&a);
	assert_string_equal(http_req_path(r), "/api/v1/scheduler");
	c = MSG_UNPACK(Mesos__V1__Scheduler__Call, &a,
		&mesos__v1__scheduler__call__descriptor, body, size, NULL);
	assert_non_null(c);
	if (c->type == CALL(SUBSCRIBE)) {
		on_subscribe(m, r, c);
		arena_fini(&a);
		return;
	}
	assert_string_equal(http_req_header(r, "Mesos-Stream-Id"), "stream-x");
	assert_string_equal(c->framework_id->value, framework_id);
	note(m,
		protobuf_c_enum_descriptor_get_value(
			&mesos__v1__scheduler__call__type__descriptor,
			(int)c->type)
			->name);
	if (c->type == CALL(REVIVE)) {
		http_reply_text(m->server, http_req_id(r), 400, "bad roles");
		arena_fini(&a);
		return;
	}
	http_reply(m->server, http_req_id(r), 202, NULL, NULL, NULL, 0);
	if (c->type == CALL(ACCEPT))
		send_update(m,
			c->accept->operations[0]
				->launch->task_infos[0]
				->task_id->value);
	arena_fini(&a);
}

static void on_gone(void *ctx, uint64_t id)
{
	(void)ctx;
	(void)id;
}

static const struct http_server_ops server_ops = {
	.request = on_request,
	.gone = on_gone,
};

static void master_start(struct master *m, struct event_base *base)
{
	memset(m, 0, sizeof(*m));
	m->server = http_server_new(base, &server_ops, m);
	assert_int_equal(
		http_server_listen(m->server, "127.0.0.1", 0, NULL, NULL), 0);
}

/* --- the framework ------------------------------------------------------- */

struct seen {
	struct master *m;
	char log[512];
	char error[256];
	bool break_once;
};

static void saw(struct seen *s, const char *what)
{
	size_t used = strlen(s->log);

	(void)snprintf(s->log + used, sizeof(s->log) - used, "%s ", what);
}

static void on_connected(
	struct butte_scheduler *s, void *ctx, const char *master)
{
	(void)s;
	assert_non_null(strstr(master, "127.0.0.1:"));
	saw(ctx, "connected");
}

static void on_subscribed(struct butte_scheduler *s, void *ctx,
	const Mesos__V1__Scheduler__Event__Subscribed *e)
{
	assert_string_equal(e->framework_id->value, framework_id);
	assert_true(butte_scheduler_is_subscribed(s));
	assert_string_equal(butte_scheduler_framework_id(s), framework_id);
	saw(ctx, "subscribed");
}

static void on_disconnected(
	struct butte_scheduler *s, void *ctx, const char *why)
{
	(void)why;
	assert_false(butte_scheduler_is_subscribed(s));
	saw(ctx, "disconnected");
}

static void on_offers(struct butte_scheduler *s, void *ctx,
	Mesos__V1__Offer *const *offers, size_t n)
{
	struct seen *seen = ctx;
	Mesos__V1__TaskInfo *t;

	assert_int_equal(n, 1);
	saw(seen, "offers");
	if (seen->break_once) {
		seen->break_once = false;
		http_stream_close(seen->m->server, seen->m->stream);
		return;
	}
	t = butte_task_new(offers[0], "t1", "test", "true");
	butte_task_resource(t, "cpus", 0.5);
	butte_task_env(t, "A", "b");
	assert_int_equal(butte_scheduler_launch(s, offers[0], &t, 1, -1), 0);
	butte_task_free(t);
	assert_int_equal(butte_scheduler_revive(s, NULL, 0), 0);
}

static void on_update(struct butte_scheduler *s, void *ctx,
	const Mesos__V1__TaskStatus *status)
{
	assert_string_equal(status->task_id->value, "t1");
	assert_true(butte_state_is_terminal(status->state));
	assert_string_equal(butte_state_name(status->state), "TASK_FINISHED");
	saw(ctx, "update");
	butte_scheduler_teardown(s);
}

static void on_refused(struct butte_scheduler *s, void *ctx,
	Mesos__V1__Scheduler__Call__Type type, int status, const char *why)
{
	(void)s;
	assert_int_equal(type, CALL(REVIVE));
	assert_int_equal(status, 400);
	assert_string_equal(why, "bad roles");
	saw(ctx, "refused");
}

static void on_error(struct butte_scheduler *s, void *ctx, const char *why)
{
	struct seen *seen = ctx;

	(void)s;
	(void)snprintf(seen->error, sizeof(seen->error), "%s", why);
	saw(seen, "error");
}

static const struct butte_scheduler_ops ops = {
	.connected = on_connected,
	.subscribed = on_subscribed,
	.disconnected = on_disconnected,
	.offers = on_offers,
	.update = on_update,
	.call_failed = on_refused,
	.error = on_error,
};

static struct butte_scheduler *scheduler_start(
	struct seen *seen, const char *masters, struct event_base *base)
{
	static char user[] = "root", name[] = "test";
	Mesos__V1__FrameworkInfo info = MESOS__V1__FRAMEWORK_INFO__INIT;
	struct butte_scheduler_config cfg = {
		.masters = masters,
		.plaintext = true,
		.framework = &info,
		.base = base,
		.backoff_min_ms = 10,
		.backoff_max_ms = 20,
	};
	char error[256] = "";
	struct butte_scheduler *s;

	info.user = user;
	info.name = name;
	s = butte_scheduler_new(&cfg, &ops, seen, error, sizeof(error));
	assert_string_equal(error, "");
	return s;
}

static void address_of(char to[64], const struct master *m)
{
	(void)snprintf(
		to, 64, "127.0.0.1:%u", (unsigned)http_server_port(m->server));
}

/* --- tests --------------------------------------------------------------- */

static void test_life(void **state)
{
	struct event_base *base = event_base_new();
	struct butte_scheduler *s;
	struct seen seen = { 0 };
	struct master m;
	char masters[64];

	(void)state;
	master_start(&m, base);
	address_of(masters, &m);
	seen.m = &m;
	s = scheduler_start(&seen, masters, base);
	assert_string_equal(seen.log, "");
	assert_int_equal(butte_scheduler_revive(s, NULL, 0), -1);
	assert_non_null(strstr(butte_scheduler_error(s), "not subscribed"));
	assert_int_equal(butte_scheduler_run(s), 0);
	assert_non_null(strstr(seen.log, "connected subscribed offers "));
	assert_non_null(strstr(seen.log, "update"));
	assert_non_null(strstr(m.log, "ACCEPT REVIVE "));
	assert_non_null(strstr(m.log, "TEARDOWN"));
	assert_true(butte_scheduler_is_stopped(s));
	butte_scheduler_free(s);
	http_server_free(m.server);
	event_base_free(base);
}

static void test_reconnects(void **state)
{
	struct event_base *base = event_base_new();
	struct butte_scheduler *s;
	struct seen seen = { .break_once = true };
	struct master m;
	char masters[64];

	(void)state;
	master_start(&m, base);
	address_of(masters, &m);
	seen.m = &m;
	s = scheduler_start(&seen, masters, base);
	assert_int_equal(butte_scheduler_run(s), 0);
	assert_non_null(strstr(seen.log,
		"connected subscribed offers disconnected connected subscribed "
		"offers"));
	assert_int_equal(m.subscriptions, 2);
	assert_true(m.resubscribed_with_id);
	assert_non_null(strstr(m.log, "ACKNOWLEDGE"));
	butte_scheduler_free(s);
	http_server_free(m.server);
	event_base_free(base);
}

static void test_redirect_and_dead_masters(void **state)
{
	struct event_base *base = event_base_new();
	struct butte_scheduler *s;
	struct seen seen = { 0 };
	struct master m, other;
	char masters[128], first[64], leader[64];

	(void)state;
	master_start(&m, base);
	master_start(&other, base);
	address_of(leader, &m);
	address_of(first, &other);
	(void)snprintf(other.redirect, sizeof(other.redirect),
		"//%.30s/api/v1/scheduler", leader);
	/* Nobody listens on port 1. */
	(void)snprintf(masters, sizeof(masters), "127.0.0.1:1,%.40s", first);
	seen.m = &m;
	s = scheduler_start(&seen, masters, base);
	assert_int_equal(butte_scheduler_run(s), 0);
	assert_int_equal(other.subscriptions, 1);
	assert_int_equal(m.subscriptions, 1);
	assert_non_null(strstr(seen.log, "disconnected connected subscribed"));
	butte_scheduler_free(s);
	http_server_free(m.server);
	http_server_free(other.server);
	event_base_free(base);
}

static void test_refused(void **state)
{
	struct event_base *base = event_base_new();
	struct butte_scheduler *s;
	struct seen seen = { 0 };
	struct master m;
	char masters[64];

	(void)state;
	master_start(&m, base);
	address_of(masters, &m);
	m.refuse = 403;
	s = scheduler_start(&seen, masters, base);
	assert_int_equal(butte_scheduler_run(s), -1);
	assert_string_equal(seen.log, "error ");
	assert_non_null(strstr(seen.error, "403): not you"));
	assert_string_equal(butte_scheduler_error(s), seen.error);
	butte_scheduler_free(s);
	http_server_free(m.server);
	event_base_free(base);
}

static void test_freed_while_busy(void **state)
{
	struct event_base *base = event_base_new();
	struct seen seen = { 0 };
	struct master m;
	char masters[64];

	(void)state;
	master_start(&m, base);
	address_of(masters, &m);
	for (int passes = 0; passes < 12; passes++) {
		struct butte_scheduler *s =
			scheduler_start(&seen, masters, base);

		seen.m = &m;
		for (int i = 0; i < passes; i++)
			(void)event_base_loop(base, EVLOOP_NONBLOCK);
		butte_scheduler_free(s);
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
	http_server_free(m.server);
	event_base_free(base);
}

static void test_bad_config(void **state)
{
	static char user[] = "root", name[] = "test";
	static const struct {
		const char *masters;
		const char *ca;
		bool plaintext;
		const char *want;
	} rows[] = {
		{ NULL, NULL, true, "no master" },
		{ "", NULL, true, "no master" },
		{ "m1:x", NULL, true, "m1:x" },
		{ "zk://a/b", NULL, true, "ZooKeeper" },
		{ "m1", "/nonexistent/ca.crt", false, "/nonexistent/ca.crt" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		Mesos__V1__FrameworkInfo info = MESOS__V1__FRAMEWORK_INFO__INIT;
		struct butte_scheduler_config cfg = {
			.masters = rows[i].masters,
			.plaintext = rows[i].plaintext,
			.ca_file = rows[i].ca,
			.framework = &info,
		};
		char error[256] = "";

		info.user = user;
		info.name = name;
		assert_null(butte_scheduler_new(
			&cfg, &ops, NULL, error, sizeof(error)));
		assert_non_null(strstr(error, rows[i].want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_reconnects),
		cmocka_unit_test(test_redirect_and_dead_masters),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_freed_while_busy),
		cmocka_unit_test(test_bad_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
