/* Content-Type and Accept. */
#include "common/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/err.h"

static void test_content_type(void **state)
{
	static const struct {
		const char *in;
		int status;
		enum media media;
	} cases[] = {
		{ NULL, 400, MEDIA_NONE },
		{ "application/json", 0, MEDIA_JSON },
		{ "application/x-protobuf", 0, MEDIA_PROTOBUF },
		{ "APPLICATION/Json; charset=utf-8", 0, MEDIA_JSON },
		{ "application/x-protobuf;v=\"1;2\"", 0, MEDIA_PROTOBUF },
		{ " application/json ", 0, MEDIA_JSON },
		{ "", 415, MEDIA_NONE },
		{ "application/json2", 415, MEDIA_NONE },
		{ "application/*", 415, MEDIA_NONE },
		{ "text/plain", 415, MEDIA_NONE },
		{ "application/json, application/x-protobuf", 415, MEDIA_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum media m = MEDIA_NONE;
		struct err e = { 0 };

		assert_int_equal(
			media_request(cases[i].in, &m, &e), cases[i].status);
		assert_int_equal(m, cases[i].media);
		assert_int_equal(e.code != ERR_NONE, cases[i].status != 0);
	}
}

static void test_accept(void **state)
{
	static const struct {
		const char *in;
		enum media media;
	} cases[] = {
		{ NULL, MEDIA_JSON },
		{ "", MEDIA_JSON },
		{ "*/*", MEDIA_JSON },
		{ "*", MEDIA_JSON },
		{ "application/*", MEDIA_JSON },
		{ "application/json", MEDIA_JSON },
		{ "application/x-protobuf", MEDIA_PROTOBUF },
		{ "Application/X-Protobuf", MEDIA_PROTOBUF },
		{ "application/x-protobuf, application/json;q=0.1",
			MEDIA_JSON },
		{ "application/x-protobuf;q=0.001", MEDIA_PROTOBUF },
		{ "application/json;q=0, */*", MEDIA_PROTOBUF },
		{ "application/json; q=0.000 , application/*", MEDIA_PROTOBUF },
		{ "*/*;q=0", MEDIA_NONE },
		{ "*/*;q=0, application/json", MEDIA_JSON },
		{ "application/*;q=0, */*", MEDIA_NONE },
		{ "text/html", MEDIA_NONE },
		{ "text/html, application/xml;q=0.9, */*;q=0.8", MEDIA_JSON },
		{ "application/json;a=\",\";q=0", MEDIA_NONE },
		{ "application/json;q=0;a=b", MEDIA_NONE },
		{ "application/json;q=00", MEDIA_JSON },
		{ "application/json;q=", MEDIA_JSON },
		{ ",,;,", MEDIA_NONE },
		{ "\"", MEDIA_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (media_accept(cases[i].in) != cases[i].media)
			fail_msg("'%s': %s", cases[i].in,
				media_name(media_accept(cases[i].in)));
	assert_string_equal(media_name(MEDIA_JSON), "application/json");
	assert_string_equal(media_name(MEDIA_NONE), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content_type),
		cmocka_unit_test(test_accept),
	};

	return cmocka_run_group_tests_name("media", tests, NULL, NULL);
}
