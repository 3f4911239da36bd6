/* test_ledger.c - tasks hold resources, updates pass; master/ledger.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master_world.h"

struct fixture {
	struct world w;
	struct world_framework fw;
	struct world_agent a;
};

/* A framework with a task "t" on the only agent, which has room for one. */
static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const Mesos__V1__Offer *o;

	world_init(&f->w);
	world_start(&f->w);
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
	assert_true(world_register(&f->w, &f->a, "cpus:1;mem:64"));
	o = world_offer(&f->w, &f->fw);
	(void)world_launch(&f->w, &f->fw, o->id->value,
		world_task(&f->w, "t", f->a.id, "cpus:1;mem:64"));
	assert_non_null(world_msg(&f->w, f->a.link, W_TO_AGENT(RUN_TASK), 0));
	world_clear(&f->w);
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

static const Mesos__V1__TaskStatus *told(struct fixture *f, size_t i)
{
	return world_status_told(&f->w, f->fw.stream, i);
}

static int active_state(struct fixture *f)
{
	const Mesos__V1__TaskStatus *s;

	world_clear(&f->w);
	(void)world_reconcile(&f->w, &f->fw, NULL, NULL);
	s = told(f, 0);
	return s != NULL ? (int)s->state : -1;
}

static void a_task_begins_in_staging_without_an_update(void **state)
{
	struct fixture *f = *state;

	assert_null(told(f, 0));
	assert_int_equal(active_state(f), W_STATE(STAGING));
}

static void updates_are_passed_on_with_their_uuid(void **state)
{
	struct fixture *f = *state;

	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(RUNNING), 7);
	assert_int_equal(told(f, 0)->state, W_STATE(RUNNING));
	assert_true(told(f, 0)->has_uuid);
	/* Again: the same uuid once more. */
	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(RUNNING), 7);
	assert_non_null(told(f, 1));
}

static void a_terminal_state_frees_before_it_is_acknowledged(void **state)
{
	struct fixture *f = *state;

	assert_null(world_offer(&f->w, &f->fw));
	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(FINISHED), 1);
	assert_non_null(world_offer(&f->w, &f->fw));
	assert_int_equal(active_state(f), W_STATE(FINISHED));
	(void)world_ack(&f->w, &f->fw, &f->a, "t", 1);
	assert_int_equal(active_state(f), -1);
}

static void the_latest_state_counts_for_resources(void **state)
{
	struct fixture *f = *state;
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;
	Butte__Link__StatusUpdate up = BUTTE__LINK__STATUS_UPDATE__INIT;
	Mesos__V1__FrameworkID fid = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__TaskStatus s = MESOS__V1__TASK_STATUS__INIT;
	char t[] = "t";

	/* RUNNING waits for its acknowledgement; it has finished meanwhile. */
	fid.value = f->fw.id;
	tid.value = t;
	s.task_id = &tid;
	s.state = W_STATE(RUNNING);
	s.has_uuid = 1;
	s.uuid = world_uuid(&f->w, 1);
	up.framework_id = &fid;
	up.status = &s;
	up.latest_state = W_STATE(FINISHED);
	msg.status_update = &up;
	world_tell(
		&f->w, &f->a, BUTTE__LINK__TO_MASTER__MSG_STATUS_UPDATE, &msg);
	assert_int_equal(told(f, 0)->state, W_STATE(RUNNING));
	assert_non_null(world_offer(&f->w, &f->fw));
	/* Acknowledging RUNNING doesn't complete it. */
	(void)world_ack(&f->w, &f->fw, &f->a, "t", 1);
	assert_int_equal(active_state(f), W_STATE(FINISHED));
}

static void a_terminal_task_never_changes(void **state)
{
	struct fixture *f = *state;

	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(FAILED), 1);
	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(RUNNING), 2);
	assert_int_equal(active_state(f), W_STATE(FAILED));
}

static void nothing_is_kept_for_an_absent_framework(void **state)
{
	struct fixture *f = *state;

	world_stream_down(&f->w, f->fw.stream);
	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(FINISHED), 1);
	assert_null(told(f, 0));
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
	assert_null(told(f, 0));
	/* An acknowledgement of what was never sent is dropped. */
	(void)world_ack(&f->w, &f->fw, &f->a, "t", 1);
	assert_null(
		world_msg(&f->w, f->a.link, W_TO_AGENT(STATUS_UPDATE_ACK), 0));
	/* The agent says it again. */
	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(FINISHED), 1);
	assert_int_equal(told(f, 0)->state, W_STATE(FINISHED));
	(void)world_ack(&f->w, &f->fw, &f->a, "t", 1);
	assert_non_null(
		world_msg(&f->w, f->a.link, W_TO_AGENT(STATUS_UPDATE_ACK), 0));
}

static void updates_of_unknown_tasks_pass_too(void **state)
{
	struct fixture *f = *state;

	world_update(&f->w, &f->a, &f->fw, "u", W_STATE(FAILED), 1);
	assert_string_equal(told(f, 0)->task_id->value, "u");
	(void)world_ack(&f->w, &f->fw, &f->a, "u", 1);
	assert_non_null(
		world_msg(&f->w, f->a.link, W_TO_AGENT(STATUS_UPDATE_ACK), 0));
}

/* Neither about its task, nor in its name. */
static void an_agent_does_not_speak_for_another(void **state)
{
	struct fixture *f = *state;
	struct world_agent other = { .port = 5052 };
	struct world_agent liar;

	assert_true(world_register(&f->w, &other, "cpus:1;mem:64"));
	world_clear(&f->w);
	world_update(&f->w, &other, &f->fw, "t", W_STATE(FAILED), 1);
	assert_null(told(f, 0));
	/* It may have had the task once: it is not to repeat itself. */
	assert_non_null(
		world_msg(&f->w, other.link, W_TO_AGENT(STATUS_UPDATE_ACK), 0));
	liar = f->a;
	liar.link = other.link;
	world_clear(&f->w);
	world_update(&f->w, &liar, &f->fw, "t", W_STATE(FAILED), 2);
	world_update(&f->w, &liar, &f->fw, "u", W_STATE(FAILED), 3);
	assert_null(told(f, 0));
	assert_int_equal(active_state(f), W_STATE(STAGING));
}

static void updates_without_an_agent_are_dropped(void **state)
{
	struct fixture *f = *state;
	struct world_agent stranger = { .port = 5052 };

	world_link_up(&f->w, &stranger);
	world_update(&f->w, &stranger, &f->fw, "t", W_STATE(FAILED), 1);
	assert_null(told(f, 0));
	assert_int_equal(active_state(f), W_STATE(STAGING));
}

static void another_uuid_does_not_complete(void **state)
{
	struct fixture *f = *state;

	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(FINISHED), 1);
	(void)world_ack(&f->w, &f->fw, &f->a, "t", 2);
	assert_int_equal(active_state(f), W_STATE(FINISHED));
}

/* --- KILL ----------------------------------------------------------------------- */

static void kills_are_sent_and_sent_again(void **state)
{
	struct fixture *f = *state;

	(void)world_kill(&f->w, &f->fw, "t", f->a.id);
	(void)world_kill(&f->w, &f->fw, "t", NULL);
	assert_non_null(world_msg(&f->w, f->a.link, W_TO_AGENT(KILL_TASK), 1));
}

static void the_kill_policy_goes_along(void **state)
{
	struct fixture *f = *state;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Kill kill =
		MESOS__V1__SCHEDULER__CALL__KILL__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__KillPolicy policy = MESOS__V1__KILL_POLICY__INIT;
	Mesos__V1__DurationInfo d = MESOS__V1__DURATION_INFO__INIT;
	char t[] = "t";

	tid.value = t;
	d.nanoseconds = 1500000000;
	policy.grace_period = &d;
	kill.task_id = &tid;
	kill.kill_policy = &policy;
	call.type = W_CALL(KILL);
	call.kill = &kill;
	(void)world_call(&f->w, &f->fw, &call);
	assert_int_equal(
		world_msg(&f->w, f->a.link, W_TO_AGENT(KILL_TASK), 0)
			->kill_task->kill_policy->grace_period->nanoseconds,
		1500000000);
}

static void a_kill_of_the_wrong_agent_is_dropped(void **state)
{
	struct fixture *f = *state;

	(void)world_kill(&f->w, &f->fw, "t", "elsewhere");
	assert_null(world_msg(&f->w, f->a.link, W_TO_AGENT(KILL_TASK), 0));
	assert_null(told(f, 0));
}

static void a_kill_of_an_unknown_task_is_reconciled(void **state)
{
	struct fixture *f = *state;

	(void)world_kill(&f->w, &f->fw, "u", f->a.id);
	assert_int_equal(told(f, 0)->state, W_STATE(LOST));
	assert_int_equal(told(f, 0)->reason, W_REASON(RECONCILIATION));
}

static void a_kill_waits_for_the_agent(void **state)
{
	struct fixture *f = *state;
	Butte__Link__ReregisterAgent with;
	Butte__Link__RunTask run = BUTTE__LINK__RUN_TASK__INIT;

	world_link_down(&f->w, &f->a);
	(void)world_kill(&f->w, &f->fw, "t", NULL);
	world_clear(&f->w);
	run.task = world_task(&f->w, "t", f->a.id, "cpus:1;mem:64");
	world_bring(&f->w, &with, &f->fw, world_info(&f->w, 0), &run,
		W_STATE(RUNNING));
	assert_true(world_reregister(&f->w, &f->a, "cpus:1;mem:64", &with));
	assert_non_null(world_msg(&f->w, f->a.link, W_TO_AGENT(KILL_TASK), 0));
}

/* --- executors ------------------------------------------------------------------------ */

static void messages_and_exits_of_executors(void **state)
{
	struct fixture *f = *state;
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;
	Butte__Link__FrameworkMessage m = BUTTE__LINK__FRAMEWORK_MESSAGE__INIT;
	Butte__Link__ExitedExecutor ex = BUTTE__LINK__EXITED_EXECUTOR__INIT;
	Mesos__V1__FrameworkID fid = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__ExecutorID eid = MESOS__V1__EXECUTOR_ID__INIT;
	Mesos__V1__TaskInfo *t =
		world_task(&f->w, "t2", f->a.id, "cpus:0.5;mem:32");
	Mesos__V1__ExecutorInfo x = MESOS__V1__EXECUTOR_INFO__INIT;
	char id[] = "x", hi[] = "hi";
	const w_event *ev;

	fid.value = f->fw.id;
	eid.value = id;
	m.framework_id = &fid;
	m.executor_id = &eid;
	m.data.data = (uint8_t *)hi;
	m.data.len = 2;
	msg.framework_message = &m;
	world_tell(&f->w, &f->a, BUTTE__LINK__TO_MASTER__MSG_FRAMEWORK_MESSAGE,
		&msg);
	ev = world_event(&f->w, f->fw.stream, W_EVENT(MESSAGE), 0);
	assert_memory_equal(ev->message->data.data, "hi", 2);
	assert_string_equal(ev->message->agent_id->value, f->a.id);

	/* An executor that nobody knows ends silently. */
	ex.framework_id = &fid;
	ex.executor_id = &eid;
	ex.status = 256;
	msg.exited_executor = &ex;
	world_tell(&f->w, &f->a, BUTTE__LINK__TO_MASTER__MSG_EXITED_EXECUTOR,
		&msg);
	assert_null(world_event(&f->w, f->fw.stream, W_EVENT(FAILURE), 0));

	/* One that was launched doesn't, and gives its resources back. */
	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(FINISHED), 1);
	x.executor_id = &eid;
	x.command = t->command;
	x.resources = world_res(&f->w, "cpus:0.5;mem:32", &x.n_resources);
	t->command = NULL;
	t->executor = &x;
	(void)world_launch(
		&f->w, &f->fw, world_offer(&f->w, &f->fw)->id->value, t);
	assert_true(world_msg(&f->w, f->a.link, W_TO_AGENT(RUN_TASK), 0)
			    ->run_task->launch_executor);
	world_update(&f->w, &f->a, &f->fw, "t2", W_STATE(FINISHED), 2);
	world_tell(&f->w, &f->a, BUTTE__LINK__TO_MASTER__MSG_EXITED_EXECUTOR,
		&msg);
	ev = world_event(&f->w, f->fw.stream, W_EVENT(FAILURE), 0);
	assert_string_equal(ev->failure->executor_id->value, "x");
	assert_int_equal(ev->failure->status, 256);
}

static void shutdown_goes_to_the_agent(void **state)
{
	struct fixture *f = *state;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Shutdown s =
		MESOS__V1__SCHEDULER__CALL__SHUTDOWN__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;
	Mesos__V1__ExecutorID eid = MESOS__V1__EXECUTOR_ID__INIT;
	char id[] = "x", nowhere[] = "nowhere";

	eid.value = id;
	aid.value = nowhere;
	s.executor_id = &eid;
	s.agent_id = &aid;
	call.type = W_CALL(SHUTDOWN);
	call.shutdown = &s;
	assert_int_equal(
		world_status(&f->w, world_call(&f->w, &f->fw, &call)), 202);
	aid.value = f->a.id;
	(void)world_call(&f->w, &f->fw, &call);
	assert_string_equal(
		world_msg(&f->w, f->a.link, W_TO_AGENT(SHUTDOWN_EXECUTOR), 0)
			->shutdown_executor->executor_id->value,
		"x");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_task_begins_in_staging_without_an_update),
		TEST(updates_are_passed_on_with_their_uuid),
		TEST(a_terminal_state_frees_before_it_is_acknowledged),
		TEST(the_latest_state_counts_for_resources),
		TEST(a_terminal_task_never_changes),
		TEST(nothing_is_kept_for_an_absent_framework),
		TEST(updates_of_unknown_tasks_pass_too),
		TEST(an_agent_does_not_speak_for_another),
		TEST(updates_without_an_agent_are_dropped),
		TEST(another_uuid_does_not_complete),
		TEST(kills_are_sent_and_sent_again),
		TEST(the_kill_policy_goes_along),
		TEST(a_kill_of_the_wrong_agent_is_dropped),
		TEST(a_kill_of_an_unknown_task_is_reconciled),
		TEST(a_kill_waits_for_the_agent),
		TEST(messages_and_exits_of_executors),
		TEST(shutdown_goes_to_the_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
