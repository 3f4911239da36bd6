/* mem.c - see mem.h. */
#include "common/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"

static void *must(void *p)
{
	if (p == NULL)
		check_failed(__FILE__, __LINE__, "out of memory");
	return p;
}

void *xmalloc(size_t size)
{
	return must(malloc(size > 0 ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return must(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
	return must(realloc(p, size > 0 ? size : 1));
}

void *xgrow(void *p, size_t *cap, size_t n, size_t size)
{
	size_t want = *cap;

	CHECK(size > 0);
	if (n <= *cap)
		return p;
	if (want < 8)
		want = 8;
	while (want < n) {
		CHECK(want <= SIZE_MAX / 2);
		want *= 2;
	}
	CHECK(want <= SIZE_MAX / size);
	*cap = want;
	return xrealloc(p, want * size);
}

char *xstrdup(const char *s)
{
	return s == NULL ? NULL : must(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
	return must(strndup(s, n));
}

void *xmemdup(const void *p, size_t size)
{
	void *copy = xmalloc(size);

	if (size > 0)
		memcpy(copy, p, size);
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	CHECK(n >= 0);
	return s;
}

void mem_freep(void *pp)
{
	void *p;

	memcpy(&p, pp, sizeof(p));
	free(p);
}
