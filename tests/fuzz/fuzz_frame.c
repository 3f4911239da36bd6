/* Frames out of any bytes; what comes out is put back in and must be equal. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/frame.h"

#define MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf again = BUF_INIT;
	size_t at = 0;
	int ret = 1;

	while (ret > 0) {
		const uint8_t *payload = NULL;
		size_t n = 0;
		size_t used = 0;
		struct err e = { .code = ERR_NONE };

		ret = frame_next(
			data + at, size - at, MAX, &payload, &n, &used, &e);
		CHECK((ret < 0) == (e.code != ERR_NONE));
		if (ret <= 0)
			break;
		CHECK(n <= MAX);
		CHECK(used == FRAME_HEAD + n);
		CHECK(used <= size - at);
		CHECK(payload == data + at + FRAME_HEAD);
		frame_add(&again, payload, n);
		at += used;
	}
	CHECK(again.size == at);
	CHECK(at == 0 || memcmp(again.data, data, at) == 0);
	buf_fini(&again);
	return 0;
}
