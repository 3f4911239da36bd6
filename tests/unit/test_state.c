/* test_state.c - the master's tables; master/state.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/res.h"
#include "dies.h"
#include "master/state.h"
#include "mesos/v1/mesos.pb-c.h"

struct fixture {
	struct master m;
	struct framework *fw;
	struct agent *a;
};

static struct framework *framework(struct fixture *f, const char *id)
{
	Mesos__V1__FrameworkInfo info = MESOS__V1__FRAMEWORK_INFO__INIT;
	Mesos__V1__FrameworkID fid = MESOS__V1__FRAMEWORK_ID__INIT;
	char text[64], name[] = "n";

	(void)snprintf(text, sizeof(text), "%s", id);
	fid.value = text;
	info.id = &fid;
	info.user = name;
	info.name = name;
	return state_framework_add(&f->m, &info);
}

static struct agent *agent(struct fixture *f, const char *id, int port)
{
	Mesos__V1__AgentInfo info = MESOS__V1__AGENT_INFO__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;
	char text[64], host[] = "h";

	(void)snprintf(text, sizeof(text), "%s", id);
	aid.value = text;
	info.id = &aid;
	info.hostname = host;
	info.has_port = 1;
	info.port = port;
	return state_agent_add(&f->m, &info);
}

static struct task *task(struct fixture *f, const char *id)
{
	Mesos__V1__Task info = MESOS__V1__TASK__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;
	struct res res = RES_INIT;
	struct task *t;
	char text[64], name[] = "n";

	(void)snprintf(text, sizeof(text), "%s", id);
	tid.value = text;
	aid.value = f->a->id;
	info.name = name;
	info.task_id = &tid;
	info.agent_id = &aid;
	info.framework_id = f->fw->info->id;
	info.state = MESOS__V1__TASK_STATE__TASK_STAGING;
	t = state_task_add(f->fw, f->a, &info.base, &res);
	t->role = xstrdup("*");
	return t;
}

static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->m.cfg.id = "M";
	f->m.cfg.max_completed_frameworks = 2;
	f->m.cfg.max_completed_tasks_per_framework = 3;
	f->m.cfg.max_unreachable_tasks_per_framework = 2;
	state_init(&f->m);
	f->fw = framework(f, "F");
	f->a = agent(f, "A", 1);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	state_fini(&f->m);
	free(f);
	return 0;
}

static void names_find_things(void **state)
{
	struct fixture *f = *state;

	assert_ptr_equal(state_framework_find(&f->m, "F"), f->fw);
	assert_null(state_framework_find(&f->m, "f"));
	assert_ptr_equal(state_agent_find(&f->m, "A"), f->a);
	assert_null(state_agent_find(&f->m, ""));
}

static void tables_are_walked_in_order(void **state)
{
	struct fixture *f = *state;
	struct framework *second = framework(f, "0");

	assert_ptr_equal(state_framework_next(&f->m, NULL), f->fw);
	assert_ptr_equal(state_framework_next(&f->m, f->fw), second);
	assert_null(state_framework_next(&f->m, second));
}

static void an_address_has_one_agent(void **state)
{
	struct fixture *f = *state;
	struct agent *b = agent(f, "B", 1);

	state_agent_address_set(&f->m, f->a, "10.0.0.1");
	assert_ptr_equal(state_agent_at(&f->m, "10.0.0.1", 1), f->a);
	assert_null(state_agent_at(&f->m, "10.0.0.1", 2));
	state_agent_address_set(&f->m, b, "10.0.0.1");
	assert_ptr_equal(state_agent_at(&f->m, "10.0.0.1", 1), b);
	state_agent_address_set(&f->m, b, NULL);
	assert_null(state_agent_at(&f->m, "10.0.0.1", 1));
}

static void completed_tasks_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct task *t;
	char id[8];
	unsigned i;

	for (i = 0; i < 5; i++) {
		(void)snprintf(id, sizeof(id), "t%u", i);
		state_task_complete(&f->m, task(f, id));
	}
	assert_int_equal(f->fw->n_completed, 3);
	t = TAILQ_FIRST(&f->fw->completed);
	assert_string_equal(t->id, "t2"); /* the oldest ones went */
	/* An id may be completed twice. */
	state_task_complete(&f->m, task(f, "t4"));
	assert_int_equal(f->fw->n_completed, 3);
	assert_null(state_task_find(f->fw, "t4"));
}

static void unreachable_tasks_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct task *t;
	char id[8];
	unsigned i;

	for (i = 0; i < 4; i++) {
		(void)snprintf(id, sizeof(id), "t%u", i);
		t = task(f, id);
		t->unreachable_ns = 1;
		state_task_unreachable(&f->m, t);
	}
	assert_null(state_unreachable_find(f->fw, "t1"));
	assert_non_null(state_unreachable_find(f->fw, "t2"));
	assert_non_null(state_unreachable_find(f->fw, "t3"));
}

static void a_history_folds_equal_states_and_is_bounded(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__TaskStatus s = MESOS__V1__TASK_STATUS__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	struct task *t = task(f, "t");
	char id[] = "t";
	unsigned i;

	tid.value = id;
	s.task_id = &tid;
	s.has_timestamp = 1;
	s.timestamp = 5;
	s.state = MESOS__V1__TASK_STATE__TASK_RUNNING;
	state_task_status_add(t, &s);
	s.timestamp = 6;
	state_task_status_add(t, &s);
	assert_int_equal(t->n_statuses, 1);
	assert_true(t->first_time_s < 5.5);
	for (i = 0; i < 200; i++) {
		s.state = i % 2 == 0 ? MESOS__V1__TASK_STATE__TASK_STARTING
				     : MESOS__V1__TASK_STATE__TASK_RUNNING;
		state_task_status_add(t, &s);
	}
	assert_int_equal(t->n_statuses, TASK_STATUSES_MAX);
}

static void completed_frameworks_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct framework *over;
	char id[8];
	unsigned i;

	for (i = 0; i < 3; i++) {
		(void)snprintf(id, sizeof(id), "f%u", i);
		state_framework_complete(&f->m, framework(f, id));
	}
	over = state_completed_excess(&f->m);
	assert_string_equal(over->id, "f0");
	state_completed_free(&f->m, over);
	assert_null(state_completed_excess(&f->m));
	assert_null(state_completed_find(&f->m, "f0"));
	assert_non_null(state_completed_find(&f->m, "f1"));
	assert_null(state_framework_find(&f->m, "f1"));
}

static void offers_are_in_both_lists(void **state)
{
	struct fixture *f = *state;
	struct res r = RES_INIT;
	struct err e = { 0 };
	struct offer *o;

	assert_int_equal(res_parse(&r, "cpus:1", "*", &e), 0);
	o = state_offer_add(&f->m, f->fw, f->a, "*", &r);
	assert_string_equal(o->id, "M-O0");
	assert_true(res_is_empty(&r));
	assert_ptr_equal(TAILQ_FIRST(&f->fw->offers), o);
	assert_ptr_equal(TAILQ_FIRST(&f->a->offers), o);
	assert_int_equal(state_offer_count(&f->m), 1);
	state_offer_free(&f->m, o);
	assert_true(TAILQ_EMPTY(&f->fw->offers));
	assert_true(TAILQ_EMPTY(&f->a->offers));
	assert_null(state_offer_find(&f->m, "M-O0"));
	res_fini(&r);
}

static void absent_agents_are_sorted_by_age(void **state)
{
	struct absent *table = NULL;

	(void)state;
	state_absent_add(&table, "young", 30);
	state_absent_add(&table, "old", 10);
	state_absent_add(&table, "middle", 20);
	state_absent_sort(&table);
	assert_string_equal(state_absent_first(table)->id, "old");
	assert_int_equal(state_absent_count(table), 3);
	state_absent_free(&table, state_absent_find(table, "old"));
	assert_string_equal(state_absent_first(table)->id, "middle");
	while (table != NULL)
		state_absent_free(&table, table);
}

static void deadlines_that_repeat_share_a_grid(void **state)
{
	struct fixture *f = *state;
	struct deadline a = { 0 }, b = { 0 }, c = { 0 };

	f->m.now_ms = 1001;
	state_deadline_every(&f->m, &a, 15000);
	f->m.now_ms = 1240;
	state_deadline_every(&f->m, &b, 15000);
	assert_int_equal(a.node.key, 16000);
	assert_int_equal(b.node.key, 16000);
	/* Short ones are exact, and never now. */
	state_deadline_every(&f->m, &c, 100);
	assert_int_equal(c.node.key, 1340);
	state_deadline_every(&f->m, &c, 0);
	assert_int_equal(c.node.key, 1241);
	state_deadline_clear(&f->m, &a);
	state_deadline_clear(&f->m, &b);
	state_deadline_clear(&f->m, &c);
}

static void complete_while_holding(void *arg)
{
	struct fixture *f = arg;
	struct task *t = task(f, "t");

	t->holds = true;
	state_task_complete(&f->m, t);
}

static void what_still_holds_can_not_be_completed(void **state)
{
	assert_true(dies(complete_while_holding, *state));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(names_find_things),
		TEST(tables_are_walked_in_order),
		TEST(an_address_has_one_agent),
		TEST(completed_tasks_are_bounded),
		TEST(unreachable_tasks_are_bounded),
		TEST(a_history_folds_equal_states_and_is_bounded),
		TEST(completed_frameworks_are_bounded),
		TEST(offers_are_in_both_lists),
		TEST(absent_agents_are_sorted_by_age),
		TEST(deadlines_that_repeat_share_a_grid),
		TEST(what_still_holds_can_not_be_completed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
