/* frame.c - see frame.h. */
#include "common/frame.h"

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"

int frame_next(const uint8_t *data, size_t size, size_t max,
	const uint8_t **ret, size_t *ret_size, size_t *ret_used, struct err *e)
{
	size_t n;

	CHECK(data != NULL || size == 0);
	CHECK(max <= UINT32_MAX);
	if (size < FRAME_HEAD)
		return 0;
	n = (size_t)data[0] << 24 | (size_t)data[1] << 16 |
		(size_t)data[2] << 8 | (size_t)data[3];
	if (n > max)
		return err_set(e, ERR_LIMIT,
			"frame of %zu bytes, at most %zu are allowed", n, max);
	if (size - FRAME_HEAD < n)
		return 0;
	*ret = data + FRAME_HEAD;
	*ret_size = n;
	*ret_used = FRAME_HEAD + n;
	return 1;
}

void frame_add(struct buf *to, const void *payload, size_t size)
{
	uint8_t head[FRAME_HEAD];

	CHECK(size <= UINT32_MAX);
	CHECK(payload != NULL || size == 0);
	head[0] = (uint8_t)(size >> 24);
	head[1] = (uint8_t)(size >> 16);
	head[2] = (uint8_t)(size >> 8);
	head[3] = (uint8_t)size;
	buf_add(to, head, sizeof(head));
	buf_add(to, payload, size);
}
