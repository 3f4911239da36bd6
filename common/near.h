/*
 * near.h - "did you mean": which known word is a slip of the finger away.
 *
 * Offer every word that would have been right; near_best() is the closest one
 * if it is close enough to be worth saying, the first of equals.
 */
#ifndef COMMON_NEAR_H
#define COMMON_NEAR_H

#include <stddef.h>

#define NEAR_WORD_MAX 48 /* longer words are not compared */

struct near {
	char word[NEAR_WORD_MAX + 1];
	size_t size;
	const char *best; /* borrowed from near_offer() */
	size_t distance;
};

void near_init(struct near *n, const char *word, size_t size);
void near_offer(struct near *n, const char *known);
const char *near_best(const struct near *n); /* NULL: nothing is near */

#endif
