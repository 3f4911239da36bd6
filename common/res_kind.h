/*
 * res_kind.h - the inside of res.h: objects and what makes two of them the same
 * kind. For common/res*.c and their tests only.
 *
 * A kind is everything of a resource but its type, value and allocation role.
 * It is made once, sealed, never changed again, and shared by counting: copies
 * of a collection cost no strings. Comparing looks at the hash first.
 *
 * Kept but not compared: a disk's volume (container path, mode) and its
 * persistence principal, and the order of labels.
 */
#ifndef COMMON_RES_KIND_H
#define COMMON_RES_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/res_value.h"

struct res_label {
	char *key;
	char *value; /* may be NULL */
};

struct res_labels {
	struct res_label *items; /* as they came */
	const struct res_label **sorted;
	size_t n;
};

struct res_reservation {
	bool dynamic;
	char *role;
	char *principal;	   /* or NULL */
	struct res_labels *labels; /* or NULL */
};

enum res_source {
	RES_SOURCE_NONE,
	RES_SOURCE_PATH,
	RES_SOURCE_MOUNT,
	RES_SOURCE_BLOCK,
	RES_SOURCE_RAW,
};

/* NULL strings are absent. */
struct res_disk {
	enum res_source source;
	bool has_place; /* Source.path or Source.mount, by type */
	char *root;
	char *vendor;
	char *id;
	char *profile;
	struct res_labels *metadata;
	char *persistence_id;
	char *persistence_principal;
	char *container_path;
	bool read_write; /* of the volume */
};

struct res_kind {
	unsigned refs;
	uint64_t hash;
	char *name;
	char *provider_id;
	struct res_disk *disk;
	struct res_reservation *reservations;
	size_t n_reservations;
	bool revocable;
	bool shared;
	bool indivisible; /* MOUNT, BLOCK, RAW with id, or persistence */
};

/* A counted text. */
struct res_role {
	unsigned refs;
	char name[];
};

struct res_object {
	struct res_kind *kind;
	struct res_role *allocated; /* NULL: no allocation_info */
	uint64_t copies;	    /* shared ones; else 1 */
	struct res_value value;
};

/* One reference; fill it, then seal it. */
struct res_kind *res_kind_new(const char *name);
void res_kind_reserve_static(struct res_kind *k, const char *role);
void res_kind_seal(struct res_kind *k);
struct res_kind *res_kind_ref(struct res_kind *k);
void res_kind_unref(struct res_kind *k); /* NULL is fine */
bool res_kind_equal(const struct res_kind *a, const struct res_kind *b);
/* Role of the last reservation; NULL: unreserved. */
const char *res_kind_role(const struct res_kind *k);
bool res_kind_is_persistent(const struct res_kind *k);

struct res_labels *res_kind_labels_new(size_t n); /* items are NULL */
void res_kind_labels_free(struct res_labels *l);

struct res_role *res_kind_role_new(const char *name); /* NULL gives NULL */
struct res_role *res_kind_role_ref(struct res_role *r);
void res_kind_role_unref(struct res_role *r);

#endif
