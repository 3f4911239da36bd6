/* table.c - see table.h. */
#include "cli/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/mem.h"

#define GAP 3 /* columns of blanks between two columns */

void table_init(struct table *t, const struct table_column *columns)
{
	memset(t, 0, sizeof(*t));
	t->columns = columns;
	while (columns[t->n_columns].name != NULL)
		t->n_columns++;
	CHECK(t->n_columns > 0);
}

void table_fini(struct table *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i].text);
	free(t->cells);
	memset(t, 0, sizeof(*t));
}

static void disarm(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static void add(struct table *t, char *text)
{
	disarm(text);
	t->cells = xgrow(t->cells, &t->cap, t->n_cells + 1, sizeof(*t->cells));
	t->cells[t->n_cells++] = (struct table_cell){ text, TABLE_PLAIN };
}

void table_add(struct table *t, const char *text)
{
	add(t, xstrdup(text != NULL && *text != '\0' ? text : "-"));
}

void table_addf(struct table *t, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut: it's a cell */
	va_end(ap);
	table_add(t, text);
}

void table_colour_set(struct table *t, enum table_colour colour)
{
	CHECK(t->n_cells > 0);
	t->cells[t->n_cells - 1].colour = colour;
}

size_t table_rows(const struct table *t)
{
	CHECK(t->n_cells % t->n_columns == 0);
	return t->n_cells / t->n_columns;
}

/* Characters, not bytes: UTF-8's continuation bytes take no place. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void pad(struct buf *to, size_t n)
{
	while (n-- > 0)
		buf_add_char(to, ' ');
}

static void print_cell(struct buf *to, const struct table_cell *c,
	const struct table_column *column, size_t wanted, bool colours)
{
	static const char *const codes[] = {
		[TABLE_GREEN] = "\033[32m",
		[TABLE_YELLOW] = "\033[33m",
		[TABLE_RED] = "\033[31m",
	};
	size_t n = width(c->text);
	size_t blanks = wanted > n ? wanted - n : 0;

	if (column->right)
		pad(to, blanks);
	if (colours && c->colour != TABLE_PLAIN)
		buf_printf(to, "%s%s\033[0m", codes[c->colour], c->text);
	else
		buf_add_str(to, c->text);
	if (!column->right)
		pad(to, blanks);
}

static void print_row(struct buf *to, const struct table *t,
	const struct table_cell *row, const size_t *widths, bool colours)
{
	size_t begin = to->size;
	bool first = true;

	for (size_t c = 0; c < t->n_columns; c++) {
		if (widths[c] == 0)
			continue;
		if (!first)
			pad(to, GAP);
		first = false;
		print_cell(to, &row[c], &t->columns[c], widths[c], colours);
	}
	while (to->size > begin && to->data[to->size - 1] == ' ')
		to->data[--to->size] = '\0';
	buf_add_char(to, '\n');
}

void table_print(struct buf *to, const struct table *t, bool wide, bool colours)
{
	size_t *widths = xcalloc(t->n_columns, sizeof(*widths));
	struct table_cell *head = xcalloc(t->n_columns, sizeof(*head));

	for (size_t c = 0; c < t->n_columns; c++) {
		head[c].text = xstrdup(t->columns[c].name);
		if (t->columns[c].wide && !wide)
			continue;
		widths[c] = width(head[c].text);
		for (size_t i = c; i < t->n_cells; i += t->n_columns)
			if (width(t->cells[i].text) > widths[c])
				widths[c] = width(t->cells[i].text);
	}
	print_row(to, t, head, widths, false);
	for (size_t r = 0; r < table_rows(t); r++)
		print_row(to, t, &t->cells[r * t->n_columns], widths, colours);
	for (size_t c = 0; c < t->n_columns; c++)
		free(head[c].text);
	free(head);
	free(widths);
}

void table_print_names(struct buf *to, const struct table *t)
{
	for (size_t r = 0; r < table_rows(t); r++)
		buf_printf(to, "%s\n", t->cells[r * t->n_columns].text);
}
