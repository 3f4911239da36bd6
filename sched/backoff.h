/*
 * backoff.h - how long to wait before the next attempt: a random time up to a
 * bound that doubles, so that a thousand clients of a restarted master don't
 * come back in step. Pure: the seed comes from outside.
 */
#ifndef SCHED_BACKOFF_H
#define SCHED_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint64_t state; /* of the random numbers */
	uint32_t min_ms;
	uint32_t max_ms;
	uint32_t bound_ms; /* of the next pause */
};

/* 0 < min_ms <= max_ms. */
void backoff_init(
	struct backoff *b, uint64_t seed, uint32_t min_ms, uint32_t max_ms);
/* It worked: the next pause is short again. */
void backoff_reset(struct backoff *b);
/* From 0 to the bound; the bound doubles up to max_ms. */
uint32_t backoff_next(struct backoff *b);

#endif
