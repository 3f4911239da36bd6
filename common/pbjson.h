/*
 * pbjson.h - JSON form of protobuf messages, as Mesos writes and reads it.
 *
 * Walks protobuf-c descriptors, so it knows every message there is. The rules
 * are those of the v1 API: names as in the .proto; optional fields with an
 * explicit default are written even when unset, unless deprecated; 64-bit
 * integers are numbers; bytes are base64; enums go by name; maps are objects;
 * a single value where a list is expected is a list of one; numbers and
 * booleans may arrive as strings; unknown fields are ignored; unknown enum
 * names count as unset, or as an error in a required field; null is unset.
 * A number outside the field's range is an error, as is a text with a NUL or
 * bytes that are not UTF-8. Nesting is bounded by PBJSON_DEPTH_MAX, the number
 * of values by PBJSON_VALUES_MAX, memory by MSG_ARENA_FACTOR.
 *
 * What is written is valid JSON, but for bare Infinity and NaN, which Mesos
 * writes, too; both are read, bare and as strings.
 *
 * Fields are written in order of their numbers (protobuf-c keeps no other).
 */
#ifndef COMMON_PBJSON_H
#define COMMON_PBJSON_H

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

struct arena;
struct buf;
struct err;

void pbjson_write(struct buf *to, const ProtobufCMessage *msg);

/* The message lives in the arena; NULL and e set on any error: what is wrong
 * and where ("accept.operations[0].launch: ..."). */
ProtobufCMessage *pbjson_read(struct arena *a,
	const ProtobufCMessageDescriptor *desc, const char *text, size_t size,
	struct err *e);

#endif
