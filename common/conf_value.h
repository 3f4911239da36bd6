/*
 * conf_value.h - texts of one option's type to values, with the range. For
 * conf.c.
 */
#ifndef COMMON_CONF_VALUE_H
#define COMMON_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_option;
struct err;

/* Type, choices and check. *ret is the number of INT, DURATION and BOOL. */
int conf_value_parse(const struct conf_option *o, const char *text,
	int64_t *ret, struct err *e);
/* min is lifted: only max counts. */
int conf_value_range(const struct conf_option *o, const char *text,
	int64_t number, bool min_lifted, struct err *e);
/* 127.0.0.0/8, ::1 or localhost. */
bool conf_value_is_loopback(const char *address);

#endif
