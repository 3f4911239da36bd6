/* res_text.h - the text forms of resources; see res.h. For res.c only. */
#ifndef COMMON_RES_TEXT_H
#define COMMON_RES_TEXT_H

struct buf;
struct err;
struct res;

/* Adds to an empty collection; on an error it is half filled. */
int res_text_parse(struct res *to, const char *text, const char *default_role,
	struct err *e);
void res_text_print(struct buf *to, const struct res *r);

#endif
