/* test_master.c - the way of a task, and the answers to calls; master.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master_world.h"

#define PLENTY "cpus:4;mem:4096;disk:1000;ports:[31000-31999]"

struct fixture {
	struct world w;
	struct world_framework fw;
	struct world_agent a;
};

static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	world_init(&f->w);
	world_start(&f->w);
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
	assert_true(world_register(&f->w, &f->a, PLENTY));
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	world_fini(&f->w);
	free(f);
	return 0;
}

static void one_task_lives_and_ends(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Offer *o = world_offer(&f->w, &f->fw);
	const w_to_agent *run;
	uint64_t r;

	assert_non_null(o);
	assert_string_equal(o->agent_id->value, f->a.id);
	r = world_launch(&f->w, &f->fw, o->id->value,
		world_task(&f->w, "t1", f->a.id, "cpus:1;mem:128"));
	assert_int_equal(world_status(&f->w, r), 202);
	run = world_msg(&f->w, f->a.link, W_TO_AGENT(RUN_TASK), 0);
	assert_non_null(run);
	assert_string_equal(run->run_task->task->task_id->value, "t1");
	assert_string_equal(run->run_task->framework->id->value, f->fw.id);
	world_clear(&f->w);
	world_update(&f->w, &f->a, &f->fw, "t1", W_STATE(RUNNING), 1);
	assert_int_equal(world_status_told(&f->w, f->fw.stream, 0)->state,
		W_STATE(RUNNING));
	r = world_ack(&f->w, &f->fw, &f->a, "t1", 1);
	assert_int_equal(world_status(&f->w, r), 202);
	assert_non_null(
		world_msg(&f->w, f->a.link, W_TO_AGENT(STATUS_UPDATE_ACK), 0));
	world_update(&f->w, &f->a, &f->fw, "t1", W_STATE(FINISHED), 2);
	(void)world_ack(&f->w, &f->fw, &f->a, "t1", 2);
	world_clear(&f->w);
	(void)world_reconcile(&f->w, &f->fw, NULL, NULL);
	assert_null(world_status_told(&f->w, f->fw.stream, 0));
}

/* --- scheduler API, order of checks: the rows that the room answers ----------- */

static void row_8_what_is_malformed_is_400(void **state)
{
	struct fixture *f = *state;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	uint64_t r;

	call.type = W_CALL(KILL); /* without its body */
	r = world_call(&f->w, &f->fw, &call);
	assert_int_equal(world_status(&f->w, r), 400);
	assert_non_null(strstr(world_text(&f->w, r), "kill"));
}

static void row_8_comes_before_row_9(void **state)
{
	struct fixture *f = *state;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	struct master_event ev = { .type = MASTER_CALL,
		.from = ++f->w.last,
		.call = &call,
		.unacceptable = "text/html" };

	call.has_type = 1;
	call.type = W_CALL(SUBSCRIBE);
	world_step(&f->w, &ev);
	assert_int_equal(world_status(&f->w, ev.from), 400);
}

/* A SUBSCRIBE with these; returns its status (0: a stream was opened). */
static int subscribe_status(
	struct fixture *f, const char *unacceptable, const char *stream_id)
{
	Mesos__V1__Scheduler__Call__Subscribe sub =
		MESOS__V1__SCHEDULER__CALL__SUBSCRIBE__INIT;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	struct master_event ev = { .type = MASTER_CALL,
		.from = ++f->w.last,
		.call = &call,
		.unacceptable = unacceptable,
		.stream_id = stream_id,
		.new_stream_id = "new" };

	sub.framework_info = world_info(&f->w, 0);
	call.has_type = 1;
	call.type = W_CALL(SUBSCRIBE);
	call.subscribe = &sub;
	world_step(&f->w, &ev);
	return world_status(&f->w, ev.from);
}

static void row_9_an_accept_that_admits_nothing_is_406(void **state)
{
	assert_int_equal(subscribe_status(*state, "text/html", NULL), 406);
}

static void row_10_subscribe_with_a_stream_id_is_400(void **state)
{
	assert_int_equal(subscribe_status(*state, NULL, "abc"), 400);
	assert_int_equal(subscribe_status(*state, NULL, NULL), 0);
}

static void row_11_subscribe_opens_a_stream_even_if_refused(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__FrameworkInfo *info = world_info(&f->w, 0);
	struct world_framework fw = { 0 };

	info->role = arena_strdup(&f->w.arena, "a/../b");
	assert_false(world_subscribe(&f->w, &fw, info));
	assert_non_null(world_find(&f->w, EFFECT_STREAM_OPEN, fw.stream));
	assert_non_null(world_event(&f->w, fw.stream, W_EVENT(ERROR), 0));
	assert_non_null(world_find(&f->w, EFFECT_STREAM_CLOSE, fw.stream));
}

static void row_12_an_unknown_framework_is_400(void **state)
{
	struct fixture *f = *state;
	struct world_framework fw = { .id = "nobody", .stream_id = "x" };
	uint64_t r = world_simple(&f->w, &fw, W_CALL(REVIVE));

	assert_int_equal(world_status(&f->w, r), 400);
	assert_non_null(strstr(world_text(&f->w, r), "subscribe first"));
}

static void row_12_a_completed_framework_is_400(void **state)
{
	struct fixture *f = *state;
	uint64_t r;

	r = world_simple(&f->w, &f->fw, W_CALL(TEARDOWN));
	assert_int_equal(world_status(&f->w, r), 202);
	r = world_simple(&f->w, &f->fw, W_CALL(REVIVE));
	assert_int_equal(world_status(&f->w, r), 400);
	assert_non_null(strstr(world_text(&f->w, r), "removed"));
}

static void row_13_another_principal_is_400(void **state)
{
	struct fixture *f = *state;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;
	struct master_event ev = { .type = MASTER_CALL,
		.from = ++f->w.last,
		.call = &call,
		.principal = "mallory",
		.stream_id = f->fw.stream_id };

	id.value = f->fw.id;
	call.has_type = 1;
	call.type = W_CALL(REVIVE);
	call.framework_id = &id;
	world_step(&f->w, &ev);
	assert_int_equal(world_status(&f->w, ev.from), 400);
	assert_non_null(strstr(world_text(&f->w, ev.from), "mallory"));
}

static void row_14_a_disconnected_framework_is_403(void **state)
{
	struct fixture *f = *state;
	uint64_t r;

	world_stream_down(&f->w, f->fw.stream);
	r = world_simple(&f->w, &f->fw, W_CALL(REVIVE));
	assert_int_equal(world_status(&f->w, r), 403);
}

static void row_15_the_stream_id_must_be_the_current_one(void **state)
{
	struct fixture *f = *state;
	struct world_framework fw = f->fw;
	uint64_t r;

	fw.stream_id[0] = '\0';
	r = world_simple(&f->w, &fw, W_CALL(REVIVE));
	assert_int_equal(world_status(&f->w, r), 400);
	assert_non_null(strstr(world_text(&f->w, r), "missing"));
	(void)snprintf(fw.stream_id, sizeof(fw.stream_id), "other");
	r = world_simple(&f->w, &fw, W_CALL(REVIVE));
	assert_int_equal(world_status(&f->w, r), 400);
}

static void row_16_an_unknown_call_is_501(void **state)
{
	struct fixture *f = *state;
	uint64_t r = world_simple(&f->w, &f->fw, W_CALL(UNKNOWN));

	assert_int_equal(world_status(&f->w, r), 501);
	assert_non_null(strstr(world_text(&f->w, r), "UNKNOWN"));
}

static void row_17_calls_of_later_issues_are_501_by_name(void **state)
{
	struct fixture *f = *state;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__UpdateFramework body =
		MESOS__V1__SCHEDULER__CALL__UPDATE_FRAMEWORK__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;
	uint64_t r;

	id.value = f->fw.id;
	body.framework_info = world_info(&f->w, 0);
	body.framework_info->id = &id;
	call.type = W_CALL(UPDATE_FRAMEWORK);
	call.update_framework = &body;
	r = world_call(&f->w, &f->fw, &call);
	assert_int_equal(world_status(&f->w, r), 501);
	assert_string_equal(world_text(&f->w, r),
		"UPDATE_FRAMEWORK is not supported yet by this Butte\n");
}

static void row_18_everything_else_is_202(void **state)
{
	struct fixture *f = *state;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Request request =
		MESOS__V1__SCHEDULER__CALL__REQUEST__INIT;
	uint64_t r;

	call.type = W_CALL(REQUEST);
	call.request = &request;
	r = world_call(&f->w, &f->fw, &call);
	assert_int_equal(world_status(&f->w, r), 202);
	assert_string_equal(world_text(&f->w, r), "");
	/* Even if it is then dropped: no such task or agent. */
	r = world_ack(&f->w, &f->fw, &(struct world_agent){ .id = "nowhere" },
		"t", 1);
	assert_int_equal(world_status(&f->w, r), 202);
	r = world_simple(&f->w, &f->fw, W_CALL(SUPPRESS));
	assert_int_equal(world_status(&f->w, r), 202);
}

static void an_unsupported_operation_is_501_and_nothing_is_done(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Offer *o = world_offer(&f->w, &f->fw);
	const char *offer_id = o->id->value;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Accept accept =
		MESOS__V1__SCHEDULER__CALL__ACCEPT__INIT;
	Mesos__V1__Offer__Operation op = MESOS__V1__OFFER__OPERATION__INIT;
	Mesos__V1__Offer__Operation *ops[] = { &op };
	uint64_t r;

	op.has_type = 1;
	op.type = MESOS__V1__OFFER__OPERATION__TYPE__RESERVE;
	accept.offer_ids = world_offer_ids(&f->w, &offer_id, 1);
	accept.n_offer_ids = 1;
	accept.operations = ops;
	accept.n_operations = 1;
	call.type = W_CALL(ACCEPT);
	call.accept = &accept;
	r = world_call(&f->w, &f->fw, &call);
	assert_int_equal(world_status(&f->w, r), 501);
	assert_non_null(strstr(world_text(&f->w, r), "RESERVE"));
	/* The offer is still good. */
	(void)world_launch(&f->w, &f->fw, offer_id,
		world_task(&f->w, "t1", f->a.id, "cpus:1;mem:32"));
	assert_non_null(world_msg(&f->w, f->a.link, W_TO_AGENT(RUN_TASK), 0));
}

static void messages_reach_the_executor(void **state)
{
	struct fixture *f = *state;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Message msg =
		MESOS__V1__SCHEDULER__CALL__MESSAGE__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;
	Mesos__V1__ExecutorID eid = MESOS__V1__EXECUTOR_ID__INIT;
	char text[] = "hello", executor[] = "x1";
	const w_to_agent *to;

	aid.value = f->a.id;
	eid.value = executor;
	msg.agent_id = &aid;
	msg.executor_id = &eid;
	msg.data.data = (uint8_t *)text;
	msg.data.len = 5;
	call.type = W_CALL(MESSAGE);
	call.message = &msg;
	(void)world_call(&f->w, &f->fw, &call);
	to = world_msg(&f->w, f->a.link, W_TO_AGENT(FRAMEWORK_MESSAGE), 0);
	assert_non_null(to);
	assert_memory_equal(to->framework_message->data.data, "hello", 5);
}

/* --- time --------------------------------------------------------------------------- */

static void heartbeats_come_at_once_and_every_15_s(void **state)
{
	struct fixture *f = *state;
	struct world_framework fw = { 0 };
	size_t k, subscribed = 0, first = 0;

	world_clear(&f->w);
	assert_true(world_subscribe(&f->w, &fw, world_info(&f->w, 0)));
	for (k = 0; k < f->w.n; k++) {
		const w_event *ev = f->w.effects[k].event;

		if (ev != NULL && (int)ev->type == W_EVENT(SUBSCRIBED))
			subscribed = k;
		if (ev != NULL && (int)ev->type == W_EVENT(HEARTBEAT))
			first = k;
	}
	assert_true(first == subscribed + 1);
	world_clear(&f->w);
	world_pass(&f->w, 60000);
	assert_int_equal(world_events(&f->w, fw.stream, W_EVENT(HEARTBEAT)), 4);
}

static void thousands_of_deadlines_share_a_wake_up(void **state)
{
	struct fixture *f = *state;
	struct world_framework fw;
	unsigned i, ticks = 0;
	uint64_t end_ms;

	f->w.unchecked = true;
	for (i = 0; i < 500; i++) {
		memset(&fw, 0, sizeof(fw));
		assert_true(world_subscribe(&f->w, &fw, world_info(&f->w, 0)));
		world_clear(&f->w);
		world_pass(&f->w, 7);
	}
	end_ms = f->w.now_ms + 15000;
	while (master_next_due(f->w.m) < end_ms) {
		uint64_t due = master_next_due(f->w.m);

		if (due > f->w.now_ms)
			f->w.now_ms = due;
		world_tick(&f->w);
		world_clear(&f->w);
		ticks++;
	}
	/* 500 heartbeats in 3.5 s: 15 on the grid; 15 of the allocator. */
	assert_true(ticks <= 40);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(one_task_lives_and_ends),
		TEST(row_8_what_is_malformed_is_400),
		TEST(row_8_comes_before_row_9),
		TEST(row_9_an_accept_that_admits_nothing_is_406),
		TEST(row_10_subscribe_with_a_stream_id_is_400),
		TEST(row_11_subscribe_opens_a_stream_even_if_refused),
		TEST(row_12_an_unknown_framework_is_400),
		TEST(row_12_a_completed_framework_is_400),
		TEST(row_13_another_principal_is_400),
		TEST(row_14_a_disconnected_framework_is_403),
		TEST(row_15_the_stream_id_must_be_the_current_one),
		TEST(row_16_an_unknown_call_is_501),
		TEST(row_17_calls_of_later_issues_are_501_by_name),
		TEST(row_18_everything_else_is_202),
		TEST(an_unsupported_operation_is_501_and_nothing_is_done),
		TEST(messages_reach_the_executor),
		TEST(heartbeats_come_at_once_and_every_15_s),
		TEST(thousands_of_deadlines_share_a_wake_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
