/* test_alloc.c - the allocator: triggers, order, filters, what is withheld. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/pbjson.h"
#include "common/res.h"
#include "lib/alloc_world.h"
#include "master/alloc.h"
#include "mesos/v1/mesos.pb-c.h"

/* --- triggers ----------------------------------------------------------- */

static void test_new_agent_and_framework_trigger(void **state)
{
	(void)state;
	start();
	run(); /* the first period */
	framework("f", "r");
	assert_int_equal(alloc_due(w.a), 0);
	assert_int_equal(run(), 0);
	assert_int_equal(alloc_due(w.a), w.now + INTERVAL);
	agent("a", "cpus:2;mem:100");
	assert_int_equal(alloc_due(w.a), 0);
	assert_int_equal(run(), 1);
	assert_offer(find("f", "a"), "cpus:2;mem:100");
	assert_int_equal(run(), 0);
	stop();
}

static void test_returned_waits_for_the_period(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:2;mem:100");
	run();
	decline(find("f", "a"), 0);
	assert_int_equal(run(), 0);
	assert_int_equal(alloc_due(w.a), w.now + INTERVAL);
	assert_int_equal(tick(), 1);
	stop();
}

static void test_event_looks_at_its_agent_only(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:2;mem:100");
	run();
	decline(find("f", "a"), 0);
	agent("b", "cpus:1;mem:100");
	assert_int_equal(run(), 1);
	assert_non_null(find("f", "b"));
	assert_int_equal(tick(), 1);
	assert_non_null(find("f", "a"));
	stop();
}

/* --- filters ------------------------------------------------------------ */

static void test_filter_lasts(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:2;mem:100");
	run();
	decline(find("f", "a"), 2500);
	assert_int_equal(tick(), 0);
	assert_int_equal(tick(), 0);
	assert_int_equal(tick(), 1);
	stop();
}

static void test_filter_never_ends_before_the_next_run(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:2;mem:100");
	run();
	decline(find("f", "a"), 1); /* raised to the interval */
	assert_int_equal(tick(), 0);
	assert_int_equal(tick(), 1);
	stop();
}

static void test_filter_hides_smaller_not_larger(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:4;mem:400");
	run();
	/* Of the offer 2 cpus were used; 2 are refused. */
	release_text("f", "r", "a", "cpus:2;mem:400", 60000);
	assert_int_equal(tick(), 0);
	release_text("f", "r", "a", "cpus:1", 0);
	assert_int_equal(tick(), 1); /* 3 are more than what was refused */
	assert_offer(find("f", "a"), "cpus:3;mem:400");
	release_text("f", "r", "a", "cpus:1;mem:40", 0);
	assert_int_equal(tick(), 0); /* a part of it stays hidden */
	stop();
}

static void test_filter_is_of_one_framework(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:4;mem:400");
	run();
	decline(find("f", "a"), 60000);
	framework("g", "r");
	assert_int_equal(run(), 1);
	assert_non_null(find("g", "a"));
	stop();
}

static void test_revive_clears_filters_and_triggers(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:4;mem:400");
	run();
	decline(find("f", "a"), 60000);
	assert_int_equal(tick(), 0);
	alloc_revive(w.a, "f", NULL, 0);
	assert_int_equal(alloc_due(w.a), 0);
	assert_int_equal(run(), 1);
	stop();
}

static void test_suppress(void **state)
{
	const char *role = "r";

	(void)state;
	start();
	framework("f", "r");
	alloc_suppress(w.a, "f", &role, 1);
	assert_true(alloc_is_suppressed(w.a, "f", "r"));
	agent("a", "cpus:4;mem:400");
	assert_int_equal(run(), 0);
	assert_int_equal(tick(), 0);
	alloc_revive(w.a, "f", &role, 1);
	assert_false(alloc_is_suppressed(w.a, "f", "r"));
	assert_int_equal(run(), 1);
	stop();
}

static void test_suppress_keeps_filters(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:4;mem:400");
	run();
	decline(find("f", "a"), 60000);
	alloc_suppress(w.a, "f", NULL, 0);
	assert_int_equal(tick(), 0);
	struct alloc_stats s;
	alloc_stats_get(w.a, &s);
	assert_int_equal(s.filters, 1);
	stop();
}

static void test_deactivation_clears_filters(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:4;mem:400");
	run();
	decline(find("f", "a"), 60000);
	alloc_framework_activate(w.a, "f", false);
	assert_int_equal(tick(), 0);
	alloc_framework_activate(w.a, "f", true);
	assert_int_equal(run(), 1);
	stop();
}

static void test_suppression_survives_deactivation(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	alloc_suppress(w.a, "f", NULL, 0);
	agent("a", "cpus:4;mem:400");
	alloc_framework_activate(w.a, "f", false);
	alloc_framework_activate(w.a, "f", true);
	assert_int_equal(run(), 0);
	stop();
}

/* --- order --------------------------------------------------------------- */

static void test_shares_are_evened_out(void **state)
{
	char id[8];
	int i;

	(void)state;
	start();
	for (i = 0; i < 10; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		agent(id, "cpus:4;mem:400");
	}
	framework("f", "r");
	framework("g", "s");
	assert_int_equal(run(), 10);
	assert_int_equal(count("f"), 5);
	assert_int_equal(count("g"), 5);
	stop();
}

static void test_weights(void **state)
{
	char id[8];
	int i;

	(void)state;
	start();
	alloc_weight_set(w.a, "s", 3000);
	for (i = 0; i < 12; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		agent(id, "cpus:4;mem:400");
	}
	framework("f", "r");
	framework("g", "s");
	assert_int_equal(run(), 12);
	assert_int_equal(count("f"), 3);
	assert_int_equal(count("g"), 9);
	stop();
}

static void test_hierarchy(void **state)
{
	char id[8];
	int i;

	(void)state;
	start();
	for (i = 0; i < 12; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		agent(id, "cpus:4;mem:400");
	}
	/* a/x and a/y share the half of a; b has the other. */
	framework("x", "a/x");
	framework("y", "a/y");
	framework("b", "b");
	assert_int_equal(run(), 12);
	assert_int_equal(count("b"), 6);
	assert_int_equal(count("x"), 3);
	assert_int_equal(count("y"), 3);
	stop();
}

static void test_virtual_leaf_competes(void **state)
{
	char id[8];
	int i;

	(void)state;
	start();
	/* The weight of a is for the subtree; its own leaf has 1. */
	alloc_weight_set(w.a, "a", 2000);
	for (i = 0; i < 12; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		agent(id, "cpus:4;mem:400");
	}
	framework("own", "a");
	framework("x", "a/x");
	framework("b", "b");
	assert_int_equal(run(), 12);
	assert_int_equal(count("b"), 4);
	assert_int_equal(count("own"), 4);
	assert_int_equal(count("x"), 4);
	stop();
}

static void test_counts_break_ties(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	framework("g", "r");
	agent("a", "cpus:4;mem:400");
	run();
	assert_non_null(find("f", "a")); /* by name */
	decline(find("f", "a"), 0);
	tick();
	assert_non_null(find("g", "a")); /* was given less often */
	decline(find("g", "a"), 0);
	tick();
	assert_non_null(find("f", "a"));
	stop();
}

static void test_dominant_resource_counts(void **state)
{
	struct res r = RES_INIT;

	(void)state;
	start();
	agent("a", "cpus:10;mem:10000");
	framework_with("f", "r", ALLOC_MULTI_ROLE, false);
	framework_with("g", "s", ALLOC_MULTI_ROLE, false);
	/* f: 2 cpus of 10 = 20 %; g: 1000 MB of 10000 = 10 %. */
	assert_int_equal(res_parse(&r, "cpus:2", "*", NULL), 0);
	alloc_hold(w.a, "f", "r", "a", &r);
	assert_int_equal(res_parse(&r, "mem:1000;cpus:0.5", "*", NULL), 0);
	alloc_hold(w.a, "g", "s", "a", &r);
	res_fini(&r);
	alloc_framework_activate(w.a, "f", true);
	alloc_framework_activate(w.a, "g", true);
	assert_int_equal(run(), 1);
	assert_non_null(find("g", "a"));
	stop();
}

static void test_excluded_names(void **state)
{
	struct res r = RES_INIT;

	(void)state;
	start_with(&(struct alloc_config){ .interval_ms = INTERVAL,
		.min_allocatable = "",
		.excluded_names = "gpus,cpus",
		.filter_gpu = false });
	agent("a", "cpus:10;mem:10000");
	framework_with("f", "r", ALLOC_MULTI_ROLE, false);
	framework_with("g", "s", ALLOC_MULTI_ROLE, false);
	assert_int_equal(res_parse(&r, "cpus:8", "*", NULL), 0);
	alloc_hold(w.a, "f", "r", "a", &r);
	assert_int_equal(res_parse(&r, "mem:1", "*", NULL), 0);
	alloc_hold(w.a, "g", "s", "a", &r);
	res_fini(&r);
	alloc_framework_activate(w.a, "f", true);
	alloc_framework_activate(w.a, "g", true);
	run();
	assert_non_null(find("f", "a"));
	stop();
}

static void test_idle_reservations_are_no_share(void **state)
{
	(void)state;
	start();
	/* r has half of all reserved, but idle: its share is 0. */
	agent("a", "cpus(r):4;mem(r):400");
	agent("b", "cpus:4;mem:400");
	framework_with("f", "r", ALLOC_MULTI_ROLE, false);
	framework("g", "s");
	alloc_framework_activate(w.a, "f", true);
	run();
	assert_non_null(find("f", "a"));
	assert_int_equal(w.n, 2);
	stop();
}

static void test_two_roles_two_offers(void **state)
{
	(void)state;
	start();
	agent("a", "cpus(r):1;mem(r):50;cpus(s):2;mem(s):60");
	framework("f", "r,s");
	assert_int_equal(run(), 2);
	assert_string_equal(w.offers[0].agent, "a");
	assert_string_equal(w.offers[1].agent, "a");
	assert_string_not_equal(w.offers[0].role, w.offers[1].role);
	stop();
}

/* --- what may be offered --------------------------------------------------- */

static void test_reservations_of_ancestors(void **state)
{
	(void)state;
	start();
	agent("a", "cpus:1;mem:32;cpus(a):2;cpus(a/b):3;cpus(c):4");
	framework("f", "a/b");
	assert_int_equal(run(), 1);
	assert_offer(find("f", "a"), "cpus:1;mem:32;cpus(a):2;cpus(a/b):3");
	stop();
}

static void test_min_allocatable(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	agent("small", "cpus:0.009;mem:31");
	agent("cpu", "cpus:0.01");
	agent("mem", "mem:32");
	agent("ports", "ports:[1-100]");
	run();
	assert_null(find("f", "small"));
	assert_null(find("f", "ports"));
	assert_non_null(find("f", "cpu"));
	assert_non_null(find("f", "mem"));
	stop();
}

static void test_min_of_the_framework(void **state)
{
	const char *roles[] = { "r", "s" };
	const struct alloc_min mins[] = { { "r", "" },
		{ "s", "cpus:4;mem:4" } };
	struct alloc_framework f = { .roles = roles,
		.n_roles = 2,
		.capabilities = ALLOC_MULTI_ROLE,
		.mins = mins,
		.n_mins = 2 };

	(void)state;
	start();
	alloc_framework_add(w.a, "f", &f, true);
	agent("ports", "ports(r):[1-100]");
	agent("cpu", "cpus(s):3;mem(s):4");
	run();
	assert_non_null(find("f", "ports"));
	assert_null(find("f", "cpu"));
	stop();
}

/* Neither may stop the master: frameworks and agents send them. */
static void test_strange_texts(void **state)
{
	const char *role = "r";
	const struct alloc_min min = { "r", "a;b:|" };
	struct alloc_framework f = { .roles = &role,
		.n_roles = 1,
		.capabilities = ALLOC_MULTI_ROLE,
		.mins = &min,
		.n_mins = 1 };
	struct res r = RES_INIT;

	(void)state;
	start();
	alloc_framework_add(w.a, "f", &f, true);
	agent("a", "cpus:3;mem:64");
	assert_int_equal(res_parse(&r, "cpus:1;mem:32", "*", NULL), 0);
	alloc_hold(w.a, "f", "//", "a", &r);
	alloc_hold(w.a, "f", "", "a", &r);
	assert_int_equal(run(), 1);
	alloc_release(w.a, "f", "//", "a", &r, true, 0, w.now);
	alloc_release(w.a, "f", "", "a", &r, true, 0, w.now);
	assert_int_equal(tick(), 1);
	assert_offer(find("f", "a"), "cpus:2;mem:64");
	res_fini(&r);
	stop();
}

static void test_gpus_are_withheld(void **state)
{
	(void)state;
	start();
	agent("a", "cpus:1;mem:32;gpus:1");
	framework("f", "r");
	assert_int_equal(run(), 0);
	framework_with("g", "r", ALLOC_MULTI_ROLE | ALLOC_GPU, true);
	assert_int_equal(run(), 1);
	assert_offer(find("g", "a"), "cpus:1;mem:32;gpus:1");
	stop();
}

static void test_agents_without_capabilities(void **state)
{
	(void)state;
	start();
	agent_with("old", "cpus:1;mem:32", 0);
	agent_with("flat", "cpus:1;mem:32", ALLOC_MULTI_ROLE);
	framework("multi", "r");
	framework("deep", "a/b");
	framework_with("plain", "s", 0, true);
	run();
	assert_null(find("multi", "old"));
	assert_null(find("deep", "flat"));
	assert_null(find("deep", "old"));
	assert_non_null(find("plain", "old"));
	stop();
}

/* What --resources can't say: volumes, revocable and refined ones. */
static void read_json(struct res *to, const char *text)
{
	Mesos__V1__Offer__Operation__Reserve *m;
	struct buf b = BUF_INIT;
	struct err e = { 0 };
	struct arena a;

	arena_init(&a);
	buf_printf(&b, "{\"resources\":[%s]}", text);
	m = (Mesos__V1__Offer__Operation__Reserve *)pbjson_read(&a,
		&mesos__v1__offer__operation__reserve__descriptor, b.data,
		b.size, &e);
	if (m == NULL ||
		res_from_msgs(to, m->resources, m->n_resources, &e) != 0)
		fail_msg("%s", e.text);
	buf_fini(&b);
	arena_fini(&a);
}

#define SCALAR(name, value)                           \
	"{\"name\":\"" name "\",\"type\":\"SCALAR\"," \
	"\"scalar\":{\"value\":" value "}"
#define SHARED_VOLUME                                                   \
	SCALAR("disk", "8")                                             \
	",\"role\":\"r\",\"shared\":{},\"disk\":{\"persistence\":"      \
	"{\"id\":\"v\"},\"volume\":{\"container_path\":\"p\",\"mode\":" \
	"\"RW\"}}}"
#define BOTH_CAPS (ALLOC_MULTI_ROLE | ALLOC_HIERARCHICAL_ROLE)

static void agent_json(const char *id, const char *text)
{
	struct res r = RES_INIT;

	read_json(&r, text);
	alloc_agent_add(w.a, id, &r, BOTH_CAPS);
	res_fini(&r);
}

static void test_stripped_without_capabilities(void **state)
{
	(void)state;
	start();
	agent_json("a",
		SCALAR("cpus", "1") "}," SCALAR(
			"cpus", "2") ",\"revocable\":{}}," SCALAR("mem",
			"64") ",\"reservations\":[{\"type\":\"STATIC\","
			      "\"role\":\"r\"},{\"type\":\"DYNAMIC\",\"role\":\"r/s\"}]}," SHARED_VOLUME);
	framework("f", "r/s");
	run();
	assert_offer(find("f", "a"), "cpus:1");
	framework_with("g", "r/s",
		ALLOC_MULTI_ROLE | ALLOC_REVOCABLE | ALLOC_REFINEMENT |
			ALLOC_SHARED,
		true);
	run();
	assert_int_equal(find("g", "a")->res.n, 3);
	stop();
}

/* One framework per agent and run, but again in every run, while in use. */
static void test_shared_volume(void **state)
{
	unsigned caps = ALLOC_MULTI_ROLE | ALLOC_SHARED;
	struct res volume = RES_INIT;
	struct alloc_stats s;

	(void)state;
	start();
	agent_json("a", SCALAR("cpus", "4") "}," SHARED_VOLUME);
	framework_with("f", "r", caps, true);
	framework_with("g", "r", caps, true);
	assert_int_equal(run(), 1);
	assert_non_null(find("f", "a"));
	assert_int_equal(find("f", "a")->res.n, 2);
	/* A volume alone is below min_allocatable (cpus or mem). */
	assert_int_equal(tick(), 0);
	read_json(&volume, SHARED_VOLUME);
	alloc_hold(w.a, "g", "r", "a", &volume);
	alloc_stats_get(w.a, &s);
	assert_int_equal(s.total_milli[3], 8000);
	assert_int_equal(s.held_milli[3], 8000); /* once, though both hold it */
	release_text("f", "r", "a", "cpus:4", 0);
	assert_int_equal(tick(), 1);
	assert_int_equal(w.offers[0].res.n, 2);
	alloc_release(w.a, "g", "r", "a", &volume, true, 0, w.now);
	alloc_stats_get(w.a, &s);
	assert_int_equal(s.held_milli[3], 8000);
	res_fini(&volume);
	stop();
}

/* --- bookkeeping ------------------------------------------------------------- */

static void test_removed_framework_returns_all(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:1;mem:32");
	run();
	alloc_framework_remove(w.a, "f");
	framework("g", "r");
	assert_int_equal(run(), 1);
	stop();
}

static void test_removed_agent_is_forgotten(void **state)
{
	struct alloc_stats s;

	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:1;mem:32");
	run();
	alloc_agent_remove(w.a, "a");
	alloc_stats_get(w.a, &s);
	assert_int_equal(s.total_milli[0], 0);
	assert_int_equal(s.held_milli[0], 0);
	release_text("f", "r", "a", "cpus:1", 5000); /* ignored */
	stop();
}

static void test_inactive_agent_is_not_offered(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:1;mem:32");
	alloc_agent_activate(w.a, "a", false);
	assert_int_equal(run(), 0);
	alloc_agent_activate(w.a, "a", true);
	assert_int_equal(run(), 0); /* no trigger */
	assert_int_equal(tick(), 1);
	stop();
}

static void test_changed_agent_is_another_one(void **state)
{
	(void)state;
	start();
	framework("f", "r");
	framework("deep", "a/b");
	agent_with("a", "cpus:4;mem:400", ALLOC_MULTI_ROLE);
	run();
	decline(find("f", "a"), 60000);
	assert_int_equal(tick(), 0);
	alloc_agent_changed(
		w.a, "a", ALLOC_MULTI_ROLE | ALLOC_HIERARCHICAL_ROLE);
	assert_int_equal(run(), 1);
	assert_non_null(find("deep", "a")); /* was given less often */
	decline(find("deep", "a"), 60000);
	assert_int_equal(tick(), 1);
	assert_non_null(find("f", "a"));
	stop();
}

static void test_left_role_stays_accounted(void **state)
{
	const char *role = "s";
	struct alloc_framework f = {
		.roles = &role, .n_roles = 1, .capabilities = ALLOC_MULTI_ROLE
	};
	struct alloc_stats s;

	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:1;mem:32");
	run();
	alloc_framework_update(w.a, "f", &f);
	alloc_stats_get(w.a, &s);
	assert_int_equal(s.held_milli[0], 1000);
	release_text("f", "r", "a", "cpus:1;mem:32", 5000);
	assert_int_equal(tick(), 1);
	assert_string_equal(w.offers[0].role, "s");
	stop();
}

static void test_held_by_an_unknown_framework(void **state)
{
	struct res r = RES_INIT;

	(void)state;
	start();
	agent("a", "cpus:3;mem:64");
	assert_int_equal(res_parse(&r, "cpus:2", "*", NULL), 0);
	alloc_hold(w.a, "ghost", "r", "a", &r);
	framework("f", "s");
	run();
	assert_offer(find("f", "a"), "cpus:1;mem:64");
	alloc_release(w.a, "ghost", "r", "a", &r, true, 0, w.now);
	assert_int_equal(tick(), 1);
	assert_offer(find("f", "a"), "cpus:2");
	res_fini(&r);
	stop();
}

struct seen {
	char text[512];
};

static void on_role(void *ctx, const struct alloc_role_report *r)
{
	struct seen *seen = ctx;
	struct arena a;
	size_t n = strlen(seen->text);

	arena_init(&a);
	snprintf(seen->text + n, sizeof(seen->text) - n,
		"%s weight=%lld share=%lld held=%s frameworks=%zu filters=%zu\n",
		r->role, (long long)r->weight_milli, (long long)r->share_ppm,
		res_text(&a, r->held), r->n_frameworks, r->n_filters);
	arena_fini(&a);
}

static void test_reports(void **state)
{
	struct seen seen = { "" };
	struct alloc_stats s;

	(void)state;
	start();
	alloc_weight_set(w.a, "r", 2000);
	alloc_weight_set(w.a, "nobody", 3000);
	alloc_weight_set(w.a, "plain", 1000);
	agent("a", "cpus:1;mem:100");
	agent("b", "cpus:3;mem:300");
	framework("f", "r");
	framework_with("g", "r", ALLOC_MULTI_ROLE, false);
	run();
	decline(find("f", "a"), 60000);
	alloc_roles(w.a, on_role, &seen);
	assert_string_equal(seen.text,
		"r weight=2000 share=375000 held=cpus(allocated: r):3; "
		"mem(allocated: r):300 frameworks=2 filters=1\n"
		"nobody weight=3000 share=0 held={} frameworks=0 filters=0\n");
	alloc_stats_get(w.a, &s);
	assert_int_equal(s.runs, 1);
	assert_int_equal(s.offers, 2);
	assert_int_equal(s.filters, 1);
	assert_int_equal(s.total_milli[0], 4000);
	assert_int_equal(s.total_milli[2], 400000);
	assert_int_equal(s.held_milli[0], 3000);
	stop();
}

static void test_config_is_checked(void **state)
{
	struct alloc_config cfg = { .interval_ms = 1000,
		.min_allocatable = "cpus" };
	struct err e = { 0 };

	(void)state;
	assert_null(alloc_new(&cfg, &e));
	assert_non_null(strstr(e.text, "'cpus' is not of the form"));
	cfg.min_allocatable = "";
	cfg.interval_ms = 0;
	assert_null(alloc_new(&cfg, &e));
	assert_int_equal(alloc_min_check("cpus:0.01|mem:32", NULL), 0);
	assert_int_equal(alloc_min_check("cpus:x", NULL), -1);
}

/* More clients than are tried one by one, revived one by one. */
static void test_many_frameworks(void **state)
{
	char id[8];
	int i;

	(void)state;
	start();
	for (i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "f%d", i);
		framework(id, "r");
	}
	agent("a", "cpus:4;mem:400");
	run();
	for (i = 0; i < 100; i++) {
		assert_int_equal(w.n, 1);
		decline(&w.offers[0], 3600000);
		tick();
	}
	assert_int_equal(w.n, 0); /* all have refused */
	alloc_revive(w.a, "f42", NULL, 0);
	assert_int_equal(run(), 1);
	assert_non_null(find("f42", "a"));
	decline(&w.offers[0], 3600000);
	for (i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "f%d", i);
		alloc_revive(w.a, id, NULL, 0);
	}
	assert_int_equal(run(), 1);
	assert_null(find("f42", "a")); /* it was given more often */
	stop();
}

static void test_agent_that_shrank(void **state)
{
	struct res r = RES_INIT;

	(void)state;
	start();
	framework("f", "r");
	agent("a", "cpus:4;mem:64");
	run();
	assert_int_equal(res_parse(&r, "cpus:2;mem:64", "*", NULL), 0);
	alloc_agent_total(w.a, "a", &r);
	release_text("f", "r", "a", "cpus:1", 0);
	assert_int_equal(tick(), 0); /* 3 are held of 2 */
	release_text("f", "r", "a", "cpus:2", 0);
	assert_int_equal(tick(), 1);
	assert_offer(find("f", "a"), "cpus:1");
	res_fini(&r);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_agent_and_framework_trigger),
		cmocka_unit_test(test_returned_waits_for_the_period),
		cmocka_unit_test(test_event_looks_at_its_agent_only),
		cmocka_unit_test(test_filter_lasts),
		cmocka_unit_test(test_filter_never_ends_before_the_next_run),
		cmocka_unit_test(test_filter_hides_smaller_not_larger),
		cmocka_unit_test(test_filter_is_of_one_framework),
		cmocka_unit_test(test_revive_clears_filters_and_triggers),
		cmocka_unit_test(test_suppress),
		cmocka_unit_test(test_suppress_keeps_filters),
		cmocka_unit_test(test_deactivation_clears_filters),
		cmocka_unit_test(test_suppression_survives_deactivation),
		cmocka_unit_test(test_shares_are_evened_out),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_hierarchy),
		cmocka_unit_test(test_virtual_leaf_competes),
		cmocka_unit_test(test_counts_break_ties),
		cmocka_unit_test(test_dominant_resource_counts),
		cmocka_unit_test(test_excluded_names),
		cmocka_unit_test(test_idle_reservations_are_no_share),
		cmocka_unit_test(test_two_roles_two_offers),
		cmocka_unit_test(test_reservations_of_ancestors),
		cmocka_unit_test(test_min_allocatable),
		cmocka_unit_test(test_min_of_the_framework),
		cmocka_unit_test(test_strange_texts),
		cmocka_unit_test(test_gpus_are_withheld),
		cmocka_unit_test(test_agents_without_capabilities),
		cmocka_unit_test(test_removed_framework_returns_all),
		cmocka_unit_test(test_removed_agent_is_forgotten),
		cmocka_unit_test(test_inactive_agent_is_not_offered),
		cmocka_unit_test(test_changed_agent_is_another_one),
		cmocka_unit_test(test_left_role_stays_accounted),
		cmocka_unit_test(test_held_by_an_unknown_framework),
		cmocka_unit_test(test_agent_that_shrank),
		cmocka_unit_test(test_stripped_without_capabilities),
		cmocka_unit_test(test_shared_volume),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_config_is_checked),
		cmocka_unit_test(test_many_frameworks),
	};

	return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
