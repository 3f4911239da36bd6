/*
 * slices.h - cuts texts into slices of about the same size, each for one task,
 * and writes the shell command that counts a slice's words. Pure.
 *
 * No slice ends inside a word.
 */
#ifndef SCHED_DEMO_SLICES_H
#define SCHED_DEMO_SLICES_H

#include <stddef.h>

struct buf;

struct slices_text {
	char *path;
	char *data;
	size_t size;
};

/* A part of one text. */
struct slices_piece {
	const struct slices_text *text;
	size_t begin;
	size_t end;
};

struct slices_slice {
	struct slices_piece *pieces;
	size_t n;
	size_t cap;
	size_t size;	/* bytes of all pieces */
	size_t command; /* about how long its command will be */
};

struct slices {
	struct slices_slice *all;
	size_t n;
	size_t cap;
};

/* At least `wanted` slices if the texts have as many words; more if a command
 * would get too long. */
void slices_init(struct slices *s, const struct slices_text *texts, size_t n,
	size_t wanted);
void slices_fini(struct slices *s);
/* For sh -c; prints counts as `uniq -c` does. */
void slices_command(struct buf *to, const struct slices_slice *slice);

#endif
