/*
 * io_run.h - `butte run`: a framework of its own for one command, followed to
 * its end.
 *
 * stdout is the tasks' stdout, stderr theirs and, on lines that begin with
 * "butte: ", what happens. Ends with the task's exit status; of several
 * instances, with the first one that isn't 0. Ctrl-C kills the tasks and waits
 * for their end; a second one leaves at once (the master then ends the
 * framework and with it the tasks).
 */
#ifndef CLI_IO_RUN_H
#define CLI_IO_RUN_H

struct args;
struct err;

/* More would not fit into one ACCEPT of a small cluster; see --instances. */
#define RUN_INSTANCES_MAX 10000

int run_command(const struct args *a, struct err *e);

#endif
