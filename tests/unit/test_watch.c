/* test_watch.c - operators' event streams; master/watch.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master_world.h"

#define NEWS(name) MESOS__V1__MASTER__EVENT__TYPE__##name

struct fixture {
	struct world w;
	struct world_framework fw;
	struct world_agent a;
	uint64_t stream;
};

static uint64_t watch(struct fixture *f)
{
	Mesos__V1__Master__Call c = MESOS__V1__MASTER__CALL__INIT;
	struct master_event ev = { .type = MASTER_OPERATOR,
		.from = ++f->w.last,
		.operator_call = &c };

	c.has_type = 1;
	c.type = MESOS__V1__MASTER__CALL__TYPE__SUBSCRIBE;
	world_step(&f->w, &ev);
	return ev.from;
}

static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	world_init(&f->w);
	f->w.cfg.max_operator_event_stream_subscribers = 2;
	world_start(&f->w);
	f->stream = watch(f);
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

static const Mesos__V1__Master__Event *news(
	struct fixture *f, int type, size_t i)
{
	size_t k;

	for (k = 0; k < f->w.n; k++) {
		const struct world_effect *e = &f->w.effects[k];

		if (e->type == EFFECT_STREAM_SEND && e->to == f->stream &&
			e->news != NULL && (int)e->news->type == type &&
			i-- == 0)
			return e->news;
	}
	return NULL;
}

static void it_begins_with_a_snapshot(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Master__Event__Subscribed *s;

	assert_non_null(world_find(&f->w, EFFECT_STREAM_OPEN, f->stream));
	s = news(f, NEWS(SUBSCRIBED), 0)->subscribed;
	assert_non_null(s->get_state->get_agents);
	assert_true(s->heartbeat_interval_seconds > 14.9);
	assert_non_null(news(f, NEWS(HEARTBEAT), 0));
	world_clear(&f->w);
	world_pass(&f->w, 31000);
	assert_non_null(news(f, NEWS(HEARTBEAT), 1));
	assert_null(news(f, NEWS(HEARTBEAT), 2));
}

static void every_change_is_told(void **state)
{
	struct fixture *f = *state;
	const Mesos__V1__Master__Event *ev;

	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
	ev = news(f, NEWS(FRAMEWORK_ADDED), 0);
	assert_string_equal(
		ev->framework_added->framework->framework_info->id->value,
		f->fw.id);
	assert_true(world_register(&f->w, &f->a, "cpus:1;mem:64"));
	ev = news(f, NEWS(AGENT_ADDED), 0);
	assert_string_equal(
		ev->agent_added->agent->agent_info->id->value, f->a.id);
	(void)world_launch(&f->w, &f->fw, world_offer(&f->w, &f->fw)->id->value,
		world_task(&f->w, "t", f->a.id, "cpus:1;mem:64"));
	ev = news(f, NEWS(TASK_ADDED), 0);
	assert_string_equal(ev->task_added->task->task_id->value, "t");
	assert_int_equal(ev->task_added->task->state, W_STATE(STAGING));
	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(RUNNING), 1);
	ev = news(f, NEWS(TASK_UPDATED), 0);
	assert_int_equal(ev->task_updated->state, W_STATE(RUNNING));
	assert_string_equal(ev->task_updated->framework_id->value, f->fw.id);
	/* The same state again is no news. */
	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(RUNNING), 2);
	assert_null(news(f, NEWS(TASK_UPDATED), 1));
	world_stream_down(&f->w, f->fw.stream);
	assert_non_null(news(f, NEWS(FRAMEWORK_UPDATED), 0));
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
	assert_non_null(news(f, NEWS(FRAMEWORK_UPDATED), 1));
	(void)world_simple(&f->w, &f->fw, W_CALL(TEARDOWN));
	ev = news(f, NEWS(TASK_UPDATED), 1);
	assert_int_equal(ev->task_updated->state, W_STATE(KILLED));
	assert_int_equal(
		ev->task_updated->status->reason, W_REASON(FRAMEWORK_REMOVED));
	assert_non_null(news(f, NEWS(FRAMEWORK_REMOVED), 0));
	world_pass(&f->w, 80000);
	assert_string_equal(
		news(f, NEWS(AGENT_REMOVED), 0)->agent_removed->agent_id->value,
		f->a.id);
	f->a.link = 0; /* the master cut it */
	assert_true(world_reregister(&f->w, &f->a, "cpus:1;mem:64", NULL));
	assert_non_null(news(f, NEWS(AGENT_ADDED), 1));
	/* A registered one that re-registers is no news. */
	world_link_down(&f->w, &f->a);
	assert_true(world_reregister(&f->w, &f->a, "cpus:1;mem:64", NULL));
	assert_null(news(f, NEWS(AGENT_ADDED), 2));
}

static void too_many_evict_the_oldest(void **state)
{
	struct fixture *f = *state;

	(void)watch(f);
	assert_null(world_find(&f->w, EFFECT_STREAM_CLOSE, f->stream));
	(void)watch(f);
	assert_non_null(world_find(&f->w, EFFECT_STREAM_CLOSE, f->stream));
}

static void one_that_left_hears_nothing(void **state)
{
	struct fixture *f = *state;

	world_stream_down(&f->w, f->stream);
	world_clear(&f->w);
	assert_true(world_register(&f->w, &f->a, "cpus:1;mem:64"));
	world_pass(&f->w, 20000);
	assert_null(world_find(&f->w, EFFECT_STREAM_SEND, f->stream));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(it_begins_with_a_snapshot),
		TEST(every_change_is_told),
		TEST(too_many_evict_the_oldest),
		TEST(one_that_left_hears_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
