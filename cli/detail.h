/*
 * detail.h - one thing in full, as "Name:  value" lines; and events as lines.
 * Pure. What could move a terminal's cursor is shown as '?'.
 */
#ifndef CLI_DETAIL_H
#define CLI_DETAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/census.h"

void detail_agent(
	struct buf *to, const struct census *v, const census_agent_t *a);
void detail_framework(
	struct buf *to, const struct census *v, const census_framework_t *f);
void detail_task(
	struct buf *to, const struct census *v, const Mesos__V1__Task *task);
/* The whole cluster in a few lines. */
void detail_cluster(struct buf *to, const struct census *v);
/* One "Name:  value" line. NULL is "-". */
void detail_line(struct buf *to, const char *name, const char *value);

/* An event as one line without a '\n'; false: nothing to say (HEARTBEAT).
 * SUBSCRIBED is a line for each thing that is there. */
bool detail_event(
	struct buf *to, const Mesos__V1__Master__Event *e, int64_t now);

#endif
