/*
 * pbjson.c - see pbjson.h.
 *
 * Method: json-c makes a tree of the text, whose depth and size were bounded
 * before; then the tree is walked together with the descriptor. The writer
 * needs no tree.
 */
#include "common/pbjson.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "common/arena.h"
#include "common/base64.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/json_text.h"
#include "common/limits.h"
#include "common/mem.h"

#define FIELDS_MAX	256
#define ARENA_ALLOWANCE ((size_t)64 * 1024)

static void *field_at(const ProtobufCMessage *msg, unsigned offset)
{
	return (char *)(uintptr_t)msg + offset;
}

/* Whether the repeated message type is what protoc makes of map<string, V>
 * limits: LimitsEntry with key = 1 and value = 2. */
static bool is_map(const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *d = f->descriptor;
	const char *p;
	bool upper = true;

	if (f->label != PROTOBUF_C_LABEL_REPEATED ||
		f->type != PROTOBUF_C_TYPE_MESSAGE || d->n_fields != 2 ||
		d->fields[0].id != 1 || strcmp(d->fields[0].name, "key") != 0 ||
		d->fields[0].type != PROTOBUF_C_TYPE_STRING ||
		d->fields[1].id != 2 || strcmp(d->fields[1].name, "value") != 0)
		return false;
	p = d->short_name;
	for (const char *n = f->name; *n != '\0'; n++) {
		if (*n == '_') {
			upper = true;
			continue;
		}
		if (*p++ != (upper ? toupper((unsigned char)*n) : *n))
			return false;
		upper = false;
	}
	return strcmp(p, "Entry") == 0;
}

static size_t element_size(ProtobufCType type)
{
	switch ((int)type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	default:
		return 4;
	}
}

/* --- writing ---------------------------------------------------------------- */

static void value_write(
	struct buf *to, const ProtobufCFieldDescriptor *f, const void *at);

static void bytes_write(struct buf *to, const ProtobufCBinaryData *b)
{
	buf_add_char(to, '"');
	base64_encode(to, b->data, b->len);
	buf_add_char(to, '"');
}

static void text_write(struct buf *to, const char *s)
{
	if (s == NULL)
		s = "";
	json_text_quote(to, s, strlen(s));
}

static void enum_write(
	struct buf *to, const ProtobufCEnumDescriptor *d, int number)
{
	const ProtobufCEnumValue *v =
		protobuf_c_enum_descriptor_get_value(d, number);

	if (v != NULL)
		text_write(to, v->name);
	else
		buf_printf(to, "%d", number); /* never through msg_unpack() */
}

static void value_write(
	struct buf *to, const ProtobufCFieldDescriptor *f, const void *at)
{
	switch ((int)f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		buf_printf(to, "%" PRId32, *(const int32_t *)at);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		buf_printf(to, "%" PRIu32, *(const uint32_t *)at);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		buf_printf(to, "%" PRId64, *(const int64_t *)at);
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		buf_printf(to, "%" PRIu64, *(const uint64_t *)at);
		break;
	case PROTOBUF_C_TYPE_FLOAT:
		json_text_double(to, (double)*(const float *)at);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		json_text_double(to, *(const double *)at);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		buf_add_str(
			to, *(const protobuf_c_boolean *)at ? "true" : "false");
		break;
	case PROTOBUF_C_TYPE_ENUM:
		enum_write(to, f->descriptor, *(const int *)at);
		break;
	case PROTOBUF_C_TYPE_STRING:
		text_write(to, *(char *const *)at);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		bytes_write(to, at);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		pbjson_write(to, *(ProtobufCMessage *const *)at);
		break;
	default:
		UNREACHABLE();
	}
}

/* One pair of a map. A value that is unset is its type's default. */
static void entry_write(struct buf *to, const ProtobufCMessage *entry)
{
	const ProtobufCFieldDescriptor *f = entry->descriptor->fields;
	const void *value = field_at(entry, f[1].offset);

	text_write(to, *(char *const *)field_at(entry, f[0].offset));
	buf_add_char(to, ':');
	if (f[1].type == PROTOBUF_C_TYPE_MESSAGE &&
		*(ProtobufCMessage *const *)value == NULL)
		buf_add_str(to, "{}");
	else
		value_write(to, &f[1], value);
}

static void list_write(struct buf *to, const ProtobufCMessage *msg,
	const ProtobufCFieldDescriptor *f)
{
	size_t n = *(const size_t *)field_at(msg, f->quantifier_offset);
	const char *at = *(char *const *)field_at(msg, f->offset);
	size_t size = element_size(f->type);
	bool map = is_map(f);

	buf_add_char(to, map ? '{' : '[');
	for (size_t i = 0; i < n; i++) {
		const void *element = at + i * size;

		if (i > 0)
			buf_add_char(to, ',');
		if (map)
			entry_write(to, *(ProtobufCMessage *const *)element);
		else
			value_write(to, f, element);
	}
	buf_add_char(to, map ? '}' : ']');
}

static bool is_set(
	const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	const void *at = field_at(msg, f->offset);
	const void *has = field_at(msg, f->quantifier_offset);

	if (f->label == PROTOBUF_C_LABEL_REQUIRED)
		return f->type != PROTOBUF_C_TYPE_MESSAGE ||
			*(void *const *)at != NULL;
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)has > 0;
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
		return *(const uint32_t *)has == f->id;
	if (f->type == PROTOBUF_C_TYPE_STRING ||
		f->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(void *const *)at != NULL &&
			*(void *const *)at != f->default_value;
	return *(const protobuf_c_boolean *)has;
}

/* What is written for an optional field that is unset; NULL: nothing. */
static const void *default_of(const ProtobufCFieldDescriptor *f)
{
	if (f->label != PROTOBUF_C_LABEL_OPTIONAL ||
		(f->flags & PROTOBUF_C_FIELD_FLAG_DEPRECATED) != 0 ||
		(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
		return NULL;
	return f->default_value;
}

void pbjson_write(struct buf *to, const ProtobufCMessage *msg)
{
	char before = '{';

	for (unsigned i = 0; i < msg->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &msg->descriptor->fields[i];
		bool set = is_set(msg, f);
		const void *other = set ? NULL : default_of(f);

		if (!set && other == NULL)
			continue;
		buf_add_char(to, before);
		before = ',';
		text_write(to, f->name);
		buf_add_char(to, ':');
		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			list_write(to, msg, f);
		else if (set)
			value_write(to, f, field_at(msg, f->offset));
		else if (f->type == PROTOBUF_C_TYPE_STRING)
			text_write(to, other);
		else
			value_write(to, f, other);
	}
	if (before == '{')
		buf_add_char(to, '{');
	buf_add_char(to, '}');
}

/* --- reading: where we are ---------------------------------------------------- */

/* A step of the path to the value that is being read. */
struct level {
	const struct level *parent;
	const char *name; /* of the field, or the map's key */
	int index;	  /* in a list; -1: none */
};

struct reader {
	struct arena *arena;
	struct err *e;
};

static void path_add(struct buf *to, const struct level *l)
{
	if (l == NULL)
		return;
	path_add(to, l->parent);
	if (to->size > 0)
		buf_add_char(to, '.');
	buf_add_str(to, l->name);
	if (l->index >= 0)
		buf_printf(to, "[%d]", l->index);
}

__attribute__((format(printf, 4, 5))) static int refuse(struct reader *r,
	const struct level *l, enum err_code code, const char *fmt, ...)
{
	CLEANUP(buf_fini) struct buf path = BUF_INIT;
	struct err e = { .code = code };
	const char *cut = "";
	const char *p;
	va_list ap;

	path_add(&path, l);
	p = buf_str(&path);
	if (path.size > ERR_TEXT_MAX / 2) { /* the end tells more */
		p += path.size - ERR_TEXT_MAX / 2;
		cut = "...";
	}
	va_start(ap, fmt);
	(void)vsnprintf(e.text, sizeof(e.text), fmt, ap); /* may be cut */
	va_end(ap);
	return err_set(
		r->e, code, "%s%s%s%s", cut, p, *p != '\0' ? ": " : "", e.text);
}

static const char *kind_of(struct json_object *o)
{
	switch (json_object_get_type(o)) {
	case json_type_boolean:
		return "a boolean";
	case json_type_double:
	case json_type_int:
		return "a number";
	case json_type_string:
		return "a string";
	case json_type_array:
		return "a list";
	case json_type_object:
		return "an object";
	case json_type_null:
	default:
		return "null";
	}
}

static void *reader_alloc(struct reader *r, const struct level *l, size_t size)
{
	void *p = arena_try(r->arena, size);

	if (p == NULL)
		(void)refuse(r, l, ERR_LIMIT,
			"would need more than %d times its size in memory",
			MSG_ARENA_FACTOR);
	return p;
}

/* --- reading: scalars --------------------------------------------------------- */

/* Integers as sign and magnitude, so that all of int64 and uint64 fit. */
struct number {
	bool is_double;
	double d;
	bool negative;
	uint64_t abs;
};

static bool number_of_text(const char *s, struct number *ret)
{
	const char *digits = *s == '-' ? s + 1 : s;
	char *end;

	*ret = (struct number){ 0 };
	if (*digits == '\0' || isspace((unsigned char)*s))
		return false;
	errno = 0;
	if (digits[strspn(digits, "0123456789")] == '\0') {
		ret->negative = *s == '-';
		ret->abs = strtoull(digits, &end, 10);
		if (errno == 0)
			return true;
	}
	/* strtod() also reads hex and nan(...), which JSON never wrote. */
	if (digits[strspn(digits, "0123456789.eE+-")] != '\0' &&
		strcmp(digits, "Infinity") != 0 && strcmp(s, "NaN") != 0)
		return false;
	ret->is_double = true;
	ret->d = strtod(s, &end);
	return *end == '\0' && end != s;
}

static int number_read(struct reader *r, const struct level *l,
	struct json_object *o, struct number *ret)
{
	*ret = (struct number){ 0 };
	switch ((int)json_object_get_type(o)) {
	case json_type_int:
		ret->negative = json_object_get_int64(o) < 0;
		ret->abs = ret->negative
			? 0 - (uint64_t)json_object_get_int64(o)
			: json_object_get_uint64(o);
		return 0;
	case json_type_double:
		ret->is_double = true;
		ret->d = json_object_get_double(o);
		return 0;
	case json_type_string:
		if (number_of_text(json_object_get_string(o), ret))
			return 0;
		return refuse(r, l, ERR_INVALID, "'%.40s' is not a number",
			json_object_get_string(o));
	default:
		return refuse(r, l, ERR_INVALID, "a number is expected, not %s",
			kind_of(o));
	}
}

/* A fraction is cut off, as in Mesos. */
static int integer_read(struct reader *r, const struct level *l,
	struct json_object *o, struct number *ret)
{
	if (number_read(r, l, o, ret) != 0)
		return -1;
	if (!ret->is_double)
		return 0;
	if (!(fabs(ret->d) < 18446744073709551616.0))
		return refuse(r, l, ERR_INVALID, "is out of range");
	ret->negative = ret->d <= -1;
	ret->abs = (uint64_t)fabs(ret->d);
	return 0;
}

static int signed_read(struct reader *r, const struct level *l,
	struct json_object *o, int64_t max, int64_t *ret)
{
	struct number n;

	if (integer_read(r, l, o, &n) != 0)
		return -1;
	if (n.abs > (uint64_t)max + (n.negative ? 1 : 0))
		return refuse(r, l, ERR_INVALID,
			"is out of range (%" PRId64 " to %" PRId64 ")",
			-max - 1, max);
	*ret = n.negative ? (int64_t)(0 - n.abs) : (int64_t)n.abs;
	return 0;
}

static int unsigned_read(struct reader *r, const struct level *l,
	struct json_object *o, uint64_t max, uint64_t *ret)
{
	struct number n;

	if (integer_read(r, l, o, &n) != 0)
		return -1;
	if (n.abs > max || (n.negative && n.abs != 0))
		return refuse(r, l, ERR_INVALID,
			"is out of range (0 to %" PRIu64 ")", max);
	*ret = n.abs;
	return 0;
}

static int double_read(struct reader *r, const struct level *l,
	struct json_object *o, double *ret)
{
	struct number n;

	if (number_read(r, l, o, &n) != 0)
		return -1;
	if (n.is_double)
		*ret = n.d;
	else
		*ret = n.negative ? -(double)n.abs : (double)n.abs;
	return 0;
}

static int bool_read(struct reader *r, const struct level *l,
	struct json_object *o, protobuf_c_boolean *ret)
{
	const char *s;

	if (json_object_is_type(o, json_type_boolean)) {
		*ret = json_object_get_boolean(o);
		return 0;
	}
	s = json_object_is_type(o, json_type_string) ? json_object_get_string(o)
						     : "";
	if (strcmp(s, "true") != 0 && strcmp(s, "false") != 0)
		return refuse(r, l, ERR_INVALID, "true or false is expected");
	*ret = *s == 't';
	return 0;
}

/* *set stays false for a name that the .proto lacks. */
static int enum_read(struct reader *r, const struct level *l,
	const ProtobufCFieldDescriptor *f, struct json_object *o, int *ret,
	bool *set)
{
	const ProtobufCEnumValue *v;

	if (!json_object_is_type(o, json_type_string))
		return refuse(r, l, ERR_INVALID,
			"the name of a value is expected, not %s", kind_of(o));
	v = protobuf_c_enum_descriptor_get_value_by_name(
		f->descriptor, json_object_get_string(o));
	if (v == NULL && f->label == PROTOBUF_C_LABEL_REQUIRED)
		return refuse(r, l, ERR_INVALID,
			"is required and '%.40s' is not one of its values",
			json_object_get_string(o));
	*set = v != NULL;
	if (v != NULL)
		*ret = v->value;
	return 0;
}

static int text_read(struct reader *r, const struct level *l,
	struct json_object *o, char **ret)
{
	size_t n;
	char *to;

	if (!json_object_is_type(o, json_type_string))
		return refuse(r, l, ERR_INVALID, "a string is expected, not %s",
			kind_of(o));
	n = (size_t)json_object_get_string_len(o);
	if (memchr(json_object_get_string(o), '\0', n) != NULL)
		return refuse(r, l, ERR_INVALID, "a text with a NUL byte");
	to = reader_alloc(r, l, n + 1);
	if (to == NULL)
		return -1;
	memcpy(to, json_object_get_string(o), n + 1);
	*ret = to;
	return 0;
}

static int bytes_read(struct reader *r, const struct level *l,
	struct json_object *o, ProtobufCBinaryData *ret)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	if (!json_object_is_type(o, json_type_string))
		return refuse(r, l, ERR_INVALID,
			"base64 in a string is expected, not %s", kind_of(o));
	if (base64_decode(&b, json_object_get_string(o),
		    (size_t)json_object_get_string_len(o)) != 0)
		return refuse(r, l, ERR_INVALID, "is not base64");
	ret->data = reader_alloc(r, l, b.size + 1);
	if (ret->data == NULL)
		return -1;
	memcpy(ret->data, buf_str(&b), b.size);
	ret->len = b.size;
	return 0;
}

/* --- reading: messages -------------------------------------------------------- */

static int message_read(struct reader *r, const struct level *l,
	const ProtobufCMessageDescriptor *desc, struct json_object *o,
	ProtobufCMessage **ret);

static int int_read(struct reader *r, const struct level *l,
	const ProtobufCFieldDescriptor *f, struct json_object *o, void *at)
{
	int64_t i = 0;
	uint64_t u = 0;

	switch ((int)f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		if (signed_read(r, l, o, INT32_MAX, &i) != 0)
			return -1;
		*(int32_t *)at = (int32_t)i;
		return 0;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		if (unsigned_read(r, l, o, UINT32_MAX, &u) != 0)
			return -1;
		*(uint32_t *)at = (uint32_t)u;
		return 0;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return unsigned_read(r, l, o, UINT64_MAX, at);
	default:
		return signed_read(r, l, o, INT64_MAX, at);
	}
}

/* Writes to `at` what the value is; *set: whether there was one. */
static int value_read(struct reader *r, const struct level *l,
	const ProtobufCFieldDescriptor *f, struct json_object *o, void *at,
	bool *set)
{
	double d = 0;

	*set = true;
	switch ((int)f->type) {
	case PROTOBUF_C_TYPE_FLOAT:
		if (double_read(r, l, o, &d) != 0)
			return -1;
		*(float *)at = (float)d;
		return 0;
	case PROTOBUF_C_TYPE_DOUBLE:
		return double_read(r, l, o, at);
	case PROTOBUF_C_TYPE_BOOL:
		return bool_read(r, l, o, at);
	case PROTOBUF_C_TYPE_ENUM:
		return enum_read(r, l, f, o, at, set);
	case PROTOBUF_C_TYPE_STRING:
		return text_read(r, l, o, at);
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_read(r, l, o, at);
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_read(r, l, f->descriptor, o, at);
	default:
		return int_read(r, l, f, o, at);
	}
}

static int singular_read(struct reader *r, const struct level *l,
	ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f,
	struct json_object *o)
{
	/* Read aside: an unset value must not disturb a default or a oneof. */
	union {
		ProtobufCBinaryData bytes;
		void *pointer;
		uint64_t number;
	} v = { .bytes = { 0 } };
	void *has = field_at(msg, f->quantifier_offset);
	bool set;

	if (json_object_is_type(o, json_type_array))
		return refuse(r, l, ERR_INVALID,
			"a single value is expected, not a list");
	if (value_read(r, l, f, o, &v, &set) != 0)
		return -1;
	if (!set)
		return 0;
	memcpy(field_at(msg, f->offset), &v, element_size(f->type));
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
		*(uint32_t *)has = f->id;
	else if (f->label == PROTOBUF_C_LABEL_OPTIONAL &&
		f->type != PROTOBUF_C_TYPE_STRING &&
		f->type != PROTOBUF_C_TYPE_MESSAGE)
		*(protobuf_c_boolean *)has = 1;
	return 0;
}

static int list_read(struct reader *r, const struct level *l,
	ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f,
	struct json_object *o)
{
	bool list = json_object_is_type(o, json_type_array);
	size_t n = list ? json_object_array_length(o) : 1, kept = 0;
	size_t size = element_size(f->type);
	char *to = reader_alloc(r, l, n * size);

	if (to == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct json_object *element =
			list ? json_object_array_get_idx(o, i) : o;
		struct level down = { l->parent, l->name, (int)i };
		bool set;

		if (element == NULL)
			continue; /* null */
		if (json_object_is_type(element, json_type_array))
			return refuse(r, &down, ERR_INVALID,
				"a single value is expected, not a list");
		if (value_read(r, &down, f, element, to + kept * size, &set) !=
			0)
			return -1;
		kept += set;
	}
	*(size_t *)field_at(msg, f->quantifier_offset) = kept;
	*(void **)field_at(msg, f->offset) = kept > 0 ? to : NULL;
	return 0;
}

static int entry_read(struct reader *r, const struct level *l,
	const ProtobufCFieldDescriptor *f, struct json_object *o,
	ProtobufCMessage **ret)
{
	const ProtobufCMessageDescriptor *desc = f->descriptor;
	ProtobufCMessage *entry = reader_alloc(r, l, desc->sizeof_message);
	char *key = reader_alloc(r, l, strlen(l->name) + 1);

	if (entry == NULL || key == NULL)
		return -1;
	desc->message_init(entry);
	memcpy(key, l->name, strlen(l->name) + 1);
	*(char **)field_at(entry, desc->fields[0].offset) = key;
	*ret = entry;
	return singular_read(r, l, entry, &desc->fields[1], o);
}

static int map_read(struct reader *r, const struct level *l,
	ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f,
	struct json_object *o)
{
	struct json_object_iter it;
	ProtobufCMessage **to;
	size_t n = 0;

	if (!json_object_is_type(o, json_type_object))
		return refuse(r, l, ERR_INVALID,
			"an object is expected, not %s", kind_of(o));
	to = reader_alloc(
		r, l, (size_t)json_object_object_length(o) * sizeof(*to));
	if (to == NULL)
		return -1;
	json_object_object_foreachC(o, it)
	{
		struct level down = { l, it.key, -1 };

		if (it.val == NULL)
			continue; /* null */
		if (entry_read(r, &down, f, it.val, &to[n]) != 0)
			return -1;
		n++;
	}
	*(size_t *)field_at(msg, f->quantifier_offset) = n;
	*(void **)field_at(msg, f->offset) = n > 0 ? (void *)to : NULL;
	return 0;
}

static int field_read(struct reader *r, const struct level *l,
	ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f,
	struct json_object *o)
{
	if (is_map(f))
		return map_read(r, l, msg, f, o);
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return list_read(r, l, msg, f, o);
	return singular_read(r, l, msg, f, o);
}

static int message_read(struct reader *r, const struct level *l,
	const ProtobufCMessageDescriptor *desc, struct json_object *o,
	ProtobufCMessage **ret)
{
	uint64_t seen[FIELDS_MAX / 64] = { 0 };
	struct json_object_iter it;
	ProtobufCMessage *msg;

	CHECK(desc->n_fields <= FIELDS_MAX);
	if (!json_object_is_type(o, json_type_object))
		return refuse(r, l, ERR_INVALID,
			"an object is expected, not %s", kind_of(o));
	msg = reader_alloc(r, l, desc->sizeof_message);
	if (msg == NULL)
		return -1;
	desc->message_init(msg);
	json_object_object_foreachC(o, it)
	{
		struct level down = { l, it.key, -1 };
		const ProtobufCFieldDescriptor *f =
			protobuf_c_message_descriptor_get_field_by_name(
				desc, it.key);
		unsigned i;

		if (f == NULL || it.val == NULL)
			continue; /* unknown, or null */
		if (field_read(r, &down, msg, f, it.val) != 0)
			return -1;
		i = (unsigned)(f - desc->fields);
		seen[i / 64] |= (uint64_t)1 << (i % 64);
	}
	for (unsigned i = 0; i < desc->n_fields; i++) {
		struct level down = { l, desc->fields[i].name, -1 };

		if (desc->fields[i].label == PROTOBUF_C_LABEL_REQUIRED &&
			(seen[i / 64] >> (i % 64) & 1) == 0)
			return refuse(r, &down, ERR_INVALID,
				"is required and missing");
	}
	*ret = msg;
	return 0;
}

/* --- reading: text ------------------------------------------------------------ */

/* An integer must fit in 64 bits: json-c silently takes the nearest one. */
static bool number_fits(const char *s, size_t n)
{
	bool negative = n > 0 && s[0] == '-';
	uint64_t max = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;
	uint64_t v = 0;

	for (size_t i = negative; i < n; i++) {
		uint64_t digit = (uint64_t)(s[i] - '0');

		if (s[i] < '0' || s[i] > '9')
			return true; /* a double, or json-c will refuse it */
		if (v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	return true;
}

/* Bytes of the string or number at s, at least 1. */
static size_t token_size(const char *s, size_t n)
{
	size_t i = 1;

	if (s[0] == '"') {
		for (; i < n && s[i] != '"'; i++)
			i += s[i] == '\\';
		return i < n ? i + 1 : n;
	}
	if (s[0] == '-' || isdigit((unsigned char)s[0]))
		while (i < n && s[i] != '\0' &&
			strchr("0123456789.eE+-", s[i]) != NULL)
			i++;
	return i;
}

/*
 * Before json-c sees the text: it makes an object of some 100 bytes of each
 * value, counts nesting in its own way, and takes single quotes for quotes.
 */
static int text_scan(const char *text, size_t size, struct err *e)
{
	size_t values = 0, used;
	int depth = 0;

	for (size_t at = 0; at < size; at += used) {
		char c = text[at];

		used = token_size(text + at, size - at);
		values += c == ',' || c == '[' || c == '{';
		depth += (c == '[' || c == '{') - (c == ']' || c == '}');
		if (depth > PBJSON_DEPTH_MAX)
			return err_set(e, ERR_LIMIT,
				"JSON: at byte %zu: nested deeper than %d", at,
				PBJSON_DEPTH_MAX);
		if (c == '\'')
			return err_set(e, ERR_INVALID,
				"JSON: at byte %zu: unexpected character", at);
		if ((c == '-' || isdigit((unsigned char)c)) &&
			!number_fits(text + at, used))
			return err_set(e, ERR_INVALID,
				"JSON: at byte %zu: a number of more than 64 "
				"bits",
				at);
	}
	if (values > PBJSON_VALUES_MAX)
		return err_set(e, ERR_LIMIT,
			"JSON: %zu values are over the limit of %d", values,
			PBJSON_VALUES_MAX);
	return 0;
}

static int text_parse(
	struct json_object **ret, const char *text, size_t size, struct err *e)
{
	struct json_tokener *t = json_tokener_new_ex(PBJSON_DEPTH_MAX + 2);
	struct json_object *o = NULL;
	enum json_tokener_error code = json_tokener_error_size;
	size_t end = 0;

	CHECK(t != NULL);
	json_tokener_set_flags(
		t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	if (size <= INT_MAX) {
		o = json_tokener_parse_ex(t, text, (int)size);
		code = json_tokener_get_error(t);
		end = json_tokener_get_parse_end(t);
	}
	json_tokener_free(t);
	while (o != NULL && end < size && isspace((unsigned char)text[end]))
		end++;
	if (o != NULL && end == size) {
		*ret = o;
		return 0;
	}
	if (o != NULL)
		code = json_tokener_error_parse_unexpected;
	json_object_put(o);
	return err_set(e, ERR_INVALID, "JSON: at byte %zu: %s", end,
		code == json_tokener_success || code == json_tokener_continue
			? "an object is expected"
			: json_tokener_error_desc(code));
}

ProtobufCMessage *pbjson_read(struct arena *a,
	const ProtobufCMessageDescriptor *desc, const char *text, size_t size,
	struct err *e)
{
	struct reader r = { a, e };
	struct json_object *o = NULL;
	ProtobufCMessage *msg = NULL;
	size_t old_limit = a->limit;

	if (text_scan(text, size, e) != 0 || text_parse(&o, text, size, e) != 0)
		return NULL;
	a->limit = a->used + ARENA_ALLOWANCE + size * MSG_ARENA_FACTOR;
	if (old_limit != 0 && old_limit < a->limit)
		a->limit = old_limit;
	if (message_read(&r, NULL, desc, o, &msg) != 0)
		msg = NULL;
	a->limit = old_limit;
	json_object_put(o);
	return msg;
}
