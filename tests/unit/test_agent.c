/* test_agent.c - the door: one command task from the master's word to the
 * scheduler's last acknowledgement. */
#include "agent_rig.h"

static void test_one_task(void **state)
{
	struct rig r;
	const struct agent_launch *l;
	const Mesos__V1__Executor__Event *ev;
	uint8_t uuid[16];
	char *container;
	size_t i;

	(void)state;
	rig_init(&r);
	rig_link(&r, AGENT_UPLINK_UP);
	assert_non_null(rig_find_sent(&r, SENT(REGISTER_AGENT)));
	rig_registered(&r, false);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_AGENT), 1);

	rig_run_command(&r, "t1");
	assert_non_null(rig_find_room(&r, AGENT_LAUNCH));
	l = rig_find_room(&r, AGENT_LAUNCH)->launch;
	container = xstrdup(l->container_id);
	assert_string_equal(l->value, "/usr/libexec/butte/butte-executor");
	assert_false(l->shell);
	assert_string_equal(l->user, "nobody");
	assert_int_equal(l->limits.cpu_milli, 1100);
	assert_int_equal(l->limits.mem_mb, 96);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_EXECUTOR), 1);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_TASK), 1);
	assert_true(agent_has_container(r.a, container));

	/* It is given its task only when its process is known. */
	(void)rig_subscribe(&r, "t1");
	assert_non_null(rig_find_event(&r, EVENT(SUBSCRIBED)));
	assert_null(rig_find_event(&r, EVENT(LAUNCH)));
	rig_started(&r, container, 77);
	ev = rig_find_event(&r, EVENT(LAUNCH));
	assert_non_null(ev);
	assert_string_equal(ev->launch->task->command->value, "true");

	rig_update(&r, "t1", "t1", STATE(STARTING), 1);
	assert_int_equal(rig_replied(&r), 202);
	assert_non_null(rig_find_event(&r, EVENT(ACKNOWLEDGED)));
	assert_int_equal(rig_status(&r)->state, STATE(STARTING));
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_UPDATE), 1);
	rig_update(&r, "t1", "t1", STATE(RUNNING), 2);
	assert_non_null(rig_find_event(&r, EVENT(ACKNOWLEDGED)));
	assert_null(rig_status(&r)); /* one at a time */
	rig_update(&r, "t1", "t1", STATE(FINISHED), 3);
	assert_null(rig_status(&r));
	for (i = 1; i <= 3; i++) {
		memset(uuid, (int)i, 16);
		rig_ack(&r, "f", "t1", uuid);
		if (i < 3)
			assert_int_equal(rig_status(&r)->uuid.data[0], i + 1);
	}
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_TASK), 0);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_UPDATE), 0);
	rig_exited(&r, container, NULL);
	/* Nobody needs to hear about the end of an executor of ours. */
	assert_null(rig_find_sent(&r, SENT(EXITED_EXECUTOR)));
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_EXECUTOR), 0);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_FRAMEWORK), 0);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_SANDBOX), 1);
	assert_false(agent_has_container(r.a, container));
	free(container);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
