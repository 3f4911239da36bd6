/* share.c - see share.h. */
#include "master/share.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/mem.h"
#include "common/res.h"

/* Amounts from here on lose their lowest bits before a share is computed, so
 * that the product stays within 128 bits: 2^54 * 1000 * 2^63 < 2^127. */
#define EXACT_BITS 54
#define WEIGHT_ONE 1000

void share_init(struct share_tree *t, const char *excluded_names)
{
	*t = (struct share_tree){ 0 };
	t->excluded = xstrdup(excluded_names != NULL ? excluded_names : "");
	share_node_init(&t->root, SHARE_ROLE, NULL, "", NULL);
}

void share_fini(struct share_tree *t)
{
	size_t i;

	share_node_fini(t, &t->root);
	for (i = 0; i < t->n_columns; i++)
		free(t->columns[i].name);
	free(t->columns);
	free(t->stale);
	free(t->excluded);
	*t = (struct share_tree){ 0 };
}

/* --- amounts ------------------------------------------------------------ */

void share_amount_fini(struct share_amount *a)
{
	free(a->milli);
	*a = (struct share_amount){ 0 };
}

void share_amount_clear(struct share_amount *a)
{
	a->n = 0;
}

__int128 share_amount_get(const struct share_amount *a, size_t column)
{
	return column < a->n ? a->milli[column] : 0;
}

static void amount_widen(struct share_amount *a, size_t n)
{
	if (n <= a->n)
		return;
	a->milli = xgrow(a->milli, &a->cap, n, sizeof(*a->milli));
	memset(a->milli + a->n, 0, (n - a->n) * sizeof(*a->milli));
	a->n = n;
}

static void amount_change(struct share_amount *a,
	const struct share_amount *plus, const struct share_amount *minus)
{
	size_t i;

	if (plus != NULL)
		amount_widen(a, plus->n);
	if (minus != NULL)
		amount_widen(a, minus->n);
	for (i = 0; plus != NULL && i < plus->n; i++)
		a->milli[i] += plus->milli[i];
	for (i = 0; minus != NULL && i < minus->n; i++)
		a->milli[i] -= minus->milli[i];
}

size_t share_column_find(const struct share_tree *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n_columns; i++)
		if (strcmp(t->columns[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}

static bool is_excluded(const struct share_tree *t, const char *name)
{
	size_t size = strlen(name), skip;
	const char *p;

	for (p = t->excluded; *p != '\0'; p += skip + (p[skip] == ',')) {
		skip = strcspn(p, ",");
		if (skip == size && memcmp(p, name, size) == 0)
			return true;
	}
	return false;
}

static size_t column_of(struct share_tree *t, const char *name)
{
	size_t i = share_column_find(t, name);

	if (i != SIZE_MAX)
		return i;
	t->columns = xgrow(t->columns, &t->cap_columns, t->n_columns + 1,
		sizeof(*t->columns));
	t->columns[t->n_columns] =
		(struct share_column){ xstrdup(name), is_excluded(t, name), 0 };
	return t->n_columns++;
}

void share_count(struct share_tree *t, struct share_amount *to,
	const struct res *r, bool shared)
{
	size_t i, column;

	for (i = 0; i < r->n; i++) {
		const struct res_object *o = r->objects[i];

		if (!res_object_is_scalar(o) ||
			res_object_is_shared(o) != shared)
			continue;
		column = column_of(t, res_object_name(o));
		amount_widen(to, column + 1);
		to->milli[column] += res_object_milli(o);
	}
}

void share_total_change(struct share_tree *t, const struct share_amount *plus,
	const struct share_amount *minus)
{
	size_t i;

	for (i = 0; i < t->n_columns; i++) {
		struct share_column *c = &t->columns[i];
		__int128 old = c->total_milli;

		if (plus != NULL)
			c->total_milli += share_amount_get(plus, i);
		if (minus != NULL)
			c->total_milli -= share_amount_get(minus, i);
		CHECK(c->total_milli >= 0);
		t->totals_changed |= c->total_milli != old;
	}
}

/* --- keys ---------------------------------------------------------------- */

struct fraction {
	uint64_t held;
	uint64_t total;
};

/* As it is, unless amounts are so large that products would not fit. */
static struct fraction fraction_of(
	const struct share_column *c, const __int128 *held_milli)
{
	__int128 held = *held_milli, total = c->total_milli;

	while (held >> EXACT_BITS != 0 || total >> 63 != 0) {
		held >>= 1;
		total >>= 1;
	}
	return (struct fraction){ (uint64_t)held,
		total > 0 ? (uint64_t)total : 1 };
}

/* The largest fraction of one resource that the node holds. */
static struct fraction dominant(
	const struct share_tree *t, const struct share_node *n)
{
	struct fraction best = { 0, 1 };
	size_t i;

	for (i = 0; i < n->held.n; i++) {
		const struct share_column *c = &t->columns[i];
		struct fraction f;

		if (c->excluded || c->total_milli <= 0 || n->held.milli[i] <= 0)
			continue;
		f = fraction_of(c, &n->held.milli[i]);
		if ((unsigned __int128)f.held * best.total >
			(unsigned __int128)best.held * f.total)
			best = f;
	}
	return best;
}

/* A share may be over 1 for a moment, when an agent shrank below what is held
 * there. */
static unsigned __int128 share_of(
	const struct share_tree *t, const struct share_node *n)
{
	struct fraction f = dominant(t, n);

	return ((unsigned __int128)f.held * WEIGHT_ONE << 63) /
		((unsigned __int128)f.total * (uint64_t)n->weight_milli);
}

int64_t share_ppm(const struct share_tree *t, const struct share_node *n)
{
	unsigned __int128 share = share_of(t, n);

	/* Half a ppm is added to round. */
	if (share >> 100 != 0)
		return INT64_MAX;
	return (int64_t)((share * 1000000 + ((unsigned __int128)1 << 62)) >>
		63);
}

static struct share_key key_of(
	const struct share_tree *t, const struct share_node *n)
{
	return (struct share_key){ share_of(t, n), n->count };
}

static bool before(const struct share_node *a, const struct share_node *b)
{
	if (a->key.share != b->key.share)
		return a->key.share < b->key.share;
	if (a->key.count != b->key.count)
		return a->key.count < b->key.count;
	return strcmp(a->name, b->name) < 0;
}

/* --- the sorted children --------------------------------------------------- */

/* Where n is among the children, or belongs. Names make keys unique. */
static size_t place(const struct share_node *parent, const struct share_node *n)
{
	size_t low = 0, high = parent->n_children;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (before(parent->children[middle], n))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert(struct share_node *parent, struct share_node *n)
{
	size_t i = place(parent, n);

	parent->children = xgrow(parent->children, &parent->cap_children,
		parent->n_children + 1, sizeof(*parent->children));
	memmove(parent->children + i + 1, parent->children + i,
		(parent->n_children - i) * sizeof(*parent->children));
	parent->children[i] = n;
	parent->n_children++;
}

static void extract(struct share_node *parent, const struct share_node *n)
{
	size_t i = place(parent, n);

	CHECK(i < parent->n_children);
	CHECK(parent->children[i] == n);
	parent->n_children--;
	memmove(parent->children + i, parent->children + i + 1,
		(parent->n_children - i) * sizeof(*parent->children));
}

static void unstale(struct share_tree *t, struct share_node *n)
{
	if (n->stale == 0)
		return;
	t->stale[n->stale - 1] = NULL;
	n->stale = 0;
}

static void make_stale(struct share_tree *t, struct share_node *n)
{
	if (!n->listed || n->stale != 0)
		return;
	t->stale = xgrow(
		t->stale, &t->cap_stale, t->n_stale + 1, sizeof(*t->stale));
	t->stale[t->n_stale++] = n;
	n->stale = t->n_stale;
}

void share_node_init(struct share_node *n, enum share_kind kind, void *owner,
	const char *name, struct share_node *parent)
{
	*n = (struct share_node){ 0 };
	n->kind = kind;
	n->owner = owner;
	n->name = name;
	n->parent = parent;
	n->weight_milli = WEIGHT_ONE;
}

void share_node_fini(struct share_tree *t, struct share_node *n)
{
	CHECK(!n->listed);
	CHECK(n->n_children == 0);
	unstale(t, n);
	share_amount_fini(&n->held);
	free(n->children);
	n->children = NULL;
}

void share_list(struct share_tree *t, struct share_node *n)
{
	for (; n->parent != NULL && !n->listed; n = n->parent) {
		n->key = key_of(t, n);
		n->listed = true;
		insert(n->parent, n);
	}
}

void share_unlist(struct share_tree *t, struct share_node *n)
{
	for (; n->parent != NULL && n->listed && n->n_children == 0;
		n = n->parent) {
		unstale(t, n);
		n->listed = false;
		extract(n->parent, n);
	}
}

void share_weight_set(
	struct share_tree *t, struct share_node *n, int64_t weight_milli)
{
	CHECK(weight_milli > 0);
	n->weight_milli = weight_milli;
	make_stale(t, n);
}

void share_held_change(struct share_tree *t, struct share_node *n,
	const struct share_amount *plus, const struct share_amount *minus,
	bool given)
{
	amount_change(&n->held, plus, minus);
	n->count += given;
	make_stale(t, n);
}

/* --- settling ------------------------------------------------------------- */

static int by_key(const void *pa, const void *pb)
{
	const struct share_node *a = *(const struct share_node *const *)pa;
	const struct share_node *b = *(const struct share_node *const *)pb;

	return before(a, b) ? -1 : before(b, a);
}

/* Depth is bounded by ROLE_MAX. */
static void settle_all(struct share_tree *t, struct share_node *n)
{
	bool sorted = true;
	size_t i;

	for (i = 0; i < n->n_children; i++) {
		n->children[i]->key = key_of(t, n->children[i]);
		if (i > 0 && before(n->children[i], n->children[i - 1]))
			sorted = false;
	}
	if (!sorted) {
		qsort(n->children, n->n_children, sizeof(*n->children), by_key);
	}
	for (i = 0; i < n->n_children; i++)
		settle_all(t, n->children[i]);
}

/* The array is sorted by old keys until n's own is replaced. */
static void settle_one(struct share_tree *t, struct share_node *n)
{
	struct share_node *p = n->parent;
	size_t i = place(p, n);

	CHECK(p->children[i] == n);
	n->key = key_of(t, n);
	if ((i == 0 || before(p->children[i - 1], n)) &&
		(i + 1 == p->n_children || before(n, p->children[i + 1])))
		return;
	p->n_children--;
	memmove(p->children + i, p->children + i + 1,
		(p->n_children - i) * sizeof(*p->children));
	insert(p, n);
}

void share_settle(struct share_tree *t)
{
	size_t i;

	for (i = 0; i < t->n_stale; i++) {
		struct share_node *n = t->stale[i];

		if (n == NULL)
			continue;
		n->stale = 0;
		if (!t->totals_changed)
			settle_one(t, n);
	}
	t->n_stale = 0;
	if (t->totals_changed)
		settle_all(t, &t->root);
	t->totals_changed = false;
}

static size_t depth_of(const struct share_node *n)
{
	size_t depth = 0;

	for (; n->parent != NULL; n = n->parent)
		depth++;
	return depth;
}

/* Both are leaves of the tree, so neither is above the other. */
bool share_before(const struct share_node *a, const struct share_node *b)
{
	size_t da = depth_of(a), db = depth_of(b);

	CHECK(a->listed);
	CHECK(b->listed);
	for (; da > db; da--)
		a = a->parent;
	for (; db > da; db--)
		b = b->parent;
	if (a == b)
		return false;
	for (; a->parent != b->parent; b = b->parent)
		a = a->parent;
	return before(a, b);
}

static void check_node(const struct share_node *n)
{
	size_t i;

	for (i = 0; i < n->n_children; i++) {
		const struct share_node *c = n->children[i];

		CHECK(c->listed);
		CHECK(c->parent == n);
		CHECK(i == 0 || !before(c, n->children[i - 1]));
		check_node(c);
	}
	for (i = 0; i < n->held.n; i++)
		CHECK(n->held.milli[i] >= 0);
	CHECK(n->kind == SHARE_CLIENT || n->parent == NULL ||
		n->listed == (n->n_children > 0));
}

void share_check(const struct share_tree *t)
{
	check_node(&t->root);
}
