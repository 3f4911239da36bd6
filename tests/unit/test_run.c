/* test_run.c - what the agent does when told to run and to kill. */
#include "agent_rig.h"

typedef Mesos__V1__TaskInfo *task_f(struct arena *mem);

static Mesos__V1__TaskInfo *with_health(struct arena *mem)
{
	Mesos__V1__TaskInfo *t = rig_command_task(mem, "t", "true");

	t->health_check =
		RIG_NEW(mem, Mesos__V1__HealthCheck, mesos__v1__health_check);
	return t;
}

static Mesos__V1__TaskInfo *with_docker(struct arena *mem)
{
	Mesos__V1__TaskInfo *t = rig_command_task(mem, "t", "true");

	t->container = RIG_NEW(
		mem, Mesos__V1__ContainerInfo, mesos__v1__container_info);
	t->container->type = MESOS__V1__CONTAINER_INFO__TYPE__DOCKER;
	return t;
}

static Mesos__V1__TaskInfo *with_volume(struct arena *mem)
{
	Mesos__V1__TaskInfo *t = with_docker(mem);

	t->container->type = MESOS__V1__CONTAINER_INFO__TYPE__MESOS;
	t->container->volumes = arena_alloc(mem, sizeof(void *));
	t->container->volumes[0] =
		RIG_NEW(mem, Mesos__V1__Volume, mesos__v1__volume);
	t->container->volumes[0]->mode = MESOS__V1__VOLUME__MODE__RW;
	t->container->volumes[0]->container_path = arena_strdup(mem, "v");
	t->container->n_volumes = 1;
	return t;
}

static Mesos__V1__TaskInfo *with_uri(struct arena *mem)
{
	Mesos__V1__TaskInfo *t = rig_command_task(mem, "t", "true");

	t->command->uris = arena_alloc(mem, sizeof(void *));
	t->command->uris[0] = RIG_NEW(
		mem, Mesos__V1__CommandInfo__URI, mesos__v1__command_info__uri);
	t->command->uris[0]->value = arena_strdup(mem, "http://x/y");
	t->command->n_uris = 1;
	return t;
}

static Mesos__V1__TaskInfo *with_nothing(struct arena *mem)
{
	return rig_task(mem, "t");
}

static Mesos__V1__TaskInfo *with_bad_resources(struct arena *mem)
{
	Mesos__V1__TaskInfo *t = rig_command_task(mem, "t", "true");

	t->resources[0]->scalar->value = -1;
	return t;
}

/* What it can't do it refuses: never a task with less than it asked for. */
static void test_refused(void **state)
{
	static const struct {
		task_f *task;
		const char *why;
	} table[] = {
		{ with_health, "health checks are not supported yet" },
		{ with_docker, "Docker containers are not supported yet" },
		{ with_volume, "volumes are not supported yet" },
		{ with_uri, "fetching URIs is not supported yet" },
		{ with_nothing, "a task needs a command or an executor" },
		{ with_bad_resources, "invalid resources" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		const Mesos__V1__TaskStatus *s;
		struct arena mem;
		struct rig r;

		arena_init(&mem);
		rig_init(&r);
		rig_up(&r, false);
		rig_run(&r, "f", table[i].task(&mem), true);
		assert_null(rig_find_room(&r, AGENT_LAUNCH));
		s = rig_status(&r);
		assert_non_null(s);
		assert_int_equal(s->state, STATE(ERROR));
		assert_int_equal(s->reason, REASON(TASK_INVALID));
		assert_int_equal(s->source,
			MESOS__V1__TASK_STATUS__SOURCE__SOURCE_AGENT);
		assert_string_equal(s->message, table[i].why);
		rig_ack(&r, "f", "t", s->uuid.data);
		assert_int_equal(rig_count_rows(&r, AGENT_TABLE_TASK), 0);
		assert_int_equal(rig_count_rows(&r, AGENT_TABLE_FRAMEWORK), 0);
		rig_fini(&r);
		arena_fini(&mem);
	}
}

static void run_on(struct rig *r, const char *task, const char *executor,
	bool launch, bool command)
{
	struct arena mem;

	arena_init(&mem);
	rig_run(r, "f",
		command ? rig_command_task(&mem, task, "true")
			: rig_executor_task(&mem, task, executor),
		launch);
	arena_fini(&mem);
}

static void test_dropped(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	run_on(&r, "a", "x", true, false);
	assert_non_null(rig_find_room(&r, AGENT_LAUNCH));
	assert_int_equal(
		rig_find_room(&r, AGENT_LAUNCH)->launch->limits.mem_mb, 96);
	/* It is there, and the master counts on a new one. */
	run_on(&r, "b", "x", true, false);
	assert_int_equal(rig_status(&r)->state, STATE(LOST));
	assert_int_equal(rig_status(&r)->reason, REASON(EXECUTOR_TERMINATED));
	/* It is not there, and the master counts on it. */
	run_on(&r, "c", "y", false, false);
	assert_int_equal(rig_status(&r)->reason, REASON(EXECUTOR_TERMINATED));
	/* A command task would be its own executor. */
	run_on(&r, "x", NULL, true, true);
	assert_int_equal(rig_status(&r)->state, STATE(LOST));
	assert_int_equal(rig_status(&r)->reason, REASON(TASK_INVALID));
	/* Told twice: once is enough. */
	run_on(&r, "a", "x", false, false);
	assert_int_equal(r.n_said, 0);
	/* One more for the same executor: more room. */
	run_on(&r, "d", "x", false, false);
	assert_int_equal(
		rig_find_room(&r, AGENT_RESIZE)->resize->limits.mem_mb, 160);
	rig_fini(&r);
}

/* With a refused task goes the executor that it should have brought: the master
 * has counted its resources. */
static void test_executor_never_launched(void **state)
{
	const Butte__Link__ToMaster *m;
	struct arena mem;
	struct rig r;
	Mesos__V1__TaskInfo *t;
	char *container;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	rig_up(&r, false);
	t = rig_executor_task(&mem, "a", "x");
	t->health_check =
		RIG_NEW(&mem, Mesos__V1__HealthCheck, mesos__v1__health_check);
	rig_run(&r, "f", t, true);
	assert_int_equal(rig_status(&r)->state, STATE(ERROR));
	m = rig_find_sent(&r, SENT(EXITED_EXECUTOR));
	assert_non_null(m);
	assert_string_equal(m->exited_executor->executor_id->value, "x");
	/* The master did not count another one for this. */
	run_on(&r, "b", "x", false, false);
	assert_int_equal(rig_status(&r)->state, STATE(LOST));
	assert_null(rig_find_sent(&r, SENT(EXITED_EXECUTOR)));
	/* One that is over but has updates to tell is not there either. */
	run_on(&r, "c", "y", true, false);
	container =
		xstrdup(rig_find_room(&r, AGENT_LAUNCH)->launch->container_id);
	rig_started(&r, container, 77);
	rig_exited(&r, container, NULL);
	assert_non_null(rig_find_sent(&r, SENT(EXITED_EXECUTOR)));
	run_on(&r, "d", "y", true, false);
	assert_int_equal(rig_status(&r)->reason, REASON(EXECUTOR_TERMINATED));
	assert_non_null(rig_find_sent(&r, SENT(EXITED_EXECUTOR)));
	/* One that lives is counted once, and told once. */
	run_on(&r, "e", "z", true, false);
	run_on(&r, "g", "z", true, false);
	assert_int_equal(rig_status(&r)->state, STATE(LOST));
	assert_null(rig_find_sent(&r, SENT(EXITED_EXECUTOR)));
	/* One of ours under its id is not the master's. */
	run_on(&r, "h", NULL, false, true);
	run_on(&r, "i", "h", true, false);
	assert_int_equal(rig_status(&r)->state, STATE(LOST));
	assert_non_null(rig_find_sent(&r, SENT(EXITED_EXECUTOR)));
	free(container);
	rig_fini(&r);
	arena_fini(&mem);
}

static void test_bad_ids(void **state)
{
	static const char *const ids[] = { "", ".", "..", "a/b", "a\\b",
		"a\n" };
	struct rig r;
	size_t i;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	for (i = 0; i < ARRAY_LEN(ids); i++) {
		run_on(&r, ids[i], NULL, true, true);
		assert_int_equal(r.n_said, 0);
		run_on(&r, "t", ids[i], true, false);
		assert_int_equal(r.n_said, 0);
	}
	rig_fini(&r);
}

static void test_kill_before_delivery(void **state)
{
	struct rig r;
	uint64_t stream;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	rig_run_command(&r, "t");
	rig_kill(&r, "f", "t", -1);
	assert_int_equal(rig_status(&r)->state, STATE(KILLED));
	assert_int_equal(
		rig_status(&r)->reason, REASON(TASK_KILLED_DURING_LAUNCH));
	assert_string_equal(rig_status(&r)->message,
		"Killed before delivery to the executor");
	assert_non_null(rig_find_room(&r, AGENT_DESTROY));
	rig_kill(&r, "f", "t", -1);
	assert_int_equal(r.n_said, 0);

	/* An executor of the framework's own is asked to go when it comes and
	 * there is nothing for it. */
	run_on(&r, "a", "x", true, false);
	rig_started(
		&r, rig_find_room(&r, AGENT_LAUNCH)->launch->container_id, 5);
	rig_kill(&r, "f", "a", -1);
	assert_int_equal(rig_status(&r)->state, STATE(KILLED));
	stream = rig_subscribe(&r, "x");
	assert_non_null(rig_find_event(&r, EVENT(SHUTDOWN)));
	assert_true(stream != 0);
	rig_fini(&r);
}

/* The executor is told, with the policy; if it doesn't obey, its container is
 * destroyed. */
static void test_kill_escalates(void **state)
{
	const Mesos__V1__Executor__Event *ev;
	const Mesos__V1__TaskStatus *s;
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	rig_kill(&r, "f", "t", 2000000000);
	ev = rig_find_event(&r, EVENT(KILL));
	assert_string_equal(ev->kill->task_id->value, "t");
	assert_int_equal(
		ev->kill->kill_policy->grace_period->nanoseconds, 2000000000);
	rig_tick(&r, 6999);
	assert_null(rig_find_room(&r, AGENT_DESTROY));
	rig_tick(&r, 1);
	assert_string_equal(rig_find_room(&r, AGENT_DESTROY)->text, container);
	rig_tick(&r, 10000); /* and again: an edge may have missed it */
	assert_non_null(rig_find_room(&r, AGENT_DESTROY));
	rig_exited(&r, container, NULL);
	s = rig_status(&r);
	assert_int_equal(s->state, STATE(KILLED));
	assert_string_equal(
		s->message, "Executor did not end the task in time");
	free(container);
	rig_fini(&r);
}

static void test_lost(void **state)
{
	Butte__Link__AgentReregistered n =
		BUTTE__LINK__AGENT_REREGISTERED__INIT;
	Butte__Link__AgentReregistered__Lost lost =
		BUTTE__LINK__AGENT_REREGISTERED__LOST__INIT;
	Butte__Link__AgentReregistered__Lost *list = &lost;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;
	Mesos__V1__MasterInfo info = MESOS__V1__MASTER_INFO__INIT;
	Mesos__V1__FrameworkID f = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__TaskID t = MESOS__V1__TASK_ID__INIT;
	char agent[] = RIG_AGENT, framework[] = "f", task[] = "gone";
	const Mesos__V1__TaskStatus *s;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	rig_link(&r, AGENT_UPLINK_DOWN);
	rig_link(&r, AGENT_UPLINK_UP);
	assert_non_null(rig_find_sent(&r, SENT(REREGISTER_AGENT)));
	id.value = info.id = agent;
	f.value = framework;
	t.value = task;
	lost.framework_id = &f;
	lost.task_id = &t;
	lost.partition_aware = 1;
	n.agent_id = &id;
	n.master_info = &info;
	n.ping_timeout_ms = 75000;
	n.lost = &list;
	n.n_lost = 1;
	rig_msg(&r, BUTTE__LINK__TO_AGENT__MSG_AGENT_REREGISTERED, &n);
	s = rig_status(&r);
	assert_int_equal(s->state, STATE(DROPPED));
	assert_int_equal(s->reason, REASON(RECONCILIATION));
	assert_string_equal(
		s->message, "Reconciliation: task unknown to the agent");
	/* Nothing about it is on disk: the master will tell again. */
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_FRAMEWORK), 0);
	/* A real task of that framework makes it a real framework. */
	rig_run_command(&r, "t");
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_FRAMEWORK), 1);
	rig_restart(&r);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_executor_never_launched),
		cmocka_unit_test(test_bad_ids),
		cmocka_unit_test(test_kill_before_delivery),
		cmocka_unit_test(test_kill_escalates),
		cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
