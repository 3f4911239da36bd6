/* hold.c - see hold.h. */
#include "agent/hold.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/check.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/res.h"
#include "common/task_state.h"
#include "mesos/v1/mesos.pb-c.h"

#define KILL_GRACE_DEFAULT_MS 3000
/* Forty days are as good as for ever, and no sum overflows. */
#define KILL_GRACE_MAX_MS ((uint64_t)40 * 24 * 3600 * 1000)

static void framework_free(struct agent *a, struct framework *f);
static void executor_free(struct agent *a, struct executor *e);
static void task_free(struct agent *a, struct task *t);
static void update_free(struct update *u);
static void *unpack(const struct blob *b,
	const ProtobufCMessageDescriptor *desc, struct arena *to);

void hold_init(struct agent *a, uint64_t seed)
{
	prng_init(&a->prng, seed);
	TAILQ_INIT(&a->frameworks);
	TAILQ_INIT(&a->completed);
	STAILQ_INIT(&a->sandboxes);
	STAILQ_INIT(&a->removed);
	heap_init(&a->executor_dues);
	heap_init(&a->heartbeat_dues);
	heap_init(&a->kill_dues);
	heap_init(&a->retry_dues);
}

void hold_fini(struct agent *a)
{
	struct framework *f, *next;
	struct sandbox *s;

	TAILQ_FOREACH_SAFE (f, &a->frameworks, next, next) {
		HASH_DEL(a->frameworks_by_id, f);
		framework_free(a, f);
	}
	TAILQ_FOREACH_SAFE (f, &a->completed, next, next)
		framework_free(a, f);
	while ((s = STAILQ_FIRST(&a->sandboxes)) != NULL) {
		STAILQ_REMOVE_HEAD(&a->sandboxes, next);
		free(s);
	}
	while ((s = STAILQ_FIRST(&a->removed)) != NULL) {
		STAILQ_REMOVE_HEAD(&a->removed, next);
		free(s);
	}
	CHECK(heap_min(&a->executor_dues) == NULL);
	CHECK(heap_min(&a->heartbeat_dues) == NULL);
	CHECK(heap_min(&a->kill_dues) == NULL);
	CHECK(heap_min(&a->retry_dues) == NULL);
	heap_fini(&a->executor_dues);
	heap_fini(&a->heartbeat_dues);
	heap_fini(&a->kill_dues);
	heap_fini(&a->retry_dues);
}

/* --- encoded messages --------------------------------------------------- */

void hold_blob_set(struct blob *b, const ProtobufCMessage *msg)
{
	hold_blob_fini(b);
	if (msg == NULL)
		return;
	b->size = protobuf_c_message_get_packed_size(msg);
	b->data = xmalloc(b->size);
	CHECK(protobuf_c_message_pack(msg, b->data) == b->size);
}

void hold_blob_fini(struct blob *b)
{
	free(b->data);
	*b = (struct blob){ NULL, 0 };
}

Mesos__V1__FrameworkInfo *hold_framework_info(
	const struct framework *f, struct arena *to)
{
	return unpack(&f->info, &mesos__v1__framework_info__descriptor, to);
}

Mesos__V1__ExecutorInfo *hold_executor_info(
	const struct executor *e, struct arena *to)
{
	return unpack(&e->info, &mesos__v1__executor_info__descriptor, to);
}

Mesos__V1__TaskInfo *hold_task_info(const struct task *t, struct arena *to)
{
	if (t->info.data == NULL)
		return NULL;
	return unpack(&t->info, &mesos__v1__task_info__descriptor, to);
}

static void *unpack(const struct blob *b,
	const ProtobufCMessageDescriptor *desc, struct arena *to)
{
	ProtobufCMessage *m = msg_unpack(to, desc, b->data, b->size, NULL);

	CHECK(m != NULL);
	return m;
}

/* --- frameworks --------------------------------------------------------- */

struct framework *hold_framework_find(const struct agent *a, const char *id)
{
	struct framework *f;

	HASH_FIND_STR(a->frameworks_by_id, id, f);
	return f;
}

struct framework *hold_framework_add(
	struct agent *a, const Mesos__V1__FrameworkInfo *info)
{
	const char *id = info->id->value;
	struct framework *f;

	CHECK(hold_framework_find(a, id) == NULL);
	TAILQ_FOREACH (f, &a->completed, next)
		if (strcmp(f->id, id) == 0)
			break;
	if (f != NULL) {
		TAILQ_REMOVE(&a->completed, f, next);
		a->n_completed--;
		f->terminating = false;
	} else {
		f = xcalloc(1, sizeof(*f));
		f->id = xstrdup(id);
		TAILQ_INIT(&f->executors);
		TAILQ_INIT(&f->completed);
		TAILQ_INIT(&f->orphans);
	}
	hold_framework_update(f, info);
	TAILQ_INSERT_TAIL(&a->frameworks, f, next);
	HASH_ADD_KEYPTR(hh, a->frameworks_by_id, f->id, strlen(f->id), f);
	return f;
}

void hold_framework_update(
	struct framework *f, const Mesos__V1__FrameworkInfo *info)
{
	size_t i;

	hold_blob_set(&f->info, &info->base);
	free(f->user);
	f->user = xstrdup(info->user);
	f->partition_aware = false;
	for (i = 0; i < info->n_capabilities; i++)
		if ((int)info->capabilities[i]->type ==
			MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE)
			f->partition_aware = true;
}

void hold_framework_complete(struct agent *a, struct framework *f)
{
	struct framework *oldest;

	CHECK(TAILQ_EMPTY(&f->executors));
	CHECK(f->tasks == NULL);
	CHECK(TAILQ_EMPTY(&f->orphans));
	a->recheck = true;
	HASH_DEL(a->frameworks_by_id, f);
	TAILQ_REMOVE(&a->frameworks, f, next);
	TAILQ_INSERT_TAIL(&a->completed, f, next);
	a->n_completed++;
	if (a->n_completed <= AGENT_COMPLETED_FRAMEWORKS_MAX)
		return;
	oldest = TAILQ_FIRST(&a->completed);
	TAILQ_REMOVE(&a->completed, oldest, next);
	a->n_completed--;
	framework_free(a, oldest);
}

/* Out of the agent's map and list already, or all of them are going. */
static void framework_free(struct agent *a, struct framework *f)
{
	struct executor *e, *next_e;
	struct task *t, *next_t;

	TAILQ_FOREACH_SAFE (e, &f->executors, next, next_e)
		executor_free(a, e);
	TAILQ_FOREACH_SAFE (e, &f->completed, next, next_e)
		executor_free(a, e);
	TAILQ_FOREACH_SAFE (t, &f->orphans, next, next_t)
		task_free(a, t);
	CHECK(f->tasks == NULL);
	hold_blob_fini(&f->info);
	free(f->user);
	free(f->id);
	free(f);
}

/* --- executors ---------------------------------------------------------- */

struct executor *hold_executor_find(const struct framework *f, const char *id)
{
	struct executor *e;

	HASH_FIND_STR(f->executors_by_id, id, e);
	return e;
}

struct executor *hold_executor_by_container(
	const struct agent *a, const char *container_id)
{
	struct executor *e;

	HASH_FIND(hh_container, a->containers, container_id,
		strlen(container_id), e);
	return e;
}

struct executor *hold_executor_by_stream(const struct agent *a, uint64_t stream)
{
	struct executor *e;

	HASH_FIND(hh_stream, a->streams, &stream, sizeof(stream), e);
	return e;
}

struct executor *hold_executor_add(struct agent *a, struct framework *f,
	const Mesos__V1__ExecutorInfo *info, const char *container_id)
{
	struct executor *e = xcalloc(1, sizeof(*e));

	CHECK(hold_executor_find(f, info->executor_id->value) == NULL);
	CHECK(strlen(container_id) == UUID_TEXT_SIZE - 1);
	e->framework = f;
	e->id = xstrdup(info->executor_id->value);
	memcpy(e->container_id, container_id, UUID_TEXT_SIZE);
	hold_blob_set(&e->info, &info->base);
	e->own = hold_limits(info->resources, info->n_resources);
	e->sum = e->own;
	e->verdict.state = -1;
	e->grace_ms = a->cfg->executor_shutdown_grace_period_ms;
	if (info->shutdown_grace_period != NULL &&
		info->shutdown_grace_period->nanoseconds >= 0)
		e->grace_ms =
			(uint64_t)info->shutdown_grace_period->nanoseconds /
			1000000;
	TAILQ_INIT(&e->tasks);
	TAILQ_INIT(&e->completed);
	TAILQ_INSERT_TAIL(&f->executors, e, next);
	f->n_executors++;
	HASH_ADD_KEYPTR(hh, f->executors_by_id, e->id, strlen(e->id), e);
	HASH_ADD_KEYPTR(hh_container, a->containers, e->container_id,
		UUID_TEXT_SIZE - 1, e);
	return e;
}

void hold_executor_stream_set(
	struct agent *a, struct executor *e, uint64_t stream)
{
	if (e->stream != 0)
		HASH_DELETE(hh_stream, a->streams, e);
	if (stream == 0)
		heap_remove(&a->heartbeat_dues, &e->heartbeat);
	e->stream = stream;
	if (e->stream != 0)
		HASH_ADD(hh_stream, a->streams, stream, sizeof(e->stream), e);
}

void hold_executor_wait(struct agent *a, struct executor *e,
	enum executor_wait wait, uint64_t ms)
{
	e->wait = wait;
	e->wait_ms = ms;
	if (wait == WAIT_NONE)
		heap_remove(&a->executor_dues, &e->due);
	else
		heap_update(&a->executor_dues, &e->due, a->now_ms + ms);
}

bool hold_executor_sum(struct executor *e)
{
	struct agent_limits old = e->sum;
	const struct task *t;

	e->sum = e->own;
	TAILQ_FOREACH (t, &e->tasks, next)
		if (hold_task_is_live(t)) {
			e->sum.cpu_milli += t->limits.cpu_milli;
			e->sum.mem_mb += t->limits.mem_mb;
		}
	return e->sum.cpu_milli != old.cpu_milli || e->sum.mem_mb != old.mem_mb;
}

void hold_executor_complete(struct agent *a, struct executor *e)
{
	struct framework *f = e->framework;
	struct executor *oldest;

	CHECK(TAILQ_EMPTY(&e->tasks));
	CHECK(e->state == EXECUTOR_TERMINATED);
	HASH_DEL(f->executors_by_id, e);
	HASH_DELETE(hh_container, a->containers, e);
	hold_executor_stream_set(a, e, 0);
	hold_executor_wait(a, e, WAIT_NONE, 0);
	TAILQ_REMOVE(&f->executors, e, next);
	f->n_executors--;
	TAILQ_INSERT_TAIL(&f->completed, e, next);
	f->n_completed++;
	if (f->n_completed <= a->cfg->max_completed_executors_per_framework)
		return;
	oldest = TAILQ_FIRST(&f->completed);
	TAILQ_REMOVE(&f->completed, oldest, next);
	f->n_completed--;
	executor_free(a, oldest);
}

/* Also of one that is still in its maps, when all of the agent goes. */
static void executor_free(struct agent *a, struct executor *e)
{
	struct task *t, *next;

	TAILQ_FOREACH_SAFE (t, &e->tasks, next, next)
		task_free(a, t);
	TAILQ_FOREACH_SAFE (t, &e->completed, next, next)
		task_free(a, t);
	if (hold_executor_by_container(a, e->container_id) == e) {
		HASH_DEL(e->framework->executors_by_id, e);
		HASH_DELETE(hh_container, a->containers, e);
	}
	hold_executor_stream_set(a, e, 0);
	hold_executor_wait(a, e, WAIT_NONE, 0);
	hold_blob_fini(&e->info);
	free(e->verdict.message);
	free(e->id);
	free(e);
}

/* --- tasks -------------------------------------------------------------- */

struct task *hold_task_find(const struct framework *f, const char *id)
{
	struct task *t;

	HASH_FIND_STR(f->tasks, id, t);
	return t;
}

struct task *hold_task_add(struct agent *a, struct framework *f,
	struct executor *e, const char *id, const Mesos__V1__TaskInfo *info)
{
	struct task *t = xcalloc(1, sizeof(*t));

	CHECK(hold_task_find(f, id) == NULL);
	t->framework = f;
	t->executor = e;
	t->id = xstrdup(id);
	t->number = a->next_task++;
	t->state = MESOS__V1__TASK_STATE__TASK_STAGING;
	TAILQ_INIT(&t->updates);
	if (info != NULL) {
		hold_blob_set(&t->info, &info->base);
		t->limits = hold_limits(info->resources, info->n_resources);
		t->kill_grace_ms =
			hold_grace_ms(info->kill_policy, KILL_GRACE_DEFAULT_MS);
	}
	HASH_ADD_KEYPTR(hh, f->tasks, t->id, strlen(t->id), t);
	if (e == NULL) {
		TAILQ_INSERT_TAIL(&f->orphans, t, next);
		return t;
	}
	TAILQ_INSERT_TAIL(&e->tasks, t, next);
	e->n_tasks++;
	return t;
}

void hold_task_number_set(struct agent *a, struct task *t, uint64_t number)
{
	struct task_list *list = t->executor != NULL ? &t->executor->tasks
						     : &t->framework->orphans;
	struct task *before;

	t->number = number;
	if (a->next_task <= number)
		a->next_task = number + 1;
	TAILQ_REMOVE(list, t, next);
	TAILQ_FOREACH_REVERSE(before, list, task_list, next)
	if (before->number < number)
		break;
	if (before != NULL)
		TAILQ_INSERT_AFTER(list, before, t, next);
	else
		TAILQ_INSERT_HEAD(list, t, next);
}

void hold_task_passed(struct task *t, int state, int64_t wall_ns)
{
	if (t->n_passed > 0 && t->passed[t->n_passed - 1].state == state)
		t->n_passed--;
	if (t->n_passed == AGENT_TASK_HISTORY_MAX)
		t->n_passed--;
	t->passed = xgrow(
		t->passed, &t->passed_cap, t->n_passed + 1, sizeof(*t->passed));
	t->passed[t->n_passed++] = (struct passed){ state, wall_ns };
}

bool hold_task_is_live(const struct task *t)
{
	return t->held == NULL && !task_state_is_terminal(t->state);
}

void hold_task_complete(struct agent *a, struct task *t)
{
	struct executor *e = t->executor;
	struct task *oldest;

	CHECK(TAILQ_EMPTY(&t->updates));
	CHECK(t->held == NULL);
	HASH_DEL(t->framework->tasks, t);
	heap_remove(&a->kill_dues, &t->kill_due);
	heap_remove(&a->retry_dues, &t->retry_due);
	if (e == NULL) {
		TAILQ_REMOVE(&t->framework->orphans, t, next);
		task_free(a, t);
		return;
	}
	TAILQ_REMOVE(&e->tasks, t, next);
	e->n_tasks--;
	TAILQ_INSERT_TAIL(&e->completed, t, next);
	e->n_completed++;
	free(t->acked);
	t->acked = NULL;
	t->n_acked = t->acked_cap = 0;
	if (e->n_completed <= AGENT_COMPLETED_TASKS_MAX)
		return;
	oldest = TAILQ_FIRST(&e->completed);
	TAILQ_REMOVE(&e->completed, oldest, next);
	e->n_completed--;
	task_free(a, oldest);
}

static void task_free(struct agent *a, struct task *t)
{
	struct update *u, *next;

	if (hold_task_find(t->framework, t->id) == t)
		HASH_DEL(t->framework->tasks, t);
	heap_remove(&a->kill_dues, &t->kill_due);
	heap_remove(&a->retry_dues, &t->retry_due);
	TAILQ_FOREACH_SAFE (u, &t->updates, next, next)
		update_free(u);
	update_free(t->held);
	hold_blob_fini(&t->info);
	hold_blob_fini(&t->kill);
	free(t->acked);
	free(t->passed);
	free(t->id);
	free(t);
}

static void update_free(struct update *u)
{
	if (u == NULL)
		return;
	hold_blob_fini(&u->status);
	free(u);
}

/* --- odds and ends ------------------------------------------------------ */

void hold_uuid(struct agent *a, uint8_t ret[UUID_SIZE])
{
	uint64_t half[2];

	half[0] = prng_next(&a->prng);
	half[1] = prng_next(&a->prng);
	memcpy(ret, half, sizeof(half));
	uuid_v4(ret);
}

char *hold_directory(
	const struct agent *a, const struct executor *e, struct arena *to)
{
	CHECK(a->id != NULL);
	return arena_printf(to, "slaves/%s/frameworks/%s/executors/%s/runs/%s",
		a->id, e->framework->id, e->id, e->container_id);
}

uint64_t hold_grace_ms(const Mesos__V1__KillPolicy *p, uint64_t fallback_ms)
{
	uint64_t ms;

	if (p == NULL || p->grace_period == NULL ||
		p->grace_period->nanoseconds < 0)
		return fallback_ms;
	ms = (uint64_t)p->grace_period->nanoseconds / 1000000;
	return ms < KILL_GRACE_MAX_MS ? ms : KILL_GRACE_MAX_MS;
}

/* What can't be read was refused when the task came, or counts as nothing. */
struct agent_limits hold_limits(Mesos__V1__Resource *const *resources, size_t n)
{
	struct agent_limits l = { 0, 0 };
	struct res r = RES_INIT;

	if (res_from_msgs(&r, resources, n, NULL) == 0) {
		l.cpu_milli = res_sum(&r, "cpus");
		l.mem_mb = res_sum(&r, "mem") / 1000;
	}
	res_fini(&r);
	return l;
}

static void task_check(const struct task *t)
{
	const struct update *u;
	uint64_t last = 0;
	size_t n = 0;

	CHECK(hold_task_find(t->framework, t->id) == t);
	CHECK(task_state_is_known(t->state));
	TAILQ_FOREACH (u, &t->updates, next) {
		CHECK(n == 0 || u->number > last);
		CHECK(u->number < t->next_update);
		/* Only the last can be the end. */
		CHECK(!task_state_is_terminal(u->state) ||
			TAILQ_NEXT(u, next) == NULL);
		last = u->number;
		n++;
	}
	CHECK(n == t->n_updates);
	CHECK(t->held == NULL || !task_state_is_terminal(t->state));
	/* A task that is over waits for its last acknowledgement. */
	CHECK(!task_state_is_terminal(t->state) || n > 0 ||
		t->framework->terminating);
	CHECK(t->n_acked <= AGENT_ACKED_UUIDS_MAX);
}

static void executor_check(const struct agent *a, const struct executor *e)
{
	const struct task *t;
	size_t n = 0;

	CHECK(hold_executor_find(e->framework, e->id) == e);
	CHECK(hold_executor_by_container(a, e->container_id) == e);
	CHECK(e->stream == 0 || hold_executor_by_stream(a, e->stream) == e);
	CHECK((e->wait == WAIT_NONE) == !heap_has(&e->due));
	/* Each state that must end has a deadline. */
	CHECK(e->state != EXECUTOR_REGISTERING || e->wait != WAIT_NONE);
	CHECK(e->state != EXECUTOR_TERMINATING || e->wait != WAIT_NONE);
	CHECK(e->state != EXECUTOR_TERMINATED || e->wait == WAIT_NONE);
	TAILQ_FOREACH (t, &e->tasks, next) {
		CHECK(t->executor == e);
		CHECK(t->framework == e->framework);
		CHECK(e->state != EXECUTOR_TERMINATED ||
			task_state_is_terminal(t->state));
		task_check(t);
		n++;
	}
	CHECK(n == e->n_tasks);
	CHECK(e->state != EXECUTOR_TERMINATED || n > 0);
}

void hold_check(const struct agent *a)
{
	const struct framework *f;
	const struct executor *e;
	const struct task *t;

	TAILQ_FOREACH (f, &a->frameworks, next) {
		size_t n_tasks = 0, n = 0;

		CHECK(hold_framework_find(a, f->id) == f);
		CHECK(!TAILQ_EMPTY(&f->executors) || f->tasks != NULL);
		TAILQ_FOREACH (e, &f->executors, next) {
			CHECK(e->framework == f);
			executor_check(a, e);
			n_tasks += e->n_tasks;
			n++;
		}
		CHECK(n == f->n_executors);
		TAILQ_FOREACH (t, &f->orphans, next) {
			CHECK(t->executor == NULL);
			task_check(t);
			n_tasks++;
		}
		CHECK(n_tasks == HASH_COUNT(f->tasks));
	}
}
