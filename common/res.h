/*
 * res.h - resources: what an agent has, an offer shows, a task takes.
 *
 * A `struct res` is a collection in the sense of Mesos' Resources: objects of
 * different kinds (name, type, role, reservations, disk, revocable, provider,
 * shared), each kind once unless it can't be merged (MOUNT disks, volumes).
 * Scalars are fixed point: thousandths in an int64_t; ranges are kept sorted
 * and coalesced; sets have no duplicates. The rules are those
 * of Mesos' Resources class.
 *
 * A collection owns its memory: init or copy it, then fini it. Collections in
 * a turn's scratch must be freed too, they are not in the arena.
 */
#ifndef COMMON_RES_H
#define COMMON_RES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct err;
struct res_object;
struct Mesos__V1__Resource;

struct res {
	struct res_object **objects; /* in order of addition */
	size_t n;
	size_t cap;
};

#define RES_INIT           \
	{                  \
		NULL, 0, 0 \
	}

void res_init(struct res *r);
void res_fini(struct res *r);
void res_copy(struct res *to, const struct res *from); /* to is initialised */
void res_move(struct res *to, struct res *from);       /* from is empty after */
void res_clear(struct res *r);

bool res_is_empty(const struct res *r);
bool res_equal(const struct res *a, const struct res *b);
bool res_contains(const struct res *a, const struct res *b);
void res_add(struct res *a, const struct res *b);
/* Never negative: what is not there is not subtracted. */
void res_sub(struct res *a, const struct res *b);

/* Sum over all objects of that name, in thousandths; ranges and sets count
 * their members times 1000. */
int64_t res_sum(const struct res *r, const char *name);

/*
 * From and to the v1 messages. From: validates each object (scheduler API's
 * "validity of one resource"), accepts both reservation forms, adds up. To:
 * messages in the arena; old_form writes role/reservation instead of
 * reservations, for frameworks without RESERVATION_REFINEMENT (refined objects
 * have no old form: take them out before, or they are written as stacks), both
 * writes both (operator endpoints).
 */
enum res_form { RES_FORM_STACK, RES_FORM_OLD, RES_FORM_BOTH };
int res_from_msgs(struct res *to, struct Mesos__V1__Resource *const *msgs,
	size_t n, struct err *e);
struct Mesos__V1__Resource **res_to_msgs(const struct res *r, struct arena *a,
	enum res_form form, size_t *ret_n);

/* Sets, or with NULL removes, allocation_info.role on every object. */
void res_allocate(struct res *r, const char *role);

/* These three replace what is in `to`, which must not be `from`. */

/* What a framework in `role` may get: unreserved, reserved to the role itself
 * or to an ancestor of it. */
void res_for_role(struct res *to, const struct res *from, const char *role);
void res_unreserved(struct res *to, const struct res *from);
/* Those for which keep() is true. */
typedef bool res_keep_f(const struct res_object *o, void *ctx);
void res_filter(
	struct res *to, const struct res *from, res_keep_f *keep, void *ctx);

const char *res_object_name(const struct res_object *o);
const char *res_object_role(const struct res_object *o); /* reservation role, or
	NULL when unreserved */
bool res_object_is_revocable(const struct res_object *o);
bool res_object_is_shared(const struct res_object *o);
bool res_object_is_refined(const struct res_object *o);
bool res_object_is_scalar(const struct res_object *o);
int64_t res_object_milli(const struct res_object *o); /* scalars only */
/* Takes the object over: merges it, appends it, or frees it if it is empty. For
 * common/res_*.c. */
void res_add_object(struct res *r, struct res_object *o);

/*
 * The text form of --resources: "cpus:24;mem:24576;ports:[21000-24000];
 * disk(role):100", or a JSON array of Resource. Errors name the place.
 */
int res_parse(struct res *to, const char *text, const char *default_role,
	struct err *e);
/* For logs and error texts: "cpus:2; mem(reservations: [...]):512". */
void res_print(struct buf *to, const struct res *r);
char *res_text(struct arena *a, const struct res *r);

#endif
