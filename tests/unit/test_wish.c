/* test_wish.c - what butte run asks for, and which offers will do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "butte/scheduler.h"
#include "cli/args.h"
#include "cli/command.h"
#include "cli/wish.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"

static char words[16][64];
static char *pointers[16];

/* Parses "--cpus=1|x" as run's options. */
static int parse(
	struct args *a, struct wish *w, const char *line, struct err *e)
{
	const struct args_option *const tables[2] = {
		command_table[COMMAND_RUN].options, command_common
	};
	size_t n = 0;

	memset(words, 0, sizeof(words));
	while (*line != '\0') {
		size_t size = strcspn(line, "|");

		memcpy(words[n], line, size);
		pointers[n] = words[n];
		n++;
		line += size + (line[size] == '|');
	}
	args_init(a);
	if (args_parse(a, tables, ARGS_RAW, pointers, n, e) < 0)
		return -1;
	return wish_read(w, a, e);
}

static void test_bad(void **state)
{
	static const struct {
		const char *line;
		const char *why;
	} rows[] = {
		{ "--cpus=1", "no command" },
		{ "--command=a|b", "one of them is enough" },
		{ "--instances=0|x", "is not from 1 to" },
		{ "--instances=99999|x", "is not from 1 to" },
		{ "--env=A|x", "'A' is not NAME=VALUE" },
		{ "--env==b|x", "is not NAME=VALUE" },
		{ "--attribute=zone|x", "is not NAME=VALUE" },
		{ "--name=a/b|x", "name" },
		{ "--role=a b|x", "role" },
		{ "--cpus=0|--mem=0|x", "must be more than 0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct args a;
		struct wish w;
		struct err e = { ERR_NONE, "" };

		assert_int_equal(parse(&a, &w, rows[i].line, &e), -1);
		assert_non_null(strstr(e.text, rows[i].why));
		args_fini(&a);
	}
}

struct scene {
	Mesos__V1__Offer offer;
	Mesos__V1__AgentID agent;
	Mesos__V1__Resource r[4], *resources[4];
	Mesos__V1__Value__Scalar s[4];
	Mesos__V1__Attribute attr, *attributes[1];
	Mesos__V1__Value__Text zone;
	Mesos__V1__Resource__ReservationInfo reserved, *reservations[1];
	char names[4][8];
	char id[8];
};

/* 4 cpus, 1024 mem, 100 disk, and 8 cpus that are reserved. */
static void scene_init(struct scene *x)
{
	static const double values[] = { 4, 1024, 100, 8 };

	memset(x, 0, sizeof(*x));
	memcpy(x->names, (char[4][8]){ "cpus", "mem", "disk", "cpus" },
		sizeof(x->names));
	memcpy(x->id, "x", 2);
	mesos__v1__offer__init(&x->offer);
	mesos__v1__agent_id__init(&x->agent);
	x->agent.value = x->id;
	x->offer.agent_id = &x->agent;
	for (int i = 0; i < 4; i++) {
		mesos__v1__resource__init(&x->r[i]);
		mesos__v1__value__scalar__init(&x->s[i]);
		x->s[i].value = values[i];
		x->r[i].name = x->names[i];
		x->r[i].scalar = &x->s[i];
		x->resources[i] = &x->r[i];
	}
	mesos__v1__resource__reservation_info__init(&x->reserved);
	x->reservations[0] = &x->reserved;
	x->r[3].n_reservations = 1;
	x->r[3].reservations = x->reservations;
	x->offer.n_resources = 4;
	x->offer.resources = x->resources;
	mesos__v1__attribute__init(&x->attr);
	mesos__v1__value__text__init(&x->zone);
	x->attr.name = x->names[0];
	x->zone.value = x->id;
	x->attr.text = &x->zone;
	x->attributes[0] = &x->attr;
	x->offer.n_attributes = 1;
	x->offer.attributes = x->attributes;
}

static void test_fits(void **state)
{
	static const struct {
		const char *line;
		unsigned fits;
	} rows[] = {
		{ "--instances=9|x", 4 },
		{ "--instances=2|x", 2 },
		{ "--cpus=0.5|--instances=99|x", 8 },
		{ "--cpus=0.1|--mem=512|--instances=99|x", 2 },
		{ "--cpus=5|x", 0 },
		{ "--disk=60|--instances=9|x", 1 },
		{ "--attribute=cpus=x|x", 1 },
		{ "--attribute=cpus=y|x", 0 },
		{ "--attribute=zone=x|x", 0 },
	};
	struct scene scene;

	(void)state;
	scene_init(&scene);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct args a;
		struct wish w;

		assert_int_equal(parse(&a, &w, rows[i].line, NULL), 0);
		assert_int_equal(wish_fits(&w, &scene.offer), rows[i].fits);
		args_fini(&a);
	}
}

static void test_task(void **state)
{
	struct scene scene;
	struct args a;
	struct wish w;
	struct buf b = BUF_INIT;
	Mesos__V1__TaskInfo *t;

	(void)state;
	scene_init(&scene);
	assert_int_equal(parse(&a, &w,
				 "--env=A=b=c|--user=nobody|--attribute=z=1|--|"
				 "ls|-l|/",
				 NULL),
		0);
	t = wish_task(&w, &scene.offer, "t-1");
	assert_false(t->command->shell);
	assert_string_equal(t->command->value, "ls");
	assert_int_equal(t->command->n_arguments, 3);
	assert_string_equal(t->command->arguments[2], "/");
	assert_string_equal(t->command->user, "nobody");
	assert_string_equal(
		t->command->environment->variables[0]->value, "b=c");
	assert_int_equal(t->n_resources, 2);
	butte_task_free(t);
	wish_print(&b, &w);
	assert_string_equal(
		buf_str(&b), "cpus 1, mem 128 MB, on agents with z=1");
	buf_fini(&b);
	args_fini(&a);

	assert_int_equal(parse(&a, &w, "echo $A", NULL), 0);
	t = wish_task(&w, &scene.offer, "t-2");
	assert_true(t->command->shell);
	assert_string_equal(t->command->value, "echo $A");
	butte_task_free(t);
	args_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
