/* test_filter.c - offer filters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/res.h"
#include "master/filter.h"

struct world {
	struct filter_set set;
	struct filter_end client[2], agent[2];
	int ended[2];
};

static struct world w;

static void start(void)
{
	int i;

	w = (struct world){ 0 };
	filter_set_init(&w.set);
	for (i = 0; i < 2; i++) {
		filter_end_init(&w.client[i]);
		filter_end_init(&w.agent[i]);
	}
}

static void stop(void)
{
	filter_clear_client(&w.set, &w.client[0]);
	filter_clear_client(&w.set, &w.client[1]);
	assert_int_equal(w.agent[0].n, 0);
	assert_int_equal(w.agent[1].n, 0);
	filter_set_fini(&w.set);
}

static void add(
	int client, int agent, const char *text, uint64_t until, uint64_t run)
{
	struct res r = RES_INIT;

	assert_int_equal(res_parse(&r, text, "*", NULL), 0);
	filter_add(&w.set, &w.client[client], &w.agent[agent], &r, until, run);
	res_fini(&r);
}

static bool hides(int client, int agent, const char *text)
{
	struct res r = RES_INIT;
	bool hidden;

	assert_int_equal(res_parse(&r, text, "*", NULL), 0);
	hidden = filter_hides(&w.set, &w.client[client], &w.agent[agent], &r);
	res_fini(&r);
	return hidden;
}

static void on_ended(void *ctx, struct filter_end *agent)
{
	(void)ctx;
	w.ended[agent - w.agent]++;
}

static void test_hides_what_is_contained(void **state)
{
	static const struct {
		const char *offer;
		bool hidden;
	} rows[] = {
		{ "cpus:2;mem:64", true },
		{ "cpus:1", true },
		{ "mem:64", true },
		{ "cpus:3;mem:64", false },
		{ "cpus:2;mem:64;disk:1", false },
		{ "cpus(r):1", false },
	};
	size_t i;

	(void)state;
	start();
	add(0, 0, "cpus:2;mem:64", 100, 0);
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(hides(0, 0, rows[i].offer), rows[i].hidden);
	assert_false(hides(1, 0, "cpus:1"));
	assert_false(hides(0, 1, "cpus:1"));
	stop();
}

/* Two filters don't add up. */
static void test_any_of_several(void **state)
{
	(void)state;
	start();
	add(0, 0, "cpus:2", 100, 0);
	add(0, 0, "mem:64", 100, 0);
	assert_true(hides(0, 0, "cpus:2"));
	assert_true(hides(0, 0, "mem:1"));
	assert_false(hides(0, 0, "cpus:1;mem:1"));
	stop();
}

static void test_ends_after_time_and_run(void **state)
{
	(void)state;
	start();
	add(0, 0, "cpus:2", 100, 7);
	add(0, 1, "cpus:2", 100, 6);
	add(1, 1, "cpus:2", 101, 6);
	filter_expire(&w.set, 99, 7, on_ended, NULL);
	assert_int_equal(w.ended[1], 0);
	filter_expire(&w.set, 100, 7, on_ended, NULL);
	assert_int_equal(w.ended[0], 0); /* waits for run 7 to be over */
	assert_int_equal(w.ended[1], 1);
	assert_true(hides(0, 0, "cpus:2"));
	filter_expire(&w.set, 101, 8, on_ended, NULL);
	assert_int_equal(w.ended[0], 1);
	assert_int_equal(w.ended[1], 2);
	assert_int_equal(w.set.n, 0);
	stop();
}

static void test_covered_filters_are_pruned(void **state)
{
	(void)state;
	start();
	add(0, 0, "cpus:1", 100, 0);
	add(0, 0, "cpus:2", 100, 0); /* says the same and more */
	assert_int_equal(w.set.n, 1);
	add(0, 0, "cpus:3", 50, 0); /* ends earlier */
	assert_int_equal(w.set.n, 2);
	add(0, 0, "mem:1", 200, 0);
	assert_int_equal(w.set.n, 3);
	stop();
}

static void test_clear(void **state)
{
	(void)state;
	start();
	add(0, 0, "cpus:1", 100, 0);
	add(0, 1, "cpus:1", 100, 0);
	add(1, 1, "cpus:1", 100, 0);
	filter_clear_agent(&w.set, &w.agent[1]);
	assert_int_equal(w.set.n, 1);
	assert_true(hides(0, 0, "cpus:1"));
	assert_false(hides(1, 1, "cpus:1"));
	assert_int_equal(w.client[0].n, 1);
	filter_clear_client(&w.set, &w.client[0]);
	assert_int_equal(w.set.n, 0);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hides_what_is_contained),
		cmocka_unit_test(test_any_of_several),
		cmocka_unit_test(test_ends_after_time_and_run),
		cmocka_unit_test(test_covered_filters_are_pruned),
		cmocka_unit_test(test_clear),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
