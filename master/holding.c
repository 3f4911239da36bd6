/* holding.c - see holding.h. */
#include "master/holding.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/mem.h"
#include "common/res.h"
#include "master/alloc_state.h"

/* --- roles and clients ---------------------------------------------------- */

static struct alloc_role *role_find(const struct alloc *a, const char *path)
{
	struct alloc_role *r;

	HASH_FIND_STR(a->roles, path, r);
	return r;
}

/* Depth is bounded by ROLE_MAX. */
static struct alloc_role *role_add(struct alloc *a, const char *path)
{
	struct alloc_role *r = role_find(a, path);
	const char *slash = strrchr(path, '/');
	struct alloc_weight *w;

	if (r != NULL)
		return r;
	r = xcalloc(1, sizeof(*r));
	r->path = xstrdup(path);
	r->name = r->path;
	if (slash != NULL) {
		char *parent = xstrndup(path, (size_t)(slash - path));

		r->parent = role_add(a, parent);
		r->parent->n_subroles++;
		r->name = r->path + (slash - path) + 1;
		free(parent);
	}
	share_node_init(&r->node, SHARE_ROLE, r, r->name,
		r->parent != NULL ? &r->parent->node : &a->shares.root);
	share_node_init(&r->leaf, SHARE_LEAF, r, ".", &r->node);
	HASH_FIND_STR(a->weights, path, w);
	if (w != NULL)
		share_weight_set(&a->shares, &r->node, w->milli);
	TAILQ_INIT(&r->clients);
	HASH_ADD_KEYPTR(hh, a->roles, r->path, strlen(r->path), r);
	return r;
}

static void role_drop(struct alloc *a, struct alloc_role *r)
{
	while (r != NULL && r->n_clients == 0 && r->n_subroles == 0) {
		struct alloc_role *parent = r->parent;

		HASH_DEL(a->roles, r);
		share_node_fini(&a->shares, &r->leaf);
		share_node_fini(&a->shares, &r->node);
		if (parent != NULL)
			parent->n_subroles--;
		free(r->path);
		free(r);
		r = parent;
	}
}

struct alloc_client *holding_client_find(
	const struct alloc_fw *fw, const char *role)
{
	struct alloc_client *c;

	HASH_FIND_STR(fw->clients, role, c);
	return c;
}

struct alloc_client *holding_client_add(
	struct alloc *a, struct alloc_fw *fw, const char *role)
{
	struct alloc_client *c = holding_client_find(fw, role);

	if (c != NULL)
		return c;
	c = xcalloc(1, sizeof(*c));
	c->fw = fw;
	c->role = role_add(a, role);
	share_node_init(&c->node, SHARE_CLIENT, c, fw->id, &c->role->leaf);
	filter_end_init(&c->filters);
	TAILQ_INIT(&c->holdings);
	TAILQ_INSERT_TAIL(&c->role->clients, c, by_role);
	c->role->n_clients++;
	HASH_ADD_KEYPTR(
		hh, fw->clients, c->role->path, strlen(c->role->path), c);
	return c;
}

void holding_client_drop(struct alloc *a, struct alloc_client *c)
{
	if (c->subscribed || !TAILQ_EMPTY(&c->holdings))
		return;
	CHECK(!c->node.listed);
	filter_clear_client(&a->filters, &c->filters);
	HASH_DEL(c->fw->clients, c);
	TAILQ_REMOVE(&c->role->clients, c, by_role);
	c->role->n_clients--;
	share_node_fini(&a->shares, &c->node);
	quantity_sets_fini(&c->min);
	role_drop(a, c->role);
	free(c);
}

void holding_client_changed(struct alloc *a, struct alloc_client *c)
{
	c->changed = ++a->epoch;
	if (!c->node.listed)
		return;
	TAILQ_REMOVE(&a->changes, c, by_change);
	TAILQ_INSERT_HEAD(&a->changes, c, by_change);
}

void holding_client_refresh(struct alloc *a, struct alloc_client *c)
{
	bool list = c->fw->active && c->subscribed && !c->suppressed;

	if (list == c->node.listed)
		return;
	if (list) {
		share_list(&a->shares, &c->node);
		TAILQ_INSERT_HEAD(&a->changes, c, by_change);
		holding_client_changed(a, c);
	} else {
		share_unlist(&a->shares, &c->node);
		TAILQ_REMOVE(&a->changes, c, by_change);
	}
}

/* --- agents ----------------------------------------------------------------- */

static bool keep_unshared(const struct res_object *o, void *ctx)
{
	(void)ctx;
	return !res_object_is_shared(o);
}

static bool keep_shared(const struct res_object *o, void *ctx)
{
	(void)ctx;
	return res_object_is_shared(o);
}

static void sub_holdings(struct res *from, const struct alloc_agent *g)
{
	const struct alloc_holding *h;

	TAILQ_FOREACH (h, &g->holdings, by_agent)
		res_sub(from, &h->held);
}

/* Anew from all holdings, which are few, not step by step: an agent may come
 * back smaller than what runs there, or with two tasks on one port, and then
 * nothing may get free before the last of them is gone. */
static void compute_free(struct alloc_agent *g)
{
	struct res shared = RES_INIT;

	if (!g->has_shared) {
		res_copy(&g->free, &g->total);
		sub_holdings(&g->free, g);
		return;
	}
	res_filter(&g->free, &g->total, keep_unshared, NULL);
	sub_holdings(&g->free, g);
	res_filter(&shared, &g->total, keep_shared, NULL);
	res_add(&g->free, &shared);
	res_fini(&shared);
}

static void set_open(struct alloc *a, struct alloc_agent *g)
{
	bool open = g->active && !res_is_empty(&g->free);
	if (open && !g->open)
		TAILQ_INSERT_TAIL(&a->open, g, by_open);
	else if (!open && g->open)
		TAILQ_REMOVE(&a->open, g, by_open);
	g->open = open;
}

void holding_agent_refresh(struct alloc *a, struct alloc_agent *g)
{
	compute_free(g);
	set_open(a, g);
}

void holding_agent_dirty(struct alloc *a, struct alloc_agent *g)
{
	if (g->dirty)
		return;
	g->dirty = true;
	TAILQ_INSERT_TAIL(&a->dirty, g, by_dirty);
}

static void count_all(
	struct alloc *a, struct share_amount *to, const struct res *r)
{
	share_count(&a->shares, to, r, false);
	share_count(&a->shares, to, r, true);
}

void holding_agent_total(
	struct alloc *a, struct alloc_agent *g, const struct res *total)
{
	struct share_amount *plus = &a->scratch[0], *minus = &a->scratch[1];
	size_t i;

	share_amount_clear(plus);
	share_amount_clear(minus);
	count_all(a, minus, &g->total);
	res_copy(&g->total, total);
	res_allocate(&g->total, NULL);
	count_all(a, plus, &g->total);
	share_total_change(&a->shares, plus, minus);
	g->has_gpus = res_sum(&g->total, "gpus") > 0;
	g->has_shared = false;
	for (i = 0; i < g->total.n; i++)
		g->has_shared |= res_object_is_shared(g->total.objects[i]);
	holding_agent_refresh(a, g);
	holding_agent_dirty(a, g);
}

/* --- holdings ------------------------------------------------------------- */

/* An agent's holdings are few: one per framework and role that is there. */
struct alloc_holding *holding_find(
	struct alloc_agent *g, const struct alloc_client *c)
{
	struct alloc_holding *h;

	TAILQ_FOREACH (h, &g->holdings, by_agent)
		if (h->client == c)
			return h;
	return NULL;
}

static bool is_under(const struct share_node *n, const struct share_node *top)
{
	while (n != NULL && n != top)
		n = n->parent;
	return n != NULL;
}

/*
 * Shared volumes count once per agent and node, however many copies there are
 * and whoever holds them: for these the amount of a node is what the union of
 * all below it holds on this agent. `instead` stands for what h holds.
 */
static void count_shared(struct alloc *a, struct share_amount *to,
	const struct share_node *top, const struct alloc_holding *h,
	const struct res *instead)
{
	struct res all = RES_INIT, some = RES_INIT;
	const struct alloc_holding *i;

	TAILQ_FOREACH (i, &h->agent->holdings, by_agent) {
		if (!is_under(&i->client->node, top))
			continue;
		res_filter(
			&some, i == h ? instead : &i->held, keep_shared, NULL);
		res_add(&all, &some);
	}
	share_count(&a->shares, to, &all, true);
	res_fini(&all);
	res_fini(&some);
}

static bool has_shared(const struct res *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (res_object_is_shared(r->objects[i]))
			return true;
	return false;
}

/* Moves the shares of the client and all above it from h->held to next. */
static void change_shares(struct alloc *a, const struct alloc_holding *h,
	const struct res *next, bool given)
{
	struct share_amount *before = &a->scratch[0], *after = &a->scratch[1];
	bool shared = has_shared(&h->held) || has_shared(next);
	struct share_node *n;

	for (n = &h->client->node; n != NULL; n = n->parent) {
		if (shared || n == &h->client->node) {
			share_amount_clear(before);
			share_amount_clear(after);
			share_count(&a->shares, before, &h->held, false);
			share_count(&a->shares, after, next, false);
		}
		if (shared) {
			count_shared(a, before, n, h, &h->held);
			count_shared(a, after, n, h, next);
		}
		share_held_change(&a->shares, n, after, before, given);
	}
}

static struct alloc_holding *holding_add(
	struct alloc_agent *g, struct alloc_client *c)
{
	struct alloc_holding *h = xcalloc(1, sizeof(*h));

	h->client = c;
	h->agent = g;
	TAILQ_INSERT_TAIL(&c->holdings, h, by_client);
	TAILQ_INSERT_TAIL(&g->holdings, h, by_agent);
	return h;
}

static void holding_drop(struct alloc_holding *h)
{
	TAILQ_REMOVE(&h->client->holdings, h, by_client);
	TAILQ_REMOVE(&h->agent->holdings, h, by_agent);
	res_fini(&h->held);
	res_fini(&h->used);
	free(h);
}

/* What is not there is not taken away. */
void holding_change(struct alloc *a, struct alloc_agent *g,
	struct alloc_client *c, const struct res *plus, const struct res *minus,
	bool given)
{
	struct alloc_holding *h = holding_find(g, c);
	struct res next = RES_INIT;
	/* An offer: what was free is taken, so the rest needs no look at all
	 * holdings. */
	bool simple =
		minus == NULL && !g->has_shared && res_contains(&g->free, plus);

	if (h == NULL)
		h = holding_add(g, c);
	res_copy(&next, &h->held);
	if (plus != NULL)
		res_add(&next, plus);
	if (minus != NULL)
		res_sub(&next, minus);
	change_shares(a, h, &next, given);
	res_move(&h->held, &next);
	if (res_is_empty(&h->held))
		holding_drop(h);
	if (simple)
		res_sub(&g->free, plus);
	else
		compute_free(g);
	set_open(a, g);
	if (minus != NULL)
		holding_agent_dirty(a, g);
}

void holding_clear(struct alloc *a, struct alloc_holding *h)
{
	struct res all = RES_INIT;

	res_copy(&all, &h->held);
	holding_change(a, h->agent, h->client, NULL, &all, false);
	res_fini(&all);
}

/* --- checks -------------------------------------------------------------- */

static void check_agent(const struct alloc_agent *g)
{
	struct res left = RES_INIT, is_free = RES_INIT;
	const struct alloc_holding *h;

	res_filter(&left, &g->total, keep_unshared, NULL);
	TAILQ_FOREACH (h, &g->holdings, by_agent) {
		CHECK(h->agent == g);
		CHECK(!res_is_empty(&h->held));
		CHECK(res_contains(&h->held, &h->used));
		res_sub(&left, &h->held);
	}
	res_filter(&is_free, &g->free, keep_unshared, NULL);
	CHECK(res_equal(&left, &is_free));
	CHECK(g->open == (g->active && !res_is_empty(&g->free)));
	res_fini(&left);
	res_fini(&is_free);
}

static void check_client(const struct alloc_fw *f, const struct alloc_client *c)
{
	CHECK(c->fw == f);
	CHECK(c->subscribed || !TAILQ_EMPTY(&c->holdings));
	CHECK(c->node.listed == (f->active && c->subscribed && !c->suppressed));
}

void holding_check(const struct alloc *a)
{
	const struct alloc_agent *g;
	const struct alloc_fw *f;
	const struct alloc_client *c;
	const struct alloc_role *r;

	for (g = a->agents; g != NULL; g = g->hh.next)
		check_agent(g);
	for (f = a->fws; f != NULL; f = f->hh.next)
		for (c = f->clients; c != NULL; c = c->hh.next)
			check_client(f, c);
	for (r = a->roles; r != NULL; r = r->hh.next)
		CHECK(r->n_clients > 0 || r->n_subroles > 0);
	share_check(&a->shares);
}
