/* test_agent_view.c - the agent's tables as v1 messages. */
#include "agent_rig.h"

#include "agent/agent_view.h"
#include "agent/hold.h"
#include "common/res.h"

static void test_task(void **state)
{
	const Mesos__V1__Task *m;
	const struct task *t;
	struct arena mem;
	struct rig r;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	rig_up(&r, false);
	free(rig_running(&r, "t"));
	t = hold_task_find(hold_framework_find(r.a, "f"), "t");
	m = agent_view_task(r.a, t, &mem);
	assert_int_equal(m->state, STATE(RUNNING));
	assert_false(m->has_status_update_uuid);
	assert_null(m->executor_id);
	assert_int_equal(m->n_statuses, 2);
	rig_update(&r, "t", "t", STATE(RUNNING), 3);
	rig_update(&r, "t", "t", STATE(FINISHED), 4);
	m = agent_view_task(r.a, t, &mem);
	/* The latest state, and the oldest that waits. */
	assert_int_equal(m->state, STATE(FINISHED));
	assert_int_equal(m->status_update_state, STATE(RUNNING));
	assert_int_equal(m->status_update_uuid.data[0], 3);
	assert_int_equal(m->n_statuses, 3);
	rig_fini(&r);
	arena_fini(&mem);
}

/* What is over, and what was never offered, is not counted. */
static void test_used(void **state)
{
	struct res used = RES_INIT;
	struct arena mem;
	struct rig r;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	rig_up(&r, false);
	free(rig_running(&r, "t"));
	rig_run(&r, "f", rig_executor_task(&mem, "a", "x"), true);
	agent_view_used(r.a, &used, &mem);
	assert_int_equal(res_sum(&used, "cpus"), 2500);
	assert_int_equal(res_sum(&used, "mem"), 160000);
	rig_update(&r, "t", "t", STATE(FINISHED), 3);
	res_clear(&used);
	agent_view_used(r.a, &used, &mem);
	assert_int_equal(res_sum(&used, "cpus"), 1500);
	res_fini(&used);
	rig_fini(&r);
	arena_fini(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_task),
		cmocka_unit_test(test_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
