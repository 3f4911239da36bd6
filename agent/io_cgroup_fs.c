/* io_cgroup_fs.c - see io_cgroup_fs.h. */
#include "agent/io_cgroup_fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/io_cgroup_ops.h"
#include "common/err.h"

/* Called for every directory of a subtree, children before parents. */
typedef int walk_f(int dir, const char *path, void *ctx);

struct pid_list {
	int *pids; /* NULL: kill instead of gathering */
	int n, max;
};

static int file_open(int dir, const char *name, const char *file, int flags);
static int procs_visit(int dir, const char *path, void *ctx);
static int put_visit(int dir, const char *path, void *ctx);
static int remove_visit(int dir, const char *path, void *ctx);
static int walk(int dir, const char *path, walk_f *fn, void *ctx);

int cgroup_fs_put(int dir, const char *name, const char *file, const char *text)
{
	int fd = file_open(dir, name, file, O_WRONLY);
	size_t size = strlen(text);
	ssize_t n;
	int saved;

	if (fd < 0)
		return -1;
	n = write(fd, text, size);
	saved = errno;
	(void)close(fd); /* the kernel took or refused the value in write() */
	if (n == (ssize_t)size)
		return 0;
	errno = n < 0 ? saved : EIO;
	return -1;
}

int cgroup_fs_put_u64(int dir, const char *name, const char *file, uint64_t v)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIu64, v); /* 20 digits fit */
	return cgroup_fs_put(dir, name, file, text);
}

int cgroup_fs_get(
	int dir, const char *name, const char *file, char *ret, size_t size)
{
	int fd = file_open(dir, name, file, O_RDONLY);
	size_t used = 0;
	ssize_t n;
	int saved;

	if (fd < 0)
		return -1;
	do {
		n = read(fd, ret + used, size - 1 - used);
		if (n > 0)
			used += (size_t)n;
	} while (n > 0 && used < size - 1);
	saved = errno;
	(void)close(fd); /* only read from */
	if (n < 0) {
		errno = saved;
		return -1;
	}
	ret[used] = '\0';
	return (int)used;
}

int cgroup_fs_get_u64(
	int dir, const char *name, const char *file, uint64_t *ret)
{
	char text[64];
	char *end;
	uint64_t v;

	if (cgroup_fs_get(dir, name, file, text, sizeof(text)) < 0)
		return -1;
	if (strcmp(text, "max\n") == 0) {
		*ret = UINT64_MAX;
		return 0;
	}
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0 || end == text || (*end != '\n' && *end != '\0')) {
		errno = EINVAL;
		return -1;
	}
	*ret = v;
	return 0;
}

int cgroup_fs_get_key(int dir, const char *name, const char *file,
	const char *key, uint64_t *ret)
{
	char text[4096];
	size_t key_size = strlen(key);
	const char *line = text;

	if (cgroup_fs_get(dir, name, file, text, sizeof(text)) < 0)
		return -1;
	while (line != NULL && *line != '\0') {
		if (strncmp(line, key, key_size) == 0 &&
			line[key_size] == ' ') {
			*ret = strtoull(line + key_size + 1, NULL, 10);
			return 0;
		}
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return -1;
}

void cgroup_fs_put_all(
	int dir, const char *name, const char *file, const char *text)
{
	const char *what[] = { file, text };

	(void)walk(dir, name, put_visit, what); /* as far as it goes */
}

int cgroup_fs_kill(int dir, const char *name)
{
	struct pid_list l = { NULL, 0, INT_MAX };

	(void)walk(dir, name, procs_visit, &l); /* counted in l */
	return l.n;
}

int cgroup_fs_pids(int dir, const char *name, int *ret, int n)
{
	struct pid_list l = { ret, 0, n };

	(void)walk(dir, name, procs_visit, &l); /* counted in l */
	return l.n;
}

int cgroup_fs_remove(int dir, const char *name)
{
	int left = 0;

	/* Nearly always it is one empty directory. */
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	(void)walk(dir, name, remove_visit, &left); /* counted in left */
	return left;
}

int cgroup_fs_open_dirs(int at, const char *path, struct err *e)
{
	char copy[CGROUP_PATH_MAX];
	char *save = NULL;
	char *part;
	int fd, next;

	if (strlen(path) >= sizeof(copy))
		return err_set(e, ERR_INVALID, "cgroup '%s': too long", path);
	(void)snprintf(copy, sizeof(copy), "%s", path); /* fits, see above */
	fd = fcntl(at, F_DUPFD_CLOEXEC, 3);
	for (part = strtok_r(copy, "/", &save); part != NULL && fd >= 0;
		part = strtok_r(NULL, "/", &save)) {
		if (mkdirat(fd, part, 0755) != 0 && errno != EEXIST) {
			err_set(e, ERR_IO, "cgroup '%s': mkdir '%s': %s", path,
				part, strerror(errno));
			(void)close(fd); /* a directory */
			return -1;
		}
		next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)close(fd); /* a directory */
		fd = next;
	}
	if (fd < 0)
		return err_set(e, ERR_IO, "cgroup '%s': open: %s", path,
			strerror(errno));
	return fd;
}

static int file_open(int dir, const char *name, const char *file, int flags)
{
	char path[CGROUP_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", name, file);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return openat(dir, path, flags | O_CLOEXEC | O_NOFOLLOW);
}

static void pid_take(struct pid_list *l, int pid)
{
	if (l->pids == NULL) {
		(void)kill(pid, SIGKILL); /* ESRCH: it is dead already */
		l->n++;
	} else if (l->n < l->max) {
		l->pids[l->n++] = pid;
	}
}

static int procs_visit(int dir, const char *path, void *ctx)
{
	struct pid_list *l = ctx;
	int fd = file_open(dir, path, "cgroup.procs", O_RDONLY);
	char buf[4096];
	size_t i;
	ssize_t n;
	int pid = 0;

	if (fd < 0)
		return 0; /* gone meanwhile */
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (i = 0; i < (size_t)n; i++) {
			if (buf[i] >= '0' && buf[i] <= '9') {
				pid = pid * 10 + (buf[i] - '0');
			} else if (buf[i] == '\n' && pid > 1) {
				pid_take(l, pid);
				pid = 0;
			}
		}
	}
	(void)close(fd); /* only read from */
	return 0;
}

static int put_visit(int dir, const char *path, void *ctx)
{
	const char *const *what = ctx;

	return cgroup_fs_put(dir, path, what[0], what[1]);
}

static int remove_visit(int dir, const char *path, void *ctx)
{
	int *left = ctx;

	if (unlinkat(dir, path, AT_REMOVEDIR) != 0 && errno != ENOENT)
		(*left)++;
	return 0;
}

/* A level too deep to be named is not visited: its parent can't be removed
 * then, and the log says so. */
static void walk_children(
	int fd, const char *path, int dir, walk_f *fn, void *ctx)
{
	char child[CGROUP_PATH_MAX];
	DIR *d = fdopendir(fd);
	struct dirent *ent;
	int n;

	if (d == NULL) {
		(void)close(fd); /* a directory */
		return;
	}
	while ((ent = readdir(d)) != NULL) {
		if (ent->d_type != DT_DIR || ent->d_name[0] == '.')
			continue;
		n = snprintf(child, sizeof(child), "%s/%s", path, ent->d_name);
		if (n > 0 && (size_t)n < sizeof(child))
			(void)walk(dir, child, fn, ctx); /* fn counts */
	}
	(void)closedir(d); /* only read from */
}

static int walk(int dir, const char *path, walk_f *fn, void *ctx)
{
	int fd = openat(
		dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return 0; /* gone meanwhile */
	/* kernfs counts sub-directories as links: most have none. */
	if (fstat(fd, &st) == 0 && st.st_nlink > 2)
		walk_children(fd, path, dir, fn, ctx);
	else
		(void)close(fd); /* a directory */
	return fn(dir, path, ctx);
}
