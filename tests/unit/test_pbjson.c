/* JSON form of messages: what Mesos reads and writes, and what is refused. */
#include "common/pbjson.h"

#include <math.h>
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
#include "common/msg.h"
#include "google/protobuf/duration.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"
#include "mesos/v1/quota/quota.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

#define CALL	  &mesos__v1__scheduler__call__descriptor
#define EVENT	  &mesos__v1__scheduler__event__descriptor
#define FRAMEWORK &mesos__v1__framework_info__descriptor
#define FILTERS	  &mesos__v1__filters__descriptor
#define COMMAND	  &mesos__v1__command_info__descriptor
#define RESOURCE  &mesos__v1__resource__descriptor
#define STATUS	  &mesos__v1__task_status__descriptor
#define RANGE	  &mesos__v1__value__range__descriptor
#define SCALAR	  &mesos__v1__value__scalar__descriptor
#define SET	  &mesos__v1__value__set__descriptor
#define QUOTA	  &mesos__v1__quota__quota_config__descriptor
#define LABELS	  &mesos__v1__labels__descriptor
#define SECONDS	  &google__protobuf__duration__descriptor
#define PORT	  &mesos__v1__port__descriptor

/* Reads `in`, expects `out` when written again. */
static const struct {
	const ProtobufCMessageDescriptor *desc;
	const char *in, *out;
} good[] = {
	/* optional with an explicit default: written even when unset */
	{ FILTERS, "{}", "{\"refuse_seconds\":5.0}" },
	{ FILTERS, "{\"refuse_seconds\":3}", "{\"refuse_seconds\":3.0}" },
	{ COMMAND, "{\"value\":\"x\"}", "{\"value\":\"x\",\"shell\":true}" },
	{ FRAMEWORK, "{\"user\":\"\",\"name\":\"n\"}",
		"{\"user\":\"\",\"name\":\"n\",\"failover_timeout\":0.0,"
		"\"checkpoint\":false}" },
	/* ... unless deprecated: Resource.role, FrameworkInfo.role */
	{ RESOURCE,
		"{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":"
		"\"1.5\"}}",
		"{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":"
		"1.5}}" },
	{ RESOURCE, "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"role\":\"*\"}",
		"{\"name\":\"cpus\",\"type\":\"SCALAR\",\"role\":\"*\"}" },
	/* unknown fields, null, other case */
	{ CALL,
		"{\"type\":\"REVIVE\",\"nonsense\":[{}],\"accept\":null,"
		"\"frameworkId\":{\"value\":\"x\"}}",
		"{\"type\":\"REVIVE\"}" },
	/* unknown enum names: unset, or dropped from a list */
	{ CALL, "{\"type\":\"WAT\"}", "{}" },
	/* a single value is a list of one; null in a list is dropped */
	{ SET, "{\"item\":\"a\"}", "{\"item\":[\"a\"]}" },
	{ SET, "{\"item\":[\"a\",null,\"b\"]}", "{\"item\":[\"a\",\"b\"]}" },
	{ SET, "{\"item\":[]}", "{}" },
	{ LABELS, "{\"labels\":{\"key\":\"k\"}}",
		"{\"labels\":[{\"key\":\"k\"}]}" },
	/* maps */
	{ QUOTA,
		"{\"role\":\"r\",\"limits\":{\"b\":{\"value\":1},\"a\":{"
		"\"value\":0.5},\"n\":null}}",
		"{\"role\":\"r\",\"limits\":{\"b\":{\"value\":1.0},\"a\":{"
		"\"value\":0.5}}}" },
	{ QUOTA, "{\"role\":\"r\",\"limits\":{}}", "{\"role\":\"r\"}" },
	/* integers */
	{ RANGE, "{\"begin\":0,\"end\":18446744073709551615}",
		"{\"begin\":0,\"end\":18446744073709551615}" },
	{ RANGE, "{\"begin\":\"7\",\"end\":9.9}", "{\"begin\":7,\"end\":9}" },
	{ RANGE, "{\"begin\":-0.5,\"end\":\"1e3\"}",
		"{\"begin\":0,\"end\":1000}" },
	{ SECONDS, "{\"seconds\":-9223372036854775808,\"nanos\":-2147483648}",
		"{\"seconds\":-9223372036854775808,\"nanos\":-2147483648}" },
	/* doubles */
	{ SCALAR, "{\"value\":\"Infinity\"}", "{\"value\":Infinity}" },
	{ SCALAR, "{\"value\":\"-Infinity\"}", "{\"value\":-Infinity}" },
	{ SCALAR, "{\"value\":Infinity}", "{\"value\":Infinity}" },
	{ SCALAR, "{\"value\":NaN}", "{\"value\":NaN}" },
	{ SCALAR, "{\"value\":\"NaN\"}", "{\"value\":NaN}" },
	{ SCALAR, "{\"value\":0.1}", "{\"value\":0.1}" },
	{ SCALAR, "{\"value\":-5}", "{\"value\":-5.0}" },
	/* bytes and booleans, texts */
	{ STATUS,
		"{\"task_id\":{\"value\":\"t\"},\"state\":\"TASK_RUNNING\","
		"\"data\":\"Zm9v\",\"healthy\":\"true\"}",
		"{\"task_id\":{\"value\":\"t\"},\"state\":\"TASK_RUNNING\","
		"\"data\":\"Zm9v\",\"healthy\":true}" },
	{ SET, "{\"item\":[\"\\u00e4\\n\\ud83d\\ude00\\\"\"]}",
		"{\"item\":[\"\xc3\xa4\\n\xf0\x9f\x98\x80\\\"\"]}" },
	/* white space around */
	{ SET, " \r\n\t{ } \n", "{}" },
	/* the last of equal keys counts */
	{ PORT, "{\"number\":1,\"number\":2}", "{\"number\":2}" },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct buf b = BUF_INIT;
		struct err e = { 0 };
		struct arena a;
		ProtobufCMessage *m;

		arena_init(&a);
		m = pbjson_read(
			&a, good[i].desc, good[i].in, strlen(good[i].in), &e);
		if (m == NULL)
			fail_msg("%s: %s", good[i].in, e.text);
		pbjson_write(&b, m);
		assert_string_equal(buf_str(&b), good[i].out);
		assert_int_equal(a.limit, 0);
		buf_fini(&b);
		arena_fini(&a);
	}
}

static const struct {
	const ProtobufCMessageDescriptor *desc;
	const char *in, *text;
} bad[] = {
	{ CALL, "", "JSON: at byte 0: an object is expected" },
	{ CALL, "   ", "an object is expected" },
	{ CALL, "[]", "an object is expected, not a list" },
	{ CALL, "7", "an object is expected" },
	{ CALL, "null", "an object is expected" },
	{ CALL, "{", "JSON: at byte 1" },
	{ CALL, "{} x", "JSON: at byte 3: unexpected character" },
	{ CALL, "{}{}", "JSON: at byte 2: unexpected character" },
	{ CALL, "{\"type\":\"ACCEPT\",}", "JSON: at byte 17" },
	{ CALL, "{type:1}", "JSON: at byte 1" },
	{ CALL, "{'type':1}", "JSON: at byte 1" },
	{ CALL, "{\"x\":01}", "JSON: at byte" },
	{ CALL, "{\"x\":\"\xff\"}", "utf-8" },
	{ CALL, "{/**/}", "JSON: at byte 1" },
	{ CALL, "{\"type\":1}",
		"type: the name of a value is expected, not "
		"a number" },
	{ CALL, "{\"framework_id\":{}}",
		"framework_id.value: is required and missing" },
	{ CALL, "{\"framework_id\":\"x\"}",
		"framework_id: an object is expected, not a string" },
	{ CALL, "{\"framework_id\":[{\"value\":\"x\"}]}",
		"framework_id: a single value is expected, not a list" },
	{ CALL,
		"{\"accept\":{\"operations\":[{},{\"launch\":{\"task_infos\":["
		"{\"name\":5}]}}]}}",
		"accept.operations[1].launch.task_infos[0].name: a string is "
		"expected, not a number" },
	{ STATUS, "{\"task_id\":{\"value\":\"\"},\"state\":\"NO\"}",
		"state: is required and 'NO' is not one of its values" },
	{ STATUS, "{\"task_id\":{\"value\":\"a\\u0000b\"}}", "NUL byte" },
	{ STATUS,
		"{\"task_id\":{\"value\":\"\"},\"state\":\"TASK_LOST\","
		"\"data\":\"Zm9v-\"}",
		"data: is not base64" },
	{ STATUS,
		"{\"task_id\":{\"value\":\"\"},\"state\":\"TASK_LOST\","
		"\"healthy\":1}",
		"healthy: true or false" },
	{ RANGE, "{\"begin\":-1,\"end\":0}", "begin: is out of range" },
	{ RANGE, "{\"begin\":0,\"end\":18446744073709551616}",
		"at byte 17: a number of more than 64 bits" },
	{ RANGE, "{\"begin\":0,\"end\":-9223372036854775809}",
		"a number of more than 64 bits" },
	{ RANGE, "{\"begin\":0,\"end\":1e30}", "end: is out of range" },
	{ RANGE, "{\"begin\":0,\"end\":NaN}", "end: is out of range" },
	{ RANGE, "{\"begin\":0,\"end\":\"\"}", "'' is not a number" },
	{ RANGE, "{\"begin\":0,\"end\":\"1x\"}", "'1x' is not a number" },
	{ RANGE, "{\"begin\":0,\"end\":\" 1\"}", "' 1' is not a number" },
	{ RANGE, "{\"begin\":0,\"end\":\"0x1\"}", "'0x1' is not a number" },
	{ RANGE, "{\"begin\":0,\"end\":true}", "not a boolean" },
	{ PORT, "{\"number\":4294967296}", "number: is out of range" },
	{ SECONDS, "{\"nanos\":2147483648}", "nanos: is out of range" },
	{ SCALAR, "{\"value\":\"nan\"}", "not a number" },
	{ QUOTA, "{\"role\":\"r\",\"limits\":[]}",
		"limits: an object is expected, not a list" },
	{ QUOTA, "{\"role\":\"r\",\"limits\":{\"cpus\":{}}}",
		"limits.cpus.value: is required" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = { 0 };
		struct arena a;

		arena_init(&a);
		if (pbjson_read(&a, bad[i].desc, bad[i].in, strlen(bad[i].in),
			    &e) != NULL)
			fail_msg("accepted: %s", bad[i].in);
		if (strstr(e.text, bad[i].text) == NULL)
			fail_msg("%s: '%s' lacks '%s'", bad[i].in, e.text,
				bad[i].text);
		arena_fini(&a);
	}
}

/* What follows a NUL is not hidden from us. */
static void test_nul(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	assert_null(pbjson_read(&a, CALL, "{}\0x", 4, NULL));
	assert_null(pbjson_read(&a, CALL, "{\0}", 3, NULL));
	assert_non_null(pbjson_read(&a, CALL, "{}x", 2, NULL));
	arena_fini(&a);
}

static void test_depth(void **state)
{
	static const char *const units[] = { "[", "{\"a\":", "{\"parent\":" };

	(void)state;
	for (size_t u = 0; u < ARRAY_LEN(units); u++) {
		struct buf b = BUF_INIT;
		struct err e = { 0 };
		struct arena a;

		for (int i = 0; i < 1000000; i++)
			buf_add_str(&b, units[u]);
		arena_init(&a);
		assert_null(
			pbjson_read(&a, &mesos__v1__container_id__descriptor,
				b.data, b.size, &e));
		assert_int_equal(e.code, ERR_LIMIT);
		assert_non_null(strstr(e.text, "deeper than 200"));
		arena_fini(&a);
		buf_fini(&b);
	}
}

static ProtobufCMessage *nested(struct arena *a, int depth, struct err *e)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	for (int i = 1; i < depth; i++)
		buf_add_str(&b, "{\"value\":\"v\",\"parent\":");
	buf_add_str(&b, "{\"value\":\"v\"}");
	for (int i = 1; i < depth; i++)
		buf_add_char(&b, '}');
	return pbjson_read(
		a, &mesos__v1__container_id__descriptor, b.data, b.size, e);
}

static void test_depth_border(void **state)
{
	struct err e = { 0 };
	struct arena a;

	(void)state;
	arena_init(&a);
	assert_non_null(nested(&a, PBJSON_DEPTH_MAX, &e));
	assert_null(nested(&a, PBJSON_DEPTH_MAX + 1, &e));
	arena_fini(&a);
}

static void test_limits(void **state)
{
	struct buf b = BUF_INIT;
	struct err e = { 0 };
	struct arena a;

	(void)state;
	buf_add_str(&b, "{\"x\":[");
	for (int i = 0; i < PBJSON_VALUES_MAX; i++)
		buf_add_str(&b, "0,");
	buf_add_str(&b, "0]}");
	arena_init(&a);
	assert_null(pbjson_read(&a, CALL, b.data, b.size, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	buf_clear(&b);
	buf_add_str(&b, "{\"operations\":[");
	for (int i = 0; i < 100000; i++)
		buf_add_str(&b, "{},");
	buf_add_str(&b, "{}]}");
	a.limit = 1000000;
	assert_null(
		pbjson_read(&a, &mesos__v1__scheduler__call__accept__descriptor,
			b.data, b.size, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	assert_non_null(strstr(e.text, "operations["));
	arena_fini(&a);
	buf_fini(&b);
}

/* Bytes from a peer may be no UTF-8: the JSON is still valid. */
static void test_invalid_utf8_out(void **state)
{
	Mesos__V1__TaskID id = MESOS__V1__TASK_ID__INIT;
	struct buf b = BUF_INIT;

	(void)state;
	id.value = (char[]){ "a\xff" };
	pbjson_write(&b, &id.base);
	assert_string_equal(buf_str(&b), "{\"value\":\"a\xef\xbf\xbd\"}");
	buf_fini(&b);
}

/* Protobuf to JSON and back gives the same bytes. */
static void test_round(void **state)
{
	static const char in[] =
		"{\"type\":\"ACCEPT\",\"framework_id\":{\"value\":\"f\"},"
		"\"accept\":{\"offer_ids\":[{\"value\":\"o1\"},{\"value\":"
		"\"o2\"}],\"operations\":[{\"type\":\"LAUNCH\",\"launch\":{"
		"\"task_infos\":[{\"name\":\"n\",\"task_id\":{\"value\":\"t\"}"
		",\"agent_id\":{\"value\":\"a\"},\"resources\":[{\"name\":"
		"\"ports\",\"type\":\"RANGES\",\"ranges\":{\"range\":[{"
		"\"begin\":1,\"end\":2}]}}],\"command\":{\"environment\":{"
		"\"variables\":[{\"name\":\"A\",\"value\":\"b\"}]}},\"data\":"
		"\"AAEC\",\"limits\":{\"mem\":{\"value\":\"Infinity\"}}}]}}],"
		"\"filters\":{\"refuse_seconds\":0.25}}}";
	struct arena a;
	struct buf b = BUF_INIT;
	struct err e = { 0 };
	ProtobufCMessage *m, *again;

	(void)state;
	arena_init(&a);
	m = pbjson_read(&a, CALL, in, sizeof(in) - 1, &e);
	if (m == NULL)
		fail_msg("%s", e.text);
	pbjson_write(&b, m);
	again = pbjson_read(&a, CALL, b.data, b.size, &e);
	assert_non_null(again);
	/* Defaults that were unset are set now; after that nothing changes. */
	buf_clear(&b);
	pbjson_write(&b, again);
	m = pbjson_read(&a, CALL, b.data, b.size, &e);
	assert_true(msg_equal(m, again));
	arena_fini(&a);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_depth_border),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_invalid_utf8_out),
		cmocka_unit_test(test_round),
	};

	return cmocka_run_group_tests_name("pbjson", tests, NULL, NULL);
}
