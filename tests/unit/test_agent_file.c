/* test_agent_file.c - which paths of the files API lead where. */
#include "agent_rig.h"

#define REAL "/var/lib/butte/slaves/m-S0/frameworks/f/executors/"

__attribute__((format(printf, 2, 0))) static const char *map(
	struct rig *r, const char *fmt, const char *container)
{
	char path[512];
	const char *got, *run;

	(void)snprintf(path, sizeof(path), fmt, container);
	got = agent_file_path(r->a, path, &r->out);
	if (got == NULL)
		return NULL;
	run = strstr(got, "/runs/");
	assert_non_null(run);
	assert_memory_equal(got, "slaves/m-S0/frameworks/f/executors/", 35);
	return run + 6;
}

#define expect(r, fmt, container, rest)                                     \
	do {                                                                \
		const char *got_ = map((r), (fmt), (container));            \
		char want_[512];                                            \
		(void)snprintf(                                             \
			want_, sizeof(want_), "%s%s", (container), (rest)); \
		assert_non_null(got_);                                      \
		assert_string_equal(got_, want_);                           \
	} while (0)

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

	expect(r, REAL "t/runs/%s", c, "");
	expect(r, REAL "t/runs/%s/stdout", c, "/stdout");
	expect(r, REAL "t/runs/%s/a/b c", c, "/a/b c");
	expect(r, "/frameworks/f/executors/t/runs/%s", c, "");
	expect(r, "/frameworks/f/executors/t/runs/latest%.0s", c, "");
	expect(r, "/frameworks/f/executors/t/runs/latest/x%.0s", c, "/x");
	expect(r, REAL "t/runs/latest%.0s", c, "");
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
