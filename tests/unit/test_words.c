/* test_words.c - the demo's counting: in process, by the shell, and the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "sched/demo/slices.h"
#include "sched/demo/words.h"

static void test_text(void **state)
{
	struct words *w = words_new();
	const char *text = "The cat, the hat; THE end42of\xc3\xa4it_all";
	uint64_t n;

	(void)state;
	words_add_text(w, text, strlen(text));
	words_add_text(w, "", 0);
	assert_int_equal(words_total(w), 9);
	assert_string_equal(words_top(w, 0, &n), "the");
	assert_int_equal(n, 3);
	assert_string_equal(words_top(w, 1, &n), "all");
	assert_null(words_top(w, 7, &n));
	assert_int_equal(words_different(w), 7);
	words_free(w);
}

static void test_counts(void **state)
{
	static const struct {
		const char *text;
		const char *why; /* NULL: fine */
		uint64_t total;
	} rows[] = {
		{ "", NULL, 0 },
		{ "      2 the\n      1 a\n", NULL, 3 },
		{ "      1 \n      7 b\n", NULL, 7 },
		{ "      1 a", "the last line has no end: the output was cut",
			0 },
		{ "x 1\n", "'x 1' is not a count", 0 },
		{ "0 a\n", "'0 a' is not a count", 0 },
		{ "1 a b\n", "'a b' is no word", 0 },
		{ "99999999999999999999999 a\n", "a count is too big", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct words *w = words_new();
		struct err e;
		int r = words_add_counts(
			w, rows[i].text, strlen(rows[i].text), &e);

		assert_int_equal(r, rows[i].why == NULL ? 0 : -1);
		if (rows[i].why != NULL)
			assert_string_equal(e.text, rows[i].why);
		else
			assert_int_equal(words_total(w), rows[i].total);
		words_free(w);
	}
}

static void test_compare(void **state)
{
	struct words *a = words_new(), *b = words_new();
	char *difference;

	(void)state;
	words_add_text(a, "x y", 3);
	words_add_text(b, "y x", 3);
	assert_null(words_compare(a, b));
	words_add_text(b, "z", 1);
	difference = words_compare(a, b);
	assert_non_null(difference);
	free(difference);
	difference = words_compare(b, a);
	assert_non_null(strstr(difference, "'z'"));
	free(difference);
	words_free(a);
	words_free(b);
}

/* Every byte is in one slice, in order, and no cut is inside a word. */
static void test_slices(void **state)
{
	static const size_t wanted[] = { 1, 2, 7, 100, 1000 };
	static char data[3][4000];
	static char path[] = "/x/y'z.c";
	struct slices_text texts[3];

	(void)state;
	for (int t = 0; t < 3; t++) {
		for (size_t i = 0; i < sizeof(data[t]); i++)
			data[t][i] = (i * 7 + (size_t)t) % 11 < 3 ? ' ' : 'a';
		texts[t] = (struct slices_text){ path, data[t],
			sizeof(data[t]) - (size_t)t * 1500 };
	}
	for (size_t k = 0; k < ARRAY_LEN(wanted); k++) {
		struct slices s;
		size_t text = 0, at = 0;

		slices_init(&s, texts, 3, wanted[k]);
		assert_true(s.n >= wanted[k]);
		for (size_t i = 0; i < s.n; i++)
			for (size_t p = 0; p < s.all[i].n; p++) {
				const struct slices_piece *x =
					&s.all[i].pieces[p];

				if (at == texts[text].size) {
					text++;
					at = 0;
				}
				assert_ptr_equal(x->text, &texts[text]);
				assert_int_equal(x->begin, at);
				assert_true(x->begin == 0 ||
					x->text->data[x->begin - 1] == ' ' ||
					x->text->data[x->begin] == ' ');
				at = x->end;
			}
		assert_int_equal(text, 2);
		assert_int_equal(at, texts[2].size);
		slices_fini(&s);
	}
}

/* The shell's count of a slice is ours. */
static void test_command(void **state)
{
	static char data[] = "Word one\n  two Two TWO 3 end";
	char path[] = "/tmp/butte-words-XXXXXX";
	struct slices_text texts[2];
	struct words *ours = words_new(), *theirs = words_new();
	struct slices s;
	int fd = mkstemp(path);
	FILE *f;

	(void)state;
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_int_equal(fwrite(data, 1, strlen(data), f), strlen(data));
	assert_int_equal(fclose(f), 0);
	texts[0] = texts[1] = (struct slices_text){ path, data, strlen(data) };
	words_add_text(ours, data, strlen(data));
	words_add_text(ours, data, strlen(data));
	slices_init(&s, texts, 2, 3);
	for (size_t i = 0; i < s.n; i++) {
		struct buf command = BUF_INIT;
		char out[1024];
		size_t n;

		slices_command(&command, &s.all[i]);
		f = popen(buf_str(&command), "r");
		assert_non_null(f);
		n = fread(out, 1, sizeof(out), f);
		assert_int_equal(pclose(f), 0);
		assert_int_equal(words_add_counts(theirs, out, n, NULL), 0);
		buf_fini(&command);
	}
	assert_null(words_compare(ours, theirs));
	slices_fini(&s);
	words_free(ours);
	words_free(theirs);
	assert_int_equal(remove(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
