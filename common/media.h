/*
 * media.h - which encoding a request has and which one its answer gets.
 *
 * The v1 API speaks application/json and application/x-protobuf. Names match in
 * any case and parameters are ignored (Mesos is stricter there, by accident).
 */
#ifndef COMMON_MEDIA_H
#define COMMON_MEDIA_H

struct err;

enum media { MEDIA_NONE, MEDIA_JSON, MEDIA_PROTOBUF };

/*
 * The encoding of a body by its Content-Type (NULL: no such header). 0, or the
 * HTTP status to answer: 400 when it is absent, 415 when it isn't ours; e says
 * so.
 */
int media_request(const char *content_type, enum media *ret, struct err *e);

/*
 * The encoding of the answer by Accept (NULL: no such header, as "everything").
 * Wildcards and q=0 count, the most specific range for a type decides; other q
 * values are not ranked: JSON is taken whenever it is acceptable. MEDIA_NONE:
 * neither is, 406.
 */
enum media media_accept(const char *accept);

/* "application/json"; "" for MEDIA_NONE. */
const char *media_name(enum media m);

#endif
