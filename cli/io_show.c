/* io_show.c - see io_show.h. */
#include "cli/io_show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/census.h"
#include "cli/detail.h"
#include "cli/io_client.h"
#include "cli/io_cluster.h"
#include "cli/io_out.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/json.h"
#include "common/mem.h"

#define WATCH_SECONDS 2

typedef Mesos__V1__Master__Response__GetAgents agents_t;
typedef Mesos__V1__Master__Response__GetFrameworks frameworks_t;
typedef Mesos__V1__Master__Response__GetTasks tasks_t;

/* --- lists --------------------------------------------------------------- */

/* Prints one snapshot; -1 and e if it can't be. */
typedef int print_f(struct cluster *c, const struct out *o,
	const struct args *a, struct err *e);

static int list(const struct args *a, print_f *print, struct err *e)
{
	CLEANUP(cluster_fini) struct cluster c = { 0 };
	struct out o;

	if (out_init(&o, a, e) != 0 || cluster_init(&c, a, e) != 0)
		return -1;
	for (bool first = true;; first = false) {
		if (cluster_look(&c, e) != 0)
			return -1;
		if (!first)
			out_again(&o);
		if (print(&c, &o, a, e) != 0)
			return -1;
		if (!o.watch || fflush(stdout) != 0)
			return 0;
		(void)sleep(WATCH_SECONDS); /* a signal ends us anyway */
	}
}

static int print_agents(struct cluster *c, const struct out *o,
	const struct args *a, struct err *e)
{
	static agents_t none = MESOS__V1__MASTER__RESPONSE__GET_AGENTS__INIT;
	const agents_t *m = c->state->get_agents;
	struct table t;

	(void)a;
	(void)e;
	table_init(&t, census_agent_columns);
	for (size_t i = 0; i < c->census.n_agents; i++)
		census_agent_row(&t, &c->census, c->census.agents[i]);
	out_list(o, &t, m != NULL ? &m->base : &none.base);
	table_fini(&t);
	return 0;
}

int show_agents(const struct args *a, struct err *e)
{
	return list(a, print_agents, e);
}

static int print_frameworks(struct cluster *c, const struct out *o,
	const struct args *a, struct err *e)
{
	frameworks_t m = MESOS__V1__MASTER__RESPONSE__GET_FRAMEWORKS__INIT;
	struct census *v = &c->census;
	struct table t;

	(void)e;
	if (c->state->get_frameworks != NULL)
		m = *c->state->get_frameworks;
	if (!args_has(a, "all"))
		m.n_completed_frameworks = 0;
	table_init(&t, census_framework_columns);
	for (size_t i = 0; i < v->n_frameworks; i++)
		census_framework_row(&t, v, v->frameworks[i], false);
	for (size_t i = 0; i < m.n_completed_frameworks; i++)
		census_framework_row(&t, v, v->ended_frameworks[i], true);
	out_list(o, &t, &m.base);
	table_fini(&t);
	return 0;
}

int show_frameworks(const struct args *a, struct err *e)
{
	return list(a, print_frameworks, e);
}

static bool is_wanted(
	const Mesos__V1__Task *t, const char *framework, const char *agent)
{
	return (framework == NULL ||
		       strcmp(t->framework_id->value, framework) == 0) &&
		(agent == NULL || strcmp(t->agent_id->value, agent) == 0);
}

/* --framework and --agent: ids that they stand for, or NULL. */
static int filters(const struct census *v, const struct args *a,
	const char **ret_framework, const char **ret_agent, struct err *e)
{
	const char *word = args_text(a, "framework", NULL);
	const census_framework_t *f;
	const census_agent_t *g;

	*ret_framework = *ret_agent = NULL;
	if (word != NULL) {
		f = census_pick_framework(v, word, e);
		if (f == NULL)
			return -1;
		*ret_framework = census_framework_id(f);
	}
	word = args_text(a, "agent", NULL);
	if (word != NULL) {
		g = census_pick_agent(v, word, e);
		if (g == NULL)
			return -1;
		*ret_agent = census_agent_id(g);
	}
	return 0;
}

static int print_tasks(struct cluster *c, const struct out *o,
	const struct args *a, struct err *e)
{
	tasks_t m = MESOS__V1__MASTER__RESPONSE__GET_TASKS__INIT;
	struct census *v = &c->census;
	size_t n = args_has(a, "all") ? v->n_tasks : v->n_live_tasks;
	const char *framework, *agent;
	Mesos__V1__Task **wanted =
		arena_alloc(&c->arena, (n + 1) * sizeof(Mesos__V1__Task *));
	struct table t;

	if (filters(v, a, &framework, &agent, e) != 0)
		return -1;
	table_init(&t, census_task_columns);
	for (size_t i = 0; i < n; i++)
		if (is_wanted(v->tasks[i], framework, agent)) {
			memcpy(&wanted[m.n_tasks++], &v->tasks[i],
				sizeof(*wanted));
			census_task_row(&t, v, v->tasks[i]);
		}
	m.tasks = wanted;
	out_list(o, &t, &m.base);
	table_fini(&t);
	return 0;
}

int show_tasks(const struct args *a, struct err *e)
{
	return list(a, print_tasks, e);
}

/* --- one ----------------------------------------------------------------- */

static int begin(
	struct cluster *c, struct out *o, const struct args *a, struct err *e)
{
	if (out_init(o, a, e) != 0 || cluster_init(c, a, e) != 0)
		return -1;
	return cluster_look(c, e);
}

int show_agent(const struct args *a, struct err *e)
{
	CLEANUP(cluster_fini) struct cluster c = { 0 };
	struct buf text = BUF_INIT;
	const census_agent_t *g;
	struct out o;

	if (begin(&c, &o, a, e) != 0)
		return -1;
	g = census_pick_agent(&c.census, a->operands[0], e);
	if (g == NULL)
		return -1;
	detail_agent(&text, &c.census, g);
	out_one(&o, census_agent_id(g), buf_str(&text), &g->base);
	buf_fini(&text);
	return 0;
}

int show_framework(const struct args *a, struct err *e)
{
	CLEANUP(cluster_fini) struct cluster c = { 0 };
	struct buf text = BUF_INIT;
	const census_framework_t *f;
	struct out o;

	if (begin(&c, &o, a, e) != 0)
		return -1;
	f = census_pick_framework(&c.census, a->operands[0], e);
	if (f == NULL)
		return -1;
	detail_framework(&text, &c.census, f);
	out_one(&o, census_framework_id(f), buf_str(&text), &f->base);
	buf_fini(&text);
	return 0;
}

int show_task(const struct args *a, struct err *e)
{
	CLEANUP(cluster_fini) struct cluster c = { 0 };
	struct buf text = BUF_INIT;
	const Mesos__V1__Task *t;
	struct out o;

	if (begin(&c, &o, a, e) != 0)
		return -1;
	t = census_pick_task(&c.census, a->operands[0], e);
	if (t == NULL)
		return -1;
	detail_task(&text, &c.census, t);
	out_one(&o, t->task_id->value, buf_str(&text), &t->base);
	buf_fini(&text);
	return 0;
}

/* Name, version and the rest as JSON; there is no such message in the API. */
static void master_json(const struct cluster *c, const char *leader,
	const Mesos__V1__VersionInfo *version)
{
	const struct census *v = &c->census;
	struct buf b = BUF_INIT;
	struct json j;

	json_init(&j, &b);
	json_obj_begin(&j);
	json_kstr(&j, "leader", leader);
	json_kstr(&j, "version", version->version);
	json_kint(&j, "agents", (int64_t)v->n_agents);
	json_kint(&j, "frameworks", (int64_t)v->n_frameworks);
	json_kint(&j, "tasks", (int64_t)v->n_live_tasks);
	json_obj_end(&j);
	out_json(buf_str(&b), b.size);
	buf_fini(&b);
}

int show_master(const struct args *a, struct err *e)
{
	CLEANUP(cluster_fini) struct cluster c = { 0 };
	const Mesos__V1__Master__Response *r;
	const Mesos__V1__VersionInfo *version;
	char leader[ADDRESS_TEXT_MAX];
	struct buf text = BUF_INIT;
	struct address at;
	struct out o;

	if (begin(&c, &o, a, e) != 0 || client_leader(c.client, &at, e) != 0)
		return -1;
	r = client_ask(c.client, &c.arena,
		MESOS__V1__MASTER__CALL__TYPE__GET_VERSION, e);
	if (r == NULL)
		return -1;
	if (r->get_version == NULL)
		return err_set(e, ERR_IO, "the master's answer has no version");
	version = r->get_version->version_info;
	address_text(leader, &at);
	if (o.form == OUT_JSON) {
		master_json(&c, leader, version);
		return 0;
	}
	detail_line(&text, "Leader", leader);
	detail_line(&text, "Version", version->version);
	detail_cluster(&text, &c.census);
	out_one(&o, leader, buf_str(&text), NULL);
	buf_fini(&text);
	return 0;
}

int show_config(const struct args *a, struct err *e)
{
	static const struct table_column columns[] = {
		{ "NAME", false, false },
		{ "VALUE", false, false },
		{ "FROM", false, false },
		{ NULL },
	};
	struct settings s;
	struct table t;
	struct buf b = BUF_INIT;
	int r;

	settings_init(&s);
	r = client_settings(&s, a, e);
	table_init(&t, columns);
	for (size_t k = 0; k < SETTINGS_KEYS && r == 0; k++) {
		table_add(&t, settings_names[k]);
		table_add(&t,
			k == SETTINGS_SECRET && s.values[k] != NULL
				? "(set)"
				: s.values[k]);
		table_add(&t,
			s.values[k] != NULL ? settings_source_text(s.from[k])
					    : NULL);
	}
	if (r == 0)
		table_print(&b, &t, false, false);
	out_text(&b);
	buf_fini(&b);
	table_fini(&t);
	settings_fini(&s);
	return r;
}

/* --- ends ---------------------------------------------------------------- */

/* On a terminal the name must be typed. */
static int confirm(
	const census_framework_t *f, const struct args *a, struct err *e)
{
	const char *name = f->framework_info->name;
	char line[256] = "";

	if (args_has(a, "yes") || isatty(STDIN_FILENO) != 1)
		return 0;
	(void)fprintf(stderr,
		"This kills all tasks of framework %s.\nIts name, to go on "
		"(%s): ",
		census_framework_id(f), name);
	if (fgets(line, sizeof(line), stdin) != NULL)
		line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, name) != 0)
		return err_set(e, ERR_CONFLICT, "nothing was done");
	return 0;
}

int show_teardown(const struct args *a, struct err *e)
{
	CLEANUP(cluster_fini) struct cluster c = { 0 };
	Mesos__V1__Master__Call call = MESOS__V1__MASTER__CALL__INIT;
	Mesos__V1__Master__Call__Teardown teardown =
		MESOS__V1__MASTER__CALL__TEARDOWN__INIT;
	const census_framework_t *f;

	if (cluster_init(&c, a, e) != 0 || cluster_look(&c, e) != 0)
		return -1;
	f = census_pick_framework(&c.census, a->operands[0], e);
	if (f == NULL || confirm(f, a, e) != 0)
		return -1;
	teardown.framework_id = f->framework_info->id;
	call.has_type = true;
	call.type = MESOS__V1__MASTER__CALL__TYPE__TEARDOWN;
	call.teardown = &teardown;
	if (client_master(c.client, &c.arena, &call, e) == NULL)
		return -1;
	(void)printf("%s\n", census_framework_id(f));
	return 0;
}

/* The API has no call that ends somebody else's task; what an operator can do
 * is to end its container. */
int show_kill(const struct args *a, struct err *e)
{
	CLEANUP(cluster_fini) struct cluster c = { 0 };
	Mesos__V1__Agent__Call call = MESOS__V1__AGENT__CALL__INIT;
	Mesos__V1__Agent__Call__KillContainer kill =
		MESOS__V1__AGENT__CALL__KILL_CONTAINER__INIT;
	Mesos__V1__ContainerID id = MESOS__V1__CONTAINER_ID__INIT;
	struct client_agent agent;
	const Mesos__V1__Task *t;

	if (cluster_init(&c, a, e) != 0 || cluster_look(&c, e) != 0)
		return -1;
	t = census_pick_task(&c.census, a->operands[0], e);
	if (t == NULL || cluster_agent(&c, t, &agent, e) != 0)
		return -1;
	id.value = cluster_container(&c, t, &agent, e);
	if (id.value == NULL)
		return -1;
	kill.container_id = &id;
	call.has_type = true;
	call.type = MESOS__V1__AGENT__CALL__TYPE__KILL_CONTAINER;
	call.kill_container = &kill;
	if (client_agent_call(c.client, &agent, &c.arena, &call, e) == NULL)
		return -1;
	(void)printf("%s\n", t->task_id->value);
	return 0;
}
