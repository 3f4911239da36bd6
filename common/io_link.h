/*
 * io_link.h - the framed protobuf link between an agent and its master.
 *
 * A link is a connection after its upgrade: frames of common/frame.h both ways.
 * Both ends are served by this file. A frame over LINK_FRAME_MAX or a message
 * that doesn't decode closes the link with a log line. Sending never blocks;
 * past LINK_QUEUE_MAX unsent bytes the link is closed, as the other side has
 * stopped reading.
 */
#ifndef COMMON_IO_LINK_H
#define COMMON_IO_LINK_H

#include <stddef.h>
#include <stdint.h>

struct conn;
struct err;
struct link;

struct link_ops {
	/* One frame's payload; borrowed for the call. */
	void (*frame)(
		void *ctx, struct link *l, const uint8_t *data, size_t size);
	/* The link broke or was closed by the peer. Freed after the call. */
	void (*down)(void *ctx, struct link *l, const struct err *why);
};

#define LINK_PROTOCOL "butte-link/1"
#define LINK_TARGET   "/butte/link"

/* Takes the connection over. */
struct link *link_new(struct conn *c, const struct link_ops *ops, void *ctx);
/* Sends what is queued, then closes; ops->down is not called. */
void link_free(struct link *l);
void link_send(struct link *l, const void *data, size_t size);
size_t link_queued(const struct link *l); /* unsent bytes */
const char *link_peer(const struct link *l);

#endif
