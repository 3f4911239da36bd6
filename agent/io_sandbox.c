/* io_sandbox.c - see io_sandbox.h. */
#include "agent/io_sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"

#define MAKE_TRIES 5 /* the collector may take a directory away meanwhile */
/* Deeper directories are moved up before they are removed: a descriptor is
 * held per level, and a task can nest without end. */
#define REMOVE_DEPTH_MAX 32

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
#define OURS	(BENEATH | RESOLVE_NO_SYMLINKS)
/* What a task mounts may never answer (FUSE), or not be its to show. */
#define THEIRS (BENEATH | RESOLVE_NO_XDEV)

/* A tree under removal. */
struct removal {
	int base;	 /* of the run: what is too deep goes here */
	unsigned moved;	 /* names given there */
	int saved_errno; /* of the first failure */
	char saved_name[NAME_MAX + 1];
};

static void closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* read from, or a directory */
}

/* A temporary EAGAIN comes when something is renamed while it resolves. */
static int open_beneath(
	int dir, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = resolve,
	};
	int tries, fd = -1;

	for (tries = 0; tries < 16; tries++) {
		fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

int sandbox_root_open(const char *work_dir, struct err *e)
{
	int fd = open(work_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, ERR_IO, "work_dir '%s': %s", work_dir,
			strerror(errno));
	return fd;
}

/* mkdir -p, optimistic: nearly always only the last names are missing. */
static int make_dirs(int root, char *path)
{
	char *slash;
	int r;

	if (mkdirat(root, path, 0755) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -1;
	slash = strrchr(path, '/');
	if (slash == NULL)
		return -1;
	*slash = '\0';
	r = make_dirs(root, path);
	*slash = '/';
	if (r != 0)
		return -1;
	if (mkdirat(root, path, 0755) == 0 || errno == EEXIST)
		return 0;
	return -1;
}

/* The parent is kept alive by the new directory in it: only before that can
 * the collector have taken it. */
static int make_run(int root, const char *directory)
{
	char parent[PATH_MAX];
	int tries;
	char *slash;

	(void)snprintf(parent, sizeof(parent), "%s", directory); /* checked */
	slash = strrchr(parent, '/');
	if (slash != NULL)
		*slash = '\0';
	for (tries = 0; tries < MAKE_TRIES; tries++) {
		if (mkdirat(root, directory, 0750) == 0)
			return 0;
		if (errno != ENOENT || slash == NULL ||
			make_dirs(root, parent) != 0)
			return -1;
	}
	return -1;
}

/* Best effort: only people and old tools look at it. */
static void link_latest(int root, const char *directory)
{
	const char *name = strrchr(directory, '/');
	char latest[PATH_MAX], next[PATH_MAX];
	int n, m;

	if (name == NULL)
		return;
	n = snprintf(latest, sizeof(latest), "%.*s/latest",
		(int)(name - directory), directory);
	m = snprintf(next, sizeof(next), "%.*s/.latest",
		(int)(name - directory), directory);
	if (n < 0 || m < 0 || (size_t)m >= sizeof(next))
		return;
	if (symlinkat(name + 1, root, latest) == 0)
		return;
	(void)unlinkat(root, next, 0); /* left by a crash */
	if (symlinkat(name + 1, root, next) == 0)
		(void)renameat(root, next, root, latest);
}

static int make_log(int dir, const char *name, uid_t uid, gid_t gid)
{
	int fd = openat(dir, name,
		O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0644);

	if (fd < 0)
		return -1;
	if ((uid != geteuid() || gid != getegid()) &&
		fchown(fd, uid, gid) != 0) {
		(void)close(fd); /* empty */
		return -1;
	}
	return fd;
}

int sandbox_make(struct sandbox *ret, int root, const char *directory,
	uid_t uid, gid_t gid, struct err *e)
{
	struct sandbox s = { -1, -1, -1 };

	if (strlen(directory) >= PATH_MAX - 16)
		return err_set(
			e, ERR_INVALID, "sandbox '%s': too long", directory);
	if (make_run(root, directory) != 0)
		return err_set(e, ERR_IO, "sandbox '%s': mkdir: %s", directory,
			strerror(errno));
	link_latest(root, directory);
	s.dir = open_beneath(root, directory, O_RDONLY | O_DIRECTORY, 0, OURS);
	if (s.dir >= 0) {
		s.out = make_log(s.dir, "stdout", uid, gid);
		s.err = make_log(s.dir, "stderr", uid, gid);
	}
	/* Given away last: before, the task's user can't be in it. */
	if (s.dir < 0 || s.out < 0 || s.err < 0 ||
		((uid != geteuid() || gid != getegid()) &&
			fchown(s.dir, uid, gid) != 0)) {
		err_set(e, ERR_IO, "sandbox '%s': %s", directory,
			strerror(errno));
		sandbox_fini(&s);
		return -1;
	}
	*ret = s;
	return 0;
}

void sandbox_fini(struct sandbox *s)
{
	closep(&s->dir);
	closep(&s->out);
	closep(&s->err);
	s->dir = s->out = s->err = -1;
}

static int open_failed(const char *path, struct err *e)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		return err_set(e, ERR_NOT_FOUND, "'%s' not found", path);
	case EXDEV:
	case ELOOP:
		return err_set(
			e, ERR_DENIED, "'%s' leads outside its sandbox", path);
	default:
		return err_set(
			e, ERR_IO, "open '%s': %s", path, strerror(errno));
	}
}

/* A file that was there before the task linked it into its sandbox: where
 * fs.protected_hardlinks is 0, a task can do so with files that it can't read,
 * and we can. What it made has its owner. */
static bool is_foreign(int run, int fd)
{
	struct stat box, st;

	return fstat(run, &box) == 0 && fstat(fd, &st) == 0 &&
		S_ISREG(st.st_mode) && st.st_nlink > 1 && box.st_uid != 0 &&
		st.st_uid != box.st_uid;
}

int sandbox_open(int root, const char *path, int flags, struct err *e)
{
	CLEANUP(closep) int run = -1;
	char head[PATH_MAX];
	const char *rest = path;
	int i, fd;

	for (i = 0; i < SANDBOX_DEPTH && rest != NULL; i++) {
		rest = strchr(rest, '/');
		if (rest != NULL)
			rest++;
	}
	if (strlen(path) >= sizeof(head)) {
		errno = ENAMETOOLONG;
		return open_failed(path, e);
	}
	(void)snprintf(head, sizeof(head), "%.*s",
		(int)(rest == NULL ? strlen(path) : (size_t)(rest - 1 - path)),
		path);
	/* "latest" is a link of ours, and the last of these names. */
	run = open_beneath(root, head, O_PATH | O_DIRECTORY, 0, BENEATH);
	if (run < 0)
		return open_failed(path, e);
	while (rest != NULL && *rest == '/')
		rest++;
	if (rest == NULL || *rest == '\0')
		rest = ".";
	fd = open_beneath(run, rest, flags, 0, THEIRS);
	if (fd < 0)
		return open_failed(path, e);
	if (!is_foreign(run, fd))
		return fd;
	(void)close(fd); /* nothing was read */
	return err_set(
		e, ERR_DENIED, "'%s' is a hard link to another's file", path);
}

static void remember(struct removal *r, const char *name)
{
	if (r->saved_errno != 0)
		return;
	r->saved_errno = errno;
	(void)snprintf(r->saved_name, sizeof(r->saved_name), "%s", name);
}

/* Opens a sub-directory to empty it; a mount point is not ours to empty. */
static int open_sub(int dir, const char *name)
{
	uint64_t resolve = OURS | RESOLVE_NO_XDEV;
	int fd = open_beneath(dir, name, O_RDONLY | O_DIRECTORY, 0, resolve);

	if (fd < 0 && errno == EACCES && fchmodat(dir, name, 0700, 0) == 0)
		fd = open_beneath(
			dir, name, O_RDONLY | O_DIRECTORY, 0, resolve);
	return fd;
}

/* Empties the directory behind fd, which it closes. Returns how many entries
 * it got rid of. */
static size_t empty_dir(struct removal *r, int fd, int depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *ent;
	char name[64];
	size_t n = 0;
	int sub;

	if (d == NULL) {
		remember(r, ".");
		(void)close(fd); /* a directory */
		return 0;
	}
	while ((ent = readdir(d)) != NULL) {
		if (strcmp(ent->d_name, ".") == 0 ||
			strcmp(ent->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, ent->d_name, 0) == 0) {
			n++;
			continue;
		}
		if (errno != EISDIR && errno != EPERM) {
			remember(r, ent->d_name);
			continue;
		}
		if (depth >= REMOVE_DEPTH_MAX) {
			(void)snprintf(
				name, sizeof(name), ".removing-%u", r->moved++);
			if (renameat(fd, ent->d_name, r->base, name) == 0)
				n++;
			else
				remember(r, ent->d_name);
			continue;
		}
		sub = open_sub(fd, ent->d_name);
		if (sub >= 0)
			n += empty_dir(r, sub, depth + 1);
		if (unlinkat(fd, ent->d_name, AT_REMOVEDIR) == 0)
			n++;
		else if (depth < REMOVE_DEPTH_MAX && errno != ENOTEMPTY)
			remember(r, ent->d_name);
	}
	(void)closedir(d); /* only read from */
	return n;
}

static int remove_tree(int root, const char *directory, struct err *e)
{
	struct removal r = { .base = -1 };
	int fd;

	r.base = open_beneath(root, directory, O_RDONLY | O_DIRECTORY, 0,
		OURS | RESOLVE_NO_XDEV);
	if (r.base < 0 && errno == ENOENT)
		return 0;
	if (r.base < 0)
		return err_set(e, ERR_IO, "remove '%s': %s", directory,
			strerror(errno));
	do { /* once more for each layer that was moved up */
		fd = openat(r.base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} while (fd >= 0 && empty_dir(&r, fd, 0) > 0);
	(void)close(r.base); /* a directory */
	if (unlinkat(root, directory, AT_REMOVEDIR) == 0)
		return 0;
	if (r.saved_errno == 0)
		return err_set(e, ERR_IO, "remove '%s': %s", directory,
			strerror(errno));
	return err_set(e, ERR_IO, "remove '%s': '%s': %s", directory,
		r.saved_name, strerror(r.saved_errno));
}

static void unlink_latest(int root, const char *directory)
{
	const char *name = strrchr(directory, '/');
	char latest[PATH_MAX], target[NAME_MAX + 1];
	ssize_t n;

	if (name == NULL)
		return;
	(void)snprintf(latest, sizeof(latest), "%.*s/latest",
		(int)(name - directory), directory); /* shorter than a run */
	n = readlinkat(root, latest, target, sizeof(target));
	if (n > 0 && strlen(name + 1) == (size_t)n &&
		memcmp(target, name + 1, (size_t)n) == 0)
		(void)unlinkat(root, latest, 0);
}

int sandbox_remove(int root, const char *directory, struct err *e)
{
	char path[PATH_MAX];
	char *slash;

	if (strlen(directory) >= PATH_MAX - 16 || directory[0] == '\0')
		return err_set(
			e, ERR_INVALID, "sandbox '%s': not a path", directory);
	if (remove_tree(root, directory, e) != 0)
		return -1;
	unlink_latest(root, directory);
	(void)snprintf(path, sizeof(path), "%s", directory); /* checked */
	while ((slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		if (strchr(path, '/') == NULL ||
			unlinkat(root, path, AT_REMOVEDIR) != 0)
			break;
	}
	return 0;
}
