/* io_clock.h - the clocks, for the library: io_loop.h has them too, but brings
 * the daemons' store along. */
#ifndef SCHED_IO_CLOCK_H
#define SCHED_IO_CLOCK_H

#include <stdint.h>

uint64_t clock_now_ms(void); /* monotonic */
int64_t clock_wall_ns(void); /* since the epoch */

#endif
