/* io_log.c - see io_log.h. */
#include "common/io_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/check.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

#define LINE_SIZE 4096 /* a longer one is cut, and ends in ... */

static struct {
	int fd; /* STDERR_FILENO or the file's */
	char *program;
	char *path; /* NULL: stderr */
	bool open;
} lg;

static size_t add(char *line, size_t at, const char *text)
{
	size_t n = strlen(text);
	size_t room = LINE_SIZE - at;

	n = n < room ? n : room;
	memcpy(line + at, text, n);
	return at + n;
}

/* Like add(), but nothing in the text can end the line. */
static size_t add_escaped(char *line, size_t at, const char *text)
{
	for (; *text != '\0' && at < LINE_SIZE; text++) {
		unsigned char c = (unsigned char)*text;
		char hex[8];

		if (c >= 0x20 && c != 0x7f) {
			line[at++] = (char)c;
			continue;
		}
		if (c == '\n')
			(void)snprintf(hex, sizeof(hex), "\\n");
		else if (c == '\t')
			(void)snprintf(hex, sizeof(hex), "\\t");
		else
			(void)snprintf(hex, sizeof(hex), "\\x%02x", c);
		at = add(line, at, hex);
	}
	return at;
}

static size_t add_time(char *line, size_t at)
{
	char text[64];
	struct timespec now;
	struct tm tm;
	size_t n;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* can't fail */
	(void)gmtime_r(&now.tv_sec, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(text + n, sizeof(text) - n, ".%03dZ",
		(int)(now.tv_nsec / 1000000));
	return add(line, at, text);
}

static void emit(enum log_level level, const char *event, const char *text)
{
	static const char *const words[] = {
		[LOG_LEVEL_ERROR] = " ERROR ",
		[LOG_LEVEL_WARN] = " WARN ",
		[LOG_LEVEL_INFO] = " INFO ",
		[LOG_LEVEL_DEBUG] = " DEBUG ",
	};
	char line[LINE_SIZE + 1];
	size_t n;

	n = add_time(line, 0);
	n = add(line, n, words[level]);
	n = add(line, n, lg.program);
	n = add(line, n, " ");
	n = add(line, n, event);
	n = add(line, n, ": ");
	n = add_escaped(line, n, text);
	if (n == LINE_SIZE)
		memcpy(line + n - 3, "...", 3);
	line[n++] = '\n';
	while (write(lg.fd, line, n) < 0 && errno == EINTR)
		;
}

static int file_open(const char *path, int *ret, struct err *e)
{
	int fd = open(path,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);

	if (fd < 0)
		return err_set(e, ERR_IO, "can't open the log file '%s': %s",
			path, strerror(errno));
	*ret = fd;
	return 0;
}

static void fd_use(int fd)
{
	if (lg.open && lg.fd != STDERR_FILENO)
		(void)close(lg.fd); /* every line was written already */
	lg.fd = fd;
	lg.open = true;
}

int log_open(const char *program, const char *path, struct err *e)
{
	int fd = STDERR_FILENO;
	char *old_program = lg.program, *old_path = lg.path;

	CHECK(program != NULL);
	if (path != NULL && file_open(path, &fd, e) != 0)
		return -1;
	fd_use(fd);
	lg.program = xstrdup(program);
	lg.path = xstrdup(path);
	free(old_program);
	free(old_path);
	log_hook_set(emit);
	return 0;
}

int log_reopen(struct err *e)
{
	int fd = -1;

	if (!lg.open || lg.path == NULL)
		return 0;
	if (file_open(lg.path, &fd, e) != 0)
		return -1;
	fd_use(fd);
	return 0;
}

void log_close(void)
{
	log_hook_set(NULL);
	if (!lg.open)
		return;
	fd_use(STDERR_FILENO);
	free(lg.program);
	free(lg.path);
	lg.program = NULL;
	lg.path = NULL;
	lg.open = false;
}
