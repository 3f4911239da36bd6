/* io_out.c - see io_out.h. */
#include "cli/io_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/pretty.h"
#include "cli/table.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/pbjson.h"

/* https://no-color.org: any value but an empty one. */
static bool colours_wanted(const struct args *a)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return !args_has(a, "no-color") && (no == NULL || *no == '\0') &&
		(term == NULL || strcmp(term, "dumb") != 0) &&
		isatty(STDOUT_FILENO) == 1;
}

int out_init(struct out *o, const struct args *a, struct err *e)
{
	static const char *const names[] = {
		[OUT_TABLE] = "table",
		[OUT_WIDE] = "wide",
		[OUT_JSON] = "json",
		[OUT_NAME] = "name",
	};
	const char *form = args_text(a, "output", "table");

	o->colours = colours_wanted(a);
	o->watch = args_has(a, "watch");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(form, names[i]) == 0) {
			o->form = (enum out_form)i;
			return 0;
		}
	return err_set(e, ERR_INVALID,
		"option --output: '%s' is not one of json, wide, name, table",
		form);
}

void out_text(const struct buf *text)
{
	/* A closed pipe or a full disk is seen by main(). */
	(void)fwrite(buf_str(text), 1, text->size, stdout);
	(void)fflush(stdout);
}

void out_json(const char *json, size_t size)
{
	struct buf b = BUF_INIT;

	pretty_json(&b, json, size);
	out_text(&b);
	buf_fini(&b);
}

static void print_message(const ProtobufCMessage *message)
{
	struct buf b = BUF_INIT;

	pbjson_write(&b, message);
	out_json(buf_str(&b), b.size);
	buf_fini(&b);
}

void out_list(const struct out *o, const struct table *t,
	const ProtobufCMessage *message)
{
	struct buf b = BUF_INIT;

	switch (o->form) {
	case OUT_JSON:
		print_message(message);
		break;
	case OUT_NAME:
		table_print_names(&b, t);
		break;
	case OUT_TABLE:
	case OUT_WIDE:
		table_print(&b, t, o->form == OUT_WIDE, o->colours);
		break;
	}
	out_text(&b);
	buf_fini(&b);
}

void out_one(const struct out *o, const char *name, const char *text,
	const ProtobufCMessage *message)
{
	if (o->form == OUT_JSON)
		print_message(message);
	else if (o->form == OUT_NAME)
		(void)printf("%s\n", name);
	else
		(void)fputs(text, stdout);
}

void out_again(const struct out *o)
{
	(void)o;
	if (isatty(STDOUT_FILENO) == 1)
		(void)fputs("\033[H\033[J", stdout);
	else
		(void)fputs("\n", stdout);
}
