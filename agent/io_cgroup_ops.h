/*
 * io_cgroup_ops.h - what v1, v2 and none implement behind io_cgroup.h, and the
 * host they share. Only for agent/io_cgroup*.c.
 */
#ifndef AGENT_IO_CGROUP_OPS_H
#define AGENT_IO_CGROUP_OPS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/io_cgroup.h"

#define CGROUP_PATH_MAX	   512 /* "<name>/<file>", relative to a root */
#define CGROUP_CONTROLLERS CGROUP_DOORS_MAX

struct cgroup_ops {
	int (*make)(struct cgroup_host *h, const char *name,
		const struct agent_limits *limits, struct err *e);
	int (*doors)(const struct cgroup_host *h, const char *name,
		struct cgroup_door *ret);
	int (*limit)(struct cgroup_host *h, const char *name,
		const struct agent_limits *limits, struct err *e);
	int (*watch)(struct cgroup_host *h, const char *name);
	bool (*oom_killed)(struct cgroup_host *h, const char *name);
	void (*memory_read)(struct cgroup_host *h, const char *name,
		struct cgroup_memory *ret);
	int (*destroy)(struct cgroup_host *h, const char *name, int main_pid);
	int (*pids)(struct cgroup_host *h, const char *name, int *ret, int n);
};

/* Positions in cgroup_host.fd on v1; co-mounted controllers share one. */
enum cgroup_controller_index {
	CGROUP_CPU,
	CGROUP_CPUACCT,
	CGROUP_MEMORY,
	CGROUP_PIDS,
	CGROUP_FREEZER,
};
extern const char *const cgroup_controller_names[CGROUP_CONTROLLERS];

struct cgroup_host {
	const struct cgroup_ops *ops;
	enum cgroup_kind kind;
	bool cfs, limit_swap;
	char *root;	/* name below each mount */
	char *describe; /* text for the log */
	int oom_epoll;
	/* <mount>/<root> per controller; -1: not there. v2 uses fd[0] alone. */
	int fd[CGROUP_CONTROLLERS];
	/* The mounts, to remove the root at the end; -1 for those whose
	 * hierarchy an earlier one has already. */
	int mount_fd[CGROUP_CONTROLLERS];
	bool own[CGROUP_CONTROLLERS]; /* fd is not a duplicate of an earlier */
};

extern const struct cgroup_ops cgroup_v1_ops;
extern const struct cgroup_ops cgroup_v2_ops;
extern const struct cgroup_ops cgroup_none_ops;

/* The values that Mesos' isolators write. */
uint64_t cgroup_mem_bytes(const struct agent_limits *limits); /* >= 32 MB */
uint64_t cgroup_cfs_quota_us(const struct agent_limits *limits);
#define CGROUP_CFS_PERIOD_US 100000

#endif
