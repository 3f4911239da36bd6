/* res_kind.c - see res_kind.h. */
#include "common/res_kind.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/mem.h"

struct res_kind *res_kind_new(const char *name)
{
	struct res_kind *k = xcalloc(1, sizeof(*k));

	k->refs = 1;
	k->name = xstrdup(name);
	return k;
}

void res_kind_reserve_static(struct res_kind *k, const char *role)
{
	CHECK(k->n_reservations == 0);
	k->reservations = xcalloc(1, sizeof(*k->reservations));
	k->reservations[0].role = xstrdup(role);
	k->n_reservations = 1;
}

static int by_label(const void *pa, const void *pb)
{
	const struct res_label *a = *(const struct res_label *const *)pa;
	const struct res_label *b = *(const struct res_label *const *)pb;
	int order = strcmp(a->key, b->key);

	if (order != 0)
		return order;
	if (a->value == NULL || b->value == NULL)
		return (a->value != NULL) - (b->value != NULL);
	return strcmp(a->value, b->value);
}

static void sort_labels(struct res_labels *l)
{
	size_t i;

	if (l == NULL || l->n == 0)
		return;
	for (i = 0; i < l->n; i++)
		l->sorted[i] = &l->items[i];
	qsort(l->sorted, l->n, sizeof(*l->sorted), by_label);
}

/* FNV-1a; a NULL and an empty text differ, and texts don't run together. */
static void hash_text(uint64_t *h, const char *s)
{
	*h = (*h ^ (s == NULL)) * UINT64_C(1099511628211);
	for (; s != NULL && *s != '\0'; s++)
		*h = (*h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	*h = (*h ^ 0x100) * UINT64_C(1099511628211);
}

static void hash_labels(uint64_t *h, const struct res_labels *l)
{
	size_t i;

	for (i = 0; l != NULL && i < l->n; i++) {
		hash_text(h, l->sorted[i]->key);
		hash_text(h, l->sorted[i]->value);
	}
	hash_text(h, l == NULL ? NULL : "");
}

static void hash_disk(uint64_t *h, const struct res_disk *d)
{
	*h ^= (uint64_t)d->source + 7;
	hash_text(h, d->root);
	hash_text(h, d->vendor);
	hash_text(h, d->id);
	hash_text(h, d->profile);
	hash_labels(h, d->metadata);
	hash_text(h, d->persistence_id);
}

void res_kind_seal(struct res_kind *k)
{
	uint64_t h = UINT64_C(14695981039346656037);
	const struct res_disk *d = k->disk;
	size_t i;

	hash_text(&h, k->name);
	hash_text(&h, k->provider_id);
	for (i = 0; i < k->n_reservations; i++) {
		const struct res_reservation *r = &k->reservations[i];

		sort_labels(r->labels);
		h ^= r->dynamic;
		hash_text(&h, r->role);
		hash_text(&h, r->principal);
		hash_labels(&h, r->labels);
	}
	if (d != NULL) {
		sort_labels(d->metadata);
		hash_disk(&h, d);
		k->indivisible = d->persistence_id != NULL ||
			d->source == RES_SOURCE_MOUNT ||
			d->source == RES_SOURCE_BLOCK ||
			(d->source == RES_SOURCE_RAW && d->id != NULL);
	}
	k->hash = h ^ ((uint64_t)k->revocable << 1) ^ (uint64_t)k->shared;
}

struct res_kind *res_kind_ref(struct res_kind *k)
{
	CHECK(k->refs > 0);
	k->refs++;
	return k;
}

struct res_labels *res_kind_labels_new(size_t n)
{
	struct res_labels *l = xcalloc(1, sizeof(*l));

	l->n = n;
	l->items = xcalloc(n, sizeof(*l->items));
	l->sorted = xcalloc(n, sizeof(*l->sorted));
	return l;
}

void res_kind_labels_free(struct res_labels *l)
{
	size_t i;

	if (l == NULL)
		return;
	for (i = 0; i < l->n; i++) {
		free(l->items[i].key);
		free(l->items[i].value);
	}
	free(l->items);
	free(l->sorted);
	free(l);
}

static void disk_free(struct res_disk *d)
{
	if (d == NULL)
		return;
	free(d->root);
	free(d->vendor);
	free(d->id);
	free(d->profile);
	res_kind_labels_free(d->metadata);
	free(d->persistence_id);
	free(d->persistence_principal);
	free(d->container_path);
	free(d);
}

void res_kind_unref(struct res_kind *k)
{
	size_t i;

	if (k == NULL)
		return;
	CHECK(k->refs > 0);
	if (--k->refs > 0)
		return;
	for (i = 0; i < k->n_reservations; i++) {
		free(k->reservations[i].role);
		free(k->reservations[i].principal);
		res_kind_labels_free(k->reservations[i].labels);
	}
	free(k->reservations);
	disk_free(k->disk);
	free(k->provider_id);
	free(k->name);
	free(k);
}

static bool same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

static bool same_labels(const struct res_labels *a, const struct res_labels *b)
{
	size_t i;

	if (a == NULL || b == NULL)
		return a == b;
	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (by_label(&a->sorted[i], &b->sorted[i]) != 0)
			return false;
	return true;
}

static bool same_disk(const struct res_disk *a, const struct res_disk *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->source == b->source && a->has_place == b->has_place &&
		same_text(a->root, b->root) &&
		same_text(a->vendor, b->vendor) && same_text(a->id, b->id) &&
		same_text(a->profile, b->profile) &&
		same_labels(a->metadata, b->metadata) &&
		same_text(a->persistence_id, b->persistence_id);
}

static bool same_reservation(
	const struct res_reservation *a, const struct res_reservation *b)
{
	return a->dynamic == b->dynamic && same_text(a->role, b->role) &&
		same_text(a->principal, b->principal) &&
		same_labels(a->labels, b->labels);
}

bool res_kind_equal(const struct res_kind *a, const struct res_kind *b)
{
	size_t i;

	if (a == b)
		return true;
	if (a->hash != b->hash || strcmp(a->name, b->name) != 0 ||
		a->n_reservations != b->n_reservations ||
		a->revocable != b->revocable || a->shared != b->shared ||
		!same_text(a->provider_id, b->provider_id))
		return false;
	for (i = 0; i < a->n_reservations; i++)
		if (!same_reservation(&a->reservations[i], &b->reservations[i]))
			return false;
	return same_disk(a->disk, b->disk);
}

const char *res_kind_role(const struct res_kind *k)
{
	return k->n_reservations > 0
		? k->reservations[k->n_reservations - 1].role
		: NULL;
}

bool res_kind_is_persistent(const struct res_kind *k)
{
	return k->disk != NULL && k->disk->persistence_id != NULL;
}

struct res_role *res_kind_role_new(const char *name)
{
	struct res_role *r;
	size_t size;

	if (name == NULL)
		return NULL;
	size = strlen(name) + 1;
	r = xmalloc(sizeof(*r) + size);
	r->refs = 1;
	memcpy(r->name, name, size);
	return r;
}

struct res_role *res_kind_role_ref(struct res_role *r)
{
	if (r != NULL)
		r->refs++;
	return r;
}

void res_kind_role_unref(struct res_role *r)
{
	if (r != NULL && --r->refs == 0)
		free(r);
}
