/* test_validate_task.c - the task checks of LAUNCH; master/validate.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/limits.h"
#include "master_world.h"

struct fixture {
	struct world w;
	struct world_framework fw;
	struct world_agent a;
	Mesos__V1__TaskInfo *t; /* a good one; tests spoil it */
};

static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	world_init(&f->w);
	world_start(&f->w);
	assert_true(world_subscribe(&f->w, &f->fw, world_info(&f->w, 0)));
	assert_true(world_register(
		&f->w, &f->a, "cpus:4;mem:4096;disk:1000;ports:[31000-31999]"));
	f->t = world_task(&f->w, "t", f->a.id, "cpus:1;mem:64");
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

/* Launches the task; NULL if it was, else the error that was told. */
static const char *launch(struct fixture *f)
{
	const Mesos__V1__Offer *o = world_offer(&f->w, &f->fw);
	size_t n = world_events(&f->w, f->fw.stream, W_EVENT(UPDATE));
	const Mesos__V1__TaskStatus *s;

	assert_non_null(o);
	(void)world_launch(&f->w, &f->fw, o->id->value, f->t);
	s = world_status_told(&f->w, f->fw.stream, n);
	if (s == NULL)
		return NULL;
	assert_int_equal(s->state, W_STATE(ERROR));
	assert_int_equal(s->reason, W_REASON(TASK_INVALID));
	assert_int_equal(
		s->source, MESOS__V1__TASK_STATUS__SOURCE__SOURCE_MASTER);
	assert_string_equal(s->task_id->value, f->t->task_id->value);
	return s->message;
}

/* No text says so: it is refused there, too. */
static void halve_gpus(Mesos__V1__Resource **res, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(res[i]->name, "gpus") == 0)
			res[i]->scalar->value = 0.5;
}

static void refused(struct fixture *f, const char *why)
{
	const char *message = launch(f);

	if (message == NULL || strstr(message, why) == NULL)
		printf("# '%s' instead of '%s'\n",
			message != NULL ? message : "launched", why);
	assert_non_null(message);
	assert_non_null(strstr(message, why));
}

static void launched(struct fixture *f)
{
	const char *message = launch(f);

	if (message != NULL)
		printf("# %s\n", message);
	assert_null(message);
}

static char *text(struct fixture *f, const char *s)
{
	return arena_strdup(&f->w.arena, s);
}

static void a_good_task_is_launched(void **state)
{
	launched(*state);
}

static void a_description_is_bounded(void **state)
{
	struct fixture *f = *state;

	f->t->has_data = 1;
	f->t->data.len = TASK_INFO_MAX;
	f->t->data.data = arena_alloc(&f->w.arena, TASK_INFO_MAX);
	refused(f, "description");
	f->t->data.len -= 1000;
	launched(f);
}

static void check_1_the_id_is_valid(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "a\\b",
		"a\x01" };
	struct fixture *f = *state;
	char longest[300];
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		f->t->task_id->value = text(f, bad[i]);
		refused(f, "task id");
	}
	memset(longest, 'x', sizeof(longest));
	longest[256] = '\0';
	f->t->task_id->value = longest;
	refused(f, "task id");
	longest[255] = '\0';
	launched(f);
}

static void check_2_the_id_is_new(void **state)
{
	struct fixture *f = *state;

	launched(f);
	refused(f, "exists already");
	/* Ended, but not acknowledged. */
	world_update(&f->w, &f->a, &f->fw, "t", W_STATE(FINISHED), 1);
	f->t = world_task(&f->w, "t", f->a.id, "cpus:1;mem:64");
	refused(f, "exists already");
	/* Completed: the id is free. */
	(void)world_ack(&f->w, &f->fw, &f->a, "t", 1);
	launched(f);
}

static void check_2_the_id_is_not_unreachable(void **state)
{
	struct fixture *f = *state;
	struct world_agent a2 = { .port = 5052 };

	launched(f);
	world_clear(&f->w);
	world_link_down(&f->w, &f->a);
	world_pass(&f->w, 601000);
	assert_true(world_register(&f->w, &a2, "cpus:4;mem:4096"));
	f->t = world_task(&f->w, "t", a2.id, "cpus:1;mem:64");
	refused(f, "unreachable");
}

static void check_3_the_agent_is_the_offers(void **state)
{
	struct fixture *f = *state;

	f->t->agent_id->value = text(f, "elsewhere");
	refused(f, "elsewhere");
}

static void check_4_and_5_times_are_not_negative(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__KillPolicy policy = MESOS__V1__KILL_POLICY__INIT;
	Mesos__V1__DurationInfo d = MESOS__V1__DURATION_INFO__INIT;

	d.nanoseconds = -1;
	policy.grace_period = &d;
	f->t->kill_policy = &policy;
	refused(f, "grace_period");
	f->t->kill_policy = NULL;
	f->t->max_completion_time = &d;
	refused(f, "max_completion_time");
	d.nanoseconds = 0;
	launched(f);
}

static void check_6_a_check_is_valid(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__CheckInfo c = MESOS__V1__CHECK_INFO__INIT;
	Mesos__V1__CheckInfo__Command command =
		MESOS__V1__CHECK_INFO__COMMAND__INIT;
	Mesos__V1__CheckInfo__Http http = MESOS__V1__CHECK_INFO__HTTP__INIT;
	Mesos__V1__CheckInfo__Tcp tcp = MESOS__V1__CHECK_INFO__TCP__INIT;
	Mesos__V1__CommandInfo empty = MESOS__V1__COMMAND_INFO__INIT;

	f->t->check = &c;
	refused(f, "'type'");
	c.has_type = 1;
	c.type = MESOS__V1__CHECK_INFO__TYPE__COMMAND;
	refused(f, "COMMAND");
	command.command = &empty;
	c.command = &command;
	refused(f, "'value'");
	c.type = MESOS__V1__CHECK_INFO__TYPE__HTTP;
	refused(f, "'http'");
	c.http = &http;
	http.path = text(f, "health");
	refused(f, "begin with '/'");
	c.type = MESOS__V1__CHECK_INFO__TYPE__TCP;
	refused(f, "'tcp'");
	c.tcp = &tcp;
	c.has_delay_seconds = 1;
	c.delay_seconds = -1;
	refused(f, "delay_seconds");
	c.delay_seconds = 0;
	c.interval_seconds = NAN;
	refused(f, "interval_seconds");
	c.interval_seconds = 0;
	c.timeout_seconds = -1;
	refused(f, "timeout_seconds");
	c.timeout_seconds = 0;
	launched(f);
}

static void check_7_a_health_check_is_valid(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__HealthCheck h = MESOS__V1__HEALTH_CHECK__INIT;
	Mesos__V1__HealthCheck__HTTPCheckInfo http =
		MESOS__V1__HEALTH_CHECK__HTTPCHECK_INFO__INIT;
	Mesos__V1__HealthCheck__TCPCheckInfo tcp =
		MESOS__V1__HEALTH_CHECK__TCPCHECK_INFO__INIT;

	f->t->health_check = &h;
	refused(f, "'type'");
	h.has_type = 1;
	h.type = MESOS__V1__HEALTH_CHECK__TYPE__COMMAND;
	refused(f, "COMMAND");
	h.type = MESOS__V1__HEALTH_CHECK__TYPE__HTTP;
	refused(f, "'http'");
	h.http = &http;
	http.scheme = text(f, "gopher");
	refused(f, "gopher");
	http.scheme = text(f, "https");
	http.path = text(f, "x");
	refused(f, "begin with '/'");
	h.type = MESOS__V1__HEALTH_CHECK__TYPE__TCP;
	refused(f, "'tcp'");
	h.tcp = &tcp;
	h.grace_period_seconds = -1;
	refused(f, "grace_period_seconds");
	h.grace_period_seconds = 0;
	launched(f);
}

static void check_8_resources_are_there_and_valid(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__Resource__AllocationInfo al =
		MESOS__V1__RESOURCE__ALLOCATION_INFO__INIT;
	Mesos__V1__Resource__RevocableInfo rev =
		MESOS__V1__RESOURCE__REVOCABLE_INFO__INIT;
	Mesos__V1__TaskInfo *good = f->t;

	f->t->n_resources = 0;
	refused(f, "uses no resources");
	f->t = world_task(&f->w, "t", f->a.id, "cpus:1;gpus:1");
	halve_gpus(f->t->resources, f->t->n_resources);
	refused(f, "gpus must be a whole number");
	f->t = world_task(&f->w, "t", f->a.id, "cpus:1;mem:64");
	al.role = text(f, "other");
	f->t->resources[0]->allocation_info = &al;
	refused(f, "allocated to role 'other'");
	f->t = world_task(&f->w, "t", f->a.id, "cpus:1;mem:64");
	f->t->resources[1] = f->t->resources[0];
	f->t->resources[0] =
		world_task(&f->w, "x", f->a.id, "cpus:1")->resources[0];
	f->t->resources[0]->revocable = &rev;
	refused(f, "revocable and non-revocable");
	f->t = good;
}

static void check_8_volumes_have_rules(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__Resource__DiskInfo disk =
		MESOS__V1__RESOURCE__DISK_INFO__INIT;
	Mesos__V1__Resource__DiskInfo__Persistence persistence =
		MESOS__V1__RESOURCE__DISK_INFO__PERSISTENCE__INIT;
	Mesos__V1__Volume volume = MESOS__V1__VOLUME__INIT;

	f->t = world_task(&f->w, "t", f->a.id, "cpus:1;disk(a):10");
	f->t->resources[1]->disk = &disk;
	refused(f, "disk info is empty");
	volume.container_path = text(f, "data");
	volume.mode = MESOS__V1__VOLUME__MODE__RW;
	disk.volume = &volume;
	refused(f, "needs a persistence");
	persistence.id = text(f, "p1");
	disk.persistence = &persistence;
	disk.volume = NULL;
	refused(f, "needs a volume");
	disk.volume = &volume;
	volume.host_path = text(f, "/x");
	refused(f, "host_path");
	volume.host_path = NULL;
	persistence.id = text(f, "a/b");
	refused(f, "persistence id");
	persistence.id = text(f, "p1");
	f->t = world_task(&f->w, "t", f->a.id, "cpus:1;disk:10");
	f->t->resources[1]->disk = &disk;
	refused(f, "must be reserved");
}

static void check_9_the_environment_is_valid(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__Environment env = MESOS__V1__ENVIRONMENT__INIT;
	Mesos__V1__Environment__Variable v =
		MESOS__V1__ENVIRONMENT__VARIABLE__INIT;
	Mesos__V1__Environment__Variable *list[] = { &v };
	Mesos__V1__Secret secret = MESOS__V1__SECRET__INIT;
	Mesos__V1__Secret__Value value = MESOS__V1__SECRET__VALUE__INIT;
	uint8_t nul[2] = { 'x', 0 };

	v.name = text(f, "HOME");
	env.variables = list;
	env.n_variables = 1;
	f->t->command->environment = &env;
	refused(f, "has no value");
	v.value = text(f, "/");
	v.secret = &secret;
	refused(f, "has a secret");
	v.has_type = 1;
	v.type = MESOS__V1__ENVIRONMENT__VARIABLE__TYPE__SECRET;
	refused(f, "no value");
	v.value = NULL;
	secret.value = &value;
	value.data.data = nul;
	value.data.len = 2;
	refused(f, "NUL");
	v.type = MESOS__V1__ENVIRONMENT__VARIABLE__TYPE__UNKNOWN;
	refused(f, "unknown type");
	v.type = MESOS__V1__ENVIRONMENT__VARIABLE__TYPE__VALUE;
	v.secret = NULL;
	v.value = text(f, "/");
	launched(f);
}

static void check_10_the_container_is_valid(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__ContainerInfo c = MESOS__V1__CONTAINER_INFO__INIT;
	Mesos__V1__ContainerInfo__DockerInfo docker =
		MESOS__V1__CONTAINER_INFO__DOCKER_INFO__INIT;
	Mesos__V1__Parameter p = MESOS__V1__PARAMETER__INIT;
	Mesos__V1__Parameter *params[] = { &p };
	Mesos__V1__Volume v = MESOS__V1__VOLUME__INIT;
	Mesos__V1__Volume *volumes[] = { &v };

	f->t->container = &c;
	c.type = MESOS__V1__CONTAINER_INFO__TYPE__DOCKER;
	refused(f, "needs 'docker'");
	docker.image = text(f, "x");
	c.docker = &docker;
	p.key = text(f, "name");
	p.value = text(f, "n");
	docker.parameters = params;
	docker.n_parameters = 1;
	refused(f, "parameter 'name'");
	docker.n_parameters = 0;
	v.container_path = text(f, "data");
	v.mode = MESOS__V1__VOLUME__MODE__RW;
	c.volumes = volumes;
	c.n_volumes = 1;
	refused(f, "exactly one of");
	v.host_path = text(f, "/x");
	launched(f);
}

static void check_11_limits_need_the_capability(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__TaskInfo__LimitsEntry entry =
		MESOS__V1__TASK_INFO__LIMITS_ENTRY__INIT;
	Mesos__V1__TaskInfo__LimitsEntry *list[] = { &entry };
	Mesos__V1__Value__Scalar v = MESOS__V1__VALUE__SCALAR__INIT;

	entry.key = text(f, "mem");
	entry.value = &v;
	v.value = INFINITY;
	f->t->limits = list;
	f->t->n_limits = 1;
	refused(f, "TASK_RESOURCE_LIMITS");
}

/* A re-registration that says what the agent can do. */
static void with_limits(struct fixture *f)
{
	Butte__Link__ReregisterAgent with = BUTTE__LINK__REREGISTER_AGENT__INIT;
	Mesos__V1__AgentInfo__Capability c =
		MESOS__V1__AGENT_INFO__CAPABILITY__INIT;
	Mesos__V1__AgentInfo__Capability *list[] = { &c };

	c.has_type = 1;
	c.type = MESOS__V1__AGENT_INFO__CAPABILITY__TYPE__TASK_RESOURCE_LIMITS;
	with.capabilities = list;
	with.n_capabilities = 1;
	world_link_down(&f->w, &f->a);
	assert_true(world_reregister(&f->w, &f->a,
		"cpus:4;mem:4096;disk:1000;ports:[31000-31999]", &with));
}

static void check_11_limits_cover_requests(void **state)
{
	static const struct {
		const char *name;
		double limit;
		const char *why; /* NULL: fine */
	} rows[] = {
		{ "mem", 63, "below its request" },
		{ "mem", NAN, "below its request" },
		{ "disk", 100, "only 'cpus' and 'mem'" },
		{ "cpus", 0.5, "below its request" },
		{ "mem", INFINITY, NULL },
	};
	struct fixture *f = *state;
	Mesos__V1__TaskInfo__LimitsEntry entry =
		MESOS__V1__TASK_INFO__LIMITS_ENTRY__INIT;
	Mesos__V1__TaskInfo__LimitsEntry *list[] = { &entry };
	Mesos__V1__Value__Scalar v = MESOS__V1__VALUE__SCALAR__INIT;
	size_t i;

	with_limits(f);
	entry.value = &v;
	f->t->limits = list;
	f->t->n_limits = 1;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		entry.key = text(f, rows[i].name);
		v.value = rows[i].limit;
		if (rows[i].why != NULL)
			refused(f, rows[i].why);
		else
			launched(f);
	}
	f->t = world_task(&f->w, "t2", f->a.id, "cpus:1");
	f->t->limits = list;
	f->t->n_limits = 1;
	refused(f, "requests none");
}

static void check_12_command_or_executor(void **state)
{
	struct fixture *f = *state;

	f->t->command = NULL;
	refused(f, "exactly one of 'command' and 'executor'");
}

static Mesos__V1__ExecutorInfo *executor(struct fixture *f)
{
	Mesos__V1__ExecutorInfo *x = arena_alloc(&f->w.arena, sizeof(*x));

	mesos__v1__executor_info__init(x);
	x->executor_id = arena_alloc(&f->w.arena, sizeof(*x->executor_id));
	mesos__v1__executor_id__init(x->executor_id);
	x->executor_id->value = text(f, "x");
	x->command = f->t->command;
	return x;
}

static void check_13_the_executor_is_valid(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__ExecutorInfo *x = executor(f);
	Mesos__V1__CommandInfo *command = f->t->command;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__DurationInfo d = MESOS__V1__DURATION_INFO__INIT;

	f->t->executor = x;
	refused(f, "exactly one of");
	f->t->command = NULL;
	x->executor_id->value = text(f, "a/b");
	refused(f, "executor id");
	x->executor_id->value = text(f, "x");
	x->has_type = 1;
	x->type = MESOS__V1__EXECUTOR_INFO__TYPE__DEFAULT;
	refused(f, "task groups");
	x->type = MESOS__V1__EXECUTOR_INFO__TYPE__CUSTOM;
	x->command = NULL;
	refused(f, "no 'command'");
	x->command = command;
	id.value = text(f, "another");
	x->framework_id = &id;
	refused(f, "'framework_id'");
	x->framework_id = NULL;
	d.nanoseconds = -1;
	x->shutdown_grace_period = &d;
	refused(f, "shutdown_grace_period");
	d.nanoseconds = 1;
	x->resources = world_res(&f->w, "gpus:1", &x->n_resources);
	halve_gpus(x->resources, x->n_resources);
	refused(f, "Executor's resources");
	x->n_resources = 0; /* may be empty */
	launched(f);
}

static void check_14_task_and_executor_do_not_overlap(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__ExecutorInfo *x = executor(f);

	f->t = world_task(&f->w, "t", f->a.id, "cpus:1;ports:[31000-31001]");
	f->t->executor = x;
	f->t->command = NULL;
	x->resources =
		world_res(&f->w, "cpus:1;ports:[31001-31002]", &x->n_resources);
	refused(f, "use the same 'ports'");
	x->resources =
		world_res(&f->w, "cpus:1;ports:[31002-31003]", &x->n_resources);
	launched(f);
}

static void check_15_the_pool_has_it(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__ExecutorInfo *x = executor(f);

	f->t = world_task(&f->w, "t", f->a.id, "cpus:4.001");
	refused(f, "is left");
	f->t = world_task(&f->w, "t", f->a.id, "cpus:1;ports:[30999-31000]");
	refused(f, "is left");
	f->t = world_task(&f->w, "t", f->a.id, "cpus:3.5");
	f->t->executor = x;
	f->t->command = NULL;
	x->resources = world_res(&f->w, "cpus:1", &x->n_resources);
	refused(f, "is left");
	x->resources = world_res(&f->w, "cpus:0.5", &x->n_resources);
	launched(f);
}

static void check_16_share_cgroups_is_for_groups(void **state)
{
	struct fixture *f = *state;
	Mesos__V1__ContainerInfo c = MESOS__V1__CONTAINER_INFO__INIT;
	Mesos__V1__LinuxInfo linux_info = MESOS__V1__LINUX_INFO__INIT;

	c.type = MESOS__V1__CONTAINER_INFO__TYPE__MESOS;
	c.linux_info = &linux_info;
	linux_info.has_share_cgroups = 1;
	linux_info.share_cgroups = 0;
	f->t->container = &c;
	refused(f, "share_cgroups");
	linux_info.share_cgroups = 1;
	launched(f);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_good_task_is_launched),
		TEST(a_description_is_bounded),
		TEST(check_1_the_id_is_valid),
		TEST(check_2_the_id_is_new),
		TEST(check_2_the_id_is_not_unreachable),
		TEST(check_3_the_agent_is_the_offers),
		TEST(check_4_and_5_times_are_not_negative),
		TEST(check_6_a_check_is_valid),
		TEST(check_7_a_health_check_is_valid),
		TEST(check_8_resources_are_there_and_valid),
		TEST(check_8_volumes_have_rules),
		TEST(check_9_the_environment_is_valid),
		TEST(check_10_the_container_is_valid),
		TEST(check_11_limits_need_the_capability),
		TEST(check_11_limits_cover_requests),
		TEST(check_12_command_or_executor),
		TEST(check_13_the_executor_is_valid),
		TEST(check_14_task_and_executor_do_not_overlap),
		TEST(check_15_the_pool_has_it),
		TEST(check_16_share_cgroups_is_for_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
