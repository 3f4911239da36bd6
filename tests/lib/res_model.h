/*
 * res_model.h - the resource algebra again, slow and obviously right: a fixed
 * set of kinds, each with an array that says how many of what is there. To be
 * compared with common/res.c.
 */
#ifndef TESTS_LIB_RES_MODEL_H
#define TESTS_LIB_RES_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "mesos/v1/mesos.pb-c.h"

#define MODEL_SCALARS 4
#define MODEL_RANGES  2
#define MODEL_NUMBERS 24 /* 0..23 in ranges */
#define MODEL_ITEMS   5	 /* "a".."e" in the set */
#define MODEL_MOUNTS  3	 /* /m1 of size 1, /m1 of 2, /m2 of 1 */

struct model {
	int64_t milli[MODEL_SCALARS];
	bool number[MODEL_RANGES][MODEL_NUMBERS];
	bool item[MODEL_ITEMS];
	int mounts[MODEL_MOUNTS];
	int copies; /* of one shared volume */
};

static const struct {
	const char *name, *role;
} model_scalars[MODEL_SCALARS] = { { "cpus", NULL }, { "cpus", "a" },
	{ "mem", NULL }, { "mem", "a/b" } };
static const char *const model_range_roles[MODEL_RANGES] = { NULL, "a" };
static const struct {
	const char *root;
	int size;
} model_mounts[MODEL_MOUNTS] = { { "/m1", 1 }, { "/m1", 2 }, { "/m2", 1 } };

static inline void model_add(struct model *a, const struct model *b)
{
	int i, j;

	for (i = 0; i < MODEL_SCALARS; i++)
		a->milli[i] += b->milli[i];
	for (i = 0; i < MODEL_RANGES; i++)
		for (j = 0; j < MODEL_NUMBERS; j++)
			a->number[i][j] |= b->number[i][j];
	for (i = 0; i < MODEL_ITEMS; i++)
		a->item[i] |= b->item[i];
	for (i = 0; i < MODEL_MOUNTS; i++)
		a->mounts[i] += b->mounts[i];
	a->copies += b->copies;
}

static inline void model_sub(struct model *a, const struct model *b)
{
	int i, j;

	for (i = 0; i < MODEL_SCALARS; i++)
		a->milli[i] = a->milli[i] > b->milli[i]
			? a->milli[i] - b->milli[i]
			: 0;
	for (i = 0; i < MODEL_RANGES; i++)
		for (j = 0; j < MODEL_NUMBERS; j++)
			a->number[i][j] &= !b->number[i][j];
	for (i = 0; i < MODEL_ITEMS; i++)
		a->item[i] &= !b->item[i];
	for (i = 0; i < MODEL_MOUNTS; i++)
		a->mounts[i] = a->mounts[i] > b->mounts[i]
			? a->mounts[i] - b->mounts[i]
			: 0;
	a->copies = a->copies > b->copies ? a->copies - b->copies : 0;
}

static inline bool model_contains(const struct model *a, const struct model *b)
{
	int i, j;

	for (i = 0; i < MODEL_SCALARS; i++)
		if (a->milli[i] < b->milli[i])
			return false;
	for (i = 0; i < MODEL_RANGES; i++)
		for (j = 0; j < MODEL_NUMBERS; j++)
			if (b->number[i][j] && !a->number[i][j])
				return false;
	for (i = 0; i < MODEL_ITEMS; i++)
		if (b->item[i] && !a->item[i])
			return false;
	for (i = 0; i < MODEL_MOUNTS; i++)
		if (a->mounts[i] < b->mounts[i])
			return false;
	return a->copies >= b->copies;
}

static inline bool model_same(const struct model *a, const struct model *b)
{
	return model_contains(a, b) && model_contains(b, a);
}

/* --- from and to a JSON array of Resource --------------------------------- */

static inline void model_reserved(struct buf *to, const char *role)
{
	if (role != NULL)
		buf_printf(to, ",\"role\":\"%s\"", role);
}

static inline void model_comma(struct buf *to)
{
	if (buf_str(to)[to->size - 1] != '[')
		buf_add_char(to, ',');
}

static inline void model_json_values(struct buf *to, const struct model *m)
{
	int i, j;

	for (i = 0; i < MODEL_SCALARS; i++) {
		if (m->milli[i] == 0)
			continue;
		model_comma(to);
		buf_printf(to,
			"{\"name\":\"%s\",\"type\":\"SCALAR\",\"scalar\":"
			"{\"value\":%lld.%03lld}",
			model_scalars[i].name, (long long)m->milli[i] / 1000,
			(long long)m->milli[i] % 1000);
		model_reserved(to, model_scalars[i].role);
		buf_add_char(to, '}');
	}
	for (i = 0; i < MODEL_RANGES; i++) {
		model_comma(to);
		buf_add_str(to,
			"{\"name\":\"ports\",\"type\":\"RANGES\","
			"\"ranges\":{\"range\":[");
		/* Backwards and number by number, to be sorted and joined. */
		for (j = MODEL_NUMBERS - 1; j >= 0; j--) {
			if (!m->number[i][j])
				continue;
			model_comma(to);
			buf_printf(to, "{\"begin\":%d,\"end\":%d}", j, j);
		}
		buf_add_str(to, "]}");
		model_reserved(to, model_range_roles[i]);
		buf_add_char(to, '}');
	}
}

static inline void model_json(struct buf *to, const struct model *m)
{
	int i, j;

	buf_add_char(to, '[');
	model_json_values(to, m);
	model_comma(to);
	buf_add_str(to, "{\"name\":\"z\",\"type\":\"SET\",\"set\":{\"item\":[");
	for (i = MODEL_ITEMS - 1; i >= 0; i--) {
		if (!m->item[i])
			continue;
		model_comma(to);
		buf_printf(to, "\"%c\"", 'a' + i);
	}
	buf_add_str(to, "]}}");
	for (i = 0; i < MODEL_MOUNTS; i++)
		for (j = 0; j < m->mounts[i]; j++)
			buf_printf(to,
				",{\"name\":\"disk\",\"type\":\"SCALAR\","
				"\"scalar\":{\"value\":%d},\"disk\":{\"source\""
				":{\"type\":\"MOUNT\",\"mount\":{\"root\":"
				"\"%s\"}}}}",
				model_mounts[i].size, model_mounts[i].root);
	for (i = 0; i < m->copies; i++)
		buf_printf(to,
			",{\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":"
			"{\"value\":8},\"role\":\"a\",\"disk\":{\"persistence\""
			":{\"id\":\"v\"},\"volume\":{\"container_path\":\"p%d\""
			",\"mode\":\"RW\"}},\"shared\":{}}",
			i);
	buf_add_char(to, ']');
}

static inline bool model_is_role(const Mesos__V1__Resource *r, const char *role)
{
	if (r->n_reservations == 0)
		return role == NULL;
	return role != NULL && strcmp(r->reservations[0]->role, role) == 0;
}

static inline void model_read_disk(
	struct model *m, const Mesos__V1__Resource *r)
{
	int i;

	if (r->disk->persistence != NULL) {
		m->copies++;
		return;
	}
	for (i = 0; i < MODEL_MOUNTS; i++)
		m->mounts[i] += strcmp(r->disk->source->mount->root,
					model_mounts[i].root) == 0 &&
			(int)r->scalar->value == model_mounts[i].size;
}

static inline void model_read_one(struct model *m, const Mesos__V1__Resource *r)
{
	size_t k;
	uint64_t j;
	int i;

	if (r->disk != NULL) {
		model_read_disk(m, r);
		return;
	}
	for (i = 0; r->scalar != NULL && i < MODEL_SCALARS; i++)
		if (strcmp(r->name, model_scalars[i].name) == 0 &&
			model_is_role(r, model_scalars[i].role))
			m->milli[i] += (int64_t)(r->scalar->value * 1000 + 0.5);
	for (i = 0; r->ranges != NULL && i < MODEL_RANGES; i++)
		for (k = 0; model_is_role(r, model_range_roles[i]) &&
			k < r->ranges->n_range;
			k++)
			for (j = r->ranges->range[k]->begin;
				j <= r->ranges->range[k]->end; j++)
				m->number[i][j] = true;
	for (k = 0; r->set != NULL && k < r->set->n_item; k++)
		m->item[r->set->item[k][0] - 'a'] = true;
}

static inline void model_read(
	struct model *m, Mesos__V1__Resource *const *msgs, size_t n)
{
	size_t i;

	*m = (struct model){ 0 };
	for (i = 0; i < n; i++)
		model_read_one(m, msgs[i]);
}

#endif
