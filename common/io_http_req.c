/* io_http_req.c - see io_http.h and io_http_server.h. */
#include "common/io_http_server.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/io_conn.h"
#include "common/limits.h"
#include "common/mem.h"

#define REQ_MAGIC 0x72657121 /* "req!" */
/* An exchange's number is its place and how many there were before it. */
#define SLOT_BITS 24
#define SPARE_MAX 256  /* exchanges kept to be used again */
#define KEEP	  4096 /* and bytes of each of their buffers */

/* --- a life ---------------------------------------------------------------- */

static uint32_t slot_take(struct http_server *s)
{
	if (s->n_free_slots > 0)
		return s->free_slots[--s->n_free_slots];
	CHECK(s->n_slots < 1u << SLOT_BITS);
	s->slots = xgrow(
		s->slots, &s->cap_slots, s->n_slots + 1, sizeof(*s->slots));
	return s->n_slots++;
}

struct http_req *http_req_new(struct http_peer *p)
{
	struct http_server *s = p->server;
	struct http_req *r = TAILQ_FIRST(&s->spare);

	if (r != NULL) {
		TAILQ_REMOVE(&s->spare, r, link);
		s->n_spare--;
	} else {
		r = xcalloc(1, sizeof(*r));
		r->magic = REQ_MAGIC;
	}
	r->server = s;
	r->peer = p;
	r->slot = slot_take(s);
	r->id = ++s->serial << SLOT_BITS | r->slot;
	s->slots[r->slot] = r;
	TAILQ_INSERT_TAIL(&p->reqs, r, link);
	p->n_reqs++;
	http_parse_head_clear(&r->head);
	return r;
}

void http_req_void(struct http_req *r)
{
	struct http_server *s = r->server;

	if (r->id == 0)
		return;
	CHECK(s->slots[r->slot] == r);
	s->slots[r->slot] = NULL;
	s->free_slots = xgrow(s->free_slots, &s->cap_free_slots,
		s->n_free_slots + 1, sizeof(*s->free_slots));
	s->free_slots[s->n_free_slots++] = r->slot;
	r->id = 0;
}

static void buf_reuse(struct buf *b)
{
	if (b->cap > KEEP)
		buf_fini(b);
	buf_clear(b);
}

static void texts_free(struct http_req *r)
{
	while (r->texts != NULL) {
		struct http_req_text *t = r->texts;

		r->texts = t->next;
		free(t);
	}
}

void http_req_recycle(struct http_req *r)
{
	struct http_server *s = r->server;
	struct http_req clean = { .magic = REQ_MAGIC };

	http_req_void(r);
	CHECK(r->peer->n_reqs > 0);
	TAILQ_REMOVE(&r->peer->reqs, r, link);
	r->peer->n_reqs--;
	r->peer->n_any_size -= r->any_size ? 1 : 0;
	http_gzip_in_free(r->inflate);
	texts_free(r);
	buf_reuse(&r->path);
	buf_reuse(&r->body);
	buf_reuse(&r->out);
	clean.head = r->head;
	clean.path = r->path;
	clean.body = r->body;
	clean.out = r->out;
	*r = clean;
	if (s->n_spare >= SPARE_MAX) {
		http_req_free(r);
		return;
	}
	TAILQ_INSERT_HEAD(&s->spare, r, link);
	s->n_spare++;
}

void http_req_free(struct http_req *r)
{
	http_parse_head_fini(&r->head);
	buf_fini(&r->path);
	buf_fini(&r->body);
	buf_fini(&r->out);
	r->magic = 0;
	free(r);
}

struct http_req *http_req_find(struct http_server *s, uint64_t id)
{
	uint64_t slot = id & ((1u << SLOT_BITS) - 1);
	struct http_req *r;

	if (id == 0 || slot >= s->n_slots)
		return NULL;
	r = s->slots[slot];
	if (r == NULL || r->id != id || r->peer->dying)
		return NULL;
	CHECK(r->magic == REQ_MAGIC);
	return r;
}

/* --- the target -------------------------------------------------------------- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Appends the decoded text; nothing if it is not well formed. In a query a plus
 * is a space. */
static bool decode(struct buf *to, const char *p, size_t size, bool query)
{
	char *out = buf_reserve(to, size);
	size_t n = 0;
	bool good = true;

	for (size_t i = 0; i < size && good; i++) {
		char c = p[i];

		if (c == '+' && query)
			c = ' ';
		if (c == '%') {
			good = size - i >= 3 && hex(p[i + 1]) >= 0 &&
				hex(p[i + 2]) >= 0;
			if (!good)
				break;
			c = (char)(hex(p[i + 1]) * 16 + hex(p[i + 2]));
			i += 2;
		}
		good = c != '\0';
		out[n++] = c;
	}
	if (!good)
		n = 0;
	out[n] = '\0';
	to->size += n;
	return good;
}

/* Where the path begins: behind "http://host" of an absolute form. */
static const char *path_begin(const char *target)
{
	const char *p = strstr(target, "://");

	if (target[0] == '/' || p == NULL)
		return target;
	p += 3;
	return p + strcspn(p, "/?#");
}

int http_req_parse_target(struct http_req *r, const char **ret_text)
{
	const char *p = path_begin(http_req_target(r));
	size_t n = strcspn(p, "?#");
	struct buf query = BUF_INIT;
	bool good = true;

	if (n == 0)
		buf_add_char(&r->path, '/');
	else
		good = decode(&r->path, p, n, false);
	if (good && p[n] == '?')
		good = decode(&query, p + n + 1, strcspn(p + n + 1, "#"), true);
	buf_fini(&query);
	if (!good) {
		*ret_text = "a %-escape in the target is not two hexadecimal "
			    "digits, or is %00";
		return 400;
	}
	if (strstr(r->path.data, "/..") != NULL) {
		*ret_text = "no path with '/..' is served";
		return 404;
	}
	return 0;
}

/* --- what handlers ask -------------------------------------------------------- */

const char *http_req_method(const struct http_req *r)
{
	return r->head.method;
}

const char *http_req_path(const struct http_req *r)
{
	return buf_str(&r->path);
}

const char *http_req_target(const struct http_req *r)
{
	return buf_str(&r->head.text);
}

const char *http_req_peer(const struct http_req *r)
{
	return r->peer->address;
}

const char *http_req_peer_cgroups(const struct http_req *r)
{
	return r->peer->cgroups;
}

bool http_req_is_tls(const struct http_req *r)
{
	return r->peer->is_tls;
}

uint64_t http_req_id(const struct http_req *r)
{
	return r->id;
}

/* Requests are const for handlers, what they ask for lives with them. */
static const char *text_keep(const struct http_req *r, const struct buf *b)
{
	struct http_req *owner = (struct http_req *)(uintptr_t)r;
	struct http_req_text *t = xmalloc(sizeof(*t) + b->size + 1);

	memcpy(t->text, buf_str(b), b->size + 1);
	t->next = owner->texts;
	owner->texts = t;
	return t->text;
}

const char *http_req_header(const struct http_req *r, const char *name)
{
	size_t i = 0;
	const char *first = http_parse_head_next(&r->head, name, &i);
	const char *more;
	struct buf all = BUF_INIT;

	if (first == NULL)
		return NULL;
	more = http_parse_head_next(&r->head, name, &i);
	if (more == NULL)
		return first;
	buf_add_str(&all, first);
	for (; more != NULL; more = http_parse_head_next(&r->head, name, &i)) {
		buf_add_str(&all, ", ");
		buf_add_str(&all, more);
	}
	first = text_keep(r, &all);
	buf_fini(&all);
	return first;
}

const char *http_req_query(const struct http_req *r, const char *name)
{
	const char *p = strchr(http_req_target(r), '?');
	const char *found = NULL;
	struct buf key = BUF_INIT;
	struct buf value = BUF_INIT;

	while (p != NULL && *p != '\0' && *p != '#' && found == NULL) {
		size_t n = strcspn(++p, "&;#");
		const char *eq = memchr(p, '=', n);
		size_t n_key = eq != NULL ? (size_t)(eq - p) : n;
		size_t n_value = eq != NULL ? n - n_key - 1 : 0;

		buf_clear(&key);
		/* Bad escapes were refused when the head came. */
		if (decode(&key, p, n_key, true) && n > 0 &&
			strcmp(buf_str(&key), name) == 0 &&
			decode(&value, eq != NULL ? eq + 1 : p, n_value, true))
			found = text_keep(r, &value);
		p += n;
	}
	buf_fini(&key);
	buf_fini(&value);
	return found;
}

void http_req_body_stream(struct http_req *r, http_body_f *on_body, void *ctx)
{
	CHECK(!r->received);
	r->on_body = on_body;
	r->on_body_ctx = ctx;
	r->body_left_max = UINT64_MAX; /* the consumer bounds it */
}

void http_req_body_pause(struct http_req *r, bool pause)
{
	struct http_peer *p = r->peer;

	if (r->received || p->dying)
		return;
	p->body_paused = pause;
	http_server_settle(p);
}
