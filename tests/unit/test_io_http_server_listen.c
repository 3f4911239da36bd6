/* Where the HTTP server listens, and whom it accepts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "certs.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_tls.h"
#include "common/log.h"
#include "common/mem.h"
#include "raw.h"

struct world {
	struct event_base *base;
	struct http_server *server;
	uint16_t port;
	int n_requests;
};

static char log_text[512];

static void on_log(enum log_level level, const char *event, const char *text)
{
	if (level <= LOG_LEVEL_WARN)
		(void)snprintf(
			log_text, sizeof(log_text), "%s %s", event, text);
}

static void on_request(
	void *ctx, struct http_req *r, const uint8_t *body, size_t size)
{
	struct world *w = ctx;

	(void)body, (void)size;
	w->n_requests++;
	http_reply_text(w->server, http_req_id(r), 200, "%s from %s",
		http_req_path(r), http_req_peer(r));
}

static const struct http_server_ops OPS = { .request = on_request };

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct err e;

	log_text[0] = '\0';
	log_hook_set(on_log);
	w->base = event_base_new();
	w->server = http_server_new(w->base, &OPS, w);
	if (http_server_listen(w->server, "127.0.0.1", 0, NULL, &e) != 0)
		fail_msg("%s", e.text);
	w->port = http_server_port(w->server);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	http_server_free(w->server);
	event_base_free(w->base);
	free(w);
	return 0;
}

static void until(struct world *w, struct raw *c, const char *text)
{
	if (!raw_until(c, w->base, text))
		fail_msg("'%s' never came, only '%s'",
			text != NULL ? text : "the end", buf_str(&c->in));
}

/* --- addresses -------------------------------------------------------------------- */

static void test_ipv6(void **state)
{
	struct world *w = *state;
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct http_server *s = http_server_new(w->base, &OPS, w);
	struct http_server *own;
	struct raw c = raw_of(socket(AF_INET6, SOCK_STREAM, 0));
	struct err e;

	if (http_server_listen(s, "::1", 0, NULL, &e) != 0)
		fail_msg("%s", e.text);
	own = w->server;
	w->server = s;
	sa.sin6_port = htons(http_server_port(s));
	assert_int_equal(connect(c.fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	raw_text(&c, "GET /peer HTTP/1.1\r\nHost: x\r\n\r\n");
	until(w, &c, "/peer from ::1");
	raw_fini(&c);
	http_server_free(s);
	w->server = own;
}

static void test_unix(void **state)
{
	struct world *w = *state;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct raw c;
	struct err e;
	struct stat st;

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path),
		"/tmp/butte-test-http-%d", (int)getpid());
	/* A file that a dead process left. */
	c = raw_of(socket(AF_UNIX, SOCK_STREAM, 0));
	assert_int_equal(bind(c.fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	raw_fini(&c);
	if (http_server_listen_unix(w->server, sa.sun_path, 0600, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(stat(sa.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* Not twice. */
	assert_int_equal(
		http_server_listen_unix(w->server, sa.sun_path, 0600, &e), -1);
	assert_non_null(strstr(e.text, "another process does already"));
	c = raw_of(socket(AF_UNIX, SOCK_STREAM, 0));
	assert_int_equal(connect(c.fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	raw_text(&c, "GET /peer HTTP/1.1\r\nHost: x\r\n\r\n");
	until(w, &c, "/peer from unix");
	raw_fini(&c);
}

static void test_listen_errors(void **state)
{
	struct world *w = *state;
	struct err e;

	assert_int_equal(
		http_server_listen(w->server, "127.0.0.1", w->port, NULL, &e),
		-1);
	assert_non_null(strstr(e.text, "another program has this port"));
	assert_int_equal(
		http_server_listen(w->server, "192.0.2.1", 0, NULL, &e), -1);
	assert_non_null(strstr(e.text, "not an address of this machine"));
	assert_int_equal(
		http_server_listen(w->server, "no such host", 0, NULL, &e), -1);
	assert_int_equal(
		http_server_listen_unix(w->server, "/nowhere/x", 0600, &e), -1);
	assert_int_equal(
		http_server_listen_unix(w->server, "/dev/null", 0600, &e), -1);
	assert_non_null(strstr(e.text, "not a socket"));
}

/* --- TLS ------------------------------------------------------------------------------------ */

static void test_plain_on_tls(void **state)
{
	struct world *w = *state;
	char dir[] = "/tmp/butte-test-http-XXXXXX";
	struct cert_wish wish = { .name = "x", .sans = "IP:127.0.0.1" };
	char *cert;
	char *key;
	struct tls_config config = { .verify_client = TLS_VERIFY_NONE };
	struct ssl_ctx_st *ctx;
	struct http_server *s = http_server_new(w->base, &OPS, w);
	struct raw c;
	struct err e;

	assert_non_null(mkdtemp(dir));
	certs_issue(&wish, dir, "x");
	config.cert_file = cert = xasprintf("%s/x.pem", dir);
	config.key_file = key = xasprintf("%s/x.key", dir);
	ctx = tls_server_new(&config, &e);
	assert_non_null(ctx);
	assert_int_equal(http_server_listen(s, "127.0.0.1", 0, ctx, &e), 0);
	c = raw_connect(http_server_port(s));
	raw_text(&c, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
	until(w, &c, NULL);
	assert_non_null(strstr(c.in.data, "HTTP/1.1 400 "));
	assert_non_null(
		strstr(c.in.data, "this port speaks TLS: use https://"));
	raw_fini(&c);
	assert_int_equal(w->n_requests, 0);
	/* And silence is not waited for. */
	http_server_limits(s)->head_timeout_ms = 50;
	c = raw_connect(http_server_port(s));
	until(w, &c, NULL);
	raw_fini(&c);
	http_server_free(s);
	tls_free(ctx);
	(void)unlink(cert);
	(void)unlink(key);
	(void)rmdir(dir);
	free(cert);
	free(key);
}

static void test_tls_on_plain(void **state)
{
	struct world *w = *state;
	struct raw c = raw_connect(w->port);

	raw_send(&c, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
	until(w, &c, NULL);
	assert_int_equal(c.in.size, 0);
	raw_fini(&c);
}

/* Out of descriptors: who is connected goes on, and accepting does later. */
static void test_out_of_files(void **state)
{
	struct world *w = *state;
	struct raw first = raw_connect(w->port);
	struct raw second;
	struct rlimit old;
	struct rlimit low;
	int highest;

	raw_text(&first, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
	until(w, &first, "/a from");
	second = raw_connect(w->port);
	highest = dup(first.fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)highest;
	(void)close(highest);
	/* Fills the hole, so that accept() finds none. */
	highest = dup(first.fd);
	low.rlim_cur = (rlim_t)highest + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	for (int i = 0; i < 20; i++)
		raw_turn(w->base, 1);
	assert_non_null(strstr(log_text, "http_accept_paused"));
	raw_text(&first, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
	until(w, &first, "/b from");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	raw_text(&second, "GET /c HTTP/1.1\r\nHost: x\r\n\r\n");
	until(w, &second, "/c from");
	(void)close(highest);
	raw_fini(&first);
	raw_fini(&second);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ipv6),
		TEST(test_unix),
		TEST(test_listen_errors),
		TEST(test_out_of_files),
		TEST(test_plain_on_tls),
		TEST(test_tls_on_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
