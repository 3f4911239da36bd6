/* io_client.c - see io_client.h. */
#include "cli/io_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "cli/args.h"
#include "common/arena.h"
#include "common/base64.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_tls.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/msg.h"

#define MEDIA	      "application/x-protobuf"
#define CONFIG_MAX    (64 * 1024)
#define REDIRECTS_MAX 5
#define TIMEOUT_MS    10000
#define AGENT_PORT    5051

struct peer {
	TAILQ_ENTRY(peer) next;
	struct address to;
	struct http_client *http;
};

struct client {
	struct settings settings;
	struct event_base *base;
	struct ssl_ctx_st *tls; /* NULL: plain text */
	struct address masters[ADDRESS_LIST_MAX];
	size_t n_masters;
	struct address leader;
	bool has_leader;
	char *authorization;
	uint64_t timeout_ms;
	TAILQ_HEAD(peers, peer) peers;
};

/* --- settings ------------------------------------------------------------ */

/* The file's text; NULL without an error: it isn't there. */
static char *read_config(const char *path, struct err *e)
{
	CLEANUP(mem_freep) char *text = xcalloc(1, CONFIG_MAX + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return NULL;
	n = fd >= 0 ? read(fd, text, CONFIG_MAX) : -1;
	if (n < 0)
		(void)err_set(e, ERR_IO, "config file '%s': %s", path,
			strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return n >= 0 ? STEAL(text) : NULL;
}

static int read_ours(struct settings *s, const char *path, struct err *e)
{
	struct err failed = { ERR_NONE, "" };
	CLEANUP(mem_freep) char *text = read_config(path, &failed);

	if (failed.code != ERR_NONE)
		return err_set(e, failed.code, "%s", failed.text);
	if (text != NULL && settings_parse(s, text, e) != 0)
		return err_wrap(e, "config file '%s'", path);
	return 0;
}

/* Somebody else's file: what can't be read is not there. */
static void read_mesos(struct settings *s, const char *path)
{
	CLEANUP(mem_freep) char *text = read_config(path, NULL);

	if (text != NULL)
		settings_parse_mesos(s, text);
}

int client_settings(struct settings *s, const struct args *a, struct err *e)
{
	const char *home = getenv("HOME");
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *own = getenv("BUTTE_CONFIG");
	CLEANUP(mem_freep) char *ours = NULL;
	CLEANUP(mem_freep) char *mesos = NULL;

	settings_flags(s, a);
	for (enum settings_key k = 0; k < SETTINGS_KEYS; k++)
		settings_set(s, k, getenv(settings_environment[k]),
			SETTINGS_ENVIRONMENT);
	settings_plaintext_env(s, getenv("BUTTE_PLAINTEXT"));
	if (own != NULL)
		ours = xstrdup(own);
	else if (xdg != NULL && *xdg != '\0')
		ours = xasprintf("%s/butte/config", xdg);
	else if (home != NULL)
		ours = xasprintf("%s/.config/butte/config", home);
	if (ours != NULL && read_ours(s, ours, e) != 0)
		return -1;
	if (home != NULL)
		mesos = xasprintf("%s/.mesos/config.toml", home);
	if (mesos != NULL)
		read_mesos(s, mesos);
	return settings_finish(s, e);
}

/* --- beginning and end --------------------------------------------------- */

static int setup(struct client *c, struct err *e)
{
	char *const *v = c->settings.values;
	struct tls_config tls = {
		.ca_file = v[SETTINGS_CACERT],
		.cert_file = v[SETTINGS_CERT],
		.key_file = v[SETTINGS_KEY],
	};
	struct buf basic = BUF_INIT;

	if (address_list(c->masters, &c->n_masters, v[SETTINGS_MASTER], 5050,
		    e) != 0)
		return err_wrap(e, "master (%s)",
			settings_source_text(
				c->settings.from[SETTINGS_MASTER]));
	if (!settings_plaintext(&c->settings)) {
		c->tls = tls_client_new(&tls, e);
		if (c->tls == NULL)
			return -1;
	}
	if (v[SETTINGS_PRINCIPAL] != NULL) {
		CLEANUP(mem_freep)
		char *plain = xasprintf("%s:%s", v[SETTINGS_PRINCIPAL],
			v[SETTINGS_SECRET] != NULL ? v[SETTINGS_SECRET] : "");

		buf_add_str(&basic, "Basic ");
		base64_encode(&basic, (const uint8_t *)plain, strlen(plain));
		c->authorization = buf_steal(&basic);
	}
	c->base = event_base_new();
	if (c->base == NULL)
		return err_set(e, ERR_IO, "no event base: %s", strerror(errno));
	return 0;
}

int client_new(struct client **ret, const struct args *a, struct err *e)
{
	CLEANUP(client_freep) struct client *c = xcalloc(1, sizeof(*c));

	TAILQ_INIT(&c->peers);
	c->timeout_ms = args_number(a, "timeout", TIMEOUT_MS);
	if (client_settings(&c->settings, a, e) != 0 || setup(c, e) != 0)
		return -1;
	*ret = STEAL(c);
	return 0;
}

void client_free(struct client *c)
{
	struct peer *p;

	if (c == NULL)
		return;
	while ((p = TAILQ_FIRST(&c->peers)) != NULL) {
		TAILQ_REMOVE(&c->peers, p, next);
		http_client_free(p->http);
		free(p);
	}
	tls_free(c->tls);
	if (c->base != NULL)
		event_base_free(c->base);
	free(c->authorization);
	settings_fini(&c->settings);
	free(c);
}

void client_freep(struct client **c)
{
	client_free(*c);
}

struct event_base *client_base(const struct client *c)
{
	return c->base;
}

const struct settings *client_settings_of(const struct client *c)
{
	return &c->settings;
}

/* --- one exchange -------------------------------------------------------- */

struct http_client *client_http_new(struct client *c, const struct address *to)
{
	struct http_endpoint at = { .host = to->host, .port = to->port };
	struct http_client *http;

	at.tls = to->scheme == ADDRESS_HTTP ? NULL : c->tls;
	http = http_client_new(c->base, &at);
	http_client_timeout(http, c->timeout_ms);
	return http;
}

struct http_client *client_http(struct client *c, const struct address *to,
	const char **ret_authorization)
{
	struct peer *p;

	*ret_authorization = c->authorization;
	TAILQ_FOREACH (p, &c->peers, next)
		if (p->to.port == to->port && p->to.scheme == to->scheme &&
			strcmp(p->to.host, to->host) == 0)
			return p->http;
	p = xcalloc(1, sizeof(*p));
	p->to = *to;
	p->http = client_http_new(c, to);
	TAILQ_INSERT_TAIL(&c->peers, p, next);
	return p->http;
}

struct exchange {
	bool done;
	int status;
	struct buf body;
	char *location;
	struct err err;
};

static void exchange_fini(struct exchange *x)
{
	buf_fini(&x->body);
	free(x->location);
}

static void on_head(void *ctx, const struct http_response *r)
{
	struct exchange *x = ctx;
	const char *location = r->header(r, "Location");

	free(x->location);
	x->location = location != NULL ? xstrdup(location) : NULL;
}

static void on_done(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e)
{
	struct exchange *x = ctx;

	x->done = true;
	x->status = status;
	if (size > 0)
		buf_add(&x->body, body, size);
	if (status == 0 && e != NULL)
		x->err = *e;
}

struct request {
	const char *method;
	const char *target;
	const uint8_t *body;
	size_t size;
};

static void exchange(struct client *c, const struct address *to,
	const struct request *r, struct exchange *x)
{
	static const struct http_call_ops ops = {
		.head = on_head,
		.done = on_done,
	};
	struct http_header headers[] = {
		{ "Accept", r->body != NULL ? MEDIA : "*/*" },
		{ NULL, NULL },
		{ NULL, NULL },
		{ NULL, NULL },
	};
	size_t n = 1;
	const char *authorization;
	struct http_client *http = client_http(c, to, &authorization);

	if (r->body != NULL)
		headers[n++] = (struct http_header){ "Content-Type", MEDIA };
	if (authorization != NULL)
		headers[n++] =
			(struct http_header){ "Authorization", authorization };
	memset(x, 0, sizeof(*x));
	http_call(
		http, r->method, r->target, headers, r->body, r->size, &ops, x);
	while (!x->done)
		CHECK(event_base_loop(c->base, EVLOOP_ONCE) == 0);
}

/* --- the master ---------------------------------------------------------- */

/* Adds to the list of what was tried. */
static void note(
	struct buf *tried, const struct address *to, const struct exchange *x)
{
	char text[ADDRESS_TEXT_MAX];

	address_text(text, to);
	if (tried->size > 0)
		buf_add_str(tried, "; ");
	if (x->status == 0)
		buf_printf(tried, "%s: %s", text, x->err.text);
	else
		buf_printf(tried, "%s answered %d: %.*s", text, x->status,
			(int)(x->body.size < 200 ? x->body.size : 200),
			buf_str(&x->body));
}

/* Asks one master, and the one it points to. 1: answered, whatever it was; 0:
 * the next one may know more. */
static int ask(struct client *c, struct address to, const struct request *r,
	struct exchange *x, struct buf *tried)
{
	for (int i = 0; i < REDIRECTS_MAX; i++) {
		exchange(c, &to, r, x);
		if (x->status == 307 && x->location != NULL) {
			enum address_scheme scheme = to.scheme;

			if (address_redirect(&to, x->location, NULL) != 0)
				break;
			to.scheme = scheme;
			exchange_fini(x);
			continue;
		}
		if (x->status == 0 || x->status == 503)
			break;
		c->leader = to;
		c->has_leader = true;
		return 1;
	}
	note(tried, &to, x);
	exchange_fini(x);
	return 0;
}

static int ask_any(struct client *c, const struct request *r,
	struct exchange *x, struct err *e)
{
	struct buf tried = BUF_INIT;
	bool answered = false;

	if (c->has_leader)
		answered = ask(c, c->leader, r, x, &tried) == 1;
	for (size_t i = 0; i < c->n_masters && !answered; i++)
		answered = ask(c, c->masters[i], r, x, &tried) == 1;
	if (!answered)
		(void)err_set(e, ERR_IO,
			"no master answered; tried %s. Where it is, say "
			"--master or BUTTE_MASTER (now '%s', by %s)",
			buf_str(&tried), c->settings.values[SETTINGS_MASTER],
			settings_source_text(
				c->settings.from[SETTINGS_MASTER]));
	buf_fini(&tried);
	return answered ? 0 : -1;
}

static int check_status(
	const struct address *to, const struct exchange *x, struct err *e)
{
	char text[ADDRESS_TEXT_MAX];
	enum err_code code = x->status == 401 || x->status == 403 ? ERR_DENIED
		: x->status == 404 ? ERR_NOT_FOUND
				   : ERR_CONFLICT;

	if (x->status / 100 == 2)
		return 0;
	address_text(text, to);
	if (x->status == 0)
		return err_set(e, ERR_IO, "%s: %s", text, x->err.text);
	return err_set(e, code, "%s answered %d: %.*s", text, x->status,
		(int)(x->body.size < 300 ? x->body.size : 300),
		buf_str(&x->body));
}

Mesos__V1__Master__Response *client_master(struct client *c, struct arena *a,
	const Mesos__V1__Master__Call *call, struct err *e)
{
	struct request r = { "POST", "/api/v1", NULL, 0 };
	Mesos__V1__Master__Response *m = NULL;
	struct exchange x;
	uint8_t *body;

	r.size = protobuf_c_message_get_packed_size(&call->base);
	body = arena_alloc(a, r.size);
	(void)protobuf_c_message_pack(&call->base, body); /* r.size bytes */
	r.body = body;
	if (ask_any(c, &r, &x, e) != 0)
		return NULL;
	if (check_status(&c->leader, &x, e) == 0)
		m = MSG_UNPACK(Mesos__V1__Master__Response, a,
			&mesos__v1__master__response__descriptor,
			(const uint8_t *)x.body.data, x.body.size, e);
	exchange_fini(&x);
	return m;
}

Mesos__V1__Master__Response *client_ask(struct client *c, struct arena *a,
	Mesos__V1__Master__Call__Type type, struct err *e)
{
	Mesos__V1__Master__Call call = MESOS__V1__MASTER__CALL__INIT;

	call.has_type = true;
	call.type = type;
	return client_master(c, a, &call, e);
}

int client_leader_now(struct client *c, struct address *ret, struct err *e)
{
	const Mesos__V1__Master__Response *r;
	struct arena a;

	arena_init(&a);
	r = client_ask(c, &a, MESOS__V1__MASTER__CALL__TYPE__GET_HEALTH, e);
	if (r != NULL)
		*ret = c->leader;
	arena_fini(&a);
	return r != NULL ? 0 : -1;
}

int client_leader(struct client *c, struct address *ret, struct err *e)
{
	if (!c->has_leader)
		return client_leader_now(c, ret, e);
	*ret = c->leader;
	return 0;
}

/* --- agents -------------------------------------------------------------- */

int client_agent_of(struct client_agent *ret,
	const Mesos__V1__Master__Response__GetAgents__Agent *agent,
	struct err *e)
{
	const Mesos__V1__AgentInfo *info = agent->agent_info;
	uint16_t port = info->has_port ? (uint16_t)info->port : AGENT_PORT;

	memset(ret, 0, sizeof(*ret));
	ret->has_address = agent->pid != NULL &&
		address_pid(&ret->by_address, agent->pid, NULL) == 0;
	if (address_parse(&ret->by_name, info->hostname, strlen(info->hostname),
		    port, e) == 0)
		return 0;
	if (!ret->has_address)
		return err_wrap(e, "agent %s",
			info->id != NULL ? info->id->value : "?");
	ret->by_name = ret->by_address;
	return 0;
}

static int ask_agent(struct client *c, struct client_agent *agent,
	const struct request *r, struct exchange *x, struct err *e)
{
	struct address *to = &agent->by_name;

	exchange(c, to, r, x);
	if (x->status == 0 && agent->has_address) {
		struct exchange again;

		exchange(c, &agent->by_address, r, &again);
		if (again.status != 0) {
			/* From now on it is asked there. */
			*to = agent->by_address;
			exchange_fini(x);
			*x = again;
		} else {
			exchange_fini(&again);
		}
	}
	if (check_status(to, x, e) == 0)
		return 0;
	exchange_fini(x);
	return err_wrap(e, "agent");
}

Mesos__V1__Agent__Response *client_agent_call(struct client *c,
	struct client_agent *agent, struct arena *a,
	const Mesos__V1__Agent__Call *call, struct err *e)
{
	struct request r = { "POST", "/api/v1", NULL, 0 };
	Mesos__V1__Agent__Response *m;
	struct exchange x;
	uint8_t *body;

	r.size = protobuf_c_message_get_packed_size(&call->base);
	body = arena_alloc(a, r.size);
	(void)protobuf_c_message_pack(&call->base, body); /* r.size bytes */
	r.body = body;
	if (ask_agent(c, agent, &r, &x, e) != 0)
		return NULL;
	m = MSG_UNPACK(Mesos__V1__Agent__Response, a,
		&mesos__v1__agent__response__descriptor,
		(const uint8_t *)x.body.data, x.body.size, e);
	exchange_fini(&x);
	return m;
}
