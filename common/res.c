/* res.c - see res.h. Text and messages are in res_text.c and res_msg.c. */
#include "common/res.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/ident.h"
#include "common/mem.h"
#include "common/res_kind.h"
#include "common/res_msg.h"
#include "common/res_text.h"

void res_init(struct res *r)
{
	*r = (struct res)RES_INIT;
}

static void object_free(struct res_object *o)
{
	res_kind_unref(o->kind);
	res_kind_role_unref(o->allocated);
	res_value_fini(&o->value);
	free(o);
}

static struct res_object *object_copy(const struct res_object *from)
{
	struct res_object *o = xmalloc(sizeof(*o));

	o->kind = res_kind_ref(from->kind);
	o->allocated = res_kind_role_ref(from->allocated);
	o->copies = from->copies;
	res_value_copy(&o->value, &from->value);
	return o;
}

void res_clear(struct res *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		object_free(r->objects[i]);
	r->n = 0;
}

void res_fini(struct res *r)
{
	res_clear(r);
	free(r->objects);
	res_init(r);
}

static void append(struct res *r, struct res_object *o)
{
	CHECK(!res_value_is_empty(&o->value));
	r->objects = xgrow(r->objects, &r->cap, r->n + 1, sizeof(*r->objects));
	r->objects[r->n++] = o;
}

/* Keeps the order; frees the object. */
static void drop(struct res *r, size_t i)
{
	CHECK(i < r->n);
	object_free(r->objects[i]);
	r->n--;
	memmove(r->objects + i, r->objects + i + 1,
		(r->n - i) * sizeof(*r->objects));
}

static bool keep_all(const struct res_object *o, void *ctx)
{
	(void)o;
	(void)ctx;
	return true;
}

void res_copy(struct res *to, const struct res *from)
{
	res_filter(to, from, keep_all, NULL);
}

void res_move(struct res *to, struct res *from)
{
	CHECK(to != from);
	res_fini(to);
	*to = *from;
	res_init(from);
}

bool res_is_empty(const struct res *r)
{
	return r->n == 0;
}

/* --- algebra ----------------------------------------------------------- */

static bool same_allocation(
	const struct res_object *a, const struct res_object *b)
{
	if (a->allocated == NULL || b->allocated == NULL)
		return a->allocated == b->allocated;
	return a->allocated == b->allocated ||
		strcmp(a->allocated->name, b->allocated->name) == 0;
}

static bool same_kind(const struct res_object *a, const struct res_object *b)
{
	return a->value.type == b->value.type &&
		res_kind_equal(a->kind, b->kind) && same_allocation(a, b);
}

static bool addable(const struct res_object *a, const struct res_object *b)
{
	if (!same_kind(a, b))
		return false;
	if (a->kind->shared)
		return res_value_equal(&a->value, &b->value);
	return !a->kind->indivisible;
}

static bool subtractable(const struct res_object *a, const struct res_object *b)
{
	if (!same_kind(a, b))
		return false;
	return !(a->kind->shared || a->kind->indivisible) ||
		res_value_equal(&a->value, &b->value);
}

/* Takes the object over. */
static void add_object(struct res *r, struct res_object *o)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (!addable(r->objects[i], o))
			continue;
		if (o->kind->shared)
			r->objects[i]->copies += o->copies;
		else
			res_value_add(&r->objects[i]->value, &o->value);
		object_free(o);
		return;
	}
	append(r, o);
}

void res_add(struct res *a, const struct res *b)
{
	size_t i, n = b->n; /* a may be b */

	for (i = 0; i < n; i++)
		add_object(a, object_copy(b->objects[i]));
}

static void sub_object(struct res *r, const struct res_object *o)
{
	struct res_object *from;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (subtractable(r->objects[i], o))
			break;
	if (i == r->n)
		return;
	from = r->objects[i];
	if (from->kind->shared) {
		from->copies -=
			from->copies < o->copies ? from->copies : o->copies;
		if (from->copies == 0)
			drop(r, i);
	} else {
		res_value_sub(&from->value, &o->value);
		if (res_value_is_empty(&from->value))
			drop(r, i);
	}
}

void res_sub(struct res *a, const struct res *b)
{
	size_t i;

	if (a == b) {
		res_clear(a);
		return;
	}
	for (i = 0; i < b->n; i++)
		sub_object(a, b->objects[i]);
}

static bool covers(const struct res_object *a, const struct res_object *b)
{
	if (!subtractable(a, b))
		return false;
	return a->kind->shared ? a->copies >= b->copies
			       : res_value_contains(&a->value, &b->value);
}

/*
 * Containment is per object: 2 cpus reserved and 2 unreserved don't contain 3.
 * Objects that never merge (MOUNT disks, volumes) can be there several times,
 * so each matches once; `used` marks them, and is made only when needed.
 */
bool res_contains(const struct res *a, const struct res *b)
{
	CLEANUP(mem_freep) bool *used = NULL;
	size_t i, j;

	for (i = 0; i < b->n; i++) {
		const struct res_object *o = b->objects[i];

		for (j = 0; j < a->n; j++)
			if ((used == NULL || !used[j]) &&
				covers(a->objects[j], o))
				break;
		if (j == a->n)
			return false;
		if (o->kind->indivisible) {
			if (used == NULL)
				used = xcalloc(a->n, sizeof(*used));
			used[j] = true;
		}
	}
	return true;
}

bool res_equal(const struct res *a, const struct res *b)
{
	return res_contains(a, b) && res_contains(b, a);
}

int64_t res_sum(const struct res *r, const char *name)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcmp(r->objects[i]->kind->name, name) == 0 &&
			__builtin_add_overflow(sum,
				res_value_milli(&r->objects[i]->value), &sum))
			return INT64_MAX;
	return sum;
}

static void set_allocated(struct res_object *o, struct res_role *role)
{
	struct res_role *old = o->allocated;

	o->allocated = res_kind_role_ref(role);
	res_kind_role_unref(old);
}

/* Objects that differ in the allocation role only merge; they can't if all
 * have the same one. */
void res_allocate(struct res *r, const char *role)
{
	struct res_role *shared = res_kind_role_new(role);
	struct res old = *r;
	bool mixed = false;
	size_t i;

	for (i = 1; i < r->n; i++)
		mixed = mixed || !same_allocation(r->objects[0], r->objects[i]);
	for (i = 0; i < r->n; i++)
		set_allocated(r->objects[i], shared);
	res_kind_role_unref(shared);
	if (!mixed)
		return;
	res_init(r);
	for (i = 0; i < old.n; i++)
		add_object(r, old.objects[i]);
	free(old.objects);
}

/* --- parts ------------------------------------------------------------ */

void res_filter(
	struct res *to, const struct res *from, res_keep_f *keep, void *ctx)
{
	size_t i;

	CHECK(to != from);
	res_clear(to);
	for (i = 0; i < from->n; i++)
		if (keep(from->objects[i], ctx))
			append(to, object_copy(from->objects[i]));
}

struct for_role {
	const char *role;
};

static bool keep_for_role(const struct res_object *o, void *ctx)
{
	const struct for_role *want = ctx;
	const char *reserved = res_kind_role(o->kind);

	return reserved == NULL || strcmp(reserved, want->role) == 0 ||
		ident_role_is_ancestor(reserved, want->role);
}

void res_for_role(struct res *to, const struct res *from, const char *role)
{
	struct for_role want = { role };

	res_filter(to, from, keep_for_role, &want);
}

static bool keep_unreserved(const struct res_object *o, void *ctx)
{
	(void)ctx;
	return res_kind_role(o->kind) == NULL;
}

void res_unreserved(struct res *to, const struct res *from)
{
	res_filter(to, from, keep_unreserved, NULL);
}

const char *res_object_name(const struct res_object *o)
{
	return o->kind->name;
}

const char *res_object_role(const struct res_object *o)
{
	return res_kind_role(o->kind);
}

bool res_object_is_revocable(const struct res_object *o)
{
	return o->kind->revocable;
}

bool res_object_is_shared(const struct res_object *o)
{
	return o->kind->shared;
}

bool res_object_is_refined(const struct res_object *o)
{
	return o->kind->n_reservations > 1;
}

bool res_object_is_scalar(const struct res_object *o)
{
	return o->value.type == RES_SCALAR;
}

int64_t res_object_milli(const struct res_object *o)
{
	CHECK(o->value.type == RES_SCALAR);
	return o->value.u.milli;
}

/* --- messages and text --------------------------------------------------- */

void res_add_object(struct res *r, struct res_object *o)
{
	if (res_value_is_empty(&o->value))
		object_free(o);
	else
		add_object(r, o);
}

int res_from_msgs(struct res *to, struct Mesos__V1__Resource *const *msgs,
	size_t n, struct err *e)
{
	struct res all = RES_INIT;

	if (res_msg_read(&all, msgs, n, e) != 0) {
		res_fini(&all);
		return -1;
	}
	res_move(to, &all);
	return 0;
}

struct Mesos__V1__Resource **res_to_msgs(
	const struct res *r, struct arena *a, enum res_form form, size_t *ret_n)
{
	return res_msg_write(r, a, form, ret_n);
}

int res_parse(struct res *to, const char *text, const char *default_role,
	struct err *e)
{
	struct res all = RES_INIT;

	if (res_text_parse(&all, text, default_role, e) != 0) {
		res_fini(&all);
		return -1;
	}
	res_move(to, &all);
	return 0;
}

void res_print(struct buf *to, const struct res *r)
{
	res_text_print(to, r);
}

char *res_text(struct arena *a, const struct res *r)
{
	struct buf b = BUF_INIT;
	char *text;

	res_print(&b, r);
	text = arena_strdup(a, buf_str(&b));
	buf_fini(&b);
	return text;
}
