/* roles.c - see roles.h. */
#include "sched/roles.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

void roles_init(struct roles *r)
{
	*r = (struct roles){ 0 };
}

void roles_fini(struct roles *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->names[i]);
	free(r->names);
	roles_init(r);
}

static size_t position(const struct roles *r, const char *name)
{
	size_t i = 0;

	while (i < r->n && strcmp(r->names[i], name) != 0)
		i++;
	return i;
}

void roles_add(struct roles *r, const char *name)
{
	if (position(r, name) < r->n)
		return;
	r->names = xgrow(r->names, &r->cap, r->n + 1, sizeof(*r->names));
	r->names[r->n++] = xstrdup(name);
}

void roles_remove(struct roles *r, const char *name)
{
	size_t i = position(r, name);

	if (i == r->n)
		return;
	free(r->names[i]);
	r->n--;
	memmove(&r->names[i], &r->names[i + 1], (r->n - i) * sizeof(*r->names));
}
