/* slices.c - see slices.h. */
#include "sched/demo/slices.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/mem.h"

/* The kernel takes 128 KiB for one argument. */
#define COMMAND_MAX (64 * 1024)
/* What a piece's command has besides the path. */
#define PIECE_COMMAND 64

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct slices_slice *slice_add(struct slices *s)
{
	s->all = xgrow(s->all, &s->cap, s->n + 1, sizeof(*s->all));
	memset(&s->all[s->n], 0, sizeof(*s->all));
	return &s->all[s->n++];
}

static void piece_add(struct slices_slice *slice,
	const struct slices_text *text, size_t begin, size_t end)
{
	CHECK(begin < end && end <= text->size);
	slice->pieces = xgrow(slice->pieces, &slice->cap, slice->n + 1,
		sizeof(*slice->pieces));
	slice->pieces[slice->n++] = (struct slices_piece){ text, begin, end };
	slice->size += end - begin;
	slice->command += PIECE_COMMAND + 4 * strlen(text->path);
}

/* The end of a piece of about `size` bytes: not inside a word. */
static size_t cut(const struct slices_text *t, size_t begin, size_t size)
{
	size_t end = begin + size;

	if (end >= t->size)
		return t->size;
	while (end < t->size && is_letter(t->data[end - 1]) &&
		is_letter(t->data[end]))
		end++;
	return end;
}

void slices_init(struct slices *s, const struct slices_text *texts, size_t n,
	size_t wanted)
{
	struct slices_slice *slice = NULL;
	size_t total = 0, each;

	CHECK(wanted > 0);
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < n; i++)
		total += texts[i].size;
	/* Cuts at the ends of words make slices a bit longer, so each is asked
	 * to be a bit shorter. */
	each = total / wanted;
	each = each > 64 ? each - each / 32 - 16 : 1;
	for (size_t i = 0; i < n; i++) {
		size_t begin = 0;

		while (begin < texts[i].size) {
			size_t end;

			if (slice == NULL || slice->size >= each ||
				slice->command > COMMAND_MAX)
				slice = slice_add(s);
			end = cut(&texts[i], begin,
				each - slice->size > 0 ? each - slice->size
						       : 1);
			piece_add(slice, &texts[i], begin, end);
			begin = end;
		}
	}
}

void slices_fini(struct slices *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->all[i].pieces);
	free(s->all);
	memset(s, 0, sizeof(*s));
}

/* In single quotes; one of its own is '\''. */
static void quote(struct buf *to, const char *text)
{
	buf_add_char(to, '\'');
	for (; *text != '\0'; text++)
		if (*text == '\'')
			buf_add_str(to, "'\\''");
		else
			buf_add_char(to, *text);
	buf_add_char(to, '\'');
}

/* A word at the end of one text and one at the begin of the next are two: echo
 * puts a line's end between them. */
static void piece_command(struct buf *to, const struct slices_piece *p)
{
	bool all = p->begin == 0 && p->end == p->text->size;

	if (all)
		buf_add_str(to, "cat -- ");
	else
		buf_printf(to, "tail -c +%zu -- ", p->begin + 1);
	quote(to, p->text->path);
	if (!all)
		buf_printf(to, " | head -c %zu", p->end - p->begin);
	buf_add_str(to, "; echo; ");
}

void slices_command(struct buf *to, const struct slices_slice *slice)
{
	buf_add_str(to, "export LC_ALL=C; { ");
	for (size_t i = 0; i < slice->n; i++)
		piece_command(to, &slice->pieces[i]);
	buf_add_str(
		to, "} | tr -cs A-Za-z '\\n' | tr A-Z a-z | sort | uniq -c");
}
