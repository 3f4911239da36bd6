/*
 * prng.h - random numbers from a seed: the same seed, the same numbers.
 *
 * xoshiro256** by Blackman and Vigna, seeded through splitmix64. For shuffles
 * and jitter; never for anything that must not be guessed.
 */
#ifndef COMMON_PRNG_H
#define COMMON_PRNG_H

#include <stdint.h>

#include "common/uuid.h"

struct prng {
	uint64_t s[4];
};

void prng_init(struct prng *p, uint64_t seed);
uint64_t prng_next(struct prng *p);
/* Uniform in 0..n-1; n > 0. */
uint64_t prng_below(struct prng *p, uint64_t n);
/* A version 4 UUID as text (uuid.h): unique, not secret. */
void prng_uuid(struct prng *p, char text[UUID_TEXT_SIZE]);

#endif
