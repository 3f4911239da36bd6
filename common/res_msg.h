/*
 * res_msg.h - resources from and to the v1 messages; see res.h. For res.c and
 * res_text.c only.
 */
#ifndef COMMON_RES_MSG_H
#define COMMON_RES_MSG_H

#include <stddef.h>

#include "common/res.h"

/* Adds to an empty collection; on an error it is half filled. */
int res_msg_read(struct res *to, struct Mesos__V1__Resource *const *msgs,
	size_t n, struct err *e);
struct Mesos__V1__Resource **res_msg_write(const struct res *r, struct arena *a,
	enum res_form form, size_t *ret_n);

#endif
