/*
 * io_child.c - see io_child.h.
 *
 * Method: /proc/PID/task/TID/children lists the children that a thread has
 * made; walking it from ourselves finds all descendants, whatever group or
 * session they have moved to. The walk races with forks; who kills, walks
 * again until nobody is left (solo.c does that by time).
 */
#include "agent/executor/io_child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/executor/solo.h"

/* Descendants looked at in one walk; the container's cgroup has the rest. */
#define TREE_MAX 4096

static pid_t tree[TREE_MAX];

static size_t tree_find(void);
static size_t children_of(pid_t pid, size_t n);
static size_t children_read(const char *path, size_t n);

void child_init(void)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* old kernel: the
		agent's cgroup still has everybody */
}

/* The memory is shared with the child until it execs, and nothing is copied. */
pid_t child_start(const struct solo_start *s)
{
	sigset_t none;
	pid_t pid;

	(void)sigemptyset(&none);
	pid = vfork();
	if (pid != 0)
		return pid;
	(void)setsid();
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execvpe(s->value, (char *const *)(uintptr_t)s->argv,
		(char *const *)(uintptr_t)s->env);
	(void)dprintf(STDERR_FILENO, "Failed to execute '%s': %s\n", s->value,
		strerror(errno));
	_exit(1);
}

void child_signal(int signal)
{
	size_t n = tree_find();
	size_t i;

	for (i = 0; i < n; i++)
		(void)kill(tree[i], signal); /* it may be gone already */
}

bool child_reap(pid_t pid, int *ret)
{
	bool found = false;
	int status;
	pid_t p;

	while ((p = waitpid(-1, &status, WNOHANG)) > 0)
		if (p == pid) {
			*ret = status;
			found = true;
		}
	return found;
}

static size_t tree_find(void)
{
	size_t n = children_of(getpid(), 0);
	size_t i;

	for (i = 0; i < n; i++)
		n = children_of(tree[i], n);
	return n;
}

/* Appends the children of each thread of pid to the tree; its new size. */
static size_t children_of(pid_t pid, size_t n)
{
	char path[64];
	struct dirent *d;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (dir == NULL)
		return n; /* it ended meanwhile */
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path),
			"/proc/%d/task/%.10s/children", (int)pid, d->d_name);
		n = children_read(path, n);
	}
	(void)closedir(dir);
	return n;
}

static size_t children_read(const char *path, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[512];
	pid_t pid = 0;
	ssize_t got, i;

	if (fd < 0)
		return n;
	while ((got = read(fd, text, sizeof(text))) > 0)
		for (i = 0; i < got; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			if (pid > 0 && n < TREE_MAX)
				tree[n++] = pid;
			pid = 0;
		}
	(void)close(fd);
	return n;
}
