/* backoff.c - see backoff.h. */
#include "sched/backoff.h"

#include "common/check.h"

void backoff_init(
	struct backoff *b, uint64_t seed, uint32_t min_ms, uint32_t max_ms)
{
	CHECK(min_ms > 0);
	CHECK(min_ms <= max_ms);
	b->state = seed;
	b->min_ms = min_ms;
	b->max_ms = max_ms;
	backoff_reset(b);
}

void backoff_reset(struct backoff *b)
{
	b->bound_ms = b->min_ms;
}

/* splitmix64: any seed will do, 0 too. */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint32_t backoff_next(struct backoff *b)
{
	uint64_t pause = random_next(&b->state) % ((uint64_t)b->bound_ms + 1);

	CHECK(b->bound_ms >= b->min_ms);
	b->bound_ms = b->bound_ms > b->max_ms / 2 ? b->max_ms : b->bound_ms * 2;
	return (uint32_t)pause;
}
