/* test_registry.c - what the registry keeps; master/registry.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "butte/registry.pb-c.h"
#include "master_world.h"

struct fixture {
	struct world w;
	struct world_framework fw;
	struct world_agent a;
};

static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	world_init(&f->w);
	world_start(&f->w);
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
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

static const Butte__Registry__Framework *framework_row(struct fixture *f)
{
	const struct world_row *row =
		world_row(&f->w, MASTER_TABLE_FRAMEWORK, f->fw.id);

	assert_non_null(row);
	return MSG_UNPACK(Butte__Registry__Framework, &f->w.arena,
		&butte__registry__framework__descriptor, row->value, row->size,
		NULL);
}

static void every_run_is_noted(void **state)
{
	struct fixture *f = *state;
	const struct world_row *row;
	const Butte__Registry__Master *m;

	world_restart(&f->w);
	row = world_row(&f->w, MASTER_TABLE_MASTER, "master");
	m = MSG_UNPACK(Butte__Registry__Master, &f->w.arena,
		&butte__registry__master__descriptor, row->value, row->size,
		NULL);
	assert_string_equal(m->id, f->w.id);
}

static void a_frameworks_row_follows_its_life(void **state)
{
	struct fixture *f = *state;
	const Butte__Registry__Framework *row = framework_row(f);

	assert_false(row->has_deadline_ns);
	assert_false(row->has_removed_ns);
	world_stream_down(&f->w, f->fw.stream);
	row = framework_row(f);
	assert_true(row->has_deadline_ns);
	assert_int_equal(row->deadline_ns, f->w.wall_ns + 100000000000);
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
	assert_false(framework_row(f)->has_deadline_ns);
	(void)world_simple(&f->w, &f->fw, W_CALL(TEARDOWN));
	assert_true(framework_row(f)->has_removed_ns);
}

static void an_agents_row_says_who_it_is(void **state)
{
	struct fixture *f = *state;
	const struct world_row *row =
		world_row(&f->w, MASTER_TABLE_AGENT, f->a.id);
	const Butte__Registry__Agent *a = MSG_UNPACK(Butte__Registry__Agent,
		&f->w.arena, &butte__registry__agent__descriptor, row->value,
		row->size, NULL);

	assert_string_equal(a->info->id->value, f->a.id);
	assert_string_equal(a->version, "0.1.0");
	assert_string_equal(a->ip, "127.0.0.1");
}

static void an_unchanged_agent_is_not_written_again(void **state)
{
	struct fixture *f = *state;
	size_t before;

	world_restart(&f->w);
	f->a.link = 0;
	before = f->w.n_rows;
	assert_true(world_reregister(&f->w, &f->a, "cpus:4;mem:4096", NULL));
	assert_int_equal(f->w.n_rows, before);
}

static void rows_that_contradict_are_refused(void **state)
{
	struct fixture *f = *state;
	struct master *m = master_new(&f->w.cfg);
	const struct world_row *row =
		world_row(&f->w, MASTER_TABLE_AGENT, f->a.id);
	struct err e = { 0 };

	assert_int_equal(master_load(m, MASTER_TABLE_AGENT, "other", row->value,
				 row->size, &e),
		-1);
	assert_non_null(strstr(e.text, "contradicts"));
	assert_int_equal(master_load(m, MASTER_TABLE_AGENT, f->a.id, row->value,
				 row->size, &e),
		0);
	assert_int_equal(master_load(m, MASTER_TABLE_AGENT, f->a.id, row->value,
				 row->size, &e),
		-1);
	assert_int_equal(master_load(m, MASTER_TABLE_FRAMEWORK, "f",
				 (const uint8_t *)"x", 1, &e),
		-1);
	assert_int_equal(master_load(m, MASTER_TABLES, "f", NULL, 0, &e), -1);
	master_free(m);
}

/* The state of a master is that of its rows: each of its restarts writes the
 * same ones. */
static void restarts_change_nothing(void **state)
{
	struct fixture *f = *state;
	size_t rows;
	unsigned i;

	(void)world_simple(&f->w, &f->fw, W_CALL(TEARDOWN));
	f->fw.id[0] = '\0';
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
	world_pass(&f->w, 80000);
	rows = f->w.n_rows;
	for (i = 0; i < 5; i++) {
		world_restart(&f->w);
		assert_int_equal(f->w.n_rows, rows);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(every_run_is_noted),
		TEST(a_frameworks_row_follows_its_life),
		TEST(an_agents_row_says_who_it_is),
		TEST(an_unchanged_agent_is_not_written_again),
		TEST(rows_that_contradict_are_refused),
		TEST(restarts_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
