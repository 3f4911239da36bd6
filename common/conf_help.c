/* conf_help.c - see conf_help.h. */
#include "common/conf_help.h"

#include <string.h>

#include "common/buf.h"
#include "common/conf.h"
#include "common/mem.h"

#define WIDTH  79
#define INDENT "        "

void conf_help_describe(const struct conf_option *o, struct buf *to)
{
	const char *join = "";

	if (o->required) {
		buf_add_str(to, "required");
		join = "; ";
	} else if (o->value != NULL) {
		buf_printf(to, "default %s",
			*o->value != '\0' ? o->value : "empty");
		join = "; ";
	}
	if (o->type == CONF_ENUM) {
		buf_add_str(to, join);
		for (const char *p = o->choices; *p != '\0'; p++)
			if (*p == '|')
				buf_add_str(to,
					strchr(p + 1, '|') != NULL ? ", "
								   : " or ");
			else
				buf_add_char(to, *p);
	}
	if (o->min != NULL && o->max != NULL)
		buf_printf(to, "%s%s to %s", join, o->min, o->max);
	else if (o->min != NULL)
		buf_printf(to, "%sat least %s", join, o->min);
	else if (o->max != NULL)
		buf_printf(to, "%sat most %s", join, o->max);
	if (o->lifts_min != NULL)
		buf_printf(to, " unless --%s", o->lifts_min);
}

/* Words of the text, wrapped and indented. */
static void paragraph_add(struct buf *to, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (column > 0 && column + 1 + n > WIDTH) {
			buf_add_char(to, '\n');
			column = 0;
		}
		buf_add_str(to, column == 0 ? INDENT : " ");
		column += column == 0 ? strlen(INDENT) : 1;
		buf_add(to, text, n);
		column += n;
		text += n + (text[n] == ' ');
	}
	buf_add_char(to, '\n');
}

static void option_add(struct buf *to, const struct conf_option *o)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(buf_fini) struct buf facts = BUF_INIT;

	if (o->type == CONF_BOOL)
		buf_printf(to, "  --[no-]%s\n", o->name);
	else
		buf_printf(to, "  --%s=%s\n", o->name, o->metavar);
	buf_add_str(&text, o->help);
	conf_help_describe(o, &facts);
	if (facts.size > 0)
		buf_printf(&text, " (%s)", buf_str(&facts));
	paragraph_add(to, buf_str(&text));
}

void conf_help_print(const struct conf *c, struct buf *to)
{
	buf_printf(to, "Usage: %s [--name=value ...]\n\n%s\n\nOptions:\n",
		c->program, c->about);
	for (size_t i = 0; i < c->n; i++)
		option_add(to, &c->options[i]);
	buf_add_str(to,
		"  --help\n" INDENT "This text.\n  --version\n" INDENT
		"The version.\n\nEach option can also come from the environment "
		"(--work_dir: BUTTE_WORK_DIR)\nor from the file of --config, as "
		"name=value in a line. A value file:///PATH\nis read from that "
		"file. Durations: 250ms 15secs 10mins 1hrs 2days 1weeks.\n");
}
