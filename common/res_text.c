/* res_text.c - see res_text.h. */
#include "common/res_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/ident.h"
#include "common/json_text.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/pbjson.h"
#include "common/res.h"
#include "common/res_kind.h"
#include "common/res_msg.h"
#include "mesos/v1/mesos.pb-c.h"

/* Resource.role is deprecated, but people write it. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* --- reading ------------------------------------------------------------ */

/* A piece of the text, without the spaces around it. */
struct piece {
	const char *at;
	size_t size;
};

static struct piece trim(const char *at, size_t size)
{
	while (size > 0 && isspace((unsigned char)*at)) {
		at++;
		size--;
	}
	while (size > 0 && isspace((unsigned char)at[size - 1]))
		size--;
	return (struct piece){ at, size };
}

/* "name" or "name(role)"; role is empty when there are no parentheses. */
static int split_name(struct piece whole, struct piece *ret_name,
	struct piece *ret_role, struct err *e)
{
	const char *open = memchr(whole.at, '(', whole.size);
	size_t before = open != NULL ? (size_t)(open - whole.at) : whole.size;

	*ret_name = trim(whole.at, before);
	*ret_role = (struct piece){ NULL, 0 };
	if (ret_name->size == 0)
		return err_set(e, ERR_INVALID, "the name is missing");
	if (memchr(whole.at, ')', before) != NULL)
		return err_set(e, ERR_INVALID, "')' without '('");
	if (open == NULL)
		return 0;
	if (whole.at[whole.size - 1] != ')' ||
		memchr(open, ')', whole.size - before - 1) != NULL)
		return err_set(e, ERR_INVALID,
			"the role must be the end of the name, in one pair of "
			"parentheses");
	*ret_role = trim(open + 1, whole.size - before - 2);
	if (ret_role->size == 0)
		return err_set(e, ERR_INVALID, "the role is empty");
	return 0;
}

static int parse_value(struct res_value *ret, struct piece from, struct err *e)
{
	CLEANUP(mem_freep) char *text = res_value_squeeze(from.at, from.size);
	struct res_value v;

	if (*text == '\0')
		return err_set(e, ERR_INVALID, "the value is missing");
	if (res_value_parse(&v, text, e) != 0)
		return -1;
	if (v.type == RES_TEXT) {
		res_value_fini(&v);
		return err_set(e, ERR_INVALID,
			"'%s' is neither a non-negative number nor [ranges] "
			"nor {a set}",
			text);
	}
	if (v.type == RES_SCALAR && v.u.milli == 0 &&
		strpbrk(text, "123456789") != NULL)
		return err_set(
			e, ERR_INVALID, "%s is less than a thousandth", text);
	*ret = v;
	return 0;
}

static struct res_object *object_new(
	const char *name, const char *role, const struct res_value *v)
{
	struct res_object *o = xcalloc(1, sizeof(*o));

	o->kind = res_kind_new(name);
	if (strcmp(role, "*") != 0)
		res_kind_reserve_static(o->kind, role);
	res_kind_seal(o->kind);
	o->copies = 1;
	o->value = *v;
	return o;
}

/* Mesos refuses "cpus:1;cpus:[1-2]": sums by name would make no sense. */
static int type_check(
	const struct res *all, const struct res_object *o, struct err *e)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->objects[i]->value.type != o->value.type &&
			strcmp(all->objects[i]->kind->name, o->kind->name) == 0)
			return err_set(e, ERR_INVALID,
				"'%s' was of another type before",
				o->kind->name);
	if (o->value.type == RES_SCALAR && o->value.u.milli % 1000 != 0 &&
		strcmp(o->kind->name, "gpus") == 0)
		return err_set(e, ERR_INVALID, "gpus must be a whole number");
	return 0;
}

static int parse_entry(struct res *to, struct piece entry,
	const char *default_role, struct err *e)
{
	const char *colon = memchr(entry.at, ':', entry.size);
	CLEANUP(mem_freep) char *name = NULL;
	CLEANUP(mem_freep) char *role = NULL;
	struct piece name_at, role_at, rest;
	struct res_value v;
	struct res_object *o;
	size_t head;
	int rc;

	if (colon == NULL)
		return err_set(e, ERR_INVALID, "there is no ':'");
	head = (size_t)(colon - entry.at);
	rest = trim(colon + 1, entry.size - head - 1);
	if (memchr(rest.at, ':', rest.size) != NULL)
		return err_set(e, ERR_INVALID, "there is a second ':'");
	if (split_name(trim(entry.at, head), &name_at, &role_at, e) != 0)
		return -1;
	name = xstrndup(name_at.at, name_at.size);
	role = role_at.at != NULL ? xstrndup(role_at.at, role_at.size)
				  : xstrdup(default_role);
	if (ident_role_check(role, e) != 0 || parse_value(&v, rest, e) != 0)
		return -1;
	o = object_new(name, role, &v);
	rc = type_check(to, o, e);
	if (rc != 0)
		res_value_fini(&v), o->value = (struct res_value){ 0 };
	res_add_object(to, o);
	return rc;
}

/*
 * Mesos tries JSON first; only JSON begins with a bracket. The array is read as
 * the list of a message that has nothing else.
 */
static bool is_json(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return *text == '[';
}

/* What Mesos doesn't take from a flag: these come from operations. */
static int check_static(const struct res *r, struct err *e)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct res_kind *k = r->objects[i]->kind;
		const char *what = NULL;

		if (res_kind_is_persistent(k))
			what = "a persistent volume";
		else if (k->revocable)
			what = "revocable";
		else if (k->n_reservations > 0 && k->reservations[0].dynamic)
			what = "dynamically reserved";
		else if (k->n_reservations > 1)
			what = "reserved twice";
		if (what != NULL)
			return err_set(e, ERR_INVALID,
				"'%s' is %s; only unreserved and statically "
				"reserved resources can be given here",
				k->name, what);
		if (type_check(r, r->objects[i], e) != 0)
			return -1;
	}
	return 0;
}

static void set_default_role(
	Mesos__V1__Offer__Operation__Reserve *list, char *role)
{
	size_t i;

	for (i = 0; strcmp(role, "*") != 0 && i < list->n_resources; i++) {
		Mesos__V1__Resource *m = list->resources[i];

		if (m->n_reservations == 0 && m->reservation == NULL &&
			(m->role == NULL ||
				m->role ==
					mesos__v1__resource__role__default_value))
			m->role = role;
	}
}

static int parse_json(struct res *to, const char *text,
	const char *default_role, struct err *e)
{
	Mesos__V1__Offer__Operation__Reserve *list;
	struct buf b = BUF_INIT;
	struct arena a;
	int rc = -1;

	if (!json_text_is_array(text))
		return err_set(e, ERR_INVALID,
			"text that begins with '[' must be one JSON array");
	arena_init(&a);
	buf_printf(&b, "{\"resources\":%s}", text);
	list = (Mesos__V1__Offer__Operation__Reserve *)pbjson_read(&a,
		&mesos__v1__offer__operation__reserve__descriptor, b.data,
		b.size, e);
	if (list != NULL) {
		set_default_role(list, arena_strdup(&a, default_role));
		rc = res_msg_read(to, list->resources, list->n_resources, e);
	}
	if (rc == 0)
		rc = check_static(to, e);
	buf_fini(&b);
	arena_fini(&a);
	return rc;
}

int res_text_parse(struct res *to, const char *text, const char *default_role,
	struct err *e)
{
	size_t i, size, count = 0;

	if (is_json(text))
		return parse_json(to, text, default_role, e);
	for (i = 0; text[i] != '\0'; i += size + (text[i + size] == ';')) {
		struct piece entry;

		size = strcspn(text + i, ";");
		entry = trim(text + i, size);
		if (entry.size == 0)
			continue;
		if (++count > RES_OBJECTS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d resources",
				RES_OBJECTS_MAX);
		if (parse_entry(to, entry, default_role, e) != 0)
			return err_wrap(e, "at byte %zu, '%.*s'",
				(size_t)(entry.at - text),
				(int)(entry.size < 100 ? entry.size : 100),
				entry.at);
	}
	return 0;
}

/* --- printing ----------------------------------------------------------- */

static void print_labels(struct buf *to, const struct res_labels *l)
{
	size_t i;

	buf_add_str(to, ",{");
	for (i = 0; i < l->n; i++)
		buf_printf(to, "%s%s%s%s", i > 0 ? ", " : "", l->items[i].key,
			l->items[i].value != NULL ? ": " : "",
			l->items[i].value != NULL ? l->items[i].value : "");
	buf_add_char(to, '}');
}

static void print_reservations(struct buf *to, const struct res_kind *k)
{
	size_t i;

	buf_add_str(to, "(reservations: [");
	for (i = 0; i < k->n_reservations; i++) {
		const struct res_reservation *r = &k->reservations[i];

		buf_printf(to, "%s(%s,%s", i > 0 ? "," : "",
			r->dynamic ? "DYNAMIC" : "STATIC", r->role);
		if (r->principal != NULL)
			buf_printf(to, ",%s", r->principal);
		if (r->labels != NULL)
			print_labels(to, r->labels);
		buf_add_char(to, ')');
	}
	buf_add_str(to, "])");
}

static void print_source(struct buf *to, const struct res_disk *d)
{
	static const char *const names[] = { "", "PATH", "MOUNT", "BLOCK",
		"RAW" };

	buf_add_str(to, names[d->source]);
	if (d->id != NULL || d->profile != NULL)
		buf_printf(to, "(%s,%s)", d->id != NULL ? d->id : "",
			d->profile != NULL ? d->profile : "");
	if (d->root != NULL)
		buf_printf(to, ":%s", d->root);
}

static void print_disk(struct buf *to, const struct res_disk *d)
{
	buf_add_char(to, '[');
	print_source(to, d);
	if (d->persistence_id != NULL) {
		if (d->source != RES_SOURCE_NONE)
			buf_add_char(to, ',');
		buf_add_str(to, d->persistence_id);
	}
	if (d->container_path != NULL)
		buf_printf(to, ":%s", d->container_path);
	buf_add_char(to, ']');
}

static void print_object(struct buf *to, const struct res_object *o)
{
	const struct res_kind *k = o->kind;

	buf_add_str(to, k->name);
	if (o->allocated != NULL)
		buf_printf(to, "(allocated: %s)", o->allocated->name);
	if (k->n_reservations > 0)
		print_reservations(to, k);
	if (k->disk != NULL)
		print_disk(to, k->disk);
	if (k->revocable)
		buf_add_str(to, "{REV}");
	if (k->shared)
		buf_add_str(to, "<SHARED>");
	buf_add_char(to, ':');
	res_value_print(to, &o->value);
	if (k->shared)
		buf_printf(to, "<%llu>", (unsigned long long)o->copies);
}

void res_text_print(struct buf *to, const struct res *r)
{
	size_t i;

	if (r->n == 0)
		buf_add_str(to, "{}");
	for (i = 0; i < r->n; i++) {
		if (i > 0)
			buf_add_str(to, "; ");
		print_object(to, r->objects[i]);
	}
}
