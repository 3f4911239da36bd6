/* quantity.c - see quantity.h. */
#include "common/quantity.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/res.h"
#include "common/res_value.h"

static struct quantity *find(const struct quantity_list *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->items[i].name, name) == 0)
			return &l->items[i];
	return NULL;
}

int64_t quantity_find(const struct quantity_list *l, const char *name)
{
	const struct quantity *q = find(l, name);

	return q != NULL ? q->milli : 0;
}

void quantity_add(struct quantity_list *l, const char *name, int64_t milli)
{
	struct quantity *q = find(l, name);

	CHECK(milli >= 0);
	if (milli == 0)
		return;
	if (q == NULL) {
		l->items =
			xgrow(l->items, &l->cap, l->n + 1, sizeof(*l->items));
		q = &l->items[l->n++];
		*q = (struct quantity){ xstrdup(name), 0 };
	}
	if (__builtin_add_overflow(q->milli, milli, &q->milli))
		q->milli = INT64_MAX;
}

void quantity_sub(struct quantity_list *l, const char *name, int64_t milli)
{
	struct quantity *q = find(l, name);

	CHECK(milli >= 0);
	if (q == NULL)
		return;
	q->milli -= q->milli < milli ? q->milli : milli;
	if (q->milli == 0) {
		free(q->name);
		*q = l->items[--l->n];
	}
}

void quantity_fini(struct quantity_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->items[i].name);
	free(l->items);
	*l = (struct quantity_list){ 0 };
}

static int parse_entry(struct quantity_list *l, char *entry, struct err *e)
{
	char *colon = strchr(entry, ':');
	struct res_value v;
	int rc = 0;

	if (colon == NULL || colon == entry)
		return err_set(e, ERR_INVALID,
			"'%.100s' is not of the form name:number", entry);
	if (res_value_parse(&v, colon + 1, e) != 0)
		return -1;
	*colon = '\0';
	if (v.type != RES_SCALAR)
		rc = err_set(e, ERR_INVALID,
			"'%.100s' of '%.100s' is not a non-negative number",
			colon + 1, entry);
	else
		quantity_add(l, entry, v.u.milli);
	res_value_fini(&v);
	return rc;
}

static int parse(
	struct quantity_list *l, const char *text, size_t size, struct err *e)
{
	CLEANUP(mem_freep) char *copy = res_value_squeeze(text, size);
	char *save = NULL, *entry;

	for (entry = strtok_r(copy, ";", &save); entry != NULL;
		entry = strtok_r(NULL, ";", &save))
		if (parse_entry(l, entry, e) != 0)
			return -1;
	return 0;
}

int quantity_parse(struct quantity_list *ret, const char *text, struct err *e)
{
	struct quantity_list l = { 0 };

	if (parse(&l, text, strlen(text), e) != 0) {
		quantity_fini(&l);
		return -1;
	}
	*ret = l;
	return 0;
}

int quantity_sets_parse(
	struct quantity_sets *ret, const char *text, struct err *e)
{
	struct quantity_sets s = { 0 };
	size_t i, size;

	for (i = 0; text[i] != '\0'; i += size + (text[i + size] == '|')) {
		size = strcspn(text + i, "|");
		s.lists = xgrow(s.lists, &s.cap, s.n + 1, sizeof(*s.lists));
		s.lists[s.n] = (struct quantity_list){ 0 };
		if (parse(&s.lists[s.n++], text + i, size, e) != 0) {
			quantity_sets_fini(&s);
			return err_wrap(e, "at byte %zu", i);
		}
	}
	*ret = s;
	return 0;
}

void quantity_sets_fini(struct quantity_sets *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		quantity_fini(&s->lists[i]);
	free(s->lists);
	*s = (struct quantity_sets){ 0 };
}

static bool list_passes(const struct quantity_list *l, const struct res *r)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (res_sum(r, l->items[i].name) < l->items[i].milli)
			return false;
	return true;
}

bool quantity_sets_pass(const struct quantity_sets *s, const struct res *r)
{
	size_t i;

	if (res_is_empty(r))
		return false;
	for (i = 0; i < s->n; i++)
		if (list_passes(&s->lists[i], r))
			return true;
	return s->n == 0;
}
