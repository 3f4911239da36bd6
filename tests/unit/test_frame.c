/* Frames: a length and so many bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/frame.h"
#include "common/mem.h"

#define MAX 1000

static void test_round_trip(void **state)
{
	static const size_t sizes[] = { 0, 1, 255, 256, 999, MAX };
	struct buf b = BUF_INIT;
	size_t at = 0;
	char *payload = xcalloc(1, MAX);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		memset(payload, (int)i, sizes[i]);
		frame_add(&b, payload, sizes[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const uint8_t *got = NULL;
		size_t size = 0;
		size_t used = 0;

		memset(payload, (int)i, sizes[i]);
		assert_int_equal(
			frame_next((const uint8_t *)b.data + at, b.size - at,
				MAX, &got, &size, &used, NULL),
			1);
		assert_int_equal(size, sizes[i]);
		assert_int_equal(used, FRAME_HEAD + size);
		assert_memory_equal(got, payload, size);
		at += used;
	}
	assert_int_equal(at, b.size);
	free(payload);
	buf_fini(&b);
}

/* Exactly the bytes that are there are looked at. */
static void test_every_cut(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	frame_add(&b, "hello", 5);
	for (size_t n = 0; n < b.size; n++) {
		uint8_t *part = xmemdup(b.data, n + 1);
		const uint8_t *got;
		size_t size;
		size_t used;

		assert_int_equal(
			frame_next(part, n, MAX, &got, &size, &used, NULL), 0);
		free(part);
	}
	buf_fini(&b);
}

static void test_too_long(void **state)
{
	static const struct {
		uint8_t head[FRAME_HEAD];
		size_t max;
		int ret;
	} table[] = {
		{ { 0, 0, 3, 0xe8 }, MAX, 0 },
		{ { 0, 0, 3, 0xe9 }, MAX, -1 },
		{ { 1, 0, 0, 0 }, MAX, -1 },
		{ { 0xff, 0xff, 0xff, 0xff }, MAX, -1 },
		{ { 0xff, 0xff, 0xff, 0xff }, UINT32_MAX, 0 },
		{ { 0, 0, 0, 1 }, 0, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct err e = { .code = ERR_NONE };
		const uint8_t *got;
		size_t size;
		size_t used;

		assert_int_equal(frame_next(table[i].head, FRAME_HEAD,
					 table[i].max, &got, &size, &used, &e),
			table[i].ret);
		assert_int_equal(
			e.code, table[i].ret < 0 ? ERR_LIMIT : ERR_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
