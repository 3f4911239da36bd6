/*
 * io_http_client_upgrade.c - see io_http.h: a client of its own for the one
 * call whose answer is 101, and whose connection is then given away.
 */
#include <openssl/ssl.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/io_conn.h"
#include "common/io_http_client.h"
#include "common/mem.h"

struct http_client_up {
	struct http_client *outer;
	struct http_client *inner;
	http_upgraded_f *done;
	void *ctx;
	TAILQ_ENTRY(http_client_up) link;
};

static void on_done(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e);

void http_client_upgrade(struct http_client *c, const char *target,
	const char *protocol, http_upgraded_f *done, void *ctx)
{
	struct http_client_up *u = xcalloc(1, sizeof(*u));
	struct http_endpoint to = { c->host, c->port, c->unix_path, c->tls,
		c->tls_name };
	struct http_header headers[] = { { "Connection", "Upgrade" },
		{ "Upgrade", protocol }, { NULL, NULL } };
	struct http_call_ops ops = { .done = on_done };
	struct http_call_job *j;

	u->outer = c;
	u->done = done;
	u->ctx = ctx;
	u->inner = http_client_new(c->base, &to);
	http_client_timeout(u->inner, c->timeout_ms);
	if (c->session != NULL && SSL_SESSION_up_ref(c->session) == 1)
		u->inner->session = c->session;
	TAILQ_INSERT_TAIL(&c->ups, u, link);
	j = http_call_new(u->inner, "GET", target, headers, &ops);
	j->ctx = u;
	j->upgrade = true;
	j->may_retry = false;
	http_call_body(j, NULL, 0);
	http_client_add(u->inner, j);
}

/* The next connection resumes this one's. */
static void keep_session(struct http_client *c, const struct conn *conn)
{
	struct ssl_session_st *s = conn_session(conn);

	if (s == NULL)
		return;
	SSL_SESSION_free(c->session);
	c->session = s;
}

static void on_done(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e)
{
	struct http_client_up *u = ctx;
	struct conn *conn = NULL;
	struct err why = *e;

	if (status == 101) {
		conn = http_client_give(u->inner);
		keep_session(u->outer, conn);
	} else if (status != 0) {
		(void)err_set(&why, ERR_DENIED,
			"%s refused the upgrade with status %d: %.*s",
			u->inner->label, status, (int)(size < 200 ? size : 200),
			(const char *)body);
	}
	if (u->outer != NULL)
		TAILQ_REMOVE(&u->outer->ups, u, link);
	u->done(u->ctx, conn, &why);
	/* Ended by its own end: http_client_upgrade_stop(). */
	if (!u->inner->freed)
		http_client_free(u->inner);
	free(u);
}

void http_client_upgrade_stop(struct http_client_up *u)
{
	TAILQ_REMOVE(&u->outer->ups, u, link);
	u->outer = NULL;
	http_client_free(u->inner); /* calls on_done() */
}
