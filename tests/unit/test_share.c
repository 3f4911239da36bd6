/* test_share.c - the tree of shares: order, weights, counts, exactness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/prng.h"
#include "common/res.h"
#include "master/share.h"

static struct share_amount amount(struct share_tree *t, const char *text)
{
	struct share_amount a = { 0 };
	struct res r = RES_INIT;

	assert_int_equal(res_parse(&r, text, "*", NULL), 0);
	share_count(t, &a, &r, false);
	res_fini(&r);
	return a;
}

static void total(struct share_tree *t, const char *plus, const char *minus)
{
	struct share_amount p = amount(t, plus), m = amount(t, minus);

	share_total_change(t, &p, &m);
	share_amount_fini(&p);
	share_amount_fini(&m);
}

static void hold(struct share_tree *t, struct share_node *n, const char *plus,
	const char *minus)
{
	struct share_amount p = amount(t, plus), m = amount(t, minus);

	for (; n != NULL; n = n->parent)
		share_held_change(t, n, &p, &m, *plus != '\0');
	share_amount_fini(&p);
	share_amount_fini(&m);
}

/* Names of a node's children, in order. */
static void assert_order(const struct share_node *n, const char *want)
{
	char text[256] = "";
	size_t i;

	for (i = 0; i < n->n_children; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"%s%s", i > 0 ? " " : "", n->children[i]->name);
	assert_string_equal(text, want);
}

static const char *const names[] = { "a", "b", "c", "d" };

struct flat {
	struct share_tree t;
	struct share_node n[4];
};

static void flat_start(struct flat *f, const char *excluded)
{
	size_t i;

	share_init(&f->t, excluded);
	for (i = 0; i < 4; i++) {
		share_node_init(
			&f->n[i], SHARE_CLIENT, NULL, names[i], &f->t.root);
		share_list(&f->t, &f->n[i]);
	}
	total(&f->t, "cpus:100;mem:1000", "");
}

static void flat_stop(struct flat *f)
{
	size_t i;

	share_check(&f->t);
	for (i = 0; i < 4; i++) {
		share_unlist(&f->t, &f->n[i]);
		share_node_fini(&f->t, &f->n[i]);
	}
	share_fini(&f->t);
}

static void test_order_is_share_count_name(void **state)
{
	struct flat f;

	(void)state;
	flat_start(&f, NULL);
	share_settle(&f.t);
	assert_order(&f.t.root, "a b c d");
	hold(&f.t, &f.n[0], "cpus:10", "");
	assert_order(&f.t.root, "a b c d"); /* stands still until settled */
	share_settle(&f.t);
	assert_order(&f.t.root, "b c d a");
	hold(&f.t, &f.n[1], "mem:101", "");
	share_settle(&f.t);
	assert_order(&f.t.root, "c d a b"); /* 10 % < 10.1 % */
	hold(&f.t, &f.n[1], "", "mem:101");
	share_settle(&f.t);
	assert_order(&f.t.root, "c d b a"); /* b was given something once */
	flat_stop(&f);
}

static void test_equal_fractions_are_equal(void **state)
{
	struct flat f;

	(void)state;
	flat_start(&f, NULL);
	total(&f.t, "", "cpus:97;mem:994"); /* of 3 and 6 */
	hold(&f.t, &f.n[1], "cpus:1", "");
	hold(&f.t, &f.n[0], "mem:2", "");
	hold(&f.t, &f.n[2], "mem:1;cpus:0.5", "");
	share_weight_set(&f.t, &f.n[2], 500); /* 1/6 over 1/2 */
	share_settle(&f.t);
	assert_order(&f.t.root, "d a b c");
	assert_true(f.n[0].key.share == f.n[1].key.share);
	assert_true(f.n[0].key.share == f.n[2].key.share);
	assert_int_equal(share_ppm(&f.t, &f.n[0]), 333333);
	flat_stop(&f);
}

static void test_weight(void **state)
{
	struct flat f;

	(void)state;
	flat_start(&f, NULL);
	hold(&f.t, &f.n[0], "cpus:20", "");
	hold(&f.t, &f.n[1], "cpus:20", "");
	hold(&f.t, &f.n[2], "cpus:10", "");
	hold(&f.t, &f.n[3], "cpus:10", "");
	share_weight_set(&f.t, &f.n[1], 3000);
	share_weight_set(&f.t, &f.n[2], 100);
	share_settle(&f.t);
	assert_order(&f.t.root, "b d a c");
	flat_stop(&f);
}

static void test_excluded_and_missing(void **state)
{
	struct flat f;

	(void)state;
	flat_start(&f, "gpus,cpus");
	hold(&f.t, &f.n[0], "cpus:90", "");
	hold(&f.t, &f.n[1], "mem:1", "");
	hold(&f.t, &f.n[2], "disk:1", ""); /* the cluster has none */
	share_settle(&f.t);
	assert_order(&f.t.root, "d a c b");
	flat_stop(&f);
}

static void test_totals_change_the_order(void **state)
{
	struct flat f;

	(void)state;
	flat_start(&f, NULL);
	hold(&f.t, &f.n[0], "cpus:10", "");
	hold(&f.t, &f.n[1], "mem:50", "");
	share_settle(&f.t);
	assert_order(&f.t.root, "c d b a");
	total(&f.t, "cpus:900", "");
	share_settle(&f.t);
	assert_order(&f.t.root, "c d a b");
	flat_stop(&f);
}

static void test_unlisted_are_left_out(void **state)
{
	struct flat f;

	(void)state;
	flat_start(&f, NULL);
	share_unlist(&f.t, &f.n[1]);
	hold(&f.t, &f.n[1], "cpus:1", "");
	hold(&f.t, &f.n[0], "cpus:2", "");
	share_settle(&f.t);
	assert_order(&f.t.root, "c d a");
	share_list(&f.t, &f.n[1]);
	share_settle(&f.t);
	assert_order(&f.t.root, "c d b a");
	flat_stop(&f);
}

static void test_huge_amounts(void **state)
{
	struct flat f;

	(void)state;
	flat_start(&f, NULL);
	total(&f.t, "cpus:9000000000000000", "");
	hold(&f.t, &f.n[0], "cpus:8000000000000000", "");
	hold(&f.t, &f.n[1], "cpus:4000000000000000", "");
	share_settle(&f.t);
	assert_order(&f.t.root, "c d b a");
	assert_int_equal(share_ppm(&f.t, &f.n[1]), 444444);
	/* Agents left: more is held than there is. */
	total(&f.t, "", "cpus:9000000000000000");
	share_settle(&f.t);
	assert_order(&f.t.root, "c d b a");
	assert_int_equal(share_ppm(&f.t, &f.n[0]), INT64_MAX);
	flat_stop(&f);
}

/* root: a { ., x, y }, b; clients below. */
static void test_tree(void **state)
{
	struct share_node a, leaf, x, y, b, own, cx, cy, cb;
	struct share_node *all[] = { &own, &cx, &cy, &cb, &leaf, &x, &y, &a,
		&b };
	struct share_tree t;
	size_t i;

	(void)state;
	share_init(&t, NULL);
	total(&t, "cpus:100", "");
	share_node_init(&a, SHARE_ROLE, NULL, "a", &t.root);
	share_node_init(&b, SHARE_LEAF, NULL, "b", &t.root);
	share_node_init(&leaf, SHARE_LEAF, NULL, ".", &a);
	share_node_init(&x, SHARE_LEAF, NULL, "x", &a);
	share_node_init(&y, SHARE_LEAF, NULL, "y", &a);
	share_node_init(&own, SHARE_CLIENT, NULL, "own", &leaf);
	share_node_init(&cx, SHARE_CLIENT, NULL, "cx", &x);
	share_node_init(&cy, SHARE_CLIENT, NULL, "cy", &y);
	share_node_init(&cb, SHARE_CLIENT, NULL, "cb", &b);
	assert_order(&t.root, ""); /* nobody can be given anything */
	share_list(&t, &cy);
	share_list(&t, &cb);
	assert_order(&t.root, "a b");
	assert_order(&a, "y");
	share_list(&t, &own);
	share_list(&t, &cx);
	assert_order(&a, ". x y");
	hold(&t, &own, "cpus:5", "");
	hold(&t, &cx, "cpus:1", "");
	hold(&t, &cb, "cpus:4", "");
	share_settle(&t);
	assert_order(&t.root, "b a");
	assert_order(&a, "y x .");
	assert_true(share_before(&cb, &cy));
	assert_true(share_before(&cy, &cx));
	assert_true(share_before(&cx, &own));
	assert_false(share_before(&own, &cb));
	share_check(&t);
	share_unlist(&t, &cb);
	assert_order(&t.root, "a");
	for (i = 0; i < ARRAY_LEN(all); i++) {
		share_unlist(&t, all[i]);
		share_node_fini(&t, all[i]);
	}
	share_fini(&t);
}

/* Against sorting by exact fractions. */
static bool is_before(const struct share_node *a, const struct share_node *b)
{
	unsigned __int128 x, y;

	x = (unsigned __int128)share_amount_get(&a->held, 0) *
		(uint64_t)b->weight_milli;
	y = (unsigned __int128)share_amount_get(&b->held, 0) *
		(uint64_t)a->weight_milli;
	if (x != y)
		return x < y;
	if (a->count != b->count)
		return a->count < b->count;
	return strcmp(a->name, b->name) < 0;
}

#define MANY 40

static void test_random_order_is_exact(void **state)
{
	static struct share_node n[MANY];
	static char name[MANY][8];
	struct share_tree t;
	struct prng p;
	size_t i, step;

	(void)state;
	prng_init(&p, 7);
	share_init(&t, NULL);
	total(&t, "cpus:1000", "");
	for (i = 0; i < MANY; i++) {
		snprintf(name[i], sizeof(name[i]), "n%zu", i);
		share_node_init(&n[i], SHARE_CLIENT, NULL, name[i], &t.root);
	}
	for (step = 0; step < 20000; step++) {
		struct share_node *c = &n[prng_below(&p, MANY)];
		struct share_amount m = { 0 };
		__int128 milli = (__int128)prng_below(&p, 50);

		switch (prng_below(&p, 8)) {
		case 0:
			share_list(&t, c);
			break;
		case 1:
			if (prng_below(&p, 4) == 0)
				share_unlist(&t, c);
			break;
		case 2:
			share_weight_set(
				&t, c, 1 + (int64_t)prng_below(&p, 5) * 700);
			break;
		case 3:
			if (prng_below(&p, 20) == 0)
				total(&t, "cpus:1", "");
			break;
		default:
			m = (struct share_amount){ &milli, 1, 1 };
			if (share_amount_get(&c->held, 0) > milli &&
				prng_below(&p, 2) == 0)
				share_held_change(&t, c, NULL, &m, false);
			else
				share_held_change(&t, c, &m, NULL, true);
		}
		if (prng_below(&p, 3) != 0)
			continue;
		share_settle(&t);
		share_check(&t);
		for (i = 1; i < t.root.n_children; i++)
			assert_true(is_before(
				t.root.children[i - 1], t.root.children[i]));
	}
	for (i = 0; i < MANY; i++) {
		share_unlist(&t, &n[i]);
		share_node_fini(&t, &n[i]);
	}
	share_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_is_share_count_name),
		cmocka_unit_test(test_equal_fractions_are_equal),
		cmocka_unit_test(test_weight),
		cmocka_unit_test(test_excluded_and_missing),
		cmocka_unit_test(test_totals_change_the_order),
		cmocka_unit_test(test_unlisted_are_left_out),
		cmocka_unit_test(test_huge_amounts),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_random_order_is_exact),
	};

	return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
