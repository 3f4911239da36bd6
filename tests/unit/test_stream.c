/* test_stream.c - one update under way, in order, again until acknowledged. */
#include "agent_rig.h"

/* Uuid of the update sent in this turn: its first byte; 0: none. */
static int sent(const struct rig *r)
{
	const Mesos__V1__TaskStatus *s = rig_status(r);

	return s != NULL ? s->uuid.data[0] : 0;
}

static void ack(struct rig *r, int n)
{
	uint8_t uuid[16];

	memset(uuid, n, sizeof(uuid));
	rig_ack(r, "f", "t", uuid);
}

static char *begin(struct rig *r)
{
	char *container;

	rig_init(r);
	rig_up(r, false);
	rig_run_command(r, "t");
	container =
		xstrdup(rig_find_room(r, AGENT_LAUNCH)->launch->container_id);
	rig_started(r, container, 5);
	(void)rig_subscribe(r, "t");
	return container;
}

static void test_retry(void **state)
{
	static const uint64_t gaps[] = { 10000, 20000, 40000, 80000, 160000,
		320000, 600000, 600000 };
	struct rig r;
	size_t i;

	(void)state;
	free(begin(&r));
	rig_update(&r, "t", "t", STATE(STARTING), 1);
	assert_int_equal(sent(&r), 1);
	for (i = 0; i < ARRAY_LEN(gaps); i++) {
		/* The master must be heard of, or the link would go. */
		Butte__Link__Ping ping = BUTTE__LINK__PING__INIT;
		uint64_t left = gaps[i];

		ping.connected = 1;
		while (left > 60000) {
			rig_tick(&r, 60000);
			assert_int_equal(sent(&r), 0);
			rig_msg(&r, BUTTE__LINK__TO_AGENT__MSG_PING, &ping);
			assert_non_null(rig_find_sent(&r, SENT(PONG)));
			left -= 60000;
		}
		rig_tick(&r, left - 1);
		assert_int_equal(sent(&r), 0);
		rig_tick(&r, 1);
		assert_int_equal(sent(&r), 1);
		rig_msg(&r, BUTTE__LINK__TO_AGENT__MSG_PING, &ping);
	}
	/* The next begins at 10 s again. */
	rig_update(&r, "t", "t", STATE(RUNNING), 2);
	assert_int_equal(sent(&r), 0);
	ack(&r, 1);
	assert_int_equal(sent(&r), 2);
	rig_tick(&r, 10000);
	assert_int_equal(sent(&r), 2);
	rig_fini(&r);
}

static void test_acknowledgements(void **state)
{
	const Butte__Link__StatusUpdate *u;
	struct rig r;

	(void)state;
	free(begin(&r));
	rig_update(&r, "t", "t", STATE(STARTING), 1);
	rig_update(&r, "t", "t", STATE(RUNNING), 2);
	ack(&r, 2); /* not its turn */
	assert_int_equal(r.n_said, 0);
	rig_update(&r, "t", "t", STATE(FINISHED), 3);
	ack(&r, 1);
	u = rig_find_sent(&r, SENT(STATUS_UPDATE))->status_update;
	assert_int_equal(u->status->uuid.data[0], 2);
	assert_int_equal(u->latest_state, STATE(FINISHED));
	ack(&r, 1); /* twice */
	assert_int_equal(r.n_said, 0);
	ack(&r, 2);
	assert_int_equal(sent(&r), 3);
	ack(&r, 3);
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_UPDATE), 0);
	ack(&r, 3);
	assert_int_equal(r.n_said, 0);
	rig_fini(&r);
}

/* What an executor repeats is acknowledged to it, and goes nowhere. */
static void test_repeated(void **state)
{
	struct rig r;

	(void)state;
	free(begin(&r));
	rig_update(&r, "t", "t", STATE(STARTING), 1);
	rig_update(&r, "t", "t", STATE(STARTING), 1);
	assert_non_null(rig_find_event(&r, EVENT(ACKNOWLEDGED)));
	assert_int_equal(sent(&r), 0);
	ack(&r, 1);
	rig_update(&r, "t", "t", STATE(STARTING), 1);
	assert_non_null(rig_find_event(&r, EVENT(ACKNOWLEDGED)));
	assert_int_equal(sent(&r), 0);
	rig_restart(&r);
	(void)rig_subscribe(&r, "t");
	rig_up(&r, true);
	rig_update(&r, "t", "t", STATE(STARTING), 1);
	assert_non_null(rig_find_event(&r, EVENT(ACKNOWLEDGED)));
	assert_int_equal(sent(&r), 0);
	/* After the end nothing counts. */
	rig_update(&r, "t", "t", STATE(FINISHED), 2);
	assert_int_equal(sent(&r), 2);
	rig_update(&r, "t", "t", STATE(FAILED), 3);
	assert_non_null(rig_find_event(&r, EVENT(ACKNOWLEDGED)));
	ack(&r, 2);
	assert_int_equal(sent(&r), 0);
	rig_fini(&r);
}

static void test_pause(void **state)
{
	struct rig r;

	(void)state;
	free(begin(&r));
	rig_link(&r, AGENT_UPLINK_DOWN);
	rig_update(&r, "t", "t", STATE(STARTING), 1);
	assert_non_null(rig_find_event(&r, EVENT(ACKNOWLEDGED)));
	assert_int_equal(sent(&r), 0);
	rig_tick(&r, 100000);
	assert_int_equal(sent(&r), 0);
	rig_link(&r, AGENT_UPLINK_UP);
	assert_int_equal(sent(&r), 0);
	rig_registered(&r, true);
	assert_int_equal(sent(&r), 1);
	rig_fini(&r);
}

/* Only so many uuids are remembered, in memory and on disk. */
static void test_bounds(void **state)
{
	struct rig r;
	int i;

	(void)state;
	free(begin(&r));
	for (i = 1; i <= 100; i++) {
		rig_update(&r, "t", "t", STATE(RUNNING), (uint8_t)i);
		ack(&r, i);
	}
	assert_int_equal(rig_count_rows(&r, AGENT_TABLE_UPDATE), 64);
	rig_restart(&r);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_acknowledgements),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
