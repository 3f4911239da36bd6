/* alloc.c - see alloc.h. The tables are in alloc_state.h. */
#include "master/alloc.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/ident.h"
#include "common/mem.h"
#include "master/alloc_state.h"
#include "master/holding.h"
#include "master/round.h"

#define WEIGHT_ONE 1000

struct alloc *alloc_new(const struct alloc_config *cfg, struct err *e)
{
	struct alloc *a;
	struct quantity_sets min;

	if (cfg->interval_ms == 0) {
		err_set(e, ERR_INVALID, "the allocation interval is zero");
		return NULL;
	}
	if (quantity_sets_parse(&min, cfg->min_allocatable, e) != 0)
		return NULL;
	a = xcalloc(1, sizeof(*a));
	a->interval_ms = cfg->interval_ms;
	a->filter_gpu = cfg->filter_gpu;
	a->min = min;
	prng_init(&a->prng, cfg->seed);
	share_init(&a->shares, cfg->excluded_names);
	filter_set_init(&a->filters);
	TAILQ_INIT(&a->changes);
	TAILQ_INIT(&a->dirty);
	TAILQ_INIT(&a->candidates);
	TAILQ_INIT(&a->open);
	return a;
}

void alloc_free(struct alloc *a)
{
	struct alloc_weight *w, *next;

	if (a == NULL)
		return;
	while (a->fws != NULL)
		alloc_framework_remove(a, a->fws->id);
	while (a->agents != NULL)
		alloc_agent_remove(a, a->agents->id);
	HASH_ITER (hh, a->weights, w, next) {
		HASH_DEL(a->weights, w);
		free(w->path);
		free(w);
	}
	CHECK(a->roles == NULL);
	filter_set_fini(&a->filters);
	share_fini(&a->shares);
	share_amount_fini(&a->scratch[0]);
	share_amount_fini(&a->scratch[1]);
	quantity_sets_fini(&a->min);
	free(a);
}

int alloc_min_check(const char *text, struct err *e)
{
	struct quantity_sets s;

	if (quantity_sets_parse(&s, text, e) != 0)
		return -1;
	quantity_sets_fini(&s);
	return 0;
}

/* --- agents ----------------------------------------------------------------- */

static struct alloc_agent *agent_find(const struct alloc *a, const char *id)
{
	struct alloc_agent *g;

	HASH_FIND_STR(a->agents, id, g);
	return g;
}

static void ask_for_run(struct alloc *a, struct alloc_agent *g)
{
	if (g->candidate)
		return;
	g->candidate = true;
	TAILQ_INSERT_TAIL(&a->candidates, g, by_candidate);
}

void alloc_agent_add(struct alloc *a, const char *id, const struct res *total,
	unsigned capabilities)
{
	struct alloc_agent *g = xcalloc(1, sizeof(*g));

	CHECK(agent_find(a, id) == NULL);
	g->id = xstrdup(id);
	g->capabilities = capabilities;
	g->active = true;
	filter_end_init(&g->filters);
	TAILQ_INIT(&g->holdings);
	HASH_ADD_KEYPTR(hh, a->agents, g->id, strlen(g->id), g);
	holding_agent_total(a, g, total);
	ask_for_run(a, g);
}

void alloc_agent_total(struct alloc *a, const char *id, const struct res *total)
{
	struct alloc_agent *g = agent_find(a, id);

	if (g == NULL || res_equal(&g->total, total))
		return;
	holding_agent_total(a, g, total);
	ask_for_run(a, g);
}

void alloc_agent_changed(struct alloc *a, const char *id, unsigned capabilities)
{
	struct alloc_agent *g = agent_find(a, id);

	if (g == NULL)
		return;
	g->capabilities = capabilities;
	filter_clear_agent(&a->filters, &g->filters);
	holding_agent_dirty(a, g);
	ask_for_run(a, g);
}

void alloc_agent_activate(struct alloc *a, const char *id, bool active)
{
	struct alloc_agent *g = agent_find(a, id);

	if (g == NULL || g->active == active)
		return;
	g->active = active;
	holding_agent_refresh(a, g);
	holding_agent_dirty(a, g);
}

/* Forgets a client that only waited for its last holding, and its framework if
 * nobody ever added that. */
static void client_left(struct alloc *a, struct alloc_client *c)
{
	struct alloc_fw *f = c->fw;

	holding_client_drop(a, c);
	if (f->known || f->clients != NULL)
		return;
	HASH_DEL(a->fws, f);
	free(f->id);
	free(f);
}

void alloc_agent_remove(struct alloc *a, const char *id)
{
	struct alloc_agent *g = agent_find(a, id);
	struct alloc_holding *h;
	struct res none = RES_INIT;

	if (g == NULL)
		return;
	while ((h = TAILQ_FIRST(&g->holdings)) != NULL) {
		struct alloc_client *c = h->client;

		holding_clear(a, h);
		client_left(a, c);
	}
	filter_clear_agent(&a->filters, &g->filters);
	holding_agent_total(a, g, &none); /* closes it */
	CHECK(!g->open);
	if (g->dirty)
		TAILQ_REMOVE(&a->dirty, g, by_dirty);
	if (g->candidate)
		TAILQ_REMOVE(&a->candidates, g, by_candidate);
	HASH_DEL(a->agents, g);
	res_fini(&g->total);
	res_fini(&g->free);
	free(g->id);
	free(g);
}

/* --- frameworks ------------------------------------------------------------- */

/*
 * Roles come from agents and records too, where nobody looked at them. What is
 * none is accounted to "*": what is held must be held by somebody, and depth
 * must be bounded.
 */
static const char *role_of(const char *text)
{
	return ident_role_check(text, NULL) == 0 ? text : "*";
}

static struct alloc_fw *fw_find(const struct alloc *a, const char *id)
{
	struct alloc_fw *f;

	HASH_FIND_STR(a->fws, id, f);
	return f;
}

static struct alloc_fw *fw_add(struct alloc *a, const char *id)
{
	struct alloc_fw *f = fw_find(a, id);

	if (f != NULL)
		return f;
	f = xcalloc(1, sizeof(*f));
	f->id = xstrdup(id);
	TAILQ_INIT(&f->offers);
	HASH_ADD_KEYPTR(hh, a->fws, f->id, strlen(f->id), f);
	return f;
}

static void set_roles(
	struct alloc *a, struct alloc_fw *f, const struct alloc_framework *want)
{
	struct alloc_client *c, *next;
	size_t i;

	for (c = f->clients; c != NULL; c = c->hh.next)
		c->marked = false;
	for (i = 0; i < want->n_roles; i++) {
		c = holding_client_add(a, f, role_of(want->roles[i]));
		c->marked = true;
		c->subscribed = true;
	}
	HASH_ITER (hh, f->clients, c, next) {
		if (c->marked)
			continue;
		c->subscribed = false;
		c->suppressed = false;
		filter_clear_client(&a->filters, &c->filters);
		holding_client_refresh(a, c);
		holding_client_drop(a, c);
	}
}

/* Filters go with suppression, as with a REVIVE. */
static void set_suppressed(
	struct alloc *a, struct alloc_fw *f, const struct alloc_framework *want)
{
	struct alloc_client *c;
	size_t i;

	for (c = f->clients; c != NULL; c = c->hh.next)
		c->marked = false;
	for (i = 0; i < want->n_suppressed; i++) {
		c = holding_client_find(f, want->suppressed[i]);
		if (c != NULL && c->subscribed)
			c->marked = true;
	}
	for (c = f->clients; c != NULL; c = c->hh.next) {
		if (c->suppressed && !c->marked)
			filter_clear_client(&a->filters, &c->filters);
		c->suppressed = c->marked;
	}
}

static void set_mins(struct alloc_fw *f, const struct alloc_framework *want)
{
	struct alloc_client *c;
	size_t i;

	for (c = f->clients; c != NULL; c = c->hh.next) {
		c->has_min = false;
		quantity_sets_fini(&c->min);
	}
	for (i = 0; i < want->n_mins; i++) {
		c = holding_client_find(f, want->mins[i].role);
		if (c == NULL || c->has_min)
			continue;
		c->has_min = quantity_sets_parse(
				     &c->min, want->mins[i].sets, NULL) == 0;
	}
}

static void fw_set(
	struct alloc *a, struct alloc_fw *f, const struct alloc_framework *want)
{
	struct alloc_client *c;

	f->capabilities = want->capabilities;
	set_roles(a, f, want);
	set_suppressed(a, f, want);
	set_mins(f, want);
	for (c = f->clients; c != NULL; c = c->hh.next) {
		holding_client_refresh(a, c);
		holding_client_changed(a, c);
	}
}

void alloc_framework_add(struct alloc *a, const char *id,
	const struct alloc_framework *f, bool active)
{
	struct alloc_fw *fw = fw_add(a, id);

	CHECK(!fw->known);
	fw->known = true;
	fw->active = active;
	fw_set(a, fw, f);
	if (active)
		a->all_candidates = true;
}

void alloc_framework_update(
	struct alloc *a, const char *id, const struct alloc_framework *f)
{
	struct alloc_fw *fw = fw_find(a, id);

	if (fw != NULL)
		fw_set(a, fw, f);
}

void alloc_framework_activate(struct alloc *a, const char *id, bool active)
{
	struct alloc_fw *f = fw_find(a, id);
	struct alloc_client *c;

	if (f == NULL || f->active == active)
		return;
	f->active = active;
	for (c = f->clients; c != NULL; c = c->hh.next) {
		if (!active)
			filter_clear_client(&a->filters, &c->filters);
		holding_client_refresh(a, c);
	}
	if (active)
		a->all_candidates = true;
}

void alloc_framework_remove(struct alloc *a, const char *id)
{
	struct alloc_fw *f = fw_find(a, id);
	struct alloc_client *c, *next;

	if (f == NULL)
		return;
	f->known = false;
	f->active = false;
	HASH_ITER (hh, f->clients, c, next) {
		while (!TAILQ_EMPTY(&c->holdings))
			holding_clear(a, TAILQ_FIRST(&c->holdings));
		c->subscribed = false;
		holding_client_refresh(a, c);
		holding_client_drop(a, c);
	}
	CHECK(f->clients == NULL);
	HASH_DEL(a->fws, f);
	free(f->id);
	free(f);
}

static void suppress(struct alloc *a, struct alloc_client *c)
{
	if (c == NULL || !c->subscribed)
		return;
	c->suppressed = true;
	holding_client_refresh(a, c);
}

static void revive(struct alloc *a, struct alloc_client *c)
{
	if (c == NULL || !c->subscribed)
		return;
	c->suppressed = false;
	filter_clear_client(&a->filters, &c->filters);
	holding_client_refresh(a, c);
	holding_client_changed(a, c);
}

typedef void client_f(struct alloc *a, struct alloc_client *c);

static void for_roles(struct alloc *a, struct alloc_fw *f,
	const char *const *roles, size_t n, client_f *fn)
{
	struct alloc_client *c;
	size_t i;

	for (i = 0; i < n; i++)
		fn(a, holding_client_find(f, roles[i]));
	for (c = f->clients; n == 0 && c != NULL; c = c->hh.next)
		fn(a, c);
}

void alloc_suppress(
	struct alloc *a, const char *id, const char *const *roles, size_t n)
{
	struct alloc_fw *f = fw_find(a, id);

	if (f != NULL)
		for_roles(a, f, roles, n, suppress);
}

void alloc_revive(
	struct alloc *a, const char *id, const char *const *roles, size_t n)
{
	struct alloc_fw *f = fw_find(a, id);

	if (f == NULL)
		return;
	for_roles(a, f, roles, n, revive);
	a->all_candidates = true;
}

/* --- what is held ------------------------------------------------------------ */

static void plain_copy(struct res *to, const struct res *from)
{
	res_copy(to, from);
	res_allocate(to, NULL);
}

void alloc_hold(struct alloc *a, const char *framework, const char *role,
	const char *agent, const struct res *r)
{
	struct alloc_agent *g = agent_find(a, agent);
	struct res plain = RES_INIT;
	struct alloc_client *c;

	if (g == NULL || res_is_empty(r))
		return;
	plain_copy(&plain, r);
	c = holding_client_add(a, fw_add(a, framework), role_of(role));
	holding_change(a, g, c, &plain, NULL, true);
	res_add(&holding_find(g, c)->used, &plain);
	res_fini(&plain);
}

static struct alloc_holding *held_find(struct alloc *a, const char *framework,
	const char *role, const char *agent)
{
	struct alloc_agent *g = agent_find(a, agent);
	struct alloc_fw *f = fw_find(a, framework);
	struct alloc_client *c;

	if (g == NULL || f == NULL)
		return NULL;
	c = holding_client_find(f, role_of(role));
	return c != NULL ? holding_find(g, c) : NULL;
}

void alloc_use(struct alloc *a, const char *framework, const char *role,
	const char *agent, const struct res *r)
{
	struct alloc_holding *h = held_find(a, framework, role, agent);
	struct res plain = RES_INIT;

	if (h == NULL)
		return;
	plain_copy(&plain, r);
	res_add(&h->used, &plain);
	res_fini(&plain);
}

static void refuse(struct alloc *a, struct alloc_holding *h,
	const struct res *r, uint64_t refuse_ms, uint64_t now_ms)
{
	struct alloc_client *c = h->client;
	uint64_t ms = refuse_ms > a->interval_ms ? refuse_ms : a->interval_ms;

	if (refuse_ms == 0 || !c->fw->active || !c->subscribed ||
		res_is_empty(r))
		return;
	filter_add(&a->filters, &c->filters, &h->agent->filters, r,
		now_ms > UINT64_MAX - ms ? UINT64_MAX : now_ms + ms, a->runs);
}

void alloc_release(struct alloc *a, const char *framework, const char *role,
	const char *agent, const struct res *r, bool used, uint64_t refuse_ms,
	uint64_t now_ms)
{
	struct alloc_holding *h = held_find(a, framework, role, agent);
	struct res plain = RES_INIT;
	struct alloc_client *c;

	if (h == NULL)
		return;
	c = h->client;
	plain_copy(&plain, r);
	if (used)
		res_sub(&h->used, &plain);
	refuse(a, h, &plain, refuse_ms, now_ms);
	holding_change(a, h->agent, c, NULL, &plain, false);
	res_fini(&plain);
	client_left(a, c);
}

void alloc_weight_set(struct alloc *a, const char *role, int64_t weight_milli)
{
	struct alloc_weight *w;
	struct alloc_role *r;

	CHECK(weight_milli > 0);
	HASH_FIND_STR(a->weights, role, w);
	if (w == NULL) {
		w = xcalloc(1, sizeof(*w));
		w->path = xstrdup(role);
		HASH_ADD_KEYPTR(hh, a->weights, w->path, strlen(w->path), w);
	}
	w->milli = weight_milli;
	HASH_FIND_STR(a->roles, role, r);
	if (r != NULL)
		share_weight_set(&a->shares, &r->node, weight_milli);
}

/* --- runs --------------------------------------------------------------------- */

uint64_t alloc_due(const struct alloc *a)
{
	if (a->all_candidates || !TAILQ_EMPTY(&a->candidates))
		return 0;
	return a->next_ms;
}

void alloc_run(
	struct alloc *a, uint64_t now_ms, alloc_offer_f *offer, void *ctx)
{
	bool period = now_ms >= a->next_ms;

	if (alloc_due(a) > now_ms)
		return;
	if (period)
		a->next_ms = now_ms + a->interval_ms;
	round_run(a, period || a->all_candidates, now_ms, offer, ctx);
}

/* --- reports ------------------------------------------------------------------ */

static void report_role(const struct alloc *a, const struct alloc_role *r,
	alloc_role_f *fn, void *ctx)
{
	struct alloc_role_report report = {
		.role = r->path,
		.weight_milli = r->node.weight_milli,
		.share_ppm = share_ppm(&a->shares, &r->node),
	};
	const struct alloc_client *c;
	const struct alloc_holding *h;
	struct res held = RES_INIT;

	TAILQ_FOREACH (c, &r->clients, by_role) {
		TAILQ_FOREACH (h, &c->holdings, by_client)
			res_add(&held, &h->held);
		report.n_frameworks += c->subscribed;
		report.n_filters += c->filters.n;
	}
	res_allocate(&held, r->path);
	report.held = &held;
	fn(ctx, &report);
	res_fini(&held);
}

/* Roles in the order in which they came, then those with a weight only. */
void alloc_roles(const struct alloc *a, alloc_role_f *fn, void *ctx)
{
	const struct res none = RES_INIT;
	const struct alloc_role *r;
	const struct alloc_weight *w;
	struct alloc_role *found;

	for (r = a->roles; r != NULL; r = r->hh.next)
		report_role(a, r, fn, ctx);
	for (w = a->weights; w != NULL; w = w->hh.next) {
		struct alloc_role_report report = {
			.role = w->path,
			.weight_milli = w->milli,
			.held = &none,
		};

		HASH_FIND_STR(a->roles, w->path, found);
		if (found == NULL && w->milli != WEIGHT_ONE)
			fn(ctx, &report);
	}
}

bool alloc_is_suppressed(
	const struct alloc *a, const char *framework, const char *role)
{
	const struct alloc_fw *f = fw_find(a, framework);
	const struct alloc_client *c =
		f != NULL ? holding_client_find(f, role) : NULL;

	return c != NULL && c->suppressed;
}

static int64_t narrow(__int128 milli)
{
	return milli > INT64_MAX ? INT64_MAX : (int64_t)milli;
}

void alloc_stats_get(const struct alloc *a, struct alloc_stats *ret)
{
	static const char *const names[] = { "cpus", "gpus", "mem", "disk" };
	size_t i, column;

	*ret = (struct alloc_stats){
		.runs = a->runs, .offers = a->n_offers, .filters = a->filters.n
	};
	for (i = 0; i < ARRAY_LEN(names); i++) {
		column = share_column_find(&a->shares, names[i]);
		if (column == SIZE_MAX)
			continue;
		ret->total_milli[i] =
			narrow(a->shares.columns[column].total_milli);
		ret->held_milli[i] =
			narrow(share_amount_get(&a->shares.root.held, column));
	}
}

void alloc_check(const struct alloc *a)
{
	holding_check(a);
}
