/*
 * io_cgroup_fs.h - files and processes of a cgroup directory: small reads and
 * writes relative to a directory descriptor, killing and removing a subtree.
 *
 * A task that runs as root can make cgroups below its own; all that ends a
 * container therefore walks the subtree.
 */
#ifndef AGENT_IO_CGROUP_FS_H
#define AGENT_IO_CGROUP_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* Writes the text to <dir>/<name>/<file>. -1 with errno. */
int cgroup_fs_put(
	int dir, const char *name, const char *file, const char *text);
int cgroup_fs_put_u64(int dir, const char *name, const char *file, uint64_t v);
/* Reads at most size - 1 bytes and terminates; returns the length, -1 with
 * errno. */
int cgroup_fs_get(
	int dir, const char *name, const char *file, char *ret, size_t size);
/* A number alone in its file; "max" is UINT64_MAX. -1 with errno. */
int cgroup_fs_get_u64(
	int dir, const char *name, const char *file, uint64_t *ret);
/* The number behind "key " in a file of such lines. -1: not there. */
int cgroup_fs_get_key(int dir, const char *name, const char *file,
	const char *key, uint64_t *ret);

/* Writes the text to that file of every directory of the subtree, as far as it
 * takes it. */
void cgroup_fs_put_all(
	int dir, const char *name, const char *file, const char *text);
/* Sends SIGKILL to every process of the subtree; returns how many there are. */
int cgroup_fs_kill(int dir, const char *name);
/* Up to n pids of the subtree. */
int cgroup_fs_pids(int dir, const char *name, int *ret, int n);
/* Removes the subtree; returns how many directories are still there. */
int cgroup_fs_remove(int dir, const char *name);

/* Opens a chain of directories "a/b", making what is missing; -1 and e. */
int cgroup_fs_open_dirs(int at, const char *path, struct err *e);

#endif
