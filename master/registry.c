/* registry.c - see registry.h. */
#include "master/registry.h"

#include <string.h>

#include "butte/registry.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "master/framework.h"
#include "master/master.h"
#include "master/state.h"
#include "mesos/v1/mesos.pb-c.h"

#define MASTER_KEY "master"

/* --- loading ---------------------------------------------------------------------- */

static int load_agent(
	struct master *m, const char *key, const Butte__Registry__Agent *row)
{
	struct agent *a;

	if (row->info->id == NULL || strcmp(row->info->id->value, key) != 0 ||
		state_agent_find(m, key) != NULL)
		return -1;
	a = state_agent_add(m, row->info);
	a->version = xstrdup(row->version);
	a->capabilities = state_agent_capabilities(
		row->capabilities, row->n_capabilities);
	a->ip = xstrdup(row->ip);
	a->registered_ns = row->registered_ns;
	return 0;
}

static int load_framework(struct master *m, const char *key,
	const Butte__Registry__Framework *row)
{
	struct framework *fw;

	if (row->info->id == NULL || strcmp(row->info->id->value, key) != 0 ||
		state_framework_find(m, key) != NULL ||
		state_completed_find(m, key) != NULL)
		return -1;
	fw = state_framework_add(m, row->info);
	fw->registered_ns = row->registered_ns;
	fw->reregistered_ns = row->reregistered_ns;
	fw->deadline_ns = row->deadline_ns;
	if (row->has_removed_ns) {
		fw->unregistered_ns = row->removed_ns;
		state_framework_complete(m, fw);
	} else {
		framework_loaded(m, fw);
	}
	return 0;
}

static int load_absent(struct absent **table, const char *key,
	const Butte__Registry__Absent *row)
{
	if (state_absent_find(*table, key) != NULL)
		return -1;
	state_absent_add(table, key, row->since_ns);
	return 0;
}

/* By table: what a row is. */
static const ProtobufCMessageDescriptor *const rows[MASTER_TABLES] = {
	[MASTER_TABLE_MASTER] = &butte__registry__master__descriptor,
	[MASTER_TABLE_AGENT] = &butte__registry__agent__descriptor,
	[MASTER_TABLE_UNREACHABLE] = &butte__registry__absent__descriptor,
	[MASTER_TABLE_GONE] = &butte__registry__absent__descriptor,
	[MASTER_TABLE_FRAMEWORK] = &butte__registry__framework__descriptor,
};

static int load_row(
	struct master *m, unsigned table, const char *key, const void *row)
{
	const Butte__Registry__Master *before = row;

	switch (table) {
	case MASTER_TABLE_MASTER:
		log_info("registry_found", "master=%s", before->id);
		return 0;
	case MASTER_TABLE_AGENT:
		return load_agent(m, key, row);
	case MASTER_TABLE_UNREACHABLE:
		return load_absent(&m->unreachable, key, row);
	case MASTER_TABLE_GONE:
		return load_absent(&m->gone, key, row);
	default:
		return load_framework(m, key, row);
	}
}

int registry_load(struct master *m, unsigned table, const char *key,
	const uint8_t *value, size_t size, struct err *e)
{
	struct arena arena;
	const void *row;
	int ret = -1;

	if (table >= MASTER_TABLES)
		return err_set(e, ERR_INVALID, "there is no table %u", table);
	arena_init(&arena);
	row = msg_unpack(&arena, rows[table], value, size, e);
	if (row == NULL)
		(void)err_wrap(e, "registry: row '%s' of table '%s'", key,
			master_table_names[table]);
	else if (load_row(m, table, key, row) != 0)
		(void)err_set(e, ERR_INVALID,
			"registry: row '%s' of table '%s' contradicts its key "
			"or another row",
			key, master_table_names[table]);
	else
		ret = 0;
	arena_fini(&arena);
	return ret;
}

void registry_begin(struct master *m)
{
	Butte__Registry__Master row = BUTTE__REGISTRY__MASTER__INIT;

	CHECK(m->out != NULL);
	state_absent_sort(&m->unreachable);
	state_absent_sort(&m->gone);
	state_completed_sort(m);
	row.id = arena_strdup(&m->out->arena, m->cfg.id);
	row.version = arena_strdup(&m->out->arena, m->cfg.version);
	row.started_ns = m->wall_ns;
	outbox_put(m->out, MASTER_TABLE_MASTER, MASTER_KEY, &row.base);
}

/* --- writing ------------------------------------------------------------------------ */

void registry_framework_put(struct master *m, const struct framework *fw)
{
	Butte__Registry__Framework row = BUTTE__REGISTRY__FRAMEWORK__INIT;

	row.info = fw->info;
	row.registered_ns = fw->registered_ns;
	row.has_reregistered_ns = fw->reregistered_ns != 0;
	row.reregistered_ns = fw->reregistered_ns;
	row.has_deadline_ns = fw->deadline_ns != 0;
	row.deadline_ns = fw->deadline_ns;
	row.has_removed_ns = fw->state == FRAMEWORK_COMPLETED;
	row.removed_ns = fw->unregistered_ns;
	outbox_put(m->out, MASTER_TABLE_FRAMEWORK, fw->id, &row.base);
}

void registry_framework_del(struct master *m, const struct framework *fw)
{
	outbox_del(m->out, MASTER_TABLE_FRAMEWORK, fw->id);
}

/* The bits back to messages, in the arena. */
static void capabilities_put(
	struct master *m, unsigned bits, Butte__Registry__Agent *row)
{
	const unsigned max = sizeof(bits) * 8;
	unsigned i;

	row->capabilities =
		arena_alloc(&m->out->arena, max * sizeof(row->capabilities[0]));
	for (i = 0; i < max; i++) {
		Mesos__V1__AgentInfo__Capability *c;

		if ((bits & CAPABILITY(i)) == 0)
			continue;
		c = arena_alloc(&m->out->arena, sizeof(*c));
		mesos__v1__agent_info__capability__init(c);
		c->has_type = 1;
		c->type = (Mesos__V1__AgentInfo__Capability__Type)i;
		row->capabilities[row->n_capabilities++] = c;
	}
}

void registry_agent_put(struct master *m, const struct agent *a)
{
	Butte__Registry__Agent row = BUTTE__REGISTRY__AGENT__INIT;

	row.info = a->info;
	row.version = a->version;
	row.ip = a->ip;
	row.has_registered_ns = a->registered_ns != 0;
	row.registered_ns = a->registered_ns;
	capabilities_put(m, a->capabilities, &row);
	outbox_put(m->out, MASTER_TABLE_AGENT, a->id, &row.base);
}

void registry_agent_del(struct master *m, const struct agent *a)
{
	outbox_del(m->out, MASTER_TABLE_AGENT, a->id);
}

void registry_agent_unreachable(struct master *m, const struct agent *a)
{
	Butte__Registry__Absent row = BUTTE__REGISTRY__ABSENT__INIT;

	row.since_ns = m->wall_ns;
	outbox_del(m->out, MASTER_TABLE_AGENT, a->id);
	outbox_put(m->out, MASTER_TABLE_UNREACHABLE, a->id, &row.base);
}
