/*
 * words.h - how often each word occurs. Pure.
 *
 * A word is a run of ASCII letters, in lower case: what
 * `tr -cs A-Za-z '\n' | tr A-Z a-z` makes of a text in the C locale.
 */
#ifndef SCHED_DEMO_WORDS_H
#define SCHED_DEMO_WORDS_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct words;

struct words *words_new(void);
void words_free(struct words *w);

/* Counts the words of a text. */
void words_add_text(struct words *w, const char *text, size_t size);
/* Adds counts as `uniq -c` prints them: "   12 word". */
int words_add_counts(
	struct words *w, const char *text, size_t size, struct err *e);

uint64_t words_total(const struct words *w);
size_t words_different(const struct words *w);
/* The first difference as a text; NULL: both are equal. Free it. */
char *words_compare(const struct words *a, const struct words *b);
/* The nth in the order of counts, then of the alphabet; NULL after the last.
 * The word stays the table's. */
const char *words_top(struct words *w, size_t nth, uint64_t *ret_count);

#endif
