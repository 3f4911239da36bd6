/*
 * bench_alloc.c - the allocator's cost, on one core and without I/O.
 *
 * all:    every agent is free, one run offers all of it
 * idle:   a run over the period when everything is offered
 * walk:   a run when every framework has refused every agent for long
 * revive: the same, after one framework revived
 * one:    one offer comes back and is offered to another framework
 *
 * Prints the median of RUNS with smallest and largest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/res.h"
#include "master/alloc.h"

#define RUNS 5

struct taken {
	char fw[16], agent[16];
	struct res res;
};

struct bench {
	struct alloc *a;
	struct taken *taken;
	size_t n;
	uint64_t now_ms;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *pa, const void *pb)
{
	const double *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

static void report(const char *what, size_t agents, size_t fws, double *us)
{
	qsort(us, RUNS, sizeof(*us), by_value);
	printf("alloc %-7s agents=%zu frameworks=%zu: %.1f us "
	       "(min %.1f, max %.1f)\n",
		what, agents, fws, us[RUNS / 2], us[0], us[RUNS - 1]);
}

static void on_offer(void *ctx, const char *fw, const char *role,
	const char *agent, struct res *r)
{
	struct bench *b = ctx;
	struct taken *t = &b->taken[b->n++];

	(void)role;
	snprintf(t->fw, sizeof(t->fw), "%s", fw);
	snprintf(t->agent, sizeof(t->agent), "%s", agent);
	res_init(&t->res);
	res_move(&t->res, r);
}

static void setup(struct bench *b, size_t agents, size_t fws)
{
	const struct alloc_config cfg = { .interval_ms = 1000,
		.seed = 1,
		.min_allocatable = "cpus:0.01|mem:32",
		.filter_gpu = true };
	const char *role = "r";
	const struct alloc_framework f = {
		.roles = &role, .n_roles = 1, .capabilities = ALLOC_MULTI_ROLE
	};
	struct res total = RES_INIT;
	char id[16];
	size_t i;

	*b = (struct bench){ .a = alloc_new(&cfg, NULL) };
	b->taken = xcalloc(agents, sizeof(*b->taken));
	CHECK(res_parse(&total,
		      "cpus:24;mem:65536;disk:500000;ports:[31000-32000]", "*",
		      NULL) == 0);
	alloc_run(b->a, 0, on_offer, b);
	for (i = 0; i < agents; i++) {
		snprintf(id, sizeof(id), "a%zu", i);
		alloc_agent_add(b->a, id, &total,
			ALLOC_MULTI_ROLE | ALLOC_HIERARCHICAL_ROLE);
	}
	for (i = 0; i < fws; i++) {
		snprintf(id, sizeof(id), "f%zu", i);
		alloc_framework_add(b->a, id, &f, true);
	}
	res_fini(&total);
}

static void give_back(struct bench *b, size_t i, uint64_t refuse_ms)
{
	struct taken *t = &b->taken[i];

	alloc_release(b->a, t->fw, "r", t->agent, &t->res, false, refuse_ms,
		b->now_ms);
	res_fini(&t->res);
}

static void give_all_back(struct bench *b, uint64_t refuse_ms)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		give_back(b, i, refuse_ms);
	b->n = 0;
}

static double run(struct bench *b, uint64_t later_ms)
{
	double start = now_us();

	b->now_ms += later_ms;
	alloc_run(b->a, b->now_ms, on_offer, b);
	return now_us() - start;
}

static void teardown(struct bench *b)
{
	give_all_back(b, 0);
	alloc_free(b->a);
	free(b->taken);
}

static void bench_all(size_t agents, size_t fws)
{
	double all[RUNS], idle[RUNS], back[RUNS], one[RUNS];
	struct bench b;
	size_t i;

	setup(&b, agents, fws);
	for (i = 0; i < RUNS; i++) {
		all[i] = run(&b, i == 0 ? 0 : 1000);
		CHECK(b.n == agents);
		idle[i] = run(&b, 1000);
		one[i] = now_us();
		give_back(&b, --b.n, 5000);
		run(&b, 1000);
		one[i] = now_us() - one[i];
		CHECK(b.n == agents);
		back[i] = now_us();
		give_all_back(&b, 0);
		back[i] = (now_us() - back[i]) / (double)agents;
	}
	report("all", agents, fws, all);
	report("idle", agents, fws, idle);
	report("one", agents, fws, one);
	report("return1", agents, fws, back);
	teardown(&b);
}

/* Everybody refuses everything for a day. */
static void bench_refused(size_t agents, size_t fws)
{
	double walk[RUNS], revive[RUNS];
	struct bench b;
	size_t i;

	setup(&b, agents, fws);
	run(&b, 0);
	while (b.n > 0) {
		give_all_back(&b, 86400000);
		run(&b, 1000);
	}
	for (i = 0; i < RUNS; i++) {
		walk[i] = run(&b, 1000);
		CHECK(b.n == 0);
		alloc_revive(b.a, "f0", NULL, 0);
		revive[i] = run(&b, 0);
		CHECK(b.n == agents);
		give_all_back(&b, 86400000);
		run(&b, 1000);
	}
	report("walk", agents, fws, walk);
	report("revive", agents, fws, revive);
	teardown(&b);
}

int main(void)
{
	bench_all(1000, 50);
	bench_all(10000, 200);
	bench_all(10000, 1000);
	bench_refused(1000, 50);
	return 0;
}
