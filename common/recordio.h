/*
 * recordio.h - RecordIO as Mesos streams it: decimal length, one '\n', that
 * many bytes; nothing follows a record (scheduler API, "RecordIO response
 * format"). Pure.
 */
#ifndef COMMON_RECORDIO_H
#define COMMON_RECORDIO_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct err;

/* Gathers pieces of a stream; chunk borders need not match record borders. */
struct recordio {
	struct buf in;
	size_t pos; /* of the first unread byte in `in` */
	size_t max; /* the longest record accepted */
};

void recordio_init(struct recordio *r, size_t max);
void recordio_fini(struct recordio *r);
void recordio_feed(struct recordio *r, const void *data, size_t size);
/*
 * 1: *ret, *ret_size are the next record, good until the next feed. 0: more
 * bytes are needed. -1: a bad length or one over max; fatal for the stream.
 */
int recordio_next(struct recordio *r, const uint8_t **ret, size_t *ret_size,
	struct err *e);
/* Appends one record. */
void recordio_add(struct buf *to, const void *data, size_t size);

#endif
