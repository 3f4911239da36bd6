/*
 * arena.h - memory that is freed in one go.
 *
 * A turn's scratch: decoded messages, encoded sends, texts. Nobody frees a
 * piece; arena_reset() forgets them all and keeps the first block for the next
 * turn. Memory is aligned for any type and zeroed. Not thread-safe; an arena
 * belongs to one turn at a time.
 *
 * A limit can be set, so that a small message can't unpack into a huge one:
 * over it arena_try() gives NULL, while arena_alloc() aborts.
 */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used;		    /* bytes handed out since the reset */
	size_t limit;		    /* 0: none */
};

void arena_init(struct arena *a);
void arena_fini(struct arena *a);
void arena_reset(struct arena *a);

void *arena_alloc(struct arena *a, size_t size);
void *arena_try(struct arena *a, size_t size);
void *arena_memdup(struct arena *a, const void *p, size_t size);
char *arena_strdup(struct arena *a, const char *s); /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
__attribute__((format(printf, 2, 3))) char *arena_printf(
	struct arena *a, const char *fmt, ...);

#endif
