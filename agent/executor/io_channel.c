/* io_channel.c - see io_channel.h. */
#include "agent/executor/io_channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/err.h"

#define READ_SIZE 4096

static int channel_open(struct channel *c, const char *path, struct err *e);

void channel_init(struct channel *c, const struct channel_ops *ops, void *ctx)
{
	*c = (struct channel){ .fd = -1, .ops = ops, .ctx = ctx };
	buf_init(&c->out);
	reply_init(&c->reply);
}

void channel_close(struct channel *c)
{
	if (c->fd >= 0)
		(void)close(c->fd); /* a socket: nothing can be lost here */
	c->fd = -1;
	buf_fini(&c->out);
	reply_init(&c->reply);
}

int channel_call(struct channel *c, const char *socket_path,
	const uint8_t *body, size_t size, struct err *e)
{
	if (c->fd < 0 && channel_open(c, socket_path, e) != 0)
		return -1;
	buf_printf(&c->out,
		"POST /api/v1/executor HTTP/1.1\r\n"
		"Host: agent\r\n"
		"Content-Type: application/x-protobuf\r\n"
		"Accept: application/x-protobuf\r\n"
		"Content-Length: %zu\r\n\r\n",
		size);
	buf_add(&c->out, body, size);
	return 0;
}

static int channel_open(struct channel *c, const char *path, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(
			e, ERR_LIMIT, "socket '%s': path too long", path);
	memcpy(sa.sun_path, path, strlen(path));
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return err_set(e, ERR_IO, "socket: %s", strerror(errno));
	if (connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		(void)err_set(e, ERR_IO, "connect to '%s': %s", path,
			strerror(errno));
		channel_close(c);
		return -1;
	}
	return 0;
}

short channel_events(const struct channel *c)
{
	if (c->fd < 0)
		return 0;
	return c->out.size > 0 ? POLLIN | POLLOUT : POLLIN;
}

int channel_flush(struct channel *c, struct err *e)
{
	ssize_t n;

	while (c->fd >= 0 && c->out.size > 0) {
		n = send(c->fd, c->out.data, c->out.size, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			return err_set(e, ERR_IO, "send: %s", strerror(errno));
		buf_drop(&c->out, (size_t)n);
	}
	if (c->out.cap > 0 && c->out.size == 0)
		buf_fini(&c->out);
	return 0;
}

static int parse(
	struct channel *c, const uint8_t *data, size_t size, struct err *e)
{
	struct reply_part part;

	do {
		if (reply_next(&c->reply, &data, &size, &part, e) != 0)
			return -1;
		if (part.type == REPLY_HEAD)
			c->ops->head(c->ctx, c, part.status);
		else if (part.type == REPLY_BODY)
			c->ops->body(c->ctx, c, part.data, part.size);
		else if (part.type == REPLY_END)
			c->ops->end(c->ctx, c);
	} while (c->fd >= 0 && part.type != REPLY_MORE);
	return 0;
}

int channel_read(struct channel *c, struct err *e)
{
	uint8_t in[READ_SIZE];
	ssize_t n;

	while (c->fd >= 0) {
		n = recv(c->fd, in, sizeof(in), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			return err_set(e, ERR_IO, "recv: %s", strerror(errno));
		if (n == 0)
			return err_set(e, ERR_IO, "the agent hung up");
		if (parse(c, in, (size_t)n, e) != 0)
			return -1;
		if ((size_t)n < sizeof(in))
			return 0;
	}
	return 0;
}
