/* buf.c - see buf.h. */
#include "common/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/mem.h"

void buf_init(struct buf *b)
{
	*b = (struct buf)BUF_INIT;
}

void buf_fini(struct buf *b)
{
	free(b->data);
	buf_init(b);
}

void buf_clear(struct buf *b)
{
	b->size = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

char *buf_reserve(struct buf *b, size_t more)
{
	CHECK(more < SIZE_MAX / 2 - b->size);
	b->data = xgrow(b->data, &b->cap, b->size + more + 1, 1);
	b->data[b->size] = '\0';
	return b->data + b->size;
}

void buf_add(struct buf *b, const void *p, size_t size)
{
	char *to = buf_reserve(b, size);

	if (size > 0)
		memcpy(to, p, size);
	b->size += size;
	b->data[b->size] = '\0';
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	CHECK(n >= 0);
	to = buf_reserve(b, (size_t)n);
	va_start(ap, fmt);
	(void)vsnprintf(to, (size_t)n + 1, fmt, ap); /* fits: counted above */
	va_end(ap);
	b->size += (size_t)n;
}

void buf_drop(struct buf *b, size_t n)
{
	CHECK(n <= b->size);
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->size - n);
	b->size -= n;
	b->data[b->size] = '\0';
}

const char *buf_str(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

char *buf_steal(struct buf *b)
{
	char *p;

	(void)buf_reserve(b, 0);
	p = b->data;
	buf_init(b);
	return p;
}
