/*
 * frame.h - bytes to frames: a length of four bytes, most significant first,
 * and that many bytes. Pure; used by io_link.c and fuzzed.
 */
#ifndef COMMON_FRAME_H
#define COMMON_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

#define FRAME_HEAD 4

/*
 * Looks at the first `size` bytes. 1: a whole frame is there, *ret and
 * *ret_size are its payload (inside data) and *ret_used what to drop. 0: more
 * bytes are needed. -1: longer than max; the connection can't go on.
 */
int frame_next(const uint8_t *data, size_t size, size_t max,
	const uint8_t **ret, size_t *ret_size, size_t *ret_used, struct err *e);
void frame_add(struct buf *to, const void *payload, size_t size);

#endif
