/* agent_env.c - see agent_env.h. */
#include "agent/agent_env.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/hold.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/duration.h"
#include "mesos/v1/mesos.pb-c.h"

/* More than the agent's own set. */
#define OWN_MAX 24

struct env {
	const char **vars;
	size_t n;
	struct arena *mem;
};

static void own(struct env *v, const struct agent *a, const struct executor *e);
static char *duration(uint64_t ms, struct arena *mem);
static void set(struct env *v, const char *name, const char *value);
static void set_var(struct env *v, const char *var);

const char *const *agent_env_build(const struct agent *a,
	const struct executor *e, const Mesos__V1__CommandInfo *cmd,
	struct arena *mem)
{
	const Mesos__V1__Environment *c = cmd != NULL ? cmd->environment : NULL;
	size_t n_flag = 0, i;
	struct env v = { NULL, 0, mem };

	while (a->cfg->executor_env != NULL &&
		a->cfg->executor_env[n_flag] != NULL)
		n_flag++;
	v.vars = arena_alloc(mem,
		(n_flag + OWN_MAX + (c != NULL ? c->n_variables : 0) + 1) *
			sizeof(*v.vars));
	if (a->cfg->path != NULL)
		set(&v, "PATH", a->cfg->path);
	for (i = 0; i < n_flag; i++)
		set_var(&v, a->cfg->executor_env[i]);
	own(&v, a, e);
	for (i = 0; c != NULL && i < c->n_variables; i++)
		if (c->variables[i]->value != NULL)
			set(&v, c->variables[i]->name, c->variables[i]->value);
	return v.vars;
}

static void own(struct env *v, const struct agent *a, const struct executor *e)
{
	const struct agent_config *cfg = a->cfg;
	const char *directory = arena_printf(
		v->mem, "%s/%s", cfg->work_dir, hold_directory(a, e, v->mem));
	bool v6 = strchr(cfg->ip, ':') != NULL;
	bool checkpoint = hold_framework_info(e->framework, v->mem)->checkpoint;
	const char *endpoint = arena_printf(v->mem,
		v6 ? "[%s]:%" PRId32 : "%s:%" PRId32, cfg->ip, a->info->port);

	set(v, "LIBPROCESS_PORT", "0");
	set(v, "MESOS_FRAMEWORK_ID", e->framework->id);
	set(v, "MESOS_EXECUTOR_ID", e->id);
	set(v, "MESOS_DIRECTORY", directory);
	set(v, "MESOS_SANDBOX", directory);
	set(v, "MESOS_SLAVE_ID", a->id);
	set(v, "MESOS_SLAVE_PID",
		arena_printf(v->mem, "slave(1)@%s", endpoint));
	set(v, "MESOS_AGENT_ENDPOINT", endpoint);
	/* Without a checkpoint the master calls its tasks lost as soon as the
	 * agent is away: they must not go on and double what replaces them. */
	set(v, "MESOS_CHECKPOINT", checkpoint ? "1" : "0");
	set(v, "MESOS_HTTP_COMMAND_EXECUTOR", "1");
	set(v, "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD",
		duration(e->grace_ms, v->mem));
	if (cfg->socket_path != NULL)
		set(v, "MESOS_DOMAIN_SOCKET", cfg->socket_path);
	if (!checkpoint)
		return;
	set(v, "MESOS_RECOVERY_TIMEOUT",
		duration(cfg->recovery_timeout_ms, v->mem));
	set(v, "MESOS_SUBSCRIPTION_BACKOFF_MAX",
		duration(cfg->executor_reregistration_timeout_ms, v->mem));
}

static void set(struct env *v, const char *name, const char *value)
{
	set_var(v, arena_printf(v->mem, "%s=%s", name, value));
}

/* Replaces the one of the same name, or appends. */
static void set_var(struct env *v, const char *var)
{
	size_t name = strcspn(var, "=") + 1;
	size_t i;

	for (i = 0; i < v->n; i++)
		if (strncmp(v->vars[i], var, name) == 0)
			break;
	v->vars[i] = var;
	if (i == v->n)
		v->n++;
}

static char *duration(uint64_t ms, struct arena *mem)
{
	struct buf b = BUF_INIT;
	char *text;

	duration_print_ms(&b, ms);
	text = arena_strdup(mem, buf_str(&b));
	buf_fini(&b);
	return text;
}
