/* filter.c - see filter.h. */
#include "master/filter.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/map.h"
#include "common/mem.h"

struct filter {
	struct heap_node end; /* key: when it is over */
	uint64_t run;	      /* it was set before this one */
	struct filter *next_waiting;
	struct filter_group *group;
	struct res refused;
	TAILQ_ENTRY(filter) link;
};

struct filter_key {
	struct filter_end *client;
	struct filter_end *agent;
};

struct filter_group {
	struct filter_key key;
	TAILQ_HEAD(, filter) filters;
	TAILQ_ENTRY(filter_group) by_client;
	TAILQ_ENTRY(filter_group) by_agent;
	UT_hash_handle hh;
};

void filter_set_init(struct filter_set *s)
{
	s->groups = NULL;
	s->n = 0;
	heap_init(&s->ends);
}

void filter_set_fini(struct filter_set *s)
{
	CHECK(s->n == 0);
	CHECK(s->groups == NULL);
	heap_fini(&s->ends);
}

void filter_end_init(struct filter_end *end)
{
	TAILQ_INIT(&end->groups);
	end->n = 0;
}

static struct filter_group *find(const struct filter_set *s,
	const struct filter_end *client, const struct filter_end *agent)
{
	const struct {
		const struct filter_end *client, *agent;
	} key = { client, agent };
	struct filter_group *g;

	_Static_assert(sizeof(key) == sizeof(struct filter_key), "one layout");
	HASH_FIND(hh, s->groups, &key, sizeof(key), g);
	return g;
}

static struct filter_group *group_add(struct filter_set *s,
	struct filter_end *client, struct filter_end *agent)
{
	struct filter_group *g = xcalloc(1, sizeof(*g));

	g->key.client = client;
	g->key.agent = agent;
	TAILQ_INIT(&g->filters);
	HASH_ADD(hh, s->groups, key, sizeof(g->key), g);
	TAILQ_INSERT_TAIL(&client->groups, g, by_client);
	TAILQ_INSERT_TAIL(&agent->groups, g, by_agent);
	return g;
}

static void remove_filter(struct filter_set *s, struct filter *f)
{
	struct filter_group *g = f->group;

	heap_remove(&s->ends, &f->end);
	TAILQ_REMOVE(&g->filters, f, link);
	res_fini(&f->refused);
	free(f);
	CHECK(s->n > 0);
	s->n--;
	g->key.client->n--;
	g->key.agent->n--;
	if (!TAILQ_EMPTY(&g->filters))
		return;
	HASH_DEL(s->groups, g);
	TAILQ_REMOVE(&g->key.client->groups, g, by_client);
	TAILQ_REMOVE(&g->key.agent->groups, g, by_agent);
	free(g);
}

/* Filters that hide nothing that the new one doesn't: without this a client
 * that refuses for a year would gather them without bound. */
static void prune(struct filter_set *s, const struct filter *newest)
{
	struct filter *f, *next;

	TAILQ_FOREACH_SAFE (f, &newest->group->filters, link, next)
		if (f != newest && f->end.key <= newest->end.key &&
			res_contains(&newest->refused, &f->refused))
			remove_filter(s, f);
}

void filter_add(struct filter_set *s, struct filter_end *client,
	struct filter_end *agent, const struct res *refused, uint64_t until_ms,
	uint64_t run)
{
	struct filter *f = xcalloc(1, sizeof(*f));
	struct filter_group *g = find(s, client, agent);

	if (g == NULL)
		g = group_add(s, client, agent);
	f->group = g;
	f->run = run;
	res_copy(&f->refused, refused);
	TAILQ_INSERT_TAIL(&g->filters, f, link);
	heap_add(&s->ends, &f->end, until_ms);
	client->n++;
	agent->n++;
	s->n++;
	prune(s, f);
}

bool filter_hides(const struct filter_set *s, const struct filter_end *client,
	const struct filter_end *agent, const struct res *offer)
{
	const struct filter_group *g;
	const struct filter *f;

	if (client->n == 0 || agent->n == 0)
		return false;
	g = find(s, client, agent);
	if (g == NULL)
		return false;
	TAILQ_FOREACH (f, &g->filters, link)
		if (res_contains(&f->refused, offer))
			return true;
	return false;
}

/* The last filter of a group frees the group: read it before. */
static void clear_group(struct filter_set *s, struct filter_group *g)
{
	struct filter *f, *next;

	TAILQ_FOREACH_SAFE (f, &g->filters, link, next)
		remove_filter(s, f);
}

void filter_clear_client(struct filter_set *s, struct filter_end *client)
{
	while (!TAILQ_EMPTY(&client->groups))
		clear_group(s, TAILQ_FIRST(&client->groups));
	CHECK(client->n == 0);
}

void filter_clear_agent(struct filter_set *s, struct filter_end *agent)
{
	while (!TAILQ_EMPTY(&agent->groups))
		clear_group(s, TAILQ_FIRST(&agent->groups));
	CHECK(agent->n == 0);
}

/* Filters that are over but wait for their run are put aside, as others behind
 * them may not have to. */
void filter_expire(struct filter_set *s, uint64_t now_ms, uint64_t run,
	filter_ended_f *ended, void *ctx)
{
	struct filter *f, *waiting = NULL;
	struct heap_node *n;

	while ((n = heap_min(&s->ends)) != NULL && n->key <= now_ms) {
		struct filter_end *agent;

		f = HEAP_OWNER(n, struct filter, end);
		if (f->run == run) {
			heap_remove(&s->ends, n);
			f->next_waiting = waiting;
			waiting = f;
			continue;
		}
		agent = f->group->key.agent;
		remove_filter(s, f);
		ended(ctx, agent);
	}
	for (f = waiting; f != NULL; f = f->next_waiting)
		heap_add(&s->ends, &f->end, f->end.key);
}
