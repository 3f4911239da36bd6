/* pick.c - see pick.h. */
#include "cli/pick.h"

#include <stdio.h>
#include <string.h>

#include "common/check.h"
#include "common/err.h"

enum { RANK_ID, RANK_PREFIX, RANK_SUFFIX, RANK_NAME, RANK_NONE };

void pick_init(struct pick *p, const char *what, const char *word)
{
	memset(p, 0, sizeof(*p));
	p->what = what;
	p->word = word;
	p->rank = RANK_NONE;
}

static size_t rank_of(const char *word, const char *id, const char *name)
{
	size_t n = strlen(word), size = strlen(id);

	if (n == 0)
		return RANK_NONE;
	if (strcmp(word, id) == 0)
		return RANK_ID;
	if (strncmp(word, id, n) == 0)
		return RANK_PREFIX;
	if (size > n && id[size - n - 1] == '-' &&
		strcmp(id + size - n, word) == 0)
		return RANK_SUFFIX;
	if (name != NULL && strcmp(name, word) == 0)
		return RANK_NAME;
	return RANK_NONE;
}

void pick_offer(struct pick *p, const char *id, const char *name)
{
	size_t rank = rank_of(p->word, id, name);
	size_t used;

	if (rank < p->rank) {
		p->rank = rank;
		p->best = p->n;
		p->equals = 0;
		p->examples[0] = '\0';
	}
	if (rank == p->rank && rank != RANK_NONE) {
		p->equals++;
		used = strlen(p->examples);
		(void)snprintf(p->examples + used, sizeof(p->examples) - used,
			"%s%s", used > 0 ? ", " : "", id); /* may be cut */
	}
	p->n++;
}

bool pick_found(const struct pick *p)
{
	return p->rank != RANK_NONE;
}

int pick_done(const struct pick *p, size_t *ret, struct err *e)
{
	if (p->rank == RANK_NONE)
		return err_set(e, ERR_NOT_FOUND,
			"no %s '%s' (%zu looked at); 'butte %s list' shows "
			"them",
			p->what, p->word, p->n, p->what);
	if (p->equals > 1 && p->rank != RANK_ID)
		return err_set(e, ERR_NOT_FOUND,
			"'%s' can be %zu of them: %s ...; give more letters",
			p->word, p->equals, p->examples);
	CHECK(p->best < p->n);
	*ret = p->best;
	return 0;
}
