/*
 * conf_help.h - options of a table as text for people.
 */
#ifndef COMMON_CONF_HELP_H
#define COMMON_CONF_HELP_H

struct buf;
struct conf;
struct conf_option;

/* --help: usage, all options, where values come from. */
void conf_help_print(const struct conf *c, struct buf *to);
/* "default 15secs; 1secs to 15mins"; nothing when there is nothing to say. */
void conf_help_describe(const struct conf_option *o, struct buf *to);

#endif
