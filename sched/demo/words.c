/* words.c - see words.h. */
#include "sched/demo/words.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/map.h"
#include "common/mem.h"

struct word {
	UT_hash_handle hh;
	uint64_t count;
	char text[];
};

struct words {
	struct word *table; /* by text */
	uint64_t total;
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wpointer-arith"
static struct word *find(const struct words *w, const char *text, size_t size)
{
	struct word *found;

	HASH_FIND(hh, w->table, text, size, found);
	return found;
}

static void insert(struct words *w, struct word *n, size_t size)
{
	HASH_ADD_KEYPTR(hh, w->table, n->text, size, n);
}

static void forget(struct words *w, struct word *n)
{
	HASH_DELETE(hh, w->table, n);
}

static int by_count(const struct word *a, const struct word *b)
{
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return strcmp(a->text, b->text);
}

static void sort(struct words *w)
{
	HASH_SORT(w->table, by_count);
}
#pragma GCC diagnostic pop

struct words *words_new(void)
{
	return xcalloc(1, sizeof(struct words));
}

void words_free(struct words *w)
{
	struct word *n;

	if (w == NULL)
		return;
	while ((n = w->table) != NULL) {
		forget(w, n);
		free(n);
	}
	free(w);
}

static void add(struct words *w, const char *text, size_t size, uint64_t count)
{
	struct word *n = find(w, text, size);

	if (n == NULL) {
		n = xcalloc(1, sizeof(*n) + size + 1);
		memcpy(n->text, text, size);
		insert(w, n, size);
	}
	n->count += count;
	w->total += count;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

static void add_lower(struct words *w, const char *text, size_t size)
{
	char small[64];
	char *all = size <= sizeof(small) ? small : xmalloc(size);

	for (size_t i = 0; i < size; i++)
		all[i] = lower(text[i]);
	add(w, all, size, 1);
	if (all != small)
		free(all);
}

void words_add_text(struct words *w, const char *text, size_t size)
{
	size_t begin = 0;

	for (size_t i = 0; i <= size; i++) {
		if (i < size && is_letter(text[i]))
			continue;
		if (i > begin)
			add_lower(w, text + begin, i - begin);
		begin = i + 1;
	}
}

/* One line without its '\n'. */
static int add_line(
	struct words *w, const char *line, size_t size, struct err *e)
{
	size_t i = 0;
	uint64_t count = 0;

	while (i < size && line[i] == ' ')
		i++;
	for (; i < size && line[i] >= '0' && line[i] <= '9'; i++) {
		if (count > UINT64_MAX / 100)
			return err_set(e, ERR_INVALID, "a count is too big");
		count = count * 10 + (uint64_t)(line[i] - '0');
	}
	/* A text that begins with no letter gives an empty first word. */
	if (count > 0 && (i == size || (line[i] == ' ' && i + 1 == size)))
		return 0;
	if (count == 0 || line[i] != ' ')
		return err_set(e, ERR_INVALID, "'%.*s' is not a count",
			(int)(size < 80 ? size : 80), line);
	i++;
	for (size_t k = i; k < size; k++)
		if (!is_letter(line[k]))
			return err_set(e, ERR_INVALID, "'%.*s' is no word",
				(int)(size - i < 80 ? size - i : 80), line + i);
	add(w, line + i, size - i, count);
	return 0;
}

int words_add_counts(
	struct words *w, const char *text, size_t size, struct err *e)
{
	while (size > 0) {
		const char *end = memchr(text, '\n', size);

		if (end == NULL)
			return err_set(e, ERR_INVALID,
				"the last line has no end: the output was cut");
		if (add_line(w, text, (size_t)(end - text), e) != 0)
			return -1;
		size -= (size_t)(end - text) + 1;
		text = end + 1;
	}
	return 0;
}

uint64_t words_total(const struct words *w)
{
	return w->total;
}

size_t words_different(const struct words *w)
{
	return HASH_COUNT(w->table);
}

char *words_compare(const struct words *a, const struct words *b)
{
	for (const struct word *n = a->table; n != NULL; n = n->hh.next) {
		const struct word *m = find(b, n->text, strlen(n->text));
		uint64_t count = m != NULL ? m->count : 0;

		if (count != n->count)
			return xasprintf("'%.60s' occurs %" PRIu64
					 " times in one count and %" PRIu64
					 " times in the other",
				n->text, n->count, count);
	}
	if (a->total != b->total)
		return xasprintf("one count has %" PRIu64
				 " words and the other %" PRIu64,
			a->total, b->total);
	return NULL;
}

const char *words_top(struct words *w, size_t nth, uint64_t *ret_count)
{
	const struct word *n;

	sort(w);
	for (n = w->table; n != NULL && nth > 0; nth--)
		n = n->hh.next;
	if (n == NULL)
		return NULL;
	*ret_count = n->count;
	return n->text;
}
