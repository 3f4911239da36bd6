/*
 * An agent and peers that say anything: its invariants hold, nothing they send
 * reaches a CHECK, and what it has recorded it can read again.
 *
 * The input is a list of events: one byte says which, two bytes (low first) how
 * many bytes of message follow.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "mesos/v1/agent/agent.pb-c.h"
#include "mesos/v1/executor/executor.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"

#define CONTAINERS 16
#define EVENTS_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct row {
	UT_hash_handle hh;
	unsigned table;
	uint8_t *value;
	size_t size;
	char key[];
};

struct world {
	struct agent *a;
	struct agent_config cfg;
	Mesos__V1__AgentInfo info;
	struct outbox out;
	struct row *rows[AGENT_TABLES];
	char containers[CONTAINERS][64];
	size_t n_containers;
	uint64_t now_ms, request;
};

static void row_put(struct world *w, const struct outbox_record *rec)
{
	size_t n = strlen(rec->key) + 1;
	struct row *r;

	HASH_FIND_STR(w->rows[rec->table], rec->key, r);
	if (r != NULL) {
		HASH_DEL(w->rows[rec->table], r);
		free(r->value);
		free(r);
	}
	if (rec->value == NULL)
		return;
	r = xcalloc(1, sizeof(*r) + n);
	memcpy(r->key, rec->key, n);
	r->value = xmemdup(rec->value, rec->size);
	r->size = rec->size;
	HASH_ADD_STR(w->rows[rec->table], key, r);
}

static void flush(struct world *w)
{
	const struct outbox_record *rec;
	const struct effect *e;

	TAILQ_FOREACH (rec, &w->out.records, next)
		row_put(w, rec);
	TAILQ_FOREACH (e, &w->out.effects, next) {
		const struct agent_launch *l = e->arg;
		char *to = w->containers[w->n_containers % CONTAINERS];

		if (e->type != EFFECT_ROOM || e->status != AGENT_LAUNCH)
			continue;
		CHECK(strlen(l->container_id) < sizeof(w->containers[0]));
		memcpy(to, l->container_id, strlen(l->container_id) + 1);
		w->n_containers++;
	}
	outbox_reset(&w->out);
	agent_check(w->a);
}

static int by_key(struct row *a, struct row *b)
{
	return strcmp(a->key, b->key);
}

static void start(struct world *w)
{
	struct err e = { 0 };
	unsigned t;
	struct row *r;

	agent_free(w->a);
	w->a = agent_new(&w->cfg);
	for (t = 0; t < AGENT_TABLES; t++) {
		HASH_SORT(w->rows[t], by_key);
		for (r = w->rows[t]; r != NULL; r = r->hh.next)
			CHECK(agent_load(w->a, t, r->key, r->value, r->size,
				      &e) == 0);
	}
	CHECK(agent_begin(w->a, w->now_ms, (int64_t)w->now_ms * 1000000,
		      &w->out, &e) == 0);
	flush(w);
}

static void step(struct world *w, struct agent_event *ev)
{
	ev->now_ms = w->now_ms;
	ev->wall_ns = (int64_t)w->now_ms * 1000000;
	agent_step(w->a, ev, &w->out);
	flush(w);
}

/* Decoded as the edges do it. */
static void message(
	struct world *w, uint8_t what, const uint8_t *data, size_t size)
{
	static const ProtobufCMessageDescriptor *const types[] = {
		&butte__link__to_agent__descriptor,
		&mesos__v1__executor__call__descriptor,
		&mesos__v1__agent__call__descriptor,
	};
	struct agent_event ev = { .from = 1 };
	ProtobufCMessage *m =
		msg_unpack(&w->out.arena, types[what], data, size, NULL);

	if (m == NULL)
		return;
	if (what == 0) {
		ev.type = AGENT_UPLINK_MSG;
		ev.msg = (void *)m;
	} else if (what == 1) {
		ev.type = AGENT_EXECUTOR;
		ev.executor_call = (void *)m;
		ev.from = ++w->request;
	} else {
		ev.type = AGENT_OPERATOR;
		ev.operator_call = (void *)m;
		ev.from = ++w->request;
	}
	step(w, &ev);
}

static void container(
	struct world *w, uint8_t what, const uint8_t *data, size_t size)
{
	struct agent_exit exit = { .known = true,
		.oom = size > 1 && (data[1] & 1) };
	struct agent_event ev = { .pid = 7, .text = "text", .exit = &exit };

	ev.container_id = w->containers[size > 0 ? data[0] % CONTAINERS : 0];
	ev.type = what == 3 ? AGENT_STARTED
		: what == 4 ? AGENT_START_FAILED
			    : AGENT_EXITED;
	step(w, &ev);
}

static void event(
	struct world *w, uint8_t what, const uint8_t *data, size_t size)
{
	struct agent_event ev = { .type = AGENT_TICK, .from = 1 };

	switch (what) {
	case 0:
	case 1:
	case 2:
		message(w, what, data, size);
		return;
	case 3:
	case 4:
	case 5:
		container(w, what, data, size);
		return;
	case 6:
		w->now_ms += size > 0 ? (uint64_t)data[0] * data[0] * 10 : 1;
		break;
	case 7:
		ev.type = AGENT_UPLINK_UP;
		break;
	case 8:
		ev.type = AGENT_UPLINK_DOWN;
		break;
	case 9:
		ev.type = AGENT_STREAM_DOWN;
		ev.from = size > 0 ? data[0] : 1;
		break;
	case 10:
		start(w);
		return;
	case 11:
		w->cfg.boot_id = "other";
		start(w);
		return;
	case 12:
		ev.type = AGENT_QUERY;
		ev.report = size > 0 && (data[0] & 1) ? AGENT_REPORT_METRICS
						      : AGENT_REPORT_STATE;
		break;
	case 13:
		ev.type = AGENT_UNREGISTER;
		break;
	default:
		return;
	}
	step(w, &ev);
}

static void world_init(struct world *w)
{
	static char host[] = "host";

	memset(w, 0, sizeof(*w));
	outbox_init(&w->out);
	mesos__v1__agent_info__init(&w->info);
	w->info.hostname = host;
	w->cfg = (struct agent_config){ .version = "1",
		.info = &w->info,
		.ip = "127.0.0.1",
		.work_dir = "/w",
		.launcher_dir = "/l",
		.socket_path = "/s",
		.boot_id = "boot",
		.seed = 1,
		.registration_backoff_factor_ms = 1000,
		.executor_registration_timeout_ms = 60000,
		.executor_reregistration_timeout_ms = 2000,
		.executor_shutdown_grace_period_ms = 5000,
		.recovery_timeout_ms = 900000,
		.gc_delay_ms = 100000,
		.max_completed_executors_per_framework = 2 };
	w->now_ms = 1000;
	start(w);
}

static void world_fini(struct world *w)
{
	unsigned t;
	struct row *r, *next;

	agent_free(w->a);
	for (t = 0; t < AGENT_TABLES; t++)
		HASH_ITER (hh, w->rows[t], r, next) {
			HASH_DEL(w->rows[t], r);
			free(r->value);
			free(r);
		}
	outbox_fini(&w->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w;
	int n;

	world_init(&w);
	for (n = 0; size >= 3 && n < EVENTS_MAX; n++) {
		size_t len = data[1] | (size_t)data[2] << 8;

		if (len > size - 3)
			len = size - 3;
		event(&w, data[0] % 14, data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
	world_fini(&w);
	return 0;
}
