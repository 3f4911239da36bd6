/* prng.c - see prng.h. */
#include "common/prng.h"

#include "common/check.h"

static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void prng_init(struct prng *p, uint64_t seed)
{
	int i;

	for (i = 0; i < 4; i++)
		p->s[i] = splitmix(&seed);
}

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

uint64_t prng_next(struct prng *p)
{
	uint64_t *s = p->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* Numbers at the top that would favour small results are thrown away. */
uint64_t prng_below(struct prng *p, uint64_t n)
{
	uint64_t x, limit;

	CHECK(n > 0);
	limit = UINT64_MAX - UINT64_MAX % n;
	do
		x = prng_next(p);
	while (x >= limit);
	return x % n;
}

void prng_uuid(struct prng *p, char text[UUID_TEXT_SIZE])
{
	uint64_t words[2];
	uint8_t bytes[UUID_SIZE];

	words[0] = prng_next(p);
	words[1] = prng_next(p);
	for (size_t i = 0; i < UUID_SIZE; i++) /* the same on any machine */
		bytes[i] = (uint8_t)(words[i / 8] >> (i % 8 * 8));
	uuid_v4(bytes);
	uuid_format(text, bytes);
}
