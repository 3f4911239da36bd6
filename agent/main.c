/*
 * main.c - butte-agent: options, checkpoint, listeners, containers, the link to
 * the master. Wiring only.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/agent_conf.h"
#include "agent/io_agent_api.h"
#include "agent/io_cgroup.h"
#include "agent/io_collect.h"
#include "agent/io_detect.h"
#include "agent/io_launch.h"
#include "agent/io_sandbox.h"
#include "agent/io_uplink.h"
#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/attr.h"
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
#include "common/msg.h"
#include "common/outbox.h"
#include "common/res.h"

#define PROGRAM "butte-agent"
/* For executors that get no PATH from anybody. */
#define EXECUTOR_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define SOCKET_MODE 0666 /* tasks run as any user */

struct program {
	struct conf conf;
	struct agent_options options;
	struct agent_config config; /* the options', with who we are */
	struct daemon_identity identity;
	struct arena arena; /* of what config points to */
	char boot_id[DETECT_BOOT_ID_SIZE];
	char *work_dir; /* absolute */
	char *log_file; /* NULL: stderr */
	int root;	/* the work directory */
	struct ssl_ctx_st *tls_server, *tls_client;
	struct store *store;
	struct loop *loop;
	struct agent *agent;
	struct agent_api *api;
	struct cgroup_host *cgroup;
	struct launch *launch;
	struct collect *collect;
	struct uplink *uplink;
};

/* --- events --------------------------------------------------------------- */

static void step(struct program *p, struct agent_event *ev)
{
	ev->now_ms = loop_now_ms();
	ev->wall_ns = loop_wall_ns();
	agent_step(p->agent, ev, loop_outbox(p->loop));
	loop_turn(p->loop);
}

static void on_up(void *ctx, uint64_t link)
{
	struct agent_event ev = { .type = AGENT_UPLINK_UP, .from = link };

	step(ctx, &ev);
}

static void on_down(void *ctx, uint64_t link)
{
	struct agent_event ev = { .type = AGENT_UPLINK_DOWN, .from = link };

	step(ctx, &ev);
}

static void on_message(
	void *ctx, uint64_t link, const uint8_t *data, size_t size)
{
	struct program *p = ctx;
	struct agent_event ev = { .type = AGENT_UPLINK_MSG, .from = link };
	struct err e = { 0 };

	loop_turn(p->loop); /* what is decoded is in its arena */
	ev.msg = MSG_UNPACK(Butte__Link__ToAgent, &loop_outbox(p->loop)->arena,
		&butte__link__to_agent__descriptor, data, size, &e);
	if (ev.msg != NULL) {
		step(p, &ev);
		return;
	}
	log_error("uplink_message", "link=%llu why='%s'",
		(unsigned long long)link, e.text);
	outbox_link_close(loop_outbox(p->loop), link);
}

static void on_started(
	void *ctx, const char *container_id, int pid, uint64_t start_ticks)
{
	struct agent_event ev = { .type = AGENT_STARTED,
		.container_id = container_id,
		.pid = pid,
		.start_ticks = start_ticks };

	step(ctx, &ev);
}

static void on_failed(void *ctx, const char *container_id, const char *text)
{
	struct agent_event ev = { .type = AGENT_START_FAILED,
		.container_id = container_id,
		.text = text };

	step(ctx, &ev);
}

static void on_exited(
	void *ctx, const char *container_id, const struct agent_exit *how)
{
	struct agent_event ev = {
		.type = AGENT_EXITED, .container_id = container_id, .exit = how
	};

	step(ctx, &ev);
}

static void on_tick(void *ctx)
{
	struct program *p = ctx;
	struct agent_event ev = { .type = AGENT_TICK };

	step(p, &ev);
}

static uint64_t on_next_due(void *ctx)
{
	struct program *p = ctx;

	return p->agent != NULL ? agent_next_due(p->agent) : UINT64_MAX;
}

static void on_signal(void *ctx, int signal)
{
	struct program *p = ctx;
	struct agent_event ev = { .type = AGENT_UNREGISTER };
	struct err e = { 0 };

	if (signal == SIGHUP) {
		if (log_reopen(&e) != 0)
			log_error("log_reopen", "why='%s'", e.text);
	} else if (signal == SIGUSR1) {
		log_info("unregister", "why='SIGUSR1'");
		step(p, &ev);
	} else {
		log_info("stop", "signal=%d", signal);
		loop_stop(p->loop, EXIT_SUCCESS);
	}
}

/* --- effects -------------------------------------------------------------- */

static void on_room_effect(struct program *p, const struct effect *e)
{
	switch ((enum agent_effect)e->status) {
	case AGENT_LAUNCH:
		launch_start(p->launch, e->arg);
		break;
	case AGENT_ADOPT:
		launch_adopt(p->launch, e->arg);
		break;
	case AGENT_DESTROY:
		launch_destroy(p->launch, e->arg);
		break;
	case AGENT_RESIZE:
		launch_resize(p->launch, e->arg);
		break;
	case AGENT_GC:
		collect_add(p->collect, e->arg);
		break;
	case AGENT_REDIAL:
		uplink_redial(p->uplink, e->to);
		break;
	case AGENT_FORGET_UPLINK:
		uplink_stop(p->uplink);
		break;
	default:
		UNREACHABLE();
	}
}

static void on_effect(void *ctx, const struct effect *e)
{
	struct program *p = ctx;

	if (e->type == EFFECT_LINK_SEND)
		uplink_send(p->uplink, e->to, e->data, e->size);
	else if (e->type == EFFECT_LINK_CLOSE)
		uplink_close(p->uplink, e->to);
	else if (e->type == EFFECT_ROOM)
		on_room_effect(p, e);
	else
		agent_api_effect(p->api, e);
}

/* The last words to the master: that we stop for good, and how tasks ended. */
static bool on_unsent(void *ctx)
{
	struct program *p = ctx;

	return p->uplink != NULL && uplink_queued(p->uplink) > 0;
}

static const struct loop_ops loop_ops = {
	.effect = on_effect,
	.tick = on_tick,
	.next_due = on_next_due,
	.stop = on_signal,
	.unsent = on_unsent,
};

/* --- the start ------------------------------------------------------------ */

static int on_row(void *ctx, unsigned table, const char *key,
	const uint8_t *value, size_t size, struct err *e)
{
	struct program *p = ctx;

	return agent_load(p->agent, table, key, value, size, e);
}

/* The work directory, and the checkpoint in it: its lock keeps two agents from
 * sharing them. */
static int work_dir_open(struct program *p, struct err *e)
{
	CLEANUP(mem_freep) char *cwd = NULL;
	CLEANUP(mem_freep) char *meta = NULL;
	CLEANUP(mem_freep) char *path = NULL;
	const char *given = p->options.work_dir;

	if (given[0] == '/') {
		p->work_dir = xstrdup(given);
	} else {
		cwd = getcwd(NULL, 0);
		if (cwd == NULL)
			return err_set(
				e, ERR_IO, "getcwd: %s", strerror(errno));
		p->work_dir = xasprintf("%s/%s", cwd, given);
	}
	meta = xasprintf("%s/meta", p->work_dir);
	path = xasprintf("%s/agent.db", meta);
	if (daemon_directory_own(p->work_dir, 0, e) != 0 ||
		daemon_directory_own(meta, 0700, e) != 0)
		return err_wrap(e, "--work_dir");
	p->root = sandbox_root_open(p->work_dir, e);
	if (p->root < 0)
		return -1;
	return store_open(
		&p->store, path, PROGRAM, agent_table_names, AGENT_TABLES, e);
}

/* Without cgroups tasks run all the same, but nothing holds them. */
static int cgroups_open(struct program *p, struct err *e)
{
	struct cgroup_config cfg = {
		.root = p->options.cgroups_root,
		.cfs = p->options.cgroups_enable_cfs,
		.limit_swap = p->options.cgroups_limit_swap,
	};
	struct err why = { 0 };

	if (cgroup_open(&p->cgroup, &cfg, &why) == 0) {
		log_info("cgroups", "%s", cgroup_describe(p->cgroup));
		return 0;
	}
	if (why.code == ERR_CONFLICT || why.code == ERR_INVALID) {
		*e = why;
		return -1;
	}
	log_error("no_cgroups",
		"why='%s' consequence='tasks are not limited, and what leaves its session is not killed'",
		why.text);
	p->cgroup = cgroup_open_none();
	return 0;
}

/* Beside us, as in a build tree, or where it is installed. */
static int launcher_find(struct program *p, struct err *e)
{
	static const char *const places[] = { "", "/../libexec/butte" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash, *dir, *file;
	size_t i;

	p->config.launcher_dir = p->options.launcher_dir;
	if (p->config.launcher_dir != NULL) {
		file = arena_printf(
			&p->arena, "%s/butte-executor", p->config.launcher_dir);
		if (access(file, X_OK) == 0)
			return 0;
		return err_set(e, ERR_NOT_FOUND, "--launcher_dir: '%s': %s",
			file, strerror(errno));
	}
	if (n < 0)
		return err_set(e, ERR_IO, "readlink '/proc/self/exe': %s",
			strerror(errno));
	self[n] = '\0';
	slash = strrchr(self, '/');
	CHECK(slash != NULL);
	*slash = '\0';
	for (i = 0; i < ARRAY_LEN(places); i++) {
		dir = arena_printf(&p->arena, "%s%s", self, places[i]);
		file = arena_printf(&p->arena, "%s/butte-executor", dir);
		if (access(file, X_OK) == 0) {
			p->config.launcher_dir = dir;
			return 0;
		}
	}
	return err_set(e, ERR_NOT_FOUND,
		"butte-executor is neither in '%s' nor in '%s/../libexec/butte': say where it is with --launcher_dir",
		self, self);
}

static int info_fill(
	struct program *p, Mesos__V1__AgentInfo *info, struct err *e)
{
	struct res r;
	int result;

	info->hostname = p->identity.hostname;
	info->has_port = 1;
	info->port = p->identity.port;
	if (attr_parse(&info->attributes, &info->n_attributes,
		    p->options.attributes, &p->arena, e) != 0)
		return err_wrap(e, "--attributes");
	res_init(&r);
	result = detect_resources(
		&r, p->options.resources, p->options.default_role, p->root, e);
	if (result == 0)
		info->resources = res_to_msgs(
			&r, &p->arena, RES_FORM_STACK, &info->n_resources);
	res_fini(&r);
	return result;
}

static int config_fill(struct program *p, struct err *e)
{
	struct agent_config *c = &p->config;
	Mesos__V1__AgentInfo *info = arena_alloc(&p->arena, sizeof(*info));
	const char *socket = p->options.domain_socket_location;

	*c = p->options.config;
	mesos__v1__agent_info__init(info);
	if (info_fill(p, info, e) != 0 || launcher_find(p, e) != 0 ||
		detect_boot_id(p->boot_id, e) != 0)
		return -1;
	if (socket == NULL)
		socket = arena_printf(
			&p->arena, "%s/agent.sock", p->options.runtime_dir);
	c->version = BUTTE_VERSION;
	c->info = info;
	c->ip = p->identity.ip;
	c->work_dir = p->work_dir;
	c->socket_path = socket;
	c->boot_id = p->boot_id;
	c->seed = random_seed();
	c->path = EXECUTOR_PATH;
	return 0;
}

/* The port is bound first: it is part of who we are. */
static int listen_all(struct program *p, struct err *e)
{
	const struct daemon_options *o = &p->options.daemon;
	struct http_server *s;
	char *slash, *dir;

	p->api = agent_api_new(p->loop);
	s = agent_api_server(p->api);
	if (daemon_listen(s, o, p->tls_server, e) != 0 ||
		daemon_identify(&p->identity, o, http_server_port(s), e) != 0 ||
		config_fill(p, e) != 0)
		return -1;
	dir = arena_strdup(&p->arena, p->config.socket_path);
	slash = strrchr(dir, '/');
	if (slash == NULL || slash == dir)
		return err_set(e, ERR_INVALID,
			"--domain_socket_location: '%s' is not an absolute path",
			p->config.socket_path);
	*slash = '\0';
	if (daemon_directory_own(dir, 0, e) != 0)
		return err_wrap(e, "--runtime_dir");
	return http_server_listen_unix(
		s, p->config.socket_path, SOCKET_MODE, e);
}

static bool container_known(void *ctx, const char *container_id)
{
	struct program *p = ctx;

	return agent_has_container(p->agent, container_id);
}

/* Recovery: what was recorded, then what runs, then who may know of it. */
static int agent_start(struct program *p, struct err *e)
{
	static const struct launch_ops launch_ops = { on_started, on_failed,
		on_exited };
	static const struct uplink_ops uplink_ops = { on_up, on_message,
		on_down };
	struct agent_api_config api = {
		.config = &p->config,
		.cgroup = p->cgroup,
		.root = p->root,
		.log_file = p->log_file,
	};
	struct uplink_config up = { .masters = p->options.masters,
		.n_masters = p->options.n_masters,
		.tls = p->tls_client,
		.seed = random_seed() };

	p->agent = agent_new(&p->config);
	if (store_load(p->store, on_row, p, e) != 0)
		return -1;
	p->launch = launch_new(
		loop_base(p->loop), p->root, p->cgroup, &launch_ops, p);
	p->collect = collect_new(loop_base(p->loop), p->root);
	p->uplink = uplink_new(loop_base(p->loop), &up, &uplink_ops, p);
	api.agent = p->agent;
	agent_api_serve(p->api, &api);
	loop_store_set(p->loop, p->store);
	if (agent_begin(p->agent, loop_now_ms(), loop_wall_ns(),
		    loop_outbox(p->loop), e) != 0)
		return -1;
	loop_turn(p->loop);
	launch_sweep(p->launch, container_known, p);
	uplink_start(p->uplink);
	return 0;
}

static int start(struct program *p, struct err *e)
{
	const struct daemon_options *o = &p->options.daemon;

	if (o->log_dir != NULL)
		p->log_file = xasprintf("%s/%s.log", o->log_dir, PROGRAM);
	if (daemon_tls_server(&p->tls_server, o, e) != 0 ||
		daemon_tls_client(&p->tls_client, o, e) != 0 ||
		work_dir_open(p, e) != 0 || cgroups_open(p, e) != 0)
		return -1;
	p->loop = loop_new(&loop_ops, p);
	if (listen_all(p, e) != 0 || agent_start(p, e) != 0)
		return -1;
	/* After the spawner has seen what tasks shall get. */
	daemon_raise_files();
	log_info("started",
		"version=%s hostname=%s ip=%s port=%u work_dir='%s' socket='%s'",
		BUTTE_VERSION, p->identity.hostname, p->identity.ip,
		(unsigned)p->identity.port, p->work_dir, p->config.socket_path);
	return 0;
}

static void finish(struct program *p)
{
	store_closep(&p->store);
	uplink_free(p->uplink);
	agent_api_free(p->api);
	launch_free(p->launch);
	collect_free(p->collect);
	cgroup_close(p->cgroup);
	agent_free(p->agent);
	loop_free(p->loop);
	tls_free(p->tls_server);
	tls_free(p->tls_client);
	if (p->root >= 0)
		(void)close(p->root); /* a directory */
	arena_fini(&p->arena);
	free(p->work_dir);
	free(p->log_file);
	agent_conf_fini(&p->options);
	conf_fini(&p->conf);
	log_close();
}

/* Children get 0, 1 and 2 from us: they must not be anything else here. */
static void standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd > 2)
		(void)close(fd); /* /dev/null */
}

int main(int argc, char **argv)
{
	struct program p = { .root = -1 };
	struct err e = { 0 };
	int status;

	(void)argc;
	standard_files();
	arena_init(&p.arena);
	agent_conf_init(&p.conf);
	status = conf_start(&p.conf, argv, BUTTE_VERSION);
	if (status >= 0) {
		conf_fini(&p.conf);
		return status;
	}
	if (agent_conf_fill(&p.options, &p.conf, &e) != 0) {
		status = conf_failed(&p.conf, &e);
		finish(&p);
		return status;
	}
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
