/*
 * alloc_world.h - one allocator, the time, and the offers of its last run; and
 * short words for what happens to it. For tests of the allocator; cmocka.h must
 * have been included.
 */
#ifndef TESTS_LIB_ALLOC_WORLD_H
#define TESTS_LIB_ALLOC_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/res.h"
#include "master/alloc.h"

#define INTERVAL 1000
#define OFFERS	 64

struct offer {
	char fw[32], role[32], agent[32];
	struct res res;
};

/* One allocator, the time, and the offers of the last run. */
struct world {
	struct alloc *a;
	uint64_t now;
	struct offer offers[OFFERS];
	size_t n;
};

static struct world w;

static inline void start_with(const struct alloc_config *cfg)
{
	struct err e = { 0 };

	w = (struct world){ .now = 10000 };
	w.a = alloc_new(cfg, &e);
	if (w.a == NULL)
		fail_msg("%s", e.text);
}

static inline void start(void)
{
	start_with(&(struct alloc_config){ .interval_ms = INTERVAL,
		.seed = 1,
		.min_allocatable = "cpus:0.01|mem:32",
		.filter_gpu = true });
}

static inline void forget(void)
{
	size_t i;

	for (i = 0; i < w.n; i++)
		res_fini(&w.offers[i].res);
	w.n = 0;
}

static inline void stop(void)
{
	alloc_check(w.a);
	forget();
	alloc_free(w.a);
}

static inline void on_offer(void *ctx, const char *fw, const char *role,
	const char *agent, struct res *r)
{
	struct offer *o = &w.offers[w.n];

	(void)ctx;
	assert_true(w.n < OFFERS);
	w.n++;
	snprintf(o->fw, sizeof(o->fw), "%s", fw);
	snprintf(o->role, sizeof(o->role), "%s", role);
	snprintf(o->agent, sizeof(o->agent), "%s", agent);
	res_init(&o->res);
	res_move(&o->res, r);
	res_allocate(&o->res, NULL);
}

/* What an event asked for, without waiting. */
static inline size_t run(void)
{
	forget();
	alloc_run(w.a, w.now, on_offer, NULL);
	alloc_check(w.a);
	return w.n;
}

/* The next period. */
static inline size_t tick(void)
{
	w.now += INTERVAL;
	return run();
}

static inline void agent_with(const char *id, const char *text, unsigned caps)
{
	struct res r = RES_INIT;
	struct err e = { 0 };

	if (res_parse(&r, text, "*", &e) != 0)
		fail_msg("%s", e.text);
	alloc_agent_add(w.a, id, &r, caps);
	res_fini(&r);
}

static inline void agent(const char *id, const char *text)
{
	agent_with(id, text, ALLOC_MULTI_ROLE | ALLOC_HIERARCHICAL_ROLE);
}

/* Roles between commas. */
static inline void framework_with(
	const char *id, const char *roles, unsigned caps, bool active)
{
	char *text = xstrdup(roles), *save = NULL, *p;
	const char *names[8];
	struct alloc_framework f = { .roles = names, .capabilities = caps };

	for (p = strtok_r(text, ",", &save); p != NULL;
		p = strtok_r(NULL, ",", &save))
		names[f.n_roles++] = p;
	alloc_framework_add(w.a, id, &f, active);
	free(text);
}

static inline void framework(const char *id, const char *roles)
{
	framework_with(id, roles, ALLOC_MULTI_ROLE, true);
}

static inline void decline(const struct offer *o, uint64_t refuse_ms)
{
	alloc_release(w.a, o->fw, o->role, o->agent, &o->res, false, refuse_ms,
		w.now);
}

static inline void release_text(const char *fw, const char *role,
	const char *agent_id, const char *text, uint64_t refuse_ms)
{
	struct res r = RES_INIT;

	assert_int_equal(res_parse(&r, text, "*", NULL), 0);
	alloc_release(w.a, fw, role, agent_id, &r, false, refuse_ms, w.now);
	res_fini(&r);
}

static inline const struct offer *find(const char *fw, const char *agent_id)
{
	size_t i;

	for (i = 0; i < w.n; i++)
		if (strcmp(w.offers[i].fw, fw) == 0 &&
			(agent_id == NULL ||
				strcmp(w.offers[i].agent, agent_id) == 0))
			return &w.offers[i];
	return NULL;
}

static inline size_t count(const char *fw)
{
	size_t i, n = 0;

	for (i = 0; i < w.n; i++)
		n += strcmp(w.offers[i].fw, fw) == 0;
	return n;
}

static inline void assert_offer(const struct offer *o, const char *text)
{
	struct res want = RES_INIT;
	struct arena a;

	assert_non_null(o);
	arena_init(&a);
	assert_int_equal(res_parse(&want, text, "*", NULL), 0);
	if (!res_equal(&want, &o->res))
		fail_msg("offered %s, not %s", res_text(&a, &o->res), text);
	res_fini(&want);
	arena_fini(&a);
}

#endif
