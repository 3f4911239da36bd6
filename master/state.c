/* state.c - see state.h. */
#include "master/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/msg.h"
#include "master/alloc.h"
#include "mesos/v1/mesos.pb-c.h"

#define GRID_MS 250

static void blob_set(struct blob *b, const ProtobufCMessage *msg);
static void blob_free(struct blob *b);
static void framework_free(struct framework *fw);
static void task_free(struct task *t);

void state_init(struct master *m)
{
	heap_init(&m->deadlines);
	TAILQ_INIT(&m->watchers);
	TAILQ_INIT(&m->limited);
	m->gc.kind = DEADLINE_REGISTRY_GC;
	m->permit.kind = DEADLINE_UNREACHABLE;
}

static void absent_fini(struct absent **table)
{
	while (*table != NULL)
		state_absent_free(table, *table);
}

/* In the order in which things refer to each other. */
void state_fini(struct master *m)
{
	struct watcher *w;

	while (m->offers != NULL)
		state_offer_free(m, m->offers);
	while (m->frameworks != NULL) {
		struct framework *fw = m->frameworks;
		struct executor *x;

		while ((x = TAILQ_FIRST(&fw->executors)) != NULL)
			state_executor_free(x);
		while (fw->tasks != NULL) {
			fw->tasks->holds = false;
			state_task_complete(m, fw->tasks);
		}
		state_framework_stream_set(m, fw, 0, NULL);
		state_deadline_clear(m, &fw->failover);
		HASH_DEL(m->frameworks, fw);
		framework_free(fw);
	}
	while (m->completed != NULL)
		state_completed_free(m, m->completed);
	while (m->uplinks != NULL)
		state_uplink_free(m, m->uplinks);
	while (m->agents != NULL) {
		m->agents->is_limited = false;
		state_agent_free(m, m->agents);
	}
	absent_fini(&m->unreachable);
	absent_fini(&m->gone);
	while ((w = TAILQ_FIRST(&m->watchers)) != NULL) {
		state_deadline_clear(m, &w->heartbeat);
		TAILQ_REMOVE(&m->watchers, w, next);
		free(w);
	}
	heap_fini(&m->deadlines);
}

static void blob_set(struct blob *b, const ProtobufCMessage *msg)
{
	size_t size = protobuf_c_message_get_packed_size(msg);
	uint8_t *data = xmalloc(size > 0 ? size : 1);

	CHECK(protobuf_c_message_pack(msg, data) == size);
	free(b->data);
	b->data = data;
	b->size = size;
}

static void blob_free(struct blob *b)
{
	free(b->data);
	*b = (struct blob){ 0 };
}

/* --- time ------------------------------------------------------------------ */

void state_deadline_set(struct master *m, struct deadline *d, uint64_t at_ms)
{
	heap_update(&m->deadlines, &d->node, at_ms);
}

void state_deadline_every(
	struct master *m, struct deadline *d, uint64_t interval_ms)
{
	uint64_t at_ms = m->now_ms + (interval_ms > 0 ? interval_ms : 1);

	/* Short ones are for tests, and would lose too much of themselves. */
	if (interval_ms >= 4 * GRID_MS)
		at_ms -= at_ms % GRID_MS;
	CHECK(at_ms > m->now_ms);
	state_deadline_set(m, d, at_ms);
}

void state_deadline_clear(struct master *m, struct deadline *d)
{
	heap_remove(&m->deadlines, &d->node);
}

/* --- frameworks -------------------------------------------------------------- */

void state_framework_info_set(
	struct framework *fw, Mesos__V1__FrameworkInfo *info)
{
	size_t i;

	CHECK(info->id != NULL);
	CHECK(strcmp(info->id->value, fw->id) == 0);
	if (info != fw->info && fw->info != NULL)
		msg_free(&fw->info->base);
	fw->info = info;
	fw->capabilities = 0;
	for (i = 0; i < info->n_capabilities; i++)
		if (info->capabilities[i]->has_type)
			fw->capabilities |=
				CAPABILITY(info->capabilities[i]->type);
	free(fw->roles);
	if (state_framework_has(fw,
		    MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__MULTI_ROLE)) {
		fw->n_roles = info->n_roles;
		fw->roles = xcalloc(info->n_roles + 1, sizeof(*fw->roles));
		for (i = 0; i < info->n_roles; i++)
			fw->roles[i] = info->roles[i];
		return;
	}
	fw->n_roles = 1;
	fw->roles = xcalloc(1, sizeof(*fw->roles));
	fw->roles[0] = info->role != NULL ? info->role : "*";
}

struct framework *state_framework_add(
	struct master *m, const Mesos__V1__FrameworkInfo *info)
{
	struct framework *fw = xcalloc(1, sizeof(*fw));

	CHECK(info->id != NULL);
	CHECK(state_framework_find(m, info->id->value) == NULL);
	fw->id = xstrdup(info->id->value);
	fw->state = FRAMEWORK_RECOVERED;
	fw->heartbeat.kind = DEADLINE_HEARTBEAT;
	fw->failover.kind = DEADLINE_FAILOVER;
	TAILQ_INIT(&fw->offers);
	TAILQ_INIT(&fw->completed);
	TAILQ_INIT(&fw->executors);
	state_framework_info_set(
		fw, (Mesos__V1__FrameworkInfo *)(void *)msg_dup(&info->base));
	HASH_ADD_KEYPTR(hh, m->frameworks, fw->id, strlen(fw->id), fw);
	return fw;
}

struct framework *state_framework_find(const struct master *m, const char *id)
{
	struct framework *fw;

	HASH_FIND_STR(m->frameworks, id, fw);
	return fw;
}

struct framework *state_completed_find(const struct master *m, const char *id)
{
	struct framework *fw;

	HASH_FIND_STR(m->completed, id, fw);
	return fw;
}

struct framework *state_framework_by_stream(
	const struct master *m, uint64_t stream)
{
	struct framework *fw;

	HASH_FIND(hh_stream, m->streams, &stream, sizeof(stream), fw);
	return fw;
}

struct framework *state_framework_next(
	const struct master *m, const struct framework *fw)
{
	return fw == NULL ? m->frameworks : fw->hh.next;
}

struct framework *state_completed_next(
	const struct master *m, const struct framework *fw)
{
	return fw == NULL ? m->completed : fw->hh.next;
}

void state_framework_stream_set(struct master *m, struct framework *fw,
	uint64_t stream, const char *stream_id)
{
	if (fw->stream != 0)
		HASH_DELETE(hh_stream, m->streams, fw);
	free(fw->stream_id);
	fw->stream = stream;
	fw->stream_id = xstrdup(stream_id);
	if (stream == 0)
		state_deadline_clear(m, &fw->heartbeat);
	else
		HASH_ADD(hh_stream, m->streams, stream, sizeof(fw->stream), fw);
}

void state_framework_complete(struct master *m, struct framework *fw)
{
	CHECK(TAILQ_EMPTY(&fw->offers));
	CHECK(TAILQ_EMPTY(&fw->executors));
	CHECK(fw->tasks == NULL);
	CHECK(fw->stream == 0);
	state_deadline_clear(m, &fw->failover);
	HASH_DEL(m->frameworks, fw);
	fw->state = FRAMEWORK_COMPLETED;
	HASH_ADD_KEYPTR(hh, m->completed, fw->id, strlen(fw->id), fw);
}

struct framework *state_completed_excess(const struct master *m)
{
	return HASH_COUNT(m->completed) > m->cfg.max_completed_frameworks
		? m->completed
		: NULL;
}

static int ended_before(const struct framework *a, const struct framework *b)
{
	return a->unregistered_ns < b->unregistered_ns
		? -1
		: a->unregistered_ns > b->unregistered_ns;
}

void state_completed_sort(struct master *m)
{
	HASH_SORT(m->completed, ended_before);
}

void state_completed_free(struct master *m, struct framework *fw)
{
	HASH_DEL(m->completed, fw);
	framework_free(fw);
}

static void framework_free(struct framework *fw)
{
	struct task *t;

	CHECK(fw->tasks == NULL);
	while (fw->unreachable != NULL)
		state_unreachable_free(fw->unreachable);
	while ((t = TAILQ_FIRST(&fw->completed)) != NULL) {
		TAILQ_REMOVE(&fw->completed, t, of_completed);
		task_free(t);
	}
	msg_free(&fw->info->base);
	free(fw->roles);
	free(fw->stream_id);
	free(fw->id);
	free(fw);
}

bool state_framework_has(const struct framework *fw, unsigned capability)
{
	return (fw->capabilities & CAPABILITY(capability)) != 0;
}

bool state_framework_in_role(const struct framework *fw, const char *role)
{
	size_t i;

	for (i = 0; i < fw->n_roles; i++)
		if (strcmp(fw->roles[i], role) == 0)
			return true;
	return false;
}

/* --- agents -------------------------------------------------------------------- */

struct agent *state_agent_add(
	struct master *m, const Mesos__V1__AgentInfo *info)
{
	struct agent *a = xcalloc(1, sizeof(*a));

	CHECK(info->id != NULL);
	CHECK(state_agent_find(m, info->id->value) == NULL);
	a->id = xstrdup(info->id->value);
	a->info = (Mesos__V1__AgentInfo *)(void *)msg_dup(&info->base);
	a->ping.kind = DEADLINE_PING;
	a->reregister.kind = DEADLINE_REREGISTER;
	res_init(&a->total);
	res_init(&a->used);
	TAILQ_INIT(&a->offers);
	TAILQ_INIT(&a->tasks);
	HASH_ADD_KEYPTR(hh, m->agents, a->id, strlen(a->id), a);
	m->n_recovered++;
	return a;
}

void state_agent_info_set(struct agent *a, Mesos__V1__AgentInfo *info)
{
	CHECK(info->id != NULL);
	CHECK(strcmp(info->id->value, a->id) == 0);
	if (info != a->info)
		msg_free(&a->info->base);
	a->info = info;
}

void state_agent_registered(struct master *m, struct agent *a)
{
	CHECK(!a->registered);
	CHECK(m->n_recovered > 0);
	a->registered = true;
	m->n_recovered--;
}

struct agent *state_agent_find(const struct master *m, const char *id)
{
	struct agent *a;

	HASH_FIND_STR(m->agents, id, a);
	return a;
}

struct agent *state_agent_next(const struct master *m, const struct agent *a)
{
	return a == NULL ? m->agents : a->hh.next;
}

static void address_clear(struct master *m, struct agent *a)
{
	if (a->address == NULL)
		return;
	HASH_DELETE(hh_address, m->addresses, a);
	free(a->address);
	a->address = NULL;
}

void state_agent_address_set(struct master *m, struct agent *a, const char *ip)
{
	struct agent *before;

	address_clear(m, a);
	if (ip == NULL)
		return;
	free(a->ip);
	a->ip = xstrdup(ip);
	before = state_agent_at(m, ip, a->info->port);
	if (before != NULL)
		address_clear(m, before);
	a->address = xasprintf("%s:%d", ip, (int)a->info->port);
	HASH_ADD_KEYPTR(
		hh_address, m->addresses, a->address, strlen(a->address), a);
}

struct agent *state_agent_at(
	const struct master *m, const char *ip, int32_t port)
{
	char address[128];
	struct agent *a;

	(void)snprintf(address, sizeof(address), "%s:%d", ip, (int)port);
	HASH_FIND(hh_address, m->addresses, address, strlen(address), a);
	return a;
}

void state_agent_free(struct master *m, struct agent *a)
{
	CHECK(TAILQ_EMPTY(&a->offers));
	CHECK(TAILQ_EMPTY(&a->tasks));
	CHECK(a->executors == NULL);
	CHECK(!a->is_limited);
	state_deadline_clear(m, &a->ping);
	state_deadline_clear(m, &a->reregister);
	state_agent_address_set(m, a, NULL);
	m->n_recovered -= !a->registered;
	HASH_DEL(m->agents, a);
	msg_free(&a->info->base);
	res_fini(&a->total);
	res_fini(&a->used);
	free(a->ip);
	free(a->version);
	free(a->withheld);
	free(a->id);
	free(a);
}

unsigned state_agent_capabilities(
	Mesos__V1__AgentInfo__Capability *const *c, size_t n)
{
	unsigned bits = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (c[i]->has_type)
			bits |= CAPABILITY(c[i]->type);
	return bits;
}

struct uplink *state_uplink_add(
	struct master *m, uint64_t number, const char *ip)
{
	struct uplink *l = xcalloc(1, sizeof(*l));

	CHECK(number != 0);
	CHECK(state_uplink_find(m, number) == NULL);
	l->number = number;
	l->ip = xstrdup(ip != NULL ? ip : "");
	HASH_ADD(hh, m->uplinks, number, sizeof(l->number), l);
	return l;
}

struct uplink *state_uplink_find(const struct master *m, uint64_t number)
{
	struct uplink *l;

	HASH_FIND(hh, m->uplinks, &number, sizeof(number), l);
	return l;
}

void state_uplink_free(struct master *m, struct uplink *l)
{
	HASH_DEL(m->uplinks, l);
	if (l->agent != NULL)
		l->agent->link = 0;
	free(l->ip);
	free(l);
}

/* --- absent agents --------------------------------------------------------------- */

void state_absent_add(struct absent **table, const char *id, int64_t since_ns)
{
	struct absent *ab = xcalloc(1, sizeof(*ab));

	CHECK(state_absent_find(*table, id) == NULL);
	ab->id = xstrdup(id);
	ab->since_ns = since_ns;
	HASH_ADD_KEYPTR(hh, *table, ab->id, strlen(ab->id), ab);
}

struct absent *state_absent_find(struct absent *table, const char *id)
{
	struct absent *ab;

	HASH_FIND_STR(table, id, ab);
	return ab;
}

struct absent *state_absent_first(struct absent *table)
{
	return table;
}

static int older(const struct absent *a, const struct absent *b)
{
	return a->since_ns < b->since_ns ? -1 : a->since_ns > b->since_ns;
}

void state_absent_sort(struct absent **table)
{
	HASH_SORT(*table, older);
}

size_t state_absent_count(const struct absent *table)
{
	return HASH_COUNT(table);
}

void state_absent_free(struct absent **table, struct absent *ab)
{
	HASH_DEL(*table, ab);
	free(ab->id);
	free(ab);
}

/* --- offers ------------------------------------------------------------------------ */

struct offer *state_offer_add(struct master *m, struct framework *fw,
	struct agent *a, const char *role, struct res *res)
{
	struct offer *o = xcalloc(1, sizeof(*o));

	CHECK(!res_is_empty(res));
	o->id = xasprintf(
		"%s-O%llu", m->cfg.id, (unsigned long long)m->next_offer++);
	o->framework = fw;
	o->agent = a;
	o->role = xstrdup(role);
	o->expiry.kind = DEADLINE_OFFER;
	res_init(&o->res);
	res_move(&o->res, res);
	TAILQ_INSERT_TAIL(&fw->offers, o, of_framework);
	TAILQ_INSERT_TAIL(&a->offers, o, of_agent);
	HASH_ADD_KEYPTR(hh, m->offers, o->id, strlen(o->id), o);
	return o;
}

struct offer *state_offer_find(const struct master *m, const char *id)
{
	struct offer *o;

	HASH_FIND_STR(m->offers, id, o);
	return o;
}

size_t state_offer_count(const struct master *m)
{
	return HASH_COUNT(m->offers);
}

void state_offer_free(struct master *m, struct offer *o)
{
	state_deadline_clear(m, &o->expiry);
	HASH_DEL(m->offers, o);
	TAILQ_REMOVE(&o->framework->offers, o, of_framework);
	TAILQ_REMOVE(&o->agent->offers, o, of_agent);
	res_fini(&o->res);
	free(o->role);
	free(o->id);
	free(o);
}

/* --- tasks -------------------------------------------------------------------------- */

struct task *state_task_add(struct framework *fw, struct agent *a,
	const ProtobufCMessage *info, struct res *res)
{
	const Mesos__V1__Task *v1 = (const Mesos__V1__Task *)(const void *)info;
	struct task *t = xcalloc(1, sizeof(*t));

	CHECK(info->descriptor == &mesos__v1__task__descriptor);
	CHECK(state_task_find(fw, v1->task_id->value) == NULL);
	t->id = xstrdup(v1->task_id->value);
	t->framework = fw;
	t->agent = a;
	t->agent_id = xstrdup(a->id);
	t->state = (int)v1->state;
	t->kill_grace_ns = -1;
	if (v1->executor_id != NULL)
		t->executor_id = xstrdup(v1->executor_id->value);
	res_init(&t->res);
	res_move(&t->res, res);
	blob_set(&t->info, info);
	HASH_ADD_KEYPTR(hh, fw->tasks, t->id, strlen(t->id), t);
	TAILQ_INSERT_TAIL(&a->tasks, t, of_agent);
	return t;
}

struct task *state_task_find(const struct framework *fw, const char *id)
{
	struct task *t;

	HASH_FIND_STR(fw->tasks, id, t);
	return t;
}

struct task *state_task_next(const struct framework *fw, const struct task *t)
{
	return t == NULL ? fw->tasks : t->hh.next;
}

size_t state_task_count(const struct framework *fw)
{
	return HASH_COUNT(fw->tasks);
}

struct task *state_unreachable_find(const struct framework *fw, const char *id)
{
	struct task *t;

	HASH_FIND_STR(fw->unreachable, id, t);
	return t;
}

struct task *state_unreachable_next(
	const struct framework *fw, const struct task *t)
{
	return t == NULL ? fw->unreachable : t->hh.next;
}

/* Out of the table that it is in. */
static void task_detach(struct task *t)
{
	CHECK(!t->holds);
	if (t->agent != NULL) {
		TAILQ_REMOVE(&t->agent->tasks, t, of_agent);
		t->agent = NULL;
		HASH_DEL(t->framework->tasks, t);
	} else {
		HASH_DEL(t->framework->unreachable, t);
	}
}

void state_task_complete(struct master *m, struct task *t)
{
	struct framework *fw = t->framework;
	struct task *oldest;

	task_detach(t);
	TAILQ_INSERT_TAIL(&fw->completed, t, of_completed);
	fw->n_completed++;
	while (fw->n_completed > m->cfg.max_completed_tasks_per_framework) {
		oldest = TAILQ_FIRST(&fw->completed);
		TAILQ_REMOVE(&fw->completed, oldest, of_completed);
		fw->n_completed--;
		task_free(oldest);
	}
}

void state_task_unreachable(struct master *m, struct task *t)
{
	struct framework *fw = t->framework;
	unsigned max = m->cfg.max_unreachable_tasks_per_framework;

	CHECK(t->agent != NULL);
	CHECK(state_unreachable_find(fw, t->id) == NULL);
	task_detach(t);
	HASH_ADD_KEYPTR(hh, fw->unreachable, t->id, strlen(t->id), t);
	while (HASH_COUNT(fw->unreachable) > max)
		state_unreachable_free(fw->unreachable);
}

void state_unreachable_free(struct task *t)
{
	CHECK(t->agent == NULL);
	task_detach(t);
	task_free(t);
}

static void task_free(struct task *t)
{
	size_t i;

	for (i = 0; i < t->n_statuses; i++)
		blob_free(&t->statuses[i]);
	free(t->statuses);
	blob_free(&t->info);
	res_fini(&t->res);
	free(t->role);
	free(t->executor_id);
	free(t->agent_id);
	free(t->id);
	free(t);
}

void state_task_status_add(struct task *t, const Mesos__V1__TaskStatus *status)
{
	int state = (int)status->state;

	if (t->n_statuses == 0 || t->history_state != state) {
		if (t->n_statuses == TASK_STATUSES_MAX) {
			blob_free(&t->statuses[0]);
			memmove(&t->statuses[0], &t->statuses[1],
				(t->n_statuses - 1) * sizeof(t->statuses[0]));
			t->n_statuses--;
		}
		t->statuses = xgrow(t->statuses, &t->statuses_cap,
			t->n_statuses + 1, sizeof(t->statuses[0]));
		t->statuses[t->n_statuses++] = (struct blob){ 0 };
	}
	blob_set(&t->statuses[t->n_statuses - 1], &status->base);
	t->history_state = state;
	if (t->first_time_s <= 0 && status->has_timestamp)
		t->first_time_s = status->timestamp;
}

/* --- executors ------------------------------------------------------------------------ */

struct executor *state_executor_add(struct framework *fw, struct agent *a,
	const char *id, const ProtobufCMessage *info, struct res *res)
{
	struct executor *x = xcalloc(1, sizeof(*x));

	CHECK(state_executor_find(a, fw->id, id) == NULL);
	x->key = xasprintf("%s/%s", fw->id, id);
	x->id = x->key + strlen(fw->id) + 1;
	x->framework = fw;
	x->agent = a;
	res_init(&x->res);
	res_move(&x->res, res);
	blob_set(&x->info, info);
	TAILQ_INSERT_TAIL(&fw->executors, x, of_framework);
	HASH_ADD_KEYPTR(hh, a->executors, x->key, strlen(x->key), x);
	return x;
}

struct executor *state_executor_find(
	const struct agent *a, const char *framework_id, const char *id)
{
	char key[2 * ID_MAX + 2];
	struct executor *x;

	/* Longer ids were refused, so there is none. */
	if ((size_t)snprintf(key, sizeof(key), "%s/%s", framework_id, id) >=
		sizeof(key))
		return NULL;
	HASH_FIND_STR(a->executors, key, x);
	return x;
}

struct executor *state_executor_next(
	const struct agent *a, const struct executor *x)
{
	return x == NULL ? a->executors : x->hh.next;
}

void state_executor_free(struct executor *x)
{
	TAILQ_REMOVE(&x->framework->executors, x, of_framework);
	HASH_DEL(x->agent->executors, x);
	blob_free(&x->info);
	res_fini(&x->res);
	free(x->role);
	free(x->key);
	free(x);
}
