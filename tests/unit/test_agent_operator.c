/* test_agent_operator.c - the agent's calls of the v1 operator API. */
#include "agent_rig.h"

#define CALL(name) MESOS__V1__AGENT__CALL__TYPE__##name

typedef Mesos__V1__Agent__Response response_msg;

/* NULL: it was not 200. */
static const response_msg *ask(struct rig *r, int type)
{
	Mesos__V1__Agent__Call c;
	struct agent_event ev = {
		.type = AGENT_OPERATOR, .from = 3, .operator_call = &c
	};
	const response_msg *m;
	size_t i;

	mesos__v1__agent__call__init(&c);
	c.has_type = 1;
	c.type = (Mesos__V1__Agent__Call__Type)type;
	rig_step(r, &ev);
	if (rig_replied(r) != 200)
		return NULL;
	for (i = 0; r->said[i].type != EFFECT_REPLY; i++)
		;
	m = MSG_UNPACK(response_msg, &r->mem,
		&mesos__v1__agent__response__descriptor, r->said[i].data,
		r->said[i].size, NULL);
	assert_non_null(m);
	return m;
}

static void test_calls(void **state)
{
	static const struct agent_flag flags[] = { { "work_dir", "/x" } };
	struct arena mem;
	struct rig r;
	char *container;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	r.cfg.flags = flags;
	r.cfg.n_flags = 1;
	rig_up(&r, false);
	container = rig_running(&r, "t");
	rig_run(&r, "f", rig_executor_task(&mem, "a", "x"), true);
	assert_true(ask(&r, CALL(GET_HEALTH))->get_health->healthy);
	assert_string_equal(
		ask(&r, CALL(GET_VERSION))->get_version->version_info->version,
		"0.1.0");
	assert_string_equal(
		ask(&r, CALL(GET_FLAGS))->get_flags->flags[0]->value, "/x");
	assert_true(ask(&r, CALL(GET_METRICS))->get_metrics->n_metrics > 30);
	assert_string_equal(
		ask(&r, CALL(GET_AGENT))->get_agent->agent_info->id->value,
		RIG_AGENT);
	assert_int_equal(
		ask(&r, CALL(GET_FRAMEWORKS))->get_frameworks->n_frameworks, 1);
	assert_int_equal(
		ask(&r, CALL(GET_EXECUTORS))->get_executors->n_executors, 2);
	assert_int_equal(
		ask(&r, CALL(GET_TASKS))->get_tasks->n_launched_tasks, 1);
	assert_int_equal(
		ask(&r, CALL(GET_TASKS))->get_tasks->n_queued_tasks, 1);
	assert_int_equal(
		ask(&r, CALL(GET_CONTAINERS))->get_containers->n_containers, 2);
	rig_update(&r, "t", "t", STATE(FINISHED), 3);
	assert_int_equal(
		ask(&r, CALL(GET_TASKS))->get_tasks->n_terminated_tasks, 1);
	rig_exited(&r, container, NULL);
	rig_tick(&r, 10000);
	rig_ack(&r, "f", "t", rig_status(&r)->uuid.data);
	assert_int_equal(ask(&r, CALL(GET_STATE))
				 ->get_state->get_tasks->n_completed_tasks,
		1);
	assert_int_equal(
		ask(&r, CALL(GET_STATE))
			->get_state->get_executors->n_completed_executors,
		1);
	assert_int_equal(
		ask(&r, CALL(GET_OPERATIONS))->get_operations->n_operations, 0);
	free(container);
	rig_fini(&r);
	arena_fini(&mem);
}

/* Never a silent 200: what is not there is named. */
static void test_missing(void **state)
{
	static const struct {
		int call;
		const char *text;
	} table[] = {
		{ CALL(LAUNCH_CONTAINER), "LAUNCH_CONTAINER" },
		{ CALL(SET_LOGGING_LEVEL), "SET_LOGGING_LEVEL" },
		{ CALL(PRUNE_IMAGES), "PRUNE_IMAGES" },
		{ CALL(UNKNOWN), "UNKNOWN" },
	};
	struct rig r;
	size_t i;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	for (i = 0; i < ARRAY_LEN(table); i++) {
		assert_null(ask(&r, table[i].call));
		assert_int_equal(rig_replied(&r), 501);
		assert_non_null(strstr(r.said[0].text, table[i].text));
	}
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
