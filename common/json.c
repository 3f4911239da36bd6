/* json.c - see json.h. */
#include "common/json.h"

#include <inttypes.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/json_text.h"

_Static_assert(JSON_DEPTH_MAX <= 32, "one bit per open object or array");

void json_init(struct json *j, struct buf *to)
{
	*j = (struct json){ .to = to };
}

/* Before each value and each key: the comma, if it isn't the first. */
static void element(struct json *j)
{
	uint32_t bit = j->depth > 0 ? 1U << (j->depth - 1) : 0;

	if (j->keyed) {
		j->keyed = false;
		return;
	}
	CHECK(j->depth == 0 || (j->arrays & bit) != 0);
	if ((j->filled & bit) != 0)
		buf_add_char(j->to, ',');
	j->filled |= bit;
}

static void open(struct json *j, char c, bool array)
{
	uint32_t bit;

	element(j);
	CHECK(j->depth < JSON_DEPTH_MAX);
	bit = 1U << j->depth++;
	j->arrays = array ? j->arrays | bit : j->arrays & ~bit;
	j->filled &= ~bit;
	buf_add_char(j->to, c);
}

static void end(struct json *j, char c, bool array)
{
	CHECK(j->depth > 0);
	CHECK(!j->keyed);
	j->depth--;
	CHECK(((j->arrays >> j->depth) & 1) == array);
	buf_add_char(j->to, c);
}

void json_obj_begin(struct json *j)
{
	open(j, '{', false);
}

void json_obj_end(struct json *j)
{
	end(j, '}', false);
}

void json_arr_begin(struct json *j)
{
	open(j, '[', true);
}

void json_arr_end(struct json *j)
{
	end(j, ']', true);
}

void json_key(struct json *j, const char *key)
{
	uint32_t bit;

	CHECK(j->depth > 0 && !j->keyed);
	bit = 1U << (j->depth - 1);
	CHECK((j->arrays & bit) == 0);
	if ((j->filled & bit) != 0)
		buf_add_char(j->to, ',');
	j->filled |= bit;
	json_text_quote(j->to, key, strlen(key));
	buf_add_char(j->to, ':');
	j->keyed = true;
}

void json_str(struct json *j, const char *s)
{
	if (s == NULL)
		json_null(j);
	else
		json_strn(j, s, strlen(s));
}

void json_strn(struct json *j, const char *s, size_t n)
{
	element(j);
	json_text_quote(j->to, s, n);
}

void json_int(struct json *j, int64_t v)
{
	element(j);
	buf_printf(j->to, "%" PRId64, v);
}

void json_uint(struct json *j, uint64_t v)
{
	element(j);
	buf_printf(j->to, "%" PRIu64, v);
}

void json_milli(struct json *j, int64_t milli)
{
	element(j);
	json_text_milli(j->to, milli);
}

void json_double(struct json *j, double v)
{
	element(j);
	json_text_double(j->to, v);
}

void json_bool(struct json *j, bool v)
{
	element(j);
	buf_add_str(j->to, v ? "true" : "false");
}

void json_null(struct json *j)
{
	element(j);
	buf_add_str(j->to, "null");
}

void json_raw(struct json *j, const char *text, size_t size)
{
	CHECK(size > 0);
	element(j);
	buf_add(j->to, text, size);
}

void json_kstr(struct json *j, const char *key, const char *s)
{
	json_key(j, key);
	json_str(j, s);
}

void json_kint(struct json *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_int(j, v);
}

void json_kmilli(struct json *j, const char *key, int64_t milli)
{
	json_key(j, key);
	json_milli(j, milli);
}

void json_kbool(struct json *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}
