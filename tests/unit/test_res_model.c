/*
 * test_res_model.c - random operations on res.h and on a model that is slow and
 * obviously right: the same answers, 100,000 times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/pbjson.h"
#include "common/prng.h"
#include "common/res.h"
#include "lib/res_model.h"

#define STEPS 100000
#define POOL  4

struct pair {
	struct res res;
	struct model model;
};

static struct prng prng;

static bool chance(unsigned percent)
{
	return prng_below(&prng, 100) < percent;
}

static void random_model(struct model *m)
{
	unsigned density = (unsigned)prng_below(&prng, 80);
	int i, j;

	*m = (struct model){ 0 };
	for (i = 0; i < MODEL_SCALARS; i++)
		if (chance(60))
			m->milli[i] = (int64_t)prng_below(&prng, 5000);
	for (i = 0; i < MODEL_RANGES; i++)
		for (j = 0; j < MODEL_NUMBERS; j++)
			m->number[i][j] = chance(density);
	for (i = 0; i < MODEL_ITEMS; i++)
		m->item[i] = chance(density);
	for (i = 0; i < MODEL_MOUNTS; i++)
		m->mounts[i] = chance(30) ? (int)prng_below(&prng, 3) : 0;
	m->copies = chance(30) ? (int)prng_below(&prng, 3) : 0;
}

static void random_pair(struct pair *p)
{
	Mesos__V1__Offer__Operation__Reserve *m;
	struct buf b = BUF_INIT;
	struct err e = { 0 };
	struct arena a;

	arena_init(&a);
	random_model(&p->model);
	buf_add_str(&b, "{\"resources\":");
	model_json(&b, &p->model);
	buf_add_char(&b, '}');
	m = (Mesos__V1__Offer__Operation__Reserve *)pbjson_read(&a,
		&mesos__v1__offer__operation__reserve__descriptor, b.data,
		b.size, &e);
	if (m == NULL ||
		res_from_msgs(&p->res, m->resources, m->n_resources, &e) != 0)
		fail_msg("%s: %s", b.data, e.text);
	buf_fini(&b);
	arena_fini(&a);
}

static void assert_same(const struct pair *p, long step, const char *what)
{
	enum res_form forms[] = { RES_FORM_STACK, RES_FORM_BOTH };
	Mesos__V1__Resource **msgs;
	struct model m;
	struct arena a;
	size_t n;

	arena_init(&a);
	msgs = res_to_msgs(&p->res, &a, forms[step % 2], &n);
	model_read(&m, msgs, n);
	if (!model_same(&m, &p->model))
		fail_msg("step %ld: %s gave %s", step, what,
			res_text(&a, &p->res));
	arena_fini(&a);
}

static void assert_answers(const struct pair *a, const struct pair *b)
{
	assert_int_equal(res_contains(&a->res, &b->res),
		model_contains(&a->model, &b->model));
	assert_int_equal(
		res_equal(&a->res, &b->res), model_same(&a->model, &b->model));
	assert_int_equal(res_sum(&a->res, "cpus"),
		a->model.milli[0] + a->model.milli[1]);
	assert_true(res_contains(&a->res, &a->res));
}

static void test_same_answers(void **state)
{
	struct pair pool[POOL] = { 0 }, *a, *b;
	struct model copy; /* a may be b */
	long step;
	int i;

	(void)state;
	prng_init(&prng, 42);
	for (step = 0; step < STEPS; step++) {
		a = &pool[prng_below(&prng, POOL)];
		b = &pool[prng_below(&prng, POOL)];
		copy = b->model;
		switch (prng_below(&prng, 8)) {
		case 0:
		case 7:
			random_pair(a);
			assert_same(a, step, "reading");
			break;
		case 1:
		case 2:
			res_add(&a->res, &b->res);
			model_add(&a->model, &copy);
			assert_same(a, step, "adding");
			break;
		case 3:
		case 4:
		case 5:
			res_sub(&a->res, &b->res);
			model_sub(&a->model, &copy);
			assert_same(a, step, "subtracting");
			break;
		case 6:
			if (a != b) {
				res_copy(&a->res, &b->res);
				a->model = b->model;
			}
			res_allocate(&a->res, "r");
			res_allocate(&a->res, NULL);
			assert_same(a, step, "copying");
			break;
		default:
			break;
		}
		assert_answers(a, b);
		if (a->model.milli[0] > 1000000 || a->model.copies > 1000)
			random_pair(a);
	}
	for (i = 0; i < POOL; i++)
		res_fini(&pool[i].res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_answers),
	};

	return cmocka_run_group_tests_name("res_model", tests, NULL, NULL);
}
