/* Answers out of any bytes: the same whole and cut in two, and in bounds. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/executor/reply.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Appends what a reader sees; -1 after an error. */
static int feed(
	struct reply *r, const uint8_t *data, size_t size, struct buf *to)
{
	const uint8_t *end = data + size;
	struct reply_part part;
	struct err e;

	do {
		if (reply_next(r, &data, &size, &part, &e) != 0) {
			buf_add_char(to, '-');
			return -1;
		}
		CHECK(data + size == end);
		if (part.type == REPLY_HEAD)
			buf_printf(to, "<%d>", part.status);
		else if (part.type == REPLY_BODY)
			buf_add(to, part.data, part.size);
		else if (part.type == REPLY_END)
			buf_add_char(to, '|');
	} while (part.type != REPLY_MORE);
	CHECK(size == 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT, halves = BUF_INIT;
	size_t cut = size > 0 ? data[0] % size : 0;
	struct reply r;

	reply_init(&r);
	(void)feed(&r, data, size, &whole);
	reply_init(&r);
	if (feed(&r, data, cut, &halves) == 0)
		(void)feed(&r, data + cut, size - cut, &halves);
	CHECK(whole.size == halves.size);
	CHECK(whole.size == 0 ||
		memcmp(whole.data, halves.data, whole.size) == 0);
	buf_fini(&whole);
	buf_fini(&halves);
	return 0;
}
