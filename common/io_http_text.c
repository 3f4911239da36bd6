/* io_http_text.c - see io_http_text.h. */
#include "common/io_http_text.h"

#include "common/buf.h"

void http_text_number(struct buf *to, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	buf_add(to, digits + at, sizeof(digits) - at);
}

void http_text_header(struct buf *to, const char *name, const char *value)
{
	size_t at;

	buf_add_str(to, name);
	buf_add(to, ": ", 2);
	at = to->size;
	buf_add_str(to, value);
	for (; at < to->size; at++) {
		if ((unsigned char)to->data[at] < ' ')
			to->data[at] = ' ';
	}
	buf_add(to, "\r\n", 2);
}
