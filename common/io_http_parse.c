/* io_http_parse.c - see io_http_parse.h. */
#include "common/io_http_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/check.h"
#include "common/limits.h"
#include "common/mem.h"

#define TEXT_KEEP 4096 /* a head used again doesn't keep more */

/* A head that is mostly white space and empty lines is cut off too. */
#define RAW_MAX (HTTP_REQUEST_LINE_MAX + 2 * HTTP_HEADERS_MAX)

static const llhttp_settings_t *settings(void);

/* --- heads --------------------------------------------------------------- */

void http_parse_head_clear(struct http_parse_head *h)
{
	struct http_parse_head empty = { .length = HTTP_PARSE_NO_SIZE };

	if (h->text.cap > TEXT_KEEP)
		buf_fini(&h->text);
	buf_clear(&h->text);
	empty.text = h->text;
	empty.fields = h->fields;
	empty.cap_fields = h->cap_fields;
	*h = empty;
}

void http_parse_head_fini(struct http_parse_head *h)
{
	buf_fini(&h->text);
	free(h->fields);
	*h = (struct http_parse_head){ .length = HTTP_PARSE_NO_SIZE };
}

const char *http_parse_head_next(
	const struct http_parse_head *h, const char *name, size_t *i)
{
	while (*i < h->n_fields) {
		const struct http_parse_field *f = &h->fields[(*i)++];

		if (strcasecmp(h->text.data + f->name, name) == 0)
			return h->text.data + f->value;
	}
	return NULL;
}

/* --- errors --------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static int bad(
	struct http_parse *p, int status, const char *fmt, ...)
{
	va_list ap;

	if (p->status != 0)
		return -1;
	p->status = status;
	va_start(ap, fmt);
	(void)vsnprintf(p->text, sizeof(p->text), fmt, ap); /* may be cut */
	va_end(ap);
	return -1;
}

/* llhttp's own errors, in words that name what the sender did. */
static void bad_llhttp(struct http_parse *p, llhttp_errno_t code)
{
	const char *reason = llhttp_get_error_reason(&p->llhttp);

	switch ((int)code) {
	case HPE_UNEXPECTED_CONTENT_LENGTH:
		(void)bad(p, 400,
			"Content-Length twice, or beside Transfer-Encoding");
		break;
	case HPE_INVALID_TRANSFER_ENCODING:
		(void)bad(p, 400, "Transfer-Encoding must be just 'chunked'");
		break;
	case HPE_INVALID_CONTENT_LENGTH:
		(void)bad(p, 400, "Content-Length is not a number");
		break;
	case HPE_INVALID_CHUNK_SIZE:
		(void)bad(p, 400, "chunk size is not a hexadecimal number");
		break;
	case HPE_INVALID_VERSION:
		(void)bad(p, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
		break;
	default:
		(void)bad(p, 400, "malformed HTTP: %s",
			reason != NULL && reason[0] != '\0' ? reason : "?");
	}
}

/* --- llhttp's callbacks ------------------------------------------------------ */

static struct http_parse *parser_of(llhttp_t *l)
{
	CHECK(l->data != NULL);
	return l->data;
}

static int on_begin(llhttp_t *l)
{
	struct http_parse *p = parser_of(l);

	if (p->stop)
		return -1;
	p->head = p->ops->begin(p->ctx);
	CHECK(p->head != NULL);
	p->line_size = 0;
	p->headers_size = 0;
	p->extra_size = 0;
	p->in_head = true;
	p->in_body = false;
	return 0;
}

static int on_url(llhttp_t *l, const char *at, size_t size)
{
	struct http_parse *p = parser_of(l);

	p->line_size += size;
	if (p->line_size > HTTP_REQUEST_LINE_MAX)
		return bad(p, 414,
			"request line over HTTP_REQUEST_LINE_MAX (%d bytes)",
			HTTP_REQUEST_LINE_MAX);
	buf_add(&p->head->text, at, size);
	return 0;
}

/* Reason phrases are not used, but must not be endless. */
static int on_status(llhttp_t *l, const char *at, size_t size)
{
	struct http_parse *p = parser_of(l);

	(void)at;
	p->line_size += size;
	if (p->line_size > HTTP_REQUEST_LINE_MAX)
		return bad(p, 400, "reason phrase of over %d bytes",
			HTTP_REQUEST_LINE_MAX);
	return 0;
}

static int headers_grow(struct http_parse *p, size_t size)
{
	p->headers_size += size;
	if (p->headers_size > HTTP_HEADERS_MAX)
		return bad(p, 431, "headers over HTTP_HEADERS_MAX (%d bytes)",
			HTTP_HEADERS_MAX);
	return 0;
}

static int extra_grow(struct http_parse *p, size_t size)
{
	p->extra_size += size;
	if (p->extra_size > HTTP_HEADERS_MAX)
		return bad(p, 431,
			"trailers and chunk extensions over HTTP_HEADERS_MAX "
			"(%d bytes)",
			HTTP_HEADERS_MAX);
	return 0;
}

/* The text of a field begins where the last one ended, behind its NUL. */
static uint32_t text_begin(struct http_parse_head *h)
{
	buf_add_char(&h->text, '\0');
	CHECK(h->text.size <= UINT32_MAX);
	return (uint32_t)h->text.size;
}

static int on_field(llhttp_t *l, const char *at, size_t size)
{
	struct http_parse *p = parser_of(l);
	struct http_parse_head *h = p->head;

	if (!p->in_head)
		return extra_grow(p, size);
	if (headers_grow(p, size) != 0)
		return -1;
	/* Zero: the name of a new field; it is set to its end when complete. */
	if (h->n_fields == 0 || h->fields[h->n_fields - 1].value != 0) {
		if (h->n_fields == HTTP_HEADER_COUNT_MAX)
			return bad(p, 431,
				"more than HTTP_HEADER_COUNT_MAX (%d) headers",
				HTTP_HEADER_COUNT_MAX);
		h->fields = xgrow(h->fields, &h->cap_fields, h->n_fields + 1,
			sizeof(*h->fields));
		h->fields[h->n_fields].name = text_begin(h);
		h->fields[h->n_fields].value = 0;
		h->n_fields++;
	}
	buf_add(&h->text, at, size);
	return 0;
}

static int on_field_complete(llhttp_t *l)
{
	struct http_parse *p = parser_of(l);

	if (p->in_head && p->head->n_fields > 0)
		p->head->fields[p->head->n_fields - 1].value =
			text_begin(p->head);
	return 0;
}

static int on_value(llhttp_t *l, const char *at, size_t size)
{
	struct http_parse *p = parser_of(l);

	if (!p->in_head)
		return extra_grow(p, size);
	if (headers_grow(p, size) != 0)
		return -1;
	buf_add(&p->head->text, at, size);
	return 0;
}

static int on_extension(llhttp_t *l, const char *at, size_t size)
{
	(void)at;
	return extra_grow(parser_of(l), size);
}

/* White space at the end of a value is not part of it. */
static void trim_values(struct http_parse_head *h)
{
	for (size_t i = 0; i < h->n_fields; i++) {
		char *v = h->text.data + h->fields[i].value;
		size_t n = strlen(v);

		while (n > 0 && (v[n - 1] == ' ' || v[n - 1] == '\t'))
			v[--n] = '\0';
	}
}

/* llhttp knows what may be in a name, but takes an empty one. */
static int check_names(struct http_parse *p)
{
	for (size_t i = 0; i < p->head->n_fields; i++) {
		if (p->head->text.data[p->head->fields[i].name] == '\0')
			return bad(p, 400, "a header without a name");
	}
	return 0;
}

static int check_coding(struct http_parse *p, const llhttp_t *l)
{
	const char *value;
	size_t i = 0;

	if ((l->flags & F_TRANSFER_ENCODING) == 0)
		return 0;
	value = http_parse_head_next(p->head, "Transfer-Encoding", &i);
	if (value == NULL || strcasecmp(value, "chunked") != 0 ||
		http_parse_head_next(p->head, "Transfer-Encoding", &i) != NULL)
		return bad(p, l->type == HTTP_REQUEST ? 501 : 400,
			"Transfer-Encoding must be just 'chunked'");
	if (p->head->http10)
		return bad(p, 400, "HTTP/1.0 has no Transfer-Encoding");
	if ((l->flags & F_CONTENT_LENGTH) != 0)
		return bad(p, 400,
			"Content-Length twice, or beside Transfer-Encoding");
	return 0;
}

static int check_host(struct http_parse *p)
{
	size_t i = 0;

	if (http_parse_head_next(p->head, "Host", &i) == NULL)
		return p->head->http10
			? 0
			: bad(p, 400, "an HTTP/1.1 request needs a Host");
	if (http_parse_head_next(p->head, "Host", &i) != NULL)
		return bad(p, 400, "Host twice");
	return 0;
}

static int on_headers_complete(llhttp_t *l)
{
	struct http_parse *p = parser_of(l);
	struct http_parse_head *h = p->head;
	bool has_body;

	p->in_head = false;
	p->in_body = true;
	p->raw_size = 0;
	h->http10 = l->http_major == 1 && l->http_minor == 0;
	h->keep_alive = llhttp_should_keep_alive(l) != 0;
	h->upgrade = l->upgrade != 0;
	h->chunked = (l->flags & F_CHUNKED) != 0;
	if ((l->flags & F_CONTENT_LENGTH) != 0)
		h->length = l->content_length;
	trim_values(h);
	if (l->http_major != 1)
		return bad(
			p, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
	if (check_names(p) != 0 || check_coding(p, l) != 0)
		return -1;
	if (l->type == HTTP_REQUEST) {
		h->method = llhttp_method_name((llhttp_method_t)l->method);
		if (!h->chunked && h->length == HTTP_PARSE_NO_SIZE)
			h->length = 0;
		if (check_host(p) != 0)
			return -1;
	} else {
		h->status = l->status_code;
	}
	has_body = p->ops->head(p->ctx);
	if (p->stop || p->status != 0)
		return -1;
	return has_body ? 0 : 1;
}

static int on_body(llhttp_t *l, const char *at, size_t size)
{
	struct http_parse *p = parser_of(l);

	if (size > 0)
		p->ops->body(p->ctx, (const uint8_t *)at, size);
	return p->stop || p->status != 0 ? -1 : 0;
}

static int on_end(llhttp_t *l)
{
	struct http_parse *p = parser_of(l);

	p->in_body = false;
	p->in_head = false;
	p->head = NULL;
	p->ops->end(p->ctx);
	if (p->stop || p->status != 0)
		return -1;
	return p->pause ? HPE_PAUSED : 0;
}

static const llhttp_settings_t *settings(void)
{
	static const llhttp_settings_t all = {
		.on_message_begin = on_begin,
		.on_url = on_url,
		.on_status = on_status,
		.on_header_field = on_field,
		.on_header_field_complete = on_field_complete,
		.on_header_value = on_value,
		.on_headers_complete = on_headers_complete,
		.on_body = on_body,
		.on_message_complete = on_end,
		.on_chunk_extension_name = on_extension,
		.on_chunk_extension_value = on_extension,
	};

	return &all;
}

/* --- feeding ------------------------------------------------------------------ */

void http_parse_init(struct http_parse *p, llhttp_type_t type,
	const struct http_parse_ops *ops, void *ctx)
{
	*p = (struct http_parse){ .ops = ops, .ctx = ctx };
	llhttp_init(&p->llhttp, type, settings());
	p->llhttp.data = p;
}

/* Where llhttp stopped. */
static size_t place(const struct http_parse *p, const char *data, size_t size)
{
	const char *at = llhttp_get_error_pos(&p->llhttp);

	CHECK(at >= data);
	CHECK(at <= data + size);
	return (size_t)(at - data);
}

enum http_parse_result http_parse_feed(
	struct http_parse *p, const void *data, size_t size, size_t *used)
{
	llhttp_errno_t code;

	*used = 0;
	if (p->status != 0 || p->stop)
		return HTTP_PARSE_BAD;
	p->pause = false;
	code = llhttp_execute(&p->llhttp, data, size);
	if (p->status != 0 || p->stop)
		return HTTP_PARSE_BAD;
	if (code == HPE_PAUSED) {
		*used = place(p, data, size);
		llhttp_resume(&p->llhttp);
		return HTTP_PARSE_PAUSED;
	}
	if (code == HPE_PAUSED_UPGRADE) {
		*used = place(p, data, size);
		return HTTP_PARSE_UPGRADE;
	}
	if (code != HPE_OK) {
		bad_llhttp(p, code);
		return HTTP_PARSE_BAD;
	}
	*used = size;
	p->raw_size = p->in_body ? 0 : p->raw_size + size;
	if (p->in_head && p->raw_size > RAW_MAX) {
		(void)bad(p, 431, "headers over HTTP_HEADERS_MAX (%d bytes)",
			HTTP_HEADERS_MAX);
		return HTTP_PARSE_BAD;
	}
	return HTTP_PARSE_OK;
}

bool http_parse_eof(struct http_parse *p)
{
	if (p->status != 0 || p->stop)
		return false;
	return llhttp_finish(&p->llhttp) == HPE_OK;
}

void http_parse_pause(struct http_parse *p)
{
	p->pause = true;
}

void http_parse_stop(struct http_parse *p)
{
	p->stop = true;
}

void http_parse_continue(struct http_parse *p)
{
	llhttp_resume_after_upgrade(&p->llhttp);
}
