/* test_io_files.c - agent/io_sandbox.h and agent/io_files.h against tasks that
 * put links, pipes and very deep trees into their sandbox. */
#include "agent/io_files.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "agent/io_sandbox.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

#define RUNS "slaves/a/frameworks/f/executors/e/runs"
#define RUN  RUNS "/c1"

struct world {
	struct event_base *base;
	struct files *files;
	char dir[64];
	int root;
	struct sandbox box;
	/* The last result. */
	struct err err;
	struct buf text; /* data, or "name mode size\n" of entries */
	uint64_t file_size;
};

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct err e = { 0 };

	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/butte-test-f-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->root = sandbox_root_open(w->dir, &e);
	assert_true(w->root >= 0);
	assert_int_equal(
		sandbox_make(&w->box, w->root, RUN, geteuid(), getegid(), &e),
		0);
	w->base = event_base_new();
	w->files = files_new(w->base, w->root);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char cmd[128];

	files_free(w->files);
	event_base_free(w->base);
	sandbox_fini(&w->box);
	(void)close(w->root);
	buf_fini(&w->text);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", w->dir);
	assert_int_equal(system(cmd), 0);
	free(w);
	return 0;
}

static void on_done(void *ctx, uint64_t request, struct files_result *r)
{
	struct world *w = ctx;
	char mode[11];
	size_t i;

	assert_int_equal(request, 7);
	buf_clear(&w->text);
	w->err.code = ERR_NONE;
	if (r->err != NULL)
		w->err = *r->err;
	for (i = 0; i < r->n_entries; i++) {
		files_mode_text(r->entries[i].mode, mode);
		buf_printf(&w->text, "%s %s %d\n", r->entries[i].name, mode,
			(int)r->entries[i].size);
	}
	buf_add(&w->text, r->data, r->size);
	w->file_size = r->file_size;
	(void)event_base_loopbreak(w->base);
}

static enum err_code call(struct world *w, enum files_what what,
	const char *path, uint64_t offset, size_t length)
{
	struct files_call c = { .what = what,
		.path = path,
		.offset = offset,
		.length = length,
		.done = on_done,
		.ctx = w,
		.request = 7 };

	files_submit(w->files, &c);
	(void)event_base_dispatch(w->base);
	return w->err.code;
}

static void put(struct world *w, const char *name, const char *text)
{
	int fd = openat(w->box.dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void test_read(void **state)
{
	struct world *w = *state;

	put(w, "f", "0123456789");
	assert_int_equal(call(w, FILES_READ, RUN "/f", 0, 4), ERR_NONE);
	assert_string_equal(buf_str(&w->text), "0123");
	assert_int_equal(w->file_size, 10);
	(void)call(w, FILES_READ, RUNS "/latest/f", 8, 100);
	assert_string_equal(buf_str(&w->text), "89");
	(void)call(w, FILES_READ, RUN "/f", 10, 4);
	assert_string_equal(buf_str(&w->text), "");
	(void)call(w, FILES_READ, RUN "/f", UINT64_MAX, 4);
	assert_string_equal(buf_str(&w->text), "");
	(void)call(w, FILES_READ, RUN "/f", 0, 0);
	assert_int_equal(w->file_size, 10);
	assert_int_equal(call(w, FILES_READ, RUN "/none", 0, 4), ERR_NOT_FOUND);
	assert_int_equal(call(w, FILES_READ, RUN "/f/x", 0, 4), ERR_NOT_FOUND);
	assert_int_equal(call(w, FILES_READ, RUN, 0, 4), ERR_INVALID);
	assert_string_equal(w->err.text, "Cannot read a directory.");
}

static void test_escapes(void **state)
{
	struct world *w = *state;
	struct err e = { 0 };
	struct sandbox other;
	size_t i;
	static const struct {
		const char *name, *target;
	} links[] = {
		{ "etc", "/etc" },
		{ "shadow", "/etc/shadow" },
		{ "up", "../../../../../../../../../../etc/passwd" },
		{ "sibling", "../c2/stdout" },
		{ "proc", "/proc/self/root" },
		{ "loop", "loop" },
	};
	static const char *const bad[] = { RUN "/etc/passwd", RUN "/shadow",
		RUN "/up", RUN "/sibling", RUN "/proc/etc/passwd", RUN "/loop",
		RUN "/../c2/stdout",
		RUN "/../../../../../../../../../etc/passwd",
		RUN "/sub/../../c2/stdout" };

	assert_int_equal(sandbox_make(&other, w->root, RUNS "/c2", geteuid(),
				 getegid(), &e),
		0);
	sandbox_fini(&other);
	assert_int_equal(mkdirat(w->box.dir, "sub", 0755), 0);
	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		assert_int_equal(
			symlinkat(links[i].target, w->box.dir, links[i].name),
			0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
			call(w, FILES_READ, bad[i], 0, 100), ERR_DENIED);
		assert_int_equal(w->text.size, 0);
		assert_int_not_equal(
			call(w, FILES_LIST, bad[i], 0, 0), ERR_NONE);
		assert_int_equal(w->text.size, 0);
	}
	assert_int_equal(call(w, FILES_LIST, RUN "/etc", 0, 0), ERR_DENIED);
	/* Links within are fine. */
	put(w, "sub/f", "inside");
	assert_int_equal(symlinkat("sub/f", w->box.dir, "good"), 0);
	assert_int_equal(call(w, FILES_READ, RUN "/good", 0, 100), ERR_NONE);
	assert_string_equal(buf_str(&w->text), "inside");
}

static void test_special_files(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkfifoat(w->box.dir, "fifo", 0666), 0);
	assert_int_equal(call(w, FILES_READ, RUN "/fifo", 0, 100), ERR_INVALID);
	assert_string_equal(w->err.text, "Not a regular file.");
	if (geteuid() != 0)
		return;
	assert_int_equal(
		mknodat(w->box.dir, "zero", S_IFCHR | 0666, (1 << 8) | 5), 0);
	assert_int_equal(call(w, FILES_READ, RUN "/zero", 0, 100), ERR_INVALID);
}

static void test_list(void **state)
{
	struct world *w = *state;

	put(w, "b", "xy");
	assert_int_equal(mkdirat(w->box.dir, "a", 0755), 0);
	assert_int_equal(symlinkat("b", w->box.dir, "link"), 0);
	assert_int_equal(symlinkat("/etc", w->box.dir, "out"), 0);
	assert_int_equal(call(w, FILES_LIST, RUN, 0, 0), ERR_NONE);
	assert_non_null(strstr(buf_str(&w->text), "a drwxr-xr-x "));
	assert_non_null(strstr(buf_str(&w->text),
		"b -rw-r----- 2\nlink -rw-r----- 2\nout lrwxrwxrwx 4\n"
		"stderr -rw-r--r-- 0\nstdout -rw-r--r-- 0\n"));
	assert_int_equal(call(w, FILES_LIST, RUN "/b", 0, 0), ERR_INVALID);
	assert_int_equal(call(w, FILES_LIST, RUN "/zz", 0, 0), ERR_NOT_FOUND);
}

static bool exists(struct world *w, const char *path)
{
	struct stat st;

	return fstatat(w->root, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Deeper than any path can name, links to what must stay, no permissions. */
static void test_remove(void **state)
{
	struct world *w = *state;
	struct err e = { 0 };
	struct sandbox other;
	int fd, next, i;

	put(w, "keep", "");
	assert_int_equal(renameat(w->box.dir, "keep", w->root, "keep"), 0);
	assert_int_equal(
		symlinkat("../../../../../../../../keep", w->box.dir, "link"),
		0);
	assert_int_equal(symlinkat("/etc", w->box.dir, "etc"), 0);
	fd = openat(w->box.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < 3000; i++) {
		assert_int_equal(mkdirat(fd, "deep", 0755), 0);
		next = openat(fd, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	assert_int_equal(mkdirat(w->box.dir, "shut", 0), 0);
	assert_int_equal(sandbox_make(&other, w->root, RUNS "/c2", geteuid(),
				 getegid(), &e),
		0);
	sandbox_fini(&other);

	assert_int_equal(sandbox_remove(w->root, RUN, &e), 0);
	assert_false(exists(w, RUN));
	assert_true(exists(w, "keep"));
	/* The other run is there, and "latest" leads to it. */
	assert_true(exists(w, RUNS "/latest/stdout"));
	assert_int_equal(sandbox_remove(w->root, RUNS "/c2", &e), 0);
	assert_false(exists(w, "slaves/a"));
	assert_true(exists(w, "slaves"));
	assert_int_equal(sandbox_remove(w->root, RUNS "/c2", &e), 0);
}

static void test_modes(void **state)
{
	static const struct {
		mode_t mode;
		const char *text;
	} cases[] = {
		{ S_IFREG | 0644, "-rw-r--r--" },
		{ S_IFDIR | 01777, "drwxrwxrwt" },
		{ S_IFREG | 04755, "-rwsr-xr-x" },
		{ S_IFREG | 02644, "-rw-r-Sr--" },
		{ S_IFIFO | 0, "p---------" },
	};
	char text[11];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		files_mode_text(cases[i].mode, text);
		assert_string_equal(text, cases[i].text);
	}
	assert_string_equal(files_media_type("a.json"), "application/json");
	assert_string_equal(
		files_media_type("stdout"), "application/octet-stream");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_escapes, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_special_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
		cmocka_unit_test(test_modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
