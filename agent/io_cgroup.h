/*
 * io_cgroup.h - the cgroups of our containers: made, filled, limited, watched
 * for out-of-memory kills, emptied and removed.
 *
 * One interface, three ways behind it: cgroup v1 (one hierarchy per
 * controller), v2 (one tree), and none (an agent without rights or without
 * cgroups: nothing is limited, and only the sessions of a container can be
 * killed). Which one is found out at start with libcgroup. The hot path is our
 * own mkdirat, openat and write beneath directory descriptors: creating with
 * libcgroup takes 25 ms, attaches only one thread on v1, and leaves half-made
 * directories behind when a value is refused.
 *
 * Containers lie at <mount>/<root>/<name>; on v2 the limits are there and the
 * processes one level deeper, in "leaf" (a cgroup with controllers for its
 * children may hold no processes). A lock on <root> keeps two agents from
 * sharing one: each would sweep the other's containers away.
 *
 * After cgroup_open() a host is only read, so several threads may use it;
 * calls for one name must not overlap.
 */
#ifndef AGENT_IO_CGROUP_H
#define AGENT_IO_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

struct agent_limits;
struct cgroup_host;
struct err;

enum cgroup_kind { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };

struct cgroup_config {
	const char *root; /* --cgroups_root: "butte", or "a/b" */
	bool cfs;	  /* cpus are also a hard limit */
	bool limit_swap;  /* memory + swap is limited, not only memory; v1 */
	/* Take this directory for the v2 mount and don't look around. NULL:
	 * find out. */
	const char *v2_mount;
};

int cgroup_open(struct cgroup_host **ret, const struct cgroup_config *cfg,
	struct err *e);
/* The way without cgroups. */
struct cgroup_host *cgroup_open_none(void);
/* Containers go on; a root without any is removed. */
void cgroup_close(struct cgroup_host *h);
enum cgroup_kind cgroup_kind(const struct cgroup_host *h);
/* For the log: "v1: cpu cpuacct memory pids freezer at /sys/fs/cgroup/...". */
const char *cgroup_describe(const struct cgroup_host *h);

/* Letters, digits, '-' and '_'; at most 64. */
bool cgroup_name_ok(const char *name);

/* The container of a process, from the text of its /proc/PID/cgroup: "" if it
 * is in none of ours; NULL if there are no cgroups to tell by. Into ret, which
 * has CGROUP_NAME_SIZE. */
#define CGROUP_NAME_SIZE 65
const char *cgroup_of_process(
	const struct cgroup_host *h, const char *text, char *ret);

/* Makes the container's cgroups with their values. On failure nothing is left
 * of them. EXISTS is an error: names are never used twice. */
int cgroup_make(struct cgroup_host *h, const char *name,
	const struct agent_limits *limits, struct err *e);
/*
 * Where a process of one thread moves itself into the container: by writing "0"
 * to each of these files. Returns how many there are. On v1 they are "tasks":
 * a thread that moves itself goes at once (Linux 5.5), while any other way waits
 * 10-20 ms for an RCU grace period.
 */
#define CGROUP_DOORS_MAX 5
struct cgroup_door {
	int dir; /* the path begins here; the host's */
	char path[96];
};
int cgroup_doors(const struct cgroup_host *h, const char *name,
	struct cgroup_door ret[CGROUP_DOORS_MAX]);
/* New values for a live container. The hard memory limit is only ever raised,
 * as lowering it can fail or kill. */
int cgroup_limit(struct cgroup_host *h, const char *name,
	const struct agent_limits *limits, struct err *e);

/*
 * Out-of-memory watches: cgroup_oom_fd() becomes readable, then
 * cgroup_oom_next() gives the tokens of containers in which the kernel killed
 * or is about to. cgroup_watch() returns a descriptor that ends the watch when
 * closed, or -1 (then an OOM is only seen when the container ends).
 */
int cgroup_oom_fd(const struct cgroup_host *h);
bool cgroup_oom_next(struct cgroup_host *h, uint64_t *ret_token);
int cgroup_watch(struct cgroup_host *h, const char *name, uint64_t token);

struct cgroup_memory {
	bool oom_killed;
	uint64_t limit_bytes; /* UINT64_MAX: none */
	uint64_t max_bytes;   /* the most ever used */
	char *stat;	      /* text of memory.stat, for free(); may be NULL */
};
/* What is known of its memory; zero where it isn't. */
void cgroup_memory_read(
	struct cgroup_host *h, const char *name, struct cgroup_memory *ret);
/* Whether the kernel ever killed in it for want of memory. */
bool cgroup_oom_killed(struct cgroup_host *h, const char *name);

/*
 * One round of ending a container: kills what lives in it (frozen first, so
 * that nothing can fork away), then removes its directories. Returns how many
 * processes or directories are still there; 0: all gone. Takes at most some 50
 * ms; call it again after a while. main_pid is what the way without cgroups
 * goes by; 0: unknown.
 */
int cgroup_destroy(struct cgroup_host *h, const char *name, int main_pid);
/* Up to n pids that live in it, for a log line about those that don't die. */
int cgroup_pids(struct cgroup_host *h, const char *name, int *ret_pids, int n);

/* Calls fn for every container there is. */
void cgroup_list(struct cgroup_host *h, void (*fn)(void *ctx, const char *name),
	void *ctx);

#endif
