/* test_gc.c - sandboxes of ended runs go when their time has come, also over
 * restarts. */
#include "agent_rig.h"

#define DAY ((uint64_t)24 * 3600 * 1000)

/* One command task from beginning to end; returns its directory. */
static char *run_once(struct rig *r, const char *id)
{
	char *container, *directory;

	rig_run_command(r, id);
	container =
		xstrdup(rig_find_room(r, AGENT_LAUNCH)->launch->container_id);
	directory = xstrdup(rig_find_room(r, AGENT_LAUNCH)->launch->directory);
	rig_started(r, container, 5);
	(void)rig_subscribe(r, id);
	rig_update(r, id, id, STATE(FINISHED), 1);
	rig_ack(r, "f", id, rig_status(r)->uuid.data);
	rig_exited(r, container, NULL);
	free(container);
	return directory;
}

static void test_delay(void **state)
{
	struct rig r;
	char *a, *b;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	a = run_once(&r, "a");
	assert_non_null(
		strstr(a, "slaves/m-S0/frameworks/f/executors/a/runs/"));
	rig_link(&r, AGENT_UPLINK_DOWN);
	rig_tick(&r, DAY);
	rig_up(&r, true);
	b = run_once(&r, "b");
	rig_link(&r, AGENT_UPLINK_DOWN);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_SANDBOX), 2);
	rig_tick(&r, 6 * DAY - 1);
	assert_null(rig_find_room(&r, AGENT_GC));
	rig_tick(&r, 1);
	assert_string_equal(rig_find_room(&r, AGENT_GC)->text, a);
	/* The record stays until it is surely gone. */
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_SANDBOX), 2);
	rig_restart(&r);
	rig_tick(&r, 0);
	assert_string_equal(rig_find_room(&r, AGENT_GC)->text, a);
	rig_tick(&r, 10 * 60 * 1000);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_SANDBOX), 1);
	rig_tick(&r, DAY);
	assert_string_equal(rig_find_room(&r, AGENT_GC)->text, b);
	rig_tick(&r, 10 * 60 * 1000);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_SANDBOX), 0);
	free(a);
	free(b);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
