/* attr.c - see attr.h. */
#include "common/attr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/json_text.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/pbjson.h"
#include "common/res_value.h"
#include "mesos/v1/mesos.pb-c.h"

/* "[1-3,2-5]" and "[1-5]" are the same attribute: back to a plain value. */
static void value_of(struct res_value *ret, const Mesos__V1__Attribute *m)
{
	struct res_range *ranges;
	size_t i, n = m->ranges != NULL ? m->ranges->n_range : 0;

	*ret = (struct res_value){ 0 };
	if (m->type == MESOS__V1__VALUE__TYPE__RANGES) {
		ranges = xcalloc(n, sizeof(*ranges));
		for (i = 0; i < n; i++)
			ranges[i] = (struct res_range){
				m->ranges->range[i]->begin,
				m->ranges->range[i]->end,
			};
		(void)res_value_set_ranges(ret, ranges, n);
	} else if (m->type == MESOS__V1__VALUE__TYPE__TEXT) {
		ret->type = RES_TEXT;
		ret->u.text = xstrdup(m->text != NULL ? m->text->value : "");
	} else if (m->scalar != NULL) {
		(void)res_value_from_double(&ret->u.milli, m->scalar->value);
		/* Others' messages are not checked by attr_parse(). */
		if (ret->u.milli < 0)
			ret->u.milli = 0;
	}
}

void attr_print(
	struct buf *to, struct Mesos__V1__Attribute *const *attrs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct res_value v;

		value_of(&v, attrs[i]);
		buf_printf(to, "%s%s:", i > 0 ? ";" : "", attrs[i]->name);
		res_value_print(to, &v);
		res_value_fini(&v);
	}
}

static int by_text(const void *pa, const void *pb)
{
	const char *const *a = pa, *const *b = pb;

	return strcmp(*a, *b);
}

/* The printed attributes, sorted: equal lists print equal. */
static char **sorted_texts(struct Mesos__V1__Attribute *const *attrs, size_t n)
{
	char **texts = xcalloc(n, sizeof(*texts));
	size_t i;

	for (i = 0; i < n; i++) {
		struct buf b = BUF_INIT;

		buf_printf(&b, "%d ", (int)attrs[i]->type);
		attr_print(&b, &attrs[i], 1);
		texts[i] = buf_steal(&b);
	}
	if (n > 0)
		qsort(texts, n, sizeof(*texts), by_text);
	return texts;
}

bool attr_equal(struct Mesos__V1__Attribute *const *a, size_t a_n,
	struct Mesos__V1__Attribute *const *b, size_t b_n)
{
	char **at, **bt;
	bool equal = true;
	size_t i;

	if (a_n != b_n)
		return false;
	at = sorted_texts(a, a_n);
	bt = sorted_texts(b, b_n);
	for (i = 0; i < a_n; i++) {
		equal = equal && strcmp(at[i], bt[i]) == 0;
		free(at[i]);
		free(bt[i]);
	}
	free(at);
	free(bt);
	return equal;
}

/* --- reading ------------------------------------------------------------ */

static void fill_ranges(
	Mesos__V1__Attribute *m, const struct res_value *v, struct arena *a)
{
	size_t i;

	m->type = MESOS__V1__VALUE__TYPE__RANGES;
	m->ranges = arena_alloc(a, sizeof(*m->ranges));
	*m->ranges = (Mesos__V1__Value__Ranges)MESOS__V1__VALUE__RANGES__INIT;
	m->ranges->n_range = v->n;
	m->ranges->range = arena_alloc(a, v->n * sizeof(*m->ranges->range));
	for (i = 0; i < v->n; i++) {
		Mesos__V1__Value__Range *r = arena_alloc(a, sizeof(*r));

		*r = (Mesos__V1__Value__Range)MESOS__V1__VALUE__RANGE__INIT;
		r->begin = v->u.ranges[i].begin;
		r->end = v->u.ranges[i].end;
		m->ranges->range[i] = r;
	}
}

static int fill(Mesos__V1__Attribute *m, const struct res_value *v,
	struct arena *a, struct err *e)
{
	switch (v->type) {
	case RES_SCALAR:
		m->type = MESOS__V1__VALUE__TYPE__SCALAR;
		m->scalar = arena_alloc(a, sizeof(*m->scalar));
		*m->scalar = (Mesos__V1__Value__Scalar)
			MESOS__V1__VALUE__SCALAR__INIT;
		m->scalar->value = res_value_to_double(v->u.milli);
		return 0;
	case RES_RANGES:
		fill_ranges(m, v, a);
		return 0;
	case RES_TEXT:
		m->type = MESOS__V1__VALUE__TYPE__TEXT;
		m->text = arena_alloc(a, sizeof(*m->text));
		*m->text = (Mesos__V1__Value__Text)MESOS__V1__VALUE__TEXT__INIT;
		m->text->value = arena_strdup(a, v->u.text);
		return 0;
	case RES_SET:
	default:
		return err_set(e, ERR_INVALID,
			"an attribute can't be a set; use several of one name");
	}
}

static char *trimmed(struct arena *a, const char *at, size_t size)
{
	while (size > 0 && isspace((unsigned char)*at)) {
		at++;
		size--;
	}
	while (size > 0 && isspace((unsigned char)at[size - 1]))
		size--;
	return arena_strndup(a, at, size);
}

static int parse_entry(Mesos__V1__Attribute **ret, const char *entry,
	struct arena *a, struct err *e)
{
	Mesos__V1__Attribute *m = arena_alloc(a, sizeof(*m));
	const char *colon = strchr(entry, ':');
	CLEANUP(mem_freep) char *text = NULL;
	struct res_value v;
	int rc;

	if (colon == NULL)
		return err_set(e, ERR_INVALID, "there is no ':'");
	*m = (Mesos__V1__Attribute)MESOS__V1__ATTRIBUTE__INIT;
	m->name = trimmed(a, entry, (size_t)(colon - entry));
	if (*m->name == '\0')
		return err_set(e, ERR_INVALID, "the name is missing");
	text = res_value_squeeze(colon + 1, strlen(colon + 1));
	if (*text == '\0')
		return err_set(e, ERR_INVALID, "the value is missing");
	if (res_value_parse(&v, text, e) != 0)
		return -1;
	rc = fill(m, &v, a, e);
	res_value_fini(&v);
	if (rc == 0)
		*ret = m;
	return rc;
}

static const char *flaw(const Mesos__V1__Attribute *m)
{
	int64_t milli;
	size_t i;

	if (*m->name == '\0')
		return "the name is missing";
	switch ((int)m->type) {
	case MESOS__V1__VALUE__TYPE__SCALAR:
		if (m->scalar == NULL)
			return "'scalar' is missing";
		return res_value_from_double(&milli, m->scalar->value) != 0 ||
				milli < 0
			? "its number is below 0, not finite, or too big"
			: NULL;
	case MESOS__V1__VALUE__TYPE__RANGES:
		if (m->ranges == NULL)
			return "'ranges' is missing";
		for (i = 0; i < m->ranges->n_range; i++)
			if (m->ranges->range[i]->begin >
				m->ranges->range[i]->end)
				return "a range ends before it begins";
		return NULL;
	case MESOS__V1__VALUE__TYPE__TEXT:
		return m->text == NULL ? "'text' is missing" : NULL;
	default:
		return "an attribute can't be a set; use several of one name";
	}
}

/* The array is read as that of an AgentInfo. */
static int parse_json(struct Mesos__V1__Attribute ***ret, size_t *ret_n,
	const char *text, struct arena *a, struct err *e)
{
	struct buf b = BUF_INIT;
	Mesos__V1__AgentInfo *info;
	size_t i;

	if (!json_text_is_array(text))
		return err_set(e, ERR_INVALID,
			"text that begins with '[' must be one JSON array");
	buf_printf(&b, "{\"hostname\":\"\",\"attributes\":%s}", text);
	info = (Mesos__V1__AgentInfo *)(void *)pbjson_read(
		a, &mesos__v1__agent_info__descriptor, b.data, b.size, e);
	buf_fini(&b);
	if (info == NULL)
		return -1;
	if (info->n_attributes > ATTRIBUTES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d attributes",
			ATTRIBUTES_MAX);
	for (i = 0; i < info->n_attributes; i++)
		if (flaw(info->attributes[i]) != NULL)
			return err_set(e, ERR_INVALID, "attributes[%zu]: %s", i,
				flaw(info->attributes[i]));
	*ret = info->attributes;
	*ret_n = info->n_attributes;
	return 0;
}

static int parse_text(struct Mesos__V1__Attribute ***ret, size_t *ret_n,
	const char *text, struct arena *a, struct err *e)
{
	CLEANUP(mem_freep) Mesos__V1__Attribute **attrs = NULL;
	size_t i, size, n = 0, cap = 0;

	for (i = 0; text[i] != '\0'; i += size + (text[i + size] != '\0')) {
		char *entry;

		size = strcspn(text + i, ";\n");
		entry = trimmed(a, text + i, size);
		if (*entry == '\0')
			continue;
		if (n == ATTRIBUTES_MAX)
			return err_set(e, ERR_LIMIT, "more than %d attributes",
				ATTRIBUTES_MAX);
		attrs = xgrow(attrs, &cap, n + 1, sizeof(*attrs));
		if (parse_entry(&attrs[n], entry, a, e) != 0)
			return err_wrap(e, "at byte %zu, '%.100s'", i, entry);
		n++;
	}
	*ret = arena_memdup(a, attrs, n * sizeof(*attrs));
	*ret_n = n;
	return 0;
}

int attr_parse(struct Mesos__V1__Attribute ***ret, size_t *ret_n,
	const char *text, struct arena *a, struct err *e)
{
	const char *begin = text + strspn(text, " \t\n");

	return *begin == '[' ? parse_json(ret, ret_n, begin, a, e)
			     : parse_text(ret, ret_n, text, a, e);
}
