/* test_agent_env.c - what an executor finds in its environment. */
#include "agent_rig.h"

static const char *find(const struct agent_launch *l, const char *name)
{
	size_t n = strlen(name), i;
	const char *found = NULL;

	for (i = 0; l->env[i] != NULL; i++)
		if (strncmp(l->env[i], name, n) == 0 && l->env[i][n] == '=') {
			assert_null(found); /* each once */
			found = l->env[i] + n + 1;
		}
	return found;
}

static Mesos__V1__Environment *environment(
	struct arena *mem, const char *name, const char *value)
{
	Mesos__V1__Environment *e =
		RIG_NEW(mem, Mesos__V1__Environment, mesos__v1__environment);

	e->variables = arena_alloc(mem, sizeof(void *));
	e->n_variables = 1;
	e->variables[0] = RIG_NEW(mem, Mesos__V1__Environment__Variable,
		mesos__v1__environment__variable);
	e->variables[0]->name = arena_strdup(mem, name);
	e->variables[0]->value = arena_strdup(mem, value);
	return e;
}

static void test_command_task(void **state)
{
	static const struct {
		const char *name, *value;
	} table[] = {
		{ "LIBPROCESS_PORT", "0" },
		{ "MESOS_FRAMEWORK_ID", "f" },
		{ "MESOS_EXECUTOR_ID", "t" },
		{ "MESOS_SLAVE_ID", RIG_AGENT },
		{ "MESOS_SLAVE_PID", "slave(1)@10.0.0.1:5051" },
		{ "MESOS_AGENT_ENDPOINT", "10.0.0.1:5051" },
		{ "MESOS_CHECKPOINT", "1" },
		{ "MESOS_HTTP_COMMAND_EXECUTOR", "1" },
		{ "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "5secs" },
		{ "MESOS_RECOVERY_TIMEOUT", "15mins" },
		{ "MESOS_SUBSCRIPTION_BACKOFF_MAX", "2secs" },
		{ "MESOS_DOMAIN_SOCKET", "/run/butte/agent.sock" },
		{ "PATH", "/usr/bin:/bin" },
		{ "HOME", NULL },
	};
	const struct agent_launch *l;
	struct rig r;
	size_t i;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	rig_run_command(&r, "t");
	l = rig_find_room(&r, AGENT_LAUNCH)->launch;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		const char *got = find(l, table[i].name);

		if (table[i].value == NULL)
			assert_null(got);
		else
			assert_string_equal(got, table[i].value);
	}
	assert_string_equal(
		find(l, "MESOS_DIRECTORY"), find(l, "MESOS_SANDBOX"));
	assert_int_equal(
		strncmp(find(l, "MESOS_DIRECTORY"),
			"/var/lib/butte/slaves/m-S0/frameworks/f/executors/t/"
			"runs/",
			57),
		0);
	rig_fini(&r);
}

/* The flag first, then the agent's own, then the command's. */
static void test_order(void **state)
{
	static const char *const flag[] = { "PATH=/flag", "MESOS_CHECKPOINT=0",
		"EXTRA=1", "MINE=flag", NULL };
	const struct agent_launch *l;
	Mesos__V1__TaskInfo *t;
	struct arena mem;
	struct rig r;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	r.cfg.executor_env = flag;
	rig_up(&r, false);
	t = rig_executor_task(&mem, "a", "x");
	t->executor->command->environment = environment(&mem, "MINE", "x");
	t->executor->shutdown_grace_period = RIG_NEW(
		&mem, Mesos__V1__DurationInfo, mesos__v1__duration_info);
	t->executor->shutdown_grace_period->nanoseconds = 90000000000;
	rig_run(&r, "f", t, true);
	l = rig_find_room(&r, AGENT_LAUNCH)->launch;
	assert_string_equal(find(l, "PATH"), "/flag");
	assert_string_equal(find(l, "MESOS_CHECKPOINT"), "1");
	assert_string_equal(find(l, "EXTRA"), "1");
	assert_string_equal(find(l, "MINE"), "x");
	assert_string_equal(
		find(l, "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"), "90secs");
	rig_fini(&r);
	arena_fini(&mem);
}

/* Without a checkpoint nobody may wait for an agent that is away. */
static void test_no_checkpoint(void **state)
{
	Butte__Link__RunTask run = BUTTE__LINK__RUN_TASK__INIT;
	const struct agent_launch *l;
	struct arena mem;
	struct rig r;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	rig_up(&r, false);
	run.framework = rig_framework(&mem, "f");
	run.framework->checkpoint = 0;
	run.task = rig_command_task(&mem, "t", "true");
	run.launch_executor = true;
	rig_msg(&r, BUTTE__LINK__TO_AGENT__MSG_RUN_TASK, &run);
	l = rig_find_room(&r, AGENT_LAUNCH)->launch;
	assert_string_equal(find(l, "MESOS_CHECKPOINT"), "0");
	assert_null(find(l, "MESOS_RECOVERY_TIMEOUT"));
	assert_null(find(l, "MESOS_SUBSCRIPTION_BACKOFF_MAX"));
	rig_fini(&r);
	arena_fini(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_task),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_no_checkpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
