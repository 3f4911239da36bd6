/* test_res.c - the resource algebra, rule by rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/pbjson.h"
#include "common/res.h"
#include "mesos/v1/mesos.pb-c.h"

/* The old form is deprecated, but it is to be written. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static struct res parse(const char *text)
{
	struct res r = RES_INIT;
	struct err e = { 0 };

	if (res_parse(&r, text, "*", &e) != 0)
		fail_msg("'%s': %s", text, e.text);
	return r;
}

static void assert_text(const struct res *r, const char *want)
{
	struct arena a;

	arena_init(&a);
	assert_string_equal(res_text(&a, r), want);
	arena_fini(&a);
}

static void test_parse_prints(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "cpus:24", "cpus:24" },
		{ " cpus : 2 4 ; mem:1024;", "cpus:24; mem:1024" },
		{ "cpus:1.5;cpus:0.25", "cpus:1.75" }, { "cpus:0", "{}" },
		{ "", "{}" }, { "cpus(*):1", "cpus:1" },
		{ "cpus(a):1;cpus:2",
			"cpus(reservations: [(STATIC,a)]):1; cpus:2" },
		{ "cpus( a/b ):1", "cpus(reservations: [(STATIC,a/b)]):1" },
		{ "ports:[5-9,1-2,3-4,20-30]", "ports:[1-9, 20-30]" },
		{ "ports:[1-5, 3-8]", "ports:[1-8]" }, { "ports:[]", "{}" },
		{ "ports:[0-18446744073709551615]",
			"ports:[0-18446744073709551615]" },
		{ "zones:{b,a}", "zones:{a, b}" }, { "cpus:1e2", "cpus:100" },
		{ "cpus:.5", "cpus:0.5" },
		{ "cpus:1.0005", "cpus:1.001" }, /* half away from zero */
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct res r = parse(rows[i].text);

		assert_text(&r, rows[i].want);
		res_fini(&r);
	}
}

static void test_parse_default_role(void **state)
{
	struct res r = RES_INIT;

	(void)state;
	assert_int_equal(res_parse(&r, "cpus:1;mem(*):2", "ops", NULL), 0);
	assert_text(&r, "cpus(reservations: [(STATIC,ops)]):1; mem:2");
	res_fini(&r);
}

static void test_parse_refuses(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "cpus", "at byte 0, 'cpus': there is no ':'" },
		{ "mem:1;cpus:1:2", "at byte 6, 'cpus:1:2': there is a" },
		{ ":1", "the name is missing" },
		{ "cpus:", "the value is missing" },
		{ "cpus:-1", "'-1' is neither" },
		{ "cpus:nan", "'nan' is neither" },
		{ "cpus:inf", "'inf' is neither" },
		{ "cpus:0x10", "'0x10' is neither" },
		{ "cpus:1.2.3", "'1.2.3' is neither" },
		{ "cpus:1e300", "too big" },
		{ "cpus:4e-320", "too small" },
		{ "cpus:0.0004", "less than a thousandth" },
		{ "cpus:abc", "'abc' is neither" },
		{ "cpus(a:1", "pair of parentheses" },
		{ "cpus a):1", "')' without '('" },
		{ "cpus(a)(b):1", "pair of parentheses" },
		{ "cpus():1", "the role is empty" },
		{ "cpus(-a):1", "begins with '-'" },
		{ "cpus:1;cpus:[1-2]", "'cpus' was of another type before" },
		{ "ports:[1-2", "not a list of ranges" },
		{ "ports:[1]", "not a list of ranges" },
		{ "ports:[2-1]", "not a list of ranges" },
		{ "ports:[1-2]x", "not a list of ranges" },
		{ "ports:[1-18446744073709551616]", "not a list of ranges" },
		{ "zones:{a,b", "not a set" },
		{ "zones:{a}b}", "not a set" },
		{ "zones:{a,a}", "'a' is twice in the set" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct res r = RES_INIT;
		struct err e = { 0 };

		if (res_parse(&r, rows[i].text, "*", &e) == 0)
			fail_msg("'%s' was accepted", rows[i].text);
		if (strstr(e.text, rows[i].why) == NULL)
			fail_msg("'%s' gave: %s", rows[i].text, e.text);
		assert_true(res_is_empty(&r));
	}
}

/* a + b, a - b, a contains b, in text. */
static void test_algebra(void **state)
{
	static const struct {
		const char *a, *b, *sum, *difference;
		bool contains;
	} rows[] = {
		{ "cpus:3", "cpus:1", "cpus:4", "cpus:2", true },
		{ "cpus:1", "cpus:3", "cpus:4", "{}", false },
		{ "cpus:1", "mem:1", "cpus:1; mem:1", "cpus:1", false },
		{ "cpus:1", "", "cpus:1", "cpus:1", true },
		{ "", "cpus:1", "cpus:1", "{}", false },
		{ "cpus:0.3", "cpus:0.1", "cpus:0.4", "cpus:0.2", true },
		/* per object: reserved ones don't help */
		{ "cpus(a):2;cpus:2", "cpus:3",
			"cpus(reservations: [(STATIC,a)]):2; cpus:5",
			"cpus(reservations: [(STATIC,a)]):2", false },
		{ "p:[1-10]", "p:[3-4,7-7]", "p:[1-10]", "p:[1-2, 5-6, 8-10]",
			true },
		{ "p:[1-10]", "p:[10-12]", "p:[1-12]", "p:[1-9]", false },
		{ "p:[1-3,7-9]", "p:[2-8]", "p:[1-9]", "p:[1-1, 9-9]", false },
		{ "p:[1-3]", "p:[0-18446744073709551615]",
			"p:[0-18446744073709551615]", "{}", false },
		{ "p:[1-2,4-5]", "p:[3-3]", "p:[1-5]", "p:[1-2, 4-5]", false },
		{ "z:{a,b,c}", "z:{c,a}", "z:{a, b, c}", "z:{b}", true },
		{ "z:{a}", "z:{b}", "z:{a, b}", "z:{a}", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct res a = parse(rows[i].a), b = parse(rows[i].b);
		struct res c = RES_INIT;

		assert_int_equal(res_contains(&a, &b), rows[i].contains);
		res_copy(&c, &a);
		assert_true(res_equal(&c, &a));
		res_add(&c, &b);
		assert_text(&c, rows[i].sum);
		res_sub(&a, &b);
		assert_text(&a, rows[i].difference);
		res_fini(&a);
		res_fini(&b);
		res_fini(&c);
	}
}

static void test_equal_ignores_order(void **state)
{
	struct res a = parse("cpus:1;mem:2;z:{a,b}");
	struct res b = parse("z:{b,a};mem:2;cpus:1");

	(void)state;
	assert_true(res_equal(&a, &b));
	res_fini(&a);
	res_fini(&b);
}

static void test_sum(void **state)
{
	struct res r = parse("cpus:1.5;cpus(a):2;ports:[1-5,8-8];z:{a,b}");

	(void)state;
	assert_int_equal(res_sum(&r, "cpus"), 3500);
	assert_int_equal(res_sum(&r, "ports"), 6000);
	assert_int_equal(res_sum(&r, "z"), 2000);
	assert_int_equal(res_sum(&r, "mem"), 0);
	res_fini(&r);
}

static void test_for_role(void **state)
{
	struct res all = parse("cpus:1;cpus(a):2;cpus(a/b):3;cpus(ab):4");
	static const struct {
		const char *role, *want;
	} rows[] = {
		{ "*", "cpus:1" },
		{ "a", "cpus:1; cpus(reservations: [(STATIC,a)]):2" },
		{ "a/b",
			"cpus:1; cpus(reservations: [(STATIC,a)]):2; "
			"cpus(reservations: [(STATIC,a/b)]):3" },
		{ "ab", "cpus:1; cpus(reservations: [(STATIC,ab)]):4" },
	};
	struct res part = RES_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		res_for_role(&part, &all, rows[i].role);
		assert_text(&part, rows[i].want);
	}
	res_unreserved(&part, &all);
	assert_text(&part, "cpus:1");
	res_fini(&part);
	res_fini(&all);
}

static void test_allocate(void **state)
{
	struct res a = parse("cpus:1;mem:2"), b = parse("cpus:1");

	(void)state;
	res_allocate(&a, "dev");
	assert_text(&a, "cpus(allocated: dev):1; mem(allocated: dev):2");
	assert_false(res_contains(&a, &b));
	res_add(&a, &b);
	res_allocate(&a, NULL);
	assert_text(&a, "cpus:2; mem:2");
	res_fini(&a);
	res_fini(&b);
}

static void test_messages_round_trip(void **state)
{
	struct res a = parse("cpus:1.5;mem(a/b):2;ports:[1-5,9-9];z:{x,y}");
	enum res_form forms[] = { RES_FORM_STACK, RES_FORM_OLD, RES_FORM_BOTH };
	size_t i;

	(void)state;
	res_allocate(&a, "a/b/c");
	for (i = 0; i < ARRAY_LEN(forms); i++) {
		struct res back = RES_INIT;
		struct err e = { 0 };
		struct arena arena;
		Mesos__V1__Resource **msgs;
		size_t n;

		arena_init(&arena);
		msgs = res_to_msgs(&a, &arena, forms[i], &n);
		if (res_from_msgs(&back, msgs, n, &e) != 0)
			fail_msg("%s", e.text);
		assert_true(res_equal(&a, &back));
		res_fini(&back);
		arena_fini(&arena);
	}
	res_fini(&a);
}

/* --- messages ------------------------------------------------------------ */

/* Resources of a JSON array, as a framework would send them. */
static int read_json(struct res *to, const char *text, struct err *e)
{
	Mesos__V1__Offer__Operation__Reserve *m;
	struct buf b = BUF_INIT;
	struct arena a;
	int rc;

	arena_init(&a);
	buf_printf(&b, "{\"resources\":%s}", text);
	m = (Mesos__V1__Offer__Operation__Reserve *)pbjson_read(&a,
		&mesos__v1__offer__operation__reserve__descriptor, b.data,
		b.size, e);
	if (m == NULL)
		fail_msg("%s: %s", text, e->text);
	rc = res_from_msgs(to, m->resources, m->n_resources, e);
	buf_fini(&b);
	arena_fini(&a);
	return rc;
}

static struct res json(const char *text)
{
	struct res r = RES_INIT;
	struct err e = { 0 };

	if (read_json(&r, text, &e) != 0)
		fail_msg("%s: %s", text, e.text);
	return r;
}

#define SCALAR(name, value) \
	"\"name\":\"" name  \
	"\",\"type\":\"SCALAR\",\"scalar\":{\"value\":" value "}"
#define CPUS		"{" SCALAR("cpus", "1")
#define DISK(size)	"{" SCALAR("disk", size)
#define RESERVED(stack) ",\"reservations\":[" stack "]"
#define STATIC_(role)	"{\"type\":\"STATIC\",\"role\":\"" role "\"}"
#define DYNAMIC(role)	"{\"type\":\"DYNAMIC\",\"role\":\"" role "\"}"
#define SOURCE(type, rest) \
	",\"disk\":{\"source\":{\"type\":\"" type "\"" rest "}}}"
#define VOLUME(id, path)                                              \
	",\"disk\":{\"persistence\":{\"id\":\"" id "\"},\"volume\":{" \
	"\"container_path\":\"" path "\",\"mode\":\"RW\"}}"

static void test_messages_print(void **state)
{
	static const struct {
		const char *json, *want;
	} rows[] = {
		{ "[" CPUS "}]", "cpus:1" },
		{ "[" CPUS ",\"role\":\"*\"}]", "cpus:1" },
		{ "[" CPUS ",\"role\":\"a\"}]",
			"cpus(reservations: [(STATIC,a)]):1" },
		{ "[" CPUS ",\"role\":\"a\",\"reservation\":{"
		  "\"principal\":\"p\",\"labels\":{\"labels\":"
		  "[{\"key\":\"k\",\"value\":\"v\"},{\"key\":\"x\"}]}}}]",
			"cpus(reservations: [(DYNAMIC,a,p,{k: v, x})]):1" },
		{ "[" CPUS RESERVED(STATIC_("a")) "}]",
			"cpus(reservations: [(STATIC,a)]):1" },
		/* both forms, consistent */
		{ "[" CPUS RESERVED(STATIC_("a")) ",\"role\":\"a\"}]",
			"cpus(reservations: [(STATIC,a)]):1" },
		{ "[" CPUS RESERVED(STATIC_("a") "," DYNAMIC("a/b/c")) "}]",
			"cpus(reservations: [(STATIC,a),(DYNAMIC,a/b/c)]):1" },
		{ "[" CPUS ",\"revocable\":{},\"allocation_info\":"
		  "{\"role\":\"r\"}}]",
			"cpus(allocated: r){REV}:1" },
		{ "[" DISK("5") SOURCE(
			  "PATH", ",\"path\":{\"root\":\"/d\"}") "]",
			"disk[PATH:/d]:5" },
		{ "[" DISK("5") RESERVED(DYNAMIC("a"))
				VOLUME("v1", "data") "}]",
			"disk(reservations: [(DYNAMIC,a)])[v1:data]:5" },
		{ "[" DISK("5") RESERVED(DYNAMIC("a"))
				VOLUME("v1", "data") ",\"shared\":{}}]",
			"disk(reservations: [(DYNAMIC,a)])[v1:data]<SHARED>:5<1>" },
		{ "[" CPUS "},{" SCALAR("cpus", "0") "}]", "cpus:1" },
		{ "[{\"name\":\"z\",\"type\":\"SET\",\"set\":{\"item\":"
		  "[\"b\",\"a\"]}}]",
			"z:{a, b}" },
		{ "[{\"name\":\"p\",\"type\":\"RANGES\",\"ranges\":{\"range\":"
		  "[{\"begin\":3,\"end\":4},{\"begin\":1,\"end\":2}]}}]",
			"p:[1-4]" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct res r = json(rows[i].json);

		assert_text(&r, rows[i].want);
		res_fini(&r);
	}
}

/* What makes a resource invalid. */
static const struct refusal {
	const char *json, *why;
} refusals[] = {
	{ "[{" SCALAR("", "1") "}]", "the name is missing" },
	{ "[{\"name\":\"x\",\"type\":\"TEXT\"}]", "type must be" },
	{ "[{\"name\":\"x\",\"type\":\"SCALAR\"}]", "have a scalar" },
	{ "[{\"name\":\"x\",\"type\":\"SET\",\"scalar\":{\"value\":1}}]",
		"have a set" },
	{ "[" CPUS ",\"set\":{}}]", "no other value" },
	{ "[" CPUS "},{" SCALAR("cpus", "-1") "}]",
		"resources[1] ('cpus'): the amount is negative" },
	{ "[{" SCALAR("cpus", "0.0001") "}]", "a thousandth" },
	{ "[{" SCALAR("cpus", "1e30") "}]", "too big" },
	{ "[{" SCALAR("cpus", "\"Infinity\"") "}]", "not finite" },
	{ "[{" SCALAR("gpus", "1.5") "}]", "a whole number" },
	{ "[{\"name\":\"p\",\"type\":\"RANGES\",\"ranges\":{\"range\":"
	  "[{\"begin\":3,\"end\":2}]}}]",
		"ends before it begins" },
	{ "[{\"name\":\"p\",\"type\":\"RANGES\",\"ranges\":{\"range\":"
	  "[{\"begin\":1,\"end\":3},{\"begin\":3,\"end\":4}]}}]",
		"overlap" },
	{ "[{\"name\":\"p\",\"type\":\"RANGES\",\"ranges\":{\"range\":["
	  "{\"begin\":0,\"end\":18446744073709551615},"
	  "{\"begin\":0,\"end\":18446744073709551615}]}}]",
		"overlap" },
	{ "[{\"name\":\"z\",\"type\":\"SET\",\"set\":{\"item\":"
	  "[\"a\",\"a\"]}}]",
		"twice" },
	{ "[" CPUS ",\"role\":\"a//b\"}]", "slash" },
	{ "[" CPUS ",\"reservation\":{}}]", "other than '*'" },
	{ "[" CPUS ",\"role\":\"a\",\"reservation\":{\"role\":\"a\"}}]",
		"may not have a type or a role" },
	{ "[" CPUS RESERVED("{\"role\":\"a\"}") "}]", "STATIC or DYNAMIC" },
	{ "[" CPUS RESERVED("{\"type\":\"UNKNOWN\",\"role\":\"a\"}") "}]",
		"STATIC or DYNAMIC" },
	{ "[" CPUS RESERVED("{\"type\":\"STATIC\"}") "}]", "no role" },
	{ "[" CPUS RESERVED(STATIC_("*")) "}]", "may not be '*'" },
	{ "[" CPUS RESERVED(STATIC_("a") "," STATIC_("a/b")) "}]",
		"must be DYNAMIC" },
	{ "[" CPUS RESERVED(STATIC_("a") "," DYNAMIC("a")) "}]",
		"no ancestor" },
	{ "[" CPUS RESERVED(STATIC_("a") "," DYNAMIC("b/c")) "}]",
		"no ancestor" },
	{ "[" CPUS RESERVED(STATIC_("a") "," DYNAMIC("ab")) "}]",
		"no ancestor" },
	{ "[" CPUS RESERVED(STATIC_("a")) ",\"role\":\"b\"}]",
		"different roles" },
	{ "[" CPUS RESERVED(DYNAMIC("a")) ",\"role\":\"a\"}]",
		"differ in being dynamic" },
	{ "[" CPUS RESERVED(
		  STATIC_("a") "," DYNAMIC("a/b")) ",\"role\":\"a/b\"}]",
		"can't stand beside" },
	{ "[" CPUS VOLUME("v", "d") "}]", "only a resource named 'disk'" },
	{ "[" DISK("1") ",\"disk\":{}}]", "disk info is empty" },
	{ "[" DISK("1") VOLUME("v", "d") "}]", "must be reserved" },
	{ "[" DISK("1") RESERVED(STATIC_("a"))
			VOLUME("v", "d") ",\"revocable\":{}}]",
		"can't be revocable" },
	{ "[" DISK("1") RESERVED(STATIC_("a")) VOLUME("a/b", "d") "}]",
		"persistence id 'a/b' has a '/'" },
	{ "[" DISK("1") RESERVED(
		  STATIC_("a")) ",\"disk\":{\"persistence\":{\"id\":\"v\"}}}]",
		"needs a volume" },
	{ "[" DISK("1") ",\"disk\":{\"volume\":{\"container_path\":"
			"\"d\",\"mode\":\"RW\"}}}]",
		"needs a persistence" },
	{ "[" DISK("1") RESERVED(STATIC_(
		  "a")) ",\"disk\":{\"persistence\":{\"id\":\"v\"},\"volume\":{"
			"\"container_path\":\"d\",\"mode\":\"RW\","
			"\"host_path\":\"/\"}}}]",
		"no host_path" },
	{ "[" DISK("1") SOURCE("UNKNOWN", "") "]", "type is unknown" },
	{ "[" DISK("1") SOURCE("BLOCK", ",\"path\":{}") "]",
		"not of its type" },
	{ "[" DISK("1") SOURCE("RAW", ",\"mount\":{}") "]", "not of its type" },
	{ "[" CPUS ",\"shared\":{}}]", "only persistent" },
	{ "[" CPUS RESERVED(DYNAMIC("a")) ",\"revocable\":{}}]",
		"dynamically reserved" },
};

static void test_messages_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(refusals); i++) {
		struct res r = RES_INIT;
		struct err e = { 0 };

		if (read_json(&r, refusals[i].json, &e) == 0)
			fail_msg("%s was accepted", refusals[i].json);
		if (strstr(e.text, refusals[i].why) == NULL)
			fail_msg("%s gave: %s", refusals[i].json, e.text);
		assert_true(res_is_empty(&r));
	}
}

/* Which differences make another kind. Both are added; one
 * object is left if they are the same. */
static const struct identity {
	const char *a, *b;
	size_t n;
} identities[] = {
	{ CPUS "}", CPUS "}", 1 },
	{ CPUS "}", CPUS ",\"revocable\":{}}", 2 },
	{ CPUS "}", CPUS ",\"allocation_info\":{\"role\":\"a\"}}", 2 },
	{ CPUS "}", CPUS ",\"provider_id\":{\"value\":\"p\"}}", 2 },
	{ CPUS RESERVED(STATIC_("a")) "}", CPUS RESERVED(DYNAMIC("a")) "}", 2 },
	{ CPUS ",\"role\":\"a\"}", CPUS RESERVED(STATIC_("a")) "}", 1 },
	{ CPUS RESERVED("{\"type\":\"DYNAMIC\",\"role\":\"a\","
			"\"principal\":\"p\"}") "}",
		CPUS RESERVED(DYNAMIC("a")) "}", 2 },
	/* labels: order doesn't matter, presence and count do */
	{ CPUS RESERVED("{\"type\":\"DYNAMIC\",\"role\":\"a\","
			"\"labels\":{\"labels\":[{\"key\":\"k\"},"
			"{\"key\":\"l\",\"value\":\"v\"}]}}") "}",
		CPUS RESERVED("{\"type\":\"DYNAMIC\",\"role\":\"a\","
			      "\"labels\":{\"labels\":[{\"key\":\"l\","
			      "\"value\":\"v\"},{\"key\":\"k\"}]}}") "}",
		1 },
	{ CPUS RESERVED("{\"type\":\"DYNAMIC\",\"role\":\"a\","
			"\"labels\":{}}") "}",
		CPUS RESERVED(DYNAMIC("a")) "}", 2 },
	/* disks */
	{ DISK("1") "}", DISK("1") SOURCE("PATH", ""), 2 },
	{ DISK("1") SOURCE("PATH", ",\"path\":{\"root\":\"/a\"}"),
		DISK("1") SOURCE("PATH", ",\"path\":{\"root\":\"/a\"}"), 1 },
	{ DISK("1") SOURCE("PATH", ",\"path\":{\"root\":\"/a\"}"),
		DISK("1") SOURCE("PATH", ",\"path\":{\"root\":\"/b\"}"), 2 },
	{ DISK("1") SOURCE("MOUNT", ",\"mount\":{\"root\":\"/a\"}"),
		DISK("1") SOURCE("MOUNT", ",\"mount\":{\"root\":\"/a\"}"), 2 },
	{ DISK("1") SOURCE("BLOCK", ""), DISK("1") SOURCE("BLOCK", ""), 2 },
	{ DISK("1") SOURCE("RAW", ""), DISK("1") SOURCE("RAW", ""), 1 },
	{ DISK("1") SOURCE("RAW", ",\"id\":\"i\""),
		DISK("1") SOURCE("RAW", ",\"id\":\"i\""), 2 },
	{ DISK("1") SOURCE("RAW", ",\"profile\":\"fast\""),
		DISK("1") SOURCE("RAW", ",\"profile\":\"slow\""), 2 },
	{ DISK("1") RESERVED(STATIC_("a")) VOLUME("v", "d") "}",
		DISK("1") RESERVED(STATIC_("a")) VOLUME("v", "d") "}", 2 },
	/* shared copies of one volume merge; of another size not */
	{ DISK("1") RESERVED(STATIC_("a")) VOLUME("v", "d") ",\"shared\":{}}",
		DISK("1") RESERVED(STATIC_("a"))
			VOLUME("v", "other") ",\"shared\":{}}",
		1 },
	{ DISK("1") RESERVED(STATIC_("a")) VOLUME("v", "d") ",\"shared\":{}}",
		DISK("2") RESERVED(STATIC_("a"))
			VOLUME("v", "d") ",\"shared\":{}}",
		2 },
};

static void test_identity(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(identities); i++) {
		struct buf b = BUF_INIT;
		struct res r;

		buf_printf(&b, "[%s,%s]", identities[i].a, identities[i].b);
		r = json(b.data);
		if (r.n != identities[i].n)
			fail_msg("%s: %zu objects", b.data, r.n);
		buf_fini(&b);
		res_fini(&r);
	}
}

#define MOUNT(size) DISK(size) SOURCE("MOUNT", ",\"mount\":{\"root\":\"/m\"}")
#define PVOL(size)  DISK(size) RESERVED(STATIC_("a")) VOLUME("v", "d")

/* a - b, and whether a contains b. */
static const struct whole {
	const char *a, *b;
	bool contains;
	size_t left;
} wholes[] = {
	{ MOUNT("10"), MOUNT("10"), true, 0 },
	{ MOUNT("10"), MOUNT("5"), false, 1 },
	{ MOUNT("10"), MOUNT("10") "," MOUNT("10"), false, 0 },
	{ MOUNT("10") "," MOUNT("10"), MOUNT("10"), true, 1 },
	{ MOUNT("10") "," MOUNT("10"), MOUNT("10") "," MOUNT("10"), true, 0 },
	{ PVOL("10") "}", PVOL("10") "}", true, 0 },
	{ PVOL("10") "}", PVOL("5") "}", false, 1 },
	{ PVOL("10") "}", PVOL("10") "}," PVOL("10") "}", false, 0 },
	/* the container path is not compared */
	{ PVOL("10") "}",
		DISK("10") RESERVED(STATIC_("a")) VOLUME("v", "e") "}", true,
		0 },
	{ DISK("10") RESERVED(STATIC_("a")) "}", PVOL("10") "}", false, 1 },
	/* copies */
	{ PVOL("10") ",\"shared\":{}}," PVOL("10") ",\"shared\":{}}",
		PVOL("10") ",\"shared\":{}}", true, 1 },
	{ PVOL("10") ",\"shared\":{}}",
		PVOL("10") ",\"shared\":{}}," PVOL("10") ",\"shared\":{}}",
		false, 0 },
	{ PVOL("10") "}", PVOL("10") ",\"shared\":{}}", false, 1 },
};

static void test_indivisible(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(wholes); i++) {
		struct buf text = BUF_INIT;
		struct res a, b;

		buf_printf(&text, "[%s]", wholes[i].a);
		a = json(text.data);
		buf_clear(&text);
		buf_printf(&text, "[%s]", wholes[i].b);
		b = json(text.data);
		if (res_contains(&a, &b) != wholes[i].contains)
			fail_msg("row %zu: contains", i);
		res_sub(&a, &b);
		if (a.n != wholes[i].left)
			fail_msg("row %zu: %zu left", i, a.n);
		buf_fini(&text);
		res_fini(&a);
		res_fini(&b);
	}
}

/* Where doubles have no thousandths left, whole numbers are still exact. */
static void test_huge_round_trip(void **state)
{
	struct res a = parse("mem:211111111138148;disk:9000000000000001");
	struct res back = RES_INIT;
	struct arena arena;
	Mesos__V1__Resource **msgs;
	size_t n;

	(void)state;
	arena_init(&arena);
	assert_int_equal(res_sum(&a, "mem"), 211111111138148000);
	assert_int_equal(res_sum(&a, "disk"), 9000000000000001000);
	msgs = res_to_msgs(&a, &arena, RES_FORM_STACK, &n);
	assert_int_equal(res_from_msgs(&back, msgs, n, NULL), 0);
	assert_true(res_equal(&a, &back));
	res_fini(&back);
	res_fini(&a);
	arena_fini(&arena);
}

static void test_disks_round_trip(void **state)
{
	static const char text[] = "[" PVOL("10") ",\"shared\":{}}," PVOL(
		"10") ",\"shared\":{}}," DISK("1") SOURCE("MOUNT",
		",\"mount\":{\"root\":\"/m\"},"
		"\"vendor\":\"v\",\"id\":\"i\",\"profile\":\"p\","
		"\"metadata\":{\"labels\":[{\"key\":\"k\"}]}") "," DISK("2")
		SOURCE("PATH", ",\"path\":{}") "," CPUS RESERVED(
			"{\"type\":\"DYNAMIC\",\"role\":\"a\","
			"\"principal\":\"p\",\"labels\":{\"labels\":[]}}") ",\"provider_id\":{\"value\":\"x\"}}]";
	enum res_form forms[] = { RES_FORM_STACK, RES_FORM_OLD, RES_FORM_BOTH };
	struct res a = json(text), back = RES_INIT;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(forms); i++) {
		struct arena arena;
		struct err e = { 0 };
		Mesos__V1__Resource **msgs;

		arena_init(&arena);
		msgs = res_to_msgs(&a, &arena, forms[i], &n);
		assert_int_equal(n, 5); /* a message per copy */
		if (res_from_msgs(&back, msgs, n, &e) != 0)
			fail_msg("%s", e.text);
		assert_true(res_equal(&a, &back));
		assert_int_equal(msgs[0]->disk->volume->mode,
			MESOS__V1__VOLUME__MODE__RW);
		arena_fini(&arena);
	}
	res_fini(&a);
	res_fini(&back);
}

static void test_old_form_is_written(void **state)
{
	struct res a = parse("cpus:1;mem(r):2");
	struct arena arena;
	Mesos__V1__Resource **m;
	size_t n;

	(void)state;
	arena_init(&arena);
	m = res_to_msgs(&a, &arena, RES_FORM_OLD, &n);
	assert_string_equal(m[0]->role, "*");
	assert_string_equal(m[1]->role, "r");
	assert_int_equal(m[1]->n_reservations, 0);
	m = res_to_msgs(&a, &arena, RES_FORM_STACK, &n);
	assert_ptr_equal(m[1]->role, mesos__v1__resource__role__default_value);
	assert_int_equal(m[1]->n_reservations, 1);
	m = res_to_msgs(&a, &arena, RES_FORM_BOTH, &n);
	assert_string_equal(m[1]->role, "r");
	assert_int_equal(m[1]->n_reservations, 1);
	res_fini(&a);
	arena_fini(&arena);
}

/* --resources as JSON. */
static void test_parse_json(void **state)
{
	static const struct {
		const char *text, *role, *want, *why;
	} rows[] = {
		{ "[]", "*", "{}", NULL },
		{ " [" CPUS "}]\n", "*", "cpus:1", NULL },
		{ "[" CPUS "},{" SCALAR("mem", "2") ",\"role\":\"a\"}]", "ops",
			"cpus(reservations: [(STATIC,ops)]):1; "
			"mem(reservations: [(STATIC,a)]):2",
			NULL },
		{ "[" MOUNT("7") "]", "*", "disk[MOUNT:/m]:7", NULL },
		{ "[" PVOL("7") "}]", "*", NULL, "is a persistent volume" },
		{ "[" CPUS ",\"revocable\":{}}]", "*", NULL, "is revocable" },
		{ "[" CPUS RESERVED(DYNAMIC("a")) "}]", "*", NULL,
			"is dynamically reserved" },
		{ "[" CPUS RESERVED(STATIC_("a") "," DYNAMIC("a/b")) "}]", "*",
			NULL, "is reserved twice" },
		{ "[" CPUS "}", "*", NULL, "one JSON array" },
		{ "[" CPUS "}],\"source\":[]", "*", NULL, "one JSON array" },
		{ "[{\"name\":\"]\\\"\"}]", "*", NULL, "type" },
		{ "[{\"name\":1]", "*", NULL, "" },
		{ "[" CPUS "},{\"name\":\"cpus\",\"type\":\"SET\",\"set\":"
		  "{\"item\":[\"a\"]}}]",
			"*", NULL, "another type" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct res r = RES_INIT;
		struct err e = { 0 };
		int rc = res_parse(&r, rows[i].text, rows[i].role, &e);

		if (rows[i].want != NULL && rc != 0)
			fail_msg("%s: %s", rows[i].text, e.text);
		if (rows[i].want == NULL &&
			(rc == 0 || strstr(e.text, rows[i].why) == NULL))
			fail_msg("%s: %d %s", rows[i].text, rc, e.text);
		if (rows[i].want != NULL)
			assert_text(&r, rows[i].want);
		res_fini(&r);
	}
}

static bool keep_big(const struct res_object *o, void *ctx)
{
	(void)ctx;
	return res_object_is_scalar(o) && res_object_milli(o) > 1500;
}

static void test_filter(void **state)
{
	struct res all = parse("cpus:1;mem:2;p:[1-9]"), some = parse("x:1");

	(void)state;
	res_filter(&some, &all, keep_big, NULL);
	assert_text(&some, "mem:2");
	assert_string_equal(res_object_name(some.objects[0]), "mem");
	assert_null(res_object_role(some.objects[0]));
	res_move(&some, &all);
	assert_true(res_is_empty(&all));
	assert_int_equal(some.n, 3);
	res_clear(&some);
	assert_true(res_is_empty(&some));
	res_fini(&some);
}

static void test_huge_amounts_saturate(void **state)
{
	struct res a = parse("cpus:9000000000000000"), b = RES_INIT;

	(void)state;
	res_copy(&b, &a);
	res_add(&b, &a);
	assert_int_equal(res_sum(&b, "cpus"), INT64_MAX);
	assert_false(res_contains(&a, &b));
	res_add(&b, &b);
	assert_int_equal(res_sum(&b, "cpus"), INT64_MAX);
	res_sub(&b, &b);
	assert_true(res_is_empty(&b));
	res_fini(&a);
	res_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_prints),
		cmocka_unit_test(test_parse_default_role),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_algebra),
		cmocka_unit_test(test_equal_ignores_order),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_for_role),
		cmocka_unit_test(test_allocate),
		cmocka_unit_test(test_messages_round_trip),
		cmocka_unit_test(test_messages_print),
		cmocka_unit_test(test_messages_refused),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_indivisible),
		cmocka_unit_test(test_huge_round_trip),
		cmocka_unit_test(test_disks_round_trip),
		cmocka_unit_test(test_old_form_is_written),
		cmocka_unit_test(test_parse_json),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_huge_amounts_saturate),
	};

	return cmocka_run_group_tests_name("res", tests, NULL, NULL);
}
