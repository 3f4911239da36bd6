/*
 * outbox.h - what a turn wants done: records to commit, then effects to carry
 * out, in order.
 *
 * A room (master/, agent/) only fills an outbox. The loop (io_loop.c) commits
 * the records in one transaction and only then carries out the effects: that
 * is the one place where "nothing leaves the process before the record that
 * justifies it is on disk" is kept. Messages are encoded when they are put in,
 * so what is sent is what was true at that moment.
 *
 * All memory is the outbox's arena; what an effect points to lives until
 * outbox_reset(). Messages decoded for the turn live there too.
 *
 * Addresses are plain numbers that edges hand out and rooms store: a request
 * (one HTTP exchange; after outbox_stream_open() it is a stream and keeps its
 * number) or a link (master to agent). Numbers are never reused by a process.
 * An effect on a number that is gone is dropped by the edge.
 */
#ifndef COMMON_OUTBOX_H
#define COMMON_OUTBOX_H

#include <stdarg.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "common/arena.h"
#include "common/list.h"

/* One row of a table to write or to remove. Tables are the room's enum. */
struct outbox_record {
	TAILQ_ENTRY(outbox_record) next;
	unsigned table;
	const char *key;
	const uint8_t *value; /* NULL: remove the row */
	size_t size;
};

enum effect_type {
	EFFECT_REPLY,	     /* answers a request and ends it */
	EFFECT_STREAM_OPEN,  /* 200, the request becomes a RecordIO stream */
	EFFECT_STREAM_SEND,  /* one record on it */
	EFFECT_STREAM_CLOSE, /* its regular end */
	EFFECT_LINK_SEND,    /* one frame to the other side of a link */
	EFFECT_LINK_CLOSE,
	EFFECT_ROOM, /* what only this room's edges understand */
	EFFECT_EXIT, /* stop the process */
};

struct effect {
	TAILQ_ENTRY(effect) next;
	enum effect_type type;
	uint64_t to; /* request, stream or link */
	int status;  /* REPLY: HTTP status; EXIT: exit status; ROOM: code */
	/* Of what data is the encoding; NULL: data is the body as it is. */
	const ProtobufCMessageDescriptor *desc;
	const char *content_type; /* if desc is NULL; NULL: text/plain */
	const uint8_t *data;
	size_t size;
	const void *arg; /* ROOM: the room's own struct, in the arena */
};

struct outbox {
	TAILQ_HEAD(outbox_records, outbox_record) records;
	TAILQ_HEAD(outbox_effects, effect) effects;
	struct arena arena;
	size_t n_records;
	size_t n_effects;
};

void outbox_init(struct outbox *o);
void outbox_fini(struct outbox *o);
void outbox_reset(struct outbox *o);

/* Writes the row (table, key), or replaces it. */
void outbox_put(struct outbox *o, unsigned table, const char *key,
	const ProtobufCMessage *value);
void outbox_del(struct outbox *o, unsigned table, const char *key);

/* 200 or other, with a message as body in the encoding the client accepts;
 * body NULL: an empty body (202). */
void outbox_reply(struct outbox *o, uint64_t request, int status,
	const ProtobufCMessage *body);
/* An error, or any plain text. */
__attribute__((format(printf, 4, 5))) void outbox_reply_text(
	struct outbox *o, uint64_t request, int status, const char *fmt, ...);
/* A JSON text that is ready. */
void outbox_reply_json(
	struct outbox *o, uint64_t request, const char *json, size_t size);

void outbox_stream_open(struct outbox *o, uint64_t request);
void outbox_stream_send(
	struct outbox *o, uint64_t stream, const ProtobufCMessage *event);
void outbox_stream_close(struct outbox *o, uint64_t stream);

void outbox_link_send(
	struct outbox *o, uint64_t link, const ProtobufCMessage *msg);
void outbox_link_close(struct outbox *o, uint64_t link);

/* arg must live in o->arena (or for ever). */
void outbox_room(struct outbox *o, int code, uint64_t to, const void *arg);
__attribute__((format(printf, 3, 4))) void outbox_exit(
	struct outbox *o, int status, const char *fmt, ...);

/* Encodes into the outbox's arena. */
uint8_t *outbox_pack(
	struct outbox *o, const ProtobufCMessage *msg, size_t *ret_size);

#endif
