/* master_conf.c - see master_conf.h. */
#include "master/master_conf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/conf.h"
#include "common/duration.h"
#include "common/err.h"
#include "common/ident.h"
#include "common/mem.h"
#include "common/quantity.h"

static conf_check_f amounts_check;
static conf_check_f roles_check;
static conf_check_f weights_check;
static conf_check_f rate_check;
static conf_check_f names_check;

static const struct conf_option options[] = {
	{ .name = "work_dir",
		.type = CONF_PATH,
		.metavar = "DIRECTORY",
		.help = "Where the registry is kept. Needed unless "
			"--registry=in_memory." },
	{ .name = "port",
		.type = CONF_INT,
		.metavar = "PORT",
		.value = "5050",
		.min = "0",
		.max = "65535",
		.help = "Port to listen on. With 0 the kernel picks one, "
			"which the log names." },
	{ .name = "cluster",
		.type = CONF_STRING,
		.metavar = "NAME",
		.help = "Name of the cluster, for people." },
	{ .name = "registry",
		.type = CONF_ENUM,
		.metavar = "KIND",
		.value = "sqlite",
		.choices = "sqlite|in_memory",
		.help = "What the master remembers agents and frameworks in. "
			"With in_memory a restarted master knows nobody; for "
			"tests." },
	{ .name = "allocation_interval",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.value = "1secs",
		.min = "1ms",
		.help = "Time between two rounds of offers." },
	{ .name = "min_allocatable_resources",
		.type = CONF_STRING,
		.metavar = "AMOUNTS",
		.value = "cpus:0.01|mem:32",
		.check = amounts_check,
		.help = "What free resources of an agent must have to be "
			"offered; either side of a '|' suffices." },
	{ .name = "offer_timeout",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.min = "1ms",
		.help = "Time after which an offer that nobody answered is "
			"taken back. Without it, never." },
	{ .name = "fair_sharing_excluded_resource_names",
		.type = CONF_STRING,
		.metavar = "NAMES",
		.check = names_check,
		.help = "Resources that don't count for fair shares, between "
			"commas." },
	{ .name = "filter_gpu_resources",
		.type = CONF_BOOL,
		.value = "true",
		.help = "Offer agents with gpus only to frameworks with the "
			"capability GPU_RESOURCES." },
	{ .name = "roles",
		.type = CONF_STRING,
		.metavar = "ROLES",
		.check = roles_check,
		.help = "Roles that frameworks may have, between commas, "
			"besides *. Without it, any." },
	{ .name = "weights",
		.type = CONF_STRING,
		.metavar = "ROLE=WEIGHT,...",
		.check = weights_check,
		.help = "Weights of roles in fair sharing. A role that isn't "
			"named has 1." },
	{ .name = "root_submissions",
		.type = CONF_BOOL,
		.value = "true",
		.help = "Let frameworks run as root." },
	{ .name = "agent_ping_timeout",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.value = "15secs",
		.min = "1secs",
		.max = "15mins",
		.lifts_min = "allow_short_timeouts",
		.old = "slave_ping_timeout",
		.help = "Time in which an agent has to answer a ping." },
	{ .name = "max_agent_ping_timeouts",
		.type = CONF_INT,
		.metavar = "COUNT",
		.value = "5",
		.min = "1",
		.max = "1000000",
		.old = "max_slave_ping_timeouts",
		.help = "Pings without an answer after which an agent is "
			"unreachable." },
	{ .name = "agent_reregister_timeout",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.value = "10mins",
		.min = "10mins",
		.lifts_min = "allow_short_timeouts",
		.old = "slave_reregister_timeout",
		.help = "Time in which an agent has to come back after its "
			"connection or the master broke, before it is "
			"unreachable." },
	{ .name = "agent_removal_rate_limit",
		.type = CONF_STRING,
		.metavar = "COUNT/DURATION",
		.old = "slave_removal_rate_limit",
		.check = rate_check,
		.help = "How many agents may become unreachable in that "
			"time, as 1/10mins. Without it, any number." },
	{ .name = "allow_short_timeouts",
		.type = CONF_BOOL,
		.value = "false",
		.help = "Accept timeouts of agents under their minimum. For "
			"tests: in a real cluster every short disturbance "
			"would lose tasks." },
	{ .name = "registry_gc_interval",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.value = "15mins",
		.min = "1ms",
		.help = "Time between two cleanings of the lists of "
			"unreachable and of gone agents." },
	{ .name = "registry_max_agent_age",
		.type = CONF_DURATION,
		.metavar = "DURATION",
		.value = "2weeks",
		.help = "Age at which an agent leaves those lists." },
	{ .name = "registry_max_agent_count",
		.type = CONF_INT,
		.metavar = "COUNT",
		.value = "102400",
		.min = "0",
		.max = "4294967295",
		.help = "Agents that each of those lists keeps; the oldest "
			"leave first." },
	{ .name = "max_completed_frameworks",
		.type = CONF_INT,
		.metavar = "COUNT",
		.value = "50",
		.min = "0",
		.max = "4294967295",
		.help = "Completed frameworks to remember." },
	{ .name = "max_completed_tasks_per_framework",
		.type = CONF_INT,
		.metavar = "COUNT",
		.value = "1000",
		.min = "0",
		.max = "4294967295",
		.help = "Completed tasks of each framework to remember." },
	{ .name = "max_unreachable_tasks_per_framework",
		.type = CONF_INT,
		.metavar = "COUNT",
		.value = "1000",
		.min = "0",
		.max = "4294967295",
		.help = "Tasks on unreachable agents of each framework to "
			"remember." },
	{ .name = "max_operator_event_stream_subscribers",
		.type = CONF_INT,
		.metavar = "COUNT",
		.value = "1000",
		.min = "1",
		.max = "4294967295",
		.help = "Operators' event streams at a time; one more ends "
			"the oldest." },
};

void master_conf_init(struct conf *c)
{
	conf_init(c, "butte-master",
		"The master of a cluster: offers the agents' resources to "
		"frameworks.");
	conf_add(c, options, ARRAY_LEN(options));
	conf_add(c, daemon_conf_options, daemon_conf_n_options);
}

/* --- checks ----------------------------------------------------------------- */

static int amounts_check(const char *value, struct err *e)
{
	struct quantity_sets sets = { 0 };
	int r = quantity_sets_parse(&sets, value, e);

	if (r == 0)
		quantity_sets_fini(&sets);
	return r;
}

/* Calls check for each piece between commas. */
static int pieces_check(const char *value, conf_check_f *check, struct err *e)
{
	CLEANUP(mem_freep) char *copy = xstrdup(value);
	char *rest = copy, *piece;

	while ((piece = strsep(&rest, ",")) != NULL)
		if (check(piece, e) != 0)
			return -1;
	return 0;
}

static int role_check(const char *value, struct err *e)
{
	return ident_role_check(value, e);
}

static int roles_check(const char *value, struct err *e)
{
	return pieces_check(value, role_check, e);
}

static int name_check(const char *value, struct err *e)
{
	return *value != '\0' ? 0 : err_set(e, ERR_INVALID, "an empty name");
}

static int names_check(const char *value, struct err *e)
{
	return pieces_check(value, name_check, e);
}

/* Over 0, at most three digits behind the point: weights are thousandths. */
static bool weight_is_good(const char *s)
{
	size_t whole = strspn(s, "0123456789");
	size_t part = s[whole] == '.' ? strspn(s + whole + 1, "0123456789") : 0;
	const char *end = s + whole + (part > 0 ? part + 1 : 0);

	return whole > 0 && whole <= 9 && part <= 3 && *end == '\0' &&
		s[strspn(s, "0.")] != '\0';
}

static int weight_check(const char *value, struct err *e)
{
	CLEANUP(mem_freep) char *role = xstrdup(value);
	char *eq = strchr(role, '=');

	if (eq == NULL)
		return err_set(e, ERR_INVALID,
			"'%.100s' is not of the form ROLE=WEIGHT", value);
	*eq = '\0';
	if (!weight_is_good(eq + 1))
		return err_set(e, ERR_INVALID,
			"the weight '%.40s' of role '%.100s' is not a number "
			"over 0 with at most three digits behind the point",
			eq + 1, role);
	return ident_role_check(role, e);
}

static int weights_check(const char *value, struct err *e)
{
	return pieces_check(value, weight_check, e);
}

static int rate_check(const char *value, struct err *e)
{
	size_t digits = strspn(value, "0123456789");
	int64_t ns;

	if (digits == 0 || digits > 9 || value[digits] != '/' ||
		value[strspn(value, "0")] == '/')
		return err_set(e, ERR_INVALID,
			"'%.100s' is not of the form COUNT/DURATION, as "
			"1/10mins",
			value);
	if (duration_parse(value + digits + 1, &ns, e) != 0)
		return -1;
	return ns > 0 ? 0 : err_set(e, ERR_INVALID, "a duration of zero");
}

/* --- filling ------------------------------------------------------------------ */

static void flags_fill(struct master_config *to, const struct conf *c)
{
	struct master_flag *flags = xcalloc(c->n, sizeof(*flags));
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

static unsigned count(const struct conf *c, const char *name)
{
	return (unsigned)conf_int(c, name);
}

static void config_fill(struct master_config *to, const struct conf *c)
{
	*to = (struct master_config){
		.cluster = conf_text(c, "cluster"),
		.allocation_interval_ms = conf_ms(c, "allocation_interval"),
		.agent_ping_timeout_ms = conf_ms(c, "agent_ping_timeout"),
		.max_agent_ping_timeouts = count(c, "max_agent_ping_timeouts"),
		.agent_reregister_timeout_ms =
			conf_ms(c, "agent_reregister_timeout"),
		.offer_timeout_ms = conf_ms(c, "offer_timeout"),
		.registry_gc_interval_ms = conf_ms(c, "registry_gc_interval"),
		.registry_max_agent_age_ms =
			conf_ms(c, "registry_max_agent_age"),
		.registry_max_agent_count =
			count(c, "registry_max_agent_count"),
		.max_completed_frameworks =
			count(c, "max_completed_frameworks"),
		.max_completed_tasks_per_framework =
			count(c, "max_completed_tasks_per_framework"),
		.max_unreachable_tasks_per_framework =
			count(c, "max_unreachable_tasks_per_framework"),
		.max_operator_event_stream_subscribers =
			count(c, "max_operator_event_stream_subscribers"),
		.root_submissions = conf_bool(c, "root_submissions"),
		.filter_gpu_resources = conf_bool(c, "filter_gpu_resources"),
		.min_allocatable_resources =
			conf_text(c, "min_allocatable_resources"),
		.fair_sharing_excluded_resource_names =
			conf_text(c, "fair_sharing_excluded_resource_names"),
		.weights = conf_text(c, "weights"),
		.roles = conf_text(c, "roles"),
		.agent_removal_rate_limit =
			conf_text(c, "agent_removal_rate_limit"),
	};
}

int master_conf_fill(
	struct master_options *ret, const struct conf *c, struct err *e)
{
	struct master_options o = {
		.work_dir = conf_text(c, "work_dir"),
		.registry_sqlite =
			strcmp(conf_text(c, "registry"), "sqlite") == 0,
	};

	if (daemon_conf_fill(&o.daemon, c, e) != 0)
		return -1;
	if (o.registry_sqlite && o.work_dir == NULL)
		return err_set(e, ERR_INVALID,
			"--work_dir=DIRECTORY is required: the registry is "
			"kept there");
	config_fill(&o.config, c);
	flags_fill(&o.config, c);
	*ret = o;
	return 0;
}

void master_conf_fini(struct master_options *o)
{
	for (size_t i = 0; i < o->config.n_flags; i++)
		free((void *)(uintptr_t)o->config.flags[i].value);
	free((void *)(uintptr_t)o->config.flags);
	*o = (struct master_options){ 0 };
}
