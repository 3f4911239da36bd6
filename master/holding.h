/*
 * holding.h - bookkeeping of the allocator: who holds what where, and what
 * follows from it for agents, roles and shares. One function changes a holding;
 * everything else is derived there.
 */
#ifndef MASTER_HOLDING_H
#define MASTER_HOLDING_H

#include <stdbool.h>

struct alloc;
struct alloc_agent;
struct alloc_client;
struct alloc_fw;
struct alloc_holding;
struct res;

struct alloc_client *holding_client_find(
	const struct alloc_fw *fw, const char *role);
/* Finds or makes; makes roles as needed. */
struct alloc_client *holding_client_add(
	struct alloc *a, struct alloc_fw *fw, const char *role);
/* Removes the client if it is neither subscribed nor holds anything. */
void holding_client_drop(struct alloc *a, struct alloc_client *c);
/* Lists or unlists it after a change of activity, suppression, subscription. */
void holding_client_refresh(struct alloc *a, struct alloc_client *c);
/* It may want now what it did not get before. */
void holding_client_changed(struct alloc *a, struct alloc_client *c);

struct alloc_holding *holding_find(
	struct alloc_agent *g, const struct alloc_client *c);
/* plus and minus may be NULL; without allocation roles. given: it counts as one
 * allocation. The holding is freed when nothing is left of it. */
void holding_change(struct alloc *a, struct alloc_agent *g,
	struct alloc_client *c, const struct res *plus, const struct res *minus,
	bool given);
void holding_clear(struct alloc *a, struct alloc_holding *h);

/* free, open and has_* after total, held or activity changed. */
void holding_agent_refresh(struct alloc *a, struct alloc_agent *g);
void holding_agent_total(
	struct alloc *a, struct alloc_agent *g, const struct res *total);
void holding_agent_dirty(struct alloc *a, struct alloc_agent *g);

void holding_check(const struct alloc *a);

#endif
