/* test_register.c - the agent and its master: asking, answers, silence, leave.
 */
#include "agent_rig.h"

static void test_first_time(void **state)
{
	const Butte__Link__RegisterAgent *m;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_link(&r, AGENT_UPLINK_UP);
	m = rig_find_sent(&r, SENT(REGISTER_AGENT))->register_agent;
	assert_null(m->agent_info->id);
	assert_string_equal(m->agent_info->hostname, "host");
	assert_string_equal(m->version, "0.1.0");
	assert_int_equal(m->n_capabilities, 3);
	rig_registered(&r, false);
	/* The id is on disk with the same turn. */
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_AGENT), 1);
	rig_restart(&r);
	rig_link(&r, AGENT_UPLINK_UP);
	assert_string_equal(rig_find_sent(&r, SENT(REREGISTER_AGENT))
				    ->reregister_agent->agent_info->id->value,
		RIG_AGENT);
	rig_fini(&r);
}

/* No answer: again after growing, random pauses; never after one. */
static void test_retries(void **state)
{
	struct rig r;
	uint64_t end, max = 0;
	int n = 0;

	(void)state;
	rig_init(&r);
	rig_link(&r, AGENT_UPLINK_UP);
	end = r.now_ms + 10 * 60 * 1000;
	while (agent_next_due(r.a) < end) {
		uint64_t gap = agent_next_due(r.a) - r.now_ms;

		if (gap > max)
			max = gap;
		rig_tick(&r, gap);
		if (rig_find_sent(&r, SENT(REGISTER_AGENT)) != NULL)
			n++;
	}
	assert_in_range(n, 10, 100);
	assert_in_range(max, 10000, 60001);
	rig_registered(&r, false);
	rig_tick(&r, 60000);
	assert_null(rig_find_sent(&r, SENT(REGISTER_AGENT)));
	rig_fini(&r);
}

static void test_reregister_lists(void **state)
{
	const Butte__Link__ReregisterAgent *m;
	struct arena mem;
	struct rig r;
	char *container;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	rig_update(&r, "t", "t", STATE(FINISHED), 3);
	rig_run(&r, "f", rig_executor_task(&mem, "a", "x"), true);
	rig_link(&r, AGENT_UPLINK_DOWN);
	rig_link(&r, AGENT_UPLINK_UP);
	m = rig_find_sent(&r, SENT(REREGISTER_AGENT))->reregister_agent;
	assert_int_equal(m->n_frameworks, 1);
	assert_int_equal(m->n_executors, 1); /* not the generated one */
	assert_string_equal(m->executors[0]->executor_id->value, "x");
	assert_string_equal(m->executors[0]->framework_id->value, "f");
	assert_int_equal(m->n_tasks, 2);
	assert_int_equal(m->tasks[0]->state, STATE(FINISHED));
	assert_int_equal(m->tasks[0]->status_update_state, STATE(FINISHED));
	assert_int_equal(m->tasks[0]->status_update_uuid.data[0], 3);
	assert_int_equal(m->tasks[1]->state, STATE(STAGING));
	assert_string_equal(m->tasks[1]->executor_id->value, "x");
	free(container);
	rig_fini(&r);
	arena_fini(&mem);
}

static void test_pings(void **state)
{
	Butte__Link__Ping ping = BUTTE__LINK__PING__INIT;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	ping.connected = 1;
	rig_tick(&r, 74999);
	rig_msg(&r, BUTTE__LINK__TO_AGENT__MSG_PING, &ping);
	assert_non_null(rig_find_sent(&r, SENT(PONG)));
	rig_tick(&r, 74999);
	assert_null(rig_find_room(&r, AGENT_REDIAL));
	rig_tick(&r, 1);
	assert_non_null(rig_find_room(&r, AGENT_REDIAL));
	assert_true(rig_find_room(&r, AGENT_REDIAL)->to <= 1000);
	rig_link(&r, AGENT_UPLINK_DOWN);
	rig_up(&r, true);
	/* The master forgot us. */
	ping.connected = 0;
	rig_msg(&r, BUTTE__LINK__TO_AGENT__MSG_PING, &ping);
	assert_non_null(rig_find_sent(&r, SENT(PONG)));
	assert_non_null(rig_find_sent(&r, SENT(REREGISTER_AGENT)));
	rig_fini(&r);
}

static void test_other_id(void **state)
{
	Butte__Link__AgentReregistered m =
		BUTTE__LINK__AGENT_REREGISTERED__INIT;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;
	Mesos__V1__MasterInfo info = MESOS__V1__MASTER_INFO__INIT;
	char other[] = "m-S9";
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	rig_link(&r, AGENT_UPLINK_DOWN);
	rig_link(&r, AGENT_UPLINK_UP);
	id.value = info.id = other;
	m.agent_id = &id;
	m.master_info = &info;
	rig_msg(&r, BUTTE__LINK__TO_AGENT__MSG_AGENT_REREGISTERED, &m);
	assert_int_equal(r.n_said, 1);
	assert_int_equal(r.said[0].type, EFFECT_EXIT);
	assert_int_equal(r.said[0].status, 1);
	rig_fini(&r);
}

/* SIGUSR1, or the master's word: the last task's end is the agent's. */
static void test_leave(void **state)
{
	Butte__Link__Shutdown m = BUTTE__LINK__SHUTDOWN__INIT;
	struct rig r;
	char *container, gone[] = "gone";
	bool by_master;

	(void)state;
	m.message = gone;
	for (by_master = false;; by_master = true) {
		rig_init(&r);
		rig_up(&r, false);
		container = rig_running(&r, "t");
		if (by_master)
			rig_msg(&r, BUTTE__LINK__TO_AGENT__MSG_SHUTDOWN, &m);
		else
			rig_step(&r,
				&(struct agent_event){
					.type = AGENT_UNREGISTER });
		assert_non_null(rig_find_event(&r, EVENT(SHUTDOWN)));
		rig_run_command(&r, "u");
		assert_int_equal(r.n_said, 0);
		rig_exited(&r, container, NULL);
		assert_int_equal(
			rig_find_sent(&r, SENT(UNREGISTER_AGENT)) != NULL,
			!by_master);
		assert_int_equal(r.said[r.n_said - 1].type, EFFECT_EXIT);
		assert_int_equal(r.said[r.n_said - 1].status, 0);
		assert_int_equal(rig_count_rows(&r, AGENT_TABLE_AGENT), 0);
		free(container);
		rig_fini(&r);
		if (by_master)
			return;
	}
}

/* The link breaks while it is leaving: it still says goodbye, so that nobody
 * waits for it. */
static void test_leave_over_a_break(void **state)
{
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	rig_step(&r, &(struct agent_event){ .type = AGENT_UNREGISTER });
	rig_link(&r, AGENT_UPLINK_DOWN);
	rig_link(&r, AGENT_UPLINK_UP);
	assert_non_null(rig_find_sent(&r, SENT(REREGISTER_AGENT)));
	assert_non_null(rig_find_sent(&r, SENT(REREGISTER_AGENT))
				->reregister_agent->offers_withheld);
	rig_registered(&r, true);
	rig_run_command(&r, "u");
	assert_int_equal(r.n_said, 0);
	rig_exited(&r, container, NULL);
	assert_non_null(rig_find_sent(&r, SENT(UNREGISTER_AGENT)));
	assert_int_equal(r.said[r.n_said - 1].type, EFFECT_EXIT);
	free(container);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_time),
		cmocka_unit_test(test_retries),
		cmocka_unit_test(test_reregister_lists),
		cmocka_unit_test(test_pings),
		cmocka_unit_test(test_other_id),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_leave_over_a_break),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
