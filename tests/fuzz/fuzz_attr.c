/* fuzz_attr.c - --attributes: what is read can be printed and read again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/attr.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct Mesos__V1__Attribute **first, **second;
	char *text = xstrndup((const char *)data, size);
	struct buf b = BUF_INIT;
	struct err e;
	struct arena a;
	size_t n, m;

	arena_init(&a);
	if (attr_parse(&first, &n, text, &a, &e) == 0) {
		attr_print(&b, first, n);
		/* Names and texts of a JSON array may have separators. */
		if (text[strspn(text, " \t\n")] == '[' || buf_str(&b)[0] == '[')
			second = first, m = n;
		else
			CHECK(attr_parse(&second, &m, buf_str(&b), &a, &e) ==
				0);
		CHECK(attr_equal(first, n, second, m));
	}
	buf_fini(&b);
	arena_fini(&a);
	free(text);
	return 0;
}
