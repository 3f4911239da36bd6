/* Content-Type and Accept, and what else comes as a short text: UUIDs, base64,
 * durations. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base64.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/duration.h"
#include "common/err.h"
#include "common/media.h"
#include "common/mem.h"
#include "common/uuid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	struct buf b = BUF_INIT, again = BUF_INIT;
	struct err e = { .code = ERR_NONE };
	enum media m = MEDIA_NONE;
	uint8_t uuid[UUID_SIZE];
	int64_t ns = 0, back = 0;
	int status = media_request(text, &m, &e);

	CHECK((status == 0) == (m != MEDIA_NONE));
	(void)media_name(media_accept(text));
	if (uuid_parse(uuid, text)) {
		char out[UUID_TEXT_SIZE];

		uuid_format(out, uuid);
		CHECK(strcasecmp(out, text) == 0);
	}
	if (base64_decode(&b, text, strlen(text)) == 0) {
		base64_encode(&again, (const uint8_t *)buf_str(&b), b.size);
		CHECK(again.size == (b.size + 2) / 3 * 4);
	}
	buf_clear(&again);
	if (duration_parse(text, &ns, NULL) == 0) {
		duration_print(&again, ns);
		/* 15 digits are printed: whole secs below 10^15 come back. */
		if (ns % 1000000000 == 0)
			CHECK(duration_parse(buf_str(&again), &back, NULL) ==
				0);
	}
	buf_fini(&b);
	buf_fini(&again);
	free(text);
	return 0;
}
