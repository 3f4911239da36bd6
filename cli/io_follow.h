/*
 * io_follow.h - a file in a task's sandbox, read as it grows.
 *
 * Asks the agent again and again, without blocking the event base. A file that
 * isn't there yet is waited for. Bytes arrive unchanged (the agent's READ_FILE).
 */
#ifndef CLI_IO_FOLLOW_H
#define CLI_IO_FOLLOW_H

#include <stddef.h>
#include <stdint.h>

struct client;
struct client_agent;
struct err;
struct follow;

struct follow_ops {
	void (*data)(void *ctx, const uint8_t *data, size_t size);
	/* All there was has been read after follow_finish(), or the agent can't
	 * be asked any more (why). Called once; then follow_free(). */
	void (*done)(void *ctx, const struct err *why);
};

/* From offset on. */
struct follow *follow_new(struct client *c, const struct client_agent *agent,
	const char *path, uint64_t offset, const struct follow_ops *ops,
	void *ctx);
/* The file will not grow any more: read to its end, then ops->done. */
void follow_finish(struct follow *f);
void follow_free(struct follow *f);

#endif
