/*
 * alloc_state.h - the inside of the allocator: its tables. For alloc.c,
 * holding.c, round.c and their tests.
 *
 * agents     free = total less what is held there: what may be offered
 * frameworks and in each a client per role
 * clients    a framework in a role: a leaf of the share tree
 * holdings   what a client has on an agent, offered or used
 * roles      paths of the tree; there while they have clients or subroles
 *
 * Two marks keep runs short. An agent is `dirty` when something came back to it
 * or about it changed: then everybody may want it. A client is `changed` at an
 * epoch: then it may want what it did not get before. An agent that a run has
 * gone through is remembered with the epoch of that run (`swept`), and is only
 * looked at again when it is dirty, or for clients that changed since.
 */
#ifndef MASTER_ALLOC_STATE_H
#define MASTER_ALLOC_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "common/map.h"
#include "common/prng.h"
#include "common/quantity.h"
#include "common/res.h"
#include "master/alloc.h"
#include "master/filter.h"
#include "master/share.h"

struct alloc_agent;
struct alloc_client;
struct alloc_fw;

struct alloc_role {
	char *path;
	const char *name; /* its last component */
	struct alloc_role *parent;
	struct share_node node;
	struct share_node leaf; /* ".": its own clients */
	size_t n_clients;
	size_t n_subroles;
	TAILQ_HEAD(, alloc_client) clients;
	UT_hash_handle hh;
};

/* Configured weights live longer than roles. */
struct alloc_weight {
	char *path;
	int64_t milli;
	UT_hash_handle hh;
};

/* An amount on one agent. Without allocation roles. */
struct alloc_holding {
	struct alloc_client *client;
	struct alloc_agent *agent;
	struct res held;
	struct res used; /* the part that tasks took */
	TAILQ_ENTRY(alloc_holding) by_client;
	TAILQ_ENTRY(alloc_holding) by_agent;
};

struct alloc_client {
	struct alloc_fw *fw;
	struct alloc_role *role;
	struct share_node node; /* listed while it can be offered something */
	bool subscribed;	/* else: only until its last holding is gone */
	bool suppressed;
	bool marked; /* by alloc.c, while it compares lists */
	bool has_min;
	struct quantity_sets min; /* instead of the global ones */
	uint64_t changed;	  /* epoch */
	struct filter_end filters;
	TAILQ_HEAD(, alloc_holding) holdings;
	TAILQ_ENTRY(alloc_client) by_role;
	TAILQ_ENTRY(alloc_client) by_change; /* while listed; newest first */
	UT_hash_handle hh;		     /* in fw->clients, by role */
};

struct alloc_fw {
	char *id;
	bool known; /* added; else only seen holding something */
	bool active;
	unsigned capabilities;
	struct alloc_client *clients;
	/* Of the run under way: */
	TAILQ_HEAD(, round_offer) offers;
	TAILQ_ENTRY(alloc_fw) by_round;
	UT_hash_handle hh;
};

struct alloc_agent {
	char *id;
	unsigned capabilities;
	bool active;
	bool has_gpus;
	bool has_shared;
	struct res total;
	struct res free; /* never negative; shared volumes always in it */
	struct filter_end filters;
	TAILQ_HEAD(, alloc_holding) holdings;
	bool dirty;
	uint64_t swept;
	bool candidate; /* an event asked for a run of it */
	bool open;	/* active, and something is free */
	TAILQ_ENTRY(alloc_agent) by_dirty;
	TAILQ_ENTRY(alloc_agent) by_candidate;
	TAILQ_ENTRY(alloc_agent) by_open;
	UT_hash_handle hh;
};

TAILQ_HEAD(alloc_agent_list, alloc_agent);

struct alloc {
	uint64_t interval_ms;
	uint64_t next_ms; /* end of the period */
	bool filter_gpu;
	struct quantity_sets min;
	struct prng prng;
	struct alloc_agent *agents;
	struct alloc_fw *fws;
	struct alloc_role *roles;
	struct alloc_weight *weights;
	struct share_tree shares;
	struct share_amount scratch[2];
	struct filter_set filters;
	uint64_t epoch; /* of the newest change of a client */
	uint64_t swept; /* all open agents have been gone through at it */
	TAILQ_HEAD(, alloc_client) changes;
	struct alloc_agent_list dirty;
	struct alloc_agent_list candidates;
	struct alloc_agent_list open;
	bool all_candidates;
	uint64_t runs;
	uint64_t n_offers;
};

#endif
