/*
 * raw.h - for tests: a peer that says exactly these bytes, in the same loop as
 * what is tested.
 */
#ifndef TESTS_RAW_H
#define TESTS_RAW_H

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/check.h"

struct raw {
	int fd;
	struct buf in; /* what has arrived */
	bool eof;
};

static inline struct raw raw_of(int fd)
{
	return (struct raw){ .fd = fd, .in = BUF_INIT };
}

static inline struct raw raw_connect(uint16_t port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	CHECK(connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0);
	return raw_of(fd);
}

static inline void raw_fini(struct raw *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = -1;
	buf_fini(&r->in);
}

static inline void raw_send(struct raw *r, const void *data, size_t size)
{
	const char *p = data;

	while (size > 0) {
		ssize_t n = send(r->fd, p, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return; /* the other side has enough: that is a test */
		p += n;
		size -= (size_t)n;
	}
}

static inline void raw_text(struct raw *r, const char *text)
{
	raw_send(r, text, strlen(text));
}

/* Runs what is ready for at most that long. */
static inline void raw_turn(struct event_base *base, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)event_base_loopexit(base, &tv);
	(void)event_base_loop(base, EVLOOP_ONCE);
}

static inline void raw_take(struct raw *r)
{
	char bytes[16384];
	ssize_t n;

	for (;;) {
		n = recv(r->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n <= 0)
			break;
		buf_add(&r->in, bytes, (size_t)n);
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		r->eof = true;
}

/* Until the text has come, or all, or that long has passed. */
static inline bool raw_until(
	struct raw *r, struct event_base *base, const char *text)
{
	for (int i = 0; i < 3000; i++) {
		raw_take(r);
		if (text != NULL && r->in.size > 0 &&
			memmem(r->in.data, r->in.size, text, strlen(text)) !=
				NULL)
			return true;
		if (r->eof)
			return text == NULL;
		raw_turn(base, 1);
	}
	return false;
}

#endif
