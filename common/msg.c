/*
 * msg.c - see msg.h.
 *
 * Method: one walk over the bytes by descriptor finds everything that is wrong
 * and can say where; then protobuf-c unpacks bytes that are known to be good.
 * Only when the walk met an unknown enum number the message is walked again, to
 * unset it.
 */
#include "common/msg.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/mem.h"

#define VARINT_MAX	10 /* bytes */
#define LENGTH_MAX	5  /* bytes of a length's varint, as in protobuf-c */
#define FIELDS_MAX	256
#define ARENA_ALLOWANCE ((size_t)64 * 1024)

/* A message that is being walked; the chain of them is the path. */
struct level {
	const struct level *parent;
	const ProtobufCFieldDescriptor *field; /* in the parent; NULL: root */
	const ProtobufCMessageDescriptor *desc;
	const uint8_t *data;
	size_t size;
	unsigned depth;
};

/* One field as it stands in the bytes. */
struct member {
	uint32_t tag;
	unsigned wire;
	const uint8_t *data; /* of the value; VARINT: its first byte */
	size_t size;
	uint64_t number; /* VARINT */
	size_t used;	 /* bytes with tag */
};

static int walk(const struct level *l, bool *scrub, struct err *e);
static void message_scrub(ProtobufCMessage *msg);

static void *arena_alloc_f(void *data, size_t size)
{
	return arena_try(data, size);
}

static void arena_free_f(void *data, void *p)
{
	(void)data, (void)p; /* the arena goes in one piece */
}

ProtobufCMessage *msg_unpack(struct arena *a,
	const ProtobufCMessageDescriptor *desc, const uint8_t *data,
	size_t size, struct err *e)
{
	ProtobufCAllocator alloc = { arena_alloc_f, arena_free_f, a };
	struct level root = { .desc = desc, .data = data, .size = size };
	size_t old_limit = a->limit;
	ProtobufCMessage *msg;
	bool scrub = false;

	if (walk(&root, &scrub, e) != 0)
		return NULL;
	a->limit = a->used + ARENA_ALLOWANCE;
	if (size < (SIZE_MAX - a->limit) / MSG_ARENA_FACTOR)
		a->limit += size * MSG_ARENA_FACTOR;
	if (old_limit != 0 && old_limit < a->limit)
		a->limit = old_limit;
	msg = protobuf_c_message_unpack(desc, &alloc, size, data);
	a->limit = old_limit;
	if (msg == NULL) {
		(void)err_set(e, ERR_LIMIT,
			"%s: %zu bytes would need more than %d times their "
			"size in memory",
			desc->short_name, size, MSG_ARENA_FACTOR);
		return NULL;
	}
	if (scrub)
		message_scrub(msg);
	return msg;
}

/* --- the walk ----------------------------------------------------------- */

/* Which of its kind the child is: the path has accept.operations[3]. */
static size_t index_in_parent(const struct level *l);

static void path_add(struct buf *to, const struct level *l)
{
	if (l->parent == NULL)
		return;
	path_add(to, l->parent);
	if (to->size > 0)
		buf_add_char(to, '.');
	buf_add_str(to, l->field->name);
	if (l->field->label == PROTOBUF_C_LABEL_REPEATED)
		buf_printf(to, "[%zu]", index_in_parent(l));
}

/* what: a sentence about the field, or about the message if field is NULL. */
static int refuse(const struct level *l, const ProtobufCFieldDescriptor *field,
	enum err_code code, const char *what, struct err *e)
{
	CLEANUP(buf_fini) struct buf path = BUF_INIT;

	path_add(&path, l);
	if (field != NULL) {
		if (path.size > 0)
			buf_add_char(&path, '.');
		buf_add_str(&path, field->name);
	}
	if (path.size == 0)
		buf_add_str(&path, l->desc->short_name);
	if (path.size > ERR_TEXT_MAX / 2) /* the end tells more */
		return err_set(e, code, "...%s: %s",
			buf_str(&path) + path.size - ERR_TEXT_MAX / 2, what);
	return err_set(e, code, "%s: %s", buf_str(&path), what);
}

/* Bytes of the varint at p; 0: it doesn't end within max or size. */
static size_t varint_read(
	const uint8_t *p, size_t size, size_t max, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < size && i < max; i++) {
		v |= (uint64_t)(p[i] & 0x7f) << (7 * i);
		if ((p[i] & 0x80) == 0) {
			*ret = v;
			return i + 1;
		}
	}
	return 0;
}

/* The value behind a tag of which *m knows the wire type; -1: cut or bad. */
static int value_read(const uint8_t *p, size_t size, struct member *m)
{
	uint64_t length = 0;
	size_t head;

	switch (m->wire) {
	case PROTOBUF_C_WIRE_TYPE_VARINT:
		m->size = varint_read(p, size, VARINT_MAX, &m->number);
		m->data = p;
		return m->size > 0 ? 0 : -1;
	case PROTOBUF_C_WIRE_TYPE_64BIT:
	case PROTOBUF_C_WIRE_TYPE_32BIT:
		m->size = m->wire == PROTOBUF_C_WIRE_TYPE_64BIT ? 8 : 4;
		m->data = p;
		return m->size <= size ? 0 : -1;
	case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
		head = varint_read(p, size, LENGTH_MAX, &length);
		if (head == 0 || length > size - head)
			return -1;
		m->size = (size_t)length;
		m->data = p + head;
		return 0;
	default:
		return -1; /* groups: v1 has none */
	}
}

static int member_read(const uint8_t *p, size_t size, struct member *m)
{
	uint64_t key = 0;
	size_t head = varint_read(p, size, LENGTH_MAX, &key);

	*m = (struct member){ 0 };
	if (head == 0 || key > UINT32_MAX || key >> 3 == 0)
		return -1;
	m->tag = (uint32_t)(key >> 3);
	m->wire = (unsigned)(key & 7);
	if (value_read(p + head, size - head, m) != 0)
		return -1;
	m->used = (size_t)(m->data - p) + m->size;
	return 0;
}

static size_t index_in_parent(const struct level *l)
{
	const struct level *up = l->parent;
	struct member m;
	size_t n = 0;

	/* The parent's bytes up to the child were read once: they are good. */
	for (size_t at = 0; at < up->size; at += m.used) {
		CHECK(member_read(up->data + at, up->size - at, &m) == 0);
		if (m.tag != l->field->id)
			continue;
		if (m.data == l->data)
			break;
		n++;
	}
	return n;
}

static unsigned wire_of(ProtobufCType type)
{
	switch ((int)type) {
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return PROTOBUF_C_WIRE_TYPE_32BIT;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return PROTOBUF_C_WIRE_TYPE_64BIT;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
	default:
		return PROTOBUF_C_WIRE_TYPE_VARINT;
	}
}

static bool enum_known(const ProtobufCFieldDescriptor *f, uint64_t number)
{
	return protobuf_c_enum_descriptor_get_value(
		       f->descriptor, (int)(uint32_t)number) != NULL;
}

/* A repeated scalar in one piece: allowed whether declared packed or not. */
static int packed_check(const struct level *l,
	const ProtobufCFieldDescriptor *f, const struct member *m, bool *scrub,
	struct err *e)
{
	unsigned wire = wire_of(f->type);
	size_t used, at = 0;
	uint64_t v = 0;

	if (wire == PROTOBUF_C_WIRE_TYPE_64BIT && m->size % 8 == 0)
		return 0;
	if (wire == PROTOBUF_C_WIRE_TYPE_32BIT && m->size % 4 == 0)
		return 0;
	if (wire != PROTOBUF_C_WIRE_TYPE_VARINT)
		return refuse(l, f, ERR_INVALID, "a packed list is cut", e);
	for (; at < m->size; at += used) {
		used = varint_read(m->data + at, m->size - at, VARINT_MAX, &v);
		if (used == 0)
			return refuse(
				l, f, ERR_INVALID, "a packed list is cut", e);
		if (f->type == PROTOBUF_C_TYPE_ENUM && !enum_known(f, v))
			*scrub = true;
	}
	return 0;
}

static int member_check(const struct level *l,
	const ProtobufCFieldDescriptor *f, const struct member *m, bool *scrub,
	struct err *e)
{
	if (m->wire != wire_of(f->type)) {
		if (f->label == PROTOBUF_C_LABEL_REPEATED &&
			m->wire == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
			return packed_check(l, f, m, scrub, e);
		return refuse(l, f, ERR_INVALID,
			"has a wire type that isn't that of its type", e);
	}
	if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
		struct level down = { l, f, f->descriptor, m->data, m->size,
			l->depth + 1 };

		return walk(&down, scrub, e);
	}
	if (f->type == PROTOBUF_C_TYPE_STRING &&
		memchr(m->data, '\0', m->size) != NULL)
		return refuse(l, f, ERR_INVALID, "a text with a NUL byte", e);
	if (f->type == PROTOBUF_C_TYPE_ENUM && !enum_known(f, m->number)) {
		*scrub = true;
		if (f->label == PROTOBUF_C_LABEL_REQUIRED)
			return refuse(l, f, ERR_INVALID,
				"is required and its value is unknown", e);
	}
	return 0;
}

static int required_check(
	const struct level *l, const uint64_t *seen, struct err *e)
{
	for (unsigned i = 0; i < l->desc->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &l->desc->fields[i];

		if (f->label == PROTOBUF_C_LABEL_REQUIRED &&
			(seen[i / 64] >> (i % 64) & 1) == 0)
			return refuse(l, f, ERR_INVALID,
				"is required and missing", e);
	}
	return 0;
}

static int walk(const struct level *l, bool *scrub, struct err *e)
{
	uint64_t seen[FIELDS_MAX / 64] = { 0 };
	struct member m;

	CHECK(l->desc->n_fields <= FIELDS_MAX);
	if (l->depth > MSG_DEPTH_MAX)
		return refuse(l, NULL, ERR_LIMIT, "is nested too deep", e);
	for (size_t at = 0; at < l->size; at += m.used) {
		const ProtobufCFieldDescriptor *f;
		unsigned i;

		if (member_read(l->data + at, l->size - at, &m) != 0)
			return refuse(l, NULL, ERR_INVALID,
				"is not a protobuf message", e);
		f = protobuf_c_message_descriptor_get_field(l->desc, m.tag);
		if (f == NULL)
			continue; /* of a newer version */
		if (member_check(l, f, &m, scrub, e) != 0)
			return -1;
		i = (unsigned)(f - l->desc->fields);
		seen[i / 64] |= (uint64_t)1 << (i % 64);
	}
	return required_check(l, seen, e);
}

/* --- unknown enum numbers ------------------------------------------------- */

static void *field_at(ProtobufCMessage *msg, unsigned offset)
{
	return (char *)msg + offset;
}

/* Drops unknown numbers of a list. */
static void list_scrub(ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	size_t *n = field_at(msg, f->quantifier_offset);
	int *values = *(int **)field_at(msg, f->offset);
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		if (enum_known(f, (uint64_t)values[i]))
			values[kept++] = values[i];
	*n = kept;
}

/* has_x of an optional field, or the case of a oneof: both are an int. */
static void enum_scrub(ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	int *has = field_at(msg, f->quantifier_offset);
	int *value = field_at(msg, f->offset);
	bool oneof = (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;

	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		list_scrub(msg, f);
		return;
	}
	if (f->label == PROTOBUF_C_LABEL_REQUIRED ||
		(oneof ? *has != (int)f->id : *has == 0) ||
		enum_known(f, (uint64_t)*value))
		return;
	*has = 0;
	*value = f->default_value != NULL ? *(const int *)f->default_value : 0;
}

static void message_scrub(ProtobufCMessage *msg)
{
	for (unsigned i = 0; i < msg->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &msg->descriptor->fields[i];
		void *at = field_at(msg, f->offset);

		if (f->type == PROTOBUF_C_TYPE_ENUM) {
			enum_scrub(msg, f);
			continue;
		}
		if (f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			size_t n =
				*(size_t *)field_at(msg, f->quantifier_offset);

			for (size_t k = 0; k < n; k++)
				message_scrub((*(ProtobufCMessage ***)at)[k]);
			continue;
		}
		if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
			*(uint32_t *)field_at(msg, f->quantifier_offset) !=
				f->id)
			continue;
		if (*(ProtobufCMessage **)at != NULL)
			message_scrub(*(ProtobufCMessage **)at);
	}
}

/* --- copies ----------------------------------------------------------------- */

static uint8_t *pack(const ProtobufCMessage *msg, size_t *ret_size)
{
	size_t size = protobuf_c_message_get_packed_size(msg);
	uint8_t *data = xmalloc(size);

	CHECK(protobuf_c_message_pack(msg, data) == size);
	*ret_size = size;
	return data;
}

static ProtobufCMessage *copy(
	const ProtobufCMessage *msg, ProtobufCAllocator *alloc)
{
	CLEANUP(mem_freep) uint8_t *data = NULL;
	ProtobufCMessage *to;
	size_t size;

	data = pack(msg, &size);
	to = protobuf_c_message_unpack(msg->descriptor, alloc, size, data);
	CHECK(to != NULL);
	return to;
}

ProtobufCMessage *msg_copy(struct arena *a, const ProtobufCMessage *msg)
{
	ProtobufCAllocator alloc = { arena_alloc_f, arena_free_f, a };

	return copy(msg, &alloc);
}

ProtobufCMessage *msg_dup(const ProtobufCMessage *msg)
{
	return msg == NULL ? NULL : copy(msg, NULL);
}

void msg_free(ProtobufCMessage *msg)
{
	protobuf_c_message_free_unpacked(msg, NULL);
}

int msg_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	CLEANUP(mem_freep) uint8_t *a_data = NULL;
	CLEANUP(mem_freep) uint8_t *b_data = NULL;
	size_t a_size, b_size;

	CHECK(a->descriptor == b->descriptor);
	a_data = pack(a, &a_size);
	b_data = pack(b, &b_size);
	return a_size == b_size && memcmp(a_data, b_data, a_size) == 0;
}
