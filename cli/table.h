/*
 * table.h - rows and columns for people: aligned, headers in capitals.
 *
 * Cells are copied; what could move a terminal's cursor (names of tasks come
 * from anybody) is shown as '?'. Pure.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct table_column {
	const char *name; /* capitals; NULL ends the list */
	bool right;	  /* numbers */
	bool wide;	  /* only with -o wide */
};

enum table_colour { TABLE_PLAIN, TABLE_GREEN, TABLE_YELLOW, TABLE_RED };

struct table_cell {
	char *text;
	enum table_colour colour;
};

struct table {
	const struct table_column *columns;
	size_t n_columns;
	struct table_cell *cells; /* row after row */
	size_t n_cells;
	size_t cap;
};

void table_init(struct table *t, const struct table_column *columns);
void table_fini(struct table *t);
/* The next cell, from left to right, row after row. NULL is "-". */
void table_add(struct table *t, const char *text);
__attribute__((format(printf, 2, 3))) void table_addf(
	struct table *t, const char *fmt, ...);
/* Of the cell added last. */
void table_colour_set(struct table *t, enum table_colour colour);
size_t table_rows(const struct table *t);

void table_print(
	struct buf *to, const struct table *t, bool wide, bool colours);
/* Only the first column, a line each: for scripts. */
void table_print_names(struct buf *to, const struct table *t);

#endif
