/* test_master_report.c - the old endpoints; master/master_report.h and
 * report_json.h. */
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master_world.h"

#define PLENTY                                                           \
	"cpus:4;mem:4096;disk(dev):100;ports:[31000-31009,32000-32001];" \
	"zones:{a,b}"

struct fixture {
	struct world w;
	struct world_framework fw;
	struct world_agent a;
	struct json_object *json; /* the last report */
};

static const struct master_flag flags[] = { { "port", "5050" } };

static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	world_init(&f->w);
	f->w.cfg.flags = flags;
	f->w.cfg.n_flags = 1;
	f->w.cfg.cluster = "here";
	world_start(&f->w);
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
	assert_true(world_register(&f->w, &f->a, PLENTY));
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	(void)json_object_put(f->json);
	world_fini(&f->w);
	free(f);
	return 0;
}

/* --- asking, and looking into JSON ------------------------------------------------ */

static void ask(struct fixture *f, const struct master_query *q)
{
	struct master_event ev = {
		.type = MASTER_QUERY, .from = ++f->w.last, .query = q
	};
	enum json_tokener_error err;

	world_step(&f->w, &ev);
	assert_int_equal(world_status(&f->w, ev.from), 200);
	(void)json_object_put(f->json);
	f->json = json_tokener_parse_verbose(world_text(&f->w, ev.from), &err);
	assert_int_equal(err, json_tokener_success);
}

static void report(struct fixture *f, enum master_report which)
{
	const struct master_query q = {
		.report = which, .limit = -1, .offset = -1
	};

	ask(f, &q);
}

/* "slaves.0.resources.cpus"; NULL if there is none. */
static struct json_object *at(struct fixture *f, const char *path)
{
	CLEANUP(mem_freep) char *copy = xstrdup(path);
	struct json_object *o = f->json;
	char *rest = copy, *step;

	while (o != NULL && (step = strsep(&rest, ".")) != NULL) {
		if (json_object_is_type(o, json_type_array))
			o = json_object_array_get_idx(
				o, strtoul(step, NULL, 10));
		else
			o = json_object_object_get(o, step);
	}
	return o;
}

static const char *text_at(struct fixture *f, const char *path)
{
	struct json_object *o = at(f, path);

	if (o == NULL)
		printf("# no %s\n", path);
	assert_non_null(o);
	return json_object_get_string(o);
}

static double number_at(struct fixture *f, const char *path)
{
	struct json_object *o = at(f, path);

	if (o == NULL)
		printf("# no %s\n", path);
	assert_non_null(o);
	assert_true(json_object_is_type(o, json_type_double) ||
		json_object_is_type(o, json_type_int));
	return json_object_get_double(o);
}

#define assert_number(f, path, v)                             \
	do {                                                  \
		assert_true(number_at(f, path) > (v)-1e-6);   \
		assert_true(number_at(f, path) < (v) + 1e-6); \
	} while (0)

static size_t length_at(struct fixture *f, const char *path)
{
	struct json_object *o = at(f, path);

	assert_non_null(o);
	assert_true(json_object_is_type(o, json_type_array));
	return json_object_array_length(o);
}

static void launch(struct fixture *f, const char *id, const char *resources)
{
	(void)world_launch(&f->w, &f->fw, world_offer(&f->w, &f->fw)->id->value,
		world_task(&f->w, id, f->a.id, resources));
	f->w.n = 0;
}

/* --- reports ------------------------------------------------------------------------- */

static void state_has_its_keys(void **state)
{
	static const char *const keys[] = { "version", "start_time",
		"elected_time", "id", "pid", "hostname", "capabilities",
		"activated_slaves", "deactivated_slaves", "unreachable_slaves",
		"leader", "leader_info", "cluster", "flags", "slaves",
		"recovered_slaves", "frameworks", "completed_frameworks",
		"orphan_tasks", "unregistered_frameworks" };
	struct fixture *f = *state;
	size_t i;

	report(f, MASTER_REPORT_STATE);
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		if (at(f, keys[i]) == NULL)
			printf("# no %s\n", keys[i]);
		assert_non_null(at(f, keys[i]));
	}
	assert_string_equal(text_at(f, "pid"), "master@127.0.0.1:5050");
	assert_string_equal(text_at(f, "flags.port"), "5050");
	assert_string_equal(
		text_at(f, "leader_info.hostname"), "master.example");
	assert_int_equal(length_at(f, "slaves"), 1);
	assert_int_equal(length_at(f, "frameworks"), 1);
	assert_number(f, "activated_slaves", 1);
}

static void slaves_show_resources(void **state)
{
	struct fixture *f = *state;

	launch(f, "t", "cpus:1.5;mem:64;ports:[31000-31000]");
	report(f, MASTER_REPORT_AGENTS);
	assert_string_equal(text_at(f, "slaves.0.id"), f->a.id);
	assert_string_equal(
		text_at(f, "slaves.0.pid"), "slave(1)@127.0.0.1:5051");
	assert_number(f, "slaves.0.resources.cpus", 4);
	assert_number(f, "slaves.0.resources.gpus", 0);
	assert_number(f, "slaves.0.resources.disk", 100);
	assert_string_equal(text_at(f, "slaves.0.resources.ports"),
		"[31000-31009, 32000-32001]");
	assert_string_equal(text_at(f, "slaves.0.resources.zones"), "{a, b}");
	assert_number(f, "slaves.0.used_resources.cpus", 1.5);
	assert_string_equal(
		text_at(f, "slaves.0.used_resources.ports"), "[31000-31000]");
	assert_number(f, "slaves.0.reserved_resources.dev.disk", 100);
	assert_number(f, "slaves.0.unreserved_resources.disk", 0);
	assert_int_equal(
		length_at(f, "slaves.0.reserved_resources_full.dev"), 1);
	assert_string_equal(
		text_at(f, "slaves.0.reserved_resources_full.dev.0.role"),
		"dev");
	assert_non_null(at(f, "slaves.0.used_resources_full"));
	assert_string_equal(text_at(f, "slaves.0.active"), "true");
	assert_int_equal(length_at(f, "recovered_slaves"), 0);
}

static void slaves_can_be_picked(void **state)
{
	struct fixture *f = *state;
	struct master_query q = { .report = MASTER_REPORT_AGENTS,
		.agent_id = "nobody" };

	ask(f, &q);
	assert_int_equal(length_at(f, "slaves"), 0);
	q.agent_id = f->a.id;
	ask(f, &q);
	assert_int_equal(length_at(f, "slaves"), 1);
	world_restart(&f->w);
	ask(f, &q);
	assert_int_equal(length_at(f, "slaves"), 0);
	assert_int_equal(length_at(f, "recovered_slaves"), 1);
}

static void frameworks_show_tasks_and_offers(void **state)
{
	struct fixture *f = *state;

	launch(f, "t", "cpus:1;mem:64");
	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(RUNNING), 1);
	assert_non_null(world_offer(&f->w, &f->fw));
	report(f, MASTER_REPORT_FRAMEWORKS);
	assert_string_equal(text_at(f, "frameworks.0.id"), f->fw.id);
	assert_string_equal(text_at(f, "frameworks.0.name"), "test");
	assert_string_equal(text_at(f, "frameworks.0.role"), "*");
	assert_string_equal(text_at(f, "frameworks.0.connected"), "true");
	assert_number(f, "frameworks.0.failover_timeout", 100);
	assert_number(f, "frameworks.0.used_resources.cpus", 1);
	assert_number(f, "frameworks.0.offered_resources.cpus", 3);
	assert_number(f, "frameworks.0.resources.cpus", 4);
	assert_string_equal(text_at(f, "frameworks.0.tasks.0.id"), "t");
	assert_string_equal(
		text_at(f, "frameworks.0.tasks.0.state"), "TASK_RUNNING");
	assert_string_equal(text_at(f, "frameworks.0.tasks.0.executor_id"), "");
	assert_string_equal(
		text_at(f, "frameworks.0.tasks.0.slave_id"), f->a.id);
	assert_string_equal(text_at(f, "frameworks.0.tasks.0.statuses.0.state"),
		"TASK_RUNNING");
	assert_string_equal(
		text_at(f, "frameworks.0.offers.0.allocation_info.role"), "*");
	assert_int_equal(length_at(f, "completed_frameworks"), 0);
	(void)world_simple(&f->w, &f->fw, W_CALL(TEARDOWN));
	report(f, MASTER_REPORT_FRAMEWORKS);
	assert_int_equal(length_at(f, "frameworks"), 0);
	assert_string_equal(
		text_at(f, "completed_frameworks.0.completed_tasks.0.state"),
		"TASK_KILLED");
}

static void tasks_are_sorted_and_cut(void **state)
{
	struct fixture *f = *state;
	struct master_query q = { .report = MASTER_REPORT_TASKS, .limit = 100 };
	char id[8];
	unsigned i;

	for (i = 0; i < 4; i++) {
		(void)snprintf(id, sizeof(id), "t%u", i);
		launch(f, id, "cpus:0.5;mem:64");
		world_update(&f->w, &f->a, &f->fw, id, W_STATE(RUNNING), i);
		f->w.wall_ns += 1000000000;
	}
	ask(f, &q);
	assert_int_equal(length_at(f, "tasks"), 4);
	assert_string_equal(text_at(f, "tasks.0.id"), "t3");
	q.ascending = true;
	q.limit = 2;
	q.offset = 1;
	ask(f, &q);
	assert_int_equal(length_at(f, "tasks"), 2);
	assert_string_equal(text_at(f, "tasks.0.id"), "t1");
	assert_string_equal(text_at(f, "tasks.1.id"), "t2");
	q.task_id = "t0";
	q.offset = 0;
	ask(f, &q);
	assert_int_equal(length_at(f, "tasks"), 1);
	q.framework_id = "other";
	ask(f, &q);
	assert_int_equal(length_at(f, "tasks"), 0);
}

static void summaries_count(void **state)
{
	struct fixture *f = *state;

	launch(f, "t1", "cpus:1;mem:64");
	launch(f, "t2", "cpus:1;mem:64");
	world_update(&f->w, &f->a, &f->fw, "t1", W_STATE(RUNNING), 1);
	world_update(&f->w, &f->a, &f->fw, "t2", W_STATE(FINISHED), 2);
	(void)world_ack(&f->w, &f->fw, &f->a, "t2", 2);
	report(f, MASTER_REPORT_STATE_SUMMARY);
	assert_string_equal(text_at(f, "cluster"), "here");
	assert_number(f, "slaves.0.TASK_RUNNING", 1);
	assert_number(f, "slaves.0.TASK_FINISHED", 1);
	assert_number(f, "slaves.0.TASK_STAGING", 0);
	assert_string_equal(text_at(f, "slaves.0.framework_ids.0"), f->fw.id);
	assert_int_equal(length_at(f, "slaves.0.framework_ids"), 1);
	assert_number(f, "frameworks.0.TASK_RUNNING", 1);
	assert_string_equal(text_at(f, "frameworks.0.slave_ids.0"), f->a.id);
	assert_null(at(f, "slaves.0.used_resources_full"));
}

static void roles_show_their_share(void **state)
{
	struct fixture *f = *state;

	launch(f, "t", "cpus:1;mem:64");
	assert_non_null(world_offer(&f->w, &f->fw));
	report(f, MASTER_REPORT_ROLES);
	assert_string_equal(text_at(f, "roles.0.name"), "*");
	assert_number(f, "roles.0.weight", 1);
	assert_number(f, "roles.0.resources.cpus", 4);
	assert_number(f, "roles.0.allocated.cpus", 1);
	assert_number(f, "roles.0.offered.cpus", 3);
	assert_number(f, "roles.0.quota.consumed.cpus", 4);
	assert_string_equal(text_at(f, "roles.0.frameworks.0"), f->fw.id);
}

static void metrics_are_flat_numbers(void **state)
{
	struct fixture *f = *state;
	const struct master_edge_stats s = {
		.uptime_ms = 1500, .cpus = 2, .registry_size_bytes = 4096
	};

	master_edge_stats_set(f->w.m, &s);
	report(f, MASTER_REPORT_METRICS);
	json_object_object_foreach(f->json, key, value)
	{
		if (!json_object_is_type(value, json_type_double) &&
			!json_object_is_type(value, json_type_int))
			printf("# %s\n", key);
		assert_true(json_object_is_type(value, json_type_double) ||
			json_object_is_type(value, json_type_int));
	}
	assert_non_null(json_object_object_get(f->json, "master/elected"));
	assert_true(json_object_get_double(json_object_object_get(
			    f->json, "master/uptime_secs")) > 1.4);
	assert_true(json_object_get_double(json_object_object_get(
			    f->json, "registrar/registry_size_bytes")) > 4095);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(state_has_its_keys),
		TEST(slaves_show_resources),
		TEST(slaves_can_be_picked),
		TEST(frameworks_show_tasks_and_offers),
		TEST(tasks_are_sorted_and_cut),
		TEST(summaries_count),
		TEST(roles_show_their_share),
		TEST(metrics_are_flat_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
