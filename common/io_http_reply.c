/* io_http_reply.c - see io_http.h: whole answers. */
#include "common/io_http_server.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/check.h"
#include "common/io_conn.h"
#include "common/io_http_text.h"
#include "common/limits.h"
#include "common/mem.h"

static const struct {
	int status;
	const char *reason;
} REASONS[] = {
	{ 200, "OK" },
	{ 202, "Accepted" },
	{ 101, "Switching Protocols" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 413, "Request Entity Too Large" },
	{ 414, "Request-URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Requested Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 426, "Upgrade Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
};

const char *http_reply_reason(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(REASONS); i++) {
		if (REASONS[i].status == status)
			return REASONS[i].reason;
	}
	return "Unknown";
}

static void date_refresh(struct http_server *s)
{
	time_t now = time(NULL);
	struct tm tm;

	if ((int64_t)now == s->date_at)
		return;
	s->date_at = (int64_t)now;
	(void)gmtime_r(&now, &tm);
	CHECK(strftime(s->date, sizeof(s->date),
		      "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm) > 0);
}

bool http_reply_has_no_body(int status)
{
	return status < 200 || status == 204 || status == 304;
}

void http_reply_head_add(
	struct http_req *r, struct buf *to, const struct http_reply_head *h)
{
	date_refresh(r->server);
	buf_add_str(to, r->head.http10 ? "HTTP/1.0 " : "HTTP/1.1 ");
	http_text_number(to, (uint64_t)h->status);
	buf_add_char(to, ' ');
	buf_add_str(to, http_reply_reason(h->status));
	buf_add(to, "\r\n", 2);
	buf_add_str(to, r->server->date);
	if (h->content_type != NULL)
		http_text_header(to, "Content-Type", h->content_type);
	if (h->gzip)
		buf_add_str(to,
			"Content-Encoding: gzip\r\n"
			"Vary: Accept-Encoding\r\n");
	if (h->length == HTTP_LENGTH_CHUNKED) {
		buf_add_str(to, "Transfer-Encoding: chunked\r\n");
	} else if (h->length != HTTP_LENGTH_CLOSE &&
		!http_reply_has_no_body(h->status)) {
		buf_add_str(to, "Content-Length: ");
		http_text_number(to, h->length);
		buf_add(to, "\r\n", 2);
	}
	if (r->close)
		buf_add_str(to, "Connection: close\r\n");
	else if (r->head.http10)
		buf_add_str(to, "Connection: keep-alive\r\n");
	for (const struct http_header *x = h->headers;
		x != NULL && x->name != NULL; x++)
		http_text_header(to, x->name, x->value);
	buf_add(to, "\r\n", 2);
}

void http_reply_text(
	struct http_server *s, uint64_t id, int status, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	char line[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	CHECK(n >= 0);
	if ((size_t)n >= sizeof(line)) {
		char *to = buf_reserve(&text, (size_t)n);

		va_start(ap, fmt);
		(void)vsnprintf(to, (size_t)n + 1, fmt, ap); /* fits now */
		va_end(ap);
	}
	http_reply(s, id, status, "text/plain; charset=utf-8", NULL,
		text.data != NULL ? text.data : line, (size_t)n);
	buf_fini(&text);
}
