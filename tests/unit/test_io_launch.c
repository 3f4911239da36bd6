/* test_io_launch.c - agent/io_launch.h with real processes and cgroups. */
#include "agent/io_launch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "agent/agent.h"
#include "agent/io_cgroup.h"
#include "agent/io_sandbox.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

#define CONTAINERS_MAX 400

struct seen {
	char id[64];
	bool started, failed, exited;
	int pid;
	uint64_t ticks;
	struct agent_exit how;
	char text[256];
};

struct world {
	struct event_base *base;
	struct cgroup_host *cgroup;
	struct launch *l;
	char dir[64];
	int root;
	struct seen seen[CONTAINERS_MAX];
	int n_seen, n_over, want;
};

static struct seen *find(struct world *w, const char *id)
{
	int i;

	for (i = 0; i < w->n_seen; i++) {
		if (strcmp(w->seen[i].id, id) == 0)
			return &w->seen[i];
	}
	assert_true(w->n_seen < CONTAINERS_MAX);
	(void)snprintf(w->seen[w->n_seen].id, sizeof(w->seen[0].id), "%s", id);
	return &w->seen[w->n_seen++];
}

static void on_started(void *ctx, const char *id, int pid, uint64_t ticks)
{
	struct seen *s = find(ctx, id);

	assert_false(s->started || s->failed || s->exited);
	s->started = true;
	s->pid = pid;
	s->ticks = ticks;
}

static void over(struct world *w)
{
	if (++w->n_over >= w->want)
		(void)event_base_loopbreak(w->base);
}

static void on_failed(void *ctx, const char *id, const char *text)
{
	struct seen *s = find(ctx, id);

	assert_false(s->started || s->failed || s->exited);
	s->failed = true;
	(void)snprintf(s->text, sizeof(s->text), "%s", text);
	over(ctx);
}

static void on_exited(void *ctx, const char *id, const struct agent_exit *how)
{
	struct seen *s = find(ctx, id);

	assert_false(s->failed || s->exited);
	s->exited = true;
	s->how = *how;
	s->how.mem_stat = NULL;
	over(ctx);
}

static const struct launch_ops ops = { on_started, on_failed, on_exited };

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct cgroup_config cfg = { 0 };
	char name[64];
	struct err e = { 0 };

	(void)snprintf(name, sizeof(name), "butte-test-l%d", (int)getpid());
	cfg.root = name;
	if (geteuid() != 0 || cgroup_open(&w->cgroup, &cfg, &e) != 0)
		w->cgroup = cgroup_open_none();
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/butte-test-l-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->root = sandbox_root_open(w->dir, &e);
	assert_true(w->root >= 0);
	w->base = event_base_new();
	w->l = launch_new(w->base, w->root, w->cgroup, &ops, w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char cmd[128];

	launch_free(w->l);
	cgroup_close(w->cgroup);
	event_base_free(w->base);
	(void)close(w->root);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", w->dir);
	assert_int_equal(system(cmd), 0);
	free(w);
	return 0;
}

static void needs_cgroups(struct world *w)
{
	if (cgroup_kind(w->cgroup) == CGROUP_NONE)
		skip();
}

static void start_argv(struct world *w, const char *id, const char *value,
	const char *const *argv, const char *user)
{
	const char *const env[] = { "PATH=/usr/bin:/bin", "A=b c", NULL };
	char dir[256];
	struct agent_launch start = {
		.container_id = id,
		.directory = dir,
		.user = user,
		.shell = argv == NULL,
		.value = value,
		.argv = argv,
		.env = env,
		.limits = { .cpu_milli = 100, .mem_mb = 32 },
	};

	(void)snprintf(dir, sizeof(dir),
		"slaves/a/frameworks/f/executors/e-%s/runs/%s", id, id);
	launch_start(w->l, &start);
}

static void start(struct world *w, const char *id, const char *command)
{
	start_argv(w, id, command, NULL, NULL);
}

/* Runs until `n` containers are over, or ten seconds have passed. */
static void run_until(struct world *w, int n)
{
	struct timeval limit = { 10, 0 };

	w->want = n;
	if (w->n_over < n) {
		assert_int_equal(event_base_loopexit(w->base, &limit), 0);
		(void)event_base_dispatch(w->base);
	}
	assert_int_equal(w->n_over, n);
}

static void run_for(struct world *w, long ms)
{
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };

	w->want = INT32_MAX;
	assert_int_equal(event_base_loopexit(w->base, &limit), 0);
	(void)event_base_dispatch(w->base);
}

static const char *output(struct world *w, const char *id, const char *name)
{
	static char text[4096];
	char path[512];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path),
		"%s/slaves/a/frameworks/f/executors/e-%s/runs/latest/%s",
		w->dir, id, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	(void)close(fd);
	return text;
}

static void test_environment(void **state)
{
	struct world *w = *state;
	const char *text;

	start(w, "c1",
		"env | sort; pwd; echo $$; ls -l /proc/self/fd | wc -l; "
		"cut -d' ' -f1,6 /proc/$$/stat; cat; umask; exit 3");
	start(w, "c2", "echo out; echo err >&2; kill -9 $$");
	run_until(w, 2);
	assert_true(find(w, "c1")->started);
	assert_true(find(w, "c1")->how.known);
	assert_int_equal(find(w, "c1")->how.status, 3 << 8);
	assert_false(find(w, "c1")->how.oom);
	assert_int_equal(find(w, "c2")->how.status, 9);
	text = output(w, "c1", "stdout");
	assert_non_null(strstr(text, "A=b c\n"));
	assert_non_null(strstr(text, "/runs/c1\n"));
	/* 0, 1, 2 and that of ls; a line for the total. */
	assert_non_null(strstr(text, "\n5\n"));
	assert_non_null(strstr(text, "0022\n"));
	assert_null(strstr(text, "HOME="));
	assert_string_equal(output(w, "c2", "stdout"), "out\n");
	assert_string_equal(output(w, "c2", "stderr"), "err\n");
}

static void test_argv(void **state)
{
	struct world *w = *state;
	const char *const echo[] = { "echo", "a b", "$HOME", NULL };
	const char *const none[] = { "x", NULL };

	start_argv(w, "c1", "echo", echo, NULL);
	start_argv(w, "c2", "/nowhere/butte-executor", none, NULL);
	start_argv(w, "c3", "no-such-program", none, NULL);
	start_argv(w, "c4", "/etc/passwd", none, NULL);
	run_until(w, 4);
	assert_string_equal(output(w, "c1", "stdout"), "a b $HOME\n");
	assert_true(find(w, "c2")->failed);
	assert_string_equal(find(w, "c2")->text,
		"exec '/nowhere/butte-executor': No such file or directory");
	assert_string_equal(find(w, "c3")->text,
		"exec 'no-such-program': No such file or directory");
	assert_string_equal(
		find(w, "c4")->text, "exec '/etc/passwd': Permission denied");
}

static void test_user(void **state)
{
	struct world *w = *state;
	struct stat st;
	char path[256];

	if (geteuid() != 0)
		skip();
	start_argv(
		w, "c1", "id -un; id -gn; id -G; touch mine", NULL, "nobody");
	start_argv(w, "c2", "true", NULL, "no-such-user");
	run_until(w, 2);
	assert_string_equal(
		output(w, "c1", "stdout"), "nobody\nnogroup\n65534\n");
	assert_int_equal(find(w, "c1")->how.status, 0);
	assert_string_equal(
		find(w, "c2")->text, "user 'no-such-user': no such user");
	(void)snprintf(path, sizeof(path),
		"%s/slaves/a/frameworks/f/executors/e-c1/runs/c1", w->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(st.st_uid, 65534);
}

/* Whether a process that shows `mark` in its command line lives. */
static bool lives(const char *mark)
{
	char cmd[256];
	int status;

	(void)snprintf(cmd, sizeof(cmd),
		"pgrep -f '[b]utte-mark-%s' >/dev/null", mark);
	status = system(cmd);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_destroy_kills_all(void **state)
{
	struct world *w = *state;

	needs_cgroups(w);
	/* Ignores TERM; a daemonised grandchild; a fork bomb. */
	start(w, "c1", "trap '' TERM; sleep 1000; : butte-mark-ign");
	start(w, "c2",
		"(setsid sh -c 'sleep 1000; : butte-mark-daemon' &) ; sleep 1000");
	start(w, "c3", "b() { b & b; }; b; : butte-mark-bomb");
	run_for(w, 700);
	assert_true(find(w, "c1")->started && find(w, "c2")->started &&
		find(w, "c3")->started);
	assert_true(lives("daemon"));
	launch_destroy(w->l, "c1");
	launch_destroy(w->l, "c1");
	launch_destroy(w->l, "c2");
	launch_destroy(w->l, "c3");
	run_until(w, 3);
	assert_int_equal(find(w, "c1")->how.status, SIGKILL);
	assert_false(lives("ign"));
	assert_false(lives("daemon"));
	assert_false(lives("bomb"));
	launch_destroy(w->l, "c1"); /* over: nothing happens */
}

/* What an executor leaves behind goes with it. */
static void test_leftovers(void **state)
{
	struct world *w = *state;

	needs_cgroups(w);
	start(w, "c1",
		"(setsid sh -c 'sleep 1000; : butte-mark-left' &); sleep 0.1");
	run_until(w, 1);
	assert_int_equal(find(w, "c1")->how.status, 0);
	assert_false(lives("left"));
}

static void test_destroy_while_starting(void **state)
{
	struct world *w = *state;

	start(w, "c1", "sleep 1000");
	launch_destroy(w->l, "c1");
	run_until(w, 1);
	assert_true(find(w, "c1")->exited);
	assert_int_equal(find(w, "c1")->how.status, SIGKILL);
}

static void test_oom(void **state)
{
	struct world *w = *state;

	needs_cgroups(w);
	/* A child is killed; its parent would live on. */
	start(w, "c1",
		"sh -c 'exec dd if=/dev/zero of=/dev/null bs=100M count=1'; "
		"echo survived; sleep 1000");
	run_until(w, 1);
	assert_true(find(w, "c1")->how.oom);
	assert_int_equal(find(w, "c1")->how.mem_limit_bytes, 32 << 20);
	assert_true(find(w, "c1")->how.mem_max_bytes > 25 << 20);
}

static bool known_none(void *ctx, const char *id)
{
	(void)ctx;
	return strcmp(id, "c1") == 0;
}

/* The agent dies and comes back: containers go on, are adopted, or swept. */
static void test_restart(void **state)
{
	struct world *w = *state;
	struct agent_adopt adopt = { .container_id = "c1" };
	struct agent_adopt lost = { .container_id = "c9" };
	struct agent_adopt other = { .container_id = "c8" };
	int status;

	needs_cgroups(w);
	start(w, "c1", "sleep 1000");
	start(w, "c2", "sleep 1000; : butte-mark-swept");
	run_for(w, 500);
	assert_true(find(w, "c1")->started && find(w, "c2")->started);
	launch_free(w->l);
	assert_true(lives("swept"));
	assert_int_equal(kill(find(w, "c1")->pid, 0), 0);

	w->l = launch_new(w->base, w->root, w->cgroup, &ops, w);
	adopt.pid = find(w, "c1")->pid;
	adopt.start_ticks = find(w, "c1")->ticks;
	other.pid = getpid(); /* reused by another */
	other.start_ticks = 1;
	launch_adopt(w->l, &adopt);
	launch_adopt(w->l, &lost);
	launch_adopt(w->l, &other);
	launch_sweep(w->l, known_none, NULL);
	run_until(w, 2);
	assert_true(find(w, "c9")->exited && find(w, "c8")->exited);
	assert_false(find(w, "c9")->how.known);
	run_for(w, 300);
	assert_false(lives("swept"));
	assert_false(find(w, "c1")->exited);
	launch_destroy(w->l, "c1");
	run_until(w, 3);
	assert_true(find(w, "c1")->exited);
	/* c2's shell is still ours to reap; nobody waits for swept ones. */
	while (waitpid(-1, &status, WNOHANG) > 0)
		continue;
}

static void test_limits_change(void **state)
{
	struct world *w = *state;
	struct agent_resize resize = { .container_id = "c1",
		.limits = { .cpu_milli = 2000, .mem_mb = 96 } };

	needs_cgroups(w);
	start(w, "c1",
		"sleep 0.4; cat /sys/fs/cgroup/memory$(sed -n "
		"'s/.*:memory://p' /proc/$$/cgroup)/memory.limit_in_bytes");
	run_for(w, 200);
	launch_resize(w->l, &resize);
	run_until(w, 1);
	if (cgroup_kind(w->cgroup) == CGROUP_V1)
		assert_string_equal(output(w, "c1", "stdout"), "100663296\n");
}

/* How fast; no bound is checked, as the machine may be busy. */
static void test_many(void **state)
{
	struct world *w = *state;
	const char *const argv[] = { "true", NULL };
	struct timespec a, b;
	char id[64];
	double s;
	int i;

	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0; i < 300; i++) {
		(void)snprintf(id, sizeof(id), "m%d", i);
		start_argv(w, id, "/bin/true", argv, NULL);
	}
	run_until(w, 300);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	for (i = 0; i < 300; i++)
		assert_true(w->seen[i].exited && w->seen[i].how.status == 0);
	s = (double)(b.tv_sec - a.tv_sec) +
		(double)(b.tv_nsec - a.tv_nsec) / 1e9;
	print_message("# 300 containers in %.3f s: %.0f/s\n", s, 300 / s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_argv, setup, teardown),
		cmocka_unit_test_setup_teardown(test_user, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_destroy_kills_all, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_leftovers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_destroy_while_starting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_oom, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_limits_change, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
