/*
 * io_conn.c - see io_conn.h.
 *
 * Reading: what is ready is read into a buffer on the stack and offered to the
 * owner from there, without a copy; only what it leaves is kept (`in`).
 * Writing: everything is appended to one buffer (`out`) and flushed when the
 * callback that runs has returned, or, outside of callbacks, by an event that
 * libevent runs at the end of the pass.
 *
 * Deadlines are lazy: moving one is a store, and the timer that fires too early
 * is armed again for the rest.
 */
#include "common/io_conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_tls.h"
#include "common/limits.h"
#include "common/list.h"
#include "common/mem.h"

#define CONN_MAGIC 0x636f6e6e /* "conn" */
/* More than this is not kept for the next answer. */
#define OUT_KEEP 0

enum state {
	STATE_CONNECT,	 /* waits for the socket */
	STATE_SNIFF,	 /* a TLS server's first byte: is it TLS at all? */
	STATE_HANDSHAKE, /* TLS */
	STATE_UP,
	STATE_LINGER, /* all is sent; waits for the peer to close */
	STATE_DOWN,   /* the owner knows, or has freed it */
};

struct conn {
	unsigned magic;
	enum state state;
	int fd;
	SSL *ssl; /* NULL: plain */
	struct event_base *base;
	const struct conn_ops *ops;
	void *ctx;
	struct event rd, wr, timer;
	struct buf in;	 /* what the owner left */
	struct buf out;	 /* to be sent, from `sent` on */
	size_t sent;	 /* bytes of out that are gone */
	uint64_t due;	 /* the owner's deadline; 0: none; all in ms */
	uint64_t wr_due; /* when a stuck write is given up; 0: none */
	uint64_t armed;	 /* when the timer fires; 0: it doesn't */
	uint64_t wr_timeout;
	unsigned busy;	    /* callbacks on the stack */
	int connect_failed; /* errno of connect() */
	bool paused;
	bool offer;	 /* `in` waits to be offered again */
	bool eof;	 /* the peer sends no more */
	bool eof_told;	 /* and the owner knows */
	bool finishing;	 /* no owner; frees itself */
	bool freed;	 /* as soon as busy is 0 */
	bool dead;	 /* a system call failed: nothing more goes out */
	bool want_write; /* TLS has to write before it can read */
	TAILQ_ENTRY(conn) link;
	char address[INET6_ADDRSTRLEN];
	char *label;
	struct err *broken; /* by the owner; or NULL */
};

/* Finished connections, which nobody else knows. Of each thread, as each event
 * base has one. */
static _Thread_local TAILQ_HEAD(, conn) orphans;

static void on_read(evutil_socket_t fd, short what, void *arg);
static void on_write(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);
static void leave(struct conn *c);

static struct conn *conn_cast(void *p)
{
	struct conn *c = p;

	CHECK(c != NULL);
	CHECK(c->magic == CONN_MAGIC);
	return c;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_MONOTONIC_COARSE, &t) == 0);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- a life ------------------------------------------------------------ */

static struct conn *conn_new(
	struct event_base *base, int fd, const struct conn_ops *ops, void *ctx)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	CHECK(ops->data != NULL);
	CHECK(ops->down != NULL);
	c->magic = CONN_MAGIC;
	c->fd = fd;
	c->base = base;
	c->ops = ops;
	c->ctx = ctx;
	CHECK(event_assign(
		      &c->rd, base, fd, EV_READ | EV_PERSIST, on_read, c) == 0);
	CHECK(event_assign(&c->wr, base, fd, EV_WRITE, on_write, c) == 0);
	CHECK(evtimer_assign(&c->timer, base, on_timer, c) == 0);
	return c;
}

static void address_text(struct conn *c, const struct sockaddr *sa)
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;
	const void *ip = &v4->sin_addr;
	int family = AF_INET;
	unsigned port = ntohs(v4->sin_port);

	if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6) {
		memcpy(c->address, "unix", sizeof("unix"));
		c->label = xstrdup("unix");
		return;
	}
	if (sa->sa_family == AF_INET6) {
		port = ntohs(v6->sin6_port);
		ip = &v6->sin6_addr;
		family = AF_INET6;
		if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
			ip = v6->sin6_addr.s6_addr + 12;
			family = AF_INET;
		}
	}
	CHECK(inet_ntop(family, ip, c->address, sizeof(c->address)) != NULL);
	c->label = xasprintf(
		family == AF_INET6 ? "[%s]:%u" : "%s:%u", c->address, port);
}

/* Small answers must not wait for an acknowledgement; a peer whose machine died
 * is noticed although nothing is sent. */
static void socket_options(int fd, const struct sockaddr *sa)
{
	int on = 1;
	int idle = 60;

	if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)
		return;
	/* Without these it works too, only not as well. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
}

struct conn *conn_accepted(struct event_base *base, int fd,
	struct ssl_ctx_st *tls, const struct conn_ops *ops, void *ctx)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	socklen_t size = sizeof(sa);
	struct conn *c = conn_new(base, fd, ops, ctx);

	/* A peer that has gone already has no address; it is seen below. */
	(void)getpeername(fd, (struct sockaddr *)&sa, &size);
	address_text(c, (const struct sockaddr *)&sa);
	socket_options(fd, (const struct sockaddr *)&sa);
	c->state = STATE_UP;
	if (tls != NULL) {
		c->ssl = tls_accept(tls, fd);
		c->state = STATE_SNIFF;
	}
	CHECK(event_add(&c->rd, NULL) == 0);
	return c;
}

struct conn *conn_connect(struct event_base *base, const struct conn_target *to,
	const struct conn_ops *ops, void *ctx)
{
	int fd = socket(to->addr->sa_family,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct conn *c = conn_new(base, fd, ops, ctx);

	address_text(c, to->addr);
	free(c->label);
	c->label = xstrdup(to->label);
	c->state = STATE_CONNECT;
	if (fd >= 0)
		socket_options(fd, to->addr);
	if (fd < 0 ||
		(connect(fd, to->addr, to->addr_size) != 0 &&
			errno != EINPROGRESS)) {
		/* Told from the loop, as every other failure. */
		c->dead = true;
		c->connect_failed = errno;
		event_active(&c->wr, EV_WRITE, 0);
		return c;
	}
	if (to->tls != NULL)
		c->ssl = tls_connect(to->tls, fd, to->tls_name, to->session);
	CHECK(event_add(&c->wr, NULL) == 0);
	return c;
}

static void stop_events(struct conn *c)
{
	(void)event_del(&c->rd);
	(void)event_del(&c->wr);
	(void)event_del(&c->timer);
	c->armed = 0;
}

static void destroy(struct conn *c)
{
	CHECK(c->busy == 0);
	stop_events(c);
	if (c->finishing)
		TAILQ_REMOVE(&orphans, c, link);
	/* Otherwise OpenSSL would hold its session for not resumable. */
	if (c->ssl != NULL)
		SSL_set_shutdown(
			c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(c->ssl);
	if (c->fd >= 0)
		(void)close(c->fd); /* nothing is lost that was not before */
	buf_fini(&c->in);
	buf_fini(&c->out);
	free(c->label);
	free(c->broken);
	c->magic = 0;
	free(c);
}

void conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	CHECK(!c->freed);
	CHECK(!c->finishing);
	c->state = STATE_DOWN;
	c->freed = true;
	if (c->busy == 0)
		destroy(c);
	else
		stop_events(c);
}

/* --- deadlines ----------------------------------------------------------- */

static void timer_arm(struct conn *c)
{
	uint64_t at = c->due;
	uint64_t now;
	struct timeval tv;

	if (c->wr_due != 0 && (at == 0 || c->wr_due < at))
		at = c->wr_due;
	if (at == 0 || (c->armed != 0 && c->armed <= at))
		return;
	now = now_ms();
	c->armed = at;
	at = at > now ? at - now : 1;
	tv.tv_sec = (time_t)(at / 1000);
	tv.tv_usec = (suseconds_t)(at % 1000 * 1000);
	CHECK(event_add(&c->timer, &tv) == 0);
}

void conn_deadline(struct conn *c, uint64_t ms)
{
	c->due = ms == 0 ? 0 : now_ms() + ms;
	timer_arm(c);
}

void conn_write_timeout(struct conn *c, uint64_t ms)
{
	c->wr_timeout = ms;
}

/* --- going down ------------------------------------------------------------ */

/* The owner hears it once; a connection without one goes silently. */
static void fail(struct conn *c, const struct err *why)
{
	CHECK(c->busy > 0);
	if (c->state == STATE_DOWN)
		return;
	c->state = STATE_DOWN;
	stop_events(c);
	if (c->finishing)
		c->freed = true;
	else
		c->ops->down(c->ctx, why);
}

static void fail_errno(struct conn *c, const char *what, int code)
{
	struct err e;

	(void)err_set(&e, code == ETIMEDOUT ? ERR_TIMEOUT : ERR_IO, "%s %s: %s",
		what, c->label, strerror(code));
	fail(c, &e);
}

static void fail_tls(struct conn *c, int ret)
{
	struct err e;

	c->dead = true; /* after a fatal error SSL_shutdown is forbidden */
	(void)tls_failed(c->ssl, ret, c->label, &e);
	fail(c, &e);
}

static void fail_eof(struct conn *c)
{
	struct err e = { .code = ERR_NONE };

	(void)snprintf(
		e.text, sizeof(e.text), "%s closed the connection", c->label);
	fail(c, &e);
}

void conn_break(struct conn *c, const struct err *why)
{
	if (c->broken != NULL || c->state == STATE_DOWN)
		return;
	c->broken = xmemdup(why, sizeof(*why));
	c->dead = true;
	buf_fini(&c->out);
	c->sent = 0;
	event_active(&c->timer, EV_TIMEOUT, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = conn_cast(arg);
	uint64_t now = now_ms();

	(void)fd, (void)what;
	c->busy++;
	c->armed = 0;
	if (c->broken != NULL) {
		fail(c, c->broken);
	} else if (c->wr_due != 0 && now >= c->wr_due) {
		fail_errno(c, "writing to", ETIMEDOUT);
	} else if (c->due != 0 && now >= c->due) {
		c->due = 0;
		if (c->finishing)
			fail_eof(c);
		else
			c->ops->late(c->ctx);
	}
	if (c->state != STATE_DOWN)
		timer_arm(c);
	leave(c);
}

/* --- writing ---------------------------------------------------------------- */

size_t conn_queued(const struct conn *c)
{
	return c->out.size - c->sent;
}

struct buf *conn_out(struct conn *c)
{
	if (c->busy == 0 && c->state >= STATE_UP && !c->dead)
		event_active(&c->wr, EV_WRITE, 0);
	return &c->out;
}

void conn_write(struct conn *c, const void *data, size_t size)
{
	buf_add(conn_out(c), data, size);
}

/* Bytes taken; 0: it would block; -1: the connection is down. */
static ssize_t write_some(struct conn *c, const char *data, size_t size)
{
	ssize_t n;
	int ret;

	if (c->ssl == NULL) {
		n = send(c->fd, data, size, MSG_NOSIGNAL);
		if (n >= 0)
			return n;
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		c->dead = true;
		fail_errno(c, "writing to", errno);
		return -1;
	}
	ERR_clear_error();
	ret = SSL_write(c->ssl, data, size < INT32_MAX ? (int)size : INT32_MAX);
	if (ret > 0)
		return ret;
	ret = SSL_get_error(c->ssl, ret);
	if (ret == SSL_ERROR_WANT_WRITE || ret == SSL_ERROR_WANT_READ)
		return 0;
	fail_tls(c, -1);
	return -1;
}

static void out_sent(struct conn *c, size_t n)
{
	c->sent += n;
	if (c->sent == c->out.size) {
		buf_fini(&c->out);
		c->sent = 0;
	} else if (c->sent >= CONN_WRITE_MAX && c->sent >= c->out.size / 2) {
		/* Moving at most as much as was sent: linear in all. */
		buf_drop(&c->out, c->sent);
		c->sent = 0;
	}
}

/* All is sent: says so to the peer, and waits for its end. */
static void linger(struct conn *c)
{
	if (c->eof || c->dead) {
		fail_eof(c);
		return;
	}
	c->state = STATE_LINGER;
	if (c->ssl != NULL && SSL_is_init_finished(c->ssl))
		(void)SSL_shutdown(c->ssl); /* a courtesy */
	(void)shutdown(c->fd, SHUT_WR);
	buf_fini(&c->in);
	CHECK(event_add(&c->rd, NULL) == 0);
	conn_deadline(c, CONN_LINGER_MS);
}

static void flush(struct conn *c)
{
	size_t budget = CONN_WRITE_MAX;
	ssize_t n = 1;

	while (conn_queued(c) > 0 && budget > 0 && n > 0) {
		size_t size = conn_queued(c);

		if (size > budget && c->ssl == NULL)
			size = budget;
		n = write_some(c, c->out.data + c->sent, size);
		if (n < 0)
			return;
		budget -= (size_t)n < budget ? (size_t)n : budget;
		if (n > 0) {
			out_sent(c, (size_t)n);
			c->wr_due = 0;
		}
	}
	if (conn_queued(c) > 0) {
		if (c->wr_timeout != 0 && c->wr_due == 0)
			c->wr_due = now_ms() + c->wr_timeout;
		timer_arm(c);
		CHECK(event_add(&c->wr, NULL) == 0);
	} else if (c->finishing && c->state == STATE_UP) {
		linger(c);
	} else if (!c->finishing && c->ops->drained != NULL) {
		c->ops->drained(c->ctx);
	}
}

/* The end of a callback: what it wrote leaves, what it freed goes. */
static void leave(struct conn *c)
{
	CHECK(c->busy > 0);
	if (c->busy == 1 && c->state == STATE_UP && !c->dead &&
		(conn_queued(c) > 0 || c->finishing) &&
		event_pending(&c->wr, EV_WRITE, NULL) == 0)
		flush(c);
	if (c->busy == 1 && c->state == STATE_UP && conn_queued(c) > 0 &&
		event_pending(&c->wr, EV_WRITE, NULL) == 0)
		event_active(&c->wr, EV_WRITE, 0); /* `drained` wrote more */
	c->busy--;
	if (c->busy == 0 && c->freed)
		destroy(c);
}

/* --- becoming ready ----------------------------------------------------------- */

static void be_up(struct conn *c)
{
	c->state = STATE_UP;
	c->want_write = false;
	if (!c->paused)
		CHECK(event_add(&c->rd, NULL) == 0);
	/* What the handshake read ahead makes no event. */
	if (c->ssl != NULL && SSL_has_pending(c->ssl))
		event_active(&c->rd, EV_READ, 0);
	if (c->ops->up != NULL)
		c->ops->up(c->ctx);
}

static void handshake(struct conn *c)
{
	int ret;
	int what;

	ERR_clear_error();
	errno = 0;
	ret = SSL_do_handshake(c->ssl);
	if (ret == 1) {
		be_up(c);
		return;
	}
	what = SSL_get_error(c->ssl, ret);
	if (what == SSL_ERROR_WANT_READ)
		CHECK(event_add(&c->rd, NULL) == 0);
	else if (what == SSL_ERROR_WANT_WRITE)
		CHECK(event_add(&c->wr, NULL) == 0);
	else
		fail_tls(c, ret);
}

static void no_tls(struct conn *c)
{
	SSL_free(c->ssl);
	c->ssl = NULL;
	c->state = STATE_UP;
	if (c->ops->plain != NULL)
		c->ops->plain(c->ctx);
	else
		fail_eof(c);
}

/* A TLS connection begins with a handshake record, 22. */
static void sniff(struct conn *c)
{
	uint8_t first;
	ssize_t n = recv(c->fd, &first, 1, MSG_PEEK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		fail_errno(c, "reading from", errno);
	} else if (n == 0) {
		fail_eof(c);
	} else if (first != 22) {
		no_tls(c);
	} else {
		c->state = STATE_HANDSHAKE;
		handshake(c);
	}
}

static void connected(struct conn *c)
{
	int code = c->connect_failed;
	socklen_t size = sizeof(code);

	if (!c->dead)
		CHECK(getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &code, &size) ==
			0);
	if (code != 0) {
		fail_errno(c, "connecting to", code);
	} else if (c->ssl != NULL) {
		c->state = STATE_HANDSHAKE;
		handshake(c);
	} else {
		be_up(c);
	}
}

static void progress(struct conn *c)
{
	switch (c->state) {
	case STATE_CONNECT:
		connected(c);
		break;
	case STATE_SNIFF:
		sniff(c);
		break;
	case STATE_HANDSHAKE:
		handshake(c);
		break;
	case STATE_UP:
	case STATE_LINGER:
	case STATE_DOWN:
		break;
	}
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = conn_cast(arg);
	bool was_up = c->state == STATE_UP;

	(void)fd, (void)what;
	c->busy++;
	progress(c);
	if (was_up && c->state == STATE_UP)
		flush(c);
	leave(c);
}

/* --- reading ------------------------------------------------------------------ */

/* Bytes read; 0: nothing now; -1: it is over, in order (eof) or not. */
static ssize_t read_some(struct conn *c, uint8_t *to, size_t size)
{
	ssize_t n;
	int ret;
	int what;

	if (c->ssl == NULL) {
		n = read(c->fd, to, size);
		if (n > 0)
			return n;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		c->eof = n == 0;
		if (n < 0) {
			c->dead = true;
			fail_errno(c, "reading from", errno);
		}
		return -1;
	}
	ERR_clear_error();
	errno = 0;
	ret = SSL_read(c->ssl, to, (int)size);
	if (ret > 0)
		return ret;
	what = SSL_get_error(c->ssl, ret);
	if (what == SSL_ERROR_WANT_READ)
		return 0;
	if (what == SSL_ERROR_WANT_WRITE) {
		CHECK(event_add(&c->wr, NULL) == 0);
		return 0;
	}
	if (what == SSL_ERROR_ZERO_RETURN)
		c->eof = true;
	else
		fail_tls(c, ret);
	return -1;
}

/* Fills the buffer, so that many small records make one call of the owner. */
static size_t read_all(struct conn *c, uint8_t *to, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while (have < size) {
		n = read_some(c, to + have, size - have);
		if (n <= 0)
			break;
		have += (size_t)n;
		/* Without TLS the rest is announced by the next event. */
		if (c->ssl == NULL || SSL_has_pending(c->ssl) == 0)
			break;
	}
	return have;
}

static void offer(struct conn *c, const uint8_t *data, size_t size)
{
	size_t used;

	if (c->in.size > 0) {
		buf_add(&c->in, data, size);
		used = c->ops->data(
			c->ctx, (const uint8_t *)c->in.data, c->in.size);
		CHECK(used <= c->in.size);
		buf_drop(&c->in, used);
		if (c->in.size == 0)
			buf_fini(&c->in);
		return;
	}
	used = c->ops->data(c->ctx, data, size);
	CHECK(used <= size);
	if (used < size)
		buf_add(&c->in, data + used, size - used);
}

static void offer_again(struct conn *c)
{
	c->offer = false;
	if (c->in.size > 0)
		offer(c, NULL, 0);
}

static void discard(struct conn *c)
{
	uint8_t bytes[4096];
	ssize_t n = read(c->fd, bytes, sizeof(bytes));

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fail_eof(c);
}

static bool reads(const struct conn *c)
{
	return c->state == STATE_UP && !c->paused && !c->eof && !c->finishing;
}

static void at_eof(struct conn *c)
{
	c->eof_told = true;
	(void)event_del(&c->rd);
	if (c->ops->eof != NULL)
		c->ops->eof(c->ctx);
	else
		fail_eof(c);
}

static void read_ready(struct conn *c)
{
	uint8_t bytes[CONN_READ_MAX];
	size_t n = read_all(c, bytes, sizeof(bytes));

	if (n > 0 && !c->freed && c->state == STATE_UP)
		offer(c, bytes, n);
	/* What TLS has read ahead makes no event. */
	if (reads(c) && c->ssl != NULL && n == sizeof(bytes))
		event_active(&c->rd, EV_READ, 0);
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = conn_cast(arg);

	(void)fd, (void)what;
	c->busy++;
	if (c->state == STATE_LINGER) {
		discard(c);
	} else if (c->state != STATE_UP) {
		progress(c);
	} else if (!c->finishing) {
		if (c->offer && !c->paused)
			offer_again(c);
		if (reads(c) && !c->offer)
			read_ready(c);
		if (c->eof && !c->eof_told && c->state == STATE_UP &&
			!c->finishing)
			at_eof(c);
	}
	leave(c);
}

void conn_pause(struct conn *c)
{
	if (c->paused)
		return;
	c->paused = true;
	if (c->state == STATE_UP)
		(void)event_del(&c->rd);
}

void conn_resume(struct conn *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	if (c->state != STATE_UP || c->finishing)
		return;
	if (!c->eof)
		CHECK(event_add(&c->rd, NULL) == 0);
	c->offer = true;
	event_active(&c->rd, EV_READ, 0);
}

/* --- owners --------------------------------------------------------------------- */

void conn_owner(struct conn *c, const struct conn_ops *ops, void *ctx)
{
	CHECK(ops->data != NULL);
	CHECK(ops->down != NULL);
	CHECK(!c->finishing);
	c->ops = ops;
	c->ctx = ctx;
	c->offer = true;
	c->eof_told = false;
	if (c->state == STATE_UP)
		event_active(&c->rd, EV_READ, 0);
}

void conn_finish(struct conn *c)
{
	CHECK(!c->freed);
	CHECK(!c->finishing);
	if (orphans.tqh_last == NULL)
		TAILQ_INIT(&orphans);
	TAILQ_INSERT_TAIL(&orphans, c, link);
	c->finishing = true;
	c->due = 0;
	if (c->state != STATE_UP) {
		c->state = STATE_DOWN;
		c->freed = true;
		if (c->busy == 0)
			destroy(c);
		return;
	}
	/* The peer may have stopped reading. */
	if (c->wr_timeout == 0)
		c->wr_timeout = CONN_LINGER_MS;
	(void)event_del(&c->rd);
	if (c->busy == 0)
		event_active(&c->wr, EV_WRITE, 0);
}

bool conn_is_up(const struct conn *c)
{
	return c->state == STATE_UP;
}

bool conn_is_tls(const struct conn *c)
{
	return c->ssl != NULL;
}

const char *conn_label(const struct conn *c)
{
	return c->label;
}

const char *conn_address(const struct conn *c)
{
	return c->address;
}

struct ssl_session_st *conn_session(const struct conn *c)
{
	SSL_SESSION *s;

	if (c->ssl == NULL || !SSL_is_init_finished(c->ssl))
		return NULL;
	s = SSL_get1_session(c->ssl);
	if (s != NULL && SSL_SESSION_is_resumable(s))
		return s;
	SSL_SESSION_free(s);
	return NULL;
}
