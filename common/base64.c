/* base64.c - see base64.h. */
#include "common/base64.h"

#include <string.h>

#include "common/buf.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *to, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i += 3) {
		size_t n = size - i < 3 ? size - i : 3;
		uint32_t bits = (uint32_t)data[i] << 16;
		char out[4] = { 0, 0, '=', '=' };

		if (n > 1)
			bits |= (uint32_t)data[i + 1] << 8;
		if (n > 2)
			bits |= data[i + 2];
		for (size_t k = 0; k < n + 1; k++)
			out[k] = alphabet[bits >> (18 - 6 * k) & 0x3f];
		buf_add(to, out, sizeof(out));
	}
}

/* -1: not a digit of base64. */
static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(struct buf *to, const char *text, size_t size)
{
	uint32_t bits = 0;
	unsigned n = 0; /* bits that are waiting */

	for (size_t i = 0; i < size && text[i] != '='; i++) {
		int digit = digit_of(text[i]);

		if (memchr(" \t\r\n\v\f", text[i], 6) != NULL)
			continue;
		if (digit < 0)
			return -1;
		bits = bits << 6 | (uint32_t)digit;
		n += 6;
		if (n >= 8) {
			n -= 8;
			buf_add_char(to, (char)(bits >> n & 0xff));
		}
	}
	return 0;
}
