/*
 * gc.h - sandboxes of ended runs, removed when --gc_delay has passed.
 *
 * They wait in the order of their end, which is that of their deadlines, and
 * each has a record, so that a restart forgets none. A record goes only some
 * time after its removal was asked for: to remove twice does no harm.
 */
#ifndef AGENT_GC_H
#define AGENT_GC_H

#include <stdint.h>

struct agent;
struct outbox;

/* The run in that directory (relative to work_dir) is over. */
void gc_add(struct agent *a, const char *directory, struct outbox *out);
/* From its record; in the order of numbers. The time is not known yet. */
void gc_load(struct agent *a, uint64_t number, const char *directory,
	int64_t ended_ns);
/* Now it is: deadlines for what was loaded. */
void gc_settle(struct agent *a);
void gc_tick(struct agent *a, struct outbox *out);
uint64_t gc_next_due(const struct agent *a);

#endif
