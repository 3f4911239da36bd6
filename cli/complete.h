/*
 * complete.h - what the word that is being typed can become. Pure: what only a
 * cluster knows is left to the edge (io_complete.c).
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include <stddef.h>

struct buf;

enum complete_kind {
	COMPLETE_WORDS, /* all that is possible is in *to */
	COMPLETE_AGENTS,
	COMPLETE_FRAMEWORKS,
	COMPLETE_TASKS,
	COMPLETE_FILES, /* of this machine */
};

/* words[0..n) without the program's name; the last one is unfinished, maybe "".
 * Possible words go to *to, a line each, all that exist: the shell filters. */
enum complete_kind complete_words(struct buf *to, char *const *words, size_t n);

#endif
