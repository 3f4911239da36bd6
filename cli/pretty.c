/* pretty.c - see pretty.h. */
#include "cli/pretty.h"

#include <stdbool.h>

#include "common/buf.h"

static void new_line(struct buf *to, unsigned depth)
{
	buf_add_char(to, '\n');
	while (depth-- > 0)
		buf_add_str(to, "  ");
}

/* The string that begins at text[0], with its quotes. */
static size_t string_size(const char *text, size_t size)
{
	size_t i = 1;

	while (i < size && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	return i + 1 < size ? i + 1 : size;
}

void pretty_json(struct buf *to, const char *text, size_t size)
{
	unsigned depth = 0;

	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		char next = i + 1 < size ? text[i + 1] : '\0';

		if (c == '"') {
			size_t n = string_size(text + i, size - i);

			buf_add(to, text + i, n);
			i += n - 1;
		} else if ((c == '{' && next == '}') ||
			(c == '[' && next == ']')) {
			buf_add(to, text + i++, 2);
		} else if (c == '{' || c == '[') {
			buf_add_char(to, c);
			new_line(to, ++depth);
		} else if (c == '}' || c == ']') {
			new_line(to, depth > 0 ? --depth : 0);
			buf_add_char(to, c);
		} else if (c == ',') {
			buf_add_char(to, c);
			new_line(to, depth);
		} else if (c == ':') {
			buf_add_str(to, ": ");
		} else if (c != ' ' && c != '\n' && c != '\t') {
			buf_add_char(to, c);
		}
	}
	buf_add_char(to, '\n');
}
