/*
 * test_alloc_random.c - random events on the allocator, watched by a book of
 * our own that is kept the slow way.
 *
 * The allocator skips agents and frameworks to which nothing happened. So after
 * each period the book asks of every agent and every framework: is there still
 * something that should have been offered? And of each offer: was it allowed,
 * and was it free?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/check.h"
#include "common/ident.h"
#include "common/prng.h"
#include "common/res.h"
#include "master/alloc.h"

#define AGENTS	 6
#define FWS	 5
#define ROLES	 4
#define FILTERS	 4000
#define STEPS	 200000
#define INTERVAL 1000

static const char *const roles[ROLES] = { "a", "a/x", "a/y", "b" };
static const char *const totals[] = {
	"cpus:4;mem:64",
	"cpus:8;mem:32;ports:[1-9]",
	"cpus(a):2;mem(a):32;cpus:1;mem:32",
	"cpus(a/x):2;cpus(b):3",
	"cpus:0.005;ports:[1-9]",
	"gpus:1;cpus:4;mem:64",
};

struct book_agent {
	bool there, active;
	unsigned caps;
	struct res total;
	struct res held[FWS][ROLES];
};

struct book_fw {
	bool there, active;
	unsigned caps;
	bool subscribed[ROLES], suppressed[ROLES];
};

struct book_filter {
	size_t fw, role, agent;
	struct res refused;
	uint64_t until;
	uint64_t run;
};

struct book {
	struct alloc *a;
	struct prng prng;
	uint64_t now;
	struct book_agent agents[AGENTS];
	struct book_fw fws[FWS];
	struct book_filter filters[FILTERS];
	size_t n_filters;
	uint64_t runs;
	bool all; /* the next run is one of all agents */
	size_t n_offers;
};

static struct book b;

static size_t below(size_t n)
{
	return (size_t)prng_below(&b.prng, n);
}

static const char *agent_id(size_t i)
{
	static const char *const ids[AGENTS] = { "A0", "A1", "A2", "A3", "A4",
		"A5" };

	return ids[i];
}

static const char *fw_id(size_t i)
{
	static const char *const ids[FWS] = { "F0", "F1", "F2", "F3", "F4" };

	return ids[i];
}

static size_t role_index(const char *role)
{
	size_t i;

	for (i = 0; i < ROLES; i++)
		if (strcmp(roles[i], role) == 0)
			return i;
	fail_msg("role '%s'", role);
	return 0;
}

/* --- what the book says ------------------------------------------------------ */

static void free_of(struct res *to, struct book_agent *g)
{
	size_t f, r;

	res_copy(to, &g->total);
	for (f = 0; f < FWS; f++)
		for (r = 0; r < ROLES; r++)
			res_sub(to, &g->held[f][r]);
}

static bool is_filtered(
	size_t fw, size_t role, size_t agent, const struct res *offer)
{
	size_t i;

	for (i = 0; i < b.n_filters; i++) {
		const struct book_filter *f = &b.filters[i];

		if (f->fw == fw && f->role == role && f->agent == agent &&
			res_contains(&f->refused, offer))
			return true;
	}
	return false;
}

static bool may(size_t fw, size_t role, const struct book_agent *g)
{
	const struct book_fw *f = &b.fws[fw];

	if (!f->there || !f->active || !f->subscribed[role] ||
		f->suppressed[role] || !g->there || !g->active)
		return false;
	if (res_sum(&g->total, "gpus") > 0 && !(f->caps & ALLOC_GPU))
		return false;
	if ((f->caps & ALLOC_MULTI_ROLE) && !(g->caps & ALLOC_MULTI_ROLE))
		return false;
	return strchr(roles[role], '/') == NULL ||
		(g->caps & ALLOC_HIERARCHICAL_ROLE);
}

static bool is_enough(const struct res *r)
{
	return res_sum(r, "cpus") >= 10 || res_sum(r, "mem") >= 32000;
}

static void expire(void)
{
	size_t i, n = 0;

	for (i = 0; i < b.n_filters; i++) {
		struct book_filter *f = &b.filters[i];

		if (f->until <= b.now && f->run != b.runs)
			res_fini(&f->refused);
		else
			b.filters[n++] = *f;
	}
	b.n_filters = n;
}

static void drop_filters(size_t fw, size_t role, size_t agent)
{
	size_t i, n = 0;

	for (i = 0; i < b.n_filters; i++) {
		struct book_filter *f = &b.filters[i];

		if ((fw == FWS || f->fw == fw) &&
			(role == ROLES || f->role == role) &&
			(agent == AGENTS || f->agent == agent))
			res_fini(&f->refused);
		else
			b.filters[n++] = *f;
	}
	b.n_filters = n;
}

static void assert_nothing_is_left(void)
{
	struct res all = RES_INIT, part = RES_INIT;
	size_t g, f, r;

	for (g = 0; g < AGENTS; g++) {
		free_of(&all, &b.agents[g]);
		for (f = 0; f < FWS; f++) {
			for (r = 0; r < ROLES; r++) {
				if (!may(f, r, &b.agents[g]))
					continue;
				res_for_role(&part, &all, roles[r]);
				if (is_enough(&part) &&
					!is_filtered(f, r, g, &part))
					fail_msg("%s should be offered to %s "
						 "in %s at %llu",
						agent_id(g), fw_id(f), roles[r],
						(unsigned long long)b.now);
			}
		}
	}
	res_fini(&all);
	res_fini(&part);
}

static void on_offer(void *ctx, const char *fw, const char *role,
	const char *agent, struct res *r)
{
	size_t f = (size_t)(fw[1] - '0'), g = (size_t)(agent[1] - '0');
	size_t i = role_index(role);
	struct res all = RES_INIT, part = RES_INIT;

	(void)ctx;
	b.n_offers++;
	assert_true(may(f, i, &b.agents[g]));
	res_allocate(r, NULL);
	assert_true(is_enough(r));
	assert_false(is_filtered(f, i, g, r));
	free_of(&all, &b.agents[g]);
	res_for_role(&part, &all, role);
	assert_true(res_contains(&part, r));
	res_add(&b.agents[g].held[f][i], r);
	res_fini(&all);
	res_fini(&part);
}

static void run(void)
{
	expire();
	alloc_run(b.a, b.now, on_offer, NULL);
	b.runs++;
}

/* --- events ------------------------------------------------------------------- */

static void parse(struct res *to, const char *text)
{
	assert_int_equal(res_parse(to, text, "*", NULL), 0);
}

static void agent_event(size_t g)
{
	struct book_agent *x = &b.agents[g];
	size_t f, r;

	if (!x->there) {
		*x = (struct book_agent){ .there = true, .active = true };
		x->caps = below(4) == 0
			? ALLOC_MULTI_ROLE
			: ALLOC_MULTI_ROLE | ALLOC_HIERARCHICAL_ROLE;
		parse(&x->total, totals[below(ARRAY_LEN(totals))]);
		alloc_agent_add(b.a, agent_id(g), &x->total, x->caps);
		return;
	}
	switch (below(5)) {
	case 0:
		alloc_agent_remove(b.a, agent_id(g));
		drop_filters(FWS, ROLES, g);
		for (f = 0; f < FWS; f++)
			for (r = 0; r < ROLES; r++)
				res_fini(&x->held[f][r]);
		res_fini(&x->total);
		x->there = false;
		break;
	case 1:
		parse(&x->total, totals[below(ARRAY_LEN(totals))]);
		alloc_agent_total(b.a, agent_id(g), &x->total);
		break;
	case 2:
		x->caps ^= ALLOC_HIERARCHICAL_ROLE;
		alloc_agent_changed(b.a, agent_id(g), x->caps);
		drop_filters(FWS, ROLES, g);
		break;
	default:
		x->active = below(2);
		alloc_agent_activate(b.a, agent_id(g), x->active);
	}
}

static void fill(struct book_fw *x, struct alloc_framework *f,
	const char **subscribed, const char **suppressed)
{
	size_t r;

	*f = (struct alloc_framework){ .roles = subscribed,
		.suppressed = suppressed,
		.capabilities = x->caps };
	for (r = 0; r < ROLES; r++) {
		x->subscribed[r] = below(2);
		if (x->subscribed[r])
			subscribed[f->n_roles++] = roles[r];
		x->suppressed[r] = x->subscribed[r] && below(3) == 0;
		if (x->suppressed[r])
			suppressed[f->n_suppressed++] = roles[r];
	}
}

static void framework_event(size_t i)
{
	struct book_fw *x = &b.fws[i], old = *x;
	const char *subscribed[ROLES], *suppressed[ROLES];
	struct alloc_framework f;
	size_t r, g;

	if (!x->there) {
		*x = (struct book_fw){ .there = true, .active = below(2) };
		x->caps = ALLOC_MULTI_ROLE | (below(2) ? ALLOC_GPU : 0);
		fill(x, &f, subscribed, suppressed);
		alloc_framework_add(b.a, fw_id(i), &f, x->active);
		b.all |= x->active;
		return;
	}
	switch (below(6)) {
	case 0:
		alloc_framework_remove(b.a, fw_id(i));
		drop_filters(i, ROLES, AGENTS);
		for (g = 0; g < AGENTS; g++)
			for (r = 0; r < ROLES; r++)
				res_fini(&b.agents[g].held[i][r]);
		x->there = false;
		break;
	case 1:
	case 2:
		fill(x, &f, subscribed, suppressed);
		alloc_framework_update(b.a, fw_id(i), &f);
		for (r = 0; r < ROLES; r++)
			if (!x->subscribed[r] ||
				(old.suppressed[r] && !x->suppressed[r]))
				drop_filters(i, r, AGENTS);
		break;
	default:
		x->active = below(2);
		b.all |= x->active && !old.active;
		alloc_framework_activate(b.a, fw_id(i), x->active);
		if (!x->active)
			drop_filters(i, ROLES, AGENTS);
	}
}

static void suppress_event(size_t i)
{
	size_t r = below(ROLES);
	struct book_fw *x = &b.fws[i];
	bool all = below(2), revive = below(2);
	size_t k;

	if (!x->there)
		return;
	b.all |= revive;
	if (revive)
		alloc_revive(b.a, fw_id(i), all ? NULL : &roles[r], !all);
	else
		alloc_suppress(b.a, fw_id(i), all ? NULL : &roles[r], !all);
	for (k = 0; k < ROLES; k++) {
		if (!x->subscribed[k] || (!all && k != r))
			continue;
		x->suppressed[k] = !revive;
		if (revive)
			drop_filters(i, k, AGENTS);
	}
}

static bool take_half(const struct res_object *o, void *ctx)
{
	(void)o;
	(void)ctx;
	return below(2);
}

static void release_event(void)
{
	size_t f = below(FWS), g = below(AGENTS), r = below(ROLES);
	uint64_t refuse = below(3) == 0 ? 0 : below(8000);
	struct res *held = &b.agents[g].held[f][r], part = RES_INIT;
	struct book_filter *x;

	if (!b.agents[g].there || !b.fws[f].there || res_is_empty(held))
		return;
	res_filter(&part, held, take_half, NULL);
	alloc_release(b.a, fw_id(f), roles[r], agent_id(g), &part, false,
		refuse, b.now);
	res_sub(held, &part);
	if (refuse > 0 && b.fws[f].active && b.fws[f].subscribed[r] &&
		!res_is_empty(&part)) {
		assert_true(b.n_filters < FILTERS);
		x = &b.filters[b.n_filters++];
		*x = (struct book_filter){ .fw = f,
			.role = r,
			.agent = g,
			.until =
				b.now + (refuse > INTERVAL ? refuse : INTERVAL),
			.run = b.runs };
		res_copy(&x->refused, &part);
	}
	res_fini(&part);
}

static void hold_event(void)
{
	size_t f = below(FWS), g = below(AGENTS), r = below(ROLES);
	struct res task = RES_INIT;

	if (!b.agents[g].there || !b.fws[f].there)
		return;
	parse(&task, below(2) ? "cpus:1" : "mem:16;ports:[2-3]");
	alloc_hold(b.a, fw_id(f), roles[r], agent_id(g), &task);
	res_add(&b.agents[g].held[f][r], &task);
	/* Tasks' resources can't be judged as a part of an offer: give back. */
	alloc_release(
		b.a, fw_id(f), roles[r], agent_id(g), &task, true, 0, b.now);
	res_sub(&b.agents[g].held[f][r], &task);
	res_fini(&task);
}

static void step(void)
{
	switch (below(10)) {
	case 0:
		agent_event(below(AGENTS));
		break;
	case 1:
		framework_event(below(FWS));
		break;
	case 2:
		suppress_event(below(FWS));
		break;
	case 3:
		hold_event();
		break;
	case 4:
		alloc_weight_set(b.a, roles[below(ROLES)],
			500 + (int64_t)below(3) * 1000);
		break;
	case 5:
		b.now += below(3 * INTERVAL);
		break;
	default:
		release_event();
	}
}

static void test_nothing_is_forgotten(void **state)
{
	const struct alloc_config cfg = { .interval_ms = INTERVAL,
		.seed = 5,
		.min_allocatable = "cpus:0.01|mem:32",
		.filter_gpu = true };
	size_t i, f, r;

	(void)state;
	b = (struct book){ .now = 1000 };
	prng_init(&b.prng, 11);
	b.a = alloc_new(&cfg, NULL);
	run();
	for (i = 0; i < STEPS; i++) {
		bool all;

		step();
		if (alloc_due(b.a) > b.now)
			continue;
		/* A run of one agent leaves others alone; judge full ones. */
		all = b.all || alloc_due(b.a) != 0;
		b.all = false;
		run();
		alloc_check(b.a);
		if (all)
			assert_nothing_is_left();
	}
	assert_true(b.n_offers > STEPS / 50);
	alloc_free(b.a);
	drop_filters(FWS, ROLES, AGENTS);
	for (i = 0; i < AGENTS; i++) {
		res_fini(&b.agents[i].total);
		for (f = 0; f < FWS; f++)
			for (r = 0; r < ROLES; r++)
				res_fini(&b.agents[i].held[f][r]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_forgotten),
	};

	return cmocka_run_group_tests_name("alloc_random", tests, NULL, NULL);
}
