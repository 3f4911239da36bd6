/* RecordIO: a stream in pieces gives the same records as in one. */
#include <stdint.h>
#include <string.h>

#include "common/check.h"
#include "common/recordio.h"

#define RECORD_MAX 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Feeds `step` bytes at a time; the records' sizes and bytes go to `seen`. Stops
 * at a bad length. */
static int run(const uint8_t *data, size_t size, size_t step, struct buf *seen)
{
	struct recordio r;
	int got = 0;

	recordio_init(&r, RECORD_MAX);
	for (size_t at = 0; at < size && got >= 0; at += step) {
		const uint8_t *p;
		size_t n;

		recordio_feed(
			&r, data + at, size - at < step ? size - at : step);
		while ((got = recordio_next(&r, &p, &n, NULL)) > 0) {
			CHECK(n <= RECORD_MAX);
			recordio_add(seen, p, n);
		}
	}
	recordio_fini(&r);
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT, pieces = BUF_INIT, again = BUF_INIT;
	int end = run(data, size, size + 1, &whole);

	CHECK(run(data, size, 1, &pieces) == end);
	CHECK(whole.size == pieces.size);
	CHECK(whole.size == 0 ||
		memcmp(whole.data, pieces.data, whole.size) == 0);
	CHECK(run((const uint8_t *)buf_str(&whole), whole.size, 7, &again) ==
		0);
	CHECK(again.size == whole.size);
	buf_fini(&whole);
	buf_fini(&pieces);
	buf_fini(&again);
	return 0;
}
