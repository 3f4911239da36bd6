/*
 * io_sandbox.h - directories of tasks below the work directory.
 *
 * A sandbox belongs to its task, so nothing in it is ever opened by a path
 * that the task could bend: everything goes from a directory descriptor with
 * openat2, beneath it and without magic links. What lies above the sandbox is
 * ours alone (0755, root's). Trees are removed without following links or
 * crossing mounts, however deep a task made them.
 */
#ifndef AGENT_IO_SANDBOX_H
#define AGENT_IO_SANDBOX_H

#include <stdint.h>
#include <sys/types.h>

struct err;

/* A descriptor of the work directory, which is there. */
int sandbox_root_open(const char *work_dir, struct err *e);

struct sandbox {
	int dir, out, err; /* the directory, stdout and stderr; -1: closed */
};

/* Makes the directory (0750, owned by uid and gid; those above it 0755), the
 * files "stdout" and "stderr" in it, and the link "latest" beside it. */
int sandbox_make(struct sandbox *ret, int root, const char *directory,
	uid_t uid, gid_t gid, struct err *e);
void sandbox_fini(struct sandbox *s);

/* How many leading names of a path below the work directory are ours:
 * slaves/A/frameworks/F/executors/E/runs/C. */
#define SANDBOX_DEPTH 8

/*
 * Opens what a path of the files API stands for, for reading: the first
 * SANDBOX_DEPTH names are ours, the rest may be anything the task made, but
 * must stay beneath its sandbox. flags: O_PATH or O_RDONLY. ERR_NOT_FOUND,
 * ERR_DENIED (leads outside, onto another mount, or is a hard link to a file of
 * another user), ERR_IO.
 */
int sandbox_open(int root, const char *path, int flags, struct err *e);

/* Removes a run, the link "latest" to it, and the directories above it as far
 * as they are empty, up to the first name of the path. */
int sandbox_remove(int root, const char *directory, struct err *e);

#endif
