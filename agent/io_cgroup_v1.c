/*
 * io_cgroup_v1.c - see io_cgroup.h.
 *
 * A container is one directory per hierarchy. The freezer is what it is ended
 * by: frozen tasks can't fork, and SIGKILL takes them when they thaw. Tasks
 * that run as root can leave a hierarchy, so what keeps a directory of another
 * one busy is killed too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/io_cgroup_fs.h"
#include "agent/io_cgroup_ops.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/mem.h"

#define FREEZE_POLLS   100
#define FREEZE_WAIT_US 500

static int value_failed(
	const char *name, const char *file, uint64_t v, struct err *e)
{
	return err_set(e, ERR_IO, "cgroup '%s': write %llu to %s: %s", name,
		(unsigned long long)v, file, strerror(errno));
}

static int put(
	int dir, const char *name, const char *file, uint64_t v, struct err *e)
{
	if (cgroup_fs_put_u64(dir, name, file, v) != 0)
		return value_failed(name, file, v, e);
	return 0;
}

static int cpu_limit(struct cgroup_host *h, const char *name,
	const struct agent_limits *limits, struct err *e)
{
	int fd = h->fd[CGROUP_CPU];
	int64_t shares = limits->cpu_milli * 1024 / 1000;

	if (fd < 0)
		return 0;
	if (put(fd, name, "cpu.shares", shares < 2 ? 2 : (uint64_t)shares, e) !=
		0)
		return -1;
	if (!h->cfs)
		return 0;
	if (put(fd, name, "cpu.cfs_period_us", CGROUP_CFS_PERIOD_US, e) != 0)
		return -1;
	return put(
		fd, name, "cpu.cfs_quota_us", cgroup_cfs_quota_us(limits), e);
}

/* Raising goes from the outer limit (memory + swap) in, the first setting from
 * the inner one out: swap's may never be below memory's. */
static int mem_hard_limit(struct cgroup_host *h, const char *name,
	uint64_t bytes, bool fresh, struct err *e)
{
	static const char swap[] = "memory.memsw.limit_in_bytes";
	static const char mem[] = "memory.limit_in_bytes";
	int fd = h->fd[CGROUP_MEMORY];

	if (h->limit_swap && !fresh && put(fd, name, swap, bytes, e) != 0)
		return -1;
	if (put(fd, name, mem, bytes, e) != 0)
		return -1;
	if (h->limit_swap && fresh)
		return put(fd, name, swap, bytes, e);
	return 0;
}

static int mem_limit(struct cgroup_host *h, const char *name,
	const struct agent_limits *limits, bool fresh, struct err *e)
{
	int fd = h->fd[CGROUP_MEMORY];
	uint64_t bytes = cgroup_mem_bytes(limits);
	uint64_t now = 0;

	if (fd < 0)
		return 0;
	if (put(fd, name, "memory.soft_limit_in_bytes", bytes, e) != 0)
		return -1;
	if (!fresh &&
		cgroup_fs_get_u64(fd, name, "memory.limit_in_bytes", &now) ==
			0 &&
		now >= bytes)
		return 0;
	return mem_hard_limit(h, name, bytes, fresh, e);
}

static void remove_all(struct cgroup_host *h, const char *name)
{
	size_t i;

	for (i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (h->own[i])
			(void)unlinkat(h->fd[i], name,
				AT_REMOVEDIR); /* made by us just now */
	}
}

static int v1_make(struct cgroup_host *h, const char *name,
	const struct agent_limits *limits, struct err *e)
{
	int fd = h->fd[CGROUP_PIDS];
	size_t i;

	for (i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (!h->own[i] || mkdirat(h->fd[i], name, 0755) == 0)
			continue;
		err_set(e, errno == EEXIST ? ERR_EXISTS : ERR_IO,
			"cgroup '%s' of %s: mkdir: %s", name,
			cgroup_controller_names[i], strerror(errno));
		while (i-- > 0) {
			if (h->own[i])
				(void)unlinkat(h->fd[i], name,
					AT_REMOVEDIR); /* made just now */
		}
		return -1;
	}
	if (cpu_limit(h, name, limits, e) != 0 ||
		mem_limit(h, name, limits, true, e) != 0 ||
		(fd >= 0 &&
			put(fd, name, "pids.max", CONTAINER_PIDS_MAX, e) !=
				0)) {
		remove_all(h, name);
		return -1;
	}
	return 0;
}

static int v1_doors(
	const struct cgroup_host *h, const char *name, struct cgroup_door *ret)
{
	int i, n = 0;

	for (i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (!h->own[i])
			continue;
		ret[n].dir = h->fd[i];
		(void)snprintf(ret[n].path, sizeof(ret[n].path), "%s/tasks",
			name); /* names are short */
		n++;
	}
	return n;
}

static int v1_limit(struct cgroup_host *h, const char *name,
	const struct agent_limits *limits, struct err *e)
{
	if (cpu_limit(h, name, limits, e) != 0)
		return -1;
	return mem_limit(h, name, limits, false, e);
}

/* The kernel signals the eventfd before it kills. */
static int v1_watch(struct cgroup_host *h, const char *name)
{
	char path[CGROUP_PATH_MAX];
	char line[64];
	int fd = h->fd[CGROUP_MEMORY];
	int efd, control, r;

	if (fd < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/memory.oom_control",
		name); /* names are short */
	control = openat(fd, path, O_RDONLY | O_CLOEXEC);
	if (control < 0)
		return -1;
	efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = -1;
	if (efd >= 0) {
		(void)snprintf(line, sizeof(line), "%d %d", efd, control);
		r = cgroup_fs_put(fd, name, "cgroup.event_control", line);
	}
	(void)close(control); /* the watch holds the cgroup, not this */
	if (r != 0 && efd >= 0) {
		(void)close(efd); /* nothing to lose */
		efd = -1;
	}
	return efd;
}

static bool v1_oom_killed(struct cgroup_host *h, const char *name)
{
	uint64_t n = 0;
	int fd = h->fd[CGROUP_MEMORY];

	return fd >= 0 &&
		cgroup_fs_get_key(
			fd, name, "memory.oom_control", "oom_kill", &n) == 0 &&
		n > 0;
}

static void v1_memory_read(
	struct cgroup_host *h, const char *name, struct cgroup_memory *ret)
{
	char text[8192];
	int fd = h->fd[CGROUP_MEMORY];

	if (fd < 0)
		return;
	ret->oom_killed = v1_oom_killed(h, name);
	(void)cgroup_fs_get_u64(fd, name, "memory.limit_in_bytes",
		&ret->limit_bytes); /* stays 0 */
	(void)cgroup_fs_get_u64(fd, name, "memory.max_usage_in_bytes",
		&ret->max_bytes); /* stays 0 */
	if (cgroup_fs_get(fd, name, "memory.stat", text, sizeof(text)) > 0)
		ret->stat = xstrdup(text);
}

static void pause_us(long us)
{
	struct timespec ts = { 0, us * 1000 };

	(void)nanosleep(&ts, NULL); /* shorter is fine */
}

/* Waits until all are frozen, for a while: a task in the kernel that can't be
 * frozen keeps it at FREEZING, and is killed as it is. */
static void freeze(int fd, const char *name)
{
	char state[32];
	int i;

	if (cgroup_fs_put(fd, name, "freezer.state", "FROZEN") != 0)
		return;
	for (i = 0; i < FREEZE_POLLS; i++) {
		if (cgroup_fs_get(fd, name, "freezer.state", state,
			    sizeof(state)) < 0 ||
			strcmp(state, "FROZEN\n") == 0)
			return;
		pause_us(FREEZE_WAIT_US);
	}
}

static int kill_all(struct cgroup_host *h, const char *name)
{
	int fd = h->fd[CGROUP_FREEZER];
	int pid, n;

	if (cgroup_fs_pids(fd, name, &pid, 1) == 0)
		return 0;
	freeze(fd, name);
	n = cgroup_fs_kill(fd, name);
	/* Also what its own tasks froze: it could not die. */
	cgroup_fs_put_all(fd, name, "freezer.state", "THAWED");
	return n;
}

static int v1_destroy(struct cgroup_host *h, const char *name, int main_pid)
{
	int left = kill_all(h, name);
	int i, n;

	(void)main_pid; /* the directories know better */
	if (left > 0) {
		pause_us(FREEZE_WAIT_US); /* most die at once */
		left = cgroup_fs_pids(h->fd[CGROUP_FREEZER], name, &n, 1);
	}
	if (left > 0)
		return left;
	/* The freezer last: while it is there, a sweep finds the rest. */
	for (i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (!h->own[i] || (i == CGROUP_FREEZER && left > 0))
			continue;
		n = cgroup_fs_remove(h->fd[i], name);
		if (n > 0)
			(void)cgroup_fs_kill(
				h->fd[i], name); /* left the freezer */
		left += n;
	}
	return left;
}

static int v1_pids(struct cgroup_host *h, const char *name, int *ret, int n)
{
	return cgroup_fs_pids(h->fd[CGROUP_FREEZER], name, ret, n);
}

const struct cgroup_ops cgroup_v1_ops = {
	.make = v1_make,
	.doors = v1_doors,
	.limit = v1_limit,
	.watch = v1_watch,
	.oom_killed = v1_oom_killed,
	.memory_read = v1_memory_read,
	.destroy = v1_destroy,
	.pids = v1_pids,
};
