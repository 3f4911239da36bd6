/*
 * round.h - one allocation run: gives away what is free on the agents that are
 * due. For alloc.c.
 *
 * Agents are visited in random order. On each, roles and frameworks come in the
 * order of share.h, as it stood when the agent's turn began; each takes all it
 * may take there. Offers are gathered and told framework by framework at the
 * end.
 */
#ifndef MASTER_ROUND_H
#define MASTER_ROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "master/alloc.h"

/* all: every agent; else the candidates. */
void round_run(struct alloc *a, bool all, uint64_t now_ms, alloc_offer_f *offer,
	void *ctx);

#endif
