/*
 * res_value.h - scalars, ranges, sets and texts: the values of resources and
 * attributes.
 *
 * A scalar is a count of thousandths. Ranges are inclusive, kept sorted and
 * coalesced, so that equal sets of numbers are equal arrays. A set is kept in
 * byte order without duplicates, so that its algebra is linear. Sums saturate
 * at INT64_MAX: such amounts are never contained in a real one.
 *
 * A value owns its memory: copy it, then fini it.
 */
#ifndef COMMON_RES_VALUE_H
#define COMMON_RES_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

enum res_type { RES_SCALAR, RES_RANGES, RES_SET, RES_TEXT };

struct res_range {
	uint64_t begin;
	uint64_t end; /* inclusive */
};

struct res_value {
	enum res_type type;
	size_t n; /* of ranges or items */
	union {
		int64_t milli;
		struct res_range *ranges;
		char **items;
		char *text;
	} u;
};

/* Takes the array over, sorts and coalesces it. True if two overlapped. */
bool res_value_set_ranges(
	struct res_value *v, struct res_range *ranges, size_t n);
/* Takes array and strings over. Returns a duplicate that was dropped, or NULL;
 * it stays valid as long as the value. */
const char *res_value_set_items(struct res_value *v, char **items, size_t n);
void res_value_copy(struct res_value *to, const struct res_value *from);
void res_value_fini(struct res_value *v);

bool res_value_is_empty(const struct res_value *v);
/* These four take two values of one type, not texts. */
bool res_value_equal(const struct res_value *a, const struct res_value *b);
bool res_value_contains(const struct res_value *a, const struct res_value *b);
void res_value_add(struct res_value *a, const struct res_value *b);
void res_value_sub(struct res_value *a, const struct res_value *b);
/* Thousandths; ranges and sets count their members. */
int64_t res_value_milli(const struct res_value *v);

/*
 * "[a-b,c-d]" is ranges, "{a,b}" a set, a finite non-negative decimal a scalar,
 * anything else a text. Spaces must have been removed. Subnormal numbers,
 * numbers too big, and brackets that don't match are errors.
 */
/* The text without its white space; to be freed. */
char *res_value_squeeze(const char *text, size_t size);
int res_value_parse(struct res_value *ret, const char *text, struct err *e);
void res_value_print(struct buf *to, const struct res_value *v);
void res_value_print_milli(struct buf *to, int64_t milli);

/* Half away from zero, as Mesos. -1 if it is not finite, or too big. */
int res_value_from_double(int64_t *ret, double x);
double res_value_to_double(int64_t milli);

#endif
