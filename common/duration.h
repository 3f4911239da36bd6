/*
 * duration.h - durations as Mesos writes and reads them: "250ms", "15secs",
 * "1.5hrs". Units: ns us ms secs mins hrs days weeks.
 */
#ifndef COMMON_DURATION_H
#define COMMON_DURATION_H

#include <stdint.h>

struct buf;
struct err;

/* A number, perhaps with a fraction, and a unit; never negative. */
int duration_parse(const char *text, int64_t *ret_ns, struct err *e);
/*
 * The largest unit that the duration reaches, or the next smaller one when that
 * would not give a whole number: 600 s are 10mins, 90 s are 90secs.
 */
void duration_print(struct buf *to, int64_t ns);
/* The same of milliseconds. */
void duration_print_ms(struct buf *to, uint64_t ms);

#endif
