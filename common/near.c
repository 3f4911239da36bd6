/* near.c - see near.h. */
#include "common/near.h"

#include <string.h>

#include "common/check.h"

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Letters to insert, remove or replace to get from a to b; two neighbours that
 * changed places count once, as it is the most common slip. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t rows[3][NEAR_WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	CHECK(n <= NEAR_WORD_MAX && m <= NEAR_WORD_MAX);
	for (size_t j = 0; j <= m; j++)
		before[j] = above[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
				above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1] &&
				before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[m];
}

void near_init(struct near *n, const char *word, size_t size)
{
	memset(n, 0, sizeof(*n));
	if (size > NEAR_WORD_MAX)
		return;
	memcpy(n->word, word, size);
	n->size = size;
}

void near_offer(struct near *n, const char *known)
{
	size_t size = strlen(known);
	size_t d;

	if (n->size == 0 || size > NEAR_WORD_MAX)
		return;
	/* What was typed may be the beginning of what was meant. */
	if (n->size >= 3 && size > n->size &&
		strncmp(n->word, known, n->size) == 0)
		d = 1;
	else
		d = distance(n->word, n->size, known, size);
	if (n->best == NULL || d < n->distance) {
		n->best = known;
		n->distance = d;
	}
}

const char *near_best(const struct near *n)
{
	size_t allowed = n->size <= 3 ? 1 : n->size <= 6 ? 2 : 3;

	return n->best != NULL && n->distance <= allowed ? n->best : NULL;
}
