/* test_execapi.c - the executor API: who may say what, and what is answered. */
#include "agent_rig.h"

#include <math.h>

#include "common/limits.h"

#define CALL(name) MESOS__V1__EXECUTOR__CALL__TYPE__##name

typedef Mesos__V1__Executor__Call call_msg;

static const char *reply_text(const struct rig *r)
{
	size_t i;

	for (i = 0; i < r->n_said; i++)
		if (r->said[i].type == EFFECT_REPLY)
			return r->said[i].text;
	return "";
}

/* A call of an executor of framework f to an agent with a registering executor
 * "t", whose process is known. */
static void test_statuses(void **state)
{
	static const struct {
		int type;
		const char *framework, *executor;
		int status;
		const char *text;
	} table[] = {
		{ CALL(HEARTBEAT), "nobody", "nobody", 202, "" },
		{ CALL(SUBSCRIBE), "g", "t", 400, "Framework cannot be found" },
		{ CALL(UPDATE), "f", "t", 400, "Expecting 'update'" },
		{ CALL(MESSAGE), "f", "t", 400, "Expecting 'message'" },
		{ CALL(UNKNOWN), "g", "t", 400, "Framework cannot be found" },
		{ CALL(UNKNOWN), "f", "u", 400, "Executor cannot be found" },
		{ CALL(UNKNOWN), "f", "t", 403, "Executor is not subscribed" },
	};
	struct rig r;
	size_t i;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	rig_run_command(&r, "t");
	for (i = 0; i < ARRAY_LEN(table); i++) {
		call_msg c = MESOS__V1__EXECUTOR__CALL__INIT;
		Mesos__V1__FrameworkID f = MESOS__V1__FRAMEWORK_ID__INIT;
		Mesos__V1__ExecutorID e = MESOS__V1__EXECUTOR_ID__INIT;
		struct agent_event ev = {
			.type = AGENT_EXECUTOR, .from = 9, .executor_call = &c
		};
		char framework[16], executor[16];

		(void)snprintf(framework, 16, "%s", table[i].framework);
		(void)snprintf(executor, 16, "%s", table[i].executor);
		f.value = framework;
		e.value = executor;
		c.framework_id = &f;
		c.executor_id = &e;
		c.has_type = 1;
		c.type = (Mesos__V1__Executor__Call__Type)table[i].type;
		rig_step(&r, &ev);
		assert_int_equal(rig_replied(&r), table[i].status);
		assert_string_equal(reply_text(&r), table[i].text);
	}
	(void)rig_subscribe(&r, "t");
	{
		/* Without the sub-message it is a SUBSCRIBE as well. */
		call_msg c = MESOS__V1__EXECUTOR__CALL__INIT;

		c.has_type = 1;
		c.type = CALL(SUBSCRIBE);
		(void)rig_call(&r, "t", &c);
		assert_int_equal(rig_replied(&r), 0);
	}
	{
		call_msg c = MESOS__V1__EXECUTOR__CALL__INIT;

		c.type = CALL(UNKNOWN);
		(void)rig_call(&r, "t", &c);
		assert_int_equal(rig_replied(&r), 501);
	}
	rig_fini(&r);
}

struct status {
	Mesos__V1__TaskStatus m;
	Mesos__V1__TaskID task;
	Mesos__V1__ExecutorID executor;
	uint8_t uuid[16];
	char id[16], other[16];
};

static void status_init(struct status *s)
{
	mesos__v1__task_status__init(&s->m);
	mesos__v1__task_id__init(&s->task);
	mesos__v1__executor_id__init(&s->executor);
	(void)snprintf(s->id, sizeof(s->id), "t");
	(void)snprintf(s->other, sizeof(s->other), "other");
	memset(s->uuid, 1, sizeof(s->uuid));
	s->task.value = s->id;
	s->executor.value = s->other;
	s->m.task_id = &s->task;
	s->m.state = STATE(RUNNING);
	s->m.has_uuid = s->m.has_source = 1;
	s->m.uuid.data = s->uuid;
	s->m.uuid.len = 16;
	s->m.source = MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR;
}

static void send_status(struct rig *r, const char *executor, struct status *s)
{
	call_msg c = MESOS__V1__EXECUTOR__CALL__INIT;
	Mesos__V1__Executor__Call__Update u =
		MESOS__V1__EXECUTOR__CALL__UPDATE__INIT;

	u.status = &s->m;
	c.type = CALL(UPDATE);
	c.update = &u;
	(void)rig_call(r, executor, &c);
}

/* On the unix socket only a process of the executor's container is heard. */
static void test_impostors(void **state)
{
	struct rig r;
	char *t, *u;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	t = rig_running(&r, "t");
	u = rig_running(&r, "u");
	r.peer_container = u;
	(void)rig_subscribe(&r, "t");
	assert_int_equal(rig_replied(&r), 403);
	rig_update(&r, "t", "t", STATE(FINISHED), 3);
	assert_int_equal(rig_replied(&r), 403);
	r.peer_container = "";
	(void)rig_subscribe(&r, "t");
	assert_int_equal(rig_replied(&r), 403);
	r.peer_container = t;
	rig_update(&r, "t", "t", STATE(FINISHED), 3);
	assert_int_equal(rig_replied(&r), 202);
	free(t);
	free(u);
	rig_fini(&r);
}

static void test_task_of_another(void **state)
{
	struct rig r;
	struct status s;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	free(rig_running(&r, "t"));
	free(rig_running(&r, "u"));
	status_init(&s);
	s.m.state = STATE(FINISHED);
	send_status(&r, "u", &s);
	assert_int_equal(rig_replied(&r), 400);
	assert_string_equal(reply_text(&r), "The task is another executor's");
	assert_null(rig_find_sent(&r, SENT(STATUS_UPDATE)));
	rig_fini(&r);
}

/* It would not be JSON in reports. */
static void test_no_time(void **state)
{
	static const double bad[] = { NAN, INFINITY, -1, 1e300 };
	struct rig r;
	struct status s;
	size_t i;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		status_init(&s);
		(void)snprintf(s.id, sizeof(s.id), "t%zu", i);
		free(rig_running(&r, s.id));
		memset(s.uuid, 9, sizeof(s.uuid));
		s.m.has_timestamp = 1;
		s.m.timestamp = bad[i];
		send_status(&r, s.id, &s);
		assert_non_null(rig_status(&r));
		assert_true(rig_status(&r)->timestamp < 9.2e9);
		assert_true(rig_status(&r)->timestamp >= 0);
	}
	rig_fini(&r);
}

static void test_bad_updates(void **state)
{
	struct rig r;
	struct status s;
	char *container;
	int i;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	for (i = 0; i < 8; i++) {
		status_init(&s);
		if (i == 0)
			s.m.has_uuid = 0;
		else if (i == 1)
			s.m.uuid.len = 15;
		else if (i == 2)
			s.m.has_source = 0;
		else if (i == 3)
			s.m.source =
				MESOS__V1__TASK_STATUS__SOURCE__SOURCE_AGENT;
		else if (i == 4)
			s.m.state = STATE(STAGING);
		else if (i == 5)
			s.m.state = STATE(UNREACHABLE);
		else if (i == 6)
			s.m.executor_id = &s.executor;
		else
			s.m.state = (Mesos__V1__TaskState)99;
		send_status(&r, "t", &s);
		assert_int_equal(rig_replied(&r), 400);
		assert_true(reply_text(&r)[0] != '\0');
		assert_int_equal(r.n_said, 1);
	}
	free(container);
	rig_fini(&r);
}

/* What the agent adds to a status, and what it leaves alone. */
static void test_status_completed(void **state)
{
	const Mesos__V1__TaskStatus *got;
	struct rig r;
	struct status s;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	status_init(&s);
	memset(s.uuid, 9, 16);
	s.m.message = s.other;
	send_status(&r, "t", &s);
	assert_int_equal(rig_replied(&r), 202);
	got = rig_status(&r);
	assert_string_equal(got->message, "other");
	assert_string_equal(got->agent_id->value, RIG_AGENT);
	assert_string_equal(got->executor_id->value, "t");
	assert_true(got->has_timestamp && got->timestamp > 0);
	assert_string_equal(
		got->container_status->container_id->value, container);
	assert_string_equal(got->container_status->network_infos[0]
				    ->ip_addresses[0]
				    ->ip_address,
		"10.0.0.1");
	assert_int_equal(got->container_status->executor_pid, 4711);
	free(container);
	rig_fini(&r);
}

/* Nobody's task. */
static void test_unknown_task(void **state)
{
	struct rig r;
	struct status s;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	status_init(&s);
	(void)snprintf(s.id, sizeof(s.id), "z");
	send_status(&r, "t", &s);
	assert_int_equal(rig_replied(&r), 202);
	/* Told once to whom it may concern, and forgotten. */
	assert_non_null(rig_status(&r));
	assert_non_null(rig_find_event(&r, EVENT(ACKNOWLEDGED)));
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_TASK), 1);
	rig_tick(&r, 20000);
	assert_null(rig_status(&r));
	free(container);
	rig_fini(&r);
}

static void test_second_subscription(void **state)
{
	struct rig r;
	uint64_t first, second;
	bool closed = false;
	char *container;
	size_t i;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	first = r.next_request; /* the last request was not it: */
	first = rig_subscribe(&r, "t");
	second = rig_subscribe(&r, "t");
	for (i = 0; i < r.n_said; i++)
		closed |= r.said[i].type == EFFECT_STREAM_CLOSE &&
			r.said[i].to == first;
	assert_true(closed);
	/* The old connection's end is nothing to the new one. */
	rig_step(&r,
		&(struct agent_event){
			.type = AGENT_STREAM_DOWN, .from = first });
	rig_kill(&r, "f", "t", -1);
	assert_non_null(rig_find_event(&r, EVENT(KILL)));
	assert_int_equal(r.said[0].to, second);
	free(container);
	rig_fini(&r);
}

/* Ours that lost its connection has a minute to come back. */
static void test_disconnected(void **state)
{
	struct rig r;
	char *container;
	uint64_t stream;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	stream = rig_subscribe(&r, "t");
	rig_step(&r,
		&(struct agent_event){
			.type = AGENT_STREAM_DOWN, .from = stream });
	rig_update(&r, "t", "t", STATE(FINISHED), 3);
	assert_int_equal(rig_replied(&r), 403);
	/* A kill waits for it. */
	rig_kill(&r, "f", "t", 1000000000);
	assert_int_equal(r.n_said, 0);
	rig_tick(&r, 30000);
	(void)rig_subscribe(&r, "t");
	/* It did not list its task, so it never got it; but it is RUNNING. */
	assert_null(rig_find_event(&r, EVENT(LAUNCH)));
	assert_non_null(rig_find_event(&r, EVENT(KILL)));
	free(container);
	rig_fini(&r);

	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	stream = rig_subscribe(&r, "t");
	rig_step(&r,
		&(struct agent_event){
			.type = AGENT_STREAM_DOWN, .from = stream });
	rig_tick(&r, 60000);
	assert_non_null(rig_find_room(&r, AGENT_DESTROY));
	free(container);
	rig_fini(&r);
}

static void test_messages(void **state)
{
	call_msg c = MESOS__V1__EXECUTOR__CALL__INIT;
	Mesos__V1__Executor__Call__Message m =
		MESOS__V1__EXECUTOR__CALL__MESSAGE__INIT;
	Butte__Link__FrameworkMessage down =
		BUTTE__LINK__FRAMEWORK_MESSAGE__INIT;
	Mesos__V1__FrameworkID f = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__ExecutorID e = MESOS__V1__EXECUTOR_ID__INIT;
	const Butte__Link__ToMaster *up;
	char framework[] = "f", executor[] = "t";
	uint8_t data[] = { 0, 1, 2 };
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	m.data.data = data;
	m.data.len = sizeof(data);
	c.type = CALL(MESSAGE);
	c.message = &m;
	(void)rig_call(&r, "t", &c);
	assert_int_equal(rig_replied(&r), 202);
	up = rig_find_sent(&r, SENT(FRAMEWORK_MESSAGE));
	assert_int_equal(up->framework_message->data.len, 3);
	f.value = framework;
	e.value = executor;
	down.framework_id = &f;
	down.executor_id = &e;
	down.data = m.data;
	rig_msg(&r, BUTTE__LINK__TO_AGENT__MSG_FRAMEWORK_MESSAGE, &down);
	assert_int_equal(
		rig_find_event(&r, EVENT(MESSAGE))->message->data.len, 3);
	rig_tick(&r, 30 * 60 * 1000);
	assert_non_null(rig_find_event(&r, EVENT(HEARTBEAT)));
	free(container);
	rig_fini(&r);
}

/* A scheduler that never acknowledges does not fill the memory. */
static void test_full(void **state)
{
	struct rig r;
	struct status s;
	char *container;
	uint32_t i;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	/* The rig's disk is a list: it is spared here. */
	for (i = 0; i <= AGENT_UPDATES_MAX; i++) {
		call_msg c = MESOS__V1__EXECUTOR__CALL__INIT;
		Mesos__V1__Executor__Call__Update u =
			MESOS__V1__EXECUTOR__CALL__UPDATE__INIT;
		Mesos__V1__FrameworkID f = MESOS__V1__FRAMEWORK_ID__INIT;
		Mesos__V1__ExecutorID e = MESOS__V1__EXECUTOR_ID__INIT;
		struct agent_event ev = { .type = AGENT_EXECUTOR,
			.now_ms = r.now_ms,
			.from = 5,
			.executor_call = &c };
		char framework[] = "f", executor[] = "t";
		const struct effect *x;

		status_init(&s);
		memcpy(s.uuid + 8, &i, sizeof(i));
		s.uuid[0] = 0xaa;
		f.value = framework;
		e.value = executor;
		c.framework_id = &f;
		c.executor_id = &e;
		c.has_type = 1;
		c.type = CALL(UPDATE);
		c.update = &u;
		u.status = &s.m;
		agent_step(r.a, &ev, &r.out);
		x = TAILQ_FIRST(&r.out.effects);
		assert_int_equal(x->type, EFFECT_REPLY);
		assert_int_equal(x->status, i < AGENT_UPDATES_MAX ? 202 : 503);
		outbox_reset(&r.out);
	}
	agent_check(r.a);
	free(container);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_bad_updates),
		cmocka_unit_test(test_impostors),
		cmocka_unit_test(test_task_of_another),
		cmocka_unit_test(test_no_time),
		cmocka_unit_test(test_status_completed),
		cmocka_unit_test(test_unknown_task),
		cmocka_unit_test(test_second_subscription),
		cmocka_unit_test(test_disconnected),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
