/* res_value.c - see res_value.h. */
#include "common/res_value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"

/* The largest scalar whose thousandths fit, as Mesos bounds them. */
#define SCALAR_MAX 9223372036854774.0
/* 2^43: from here on a double has no thousandths, and a product with 1000 would
 * not even keep the whole number. */
#define EXACT_MAX 8796093022208.0

static int64_t sat_add(int64_t a, int64_t b)
{
	int64_t sum;

	CHECK(a >= 0);
	CHECK(b >= 0);
	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int by_begin(const void *pa, const void *pb)
{
	const struct res_range *a = pa, *b = pb;

	return (a->begin > b->begin) - (a->begin < b->begin);
}

bool res_value_set_ranges(
	struct res_value *v, struct res_range *ranges, size_t n)
{
	bool overlap = false;
	size_t i, last = 0;

	if (n > 0)
		qsort(ranges, n, sizeof(*ranges), by_begin);
	for (i = 1; i < n; i++) {
		struct res_range *l = &ranges[last];

		CHECK(ranges[i].begin <= ranges[i].end);
		overlap = overlap || ranges[i].begin <= l->end;
		if (l->end == UINT64_MAX || ranges[i].begin <= l->end + 1) {
			if (ranges[i].end > l->end)
				l->end = ranges[i].end;
		} else {
			ranges[++last] = ranges[i];
		}
	}
	v->type = RES_RANGES;
	v->u.ranges = ranges;
	v->n = n > 0 ? last + 1 : 0;
	return overlap;
}

static int by_text(const void *pa, const void *pb)
{
	const char *const *a = pa, *const *b = pb;

	return strcmp(*a, *b);
}

const char *res_value_set_items(struct res_value *v, char **items, size_t n)
{
	const char *duplicate = NULL;
	size_t i, kept = 0;

	if (n > 0)
		qsort(items, n, sizeof(*items), by_text);
	for (i = 0; i < n; i++) {
		if (kept > 0 && strcmp(items[kept - 1], items[i]) == 0) {
			duplicate = items[kept - 1];
			free(items[i]);
		} else {
			items[kept++] = items[i];
		}
	}
	v->type = RES_SET;
	v->u.items = items;
	v->n = kept;
	return duplicate;
}

void res_value_copy(struct res_value *to, const struct res_value *from)
{
	size_t i;

	*to = *from;
	switch (from->type) {
	case RES_SCALAR:
		break;
	case RES_RANGES:
		to->u.ranges = xmemdup(
			from->u.ranges, from->n * sizeof(*from->u.ranges));
		break;
	case RES_SET:
		to->u.items = xcalloc(from->n, sizeof(*to->u.items));
		for (i = 0; i < from->n; i++)
			to->u.items[i] = xstrdup(from->u.items[i]);
		break;
	case RES_TEXT:
		to->u.text = xstrdup(from->u.text);
		break;
	}
}

void res_value_fini(struct res_value *v)
{
	size_t i;

	switch (v->type) {
	case RES_SCALAR:
		break;
	case RES_RANGES:
		free(v->u.ranges);
		break;
	case RES_SET:
		for (i = 0; i < v->n; i++)
			free(v->u.items[i]);
		free(v->u.items);
		break;
	case RES_TEXT:
		free(v->u.text);
		break;
	}
	*v = (struct res_value){ 0 };
}

bool res_value_is_empty(const struct res_value *v)
{
	return v->type == RES_SCALAR ? v->u.milli <= 0 : v->n == 0;
}

bool res_value_equal(const struct res_value *a, const struct res_value *b)
{
	size_t i;

	CHECK(a->type == b->type);
	if (a->type == RES_SCALAR)
		return a->u.milli == b->u.milli;
	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++) {
		if (a->type == RES_SET) {
			if (strcmp(a->u.items[i], b->u.items[i]) != 0)
				return false;
		} else if (a->u.ranges[i].begin != b->u.ranges[i].begin ||
			a->u.ranges[i].end != b->u.ranges[i].end) {
			return false;
		}
	}
	return true;
}

static bool ranges_contain(const struct res_value *a, const struct res_value *b)
{
	size_t i, j = 0;

	for (i = 0; i < b->n; i++) {
		while (j < a->n && a->u.ranges[j].end < b->u.ranges[i].begin)
			j++;
		if (j == a->n || a->u.ranges[j].begin > b->u.ranges[i].begin ||
			a->u.ranges[j].end < b->u.ranges[i].end)
			return false;
	}
	return true;
}

static bool items_contain(const struct res_value *a, const struct res_value *b)
{
	size_t i, j = 0;

	for (i = 0; i < b->n; i++) {
		while (j < a->n && strcmp(a->u.items[j], b->u.items[i]) < 0)
			j++;
		if (j == a->n || strcmp(a->u.items[j], b->u.items[i]) != 0)
			return false;
	}
	return true;
}

bool res_value_contains(const struct res_value *a, const struct res_value *b)
{
	CHECK(a->type == b->type);
	CHECK(a->type != RES_TEXT);
	if (a->type == RES_SCALAR)
		return a->u.milli >= b->u.milli;
	return a->type == RES_RANGES ? ranges_contain(a, b)
				     : items_contain(a, b);
}

void res_value_add(struct res_value *a, const struct res_value *b)
{
	size_t i;

	CHECK(a->type == b->type);
	CHECK(a->type != RES_TEXT);
	if (a->type == RES_SCALAR) {
		a->u.milli = sat_add(a->u.milli, b->u.milli);
	} else if (b->n == 0) {
		return;
	} else if (a->type == RES_RANGES) {
		a->u.ranges = xrealloc(
			a->u.ranges, (a->n + b->n) * sizeof(*a->u.ranges));
		memcpy(a->u.ranges + a->n, b->u.ranges,
			b->n * sizeof(*b->u.ranges));
		(void)res_value_set_ranges(a, a->u.ranges, a->n + b->n);
	} else {
		a->u.items = xrealloc(
			a->u.items, (a->n + b->n) * sizeof(*a->u.items));
		for (i = 0; i < b->n; i++)
			a->u.items[a->n + i] = xstrdup(b->u.items[i]);
		(void)res_value_set_items(a, a->u.items, a->n + b->n);
	}
}

/* Every range of b cuts at most one range of a in two: n + n is enough room. */
static void ranges_sub(struct res_value *a, const struct res_value *b)
{
	struct res_range *left = xcalloc(a->n + b->n, sizeof(*left));
	size_t i, j = 0, n = 0;

	for (i = 0; i < a->n; i++) {
		struct res_range r = a->u.ranges[i];
		bool gone = false;

		while (j < b->n && b->u.ranges[j].end < r.begin)
			j++;
		for (; j < b->n && b->u.ranges[j].begin <= r.end; j++) {
			const struct res_range *cut = &b->u.ranges[j];

			if (cut->begin > r.begin)
				left[n++] = (struct res_range){ r.begin,
					cut->begin - 1 };
			gone = cut->end >= r.end;
			if (gone) /* it may reach into the next one */
				break;
			r.begin = cut->end + 1;
		}
		if (!gone)
			left[n++] = r;
	}
	CHECK(n <= a->n + b->n);
	free(a->u.ranges);
	a->u.ranges = left;
	a->n = n;
}

static void items_sub(struct res_value *a, const struct res_value *b)
{
	size_t i, j = 0, n = 0;

	for (i = 0; i < a->n; i++) {
		while (j < b->n && strcmp(b->u.items[j], a->u.items[i]) < 0)
			j++;
		if (j < b->n && strcmp(b->u.items[j], a->u.items[i]) == 0)
			free(a->u.items[i]);
		else
			a->u.items[n++] = a->u.items[i];
	}
	a->n = n;
}

void res_value_sub(struct res_value *a, const struct res_value *b)
{
	CHECK(a->type == b->type);
	CHECK(a->type != RES_TEXT);
	if (a->type == RES_SCALAR)
		a->u.milli -= a->u.milli < b->u.milli ? a->u.milli : b->u.milli;
	else if (a->type == RES_RANGES)
		ranges_sub(a, b);
	else
		items_sub(a, b);
}

int64_t res_value_milli(const struct res_value *v)
{
	uint64_t count = 0;
	size_t i;

	if (v->type == RES_SCALAR)
		return v->u.milli;
	if (v->type == RES_SET)
		count = v->n;
	for (i = 0; v->type == RES_RANGES && i < v->n; i++) {
		uint64_t more = v->u.ranges[i].end - v->u.ranges[i].begin;

		if (more == UINT64_MAX || count > UINT64_MAX - more - 1)
			return INT64_MAX;
		count += more + 1;
	}
	return count > INT64_MAX / 1000 ? INT64_MAX : (int64_t)(count * 1000);
}

/* --- numbers ---------------------------------------------------------- */

int res_value_from_double(int64_t *ret, double x)
{
	double thousandths = x * 1000;
	int64_t whole;
	double rest;

	if (!isfinite(x) || x > SCALAR_MAX || x < -SCALAR_MAX)
		return -1;
	if (x >= EXACT_MAX || x <= -EXACT_MAX) {
		whole = (int64_t)x;
		*ret = whole * 1000 + (int64_t)((x - (double)whole) * 1000);
		return 0;
	}
	whole = (int64_t)thousandths;
	rest = thousandths - (double)whole;
	if (rest >= 0.5)
		whole++;
	else if (rest <= -0.5)
		whole--;
	*ret = whole;
	return 0;
}

double res_value_to_double(int64_t milli)
{
	double x = (double)(milli / 1000) + (double)(milli % 1000) / 1000.0;

	/* Sums saturate above what may be read back. */
	return x > SCALAR_MAX ? SCALAR_MAX : x < -SCALAR_MAX ? -SCALAR_MAX : x;
}

void res_value_print_milli(struct buf *to, int64_t milli)
{
	int64_t rest = milli % 1000;
	int digits = 3;

	CHECK(milli >= 0);
	buf_printf(to, "%" PRId64, milli / 1000);
	if (rest == 0)
		return;
	while (rest % 10 == 0) {
		rest /= 10;
		digits--;
	}
	buf_printf(to, ".%0*" PRId64, digits, rest);
}

void res_value_print(struct buf *to, const struct res_value *v)
{
	size_t i;

	switch (v->type) {
	case RES_SCALAR:
		res_value_print_milli(to, v->u.milli);
		break;
	case RES_RANGES:
		buf_add_char(to, '[');
		for (i = 0; i < v->n; i++)
			buf_printf(to, "%s%" PRIu64 "-%" PRIu64,
				i > 0 ? ", " : "", v->u.ranges[i].begin,
				v->u.ranges[i].end);
		buf_add_char(to, ']');
		break;
	case RES_SET:
		buf_add_char(to, '{');
		for (i = 0; i < v->n; i++)
			buf_printf(
				to, "%s%s", i > 0 ? ", " : "", v->u.items[i]);
		buf_add_char(to, '}');
		break;
	case RES_TEXT:
		buf_add_str(to, v->u.text);
		break;
	}
}

/* --- text ------------------------------------------------------------- */

/* An unsigned number at *p; moves *p behind it. */
static int number(const char **p, uint64_t *ret)
{
	uint64_t n = 0;
	const char *s = *p;

	if (!isdigit((unsigned char)*s))
		return -1;
	for (; isdigit((unsigned char)*s); s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
			__builtin_add_overflow(n, digit, &n))
			return -1;
	}
	*p = s;
	*ret = n;
	return 0;
}

static int parse_ranges(struct res_value *ret, const char *text, struct err *e)
{
	struct res_range *ranges = NULL, r;
	size_t n = 0, cap = 0;
	const char *p = text + 1;
	int rc = 0;

	while (rc == 0 && *p != ']') {
		if (n > 0 && *p++ != ',')
			rc = -1;
		else if (number(&p, &r.begin) != 0 || *p++ != '-' ||
			number(&p, &r.end) != 0 || r.begin > r.end)
			rc = -1;
		if (rc == 0) {
			ranges = xgrow(ranges, &cap, n + 1, sizeof(r));
			ranges[n++] = r;
		}
	}
	if (rc != 0 || p[1] != '\0') {
		free(ranges);
		return err_set(e, ERR_INVALID,
			"'%s' is not a list of ranges like [1-5,7-9]", text);
	}
	(void)res_value_set_ranges(ret, ranges, n); /* Mesos coalesces */
	return 0;
}

static int parse_items(struct res_value *ret, const char *text, struct err *e)
{
	char **items = NULL;
	size_t n = 0, cap = 0, size;
	const char *p, *end = strpbrk(text + 1, "{}");
	const char *duplicate;

	if (end == NULL || *end != '}' || end[1] != '\0')
		return err_set(
			e, ERR_INVALID, "'%s' is not a set like {a,b}", text);
	for (p = text + 1; p < end; p += size + (p[size] == ',')) {
		size = strcspn(p, ",}");
		if (size == 0)
			continue;
		items = xgrow(items, &cap, n + 1, sizeof(*items));
		items[n++] = xstrndup(p, size);
	}
	duplicate = res_value_set_items(ret, items, n);
	if (duplicate != NULL) {
		err_set(e, ERR_INVALID, "'%s' is twice in the set '%s'",
			duplicate, text);
		res_value_fini(ret);
		return -1;
	}
	return 0;
}

/* strtod() also takes hex, names and spaces; Mesos calls those texts. */
static bool is_decimal(const char *text)
{
	return (isdigit((unsigned char)*text) || *text == '.') &&
		text[strspn(text, "0123456789.eE+-")] == '\0';
}

/* Each kind of bracket opens before it closes, and is closed. */
static bool brackets_match(const char *text)
{
	static const char pairs[] = "()[]{}";
	const char *p;
	size_t i;

	for (i = 0; i < sizeof(pairs) - 1; i += 2) {
		long depth = 0;

		for (p = text; *p != '\0' && depth >= 0; p++)
			depth += (*p == pairs[i]) - (*p == pairs[i + 1]);
		if (depth != 0)
			return false;
	}
	return true;
}

char *res_value_squeeze(const char *text, size_t size)
{
	char *copy = xstrndup(text, size);
	size_t i, n = 0;

	for (i = 0; copy[i] != '\0'; i++)
		if (!isspace((unsigned char)copy[i]))
			copy[n++] = copy[i];
	copy[n] = '\0';
	return copy;
}

int res_value_parse(struct res_value *ret, const char *text, struct err *e)
{
	int64_t milli;
	char *end;
	double x;

	if (*text == '[')
		return parse_ranges(ret, text, e);
	if (*text == '{')
		return parse_items(ret, text, e);
	if (is_decimal(text)) {
		errno = 0;
		x = strtod(text, &end);
		if (*end == '\0' && fpclassify(x) == FP_SUBNORMAL)
			return err_set(e, ERR_INVALID,
				"the number '%s' is too small", text);
		if (*end == '\0' && res_value_from_double(&milli, x) != 0)
			return err_set(e, ERR_INVALID,
				"the number '%s' is too big", text);
		if (*end == '\0') {
			ret->type = RES_SCALAR;
			ret->n = 0;
			ret->u.milli = milli;
			return 0;
		}
	}
	if (!brackets_match(text))
		return err_set(e, ERR_INVALID,
			"the brackets of '%s' don't match", text);
	ret->type = RES_TEXT;
	ret->n = strlen(text);
	ret->u.text = xstrdup(text);
	return 0;
}
