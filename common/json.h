/*
 * json.h - a writer of JSON for reports: no tree, straight into a buffer.
 *
 *	struct json j;
 *
 *	json_init(&j, &buf);
 *	json_obj_begin(&j);
 *	json_key(&j, "cpus"), json_milli(&j, 1500);   1.5
 *	json_kstr(&j, "name", name);
 *	json_key(&j, "tasks");
 *	json_arr_begin(&j);
 *	...
 *	json_arr_end(&j);
 *	json_obj_end(&j);
 *
 * Commas are put by the writer. A key must be followed by exactly one value;
 * what doesn't balance is our bug (CHECK). Texts may be any bytes: what is not
 * UTF-8 becomes U+FFFD, so the output is always valid.
 *
 * Not in one file with json-c's headers: they have a json_bool, too.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define JSON_DEPTH_MAX 32 /* of what we write ourselves */

struct json {
	struct buf *to;	 /* borrowed */
	unsigned depth;	 /* open objects and arrays */
	uint32_t arrays; /* bit d: the one at depth d is an array */
	uint32_t filled; /* bit d: it has an element already */
	bool keyed;	 /* a key waits for its value */
};

void json_init(struct json *j, struct buf *to);

void json_obj_begin(struct json *j);
void json_obj_end(struct json *j);
void json_arr_begin(struct json *j);
void json_arr_end(struct json *j);
void json_key(struct json *j, const char *key);

void json_str(struct json *j, const char *s); /* NULL: null */
void json_strn(struct json *j, const char *s, size_t n);
void json_int(struct json *j, int64_t v);
void json_uint(struct json *j, uint64_t v);
void json_milli(struct json *j, int64_t milli); /* 1500: 1.5; 2000: 2.0 */
void json_double(struct json *j, double v);	/* see json_text.h */
void json_bool(struct json *j, bool v);
void json_null(struct json *j);
/* A value that is JSON already. */
void json_raw(struct json *j, const char *text, size_t size);

/* Key and value in one. */
void json_kstr(struct json *j, const char *key, const char *s);
void json_kint(struct json *j, const char *key, int64_t v);
void json_kmilli(struct json *j, const char *key, int64_t milli);
void json_kbool(struct json *j, const char *key, bool v);

#endif
