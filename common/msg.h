/*
 * msg.h - protobuf bytes to messages in an arena, and back.
 *
 * protobuf-c recurses without a bound and keeps enum numbers it doesn't know;
 * msg_unpack() walks the bytes first: nesting over MSG_DEPTH_MAX is refused,
 * as is a message that would need more than MSG_ARENA_FACTOR times its size,
 * and enum numbers that the .proto lacks count as unset (required: an error),
 * as in the v1 API. All `required` fields must be there.
 */
#ifndef COMMON_MSG_H
#define COMMON_MSG_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

struct arena;
struct err;

ProtobufCMessage *msg_unpack(struct arena *a,
	const ProtobufCMessageDescriptor *desc, const uint8_t *data,
	size_t size, struct err *e);

/* A deep copy into the arena. */
ProtobufCMessage *msg_copy(struct arena *a, const ProtobufCMessage *msg);
/* A deep copy on the heap, for tables; free with msg_free(). NULL gives NULL. */
ProtobufCMessage *msg_dup(const ProtobufCMessage *msg);
void msg_free(ProtobufCMessage *msg);
/* Same bytes when encoded. */
int msg_equal(const ProtobufCMessage *a, const ProtobufCMessage *b);

/* Typed: MSG_COPY(arena, task_info). */
#define MSG_COPY(a, m) ((__typeof__(m))(void *)msg_copy((a), &(m)->base))
#define MSG_DUP(m)     ((__typeof__(m))(void *)msg_dup(&(m)->base))
/* The message's own type from what msg_unpack() gave. */
#define MSG_UNPACK(type, a, desc, data, size, e) \
	((type *)(void *)msg_unpack((a), (desc), (data), (size), (e)))

#endif
