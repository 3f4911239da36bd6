/* test_generate.c - the executor of a command task, as others see it. */
#include "agent_rig.h"

static const Mesos__V1__ExecutorInfo *generated(
	struct rig *r, Mesos__V1__TaskInfo *t)
{
	rig_run(r, "f", t, true);
	assert_non_null(rig_find_room(r, AGENT_LAUNCH));
	rig_started(r, rig_find_room(r, AGENT_LAUNCH)->launch->container_id, 5);
	(void)rig_subscribe(r, t->task_id->value);
	assert_non_null(rig_find_event(r, EVENT(SUBSCRIBED)));
	return rig_find_event(r, EVENT(SUBSCRIBED))->subscribed->executor_info;
}

static void test_names(void **state)
{
	static const struct {
		const char *value;
		bool shell;
		const char *argument;
		const char *name;
	} table[] = {
		{ "sleep 100", true, NULL, "(Command: sh -c 'sleep 100')" },
		{ "123456789012345", true, NULL,
			"(Command: sh -c '123456789012345')" },
		{ "1234567890123456", true, NULL,
			"(Command: sh -c '123456789012...')" },
		{ NULL, true, NULL, "(Command: NO COMMAND)" },
		{ "/bin/ls", false, "ls", "(Command: [/bin/ls, ls])" },
		{ "/bin/ls", false, "long-argument",
			"(Command: [/bin/ls, lon...])" },
	};
	struct arena mem;
	struct rig r;
	size_t i;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	rig_up(&r, false);
	for (i = 0; i < ARRAY_LEN(table); i++) {
		char id[16], want[128];
		Mesos__V1__TaskInfo *t;

		(void)snprintf(id, sizeof(id), "t%zu", i);
		t = rig_command_task(&mem, id, "");
		t->command->value = arena_strdup(&mem, table[i].value);
		t->command->has_shell = 1;
		t->command->shell = table[i].shell;
		if (table[i].argument != NULL) {
			t->command->arguments =
				arena_alloc(&mem, sizeof(char *));
			t->command->arguments[0] =
				arena_strdup(&mem, table[i].argument);
			t->command->n_arguments = 1;
		}
		(void)snprintf(want, sizeof(want),
			"Command Executor (Task: %s) %s", id, table[i].name);
		assert_string_equal(generated(&r, t)->name, want);
	}
	rig_fini(&r);
	arena_fini(&mem);
}

static void test_rest(void **state)
{
	const Mesos__V1__ExecutorInfo *x;
	Mesos__V1__TaskInfo *t;
	struct arena mem;
	struct rig r;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	rig_up(&r, false);
	t = rig_command_task(&mem, "t", "true");
	t->command->user = arena_strdup(&mem, "daemon");
	t->kill_policy =
		RIG_NEW(&mem, Mesos__V1__KillPolicy, mesos__v1__kill_policy);
	t->kill_policy->grace_period = RIG_NEW(
		&mem, Mesos__V1__DurationInfo, mesos__v1__duration_info);
	t->kill_policy->grace_period->nanoseconds = 1000000000;
	x = generated(&r, t);
	assert_string_equal(x->executor_id->value, "t");
	assert_string_equal(x->framework_id->value, "f");
	assert_string_equal(x->command->user, "daemon");
	assert_string_equal(
		x->command->value, "/usr/libexec/butte/butte-executor");
	assert_int_equal(x->n_resources, 2);
	assert_string_equal(x->resources[0]->name, "cpus");
	assert_string_equal(x->resources[0]->allocation_info->role, "web");
	assert_int_equal(x->resources[1]->scalar->value, 32);
	assert_int_equal(x->shutdown_grace_period->nanoseconds, 3000000000);
	rig_fini(&r);

	/* With users not switched everybody is who the agent is. */
	rig_init(&r);
	r.cfg.switch_user = false;
	rig_up(&r, false);
	rig_run(&r, "f", t, true);
	assert_null(rig_find_room(&r, AGENT_LAUNCH)->launch->user);
	rig_fini(&r);
	arena_fini(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
