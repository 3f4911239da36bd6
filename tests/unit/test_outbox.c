/* The outbox: records and effects in order, encoded when they are put in. */
#include "common/outbox.h"

#include <setjmp.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mesos/v1/mesos.pb-c.h"

static void test_records(void **state)
{
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;
	char value[] = "a1", key[] = "k1";
	struct outbox_record *r;
	struct outbox o;

	(void)state;
	outbox_init(&o);
	id.value = value;
	outbox_put(&o, 3, key, &id.base);
	/* Both were copied: later changes don't show. */
	value[0] = 'z';
	key[0] = 'z';
	outbox_del(&o, 4, "k2");
	assert_int_equal(o.n_records, 2);
	r = TAILQ_FIRST(&o.records);
	assert_int_equal(r->table, 3);
	assert_string_equal(r->key, "k1");
	assert_int_equal(r->size, 4);
	assert_memory_equal(r->value,
		"\x0a\x02"
		"a1",
		4);
	r = TAILQ_NEXT(r, next);
	assert_int_equal(r->table, 4);
	assert_string_equal(r->key, "k2");
	assert_null(r->value);
	assert_null(TAILQ_NEXT(r, next));
	outbox_fini(&o);
}

static void test_effects(void **state)
{
	static const struct {
		enum effect_type type;
		uint64_t to;
		int status;
		const char *text; /* NULL: an encoded message */
	} want[] = {
		{ EFFECT_REPLY, 1, 202, "" },
		{ EFFECT_REPLY, 2, 200, NULL },
		{ EFFECT_REPLY, 3, 400, "bad 'x': 7" },
		{ EFFECT_REPLY, 4, 200, "{}" },
		{ EFFECT_STREAM_OPEN, 5, 0, "" },
		{ EFFECT_STREAM_SEND, 5, 0, NULL },
		{ EFFECT_STREAM_CLOSE, 5, 0, "" },
		{ EFFECT_LINK_SEND, 6, 0, NULL },
		{ EFFECT_LINK_CLOSE, 6, 0, "" },
		{ EFFECT_ROOM, 7, 42, "" },
		{ EFFECT_EXIT, 0, 3, "over" },
	};
	Mesos__V1__TaskID id = MESOS__V1__TASK_ID__INIT;
	char value[] = "t1";
	const struct effect *e;
	struct outbox o;
	size_t i = 0;

	(void)state;
	outbox_init(&o);
	id.value = value;
	outbox_reply(&o, 1, 202, NULL);
	outbox_reply(&o, 2, 200, &id.base);
	outbox_reply_text(&o, 3, 400, "bad '%s': %d", "x", 7);
	outbox_reply_json(&o, 4, "{}", 2);
	outbox_stream_open(&o, 5);
	outbox_stream_send(&o, 5, &id.base);
	outbox_stream_close(&o, 5);
	outbox_link_send(&o, 6, &id.base);
	outbox_link_close(&o, 6);
	outbox_room(&o, 42, 7, &o);
	outbox_exit(&o, 3, "%s", "over");
	value[0] = 'z';
	assert_int_equal(o.n_effects, sizeof(want) / sizeof(want[0]));
	TAILQ_FOREACH (e, &o.effects, next) {
		assert_int_equal(e->type, want[i].type);
		assert_int_equal(e->to, want[i].to);
		assert_int_equal(e->status, want[i].status);
		if (want[i].text == NULL) {
			assert_ptr_equal(
				e->desc, &mesos__v1__task_id__descriptor);
			assert_int_equal(e->size, 4);
			assert_memory_equal(e->data,
				"\x0a\x02"
				"t1",
				4);
		} else {
			assert_null(e->desc);
			assert_int_equal(e->size, strlen(want[i].text));
			if (e->size > 0)
				assert_memory_equal(
					e->data, want[i].text, e->size);
		}
		assert_ptr_equal(e->arg, e->type == EFFECT_ROOM ? &o : NULL);
		i++;
	}
	outbox_fini(&o);
}

static void test_reset(void **state)
{
	struct outbox o;

	(void)state;
	outbox_init(&o);
	for (int turn = 0; turn < 3; turn++) {
		outbox_del(&o, 1, "k");
		outbox_reply(&o, 1, 202, NULL);
		assert_int_equal(o.n_records, 1);
		assert_int_equal(o.n_effects, 1);
		outbox_reset(&o);
		assert_int_equal(o.n_records, 0);
		assert_int_equal(o.n_effects, 0);
		assert_true(TAILQ_EMPTY(&o.records));
		assert_true(TAILQ_EMPTY(&o.effects));
		assert_int_equal(o.arena.used, 0);
	}
	outbox_fini(&o);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_effects),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
