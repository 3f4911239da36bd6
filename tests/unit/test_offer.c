/* test_offer.c - what an offer says and when it ends; master/offer.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master/offer.h"
#include "master_world.h"

struct fixture {
	struct world w;
	struct world_framework fw;
	struct world_agent a;
};

static int begin_with(void **state, uint64_t offer_timeout_ms)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	world_init(&f->w);
	f->w.cfg.offer_timeout_ms = offer_timeout_ms;
	world_start(&f->w);
	*state = f;
	return 0;
}

static int begin(void **state)
{
	return begin_with(state, 0);
}

static int begin_timeout(void **state)
{
	return begin_with(state, 5000);
}

static int end(void **state)
{
	struct fixture *f = *state;

	world_fini(&f->w);
	free(f);
	return 0;
}

static const Mesos__V1__Offer *offer(
	struct fixture *f, unsigned capabilities, const char *resources)
{
	Mesos__V1__FrameworkInfo *info = world_info(&f->w, capabilities);
	char *roles[] = { arena_strdup(&f->w.arena, "dev") };

	if ((capabilities >> W_CAN(MULTI_ROLE) & 1) != 0) {
		info->roles = roles;
		info->n_roles = 1;
	} else {
		info->role = roles[0];
	}
	assert_true(world_subscribe(&f->w, &f->fw, info));
	assert_true(world_register(&f->w, &f->a, resources));
	return world_offer(&f->w, &f->fw);
}

static void an_offer_says_what_and_where(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Offer *o = offer(f, 0, "cpus:4;mem:4096");
	char want[128];

	(void)snprintf(want, sizeof(want), "%s-O0", f->w.id);
	assert_string_equal(o->id->value, want);
	assert_string_equal(o->framework_id->value, f->fw.id);
	assert_string_equal(o->agent_id->value, f->a.id);
	assert_string_equal(o->hostname, "agent.example");
	assert_string_equal(o->url->scheme, "http");
	assert_string_equal(o->url->path, "/slave(1)");
	assert_string_equal(o->url->address->ip, "127.0.0.1");
	assert_int_equal(o->url->address->port, 5051);
	assert_int_equal(o->n_resources, 2);
	assert_int_equal(o->n_executor_ids, 0);
}

static void old_frameworks_get_the_old_form(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Offer *o = offer(f, 0, "cpus:4;mem:4096;disk(dev):10");
	size_t i;

	assert_null(o->allocation_info);
	for (i = 0; i < o->n_resources; i++) {
		const Mesos__V1__Resource *r = o->resources[i];

		assert_null(r->allocation_info);
		assert_int_equal(r->n_reservations, 0);
		assert_string_equal(
			r->role, strcmp(r->name, "disk") == 0 ? "dev" : "*");
	}
}

static void new_frameworks_get_the_new_form(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Offer *o = offer(f,
		1u << W_CAN(MULTI_ROLE) | 1u << W_CAN(RESERVATION_REFINEMENT),
		"cpus:4;mem:4096;disk(dev):10");
	size_t i;

	/* The agent lacks MULTI_ROLE: it is withheld. */
	assert_null(o);
	{
		Butte__Link__ReregisterAgent with =
			BUTTE__LINK__REREGISTER_AGENT__INIT;
		Mesos__V1__AgentInfo__Capability c =
			MESOS__V1__AGENT_INFO__CAPABILITY__INIT;
		Mesos__V1__AgentInfo__Capability *list[] = { &c };
		struct world_agent b = { .id = "b", .port = 5052 };

		c.has_type = 1;
		c.type = MESOS__V1__AGENT_INFO__CAPABILITY__TYPE__MULTI_ROLE;
		with.capabilities = list;
		with.n_capabilities = 1;
		assert_true(world_reregister(
			&f->w, &b, "cpus:4;mem:4096;disk(dev):10", &with));
	}
	o = world_offer(&f->w, &f->fw);
	assert_non_null(o);
	assert_string_equal(o->allocation_info->role, "dev");
	for (i = 0; i < o->n_resources; i++) {
		const Mesos__V1__Resource *r = o->resources[i];

		assert_string_equal(r->allocation_info->role, "dev");
		assert_int_equal(r->n_reservations,
			strcmp(r->name, "disk") == 0 ? 1 : 0);
	}
}

static void one_event_carries_a_runs_offers(void **state)
{
	struct fixture *f = *state;
	struct world_agent b = { .port = 5052 }, c = { .port = 5053 };
	const w_event *ev;

	assert_true(world_register(&f->w, &f->a, "cpus:4;mem:4096"));
	assert_true(world_register(&f->w, &b, "cpus:4;mem:4096"));
	assert_true(world_register(&f->w, &c, "cpus:4;mem:4096"));
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
	world_pass(&f->w, 1000);
	ev = world_event(&f->w, f->fw.stream, W_EVENT(OFFERS), 0);
	assert_int_equal(ev->offers->n_offers, 3);
	assert_null(world_event(&f->w, f->fw.stream, W_EVENT(OFFERS), 1));
}

static void old_offers_are_rescinded(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Offer *o = offer(f, 0, "cpus:4;mem:4096");

	world_pass(&f->w, 3000);
	assert_int_equal(
		world_events(&f->w, f->fw.stream, W_EVENT(RESCIND)), 0);
	world_pass(&f->w, 2500);
	assert_string_equal(
		world_event(&f->w, f->fw.stream, W_EVENT(RESCIND), 0)
			->rescind->offer_id->value,
		o->id->value);
	/* And made anew, by the next run. */
	assert_non_null(world_event(&f->w, f->fw.stream, W_EVENT(OFFERS), 1));
}

static void refuse_seconds_have_bounds(void **state)
{
	static const struct {
		double seconds;
		uint64_t ms;
	} rows[] = {
		{ 5, 5000 },
		{ 0, 0 },
		{ 0.0001, 1 },
		{ 1.5, 1500 },
		{ -1, 5000 },
		{ NAN, 5000 },
		{ 1e12, 365ull * 24 * 60 * 60 * 1000 },
		{ INFINITY, 365ull * 24 * 60 * 60 * 1000 },
	};
	Mesos__V1__Filters filters = MESOS__V1__FILTERS__INIT;
	size_t i;

	(void)state;
	assert_int_equal(offer_refuse_ms(NULL), 5000);
	assert_int_equal(offer_refuse_ms(&filters), 5000);
	filters.has_refuse_seconds = 1;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		filters.refuse_seconds = rows[i].seconds;
		assert_int_equal(offer_refuse_ms(&filters), rows[i].ms);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(an_offer_says_what_and_where),
		TEST(old_frameworks_get_the_old_form),
		TEST(new_frameworks_get_the_new_form),
		TEST(one_event_carries_a_runs_offers),
		cmocka_unit_test_setup_teardown(
			old_offers_are_rescinded, begin_timeout, end),
		TEST(refuse_seconds_have_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
