/*
 * bench_launch.c - how fast containers start and end, with sandboxes, cgroups
 * and everything, but without master, executor and disk records.
 *
 * Usage: bench_launch [CONTAINERS [RESIDENT_MB]]: the second makes the process
 * as fat as an agent with many tasks, as that is what fork() copies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "agent/agent.h"
#include "agent/io_cgroup.h"
#include "agent/io_launch.h"
#include "agent/io_sandbox.h"
#include "common/err.h"
#include "common/mem.h"

struct bench {
	struct event_base *base;
	struct launch *l;
	int left;
	double first_started_s;
};

static double now_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double cpu_s(int who)
{
	struct rusage u;

	(void)getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void on_started(void *ctx, const char *id, int pid, uint64_t ticks)
{
	struct bench *b = ctx;

	(void)id, (void)pid, (void)ticks;
	if (b->first_started_s == 0)
		b->first_started_s = now_s();
}

static void on_failed(void *ctx, const char *id, const char *text)
{
	(void)ctx;
	(void)fprintf(stderr, "%s: %s\n", id, text);
	exit(1);
}

static void on_exited(void *ctx, const char *id, const struct agent_exit *how)
{
	struct bench *b = ctx;

	(void)id, (void)how;
	if (--b->left == 0)
		(void)event_base_loopbreak(b->base);
}

static void run(struct bench *b, const char *what, int n)
{
	static const char *const argv[] = { "true", NULL };
	static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };
	static int serial;
	double begin = now_s();
	double self = cpu_s(RUSAGE_SELF), children = cpu_s(RUSAGE_CHILDREN);
	double s;
	int i;

	b->left = n;
	b->first_started_s = 0;
	for (i = 0; i < n; i++) {
		char id[32], dir[128];
		struct agent_launch start = { .container_id = id,
			.directory = dir,
			.value = "/bin/true",
			.argv = argv,
			.env = env,
			.limits = { .cpu_milli = 100, .mem_mb = 32 } };

		(void)snprintf(id, sizeof(id), "b%d", serial++);
		(void)snprintf(dir, sizeof(dir),
			"slaves/a/frameworks/f/executors/%s/runs/%s", id, id);
		launch_start(b->l, &start);
	}
	(void)event_base_dispatch(b->base);
	s = now_s() - begin;
	(void)printf("%s: %.0f containers/s\n", what, n / s);
	(void)printf("%s: %.2f ms until the first runs\n", what,
		(b->first_started_s - begin) * 1e3);
	(void)printf("%s: %.3f ms cpu here, %.3f ms in children, each\n", what,
		(cpu_s(RUSAGE_SELF) - self) / n * 1e3,
		(cpu_s(RUSAGE_CHILDREN) - children) / n * 1e3);
}

int main(int argc, char **argv)
{
	static const struct launch_ops ops = { on_started, on_failed,
		on_exited };
	int n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 500;
	size_t mb = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	char root_name[64], dir[] = "/tmp/butte-bench-XXXXXX", cmd[128];
	struct cgroup_config cfg = { .root = root_name };
	struct cgroup_host *cgroup = NULL;
	struct bench b = { 0 };
	struct err e = { 0 };
	char *fat = xmalloc((mb << 20) + 1);
	int root;

	memset(fat, 1, mb << 20);
	(void)snprintf(
		root_name, sizeof(root_name), "butte-bench-%d", (int)getpid());
	if (cgroup_open(&cgroup, &cfg, &e) != 0) {
		(void)printf("# no cgroups: %s\n", e.text);
		cgroup = cgroup_open_none();
	}
	if (mkdtemp(dir) == NULL || (root = sandbox_root_open(dir, &e)) < 0)
		return 1;
	b.base = event_base_new();
	b.l = launch_new(b.base, root, cgroup, &ops, &b);
	run(&b, "one", 1);
	run(&b, "many", n);
	launch_free(b.l);
	cgroup_close(cgroup);
	event_base_free(b.base);
	(void)close(root);
	free(fat);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd) == 0 ? 0 : 1;
}
