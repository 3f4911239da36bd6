/* io_http_call.c - see io_http.h and io_http_client.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/check.h"
#include "common/io_http_client.h"
#include "common/io_http_text.h"
#include "common/limits.h"
#include "common/mem.h"

#ifndef BUTTE_VERSION
#define BUTTE_VERSION "0"
#endif

static bool has_header(const struct http_header *headers, const char *name)
{
	for (; headers != NULL && headers->name != NULL; headers++) {
		if (strcasecmp(headers->name, name) == 0)
			return true;
	}
	return false;
}

struct http_call_job *http_call_new(struct http_client *c, const char *method,
	const char *target, const struct http_header *headers,
	const struct http_call_ops *ops)
{
	struct http_call_job *j = xcalloc(1, sizeof(*j));
	struct buf *b = &j->request;

	j->client = c;
	j->ops = *ops;
	j->what = xasprintf("%s %s", method, target);
	j->is_head = strcmp(method, "HEAD") == 0;
	j->may_retry = j->is_head || strcmp(method, "GET") == 0;
	buf_printf(b, "%s %s HTTP/1.1\r\n", method, target);
	if (!has_header(headers, "Host"))
		http_text_header(b, "Host", c->label);
	if (!has_header(headers, "User-Agent"))
		buf_add_str(b, "User-Agent: butte/" BUTTE_VERSION "\r\n");
	if (!has_header(headers, "Accept-Encoding"))
		buf_add_str(b, "Accept-Encoding: gzip\r\n");
	for (; headers != NULL && headers->name != NULL; headers++)
		http_text_header(b, headers->name, headers->value);
	return j;
}

void http_call_body(struct http_call_job *j, const void *body, size_t size)
{
	CHECK(body != NULL || size == 0);
	if (size > 0 || strncmp(j->what, "P", 1) == 0) {
		buf_add_str(&j->request, "Content-Length: ");
		http_text_number(&j->request, size);
		buf_add_str(&j->request, "\r\n");
	}
	buf_add_str(&j->request, "\r\n");
	buf_add(&j->request, body, size);
}

void http_call_free(struct http_call_job *j)
{
	buf_fini(&j->request);
	buf_fini(&j->body);
	http_parse_head_fini(&j->head);
	http_gzip_in_free(j->inflate);
	free(j->what);
	free(j);
}

/* --- the answer --------------------------------------------------------------- */

static const char *response_header(
	const struct http_response *r, const char *name)
{
	const struct http_call_job *j = r->impl;
	size_t i = 0;

	return http_parse_head_next(&j->head, name, &i);
}

int http_call_head(struct http_call_job *j, struct err *e)
{
	struct http_response r = { j->head.status, response_header, j };
	const char *coding = response_header(&r, "Content-Encoding");

	j->status = j->head.status;
	if (coding != NULL &&
		(strcasecmp(coding, "gzip") == 0 ||
			strcasecmp(coding, "x-gzip") == 0))
		j->inflate = http_gzip_in_new();
	else if (coding != NULL && strcasecmp(coding, "identity") != 0)
		return err_set(e, ERR_UNSUPPORTED,
			"%s: the answer's Content-Encoding '%s' is unknown",
			j->what, coding);
	if (j->ops.head != NULL)
		j->ops.head(j->ctx, &r);
	return 0;
}

static int take(void *ctx, const uint8_t *data, size_t size, struct err *e)
{
	struct http_call_job *j = ctx;

	if (j->ended)
		return err_set(e, ERR_IO, "given up");
	if (j->ops.body != NULL) {
		j->ops.body(j->ctx, data, size);
		return 0;
	}
	if (size > HTTP_ANSWER_MAX - j->body.size)
		return err_set(e, ERR_LIMIT,
			"%s: answer over HTTP_ANSWER_MAX (%d bytes)", j->what,
			HTTP_ANSWER_MAX);
	buf_add(&j->body, data, size);
	return 0;
}

int http_call_piece(
	struct http_call_job *j, const void *data, size_t size, struct err *e)
{
	if (j->inflate != NULL)
		return http_gzip_inflate(j->inflate, data, size, take, j, e);
	return take(j, data, size, e);
}

/* Its callbacks may still be on the stack. */
static void bury(struct http_call_job *j)
{
	j->ended = true;
	TAILQ_INSERT_TAIL(&j->client->dead, j, link);
}

void http_call_done(struct http_call_job *j)
{
	struct err e = { .code = ERR_NONE };

	CHECK(j->status != 0);
	if (j->inflate != NULL && !j->is_head &&
		http_gzip_in_end(j->inflate, &e) != 0) {
		http_call_fail(j, &e);
		return;
	}
	bury(j);
	j->ops.done(j->ctx, j->status, (const uint8_t *)buf_str(&j->body),
		j->body.size, &e);
}

void http_call_fail(struct http_call_job *j, const struct err *why)
{
	struct err e = *why;

	(void)err_wrap(&e, "%s", j->what);
	bury(j);
	j->ops.done(j->ctx, 0, NULL, 0, &e);
}

void http_call_again(struct http_call_job *j)
{
	CHECK(j->may_retry);
	CHECK(!j->answered);
	j->may_retry = false;
}
