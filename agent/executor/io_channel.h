/*
 * io_channel.h - one connection to the agent's unix socket.
 *
 * Sends calls as HTTP requests, pipelined, and reads the answers. Nothing
 * blocks. Buffers are freed when they are empty: most executors sleep for
 * hours.
 */
#ifndef EXECUTOR_IO_CHANNEL_H
#define EXECUTOR_IO_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/executor/reply.h"
#include "common/buf.h"

struct err;
struct channel;

struct channel_ops {
	/* The head of an answer. */
	void (*head)(void *ctx, struct channel *c, int status);
	/* A piece of an answer's body. */
	void (*body)(
		void *ctx, struct channel *c, const uint8_t *data, size_t size);
	/* An answer is complete. */
	void (*end)(void *ctx, struct channel *c);
};

struct channel {
	int fd; /* -1: closed */
	struct buf out;
	struct reply reply;
	const struct channel_ops *ops;
	void *ctx;
};

void channel_init(struct channel *c, const struct channel_ops *ops, void *ctx);
void channel_close(struct channel *c);
/* Connects if needed, and queues the request. */
int channel_call(struct channel *c, const char *socket_path,
	const uint8_t *body, size_t size, struct err *e);
/* What to poll(2) for; 0 when closed. */
short channel_events(const struct channel *c);
/* Writes what can be written. */
int channel_flush(struct channel *c, struct err *e);
/* Reads what is there and calls ops; they may close the channel. -1: it broke,
 * or the agent closed it. */
int channel_read(struct channel *c, struct err *e);

#endif
