/* recordio.c - see recordio.h. */
#include "common/recordio.h"

#include <stdio.h>
#include <string.h>

#include "common/check.h"
#include "common/err.h"

#define LENGTH_DIGITS_MAX 20 /* of a 64-bit number */

void recordio_init(struct recordio *r, size_t max)
{
	*r = (struct recordio){ .in = BUF_INIT, .max = max };
}

void recordio_fini(struct recordio *r)
{
	buf_fini(&r->in);
	r->pos = 0;
}

/* Records given out die here: their memory is moved over. */
void recordio_feed(struct recordio *r, const void *data, size_t size)
{
	CHECK(r->pos <= r->in.size);
	buf_drop(&r->in, r->pos);
	r->pos = 0;
	buf_add(&r->in, data, size);
}

/* 1: *ret is the length and *ret_head the bytes of its line. */
static int length_read(const char *p, size_t size, uint64_t *ret,
	size_t *ret_head, struct err *e)
{
	uint64_t length = 0;
	size_t i;

	for (i = 0; i < size && p[i] != '\n'; i++) {
		if (p[i] < '0' || p[i] > '9')
			return err_set(e, ERR_INVALID,
				"RecordIO: the length of a record has a byte "
				"0x%02x that is not a digit",
				(unsigned char)p[i]);
		if (i >= LENGTH_DIGITS_MAX || length > UINT64_MAX / 10 - 1)
			return err_set(e, ERR_INVALID,
				"RecordIO: the length of a record is too long");
		length = length * 10 + (uint64_t)(p[i] - '0');
	}
	if (i == size)
		return 0;
	if (i == 0)
		return err_set(e, ERR_INVALID,
			"RecordIO: the length of a record is empty");
	*ret = length;
	*ret_head = i + 1;
	return 1;
}

int recordio_next(struct recordio *r, const uint8_t **ret, size_t *ret_size,
	struct err *e)
{
	size_t left = r->in.size - r->pos, head = 0;
	const char *p = buf_str(&r->in) + r->pos;
	uint64_t length = 0;
	int got = length_read(p, left, &length, &head, e);

	if (got != 1)
		return got;
	if (length > r->max)
		return err_set(e, ERR_LIMIT,
			"RecordIO: a record of %llu bytes is over the limit of "
			"%zu",
			(unsigned long long)length, r->max);
	if (left - head < length)
		return 0;
	*ret = (const uint8_t *)p + head;
	*ret_size = (size_t)length;
	r->pos += head + (size_t)length;
	return 1;
}

void recordio_add(struct buf *to, const void *data, size_t size)
{
	buf_printf(to, "%zu\n", size);
	buf_add(to, data, size);
}
