/* heap.c - see heap.h. */
#include "common/heap.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/mem.h"

void heap_init(struct heap *h)
{
	*h = (struct heap){ 0 };
}

void heap_fini(struct heap *h)
{
	free(h->nodes);
	heap_init(h);
}

static bool before(const struct heap_node *a, const struct heap_node *b)
{
	return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void put(struct heap *h, size_t i, struct heap_node *n)
{
	h->nodes[i] = n;
	n->pos = i + 1;
}

static void sift_up(struct heap *h, size_t i)
{
	struct heap_node *n = h->nodes[i];

	while (i > 0 && before(n, h->nodes[(i - 1) / 2])) {
		put(h, i, h->nodes[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(h, i, n);
}

static void sift_down(struct heap *h, size_t i)
{
	struct heap_node *n = h->nodes[i];
	size_t kid;

	while ((kid = 2 * i + 1) < h->n) {
		if (kid + 1 < h->n && before(h->nodes[kid + 1], h->nodes[kid]))
			kid++;
		if (!before(h->nodes[kid], n))
			break;
		put(h, i, h->nodes[kid]);
		i = kid;
	}
	put(h, i, n);
}

void heap_add(struct heap *h, struct heap_node *n, uint64_t key)
{
	CHECK(n->pos == 0);
	h->nodes = xgrow(h->nodes, &h->cap, h->n + 1, sizeof(*h->nodes));
	n->key = key;
	n->order = ++h->added;
	h->nodes[h->n] = n;
	h->n++;
	sift_up(h, h->n - 1);
}

void heap_remove(struct heap *h, struct heap_node *n)
{
	size_t i = n->pos - 1;
	struct heap_node *last;

	if (n->pos == 0)
		return;
	CHECK(i < h->n && h->nodes[i] == n);
	last = h->nodes[--h->n];
	n->pos = 0;
	if (last == n)
		return;
	h->nodes[i] = last;
	last->pos = i + 1;
	sift_up(h, i);
	sift_down(h, last->pos - 1);
}

void heap_update(struct heap *h, struct heap_node *n, uint64_t key)
{
	heap_remove(h, n);
	heap_add(h, n, key);
}

struct heap_node *heap_min(const struct heap *h)
{
	return h->n > 0 ? h->nodes[0] : NULL;
}
