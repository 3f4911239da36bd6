/* agent_conf.c - see agent_conf.h. */
#include "agent/agent_conf.h"

#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "common/arena.h"
#include "common/attr.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/conf.h"
#include "common/conf_value.h"
#include "common/err.h"
#include "common/ident.h"
#include "common/mem.h"
#include "common/res.h"

#define MASTER_PORT 5050

static conf_check_f masters_check;
static conf_check_f role_check;
static conf_check_f attributes_check;
static conf_check_f cgroup_check;
static conf_check_f environment_check;

static const struct conf_option options[] = {
	{ .name = "master",
		.type = CONF_STRING,
		.metavar = "HOST:PORT,...",
		.required = true,
		.check = masters_check,
		.help = "The masters of the cluster. The agent finds the one "
			"that leads." },
	{ .name = "work_dir",
		.type = CONF_PATH,
		.metavar = "DIRECTORY",
		.required = true,
		.help = "Where sandboxes and the checkpoint are kept. It must "
			"survive a reboot." },
	{ .name = "runtime_dir",
		.type = CONF_PATH,
		.metavar = "DIRECTORY",
		.value = "/run/butte",
		.help = "Where the executors' socket is. It need not survive "
			"a reboot." },
	{ .name = "domain_socket_location",
		.type = CONF_PATH,
		.metavar = "FILE",
		.help = "The executors' socket. Without it, agent.sock in "
			"--runtime_dir." },
	{ .name = "launcher_dir",
		.type = CONF_PATH,
		.metavar = "DIRECTORY",
		.help = "Where butte-executor is. Without it, beside "
			"butte-agent or in ../libexec/butte." },
	{ .name = "port",
		.type = CONF_INT,
		.metavar = "PORT",
		.value = "5051",
		.min = "0",
		.max = "65535",
		.help = "Port to listen on. With 0 the kernel picks one, "
			"which the log names." },
	{ .name = "resources",
		.type = CONF_STRING,
		.metavar = "RESOURCES",
		.value = "",
		.help = "What the agent offers, as "
			"cpus:24;mem:24576;disk:409600;ports:[21000-24000], "
			"with NAME(ROLE) for what is reserved to a role, or a "
			"JSON array of Resource; mem and disk are in MB. Of "
			"cpus, mem, disk and ports, what isn't named is found "
			"out." },
	{ .name = "default_role",
		.type = CONF_STRING,
		.metavar = "ROLE",
		.value = "*",
		.check = role_check,
		.help = "Role of resources that name none." },
	{ .name = "attributes",
		.type = CONF_STRING,
		.metavar = "ATTRIBUTES",
		.value = "",
		.check = attributes_check,
		.help = "What frameworks may choose agents by, as "
			"rack:r1;level:10;keys:[1000-1500], or a JSON array of "
			"Attribute." },
	{ .name = "switch_user",
		.type = CONF_BOOL,
		.value = "true",
		.help = "Run tasks as the user their framework names; else as "
			"the agent's own." },
	{ .name = "executor_environment_variables",
		.type = CONF_STRING,
		.metavar = "JSON",
		.check = environment_check,
		.help = "Environment that all executors get, as a JSON object "
			"of strings." },
	{ .name = "cgroups_root",
		.type = CONF_STRING,
		.metavar = "NAME",
		.value = "butte",
		.check = cgroup_check,
		.help = "Cgroup in which those of the containers are made. "
			"Two agents of a machine need two." },
	{ .name = "cgroups_enable_cfs",
		.type = CONF_BOOL,
		.value = "false",
		.help = "Make cpus a hard limit, also when the machine is "
			"idle." },
	{ .name = "cgroups_limit_swap",
		.type = CONF_BOOL,
		.value = "false",
		.help = "Limit memory and swap together, not only memory." },
	{ .name = "registration_backoff_factor",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.value = "1secs",
		.min = "1ms",
		.max = "1mins",
		.help = "The first wait before a registration is random up to "
			"this; it doubles with each attempt." },
	{ .name = "executor_registration_timeout",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.value = "1mins",
		.min = "1ms",
		.help = "Time in which a new executor has to subscribe." },
	{ .name = "executor_reregistration_timeout",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.value = "2secs",
		.min = "1ms",
		.max = "15secs",
		.help = "Time in which executors have to come back after a "
			"restart of the agent." },
	{ .name = "executor_shutdown_grace_period",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.value = "5secs",
		.help = "Time that an executor has to end by itself." },
	{ .name = "recovery_timeout",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.value = "15mins",
		.min = "1ms",
		.help = "Time for which executors wait for an agent that is "
			"gone." },
	{ .name = "recover",
		.type = CONF_ENUM,
		.metavar = "HOW",
		.value = "reconnect",
		.choices = "reconnect|cleanup",
		.help = "What becomes of executors of a former run of the "
			"agent: go on with them, or end them and then "
			"exit." },
	{ .name = "gc_delay",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.value = "1weeks",
		.help = "Age at which the sandbox of an executor that ended "
			"is removed." },
	{ .name = "max_completed_executors_per_framework",
		.type = CONF_INT,
		.metavar = "COUNT",
		.value = "150",
		.min = "0",
		.max = "4294967295",
		.help = "Completed executors of each framework to remember." },
};

void agent_conf_init(struct conf *c)
{
	conf_init(c, "butte-agent",
		"The agent of a machine: runs tasks in cgroups and tells the "
		"master.");
	conf_add(c, options, ARRAY_LEN(options));
	conf_add(c, daemon_conf_options, daemon_conf_n_options);
}

/* --- masters ------------------------------------------------------------------ */

/* "host", "host:port" or "[v6]:port"; cuts the piece in place. */
static int master_parse(char *piece, struct agent_master *ret, struct err *e)
{
	char *host = piece, *port = strrchr(piece, ':');
	long number = MASTER_PORT;

	if (*piece == '[') {
		char *end = strchr(piece, ']');

		if (end == NULL || (end[1] != ':' && end[1] != '\0'))
			return err_set(e, ERR_INVALID,
				"'%.100s' is not of the form [ADDRESS]:PORT",
				piece);
		host = piece + 1;
		port = end[1] == ':' ? end + 1 : NULL;
		*end = '\0';
	} else if (port != NULL && strchr(piece, ':') != port) {
		return err_set(e, ERR_INVALID,
			"'%.100s' is not of the form HOST:PORT (an IPv6 "
			"address stands in brackets)",
			piece);
	}
	if (port != NULL) {
		*port++ = '\0';
		number = strlen(port) <= 5 &&
				port[strspn(port, "0123456789")] == '\0'
			? strtol(port, NULL, 10)
			: 0;
	}
	if (*host == '\0' || strpbrk(host, "/ @") != NULL || number < 1 ||
		number > 65535)
		return err_set(e, ERR_INVALID,
			"masters are given as HOST:PORT, with commas between "
			"several");
	ret->host = host;
	ret->port = (uint16_t)number;
	return 0;
}

/* *ret_text is what hosts point into. */
static int masters_parse(const char *value, struct agent_master **ret,
	size_t *ret_n, char **ret_text, struct err *e)
{
	CLEANUP(mem_freep) char *text = xstrdup(value);
	CLEANUP(mem_freep) struct agent_master *list = NULL;
	size_t n = 0, cap = 0;
	char *rest = text, *piece;

	while ((piece = strsep(&rest, ",")) != NULL) {
		list = xgrow(list, &cap, n + 1, sizeof(*list));
		if (master_parse(piece, &list[n], e) != 0)
			return -1;
		n++;
	}
	*ret = STEAL(list);
	*ret_n = n;
	*ret_text = STEAL(text);
	return 0;
}

static int masters_check(const char *value, struct err *e)
{
	CLEANUP(mem_freep) struct agent_master *list = NULL;
	CLEANUP(mem_freep) char *text = NULL;
	size_t n;

	return masters_parse(value, &list, &n, &text, e);
}

/* --- other checks --------------------------------------------------------------- */

static int role_check(const char *value, struct err *e)
{
	return ident_role_check(value, e);
}

static int resources_check(
	const char *value, const char *default_role, struct err *e)
{
	struct res r;
	int result;

	res_init(&r);
	result = res_parse(&r, value, default_role, e);
	res_fini(&r);
	return result;
}

static int attributes_check(const char *value, struct err *e)
{
	struct Mesos__V1__Attribute **list;
	struct arena a;
	size_t n;
	int result;

	arena_init(&a);
	result = attr_parse(&list, &n, value, &a, e);
	arena_fini(&a);
	return result;
}

/* Components of names that can be nothing else. */
static int cgroup_check(const char *value, struct err *e)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-_./";
	size_t n = strlen(value);

	if (n == 0 || n > 200 || value[strspn(value, allowed)] != '\0' ||
		value[0] == '/' || value[0] == '.' || value[n - 1] == '/' ||
		strstr(value, "/.") != NULL || strstr(value, "//") != NULL)
		return err_set(e, ERR_INVALID,
			"'%.100s' is not a name for a cgroup, as butte or "
			"group/butte",
			value);
	return 0;
}

/* One NAME=value of the JSON object. */
static int variable_make(
	const char *name, struct json_object *value, char **ret, struct err *e)
{
	if (*name == '\0' || strchr(name, '=') != NULL)
		return err_set(e, ERR_INVALID,
			"'%.100s' can't be the name of a variable", name);
	if (!json_object_is_type(value, json_type_string) ||
		strlen(json_object_get_string(value)) !=
			(size_t)json_object_get_string_len(value))
		return err_set(e, ERR_INVALID,
			"the value of '%.100s' is not a string", name);
	*ret = xasprintf("%s=%s", name, json_object_get_string(value));
	return 0;
}

static void variables_free(char **env)
{
	for (char **p = env; p != NULL && *p != NULL; p++)
		free(*p);
	free(env);
}

static void variables_freep(char ***env)
{
	variables_free(*env);
}

static int variables_fill(
	struct json_object *object, char ***ret, struct err *e)
{
	CLEANUP(variables_freep) char **env = NULL;
	struct json_object_iter it;
	size_t n = 0;

	if (!json_object_is_type(object, json_type_object))
		return err_set(e, ERR_INVALID,
			"is not a JSON object, as {\"NAME\": \"value\"}");
	env = xcalloc(
		(size_t)json_object_object_length(object) + 1, sizeof(*env));
	json_object_object_foreachC(object, it)
	{
		if (variable_make(it.key, it.val, &env[n], e) != 0)
			return -1;
		n++;
	}
	*ret = STEAL(env);
	return 0;
}

static int variables_parse(const char *value, char ***ret, struct err *e)
{
	struct json_object *object = json_tokener_parse(value);
	int result = variables_fill(object, ret, e);

	json_object_put(object);
	return result;
}

static int environment_check(const char *value, struct err *e)
{
	CLEANUP(variables_freep) char **env = NULL;

	return variables_parse(value, &env, e);
}

/* --- filling ---------------------------------------------------------------------- */

static void flags_fill(struct agent_config *to, const struct conf *c)
{
	struct agent_flag *flags = xcalloc(c->n, sizeof(*flags));
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		CLEANUP(buf_fini) struct buf value = BUF_INIT;

		if (!conf_flag(c, i, &flags[n].name, &value))
			continue;
		flags[n++].value = buf_steal(&value);
	}
	to->flags = flags;
	to->n_flags = n;
}

static void config_fill(struct agent_config *to, const struct conf *c)
{
	const char *env_text = conf_text(c, "executor_environment_variables");
	char **env = NULL;

	if (env_text != NULL)
		CHECK(variables_parse(env_text, &env, NULL) == 0);
	*to = (struct agent_config){
		.registration_backoff_factor_ms =
			conf_ms(c, "registration_backoff_factor"),
		.executor_registration_timeout_ms =
			conf_ms(c, "executor_registration_timeout"),
		.executor_reregistration_timeout_ms =
			conf_ms(c, "executor_reregistration_timeout"),
		.executor_shutdown_grace_period_ms =
			conf_ms(c, "executor_shutdown_grace_period"),
		.recovery_timeout_ms = conf_ms(c, "recovery_timeout"),
		.gc_delay_ms = conf_ms(c, "gc_delay"),
		.max_completed_executors_per_framework = (unsigned)conf_int(
			c, "max_completed_executors_per_framework"),
		.switch_user = conf_bool(c, "switch_user"),
		.recover_cleanup =
			strcmp(conf_text(c, "recover"), "cleanup") == 0,
		.executor_env = (const char *const *)env,
	};
	flags_fill(to, c);
}

/* Plain text to a master that isn't on this machine is as bad as from one. */
static int plaintext_check(
	const struct agent_options *o, const struct conf *c, struct err *e)
{
	for (size_t i = 0; i < o->n_masters; i++) {
		const char *host = o->masters[i].host;

		if (o->daemon.tls || o->daemon.allow_plaintext ||
			conf_value_is_loopback(host))
			continue;
		(void)err_set(e, ERR_DENIED,
			"the master '%.100s' is not on this machine, and plain "
			"text is accepted on loopback addresses only: set up "
			"TLS, or use --allow_plaintext",
			host);
		return conf_refuse(c, "tls", e);
	}
	return 0;
}

static int options_fill(
	struct agent_options *o, const struct conf *c, struct err *e)
{
	char *text = NULL;

	o->work_dir = conf_text(c, "work_dir");
	o->runtime_dir = conf_text(c, "runtime_dir");
	o->domain_socket_location = conf_text(c, "domain_socket_location");
	o->launcher_dir = conf_text(c, "launcher_dir");
	o->resources = conf_text(c, "resources");
	o->default_role = conf_text(c, "default_role");
	o->attributes = conf_text(c, "attributes");
	o->cgroups_root = conf_text(c, "cgroups_root");
	o->cgroups_enable_cfs = conf_bool(c, "cgroups_enable_cfs");
	o->cgroups_limit_swap = conf_bool(c, "cgroups_limit_swap");
	CHECK(masters_parse(conf_text(c, "master"), &o->masters, &o->n_masters,
		      &text, NULL) == 0);
	o->masters_text = text;
	config_fill(&o->config, c);
	if (daemon_conf_fill(&o->daemon, c, e) != 0 ||
		plaintext_check(o, c, e) != 0)
		return -1;
	o->config.tls = o->daemon.tls;
	if (resources_check(o->resources, o->default_role, e) != 0)
		return conf_refuse(c, "resources", e);
	return 0;
}

int agent_conf_fill(
	struct agent_options *ret, const struct conf *c, struct err *e)
{
	struct agent_options o = { 0 };

	if (options_fill(&o, c, e) != 0) {
		agent_conf_fini(&o);
		return -1;
	}
	*ret = o;
	return 0;
}

void agent_conf_fini(struct agent_options *o)
{
	for (size_t i = 0; i < o->config.n_flags; i++)
		free((void *)(uintptr_t)o->config.flags[i].value);
	free((void *)(uintptr_t)o->config.flags);
	variables_free((char **)(uintptr_t)o->config.executor_env);
	free(o->masters);
	free(o->masters_text);
	*o = (struct agent_options){ 0 };
}
