/* UUIDs, those of a seed, and those of the kernel. */
#include "common/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/io_random.h"
#include "common/prng.h"

static const uint8_t bytes[UUID_SIZE] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
	0x4c, 0xde, 0x8f, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd };
static const char text[] = "01234567-89ab-4cde-8f01-23456789abcd";

static void test_text(void **state)
{
	static const char *const bad[] = { "",
		"01234567-89ab-4cde-8f01-23456789abc",
		"01234567-89ab-4cde-8f01-23456789abcde",
		"01234567089ab-4cde-8f01-23456789abcd",
		"0123456g-89ab-4cde-8f01-23456789abcd",
		"0123456789ab4cde8f0123456789abcd----" };
	uint8_t read[UUID_SIZE] = { 0 };
	char out[UUID_TEXT_SIZE];

	(void)state;
	uuid_format(out, bytes);
	assert_string_equal(out, text);
	assert_true(uuid_parse(read, text));
	assert_memory_equal(read, bytes, UUID_SIZE);
	assert_true(uuid_parse(read, "01234567-89AB-4CDE-8F01-23456789ABCD"));
	assert_memory_equal(read, bytes, UUID_SIZE);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(uuid_parse(read, bad[i]));
	assert_memory_equal(read, bytes, UUID_SIZE);
}

static void test_valid(void **state)
{
	uint8_t u[UUID_SIZE] = { 0 };

	(void)state;
	assert_true(uuid_is_valid(bytes, 16));
	assert_false(uuid_is_valid(bytes, 15));
	assert_false(uuid_is_valid(bytes, 0));
	assert_false(uuid_is_valid(u, 16));
	for (unsigned v = 0; v < 16; v++) {
		u[6] = (uint8_t)(v << 4);
		assert_int_equal(uuid_is_valid(u, 16), v >= 1 && v <= 5);
	}
}

static void test_made(void **state)
{
	char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE], c[UUID_TEXT_SIZE];
	uint8_t u[UUID_SIZE];
	struct prng p;

	(void)state;
	prng_init(&p, 1);
	prng_uuid(&p, a);
	prng_uuid(&p, b);
	prng_init(&p, 1);
	prng_uuid(&p, c);
	assert_string_equal(a, c);
	assert_string_not_equal(a, b);
	assert_true(uuid_parse(u, a));
	assert_true(uuid_is_valid(u, sizeof(u)));
	random_uuid(a);
	random_uuid(b);
	assert_string_not_equal(a, b);
	assert_true(uuid_parse(u, a) && uuid_is_valid(u, sizeof(u)));
	assert_true(random_seed() != random_seed());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_made),
	};

	return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
