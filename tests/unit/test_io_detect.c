/* test_io_detect.c - agent/io_detect.h: what is named counts, the rest is found
 * out. */
#include "agent/io_detect.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/err.h"
#include "common/res.h"

#define FOUND INT64_MIN /* any amount over 0 */

static void test_resources(void **state)
{
	static const struct {
		const char *text;
		int64_t cpus, mem, disk, ports; /* thousandths */
	} cases[] = {
		{ "", FOUND, FOUND, FOUND, 1001000 },
		{ "cpus:0.5", 500, FOUND, FOUND, 1001000 },
		{ "cpus:2;mem:100;disk:7;ports:[5-6]", 2000, 100000, 7000,
			2000 },
		{ "cpus(ads):2;mem:64", 2000, 64000, FOUND, 1001000 },
		/* Named, though nothing comes of it. */
		{ "disk:0", FOUND, FOUND, 0, 1001000 },
		{ "[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":3}}]",
			3000, FOUND, FOUND, 1001000 },
	};
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static const char *const names[] = { "cpus", "mem", "disk",
			"ports" };
		const int64_t want[] = { cases[i].cpus, cases[i].mem,
			cases[i].disk, cases[i].ports };
		struct err e = { 0 };
		struct res r;

		res_init(&r);
		assert_int_equal(
			detect_resources(&r, cases[i].text, "*", dir, &e), 0);
		for (k = 0; k < 4; k++) {
			int64_t got = res_sum(&r, names[k]);

			if (want[k] == FOUND)
				assert_true(got > 0);
			else
				assert_int_equal(got, want[k]);
		}
		res_fini(&r);
	}
	(void)close(dir);
}

static void test_bad(void **state)
{
	struct err e = { 0 };
	struct res r;

	(void)state;
	res_init(&r);
	assert_int_equal(detect_resources(&r, "cpus:x:y", "*", -1, &e), -1);
	assert_non_null(strstr(e.text, "--resources"));
	res_fini(&r);
}

static void test_boot_id(void **state)
{
	char a[DETECT_BOOT_ID_SIZE], b[DETECT_BOOT_ID_SIZE];
	struct err e = { 0 };

	(void)state;
	assert_int_equal(detect_boot_id(a, &e), 0);
	assert_int_equal(detect_boot_id(b, &e), 0);
	assert_int_equal(strlen(a), 36);
	assert_string_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_boot_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
