/* The master's options: defaults, and what is refused with which words. */
#include "master/master_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/conf.h"
#include "common/err.h"

#define MAX_ARGS 8
#define PLAIN	 "--tls=off", "--ip=127.0.0.1"

static int fill(struct conf *c, struct master_options *o,
	const char *const *args, struct err *e)
{
	const char *argv[MAX_ARGS + 2] = { "butte-master" };
	const struct conf_input in = { argv, NULL, NULL, NULL };

	for (size_t i = 0; i < MAX_ARGS && args[i] != NULL; i++)
		argv[i + 1] = args[i];
	master_conf_init(c);
	return conf_parse(c, &in, e) != 0 ? -1 : master_conf_fill(o, c, e);
}

static void test_defaults(void **state)
{
	static const char *const args[] = { "--work_dir=/w",
		"--tls_cert_file=c", "--tls_key_file=k", NULL };
	struct master_options o;
	struct err e = { 0 };
	struct conf c;
	bool seen = false;

	(void)state;
	if (fill(&c, &o, args, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(o.work_dir, "/w");
	assert_true(o.registry_sqlite);
	assert_string_equal(o.daemon.ip, "0.0.0.0");
	assert_int_equal(o.daemon.port, 5050);
	assert_true(o.daemon.tls);
	assert_int_equal(o.daemon.tls_verify_client, DAEMON_VERIFY_NONE);
	assert_int_equal(o.daemon.logging_level, LOG_LEVEL_INFO);
	assert_int_equal(o.config.allocation_interval_ms, 1000);
	assert_int_equal(o.config.agent_ping_timeout_ms, 15000);
	assert_int_equal(o.config.max_agent_ping_timeouts, 5);
	assert_int_equal(o.config.agent_reregister_timeout_ms, 600000);
	assert_int_equal(o.config.offer_timeout_ms, 0);
	assert_int_equal(o.config.registry_max_agent_age_ms, 1209600000);
	assert_int_equal(o.config.registry_max_agent_count, 102400);
	assert_int_equal(o.config.max_completed_tasks_per_framework, 1000);
	assert_true(o.config.root_submissions);
	assert_string_equal(
		o.config.min_allocatable_resources, "cpus:0.01|mem:32");
	assert_null(o.config.weights);
	for (size_t i = 0; i < o.config.n_flags; i++)
		if (strcmp(o.config.flags[i].name, "agent_ping_timeout") == 0) {
			seen = true;
			assert_string_equal(o.config.flags[i].value, "15secs");
		}
	assert_true(seen);
	master_conf_fini(&o);
	conf_fini(&c);
}

static void test_good(void **state)
{
	static const char *const lists[][MAX_ARGS] = {
		{ "--registry=in_memory", PLAIN },
		{ "--work_dir=w", "--tls=off", "--allow_plaintext" },
		{ "--work_dir=w", "--tls=off", "--ip=::1" },
		{ "--work_dir=w", PLAIN, "--agent_reregister_timeout=2secs",
			"--allow_short_timeouts" },
		{ "--work_dir=w", PLAIN, "--weights=a=2,b/c=0.5,*=1.125" },
		{ "--work_dir=w", PLAIN, "--roles=a,b" },
		{ "--work_dir=w", PLAIN,
			"--agent_removal_rate_limit=1/10mins" },
		{ "--work_dir=w", PLAIN, "--min_allocatable_resources=" },
		{ "--work_dir=w", PLAIN, "--max_slave_ping_timeouts=7" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct master_options o;
		struct err e = { 0 };
		struct conf c;

		if (fill(&c, &o, lists[i], &e) != 0)
			fail_msg("case %zu: %s", i, e.text);
		master_conf_fini(&o);
		conf_fini(&c);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *args[MAX_ARGS];
		const char *text;
	} cases[] = {
		{ { PLAIN }, "--work_dir=DIRECTORY is required" },
		{ { "--work_dir=w" }, "TLS needs --tls_cert_file" },
		{ { "--work_dir=w", "--tls=off" }, "others can reach 0.0.0.0" },
		{ { "--work_dir=w", "--tls_cert_file=c", "--tls_key_file=k",
			  "--tls_verify_client=require" },
			"needs --tls_ca_file" },
		{ { "--wrok_dir=w" }, "did you mean --work_dir" },
		{ { "--work_dir=w", PLAIN, "--agent_ping_timeout=20mins" },
			"1secs to 15mins" },
		{ { "--work_dir=w", PLAIN, "--agent_ping_timeout=10ms" },
			"1secs to 15mins" },
		{ { "--work_dir=w", PLAIN, "--max_agent_ping_timeouts=0" },
			"--max_agent_ping_timeouts" },
		{ { "--work_dir=w", PLAIN, "--agent_reregister_timeout=1mins" },
			"1mins is under 10mins (--allow_short_timeouts" },
		{ { "--work_dir=w", PLAIN, "--port=70000" }, "0 to 65535" },
		{ { "--work_dir=w", PLAIN, "--min_allocatable_resources=cpus" },
			"--min_allocatable_resources" },
		{ { "--work_dir=w", PLAIN, "--weights=a=-1" }, "--weights" },
		{ { "--work_dir=w", PLAIN, "--weights=a=0.000" }, "over 0" },
		{ { "--work_dir=w", PLAIN, "--weights=a=1.0001" }, "three" },
		{ { "--work_dir=w", PLAIN, "--weights=a" }, "ROLE=WEIGHT" },
		{ { "--work_dir=w", PLAIN, "--weights=-a=1" }, "--weights" },
		{ { "--work_dir=w", PLAIN, "--roles=a,,b" }, "--roles" },
		{ { "--work_dir=w", PLAIN, "--agent_removal_rate_limit=1" },
			"COUNT/DURATION" },
		{ { "--work_dir=w", PLAIN,
			  "--agent_removal_rate_limit=0/1hrs" },
			"COUNT/DURATION" },
		{ { "--work_dir=w", PLAIN, "--agent_removal_rate_limit=1/1h" },
			"is not a duration" },
		{ { "--work_dir=w", PLAIN, "--hostname=a b" },
			"not a host name" },
		{ { "--work_dir=w", PLAIN, "--quorum=1" }, "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct master_options o;
		struct err e = { 0 };
		struct conf c;

		if (fill(&c, &o, cases[i].args, &e) == 0)
			fail_msg("case %zu was accepted", i);
		if (strstr(e.text, cases[i].text) == NULL)
			fail_msg("'%s' lacks '%s'", e.text, cases[i].text);
		conf_fini(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests_name("master_conf", tests, NULL, NULL);
}
