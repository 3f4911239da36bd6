/* test_operator.c - the operator API; master/operator.h, report_v1.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master_world.h"

#define CALL(name)     MESOS__V1__MASTER__CALL__TYPE__##name
#define RESPONSE(name) MESOS__V1__MASTER__RESPONSE__TYPE__##name

struct fixture {
	struct world w;
	struct world_framework fw;
	struct world_agent a;
};

/* A framework with one running, one completed and, on an agent that is gone
 * from sight, one unreachable task; and a completed framework. */
static int begin(void **state)
{
	static const struct master_flag flags[] = {
		{ "allocation_interval", "1secs" }, { "port", "5050" }
	};
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct world_agent lost = { .port = 5052 };
	struct world_framework over = { 0 };
	Mesos__V1__TaskInfo *tasks[2];

	world_init(&f->w);
	f->w.cfg.flags = flags;
	f->w.cfg.n_flags = 2;
	world_start(&f->w);
	assert_true(world_subscribe(&f->w, &over, world_info(&f->w, 0)));
	(void)world_simple(&f->w, &over, W_CALL(TEARDOWN));
	assert_true(world_subscribe(&f->w, &f->fw,
		world_info(&f->w, 1u << W_CAN(PARTITION_AWARE))));
	assert_true(world_register(&f->w, &lost, "cpus:2;mem:256"));
	(void)world_launch(&f->w, &f->fw, world_offer(&f->w, &f->fw)->id->value,
		world_task(&f->w, "away", lost.id, "cpus:1;mem:64"));
	world_pass(&f->w, 80000);
	assert_true(world_register(
		&f->w, &f->a, "cpus:4;mem:4096;ports:[31000-31009]"));
	tasks[0] = world_task(&f->w, "running", f->a.id, "cpus:1;mem:64");
	tasks[1] = world_task(&f->w, "done", f->a.id, "cpus:1;mem:64");
	(void)world_accept(&f->w, &f->fw, world_offer(&f->w, &f->fw)->id->value,
		tasks, 2, 0);
	world_update(&f->w, &f->a, &f->fw, "running", W_STATE(RUNNING), 1);
	world_update(&f->w, &f->a, &f->fw, "done", W_STATE(FINISHED), 2);
	(void)world_ack(&f->w, &f->fw, &f->a, "done", 2);
	world_clear(&f->w);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	world_fini(&f->w);
	free(f);
	return 0;
}

static uint64_t call(struct fixture *f, int type, Mesos__V1__Master__Call *c)
{
	Mesos__V1__Master__Call plain = MESOS__V1__MASTER__CALL__INIT;
	struct master_event ev = { .type = MASTER_OPERATOR,
		.from = ++f->w.last };

	if (c == NULL)
		c = &plain;
	c->has_type = 1;
	c->type = (Mesos__V1__Master__Call__Type)type;
	ev.operator_call = c;
	world_step(&f->w, &ev);
	return ev.from;
}

static const Mesos__V1__Master__Response *ask(
	struct fixture *f, int type, int response)
{
	uint64_t r = call(f, type, NULL);
	const struct world_effect *e = world_find(&f->w, EFFECT_REPLY, r);

	assert_int_equal(e->status, 200);
	assert_non_null(e->response);
	assert_int_equal(e->response->type, response);
	return e->response;
}

/* --- calls ------------------------------------------------------------------- */

static void health_version_flags_master(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Master__Response *r;

	r = ask(f, CALL(GET_HEALTH), RESPONSE(GET_HEALTH));
	assert_true(r->get_health->healthy);
	r = ask(f, CALL(GET_VERSION), RESPONSE(GET_VERSION));
	assert_string_equal(r->get_version->version_info->version, "0.1.0");
	r = ask(f, CALL(GET_FLAGS), RESPONSE(GET_FLAGS));
	assert_int_equal(r->get_flags->n_flags, 2);
	assert_string_equal(r->get_flags->flags[1]->value, "5050");
	r = ask(f, CALL(GET_MASTER), RESPONSE(GET_MASTER));
	assert_string_equal(r->get_master->master_info->id, f->w.id);
	assert_true(r->get_master->start_time > 1.6e9);
}

static void agents_with_what_they_have(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Master__Response__GetAgents *g =
		ask(f, CALL(GET_AGENTS), RESPONSE(GET_AGENTS))->get_agents;
	const Mesos__V1__Master__Response__GetAgents__Agent *a;

	assert_int_equal(g->n_agents, 1);
	assert_int_equal(g->n_recovered_agents, 0);
	a = g->agents[0];
	assert_string_equal(a->agent_info->id->value, f->a.id);
	assert_true(a->active);
	assert_string_equal(a->pid, "slave(1)@127.0.0.1:5051");
	assert_int_equal(a->n_total_resources, 3);
	assert_int_equal(a->n_allocated_resources, 2);
	/* Both forms: for old and new readers. */
	assert_string_equal(a->total_resources[0]->role, "*");
}

static void recovered_agents_are_listed(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Master__Response__GetAgents *g;

	world_restart(&f->w);
	g = ask(f, CALL(GET_AGENTS), RESPONSE(GET_AGENTS))->get_agents;
	assert_int_equal(g->n_agents, 0);
	assert_int_equal(g->n_recovered_agents, 1);
	assert_string_equal(g->recovered_agents[0]->id->value, f->a.id);
}

static void frameworks_live_and_over(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Master__Response__GetFrameworks *g =
		ask(f, CALL(GET_FRAMEWORKS), RESPONSE(GET_FRAMEWORKS))
			->get_frameworks;

	assert_int_equal(g->n_frameworks, 1);
	assert_string_equal(
		g->frameworks[0]->framework_info->id->value, f->fw.id);
	assert_true(g->frameworks[0]->connected);
	assert_false(g->frameworks[0]->recovered);
	assert_int_equal(g->frameworks[0]->n_allocated_resources, 2);
	assert_int_equal(g->n_completed_frameworks, 1);
	assert_non_null(g->completed_frameworks[0]->unregistered_time);
}

static void tasks_by_what_became_of_them(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Master__Response__GetTasks *g =
		ask(f, CALL(GET_TASKS), RESPONSE(GET_TASKS))->get_tasks;

	assert_int_equal(g->n_tasks, 1);
	assert_string_equal(g->tasks[0]->task_id->value, "running");
	assert_int_equal(g->tasks[0]->state, W_STATE(RUNNING));
	assert_int_equal(g->tasks[0]->n_statuses, 1);
	assert_int_equal(g->tasks[0]->status_update_state, W_STATE(RUNNING));
	assert_string_equal(g->tasks[0]->user, "nobody");
	assert_int_equal(g->n_unreachable_tasks, 1);
	assert_int_equal(g->unreachable_tasks[0]->state, W_STATE(UNREACHABLE));
	assert_int_equal(g->n_completed_tasks, 1);
	assert_string_equal(g->completed_tasks[0]->task_id->value, "done");
}

static void state_is_all_of_it(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Master__Response__GetState *g =
		ask(f, CALL(GET_STATE), RESPONSE(GET_STATE))->get_state;

	assert_int_equal(g->get_tasks->n_tasks, 1);
	assert_int_equal(g->get_agents->n_agents, 1);
	assert_int_equal(g->get_frameworks->n_frameworks, 1);
	assert_int_equal(g->get_executors->n_executors, 0);
}

static void roles_and_executors(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Master__Response__GetRoles *g =
		ask(f, CALL(GET_ROLES), RESPONSE(GET_ROLES))->get_roles;

	assert_int_equal(g->n_roles, 1);
	assert_string_equal(g->roles[0]->name, "*");
	assert_true(g->roles[0]->weight > 0.99);
	assert_int_equal(g->roles[0]->n_frameworks, 1);
	assert_int_equal(ask(f, CALL(GET_EXECUTORS), RESPONSE(GET_EXECUTORS))
				 ->get_executors->n_executors,
		0);
}

static double metric(
	const Mesos__V1__Master__Response__GetMetrics *g, const char *name)
{
	size_t i;

	for (i = 0; i < g->n_metrics; i++)
		if (strcmp(g->metrics[i]->name, name) == 0)
			return g->metrics[i]->value;
	return -1;
}

static void metrics_count(void **state)
{
	static const struct {
		const char *name;
		double value;
	} rows[] = {
		{ "master/elected", 1 },
		{ "master/slaves_active", 1 },
		{ "master/slaves_unreachable", 1 },
		{ "master/slave_registrations", 2 },
		{ "master/slave_removals", 1 },
		{ "master/slave_removals/reason_unhealthy", 1 },
		{ "master/frameworks_connected", 1 },
		{ "master/tasks_running", 1 },
		{ "master/tasks_unreachable", 1 },
		{ "master/tasks_finished", 1 },
		{ "master/task_unreachable/source_master/reason_slave_removed",
			1 },
		{ "master/cpus_total", 4 },
		{ "master/cpus_used", 1 },
		{ "master/cpus_percent", 0.25 },
		{ "master/valid_status_updates", 2 },
		{ "master/messages_launch_tasks", 2 },
		{ "allocator/mesos/resources/cpus/total", 4 },
	};
	struct fixture *f = *state;
	const Mesos__V1__Master__Response__GetMetrics *g =
		ask(f, CALL(GET_METRICS), RESPONSE(GET_METRICS))->get_metrics;
	char name[512];
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		double v = metric(g, rows[i].name);

		if (v > rows[i].value + 1e-6 || v < rows[i].value - 1e-6)
			printf("# %s is %g\n", rows[i].name, v);
		assert_true(v > rows[i].value - 1e-6);
		assert_true(v < rows[i].value + 1e-6);
	}
	(void)snprintf(name, sizeof(name),
		"master/frameworks/test/%s/calls/accept", f->fw.id);
	assert_true(metric(g, name) > 1.9);
	(void)snprintf(name, sizeof(name),
		"master/frameworks/test/%s/tasks/terminal/task_finished",
		f->fw.id);
	assert_true(metric(g, name) > 0.9);
}

static void teardown(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__Master__Call c = MESOS__V1__MASTER__CALL__INIT;
	Mesos__V1__Master__Call__Teardown t =
		MESOS__V1__MASTER__CALL__TEARDOWN__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;
	uint64_t r;

	assert_int_equal(
		world_status(&f->w, call(f, CALL(TEARDOWN), NULL)), 400);
	id.value = f->fw.id;
	t.framework_id = &id;
	c.teardown = &t;
	r = call(f, CALL(TEARDOWN), &c);
	assert_int_equal(world_status(&f->w, r), 200);
	assert_non_null(world_find(&f->w, EFFECT_STREAM_CLOSE, f->fw.stream));
	r = call(f, CALL(TEARDOWN), &c);
	assert_int_equal(world_status(&f->w, r), 400);
	assert_non_null(strstr(world_text(&f->w, r), "removed before"));
}

static void later_calls_are_501_by_name(void **state)
{
	struct fixture *f = *state;
	uint64_t r = call(f, CALL(DRAIN_AGENT), NULL);

	assert_int_equal(world_status(&f->w, r), 501);
	assert_string_equal(world_text(&f->w, r),
		"DRAIN_AGENT is not supported yet by this Butte\n");
	r = call(f, CALL(UNKNOWN), NULL);
	assert_int_equal(world_status(&f->w, r), 501);
}

static void a_call_needs_a_type(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__Master__Call c = MESOS__V1__MASTER__CALL__INIT;
	struct master_event ev = { .type = MASTER_OPERATOR,
		.from = ++f->w.last,
		.operator_call = &c };

	world_step(&f->w, &ev);
	assert_int_equal(world_status(&f->w, ev.from), 400);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(health_version_flags_master),
		TEST(agents_with_what_they_have),
		TEST(recovered_agents_are_listed),
		TEST(frameworks_live_and_over),
		TEST(tasks_by_what_became_of_them),
		TEST(state_is_all_of_it),
		TEST(roles_and_executors),
		TEST(metrics_count),
		TEST(teardown),
		TEST(later_calls_are_501_by_name),
		TEST(a_call_needs_a_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
