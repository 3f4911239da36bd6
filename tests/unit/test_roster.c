/* test_roster.c - agents register and come back; master/roster.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "butte/registry.pb-c.h"
#include "master_world.h"

#define PLENTY "cpus:4;mem:4096"
#define AWARE  (1u << W_CAN(PARTITION_AWARE))

struct fixture {
	struct world w;
	struct world_framework fw;
	struct world_agent a;
	Mesos__V1__FrameworkInfo *info;
	Butte__Link__RunTask *run; /* of task "t" */
};

static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	world_init(&f->w);
	world_start(&f->w);
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

/* A framework and an agent that runs "t". What is in the arena stays valid until
 * the next world_clear(). */
static void with_task(struct fixture *f, unsigned capabilities)
{
	f->info = world_info(&f->w, capabilities);
	assert_true(world_subscribe(&f->w, &f->fw, f->info));
	assert_true(world_register(&f->w, &f->a, PLENTY));
	(void)world_launch(&f->w, &f->fw, world_offer(&f->w, &f->fw)->id->value,
		world_task(&f->w, "t", f->a.id, "cpus:1;mem:64"));
	f->w.n = 0;
}

static void bring(
	struct fixture *f, int task_state, Butte__Link__ReregisterAgent *ret)
{
	Butte__Link__RunTask run = BUTTE__LINK__RUN_TASK__INIT;

	run.task = world_task(&f->w, "t", f->a.id, "cpus:1;mem:64");
	world_bring(&f->w, ret, &f->fw, f->info, &run, task_state);
}

static const w_to_agent *heard(struct fixture *f, int msg_case)
{
	return world_msg(&f->w, f->a.link, msg_case, 0);
}

static const Mesos__V1__TaskStatus *told(struct fixture *f, size_t i)
{
	return world_status_told(&f->w, f->fw.stream, i);
}

/* --- registration -------------------------------------------------------------- */

static void an_agent_is_recorded_before_it_is_told(void **state)
{
	struct fixture *f = *state;
	char want[128];
	const w_to_agent *ack;

	assert_true(world_register(&f->w, &f->a, PLENTY));
	(void)snprintf(want, sizeof(want), "%s-S0", f->w.id);
	assert_string_equal(f->a.id, want);
	/* One outbox: the record is committed before any effect. */
	assert_non_null(world_row(&f->w, MASTER_TABLE_AGENT, f->a.id));
	ack = heard(f, W_TO_AGENT(AGENT_REGISTERED));
	assert_int_equal(ack->agent_registered->ping_timeout_ms, 75000);
	assert_string_equal(ack->agent_registered->master_info->id, f->w.id);
	assert_non_null(heard(f, W_TO_AGENT(PING)));
}

static void asking_twice_gives_the_same_id(void **state)
{
	struct fixture *f = *state;
	Butte__Link__RegisterAgent reg = BUTTE__LINK__REGISTER_AGENT__INIT;
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;
	struct world_agent again;

	assert_true(world_register(&f->w, &f->a, PLENTY));
	again = f->a;
	again.id[0] = '\0';
	reg.agent_info = world_agent_info(&f->w, &again, PLENTY);
	reg.version = world_version;
	msg.register_agent = &reg;
	f->w.n = 0;
	world_tell(
		&f->w, &f->a, BUTTE__LINK__TO_MASTER__MSG_REGISTER_AGENT, &msg);
	assert_string_equal(heard(f, W_TO_AGENT(AGENT_REGISTERED))
				    ->agent_registered->agent_id->value,
		f->a.id);
}

static void a_new_agent_at_an_address_replaces_the_old(void **state)
{
	struct fixture *f = *state;
	struct world_agent old;

	with_task(f, AWARE);
	old = f->a;
	assert_true(world_register(&f->w, &f->a, PLENTY));
	assert_string_not_equal(f->a.id, old.id);
	assert_non_null(world_find(&f->w, EFFECT_LINK_CLOSE, old.link));
	assert_null(world_row(&f->w, MASTER_TABLE_AGENT, old.id));
	/* Even a PARTITION_AWARE framework is told LOST. */
	assert_int_equal(told(f, 0)->state, W_STATE(LOST));
	assert_int_equal(told(f, 0)->reason, W_REASON(AGENT_REMOVED));
	assert_string_equal(
		world_event(&f->w, f->fw.stream, W_EVENT(FAILURE), 0)
			->failure->agent_id->value,
		old.id);
}

static void two_ports_are_two_agents(void **state)
{
	struct fixture *f = *state;
	struct world_agent second = { .port = 5052 };

	assert_true(world_register(&f->w, &f->a, PLENTY));
	assert_true(world_register(&f->w, &second, PLENTY));
	assert_int_equal(world_rows(&f->w, MASTER_TABLE_AGENT), 2);
}

static void bad_registrations_are_not_answered(void **state)
{
	struct fixture *f = *state;
	Butte__Link__RegisterAgent reg = BUTTE__LINK__REGISTER_AGENT__INIT;
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;
	Mesos__V1__DomainInfo domain = MESOS__V1__DOMAIN_INFO__INIT;
	char empty[] = "", odd[] = "one";
	int i;

	world_link_up(&f->w, &f->a);
	for (i = 0; i < 5; i++) {
		reg.agent_info = world_agent_info(&f->w, &f->a, PLENTY);
		reg.version = i == 0 ? odd : world_version;
		if (i == 1)
			reg.agent_info->hostname = empty;
		if (i == 2)
			reg.agent_info->domain = &domain;
		if (i == 3)
			reg.agent_info->port = 70000;
		if (i == 4)
			reg.agent_info->resources[0]->scalar->value = -1;
		msg.register_agent = &reg;
		world_tell(&f->w, &f->a,
			BUTTE__LINK__TO_MASTER__MSG_REGISTER_AGENT, &msg);
		assert_null(heard(f, W_TO_AGENT(AGENT_REGISTERED)));
	}
	assert_int_equal(world_rows(&f->w, MASTER_TABLE_AGENT), 0);
}

static void other_messages_need_a_registration(void **state)
{
	struct fixture *f = *state;

	world_link_up(&f->w, &f->a);
	world_pong(&f->w, &f->a);
	assert_null(world_find(&f->w, EFFECT_LINK_SEND, f->a.link));
}

/* --- coming back --------------------------------------------------------------------- */

static void a_known_agent_keeps_its_tasks(void **state)
{
	struct fixture *f = *state;
	Butte__Link__ReregisterAgent with;

	with_task(f, 0);
	world_link_down(&f->w, &f->a);
	bring(f, W_STATE(RUNNING), &with);
	assert_true(world_reregister(&f->w, &f->a, PLENTY, &with));
	assert_int_equal(heard(f, W_TO_AGENT(AGENT_REREGISTERED))
				 ->agent_reregistered->n_lost,
		0);
	/* Nobody needs to hear of it. */
	assert_null(told(f, 0));
	assert_non_null(world_offer(&f->w, &f->fw));
}

static void tasks_that_it_lost_are_named_to_it(void **state)
{
	struct fixture *f = *state;
	const Butte__Link__AgentReregistered *ack;

	with_task(f, AWARE);
	world_link_down(&f->w, &f->a);
	assert_true(world_reregister(&f->w, &f->a, PLENTY, NULL));
	ack = heard(f, W_TO_AGENT(AGENT_REREGISTERED))->agent_reregistered;
	assert_int_equal(ack->n_lost, 1);
	assert_string_equal(ack->lost[0]->task_id->value, "t");
	assert_string_equal(ack->lost[0]->framework_id->value, f->fw.id);
	assert_true(ack->lost[0]->partition_aware);
	assert_null(told(f, 0)); /* the agent will say so */
}

/* It asked again before it heard the answer to the first time: what was sent to
 * it in between is behind that answer, so it can't name it. */
static void asking_twice_loses_nothing(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__ExecutorInfo x = MESOS__V1__EXECUTOR_INFO__INIT;
	Mesos__V1__ExecutorID id = MESOS__V1__EXECUTOR_ID__INIT;
	Mesos__V1__TaskInfo *t;
	const Mesos__V1__Offer *o;
	struct res left = RES_INIT;

	f->info = world_info(&f->w, AWARE);
	assert_true(world_subscribe(&f->w, &f->fw, f->info));
	assert_true(world_register(&f->w, &f->a, PLENTY));
	world_link_down(&f->w, &f->a);
	assert_true(world_reregister(&f->w, &f->a, PLENTY, NULL));
	o = world_offer(&f->w, &f->fw);
	t = world_task(&f->w, "t", f->a.id, "cpus:1;mem:64");
	id.value = arena_strdup(&f->w.arena, "x");
	x.executor_id = &id;
	x.command = t->command;
	x.resources = world_res(&f->w, "cpus:1;mem:64", &x.n_resources);
	t->command = NULL;
	t->executor = &x;
	(void)world_launch(&f->w, &f->fw, o->id->value, t);
	assert_non_null(heard(f, W_TO_AGENT(RUN_TASK)));
	f->w.n = 0;
	assert_true(world_reregister(&f->w, &f->a, PLENTY, NULL));
	assert_int_equal(heard(f, W_TO_AGENT(AGENT_REREGISTERED))
				 ->agent_reregistered->n_lost,
		0);
	/* Task and executor hold what they held. */
	o = world_offer(&f->w, &f->fw);
	assert_int_equal(
		res_from_msgs(&left, o->resources, o->n_resources, NULL), 0);
	assert_int_equal(res_sum(&left, "cpus"), 2000);
	res_fini(&left);
}

static void what_ended_and_was_forgotten_is_completed(void **state)
{
	struct fixture *f = *state;

	with_task(f, 0);
	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(FINISHED), 1);
	world_link_down(&f->w, &f->a);
	f->w.n = 0;
	assert_true(world_reregister(&f->w, &f->a, PLENTY, NULL));
	assert_int_equal(heard(f, W_TO_AGENT(AGENT_REREGISTERED))
				 ->agent_reregistered->n_lost,
		0);
	(void)world_reconcile(&f->w, &f->fw, NULL, NULL);
	assert_null(told(f, 0));
}

static void a_recovered_agent_brings_its_tasks(void **state)
{
	struct fixture *f = *state;
	Butte__Link__ReregisterAgent with;

	with_task(f, 0);
	world_restart(&f->w);
	f->a.link = 0;
	f->info = world_info(&f->w, 0);
	assert_true(world_subscribe(&f->w, &f->fw, f->info));
	bring(f, W_STATE(RUNNING), &with);
	assert_true(world_reregister(&f->w, &f->a, PLENTY, &with));
	assert_null(told(f, 0));
	(void)world_reconcile(&f->w, &f->fw, NULL, NULL);
	assert_int_equal(told(f, 0)->state, W_STATE(RUNNING));
	/* Its resources are in use: 3 of 4 cpus are left. */
	{
		const Mesos__V1__Offer *o = world_offer(&f->w, &f->fw);
		struct res r = RES_INIT;

		assert_int_equal(
			res_from_msgs(&r, o->resources, o->n_resources, NULL),
			0);
		assert_int_equal(res_sum(&r, "cpus"), 3000);
		res_fini(&r);
	}
}

static void a_framework_is_learned_from_agents(void **state)
{
	struct fixture *f = *state;
	Butte__Link__ReregisterAgent with;

	with_task(f, 0);
	world_restart(&f->w);
	f->a.link = 0;
	f->info = world_info(&f->w, 0);
	/* The registry has lost it. */
	while (world_rows(&f->w, MASTER_TABLE_FRAMEWORK) > 0) {
		struct outbox_record r = { .table = MASTER_TABLE_FRAMEWORK,
			.key = f->fw.id };

		world_commit(&f->w, &r);
	}
	world_restart(&f->w);
	f->info = world_info(&f->w, 0);
	bring(f, W_STATE(RUNNING), &with);
	assert_true(world_reregister(&f->w, &f->a, PLENTY, &with));
	assert_non_null(world_row(&f->w, MASTER_TABLE_FRAMEWORK, f->fw.id));
	assert_true(world_subscribe(&f->w, &f->fw, f->info));
	(void)world_reconcile(&f->w, &f->fw, NULL, NULL);
	assert_int_equal(told(f, 0)->state, W_STATE(RUNNING));
}

static void an_unreachable_agent_comes_back_with_updates(void **state)
{
	struct fixture *f = *state;
	Butte__Link__ReregisterAgent with;
	const Mesos__V1__TaskStatus *s;

	with_task(f, AWARE);
	world_link_down(&f->w, &f->a);
	world_pass(&f->w, 601000);
	assert_non_null(world_row(&f->w, MASTER_TABLE_UNREACHABLE, f->a.id));
	f->w.n = 0;
	bring(f, W_STATE(RUNNING), &with);
	assert_true(world_reregister(&f->w, &f->a, PLENTY, &with));
	assert_null(world_row(&f->w, MASTER_TABLE_UNREACHABLE, f->a.id));
	assert_non_null(world_row(&f->w, MASTER_TABLE_AGENT, f->a.id));
	s = told(f, 0);
	assert_int_equal(s->state, W_STATE(RUNNING));
	assert_int_equal(s->reason, W_REASON(AGENT_REREGISTERED));
	assert_int_equal(
		s->source, MESOS__V1__TASK_STATUS__SOURCE__SOURCE_MASTER);
	assert_false(s->has_uuid);
	assert_string_equal(s->message, "Unreachable agent re-reregistered");
}

static void an_unknown_agent_is_taken_in(void **state)
{
	struct fixture *f = *state;
	Butte__Link__ReregisterAgent with;

	f->info = world_info(&f->w, 0);
	assert_true(world_subscribe(&f->w, &f->fw, f->info));
	(void)snprintf(f->a.id, sizeof(f->a.id), "from-elsewhere-S7");
	bring(f, W_STATE(RUNNING), &with);
	assert_true(world_reregister(&f->w, &f->a, PLENTY, &with));
	assert_string_equal(told(f, 0)->message, "Unknown agent reregistered");
	assert_non_null(world_row(&f->w, MASTER_TABLE_AGENT, f->a.id));
}

static void completed_frameworks_are_shut_down_there(void **state)
{
	struct fixture *f = *state;
	Butte__Link__ReregisterAgent with;

	with_task(f, 0);
	world_link_down(&f->w, &f->a);
	(void)world_simple(&f->w, &f->fw, W_CALL(TEARDOWN));
	bring(f, W_STATE(RUNNING), &with);
	assert_true(world_reregister(&f->w, &f->a, PLENTY, &with));
	assert_string_equal(heard(f, W_TO_AGENT(SHUTDOWN_FRAMEWORK))
				    ->shutdown_framework->framework_id->value,
		f->fw.id);
	/* And again by a restarted master, which remembers. */
	world_restart(&f->w);
	f->a.link = 0;
	f->info = world_info(&f->w, 0);
	bring(f, W_STATE(RUNNING), &with);
	assert_true(world_reregister(&f->w, &f->a, PLENTY, &with));
	assert_non_null(heard(f, W_TO_AGENT(SHUTDOWN_FRAMEWORK)));
}

static void a_gone_agent_is_told_to_shut_down(void **state)
{
	struct fixture *f = *state;
	Butte__Registry__Absent row = BUTTE__REGISTRY__ABSENT__INIT;
	struct outbox_record r = { .table = MASTER_TABLE_GONE, .key = "G" };
	uint8_t data[64];

	row.since_ns = 1;
	r.value = data;
	r.size = protobuf_c_message_pack(&row.base, data);
	world_commit(&f->w, &r);
	world_restart(&f->w);
	(void)snprintf(f->a.id, sizeof(f->a.id), "G");
	assert_false(world_reregister(&f->w, &f->a, PLENTY, NULL));
	assert_non_null(strstr(
		heard(f, W_TO_AGENT(SHUTDOWN))->shutdown->message, "gone"));
}

static void another_hostname_is_told_to_shut_down(void **state)
{
	struct fixture *f = *state;
	Butte__Link__ReregisterAgent reg = BUTTE__LINK__REREGISTER_AGENT__INIT;
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;
	char other[] = "other.example";

	assert_true(world_register(&f->w, &f->a, PLENTY));
	world_link_down(&f->w, &f->a);
	world_link_up(&f->w, &f->a);
	reg.agent_info = world_agent_info(&f->w, &f->a, PLENTY);
	reg.agent_info->hostname = other;
	reg.version = world_version;
	msg.reregister_agent = &reg;
	world_tell(&f->w, &f->a, BUTTE__LINK__TO_MASTER__MSG_REREGISTER_AGENT,
		&msg);
	assert_non_null(
		strstr(heard(f, W_TO_AGENT(SHUTDOWN))->shutdown->message,
			"other.example"));
}

static void a_new_link_takes_the_place_of_the_old(void **state)
{
	struct fixture *f = *state;
	uint64_t old;

	assert_true(world_register(&f->w, &f->a, PLENTY));
	old = f->a.link;
	f->a.link = 0;
	assert_true(world_reregister(&f->w, &f->a, PLENTY, NULL));
	assert_non_null(world_find(&f->w, EFFECT_LINK_CLOSE, old));
}

static void the_same_task_twice_is_killed_there(void **state)
{
	struct fixture *f = *state;
	struct world_agent second = { .id = "other-S1", .port = 5052 };
	Butte__Link__ReregisterAgent with;

	with_task(f, 0);
	bring(f, W_STATE(RUNNING), &with);
	assert_true(world_reregister(&f->w, &second, PLENTY, &with));
	assert_non_null(
		world_msg(&f->w, second.link, W_TO_AGENT(KILL_TASK), 0));
	assert_null(heard(f, W_TO_AGENT(KILL_TASK)));
}

static void tasks_declared_lost_are_killed_when_they_show_up(void **state)
{
	struct fixture *f = *state;
	Butte__Link__ReregisterAgent with;

	f->info = world_info(&f->w, 0);
	f->info->checkpoint = 0;
	assert_true(world_subscribe(&f->w, &f->fw, f->info));
	assert_true(world_register(&f->w, &f->a, PLENTY));
	(void)world_launch(&f->w, &f->fw, world_offer(&f->w, &f->fw)->id->value,
		world_task(&f->w, "t", f->a.id, "cpus:1;mem:64"));
	world_link_down(&f->w, &f->a);
	assert_int_equal(told(f, 0)->state, W_STATE(LOST));
	assert_int_equal(told(f, 0)->reason, W_REASON(AGENT_DISCONNECTED));
	bring(f, W_STATE(RUNNING), &with);
	assert_true(world_reregister(&f->w, &f->a, PLENTY, &with));
	assert_non_null(heard(f, W_TO_AGENT(KILL_TASK)));
}

/* --- changes ------------------------------------------------------------------------------ */

static void withheld_agents_are_not_offered(void **state)
{
	struct fixture *f = *state;
	Butte__Link__UpdateAgent up = BUTTE__LINK__UPDATE_AGENT__INIT;
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;
	char why[] = "its attributes changed";

	f->info = world_info(&f->w, 0);
	assert_true(world_subscribe(&f->w, &f->fw, f->info));
	assert_true(world_register(&f->w, &f->a, PLENTY));
	assert_non_null(world_offer(&f->w, &f->fw));
	up.total_resources = world_res(&f->w, PLENTY, &up.n_total_resources);
	up.offers_withheld = why;
	msg.update_agent = &up;
	world_tell(
		&f->w, &f->a, BUTTE__LINK__TO_MASTER__MSG_UPDATE_AGENT, &msg);
	assert_int_equal(
		world_events(&f->w, f->fw.stream, W_EVENT(RESCIND)), 1);
	assert_null(world_offer(&f->w, &f->fw));
	up.offers_withheld = NULL;
	world_tell(
		&f->w, &f->a, BUTTE__LINK__TO_MASTER__MSG_UPDATE_AGENT, &msg);
	assert_non_null(world_offer(&f->w, &f->fw));
}

static void withholding_outlives_a_registration(void **state)
{
	struct fixture *f = *state;

	f->info = world_info(&f->w, 0);
	assert_true(world_subscribe(&f->w, &f->fw, f->info));
	(void)snprintf(f->a.id, sizeof(f->a.id), "S");
	f->a.withheld = "no room";
	assert_true(world_reregister(&f->w, &f->a, PLENTY, NULL));
	assert_null(world_offer(&f->w, &f->fw));
}

static void new_totals_rescind_and_are_offered(void **state)
{
	struct fixture *f = *state;
	Butte__Link__UpdateAgent up = BUTTE__LINK__UPDATE_AGENT__INIT;
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;
	const Mesos__V1__Offer *o;
	struct res r = RES_INIT;

	f->info = world_info(&f->w, 0);
	assert_true(world_subscribe(&f->w, &f->fw, f->info));
	assert_true(world_register(&f->w, &f->a, PLENTY));
	assert_non_null(world_offer(&f->w, &f->fw));
	up.total_resources =
		world_res(&f->w, "cpus:2;mem:128", &up.n_total_resources);
	msg.update_agent = &up;
	world_tell(
		&f->w, &f->a, BUTTE__LINK__TO_MASTER__MSG_UPDATE_AGENT, &msg);
	assert_int_equal(
		world_events(&f->w, f->fw.stream, W_EVENT(RESCIND)), 1);
	o = world_offer(&f->w, &f->fw);
	assert_int_equal(
		res_from_msgs(&r, o->resources, o->n_resources, NULL), 0);
	assert_int_equal(res_sum(&r, "cpus"), 2000);
	res_fini(&r);
}

static void an_agent_that_unregisters_is_removed(void **state)
{
	struct fixture *f = *state;
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;
	Butte__Link__UnregisterAgent bye = BUTTE__LINK__UNREGISTER_AGENT__INIT;

	with_task(f, AWARE);
	msg.unregister_agent = &bye;
	world_tell(&f->w, &f->a, BUTTE__LINK__TO_MASTER__MSG_UNREGISTER_AGENT,
		&msg);
	assert_int_equal(told(f, 0)->state, W_STATE(LOST));
	assert_int_equal(told(f, 0)->reason, W_REASON(AGENT_REMOVED));
	assert_non_null(world_event(&f->w, f->fw.stream, W_EVENT(FAILURE), 0));
	assert_int_equal(world_rows(&f->w, MASTER_TABLE_AGENT), 0);
	assert_int_equal(world_rows(&f->w, MASTER_TABLE_UNREACHABLE), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(an_agent_is_recorded_before_it_is_told),
		TEST(asking_twice_gives_the_same_id),
		TEST(a_new_agent_at_an_address_replaces_the_old),
		TEST(two_ports_are_two_agents),
		TEST(bad_registrations_are_not_answered),
		TEST(other_messages_need_a_registration),
		TEST(a_known_agent_keeps_its_tasks),
		TEST(tasks_that_it_lost_are_named_to_it),
		TEST(asking_twice_loses_nothing),
		TEST(what_ended_and_was_forgotten_is_completed),
		TEST(a_recovered_agent_brings_its_tasks),
		TEST(a_framework_is_learned_from_agents),
		TEST(an_unreachable_agent_comes_back_with_updates),
		TEST(an_unknown_agent_is_taken_in),
		TEST(completed_frameworks_are_shut_down_there),
		TEST(a_gone_agent_is_told_to_shut_down),
		TEST(another_hostname_is_told_to_shut_down),
		TEST(a_new_link_takes_the_place_of_the_old),
		TEST(the_same_task_twice_is_killed_there),
		TEST(tasks_declared_lost_are_killed_when_they_show_up),
		TEST(withheld_agents_are_not_offered),
		TEST(withholding_outlives_a_registration),
		TEST(new_totals_rescind_and_are_offered),
		TEST(an_agent_that_unregisters_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
