/*
 * base64.h - RFC 4648 base64 with padding, as JSON bytes and HTTP Basic have it.
 */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

#include <stddef.h>
#include <stdint.h>

struct buf;

void base64_encode(struct buf *to, const uint8_t *data, size_t size);
/*
 * Appends the bytes. White space is skipped, the first '=' ends the text, and
 * any other character outside the standard alphabet makes it -1 (to may have
 * grown). As Mesos reads it, a missing padding is fine.
 */
int base64_decode(struct buf *to, const char *text, size_t size);

#endif
