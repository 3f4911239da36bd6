/* outbox.c - see outbox.h. */
#include "common/outbox.h"

#include <stdio.h>
#include <string.h>

#include "common/check.h"

void outbox_init(struct outbox *o)
{
	*o = (struct outbox){ 0 };
	TAILQ_INIT(&o->records);
	TAILQ_INIT(&o->effects);
	arena_init(&o->arena);
}

void outbox_fini(struct outbox *o)
{
	arena_fini(&o->arena);
	outbox_init(o);
}

void outbox_reset(struct outbox *o)
{
	arena_reset(&o->arena);
	TAILQ_INIT(&o->records);
	TAILQ_INIT(&o->effects);
	o->n_records = 0;
	o->n_effects = 0;
}

uint8_t *outbox_pack(
	struct outbox *o, const ProtobufCMessage *msg, size_t *ret_size)
{
	size_t size = protobuf_c_message_get_packed_size(msg);
	uint8_t *data = arena_alloc(&o->arena, size);

	CHECK(protobuf_c_message_pack(msg, data) == size);
	*ret_size = size;
	return data;
}

static struct outbox_record *record_add(
	struct outbox *o, unsigned table, const char *key)
{
	struct outbox_record *r = arena_alloc(&o->arena, sizeof(*r));

	r->table = table;
	r->key = arena_strdup(&o->arena, key);
	TAILQ_INSERT_TAIL(&o->records, r, next);
	o->n_records++;
	return r;
}

void outbox_put(struct outbox *o, unsigned table, const char *key,
	const ProtobufCMessage *value)
{
	struct outbox_record *r = record_add(o, table, key);

	r->value = outbox_pack(o, value, &r->size);
}

void outbox_del(struct outbox *o, unsigned table, const char *key)
{
	(void)record_add(o, table, key);
}

static struct effect *effect_add(
	struct outbox *o, enum effect_type type, uint64_t to)
{
	struct effect *e = arena_alloc(&o->arena, sizeof(*e));

	e->type = type;
	e->to = to;
	TAILQ_INSERT_TAIL(&o->effects, e, next);
	o->n_effects++;
	return e;
}

static void effect_msg(
	struct outbox *o, struct effect *e, const ProtobufCMessage *msg)
{
	e->desc = msg->descriptor;
	e->data = outbox_pack(o, msg, &e->size);
}

__attribute__((format(printf, 3, 0))) static void effect_text(
	struct outbox *o, struct effect *e, const char *fmt, va_list ap)
{
	va_list again;
	char *s;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	CHECK(n >= 0);
	s = arena_alloc(&o->arena, (size_t)n + 1);
	(void)vsnprintf(s, (size_t)n + 1, fmt, again); /* fits: counted */
	va_end(again);
	e->data = (const uint8_t *)s;
	e->size = (size_t)n;
}

void outbox_reply(struct outbox *o, uint64_t request, int status,
	const ProtobufCMessage *body)
{
	struct effect *e = effect_add(o, EFFECT_REPLY, request);

	e->status = status;
	if (body != NULL)
		effect_msg(o, e, body);
}

void outbox_reply_text(
	struct outbox *o, uint64_t request, int status, const char *fmt, ...)
{
	struct effect *e = effect_add(o, EFFECT_REPLY, request);
	va_list ap;

	e->status = status;
	va_start(ap, fmt);
	effect_text(o, e, fmt, ap);
	va_end(ap);
}

void outbox_reply_json(
	struct outbox *o, uint64_t request, const char *json, size_t size)
{
	struct effect *e = effect_add(o, EFFECT_REPLY, request);

	e->status = 200;
	e->content_type = "application/json";
	e->data = arena_memdup(&o->arena, json, size);
	e->size = size;
}

void outbox_stream_open(struct outbox *o, uint64_t request)
{
	(void)effect_add(o, EFFECT_STREAM_OPEN, request);
}

void outbox_stream_send(
	struct outbox *o, uint64_t stream, const ProtobufCMessage *event)
{
	effect_msg(o, effect_add(o, EFFECT_STREAM_SEND, stream), event);
}

void outbox_stream_close(struct outbox *o, uint64_t stream)
{
	(void)effect_add(o, EFFECT_STREAM_CLOSE, stream);
}

void outbox_link_send(
	struct outbox *o, uint64_t link, const ProtobufCMessage *msg)
{
	effect_msg(o, effect_add(o, EFFECT_LINK_SEND, link), msg);
}

void outbox_link_close(struct outbox *o, uint64_t link)
{
	(void)effect_add(o, EFFECT_LINK_CLOSE, link);
}

void outbox_room(struct outbox *o, int code, uint64_t to, const void *arg)
{
	struct effect *e = effect_add(o, EFFECT_ROOM, to);

	e->status = code;
	e->arg = arg;
}

void outbox_exit(struct outbox *o, int status, const char *fmt, ...)
{
	struct effect *e = effect_add(o, EFFECT_EXIT, 0);
	va_list ap;

	e->status = status;
	va_start(ap, fmt);
	effect_text(o, e, fmt, ap);
	va_end(ap);
}
