/* test_io_cgroup.c - agent/io_cgroup.h on real cgroups, where there are any. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/agent.h"
#include "agent/io_cgroup.h"
#include "agent/io_cgroup_fs.h"
#include "common/err.h"

static char root_name[64];

static struct cgroup_host *open_host(const char *v2_mount, bool cfs)
{
	struct cgroup_config cfg = {
		.root = root_name, .cfs = cfs, .v2_mount = v2_mount
	};
	struct cgroup_host *h = NULL;
	struct err e = { 0 };

	if (geteuid() != 0)
		skip();
	if (cgroup_open(&h, &cfg, &e) != 0) {
		print_message("# no cgroups here: %s\n", e.text);
		skip();
	}
	return h;
}

static void pause_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&ts, NULL);
}

/* Kills until nothing is left; false after ten seconds. */
static bool destroy(struct cgroup_host *h, const char *name)
{
	int i;

	for (i = 0; i < 2000; i++) {
		if (cgroup_destroy(h, name, 0) == 0)
			return true;
		pause_ms(5);
	}
	return false;
}

/* Moves the calling process. */
static void enter(struct cgroup_host *h, const char *name)
{
	struct cgroup_door doors[CGROUP_DOORS_MAX];
	int i, fd, n = cgroup_doors(h, name, doors);

	for (i = 0; i < n; i++) {
		fd = openat(doors[i].dir, doors[i].path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) != 1)
			_exit(1);
		(void)close(fd);
	}
}

/* A process in the container, if h is not NULL. */
static pid_t sleeper(struct cgroup_host *h, const char *name)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		/* A failed test leaves nobody behind. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (h != NULL)
			enter(h, name);
		(void)!write(ready[1], "r", 1);
		(void)signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

/* Where a v1 file of the container is; NULL if not on v1. */
static const char *v1_path(const char *controller, const char *rest)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/%s/%s",
		controller, root_name, rest);
	return path;
}

static uint64_t v1_value(const char *controller, const char *file)
{
	uint64_t v = 0;
	int r = cgroup_fs_get_u64(
		AT_FDCWD, v1_path(controller, "c1"), file, &v);

	assert_int_equal(r, 0);
	return v;
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} cases[] = {
		{ "a", true },
		{ "0b1c9d52-7f8e-4f7e-9d65-6a6a2a3f9f10", true },
		{ "x_y", true },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ "a/b", false },
		{ "a b", false },
		{ "x.service", false },
	};
	char longest[66];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cgroup_name_ok(cases[i].name), cases[i].ok);
	memset(longest, 'a', 65);
	longest[65] = '\0';
	assert_false(cgroup_name_ok(longest));
	longest[64] = '\0';
	assert_true(cgroup_name_ok(longest));
}

/* By the text of /proc/PID/cgroup, on v1 and v2. */
static void test_of_process(void **state)
{
	struct cgroup_host *h = open_host(NULL, true);
	static const struct {
		const char *before, *after, *want;
	} cases[] = {
		{ "0::/", "/c1/leaf\n", "c1" },
		{ "0::/up/", "/c1\n", "c1" },
		{ "3:cpu:/\n2:memory:/", "/c-2\n1:name=x:/\n", "c-2" },
		{ "2:memory:/", "\n", "" },
		{ "2:memory:/", "/\n", "" },
		{ "2:memory:/x", "/c1\n", "" },
		{ "2:memory:/", "/c 1\n", "" },
		{ "", "", "" },
	};
	char name[CGROUP_NAME_SIZE], text[256];
	const char *got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s%s%s", cases[i].before,
			root_name, cases[i].after);
		got = cgroup_of_process(h, text, name);
		assert_string_equal(got, cases[i].want);
	}
	cgroup_close(h);
	h = cgroup_open_none();
	assert_null(cgroup_of_process(h, "0::/\n", name));
	cgroup_close(h);
}

static void test_bad_roots(void **state)
{
	static const char *const bad[] = { "", "/", "/a", "a/", "a//b", "..",
		"a/../b", "a b" };
	struct cgroup_host *h = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cgroup_config cfg = { .root = bad[i] };
		struct err e = { 0 };

		assert_int_equal(cgroup_open(&h, &cfg, &e), -1);
		assert_int_equal(e.code, ERR_INVALID);
		assert_null(h);
	}
}

static void test_v1_values(void **state)
{
	struct cgroup_host *h = open_host(NULL, true);
	struct agent_limits limits = { .cpu_milli = 1500, .mem_mb = 64 };
	struct err e = { 0 };
	struct stat st;

	(void)state;
	if (cgroup_kind(h) != CGROUP_V1) {
		cgroup_close(h);
		skip();
	}
	assert_int_equal(cgroup_make(h, "c1", &limits, &e), 0);
	assert_int_equal(v1_value("cpu", "cpu.shares"), 1536);
	assert_int_equal(v1_value("cpu", "cpu.cfs_quota_us"), 150000);
	assert_int_equal(
		v1_value("memory", "memory.soft_limit_in_bytes"), 64 << 20);
	assert_int_equal(v1_value("memory", "memory.limit_in_bytes"), 64 << 20);

	/* Lowered: the soft limit follows, the hard one stays. */
	limits.mem_mb = 10;
	limits.cpu_milli = 1;
	assert_int_equal(cgroup_limit(h, "c1", &limits, &e), 0);
	assert_int_equal(v1_value("cpu", "cpu.shares"), 2);
	assert_int_equal(v1_value("cpu", "cpu.cfs_quota_us"), 1000);
	assert_int_equal(
		v1_value("memory", "memory.soft_limit_in_bytes"), 32 << 20);
	assert_int_equal(v1_value("memory", "memory.limit_in_bytes"), 64 << 20);

	/* Raised: both. */
	limits.mem_mb = 128;
	assert_int_equal(cgroup_limit(h, "c1", &limits, &e), 0);
	assert_int_equal(
		v1_value("memory", "memory.limit_in_bytes"), 128 << 20);

	assert_int_equal(cgroup_make(h, "c1", &limits, &e), -1);
	assert_int_equal(e.code, ERR_EXISTS);
	assert_true(destroy(h, "c1"));
	assert_int_not_equal(stat(v1_path("memory", "c1"), &st), 0);
	cgroup_close(h);
	assert_int_not_equal(stat(v1_path("memory", ""), &st), 0);
}

static void test_refused_values_leave_nothing(void **state)
{
	struct cgroup_host *h = open_host(NULL, false);
	struct agent_limits limits = { .cpu_milli = 1000,
		.mem_mb = INT64_MAX >> 20 };
	struct err e = { 0 };
	struct stat st;

	(void)state;
	if (cgroup_kind(h) == CGROUP_V1 &&
		cgroup_make(h, "c1", &limits, &e) != 0)
		assert_int_not_equal(stat(v1_path("memory", "c1"), &st), 0);
	else
		assert_true(destroy(h, "c1"));
	cgroup_close(h);
}

static void test_two_agents(void **state)
{
	struct cgroup_host *h = open_host(NULL, false);
	struct cgroup_config cfg = { .root = root_name };
	struct cgroup_host *other = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(cgroup_open(&other, &cfg, &e), -1);
	assert_int_equal(e.code, ERR_CONFLICT);
	assert_non_null(strstr(e.text, "--cgroups_root"));
	cgroup_close(h);
}

static void seen(void *ctx, const char *name)
{
	int *n = ctx;

	if (strcmp(name, "c1") == 0)
		(*n)++;
}

static void destroys_all(struct cgroup_host *h)
{
	struct agent_limits limits = { .cpu_milli = 1000, .mem_mb = 64 };
	struct err e = { 0 };
	int found = 0, pids[8];
	pid_t child[3];
	size_t i;

	assert_int_equal(cgroup_make(h, "c1", &limits, &e), 0);
	for (i = 0; i < 3; i++) {
		child[i] = sleeper(h, "c1");
	}
	assert_int_equal(cgroup_pids(h, "c1", pids, 8), 3);
	cgroup_list(h, seen, &found);
	assert_true(found >= 1);
	assert_true(destroy(h, "c1"));
	for (i = 0; i < 3; i++) {
		int status = 0;

		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
	}
	found = 0;
	cgroup_list(h, seen, &found);
	assert_int_equal(found, 0);
	assert_int_equal(cgroup_destroy(h, "c1", 0), 0);
	cgroup_close(h);
}

static void test_destroy(void **state)
{
	(void)state;
	destroys_all(open_host(NULL, false));
}

/* A task of root's can make cgroups in its own, freeze itself, and leave some
 * hierarchies. */
static void test_hostile_root_task(void **state)
{
	struct cgroup_host *h = open_host(NULL, false);
	struct agent_limits limits = { .cpu_milli = 1000, .mem_mb = 64 };
	char text[32];
	struct err e = { 0 };
	pid_t nested, left;
	int status;

	(void)state;
	if (cgroup_kind(h) != CGROUP_V1) {
		cgroup_close(h);
		skip();
	}
	assert_int_equal(cgroup_make(h, "c1", &limits, &e), 0);
	nested = sleeper(h, "c1");
	left = sleeper(h, "c1");
	assert_int_equal(mkdir(v1_path("freezer", "c1/x"), 0755), 0);
	assert_int_equal(mkdir(v1_path("freezer", "c1/x/y"), 0755), 0);
	assert_int_equal(mkdir(v1_path("memory", "c1/m"), 0755), 0);
	assert_int_equal(
		cgroup_fs_put_u64(AT_FDCWD, v1_path("freezer", "c1/x/y"),
			"cgroup.procs", (uint64_t)nested),
		0);
	assert_int_equal(cgroup_fs_put(AT_FDCWD, v1_path("freezer", "c1/x/y"),
				 "freezer.state", "FROZEN"),
		0);
	assert_int_equal(cgroup_fs_put_u64(AT_FDCWD, v1_path("memory", "c1/m"),
				 "cgroup.procs", (uint64_t)nested),
		0);
	(void)snprintf(text, sizeof(text), "%d", (int)left);
	assert_int_equal(cgroup_fs_put(AT_FDCWD, "/sys/fs/cgroup/freezer",
				 "cgroup.procs", text),
		0);
	assert_true(destroy(h, "c1"));
	assert_int_equal(waitpid(nested, &status, 0), nested);
	assert_int_equal(waitpid(left, &status, 0), left);
	cgroup_close(h);
}

/* A v2 mount without controllers is on most v1 machines, too. */
static void test_v2_destroy(void **state)
{
	static const char *const mounts[] = { "/sys/fs/cgroup/unified",
		"/sys/fs/cgroup" };
	char procs[128];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		(void)snprintf(
			procs, sizeof(procs), "%s/cgroup.procs", mounts[i]);
		if (access(procs, R_OK) == 0) {
			destroys_all(open_host(mounts[i], false));
			return;
		}
	}
	skip();
}

/* The tree a real v2 mount would have, as plain files: what is written where.
 */
static void put_file(const char *dir, const char *name)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	(void)close(fd);
}

static void test_v2_values(void **state)
{
	char mount[] = "/tmp/butte-test-v2-XXXXXX";
	char dir[256], text[64];
	struct cgroup_config cfg = { .root = root_name, .cfs = true };
	struct agent_limits limits = { .cpu_milli = 2500, .mem_mb = 16 };
	struct cgroup_host *h = NULL;
	struct err e = { 0 };

	(void)state;
	assert_non_null(mkdtemp(mount));
	cfg.v2_mount = mount;
	assert_int_equal(cgroup_open(&h, &cfg, &e), 0);
	/* No files: as without controllers, nothing is limited. */
	assert_int_equal(cgroup_make(h, "c1", &limits, &e), 0);
	(void)snprintf(dir, sizeof(dir), "%s/%s/c1", mount, root_name);
	put_file(dir, "cpu.weight");
	put_file(dir, "cpu.max");
	put_file(dir, "memory.low");
	put_file(dir, "memory.max");
	assert_int_equal(cgroup_limit(h, "c1", &limits, &e), 0);
	assert_true(cgroup_fs_get(AT_FDCWD, dir, "cpu.weight", text, 64) > 0);
	assert_string_equal(text, "250");
	assert_true(cgroup_fs_get(AT_FDCWD, dir, "cpu.max", text, 64) > 0);
	assert_string_equal(text, "250000 100000");
	assert_true(cgroup_fs_get(AT_FDCWD, dir, "memory.max", text, 64) > 0);
	assert_string_equal(text, "33554432");
	cgroup_close(h);
	(void)snprintf(dir, sizeof(dir), "rm -r %s", mount);
	assert_int_equal(system(dir), 0);
}

/* A child that takes 64 MB in a container of 32. */
static void test_oom(void **state)
{
	struct cgroup_host *h = open_host(NULL, false);
	struct agent_limits limits = { .cpu_milli = 1000, .mem_mb = 32 };
	struct cgroup_memory memory;
	struct err e = { 0 };
	uint64_t token = 0;
	int watch, status, i;
	pid_t pid;

	(void)state;
	assert_int_equal(cgroup_make(h, "c1", &limits, &e), 0);
	watch = cgroup_watch(h, "c1", 42);
	pid = fork();
	if (pid == 0) {
		volatile char *p = malloc(64 << 20);

		enter(h, "c1");
		for (i = 0; i < 64 << 20; i += 4096)
			p[i] = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(watch >= 0);
	assert_true(cgroup_oom_next(h, &token));
	assert_int_equal(token, 42);
	assert_true(cgroup_oom_killed(h, "c1"));
	cgroup_memory_read(h, "c1", &memory);
	assert_true(memory.oom_killed);
	assert_int_equal(memory.limit_bytes, 32 << 20);
	assert_true(memory.max_bytes > 30 << 20);
	assert_non_null(memory.stat);
	free(memory.stat);
	(void)close(watch);
	assert_true(destroy(h, "c1"));
	cgroup_close(h);
}

static void test_none(void **state)
{
	struct cgroup_host *h = cgroup_open_none();
	struct agent_limits limits = { .cpu_milli = 1000, .mem_mb = 64 };
	struct err e = { 0 };
	int ready[2], status, i;
	char c;
	pid_t pid;

	(void)state;
	assert_int_equal(cgroup_kind(h), CGROUP_NONE);
	assert_int_equal(cgroup_make(h, "c1", &limits, &e), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		(void)setsid();
		(void)sleeper(NULL, NULL);
		if (fork() == 0) { /* own session, but our child */
			(void)setsid();
			(void)!write(ready[1], "r", 1);
			for (;;)
				pause();
		}
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(cgroup_destroy(h, "c1", pid), 3);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (i = 0; i < 200 && cgroup_destroy(h, "c1", pid) != 0; i++)
		pause_ms(5);
	assert_int_equal(cgroup_destroy(h, "c1", pid), 0);
	cgroup_close(h);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_of_process),
		cmocka_unit_test(test_bad_roots),
		cmocka_unit_test(test_v1_values),
		cmocka_unit_test(test_refused_values_leave_nothing),
		cmocka_unit_test(test_two_agents),
		cmocka_unit_test(test_destroy),
		cmocka_unit_test(test_hostile_root_task),
		cmocka_unit_test(test_v2_destroy),
		cmocka_unit_test(test_v2_values),
		cmocka_unit_test(test_oom),
		cmocka_unit_test(test_none),
	};

	(void)snprintf(
		root_name, sizeof(root_name), "butte-test-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
