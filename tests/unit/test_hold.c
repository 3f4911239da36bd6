/* test_hold.c - the agent's tables: bounds of what is kept for reports. */
#include "agent_rig.h"

#include "agent/hold.h"
#include "common/limits.h"

static void run_once(struct rig *r, const char *framework, const char *id)
{
	struct arena mem;
	char *container;

	arena_init(&mem);
	rig_run(r, framework, rig_command_task(&mem, id, "true"), true);
	container =
		xstrdup(rig_find_room(r, AGENT_LAUNCH)->launch->container_id);
	rig_exited(r, container, NULL);
	rig_ack(r, framework, id, rig_status(r)->uuid.data);
	free(container);
	arena_fini(&mem);
}

static void test_completed_frameworks(void **state)
{
	struct rig r;
	char id[16];
	int i;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	for (i = 0; i < AGENT_COMPLETED_FRAMEWORKS_MAX + 7; i++) {
		(void)snprintf(id, sizeof(id), "f%d", i);
		run_once(&r, id, "t");
	}
	assert_int_equal(r.a->n_completed, AGENT_COMPLETED_FRAMEWORKS_MAX);
	assert_string_equal(TAILQ_FIRST(&r.a->completed)->id, "f7");
	assert_null(hold_framework_find(r.a, "f20"));
	/* One that comes back is taken from the list, with its past. */
	run_once(&r, "f20", "u");
	assert_string_equal(
		TAILQ_LAST(&r.a->completed, framework_list)->id, "f20");
	assert_int_equal(
		TAILQ_LAST(&r.a->completed, framework_list)->n_completed, 2);
	rig_fini(&r);
}

static void test_completed_executors(void **state)
{
	struct rig r;
	char id[16];
	unsigned max, i;

	(void)state;
	for (max = 0; max < 4; max += 3) {
		rig_init(&r);
		r.cfg.max_completed_executors_per_framework = max;
		rig_up(&r, false);
		for (i = 0; i < 6; i++) {
			(void)snprintf(id, sizeof(id), "t%u", i);
			run_once(&r, "f", id);
		}
		assert_int_equal(
			TAILQ_FIRST(&r.a->completed)->n_completed, max);
		rig_fini(&r);
	}
}

static void test_history(void **state)
{
	struct task t = { 0 };
	int i;

	(void)state;
	hold_task_passed(&t, STATE(STARTING), 1);
	for (i = 0; i < 5; i++)
		hold_task_passed(&t, STATE(RUNNING), 2 + i);
	assert_int_equal(t.n_passed, 2);
	assert_int_equal(t.passed[1].wall_ns, 6);
	for (i = 0; i < 50; i++)
		hold_task_passed(
			&t, i % 2 ? STATE(RUNNING) : STATE(KILLING), 10 + i);
	assert_int_equal(t.n_passed, AGENT_TASK_HISTORY_MAX);
	assert_int_equal(t.passed[t.n_passed - 1].wall_ns, 59);
	free(t.passed);
}

static void test_grace(void **state)
{
	static const struct {
		int64_t ns;
		uint64_t ms;
	} table[] = {
		{ 0, 0 },
		{ 1500000000, 1500 },
		{ -1, 77 },
		{ INT64_MAX, (uint64_t)40 * 24 * 3600 * 1000 },
	};
	size_t i;

	(void)state;
	assert_int_equal(hold_grace_ms(NULL, 77), 77);
	for (i = 0; i < ARRAY_LEN(table); i++) {
		Mesos__V1__KillPolicy p = MESOS__V1__KILL_POLICY__INIT;
		Mesos__V1__DurationInfo d = MESOS__V1__DURATION_INFO__INIT;

		p.grace_period = &d;
		d.nanoseconds = table[i].ns;
		assert_int_equal(hold_grace_ms(&p, 77), table[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_completed_frameworks),
		cmocka_unit_test(test_completed_executors),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_grace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
