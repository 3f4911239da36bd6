/* io_front.c - see io_front.h. */
#include "common/io_front.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/log.h"
#include "common/map.h"
#include "common/media.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "common/pbjson.h"
#include "common/recordio.h"

#define FRONT_MAGIC    0x66726f6eu
#define STREAM_ID_MAX  128 /* what clients may assume */
#define JSONP_NAME_MAX 128

/* An exchange whose answer is still to come. */
struct exchange {
	uint64_t id;
	enum media media;
	bool is_stream;
	char stream_id[STREAM_ID_MAX + 1];
	char jsonp[JSONP_NAME_MAX + 1]; /* "" if not asked for */
	UT_hash_handle hh;
};

struct front {
	unsigned magic;
	const struct front_ops *ops;
	void *ctx;
	struct http_server *server;
	struct exchange *exchanges;
	struct arena scratch; /* of one effect */
};

static void on_head(void *ctx, struct http_req *r);
static void on_request(
	void *ctx, struct http_req *r, const uint8_t *body, size_t size);
static void on_gone(void *ctx, uint64_t id);

static const struct http_server_ops server_ops = {
	.head = on_head,
	.request = on_request,
	.gone = on_gone,
};

struct front *front_new(
	struct event_base *base, const struct front_ops *ops, void *ctx)
{
	struct front *f = xcalloc(1, sizeof(*f));

	f->magic = FRONT_MAGIC;
	f->ops = ops;
	f->ctx = ctx;
	arena_init(&f->scratch);
	f->server = http_server_new(base, &server_ops, f);
	return f;
}

static void exchange_remove(struct front *f, struct exchange *x)
{
	HASH_DEL(f->exchanges, x);
	free(x);
}

void front_free(struct front *f)
{
	struct exchange *x, *next;

	if (f == NULL)
		return;
	http_server_free(f->server);
	HASH_ITER (hh, f->exchanges, x, next)
		exchange_remove(f, x);
	arena_fini(&f->scratch);
	free(f);
}

struct http_server *front_server(struct front *f)
{
	return f->server;
}

size_t front_pending(const struct front *f)
{
	return HASH_COUNT(f->exchanges);
}

static struct front *front_cast(void *ctx)
{
	struct front *f = ctx;

	CHECK(f != NULL && f->magic == FRONT_MAGIC);
	return f;
}

static struct exchange *exchange_find(struct front *f, uint64_t id)
{
	struct exchange *x;

	HASH_FIND(hh, f->exchanges, &id, sizeof(id), x);
	return x;
}

static struct exchange *exchange_get(struct front *f, uint64_t id)
{
	struct exchange *x = exchange_find(f, id);

	if (x != NULL)
		return x;
	x = xcalloc(1, sizeof(*x));
	x->id = id;
	x->media = MEDIA_JSON;
	HASH_ADD(hh, f->exchanges, id, sizeof(x->id), x);
	return x;
}

/* --- requests ------------------------------------------------------------ */

/* "/master/state" -> "/state"; what has no known prefix stays. */
static const char *path_bare(const struct front *f, const char *path)
{
	size_t i, n;

	for (i = 0; f->ops->prefixes[i] != NULL; i++) {
		n = strlen(f->ops->prefixes[i]);
		if (strncmp(path, f->ops->prefixes[i], n) == 0 &&
			path[n] == '/')
			return path + n;
	}
	return path;
}

static bool route_matches(const struct front_route *route, const char *path)
{
	size_t n = strlen(route->path);

	if (strncmp(path, route->path, n) != 0)
		return false;
	if (path[n] == '\0' || (path[n] == '/' && path[n + 1] == '\0'))
		return true;
	return path[n] == '/' && !route->exact;
}

static const struct front_route *route_find(
	const struct front *f, const char *path)
{
	const struct front_route *best = NULL, *route;

	path = path_bare(f, path);
	for (route = f->ops->routes; route->path != NULL; route++)
		if (route_matches(route, path) &&
			(best == NULL ||
				strlen(route->path) > strlen(best->path)))
			best = route;
	return best;
}

/* Whether the comma list has the method. */
static bool method_allowed(const char *methods, const char *method)
{
	size_t n = strlen(method);
	const char *at = methods;

	if (methods == NULL)
		return true;
	while ((at = strstr(at, method)) != NULL) {
		if ((at == methods || at[-1] == ' ') &&
			(at[n] == '\0' || at[n] == ','))
			return true;
		at += n;
	}
	return false;
}

/* Answers 404 and 405; NULL then. */
static const struct front_route *route_checked(
	struct front *f, struct http_req *r)
{
	const struct front_route *route = route_find(f, http_req_path(r));
	uint64_t id = http_req_id(r);
	char text[256];

	if (route == NULL) {
		http_reply_text(f->server, id, 404,
			"There is nothing at '%s'.\n", http_req_path(r));
		return NULL;
	}
	if (!method_allowed(route->methods, http_req_method(r))) {
		int n = snprintf(text, sizeof(text),
			"Expecting %s, received %.32s.\n", route->methods,
			http_req_method(r));

		http_reply(f->server, id, 405, "text/plain",
			(const struct http_header[]){
				{ "Allow", route->methods }, { NULL, NULL } },
			text, (size_t)n);
		return NULL;
	}
	return route;
}

static bool jsonp_name_ok(const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++)
		if (!isalnum((unsigned char)s[i]) &&
			strchr("_.$[]", s[i]) == NULL)
			return false;
	return i > 0 && i <= JSONP_NAME_MAX;
}

/* ?jsonp=fn: the answer becomes fn(json). */
static bool jsonp_take(struct front *f, struct http_req *r)
{
	const char *fn = http_req_query(r, "jsonp");
	struct exchange *x;

	if (fn == NULL)
		return true;
	if (!jsonp_name_ok(fn)) {
		http_reply_text(f->server, http_req_id(r), 400,
			"jsonp: '%.64s' is not the name of a function.\n", fn);
		return false;
	}
	x = exchange_get(f, http_req_id(r));
	memcpy(x->jsonp, fn, strlen(fn) + 1);
	return true;
}

static void on_head(void *ctx, struct http_req *r)
{
	struct front *f = front_cast(ctx);
	const struct front_route *route = route_find(f, http_req_path(r));

	if (route == NULL || !route->stream_body ||
		!method_allowed(route->methods, http_req_method(r)))
		return;
	route->handle(f->ctx, route, r, NULL, 0);
}

static void on_request(
	void *ctx, struct http_req *r, const uint8_t *body, size_t size)
{
	struct front *f = front_cast(ctx);
	const struct front_route *route = route_checked(f, r);
	uint64_t id = http_req_id(r);
	struct exchange *x;

	if (route == NULL || route->stream_body || !jsonp_take(f, r))
		return;
	route->handle(f->ctx, route, r, body, size);
	/* Answered by the handler itself, and r is something else by now. */
	x = exchange_find(f, id);
	if (x != NULL && http_req_find(f->server, id) == NULL)
		exchange_remove(f, x);
}

static void on_gone(void *ctx, uint64_t id)
{
	struct front *f = front_cast(ctx);
	struct exchange *x = exchange_find(f, id);
	bool was_stream;

	if (x == NULL)
		return;
	was_stream = x->is_stream;
	exchange_remove(f, x);
	if (was_stream)
		f->ops->stream_down(f->ctx, id);
}

ProtobufCMessage *front_decode(struct front *f, struct http_req *r,
	const ProtobufCMessageDescriptor *desc, struct arena *a,
	const uint8_t *body, size_t size)
{
	const char *type = http_req_header(r, "Content-Type");
	ProtobufCMessage *msg = NULL;
	enum media media;
	struct err e = { 0 };
	int status;

	status = media_request(type, &media, &e);
	if (status != 0) {
		http_reply_text(
			f->server, http_req_id(r), status, "%s\n", e.text);
		return NULL;
	}
	if (media == MEDIA_JSON)
		msg = pbjson_read(a, desc, (const char *)body, size, &e);
	else
		msg = msg_unpack(a, desc, body, size, &e);
	if (msg == NULL)
		http_reply_text(f->server, http_req_id(r), 400,
			"Failed to parse the body as %s: %s.\n", desc->name,
			e.text);
	return msg;
}

int front_accept(struct front *f, struct http_req *r)
{
	const char *accept = http_req_header(r, "Accept");
	enum media media = media_accept(accept);

	if (media == MEDIA_NONE) {
		http_reply_text(f->server, http_req_id(r), 406,
			"Expecting 'Accept' to allow application/json or "
			"application/x-protobuf, received '%.128s'.\n",
			accept != NULL ? accept : "");
		return -1;
	}
	exchange_get(f, http_req_id(r))->media = media;
	return 0;
}

void front_stream_id_set(struct front *f, uint64_t id, const char *stream_id)
{
	struct exchange *x = exchange_get(f, id);

	CHECK(strlen(stream_id) <= STREAM_ID_MAX);
	memcpy(x->stream_id, stream_id, strlen(stream_id) + 1);
}

/* --- effects ------------------------------------------------------------- */

/* The effect's message as JSON. What we packed ourselves unpacks. */
static void effect_json(struct front *f, const struct effect *e, struct buf *to)
{
	ProtobufCMessage *msg =
		msg_unpack(&f->scratch, e->desc, e->data, e->size, NULL);

	CHECK(msg != NULL);
	pbjson_write(to, msg);
	arena_reset(&f->scratch);
}

static void reply_raw(
	struct front *f, const struct effect *e, const struct exchange *x)
{
	struct buf body = BUF_INIT;
	const char *type = e->content_type;

	if (x == NULL || x->jsonp[0] == '\0' || type == NULL ||
		strcmp(type, "application/json") != 0) {
		if (e->size == 0)
			type = NULL;
		else if (type == NULL)
			type = "text/plain; charset=utf-8";
		http_reply(f->server, e->to, e->status, type, NULL, e->data,
			e->size);
		return;
	}
	buf_printf(&body, "%s(", x->jsonp);
	buf_add(&body, e->data, e->size);
	buf_add_str(&body, ")");
	http_reply(f->server, e->to, e->status, "text/javascript", NULL,
		body.data, body.size);
	buf_fini(&body);
}

static void reply(struct front *f, const struct effect *e)
{
	struct exchange *x = exchange_find(f, e->to);
	enum media media = x != NULL ? x->media : MEDIA_JSON;
	struct buf body = BUF_INIT;

	if (e->desc == NULL) {
		reply_raw(f, e, x);
	} else if (media == MEDIA_PROTOBUF) {
		http_reply(f->server, e->to, e->status, media_name(media), NULL,
			e->data, e->size);
	} else {
		effect_json(f, e, &body);
		http_reply(f->server, e->to, e->status, media_name(media), NULL,
			body.data, body.size);
	}
	buf_fini(&body);
	if (x != NULL)
		exchange_remove(f, x);
}

static void stream_open(struct front *f, const struct effect *e)
{
	struct exchange *x;
	struct http_header headers[2] = { { NULL, NULL }, { NULL, NULL } };

	if (http_req_find(f->server, e->to) == NULL) {
		/* The client left before it was answered: nobody has told the
		 * room yet, as this was no stream then. */
		x = exchange_find(f, e->to);
		if (x != NULL)
			exchange_remove(f, x);
		f->ops->stream_down(f->ctx, e->to);
		return;
	}
	x = exchange_get(f, e->to);
	x->is_stream = true;
	if (x->stream_id[0] != '\0')
		headers[0] =
			(struct http_header){ "Mesos-Stream-Id", x->stream_id };
	http_stream_open(f->server, e->to, 200, media_name(x->media), headers);
}

static void stream_send(struct front *f, const struct effect *e)
{
	struct exchange *x = exchange_find(f, e->to);
	struct buf json = BUF_INIT, record = BUF_INIT;

	if (x == NULL || !x->is_stream)
		return; /* its client is gone; the room has been told */
	if (x->media == MEDIA_PROTOBUF) {
		recordio_add(&record, e->data, e->size);
	} else {
		effect_json(f, e, &json);
		recordio_add(&record, json.data, json.size);
	}
	http_stream_send(f->server, e->to, record.data, record.size);
	buf_fini(&json);
	buf_fini(&record);
}

void front_effect(struct front *f, const struct effect *e)
{
	struct exchange *x;

	switch ((int)e->type) {
	case EFFECT_REPLY:
		reply(f, e);
		break;
	case EFFECT_STREAM_OPEN:
		stream_open(f, e);
		break;
	case EFFECT_STREAM_SEND:
		stream_send(f, e);
		break;
	case EFFECT_STREAM_CLOSE:
		x = exchange_find(f, e->to);
		if (x != NULL)
			exchange_remove(f, x);
		http_stream_close(f->server, e->to);
		break;
	default:
		UNREACHABLE();
	}
}

/* --- forms --------------------------------------------------------------- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *form_decode(struct arena *a, const char *s, size_t n)
{
	char *to = arena_alloc(a, n + 1);
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		if (s[i] == '%' && i + 2 < n && hex_value(s[i + 1]) >= 0 &&
			hex_value(s[i + 2]) >= 0) {
			to[k++] = (char)(hex_value(s[i + 1]) * 16 +
				hex_value(s[i + 2]));
			i += 2;
		} else {
			to[k++] = s[i] == '+' ? ' ' : s[i];
		}
	}
	to[k] = '\0';
	return to;
}

char *front_form_value(
	struct arena *a, const uint8_t *body, size_t size, const char *name)
{
	const char *s = (const char *)body, *end = s + size;
	const char *amp, *eq;
	size_t n = strlen(name);

	while (s < end) {
		amp = memchr(s, '&', (size_t)(end - s));
		if (amp == NULL)
			amp = end;
		eq = memchr(s, '=', (size_t)(amp - s));
		if (eq != NULL && (size_t)(eq - s) == n &&
			memcmp(s, name, n) == 0)
			return form_decode(a, eq + 1, (size_t)(amp - eq - 1));
		s = amp + 1;
	}
	return NULL;
}
