/*
 * io_cgroup_none.c - see io_cgroup.h: an agent that has no cgroups.
 *
 * Nothing is limited. A container is what belongs to the session of its main
 * process or descends from one that does; who makes a session of its own and
 * loses its parents is not found any more.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/io_cgroup_ops.h"
#include "common/mem.h"

struct proc {
	int pid, parent, session;
	bool member;
};

struct proc_list {
	struct proc *procs;
	size_t n, cap;
};

static void scan(struct proc_list *l);
static int members(struct proc_list *l, int main_pid);

static int none_make(struct cgroup_host *h, const char *name,
	const struct agent_limits *limits, struct err *e)
{
	(void)h, (void)name, (void)limits, (void)e; /* nothing to make */
	return 0;
}

static int none_doors(
	const struct cgroup_host *h, const char *name, struct cgroup_door *ret)
{
	(void)h, (void)name, (void)ret; /* nothing to enter */
	return 0;
}

static int none_watch(struct cgroup_host *h, const char *name)
{
	(void)h, (void)name; /* nothing to watch */
	return -1;
}

static bool none_oom_killed(struct cgroup_host *h, const char *name)
{
	(void)h, (void)name; /* nothing is known */
	return false;
}

static void none_memory_read(
	struct cgroup_host *h, const char *name, struct cgroup_memory *ret)
{
	(void)h, (void)name, (void)ret; /* nothing is known */
}

static int none_destroy(struct cgroup_host *h, const char *name, int main_pid)
{
	struct proc_list l = { NULL, 0, 0 };
	size_t i;
	int n;

	(void)h, (void)name; /* the session says it all */
	if (main_pid <= 1)
		return 0;
	scan(&l);
	n = members(&l, main_pid);
	for (i = 0; i < l.n; i++) {
		if (l.procs[i].member)
			(void)kill(
				l.procs[i].pid, SIGKILL); /* ESRCH: is dead */
	}
	free(l.procs);
	return n;
}

static int none_pids(struct cgroup_host *h, const char *name, int *ret, int n)
{
	(void)h, (void)name, (void)ret, (void)n; /* not known by name */
	return 0;
}

const struct cgroup_ops cgroup_none_ops = {
	.make = none_make,
	.doors = none_doors,
	.limit = none_make,
	.watch = none_watch,
	.oom_killed = none_oom_killed,
	.memory_read = none_memory_read,
	.destroy = none_destroy,
	.pids = none_pids,
};

/* Fields 3, 4 and 6 of /proc/PID/stat, behind the last ')': a name may hold
 * anything. Zombies are not members: they are dead and wait for a parent. */
static bool stat_read(const char *pid, struct proc *ret)
{
	char path[64], text[512];
	char *p;
	char state;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/stat", pid); /* fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd); /* only read from */
	if (n <= 0)
		return false;
	text[n] = '\0';
	p = strrchr(text, ')');
	ret->pid = (int)strtol(pid, NULL, 10);
	ret->member = false;
	return p != NULL &&
		sscanf(p, ") %c %d %*d %d", &state, &ret->parent,
			&ret->session) == 3 &&
		state != 'Z' && state != 'X';
}

static void scan(struct proc_list *l)
{
	DIR *d = opendir("/proc");
	struct dirent *ent;
	struct proc p;

	if (d == NULL)
		return;
	while ((ent = readdir(d)) != NULL) {
		if (ent->d_name[0] < '1' || ent->d_name[0] > '9' ||
			!stat_read(ent->d_name, &p))
			continue;
		l->procs = xgrow(l->procs, &l->cap, l->n + 1, sizeof(p));
		l->procs[l->n++] = p;
	}
	(void)closedir(d); /* only read from */
}

static bool parent_member(const struct proc_list *l, int parent)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (l->procs[i].pid == parent)
			return l->procs[i].member;
	}
	return false;
}

/* Marks the session, then children of those marked until none is new. */
static int members(struct proc_list *l, int main_pid)
{
	bool more = true;
	size_t i;
	int n = 0;

	for (i = 0; i < l->n; i++) {
		struct proc *p = &l->procs[i];

		p->member = p->session == main_pid || p->pid == main_pid;
		n += p->member;
	}
	while (more) {
		more = false;
		for (i = 0; i < l->n; i++) {
			struct proc *p = &l->procs[i];

			if (p->member || !parent_member(l, p->parent))
				continue;
			p->member = more = true;
			n++;
		}
	}
	return n;
}
