/* test_agent_file.c - which paths of the files API lead where. */
#include "agent_rig.h"

#define REAL "/var/lib/butte/slaves/m-S0/frameworks/f/executors/"

/* prefix run rest leads to the container's directory, and the rest in it. */
static void expect(struct rig *r, const char *prefix, const char *run,
	const char *rest, const char *container)
{
	char path[512], want[512];
	const char *got;

	(void)snprintf(path, sizeof(path), "%s%s%s", prefix, run, rest);
	(void)snprintf(want, sizeof(want),
		"slaves/m-S0/frameworks/f/executors/t/runs/%s%s", container,
		rest);
	got = agent_file_path(r->a, path, &r->out);
	if (got == NULL || strcmp(got, want) != 0)
		fail_msg("%s: %s", path, got != NULL ? got : "(none)");
}

static void check_paths(struct rig *r, const char *c)
{
	static const char *const unknown[] = { "", "/", "/etc/passwd",
		"/frameworks/f/executors/t", "/frameworks/f/executors/t/runs",
		"/frameworks/f/executors/u/runs/latest",
		"/frameworks/g/executors/t/runs/latest",
		"/frameworks/f/executors/t/runs/other",
		"/frameworks//executors/t/runs/latest", "/var/lib/butte",
		"/var/lib/butte/meta/agent.db", REAL "t/runs/other",
		REAL "t/runs/latest/../../x" };
	size_t i;

	expect(r, REAL "t/runs/", c, "", c);
	expect(r, REAL "t/runs/", c, "/stdout", c);
	expect(r, REAL "t/runs/", c, "/a/b c", c);
	expect(r, REAL "t/runs/", "latest", "", c);
	expect(r, "/frameworks/f/executors/t/runs/", c, "", c);
	expect(r, "/frameworks/f/executors/t/runs/", "latest", "", c);
	expect(r, "/frameworks/f/executors/t/runs/", "latest", "/x", c);
	for (i = 0; i < ARRAY_LEN(unknown); i++)
		assert_null(agent_file_path(r->a, unknown[i], &r->out));
}

static void test_paths(void **state)
{
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	assert_null(agent_file_path(r.a, REAL "t/runs/latest", &r.out));
	rig_up(&r, false);
	container = rig_running(&r, "t");
	check_paths(&r, container);
	rig_update(&r, "t", "t", STATE(FINISHED), 3);
	rig_ack(&r, "f", "t", rig_status(&r)->uuid.data);
	rig_exited(&r, container, NULL);
	check_paths(&r, container); /* completed */
	rig_restart(&r);
	check_paths(&r, container); /* only its directory is known */
	free(container);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
