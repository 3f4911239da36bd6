/* io_clock.c - see io_clock.h. */
#include "sched/io_clock.h"

#include <time.h>

#include "common/check.h"

static int64_t ns(clockid_t which)
{
	struct timespec t;

	CHECK(clock_gettime(which, &t) == 0);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

uint64_t clock_now_ms(void)
{
	return (uint64_t)(ns(CLOCK_MONOTONIC) / 1000000);
}

int64_t clock_wall_ns(void)
{
	return ns(CLOCK_REALTIME);
}
