/*
 * The server's parser, and everything behind it that has no socket in it: heads,
 * targets, chunks, gzip. The first byte says how the rest is cut into pieces.
 * Whole and in pieces, the same must come out.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_http_gzip.h"
#include "common/io_http_parse.h"
#include "common/io_http_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct http_parse parse;
	struct http_server server; /* only for its table of exchanges */
	struct http_peer peer;
	struct http_req *req;
	struct http_gzip_in *inflate;
	struct buf trace; /* what came out */
	uint64_t body_size;
	unsigned n_messages;
};

static struct http_parse_head *on_begin(void *ctx)
{
	struct run *r = ctx;

	CHECK(r->req == NULL);
	r->req = http_req_new(&r->peer);
	return &r->req->head;
}

static void trace_text(struct run *r, const char *text)
{
	buf_printf(&r->trace, "%zu:%s;", strlen(text), text);
}

static bool on_head(void *ctx)
{
	struct run *r = ctx;
	const struct http_parse_head *h = &r->req->head;
	const char *why = NULL;
	const char *value;
	int status = http_req_parse_target(r->req, &why);

	trace_text(r, h->method);
	trace_text(r, http_req_target(r->req));
	trace_text(r, http_req_path(r->req));
	if (status != 0)
		trace_text(r, why);
	else
		CHECK(strstr(http_req_path(r->req), "/..") == NULL);
	value = http_req_query(r->req, "a");
	trace_text(r, value != NULL ? value : "(none)");
	for (size_t i = 0; i < h->n_fields; i++) {
		const char *name = h->text.data + h->fields[i].name;

		CHECK(name[0] != '\0');
		value = http_req_header(r->req, name);
		CHECK(value != NULL);
		trace_text(r, name);
		trace_text(r, value);
	}
	(void)http_gzip_accepted(http_req_header(r->req, "Accept-Encoding"));
	value = http_req_header(r->req, "Content-Encoding");
	if (value != NULL && strcmp(value, "gzip") == 0)
		r->inflate = http_gzip_in_new();
	return true;
}

static int on_piece(void *ctx, const uint8_t *data, size_t size, struct err *e)
{
	struct run *r = ctx;

	(void)data;
	r->body_size += size;
	if (r->body_size > 1024 * 1024)
		return err_set(e, ERR_LIMIT, "enough");
	return 0;
}

static void on_body(void *ctx, const uint8_t *data, size_t size)
{
	struct run *r = ctx;
	struct err e;

	if (r->inflate != NULL &&
		http_gzip_inflate(r->inflate, data, size, on_piece, r, &e) !=
			0) {
		http_gzip_in_free(r->inflate);
		r->inflate = NULL;
	}
	buf_add(&r->trace, data, size);
}

static void on_end(void *ctx)
{
	struct run *r = ctx;
	struct err e;

	if (r->inflate != NULL)
		(void)http_gzip_in_end(r->inflate, &e);
	http_gzip_in_free(r->inflate);
	r->inflate = NULL;
	http_req_recycle(r->req);
	r->req = NULL;
	trace_text(r, "end");
	if (++r->n_messages % 3 == 0)
		http_parse_pause(&r->parse);
}

static const struct http_parse_ops OPS = {
	.begin = on_begin,
	.head = on_head,
	.body = on_body,
	.end = on_end,
};

static void run_init(struct run *r)
{
	memset(r, 0, sizeof(*r));
	r->peer.server = &r->server;
	TAILQ_INIT(&r->peer.reqs);
	TAILQ_INIT(&r->server.spare);
	http_parse_init(&r->parse, HTTP_REQUEST, &OPS, r);
}

static void run_fini(struct run *r)
{
	http_gzip_in_free(r->inflate);
	if (r->req != NULL)
		http_req_recycle(r->req);
	while ((r->req = TAILQ_FIRST(&r->server.spare)) != NULL) {
		TAILQ_REMOVE(&r->server.spare, r->req, link);
		http_req_free(r->req);
	}
	free(r->server.slots);
	free(r->server.free_slots);
	buf_fini(&r->trace);
}

/* False: nothing more can come. */
static bool feed(struct run *r, const uint8_t *data, size_t size)
{
	while (size > 0) {
		/* A copy, so that reading past its end is seen. */
		uint8_t *copy = malloc(size);
		size_t used = 0;
		enum http_parse_result ret;

		CHECK(copy != NULL);
		memcpy(copy, data, size);
		ret = http_parse_feed(&r->parse, copy, size, &used);
		free(copy);
		CHECK(used <= size);
		if (ret == HTTP_PARSE_BAD) {
			CHECK(r->parse.status >= 400);
			CHECK(r->parse.status <= 505);
			/* Which of two faults is seen first may differ. */
			buf_add_str(&r->trace, "bad");
			return false;
		}
		if (ret == HTTP_PARSE_UPGRADE)
			http_parse_continue(&r->parse);
		CHECK(ret != HTTP_PARSE_OK || used == size);
		CHECK(used > 0 || ret == HTTP_PARSE_UPGRADE);
		data += used;
		size -= used;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run whole;
	struct run cut;
	size_t step;

	if (size == 0)
		return 0;
	step = data[0] % 64 + 1u;
	data++;
	size--;
	run_init(&whole);
	run_init(&cut);
	(void)feed(&whole, data, size);
	for (size_t at = 0; at < size; at += step) {
		if (!feed(&cut, data + at, step < size - at ? step : size - at))
			break;
	}
	CHECK(whole.n_messages == cut.n_messages);
	CHECK(whole.trace.size == cut.trace.size);
	CHECK(whole.trace.size == 0 ||
		memcmp(whole.trace.data, cut.trace.data, cut.trace.size) == 0);
	run_fini(&whole);
	run_fini(&cut);
	return 0;
}
