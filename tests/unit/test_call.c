/* test_call.c - calls as they are sent, and the public helpers for messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "butte/scheduler.h"
#include "common/arena.h"
#include "common/check.h"
#include "sched/call.h"

#define TYPE(name) MESOS__V1__SCHEDULER__CALL__TYPE__##name

static struct arena a;

static int setup(void **state)
{
	(void)state;
	arena_init(&a);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&a);
	return 0;
}

/* What was made can be encoded and read back. */
static Mesos__V1__Scheduler__Call *again(const Mesos__V1__Scheduler__Call *c)
{
	size_t size = protobuf_c_message_get_packed_size(&c->base);
	uint8_t *data = arena_alloc(&a, size + 1);

	assert_int_equal(protobuf_c_message_pack(&c->base, data), size);
	return mesos__v1__scheduler__call__unpack(NULL, size, data);
}

static void forget(Mesos__V1__Scheduler__Call *c)
{
	mesos__v1__scheduler__call__free_unpacked(c, NULL);
}

static void test_offers(void **state)
{
	char id[] = "o-1";
	Mesos__V1__OfferID oid = MESOS__V1__OFFER_ID__INIT, *offers = &oid;
	Mesos__V1__Offer offer = MESOS__V1__OFFER__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;
	Mesos__V1__TaskInfo *t;
	Mesos__V1__Scheduler__Call *c;

	(void)state;
	oid.value = aid.value = id;
	offer.agent_id = &aid;
	t = butte_task_new(&offer, "t-1", "name", "true");
	butte_task_resource(t, "cpus", 0.5);
	butte_task_resource(t, "mem", 64);
	butte_task_env(t, "A", "1");
	butte_task_env(t, "B", "");
	c = again(call_launch(&a, &oid, &t, 1));
	assert_int_equal(c->type, TYPE(ACCEPT));
	assert_int_equal(c->accept->n_offer_ids, 1);
	assert_int_equal(c->accept->operations[0]->type,
		MESOS__V1__OFFER__OPERATION__TYPE__LAUNCH);
	butte_task_free(t);
	t = c->accept->operations[0]->launch->task_infos[0];
	assert_string_equal(t->task_id->value, "t-1");
	assert_string_equal(t->agent_id->value, "o-1");
	assert_string_equal(t->command->value, "true");
	assert_int_equal(t->n_resources, 2);
	assert_int_equal(t->command->environment->n_variables, 2);
	forget(c);
	butte_task_free(NULL);

	c = again(call_decline(&a, &offers, 1, 1.5));
	assert_int_equal(c->type, TYPE(DECLINE));
	assert_true(c->decline->filters->refuse_seconds > 1.4);
	forget(c);
	c = again(call_decline(&a, &offers, 1, -1));
	assert_null(c->decline->filters);
	forget(c);
}

static void test_others(void **state)
{
	const char *const roles[] = { "r1", "r2" };
	const char *const ids[] = { "t1", "t2", "t3" };
	Mesos__V1__Scheduler__Call *c;

	(void)state;
	c = again(call_revive(&a, roles, 2));
	assert_int_equal(c->revive->n_roles, 2);
	forget(c);
	c = again(call_suppress(&a, NULL, 0));
	assert_int_equal(c->suppress->n_roles, 0);
	forget(c);
	c = again(call_kill(&a, "t1", NULL, -1));
	assert_null(c->kill->agent_id);
	assert_null(c->kill->kill_policy);
	forget(c);
	c = again(call_kill(&a, "t1", "a1", 1500));
	assert_string_equal(c->kill->agent_id->value, "a1");
	assert_int_equal(
		c->kill->kill_policy->grace_period->nanoseconds, 1500000000);
	forget(c);
	c = again(call_shutdown(&a, "e1", "a1"));
	assert_string_equal(c->shutdown->executor_id->value, "e1");
	forget(c);
	c = again(call_reconcile(&a, ids, 3));
	assert_string_equal(c->reconcile->tasks[2]->task_id->value, "t3");
	forget(c);
	c = again(call_reconcile(&a, NULL, 0));
	assert_int_equal(c->reconcile->n_tasks, 0);
	forget(c);
	c = again(call_message(&a, "a1", "e1", "x\0y", 3));
	assert_int_equal(c->message->data.len, 3);
	forget(c);
	c = again(call_request(&a, NULL, 0));
	assert_int_equal(c->type, TYPE(REQUEST));
	forget(c);
}

static void test_acknowledge(void **state)
{
	char text[] = "x";
	uint8_t uuid[16] = { 1 };
	Mesos__V1__TaskStatus s = MESOS__V1__TASK_STATUS__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;
	Mesos__V1__Scheduler__Call *c;

	(void)state;
	tid.value = aid.value = text;
	s.task_id = &tid;
	s.agent_id = &aid;
	assert_null(call_acknowledge(&a, &s));
	s.has_uuid = true;
	assert_null(call_acknowledge(&a, &s));
	s.uuid = (ProtobufCBinaryData){ 16, uuid };
	c = again(call_acknowledge(&a, &s));
	assert_int_equal(c->acknowledge->uuid.len, 16);
	forget(c);
	s.agent_id = NULL;
	assert_null(call_acknowledge(&a, &s));
}

static void test_states(void **state)
{
	static const struct {
		int state;
		bool terminal;
		const char *name;
	} rows[] = {
		{ MESOS__V1__TASK_STATE__TASK_STAGING, false, "TASK_STAGING" },
		{ MESOS__V1__TASK_STATE__TASK_RUNNING, false, "TASK_RUNNING" },
		{ MESOS__V1__TASK_STATE__TASK_UNREACHABLE, false,
			"TASK_UNREACHABLE" },
		{ MESOS__V1__TASK_STATE__TASK_UNKNOWN, false, "TASK_UNKNOWN" },
		{ MESOS__V1__TASK_STATE__TASK_LOST, true, "TASK_LOST" },
		{ MESOS__V1__TASK_STATE__TASK_GONE_BY_OPERATOR, true,
			"TASK_GONE_BY_OPERATOR" },
		{ 99, false, "TASK_UNKNOWN" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		Mesos__V1__TaskState s = (Mesos__V1__TaskState)rows[i].state;

		assert_int_equal(butte_state_is_terminal(s), rows[i].terminal);
		assert_string_equal(butte_state_name(s), rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_acknowledge),
		cmocka_unit_test(test_states),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
