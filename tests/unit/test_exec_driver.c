/* test_exec_driver.c - the executor's state machine: every event and timeout. */
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
#include "mesos/v1/executor/executor.pb-c.h"
#include "sched/exec_driver.h"

#define CALL(name)  MESOS__V1__EXECUTOR__CALL__TYPE__##name
#define EVENT(name) MESOS__V1__EXECUTOR__EVENT__TYPE__##name

static struct exec_driver *d;
static struct outbox out;
static uint64_t now;
static char task_text[] = "t1", text[] = "x";

/* --- what goes in -------------------------------------------------------- */

static void step(struct exec_driver_event ev)
{
	ev.now_ms = now;
	if (ev.text == NULL)
		ev.text = "";
	outbox_reset(&out);
	exec_driver_step(d, &ev, &out);
}

static void begin(bool checkpoint)
{
	struct exec_driver_config cfg = {
		.framework_id = "f",
		.executor_id = "e",
		.checkpoint = checkpoint,
		.seed = 3,
		.backoff_max_ms = 2000,
		.recovery_timeout_ms = 900000,
		.subscribe_timeout_ms = 5000,
	};

	d = exec_driver_new(&cfg);
	outbox_init(&out);
	now = 1000;
	step((struct exec_driver_event){ .type = EXEC_DRIVER_START });
}

static void end(void)
{
	exec_driver_free(d);
	outbox_fini(&out);
}

static void tick(uint64_t after_ms)
{
	now += after_ms;
	step((struct exec_driver_event){ .type = EXEC_DRIVER_TICK });
}

static void head(uint64_t attempt)
{
	step((struct exec_driver_event){
		.type = EXEC_DRIVER_HEAD, .attempt = attempt });
}

static void ended(uint64_t attempt, int status)
{
	step((struct exec_driver_event){ .type = EXEC_DRIVER_END,
		.attempt = attempt,
		.status = status,
		.text = "because" });
}

static void answer(uint64_t attempt, int type, int status, const uint8_t *uuid)
{
	step((struct exec_driver_event){ .type = EXEC_DRIVER_ANSWER,
		.attempt = attempt,
		.status = status,
		.call_type = type,
		.text = "no",
		.uuid = uuid });
}

static void record(uint64_t attempt, const Mesos__V1__Executor__Event *m)
{
	struct buf b = BUF_INIT;
	uint8_t data[4096];

	recordio_add(&b, data, protobuf_c_message_pack(&m->base, data));
	step((struct exec_driver_event){ .type = EXEC_DRIVER_DATA,
		.attempt = attempt,
		.data = (const uint8_t *)b.data,
		.size = b.size });
	buf_fini(&b);
}

static Mesos__V1__Executor__Event event_of(int type)
{
	Mesos__V1__Executor__Event e = MESOS__V1__EXECUTOR__EVENT__INIT;

	e.has_type = true;
	e.type = (Mesos__V1__Executor__Event__Type)type;
	return e;
}

static void subscribed(uint64_t attempt)
{
	Mesos__V1__Executor__Event e = event_of(EVENT(SUBSCRIBED));

	record(attempt, &e);
}

static void up(bool checkpoint)
{
	begin(checkpoint);
	head(1);
	subscribed(1);
	assert_true(exec_driver_is_subscribed(d));
}

static void launch(uint64_t attempt)
{
	Mesos__V1__Executor__Event e = event_of(EVENT(LAUNCH));
	Mesos__V1__Executor__Event__Launch l =
		MESOS__V1__EXECUTOR__EVENT__LAUNCH__INIT;
	Mesos__V1__TaskInfo t = MESOS__V1__TASK_INFO__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;

	tid.value = task_text;
	aid.value = text;
	t.name = text;
	t.task_id = &tid;
	t.agent_id = &aid;
	l.task = &t;
	e.launch = &l;
	record(attempt, &e);
}

static void acknowledged(uint64_t attempt, uint8_t first)
{
	Mesos__V1__Executor__Event e = event_of(EVENT(ACKNOWLEDGED));
	Mesos__V1__Executor__Event__Acknowledged a =
		MESOS__V1__EXECUTOR__EVENT__ACKNOWLEDGED__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	uint8_t uuid[16] = { first };

	tid.value = task_text;
	a.task_id = &tid;
	a.uuid = (ProtobufCBinaryData){ 16, uuid };
	e.acknowledged = &a;
	record(attempt, &e);
}

static int update(uint8_t first)
{
	Mesos__V1__TaskStatus s = MESOS__V1__TASK_STATUS__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	uint8_t uuid[16] = { first };

	tid.value = task_text;
	s.task_id = &tid;
	s.state = MESOS__V1__TASK_STATE__TASK_RUNNING;
	s.has_uuid = true;
	s.uuid = (ProtobufCBinaryData){ 16, uuid };
	outbox_reset(&out);
	return exec_driver_update(d, &s, &out, NULL);
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
#define NOTHING()   assert_int_equal(out.n_effects, 0)

static Mesos__V1__Executor__Call *sent(size_t i)
{
	const struct exec_driver_send *s = effect(i)->arg;

	return (void *)protobuf_c_message_unpack(
		&mesos__v1__executor__call__descriptor, NULL, s->size, s->call);
}

static void forget(Mesos__V1__Executor__Call *c)
{
	mesos__v1__executor__call__free_unpacked(c, NULL);
}

/* What the SUBSCRIBE in effect i carries. */
static void expect_subscribe(size_t i, size_t n_tasks, size_t n_updates)
{
	Mesos__V1__Executor__Call *c = sent(i);

	assert_int_equal(effect(i)->status, EXEC_DRIVER_OPEN);
	assert_int_equal(c->type, CALL(SUBSCRIBE));
	assert_string_equal(c->framework_id->value, "f");
	assert_string_equal(c->executor_id->value, "e");
	assert_int_equal(c->subscribe->n_unacknowledged_tasks, n_tasks);
	assert_int_equal(c->subscribe->n_unacknowledged_updates, n_updates);
	forget(c);
}

/* --- tests --------------------------------------------------------------- */

static void test_life(void **state)
{
	Mesos__V1__Executor__Call *c;

	(void)state;
	begin(true);
	EXPECT(EXEC_DRIVER_OPEN);
	expect_subscribe(0, 0, 0);
	head(1);
	EXPECT(EXEC_DRIVER_TELL_UP);
	subscribed(1);
	EXPECT(EXEC_DRIVER_TELL);
	launch(1);
	EXPECT(EXEC_DRIVER_TELL);
	assert_int_equal(update(1), 0);
	EXPECT(EXEC_DRIVER_SEND);
	c = sent(0);
	assert_int_equal(c->type, CALL(UPDATE));
	assert_string_equal(c->update->status->task_id->value, "t1");
	forget(c);
	answer(1, CALL(UPDATE), 202, NULL);
	NOTHING();
	acknowledged(1, 1);
	EXPECT(EXEC_DRIVER_TELL);
	outbox_reset(&out);
	exec_driver_stop(d, now, &out);
	EXPECT(EXEC_DRIVER_CLOSE, EXEC_DRIVER_TELL_STOPPED);
	assert_int_equal(update(2), -1);
	end();
}

static void test_agent_restarts(void **state)
{
	(void)state;
	up(true);
	launch(1);
	assert_int_equal(update(1), 0);
	ended(1, 200);
	EXPECT(EXEC_DRIVER_CLOSE, EXEC_DRIVER_TELL_DOWN);
	/* Made meanwhile. */
	assert_int_equal(update(2), 0);
	NOTHING();
	tick(2000);
	EXPECT(EXEC_DRIVER_OPEN);
	expect_subscribe(0, 1, 2);
	/* It recovers and is not there yet: silently again. */
	ended(2, 503);
	EXPECT(EXEC_DRIVER_CLOSE, EXEC_DRIVER_TELL_DOWN);
	tick(2000);
	expect_subscribe(0, 1, 2);
	head(3);
	/* Too late for that SUBSCRIBE. */
	assert_int_equal(update(3), 0);
	NOTHING();
	subscribed(3);
	EXPECT(EXEC_DRIVER_SEND, EXEC_DRIVER_TELL);
	acknowledged(3, 1);
	acknowledged(3, 2);
	ended(3, 0);
	tick(2000);
	expect_subscribe(0, 0, 1);
	end();
}

static void test_agent_stays_away(void **state)
{
	(void)state;
	up(true);
	ended(1, 0);
	tick(899999);
	EXPECT(EXEC_DRIVER_OPEN);
	ended(2, 0);
	tick(1);
	assert_int_equal(effect(0)->status, EXEC_DRIVER_TELL_SHUTDOWN);
	end();

	/* No checkpoints: at once. */
	up(false);
	ended(1, 0);
	EXPECT(EXEC_DRIVER_CLOSE, EXEC_DRIVER_TELL_DOWN,
		EXEC_DRIVER_TELL_SHUTDOWN);
	end();

	/* Never there. */
	begin(false);
	for (uint64_t i = 1; now < 61000; i++) {
		ended(i, 0);
		EXPECT(EXEC_DRIVER_CLOSE, EXEC_DRIVER_TELL_DOWN);
		tick(2000);
		if (now >= 61000)
			EXPECT(EXEC_DRIVER_TELL_SHUTDOWN, EXEC_DRIVER_OPEN);
		else
			EXPECT(EXEC_DRIVER_OPEN);
	}
	end();
}

static void test_shutdown(void **state)
{
	Mesos__V1__Executor__Event e = event_of(EVENT(SHUTDOWN));

	(void)state;
	up(false);
	record(1, &e);
	EXPECT(EXEC_DRIVER_TELL);
	assert_int_equal(update(1), 0);
	outbox_reset(&out);
	exec_driver_stop(d, now, &out);
	NOTHING();
	acknowledged(1, 1);
	EXPECT(EXEC_DRIVER_TELL, EXEC_DRIVER_CLOSE, EXEC_DRIVER_TELL_STOPPED);
	end();

	/* Not acknowledged: after five seconds all the same. */
	up(false);
	assert_int_equal(update(1), 0);
	outbox_reset(&out);
	exec_driver_stop(d, now, &out);
	tick(4999);
	NOTHING();
	tick(1);
	EXPECT(EXEC_DRIVER_CLOSE, EXEC_DRIVER_TELL_STOPPED);
	assert_false(exec_driver_has_failed(d));
	end();

	/* Told once, by whichever comes first. */
	up(false);
	record(1, &e);
	ended(1, 200);
	EXPECT(EXEC_DRIVER_CLOSE, EXEC_DRIVER_TELL_DOWN);
	end();
}

static void test_refusals(void **state)
{
	static const uint8_t uuid[16] = { 1 };
	Mesos__V1__Executor__Event e = event_of(EVENT(ERROR));

	(void)state;
	begin(true);
	ended(1, 400);
	EXPECT(EXEC_DRIVER_TELL_ERROR, EXEC_DRIVER_CLOSE,
		EXEC_DRIVER_TELL_STOPPED);
	assert_true(exec_driver_has_failed(d));
	end();

	up(true);
	record(1, &e);
	EXPECT(EXEC_DRIVER_TELL, EXEC_DRIVER_TELL_ERROR, EXEC_DRIVER_CLOSE,
		EXEC_DRIVER_TELL_STOPPED);
	end();

	/* A refused update is forgotten; a lost one is not. */
	up(true);
	assert_int_equal(update(1), 0);
	assert_int_equal(update(2), 0);
	answer(1, CALL(UPDATE), 400, uuid);
	EXPECT(EXEC_DRIVER_TELL_REFUSED);
	answer(1, CALL(UPDATE), 0, NULL);
	EXPECT(EXEC_DRIVER_CLOSE, EXEC_DRIVER_TELL_DOWN);
	tick(2000);
	expect_subscribe(0, 0, 1);
	end();
}

static void test_heartbeats(void **state)
{
	Mesos__V1__Executor__Event e = event_of(EVENT(HEARTBEAT));
	Mesos__V1__Executor__Call *c;
	const uint64_t half_hour = 30 * 60 * 1000;

	(void)state;
	up(true);
	assert_int_equal(exec_driver_next_due(d), now + half_hour);
	tick(half_hour);
	EXPECT(EXEC_DRIVER_SEND);
	c = sent(0);
	assert_int_equal(c->type, CALL(HEARTBEAT));
	forget(c);
	record(1, &e);
	tick(half_hour);
	tick(half_hour);
	EXPECT(EXEC_DRIVER_SEND);
	/* An hour and a half of silence. */
	tick(half_hour);
	assert_int_equal(effect(1)->status, EXEC_DRIVER_CLOSE);
	assert_int_equal(effect(2)->status, EXEC_DRIVER_TELL_DOWN);
	end();
}

static void test_calls(void **state)
{
	Mesos__V1__Executor__Call c = MESOS__V1__EXECUTOR__CALL__INIT;
	struct err e;

	(void)state;
	c.has_type = true;
	c.type = CALL(MESSAGE);
	begin(true);
	assert_int_equal(exec_driver_call(d, &c, &out, &e), -1);
	assert_int_equal(e.code, ERR_CONFLICT);
	tick(5000);
	EXPECT(EXEC_DRIVER_CLOSE, EXEC_DRIVER_TELL_DOWN);
	end();
	up(true);
	outbox_reset(&out);
	assert_int_equal(exec_driver_call(d, &c, &out, &e), 0);
	EXPECT(EXEC_DRIVER_SEND);
	end();
}

static void test_bad_stream(void **state)
{
	(void)state;
	up(true);
	step((struct exec_driver_event){ .type = EXEC_DRIVER_DATA,
		.attempt = 1,
		.data = (const uint8_t *)"zz\n",
		.size = 3 });
	EXPECT(EXEC_DRIVER_CLOSE, EXEC_DRIVER_TELL_DOWN);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_agent_restarts),
		cmocka_unit_test(test_agent_stays_away),
		cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_heartbeats),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_bad_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
