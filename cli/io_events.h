/* io_events.h - `butte events`: what happens in the cluster, a line each.
 * Returns the exit status, or -1 and e. */
#ifndef CLI_IO_EVENTS_H
#define CLI_IO_EVENTS_H

struct args;
struct err;

int events_command(const struct args *a, struct err *e);

#endif
