/* round.c - see round.h. */
#include "master/round.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/mem.h"
#include "common/res.h"
#include "master/alloc_state.h"
#include "master/holding.h"

/* Up to so many clients that changed are tried alone; with more, all are. */
#define CHANGED_MAX 32

struct round_offer {
	struct alloc_client *client;
	struct alloc_agent *agent;
	struct res res;
	TAILQ_ENTRY(round_offer) link;
};

struct round {
	struct alloc *a;
	struct alloc_agent **agents;
	size_t n_agents;
	size_t cap_agents;
	TAILQ_HEAD(, alloc_fw) fws; /* with offers, in order of the first */
	/* About the agent whose turn it is: */
	struct alloc_agent *g;
	const struct alloc_role *role; /* of part; NULL: to be computed */
	struct res part;	       /* what the role may get */
	struct res mine;	       /* what the framework may get of it */
	struct res shared;	       /* given in this run */
};

static void collect(struct round *r, bool all);
static void shuffle(struct round *r);
static void visit(struct round *r, struct alloc_agent *g);
static void deliver(struct round *r, alloc_offer_f *offer, void *ctx);

static void filter_ended(void *ctx, struct filter_end *end)
{
	holding_agent_dirty(ctx, HEAP_OWNER(end, struct alloc_agent, filters));
}

void round_run(struct alloc *a, bool all, uint64_t now_ms, alloc_offer_f *offer,
	void *ctx)
{
	struct round r = { .a = a };
	size_t i;

	TAILQ_INIT(&r.fws);
	filter_expire(&a->filters, now_ms, a->runs, filter_ended, a);
	a->runs++;
	collect(&r, all);
	shuffle(&r);
	for (i = 0; i < r.n_agents; i++)
		visit(&r, r.agents[i]);
	res_fini(&r.part);
	res_fini(&r.mine);
	res_fini(&r.shared);
	free(r.agents);
	deliver(&r, offer, ctx);
}

/* --- which agents ----------------------------------------------------------- */

static void take(struct round *r, struct alloc_agent *g)
{
	r->agents = xgrow(r->agents, &r->cap_agents, r->n_agents + 1,
		sizeof(struct alloc_agent *));
	r->agents[r->n_agents++] = g;
}

/*
 * Of all agents only those can give something that have something free and are
 * dirty; and all that have something free if a client changed since the last
 * time. See alloc_state.h.
 */
static void collect(struct round *r, bool all)
{
	struct alloc *a = r->a;
	struct alloc_agent *g;

	if (!all) {
		TAILQ_FOREACH (g, &a->candidates, by_candidate)
			take(r, g);
	} else if (a->swept != a->epoch) {
		TAILQ_FOREACH (g, &a->open, by_open)
			take(r, g);
		a->swept = a->epoch;
	} else {
		TAILQ_FOREACH (g, &a->dirty, by_dirty)
			take(r, g);
	}
	while ((g = TAILQ_FIRST(&a->candidates)) != NULL) {
		g->candidate = false;
		TAILQ_REMOVE(&a->candidates, g, by_candidate);
	}
	a->all_candidates = false;
}

static void shuffle(struct round *r)
{
	size_t i, j;

	for (i = r->n_agents; i > 1; i--) {
		struct alloc_agent *g = r->agents[i - 1];

		j = prng_below(&r->a->prng, i);
		r->agents[i - 1] = r->agents[j];
		r->agents[j] = g;
	}
}

/* --- one agent ---------------------------------------------------------------- */

/* GPUs and capabilities of agents: the whole agent is withheld. */
static bool is_withheld(const struct round *r, const struct alloc_client *c)
{
	unsigned may = c->fw->capabilities, has = r->g->capabilities;

	if (r->a->filter_gpu && r->g->has_gpus && !(may & ALLOC_GPU))
		return true;
	if ((may & ALLOC_MULTI_ROLE) && !(has & ALLOC_MULTI_ROLE))
		return true;
	return c->role->parent != NULL && !(has & ALLOC_HIERARCHICAL_ROLE);
}

static bool may_take(const struct res_object *o, unsigned capabilities)
{
	return (!res_object_is_shared(o) || (capabilities & ALLOC_SHARED)) &&
		(!res_object_is_revocable(o) ||
			(capabilities & ALLOC_REVOCABLE)) &&
		(!res_object_is_refined(o) ||
			(capabilities & ALLOC_REFINEMENT));
}

static bool keep_mine(const struct res_object *o, void *ctx)
{
	const unsigned *capabilities = ctx;

	return may_take(o, *capabilities);
}

/* What of the agent the client may take. */
static struct res *mine(struct round *r, struct alloc_client *c)
{
	size_t i;

	if (r->role != c->role) {
		res_for_role(&r->part, &r->g->free, c->role->path);
		res_sub(&r->part, &r->shared);
		r->role = c->role;
	}
	for (i = 0; i < r->part.n; i++)
		if (!may_take(r->part.objects[i], c->fw->capabilities))
			break;
	if (i == r->part.n)
		return &r->part;
	res_filter(&r->mine, &r->part, keep_mine, &c->fw->capabilities);
	return &r->mine;
}

static bool keep_shared(const struct res_object *o, void *ctx)
{
	(void)ctx;
	return res_object_is_shared(o);
}

/* Takes `what` over. */
static void give(struct round *r, struct alloc_client *c, struct res *what)
{
	struct round_offer *o = xcalloc(1, sizeof(*o));
	struct res shared = RES_INIT;

	o->client = c;
	o->agent = r->g;
	res_move(&o->res, what);
	holding_change(r->a, r->g, c, &o->res, NULL, true);
	if (r->g->has_shared) {
		res_filter(&shared, &o->res, keep_shared, NULL);
		res_add(&r->shared, &shared);
		res_fini(&shared);
	}
	res_allocate(&o->res, c->role->path);
	if (TAILQ_EMPTY(&c->fw->offers))
		TAILQ_INSERT_TAIL(&r->fws, c->fw, by_round);
	TAILQ_INSERT_TAIL(&c->fw->offers, o, link);
	r->a->n_offers++;
	r->role = NULL;
}

static void try_client(struct round *r, struct alloc_client *c)
{
	struct res *what;

	if (is_withheld(r, c))
		return;
	what = mine(r, c);
	if (!quantity_sets_pass(c->has_min ? &c->min : &r->a->min, what))
		return;
	if (filter_hides(&r->a->filters, &c->filters, &r->g->filters, what))
		return;
	give(r, c, what);
}

/* In order; false when nothing is left to give. Depth is bounded by ROLE_MAX. */
static bool try_below(struct round *r, struct share_node *n)
{
	size_t i;

	if (n->kind == SHARE_CLIENT) {
		try_client(r, n->owner);
		return !res_is_empty(&r->g->free);
	}
	for (i = 0; i < n->n_children; i++)
		if (!try_below(r, n->children[i]))
			return false;
	return true;
}

static int by_order(const void *pa, const void *pb)
{
	const struct alloc_client *a = *(struct alloc_client *const *)pa;
	const struct alloc_client *b = *(struct alloc_client *const *)pb;

	return share_before(&a->node, &b->node)
		? -1
		: share_before(&b->node, &a->node);
}

/* Whether the agent was gone through before, so that only few clients may want
 * something of it now; tries them. */
static bool try_changed(struct round *r)
{
	struct alloc_client *c, *changed[CHANGED_MAX];
	size_t i, n = 0;

	if (r->g->dirty)
		return false;
	TAILQ_FOREACH (c, &r->a->changes, by_change) {
		if (c->changed <= r->g->swept)
			break;
		if (n == CHANGED_MAX)
			return false;
		changed[n++] = c;
	}
	qsort(changed, n, sizeof(struct alloc_client *), by_order);
	for (i = 0; i < n && !res_is_empty(&r->g->free); i++)
		try_client(r, changed[i]);
	return true;
}

/* A shared volume that was given can be given to others in the next run, so
 * that its agent stays dirty. */
static void visit(struct round *r, struct alloc_agent *g)
{
	r->g = g;
	r->role = NULL;
	res_clear(&r->shared);
	if (g->open) {
		share_settle(&r->a->shares);
		if (!try_changed(r))
			(void)try_below(r, &r->a->shares.root);
	}
	g->swept = r->a->epoch;
	if (g->dirty && res_is_empty(&r->shared)) {
		g->dirty = false;
		TAILQ_REMOVE(&r->a->dirty, g, by_dirty);
	} else if (!res_is_empty(&r->shared)) {
		holding_agent_dirty(r->a, g);
	}
}

/* --- the end --------------------------------------------------------------------- */

static void deliver(struct round *r, alloc_offer_f *offer, void *ctx)
{
	struct alloc_fw *f;
	struct round_offer *o;

	while ((f = TAILQ_FIRST(&r->fws)) != NULL) {
		TAILQ_REMOVE(&r->fws, f, by_round);
		while ((o = TAILQ_FIRST(&f->offers)) != NULL) {
			TAILQ_REMOVE(&f->offers, o, link);
			offer(ctx, f->id, o->client->role->path, o->agent->id,
				&o->res);
			res_fini(&o->res);
			free(o);
		}
	}
}
