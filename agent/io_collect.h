/*
 * io_collect.h - removes sandboxes that the agent has no use for any more, on a
 * thread of its own: a task can leave millions of files.
 */
#ifndef AGENT_IO_COLLECT_H
#define AGENT_IO_COLLECT_H

struct collect;
struct event_base;

/* root is the work directory, borrowed. */
struct collect *collect_new(struct event_base *base, int root);
/* What waits is left to the next start of the agent. */
void collect_free(struct collect *c);
/* The path of a run, relative to the work directory (io_sandbox.h). */
void collect_add(struct collect *c, const char *path);

#endif
