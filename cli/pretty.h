/* pretty.h - JSON for people: one member a line, two blanks a level. Pure. */
#ifndef CLI_PRETTY_H
#define CLI_PRETTY_H

#include <stddef.h>

struct buf;

/* text must be JSON, as our writers make it; ends with a '\n'. */
void pretty_json(struct buf *to, const char *text, size_t size);

#endif
