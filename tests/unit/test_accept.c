/* test_accept.c - ACCEPT and DECLINE; master/accept.h. */
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
	char offer[128];
};

static int begin_with(void **state, unsigned capabilities)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	world_init(&f->w);
	world_start(&f->w);
	assert_true(world_subscribe(
		&f->w, &f->fw, world_info(&f->w, capabilities)));
	assert_true(world_register(&f->w, &f->a, PLENTY));
	(void)snprintf(f->offer, sizeof(f->offer), "%s",
		world_offer(&f->w, &f->fw)->id->value);
	world_clear(&f->w);
	*state = f;
	return 0;
}

static int begin(void **state)
{
	return begin_with(state, 0);
}

static int begin_aware(void **state)
{
	return begin_with(state, 1u << W_CAN(PARTITION_AWARE));
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

static bool runs(struct fixture *f)
{
	return world_msg(&f->w, f->a.link, W_TO_AGENT(RUN_TASK), 0) != NULL;
}

/* ACCEPT of these offers, launching task "t1" of the agent. */
static uint64_t accept_offers(
	struct fixture *f, const char *const *ids, size_t n)
{
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Accept accept =
		MESOS__V1__SCHEDULER__CALL__ACCEPT__INIT;
	Mesos__V1__Offer__Operation op = MESOS__V1__OFFER__OPERATION__INIT;
	Mesos__V1__Offer__Operation *ops[] = { &op };
	Mesos__V1__Offer__Operation__Launch launch =
		MESOS__V1__OFFER__OPERATION__LAUNCH__INIT;
	Mesos__V1__TaskInfo *task =
		world_task(&f->w, "t1", f->a.id, "cpus:1;mem:64");

	launch.task_infos = &task;
	launch.n_task_infos = 1;
	op.has_type = 1;
	op.type = MESOS__V1__OFFER__OPERATION__TYPE__LAUNCH;
	op.launch = &launch;
	accept.offer_ids = world_offer_ids(&f->w, ids, n);
	accept.n_offer_ids = n;
	accept.operations = ops;
	accept.n_operations = 1;
	call.type = W_CALL(ACCEPT);
	call.accept = &accept;
	return world_call(&f->w, &f->fw, &call);
}

/* --- offer validation --------------------------------------------------------- */

static void invalid(struct fixture *f, int state, const char *why)
{
	const Mesos__V1__TaskStatus *s = told(f, 0);

	assert_non_null(s);
	assert_int_equal(s->state, state);
	assert_int_equal(s->reason, W_REASON(INVALID_OFFERS));
	assert_int_equal(
		s->source, MESOS__V1__TASK_STATUS__SOURCE__SOURCE_MASTER);
	assert_false(s->has_uuid);
	assert_non_null(strstr(s->message, why));
	assert_false(runs(f));
}

static void no_offer_is_invalid(void **state)
{
	struct fixture *f = *state;
	uint64_t r = accept_offers(f, NULL, 0);

	assert_int_equal(world_status(&f->w, r), 202);
	invalid(f, W_STATE(LOST), "No offers");
}

static void a_duplicate_is_invalid_and_uses_the_offer_up(void **state)
{
	struct fixture *f = *state;
	const char *ids[] = { f->offer, f->offer };

	(void)accept_offers(f, ids, 2);
	invalid(f, W_STATE(LOST), "twice");
	world_clear(&f->w);
	(void)accept_offers(f, ids, 1);
	invalid(f, W_STATE(LOST), "no longer valid");
	/* Returned without a filter: it is offered again. */
	world_clear(&f->w);
	assert_non_null(world_offer(&f->w, &f->fw));
}

static void an_unknown_offer_spoils_the_known_one(void **state)
{
	struct fixture *f = *state;
	const char *ids[] = { f->offer, "no-such-offer" };

	(void)accept_offers(f, ids, 2);
	invalid(f, W_STATE(LOST), "no-such-offer");
	assert_int_equal(
		world_events(&f->w, f->fw.stream, W_EVENT(RESCIND)), 0);
}

static void the_offer_of_another_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct world_framework other = { 0 };
	struct world_agent a2 = { .port = 5052 };
	const char *ids[1];
	char theirs[128];

	/* The first framework holds all of the first agent. */
	assert_true(world_subscribe(&f->w, &other, world_info(&f->w, 0)));
	(void)world_simple(&f->w, &f->fw, W_CALL(SUPPRESS));
	assert_true(world_register(&f->w, &a2, PLENTY));
	(void)snprintf(theirs, sizeof(theirs), "%s",
		world_offer(&f->w, &other)->id->value);
	world_clear(&f->w);
	ids[0] = theirs;
	(void)accept_offers(f, ids, 1);
	invalid(f, W_STATE(LOST), "was not made to framework");
	(void)world_decline(&f->w, &f->fw, theirs, 0);
	world_clear(&f->w);
	/* It is still good for its owner. */
	(void)world_launch(&f->w, &other, theirs,
		world_task(&f->w, "x", a2.id, "cpus:1;mem:32"));
	assert_non_null(world_msg(&f->w, a2.link, W_TO_AGENT(RUN_TASK), 0));
}

static void offers_of_two_agents_are_invalid(void **state)
{
	struct fixture *f = *state;
	struct world_agent a2 = { .port = 5052 };
	const char *ids[2];
	char second[128];

	assert_true(world_register(&f->w, &a2, PLENTY));
	(void)snprintf(second, sizeof(second), "%s",
		world_offer(&f->w, &f->fw)->id->value);
	world_clear(&f->w);
	ids[0] = f->offer;
	ids[1] = second;
	(void)accept_offers(f, ids, 2);
	invalid(f, W_STATE(LOST), "different agents");
}

static void aware_frameworks_are_told_dropped(void **state)
{
	struct fixture *f = *state;

	(void)accept_offers(f, NULL, 0);
	invalid(f, W_STATE(DROPPED), "No offers");
}

/* --- processing ------------------------------------------------------------------- */

static void what_is_left_goes_back(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__TaskInfo *t =
		world_task(&f->w, "t1", f->a.id, "cpus:1;mem:1024");
	const Mesos__V1__Offer *o;
	struct res r = RES_INIT;

	(void)world_accept(&f->w, &f->fw, f->offer, &t, 1, 0);
	assert_true(runs(f));
	world_clear(&f->w);
	o = world_offer(&f->w, &f->fw);
	assert_non_null(o);
	assert_int_equal(
		res_from_msgs(&r, o->resources, o->n_resources, NULL), 0);
	assert_int_equal(res_sum(&r, "cpus"), 3000);
	assert_int_equal(res_sum(&r, "mem"), 3072000);
	res_fini(&r);
}

static void the_rest_is_filtered_for_5_s_by_default(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__TaskInfo *t =
		world_task(&f->w, "t1", f->a.id, "cpus:1;mem:1024");

	(void)world_accept(&f->w, &f->fw, f->offer, &t, 1, -1);
	world_clear(&f->w);
	world_pass(&f->w, 4500);
	assert_null(world_event(&f->w, f->fw.stream, W_EVENT(OFFERS), 0));
	world_pass(&f->w, 2500);
	assert_non_null(world_event(&f->w, f->fw.stream, W_EVENT(OFFERS), 0));
}

static void an_accept_without_operations_declines(void **state)
{
	struct fixture *f = *state;

	(void)world_accept(&f->w, &f->fw, f->offer, NULL, 0, 30);
	world_clear(&f->w);
	world_pass(&f->w, 28000);
	assert_null(world_event(&f->w, f->fw.stream, W_EVENT(OFFERS), 0));
	world_pass(&f->w, 4000);
	assert_non_null(world_event(&f->w, f->fw.stream, W_EVENT(OFFERS), 0));
}

static void tasks_share_the_pool_in_order(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__TaskInfo *tasks[] = {
		world_task(&f->w, "t1", f->a.id, "cpus:3;mem:64"),
		world_task(&f->w, "t2", f->a.id, "cpus:3;mem:64"),
		world_task(&f->w, "t3", f->a.id, "cpus:1;mem:64"),
	};
	const w_to_agent *run;

	(void)world_accept(&f->w, &f->fw, f->offer, tasks, 3, 0);
	run = world_msg(&f->w, f->a.link, W_TO_AGENT(RUN_TASK), 0);
	assert_string_equal(run->run_task->task->task_id->value, "t1");
	run = world_msg(&f->w, f->a.link, W_TO_AGENT(RUN_TASK), 1);
	assert_string_equal(run->run_task->task->task_id->value, "t3");
	assert_null(world_msg(&f->w, f->a.link, W_TO_AGENT(RUN_TASK), 2));
	assert_string_equal(told(f, 0)->task_id->value, "t2");
	assert_int_equal(told(f, 0)->state, W_STATE(ERROR));
	assert_int_equal(told(f, 0)->reason, W_REASON(TASK_INVALID));
	assert_null(told(f, 1));
}

static void unreadable_resources_spoil_the_operation(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__TaskInfo *tasks[] = {
		world_task(&f->w, "t1", f->a.id, "cpus:1;mem:64"),
		world_task(&f->w, "t2", f->a.id, "cpus:1;mem:64"),
	};

	tasks[1]->resources[0]->scalar->value = -1;
	(void)world_accept(&f->w, &f->fw, f->offer, tasks, 2, 0);
	assert_false(runs(f));
	assert_int_equal(told(f, 0)->state, W_STATE(ERROR));
	assert_int_equal(told(f, 1)->state, W_STATE(ERROR));
	assert_int_equal(told(f, 1)->reason, W_REASON(TASK_INVALID));
	assert_null(told(f, 2));
}

static void an_operation_id_on_launch_is_an_error(void **state)
{
	struct fixture *f = *state;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Accept accept =
		MESOS__V1__SCHEDULER__CALL__ACCEPT__INIT;
	Mesos__V1__Offer__Operation op = MESOS__V1__OFFER__OPERATION__INIT;
	Mesos__V1__Offer__Operation *ops[] = { &op };
	Mesos__V1__Offer__Operation__Launch launch =
		MESOS__V1__OFFER__OPERATION__LAUNCH__INIT;
	Mesos__V1__OperationID id = MESOS__V1__OPERATION_ID__INIT;
	Mesos__V1__TaskInfo *task =
		world_task(&f->w, "t1", f->a.id, "cpus:1;mem:64");
	const char *ids[] = { f->offer };
	char op_id[] = "op";

	id.value = op_id;
	launch.task_infos = &task;
	launch.n_task_infos = 1;
	op.has_type = 1;
	op.type = MESOS__V1__OFFER__OPERATION__TYPE__LAUNCH;
	op.launch = &launch;
	op.id = &id;
	accept.offer_ids = world_offer_ids(&f->w, ids, 1);
	accept.n_offer_ids = 1;
	accept.operations = ops;
	accept.n_operations = 1;
	call.type = W_CALL(ACCEPT);
	call.accept = &accept;
	(void)world_call(&f->w, &f->fw, &call);
	assert_int_equal(told(f, 0)->state, W_STATE(ERROR));
	assert_non_null(strstr(told(f, 0)->message, "'id'"));
	assert_false(runs(f));
}

static void an_operation_of_unknown_type_is_ignored(void **state)
{
	struct fixture *f = *state;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Accept accept =
		MESOS__V1__SCHEDULER__CALL__ACCEPT__INIT;
	Mesos__V1__Offer__Operation op = MESOS__V1__OFFER__OPERATION__INIT;
	Mesos__V1__Offer__Operation *ops[] = { &op };
	const char *ids[] = { f->offer };
	uint64_t r;

	accept.offer_ids = world_offer_ids(&f->w, ids, 1);
	accept.n_offer_ids = 1;
	accept.operations = ops;
	accept.n_operations = 1;
	call.type = W_CALL(ACCEPT);
	call.accept = &accept;
	r = world_call(&f->w, &f->fw, &call);
	assert_int_equal(world_status(&f->w, r), 202);
	assert_null(told(f, 0));
}

static void the_agent_gets_allocated_resources_and_defaults(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__TaskInfo *t =
		world_task(&f->w, "t1", f->a.id, "cpus:1;mem:64");
	Mesos__V1__HealthCheck health = MESOS__V1__HEALTH_CHECK__INIT;
	const Mesos__V1__TaskInfo *got;

	health.command = t->command;
	t->health_check = &health;
	(void)world_launch(&f->w, &f->fw, f->offer, t);
	got = world_msg(&f->w, f->a.link, W_TO_AGENT(RUN_TASK), 0)
		      ->run_task->task;
	assert_string_equal(got->resources[0]->allocation_info->role, "*");
	assert_int_equal(got->health_check->type,
		MESOS__V1__HEALTH_CHECK__TYPE__COMMAND);
}

/* --- executors ------------------------------------------------------------------------ */

/* A custom executor instead of the command. */
static Mesos__V1__TaskInfo *with_executor(
	struct fixture *f, const char *task, const char *id, const char *res)
{
	Mesos__V1__TaskInfo *t =
		world_task(&f->w, task, f->a.id, "cpus:1;mem:64");
	Mesos__V1__ExecutorInfo *x = arena_alloc(&f->w.arena, sizeof(*x));

	mesos__v1__executor_info__init(x);
	x->executor_id = arena_alloc(&f->w.arena, sizeof(*x->executor_id));
	mesos__v1__executor_id__init(x->executor_id);
	x->executor_id->value = arena_strdup(&f->w.arena, id);
	x->command = t->command;
	x->resources = world_res(&f->w, res, &x->n_resources);
	t->command = NULL;
	t->executor = x;
	return t;
}

static void an_executor_is_counted_once(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__TaskInfo *tasks[] = {
		with_executor(f, "t1", "x", "cpus:1;mem:32"),
		with_executor(f, "t2", "x", "cpus:1;mem:32"),
	};
	const w_to_agent *run;
	const Mesos__V1__Offer *o;
	struct res r = RES_INIT;

	(void)world_accept(&f->w, &f->fw, f->offer, tasks, 2, 0);
	run = world_msg(&f->w, f->a.link, W_TO_AGENT(RUN_TASK), 0);
	assert_true(run->run_task->launch_executor);
	assert_string_equal(
		run->run_task->task->executor->framework_id->value, f->fw.id);
	run = world_msg(&f->w, f->a.link, W_TO_AGENT(RUN_TASK), 1);
	assert_false(run->run_task->launch_executor);
	world_clear(&f->w);
	o = world_offer(&f->w, &f->fw);
	assert_int_equal(o->n_executor_ids, 1);
	assert_string_equal(o->executor_ids[0]->value, "x");
	assert_int_equal(
		res_from_msgs(&r, o->resources, o->n_resources, NULL), 0);
	assert_int_equal(res_sum(&r, "cpus"), 1000);
	res_fini(&r);
}

static void another_executor_of_the_same_id_is_an_error(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__TaskInfo *tasks[] = {
		with_executor(f, "t1", "x", "cpus:1;mem:32"),
		with_executor(f, "t2", "x", "cpus:0.5;mem:32"),
	};

	(void)world_accept(&f->w, &f->fw, f->offer, tasks, 2, 0);
	assert_string_equal(told(f, 0)->task_id->value, "t2");
	assert_non_null(strstr(told(f, 0)->message, "another ExecutorInfo"));
	assert_string_equal(told(f, 0)->executor_id->value, "x");
}

/* --- DECLINE --------------------------------------------------------------------------- */

static void a_declined_offer_stays_away(void **state)
{
	struct fixture *f = *state;
	uint64_t r = world_decline(&f->w, &f->fw, f->offer, 20);

	assert_int_equal(world_status(&f->w, r), 202);
	assert_int_equal(
		world_events(&f->w, f->fw.stream, W_EVENT(RESCIND)), 0);
	world_clear(&f->w);
	world_pass(&f->w, 19000);
	assert_null(world_event(&f->w, f->fw.stream, W_EVENT(OFFERS), 0));
	world_pass(&f->w, 3000);
	assert_non_null(world_event(&f->w, f->fw.stream, W_EVENT(OFFERS), 0));
}

static void unknown_offers_are_ignored_by_decline(void **state)
{
	struct fixture *f = *state;
	uint64_t r = world_decline(&f->w, &f->fw, "none", 20);

	assert_int_equal(world_status(&f->w, r), 202);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(no_offer_is_invalid),
		TEST(a_duplicate_is_invalid_and_uses_the_offer_up),
		TEST(an_unknown_offer_spoils_the_known_one),
		TEST(the_offer_of_another_is_left_alone),
		TEST(offers_of_two_agents_are_invalid),
		cmocka_unit_test_setup_teardown(
			aware_frameworks_are_told_dropped, begin_aware, end),
		TEST(what_is_left_goes_back),
		TEST(the_rest_is_filtered_for_5_s_by_default),
		TEST(an_accept_without_operations_declines),
		TEST(tasks_share_the_pool_in_order),
		TEST(unreadable_resources_spoil_the_operation),
		TEST(an_operation_id_on_launch_is_an_error),
		TEST(an_operation_of_unknown_type_is_ignored),
		TEST(the_agent_gets_allocated_resources_and_defaults),
		TEST(an_executor_is_counted_once),
		TEST(another_executor_of_the_same_id_is_an_error),
		TEST(a_declined_offer_stays_away),
		TEST(unknown_offers_are_ignored_by_decline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
