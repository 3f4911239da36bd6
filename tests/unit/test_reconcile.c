/* test_reconcile.c - RECONCILE, row by row; master/reconcile.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "butte/registry.pb-c.h"
#include "master_world.h"

#define AWARE (1u << W_CAN(PARTITION_AWARE))

struct fixture {
	struct world w;
	struct world_framework aware, plain;
	struct world_agent a;
};

static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	world_init(&f->w);
	world_start(&f->w);
	assert_true(world_register(&f->w, &f->a, "cpus:4;mem:4096"));
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

static void subscribe(struct fixture *f)
{
	assert_true(
		world_subscribe(&f->w, &f->aware, world_info(&f->w, AWARE)));
	assert_true(world_subscribe(&f->w, &f->plain, world_info(&f->w, 0)));
	world_clear(&f->w);
}

/* The answer to both, or -1 for silence; all answers are alike in the rest. */
static int ask(struct fixture *f, const struct world_framework *fw,
	const char *task, const char *agent)
{
	const Mesos__V1__TaskStatus *s;

	world_clear(&f->w);
	(void)world_reconcile(&f->w, fw, task, agent);
	s = world_status_told(&f->w, fw->stream, 0);
	if (s == NULL)
		return -1;
	assert_null(world_status_told(&f->w, fw->stream, 1));
	assert_int_equal(s->reason, W_REASON(RECONCILIATION));
	assert_int_equal(
		s->source, MESOS__V1__TASK_STATUS__SOURCE__SOURCE_MASTER);
	assert_false(s->has_uuid);
	assert_true(s->has_timestamp);
	assert_non_null(s->message);
	return (int)s->state;
}

static void launch(
	struct fixture *f, struct world_framework *fw, const char *id)
{
	const Mesos__V1__Offer *o = world_offer(&f->w, fw);

	assert_non_null(o);
	(void)world_launch(&f->w, fw, o->id->value,
		world_task(&f->w, id, f->a.id, "cpus:1;mem:64"));
}

static void an_active_task_gives_what_was_sent_last(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__TaskStatus *s;

	subscribe(f);
	(void)world_simple(&f->w, &f->aware, W_CALL(SUPPRESS));
	launch(f, &f->plain, "t");
	/* Nothing sent yet: the current state. */
	assert_int_equal(ask(f, &f->plain, "t", NULL), W_STATE(STAGING));
	world_update(&f->w, &f->a, &f->plain, "t", W_STATE(RUNNING), 1);
	assert_int_equal(ask(f, &f->plain, "t", f->a.id), W_STATE(RUNNING));
	s = world_status_told(&f->w, f->plain.stream, 0);
	assert_string_equal(s->agent_id->value, f->a.id);
}

static void recovered_agents_may_know_so_no_answer(void **state)
{
	struct fixture *f = *state;

	world_restart(&f->w);
	subscribe(f);
	assert_int_equal(ask(f, &f->plain, "t", f->a.id), -1);
	assert_int_equal(ask(f, &f->plain, "t", NULL), -1);
	/* Another agent is not waited for. */
	assert_int_equal(ask(f, &f->plain, "t", "x"), W_STATE(LOST));
	assert_int_equal(ask(f, &f->aware, "t", "x"), W_STATE(UNKNOWN));
	f->a.link = 0;
	assert_true(world_reregister(&f->w, &f->a, "cpus:4;mem:4096", NULL));
	assert_int_equal(ask(f, &f->plain, "t", f->a.id), W_STATE(LOST));
	assert_int_equal(ask(f, &f->aware, "t", NULL), W_STATE(UNKNOWN));
}

static void a_registered_agent_does_not_have_it(void **state)
{
	struct fixture *f = *state;

	subscribe(f);
	assert_int_equal(ask(f, &f->aware, "t", f->a.id), W_STATE(GONE));
	assert_int_equal(ask(f, &f->plain, "t", f->a.id), W_STATE(LOST));
}

static void an_unreachable_agent_may_have_it(void **state)
{
	struct fixture *f = *state;

	world_link_down(&f->w, &f->a);
	world_pass(&f->w, 601000);
	subscribe(f);
	assert_int_equal(ask(f, &f->aware, "t", f->a.id), W_STATE(UNREACHABLE));
	assert_non_null(
		world_status_told(&f->w, f->aware.stream, 0)->unreachable_time);
	assert_int_equal(ask(f, &f->plain, "t", f->a.id), W_STATE(LOST));
	assert_non_null(
		world_status_told(&f->w, f->plain.stream, 0)->unreachable_time);
	assert_int_equal(ask(f, &f->aware, "t", NULL), W_STATE(UNKNOWN));
}

static void a_gone_agent_is_gone_by_operator(void **state)
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
	subscribe(f);
	assert_int_equal(
		ask(f, &f->aware, "t", "G"), W_STATE(GONE_BY_OPERATOR));
	assert_int_equal(ask(f, &f->plain, "t", "G"), W_STATE(LOST));
}

static void otherwise_it_is_unknown(void **state)
{
	struct fixture *f = *state;

	subscribe(f);
	assert_int_equal(ask(f, &f->aware, "t", "x"), W_STATE(UNKNOWN));
	assert_int_equal(ask(f, &f->plain, "t", "x"), W_STATE(LOST));
	assert_int_equal(ask(f, &f->aware, "t", NULL), W_STATE(UNKNOWN));
	assert_int_equal(ask(f, &f->plain, "t", NULL), W_STATE(LOST));
}

static void implicit_gives_all_active_tasks_latest(void **state)
{
	struct fixture *f = *state;

	subscribe(f);
	(void)world_simple(&f->w, &f->aware, W_CALL(SUPPRESS));
	assert_int_equal(ask(f, &f->plain, NULL, NULL), -1);
	launch(f, &f->plain, "t1");
	launch(f, &f->plain, "t2");
	/* Terminal and unacknowledged ones too. */
	world_update(&f->w, &f->a, &f->plain, "t1", W_STATE(FINISHED), 1);
	world_clear(&f->w);
	(void)world_reconcile(&f->w, &f->plain, NULL, NULL);
	assert_int_equal(world_status_told(&f->w, f->plain.stream, 0)->state,
		W_STATE(FINISHED));
	assert_int_equal(world_status_told(&f->w, f->plain.stream, 1)->state,
		W_STATE(STAGING));
	assert_null(world_status_told(&f->w, f->plain.stream, 2));
	(void)world_ack(&f->w, &f->plain, &f->a, "t1", 1);
	assert_int_equal(ask(f, &f->plain, NULL, NULL), W_STATE(STAGING));
}

static void implicit_leaves_out_unreachable_ones(void **state)
{
	struct fixture *f = *state;

	subscribe(f);
	(void)world_simple(&f->w, &f->plain, W_CALL(SUPPRESS));
	launch(f, &f->aware, "t1");
	world_link_down(&f->w, &f->a);
	world_pass(&f->w, 601000);
	assert_int_equal(ask(f, &f->aware, NULL, NULL), -1);
	assert_int_equal(
		ask(f, &f->aware, "t1", f->a.id), W_STATE(UNREACHABLE));
	assert_int_equal(ask(f, &f->aware, "t1", NULL), W_STATE(UNKNOWN));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(an_active_task_gives_what_was_sent_last),
		TEST(recovered_agents_may_know_so_no_answer),
		TEST(a_registered_agent_does_not_have_it),
		TEST(an_unreachable_agent_may_have_it),
		TEST(a_gone_agent_is_gone_by_operator),
		TEST(otherwise_it_is_unknown),
		TEST(implicit_gives_all_active_tasks_latest),
		TEST(implicit_leaves_out_unreachable_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
