/* wish.c - see wish.h. */
#include "cli/wish.h"

#include <stdlib.h>
#include <string.h>

#include "butte/scheduler.h"
#include "cli/args.h"
#include "cli/io_run.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/ident.h"
#include "common/mem.h"

static int check_pairs(const struct args *a, const char *option, struct err *e)
{
	const char *pair;

	for (size_t i = 0; (pair = args_nth(a, option, i)) != NULL; i++)
		if (strchr(pair, '=') == NULL || *pair == '=')
			return err_set(e, ERR_INVALID,
				"option --%s: '%s' is not NAME=VALUE", option,
				pair);
	return 0;
}

/* One word is for the shell, several are a program and its arguments. */
static int read_command(struct wish *w, const struct args *a, struct err *e)
{
	w->shell = args_text(a, "command", NULL);
	if (w->shell != NULL && a->n_operands > 0)
		return err_set(e, ERR_INVALID,
			"a command is given by --command and by '%s': one of "
			"them is enough",
			a->operands[0]);
	if (w->shell == NULL && a->n_operands == 0)
		return err_set(e, ERR_INVALID,
			"no command: butte run 'echo hello', or butte run -- "
			"echo hello");
	if (w->shell == NULL && a->n_operands == 1)
		w->shell = a->operands[0];
	if (w->shell == NULL) {
		w->argv = a->operands;
		w->n_argv = a->n_operands;
	}
	return 0;
}

int wish_read(struct wish *w, const struct args *a, struct err *e)
{
	uint64_t n = args_number(a, "instances", 1);

	memset(w, 0, sizeof(*w));
	w->args = a;
	w->name = args_text(a, "name", "run");
	w->cpu_milli = args_number(a, "cpus", 1000);
	w->mem_milli = args_number(a, "mem", 128 * 1000);
	w->disk_milli = args_number(a, "disk", 0);
	w->role = args_text(a, "role", "*");
	w->user = args_text(a, "user", NULL);
	w->instances = (unsigned)n;
	if (n < 1 || n > RUN_INSTANCES_MAX)
		return err_set(e, ERR_INVALID,
			"option --instances: %llu is not from 1 to %d",
			(unsigned long long)n, RUN_INSTANCES_MAX);
	if (w->cpu_milli == 0 && w->mem_milli == 0)
		return err_set(
			e, ERR_INVALID, "--cpus or --mem must be more than 0");
	if (ident_id_check("name", w->name, e) != 0 ||
		ident_role_check(w->role, e) != 0 ||
		check_pairs(a, "env", e) != 0 ||
		check_pairs(a, "attribute", e) != 0)
		return -1;
	return read_command(w, a, e);
}

static bool attribute_is(const Mesos__V1__Attribute *a, const char *value)
{
	uint64_t milli;

	if (a->text != NULL)
		return strcmp(a->text->value, value) == 0;
	/* level=10 */
	return a->scalar != NULL && args_milli(value, &milli, NULL) == 0 &&
		(uint64_t)(a->scalar->value * 1000 + 0.5) == milli;
}

static bool has_attribute(const Mesos__V1__Offer *o, const char *pair)
{
	const char *equals = strchr(pair, '=');
	size_t size = (size_t)(equals - pair);

	for (size_t i = 0; i < o->n_attributes; i++) {
		const Mesos__V1__Attribute *a = o->attributes[i];

		if (strlen(a->name) == size &&
			strncmp(a->name, pair, size) == 0 &&
			attribute_is(a, equals + 1))
			return true;
	}
	return false;
}

/* Of unreserved resources: a task's are taken from these. */
static uint64_t offered(const Mesos__V1__Offer *o, const char *name)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < o->n_resources; i++) {
		const Mesos__V1__Resource *r = o->resources[i];

		if (strcmp(r->name, name) == 0 && r->scalar != NULL &&
			r->n_reservations == 0 && r->revocable == NULL &&
			r->scalar->value > 0)
			sum += (uint64_t)(r->scalar->value * 1000 + 0.5);
	}
	return sum;
}

unsigned wish_fits(const struct wish *w, const Mesos__V1__Offer *o)
{
	const struct {
		const char *name;
		uint64_t wanted;
	} rows[] = {
		{ "cpus", w->cpu_milli },
		{ "mem", w->mem_milli },
		{ "disk", w->disk_milli },
	};
	uint64_t fits = w->instances;
	const char *pair;

	for (size_t i = 0; (pair = args_nth(w->args, "attribute", i)) != NULL;
		i++)
		if (!has_attribute(o, pair))
			return 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t n;

		if (rows[i].wanted == 0)
			continue;
		n = offered(o, rows[i].name) / rows[i].wanted;
		fits = n < fits ? n : fits;
	}
	return (unsigned)fits;
}

static void set_env(const struct wish *w, Mesos__V1__TaskInfo *t)
{
	const char *pair;

	for (size_t i = 0; (pair = args_nth(w->args, "env", i)) != NULL; i++) {
		CLEANUP(mem_freep) char *name = xstrdup(pair);

		*strchr(name, '=') = '\0'; /* wish_read() saw it */
		butte_task_env(t, name, strchr(pair, '=') + 1);
	}
}

static void set_argv(const struct wish *w, Mesos__V1__CommandInfo *c)
{
	free(c->value);
	c->shell = false;
	c->value = xstrdup(w->argv[0]);
	c->n_arguments = w->n_argv;
	c->arguments = xcalloc(w->n_argv, sizeof(*c->arguments));
	for (size_t i = 0; i < w->n_argv; i++)
		c->arguments[i] = xstrdup(w->argv[i]);
}

Mesos__V1__TaskInfo *wish_task(
	const struct wish *w, const Mesos__V1__Offer *o, const char *id)
{
	Mesos__V1__TaskInfo *t = butte_task_new(
		o, id, w->name, w->shell != NULL ? w->shell : "");

	if (w->shell == NULL)
		set_argv(w, t->command);
	if (w->user != NULL)
		t->command->user = xstrdup(w->user);
	if (w->cpu_milli > 0)
		butte_task_resource(t, "cpus", (double)w->cpu_milli / 1000);
	if (w->mem_milli > 0)
		butte_task_resource(t, "mem", (double)w->mem_milli / 1000);
	if (w->disk_milli > 0)
		butte_task_resource(t, "disk", (double)w->disk_milli / 1000);
	set_env(w, t);
	return t;
}

void wish_print(struct buf *to, const struct wish *w)
{
	const char *pair;

	buf_printf(to, "cpus %g, mem %g MB", (double)w->cpu_milli / 1000,
		(double)w->mem_milli / 1000);
	if (w->disk_milli > 0)
		buf_printf(to, ", disk %g MB", (double)w->disk_milli / 1000);
	for (size_t i = 0; (pair = args_nth(w->args, "attribute", i)) != NULL;
		i++)
		buf_printf(to, "%s %s", i == 0 ? ", on agents with" : " and",
			pair);
}
