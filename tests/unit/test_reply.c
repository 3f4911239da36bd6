/* test_reply.c - HTTP answers, whole and in pieces, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/executor/reply.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"

/* What an answer looks like to a reader: "200 body|" for each, "-" at the
 * first error. */
static void read_all(struct buf *to, const char *text, size_t piece)
{
	size_t left = strlen(text), size;
	const uint8_t *data = (const uint8_t *)text;
	struct reply_part part;
	struct err e = { 0 };
	struct reply r;

	reply_init(&r);
	while (left > 0) {
		size = left < piece ? left : piece;
		left -= size;
		do {
			if (reply_next(&r, &data, &size, &part, &e) != 0) {
				assert_true(e.text[0] != '\0');
				buf_add_char(to, '-');
				return;
			}
			if (part.type == REPLY_HEAD)
				buf_printf(to, "%d ", part.status);
			else if (part.type == REPLY_BODY)
				buf_add(to, part.data, part.size);
			else if (part.type == REPLY_END)
				buf_add_char(to, '|');
		} while (part.type != REPLY_MORE);
		assert_int_equal(size, 0);
	}
}

#define HEADER_200 "X: 5678901234567890123456789012345678901234567890"
#define HEADER_LONG                                                       \
	HEADER_200 HEADER_200 HEADER_200 HEADER_200 HEADER_200 HEADER_200 \
		HEADER_200 HEADER_200

static const struct {
	const char *text, *want;
} table[] = {
	{ "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", "202 |" },
	{ "HTTP/1.1 200 OK\r\ncontent-length:3\r\n\r\nabc", "200 abc|" },
	{ "HTTP/1.1 202 A\r\nContent-Length: 0\r\n\r\n"
	  "HTTP/1.1 403 F\r\nContent-Length: 2\r\n\r\nno",
		"202 |403 no|" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "3\r\nabc\r\n0a;x=1\r\n0123456789\r\n0\r\n\r\n",
		"200 abc0123456789|" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "1\r\na\r\n0\r\nTrailer: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
		"200 a|204 |" },
	{ "HTTP/1.1 100 Continue\r\n\r\n"
	  "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
		"202 |" },
	{ "HTTP/1.0 200 OK\r\n\r\nuntil the end", "200 until the end" },
	{ "HTTP/1.1 202 A\nContent-Length: 1\n\nx", "202 x|" },
	{ "HTTP/1.1 202 A\r\n" HEADER_LONG "\r\nContent-Length: 1\r\n\r\nx",
		"202 x|" },
	{ "\r\nHTTP/1.1 202 A\r\nContent-Length: 0\r\n\r\n", "202 |" },
	{ "SSH-2.0-OpenSSH\r\n", "-" },
	{ "HTTP/1.1 2x2 A\r\n", "-" },
	{ "HTTP/2 200\r\n", "-" },
	{ "HTTP/1.1 200 A\r\nContent-Length: x\r\n", "-" },
	{ "HTTP/1.1 200 A\r\nContent-Length: -1\r\n", "-" },
	{ "HTTP/1.1 200 A\r\nContent-Length: 99999999999999999999\r\n", "-" },
	{ "HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"200 -" },
	{ "HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "ffffffffffffffff\r\n",
		"200 -" },
	{ "HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
		"200 a-" },
};

static void test_table(void **state)
{
	size_t i, piece;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++)
		for (piece = 1; piece < 40; piece++) {
			struct buf b = BUF_INIT;

			read_all(&b, table[i].text, piece);
			if (strcmp(buf_str(&b), table[i].want) != 0)
				fail_msg("row %zu in pieces of %zu: '%s'", i,
					piece, buf_str(&b));
			buf_fini(&b);
		}
}

/* A head without an end is given up, however slowly it comes. */
static void test_endless(void **state)
{
	struct reply r;
	struct reply_part part;
	struct err e;
	size_t i, size;

	(void)state;
	reply_init(&r);
	for (i = 0; i < 2 * REPLY_HEAD_MAX; i++) {
		const uint8_t *x = (const uint8_t *)"x";

		size = 1;
		if (reply_next(&r, &x, &size, &part, &e) != 0)
			break;
	}
	assert_true(i < REPLY_HEAD_MAX);
	assert_int_equal(e.code, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
