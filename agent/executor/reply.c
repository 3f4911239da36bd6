/* reply.c - see reply.h. */
#include "agent/executor/reply.h"

#include <string.h>
#include <strings.h>

#include "common/check.h"
#include "common/err.h"

static int line_done(struct reply *r, struct reply_part *ret, struct err *e);
static bool take_line(struct reply *r, const uint8_t **data, size_t *size);
static void take_body(struct reply *r, const uint8_t **data, size_t *size,
	struct reply_part *ret);
static int status_line(struct reply *r, struct err *e);
static int header_line(struct reply *r, struct err *e);
static void head_done(struct reply *r, struct reply_part *ret);
static int chunk_size(struct reply *r, struct err *e);

void reply_init(struct reply *r)
{
	*r = (struct reply){ .state = REPLY_STATUS_LINE };
}

int reply_next(struct reply *r, const uint8_t **data, size_t *size,
	struct reply_part *ret, struct err *e)
{
	*ret = (struct reply_part){ .type = REPLY_MORE, .status = r->status };
	for (;;) {
		if (r->state == REPLY_DONE) {
			ret->type = REPLY_END;
			reply_init(r);
			return 0;
		}
		if (*size == 0)
			return 0;
		if (r->state == REPLY_BODY_LENGTH ||
			r->state == REPLY_BODY_CLOSE ||
			r->state == REPLY_CHUNK_DATA) {
			take_body(r, data, size, ret);
			return 0;
		}
		if (!take_line(r, data, size)) {
			if (r->head > REPLY_HEAD_MAX)
				return err_set(e, ERR_LIMIT,
					"a head of more than %d bytes",
					REPLY_HEAD_MAX);
			return 0;
		}
		if (line_done(r, ret, e) != 0)
			return -1;
		r->n_line = 0;
		if (ret->type != REPLY_MORE)
			return 0;
	}
}

static int line_done(struct reply *r, struct reply_part *ret, struct err *e)
{
	switch (r->state) {
	case REPLY_STATUS_LINE:
		return status_line(r, e);
	case REPLY_HEADERS:
		if (r->n_line > 0)
			return header_line(r, e);
		head_done(r, ret);
		return 0;
	case REPLY_CHUNK_SIZE:
		return chunk_size(r, e);
	case REPLY_CHUNK_END:
		if (r->n_line > 0)
			return err_set(e, ERR_INVALID, "a chunk has no end");
		r->state = REPLY_CHUNK_SIZE;
		r->head = 0;
		return 0;
	case REPLY_TRAILERS:
		if (r->n_line == 0)
			r->state = REPLY_DONE;
		return 0;
	case REPLY_BODY_LENGTH:
	case REPLY_BODY_CLOSE:
	case REPLY_CHUNK_DATA:
	case REPLY_DONE:
		break;
	}
	UNREACHABLE();
}

/* True: a line is complete, without its end. Cut lines keep their length. */
static bool take_line(struct reply *r, const uint8_t **data, size_t *size)
{
	const uint8_t *nl = memchr(*data, '\n', *size);
	size_t n = nl != NULL ? (size_t)(nl - *data) : *size;
	size_t room =
		r->n_line < REPLY_LINE_MAX ? REPLY_LINE_MAX - r->n_line : 0;

	memcpy(r->line + REPLY_LINE_MAX - room, *data, n < room ? n : room);
	r->n_line += n;
	r->head += n + 1;
	if (nl != NULL)
		n++;
	*data += n;
	*size -= n;
	if (nl == NULL)
		return false;
	if (r->n_line > 0 && r->n_line <= REPLY_LINE_MAX &&
		r->line[r->n_line - 1] == '\r')
		r->n_line--;
	return true;
}

static void take_body(struct reply *r, const uint8_t **data, size_t *size,
	struct reply_part *ret)
{
	size_t n = *size;

	if (r->state != REPLY_BODY_CLOSE && n > r->left)
		n = (size_t)r->left;
	CHECK(n > 0);
	ret->type = REPLY_BODY;
	ret->data = *data;
	ret->size = n;
	*data += n;
	*size -= n;
	if (r->state == REPLY_BODY_CLOSE)
		return;
	r->left -= n;
	if (r->left == 0)
		r->state = r->state == REPLY_CHUNK_DATA ? REPLY_CHUNK_END
							: REPLY_DONE;
}

static int status_line(struct reply *r, struct err *e)
{
	const char *l = r->line;
	int i;

	if (r->n_line == 0)
		return 0; /* a stray end of line after a body is forgiven */
	if (r->n_line < 12 || memcmp(l, "HTTP/1.", 7) != 0 || l[8] != ' ')
		return err_set(e, ERR_INVALID, "no HTTP status line");
	r->status = 0;
	for (i = 9; i < 12; i++) {
		if (l[i] < '0' || l[i] > '9')
			return err_set(e, ERR_INVALID, "no HTTP status");
		r->status = r->status * 10 + (l[i] - '0');
	}
	r->state = REPLY_HEADERS;
	return 0;
}

static bool header_is(const struct reply *r, const char *name, size_t *ret_pos)
{
	size_t n = strlen(name);
	size_t line = r->n_line < REPLY_LINE_MAX ? r->n_line : REPLY_LINE_MAX;

	if (line <= n || r->line[n] != ':' ||
		strncasecmp(r->line, name, n) != 0)
		return false;
	for (n++; n < line && (r->line[n] == ' ' || r->line[n] == '\t'); n++)
		;
	*ret_pos = n;
	return true;
}

static int header_line(struct reply *r, struct err *e)
{
	size_t i;

	if (header_is(r, "Transfer-Encoding", &i)) {
		r->chunked = true; /* our servers send no other encoding */
		return 0;
	}
	if (!header_is(r, "Content-Length", &i))
		return 0;
	if (i == r->n_line || r->n_line - i > 15)
		return err_set(e, ERR_INVALID, "a bad Content-Length");
	r->left = 0;
	for (; i < r->n_line; i++) {
		if (r->line[i] < '0' || r->line[i] > '9')
			return err_set(e, ERR_INVALID, "a bad Content-Length");
		r->left = r->left * 10 + (uint64_t)(r->line[i] - '0');
	}
	r->has_length = true;
	return 0;
}

static void head_done(struct reply *r, struct reply_part *ret)
{
	r->head = 0;
	if (r->status < 200) {
		reply_init(r); /* 100 Continue: the real one follows */
		return;
	}
	if (r->status == 204 || r->status == 304)
		r->state = REPLY_DONE;
	else if (r->chunked)
		r->state = REPLY_CHUNK_SIZE;
	else if (!r->has_length)
		r->state = REPLY_BODY_CLOSE;
	else
		r->state = r->left > 0 ? REPLY_BODY_LENGTH : REPLY_DONE;
	ret->type = REPLY_HEAD;
	ret->status = r->status;
}

static int chunk_size(struct reply *r, struct err *e)
{
	size_t n = r->n_line < REPLY_LINE_MAX ? r->n_line : REPLY_LINE_MAX;
	uint64_t left = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		char c = r->line[i];

		if (c >= '0' && c <= '9')
			left = left * 16 + (uint64_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			left = left * 16 + (uint64_t)((c | 0x20) - 'a' + 10);
		else
			break;
		if (left > (uint64_t)1 << 40)
			return err_set(e, ERR_LIMIT, "a chunk over 1 TB");
	}
	if (i == 0 || (i < n && r->line[i] != ';' && r->line[i] != ' '))
		return err_set(e, ERR_INVALID, "a bad chunk size");
	r->left = left;
	r->state = left > 0 ? REPLY_CHUNK_DATA : REPLY_TRAILERS;
	r->head = 0;
	return 0;
}
