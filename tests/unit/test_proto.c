/*
 * The v1 API as it was compiled, against tests/data/mesos-v1-fields.tsv: every
 * row of the table must be in the descriptors, and everything in the
 * descriptors must be a row.
 *
 * The Makefile lists all descriptors in descriptors.h, so nothing is left out
 * by hand. What protobuf-c's descriptors don't know, the names of oneofs and
 * whether a value of an enum is deprecated, comes from the generated C and from
 * the .proto itself.
 */
#include <ctype.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/check.h"
#include "common/mem.h"
#include "google/protobuf/duration.pb-c.h"
#include "mesos/v1/agent/agent.pb-c.h"
#include "mesos/v1/allocator/allocator.pb-c.h"
#include "mesos/v1/executor/executor.pb-c.h"
#include "mesos/v1/maintenance/maintenance.pb-c.h"
#include "mesos/v1/master/master.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"
#include "mesos/v1/quota/quota.pb-c.h"
#include "mesos/v1/resource_provider/resource_provider.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

#define TABLE	     "tests/data/mesos-v1-fields.tsv"
#define COLUMNS	     9
#define ROWS_MAX     4000
#define PACKAGES_MAX 32
#define NAME_SIZE    256

struct row {
	const char *package, *message, *kind, *label, *type, *name, *number,
		*dflt, *note;
	char full[NAME_SIZE]; /* package.message */
};

struct oneof {
	const char *c_type, *name;
	size_t offset; /* of the case field */
};

#define MESSAGE(d) &d,
#define ENUM(d)
#define ONEOF(t, n)
static const ProtobufCMessageDescriptor *const messages[] = {
#include "descriptors.h"
};
#undef MESSAGE
#undef ENUM
#define MESSAGE(d)
#define ENUM(d) &d,
static const ProtobufCEnumDescriptor *const enums[] = {
#include "descriptors.h"
};
#undef ENUM
#undef ONEOF
#define ENUM(d)
#define ONEOF(t, n) { #t, #n, offsetof(t, n##_case) },
static const struct oneof oneofs[] = {
#include "descriptors.h"
};

static char *text; /* the table; rows point into it */
static struct row rows[ROWS_MAX];
static size_t n_rows;
static const char *packages[PACKAGES_MAX];
static size_t n_packages;
static int bad; /* mismatches of the test that runs */

__attribute__((format(printf, 1, 2))) static void mismatch(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	print_error("# %s\n", line);
	bad++;
}

static bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static char *file_read(const char *path)
{
	FILE *f = fopen(path, "r");
	char *data = NULL;
	size_t size = 0, cap = 0, got;

	assert_non_null(f);
	do {
		data = xgrow(data, &cap, size + 4096, 1);
		got = fread(data + size, 1, 4095, f);
		size += got;
	} while (got > 0);
	data[size] = '\0';
	(void)fclose(f); /* only read */
	return data;
}

/* Splits the text in place; the first line names the columns. */
static void table_read(void)
{
	char *rest, *line;

	text = file_read(TABLE);
	rest = text;
	(void)strsep(&rest, "\n");
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		struct row *r = &rows[n_rows];
		const char *column[COLUMNS];

		for (size_t i = 0; i < COLUMNS; i++) {
			column[i] = strsep(&line, "\t");
			CHECK(column[i] != NULL);
		}
		CHECK(line == NULL && n_rows < ROWS_MAX);
		*r = (struct row){ column[0], column[1], column[2], column[3],
			column[4], column[5], column[6], column[7], column[8],
			"" };
		(void)snprintf(r->full, sizeof(r->full), "%s.%s", r->package,
			r->message);
		if (n_packages == 0 ||
			!same(packages[n_packages - 1], r->package)) {
			CHECK(n_packages < PACKAGES_MAX);
			packages[n_packages++] = r->package;
		}
		n_rows++;
	}
}

static const ProtobufCMessageDescriptor *message_find(const char *full)
{
	for (size_t i = 0; i < ARRAY_LEN(messages); i++)
		if (same(messages[i]->name, full))
			return messages[i];
	return NULL;
}

static const ProtobufCEnumDescriptor *enum_find(const char *full)
{
	for (size_t i = 0; i < ARRAY_LEN(enums); i++)
		if (same(enums[i]->name, full))
			return enums[i];
	return NULL;
}

static const struct oneof *oneof_find(const char *c_type, size_t offset)
{
	for (size_t i = 0; i < ARRAY_LEN(oneofs); i++)
		if (same(oneofs[i].c_type, c_type) &&
			oneofs[i].offset == offset)
			return &oneofs[i];
	return NULL;
}

static const char *type_name(
	const ProtobufCFieldDescriptor *f, char *to, size_t size)
{
	static const char *const scalars[] = {
		[PROTOBUF_C_TYPE_INT32] = "int32",
		[PROTOBUF_C_TYPE_SINT32] = "sint32",
		[PROTOBUF_C_TYPE_SFIXED32] = "sfixed32",
		[PROTOBUF_C_TYPE_INT64] = "int64",
		[PROTOBUF_C_TYPE_SINT64] = "sint64",
		[PROTOBUF_C_TYPE_SFIXED64] = "sfixed64",
		[PROTOBUF_C_TYPE_UINT32] = "uint32",
		[PROTOBUF_C_TYPE_FIXED32] = "fixed32",
		[PROTOBUF_C_TYPE_UINT64] = "uint64",
		[PROTOBUF_C_TYPE_FIXED64] = "fixed64",
		[PROTOBUF_C_TYPE_FLOAT] = "float",
		[PROTOBUF_C_TYPE_DOUBLE] = "double",
		[PROTOBUF_C_TYPE_BOOL] = "bool",
		[PROTOBUF_C_TYPE_STRING] = "string",
		[PROTOBUF_C_TYPE_BYTES] = "bytes",
	};

	if (f->type == PROTOBUF_C_TYPE_ENUM) {
		const ProtobufCEnumDescriptor *e = f->descriptor;

		(void)snprintf(to, size, "enum %s", e->name);
	} else if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
		const ProtobufCMessageDescriptor *m = f->descriptor;

		(void)snprintf(to, size, "%s", m->name);
	} else {
		(void)snprintf(to, size, "%s", scalars[f->type]);
	}
	return to;
}

static const char *label_name(const ProtobufCFieldDescriptor *f)
{
	switch ((int)f->label) {
	case PROTOBUF_C_LABEL_REQUIRED:
		return "required";
	case PROTOBUF_C_LABEL_OPTIONAL:
		return "optional";
	case PROTOBUF_C_LABEL_REPEATED:
		return "repeated";
	default:
		return "none"; /* proto3 */
	}
}

/* As the table writes it; "" when there is none. */
static const char *default_text(
	const ProtobufCFieldDescriptor *f, char *to, size_t size)
{
	const void *d = f->default_value;

	to[0] = '\0';
	if (d == NULL)
		return to;
	switch ((int)f->type) {
	case PROTOBUF_C_TYPE_STRING:
		(void)snprintf(to, size, "%s", (const char *)d);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		(void)snprintf(to, size, "%s",
			*(const protobuf_c_boolean *)d ? "true" : "false");
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		(void)snprintf(to, size, "%.17g", *(const double *)d);
		break;
	case PROTOBUF_C_TYPE_INT32:
		(void)snprintf(to, size, "%" PRId32, *(const int32_t *)d);
		break;
	case PROTOBUF_C_TYPE_UINT32:
		(void)snprintf(to, size, "%" PRIu32, *(const uint32_t *)d);
		break;
	case PROTOBUF_C_TYPE_ENUM: {
		const ProtobufCEnumValue *v =
			protobuf_c_enum_descriptor_get_value(
				f->descriptor, *(const int *)d);

		(void)snprintf(to, size, "%s", v == NULL ? "?" : v->name);
		break;
	}
	default:
		(void)snprintf(to, size, "(a default of another type)");
	}
	return to;
}

/* node_stage_secrets -> NodeStageSecretsEntry */
static void entry_name(const char *field, char *to, size_t size)
{
	bool up = true;
	size_t n = 0;

	for (; *field != '\0' && n + 1 < size; field++) {
		if (*field == '_') {
			up = true;
			continue;
		}
		to[n++] = (char)(up ? toupper((unsigned char)*field) : *field);
		up = false;
	}
	(void)snprintf(to + n, size - n, "Entry");
}

/* map<K,V> is a repeated message of key and value, made by protoc. */
static void map_compare(const struct row *r, const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *e;
	char camel[NAME_SIZE], name[2 * NAME_SIZE + 2], has[NAME_SIZE * 3];
	char key[NAME_SIZE], value[NAME_SIZE];

	if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
		mismatch("%s.%s: not a map", r->full, r->name);
		return;
	}
	e = f->descriptor;
	entry_name(r->name, camel, sizeof(camel));
	(void)snprintf(name, sizeof(name), "%s.%s", r->full, camel);
	if (!same(e->name, name))
		mismatch("%s.%s: entries are %s", r->full, r->name, e->name);
	if (e->n_fields != 2 || e->fields[0].id != 1 || e->fields[1].id != 2 ||
		!same(e->fields[0].name, "key") ||
		!same(e->fields[1].name, "value")) {
		mismatch("%s: not an entry of a map", e->name);
		return;
	}
	(void)snprintf(has, sizeof(has), "map<%s,%s>",
		type_name(&e->fields[0], key, sizeof(key)),
		type_name(&e->fields[1], value, sizeof(value)));
	if (!same(has, r->type))
		mismatch("%s.%s: type %s, should be %s", r->full, r->name, has,
			r->type);
}

static void oneof_compare(const struct row *r,
	const ProtobufCMessageDescriptor *m, const ProtobufCFieldDescriptor *f)
{
	bool is = (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
	const struct oneof *o;

	if (!starts(r->kind, "oneof:")) {
		if (is)
			mismatch("%s.%s: is in a oneof", r->full, r->name);
		return;
	}
	o = is ? oneof_find(m->c_name, f->quantifier_offset) : NULL;
	if (o == NULL || !same(o->name, r->kind + strlen("oneof:")))
		mismatch("%s.%s: in oneof %s, should be %s", r->full, r->name,
			o == NULL ? "none" : o->name, r->kind);
}

static void field_compare(const struct row *r)
{
	const ProtobufCMessageDescriptor *m = message_find(r->full);
	const ProtobufCFieldDescriptor *f;
	char has[NAME_SIZE];
	bool deprecated;

	f = m == NULL
		? NULL
		: protobuf_c_message_descriptor_get_field_by_name(m, r->name);
	if (f == NULL) {
		mismatch("%s.%s: not there", r->full, r->name);
		return;
	}
	if (f->id != strtoul(r->number, NULL, 10))
		mismatch("%s.%s: number %u, should be %s", r->full, r->name,
			f->id, r->number);
	if (!same(label_name(f), r->label))
		mismatch("%s.%s: %s, should be %s", r->full, r->name,
			label_name(f), r->label);
	if (same(r->kind, "map"))
		map_compare(r, f);
	else if (!same(type_name(f, has, sizeof(has)), r->type))
		mismatch("%s.%s: type %s, should be %s", r->full, r->name, has,
			r->type);
	if (!same(default_text(f, has, sizeof(has)), r->dflt))
		mismatch("%s.%s: default '%s', should be '%s'", r->full,
			r->name, has, r->dflt);
	deprecated = (f->flags & PROTOBUF_C_FIELD_FLAG_DEPRECATED) != 0;
	if (deprecated != same(r->note, "deprecated"))
		mismatch("%s.%s: deprecated: %d", r->full, r->name, deprecated);
	oneof_compare(r, m, f);
}

static void value_compare(const struct row *r)
{
	const ProtobufCEnumDescriptor *e = enum_find(r->full);
	const ProtobufCEnumValue *v;

	v = e == NULL
		? NULL
		: protobuf_c_enum_descriptor_get_value_by_name(e, r->name);
	if (v == NULL)
		mismatch("%s.%s: not there", r->full, r->name);
	else if (v->value != strtol(r->number, NULL, 10))
		mismatch("%s.%s: number %d, should be %s", r->full, r->name,
			v->value, r->number);
}

static void oneof_declared(const struct row *r)
{
	const ProtobufCMessageDescriptor *m = message_find(r->full);

	for (size_t i = 0; m != NULL && i < ARRAY_LEN(oneofs); i++)
		if (same(oneofs[i].c_type, m->c_name) &&
			same(oneofs[i].name, r->name))
			return;
	mismatch("%s: no oneof %s", r->full, r->name);
}

static void test_table_is_compiled(void **state)
{
	const char *package = *state;
	size_t seen = 0;

	bad = 0;
	for (size_t i = 0; i < n_rows; i++) {
		const struct row *r = &rows[i];

		if (!same(r->package, package))
			continue;
		seen++;
		if (same(r->kind, "field") || same(r->kind, "map") ||
			starts(r->kind, "oneof:"))
			field_compare(r);
		else if (same(r->kind, "value"))
			value_compare(r);
		else if (same(r->kind, "oneof"))
			oneof_declared(r);
		else if (!same(r->kind, "message"))
			mismatch("%s: row of kind '%s'", r->full, r->kind);
		else if (message_find(r->full) == NULL ||
			message_find(r->full)->n_fields != 0)
			mismatch("%s: no empty message of this name", r->full);
	}
	assert_true(seen > 0);
	assert_int_equal(bad, 0);
}

enum row_sort { ROW_FIELD, ROW_VALUE, ROW_MESSAGE };

static enum row_sort sort_of(const struct row *r)
{
	if (same(r->kind, "value"))
		return ROW_VALUE;
	return same(r->kind, "message") ? ROW_MESSAGE : ROW_FIELD;
}

/* name NULL: any row of the message. */
static const struct row *row_find(
	const char *full, enum row_sort sort, const char *name)
{
	for (size_t i = 0; i < n_rows; i++)
		if (same(rows[i].full, full) && sort_of(&rows[i]) == sort &&
			!same(rows[i].kind, "oneof") &&
			(name == NULL || same(rows[i].name, name)))
			return &rows[i];
	return NULL;
}

/* The entry message of a map that is in the table. */
static bool is_map_entry(const ProtobufCMessageDescriptor *m)
{
	char full[NAME_SIZE], camel[NAME_SIZE];
	const char *dot = strrchr(m->name, '.');

	(void)snprintf(
		full, sizeof(full), "%.*s", (int)(dot - m->name), m->name);
	for (size_t i = 0; i < n_rows; i++) {
		if (!same(rows[i].kind, "map") || !same(rows[i].full, full))
			continue;
		entry_name(rows[i].name, camel, sizeof(camel));
		if (same(camel, dot + 1))
			return true;
	}
	return false;
}

/* A message without rows of its own is a mere scope of others, or unknown. */
static bool is_scope(const char *full)
{
	size_t n = strlen(full);

	for (size_t i = 0; i < n_rows; i++)
		if (starts(rows[i].full, full) && rows[i].full[n] == '.')
			return true;
	return false;
}

static void message_is_listed(const ProtobufCMessageDescriptor *m)
{
	if (is_map_entry(m))
		return;
	if (m->n_fields == 0 && row_find(m->name, ROW_MESSAGE, NULL) == NULL &&
		!is_scope(m->name))
		mismatch("%s: not in the table", m->name);
	for (unsigned i = 0; i < m->n_fields; i++)
		if (row_find(m->name, ROW_FIELD, m->fields[i].name) == NULL)
			mismatch("%s.%s: not in the table", m->name,
				m->fields[i].name);
}

static void test_compiled_is_in_table(void **state)
{
	const char *package = *state;
	size_t seen = 0;

	bad = 0;
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		if (!same(messages[i]->package_name, package))
			continue;
		message_is_listed(messages[i]);
		seen++;
	}
	for (size_t i = 0; i < ARRAY_LEN(enums); i++) {
		const ProtobufCEnumDescriptor *e = enums[i];

		if (!same(e->package_name, package))
			continue;
		for (unsigned k = 0; k < e->n_values; k++)
			if (row_find(e->name, ROW_VALUE, e->values[k].name) ==
				NULL)
				mismatch("%s.%s: not in the table", e->name,
					e->values[k].name);
		seen++;
	}
	assert_true(seen > 0);
	assert_int_equal(bad, 0);
}

/* mesos.v1.master -> proto/mesos/v1/master/master.proto */
static char *proto_read(const char *package)
{
	char path[NAME_SIZE];

	if (same(package, "mesos.v1"))
		return file_read("proto/mesos/v1/mesos.proto");
	package += strlen("mesos.v1.");
	(void)snprintf(path, sizeof(path), "proto/mesos/v1/%s/%s.proto",
		package, package);
	return file_read(path);
}

/* Deprecated values: the lines `NAME = N [deprecated = true];`. */
static void test_deprecated_values(void **state)
{
	const char *package = *state;
	char *proto = proto_read(package), *rest = proto, *line;
	int want = 0, has = 0;

	bad = 0;
	for (size_t i = 0; i < n_rows; i++) {
		char text_want[NAME_SIZE];

		if (!same(rows[i].package, package) ||
			!same(rows[i].kind, "value") ||
			!same(rows[i].note, "deprecated"))
			continue;
		want++;
		(void)snprintf(text_want, sizeof(text_want),
			"\t%s = %s [deprecated = true];", rows[i].name,
			rows[i].number);
		if (strstr(proto, text_want) == NULL)
			mismatch("%s.%s: not deprecated", rows[i].full,
				rows[i].name);
	}
	while ((line = strsep(&rest, "\n")) != NULL) {
		line += strspn(line, " \t");
		line += strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
		has += starts(line, " = ") &&
			strstr(line, "[deprecated = true];") != NULL;
	}
	free(proto);
	assert_int_equal(bad, 0);
	assert_int_equal(has, want);
}

int main(void)
{
	static const struct {
		const char *what;
		CMUnitTestFunction run;
	} ways[] = {
		{ "the table is compiled", test_table_is_compiled },
		{ "what is compiled is in the table",
			test_compiled_is_in_table },
		{ "deprecated values", test_deprecated_values },
	};
	struct CMUnitTest tests[PACKAGES_MAX * ARRAY_LEN(ways)];
	size_t n = 0;
	int failed;

	table_read();
	for (size_t i = 0; i < n_packages; i++)
		for (size_t k = 0; k < ARRAY_LEN(ways); k++)
			tests[n++] = (struct CMUnitTest){
				.name = xasprintf(
					"%s: %s", packages[i], ways[k].what),
				.test_func = ways[k].run,
				.initial_state = (void *)(uintptr_t)packages[i],
			};
	failed = _cmocka_run_group_tests("proto", tests, n, NULL, NULL);
	for (size_t i = 0; i < n; i++)
		mem_freep(&tests[i].name);
	free(text);
	return failed;
}
