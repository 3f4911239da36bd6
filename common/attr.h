/*
 * attr.h - attributes of agents: "rack:r1;disks:4;ports:[1-5]".
 *
 * Entries stand between semicolons or newlines; the name ends at the first
 * colon. A value is a scalar, ranges, or else a text; spaces in it are removed,
 * as Mesos does; sets are refused. Names may repeat. Or a JSON array of
 * Attribute messages: [{"name":"rack","type":"TEXT","text":{"value":"r1"}}].
 */
#ifndef COMMON_ATTR_H
#define COMMON_ATTR_H

#include <stdbool.h>
#include <stddef.h>

struct Mesos__V1__Attribute;
struct arena;
struct buf;
struct err;

/* Messages in the arena. Errors name the place. */
int attr_parse(struct Mesos__V1__Attribute ***ret, size_t *ret_n,
	const char *text, struct arena *a, struct err *e);
/* The same attributes, in any order. */
bool attr_equal(struct Mesos__V1__Attribute *const *a, size_t a_n,
	struct Mesos__V1__Attribute *const *b, size_t b_n);
/* "rack:r1;ports:[1-5]": attr_parse() reads it back. */
void attr_print(
	struct buf *to, struct Mesos__V1__Attribute *const *attrs, size_t n);

#endif
