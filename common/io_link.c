/* io_link.c - see io_link.h. */
#include "common/io_link.h"

#include <stdlib.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/frame.h"
#include "common/io_conn.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"

#define LINK_MAGIC 0x6c696e6b /* "link" */

struct link {
	unsigned magic;
	struct conn *conn;
	const struct link_ops *ops;
	void *ctx;
	bool freed; /* by a callback, which still runs */
	bool busy;
};

static const struct conn_ops CONN_OPS;

struct link *link_new(struct conn *c, const struct link_ops *ops, void *ctx)
{
	struct link *l = xcalloc(1, sizeof(*l));

	CHECK(ops->frame != NULL);
	CHECK(ops->down != NULL);
	l->magic = LINK_MAGIC;
	l->conn = c;
	l->ops = ops;
	l->ctx = ctx;
	conn_deadline(c, 0);
	conn_write_timeout(c, HTTP_WRITE_TIMEOUT_MS);
	conn_owner(c, &CONN_OPS, l);
	return l;
}

static struct link *link_cast(void *ctx)
{
	struct link *l = ctx;

	CHECK(l != NULL);
	CHECK(l->magic == LINK_MAGIC);
	return l;
}

static void destroy(struct link *l)
{
	l->magic = 0;
	free(l);
}

void link_free(struct link *l)
{
	if (l == NULL)
		return;
	CHECK(!l->freed);
	conn_finish(STEAL(l->conn));
	l->freed = true;
	if (!l->busy)
		destroy(l);
}

size_t link_queued(const struct link *l)
{
	return conn_queued(l->conn);
}

const char *link_peer(const struct link *l)
{
	return conn_label(l->conn);
}

static void cut(struct link *l, const struct err *why)
{
	log_warn("link_cut", "peer=%s reason='%s'", conn_label(l->conn),
		why->text);
	conn_break(l->conn, why);
}

void link_send(struct link *l, const void *data, size_t size)
{
	struct err e;

	if (size > LINK_FRAME_MAX) {
		(void)err_set(&e, ERR_LIMIT,
			"a message of %zu bytes is over LINK_FRAME_MAX (%d)",
			size, LINK_FRAME_MAX);
		cut(l, &e);
		return;
	}
	frame_add(conn_out(l->conn), data, size);
	if (conn_queued(l->conn) <= LINK_QUEUE_MAX)
		return;
	(void)err_set(&e, ERR_LIMIT,
		"%s has stopped reading: over LINK_QUEUE_MAX (%d bytes) wait "
		"to be sent",
		conn_label(l->conn), LINK_QUEUE_MAX);
	cut(l, &e);
}

static size_t on_data(void *ctx, const uint8_t *data, size_t size)
{
	struct link *l = link_cast(ctx);
	const uint8_t *payload;
	size_t n;
	size_t used;
	size_t all = 0;
	struct err e;
	int ret = 1;

	l->busy = true;
	while (ret > 0 && !l->freed) {
		ret = frame_next(data + all, size - all, LINK_FRAME_MAX,
			&payload, &n, &used, &e);
		if (ret <= 0)
			break;
		all += used;
		l->ops->frame(l->ctx, l, payload, n);
	}
	l->busy = false;
	if (l->freed) {
		destroy(l);
		return size;
	}
	if (ret < 0) {
		cut(l, &e);
		return size;
	}
	return all;
}

static void on_down(void *ctx, const struct err *why)
{
	struct link *l = link_cast(ctx);

	l->busy = true; /* a link_free() in it is what happens anyway */
	l->ops->down(l->ctx, l, why);
	if (!l->freed)
		conn_free(l->conn);
	destroy(l);
}

static const struct conn_ops CONN_OPS = {
	.data = on_data,
	.down = on_down,
};
