/* test_framework.c - frameworks come and go; master/framework.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master_world.h"

#define PLENTY "cpus:4;mem:4096"

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

static const char *refusal(struct fixture *f, uint64_t stream)
{
	const w_event *ev = world_event(&f->w, stream, W_EVENT(ERROR), 0);

	assert_non_null(ev);
	assert_non_null(world_find(&f->w, EFFECT_STREAM_CLOSE, stream));
	return ev->error->message;
}

static void launch(struct fixture *f, const char *id)
{
	const Mesos__V1__Offer *o = world_offer(&f->w, &f->fw);

	assert_non_null(o);
	(void)world_launch(&f->w, &f->fw, o->id->value,
		world_task(&f->w, id, f->a.id, "cpus:1;mem:64"));
	assert_non_null(world_msg(&f->w, f->a.link, W_TO_AGENT(RUN_TASK), 0));
	world_clear(&f->w);
}

/* --- SUBSCRIBE --------------------------------------------------------------- */

static void ids_count_up_under_the_masters(void **state)
{
	struct fixture *f = *state;
	struct world_framework second = { 0 };
	char want[128];

	(void)snprintf(want, sizeof(want), "%s-0000", f->w.id);
	assert_string_equal(f->fw.id, want);
	assert_true(world_subscribe(&f->w, &second, world_info(&f->w, 0)));
	(void)snprintf(want, sizeof(want), "%s-0001", f->w.id);
	assert_string_equal(second.id, want);
}

static void subscribed_says_who_leads(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Scheduler__Event__Subscribed *s =
		world_event(&f->w, f->fw.stream, W_EVENT(SUBSCRIBED), 0)
			->subscribed;

	assert_true(s->heartbeat_interval_seconds > 14.9);
	assert_true(s->heartbeat_interval_seconds < 15.1);
	assert_string_equal(s->master_info->id, f->w.id);
	assert_string_equal(s->master_info->hostname, "master.example");
	assert_string_equal(s->master_info->address->ip, "127.0.0.1");
	assert_int_equal(s->master_info->ip, 0x0100007f);
	assert_string_equal(s->master_info->pid, "master@127.0.0.1:5050");
}

static void an_unknown_id_is_taken(void **state)
{
	struct fixture *f = *state;
	struct world_framework fw = { .id = "my-own-id" };

	assert_true(world_subscribe(&f->w, &fw, world_info(&f->w, 0)));
	assert_string_equal(fw.id, "my-own-id");
}

static void a_second_subscriber_takes_over(void **state)
{
	struct fixture *f = *state;
	struct world_framework again = f->fw;
	const Mesos__V1__Offer *o = world_offer(&f->w, &f->fw);
	char offer[128];

	(void)snprintf(offer, sizeof(offer), "%s", o->id->value);
	world_clear(&f->w);
	assert_true(world_subscribe(&f->w, &again, world_info(&f->w, 0)));
	assert_string_equal(again.id, f->fw.id);
	assert_string_equal(refusal(f, f->fw.stream), "Framework failed over");
	/* Offers are gone without a word, and come again. */
	assert_int_equal(
		world_events(&f->w, f->fw.stream, W_EVENT(RESCIND)), 0);
	assert_int_equal(
		world_events(&f->w, again.stream, W_EVENT(RESCIND)), 0);
	assert_non_null(world_offer(&f->w, &again));
	/* The old stream's id is of no use. */
	assert_int_equal(
		world_status(&f->w, world_decline(&f->w, &f->fw, offer, 1)),
		400);
	/* Nor does its end matter. */
	world_stream_down(&f->w, f->fw.stream);
	assert_int_equal(world_status(&f->w,
				 world_simple(&f->w, &again, W_CALL(REVIVE))),
		202);
}

static void a_removed_id_is_refused(void **state)
{
	struct fixture *f = *state;
	struct world_framework again = f->fw;

	(void)world_simple(&f->w, &f->fw, W_CALL(TEARDOWN));
	assert_false(world_subscribe(&f->w, &again, world_info(&f->w, 0)));
	assert_string_equal(
		refusal(f, again.stream), "Framework has been removed");
	/* Also after a restart of the master. */
	world_restart(&f->w);
	assert_false(world_subscribe(&f->w, &again, world_info(&f->w, 0)));
	assert_string_equal(
		refusal(f, again.stream), "Framework has been removed");
}

static void the_list_of_removed_ids_is_bounded(void **state)
{
	struct fixture *f = *state;
	unsigned i;

	(void)world_simple(&f->w, &f->fw, W_CALL(TEARDOWN));
	for (i = 0; i < 60; i++) {
		struct world_framework fw = { 0 };

		assert_true(world_subscribe(&f->w, &fw, world_info(&f->w, 0)));
		(void)world_simple(&f->w, &fw, W_CALL(TEARDOWN));
		world_clear(&f->w);
	}
	assert_int_equal(world_rows(&f->w, MASTER_TABLE_FRAMEWORK), 50);
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
}

static void the_principal_can_not_change(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__FrameworkInfo *info = world_info(&f->w, 0);
	struct world_framework again = f->fw;

	info->principal = arena_strdup(&f->w.arena, "alice");
	assert_false(world_subscribe(&f->w, &again, info));
	assert_non_null(strstr(refusal(f, again.stream), "principal"));
	/* The first one is still connected. */
	assert_int_equal(world_status(&f->w,
				 world_simple(&f->w, &f->fw, W_CALL(REVIVE))),
		202);
}

static void the_authenticated_principal_is_filled_in(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__Scheduler__Call__Subscribe sub =
		MESOS__V1__SCHEDULER__CALL__SUBSCRIBE__INIT;
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;
	struct master_event ev = { .type = MASTER_CALL,
		.from = ++f->w.last,
		.call = &call,
		.new_stream_id = "s",
		.principal = "alice" };
	const w_event *subscribed;

	sub.framework_info = world_info(&f->w, 0);
	call.has_type = 1;
	call.type = W_CALL(SUBSCRIBE);
	call.subscribe = &sub;
	world_step(&f->w, &ev);
	subscribed = world_event(&f->w, ev.from, W_EVENT(SUBSCRIBED), 0);
	assert_non_null(subscribed);
	/* Somebody else can't speak for it. */
	id.value = subscribed->subscribed->framework_id->value;
	call.type = W_CALL(REVIVE);
	call.framework_id = &id;
	ev.from = ++f->w.last;
	ev.stream_id = "s";
	ev.principal = "bob";
	world_step(&f->w, &ev);
	assert_int_equal(world_status(&f->w, ev.from), 400);
	ev.from = ++f->w.last;
	ev.principal = "alice";
	world_step(&f->w, &ev);
	assert_int_equal(world_status(&f->w, ev.from), 202);
}

static void user_and_checkpoint_stay_as_they_were(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__FrameworkInfo *info = world_info(&f->w, 0);
	const Mesos__V1__FrameworkInfo *told;

	launch(f, "t");
	info->user = arena_strdup(&f->w.arena, "somebody");
	info->checkpoint = 0;
	info->name = arena_strdup(&f->w.arena, "renamed");
	assert_true(world_subscribe(&f->w, &f->fw, info));
	/* The agent where it has a task is told. */
	told = world_msg(&f->w, f->a.link, W_TO_AGENT(UPDATE_FRAMEWORK), 0)
		       ->update_framework->framework;
	assert_string_equal(told->user, "nobody");
	assert_true(told->checkpoint);
	assert_string_equal(told->name, "renamed");
}

static void offer_constraints_are_refused_not_ignored(void **state)
{
	struct fixture *f = *state;
	struct world_framework fw = { 0 };
	Mesos__V1__Scheduler__Call__Subscribe sub =
		MESOS__V1__SCHEDULER__CALL__SUBSCRIBE__INIT;
	Mesos__V1__Scheduler__OfferConstraints c =
		MESOS__V1__SCHEDULER__OFFER_CONSTRAINTS__INIT;
	Mesos__V1__Scheduler__OfferConstraints__RoleConstraintsEntry entry =
		MESOS__V1__SCHEDULER__OFFER_CONSTRAINTS__ROLE_CONSTRAINTS_ENTRY__INIT;
	Mesos__V1__Scheduler__OfferConstraints__RoleConstraintsEntry *list[] = {
		&entry
	};

	c.role_constraints = list;
	c.n_role_constraints = 1;
	sub.framework_info = world_info(&f->w, 0);
	sub.offer_constraints = &c;
	(void)world_subscribe_call(&f->w, &fw, &sub);
	assert_non_null(strstr(refusal(f, fw.stream), "offer_constraints"));
}

/* --- going away ------------------------------------------------------------------ */

static void after_failover_timeout_it_is_removed(void **state)
{
	struct fixture *f = *state;
	struct world_framework again = f->fw;

	launch(f, "t");
	world_stream_down(&f->w, f->fw.stream);
	world_pass(&f->w, 60000);
	world_pong(&f->w, &f->a);
	world_pass(&f->w, 39000);
	assert_null(
		world_msg(&f->w, f->a.link, W_TO_AGENT(SHUTDOWN_FRAMEWORK), 0));
	world_pass(&f->w, 2000);
	assert_non_null(
		world_msg(&f->w, f->a.link, W_TO_AGENT(SHUTDOWN_FRAMEWORK), 0));
	assert_false(world_subscribe(&f->w, &again, world_info(&f->w, 0)));
}

static void it_can_come_back_in_time(void **state)
{
	struct fixture *f = *state;

	launch(f, "t");
	world_stream_down(&f->w, f->fw.stream);
	world_pass(&f->w, 50000);
	world_pong(&f->w, &f->a);
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
	world_pass(&f->w, 60000);
	assert_null(
		world_msg(&f->w, f->a.link, W_TO_AGENT(SHUTDOWN_FRAMEWORK), 0));
	(void)world_reconcile(&f->w, &f->fw, NULL, NULL);
	assert_string_equal(
		world_status_told(&f->w, f->fw.stream, 0)->task_id->value, "t");
}

static void without_timeout_it_is_removed_at_once(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__FrameworkInfo *info = world_info(&f->w, 0);
	struct world_framework fw = { 0 };

	info->failover_timeout = 0;
	assert_true(world_subscribe(&f->w, &fw, info));
	world_clear(&f->w);
	world_stream_down(&f->w, fw.stream);
	/* The agent has nothing of it, and needs to hear nothing. */
	assert_null(
		world_msg(&f->w, f->a.link, W_TO_AGENT(SHUTDOWN_FRAMEWORK), 0));
	assert_false(world_subscribe(&f->w, &fw, world_info(&f->w, 0)));
}

static void teardown_ends_all_without_updates(void **state)
{
	struct fixture *f = *state;
	uint64_t r;

	launch(f, "t");
	r = world_simple(&f->w, &f->fw, W_CALL(TEARDOWN));
	assert_int_equal(world_status(&f->w, r), 202);
	assert_null(world_status_told(&f->w, f->fw.stream, 0));
	assert_non_null(world_find(&f->w, EFFECT_STREAM_CLOSE, f->fw.stream));
	assert_non_null(
		world_msg(&f->w, f->a.link, W_TO_AGENT(SHUTDOWN_FRAMEWORK), 0));
}

static void a_disconnected_framework_gets_no_offers(void **state)
{
	struct fixture *f = *state;
	struct world_framework other = { 0 };

	assert_non_null(world_offer(&f->w, &f->fw));
	world_stream_down(&f->w, f->fw.stream);
	assert_true(world_subscribe(&f->w, &other, world_info(&f->w, 0)));
	assert_non_null(world_offer(&f->w, &other));
}

/* --- the master dies ---------------------------------------------------------------- */

static void a_restarted_master_goes_on_waiting(void **state)
{
	struct fixture *f = *state;

	world_restart(&f->w);
	/* Nobody could subscribe meanwhile: at least the agents' timeout. */
	world_pass(&f->w, 590000);
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
}

static void a_restarted_master_gives_up_in_the_end(void **state)
{
	struct fixture *f = *state;
	struct world_framework again = f->fw;

	world_restart(&f->w);
	world_pass(&f->w, 601000);
	assert_false(world_subscribe(&f->w, &again, world_info(&f->w, 0)));
}

static void a_deadline_outlives_the_master(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__FrameworkInfo *info = world_info(&f->w, 0);
	struct world_framework fw = { 0 }, again;

	info->failover_timeout = 3600;
	assert_true(world_subscribe(&f->w, &fw, info));
	world_stream_down(&f->w, fw.stream);
	world_pass(&f->w, 1800000);
	world_restart(&f->w);
	world_pass(&f->w, 1790000);
	again = fw;
	assert_true(world_subscribe(&f->w, &again, world_info(&f->w, 0)));
	world_stream_down(&f->w, again.stream);
}

static void ids_never_repeat(void **state)
{
	struct fixture *f = *state;
	struct world_framework fw = { 0 };
	char first[300];

	memcpy(first, f->fw.id, sizeof(first));
	world_restart(&f->w);
	assert_true(world_subscribe(&f->w, &fw, world_info(&f->w, 0)));
	assert_string_not_equal(fw.id, first);
}

/* --- REVIVE and SUPPRESS ------------------------------------------------------------------ */

static uint64_t suppress_role(struct fixture *f, const char *role)
{
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Suppress s =
		MESOS__V1__SCHEDULER__CALL__SUPPRESS__INIT;
	char *roles[] = { arena_strdup(&f->w.arena, role) };

	s.roles = roles;
	s.n_roles = 1;
	call.type = W_CALL(SUPPRESS);
	call.suppress = &s;
	return world_call(&f->w, &f->fw, &call);
}

static void suppress_and_revive(void **state)
{
	struct fixture *f = *state;

	(void)world_simple(&f->w, &f->fw, W_CALL(SUPPRESS));
	assert_null(world_offer(&f->w, &f->fw));
	(void)world_simple(&f->w, &f->fw, W_CALL(REVIVE));
	assert_non_null(world_offer(&f->w, &f->fw));
}

static void a_role_that_is_not_its_spoils_the_call(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(world_status(&f->w, suppress_role(f, "other")), 202);
	assert_non_null(world_offer(&f->w, &f->fw));
}

static void revive_clears_filters(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Offer *o = world_offer(&f->w, &f->fw);

	(void)world_decline(&f->w, &f->fw, o->id->value, 1000);
	assert_null(world_offer(&f->w, &f->fw));
	(void)world_simple(&f->w, &f->fw, W_CALL(REVIVE));
	assert_non_null(world_offer(&f->w, &f->fw));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(ids_count_up_under_the_masters),
		TEST(subscribed_says_who_leads),
		TEST(an_unknown_id_is_taken),
		TEST(a_second_subscriber_takes_over),
		TEST(a_removed_id_is_refused),
		TEST(the_list_of_removed_ids_is_bounded),
		TEST(the_principal_can_not_change),
		TEST(the_authenticated_principal_is_filled_in),
		TEST(user_and_checkpoint_stay_as_they_were),
		TEST(offer_constraints_are_refused_not_ignored),
		TEST(after_failover_timeout_it_is_removed),
		TEST(it_can_come_back_in_time),
		TEST(without_timeout_it_is_removed_at_once),
		TEST(teardown_ends_all_without_updates),
		TEST(a_disconnected_framework_gets_no_offers),
		TEST(a_restarted_master_goes_on_waiting),
		TEST(a_restarted_master_gives_up_in_the_end),
		TEST(a_deadline_outlives_the_master),
		TEST(ids_never_repeat),
		TEST(suppress_and_revive),
		TEST(a_role_that_is_not_its_spoils_the_call),
		TEST(revive_clears_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
