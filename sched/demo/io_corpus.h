/*
 * io_corpus.h - the texts that the demo counts: all .c and .md files of a
 * folder and the folders in it, in the order of their names. build/ and what
 * begins with a dot is left out.
 */
#ifndef SCHED_DEMO_IO_CORPUS_H
#define SCHED_DEMO_IO_CORPUS_H

#include <stddef.h>

#include "sched/demo/slices.h"

struct err;

#define CORPUS_FILES_MAX 100000
/* All texts are held in memory. */
#define CORPUS_BYTES_MAX ((size_t)512 * 1024 * 1024)

struct corpus {
	struct slices_text *texts;
	size_t n;
	size_t cap;
	size_t size; /* bytes of all */
};

int corpus_read(struct corpus *c, const char *folder, struct err *e);
void corpus_fini(struct corpus *c);

#endif
