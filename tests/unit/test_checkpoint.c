/* test_checkpoint.c - the rows of the agent's records, and when they change. */
#include "agent_rig.h"

static const struct rig_row *row(
	const struct rig *r, unsigned table, const char *key)
{
	size_t i;

	for (i = 0; i < r->n_rows; i++)
		if (r->rows[i].table == table &&
			(key == NULL || strcmp(r->rows[i].key, key) == 0))
			return &r->rows[i];
	return NULL;
}

#define READ(r, type, lower, row)                                       \
	MSG_UNPACK(type, &(r)->mem, &lower##__descriptor, (row)->value, \
		(row)->size, NULL)

static void test_rows(void **state)
{
	const Butte__Checkpoint__Executor *x;
	const Butte__Checkpoint__Task *t;
	const Butte__Checkpoint__Update *u;
	const Butte__Checkpoint__Agent *a;
	uint8_t uuid[16];
	struct rig r;
	char *container;

	(void)state;
	rig_init(&r);
	a = READ(&r, Butte__Checkpoint__Agent, butte__checkpoint__agent,
		row(&r, AGENT_TABLE_AGENT, "agent"));
	assert_null(a->agent_id);
	assert_string_equal(a->boot_id, "boot-1");
	rig_up(&r, false);
	a = READ(&r, Butte__Checkpoint__Agent, butte__checkpoint__agent,
		row(&r, AGENT_TABLE_AGENT, "agent"));
	assert_string_equal(a->agent_id->value, RIG_AGENT);

	rig_run_command(&r, "t");
	container =
		xstrdup(rig_find_room(&r, AGENT_LAUNCH)->launch->container_id);
	x = READ(&r, Butte__Checkpoint__Executor, butte__checkpoint__executor,
		row(&r, AGENT_TABLE_EXECUTOR, "f/t"));
	assert_string_equal(x->container_id, container);
	assert_true(x->generated);
	assert_false(x->has_pid);
	t = READ(&r, Butte__Checkpoint__Task, butte__checkpoint__task,
		row(&r, AGENT_TABLE_TASK, "f/t"));
	assert_string_equal(t->executor_id->value, "t");
	rig_started(&r, container, 77);
	x = READ(&r, Butte__Checkpoint__Executor, butte__checkpoint__executor,
		row(&r, AGENT_TABLE_EXECUTOR, "f/t"));
	assert_int_equal(x->pid, 77);
	assert_int_equal(x->start_ticks, 42);

	(void)rig_subscribe(&r, "t");
	rig_update(&r, "t", "t", STATE(RUNNING), 1);
	u = READ(&r, Butte__Checkpoint__Update, butte__checkpoint__update,
		row(&r, AGENT_TABLE_UPDATE, "f/t/0000000000000000"));
	assert_non_null(u->status);
	assert_false(u->held);
	memset(uuid, 1, sizeof(uuid));
	rig_ack(&r, "f", "t", uuid);
	u = READ(&r, Butte__Checkpoint__Update, butte__checkpoint__update,
		row(&r, AGENT_TABLE_UPDATE, "f/t/0000000000000000"));
	assert_null(u->status);
	assert_memory_equal(u->uuid.data, uuid, 16);
	rig_update(&r, "t", "t", STATE(FAILED), 2);
	u = READ(&r, Butte__Checkpoint__Update, butte__checkpoint__update,
		row(&r, AGENT_TABLE_UPDATE, "f/t/0000000000000001"));
	assert_true(u->held);
	rig_exited(&r, container, NULL);
	u = READ(&r, Butte__Checkpoint__Update, butte__checkpoint__update,
		row(&r, AGENT_TABLE_UPDATE, "f/t/0000000000000001"));
	assert_false(u->held);
	free(container);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
