/* The heap against a plain list, and ties in the order of entry. */
#include "common/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "dies.h"

#define N 500

struct thing {
	int id;
	struct heap_node due;
};

static struct thing things[N];

/* xorshift; the seed is fixed, so a failure can be had again. */
static uint32_t rnd(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static const struct heap_node *slow_min(void)
{
	const struct heap_node *min = NULL;

	for (int i = 0; i < N; i++) {
		const struct heap_node *n = &things[i].due;

		if (heap_has(n) &&
			(min == NULL || n->key < min->key ||
				(n->key == min->key && n->order < min->order)))
			min = n;
	}
	return min;
}

static void test_like_a_list(void **state)
{
	struct heap h;
	size_t count = 0;

	(void)state;
	memset(things, 0, sizeof(things));
	heap_init(&h);
	assert_null(heap_min(&h));
	for (int step = 0; step < 20000; step++) {
		struct heap_node *n = &things[rnd() % N].due;
		uint64_t key = rnd() % 50;

		if (!heap_has(n)) {
			heap_add(&h, n, key);
			count++;
		} else if (rnd() % 2 == 0) {
			heap_update(&h, n, key);
		} else {
			heap_remove(&h, n);
			count--;
		}
		assert_int_equal(h.n, count);
		assert_ptr_equal(heap_min(&h), slow_min());
	}
	heap_fini(&h);
	assert_null(heap_min(&h));
}

static void test_ties_leave_in_order(void **state)
{
	struct heap h;

	(void)state;
	memset(things, 0, sizeof(things));
	heap_init(&h);
	for (int i = 0; i < N; i++) {
		things[i].id = i;
		heap_add(&h, &things[i].due, 7);
	}
	for (int i = 0; i < N; i++) {
		struct heap_node *n = heap_min(&h);

		assert_int_equal(HEAP_OWNER(n, struct thing, due)->id, i);
		heap_remove(&h, n);
		assert_false(heap_has(n));
		heap_remove(&h, n); /* not in: nothing happens */
	}
	assert_null(heap_min(&h));
	heap_fini(&h);
}

static void add_twice(void *arg)
{
	heap_add(arg, &things[0].due, 1);
}

static void remove_from_another(void *arg)
{
	struct heap other;

	(void)arg;
	heap_init(&other);
	heap_remove(&other, &things[0].due);
}

static void test_misuse(void **state)
{
	struct heap h;

	(void)state;
	memset(things, 0, sizeof(things));
	heap_init(&h);
	heap_add(&h, &things[0].due, 1);
	assert_true(dies(add_twice, &h));
	assert_true(dies(remove_from_another, NULL));
	heap_fini(&h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_a_list),
		cmocka_unit_test(test_ties_leave_in_order),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
