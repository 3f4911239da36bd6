/*
 * io_clone.h - a child between clone and exec.
 *
 * It shares its parent's memory and, as one thread of it, the parent's
 * thread-local variables: it must not write to any memory but its stack, errno
 * least of all. So this file makes its system calls itself, without libc, and
 * is compiled without sanitizers, which keep books in shared memory.
 *
 * Signals must be blocked in the parent's thread: a handler of the parent's
 * that ran in the child would write to the parent's memory.
 */
#ifndef AGENT_IO_CLONE_H
#define AGENT_IO_CLONE_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "agent/io_cgroup.h"

/* Room for the frames of io_clone.c and the kernel's signal frame. */
#define CLONE_STACK_SIZE 16384

/* All that it needs; read only for it. */
struct clone {
	int dir, in, out, err; /* cwd and 0, 1, 2 */
	int sock;	       /* to say what fails; closed by exec */
	struct rlimit nofile;  /* to set */
	bool switch_user;
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	int n_groups;
	struct cgroup_door doors[CGROUP_DOORS_MAX]; /* to go through */
	int n_doors;
	const char *const *paths; /* to try, in order */
	const char *const *argv;
	const char *const *env;
	char *stack; /* CLONE_STACK_SIZE bytes */
};

enum clone_stage { CLONE_CGROUP, CLONE_SETUP, CLONE_USER, CLONE_EXEC };

/* What a child says on its socket when it fails. */
struct clone_report {
	int stage;
	int error;
};

/* Starts it. Its pid, or -1 with errno. */
int clone_start(struct clone *c);

#endif
