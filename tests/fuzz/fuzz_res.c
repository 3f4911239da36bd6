/*
 * fuzz_res.c - resources: --resources as text or JSON (first byte even), or
 * messages from a framework. What is read must survive printing, writing and
 * reading back, and its own algebra.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/pbjson.h"
#include "common/res.h"
#include "mesos/v1/mesos.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From 2^43 on the wire's doubles can't hold thousandths. */
static int is_exact(const struct res *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (res_object_is_scalar(r->objects[i]) &&
			(res_object_milli(r->objects[i]) >= (1000ll << 43) ||
				res_object_milli(r->objects[i]) <=
					-(1000ll << 43)))
			return 0;
	return 1;
}

static void try_round_trip(const struct res *r, struct arena *a)
{
	struct Mesos__V1__Resource **msgs;
	struct res back = RES_INIT;
	struct err e;
	size_t n;

	msgs = res_to_msgs(r, a, RES_FORM_BOTH, &n);
	CHECK(res_from_msgs(&back, msgs, n, &e) == 0);
	if (!is_exact(r)) {
		res_fini(&back);
		return;
	}
	CHECK(res_equal(r, &back));
	res_add(&back, r);
	CHECK(res_contains(&back, r));
	res_sub(&back, r);
	res_allocate(&back, "role");
	res_for_role(&back, r, "a/b");
	CHECK(res_contains(r, &back));
	(void)res_text(a, r);
	res_fini(&back);
}

static int read_messages(
	struct res *r, struct arena *a, const char *text, size_t size)
{
	Mesos__V1__Offer__Operation__Reserve *m;
	struct err e;

	m = (Mesos__V1__Offer__Operation__Reserve *)pbjson_read(a,
		&mesos__v1__offer__operation__reserve__descriptor, text, size,
		&e);
	return m == NULL ? -1
			 : res_from_msgs(r, m->resources, m->n_resources, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct res r = RES_INIT;
	struct arena a;
	struct err e;
	char *text;
	int rc;

	if (size == 0)
		return 0;
	arena_init(&a);
	text = xstrndup((const char *)data + 1, size - 1);
	if (data[0] % 2 == 0)
		rc = res_parse(&r, text, "*", &e);
	else
		rc = read_messages(&r, &a, text, strlen(text));
	if (rc == 0)
		try_round_trip(&r, &a);
	res_fini(&r);
	free(text);
	arena_fini(&a);
	return 0;
}
