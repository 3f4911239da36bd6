/* generate.c - see generate.h. */
#include "agent/generate.h"

#include <string.h>

#include "agent/agent.h"
#include "agent/hold.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/msg.h"
#include "mesos/v1/mesos.pb-c.h"

/* ExecutorInfo.source is deprecated, but tools show it. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* What the executor itself takes, beside the task. */
#define OVERHEAD_CPUS	0.1
#define OVERHEAD_MEM_MB 32
/* Longer commands are cut in the executor's name. */
#define NAME_COMMAND_MAX 15
#define NAME_COMMAND_CUT 12
#define SECOND_NS	 ((int64_t)1000000000)

static Mesos__V1__CommandInfo *command_of(const struct agent *a,
	const Mesos__V1__CommandInfo *task, struct arena *mem);
static char *name_of(const Mesos__V1__TaskInfo *task, struct arena *mem);
static Mesos__V1__Resource **resources_of(
	const Mesos__V1__TaskInfo *task, struct arena *mem);

Mesos__V1__ExecutorInfo *generate_executor(const struct agent *a,
	const struct framework *f, const Mesos__V1__TaskInfo *task,
	struct arena *mem)
{
	Mesos__V1__ExecutorInfo *x = arena_alloc(mem, sizeof(*x));

	mesos__v1__executor_info__init(x);
	x->executor_id = arena_alloc(mem, sizeof(*x->executor_id));
	mesos__v1__executor_id__init(x->executor_id);
	x->executor_id->value = task->task_id->value;
	x->framework_id = arena_alloc(mem, sizeof(*x->framework_id));
	mesos__v1__framework_id__init(x->framework_id);
	x->framework_id->value = f->id;
	x->source = task->task_id->value;
	x->name = name_of(task, mem);
	x->command = command_of(a, task->command, mem);
	x->container = task->container;
	x->labels = task->labels;
	x->discovery = task->discovery;
	x->resources = resources_of(task, mem);
	x->n_resources = 2;
	if (task->kill_policy != NULL &&
		task->kill_policy->grace_period != NULL) {
		int64_t ns = task->kill_policy->grace_period->nanoseconds;

		x->shutdown_grace_period =
			arena_alloc(mem, sizeof(*x->shutdown_grace_period));
		mesos__v1__duration_info__init(x->shutdown_grace_period);
		/* To kill, to reap, to tell. */
		x->shutdown_grace_period->nanoseconds =
			ns < INT64_MAX - 2 * SECOND_NS ? ns + 2 * SECOND_NS
						       : ns;
	}
	return x;
}

static Mesos__V1__CommandInfo *command_of(const struct agent *a,
	const Mesos__V1__CommandInfo *task, struct arena *mem)
{
	Mesos__V1__CommandInfo *c = arena_alloc(mem, sizeof(*c));

	mesos__v1__command_info__init(c);
	c->has_shell = 1;
	c->shell = 0;
	c->value = arena_printf(mem, "%s/butte-executor", a->cfg->launcher_dir);
	c->arguments = arena_alloc(mem, sizeof(*c->arguments));
	c->arguments[0] = arena_strdup(mem, "butte-executor");
	c->n_arguments = 1;
	c->environment = task->environment;
	c->user = task->user;
	return c;
}

static char *name_of(const Mesos__V1__TaskInfo *task, struct arena *mem)
{
	const Mesos__V1__CommandInfo *c = task->command;
	bool shell = !c->has_shell || c->shell;
	const char *open = shell ? "sh -c '" : "[";
	const char *close = shell ? "'" : "]";
	struct buf b = BUF_INIT;
	char *name;
	size_t i;

	buf_add_str(&b, c->value != NULL ? c->value : "");
	for (i = 0; !shell && i < c->n_arguments; i++)
		buf_printf(&b, ", %s", c->arguments[i]);
	if (c->value == NULL)
		name = arena_printf(mem,
			"Command Executor (Task: %s) (Command: %s)",
			task->task_id->value,
			shell ? "NO COMMAND" : "NO EXECUTABLE");
	else if (b.size > NAME_COMMAND_MAX)
		name = arena_printf(mem,
			"Command Executor (Task: %s) (Command: %s%.*s...%s)",
			task->task_id->value, open, NAME_COMMAND_CUT,
			buf_str(&b), close);
	else
		name = arena_printf(mem,
			"Command Executor (Task: %s) (Command: %s%s%s)",
			task->task_id->value, open, buf_str(&b), close);
	buf_fini(&b);
	return name;
}

static Mesos__V1__Resource *scalar(const char *name, double value,
	Mesos__V1__Resource__AllocationInfo *allocation, struct arena *mem)
{
	Mesos__V1__Resource *r = arena_alloc(mem, sizeof(*r));

	mesos__v1__resource__init(r);
	r->name = arena_strdup(mem, name);
	r->type = MESOS__V1__VALUE__TYPE__SCALAR;
	r->scalar = arena_alloc(mem, sizeof(*r->scalar));
	mesos__v1__value__scalar__init(r->scalar);
	r->scalar->value = value;
	r->allocation_info = allocation;
	return r;
}

/* In the role of the task. */
static Mesos__V1__Resource **resources_of(
	const Mesos__V1__TaskInfo *task, struct arena *mem)
{
	Mesos__V1__Resource__AllocationInfo *role = task->n_resources > 0
		? task->resources[0]->allocation_info
		: NULL;
	Mesos__V1__Resource **r = arena_alloc(mem, 2 * sizeof(*r));

	r[0] = scalar("cpus", OVERHEAD_CPUS, role, mem);
	r[1] = scalar("mem", OVERHEAD_MEM_MB, role, mem);
	return r;
}

Mesos__V1__KillPolicy *generate_kill_policy(
	const struct blob *b, struct arena *mem)
{
	Mesos__V1__KillPolicy *p;

	if (b->data == NULL)
		return NULL;
	p = MSG_UNPACK(Mesos__V1__KillPolicy, mem,
		&mesos__v1__kill_policy__descriptor, b->data, b->size, NULL);
	CHECK(p != NULL);
	return p;
}
