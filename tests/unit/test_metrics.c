/* test_metrics.c - names and values of /metrics/snapshot; master/metrics.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master/metrics.h"
#include "master_world.h"

struct seen {
	struct {
		char name[200];
		double value;
	} list[600];
	size_t n;
};

static void see(void *ctx, const char *name, double value)
{
	struct seen *s = ctx;
	size_t i;

	for (i = 0; i < s->n; i++) /* each once */
		assert_string_not_equal(s->list[i].name, name);
	assert_true(s->n < ARRAY_LEN(s->list));
	(void)snprintf(s->list[s->n].name, sizeof(s->list[0].name), "%s", name);
	s->list[s->n++].value = value;
}

static double value(const struct seen *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->list[i].name, name) == 0)
			return s->list[i].value;
	printf("# no %s\n", name);
	return -1;
}

static void walk(struct world *w, struct seen *s)
{
	s->n = 0;
	metrics_walk(w->m, see, s);
}

static void every_name_comes_once(void **state)
{
	static const char *const names[] = { "master/elected",
		"master/uptime_secs", "master/cpus_total",
		"master/mem_revocable_percent", "master/slaves_inactive",
		"master/slave_unreachable_canceled",
		"master/recovery_slave_removals", "master/frameworks_inactive",
		"master/outstanding_offers", "master/tasks_staging",
		"master/tasks_gone_by_operator", "master/dropped_messages",
		"master/invalid_status_update_acknowledgements",
		"master/messages_reconcile_tasks",
		"master/event_queue_messages",
		"master/operator_event_stream_subscribers",
		"registrar/state_store_ms", "registrar/registry_size_bytes",
		"allocator/mesos/allocation_runs",
		"allocator/mesos/resources/mem/offered_or_allocated",
		"system/load_1min" };
	struct world w;
	struct seen s;
	size_t i;

	(void)state;
	world_init(&w);
	world_start(&w);
	walk(&w, &s);
	for (i = 0; i < ARRAY_LEN(names); i++)
		assert_true(value(&s, names[i]) >= 0);
	world_fini(&w);
}

static void names_of_frameworks_are_encoded(void **state)
{
	struct world_framework fw = { 0 };
	Mesos__V1__FrameworkInfo *info;
	struct world w;
	struct seen s;
	char name[512];

	(void)state;
	world_init(&w);
	world_start(&w);
	info = world_info(&w, 0);
	info->name = arena_strdup(&w.arena, "a b/c");
	assert_true(world_subscribe(&w, &fw, info));
	walk(&w, &s);
	(void)snprintf(name, sizeof(name),
		"master/frameworks/a%%20b%%2Fc/%s/subscribed", fw.id);
	assert_true(value(&s, name) > 0.9);
	(void)snprintf(name, sizeof(name),
		"master/frameworks/a%%20b%%2Fc/%s/events/heartbeat", fw.id);
	assert_true(value(&s, name) > 0.9);
	(void)world_simple(&w, &fw, W_CALL(SUPPRESS));
	walk(&w, &s);
	(void)snprintf(name, sizeof(name),
		"master/frameworks/a%%20b%%2Fc/%s/roles/*/suppressed", fw.id);
	assert_true(value(&s, name) > 0.9);
	(void)snprintf(name, sizeof(name),
		"master/frameworks/a%%20b%%2Fc/%s/calls/suppress", fw.id);
	assert_true(value(&s, name) > 0.9);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_comes_once),
		cmocka_unit_test(names_of_frameworks_are_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
