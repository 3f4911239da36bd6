/*
 * heap.h - an intrusive min-heap of deadlines.
 *
 * A struct that waits for a moment has a `struct heap_node` in it; the heap
 * keeps pointers to nodes, the struct's owner keeps the memory. Equal keys
 * leave in the order in which they entered, so that traces of a seed are equal.
 * add, remove and update are O(log n), heap_min() O(1).
 */
#ifndef COMMON_HEAP_H
#define COMMON_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
	uint64_t key;	/* usually a time in ms */
	uint64_t order; /* set by heap_add(): ties leave in order */
	size_t pos;	/* index + 1 in the heap; 0: not in a heap */
};

struct heap {
	struct heap_node **nodes;
	size_t n;
	size_t cap;
	uint64_t added;
};

void heap_init(struct heap *h);
void heap_fini(struct heap *h); /* nodes are their owners' */
void heap_add(struct heap *h, struct heap_node *n, uint64_t key);
void heap_remove(struct heap *h, struct heap_node *n); /* no-op if not in */
void heap_update(struct heap *h, struct heap_node *n, uint64_t key);
struct heap_node *heap_min(const struct heap *h); /* NULL when empty */
static inline bool heap_has(const struct heap_node *n)
{
	return n->pos != 0;
}

/* The struct that contains the node. */
#define HEAP_OWNER(node, type, field) \
	((type *)(void *)((char *)(node)-offsetof(type, field)))

#endif
