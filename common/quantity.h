/*
 * quantity.h - amounts by name: "cpus:0.01;mem:32", and alternatives of such
 * lists: "cpus:0.01|mem:32" (--min_allocatable_resources).
 *
 * Amounts are thousandths. Repeated names add up, zeros vanish.
 */
#ifndef COMMON_QUANTITY_H
#define COMMON_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct res;

struct quantity {
	char *name;
	int64_t milli; /* > 0 */
};

struct quantity_list {
	struct quantity *items;
	size_t n;
	size_t cap;
};

/* Any one of the lists is enough. */
struct quantity_sets {
	struct quantity_list *lists;
	size_t n;
	size_t cap;
};

int quantity_parse(struct quantity_list *ret, const char *text, struct err *e);
void quantity_fini(struct quantity_list *l);
int64_t quantity_find(const struct quantity_list *l, const char *name);
void quantity_add(struct quantity_list *l, const char *name, int64_t milli);
/* Never negative: stops at zero. */
void quantity_sub(struct quantity_list *l, const char *name, int64_t milli);

/* "" gives no list at all. */
int quantity_sets_parse(
	struct quantity_sets *ret, const char *text, struct err *e);
void quantity_sets_fini(struct quantity_sets *s);
/* Whether r has at least each amount of one of the lists; with no list, whether
 * r has anything. An empty r never passes. */
bool quantity_sets_pass(const struct quantity_sets *s, const struct res *r);

#endif
