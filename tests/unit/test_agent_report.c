/* test_agent_report.c - /state and /metrics/snapshot of the agent. */
#include "agent_rig.h"

#include <json-c/json.h>

static json_object *query(struct rig *r, enum agent_report report)
{
	struct agent_event ev = {
		.type = AGENT_QUERY, .from = 3, .report = report
	};
	json_object *o;
	size_t i;

	rig_step(r, &ev);
	assert_int_equal(rig_replied(r), 200);
	for (i = 0; r->said[i].type != EFFECT_REPLY; i++)
		;
	o = json_tokener_parse(r->said[i].text);
	assert_non_null(o);
	return o;
}

/* "frameworks.0.executors.0.id": what is there, as text; NULL if nothing. */
static const char *at(json_object *o, const char *path)
{
	char word[64];
	size_t n;

	while (o != NULL && *path != '\0') {
		n = strcspn(path, ".");
		(void)snprintf(word, sizeof(word), "%.*s", (int)n, path);
		path += n + (path[n] == '.');
		if (json_object_is_type(o, json_type_array))
			o = json_object_array_get_idx(
				o, (size_t)strtol(word, NULL, 10));
		else if (!json_object_object_get_ex(o, word, &o))
			o = NULL;
	}
	return o != NULL ? json_object_get_string(o) : NULL;
}

static void expect(json_object *o, const char *path, const char *want)
{
	const char *got = at(o, path);

	if (got == NULL || strcmp(got, want) != 0)
		fail_msg("%s: %s, not %s", path, got != NULL ? got : "(none)",
			want);
}

static void test_state(void **state)
{
	static const struct agent_flag flags[] = { { "work_dir", "/x" } };
	static const struct {
		const char *path, *want;
	} table[] = {
		{ "version", "0.1.0" },
		{ "id", RIG_AGENT },
		{ "pid", "slave(1)@10.0.0.1:5051" },
		{ "hostname", "host" },
		{ "master_hostname", "m" },
		{ "flags.work_dir", "/x" },
		{ "resources.cpus", "8.0" },
		{ "resources.gpus", "0.0" },
		{ "resources.mem", "8192.0" },
		{ "unreserved_resources.cpus", "8.0" },
		{ "unreserved_resources_full.0.name", "cpus" },
		{ "unreserved_resources_allocated.cpus", "2.5" },
		{ "capabilities.0", "MULTI_ROLE" },
		{ "frameworks.0.id", "f" },
		{ "frameworks.0.name", "test" },
		{ "frameworks.0.role", "*" },
		{ "frameworks.0.executors.0.id", "t" },
		{ "frameworks.0.executors.0.tasks.0.id", "t" },
		{ "frameworks.0.executors.0.tasks.0.state", "TASK_RUNNING" },
		{ "frameworks.0.executors.0.tasks.0.executor_id", "" },
		{ "frameworks.0.executors.0.tasks.0.role", "web" },
		{ "frameworks.0.executors.0.tasks.0.user", "nobody" },
		{ "frameworks.0.executors.0.tasks.0.statuses.0.state",
			"TASK_STARTING" },
		{ "frameworks.0.executors.0.tasks.0.statuses.1.state",
			"TASK_RUNNING" },
		{ "frameworks.0.executors.0.resources.cpus", "0.1" },
		{ "frameworks.0.executors.1.id", "x" },
		{ "frameworks.0.executors.1.queued_tasks.0.id", "a" },
		{ "frameworks.0.executors.1.queued_tasks.0.executor_id", "x" },
		{ "frameworks.0.completed_executors.0.id", "done" },
		{ "frameworks.0.completed_executors.0.completed_tasks.0.state",
			"TASK_FINISHED" },
	};
	struct arena mem;
	struct rig r;
	json_object *o;
	char *done, *container;
	size_t i;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	r.cfg.flags = flags;
	r.cfg.n_flags = 1;
	rig_up(&r, false);
	container = rig_running(&r, "t");
	done = rig_running(&r, "done");
	rig_update(&r, "done", "done", STATE(FINISHED), 3);
	rig_ack(&r, "f", "done", rig_status(&r)->uuid.data);
	rig_exited(&r, done, NULL);
	rig_run(&r, "f", rig_executor_task(&mem, "a", "x"), true);
	o = query(&r, AGENT_REPORT_STATE);
	for (i = 0; i < ARRAY_LEN(table); i++)
		expect(o, table[i].path, table[i].want);
	expect(o, "frameworks.0.executors.0.container", container);
	assert_non_null(
		strstr(at(o, "frameworks.0.executors.0.directory"), container));
	json_object_put(o);
	free(done);
	free(container);
	rig_fini(&r);
	arena_fini(&mem);
}

static void test_metrics(void **state)
{
	static const struct {
		const char *path, *want;
	} table[] = {
		{ "slave/registered", "1.0" },
		{ "slave/frameworks_active", "1.0" },
		{ "slave/tasks_running", "1.0" },
		{ "slave/executors_running", "1.0" },
		{ "slave/valid_status_updates", "2.0" },
		{ "slave/cpus_total", "8.0" },
		{ "slave/cpus_used", "1.0" },
		{ "slave/cpus_percent", "0.125" },
		{ "slave/tasks_finished", "0.0" },
	};
	struct rig r;
	json_object *o;
	size_t i;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	free(rig_running(&r, "t"));
	o = query(&r, AGENT_REPORT_METRICS);
	for (i = 0; i < ARRAY_LEN(table); i++) {
		json_object *v;

		assert_true(json_object_object_get_ex(o, table[i].path, &v));
		assert_string_equal(json_object_get_string(v), table[i].want);
	}
	json_object_put(o);
	rig_fini(&r);
}

static void test_recovering(void **state)
{
	struct agent_event ev = { .type = AGENT_QUERY, .from = 3 };
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	free(rig_running(&r, "t"));
	rig_restart(&r);
	rig_step(&r, &ev);
	assert_int_equal(rig_replied(&r), 503);
	assert_string_equal(r.said[0].text, "Agent has not finished recovery");
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_recovering),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
