/*
 * io_http_gzip.h - gzip of whole answers and of bodies as they arrive.
 */
#ifndef COMMON_IO_HTTP_GZIP_H
#define COMMON_IO_HTTP_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct http_gzip_in;
struct http_gzip_out;

/* Compresses one body after another with one state. */
struct http_gzip_out *http_gzip_out_new(void);
void http_gzip_out_free(struct http_gzip_out *g);
void http_gzip_deflate(
	struct http_gzip_out *g, const void *data, size_t size, struct buf *to);
/* What an Accept-Encoding says about gzip; NULL: no such header. */
bool http_gzip_accepted(const char *accept_encoding);

/* One body that arrives compressed. Refuses to inflate more than limits.h
 * allows for what has arrived, however large it would become. */
struct http_gzip_in *http_gzip_in_new(void);
void http_gzip_in_free(struct http_gzip_in *g);
typedef int http_gzip_piece_f(
	void *ctx, const uint8_t *data, size_t size, struct err *e);
/* Hands what comes out to piece, which may refuse it. */
int http_gzip_inflate(struct http_gzip_in *g, const void *data, size_t size,
	http_gzip_piece_f *piece, void *ctx, struct err *e);
/* The body is complete: is the stream? */
int http_gzip_in_end(const struct http_gzip_in *g, struct err *e);

#endif
