/*
 * io_cgroup_v2.c - see io_cgroup.h.
 *
 * <root>/<name> has the limits, <root>/<name>/leaf the processes. A controller
 * that is not enabled has no files; its values are left out, as on v1 a
 * controller that is not mounted.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/io_cgroup_fs.h"
#include "agent/io_cgroup_ops.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/mem.h"

static int leaf_path(const char *name, char *ret)
{
	return snprintf(ret, CGROUP_PATH_MAX, "%s/leaf", name);
}

static int put_text(int dir, const char *name, const char *file,
	const char *text, struct err *e)
{
	if (cgroup_fs_put(dir, name, file, text) == 0 || errno == ENOENT)
		return 0;
	return err_set(e, ERR_IO, "cgroup '%s': write '%s' to %s: %s", name,
		text, file, strerror(errno));
}

static int put_u64(
	int dir, const char *name, const char *file, uint64_t v, struct err *e)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIu64, v); /* 20 digits fit */
	return put_text(dir, name, file, text, e);
}

static int set_limits(struct cgroup_host *h, const char *name,
	const struct agent_limits *limits, bool fresh, struct err *e)
{
	int fd = h->fd[0];
	int64_t weight = limits->cpu_milli / 10;
	uint64_t bytes = cgroup_mem_bytes(limits);
	uint64_t now = 0;
	char quota[64];

	/* 10000 is the kernel's bound: 100 cpus and more weigh the same. */
	weight = weight < 1 ? 1 : weight > 10000 ? 10000 : weight;
	if (put_u64(fd, name, "cpu.weight", (uint64_t)weight, e) != 0)
		return -1;
	(void)snprintf(quota, sizeof(quota), "%" PRIu64 " %d",
		cgroup_cfs_quota_us(limits), CGROUP_CFS_PERIOD_US);
	if (h->cfs && put_text(fd, name, "cpu.max", quota, e) != 0)
		return -1;
	if (put_u64(fd, name, "memory.low", bytes, e) != 0)
		return -1;
	if (!fresh && cgroup_fs_get_u64(fd, name, "memory.max", &now) == 0 &&
		now != UINT64_MAX && now >= bytes)
		return 0;
	return put_u64(fd, name, "memory.max", bytes, e);
}

static int v2_make(struct cgroup_host *h, const char *name,
	const struct agent_limits *limits, struct err *e)
{
	char leaf[CGROUP_PATH_MAX];

	(void)leaf_path(name, leaf); /* names are short */
	if (mkdirat(h->fd[0], name, 0755) != 0)
		return err_set(e, errno == EEXIST ? ERR_EXISTS : ERR_IO,
			"cgroup '%s': mkdir: %s", name, strerror(errno));
	if (mkdirat(h->fd[0], leaf, 0755) != 0)
		err_set(e, ERR_IO, "cgroup '%s': mkdir: %s", leaf,
			strerror(errno));
	else if (set_limits(h, name, limits, true, e) == 0 &&
		put_u64(h->fd[0], name, "pids.max", CONTAINER_PIDS_MAX, e) == 0)
		return 0;
	(void)unlinkat(h->fd[0], leaf, AT_REMOVEDIR); /* made just now */
	(void)unlinkat(h->fd[0], name, AT_REMOVEDIR); /* made just now */
	return -1;
}

static int v2_doors(
	const struct cgroup_host *h, const char *name, struct cgroup_door *ret)
{
	ret->dir = h->fd[0];
	(void)snprintf(ret->path, sizeof(ret->path), "%s/leaf/cgroup.procs",
		name); /* names are short */
	return 1;
}

static int v2_limit(struct cgroup_host *h, const char *name,
	const struct agent_limits *limits, struct err *e)
{
	return set_limits(h, name, limits, false, e);
}

static int v2_watch(struct cgroup_host *h, const char *name)
{
	char path[CGROUP_PATH_MAX];
	char text[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/memory.events",
		name); /* names are short */
	fd = openat(h->fd[0], path, O_RDONLY | O_CLOEXEC);
	/* Changes are signalled from the first read on. */
	if (fd >= 0 && read(fd, text, sizeof(text)) < 0) {
		(void)close(fd); /* only read from */
		fd = -1;
	}
	return fd;
}

static bool v2_oom_killed(struct cgroup_host *h, const char *name)
{
	uint64_t n = 0;

	return cgroup_fs_get_key(
		       h->fd[0], name, "memory.events", "oom_kill", &n) == 0 &&
		n > 0;
}

static void v2_memory_read(
	struct cgroup_host *h, const char *name, struct cgroup_memory *ret)
{
	char text[8192];

	ret->oom_killed = v2_oom_killed(h, name);
	(void)cgroup_fs_get_u64(
		h->fd[0], name, "memory.max", &ret->limit_bytes); /* stays 0 */
	/* memory.peak came with Linux 5.19. */
	if (cgroup_fs_get_u64(h->fd[0], name, "memory.peak", &ret->max_bytes) !=
		0)
		(void)cgroup_fs_get_u64(h->fd[0], name, "memory.current",
			&ret->max_bytes); /* stays 0 */
	if (cgroup_fs_get(h->fd[0], name, "memory.stat", text, sizeof(text)) >
		0)
		ret->stat = xstrdup(text);
}

/* cgroup.kill takes all at once, forks in flight too; before Linux 5.14 there
 * is only the freezer and a list. */
static void kill_all(int fd, const char *name)
{
	if (cgroup_fs_put(fd, name, "cgroup.kill", "1") == 0 || errno != ENOENT)
		return;
	(void)cgroup_fs_put(
		fd, name, "cgroup.freeze", "1"); /* if not: kill as they are */
	(void)cgroup_fs_kill(fd, name);		 /* counted by the caller */
	cgroup_fs_put_all(fd, name, "cgroup.freeze", "0");
}

static int v2_destroy(struct cgroup_host *h, const char *name, int main_pid)
{
	char leaf[CGROUP_PATH_MAX];
	uint64_t populated = 0;

	(void)main_pid;		     /* the directories know better */
	(void)leaf_path(name, leaf); /* names are short */
	/* Nearly always its main process was the last one. */
	if (cgroup_fs_get_key(h->fd[0], name, "cgroup.events", "populated",
		    &populated) == 0 &&
		populated == 0 &&
		(unlinkat(h->fd[0], leaf, AT_REMOVEDIR) == 0 ||
			errno == ENOENT) &&
		(unlinkat(h->fd[0], name, AT_REMOVEDIR) == 0 ||
			errno == ENOENT))
		return 0;
	kill_all(h->fd[0], name);
	return cgroup_fs_remove(h->fd[0], name);
}

static int v2_pids(struct cgroup_host *h, const char *name, int *ret, int n)
{
	return cgroup_fs_pids(h->fd[0], name, ret, n);
}

const struct cgroup_ops cgroup_v2_ops = {
	.make = v2_make,
	.doors = v2_doors,
	.limit = v2_limit,
	.watch = v2_watch,
	.oom_killed = v2_oom_killed,
	.memory_read = v2_memory_read,
	.destroy = v2_destroy,
	.pids = v2_pids,
};
