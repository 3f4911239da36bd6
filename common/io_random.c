/* io_random.c - see io_random.h. */
#include "common/io_random.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

#include "common/check.h"

void random_bytes(void *to, size_t size)
{
	char *p = to;

	while (size > 0) {
		ssize_t n = getrandom(p, size, 0);

		if (n < 0 && errno == EINTR)
			continue;
		CHECK(n > 0);
		p += n;
		size -= (size_t)n;
	}
}

uint64_t random_seed(void)
{
	uint64_t seed;

	random_bytes(&seed, sizeof(seed));
	return seed;
}

void random_uuid(char text[UUID_TEXT_SIZE])
{
	uint8_t bytes[UUID_SIZE];

	random_bytes(bytes, sizeof(bytes));
	uuid_v4(bytes);
	uuid_format(text, bytes);
}
