/* io_files.c - see io_files.h. */
#include "agent/io_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/io_sandbox.h"
#include "agent/io_worker.h"
#include "common/check.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/mem.h"

struct files {
	int root;
	struct worker *worker;
};

struct file_job {
	struct worker_job job;
	struct files_call call;
	char *path;
	struct err err;
	struct files_entry *entries;
	size_t n_entries, entries_cap;
	uint8_t *data;
	size_t size;
	uint64_t file_size;
	/* The last names looked up: nearly always the same. */
	uid_t uid;
	gid_t gid;
	char *user, *group;
};

static unsigned on_run(
	void *ctx, struct worker_jobs *jobs, struct worker_jobs *done);
static void on_done(void *ctx, struct worker_job *job);
static void on_drop(void *ctx, struct worker_job *job);

struct files *files_new(struct event_base *base, int root)
{
	static const struct worker_ops ops = { on_run, on_done, on_drop };
	struct files *f = xcalloc(1, sizeof(*f));

	f->root = root;
	f->worker = worker_new(base, "files", &ops, f);
	return f;
}

void files_free(struct files *f)
{
	if (f == NULL)
		return;
	worker_free(f->worker);
	free(f);
}

void files_submit(struct files *f, const struct files_call *call)
{
	struct file_job *j = xcalloc(1, sizeof(*j));

	CHECK(call->done != NULL);
	CHECK(call->length <= FILES_CHUNK_MAX);
	j->call = *call;
	j->path = xstrdup(call->path);
	j->call.path = NULL;
	if (call->path != NULL)
		j->call.fd = -1;
	worker_add(f->worker, &j->job);
}

void files_mode_text(mode_t mode, char *ret)
{
	static const char bits[] = "rwxrwxrwx";
	int i;

	ret[0] = '-';
	if (S_ISDIR(mode))
		ret[0] = 'd';
	else if (S_ISLNK(mode))
		ret[0] = 'l';
	else if (S_ISCHR(mode))
		ret[0] = 'c';
	else if (S_ISBLK(mode))
		ret[0] = 'b';
	else if (S_ISFIFO(mode))
		ret[0] = 'p';
	else if (S_ISSOCK(mode))
		ret[0] = 's';
	for (i = 0; i < 9; i++)
		ret[i + 1] = (mode & (0400u >> i)) != 0 ? bits[i] : '-';
	if ((mode & S_ISUID) != 0)
		ret[3] = ret[3] == 'x' ? 's' : 'S';
	if ((mode & S_ISGID) != 0)
		ret[6] = ret[6] == 'x' ? 's' : 'S';
	if ((mode & S_ISVTX) != 0)
		ret[9] = ret[9] == 'x' ? 't' : 'T';
	ret[10] = '\0';
}

const char *files_media_type(const char *name)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{ ".txt", "text/plain" },
		{ ".log", "text/plain" },
		{ ".html", "text/html" },
		{ ".css", "text/css" },
		{ ".csv", "text/csv" },
		{ ".js", "application/javascript" },
		{ ".json", "application/json" },
		{ ".xml", "application/xml" },
		{ ".pdf", "application/pdf" },
		{ ".zip", "application/zip" },
		{ ".gz", "application/x-gzip" },
		{ ".tgz", "application/x-gzip" },
		{ ".bz2", "application/x-bzip2" },
		{ ".tar", "application/x-tar" },
		{ ".png", "image/png" },
		{ ".jpg", "image/jpeg" },
		{ ".jpeg", "image/jpeg" },
		{ ".gif", "image/gif" },
		{ ".svg", "image/svg+xml" },
	};
	const char *dot = strrchr(name, '.');
	size_t i;

	for (i = 0; dot != NULL && i < ARRAY_LEN(types); i++) {
		if (strcasecmp(dot, types[i].ending) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

static void job_free(struct file_job *j)
{
	size_t i;

	for (i = 0; i < j->n_entries; i++) {
		free(j->entries[i].name);
		free(j->entries[i].user);
		free(j->entries[i].group);
	}
	free(j->entries);
	free(j->data);
	free(j->user);
	free(j->group);
	free(j->path);
	if (j->call.fd >= 0)
		(void)close(j->call.fd); /* only read from */
	free(j);
}

static void on_done(void *ctx, struct worker_job *job)
{
	struct file_job *j = (struct file_job *)(void *)job;
	struct files_result r = {
		.err = j->err.code != ERR_NONE ? &j->err : NULL,
		.entries = j->entries,
		.n_entries = j->n_entries,
		.data = j->data,
		.size = j->size,
		.file_size = j->file_size,
		.fd = j->call.fd,
	};

	(void)ctx; /* the caller's is in the job */
	j->call.done(j->call.ctx, j->call.request, &r);
	j->call.fd = r.fd;
	job_free(j);
}

static void on_drop(void *ctx, struct worker_job *job)
{
	(void)ctx; /* the agent stops; who asked finds out */
	job_free((struct file_job *)(void *)job);
}

/* --- on the worker's thread ---------------------------------------------- */

static int os_error(const struct file_job *j, struct err *e)
{
	return err_set(e, ERR_IO, "'%s': %s", j->path != NULL ? j->path : "",
		strerror(errno));
}

/* What a path stands for, without opening it yet. */
static int open_path(const struct files *f, struct file_job *j, struct stat *st)
{
	int fd;

	if (j->call.trusted)
		fd = open(j->path, O_PATH | O_CLOEXEC);
	else
		fd = sandbox_open(f->root, j->path, O_PATH, &j->err);
	if (fd < 0 && j->err.code == ERR_NONE)
		return err_set(
			&j->err, ERR_NOT_FOUND, "'%s' not found", j->path);
	if (fd >= 0 && fstat(fd, st) != 0) {
		(void)os_error(j, &j->err);
		(void)close(fd); /* O_PATH */
		return -1;
	}
	return fd;
}

/* The real opening of what an O_PATH descriptor stands for; closes that. */
static int reopen(struct file_job *j, int path_fd, int flags)
{
	char link[64];
	int fd;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
	fd = open(link, flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		(void)os_error(j, &j->err);
	(void)close(path_fd); /* O_PATH */
	return fd;
}

static int open_regular(const struct files *f, struct file_job *j)
{
	struct stat st;
	int fd = open_path(f, j, &st);

	if (fd < 0)
		return -1;
	if (S_ISREG(st.st_mode))
		return reopen(j, fd, 0);
	(void)close(fd); /* O_PATH */
	return err_set(&j->err, ERR_INVALID,
		S_ISDIR(st.st_mode) ? "Cannot read a directory."
				    : "Not a regular file.");
}

static void read_file(const struct files *f, struct file_job *j)
{
	struct stat st;
	ssize_t n = 0;

	if (j->path != NULL)
		j->call.fd = open_regular(f, j);
	if (j->call.fd < 0)
		return;
	if (fstat(j->call.fd, &st) != 0) {
		(void)os_error(j, &j->err);
		return;
	}
	j->file_size = (uint64_t)st.st_size;
	if (j->call.length == 0 || j->call.offset >= j->file_size)
		return;
	j->data = xmalloc(j->call.length);
	do {
		n = pread(j->call.fd, j->data + j->size,
			j->call.length - j->size,
			(off_t)(j->call.offset + j->size));
		if (n > 0)
			j->size += (size_t)n;
	} while ((n > 0 && j->size < j->call.length) ||
		(n < 0 && errno == EINTR));
	if (n < 0)
		(void)os_error(j, &j->err);
}

static const char *user_name(struct file_job *j, uid_t uid)
{
	struct passwd *pw;

	if (j->user != NULL && j->uid == uid)
		return j->user;
	free(j->user);
	j->uid = uid;
	pw = getpwuid(uid); /* this thread alone calls it */
	j->user = pw != NULL ? xstrdup(pw->pw_name)
			     : xasprintf("%u", (unsigned)uid);
	return j->user;
}

static const char *group_name(struct file_job *j, gid_t gid)
{
	struct group *gr;

	if (j->group != NULL && j->gid == gid)
		return j->group;
	free(j->group);
	j->gid = gid;
	gr = getgrgid(gid); /* this thread alone calls it */
	j->group = gr != NULL ? xstrdup(gr->gr_name)
			      : xasprintf("%u", (unsigned)gid);
	return j->group;
}

/* A link shows as what it leads to, if that is in the sandbox too. */
static void follow(const struct files *f, const struct file_job *j,
	const char *name, struct stat *st)
{
	CLEANUP(mem_freep) char *path = xasprintf("%s/%s", j->path, name);
	struct stat target;
	int fd = sandbox_open(f->root, path, O_PATH, NULL);

	if (fd < 0)
		return;
	if (fstat(fd, &target) == 0)
		*st = target;
	(void)close(fd); /* O_PATH */
}

static void entry_add(
	struct file_job *j, const char *name, const struct stat *st)
{
	struct files_entry *ent;

	j->entries = xgrow(j->entries, &j->entries_cap, j->n_entries + 1,
		sizeof(*j->entries));
	ent = &j->entries[j->n_entries++];
	ent->name = xstrdup(name);
	ent->nlink = st->st_nlink;
	ent->size = (uint64_t)st->st_size;
	ent->mtime_s = st->st_mtim.tv_sec;
	ent->mode = st->st_mode;
	ent->user = xstrdup(user_name(j, st->st_uid));
	ent->group = xstrdup(group_name(j, st->st_gid));
}

static int by_name(const void *a, const void *b)
{
	const struct files_entry *x = a;
	const struct files_entry *y = b;

	return strcmp(x->name, y->name);
}

/* lstat() that asks nobody: a mount of the task's own may never answer. */
static int look(int dir, const char *name, struct stat *ret)
{
	struct statx x;

	if (statx(dir, name,
		    AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		    STATX_BASIC_STATS, &x) != 0)
		return -1;
	memset(ret, 0, sizeof(*ret));
	ret->st_mode = x.stx_mode;
	ret->st_nlink = x.stx_nlink;
	ret->st_uid = x.stx_uid;
	ret->st_gid = x.stx_gid;
	ret->st_size = (off_t)x.stx_size;
	ret->st_mtim.tv_sec = x.stx_mtime.tv_sec;
	return 0;
}

static void list_dir(const struct files *f, struct file_job *j, DIR *d)
{
	struct dirent *ent;
	struct stat st;

	while ((ent = readdir(d)) != NULL) {
		if (strcmp(ent->d_name, ".") == 0 ||
			strcmp(ent->d_name, "..") == 0 ||
			look(dirfd(d), ent->d_name, &st) != 0)
			continue;
		if (j->n_entries == FILES_BROWSE_MAX) {
			(void)err_set(&j->err, ERR_LIMIT,
				"'%s' has more than %d entries", j->path,
				FILES_BROWSE_MAX);
			return;
		}
		if (S_ISLNK(st.st_mode) && !j->call.trusted)
			follow(f, j, ent->d_name, &st);
		entry_add(j, ent->d_name, &st);
	}
	if (j->n_entries > 1)
		qsort(j->entries, j->n_entries, sizeof(*j->entries), by_name);
}

static void list(const struct files *f, struct file_job *j)
{
	struct stat st;
	int fd = open_path(f, j, &st);
	DIR *d;

	if (fd < 0)
		return;
	if (!S_ISDIR(st.st_mode)) {
		(void)close(fd); /* O_PATH */
		(void)err_set(&j->err, ERR_INVALID, "Not a directory.");
		return;
	}
	fd = reopen(j, fd, O_DIRECTORY);
	if (fd < 0)
		return;
	d = fdopendir(fd);
	CHECK(d != NULL); /* it is an open directory */
	list_dir(f, j, d);
	(void)closedir(d); /* only read from */
}

static unsigned on_run(
	void *ctx, struct worker_jobs *jobs, struct worker_jobs *done)
{
	struct worker_job *job = TAILQ_FIRST(jobs);
	struct file_job *j = (struct file_job *)(void *)job;

	if (j->call.what == FILES_LIST)
		list(ctx, j);
	else
		read_file(ctx, j);
	TAILQ_REMOVE(jobs, job, next);
	TAILQ_INSERT_TAIL(done, job, next);
	return 0; /* one by one: a slow disk delays only what is behind it */
}
