/* test_master.c - the way of a task through the master; master/master.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master_world.h"

#define PLENTY "cpus:4;mem:4096;disk:1000;ports:[31000-31999]"

struct fixture {
	struct world w;
	struct world_framework fw;
	struct world_agent a;
	Mesos__V1__FrameworkInfo *info;
};

static void begin(struct fixture *f, unsigned capabilities)
{
	*f = (struct fixture){ 0 };
	world_init(&f->w);
	world_start(&f->w);
	f->info = world_info(&f->w, capabilities);
	assert_true(world_subscribe(&f->w, &f->fw, f->info));
	assert_true(world_register(&f->w, &f->a, PLENTY));
}

static void end(struct fixture *f)
{
	world_fini(&f->w);
}

static void one_task_lives_and_ends(void **state)
{
	struct fixture f;
	const Mesos__V1__Offer *o;
	const w_to_agent *run;
	const w_event *up;
	uint64_t r;

	(void)state;
	begin(&f, 0);
	o = world_offer(&f.w, &f.fw);
	assert_non_null(o);
	assert_string_equal(o->agent_id->value, f.a.id);
	r = world_launch(&f.w, &f.fw, o->id->value,
		world_task(&f.w, "t1", f.a.id, "cpus:1;mem:128"));
	assert_int_equal(world_status(&f.w, r), 202);
	run = world_msg(&f.w, f.a.link, W_TO_AGENT(RUN_TASK), 0);
	assert_non_null(run);
	assert_string_equal(run->run_task->task->task_id->value, "t1");
	world_clear(&f.w);
	world_update(&f.w, &f.a, &f.fw, "t1", W_STATE(RUNNING), 1);
	up = world_event(&f.w, f.fw.stream, W_EVENT(UPDATE), 0);
	assert_non_null(up);
	assert_int_equal(up->update->status->state, W_STATE(RUNNING));
	r = world_ack(&f.w, &f.fw, &f.a, "t1", 1);
	assert_int_equal(world_status(&f.w, r), 202);
	assert_non_null(
		world_msg(&f.w, f.a.link, W_TO_AGENT(STATUS_UPDATE_ACK), 0));
	world_update(&f.w, &f.a, &f.fw, "t1", W_STATE(FINISHED), 2);
	world_ack(&f.w, &f.fw, &f.a, "t1", 2);
	world_clear(&f.w);
	/* Implicit reconciliation: nothing is left. */
	world_reconcile(&f.w, &f.fw, NULL, NULL);
	assert_int_equal(world_events(&f.w, f.fw.stream, W_EVENT(UPDATE)), 0);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_task_lives_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
