/* test_recover.c - a new agent process on an old disk. */
#include "agent_rig.h"

static void test_empty(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_restart(&r);
	rig_link(&r, AGENT_UPLINK_UP);
	assert_non_null(rig_find_sent(&r, SENT(REGISTER_AGENT)));
	rig_fini(&r);
}

/* The task runs on; its executor comes back; only then the master hears. */
static void test_reconnect(void **state)
{
	const struct agent_adopt *adopt;
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	rig_restart(&r);
	adopt = rig_find_room(&r, AGENT_ADOPT)->adopt;
	assert_string_equal(adopt->container_id, container);
	assert_int_equal(adopt->pid, 4711);
	assert_int_equal(adopt->start_ticks, 42);
	rig_link(&r, AGENT_UPLINK_UP);
	assert_int_equal(r.n_said, 0);
	(void)rig_subscribe(&r, "t");
	assert_null(rig_find_event(&r, EVENT(LAUNCH)));
	assert_null(rig_find_event(&r, EVENT(SHUTDOWN)));
	assert_non_null(rig_find_sent(&r, SENT(REREGISTER_AGENT)));
	assert_int_equal(rig_find_sent(&r, SENT(REREGISTER_AGENT))
				 ->reregister_agent->tasks[0]
				 ->state,
		STATE(RUNNING));
	free(container);
	rig_fini(&r);
}

static void test_not_back(void **state)
{
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	rig_restart(&r);
	rig_link(&r, AGENT_UPLINK_UP);
	rig_tick(&r, 1999);
	assert_int_equal(r.n_said, 0);
	rig_tick(&r, 1);
	assert_non_null(rig_find_room(&r, AGENT_DESTROY));
	assert_non_null(rig_find_sent(&r, SENT(REREGISTER_AGENT)));
	rig_registered(&r, true);
	rig_exited(&r, container, NULL);
	assert_int_equal(rig_status(&r)->state, STATE(LOST));
	assert_int_equal(rig_status(&r)->reason,
		REASON(EXECUTOR_REREGISTRATION_TIMEOUT));
	assert_string_equal(rig_status(&r)->message,
		"Executor did not reregister within 2secs");
	free(container);
	rig_fini(&r);
}

/* It died between the record of the launch and the process. */
static void test_never_started(void **state)
{
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	rig_run_command(&r, "t");
	container =
		xstrdup(rig_find_room(&r, AGENT_LAUNCH)->launch->container_id);
	rig_restart(&r);
	assert_int_equal(rig_find_room(&r, AGENT_ADOPT)->adopt->pid, 0);
	rig_up(&r, true);
	rig_exited(&r, container, &(struct agent_exit){ .known = false });
	assert_int_equal(rig_status(&r)->state, STATE(LOST));
	assert_int_equal(rig_status(&r)->reason, REASON(AGENT_RESTARTED));
	assert_string_equal(
		rig_status(&r)->message, "Task launched during agent restart");
	free(container);
	rig_fini(&r);
}

/* Ours was started and never got its task: it gets it now. */
static void test_delivered_late(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	rig_run_command(&r, "t");
	rig_started(
		&r, rig_find_room(&r, AGENT_LAUNCH)->launch->container_id, 5);
	rig_restart(&r);
	(void)rig_subscribe(&r, "t");
	assert_non_null(rig_find_event(&r, EVENT(LAUNCH)));
	rig_fini(&r);
}

/* Another's executor may have got it; nothing is run twice. */
static void test_custom_dropped(void **state)
{
	struct arena mem;
	struct rig r;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	rig_up(&r, false);
	rig_run(&r, "f", rig_executor_task(&mem, "a", "x"), true);
	rig_started(
		&r, rig_find_room(&r, AGENT_LAUNCH)->launch->container_id, 5);
	rig_restart(&r);
	(void)rig_subscribe(&r, "x");
	assert_null(rig_find_event(&r, EVENT(LAUNCH)));
	assert_null(rig_find_event(&r, EVENT(SHUTDOWN)));
	rig_up(&r, true);
	assert_int_equal(rig_status(&r)->reason, REASON(AGENT_RESTARTED));
	rig_fini(&r);
	arena_fini(&mem);
}

static void test_reboot(void **state)
{
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	r.cfg.boot_id = "boot-2";
	rig_restart(&r);
	assert_null(rig_find_room(&r, AGENT_ADOPT));
	rig_up(&r, true);
	assert_int_equal(rig_status(&r)->state, STATE(FAILED));
	assert_int_equal(rig_status(&r)->reason, REASON(EXECUTOR_TERMINATED));
	rig_restart(&r); /* once, not after every start */
	rig_up(&r, true);
	assert_int_equal(rig_status(&r)->state, STATE(FAILED));
	rig_ack(&r, "f", "t", rig_status(&r)->uuid.data);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_TASK), 0);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_EXECUTOR), 0);
	free(container);
	rig_fini(&r);
}

/* Updates of before the restart: in order, from the one that waits. */
static void test_updates(void **state)
{
	struct rig r;
	char *container;
	uint8_t uuid[16];

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t"); /* 1 and 2 are acknowledged */
	rig_update(&r, "t", "t", STATE(RUNNING), 3);
	rig_update(&r, "t", "t", STATE(FINISHED), 4);
	rig_restart(&r);
	rig_exited(&r, container, &(struct agent_exit){ .known = false });
	rig_up(&r, true);
	assert_int_equal(rig_status(&r)->uuid.data[0], 3);
	memset(uuid, 3, 16);
	rig_ack(&r, "f", "t", uuid);
	assert_int_equal(rig_status(&r)->uuid.data[0], 4);
	memset(uuid, 4, 16);
	rig_ack(&r, "f", "t", uuid);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_FRAMEWORK), 0);
	free(container);
	rig_fini(&r);
}

static const Butte__Link__ReregisterAgent *back(struct rig *r)
{
	rig_restart(r);
	rig_link(r, AGENT_UPLINK_UP);
	(void)rig_subscribe(r, "t");
	assert_non_null(rig_find_sent(r, SENT(REREGISTER_AGENT)));
	return rig_find_sent(r, SENT(REREGISTER_AGENT))->reregister_agent;
}

/* Less than what runs: nothing is offered until it has ended. */
static void test_resources_changed(void **state)
{
	const Butte__Link__ReregisterAgent *m;
	struct arena mem;
	struct rig r;
	char *container;

	(void)state;
	arena_init(&mem);
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t"); /* 1 cpu, 64 MB */
	r.info.resources = rig_resources(&mem, 2, 64, NULL);
	m = back(&r);
	assert_null(m->offers_withheld);
	assert_int_equal(m->agent_info->resources[0]->scalar->value, 2);
	rig_registered(&r, true);
	r.info.resources = rig_resources(&mem, 2, 63, NULL);
	m = back(&r);
	assert_non_null(m->offers_withheld);
	assert_non_null(strstr(m->offers_withheld, "mem"));
	/* The master goes on with what it knew. */
	assert_int_equal(m->agent_info->resources[1]->scalar->value, 64);
	rig_registered(&r, true);
	rig_update(&r, "t", "t", STATE(FINISHED), 3);
	/* Now it fits: registered anew with what there is. */
	assert_non_null(rig_find_room(&r, AGENT_REDIAL));
	rig_exited(&r, container, NULL);
	rig_link(&r, AGENT_UPLINK_UP);
	m = rig_find_sent(&r, SENT(REREGISTER_AGENT))->reregister_agent;
	assert_null(m->offers_withheld);
	assert_int_equal(m->agent_info->resources[1]->scalar->value, 63);
	free(container);
	rig_fini(&r);
	arena_fini(&mem);
}

static Mesos__V1__Attribute *attribute(
	struct arena *mem, const char *name, const char *value)
{
	Mesos__V1__Attribute *a =
		RIG_NEW(mem, Mesos__V1__Attribute, mesos__v1__attribute);

	a->name = arena_strdup(mem, name);
	a->type = MESOS__V1__VALUE__TYPE__TEXT;
	a->text = RIG_NEW(mem, Mesos__V1__Value__Text, mesos__v1__value__text);
	a->text->value = arena_strdup(mem, value);
	return a;
}

static void test_attributes_changed(void **state)
{
	Mesos__V1__Attribute *old[1], *more[2], *other[1];
	const Butte__Link__ReregisterAgent *m;
	struct arena mem;
	struct rig r;
	char *container;

	(void)state;
	arena_init(&mem);
	old[0] = attribute(&mem, "rack", "a");
	more[0] = attribute(&mem, "disk", "ssd");
	more[1] = old[0];
	other[0] = attribute(&mem, "rack", "b");
	rig_init(&r);
	r.info.attributes = old;
	r.info.n_attributes = 1;
	rig_restart(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	r.info.attributes = more;
	r.info.n_attributes = 2;
	m = back(&r);
	assert_null(m->offers_withheld);
	assert_int_equal(m->agent_info->n_attributes, 2);
	r.info.attributes = other;
	r.info.n_attributes = 1;
	m = back(&r);
	assert_string_equal(m->offers_withheld,
		"tasks run here that were promised the attribute disk:ssd");
	free(container);
	rig_fini(&r);
	arena_fini(&mem);
}

/* Another name is another agent, once nothing is left of the old. */
static void test_hostname_changed(void **state)
{
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	free(r.info.hostname);
	r.info.hostname = xstrdup("other");
	assert_non_null(strstr(back(&r)->offers_withheld, "hostname"));
	rig_registered(&r, true);
	rig_exited(&r, container, NULL);
	rig_ack(&r, "f", "t", rig_status(&r)->uuid.data);
	assert_non_null(rig_find_room(&r, AGENT_REDIAL));
	rig_link(&r, AGENT_UPLINK_UP);
	assert_string_equal(rig_find_sent(&r, SENT(REGISTER_AGENT))
				    ->register_agent->agent_info->hostname,
		"other");
	free(container);
	rig_fini(&r);
}

static void test_cleanup(void **state)
{
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	rig_up(&r, false);
	container = rig_running(&r, "t");
	r.cfg.recover_cleanup = true;
	rig_restart(&r);
	assert_non_null(rig_find_room(&r, AGENT_FORGET_UPLINK));
	(void)rig_subscribe(&r, "t");
	assert_non_null(rig_find_event(&r, EVENT(SHUTDOWN)));
	rig_exited(&r, container, NULL);
	assert_int_equal(r.said[r.n_said - 1].type, EFFECT_EXIT);
	free(container);
	rig_fini(&r);
}

/* Rows that no agent wrote are refused with their place. */
static void test_bad_rows(void **state)
{
	static const struct {
		unsigned table;
		const char *key;
		const char *value;
	} rows[] = {
		{ AGENT_TABLE_AGENT, "agent", "\377" },
		{ AGENT_TABLE_AGENT, "agent", "" },
		{ AGENT_TABLE_FRAMEWORK, "f", "" },
		{ AGENT_TABLE_EXECUTOR, "f/x", "\010\001" },
		{ AGENT_TABLE_TASK, "f", "" },
		{ AGENT_TABLE_UPDATE, "f/t/zz", "" },
		{ AGENT_TABLE_SANDBOX, "x", "\012\001a\020\001" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		struct rig r;

		rig_init(&r);
		agent_free(r.a);
		r.a = agent_new(&r.cfg);
		assert_int_equal(agent_load(r.a, rows[i].table, rows[i].key,
					 (const uint8_t *)rows[i].value,
					 strlen(rows[i].value), &e),
			-1);
		assert_non_null(
			strstr(e.text, agent_table_names[rows[i].table]));
		rig_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_reconnect),
		cmocka_unit_test(test_not_back),
		cmocka_unit_test(test_never_started),
		cmocka_unit_test(test_delivered_late),
		cmocka_unit_test(test_custom_dropped),
		cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_updates),
		cmocka_unit_test(test_resources_changed),
		cmocka_unit_test(test_attributes_changed),
		cmocka_unit_test(test_hostname_changed),
		cmocka_unit_test(test_cleanup),
		cmocka_unit_test(test_bad_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
