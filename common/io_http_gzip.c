/* io_http_gzip.c - see io_http_gzip.h. */
#include "common/io_http_gzip.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/mem.h"

#define GZIP_WINDOW (15 + 16) /* zlib: 32 KB window, gzip format */
#define GZIP_LEVEL  1	      /* half the size for a tenth of the time */
#define GZIP_MEMORY 8
#define RATIO_FROM \
	(1024 * 1024) /* small bodies may be as dense as they like \
				   */

struct http_gzip_out {
	z_stream z;
};

struct http_gzip_in {
	z_stream z;
	uint64_t n_in;
	uint64_t n_out;
	bool ended; /* a member is complete; another may follow */
};

struct http_gzip_out *http_gzip_out_new(void)
{
	struct http_gzip_out *g = xcalloc(1, sizeof(*g));

	CHECK(deflateInit2(&g->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW,
		      GZIP_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK);
	return g;
}

void http_gzip_out_free(struct http_gzip_out *g)
{
	if (g == NULL)
		return;
	(void)deflateEnd(&g->z); /* frees in any state */
	free(g);
}

void http_gzip_deflate(
	struct http_gzip_out *g, const void *data, size_t size, struct buf *to)
{
	uLong bound;
	int ret;

	CHECK(size < UINT32_MAX / 2);
	CHECK(deflateReset(&g->z) == Z_OK);
	bound = deflateBound(&g->z, size);
	g->z.next_out = (Bytef *)buf_reserve(to, bound);
	g->z.avail_out = (uInt)bound;
	g->z.next_in = (z_const Bytef *)(uintptr_t)data;
	g->z.avail_in = (uInt)size;
	ret = deflate(&g->z, Z_FINISH);
	CHECK(ret == Z_STREAM_END);
	to->size += bound - g->z.avail_out;
	to->data[to->size] = '\0';
}

/* Is a q value zero: "0", "0.0"? Others are not ranked. */
static bool is_zero(const char *q, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (q[i] != '0' && q[i] != '.')
			return false;
	}
	return size > 0;
}

/* One element of the list: 1 gzip, 0 not about gzip, -1 gzip refused. */
static int element(const char *p, size_t size)
{
	size_t n = strcspn(p, ";, \t");
	const char *q;

	if (n > size)
		n = size;
	if (!(n == 4 && strncasecmp(p, "gzip", 4) == 0) &&
		!(n == 6 && strncasecmp(p, "x-gzip", 6) == 0) &&
		!(n == 1 && *p == '*'))
		return 0;
	q = memmem(p, size, "q=", 2);
	if (q == NULL)
		return 1;
	q += 2;
	n = strcspn(q, ";, \t");
	if (n > size - (size_t)(q - p))
		n = size - (size_t)(q - p);
	return is_zero(q, n) ? -1 : 1;
}

bool http_gzip_accepted(const char *accept_encoding)
{
	const char *p = accept_encoding;
	bool yes = false;

	while (p != NULL && *p != '\0') {
		size_t n;
		int what;

		p += strspn(p, " \t,");
		n = strcspn(p, ",");
		what = element(p, n);
		if (what < 0 && *p != '*')
			return false;
		yes = yes || what > 0;
		p += n;
	}
	return yes;
}

struct http_gzip_in *http_gzip_in_new(void)
{
	struct http_gzip_in *g = xcalloc(1, sizeof(*g));

	CHECK(inflateInit2(&g->z, GZIP_WINDOW) == Z_OK);
	return g;
}

void http_gzip_in_free(struct http_gzip_in *g)
{
	if (g == NULL)
		return;
	(void)inflateEnd(&g->z);
	free(g);
}

static int check_ratio(const struct http_gzip_in *g, struct err *e)
{
	if (g->n_out <= RATIO_FROM || g->n_out / HTTP_GZIP_RATIO_MAX <= g->n_in)
		return 0;
	return err_set(e, ERR_LIMIT,
		"compressed body inflates to more than HTTP_GZIP_RATIO_MAX "
		"(%d) times its size",
		HTTP_GZIP_RATIO_MAX);
}

int http_gzip_inflate(struct http_gzip_in *g, const void *data, size_t size,
	http_gzip_piece_f *piece, void *ctx, struct err *e)
{
	uint8_t out[16 * 1024];
	int ret;

	CHECK(size < UINT32_MAX);
	g->z.next_in = (z_const Bytef *)(uintptr_t)data;
	g->z.avail_in = (uInt)size;
	g->n_in += size;
	do {
		if (g->ended && g->z.avail_in > 0) {
			CHECK(inflateReset(&g->z) == Z_OK);
			g->ended = false;
		}
		g->z.next_out = out;
		g->z.avail_out = sizeof(out);
		ret = inflate(&g->z, Z_NO_FLUSH);
		if (ret != Z_OK && ret != Z_STREAM_END && ret != Z_BUF_ERROR)
			return err_set(e, ERR_INVALID,
				"compressed body is not gzip: %s",
				g->z.msg != NULL ? g->z.msg : "bad data");
		g->ended = ret == Z_STREAM_END;
		g->n_out += sizeof(out) - g->z.avail_out;
		if (check_ratio(g, e) != 0)
			return -1;
		if (g->z.avail_out < sizeof(out) &&
			piece(ctx, out, sizeof(out) - g->z.avail_out, e) != 0)
			return -1;
	} while (g->z.avail_in > 0 || g->z.avail_out == 0);
	return 0;
}

int http_gzip_in_end(const struct http_gzip_in *g, struct err *e)
{
	if (g->ended)
		return 0;
	return err_set(e, ERR_INVALID, "compressed body is cut off");
}
