/* io_http.c - see io_http.h: the calls most used. What they stand on is in the
 * files named in io_http_server.h and io_http_client.h. */
#include "common/io_http.h"

#include <strings.h>

#include "common/check.h"
#include "common/io_conn.h"
#include "common/io_http_client.h"
#include "common/io_http_server.h"
#include "common/limits.h"

static bool is_encoded(const struct http_header *headers)
{
	for (; headers != NULL && headers->name != NULL; headers++) {
		if (strcasecmp(headers->name, "Content-Encoding") == 0)
			return true;
	}
	return false;
}

static bool wants_gzip(
	const struct http_req *r, const struct http_reply_head *h)
{
	return h->length >= HTTP_GZIP_MIN && h->status != 206 &&
		!http_reply_has_no_body(h->status) && !is_encoded(h->headers) &&
		http_gzip_accepted(http_req_header(r, "Accept-Encoding"));
}

void http_reply(struct http_server *s, uint64_t id, int status,
	const char *content_type, const struct http_header *headers,
	const void *body, size_t size)
{
	struct http_req *r = http_req_find(s, id);
	struct http_reply_head h = { status, content_type, headers, size,
		false };
	struct buf *out;

	if (r == NULL)
		return;
	CHECK(!r->streaming);
	CHECK(body != NULL || size == 0);
	if (wants_gzip(r, &h)) {
		if (s->gzip == NULL)
			s->gzip = http_gzip_out_new();
		buf_clear(&s->scratch);
		http_gzip_deflate(s->gzip, body, size, &s->scratch);
		body = s->scratch.data;
		size = s->scratch.size;
		h.length = size;
		h.gzip = true;
	}
	out = http_server_out(r);
	(void)buf_reserve(out, 256 + (r->is_head ? 0 : size));
	http_reply_head_add(r, out, &h);
	if (!r->is_head && !http_reply_has_no_body(status))
		buf_add(out, body, size);
	if (s->scratch.cap > HTTP_STREAM_QUEUE_MAX / 16)
		buf_fini(&s->scratch);
	http_server_answered(r);
}

struct conn *http_upgrade(
	struct http_server *s, uint64_t id, const char *protocol)
{
	struct http_req *r = http_req_find(s, id);
	struct http_header headers[] = { { "Connection", "Upgrade" },
		{ "Upgrade", protocol }, { NULL, NULL } };
	struct http_reply_head h = { .status = 101, .headers = headers };

	if (r == NULL)
		return NULL;
	CHECK(!r->streaming);
	if (!r->head.upgrade || r != TAILQ_FIRST(&r->peer->reqs)) {
		http_reply_text(s, id, 400,
			"this path wants 'Connection: Upgrade' and 'Upgrade: "
			"%s', with no other request before it unanswered",
			protocol);
		return NULL;
	}
	http_reply_head_add(r, http_server_out(r), &h);
	return http_server_give(r);
}

void http_call(struct http_client *c, const char *method, const char *target,
	const struct http_header *headers, const void *body, size_t size,
	const struct http_call_ops *ops, void *ctx)
{
	struct http_call_job *j =
		http_call_new(c, method, target, headers, ops);

	j->ctx = ctx;
	http_call_body(j, body, size);
	http_client_add(c, j);
}
