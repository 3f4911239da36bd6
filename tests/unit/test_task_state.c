/* test_task_state.c - the table of task states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/task_state.h"
#include "mesos/v1/mesos.pb-c.h"

#define S(name) MESOS__V1__TASK_STATE__TASK_##name

static void test_names_are_those_of_the_api(void **state)
{
	const ProtobufCEnumDescriptor *d = &mesos__v1__task_state__descriptor;
	unsigned i;

	(void)state;
	assert_int_equal(d->n_values, 14);
	for (i = 0; i < d->n_values; i++) {
		assert_true(task_state_is_known(d->values[i].value));
		assert_string_equal(
			task_state_name(d->values[i].value), d->values[i].name);
	}
	assert_string_equal(task_state_name(14), "TASK_?");
	assert_string_equal(task_state_name(-1), "TASK_?");
	assert_false(task_state_is_known(14));
}

static void test_terminal(void **state)
{
	static const int living[] = { S(STAGING), S(STARTING), S(RUNNING),
		S(KILLING), S(UNREACHABLE), S(UNKNOWN) };
	static const int ends[] = { S(FINISHED), S(FAILED), S(KILLED), S(ERROR),
		S(LOST), S(DROPPED), S(GONE), S(GONE_BY_OPERATOR) };
	size_t i;
	int to;

	(void)state;
	for (i = 0; i < ARRAY_LEN(living); i++)
		assert_false(task_state_is_terminal(living[i]));
	for (i = 0; i < ARRAY_LEN(ends); i++) {
		assert_true(task_state_is_terminal(ends[i]));
		for (to = -1; to < 16; to++)
			assert_false(task_state_may_step(ends[i], to));
	}
}

static void test_steps(void **state)
{
	(void)state;
	assert_true(task_state_may_step(S(STAGING), S(STARTING)));
	assert_true(task_state_may_step(S(STAGING), S(RUNNING)));
	assert_true(task_state_may_step(S(STAGING), S(FAILED)));
	assert_true(task_state_may_step(S(RUNNING), S(RUNNING)));
	assert_true(task_state_may_step(S(RUNNING), S(KILLING)));
	assert_true(task_state_may_step(S(KILLING), S(KILLED)));
	assert_true(task_state_may_step(S(RUNNING), S(UNREACHABLE)));
	assert_true(task_state_may_step(S(UNREACHABLE), S(RUNNING)));
	assert_true(task_state_may_step(S(UNREACHABLE), S(STAGING)));
	assert_true(task_state_may_step(S(UNREACHABLE), S(GONE_BY_OPERATOR)));
	assert_false(task_state_may_step(S(RUNNING), S(STAGING)));
	assert_false(task_state_may_step(S(RUNNING), S(UNKNOWN)));
	assert_false(task_state_may_step(S(UNKNOWN), S(RUNNING)));
}

static void test_senders(void **state)
{
	(void)state;
	assert_false(task_state_may_send(S(STAGING), TASK_BY_EXECUTOR));
	assert_true(task_state_may_send(S(FINISHED), TASK_BY_EXECUTOR));
	assert_true(task_state_may_send(S(RUNNING), TASK_BY_EXECUTOR));
	assert_false(task_state_may_send(S(LOST), TASK_BY_EXECUTOR));
	assert_false(task_state_may_send(S(UNREACHABLE), TASK_BY_AGENT));
	assert_true(task_state_may_send(S(DROPPED), TASK_BY_AGENT));
	assert_false(task_state_may_send(99, TASK_BY_AGENT));
}

static void test_unaware_frameworks(void **state)
{
	(void)state;
	assert_int_equal(task_state_unaware(S(DROPPED)), S(LOST));
	assert_int_equal(task_state_unaware(S(UNREACHABLE)), S(LOST));
	assert_int_equal(task_state_unaware(S(GONE)), S(LOST));
	assert_int_equal(task_state_unaware(S(GONE_BY_OPERATOR)), S(LOST));
	assert_int_equal(task_state_unaware(S(UNKNOWN)), S(LOST));
	assert_int_equal(task_state_unaware(S(RUNNING)), S(RUNNING));
	assert_int_equal(task_state_unaware(S(ERROR)), S(ERROR));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_those_of_the_api),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_unaware_frameworks),
	};

	return cmocka_run_group_tests_name("task_state", tests, NULL, NULL);
}
