/* validate_task.c - see validate.h: the tasks of a LAUNCH. */
#include <string.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/ident.h"
#include "common/limits.h"
#include "common/res.h"
#include "master/state.h"
#include "master/validate.h"
#include "mesos/v1/mesos.pb-c.h"

typedef int check_f(const struct validate_launch *l, struct err *e);
typedef Mesos__V1__Environment__Variable variable_msg;

#define VALUE(name) MESOS__V1__ENVIRONMENT__VARIABLE__TYPE__##name

static check_f size_check, id_check, unique_check, agent_check, times_check,
	check_check, health_check, resources_check, command_check,
	container_check, limits_check, kind_check, executor_check,
	together_check, pool_check, share_check;

/* In Mesos' order, behind our own. */
static check_f *const checks[] = {
	size_check,
	id_check,
	unique_check,
	agent_check,
	times_check,
	check_check,
	health_check,
	resources_check,
	command_check,
	container_check,
	limits_check,
	kind_check,
	executor_check,
	together_check,
	pool_check,
	share_check,
};

int validate_task(const struct validate_launch *l, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i](l, e) != 0)
			return -1;
	return 0;
}

static int size_check(const struct validate_launch *l, struct err *e)
{
	size_t size = protobuf_c_message_get_packed_size(&l->task->base);

	if (size <= TASK_INFO_MAX)
		return 0;
	return err_set(e, ERR_LIMIT,
		"The task's description of %zu bytes is over the %d that one "
		"may have; let it fetch what it needs",
		size, TASK_INFO_MAX);
}

/* --- who and where ------------------------------------------------------------ */

static int id_check(const struct validate_launch *l, struct err *e)
{
	return ident_id_check("task id", l->task->task_id->value, e);
}

static int unique_check(const struct validate_launch *l, struct err *e)
{
	const char *id = l->task->task_id->value;

	if (state_task_find(l->fw, id) != NULL)
		return err_set(e, ERR_EXISTS,
			"Task '%s' exists already (or its last update is not "
			"acknowledged); choose another task id",
			id);
	if (state_unreachable_find(l->fw, id) != NULL)
		return err_set(e, ERR_EXISTS,
			"Task '%s' exists on an agent that is unreachable; "
			"choose another task id",
			id);
	return 0;
}

static int agent_check(const struct validate_launch *l, struct err *e)
{
	if (strcmp(l->task->agent_id->value, l->agent->id) == 0)
		return 0;
	return err_set(e, ERR_INVALID,
		"Task '%s' names agent '%.64s', but its offer is of agent "
		"'%s'",
		l->task->task_id->value, l->task->agent_id->value,
		l->agent->id);
}

/* --- times and checks ------------------------------------------------------------ */

static int times_check(const struct validate_launch *l, struct err *e)
{
	const Mesos__V1__TaskInfo *t = l->task;

	if (t->kill_policy != NULL && t->kill_policy->grace_period != NULL &&
		t->kill_policy->grace_period->nanoseconds < 0)
		return err_set(e, ERR_INVALID,
			"Task's 'kill_policy.grace_period' must be >= 0");
	if (t->max_completion_time != NULL &&
		t->max_completion_time->nanoseconds < 0)
		return err_set(e, ERR_INVALID,
			"Task's 'max_completion_time' must be >= 0");
	return 0;
}

static int variable_check(
	const char *what, const variable_msg *v, struct err *e)
{
	switch ((int)v->type) {
	case VALUE(VALUE):
		if (v->value == NULL)
			return err_set(e, ERR_INVALID,
				"%s: environment variable '%.64s' of type "
				"VALUE has no value",
				what, v->name);
		if (v->secret != NULL)
			return err_set(e, ERR_INVALID,
				"%s: environment variable '%.64s' of type "
				"VALUE has a secret",
				what, v->name);
		return 0;
	case VALUE(SECRET):
		if (v->secret == NULL || v->value != NULL)
			return err_set(e, ERR_INVALID,
				"%s: environment variable '%.64s' of type "
				"SECRET must have a secret and no value",
				what, v->name);
		if (v->secret->value != NULL &&
			v->secret->value->data.len > 0 &&
			memchr(v->secret->value->data.data, '\0',
				v->secret->value->data.len) != NULL)
			return err_set(e, ERR_INVALID,
				"%s: environment variable '%.64s': its secret "
				"has a NUL byte",
				what, v->name);
		return 0;
	default:
		return err_set(e, ERR_INVALID,
			"%s: environment variable '%.64s' has an unknown type",
			what, v->name);
	}
}

static int environment_check(
	const char *what, const Mesos__V1__CommandInfo *c, struct err *e)
{
	size_t i;

	if (c == NULL || c->environment == NULL)
		return 0;
	for (i = 0; i < c->environment->n_variables; i++)
		if (variable_check(what, c->environment->variables[i], e) != 0)
			return -1;
	return 0;
}

/* A time of a check. Written so that NaN fails. */
static int seconds_check(
	const char *what, const char *name, double v, struct err *e)
{
	if (v >= 0)
		return 0;
	return err_set(e, ERR_INVALID, "%s: '%s' must be >= 0", what, name);
}

static int path_check(const char *what, const char *path, struct err *e)
{
	if (path == NULL || path[0] == '/')
		return 0;
	return err_set(e, ERR_INVALID,
		"%s: the path '%.128s' of HTTP must begin with '/'", what,
		path);
}

static int probe_command_check(
	const char *what, const Mesos__V1__CommandInfo *c, struct err *e)
{
	if (c == NULL || c->value == NULL)
		return err_set(e, ERR_INVALID,
			"%s: type COMMAND needs 'command' with a 'value'",
			what);
	return environment_check(what, c, e);
}

static int check_check(const struct validate_launch *l, struct err *e)
{
	static const char what[] = "Task's 'check'";
	const Mesos__V1__CheckInfo *c = l->task->check;

	if (c == NULL)
		return 0;
	switch (c->has_type ? (int)c->type : 0) {
	case MESOS__V1__CHECK_INFO__TYPE__COMMAND:
		if (probe_command_check(what,
			    c->command != NULL ? c->command->command : NULL,
			    e) != 0)
			return -1;
		break;
	case MESOS__V1__CHECK_INFO__TYPE__HTTP:
		if (c->http == NULL)
			return err_set(e, ERR_INVALID,
				"%s: type HTTP needs 'http'", what);
		if (path_check(what, c->http->path, e) != 0)
			return -1;
		break;
	case MESOS__V1__CHECK_INFO__TYPE__TCP:
		if (c->tcp == NULL)
			return err_set(e, ERR_INVALID,
				"%s: type TCP needs 'tcp'", what);
		break;
	default:
		return err_set(e, ERR_INVALID,
			"%s: 'type' must be COMMAND, HTTP or TCP", what);
	}
	if (seconds_check(what, "delay_seconds", c->delay_seconds, e) != 0 ||
		seconds_check(
			what, "interval_seconds", c->interval_seconds, e) != 0)
		return -1;
	return seconds_check(what, "timeout_seconds", c->timeout_seconds, e);
}

static int health_times_check(
	const char *what, const Mesos__V1__HealthCheck *h, struct err *e)
{
	if (seconds_check(what, "delay_seconds", h->delay_seconds, e) != 0 ||
		seconds_check(what, "grace_period_seconds",
			h->grace_period_seconds, e) != 0 ||
		seconds_check(
			what, "interval_seconds", h->interval_seconds, e) != 0)
		return -1;
	return seconds_check(what, "timeout_seconds", h->timeout_seconds, e);
}

static int health_http_check(const char *what,
	const Mesos__V1__HealthCheck__HTTPCheckInfo *http, struct err *e)
{
	if (http == NULL)
		return err_set(
			e, ERR_INVALID, "%s: type HTTP needs 'http'", what);
	if (http->scheme != NULL && strcmp(http->scheme, "http") != 0 &&
		strcmp(http->scheme, "https") != 0)
		return err_set(e, ERR_INVALID,
			"%s: scheme '%.32s' is neither 'http' nor 'https'",
			what, http->scheme);
	return path_check(what, http->path, e);
}

static int health_check(const struct validate_launch *l, struct err *e)
{
	static const char what[] = "Task's 'health_check'";
	const Mesos__V1__HealthCheck *h = l->task->health_check;

	if (h == NULL)
		return 0;
	switch (h->has_type ? (int)h->type : 0) {
	case MESOS__V1__HEALTH_CHECK__TYPE__COMMAND:
		if (probe_command_check(what, h->command, e) != 0)
			return -1;
		break;
	case MESOS__V1__HEALTH_CHECK__TYPE__HTTP:
		if (health_http_check(what, h->http, e) != 0)
			return -1;
		break;
	case MESOS__V1__HEALTH_CHECK__TYPE__TCP:
		if (h->tcp == NULL)
			return err_set(e, ERR_INVALID,
				"%s: type TCP needs 'tcp'", what);
		break;
	default:
		return err_set(e, ERR_INVALID,
			"%s: 'type' must be COMMAND, HTTP or TCP", what);
	}
	return health_times_check(what, h, e);
}

/* --- resources --------------------------------------------------------------------- */

/* Each object alone was checked by res_from_msgs(). */
static const char *persistence(const Mesos__V1__Resource *r)
{
	return r->disk != NULL && r->disk->persistence != NULL
		? r->disk->persistence->id
		: NULL;
}

/* Others can't clash; so most lists are walked once. */
static bool is_special(const Mesos__V1__Resource *r)
{
	return r->revocable != NULL || persistence(r) != NULL;
}

/* What two objects of one list, or of task and executor, must not be. */
static int pair_check(const Mesos__V1__Resource *a,
	const Mesos__V1__Resource *b, struct err *e)
{
	const char *pa = persistence(a), *pb = persistence(b);

	if (pa != NULL && pb != NULL && strcmp(pa, pb) == 0)
		return err_set(e, ERR_INVALID,
			"Persistence id '%.64s' is used twice", pa);
	if (strcmp(a->name, b->name) == 0 &&
		(a->revocable != NULL) != (b->revocable != NULL))
		return err_set(e, ERR_INVALID,
			"'%.64s' is both revocable and non-revocable; use one "
			"of them",
			a->name);
	return 0;
}

static int list_check(const char *what, const char *role,
	Mesos__V1__Resource *const *msgs, size_t n, struct err *e)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		const Mesos__V1__Resource__AllocationInfo *al =
			msgs[i]->allocation_info;

		for (k = 0; is_special(msgs[i]) && k < n; k++)
			if (k != i && pair_check(msgs[k], msgs[i], e) != 0)
				return err_wrap(e, "%s", what);
		if (al != NULL && al->role != NULL &&
			strcmp(al->role, role) != 0)
			return err_set(e, ERR_INVALID,
				"%s: '%.64s' is allocated to role '%.64s', "
				"but the offer to role '%.64s'",
				what, msgs[i]->name, al->role, role);
	}
	return 0;
}

static int resources_check(const struct validate_launch *l, struct err *e)
{
	if (res_is_empty(l->res))
		return err_set(e, ERR_INVALID,
			"Task '%s' uses no resources; give it some of its "
			"offer's",
			l->task->task_id->value);
	return list_check("Task's resources", l->role, l->task->resources,
		l->task->n_resources, e);
}

/* --- command and container ------------------------------------------------------------ */

static int command_check(const struct validate_launch *l, struct err *e)
{
	return environment_check("Task's command", l->task->command, e);
}

static int container_volume_check(
	const char *what, const Mesos__V1__Volume *v, struct err *e)
{
	int n = (v->host_path != NULL) + (v->image != NULL) +
		(v->source != NULL);

	if (n == 1)
		return 0;
	return err_set(e, ERR_INVALID,
		"%s: the volume at '%.128s' must have exactly one of "
		"'host_path', 'image' and 'source'",
		what, v->container_path);
}

static int container_info_check(
	const char *what, const Mesos__V1__ContainerInfo *c, struct err *e)
{
	size_t i;

	if (c == NULL)
		return 0;
	for (i = 0; i < c->n_volumes; i++)
		if (container_volume_check(what, c->volumes[i], e) != 0)
			return -1;
	if ((int)c->type != MESOS__V1__CONTAINER_INFO__TYPE__DOCKER)
		return 0;
	if (c->docker == NULL)
		return err_set(
			e, ERR_INVALID, "%s: type DOCKER needs 'docker'", what);
	for (i = 0; i < c->docker->n_parameters; i++)
		if (strcmp(c->docker->parameters[i]->key, "name") == 0)
			return err_set(e, ERR_INVALID,
				"%s: the docker parameter 'name' is set by "
				"the agent; leave it out",
				what);
	return 0;
}

static int container_check(const struct validate_launch *l, struct err *e)
{
	return container_info_check("Task's container", l->task->container, e);
}

static int limits_check(const struct validate_launch *l, struct err *e)
{
	size_t i;

	if (l->task->n_limits == 0)
		return 0;
	if ((l->agent->capabilities &
		    CAPABILITY(
			    MESOS__V1__AGENT_INFO__CAPABILITY__TYPE__TASK_RESOURCE_LIMITS)) ==
		0)
		return err_set(e, ERR_UNSUPPORTED,
			"Task has 'limits', but agent '%s' lacks the "
			"TASK_RESOURCE_LIMITS capability",
			l->agent->id);
	for (i = 0; i < l->task->n_limits; i++) {
		const char *name = l->task->limits[i]->key;
		double limit = l->task->limits[i]->value != NULL
			? l->task->limits[i]->value->value
			: 0;
		int64_t request = res_sum(l->res, name);

		if (strcmp(name, "cpus") != 0 && strcmp(name, "mem") != 0)
			return err_set(e, ERR_INVALID,
				"Task has a limit of '%.64s'; only 'cpus' and "
				"'mem' can be limited",
				name);
		if (request == 0)
			return err_set(e, ERR_INVALID,
				"Task has a limit of '%s' but requests none",
				name);
		if (!(limit * 1000.0 >= (double)request - 0.5))
			return err_set(e, ERR_INVALID,
				"Task's limit of '%s' is below its request",
				name);
	}
	return 0;
}

/* --- executor --------------------------------------------------------------------------- */

static int kind_check(const struct validate_launch *l, struct err *e)
{
	if ((l->task->command != NULL) != (l->task->executor != NULL))
		return 0;
	return err_set(e, ERR_INVALID,
		"Task '%s' must have exactly one of 'command' and 'executor'",
		l->task->task_id->value);
}

static int executor_same(const struct validate_launch *l, struct err *e)
{
	Mesos__V1__ExecutorInfo x = *l->task->executor;
	uint8_t *data;
	size_t size;

	/* As it would be kept: the sums of its resources. */
	x.resources = res_to_msgs(
		l->executor_res, l->arena, RES_FORM_STACK, &x.n_resources);
	size = protobuf_c_message_get_packed_size(&x.base);
	data = arena_alloc(l->arena, size);
	(void)protobuf_c_message_pack(&x.base, data);
	if (size == l->running->info.size &&
		memcmp(data, l->running->info.data, size) == 0)
		return 0;
	return err_set(e, ERR_CONFLICT,
		"Executor '%s' runs on agent '%s' with another ExecutorInfo; "
		"send the same, or choose another executor id",
		x.executor_id->value, l->agent->id);
}

static int executor_check(const struct validate_launch *l, struct err *e)
{
	const Mesos__V1__ExecutorInfo *x = l->task->executor;

	if (x == NULL)
		return 0;
	if (ident_id_check("executor id", x->executor_id->value, e) != 0)
		return -1;
	if (x->has_type &&
		(int)x->type != MESOS__V1__EXECUTOR_INFO__TYPE__CUSTOM)
		return err_set(e, ERR_INVALID,
			"Executor '%.64s': 'type' must be unset or CUSTOM; "
			"DEFAULT is for task groups",
			x->executor_id->value);
	if (x->command == NULL)
		return err_set(e, ERR_INVALID,
			"Executor '%.64s' has no 'command'",
			x->executor_id->value);
	if (x->framework_id == NULL ||
		strcmp(x->framework_id->value, l->fw->id) != 0)
		return err_set(e, ERR_INVALID,
			"Executor '%.64s': its 'framework_id' is not that of "
			"framework '%s'",
			x->executor_id->value, l->fw->id);
	if (x->shutdown_grace_period != NULL &&
		x->shutdown_grace_period->nanoseconds < 0)
		return err_set(e, ERR_INVALID,
			"Executor's 'shutdown_grace_period' must be >= 0");
	if (list_check("Executor's resources", l->role, x->resources,
		    x->n_resources, e) != 0 ||
		environment_check("Executor's command", x->command, e) != 0 ||
		container_info_check("Executor's container", x->container, e) !=
			0)
		return -1;
	return l->running != NULL ? executor_same(l, e) : 0;
}

/* Ports and sets can't be used by both; scalars add up. */
static int overlap_check(const struct validate_launch *l, struct err *e)
{
	const Mesos__V1__TaskInfo *t = l->task;
	struct res sum = RES_INIT;
	int ret = 0;
	size_t i;

	res_copy(&sum, l->res);
	res_add(&sum, l->executor_res);
	for (i = 0; i < t->n_resources && ret == 0; i++) {
		const char *name = t->resources[i]->name;

		if (res_sum(&sum, name) !=
			res_sum(l->res, name) + res_sum(l->executor_res, name))
			ret = err_set(e, ERR_INVALID,
				"Task '%s' and its executor use the same "
				"'%.64s'",
				t->task_id->value, name);
	}
	res_fini(&sum);
	return ret;
}

static int together_check(const struct validate_launch *l, struct err *e)
{
	const Mesos__V1__TaskInfo *t = l->task;
	size_t i, k;

	if (t->executor == NULL)
		return 0;
	for (i = 0; i < t->n_resources; i++)
		for (k = 0; k < t->executor->n_resources; k++)
			if (pair_check(t->resources[i],
				    t->executor->resources[k], e) != 0)
				return err_wrap(e, "Task and its executor");
	return overlap_check(l, e);
}

static int pool_check(const struct validate_launch *l, struct err *e)
{
	struct res need = RES_INIT;
	int ret = 0;

	res_copy(&need, l->res);
	if (l->running == NULL)
		res_add(&need, l->executor_res);
	if (!res_contains(l->pool, &need))
		ret = err_set(e, ERR_CONFLICT,
			"Task '%.64s' uses %.160s, but of its offers only "
			"%.160s is left",
			l->task->task_id->value, res_text(l->arena, &need),
			res_text(l->arena, l->pool));
	res_fini(&need);
	return ret;
}

static int share_check(const struct validate_launch *l, struct err *e)
{
	const Mesos__V1__ContainerInfo *c = l->task->container;

	if (c == NULL || c->linux_info == NULL ||
		!c->linux_info->has_share_cgroups ||
		c->linux_info->share_cgroups)
		return 0;
	return err_set(e, ERR_INVALID,
		"Task '%s': 'share_cgroups' may be false only in task groups",
		l->task->task_id->value);
}
