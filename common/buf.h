/*
 * buf.h - a byte buffer that grows.
 *
 * Invariant: data is NULL or holds size bytes and a NUL after them, so that
 * data can be read as a string when the bytes are text. Appending from the
 * buffer itself is not allowed.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;
	size_t size;
	size_t cap;
};

#define BUF_INIT           \
	{                  \
		NULL, 0, 0 \
	}

void buf_init(struct buf *b);
void buf_fini(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */
/* Room for `more` bytes behind size; returns where they begin. */
char *buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *p, size_t size);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
__attribute__((format(printf, 2, 3))) void buf_printf(
	struct buf *b, const char *fmt, ...);
/* Forgets the first n bytes. */
void buf_drop(struct buf *b, size_t n);
/* The text, never NULL; still owned by the buffer. */
const char *buf_str(const struct buf *b);
/* Gives the bytes away (free()); the buffer is empty after it. */
char *buf_steal(struct buf *b);

#endif
