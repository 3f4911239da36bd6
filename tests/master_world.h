/*
 * master_world.h - a master in a test: events in, decoded effects out.
 *
 * A world owns a master and an outbox. The functions make one event each, step
 * the master, run master_check(), and gather what came out, decoded: answers of
 * requests, events of streams, messages of links. Registry records are kept as
 * a table, so that a world can be restarted as after kill -9.
 *
 * What is built for the master or decoded from it lives until world_clear().
 */
#ifndef TESTS_MASTER_WORLD_H
#define TESTS_MASTER_WORLD_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "common/res.h"
#include "master/master.h"
#include "mesos/v1/master/master.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

#define WORLD static __attribute__((unused))

#define W_CALL(name)	 MESOS__V1__SCHEDULER__CALL__TYPE__##name
#define W_EVENT(name)	 MESOS__V1__SCHEDULER__EVENT__TYPE__##name
#define W_STATE(name)	 MESOS__V1__TASK_STATE__TASK_##name
#define W_REASON(name)	 MESOS__V1__TASK_STATUS__REASON__REASON_##name
#define W_CAN(name)	 MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__##name
#define W_TO_AGENT(name) BUTTE__LINK__TO_AGENT__MSG_##name

typedef Mesos__V1__Scheduler__Call w_call;
typedef Mesos__V1__Scheduler__Event w_event;
typedef Butte__Link__ToAgent w_to_agent;
typedef Butte__Link__ToMaster w_to_master;

/* One effect, decoded. */
struct world_effect {
	enum effect_type type;
	uint64_t to;
	int status;
	const char *text; /* REPLY with a text or JSON body */
	const w_event *event;
	const Mesos__V1__Master__Event *news;
	const Mesos__V1__Master__Response *response;
	const w_to_agent *msg;
};

struct world_row {
	unsigned table;
	char *key;
	uint8_t *value;
	size_t size;
};

struct world {
	struct master *m;
	struct master_config cfg;
	char id[64];
	struct outbox out;
	struct arena arena;
	struct world_effect *effects; /* since the last world_clear() */
	size_t n;
	size_t cap;
	struct world_row *rows;
	size_t n_rows;
	size_t rows_cap;
	uint64_t now_ms;
	int64_t wall_ns;
	uint64_t last; /* request or link number given out */
	unsigned runs;
	uint64_t trace; /* hash of all records and effects so far */
	bool unchecked; /* no master_check() after each step */
};

/* --- the trace ------------------------------------------------------------- */

WORLD void world_hash(struct world *w, const void *data, size_t size)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < size; i++)
		w->trace = (w->trace ^ p[i]) * 1099511628211u;
}

/* --- after a step ----------------------------------------------------------- */

WORLD struct world_row *world_row(
	const struct world *w, unsigned table, const char *key)
{
	size_t i;

	for (i = 0; i < w->n_rows; i++)
		if (w->rows[i].table == table &&
			strcmp(w->rows[i].key, key) == 0)
			return &w->rows[i];
	return NULL;
}

WORLD size_t world_rows(const struct world *w, unsigned table)
{
	size_t i, n = 0;

	for (i = 0; i < w->n_rows; i++)
		n += w->rows[i].table == table;
	return n;
}

WORLD void world_commit(struct world *w, const struct outbox_record *r)
{
	struct world_row *row = world_row(w, r->table, r->key);

	world_hash(w, &r->table, sizeof(r->table));
	world_hash(w, r->key, strlen(r->key) + 1);
	world_hash(w, r->value, r->value != NULL ? r->size : 0);
	if (row == NULL && r->value == NULL)
		return;
	if (row == NULL) {
		w->rows = xgrow(w->rows, &w->rows_cap, w->n_rows + 1,
			sizeof(w->rows[0]));
		row = &w->rows[w->n_rows++];
		*row = (struct world_row){ .table = r->table,
			.key = xstrdup(r->key) };
	}
	free(row->value);
	row->value = NULL;
	if (r->value != NULL) {
		row->value = xmemdup(r->value, r->size > 0 ? r->size : 1);
		row->size = r->size;
		return;
	}
	free(row->key);
	*row = w->rows[--w->n_rows];
}

WORLD const void *world_decode(struct world *w, const struct effect *e,
	const ProtobufCMessageDescriptor *desc)
{
	struct err err = { 0 };
	const void *msg;

	if (e->desc != desc)
		return NULL;
	msg = msg_unpack(&w->arena, desc, e->data, e->size, &err);
	if (msg == NULL)
		printf("# %s: %s\n", desc->name, err.text);
	CHECK(msg != NULL); /* what is sent can be read */
	return msg;
}

WORLD void world_gather(struct world *w, const struct effect *e)
{
	struct world_effect *to;

	w->effects =
		xgrow(w->effects, &w->cap, w->n + 1, sizeof(w->effects[0]));
	to = &w->effects[w->n++];
	*to = (struct world_effect){
		.type = e->type, .to = e->to, .status = e->status
	};
	world_hash(w, &to->type, sizeof(to->type));
	world_hash(w, &to->to, sizeof(to->to));
	world_hash(w, &to->status, sizeof(to->status));
	world_hash(w, e->data, e->size);
	if (e->type == EFFECT_REPLY && e->desc == NULL && e->size > 0)
		to->text = arena_strndup(
			&w->arena, (const char *)e->data, e->size);
	to->event =
		world_decode(w, e, &mesos__v1__scheduler__event__descriptor);
	to->news = world_decode(w, e, &mesos__v1__master__event__descriptor);
	to->response =
		world_decode(w, e, &mesos__v1__master__response__descriptor);
	to->msg = world_decode(w, e, &butte__link__to_agent__descriptor);
}

WORLD void world_after(struct world *w)
{
	const struct outbox_record *r;
	const struct effect *e;

	if (!w->unchecked)
		master_check(w->m);
	TAILQ_FOREACH (r, &w->out.records, next)
		world_commit(w, r);
	TAILQ_FOREACH (e, &w->out.effects, next)
		world_gather(w, e);
	outbox_reset(&w->out);
}

WORLD void world_step(struct world *w, struct master_event *ev)
{
	ev->now_ms = w->now_ms;
	ev->wall_ns = w->wall_ns;
	master_step(w->m, ev, &w->out);
	world_after(w);
}

/* --- life --------------------------------------------------------------------- */

/* Change w->cfg between this and world_start(). */
WORLD void world_init(struct world *w)
{
	*w = (struct world){ 0 };
	w->cfg = (struct master_config){
		.version = "0.1.0",
		.hostname = "master.example",
		.ip = "127.0.0.1",
		.port = 5050,
		.seed = 1,
		.allocation_interval_ms = 1000,
		.agent_ping_timeout_ms = 15000,
		.max_agent_ping_timeouts = 5,
		.agent_reregister_timeout_ms = 600000,
		.registry_gc_interval_ms = 15 * 60 * 1000,
		.registry_max_agent_age_ms = 14ull * 24 * 60 * 60 * 1000,
		.registry_max_agent_count = 102400,
		.max_completed_frameworks = 50,
		.max_completed_tasks_per_framework = 1000,
		.max_unreachable_tasks_per_framework = 1000,
		.max_operator_event_stream_subscribers = 1000,
		.root_submissions = true,
		.filter_gpu_resources = true,
		.min_allocatable_resources = "cpus:0.01|mem:32",
	};
	w->now_ms = 1000000;
	w->wall_ns = 1700000000000000000;
	w->trace = 14695981039346656037u;
	outbox_init(&w->out);
	arena_init(&w->arena);
}

WORLD void world_start(struct world *w)
{
	struct err e = { 0 };
	size_t i;

	(void)snprintf(w->id, sizeof(w->id), "%08u-0000-4000-8000-000000000000",
		++w->runs);
	w->cfg.id = w->id;
	w->m = master_new(&w->cfg);
	for (i = 0; i < w->n_rows; i++)
		CHECK(master_load(w->m, w->rows[i].table, w->rows[i].key,
			      w->rows[i].value, w->rows[i].size, &e) == 0);
	master_begin(w->m, w->now_ms, w->wall_ns, &w->out);
	world_after(w);
}

WORLD void world_clear(struct world *w)
{
	w->n = 0;
	arena_reset(&w->arena);
}

/* kill -9, and a new master from the records. */
WORLD void world_restart(struct world *w)
{
	master_free(w->m);
	world_clear(w);
	world_start(w);
}

WORLD void world_fini(struct world *w)
{
	size_t i;

	master_free(w->m);
	outbox_fini(&w->out);
	arena_fini(&w->arena);
	for (i = 0; i < w->n_rows; i++) {
		free(w->rows[i].key);
		free(w->rows[i].value);
	}
	free(w->rows);
	free(w->effects);
}

WORLD void world_tick(struct world *w)
{
	struct master_event ev = { .type = MASTER_TICK };

	world_step(w, &ev);
}

/* Time goes on; ticks when the master wants one. */
WORLD void world_pass(struct world *w, uint64_t ms)
{
	uint64_t end = w->now_ms + ms, due;

	while ((due = master_next_due(w->m)) <= end) {
		if (due > w->now_ms) {
			w->wall_ns += (int64_t)(due - w->now_ms) * 1000000;
			w->now_ms = due;
		}
		world_tick(w);
	}
	w->wall_ns += (int64_t)(end - w->now_ms) * 1000000;
	w->now_ms = end;
}

/* --- looking at what came out ---------------------------------------------------- */

/* The i-th event of that type on the stream, or NULL. */
WORLD const w_event *world_event(
	const struct world *w, uint64_t stream, int type, size_t i)
{
	size_t k;

	for (k = 0; k < w->n; k++) {
		const struct world_effect *e = &w->effects[k];

		if (e->type == EFFECT_STREAM_SEND && e->to == stream &&
			e->event != NULL && (int)e->event->type == type &&
			i-- == 0)
			return e->event;
	}
	return NULL;
}

WORLD size_t world_events(const struct world *w, uint64_t stream, int type)
{
	size_t n = 0;

	while (world_event(w, stream, type, n) != NULL)
		n++;
	return n;
}

/* The i-th status told to it, or NULL. */
WORLD const Mesos__V1__TaskStatus *world_status_told(
	const struct world *w, uint64_t stream, size_t i)
{
	const w_event *ev = world_event(w, stream, W_EVENT(UPDATE), i);

	return ev != NULL ? ev->update->status : NULL;
}

/* The i-th message of that kind on the link, or NULL. */
WORLD const w_to_agent *world_msg(
	const struct world *w, uint64_t link, int msg_case, size_t i)
{
	size_t k;

	for (k = 0; k < w->n; k++) {
		const struct world_effect *e = &w->effects[k];

		if (e->type == EFFECT_LINK_SEND && e->to == link &&
			e->msg != NULL && (int)e->msg->msg_case == msg_case &&
			i-- == 0)
			return e->msg;
	}
	return NULL;
}

WORLD const struct world_effect *world_find(
	const struct world *w, enum effect_type type, uint64_t to)
{
	size_t k;

	for (k = 0; k < w->n; k++)
		if (w->effects[k].type == type && w->effects[k].to == to)
			return &w->effects[k];
	return NULL;
}

/* Status of the answer to a request; 0: none yet. */
WORLD int world_status(const struct world *w, uint64_t request)
{
	const struct world_effect *e = world_find(w, EFFECT_REPLY, request);

	return e != NULL ? e->status : 0;
}

WORLD const char *world_text(const struct world *w, uint64_t request)
{
	const struct world_effect *e = world_find(w, EFFECT_REPLY, request);

	return e != NULL && e->text != NULL ? e->text : "";
}

/* --- frameworks -------------------------------------------------------------------- */

struct world_framework {
	char id[300];
	char stream_id[64];
	uint64_t stream;
};

/* Any call, on the framework's stream; returns the request's number. */
WORLD uint64_t world_call(
	struct world *w, const struct world_framework *fw, w_call *call)
{
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;
	char framework_id[300];
	struct master_event ev = {
		.type = MASTER_CALL,
		.from = ++w->last,
		.call = call,
		.stream_id = fw->stream_id[0] != '\0' ? fw->stream_id : NULL,
		.peer_ip = "127.0.0.1",
	};

	(void)snprintf(framework_id, sizeof(framework_id), "%s", fw->id);
	id.value = framework_id;
	call->has_type = 1;
	if (call->framework_id == NULL && fw->id[0] != '\0') {
		call->framework_id = &id;
		world_step(w, &ev);
		call->framework_id = NULL; /* ours ends here */
	} else {
		world_step(w, &ev);
	}
	return ev.from;
}

/* A FrameworkInfo; bits: 1 << W_CAN(...). */
WORLD Mesos__V1__FrameworkInfo *world_info(struct world *w, unsigned bits)
{
	Mesos__V1__FrameworkInfo *info = arena_alloc(&w->arena, sizeof(*info));
	unsigned i;

	mesos__v1__framework_info__init(info);
	info->user = arena_strdup(&w->arena, "nobody");
	info->name = arena_strdup(&w->arena, "test");
	info->has_failover_timeout = 1;
	info->failover_timeout = 100;
	info->has_checkpoint = 1;
	info->checkpoint = 1;
	info->capabilities =
		arena_alloc(&w->arena, 32 * sizeof(info->capabilities[0]));
	for (i = 0; i < 32; i++) {
		Mesos__V1__FrameworkInfo__Capability *c;

		if ((bits >> i & 1) == 0)
			continue;
		c = arena_alloc(&w->arena, sizeof(*c));
		mesos__v1__framework_info__capability__init(c);
		c->has_type = 1;
		c->type = (Mesos__V1__FrameworkInfo__Capability__Type)i;
		info->capabilities[info->n_capabilities++] = c;
	}
	return info;
}

WORLD uint64_t world_subscribe_call(struct world *w, struct world_framework *fw,
	Mesos__V1__Scheduler__Call__Subscribe *sub)
{
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	struct master_event ev = {
		.type = MASTER_CALL,
		.from = ++w->last,
		.call = &call,
		.peer_ip = "127.0.0.1",
	};

	call.has_type = 1;
	call.type = W_CALL(SUBSCRIBE);
	call.subscribe = sub;
	call.framework_id = sub->framework_info->id;
	(void)snprintf(fw->stream_id, sizeof(fw->stream_id), "stream-%llu",
		(unsigned long long)ev.from);
	ev.new_stream_id = fw->stream_id;
	fw->stream = ev.from;
	world_step(w, &ev);
	return ev.from;
}

/* With fw->id if it isn't empty. Whether SUBSCRIBED came; then the id is there. */
WORLD bool world_subscribe(struct world *w, struct world_framework *fw,
	Mesos__V1__FrameworkInfo *info)
{
	Mesos__V1__Scheduler__Call__Subscribe sub =
		MESOS__V1__SCHEDULER__CALL__SUBSCRIBE__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;
	const w_event *ev;

	id.value = fw->id;
	if (info->id == NULL && fw->id[0] != '\0')
		info->id = &id;
	sub.framework_info = info;
	(void)world_subscribe_call(w, fw, &sub);
	info->id = NULL;
	ev = world_event(w, fw->stream, W_EVENT(SUBSCRIBED), 0);
	if (ev == NULL)
		return false;
	(void)snprintf(fw->id, sizeof(fw->id), "%s",
		ev->subscribed->framework_id->value);
	return true;
}

WORLD void world_stream_down(struct world *w, uint64_t stream)
{
	struct master_event ev = { .type = MASTER_STREAM_DOWN, .from = stream };

	world_step(w, &ev);
}

/* --- agents ---------------------------------------------------------------------------- */

struct world_agent {
	char id[300];
	uint64_t link;
	int port; /* 0: 5051 */
	const char *withheld;
};

WORLD void world_link_up(struct world *w, struct world_agent *a)
{
	struct master_event ev = { .type = MASTER_LINK_UP,
		.from = ++w->last,
		.peer_ip = "127.0.0.1" };

	a->link = ev.from;
	world_step(w, &ev);
}

WORLD void world_link_down(struct world *w, struct world_agent *a)
{
	struct master_event ev = { .type = MASTER_LINK_DOWN, .from = a->link };

	a->link = 0;
	world_step(w, &ev);
}

WORLD void world_tell(struct world *w, const struct world_agent *a,
	int msg_case, w_to_master *msg)
{
	struct master_event ev = {
		.type = MASTER_LINK_MSG, .from = a->link, .msg = msg
	};

	msg->msg_case = (Butte__Link__ToMaster__MsgCase)msg_case;
	world_step(w, &ev);
}

/* Resources of a text. */
WORLD Mesos__V1__Resource **world_res(
	struct world *w, const char *text, size_t *ret_n)
{
	struct res r = RES_INIT;
	Mesos__V1__Resource **msgs;
	struct err e = { 0 };

	CHECK(res_parse(&r, text, "*", &e) == 0);
	msgs = res_to_msgs(&r, &w->arena, RES_FORM_STACK, ret_n);
	res_fini(&r);
	return msgs;
}

WORLD Mesos__V1__AgentInfo *world_agent_info(
	struct world *w, const struct world_agent *a, const char *resources)
{
	Mesos__V1__AgentInfo *info = arena_alloc(&w->arena, sizeof(*info));

	mesos__v1__agent_info__init(info);
	info->hostname = arena_strdup(&w->arena, "agent.example");
	info->has_port = 1;
	info->port = a->port != 0 ? a->port : 5051;
	info->resources = world_res(w, resources, &info->n_resources);
	if (a->id[0] != '\0') {
		info->id = arena_alloc(&w->arena, sizeof(*info->id));
		mesos__v1__agent_id__init(info->id);
		info->id->value = arena_strdup(&w->arena, a->id);
	}
	return info;
}

static char world_version[] = "0.1.0";

/* A link and a registration. Whether it was admitted; then the id is there. */
WORLD bool world_register(
	struct world *w, struct world_agent *a, const char *resources)
{
	Butte__Link__RegisterAgent reg = BUTTE__LINK__REGISTER_AGENT__INIT;
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;
	const w_to_agent *ack;

	a->id[0] = '\0';
	world_link_up(w, a);
	reg.agent_info = world_agent_info(w, a, resources);
	reg.version = world_version;
	msg.register_agent = &reg;
	world_tell(w, a, BUTTE__LINK__TO_MASTER__MSG_REGISTER_AGENT, &msg);
	ack = world_msg(w, a->link, W_TO_AGENT(AGENT_REGISTERED), 0);
	if (ack == NULL)
		return false;
	(void)snprintf(a->id, sizeof(a->id), "%s",
		ack->agent_registered->agent_id->value);
	return true;
}

/* On a new link, unless one is up. `with` brings tasks, or is NULL. */
WORLD bool world_reregister(struct world *w, struct world_agent *a,
	const char *resources, const Butte__Link__ReregisterAgent *with)
{
	Butte__Link__ReregisterAgent reg = BUTTE__LINK__REREGISTER_AGENT__INIT;
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;

	if (with != NULL)
		reg = *with;
	if (a->link == 0)
		world_link_up(w, a);
	reg.agent_info = world_agent_info(w, a, resources);
	reg.version = world_version;
	reg.offers_withheld = arena_strdup(&w->arena, a->withheld);
	msg.reregister_agent = &reg;
	world_tell(w, a, BUTTE__LINK__TO_MASTER__MSG_REREGISTER_AGENT, &msg);
	return world_msg(w, a->link, W_TO_AGENT(AGENT_REREGISTERED), 0) != NULL;
}

WORLD void world_pong(struct world *w, const struct world_agent *a)
{
	Butte__Link__Pong pong = BUTTE__LINK__PONG__INIT;
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;

	msg.pong = &pong;
	world_tell(w, a, BUTTE__LINK__TO_MASTER__MSG_PONG, &msg);
}

/* --- common moves ------------------------------------------------------------------------ */

/* The last offer on the stream, if the master makes one within two seconds. */
WORLD const Mesos__V1__Offer *world_offer(
	struct world *w, const struct world_framework *fw)
{
	size_t n = world_events(w, fw->stream, W_EVENT(OFFERS)), i;
	const w_event *ev;

	for (i = 0; i < 3; i++) {
		ev = world_event(w, fw->stream, W_EVENT(OFFERS), n);
		if (ev != NULL)
			return ev->offers->offers[0];
		world_pass(w, 1000);
	}
	return NULL;
}

/* A command task. */
WORLD Mesos__V1__TaskInfo *world_task(struct world *w, const char *id,
	const char *agent_id, const char *resources)
{
	Mesos__V1__TaskInfo *t = arena_alloc(&w->arena, sizeof(*t));

	mesos__v1__task_info__init(t);
	t->name = arena_strdup(&w->arena, "a task");
	t->task_id = arena_alloc(&w->arena, sizeof(*t->task_id));
	mesos__v1__task_id__init(t->task_id);
	t->task_id->value = arena_strdup(&w->arena, id);
	t->agent_id = arena_alloc(&w->arena, sizeof(*t->agent_id));
	mesos__v1__agent_id__init(t->agent_id);
	t->agent_id->value = arena_strdup(&w->arena, agent_id);
	t->resources = world_res(w, resources, &t->n_resources);
	t->command = arena_alloc(&w->arena, sizeof(*t->command));
	mesos__v1__command_info__init(t->command);
	t->command->value = arena_strdup(&w->arena, "sleep 1");
	return t;
}

WORLD Mesos__V1__OfferID **world_offer_ids(
	struct world *w, const char *const *ids, size_t n)
{
	Mesos__V1__OfferID **msgs =
		arena_alloc(&w->arena, (n + 1) * sizeof(msgs[0]));
	size_t i;

	for (i = 0; i < n; i++) {
		msgs[i] = arena_alloc(&w->arena, sizeof(*msgs[i]));
		mesos__v1__offer_id__init(msgs[i]);
		msgs[i]->value = arena_strdup(&w->arena, ids[i]);
	}
	return msgs;
}

/* ACCEPT with one LAUNCH (none if n is 0). refuse_seconds < 0: no filters. */
WORLD uint64_t world_accept(struct world *w, const struct world_framework *fw,
	const char *offer_id, Mesos__V1__TaskInfo **tasks, size_t n,
	double refuse_seconds)
{
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Accept accept =
		MESOS__V1__SCHEDULER__CALL__ACCEPT__INIT;
	Mesos__V1__Offer__Operation op = MESOS__V1__OFFER__OPERATION__INIT;
	Mesos__V1__Offer__Operation *ops[] = { &op };
	Mesos__V1__Offer__Operation__Launch launch =
		MESOS__V1__OFFER__OPERATION__LAUNCH__INIT;
	Mesos__V1__Filters filters = MESOS__V1__FILTERS__INIT;

	launch.task_infos = tasks;
	launch.n_task_infos = n;
	op.has_type = 1;
	op.type = MESOS__V1__OFFER__OPERATION__TYPE__LAUNCH;
	op.launch = &launch;
	accept.offer_ids = world_offer_ids(w, &offer_id, 1);
	accept.n_offer_ids = 1;
	accept.operations = ops;
	accept.n_operations = n > 0;
	if (refuse_seconds >= 0) {
		filters.has_refuse_seconds = 1;
		filters.refuse_seconds = refuse_seconds;
		accept.filters = &filters;
	}
	call.type = W_CALL(ACCEPT);
	call.accept = &accept;
	return world_call(w, fw, &call);
}

WORLD uint64_t world_launch(struct world *w, const struct world_framework *fw,
	const char *offer_id, Mesos__V1__TaskInfo *task)
{
	return world_accept(w, fw, offer_id, &task, 1, 0);
}

WORLD uint64_t world_decline(struct world *w, const struct world_framework *fw,
	const char *offer_id, double refuse_seconds)
{
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Decline decline =
		MESOS__V1__SCHEDULER__CALL__DECLINE__INIT;
	Mesos__V1__Filters filters = MESOS__V1__FILTERS__INIT;

	decline.offer_ids = world_offer_ids(w, &offer_id, 1);
	decline.n_offer_ids = 1;
	filters.has_refuse_seconds = 1;
	filters.refuse_seconds = refuse_seconds;
	if (refuse_seconds >= 0)
		decline.filters = &filters;
	call.type = W_CALL(DECLINE);
	call.decline = &decline;
	return world_call(w, fw, &call);
}

/* 16 bytes of a UUID of version 4. */
WORLD ProtobufCBinaryData world_uuid(struct world *w, unsigned number)
{
	ProtobufCBinaryData d = { .len = 16,
		.data = arena_alloc(&w->arena, 16) };

	memcpy(d.data, &number, sizeof(number));
	d.data[6] = 0x40;
	return d;
}

/* A status update of an executor, by its agent; uuid made of `number`. */
WORLD void world_update(struct world *w, const struct world_agent *a,
	const struct world_framework *fw, const char *task_id, int state,
	unsigned number)
{
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;
	Butte__Link__StatusUpdate up = BUTTE__LINK__STATUS_UPDATE__INIT;
	Mesos__V1__FrameworkID fid = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;
	Mesos__V1__TaskStatus s = MESOS__V1__TASK_STATUS__INIT;

	fid.value = arena_strdup(&w->arena, fw->id);
	tid.value = arena_strdup(&w->arena, task_id);
	aid.value = arena_strdup(&w->arena, a->id);
	s.task_id = &tid;
	s.agent_id = &aid;
	s.state = (Mesos__V1__TaskState)state;
	s.has_source = 1;
	s.source = MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR;
	s.has_uuid = 1;
	s.uuid = world_uuid(w, number);
	s.has_timestamp = 1;
	s.timestamp = (double)w->wall_ns / 1e9;
	up.framework_id = &fid;
	up.status = &s;
	up.latest_state = s.state;
	msg.status_update = &up;
	world_tell(w, a, BUTTE__LINK__TO_MASTER__MSG_STATUS_UPDATE, &msg);
}

WORLD uint64_t world_ack(struct world *w, const struct world_framework *fw,
	const struct world_agent *a, const char *task_id, unsigned number)
{
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Acknowledge ack =
		MESOS__V1__SCHEDULER__CALL__ACKNOWLEDGE__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;

	tid.value = arena_strdup(&w->arena, task_id);
	aid.value = arena_strdup(&w->arena, a->id);
	ack.task_id = &tid;
	ack.agent_id = &aid;
	ack.uuid = world_uuid(w, number);
	call.type = W_CALL(ACKNOWLEDGE);
	call.acknowledge = &ack;
	return world_call(w, fw, &call);
}

WORLD uint64_t world_kill(struct world *w, const struct world_framework *fw,
	const char *task_id, const char *agent_id)
{
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Kill kill =
		MESOS__V1__SCHEDULER__CALL__KILL__INIT;
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;

	tid.value = arena_strdup(&w->arena, task_id);
	kill.task_id = &tid;
	if (agent_id != NULL) {
		aid.value = arena_strdup(&w->arena, agent_id);
		kill.agent_id = &aid;
	}
	call.type = W_CALL(KILL);
	call.kill = &kill;
	return world_call(w, fw, &call);
}

/* One task, or all of them if task_id is NULL. */
WORLD uint64_t world_reconcile(struct world *w,
	const struct world_framework *fw, const char *task_id,
	const char *agent_id)
{
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Reconcile r =
		MESOS__V1__SCHEDULER__CALL__RECONCILE__INIT;
	Mesos__V1__Scheduler__Call__Reconcile__Task task =
		MESOS__V1__SCHEDULER__CALL__RECONCILE__TASK__INIT;
	Mesos__V1__Scheduler__Call__Reconcile__Task *tasks[] = { &task };
	Mesos__V1__TaskID tid = MESOS__V1__TASK_ID__INIT;
	Mesos__V1__AgentID aid = MESOS__V1__AGENT_ID__INIT;

	tid.value = arena_strdup(&w->arena, task_id);
	task.task_id = &tid;
	if (agent_id != NULL) {
		aid.value = arena_strdup(&w->arena, agent_id);
		task.agent_id = &aid;
	}
	r.tasks = tasks;
	r.n_tasks = task_id != NULL;
	call.type = W_CALL(RECONCILE);
	call.reconcile = &r;
	return world_call(w, fw, &call);
}

/* A call without a body: TEARDOWN, REVIVE, SUPPRESS. */
WORLD uint64_t world_simple(
	struct world *w, const struct world_framework *fw, int type)
{
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;

	call.type = (Mesos__V1__Scheduler__Call__Type)type;
	return world_call(w, fw, &call);
}

/* What an agent with one live task brings along. */
WORLD void world_bring(struct world *w, Butte__Link__ReregisterAgent *ret,
	const struct world_framework *fw, const Mesos__V1__FrameworkInfo *info,
	const Butte__Link__RunTask *run, int state)
{
	Mesos__V1__Task *t = arena_alloc(&w->arena, sizeof(*t));
	Mesos__V1__FrameworkInfo *full = arena_alloc(&w->arena, sizeof(*full));

	*full = *info;
	full->id = arena_alloc(&w->arena, sizeof(*full->id));
	mesos__v1__framework_id__init(full->id);
	full->id->value = arena_strdup(&w->arena, fw->id);
	mesos__v1__task__init(t);
	t->name = run->task->name;
	t->task_id = run->task->task_id;
	t->framework_id = full->id;
	t->agent_id = run->task->agent_id;
	t->state = (Mesos__V1__TaskState)state;
	t->resources = run->task->resources;
	t->n_resources = run->task->n_resources;
	butte__link__reregister_agent__init(ret);
	ret->frameworks = arena_memdup(&w->arena, &full, sizeof(full));
	ret->n_frameworks = 1;
	ret->tasks = arena_memdup(&w->arena, &t, sizeof(t));
	ret->n_tasks = 1;
}

#endif
