/* test_liveness.c - pings, broken links, limits; master/liveness.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master_world.h"

#define PLENTY "cpus:4;mem:4096"
#define AWARE  (1u << W_CAN(PARTITION_AWARE))

struct fixture {
	struct world w;
	struct world_framework aware, plain;
	struct world_agent a;
};

static int begin_with(void **state, const char *limit)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	world_init(&f->w);
	f->w.cfg.agent_removal_rate_limit = limit;
	world_start(&f->w);
	assert_true(
		world_subscribe(&f->w, &f->aware, world_info(&f->w, AWARE)));
	assert_true(world_subscribe(&f->w, &f->plain, world_info(&f->w, 0)));
	assert_true(world_register(&f->w, &f->a, PLENTY));
	*state = f;
	return 0;
}

static int begin(void **state)
{
	return begin_with(state, NULL);
}

static int begin_limited(void **state)
{
	return begin_with(state, "1/10mins");
}

static int end(void **state)
{
	struct fixture *f = *state;

	world_fini(&f->w);
	free(f);
	return 0;
}

static bool is_unreachable(struct fixture *f, const struct world_agent *a)
{
	return world_row(&f->w, MASTER_TABLE_UNREACHABLE, a->id) != NULL;
}

static size_t pings(struct fixture *f)
{
	size_t n = 0;

	while (world_msg(&f->w, f->a.link, W_TO_AGENT(PING), n) != NULL)
		n++;
	return n;
}

/* Time goes on, and the agent answers its pings. */
static void live(struct fixture *f, unsigned seconds)
{
	unsigned i;

	for (i = 0; i < seconds; i += 5) {
		world_pass(&f->w, 5000);
		world_pong(&f->w, &f->a);
	}
}

/* --- pings ------------------------------------------------------------------------ */

static void an_agent_is_pinged_every_15_s(void **state)
{
	struct fixture *f = *state;

	world_clear(&f->w);
	live(f, 60);
	assert_int_equal(pings(f), 4);
	assert_true(world_msg(&f->w, f->a.link, W_TO_AGENT(PING), 0)
			    ->ping->connected);
	live(f, 600);
	assert_false(is_unreachable(f, &f->a));
}

static void five_missed_pings_make_it_unreachable(void **state)
{
	struct fixture *f = *state;

	world_pass(&f->w, 74000);
	assert_false(is_unreachable(f, &f->a));
	world_pass(&f->w, 2000);
	assert_true(is_unreachable(f, &f->a));
	assert_null(world_row(&f->w, MASTER_TABLE_AGENT, f->a.id));
	/* It shall dial again. */
	assert_non_null(world_find(&f->w, EFFECT_LINK_CLOSE, f->a.link));
}

static void one_pong_starts_the_count_anew(void **state)
{
	struct fixture *f = *state;

	world_pass(&f->w, 60000);
	world_pong(&f->w, &f->a);
	world_pass(&f->w, 70000);
	assert_false(is_unreachable(f, &f->a));
}

/* --- what frameworks hear ------------------------------------------------------------- */

static void unreachable_tasks_are_told_by_awareness(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__TaskStatus *s;
	const Mesos__V1__Offer *o;

	o = world_offer(&f->w, &f->aware);
	if (o == NULL)
		o = world_offer(&f->w, &f->plain);
	/* Whoever got the agent runs a task; the rest goes to the other. */
	if (world_event(&f->w, f->aware.stream, W_EVENT(OFFERS), 0) != NULL) {
		Mesos__V1__TaskInfo *t =
			world_task(&f->w, "a", f->a.id, "cpus:1;mem:64");

		(void)world_accept(&f->w, &f->aware, o->id->value, &t, 1, 60);
		o = world_offer(&f->w, &f->plain);
		(void)world_launch(&f->w, &f->plain, o->id->value,
			world_task(&f->w, "b", f->a.id, "cpus:1;mem:64"));
	} else {
		Mesos__V1__TaskInfo *t =
			world_task(&f->w, "b", f->a.id, "cpus:1;mem:64");

		(void)world_accept(&f->w, &f->plain, o->id->value, &t, 1, 60);
		o = world_offer(&f->w, &f->aware);
		(void)world_launch(&f->w, &f->aware, o->id->value,
			world_task(&f->w, "a", f->a.id, "cpus:1;mem:64"));
	}
	world_clear(&f->w);
	world_pass(&f->w, 80000);
	s = world_status_told(&f->w, f->aware.stream, 0);
	assert_int_equal(s->state, W_STATE(UNREACHABLE));
	assert_int_equal(s->reason, W_REASON(AGENT_REMOVED));
	assert_non_null(s->unreachable_time);
	assert_string_equal(s->agent_id->value, f->a.id);
	s = world_status_told(&f->w, f->plain.stream, 0);
	assert_int_equal(s->state, W_STATE(LOST));
	assert_int_equal(s->reason, W_REASON(AGENT_REMOVED));
	assert_non_null(s->unreachable_time);
	assert_string_equal(
		world_event(&f->w, f->aware.stream, W_EVENT(FAILURE), 0)
			->failure->agent_id->value,
		f->a.id);
	assert_non_null(
		world_event(&f->w, f->plain.stream, W_EVENT(FAILURE), 0));
}

static void offers_are_rescinded_when_the_link_breaks(void **state)
{
	struct fixture *f = *state;

	world_pass(&f->w, 1100);
	world_link_down(&f->w, &f->a);
	assert_int_equal(
		world_events(&f->w, f->aware.stream, W_EVENT(RESCIND)) +
			world_events(&f->w, f->plain.stream, W_EVENT(RESCIND)),
		1);
	world_clear(&f->w);
	world_pass(&f->w, 5000);
	assert_null(world_event(&f->w, f->aware.stream, W_EVENT(OFFERS), 0));
	assert_null(world_event(&f->w, f->plain.stream, W_EVENT(OFFERS), 0));
}

static void a_broken_link_has_ten_minutes(void **state)
{
	struct fixture *f = *state;

	world_link_down(&f->w, &f->a);
	world_pass(&f->w, 599000);
	assert_false(is_unreachable(f, &f->a));
	world_pass(&f->w, 2000);
	assert_true(is_unreachable(f, &f->a));
}

static void a_terminal_state_that_was_sent_is_not_followed(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Offer *o;

	(void)world_simple(&f->w, &f->plain, W_CALL(SUPPRESS));
	world_link_down(&f->w, &f->a);
	assert_true(world_reregister(&f->w, &f->a, PLENTY, NULL));
	o = world_offer(&f->w, &f->aware);
	assert_non_null(o);
	(void)world_launch(&f->w, &f->aware, o->id->value,
		world_task(&f->w, "t", f->a.id, "cpus:1;mem:64"));
	world_update(&f->w, &f->a, &f->aware, "t", W_STATE(FINISHED), 1);
	world_clear(&f->w);
	world_pass(&f->w, 80000);
	assert_true(is_unreachable(f, &f->a));
	assert_null(world_status_told(&f->w, f->aware.stream, 0));
}

/* --- a restarted master ------------------------------------------------------------------ */

static void recovered_agents_have_ten_minutes(void **state)
{
	struct fixture *f = *state;

	world_restart(&f->w);
	assert_true(
		world_subscribe(&f->w, &f->aware, world_info(&f->w, AWARE)));
	world_pass(&f->w, 599000);
	assert_false(is_unreachable(f, &f->a));
	world_clear(&f->w);
	world_pass(&f->w, 2000);
	assert_true(is_unreachable(f, &f->a));
	/* Only FAILURE: nothing is known of its tasks. */
	assert_non_null(
		world_event(&f->w, f->aware.stream, W_EVENT(FAILURE), 0));
	assert_null(world_status_told(&f->w, f->aware.stream, 0));
}

/* --- the rate limit -------------------------------------------------------------------------- */

static void removals_wait_for_their_turn(void **state)
{
	struct fixture *f = *state;
	struct world_agent b = { .port = 5052 }, c = { .port = 5053 };

	assert_true(world_register(&f->w, &b, PLENTY));
	assert_true(world_register(&f->w, &c, PLENTY));
	world_pass(&f->w, 80000);
	/* The first at once, the others every ten minutes. */
	assert_true(is_unreachable(f, &f->a));
	assert_false(is_unreachable(f, &b));
	world_pass(&f->w, 595000);
	assert_true(is_unreachable(f, &b));
	assert_false(is_unreachable(f, &c));
	world_pass(&f->w, 10000);
	assert_false(is_unreachable(f, &c));
	/* An answer cancels it. */
	world_pong(&f->w, &c);
	world_pass(&f->w, 5000);
	world_pong(&f->w, &c);
	while (f->w.now_ms % 600000 != 0)
		world_pass(&f->w, 5000), world_pong(&f->w, &c);
	assert_false(is_unreachable(f, &c));
	world_pass(&f->w, 700000);
	assert_true(is_unreachable(f, &c));
}

static void a_waiting_agent_can_come_back(void **state)
{
	struct fixture *f = *state;
	struct world_agent b = { .port = 5052 };

	assert_true(world_register(&f->w, &b, PLENTY));
	world_link_down(&f->w, &f->a);
	world_link_down(&f->w, &b);
	world_pass(&f->w, 601000);
	assert_true(is_unreachable(f, &f->a));
	assert_false(is_unreachable(f, &b));
	assert_true(world_reregister(&f->w, &b, PLENTY, NULL));
	world_pass(&f->w, 10000);
	assert_false(is_unreachable(f, &b));
}

/* --- the registry's age ------------------------------------------------------------------------ */

static void unreachable_agents_are_forgotten_after_two_weeks(void **state)
{
	struct fixture *f = *state;
	unsigned day;

	world_pass(&f->w, 80000);
	assert_true(is_unreachable(f, &f->a));
	world_stream_down(&f->w, f->aware.stream);
	world_stream_down(&f->w, f->plain.stream);
	f->w.unchecked = true;
	for (day = 0; day < 14; day++) {
		assert_true(is_unreachable(f, &f->a));
		world_pass(&f->w, 24 * 3600 * 1000);
		world_clear(&f->w);
	}
	world_pass(&f->w, 3600 * 1000);
	assert_false(is_unreachable(f, &f->a));
}

static void the_list_of_the_unreachable_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct world_agent more[5];
	size_t i;

	world_fini(&f->w);
	world_init(&f->w);
	f->w.cfg.registry_max_agent_count = 2;
	world_start(&f->w);
	for (i = 0; i < 5; i++) {
		more[i] = (struct world_agent){ .port = (int)(6000 + i) };
		assert_true(world_register(&f->w, &more[i], PLENTY));
		world_pass(&f->w, 80000);
	}
	assert_int_equal(world_rows(&f->w, MASTER_TABLE_UNREACHABLE), 5);
	world_pass(&f->w, 15 * 60 * 1000);
	assert_int_equal(world_rows(&f->w, MASTER_TABLE_UNREACHABLE), 2);
	assert_true(is_unreachable(f, &more[4]));
	assert_false(is_unreachable(f, &more[2]));
}

int main(void)
{
#define TEST(f)	   cmocka_unit_test_setup_teardown(f, begin, end)
#define LIMITED(f) cmocka_unit_test_setup_teardown(f, begin_limited, end)
	const struct CMUnitTest tests[] = {
		TEST(an_agent_is_pinged_every_15_s),
		TEST(five_missed_pings_make_it_unreachable),
		TEST(one_pong_starts_the_count_anew),
		TEST(unreachable_tasks_are_told_by_awareness),
		TEST(offers_are_rescinded_when_the_link_breaks),
		TEST(a_broken_link_has_ten_minutes),
		TEST(a_terminal_state_that_was_sent_is_not_followed),
		TEST(recovered_agents_have_ten_minutes),
		LIMITED(removals_wait_for_their_turn),
		LIMITED(a_waiting_agent_can_come_back),
		TEST(unreachable_agents_are_forgotten_after_two_weeks),
		TEST(the_list_of_the_unreachable_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
