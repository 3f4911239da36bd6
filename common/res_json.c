/* res_json.c - see res_json.h. */
#include "common/res_json.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/pbjson.h"
#include "common/res.h"
#include "mesos/v1/mesos.pb-c.h"

/* Resource.role is deprecated; here it is taken away. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static void strip(struct res *to, const struct res *from, struct arena *mem);
static void member(
	struct json *to, const Mesos__V1__Resource *m, struct arena *mem);
static void ranges_text(struct buf *to, const Mesos__V1__Value__Ranges *r);
static void set_text(struct buf *to, const Mesos__V1__Value__Set *s);

void res_json_object(struct json *to, const struct res *r)
{
	static const char *const always[] = { "cpus", "gpus", "mem", "disk" };
	struct res plain = RES_INIT;
	Mesos__V1__Resource **msgs;
	struct arena mem;
	size_t n, i, k;

	arena_init(&mem);
	strip(&plain, r, &mem);
	msgs = res_to_msgs(&plain, &mem, RES_FORM_STACK, &n);
	json_obj_begin(to);
	for (k = 0; k < ARRAY_LEN(always); k++) {
		for (i = 0; i < n; i++)
			if (strcmp(msgs[i]->name, always[k]) == 0 &&
				msgs[i]->revocable == NULL)
				break;
		if (i == n)
			json_kmilli(to, always[k], 0);
	}
	for (i = 0; i < n; i++)
		member(to, msgs[i], &mem);
	json_obj_end(to);
	res_fini(&plain);
	arena_fini(&mem);
}

/* Only names, values and whether they can be revoked: equal ones add up. */
static void strip(struct res *to, const struct res *from, struct arena *mem)
{
	size_t n, i;
	Mesos__V1__Resource **msgs = res_to_msgs(from, mem, RES_FORM_STACK, &n);

	for (i = 0; i < n; i++) {
		Mesos__V1__Resource *m = msgs[i];
		struct res one = RES_INIT;

		m->provider_id = NULL;
		m->role = NULL;
		m->allocation_info = NULL;
		m->reservation = NULL;
		m->n_reservations = 0;
		m->disk = NULL;
		m->shared = NULL;
		if (res_from_msgs(&one, &m, 1, NULL) == 0)
			res_add(to, &one);
		res_fini(&one);
	}
}

static void member(
	struct json *to, const Mesos__V1__Resource *m, struct arena *mem)
{
	const char *name = m->revocable != NULL
		? arena_printf(mem, "%s_revocable", m->name)
		: m->name;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (m->scalar != NULL) {
		json_key(to, name);
		json_double(to, m->scalar->value);
		return;
	}
	if (m->ranges != NULL)
		ranges_text(&text, m->ranges);
	else if (m->set != NULL)
		set_text(&text, m->set);
	json_kstr(to, name, buf_str(&text));
}

static void ranges_text(struct buf *to, const Mesos__V1__Value__Ranges *r)
{
	size_t i;

	buf_add_char(to, '[');
	for (i = 0; i < r->n_range; i++)
		buf_printf(to, "%s%" PRIu64 "-%" PRIu64, i > 0 ? ", " : "",
			r->range[i]->begin, r->range[i]->end);
	buf_add_char(to, ']');
}

static void set_text(struct buf *to, const Mesos__V1__Value__Set *s)
{
	size_t i;

	buf_add_char(to, '{');
	for (i = 0; i < s->n_item; i++)
		buf_printf(to, "%s%s", i > 0 ? ", " : "", s->item[i]);
	buf_add_char(to, '}');
}

void res_json_list(struct json *to, const struct res *r)
{
	Mesos__V1__Resource **msgs;
	struct arena mem;
	size_t n, i;

	arena_init(&mem);
	msgs = res_to_msgs(r, &mem, RES_FORM_BOTH, &n);
	json_arr_begin(to);
	for (i = 0; i < n; i++) {
		CLEANUP(buf_fini) struct buf one = BUF_INIT;

		pbjson_write(&one, &msgs[i]->base);
		json_raw(to, one.data, one.size);
	}
	json_arr_end(to);
	arena_fini(&mem);
}
