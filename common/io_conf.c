/* io_conf.c - see io_conf.h. */
#include "common/io_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/conf.h"
#include "common/conf_help.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/mem.h"

#define READ_STEP ((size_t)64 * 1024)

static int read_all(int fd, const char *path, struct buf *ret, struct err *e)
{
	ssize_t n;

	do {
		n = read(fd, buf_reserve(ret, READ_STEP), READ_STEP);
		if (n < 0)
			return err_set(e, ERR_IO, "'%s' can't be read: %s",
				path, strerror(errno));
		ret->size += (size_t)n;
		ret->data[ret->size] = '\0';
		if (ret->size > CONF_FILE_MAX)
			return err_set(e, ERR_LIMIT,
				"'%s' is over %d bytes long", path,
				CONF_FILE_MAX);
	} while (n > 0);
	return 0;
}

static int file_read(
	void *ctx, const char *path, struct buf *ret, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	(void)ctx;
	if (fd < 0)
		return err_set(e, ERR_IO, "'%s' can't be opened: %s", path,
			strerror(errno));
	r = read_all(fd, path, ret, e);
	(void)close(fd); /* was only read */
	return r;
}

int conf_start(struct conf *c, char *const *argv, const char *version)
{
	const struct conf_input in = { (const char *const *)argv,
		(const char *const *)environ, file_read, NULL };
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct err e = { .code = ERR_NONE };

	if (conf_parse(c, &in, &e) != 0)
		return conf_failed(c, &e);
	if (c->help)
		conf_help_print(c, &text);
	else if (c->version)
		buf_printf(&text, "%s %s\n", c->program, version);
	else
		return -1;
	return fputs(buf_str(&text), stdout) >= 0 && fflush(stdout) == 0
		? EXIT_SUCCESS
		: EXIT_FAILURE;
}

int conf_failed(const struct conf *c, const struct err *e)
{
	(void)fprintf(stderr, "%s: %s\n", c->program, e->text);
	return EXIT_FAILURE;
}
