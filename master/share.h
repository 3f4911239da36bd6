/*
 * share.h - who comes first: the tree of roles and frameworks, and their shares.
 *
 * A node is a role, a role's leaf (its own frameworks, "." among its subroles)
 * or a framework in a role. A node's share is the largest fraction that it and
 * all below it hold of any one scalar resource of the cluster, divided by its
 * weight. Among siblings the smaller share is first, then the smaller count of
 * allocations, then the name in byte order.
 *
 * A parent keeps those of its children that can be given something sorted, by
 * keys that are brought up to date by share_settle() only. So an order stands
 * still while one agent is given away, and what changed in between costs one
 * move per node: O(log n) comparisons and a memmove of pointers. When totals changed, all
 * shares did, and share_settle() looks at everything once.
 *
 * No floating point: a key is floor(held * 1000 * 2^63 / (total * weight)) in
 * 128 bits. Equal fractions give equal keys; fractions of totals below 2^31
 * thousandths that differ give different ones.
 *
 * Nodes are embedded in their owners' structs. The tree owns names of columns
 * (one per name of a scalar) and the arrays of children.
 */
#ifndef MASTER_SHARE_H
#define MASTER_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct res;

/* Thousandths by column; columns behind n are 0. So wide that no sum of what
 * agents may claim to have overflows. */
struct share_amount {
	__int128 *milli;
	size_t n;
	size_t cap;
};

enum share_kind { SHARE_ROLE, SHARE_LEAF, SHARE_CLIENT };

struct share_key {
	unsigned __int128 share;
	uint64_t count;
};

struct share_node {
	enum share_kind kind;
	void *owner;
	struct share_node *parent; /* NULL: the root */
	const char *name;	   /* among siblings; the owner's */
	int64_t weight_milli;
	struct share_amount held;
	uint64_t count; /* how often it was given something */

	struct share_key key; /* as of the last settle */
	bool listed;
	size_t stale;		      /* index + 1 in tree->stale */
	struct share_node **children; /* listed ones, sorted */
	size_t n_children;
	size_t cap_children;
};

struct share_column {
	char *name;
	bool excluded; /* from shares */
	__int128 total_milli;
};

struct share_tree {
	struct share_column *columns;
	size_t n_columns;
	size_t cap_columns;
	char *excluded; /* names between commas */
	bool totals_changed;
	struct share_node root;
	struct share_node **stale; /* holes are NULL */
	size_t n_stale;
	size_t cap_stale;
};

void share_init(struct share_tree *t, const char *excluded_names);
void share_fini(struct share_tree *t);

/* Adds the scalars of r: the shared ones, or the others. Makes columns of new
 * names. */
void share_count(struct share_tree *t, struct share_amount *to,
	const struct res *r, bool shared);
void share_amount_clear(struct share_amount *a); /* keeps the memory */
__int128 share_amount_get(const struct share_amount *a, size_t column);
void share_amount_fini(struct share_amount *a);
/* SIZE_MAX if nobody has such a resource. */
size_t share_column_find(const struct share_tree *t, const char *name);

/* The cluster's totals grow by `plus` and shrink by `minus`. */
void share_total_change(struct share_tree *t, const struct share_amount *plus,
	const struct share_amount *minus);

void share_node_init(struct share_node *n, enum share_kind kind, void *owner,
	const char *name, struct share_node *parent);
/* It must not be listed and have no children. */
void share_node_fini(struct share_tree *t, struct share_node *n);
/* Into its place among its siblings, and so its ancestors; and out. */
void share_list(struct share_tree *t, struct share_node *n);
void share_unlist(struct share_tree *t, struct share_node *n);
void share_weight_set(
	struct share_tree *t, struct share_node *n, int64_t weight_milli);
/* What one node holds; the caller goes up. given: count it. */
void share_held_change(struct share_tree *t, struct share_node *n,
	const struct share_amount *plus, const struct share_amount *minus,
	bool given);

/* Brings the order up to date. */
void share_settle(struct share_tree *t);
/* Whether listed client a is before b in the walk of the whole tree. */
bool share_before(const struct share_node *a, const struct share_node *b);
/* As of now, parts per million; saturates. */
int64_t share_ppm(const struct share_tree *t, const struct share_node *n);
/* CHECKs order and sums. */
void share_check(const struct share_tree *t);

#endif
