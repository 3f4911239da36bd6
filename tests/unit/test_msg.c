/* Protobuf in and out: depth, memory, unknown enums, paths in errors. */
#include "common/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/mem.h"
#include "mesos/v1/agent/agent.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

#define CALL	  &mesos__v1__scheduler__call__descriptor
#define FRAMEWORK &mesos__v1__framework_info__descriptor
#define RESOURCE  &mesos__v1__resource__descriptor

/* From the bytes of a string literal, without its NUL. */
#define UNPACK(type, a, desc, s) \
	MSG_UNPACK(type, (a), (desc), (const uint8_t *)(s), sizeof(s) - 1, NULL)

static void test_errors(void **state)
{
	static const struct {
		const ProtobufCMessageDescriptor *desc;
		const char *data;
		size_t size;
		const char *text;
	} cases[] = {
#define CASE(desc, s, text) { desc, s, sizeof(s) - 1, text }
		CASE(CALL, "\x0a", "Call: is not a protobuf message"),
		CASE(CALL, "\x0b\x0c", "Call: is not a protobuf message"),
		CASE(CALL, "\x00\x00", "Call: is not a protobuf message"),
		CASE(CALL, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
			"Call: is not a protobuf message"),
		CASE(CALL, "\x0a\x00",
			"framework_id.value: is required and missing"),
		CASE(CALL, "\x0a\x03\x0a\x01\x00",
			"framework_id.value: a text with a NUL byte"),
		CASE(CALL, "\x0d\x01\x02\x03\x04",
			"framework_id: has a wire type"),
		CASE(FRAMEWORK, "\x0a\x01r", "name: is required and missing"),
		/* Resource: name "cpus", type 77 */
		CASE(RESOURCE,
			"\x0a\x04"
			"cpus\x10\x4d",
			"type: is required and its value is unknown"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a;
		struct err e = { 0 };

		arena_init(&a);
		assert_null(msg_unpack(&a, cases[i].desc,
			(const uint8_t *)cases[i].data, cases[i].size, &e));
		if (strstr(e.text, cases[i].text) == NULL)
			fail_msg("case %zu: '%s'", i, e.text);
		arena_fini(&a);
	}
}

/* The error names the way to the field, with indices. */
static void test_path(void **state)
{
	Mesos__V1__Resource r = MESOS__V1__RESOURCE__INIT;
	Mesos__V1__Resource last = r;
	char name[] = "last-resource";
	Mesos__V1__Offer__Operation op = MESOS__V1__OFFER__OPERATION__INIT;
	Mesos__V1__Offer__Operation__Reserve res =
		MESOS__V1__OFFER__OPERATION__RESERVE__INIT;
	Mesos__V1__Offer__Operation *ops[] = { &op, &op };
	Mesos__V1__Resource *rs[] = { &r, &r, &r };
	Mesos__V1__Scheduler__Call__Accept acc =
		MESOS__V1__SCHEDULER__CALL__ACCEPT__INIT;
	Mesos__V1__Scheduler__Call c = MESOS__V1__SCHEDULER__CALL__INIT;
	CLEANUP(mem_freep) uint8_t *data = NULL;
	struct arena a;
	struct err e = { 0 };
	uint8_t *bad;
	size_t size;

	(void)state;
	r.name = (char[]){ "cpus" };
	last.name = name;
	rs[2] = &last;
	res.n_resources = 3;
	res.resources = rs;
	op.has_type = 1;
	op.type = MESOS__V1__OFFER__OPERATION__TYPE__RESERVE;
	op.reserve = &res;
	acc.n_operations = 2;
	acc.operations = ops;
	c.accept = &acc;
	size = protobuf_c_message_get_packed_size(&c.base);
	data = xmalloc(size);
	(void)protobuf_c_message_pack(&c.base, data);
	bad = memmem(data, size, name, strlen(name));
	assert_non_null(bad);
	bad = memmem(bad + 1, size - (size_t)(bad + 1 - data), name,
		strlen(name)); /* the second operation's */
	assert_non_null(bad);
	*bad = '\0';
	arena_init(&a);
	assert_null(msg_unpack(&a, CALL, data, size, &e));
	assert_string_equal(e.text,
		"accept.operations[1].reserve.resources[2].name: a text with a "
		"NUL byte");
	arena_fini(&a);
}

/* ContainerID{ parent: ContainerID{ ... } }, built from the inside. */
static void nested(struct buf *b, size_t depth)
{
	size_t *sizes = xcalloc(depth + 1, sizeof(*sizes));
	size_t inner = 3;

	for (size_t i = 1; i <= depth; i++) {
		size_t head = 2;

		for (size_t n = inner; n >= 0x80; n >>= 7)
			head++;
		sizes[i] = inner;
		inner += head + 3;
	}
	for (size_t i = depth; i > 0; i--) {
		buf_add(b, "\x0a\x01v\x12", 4);
		for (size_t n = sizes[i];; n >>= 7) {
			buf_add_char(
				b, (char)((n & 0x7f) | (n >= 0x80 ? 0x80 : 0)));
			if (n < 0x80)
				break;
		}
	}
	buf_add(b, "\x0a\x01v", 3);
	free(sizes);
}

static void test_depth(void **state)
{
	static const struct {
		size_t depth;
		bool good;
	} cases[] = { { 0, true }, { 1, true }, { MSG_DEPTH_MAX, true },
		{ MSG_DEPTH_MAX + 1, false }, { 1000000, false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;
		struct arena a;
		struct err e = { 0 };

		nested(&b, cases[i].depth);
		arena_init(&a);
		assert_int_equal(
			msg_unpack(&a, &mesos__v1__container_id__descriptor,
				(uint8_t *)b.data, b.size, &e) != NULL,
			cases[i].good);
		if (!cases[i].good) {
			assert_int_equal(e.code, ERR_LIMIT);
			assert_non_null(strstr(e.text, "nested too deep"));
		}
		arena_fini(&a);
		buf_fini(&b);
	}
}

/* Two bytes on the wire become a big struct in memory: refused. */
static void test_memory(void **state)
{
	struct buf b = BUF_INIT;
	struct arena a;
	struct err e = { 0 };

	(void)state;
	for (int i = 0; i < 300000; i++)
		buf_add(&b, "\x12\x00", 2); /* operations: an empty one */
	arena_init(&a);
	assert_null(
		msg_unpack(&a, &mesos__v1__scheduler__call__accept__descriptor,
			(uint8_t *)b.data, b.size, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	assert_true(a.used < b.size * (MSG_ARENA_FACTOR + 1));
	assert_int_equal(a.limit, 0);
	arena_reset(&a);
	a.limit = 1000; /* a stricter one of the caller's holds as well */
	assert_null(
		msg_unpack(&a, &mesos__v1__scheduler__call__accept__descriptor,
			(uint8_t *)b.data, 100, &e));
	assert_int_equal(a.limit, 1000);
	arena_fini(&a);
	buf_fini(&b);
}

static void test_enums(void **state)
{
	struct arena a;
	Mesos__V1__Scheduler__Call *c;
	Mesos__V1__FrameworkInfo__Capability *cap;

	(void)state;
	arena_init(&a);
	/* type: field 2 of Call */
	c = UNPACK(Mesos__V1__Scheduler__Call, &a, CALL, "\x10\xe7\x07");
	assert_non_null(c);
	assert_int_equal(c->has_type, 0);
	c = UNPACK(Mesos__V1__Scheduler__Call, &a, CALL, "\x10\x02");
	assert_non_null(c);
	assert_int_equal(c->has_type, 1);
	/* the last one counts, and it is unknown */
	c = UNPACK(
		Mesos__V1__Scheduler__Call, &a, CALL, "\x10\x02\x10\xe7\x07");
	assert_non_null(c);
	assert_int_equal(c->has_type, 0);
	cap = UNPACK(Mesos__V1__FrameworkInfo__Capability, &a,
		&mesos__v1__framework_info__capability__descriptor,
		"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	assert_non_null(cap);
	assert_int_equal(cap->has_type, 0);
	arena_fini(&a);
}

static void test_copies(void **state)
{
	Mesos__V1__FrameworkInfo fw = MESOS__V1__FRAMEWORK_INFO__INIT;
	Mesos__V1__FrameworkInfo *dup, *copy;
	char *roles[] = { (char[]){ "a" }, (char[]){ "b" } };
	struct arena a;

	(void)state;
	fw.user = (char[]){ "root" };
	fw.name = (char[]){ "f" };
	fw.roles = roles;
	fw.n_roles = 2;
	arena_init(&a);
	dup = MSG_DUP(&fw);
	copy = MSG_COPY(&a, dup);
	assert_true(msg_equal(&fw.base, &copy->base));
	assert_string_equal(dup->roles[1], "b");
	dup->roles[1][0] = 'c';
	assert_false(msg_equal(&dup->base, &copy->base));
	msg_free(&dup->base);
	msg_free(NULL);
	assert_null(msg_dup(NULL));
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_enums),
		cmocka_unit_test(test_copies),
	};

	return cmocka_run_group_tests_name("msg", tests, NULL, NULL);
}
