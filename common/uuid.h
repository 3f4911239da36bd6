/*
 * uuid.h - UUIDs: 16 bytes on the wire, 36 characters for people.
 */
#ifndef COMMON_UUID_H
#define COMMON_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_SIZE      16
#define UUID_TEXT_SIZE 37 /* with its NUL */

/* Lower case, "01234567-89ab-4cde-8f01-23456789abcd". */
void uuid_format(char text[UUID_TEXT_SIZE], const uint8_t bytes[UUID_SIZE]);
/* Exactly that form, either case. */
bool uuid_parse(uint8_t bytes[UUID_SIZE], const char *text);
/* What ACKNOWLEDGE may carry: 16 bytes, of a version that has a meaning (1 to
 * 5; the nil UUID has none). */
bool uuid_is_valid(const uint8_t *data, size_t size);
/* Makes 16 random bytes a version 4 UUID, in place. */
void uuid_v4(uint8_t bytes[UUID_SIZE]);

#endif
