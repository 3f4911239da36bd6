/*
 * mem.h - allocation that cannot fail, and ownership in edges.
 *
 * Out of memory aborts, as in git and Redis: a daemon that dies recovers from
 * its records. Sizes that come from outside are bounded (limits.h) before they
 * get here.
 */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
/* Grows *p, an array of elements of `size` bytes, so that n fit. Doubles. */
void *xgrow(void *p, size_t *cap, size_t n, size_t size);
char *xstrdup(const char *s); /* NULL gives NULL */
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t size);
__attribute__((format(printf, 1, 2))) char *xasprintf(const char *fmt, ...);

/* For locals that own something: CLEANUP(buf_freep) struct buf *b = ... */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Gives away what a CLEANUP local owns. */
#define STEAL(p)                             \
	(__extension__({                     \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL;                  \
		stolen_;                     \
	}))

void mem_freep(void *pp); /* CLEANUP(mem_freep) char *s */

#endif
