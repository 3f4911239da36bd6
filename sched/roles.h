/* roles.h - a small set of names, in order of addition. Pure; owns copies. */
#ifndef SCHED_ROLES_H
#define SCHED_ROLES_H

#include <stddef.h>

struct roles {
	char **names;
	size_t n;
	size_t cap;
};

void roles_init(struct roles *r);
void roles_fini(struct roles *r);
void roles_add(struct roles *r, const char *name); /* no-op if there */
void roles_remove(struct roles *r, const char *name);

#endif
