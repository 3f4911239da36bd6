/* test_driver.c - the scheduler's state machine: every event, every timeout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/outbox.h"
#include "common/recordio.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"
#include "sched/driver.h"

#define CALL(name)  MESOS__V1__SCHEDULER__CALL__TYPE__##name
#define EVENT(name) MESOS__V1__SCHEDULER__EVENT__TYPE__##name

static struct driver *d;
static struct outbox out;
static uint64_t now;
static char user[] = "root", name[] = "test";
static char id_text[] = "m-0000";

/* --- what goes in -------------------------------------------------------- */

static void begin_with(size_t n_masters, bool manual)
{
	static struct address masters[3] = {
		{ ADDRESS_ANY, "m1", 5050 },
		{ ADDRESS_ANY, "m2", 5050 },
		{ ADDRESS_ANY, "m3", 5050 },
	};
	Mesos__V1__FrameworkInfo f = MESOS__V1__FRAMEWORK_INFO__INIT;
	struct driver_config cfg = {
		.masters = masters,
		.n_masters = n_masters,
		.framework = &f,
		.manual_acknowledge = manual,
		.seed = 7,
		.backoff_min_ms = 100,
		.backoff_max_ms = 1000,
		.subscribe_timeout_ms = 5000,
		.heartbeats_missed_max = 3,
	};

	f.user = user;
	f.name = name;
	d = driver_new(&cfg);
	outbox_init(&out);
	now = 1000;
}

static void end(void)
{
	driver_free(d);
	outbox_fini(&out);
}

static void step(struct driver_event ev)
{
	ev.now_ms = now;
	if (ev.text == NULL)
		ev.text = "";
	outbox_reset(&out);
	driver_step(d, &ev, &out);
}

static void tick(uint64_t after_ms)
{
	now += after_ms;
	step((struct driver_event){ .type = DRIVER_TICK });
}

static void head(uint64_t attempt)
{
	step((struct driver_event){ .type = DRIVER_HEAD,
		.attempt = attempt,
		.stream_id = "stream-1" });
}

static void ended(uint64_t attempt, int status, const char *location)
{
	step((struct driver_event){ .type = DRIVER_END,
		.attempt = attempt,
		.status = status,
		.location = location,
		.text = "because" });
}

static void answer(uint64_t attempt, int type, int status)
{
	step((struct driver_event){ .type = DRIVER_ANSWER,
		.attempt = attempt,
		.status = status,
		.call_type = type,
		.location = "//m9:6000/api/v1/scheduler",
		.text = "no" });
}

static void record(uint64_t attempt, const ProtobufCMessage *m)
{
	struct buf b = BUF_INIT;
	uint8_t data[1024];
	size_t size = protobuf_c_message_pack(m, data);

	recordio_add(&b, data, size);
	step((struct driver_event){ .type = DRIVER_DATA,
		.attempt = attempt,
		.data = (const uint8_t *)b.data,
		.size = b.size });
	buf_fini(&b);
}

static void subscribed(uint64_t attempt, double interval)
{
	Mesos__V1__Scheduler__Event e = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Subscribed s =
		MESOS__V1__SCHEDULER__EVENT__SUBSCRIBED__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;

	id.value = id_text;
	s.framework_id = &id;
	s.has_heartbeat_interval_seconds = true;
	s.heartbeat_interval_seconds = interval;
	e.has_type = true;
	e.type = EVENT(SUBSCRIBED);
	e.subscribed = &s;
	record(attempt, &e.base);
}

static void heartbeat(uint64_t attempt)
{
	Mesos__V1__Scheduler__Event e = MESOS__V1__SCHEDULER__EVENT__INIT;

	e.has_type = true;
	e.type = EVENT(HEARTBEAT);
	record(attempt, &e.base);
}

static void update(uint64_t attempt, bool with_uuid)
{
	static char task[] = "t", agent[] = "a";
	static uint8_t uuid[16] = { 1 };
	Mesos__V1__Scheduler__Event e = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Update u =
		MESOS__V1__SCHEDULER__EVENT__UPDATE__INIT;
	Mesos__V1__TaskStatus s = MESOS__V1__TASK_STATUS__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;

	tid.value = task;
	aid.value = agent;
	s.task_id = &tid;
	s.agent_id = &aid;
	s.has_uuid = with_uuid;
	s.uuid = (ProtobufCBinaryData){ with_uuid ? 16 : 0, uuid };
	u.status = &s;
	e.has_type = true;
	e.type = EVENT(UPDATE);
	e.update = &u;
	record(attempt, &e.base);
}

/* Started, dialled, subscribed. */
static void up(size_t n_masters, bool manual)
{
	begin_with(n_masters, manual);
	step((struct driver_event){ .type = DRIVER_START });
	head(1);
	subscribed(1, 15);
	assert_true(driver_is_subscribed(d));
}

/* --- what comes out ------------------------------------------------------ */

static const struct effect *effect(size_t i)
{
	const struct effect *e = TAILQ_FIRST(&out.effects);

	assert_true(i < out.n_effects);
	while (i-- > 0)
		e = TAILQ_NEXT(e, next);
	return e;
}

/* The effects' codes, in order, ended by -1. */
static void expect(const int *codes)
{
	size_t n = 0;

	for (; codes[n] >= 0; n++) {
		assert_true(n < out.n_effects);
		assert_int_equal(effect(n)->status, codes[n]);
	}
	assert_int_equal(out.n_effects, n);
}

#define EXPECT(...) expect((const int[]){ __VA_ARGS__, -1 })

static const Mesos__V1__Scheduler__Call *sent(size_t i)
{
	const struct effect *e = effect(i);
	const uint8_t *data;
	size_t size;

	if (e->status == DRIVER_OPEN) {
		const struct driver_open *o = e->arg;

		data = o->subscribe;
		size = o->size;
	} else {
		const struct driver_send *s = e->arg;

		assert_int_equal(e->status, DRIVER_SEND);
		data = s->call;
		size = s->size;
	}
	return (void *)protobuf_c_message_unpack(
		&mesos__v1__scheduler__call__descriptor, NULL, size, data);
}

static void forget(const Mesos__V1__Scheduler__Call *c)
{
	union {
		const Mesos__V1__Scheduler__Call *c;
		Mesos__V1__Scheduler__Call *m;
	} u = { c };

	mesos__v1__scheduler__call__free_unpacked(u.m, NULL);
}

static const char *opened(size_t i)
{
	const struct driver_open *o = effect(i)->arg;

	assert_int_equal(effect(i)->status, DRIVER_OPEN);
	return o->master.host;
}

/* --- tests --------------------------------------------------------------- */

static void test_happy_path(void **state)
{
	const Mesos__V1__Scheduler__Call *c;

	(void)state;
	begin_with(1, false);
	assert_int_equal(driver_next_due(d), UINT64_MAX);
	step((struct driver_event){ .type = DRIVER_START });
	EXPECT(DRIVER_OPEN);
	assert_string_equal(opened(0), "m1");
	c = sent(0);
	assert_int_equal(c->type, CALL(SUBSCRIBE));
	assert_null(c->framework_id);
	assert_string_equal(c->subscribe->framework_info->name, "test");
	forget(c);
	assert_int_equal(driver_next_due(d), now + 5000);
	assert_null(driver_master(d));

	head(1);
	EXPECT(DRIVER_TELL_UP);
	assert_string_equal(effect(0)->arg, "m1:5050");
	assert_false(driver_is_subscribed(d));

	subscribed(1, 15);
	EXPECT(DRIVER_TELL);
	assert_true(driver_is_subscribed(d));
	assert_string_equal(driver_framework_id(d), "m-0000");
	assert_string_equal(driver_master(d)->host, "m1");
	assert_int_equal(driver_next_due(d), now + 45000);
	now += 1000;
	heartbeat(1);
	EXPECT(DRIVER_TELL);
	assert_int_equal(driver_next_due(d), now + 45000);
	end();
}

static void test_acknowledges(void **state)
{
	const Mesos__V1__Scheduler__Call *c;
	const struct driver_send *s;

	(void)state;
	up(1, false);
	update(1, true);
	EXPECT(DRIVER_TELL, DRIVER_SEND);
	s = effect(1)->arg;
	assert_string_equal(s->stream_id, "stream-1");
	c = sent(1);
	assert_int_equal(c->type, CALL(ACKNOWLEDGE));
	assert_string_equal(c->framework_id->value, "m-0000");
	assert_string_equal(c->acknowledge->task_id->value, "t");
	assert_int_equal(c->acknowledge->uuid.len, 16);
	forget(c);
	update(1, false);
	EXPECT(DRIVER_TELL);
	end();

	up(1, true);
	update(1, true);
	EXPECT(DRIVER_TELL);
	end();
}

static void test_silence(void **state)
{
	const Mesos__V1__Scheduler__Call *c;

	(void)state;
	up(1, false);
	tick(44999);
	assert_int_equal(out.n_effects, 0);
	tick(1);
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_DOWN);
	assert_false(driver_is_subscribed(d));
	assert_true(driver_next_due(d) <= now + 100);
	/* What the old stream still says is ignored. */
	heartbeat(1);
	assert_int_equal(out.n_effects, 0);
	ended(1, 0, NULL);
	assert_int_equal(out.n_effects, 0);
	tick(100);
	EXPECT(DRIVER_OPEN);
	c = sent(0);
	assert_string_equal(c->framework_id->value, "m-0000");
	assert_string_equal(c->subscribe->framework_info->id->value, "m-0000");
	forget(c);
	head(2);
	EXPECT(DRIVER_TELL_UP);
	end();
}

static void test_no_answer(void **state)
{
	(void)state;
	begin_with(1, false);
	step((struct driver_event){ .type = DRIVER_START });
	tick(4999);
	assert_int_equal(out.n_effects, 0);
	tick(1);
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_DOWN);
	tick(1000);
	EXPECT(DRIVER_OPEN);
	/* 200 but no SUBSCRIBED. */
	head(2);
	tick(5000);
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_DOWN);
	end();
}

static void test_several_masters(void **state)
{
	static const char *const hosts[] = { "m1", "m2", "m3", "m1", "m2" };

	(void)state;
	begin_with(3, false);
	step((struct driver_event){ .type = DRIVER_START });
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(opened(0), hosts[i]);
		ended(i + 1, 0, NULL);
		EXPECT(DRIVER_CLOSE, DRIVER_TELL_DOWN);
		/* No pause before all have been asked. */
		if (i != 2)
			assert_int_equal(driver_next_due(d), now);
		tick(1000);
	}
	end();
}

static void test_pauses_grow(void **state)
{
	uint64_t longest = 0;

	(void)state;
	begin_with(1, false);
	step((struct driver_event){ .type = DRIVER_START });
	for (uint64_t i = 1; i <= 40; i++) {
		uint64_t pause;

		ended(i, 503, NULL);
		pause = driver_next_due(d) - now;
		assert_true(pause <= 1000);
		longest = pause > longest ? pause : longest;
		tick(pause);
		EXPECT(DRIVER_OPEN);
	}
	assert_true(longest > 500);
	end();
}

static void test_redirect(void **state)
{
	(void)state;
	begin_with(2, false);
	step((struct driver_event){ .type = DRIVER_START });
	ended(1, 307, "//m9:6000/api/v1/scheduler");
	EXPECT(DRIVER_CLOSE, DRIVER_OPEN);
	assert_string_equal(opened(1), "m9");
	assert_int_equal(
		((const struct driver_open *)effect(1)->arg)->master.port,
		6000);
	/* It isn't there: back to the list. */
	ended(2, 0, NULL);
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_DOWN);
	tick(1000);
	assert_string_equal(opened(0), "m1");
	/* Not from TLS to plain text, not to nowhere. */
	ended(3, 307, "http://m9:6000/");
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_DOWN);
	tick(1000);
	ended(4, 307, NULL);
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_DOWN);
	end();
}

static void test_redirect_loop(void **state)
{
	uint64_t attempt = 1;

	(void)state;
	begin_with(1, false);
	step((struct driver_event){ .type = DRIVER_START });
	for (; attempt <= 5; attempt++) {
		ended(attempt, 307, "//m9:6000/");
		EXPECT(DRIVER_CLOSE, DRIVER_OPEN);
	}
	ended(attempt, 307, "//m9:6000/");
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_DOWN);
	end();
}

static void test_refused(void **state)
{
	static const int fatal[] = { 400, 401, 403 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin_with(1, false);
		step((struct driver_event){ .type = DRIVER_START });
		ended(1, fatal[i], NULL);
		EXPECT(DRIVER_TELL_ERROR, DRIVER_CLOSE, DRIVER_TELL_STOPPED);
		assert_true(driver_is_stopped(d) && driver_has_failed(d));
		assert_int_equal(driver_next_due(d), UINT64_MAX);
		tick(100000);
		assert_int_equal(out.n_effects, 0);
		end();
	}
}

static void test_error_event(void **state)
{
	static char why[] = "Framework failed over";
	Mesos__V1__Scheduler__Event e = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Error err =
		MESOS__V1__SCHEDULER__EVENT__ERROR__INIT;

	(void)state;
	err.message = why;
	e.has_type = true;
	e.type = EVENT(ERROR);
	e.error = &err;
	up(1, false);
	record(1, &e.base);
	EXPECT(DRIVER_TELL, DRIVER_TELL_ERROR, DRIVER_CLOSE,
		DRIVER_TELL_STOPPED);
	assert_string_equal(effect(1)->arg, why);
	assert_true(driver_has_failed(d));
	end();
}

static void test_not_a_master(void **state)
{
	(void)state;
	begin_with(1, false);
	step((struct driver_event){ .type = DRIVER_START });
	step((struct driver_event){ .type = DRIVER_HEAD, .attempt = 1 });
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_DOWN);
	end();
}

static void test_bad_stream(void **state)
{
	static const char *const bad[] = { "x\n", "99999999999\n", "3\nabc",
		"2\n\x08\xff" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		up(1, false);
		step((struct driver_event){ .type = DRIVER_DATA,
			.attempt = 1,
			.data = (const uint8_t *)bad[i],
			.size = strlen(bad[i]) });
		EXPECT(DRIVER_CLOSE, DRIVER_TELL_DOWN);
		end();
	}
}

static void test_stream_ends(void **state)
{
	(void)state;
	up(2, false);
	ended(1, 200, NULL);
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_DOWN);
	/* The one that led is asked first. */
	tick(100);
	assert_string_equal(opened(0), "m1");
	end();
}

static void test_calls(void **state)
{
	Mesos__V1__Scheduler__Call c = MESOS__V1__SCHEDULER__CALL__INIT;
	struct err e;

	(void)state;
	c.has_type = true;
	c.type = CALL(REVIVE);
	begin_with(1, false);
	step((struct driver_event){ .type = DRIVER_START });
	assert_int_equal(driver_call(d, &c, &out, &e), -1);
	assert_int_equal(e.code, ERR_CONFLICT);
	end();

	up(1, false);
	outbox_reset(&out);
	assert_int_equal(driver_call(d, &c, &out, &e), 0);
	EXPECT(DRIVER_SEND);
	answer(1, CALL(REVIVE), 202);
	assert_int_equal(out.n_effects, 0);
	answer(1, CALL(REVIVE), 400);
	EXPECT(DRIVER_TELL_REFUSED);
	assert_true(driver_is_subscribed(d));
	answer(1, CALL(REVIVE), 0);
	EXPECT(DRIVER_TELL_REFUSED);
	assert_true(driver_is_subscribed(d));
	/* Another one leads now. */
	answer(1, CALL(REVIVE), 307);
	EXPECT(DRIVER_TELL_REFUSED, DRIVER_CLOSE, DRIVER_TELL_DOWN);
	/* Calls that were lost with it are told, but change nothing. */
	answer(1, CALL(REVIVE), 503);
	EXPECT(DRIVER_TELL_REFUSED);
	tick(1000);
	assert_string_equal(opened(0), "m9");
	end();
}

static void suppress(bool on, char **roles, size_t n)
{
	Mesos__V1__Scheduler__Call c = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Suppress s =
		MESOS__V1__SCHEDULER__CALL__SUPPRESS__INIT;
	Mesos__V1__Scheduler__Call__Revive r =
		MESOS__V1__SCHEDULER__CALL__REVIVE__INIT;

	c.has_type = true;
	c.type = on ? CALL(SUPPRESS) : CALL(REVIVE);
	s.n_roles = r.n_roles = n;
	s.roles = r.roles = roles;
	c.suppress = on ? &s : NULL;
	c.revive = on ? NULL : &r;
	assert_int_equal(driver_call(d, &c, &out, NULL), 0);
}

static size_t suppressed_at_resubscription(void)
{
	const Mesos__V1__Scheduler__Call *c;
	uint64_t attempt = effect(0)->to;
	size_t n;

	(void)attempt;
	c = sent(0);
	n = c->subscribe->n_suppressed_roles;
	forget(c);
	return n;
}

static void test_suppression_survives(void **state)
{
	static char role[] = "*", *roles[] = { role };

	(void)state;
	up(1, false);
	suppress(true, roles, 1);
	ended(1, 200, NULL);
	tick(1000);
	assert_int_equal(suppressed_at_resubscription(), 1);
	head(2);
	subscribed(2, 15);
	suppress(false, NULL, 0);
	ended(2, 200, NULL);
	tick(1000);
	assert_int_equal(suppressed_at_resubscription(), 0);
	end();
}

static void test_stop(void **state)
{
	(void)state;
	up(1, false);
	outbox_reset(&out);
	driver_stop(d, &out);
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_STOPPED);
	assert_true(driver_is_stopped(d));
	assert_false(driver_has_failed(d));
	driver_stop(d, &out);
	assert_int_equal(out.n_effects, 2);
	end();
}

static void test_teardown(void **state)
{
	(void)state;
	up(1, false);
	outbox_reset(&out);
	driver_teardown(d, now, &out);
	EXPECT(DRIVER_SEND);
	answer(1, CALL(TEARDOWN), 202);
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_STOPPED);
	end();

	/* While away: as soon as it is subscribed again. */
	up(1, false);
	ended(1, 0, NULL);
	outbox_reset(&out);
	driver_teardown(d, now, &out);
	assert_int_equal(out.n_effects, 0);
	tick(1000);
	EXPECT(DRIVER_OPEN);
	head(2);
	subscribed(2, 15);
	EXPECT(DRIVER_TELL, DRIVER_SEND);
	/* No answer: it stops all the same. */
	tick(15000);
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_STOPPED);
	end();

	/* Never subscribed: there is nothing to tear down. */
	begin_with(1, false);
	step((struct driver_event){ .type = DRIVER_START });
	outbox_reset(&out);
	driver_teardown(d, now, &out);
	EXPECT(DRIVER_CLOSE, DRIVER_TELL_STOPPED);
	end();
}

static void test_odd_heartbeats(void **state)
{
	static const struct {
		double seconds;
		uint64_t silence_ms;
	} rows[] = { { 1, 3000 }, { 0, 45000 }, { -1, 45000 }, { 1e300, 45000 },
		{ 0.5, 1500 } };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		begin_with(1, false);
		step((struct driver_event){ .type = DRIVER_START });
		head(1);
		subscribed(1, rows[i].seconds);
		assert_int_equal(driver_next_due(d), now + rows[i].silence_ms);
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_happy_path),
		cmocka_unit_test(test_acknowledges),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_several_masters),
		cmocka_unit_test(test_pauses_grow),
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_redirect_loop),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_error_event),
		cmocka_unit_test(test_not_a_master),
		cmocka_unit_test(test_bad_stream),
		cmocka_unit_test(test_stream_ends),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_suppression_survives),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_teardown),
		cmocka_unit_test(test_odd_heartbeats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
