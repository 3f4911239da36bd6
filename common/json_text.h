/*
 * json_text.h - strings and numbers as JSON has them; for json.h and pbjson.h.
 */
#ifndef COMMON_JSON_TEXT_H
#define COMMON_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Quoted and escaped; bytes that are not UTF-8 become U+FFFD. */
void json_text_quote(struct buf *to, const char *s, size_t n);
/* A decimal of thousandths: 1500 is 1.5, 2000 is 2.0. */
void json_text_milli(struct buf *to, int64_t milli);
/* The shortest decimal that reads back as v, with at least one digit after the
 * point (15.0) unless it has an exponent; Infinity, -Infinity or NaN. */
void json_text_double(struct buf *to, double v);

/* Whether the text is one JSON array and nothing behind it, as far as brackets
 * and quotes tell: for texts that are put into an object to be read. */
bool json_text_is_array(const char *text);

#endif
