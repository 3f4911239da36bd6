/* test_container.c - how containers end, and what their tasks are told. */
#include "agent_rig.h"

static void test_start_failed(void **state)
{
	struct agent_event ev = { .type = AGENT_START_FAILED,
		.text = "no such user 'nobody'" };
	const Mesos__V1__TaskStatus *s;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	rig_run_command(&r, "t");
	ev.container_id = rig_find_room(&r, AGENT_LAUNCH)->launch->container_id;
	rig_step(&r, &ev);
	s = rig_status(&r);
	assert_int_equal(s->state, STATE(FAILED));
	assert_int_equal(s->reason, REASON(CONTAINER_LAUNCH_FAILED));
	assert_string_equal(s->message,
		"Failed to launch container: no such user 'nobody'");
	rig_fini(&r);
}

static void test_executor_dies(void **state)
{
	const Mesos__V1__TaskStatus *s;
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	rig_exited(&r, container, NULL);
	s = rig_status(&r);
	assert_int_equal(s->state, STATE(FAILED));
	assert_int_equal(s->reason, REASON(EXECUTOR_TERMINATED));
	assert_string_equal(s->message, "Executor terminated");
	assert_string_equal(
		s->container_status->container_id->value, container);
	rig_exited(&r, container, NULL); /* told twice is nothing */
	assert_null(rig_status(&r));
	free(container);
	rig_fini(&r);
}

static const struct agent_exit oom = { .known = true,
	.status = 9,
	.oom = true,
	.mem_limit_bytes = 64ull << 20,
	.mem_max_bytes = (64ull << 20) - 4096,
	.mem_stat = "cache 1\nrss 2\n" };

static void check_oom(const Mesos__V1__TaskStatus *s)
{
	assert_int_equal(s->state, STATE(FAILED));
	assert_int_equal(s->reason, REASON(CONTAINER_LIMITATION_MEMORY));
	assert_string_equal(s->message,
		"Memory limit exceeded: Requested: 64MB Maximum Used: 65532KB\n"
		"MEMORY STATISTICS:\ncache 1\nrss 2\n");
	assert_int_equal(s->limitation->n_resources, 1);
	assert_string_equal(s->limitation->resources[0]->name, "mem");
	assert_true(s->limitation->resources[0]->scalar->value > 63.9);
}

static void test_oom(void **state)
{
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	/* The executor itself was killed. */
	container = rig_running(&r, "t");
	rig_exited(&r, container, &oom);
	check_oom(rig_status(&r));
	free(container);

	/* Its task was, and it told so: that waits for the container's end. */
	container = rig_running(&r, "u");
	rig_update(&r, "u", "u", STATE(FAILED), 3);
	assert_non_null(rig_find_event(&r, EVENT(ACKNOWLEDGED)));
	assert_null(rig_status(&r));
	rig_exited(&r, container, &oom);
	check_oom(rig_status(&r));
	free(container);
	rig_fini(&r);
}

/* A plain failure is told as it was, once the container is over. */
static void test_held(void **state)
{
	struct rig r;
	char *container;
	bool restart;

	(void)state;
	for (restart = false;; restart = true) {
		rig_init(&r);
		rig_up(&r, false);
		container = rig_running(&r, "t");
		rig_update(&r, "t", "t", STATE(FAILED), 3);
		assert_null(rig_status(&r));
		if (restart) {
			rig_restart(&r);
			rig_exited(&r, container, NULL);
			rig_link(&r, AGENT_UPLINK_UP);
			rig_registered(&r, true);
		} else {
			rig_exited(&r, container, NULL);
		}
		assert_int_equal(rig_status(&r)->state, STATE(FAILED));
		assert_int_equal(rig_status(&r)->uuid.data[0], 3);
		assert_false(rig_status(&r)->has_reason);
		free(container);
		rig_fini(&r);
		if (restart)
			return;
	}
}

static void test_registration_timeout(void **state)
{
	const Mesos__V1__TaskStatus *s;
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	rig_run_command(&r, "t");
	container =
		xstrdup(rig_find_room(&r, AGENT_LAUNCH)->launch->container_id);
	rig_started(&r, container, 5);
	rig_tick(&r, 59999);
	assert_null(rig_find_room(&r, AGENT_DESTROY));
	rig_tick(&r, 1);
	assert_non_null(rig_find_room(&r, AGENT_DESTROY));
	rig_exited(&r, container, NULL);
	s = rig_status(&r);
	assert_int_equal(s->state, STATE(FAILED));
	assert_int_equal(s->reason, REASON(EXECUTOR_REGISTRATION_TIMEOUT));
	assert_string_equal(
		s->message, "Executor did not register within 1mins");
	free(container);
	rig_fini(&r);
}

static void shutdown_executor(struct rig *r, const char *executor)
{
	Butte__Link__ShutdownExecutor m = BUTTE__LINK__SHUTDOWN_EXECUTOR__INIT;
	Mesos__V1__FrameworkID f = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__ExecutorID e = MESOS__V1__EXECUTOR_ID__INIT;
	char framework[] = "f", id[16];

	(void)snprintf(id, sizeof(id), "%s", executor);
	f.value = framework;
	e.value = id;
	m.framework_id = &f;
	m.executor_id = &e;
	rig_msg(r, BUTTE__LINK__TO_AGENT__MSG_SHUTDOWN_EXECUTOR, &m);
}

static void test_shutdown_executor(void **state)
{
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	shutdown_executor(&r, "t");
	assert_non_null(rig_find_event(&r, EVENT(SHUTDOWN)));
	assert_null(rig_find_room(&r, AGENT_DESTROY));
	/* Coming again it is told again, and to go. */
	(void)rig_subscribe(&r, "t");
	assert_non_null(rig_find_event(&r, EVENT(SHUTDOWN)));
	assert_null(rig_find_event(&r, EVENT(SUBSCRIBED)));
	rig_tick(&r, 5000);
	assert_non_null(rig_find_room(&r, AGENT_DESTROY));
	rig_exited(&r, container, NULL);
	assert_int_equal(rig_status(&r)->state, STATE(FAILED));
	free(container);
	rig_fini(&r);
}

static void test_shutdown_framework(void **state)
{
	Butte__Link__ShutdownFramework m =
		BUTTE__LINK__SHUTDOWN_FRAMEWORK__INIT;
	Mesos__V1__FrameworkID f = MESOS__V1__FRAMEWORK_ID__INIT;
	char framework[] = "f";
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	f.value = framework;
	m.framework_id = &f;
	rig_msg(&r, BUTTE__LINK__TO_AGENT__MSG_SHUTDOWN_FRAMEWORK, &m);
	assert_non_null(rig_find_event(&r, EVENT(SHUTDOWN)));
	/* Its words no longer count. */
	rig_update(&r, "t", "t", STATE(KILLED), 3);
	assert_null(rig_status(&r));
	/* New tasks neither. */
	rig_run_command(&r, "u");
	assert_null(rig_find_room(&r, AGENT_LAUNCH));
	/* A restart in between does not stop it. */
	rig_restart(&r);
	assert_non_null(rig_find_room(&r, AGENT_ADOPT));
	rig_exited(&r, container, NULL);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_FRAMEWORK), 0);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_TASK), 0);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_UPDATE), 0);
	free(container);
	rig_fini(&r);
}

/* The executor of a framework's own: told to the master, and resized. */
static void test_custom_executor(void **state)
{
	const Butte__Link__ToMaster *m;
	struct arena mem;
	struct rig r;
	char *container;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	rig_up(&r, false);
	rig_run(&r, "f", rig_executor_task(&mem, "a", "x"), true);
	container =
		xstrdup(rig_find_room(&r, AGENT_LAUNCH)->launch->container_id);
	assert_string_equal(
		rig_find_room(&r, AGENT_LAUNCH)->launch->value, "./executor");
	assert_true(rig_find_room(&r, AGENT_LAUNCH)->launch->shell);
	rig_started(&r, container, 5);
	(void)rig_subscribe(&r, "x");
	rig_update(&r, "x", "a", STATE(RUNNING), 1);
	rig_update(&r, "x", "a", STATE(FINISHED), 2);
	assert_int_equal(
		rig_find_room(&r, AGENT_RESIZE)->resize->limits.mem_mb, 32);
	rig_exited(&r, container, NULL);
	m = rig_find_sent(&r, SENT(EXITED_EXECUTOR));
	assert_string_equal(m->exited_executor->executor_id->value, "x");
	assert_int_equal(m->exited_executor->status, 0);
	free(container);
	rig_fini(&r);
	arena_fini(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_failed),
		cmocka_unit_test(test_executor_dies),
		cmocka_unit_test(test_oom),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_registration_timeout),
		cmocka_unit_test(test_shutdown_executor),
		cmocka_unit_test(test_shutdown_framework),
		cmocka_unit_test(test_custom_executor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
