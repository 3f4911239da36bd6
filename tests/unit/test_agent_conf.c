/* The agent's options: defaults, and what is refused with which words. */
#include "agent/agent_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/conf.h"
#include "common/err.h"

#define MAX_ARGS 8
#define PLAIN	 "--work_dir=w", "--tls=off", "--ip=127.0.0.1"
#define MASTER	 "--master=127.0.0.1:5050"

static int fill(struct conf *c, struct agent_options *o,
	const char *const *args, struct err *e)
{
	const char *argv[MAX_ARGS + 2] = { "butte-agent" };
	const struct conf_input in = { argv, NULL, NULL, NULL };

	for (size_t i = 0; i < MAX_ARGS && args[i] != NULL; i++)
		argv[i + 1] = args[i];
	agent_conf_init(c);
	return conf_parse(c, &in, e) != 0 ? -1 : agent_conf_fill(o, c, e);
}

static void test_defaults(void **state)
{
	static const char *const args[] = { "--work_dir=/w",
		"--master=a.example:1,[::1]:2,b,[fe80::2]", "--tls_cert_file=c",
		"--tls_key_file=k", "--resources=cpus:1;mem:64;ports:[1-2]",
		"--executor_environment_variables={\"A\":\"b=c\",\"D\":\"\"}",
		"--attributes=rack:r1", NULL };
	struct agent_options o;
	struct err e = { 0 };
	struct conf c;

	(void)state;
	if (fill(&c, &o, args, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(o.n_masters, 4);
	assert_string_equal(o.masters[0].host, "a.example");
	assert_int_equal(o.masters[0].port, 1);
	assert_string_equal(o.masters[1].host, "::1");
	assert_int_equal(o.masters[1].port, 2);
	assert_string_equal(o.masters[2].host, "b");
	assert_int_equal(o.masters[2].port, 5050);
	assert_string_equal(o.masters[3].host, "fe80::2");
	assert_int_equal(o.daemon.port, 5051);
	assert_string_equal(o.cgroups_root, "butte");
	assert_null(o.launcher_dir);
	assert_int_equal(o.config.registration_backoff_factor_ms, 1000);
	assert_int_equal(o.config.executor_registration_timeout_ms, 60000);
	assert_int_equal(o.config.executor_reregistration_timeout_ms, 2000);
	assert_int_equal(o.config.executor_shutdown_grace_period_ms, 5000);
	assert_int_equal(o.config.recovery_timeout_ms, 900000);
	assert_int_equal(o.config.gc_delay_ms, 604800000);
	assert_int_equal(o.config.max_completed_executors_per_framework, 150);
	assert_true(o.config.switch_user);
	assert_false(o.config.recover_cleanup);
	assert_true(o.config.tls);
	assert_string_equal(o.config.executor_env[0], "A=b=c");
	assert_string_equal(o.config.executor_env[1], "D=");
	assert_null(o.config.executor_env[2]);
	agent_conf_fini(&o);
	conf_fini(&c);
}

static void test_bad(void **state)
{
	static const struct {
		const char *args[MAX_ARGS];
		const char *text;
	} cases[] = {
		{ { PLAIN }, "--master=HOST:PORT,... is required" },
		{ { MASTER, "--tls=off" }, "--work_dir=DIRECTORY is required" },
		{ { PLAIN, "--master=" }, "HOST:PORT" },
		{ { PLAIN, "--master=a:b" }, "HOST:PORT" },
		{ { PLAIN, "--master=a:0" }, "HOST:PORT" },
		{ { PLAIN, "--master=a:65536" }, "HOST:PORT" },
		{ { PLAIN, "--master=a:1,,b:2" }, "HOST:PORT" },
		{ { PLAIN, "--master=::1:5050" }, "in brackets" },
		{ { PLAIN, "--master=[::1" }, "[ADDRESS]:PORT" },
		{ { PLAIN, "--master=zk://a:1/m" }, "HOST:PORT" },
		{ { PLAIN, "--master=other:5050" },
			"the master 'other' is not on this machine" },
		{ { PLAIN, MASTER, "--resources=cpus:x" }, "cpus" },
		{ { PLAIN, MASTER, "--resources=[{\"name\":\"cpus\"" },
			"--resources (on the command line)" },
		{ { PLAIN, MASTER, "--resources=cpus:1;cpus:[1-2]" },
			"--resources" },
		{ { PLAIN, MASTER, "--attributes=rack" }, "--attributes" },
		{ { PLAIN, MASTER, "--attributes=a:{b,c}" }, "--attributes" },
		{ { PLAIN, MASTER, "--default_role=a//b" }, "--default_role" },
		{ { PLAIN, MASTER, "--cgroups_root=/a" }, "--cgroups_root" },
		{ { PLAIN, MASTER, "--cgroups_root=a/../b" },
			"--cgroups_root" },
		{ { PLAIN, MASTER, "--cgroups_root=" }, "--cgroups_root" },
		{ { PLAIN, MASTER, "--executor_reregistration_timeout=16secs" },
			"1ms to 15secs" },
		{ { PLAIN, MASTER, "--executor_environment_variables=x" },
			"is not a JSON object" },
		{ { PLAIN, MASTER,
			  "--executor_environment_variables={\"A\":1}" },
			"the value of 'A' is not a string" },
		{ { PLAIN, MASTER,
			  "--executor_environment_variables={\"A=\":\"\"}" },
			"can't be the name" },
		{ { PLAIN, MASTER, "--recover=maybe" }, "reconnect|cleanup" },
		{ { PLAIN, MASTER, "--containerizers=docker" }, "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct agent_options o;
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
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests_name("agent_conf", tests, NULL, NULL);
}
