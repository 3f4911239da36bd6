/*
 * bench_http_limit - what no HTTP server can be faster than here: the same calls
 * as in bench_http, answered by a server that only counts their bytes. Sockets
 * and epoll, and OpenSSL on them.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "certs.h"
#include "common/io_tls.h"
#include "httpload.h"

static const struct load_setting SETTINGS[] = {
	{ "plain, 64 connections", false, 64, 1, 100000, 0 },
	{ "plain, 4 connections, pipelined 16", false, 4, 16, 200000, 0 },
	{ "tls, 64 connections", true, 64, 1, 100000, 0 },
	{ "tls, 4 connections, pipelined 16", true, 4, 16, 200000, 0 },
};

#define FILES_MAX 1024

static SSL *tls_of[FILES_MAX];
static size_t left_of[FILES_MAX]; /* bytes of a request that was cut */

static int accept_one(int listener, SSL_CTX *ctx)
{
	int on = 1;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(fd < FILES_MAX);
	CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
	if (ctx == NULL)
		return fd;
	tls_of[fd] = SSL_new(ctx);
	CHECK(SSL_set_fd(tls_of[fd], fd) == 1);
	CHECK(SSL_accept(tls_of[fd]) == 1); /* blocks: only the start */
	return fd;
}

static size_t take(int fd, char *to, size_t size)
{
	ssize_t n;

	if (tls_of[fd] != NULL) {
		size_t all = 0;

		do {
			int m = SSL_read(
				tls_of[fd], to + all, (int)(size - all));

			if (m <= 0)
				break;
			all += (size_t)m;
		} while (SSL_has_pending(tls_of[fd]) && all < size);
		return all;
	}
	n = recv(fd, to, size, 0);
	return n > 0 ? (size_t)n : 0;
}

static void answer(int fd, size_t n)
{
	static const char one[] = "HTTP/1.1 202 Accepted\r\n"
				  "Date: Mon, 23 Nov 2026 00:00:00 GMT\r\n"
				  "Content-Length: 0\r\n\r\n";
	char all[64 * sizeof(one)];
	size_t size = 0;

	CHECK(n <= 64);
	for (size_t i = 0; i < n; i++) {
		memcpy(all + size, one, sizeof(one) - 1);
		size += sizeof(one) - 1;
	}
	if (tls_of[fd] != NULL)
		CHECK(SSL_write(tls_of[fd], all, (int)size) == (int)size);
	else
		CHECK(send(fd, all, size, MSG_NOSIGNAL) == (ssize_t)size);
}

static bool serve_one(int fd)
{
	static size_t request; /* size of each; they are equal */
	char in[65536];
	size_t n = take(fd, in, sizeof(in));

	if (n == 0)
		return false;
	if (request == 0) {
		char *end = memmem(in, n, "\r\n\r\n", 4);

		CHECK(end != NULL);
		request = (size_t)(end - in) + 4 + LOAD_BODY_SIZE;
	}
	n += left_of[fd];
	left_of[fd] = n % request;
	if (n >= request)
		answer(fd, n / request);
	return true;
}

static struct ssl_ctx_st *context(bool is_server)
{
	static char dir[] = "/tmp/butte-bench-limit-XXXXXX";
	struct cert_wish wish = { .name = "bench", .sans = "IP:127.0.0.1" };
	struct tls_config c = { .ca_file = NULL };
	char cert[64];
	char key[64];
	struct ssl_ctx_st *ctx;
	struct err e;

	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	CHECK(mkdtemp(dir) != NULL);
	certs_issue(&wish, dir, "x");
	(void)snprintf(cert, sizeof(cert), "%s/x.pem", dir);
	(void)snprintf(key, sizeof(key), "%s/x.key", dir);
	if (is_server) {
		c.cert_file = cert;
		c.key_file = key;
	}
	ctx = is_server ? tls_server_new(&c, &e) : tls_client_new(&c, &e);
	CHECK(ctx != NULL);
	/* Each side has a certificate of its own: nothing to verify with. */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	(void)unlink(cert);
	(void)unlink(key);
	(void)rmdir(dir);
	return ctx;
}

static void serve(const struct load_setting *set, int port_pipe)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(sa);
	struct epoll_event events[64];
	struct epoll_event ev = { .events = EPOLLIN };
	SSL_CTX *ctx = set->tls ? context(true) : NULL;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ep = epoll_create1(EPOLL_CLOEXEC);
	uint16_t port;

	CHECK(bind(listener, (struct sockaddr *)&sa, sizeof(sa)) == 0);
	CHECK(listen(listener, 128) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&sa, &size) == 0);
	port = ntohs(sa.sin_port);
	ev.data.fd = listener;
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev) == 0);
	CHECK(write(port_pipe, &port, sizeof(port)) == sizeof(port));
	for (;;) {
		int n = epoll_wait(ep, events, 64, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == listener) {
				ev.data.fd = accept_one(listener, ctx);
				CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, ev.data.fd,
					      &ev) == 0);
				/* Read ahead with the handshake. */
				if (ctx != NULL &&
					SSL_has_pending(tls_of[ev.data.fd]))
					CHECK(serve_one(ev.data.fd));
			} else if (!serve_one(fd)) {
				_exit(0); /* the run is over */
			}
		}
	}
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(SETTINGS); i++) {
		const struct load_setting *set = &SETTINGS[i];
		struct ssl_ctx_st *ctx = set->tls ? context(false) : NULL;
		double figures[LOAD_RUNS];

		for (int j = 0; j < LOAD_RUNS; j++)
			figures[j] = load_measure(set, serve, ctx).calls;
		load_print("only bytes", set, figures, LOAD_CALLS);
		tls_free(ctx);
	}
	return 0;
}
