/*
 * main.c - butte-master: options, registry, listener, loop. Wiring only.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check.h"
#include "common/conf.h"
#include "common/err.h"
#include "common/io_conf.h"
#include "common/io_daemon.h"
#include "common/io_http.h"
#include "common/io_log.h"
#include "common/io_loop.h"
#include "common/io_random.h"
#include "common/io_store.h"
#include "common/io_tls.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "master/io_api.h"
#include "master/io_links.h"
#include "master/master.h"
#include "master/master_conf.h"

#define PROGRAM "butte-master"

struct program {
	struct conf conf;
	struct master_options options;
	struct master_config config; /* the options', with who we are */
	struct daemon_identity identity;
	char id[UUID_TEXT_SIZE];
	struct ssl_ctx_st *tls;
	struct store *store;
	struct loop *loop;
	struct master *master;
	struct links *links;
	struct api *api;
};

static void on_effect(void *ctx, const struct effect *e)
{
	struct program *p = ctx;

	if (e->type == EFFECT_LINK_SEND || e->type == EFFECT_LINK_CLOSE)
		links_effect(p->links, e);
	else
		api_effect(p->api, e);
}

static void on_tick(void *ctx)
{
	struct program *p = ctx;
	struct master_event ev = {
		.type = MASTER_TICK,
		.now_ms = loop_now_ms(),
		.wall_ns = loop_wall_ns(),
	};

	master_step(p->master, &ev, loop_outbox(p->loop));
}

static uint64_t on_next_due(void *ctx)
{
	struct program *p = ctx;

	return p->master != NULL ? master_next_due(p->master) : UINT64_MAX;
}

static void on_signal(void *ctx, int signal)
{
	struct program *p = ctx;
	struct err e = { 0 };

	if (signal == SIGHUP) {
		if (log_reopen(&e) != 0)
			log_error("log_reopen", "why='%s'", e.text);
		return;
	}
	loop_stop(p->loop, EXIT_SUCCESS);
}

static const struct loop_ops loop_ops = {
	.effect = on_effect,
	.tick = on_tick,
	.next_due = on_next_due,
	.stop = on_signal,
};

static int on_row(void *ctx, unsigned table, const char *key,
	const uint8_t *value, size_t size, struct err *e)
{
	struct program *p = ctx;

	return master_load(p->master, table, key, value, size, e);
}

/* The registry; without one nothing is kept over a restart. */
static int registry_open(struct program *p, struct err *e)
{
	CLEANUP(mem_freep) char *path = NULL;

	if (!p->options.registry_sqlite)
		return 0;
	if (daemon_directory_own(p->options.work_dir, 0, e) != 0)
		return err_wrap(e, "--work_dir");
	path = xasprintf("%s/registry.db", p->options.work_dir);
	return store_open(
		&p->store, path, PROGRAM, master_table_names, MASTER_TABLES, e);
}

/*
 * The port is bound before the master is made, because it is part of its
 * identity; nobody is answered before the loop runs.
 */
static int start(struct program *p, struct err *e)
{
	const struct daemon_options *o = &p->options.daemon;
	struct api_config ac;

	if (daemon_tls_server(&p->tls, o, e) != 0 || registry_open(p, e) != 0)
		return -1;
	p->loop = loop_new(&loop_ops, p);
	p->api = api_new(p->loop);
	if (daemon_listen(api_server(p->api), o, p->tls, e) != 0 ||
		daemon_identify(&p->identity, o,
			http_server_port(api_server(p->api)), e) != 0)
		return -1;
	random_uuid(p->id);
	p->config = p->options.config;
	p->config.id = p->id;
	p->config.version = BUTTE_VERSION;
	p->config.hostname = p->identity.hostname;
	p->config.ip = p->identity.ip;
	p->config.port = p->identity.port;
	p->config.tls = o->tls;
	p->config.seed = random_seed();
	p->master = master_new(&p->config);
	if (p->store != NULL && store_load(p->store, on_row, p, e) != 0)
		return -1;
	p->links = links_new(p->loop, p->master);
	ac = (struct api_config){ .master = p->master,
		.links = p->links,
		.store = p->store,
		.config = &p->config };
	api_serve(p->api, &ac);
	if (p->store != NULL)
		loop_store_set(p->loop, p->store);
	master_begin(
		p->master, loop_now_ms(), loop_wall_ns(), loop_outbox(p->loop));
	log_info("started", "id=%s version=%s hostname=%s port=%u", p->id,
		BUTTE_VERSION, p->identity.hostname,
		(unsigned)p->identity.port);
	return 0;
}

static void finish(struct program *p)
{
	store_closep(&p->store);
	api_free(p->api);
	links_free(p->links);
	master_free(p->master);
	loop_free(p->loop);
	tls_free(p->tls);
	master_conf_fini(&p->options);
	conf_fini(&p->conf);
	log_close();
}

int main(int argc, char **argv)
{
	struct program p = { 0 };
	struct err e = { 0 };
	int status;

	(void)argc;
	master_conf_init(&p.conf);
	status = conf_start(&p.conf, argv, BUTTE_VERSION);
	if (status >= 0) {
		conf_fini(&p.conf);
		return status;
	}
	if (master_conf_fill(&p.options, &p.conf, &e) != 0) {
		status = conf_failed(&p.conf, &e);
		finish(&p);
		return status;
	}
	daemon_raise_files();
	if (daemon_log_open(PROGRAM, &p.options.daemon, &e) != 0 ||
		start(&p, &e) != 0) {
		fprintf(stderr, "%s: %s\n", PROGRAM, e.text);
		status = EXIT_FAILURE;
	} else {
		status = loop_run(p.loop);
	}
	finish(&p);
	return status;
}
