/* io_corpus.c - see io_corpus.h. */
#include "sched/demo/io_corpus.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/err.h"
#include "common/mem.h"

#define DEPTH_MAX 64

static int read_folder(
	struct corpus *c, const char *folder, int depth, struct err *e);

static int by_path(const void *a, const void *b)
{
	const struct slices_text *x = a, *y = b;

	return strcmp(x->path, y->path);
}

int corpus_read(struct corpus *c, const char *folder, struct err *e)
{
	CLEANUP(mem_freep) char *whole = realpath(folder, NULL);

	memset(c, 0, sizeof(*c));
	if (whole == NULL)
		return err_set(e, ERR_NOT_FOUND, "folder '%s': %s", folder,
			strerror(errno));
	if (read_folder(c, whole, 0, e) != 0)
		return -1;
	if (c->size == 0)
		return err_set(e, ERR_NOT_FOUND,
			"folder '%s' has no .c and no .md files with anything "
			"in them",
			folder);
	qsort(c->texts, c->n, sizeof(*c->texts), by_path);
	return 0;
}

void corpus_fini(struct corpus *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->texts[i].path);
		free(c->texts[i].data);
	}
	free(c->texts);
	memset(c, 0, sizeof(*c));
}

static bool is_wanted(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && dot != name &&
		(strcmp(dot, ".c") == 0 || strcmp(dot, ".md") == 0);
}

static int read_text(int fd, struct slices_text *t)
{
	size_t used = 0;

	while (used < t->size) {
		ssize_t n = read(fd, t->data + used, t->size - used);

		if (n < 0)
			return -1;
		if (n == 0)
			break; /* it got shorter */
		used += (size_t)n;
	}
	t->size = used;
	return 0;
}

static int add_file(struct corpus *c, const char *path, struct err *e)
{
	struct slices_text t = { 0 };
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int r;

	if (fd < 0 || fstat(fd, &st) != 0) {
		r = errno;
		if (fd >= 0)
			(void)close(fd);
		/* Links and what vanished are not ours to count. */
		return r == ELOOP || r == ENOENT
			? 0
			: err_set(e, ERR_IO, "file '%s': %s", path,
				  strerror(r));
	}
	if (!S_ISREG(st.st_mode) || st.st_size == 0) {
		(void)close(fd);
		return 0;
	}
	if (c->n == CORPUS_FILES_MAX ||
		(size_t)st.st_size > CORPUS_BYTES_MAX - c->size) {
		(void)close(fd);
		return err_set(e, ERR_LIMIT,
			"the folder has more than %d files or %zu MB",
			CORPUS_FILES_MAX, CORPUS_BYTES_MAX >> 20);
	}
	t.size = (size_t)st.st_size;
	t.path = xstrdup(path);
	t.data = xmalloc(t.size);
	r = read_text(fd, &t);
	if (r != 0)
		(void)err_set(
			e, ERR_IO, "file '%s': %s", path, strerror(errno));
	(void)close(fd);
	c->texts = xgrow(c->texts, &c->cap, c->n + 1, sizeof(t));
	c->texts[c->n++] = t;
	c->size += t.size;
	return r;
}

static int add_entry(struct corpus *c, const char *folder,
	const struct dirent *entry, int depth, struct err *e)
{
	CLEANUP(mem_freep)
	char *path = xasprintf("%s/%s", folder, entry->d_name);
	struct stat st;

	if (entry->d_name[0] == '.' || strcmp(entry->d_name, "build") == 0 ||
		lstat(path, &st) != 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return read_folder(c, path, depth + 1, e);
	return is_wanted(entry->d_name) ? add_file(c, path, e) : 0;
}

static int read_folder(
	struct corpus *c, const char *folder, int depth, struct err *e)
{
	const struct dirent *entry;
	DIR *d;
	int r = 0;

	if (depth > DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "folder '%s' is too deep", folder);
	d = opendir(folder);
	if (d == NULL)
		return err_set(
			e, ERR_IO, "folder '%s': %s", folder, strerror(errno));
	while (r == 0 && (entry = readdir(d)) != NULL)
		r = add_entry(c, folder, entry, depth, e);
	(void)closedir(d);
	return r;
}
