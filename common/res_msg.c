/* res_msg.c - see res_msg.h. */
#include "common/res_msg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/ident.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/res_kind.h"
#include "mesos/v1/mesos.pb-c.h"

/* Resource.role is deprecated, but it is what frameworks without
 * RESERVATION_REFINEMENT use. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

typedef Mesos__V1__Resource resource_msg;
typedef Mesos__V1__Resource__ReservationInfo reservation_msg;
typedef Mesos__V1__Resource__DiskInfo disk_msg;
typedef Mesos__V1__Resource__DiskInfo__Source source_msg;

/* --- reading: values ----------------------------------------------------- */

static int read_scalar(
	struct res_value *ret, const resource_msg *m, struct err *e)
{
	int64_t milli;

	if (m->scalar == NULL || m->ranges != NULL || m->set != NULL)
		return err_set(e, ERR_INVALID,
			"of type SCALAR it must have a scalar and no other "
			"value");
	if (res_value_from_double(&milli, m->scalar->value) != 0)
		return err_set(
			e, ERR_INVALID, "the amount is not finite, or too big");
	if (m->scalar->value < 0)
		return err_set(e, ERR_INVALID, "the amount is negative");
	if (milli == 0 && m->scalar->value > 0)
		return err_set(
			e, ERR_INVALID, "the amount is less than a thousandth");
	*ret = (struct res_value){ .type = RES_SCALAR, .u.milli = milli };
	return 0;
}

static int read_ranges(
	struct res_value *ret, const resource_msg *m, struct err *e)
{
	struct res_range *ranges;
	size_t i, n;

	if (m->ranges == NULL || m->scalar != NULL || m->set != NULL)
		return err_set(e, ERR_INVALID,
			"of type RANGES it must have ranges and no other "
			"value");
	n = m->ranges->n_range;
	for (i = 0; i < n; i++)
		if (m->ranges->range[i]->begin > m->ranges->range[i]->end)
			return err_set(e, ERR_INVALID,
				"the range %" PRIu64 "-%" PRIu64
				" ends before it begins",
				m->ranges->range[i]->begin,
				m->ranges->range[i]->end);
	ranges = xcalloc(n, sizeof(*ranges));
	for (i = 0; i < n; i++)
		ranges[i] = (struct res_range){ m->ranges->range[i]->begin,
			m->ranges->range[i]->end };
	if (res_value_set_ranges(ret, ranges, n)) {
		res_value_fini(ret);
		return err_set(e, ERR_INVALID, "two ranges overlap");
	}
	return 0;
}

static int read_items(
	struct res_value *ret, const resource_msg *m, struct err *e)
{
	const char *duplicate;
	char **items;
	size_t i;

	if (m->set == NULL || m->scalar != NULL || m->ranges != NULL)
		return err_set(e, ERR_INVALID,
			"of type SET it must have a set and no other value");
	items = xcalloc(m->set->n_item, sizeof(*items));
	for (i = 0; i < m->set->n_item; i++)
		items[i] = xstrdup(m->set->item[i]);
	duplicate = res_value_set_items(ret, items, m->set->n_item);
	if (duplicate != NULL) {
		err_set(e, ERR_INVALID, "'%s' is twice in the set", duplicate);
		res_value_fini(ret);
		return -1;
	}
	return 0;
}

static int read_value(
	struct res_value *ret, const resource_msg *m, struct err *e)
{
	switch ((int)m->type) {
	case MESOS__V1__VALUE__TYPE__SCALAR:
		return read_scalar(ret, m, e);
	case MESOS__V1__VALUE__TYPE__RANGES:
		return read_ranges(ret, m, e);
	case MESOS__V1__VALUE__TYPE__SET:
		return read_items(ret, m, e);
	default:
		return err_set(e, ERR_INVALID,
			"the type must be SCALAR, RANGES or SET");
	}
}

/* --- reading: reservations ------------------------------------------------ */

static struct res_labels *read_labels(const Mesos__V1__Labels *m)
{
	struct res_labels *l;
	size_t i;

	if (m == NULL)
		return NULL;
	l = res_kind_labels_new(m->n_labels);
	for (i = 0; i < m->n_labels; i++) {
		l->items[i].key = xstrdup(m->labels[i]->key);
		l->items[i].value = xstrdup(m->labels[i]->value);
	}
	return l;
}

/* protobuf-c points unset texts at the default. */
static bool has_old_role(const resource_msg *m)
{
	return m->role != NULL &&
		m->role != mesos__v1__resource__role__default_value;
}

static bool is_set(const char *s)
{
	return s != NULL && *s != '\0';
}

static int read_entry(struct res_reservation *ret, const reservation_msg *m,
	const struct res_reservation *parent, struct err *e)
{
	if (!m->has_type ||
		(m->type != MESOS__V1__RESOURCE__RESERVATION_INFO__TYPE__STATIC &&
			m->type !=
				MESOS__V1__RESOURCE__RESERVATION_INFO__TYPE__DYNAMIC))
		return err_set(e, ERR_INVALID,
			"a reservation's type must be STATIC or DYNAMIC");
	if (m->role == NULL)
		return err_set(e, ERR_INVALID, "a reservation has no role");
	if (ident_role_check(m->role, e) != 0)
		return -1;
	if (strcmp(m->role, "*") == 0)
		return err_set(
			e, ERR_INVALID, "a reservation's role may not be '*'");
	ret->dynamic =
		m->type == MESOS__V1__RESOURCE__RESERVATION_INFO__TYPE__DYNAMIC;
	if (parent != NULL && !ret->dynamic)
		return err_set(e, ERR_INVALID,
			"a refined reservation must be DYNAMIC");
	if (parent != NULL && !ident_role_is_ancestor(parent->role, m->role))
		return err_set(e, ERR_INVALID,
			"the reservation for '%s' can't refine one for '%s', "
			"which is no ancestor",
			m->role, parent->role);
	ret->role = xstrdup(m->role);
	ret->principal = xstrdup(m->principal);
	ret->labels = read_labels(m->labels);
	return 0;
}

/* Both forms may be there if they say the same and there is one entry. */
static int check_forms(const resource_msg *m, struct err *e)
{
	const reservation_msg *top = m->reservations[0];
	bool dynamic = top->has_type &&
		top->type ==
			MESOS__V1__RESOURCE__RESERVATION_INFO__TYPE__DYNAMIC;

	if (!has_old_role(m) && m->reservation == NULL)
		return 0;
	if (m->n_reservations > 1)
		return err_set(e, ERR_INVALID,
			"'role' or 'reservation' can't stand beside several "
			"'reservations'");
	if (!has_old_role(m) || top->role == NULL ||
		strcmp(m->role, top->role) != 0)
		return err_set(e, ERR_INVALID,
			"'role' and 'reservations' name different roles");
	if (dynamic != (m->reservation != NULL))
		return err_set(e, ERR_INVALID,
			"'reservation' and 'reservations' differ in being "
			"dynamic");
	if (dynamic &&
		strcmp(m->reservation->principal != NULL
				? m->reservation->principal
				: "",
			top->principal != NULL ? top->principal : "") != 0)
		return err_set(e, ERR_INVALID,
			"'reservation' and 'reservations' name different "
			"principals");
	return 0;
}

static int read_stack(struct res_kind *k, const resource_msg *m, struct err *e)
{
	size_t i;

	if (m->n_reservations > RES_REFINEMENTS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d reservations",
			RES_REFINEMENTS_MAX);
	if (check_forms(m, e) != 0)
		return -1;
	k->reservations = xcalloc(m->n_reservations, sizeof(*k->reservations));
	for (i = 0; i < m->n_reservations; i++) {
		if (read_entry(&k->reservations[i], m->reservations[i],
			    i > 0 ? &k->reservations[i - 1] : NULL, e) != 0)
			return -1;
		k->n_reservations++;
	}
	return 0;
}

static int read_old_form(
	struct res_kind *k, const resource_msg *m, struct err *e)
{
	const reservation_msg *r = m->reservation;
	const char *role = m->role != NULL ? m->role : "*";

	if (ident_role_check(role, e) != 0)
		return -1;
	if (strcmp(role, "*") == 0) {
		if (r != NULL)
			return err_set(e, ERR_INVALID,
				"'reservation' needs a role other than '*'");
		return 0;
	}
	res_kind_reserve_static(k, role);
	if (r == NULL)
		return 0;
	if (r->has_type || r->role != NULL)
		return err_set(e, ERR_INVALID,
			"'reservation' may not have a type or a role; "
			"'reservations' does");
	k->reservations[0].dynamic = true;
	k->reservations[0].principal = xstrdup(r->principal);
	k->reservations[0].labels = read_labels(r->labels);
	return 0;
}

/* --- reading: disks ------------------------------------------------------ */

static int read_source(struct res_disk *d, const source_msg *m, struct err *e)
{
	bool path = m->path != NULL, mount = m->mount != NULL;

	switch ((int)m->type) {
	case MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__PATH:
		d->source = RES_SOURCE_PATH;
		break;
	case MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__MOUNT:
		d->source = RES_SOURCE_MOUNT;
		break;
	case MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__BLOCK:
		d->source = RES_SOURCE_BLOCK;
		break;
	case MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__RAW:
		d->source = RES_SOURCE_RAW;
		break;
	default:
		return err_set(
			e, ERR_INVALID, "the disk's source type is unknown");
	}
	if ((path && d->source != RES_SOURCE_PATH) ||
		(mount && d->source != RES_SOURCE_MOUNT))
		return err_set(e, ERR_INVALID,
			"the disk's source has a path or mount that is not of "
			"its type");
	d->has_place = path || mount;
	d->root = xstrdup(path ? m->path->root : mount ? m->mount->root : NULL);
	d->vendor = xstrdup(m->vendor);
	d->id = xstrdup(m->id);
	d->profile = xstrdup(m->profile);
	d->metadata = read_labels(m->metadata);
	return 0;
}

static int read_volume(struct res_disk *d, const disk_msg *m, struct err *e)
{
	const Mesos__V1__Volume *v = m->volume;

	if (m->persistence != NULL && v == NULL)
		return err_set(
			e, ERR_INVALID, "a persistent disk needs a volume");
	if (m->persistence == NULL && v != NULL)
		return err_set(
			e, ERR_INVALID, "a disk's volume needs a persistence");
	if (v == NULL)
		return 0;
	if (v->host_path != NULL || v->image != NULL || v->source != NULL)
		return err_set(e, ERR_INVALID,
			"a persistent volume may have no host_path, image or "
			"source");
	if (ident_id_check("persistence id", m->persistence->id, e) != 0)
		return -1;
	d->persistence_id = xstrdup(m->persistence->id);
	d->persistence_principal = xstrdup(m->persistence->principal);
	d->container_path = xstrdup(v->container_path);
	d->read_write = v->mode == MESOS__V1__VOLUME__MODE__RW;
	return 0;
}

static int read_disk(struct res_kind *k, const resource_msg *m, struct err *e)
{
	const disk_msg *d = m->disk;

	if (strcmp(m->name, "disk") != 0)
		return err_set(e, ERR_INVALID,
			"only a resource named 'disk' can have disk info");
	if (d->source == NULL && d->persistence == NULL && d->volume == NULL)
		return err_set(e, ERR_INVALID, "the disk info is empty");
	k->disk = xcalloc(1, sizeof(*k->disk));
	if (d->source != NULL && read_source(k->disk, d->source, e) != 0)
		return -1;
	if (read_volume(k->disk, d, e) != 0)
		return -1;
	if (d->persistence == NULL)
		return 0;
	if (m->revocable != NULL)
		return err_set(e, ERR_INVALID,
			"a persistent volume can't be revocable");
	if (k->n_reservations == 0)
		return err_set(
			e, ERR_INVALID, "a persistent volume must be reserved");
	return 0;
}

/* --- reading: one resource ------------------------------------------------ */

static int read_kind(struct res_kind *k, const resource_msg *m, struct err *e)
{
	int rc;

	rc = m->n_reservations > 0 ? read_stack(k, m, e)
				   : read_old_form(k, m, e);
	if (rc != 0)
		return -1;
	if (m->disk != NULL && read_disk(k, m, e) != 0)
		return -1;
	k->revocable = m->revocable != NULL;
	k->shared = m->shared != NULL;
	if (k->shared && !res_kind_is_persistent(k))
		return err_set(e, ERR_INVALID,
			"only persistent volumes can be shared");
	if (k->revocable && k->n_reservations > 0 &&
		k->reservations[k->n_reservations - 1].dynamic)
		return err_set(e, ERR_INVALID,
			"what is dynamically reserved can't be revocable");
	if (m->provider_id != NULL)
		k->provider_id = xstrdup(m->provider_id->value);
	res_kind_seal(k);
	return 0;
}

static int read_one(struct res *to, const resource_msg *m, struct err *e)
{
	struct res_object *o;
	struct res_value v;
	struct res_kind *k;

	if (!is_set(m->name))
		return err_set(e, ERR_INVALID, "the name is missing");
	if (read_value(&v, m, e) != 0)
		return -1;
	if (strcmp(m->name, "gpus") == 0 && v.type == RES_SCALAR &&
		v.u.milli % 1000 != 0) {
		res_value_fini(&v);
		return err_set(e, ERR_INVALID, "gpus must be a whole number");
	}
	k = res_kind_new(m->name);
	if (read_kind(k, m, e) != 0) {
		res_kind_unref(k);
		res_value_fini(&v);
		return -1;
	}
	o = xcalloc(1, sizeof(*o));
	o->kind = k;
	o->value = v;
	o->copies = 1;
	if (m->allocation_info != NULL && is_set(m->allocation_info->role))
		o->allocated = res_kind_role_new(m->allocation_info->role);
	res_add_object(to, o);
	return 0;
}

int res_msg_read(struct res *to, struct Mesos__V1__Resource *const *msgs,
	size_t n, struct err *e)
{
	size_t i;

	if (n > RES_OBJECTS_MAX)
		return err_set(e, ERR_LIMIT, "%zu resources, more than %d", n,
			RES_OBJECTS_MAX);
	for (i = 0; i < n; i++)
		if (read_one(to, msgs[i], e) != 0)
			return err_wrap(e, "resources[%zu] ('%.100s')", i,
				msgs[i]->name != NULL ? msgs[i]->name : "");
	return 0;
}

/* --- writing ------------------------------------------------------------- */

#define MSG_NEW(a, type, init)                               \
	(__extension__({                                     \
		type *msg_ = arena_alloc((a), sizeof(type)); \
		*msg_ = (type)init;                          \
		msg_;                                        \
	}))

static void write_ranges(
	resource_msg *m, const struct res_value *v, struct arena *a)
{
	size_t i;

	m->ranges = MSG_NEW(
		a, Mesos__V1__Value__Ranges, MESOS__V1__VALUE__RANGES__INIT);
	m->ranges->n_range = v->n;
	m->ranges->range = arena_alloc(a, v->n * sizeof(*m->ranges->range));
	for (i = 0; i < v->n; i++) {
		m->ranges->range[i] = MSG_NEW(a, Mesos__V1__Value__Range,
			MESOS__V1__VALUE__RANGE__INIT);
		m->ranges->range[i]->begin = v->u.ranges[i].begin;
		m->ranges->range[i]->end = v->u.ranges[i].end;
	}
}

static void write_value(
	resource_msg *m, const struct res_value *v, struct arena *a)
{
	size_t i;

	switch (v->type) {
	case RES_SCALAR:
		m->type = MESOS__V1__VALUE__TYPE__SCALAR;
		m->scalar = MSG_NEW(a, Mesos__V1__Value__Scalar,
			MESOS__V1__VALUE__SCALAR__INIT);
		m->scalar->value = res_value_to_double(v->u.milli);
		break;
	case RES_RANGES:
		m->type = MESOS__V1__VALUE__TYPE__RANGES;
		write_ranges(m, v, a);
		break;
	case RES_SET:
		m->type = MESOS__V1__VALUE__TYPE__SET;
		m->set = MSG_NEW(
			a, Mesos__V1__Value__Set, MESOS__V1__VALUE__SET__INIT);
		m->set->n_item = v->n;
		m->set->item = arena_alloc(a, v->n * sizeof(*m->set->item));
		for (i = 0; i < v->n; i++)
			m->set->item[i] = arena_strdup(a, v->u.items[i]);
		break;
	case RES_TEXT:
		UNREACHABLE();
	}
}

static Mesos__V1__Labels *write_labels(
	const struct res_labels *l, struct arena *a)
{
	Mesos__V1__Labels *m;
	size_t i;

	if (l == NULL)
		return NULL;
	m = MSG_NEW(a, Mesos__V1__Labels, MESOS__V1__LABELS__INIT);
	m->n_labels = l->n;
	m->labels = arena_alloc(a, l->n * sizeof(*m->labels));
	for (i = 0; i < l->n; i++) {
		m->labels[i] =
			MSG_NEW(a, Mesos__V1__Label, MESOS__V1__LABEL__INIT);
		m->labels[i]->key = arena_strdup(a, l->items[i].key);
		m->labels[i]->value = arena_strdup(a, l->items[i].value);
	}
	return m;
}

static void write_stack(
	resource_msg *m, const struct res_kind *k, struct arena *a)
{
	size_t i;

	m->n_reservations = k->n_reservations;
	m->reservations =
		arena_alloc(a, k->n_reservations * sizeof(*m->reservations));
	for (i = 0; i < k->n_reservations; i++) {
		const struct res_reservation *r = &k->reservations[i];
		reservation_msg *to = MSG_NEW(a, reservation_msg,
			MESOS__V1__RESOURCE__RESERVATION_INFO__INIT);

		to->has_type = 1;
		to->type = r->dynamic
			? MESOS__V1__RESOURCE__RESERVATION_INFO__TYPE__DYNAMIC
			: MESOS__V1__RESOURCE__RESERVATION_INFO__TYPE__STATIC;
		to->role = arena_strdup(a, r->role);
		to->principal = arena_strdup(a, r->principal);
		to->labels = write_labels(r->labels, a);
		m->reservations[i] = to;
	}
}

static void write_old_form(
	resource_msg *m, const struct res_kind *k, struct arena *a)
{
	const struct res_reservation *r = k->reservations;

	m->role = arena_strdup(a, k->n_reservations > 0 ? r->role : "*");
	if (k->n_reservations == 0 || !r->dynamic)
		return;
	m->reservation = MSG_NEW(a, reservation_msg,
		MESOS__V1__RESOURCE__RESERVATION_INFO__INIT);
	m->reservation->principal = arena_strdup(a, r->principal);
	m->reservation->labels = write_labels(r->labels, a);
}

static source_msg *write_source(const struct res_disk *d, struct arena *a)
{
	static const Mesos__V1__Resource__DiskInfo__Source__Type types[] = {
		[RES_SOURCE_PATH] =
			MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__PATH,
		[RES_SOURCE_MOUNT] =
			MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__MOUNT,
		[RES_SOURCE_BLOCK] =
			MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__BLOCK,
		[RES_SOURCE_RAW] =
			MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__RAW,
	};
	source_msg *m;

	if (d->source == RES_SOURCE_NONE)
		return NULL;
	m = MSG_NEW(
		a, source_msg, MESOS__V1__RESOURCE__DISK_INFO__SOURCE__INIT);
	m->type = types[d->source];
	if (d->has_place && d->source == RES_SOURCE_PATH) {
		m->path = MSG_NEW(a,
			Mesos__V1__Resource__DiskInfo__Source__Path,
			MESOS__V1__RESOURCE__DISK_INFO__SOURCE__PATH__INIT);
		m->path->root = arena_strdup(a, d->root);
	} else if (d->has_place) {
		m->mount = MSG_NEW(a,
			Mesos__V1__Resource__DiskInfo__Source__Mount,
			MESOS__V1__RESOURCE__DISK_INFO__SOURCE__MOUNT__INIT);
		m->mount->root = arena_strdup(a, d->root);
	}
	m->vendor = arena_strdup(a, d->vendor);
	m->id = arena_strdup(a, d->id);
	m->profile = arena_strdup(a, d->profile);
	m->metadata = write_labels(d->metadata, a);
	return m;
}

static disk_msg *write_disk(const struct res_disk *d, struct arena *a)
{
	disk_msg *m =
		MSG_NEW(a, disk_msg, MESOS__V1__RESOURCE__DISK_INFO__INIT);

	m->source = write_source(d, a);
	if (d->persistence_id == NULL)
		return m;
	m->persistence = MSG_NEW(a, Mesos__V1__Resource__DiskInfo__Persistence,
		MESOS__V1__RESOURCE__DISK_INFO__PERSISTENCE__INIT);
	m->persistence->id = arena_strdup(a, d->persistence_id);
	m->persistence->principal = arena_strdup(a, d->persistence_principal);
	m->volume = MSG_NEW(a, Mesos__V1__Volume, MESOS__V1__VOLUME__INIT);
	m->volume->container_path = arena_strdup(a, d->container_path);
	m->volume->mode = d->read_write ? MESOS__V1__VOLUME__MODE__RW
					: MESOS__V1__VOLUME__MODE__RO;
	return m;
}

static resource_msg *write_one(
	const struct res_object *o, struct arena *a, enum res_form form)
{
	resource_msg *m = MSG_NEW(a, resource_msg, MESOS__V1__RESOURCE__INIT);
	const struct res_kind *k = o->kind;

	m->name = arena_strdup(a, k->name);
	write_value(m, &o->value, a);
	if (o->allocated != NULL) {
		m->allocation_info =
			MSG_NEW(a, Mesos__V1__Resource__AllocationInfo,
				MESOS__V1__RESOURCE__ALLOCATION_INFO__INIT);
		m->allocation_info->role = arena_strdup(a, o->allocated->name);
	}
	if (k->n_reservations > (form == RES_FORM_OLD ? 1 : 0))
		write_stack(m, k, a);
	if (form != RES_FORM_STACK && k->n_reservations <= 1)
		write_old_form(m, k, a);
	if (k->disk != NULL)
		m->disk = write_disk(k->disk, a);
	if (k->revocable)
		m->revocable = MSG_NEW(a, Mesos__V1__Resource__RevocableInfo,
			MESOS__V1__RESOURCE__REVOCABLE_INFO__INIT);
	if (k->shared)
		m->shared = MSG_NEW(a, Mesos__V1__Resource__SharedInfo,
			MESOS__V1__RESOURCE__SHARED_INFO__INIT);
	if (k->provider_id != NULL) {
		m->provider_id = MSG_NEW(a, Mesos__V1__ResourceProviderID,
			MESOS__V1__RESOURCE_PROVIDER_ID__INIT);
		m->provider_id->value = arena_strdup(a, k->provider_id);
	}
	return m;
}

/* A shared volume is written once per copy, as in Mesos. */
struct Mesos__V1__Resource **res_msg_write(
	const struct res *r, struct arena *a, enum res_form form, size_t *ret_n)
{
	struct Mesos__V1__Resource **msgs;
	size_t i, n = 0;
	uint64_t j;

	for (i = 0; i < r->n; i++)
		n += r->objects[i]->copies;
	msgs = arena_alloc(a, n * sizeof(*msgs));
	n = 0;
	for (i = 0; i < r->n; i++)
		for (j = 0; j < r->objects[i]->copies; j++)
			msgs[n++] = write_one(r->objects[i], a, form);
	*ret_n = n;
	return msgs;
}
