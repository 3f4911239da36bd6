/*
 * io_out.h - how results are printed: a table, -o json, wide or name, --watch,
 * colours only where they are wanted.
 */
#ifndef CLI_IO_OUT_H
#define CLI_IO_OUT_H

#include <stdbool.h>

#include <protobuf-c/protobuf-c.h>

struct args;
struct buf;
struct err;
struct table;

enum out_form { OUT_TABLE, OUT_WIDE, OUT_JSON, OUT_NAME };

struct out {
	enum out_form form;
	bool colours;
	bool watch;
};

int out_init(struct out *o, const struct args *a, struct err *e);
/* By the form: `message` for JSON, the table for the others. */
void out_list(const struct out *o, const struct table *t,
	const ProtobufCMessage *message);
/* JSON, or the text; with -o name the name. */
void out_one(const struct out *o, const char *name, const char *text,
	const ProtobufCMessage *message);
void out_json(const char *json, size_t size);
void out_text(const struct buf *text);
/* --watch: clears a terminal, or draws a line. */
void out_again(const struct out *o);

#endif
