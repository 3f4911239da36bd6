/*
 * io_child.h - the task's process and everything it starts.
 *
 * The executor is the subreaper of its descendants, so that none can leave the
 * tree: a daemon's orphans become the executor's children. What is left when
 * the executor ends dies with the container's cgroup.
 */
#ifndef EXECUTOR_IO_CHILD_H
#define EXECUTOR_IO_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct solo_start;

/* Makes the process a subreaper; once. */
void child_init(void);
/* In a session of its own. A command that can't be executed says so on stderr
 * and ends with status 1, as a shell's would. -1: the kernel has no process for
 * us; errno is set. */
pid_t child_start(const struct solo_start *s);
/* Signals each descendant of this process. */
void child_signal(int signal);
/* Reaps the dead. True, once: pid was one of them; *ret is its wait status. */
bool child_reap(pid_t pid, int *ret);

#endif
