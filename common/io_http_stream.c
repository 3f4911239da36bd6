/* io_http_stream.c - see io_http.h: answers in pieces. */
#include <string.h>

#include "common/check.h"
#include "common/io_conn.h"
#include "common/io_http_server.h"
#include "common/log.h"

void http_stream_open(struct http_server *s, uint64_t id, int status,
	const char *content_type, const struct http_header *headers)
{
	struct http_req *r = http_req_find(s, id);
	struct http_reply_head h = { status, content_type, headers,
		HTTP_LENGTH_CHUNKED, false };

	if (r == NULL)
		return;
	CHECK(!r->streaming);
	/* HTTP/1.0 has no chunks: the end of the connection is the end. */
	r->streaming = true;
	r->chunked = !r->head.http10;
	if (!r->chunked) {
		r->close = true;
		h.length = HTTP_LENGTH_CLOSE;
	}
	http_reply_head_add(r, http_server_out(r), &h);
	/* Nobody is there to read what may be said for days. */
	if (r->peer->eof)
		http_server_abort(r->peer);
}

static void add_chunk(struct buf *to, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char head[2 * sizeof(size) + 2];
	size_t at = sizeof(head);

	head[--at] = '\n';
	head[--at] = '\r';
	for (size_t n = size; n > 0; n >>= 4)
		head[--at] = digits[n & 15];
	(void)buf_reserve(to, size + sizeof(head) + 2);
	buf_add(to, head + at, sizeof(head) - at);
	buf_add(to, data, size);
	buf_add(to, "\r\n", 2);
}

static size_t queued(const struct http_req *r)
{
	return conn_queued(r->peer->conn) + r->out.size;
}

static void cut_off(struct http_req *r)
{
	log_warn("http_stream_cut",
		"peer=%s target='%s' queued=%zu max=%zu reason='reads too "
		"slowly'",
		conn_label(r->peer->conn), http_req_target(r), queued(r),
		r->server->limits.stream_queue_max);
	http_server_abort(r->peer);
}

/* One piece may be larger than the queue is allowed to be (the first event of
 * a big cluster's stream is): what counts is that the ones before have left. */
void http_stream_send(
	struct http_server *s, uint64_t id, const void *data, size_t size)
{
	struct http_req *r = http_req_find(s, id);

	/* An empty chunk would be the end. */
	if (r == NULL || size == 0 || r->is_head)
		return;
	CHECK(r->streaming);
	if (queued(r) > s->limits.stream_queue_max)
		cut_off(r);
	else if (r->chunked)
		add_chunk(http_server_out(r), data, size);
	else
		buf_add(http_server_out(r), data, size);
}

void http_stream_close(struct http_server *s, uint64_t id)
{
	struct http_req *r = http_req_find(s, id);

	if (r == NULL)
		return;
	CHECK(r->streaming);
	if (r->chunked && !r->is_head)
		buf_add(http_server_out(r), "0\r\n\r\n", 5);
	http_server_answered(r);
}

size_t http_stream_queued(struct http_server *s, uint64_t id)
{
	struct http_req *r = http_req_find(s, id);

	return r != NULL ? queued(r) : 0;
}
