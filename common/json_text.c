/* json_text.c - see json_text.h. */
#include "common/json_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

/* Shorter than 2^53 thousandths, so that v * 1000 is exact enough to test. */
#define MILLI_RANGE 1e12

/* Bytes of the well-formed UTF-8 character at s (Unicode table 3-7); 0: none. */
static size_t utf8_size(const unsigned char *s, size_t n)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t size;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	size = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (size > n)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0; /* overlong */
	if (s[0] == 0xed)
		high = 0x9f; /* surrogates */
	if (s[0] == 0xf0)
		low = 0x90; /* overlong */
	if (s[0] == 0xf4)
		high = 0x8f; /* over U+10FFFF */
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return size;
}

static void escape_add(struct buf *to, unsigned char c)
{
	static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";
	char text[8];

	for (size_t i = 0; i + 1 < sizeof(letters); i += 2)
		if ((unsigned char)letters[i] == c) {
			buf_add_char(to, '\\');
			buf_add_char(to, letters[i + 1]);
			return;
		}
	(void)snprintf(text, sizeof(text), "\\u%04x", c);
	buf_add_str(to, text);
}

void json_text_quote(struct buf *to, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t plain = 0; /* since here, all can be copied */

	buf_add_char(to, '"');
	for (size_t i = 0; i < n;) {
		size_t size = utf8_size(p + i, n - i);

		if (size > 1 ||
			(size == 1 && p[i] >= 0x20 && p[i] != '"' &&
				p[i] != '\\')) {
			i += size;
			continue;
		}
		buf_add(to, s + plain, i - plain);
		if (size == 0)
			buf_add_str(to, "\xef\xbf\xbd");
		else
			escape_add(to, p[i]);
		plain = ++i;
	}
	buf_add(to, s + plain, n - plain);
	buf_add_char(to, '"');
}

void json_text_milli(struct buf *to, int64_t milli)
{
	uint64_t abs = milli < 0 ? 0 - (uint64_t)milli : (uint64_t)milli;
	unsigned part = (unsigned)(abs % 1000);

	if (milli < 0)
		buf_add_char(to, '-');
	buf_printf(to, "%" PRIu64, abs / 1000);
	if (part % 100 == 0)
		buf_printf(to, ".%u", part / 100);
	else if (part % 10 == 0)
		buf_printf(to, ".%02u", part / 10);
	else
		buf_printf(to, ".%03u", part);
}

static void shortest_add(struct buf *to, double v)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	buf_add_str(to, text);
	if (strpbrk(text, ".e") == NULL)
		buf_add_str(to, ".0");
}

void json_text_double(struct buf *to, double v)
{
	int64_t milli = 0;

	if (v > -MILLI_RANGE && v < MILLI_RANGE)
		milli = (int64_t)(v * 1000 + (v < 0 ? -0.5 : 0.5));
	if (isnan(v)) {
		buf_add_str(to, "NaN");
	} else if (isinf(v)) {
		buf_add_str(to, v < 0 ? "-Infinity" : "Infinity");
	} else if (milli != 0 && (double)milli / 1000 == v) {
		/* At most 15 digits, and no two such texts read as one double:
		 * this one is the shortest. It is nearly every number we have. */
		json_text_milli(to, milli);
	} else {
		shortest_add(to, v);
	}
}

bool json_text_is_array(const char *text)
{
	bool quoted = false;
	long depth = 0;
	const char *p;

	for (p = text; *p != '\0'; p++) {
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted)
			depth += (*p == '[') - (*p == ']');
		if (depth == 0 && *p == ']')
			break;
	}
	if (*p != ']')
		return false;
	for (p++; isspace((unsigned char)*p); p++)
		;
	return *p == '\0';
}
