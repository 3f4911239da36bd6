/*
 * filter.h - offer filters: what was refused is not shown again for a while.
 *
 * A filter belongs to a framework in a role (its "client") and an agent; it
 * hides an offer that is contained in what was refused. It ends when its time
 * is over, but not before a run after it was set: so what comes back with a
 * filter is never in the very next run.
 *
 * The set owns the filters. Clients and agents have a list head of theirs, to
 * clear them in one go; looking up is one hash.
 */
#ifndef MASTER_FILTER_H
#define MASTER_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/heap.h"
#include "common/list.h"
#include "common/res.h"

struct filter_group;

/* One end of the key: embedded in a client or an agent. */
TAILQ_HEAD(filter_groups, filter_group);
struct filter_end {
	struct filter_groups groups;
	size_t n; /* filters */
};

struct filter_set {
	struct filter_group *groups; /* by both ends */
	struct heap ends;	     /* by time */
	size_t n;
};

void filter_set_init(struct filter_set *s);
/* Ends must have been cleared before. */
void filter_set_fini(struct filter_set *s);
void filter_end_init(struct filter_end *end);

/* Until until_ms, and until run number `run` is over. */
void filter_add(struct filter_set *s, struct filter_end *client,
	struct filter_end *agent, const struct res *refused, uint64_t until_ms,
	uint64_t run);
bool filter_hides(const struct filter_set *s, const struct filter_end *client,
	const struct filter_end *agent, const struct res *offer);
void filter_clear_client(struct filter_set *s, struct filter_end *client);
void filter_clear_agent(struct filter_set *s, struct filter_end *agent);
/* Before run number `run`: removes what is over. ended() is told each agent. */
typedef void filter_ended_f(void *ctx, struct filter_end *agent);
void filter_expire(struct filter_set *s, uint64_t now_ms, uint64_t run,
	filter_ended_f *ended, void *ctx);

#endif
