/*
 * io_files.h - listing and reading of sandboxes, off the loop.
 *
 * Paths are relative to the work directory, as agent_file_path() gives them;
 * io_sandbox.h keeps them beneath their sandbox. Only regular files are read:
 * a pipe or a device that a task puts there is refused before it is opened.
 * Each call ends with its `done`, on the loop's thread, unless the files are
 * freed before.
 */
#ifndef AGENT_IO_FILES_H
#define AGENT_IO_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct event_base;
struct files;

struct files_entry {
	char *name; /* within the directory */
	uint64_t nlink, size;
	int64_t mtime_s;
	mode_t mode;
	char *user, *group; /* names; numbers where there is no name */
};

struct files_result {
	const struct err *err; /* NULL: it went well */
	/* Of a list: sorted by name. */
	const struct files_entry *entries;
	size_t n_entries;
	/* Of a read. */
	const uint8_t *data;
	size_t size;	    /* less than asked for: the end of the file */
	uint64_t file_size; /* when it was opened, or read again */
	/* Open for more calls; closed after done unless set to -1 by it. */
	int fd;
};

enum files_what { FILES_LIST, FILES_READ };

struct files_call {
	enum files_what what;
	const char *path; /* copied; or fd */
	bool trusted;	  /* path is absolute and the operator's: a log */
	int fd;		  /* path NULL: read this one, given away */
	uint64_t offset;
	size_t length; /* 0: only its size */
	void (*done)(void *ctx, uint64_t request, struct files_result *result);
	void *ctx;
	uint64_t request;
};

/* root is the work directory, borrowed. */
struct files *files_new(struct event_base *base, int root);
void files_free(struct files *f);
void files_submit(struct files *f, const struct files_call *call);

/* "-rw-r--r--", as ls(1) prints it; 11 bytes. */
void files_mode_text(mode_t mode, char *ret);
/* By the name's ending; application/octet-stream if it is unknown. */
const char *files_media_type(const char *name);

#endif
