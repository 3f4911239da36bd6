/* io_http_server_listen.c - see io_http.h: addresses and accepting. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/check.h"
#include "common/err.h"
#include "common/io_http_server.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"

#define LISTENER_MAGIC 0x6c73746e /* "lstn" */
/* Of /proc/PID/cgroup: a line per hierarchy, each a path. */
#define CGROUP_TEXT_MAX (16 * 1024)
#define BACKLOG		4096 /* the kernel cuts it to its own maximum */

static void on_accept(evutil_socket_t fd, short what, void *arg);
static void on_resume(evutil_socket_t fd, short what, void *arg);

static struct http_listener *listener_add(struct http_server *s, int fd)
{
	struct http_listener *l = xcalloc(1, sizeof(*l));

	l->magic = LISTENER_MAGIC;
	l->server = s;
	l->fd = fd;
	CHECK(event_assign(&l->accept, s->base, fd, EV_READ | EV_PERSIST,
		      on_accept, l) == 0);
	CHECK(evtimer_assign(&l->resume, s->base, on_resume, l) == 0);
	CHECK(event_add(&l->accept, NULL) == 0);
	TAILQ_INSERT_TAIL(&s->listeners, l, link);
	return l;
}

void http_server_listen_stop(struct http_listener *l)
{
	CHECK(l->magic == LISTENER_MAGIC);
	TAILQ_REMOVE(&l->server->listeners, l, link);
	(void)event_del(&l->accept);
	(void)event_del(&l->resume);
	(void)close(l->fd);
	if (l->unix_path != NULL)
		(void)unlink(l->unix_path); /* the next start replaces it */
	free(l->unix_path);
	l->magic = 0;
	free(l);
}

/* Without descriptors accept() fails at once and again: no use in trying until
 * some have been closed. */
static void accept_pause(struct http_listener *l, int code)
{
	struct timeval tv = { .tv_usec = HTTP_ACCEPT_PAUSE_MS * 1000 };

	log_warn("http_accept_paused",
		"reason='%s' pause_ms=%d advice='raise the limit of open "
		"files (ulimit -n)'",
		strerror(code), HTTP_ACCEPT_PAUSE_MS);
	(void)event_del(&l->accept);
	CHECK(event_add(&l->resume, &tv) == 0);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct http_listener *l = arg;

	(void)fd, (void)what;
	CHECK(l->magic == LISTENER_MAGIC);
	CHECK(event_add(&l->accept, NULL) == 0);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct http_listener *l = arg;
	int n;

	(void)what;
	CHECK(l->magic == LISTENER_MAGIC);
	for (int i = 0; i < HTTP_ACCEPT_MAX; i++) {
		n = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (n >= 0) {
			http_server_accepted(l, n);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			errno == ENOMEM)
			accept_pause(l, errno);
		/* Of the rest, each is one client's bad luck. */
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

/* --- TCP -------------------------------------------------------------------- */

/* An open socket, or -1 and errno. */
static int tcp_open(const struct addrinfo *a)
{
	int on = 1;
	int off = 0;
	int saved;
	int fd = socket(a->ai_family,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* "::" is for everybody. */
	if (a->ai_family == AF_INET6)
		(void)setsockopt(
			fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
		listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage sa;
	socklen_t size = sizeof(sa);

	CHECK(getsockname(fd, (struct sockaddr *)&sa, &size) == 0);
	if (sa.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&sa)->sin6_port);
	return ntohs(((struct sockaddr_in *)&sa)->sin_port);
}

static void port_set(struct sockaddr *sa, uint16_t port)
{
	if (sa->sa_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)sa)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)(void *)sa)->sin_port = htons(port);
}

static int tcp_failed(
	const char *address, uint16_t port, int code, struct err *e)
{
	const char *advice = "";

	if (code == EADDRINUSE)
		advice = ": another program has this port; choose another one "
			 "(--port)";
	else if (code == EADDRNOTAVAIL)
		advice = ": it is not an address of this machine (--ip)";
	else if (code == EACCES)
		advice = ": ports below 1024 are for root";
	return err_set(e, ERR_IO, "listening on %s port %u: %s%s", address,
		port, strerror(code), advice);
}

int http_server_listen(struct http_server *s, const char *address,
	uint16_t port, struct ssl_ctx_st *tls, struct err *e)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE };
	struct addrinfo *all;
	uint16_t given = port;
	int code = 0;
	int n = 0;
	int ret = getaddrinfo(address, NULL, &hints, &all);

	if (ret != 0)
		return err_set(e, ERR_INVALID, "listening on '%s': %s", address,
			gai_strerror(ret));
	/* A name such as localhost has several addresses; one port for all. */
	for (struct addrinfo *a = all; a != NULL; a = a->ai_next) {
		struct http_listener *l;
		int fd;

		port_set(a->ai_addr, port);
		fd = tcp_open(a);
		if (fd < 0) {
			code = errno;
			continue;
		}
		l = listener_add(s, fd);
		l->tls = tls;
		l->port = port_of(fd);
		port = l->port;
		n++;
	}
	freeaddrinfo(all);
	return n > 0 ? 0 : tcp_failed(address, given, code, e);
}

/* --- unix ------------------------------------------------------------------- */

char *http_server_listen_peer(int fd)
{
	struct ucred who = { 0 };
	socklen_t size = sizeof(who);
	char path[64], text[CGROUP_TEXT_MAX];
	size_t n = 0;
	ssize_t got = 0;
	int file;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 ||
		who.pid <= 0) /* 0: of a pid namespace that we don't see */
		return xstrdup("");
	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)who.pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return xstrdup("");
	while (n < sizeof(text) - 1 &&
		(got = read(file, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	(void)close(file); /* only read from */
	text[got < 0 ? 0 : n] = '\0';
	return xstrdup(text);
}

/* Removes the socket file that a dead process left. */
static int unix_clear(const struct sockaddr_un *sa, struct err *e)
{
	struct stat st;
	int fd;
	int ret;

	if (lstat(sa->sun_path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_EXISTS,
			"listening on '%s': a file that is not a socket is "
			"there",
			sa->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(e, ERR_IO, "socket: %s", strerror(errno));
	ret = connect(fd, (const struct sockaddr *)sa, sizeof(*sa));
	(void)close(fd);
	if (ret == 0)
		return err_set(e, ERR_EXISTS,
			"listening on '%s': another process does already",
			sa->sun_path);
	(void)unlink(sa->sun_path); /* else bind() says what is wrong */
	return 0;
}

int http_server_listen_unix(
	struct http_server *s, const char *path, unsigned mode, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct http_listener *l;
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(e, ERR_INVALID,
			"listening on '%s': longer than %zu bytes", path,
			sizeof(sa.sun_path) - 1);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (unix_clear(&sa, e) != 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* Nobody can connect before listen(), when the mode is right. */
	if (fd < 0 || bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) != 0 ||
		chmod(path, (mode_t)mode) != 0 || listen(fd, BACKLOG) != 0) {
		(void)err_set(e, ERR_IO, "listening on '%s': %s", path,
			strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	l = listener_add(s, fd);
	l->unix_path = xstrdup(path);
	return 0;
}
