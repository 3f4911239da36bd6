/* uuid.c - see uuid.h. */
#include "common/uuid.h"

#include <string.h>

#include "common/check.h"

/* Whether a dash stands before this byte. */
static bool dash_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_format(char text[UUID_TEXT_SIZE], const uint8_t bytes[UUID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *to = text;

	for (size_t i = 0; i < UUID_SIZE; i++) {
		if (dash_before(i))
			*to++ = '-';
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	*to = '\0';
	CHECK(to == text + UUID_TEXT_SIZE - 1);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool uuid_parse(uint8_t bytes[UUID_SIZE], const char *text)
{
	uint8_t read[UUID_SIZE];

	if (strlen(text) != UUID_TEXT_SIZE - 1)
		return false;
	for (size_t i = 0; i < UUID_SIZE; i++) {
		int high, low;

		if (dash_before(i) && *text++ != '-')
			return false;
		high = digit_of(*text++);
		low = digit_of(*text++);
		if (high < 0 || low < 0)
			return false;
		read[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(bytes, read, sizeof(read));
	return true;
}

bool uuid_is_valid(const uint8_t *data, size_t size)
{
	return size == UUID_SIZE && data[6] >> 4 >= 1 && data[6] >> 4 <= 5;
}

void uuid_v4(uint8_t bytes[UUID_SIZE])
{
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	CHECK(uuid_is_valid(bytes, UUID_SIZE));
}
