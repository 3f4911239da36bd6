/* test_census.c - a cluster's state as people see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/census.h"
#include "cli/detail.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/pbjson.h"

#define NOW 1795482123

static const char state_text[] =
	"{\"get_agents\":{\"agents\":[{\"agent_info\":{\"hostname\":\"n1\","
	"\"port\":5051,\"id\":{\"value\":\"m-S0\"},\"attributes\":[{\"name\":"
	"\"zone\",\"type\":\"TEXT\",\"text\":{\"value\":\"a\"}},{\"name\":"
	"\"level\",\"type\":\"SCALAR\",\"scalar\":{\"value\":2.5}}]},"
	"\"active\":true,\"version\":\"0.1\",\"pid\":\"slave(1)@1.2.3.4:5051\","
	"\"registered_time\":{\"nanoseconds\":1795482063000000000},"
	"\"total_resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\","
	"\"scalar\":{\"value\":4}},{\"name\":\"mem\",\"type\":\"SCALAR\","
	"\"scalar\":{\"value\":1024}}],\"allocated_resources\":[{\"name\":"
	"\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":0.5}}]}]},"
	"\"get_frameworks\":{\"frameworks\":[{\"framework_info\":{\"user\":"
	"\"root\",\"name\":\"web\",\"id\":{\"value\":\"m-0001\"},\"roles\":"
	"[\"a\",\"b\"]},\"active\":true,\"connected\":true,\"recovered\":"
	"false}],\"completed_frameworks\":[{\"framework_info\":{\"user\":"
	"\"root\",\"name\":\"old\",\"id\":{\"value\":\"m-0000\"}},\"active\":"
	"false,\"connected\":false,\"recovered\":false,\"unregistered_time\":"
	"{\"nanoseconds\":1795482000000000000}}]},\"get_tasks\":{\"tasks\":["
	"{\"name\":\"srv\",\"task_id\":{\"value\":\"srv-1\"},\"framework_id\":"
	"{\"value\":\"m-0001\"},\"agent_id\":{\"value\":\"m-S0\"},\"state\":"
	"\"TASK_RUNNING\",\"resources\":[{\"name\":\"cpus\",\"type\":"
	"\"SCALAR\",\"scalar\":{\"value\":0.5}}],\"statuses\":[{\"task_id\":"
	"{\"value\":\"srv-1\"},\"state\":\"TASK_RUNNING\",\"timestamp\":"
	"1795482113.5,\"message\":\"up\\u001b[2J\",\"container_status\":"
	"{\"container_id\":{\"value\":\"c-9\"}}}]}],\"completed_tasks\":["
	"{\"name\":\"srv\",\"task_id\":{\"value\":\"srv-0\"},\"framework_id\":"
	"{\"value\":\"m-0000\"},\"executor_id\":{\"value\":\"ex\"},"
	"\"agent_id\":{\"value\":\"gone\"},\"state\":\"TASK_FAILED\"}]}}";

static struct arena arena;
static struct census view;
static struct buf text;

static int setup(void **state)
{
	struct err e;
	const ProtobufCMessage *m;

	(void)state;
	arena_init(&arena);
	m = pbjson_read(&arena,
		&mesos__v1__master__response__get_state__descriptor, state_text,
		strlen(state_text), &e);
	assert_non_null(m);
	census_init(&view, &arena, (const void *)m, NOW);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	buf_fini(&text);
	return 0;
}

static void print(struct table *t)
{
	buf_clear(&text);
	table_print(&text, t, true, false);
	table_fini(t);
}

static void test_tables(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, census_agent_columns);
	census_agent_row(&t, &view, view.agents[0]);
	print(&t);
	assert_string_equal(buf_str(&text),
		"ID     HOST   STATE    TASKS    CPUS      MEM   DISK     AGE   "
		"VERSION   ADDRESS                 ATTRIBUTES\n"
		"m-S0   n1     active       1   0.5/4   0/1024    0/0   1m00s   "
		"0.1       slave(1)@1.2.3.4:5051   zone=a,level=2.5\n");

	table_init(&t, census_framework_columns);
	census_framework_row(&t, &view, view.frameworks[0], false);
	census_framework_row(&t, &view, view.ended_frameworks[0], true);
	print(&t);
	assert_string_equal(buf_str(&text),
		"ID       NAME   STATE       TASKS   CPUS   MEM   OFFERS   AGE   "
		"USER   ROLES   HOST\n"
		"m-0001   web    active          1      0     0        0     -   "
		"root   a,b     -\n"
		"m-0000   old    completed       0      0     0        0     -   "
		"root   *       -\n");

	table_init(&t, census_task_columns);
	for (size_t i = 0; i < view.n_tasks; i++)
		census_task_row(&t, &view, view.tasks[i]);
	print(&t);
	assert_string_equal(buf_str(&text),
		"ID      NAME   STATE     HOST   CPUS   MEM   AGE   FRAMEWORK   "
		"AGENT   USER   MESSAGE\n"
		"srv-1   srv    RUNNING   n1      0.5     0   10s   m-0001      "
		"m-S0    -      up?[2J\n"
		"srv-0   srv    FAILED    -         0     0     -   m-0000      "
		"gone    -      -\n");
}

static void test_picks(void **state)
{
	struct err e;

	(void)state;
	assert_ptr_equal(census_pick_agent(&view, "S0", &e), view.agents[0]);
	assert_ptr_equal(census_pick_agent(&view, "n1", &e), view.agents[0]);
	assert_null(census_pick_agent(&view, "n2", &e));
	assert_ptr_equal(
		census_pick_framework(&view, "web", &e), view.frameworks[0]);
	assert_ptr_equal(census_pick_framework(&view, "old", &e),
		view.ended_frameworks[0]);
	/* By name it is the one that runs; by id any. */
	assert_ptr_equal(census_pick_task(&view, "srv", &e), view.tasks[0]);
	assert_ptr_equal(census_pick_task(&view, "srv-0", &e), view.tasks[1]);
	assert_string_equal(census_container_id(view.tasks[0]), "c-9");
	assert_null(census_container_id(view.tasks[1]));
	assert_string_equal(census_executor_id(view.tasks[0]), "srv-1");
	assert_string_equal(census_executor_id(view.tasks[1]), "ex");
}

static void has(const char *line)
{
	if (strstr(buf_str(&text), line) == NULL)
		fail_msg("no '%s' in:\n%s", line, buf_str(&text));
}

static void test_details(void **state)
{
	(void)state;
	buf_clear(&text);
	detail_agent(&text, &view, view.agents[0]);
	has("ID:            m-S0\n");
	has("Total:         cpus 4, mem 1024\n");
	has("srv-1");
	buf_clear(&text);
	detail_framework(&text, &view, view.frameworks[0]);
	has("Roles:         a,b\n");
	has("srv-1");
	buf_clear(&text);
	detail_framework(&text, &view, view.ended_frameworks[0]);
	has("State:         completed\n");
	has("Ended:         2026-11-24T01:00:00Z\n");
	buf_clear(&text);
	detail_task(&text, &view, view.tasks[0]);
	has("Container:     c-9\n");
	has("up?[2J");
	buf_clear(&text);
	detail_cluster(&text, &view);
	has("Agents:        1 active, 1 in all\n");
	has("Tasks:         1 live, 1 ended\n");
	has("Cpus:          0.5 of 4\n");
}

static void test_events(void **state)
{
	static const struct {
		const char *json;
		const char *want; /* NULL: nothing */
	} rows[] = {
		{ "{\"type\":\"HEARTBEAT\"}", NULL },
		{ "{\"type\":\"AGENT_REMOVED\",\"agent_removed\":{\"agent_id\":"
		  "{\"value\":\"S1\"}}}",
			"2026-11-24T01:02:03Z AGENT_REMOVED     agent=S1" },
		{ "{\"type\":\"TASK_UPDATED\",\"task_updated\":{"
		  "\"framework_id\":{\"value\":\"F\"},\"status\":{\"task_id\":"
		  "{\"value\":\"T\"},\"state\":\"TASK_RUNNING\",\"message\":"
		  "\"a\\nb\"},\"state\":\"TASK_FINISHED\"}}",
			"2026-11-24T01:02:03Z TASK_UPDATED      task=T "
			"state=RUNNING latest=FINISHED framework=F "
			"message='a?b'" },
		{ "{\"type\":\"FRAMEWORK_REMOVED\",\"framework_removed\":{"
		  "\"framework_info\":{\"user\":\"u\",\"name\":\"n\",\"id\":"
		  "{\"value\":\"F\"}}}}",
			"2026-11-24T01:02:03Z FRAMEWORK_REMOVED framework=F "
			"name=n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const ProtobufCMessage *m = pbjson_read(&arena,
			&mesos__v1__master__event__descriptor, rows[i].json,
			strlen(rows[i].json), NULL);

		assert_non_null(m);
		buf_clear(&text);
		assert_int_equal(detail_event(&text, (const void *)m, NOW),
			rows[i].want != NULL);
		if (rows[i].want != NULL)
			assert_string_equal(buf_str(&text), rows[i].want);
	}
}

static void test_empty(void **state)
{
	Mesos__V1__Master__Response__GetState none =
		MESOS__V1__MASTER__RESPONSE__GET_STATE__INIT;
	struct census v;

	(void)state;
	census_init(&v, &arena, &none, 0);
	assert_int_equal(v.n_tasks, 0);
	assert_null(census_pick_task(&v, "x", NULL));
	buf_clear(&text);
	detail_cluster(&text, &v);
	has("Agents:        0 active, 0 in all\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_picks),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
