/*
 * io_http_text.h - the pieces of a head, as they are written.
 */
#ifndef COMMON_IO_HTTP_TEXT_H
#define COMMON_IO_HTTP_TEXT_H

#include <stdint.h>

struct buf;

void http_text_number(struct buf *to, uint64_t n);
/* "name: value" and the line's end. A value may repeat what somebody sent:
 * control characters in it become spaces, so that it can't end the line. */
void http_text_header(struct buf *to, const char *name, const char *value);

#endif
