/*
 * pick.h - which of many things a person means by a few letters of its id.
 *
 * In this order: the whole id; the only one whose id begins with the letters;
 * the only one whose id ends with them after a '-' ("0003" for a framework, "S2"
 * for an agent: their beginnings are all alike); the only one of that name.
 */
#ifndef CLI_PICK_H
#define CLI_PICK_H

#include <stdbool.h>
#include <stddef.h>

struct err;

struct pick {
	const char *what; /* "task": for the error */
	const char *word;
	size_t rank; /* of the best so far; lower is better */
	size_t best; /* its number, as offered */
	size_t equals;
	size_t n;
	char examples[128]; /* ids that fit equally well */
};

void pick_init(struct pick *p, const char *what, const char *word);
void pick_offer(struct pick *p, const char *id, const char *name);
/* Does anything fit so far? */
bool pick_found(const struct pick *p);
/* The number of the thing, in the order offered. */
int pick_done(const struct pick *p, size_t *ret, struct err *e);

#endif
