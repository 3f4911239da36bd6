/* test_solo.c - butte-executor's decisions: scripts of events, and what it says
 * to each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/executor/solo.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "common/task_state.h"
#include "mesos/v1/executor/executor.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"

#define EVENT(name) MESOS__V1__EXECUTOR__EVENT__TYPE__##name

typedef Mesos__V1__Executor__Event event_msg;
typedef Mesos__V1__Executor__Call call_msg;

struct bench {
	struct solo_config cfg;
	struct solo *solo;
	struct outbox out;
	uint64_t now;
	struct buf said;       /* since the last look */
	uint8_t uuids[16][16]; /* of updates, in order */
	size_t n_uuids;
	char *env; /* of the child */
};

static const char *const env[] = { "PATH=/bin", "A=1",
	"MESOS_EXECUTOR_AUTHENTICATION_TOKEN=secret", NULL };

static void note_update(struct bench *b, const Mesos__V1__TaskStatus *s)
{
	size_t i;

	assert_int_equal(s->uuid.len, 16);
	assert_int_equal(
		s->source, MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR);
	assert_string_equal(s->executor_id->value, "t");
	assert_true(s->has_timestamp);
	for (i = 0; i < b->n_uuids; i++)
		if (memcmp(b->uuids[i], s->uuid.data, 16) == 0)
			break;
	if (i == b->n_uuids)
		memcpy(b->uuids[b->n_uuids++], s->uuid.data, 16);
	buf_add_str(&b->said, task_state_name((int)s->state) + 5);
	if (s->has_reason)
		buf_printf(&b->said, "/%d", (int)s->reason);
	if (s->message != NULL)
		buf_printf(&b->said, "(%s)", s->message);
	buf_add_char(&b->said, ' ');
}

static void note_call(struct bench *b, const struct effect *e)
{
	struct arena mem;
	call_msg *c;
	size_t i;

	arena_init(&mem);
	c = MSG_UNPACK(call_msg, &mem, &mesos__v1__executor__call__descriptor,
		e->data, e->size, NULL);
	assert_non_null(c);
	assert_string_equal(c->framework_id->value, "f");
	if (e->to == SOLO_STREAM) {
		assert_non_null(c->subscribe);
		buf_printf(&b->said, "SUBSCRIBE:%zu[ ",
			c->subscribe->n_unacknowledged_tasks);
		for (i = 0; i < c->subscribe->n_unacknowledged_updates; i++)
			note_update(b,
				c->subscribe->unacknowledged_updates[i]
					->status);
		buf_add_str(&b->said, "] ");
	} else if (c->update != NULL) {
		note_update(b, c->update->status);
	} else {
		buf_add_str(&b->said, "heartbeat ");
	}
	arena_fini(&mem);
}

static void note_start(struct bench *b, const struct solo_start *s)
{
	size_t i;
	struct buf e = BUF_INIT;

	buf_printf(&b->said, "start:%s", s->value);
	for (i = 0; s->argv[i] != NULL; i++)
		buf_printf(&b->said, ",%s", s->argv[i]);
	buf_add_char(&b->said, ' ');
	for (i = 0; s->env[i] != NULL; i++)
		buf_printf(&e, "%s;", s->env[i]);
	free(b->env);
	b->env = buf_steal(&e);
}

static void step(struct bench *b, struct solo_event *ev)
{
	const struct effect *e;

	ev->now_ms = b->now;
	solo_step(b->solo, ev, &b->out);
	TAILQ_FOREACH (e, &b->out.effects, next) {
		if (e->type == EFFECT_LINK_SEND)
			note_call(b, e);
		else if (e->type == EFFECT_EXIT)
			buf_printf(&b->said, "exit:%d ", e->status);
		else if (e->status == SOLO_START)
			note_start(b, e->arg);
		else if (e->status == SOLO_TERM)
			buf_add_str(&b->said, "term ");
		else if (e->status == SOLO_KILL)
			buf_add_str(&b->said, "kill ");
		else if (e->status == SOLO_DISCONNECT)
			buf_add_str(&b->said, "disconnect ");
	}
	outbox_reset(&b->out);
}

static void begin(struct bench *b)
{
	*b = (struct bench){ .now = 1000 };
	b->cfg = (struct solo_config){ .framework_id = "f",
		.executor_id = "t",
		.env = env,
		.checkpoint = true,
		.recovery_timeout_ms = 20000,
		.subscription_backoff_max_ms = 2000,
		.shutdown_grace_period_ms = 5000,
		.seed = 7 };
	outbox_init(&b->out);
	b->solo = solo_new(&b->cfg);
	step(b, &(struct solo_event){ .type = SOLO_BEGIN });
}

static void finish(struct bench *b)
{
	solo_free(b->solo);
	outbox_fini(&b->out);
	buf_fini(&b->said);
	free(b->env);
}

#define expect(b, want)                                         \
	do {                                                    \
		assert_string_equal(buf_str(&(b)->said), want); \
		buf_clear(&(b)->said);                          \
	} while (0)

static void event(struct bench *b, event_msg *m)
{
	m->has_type = 1;
	step(b, &(struct solo_event){ .type = SOLO_EVENT, .event = m });
}

static void subscribed(struct bench *b, bool killing_state)
{
	event_msg m = MESOS__V1__EXECUTOR__EVENT__INIT;
	Mesos__V1__Executor__Event__Subscribed s =
		MESOS__V1__EXECUTOR__EVENT__SUBSCRIBED__INIT;
	Mesos__V1__FrameworkInfo f;
	Mesos__V1__FrameworkInfo__Capability c =
		MESOS__V1__FRAMEWORK_INFO__CAPABILITY__INIT;
	Mesos__V1__FrameworkInfo__Capability *list = &c;

	c.type =
		MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__TASK_KILLING_STATE;
	mesos__v1__framework_info__init(&f);
	f.capabilities = &list;
	f.n_capabilities = killing_state;
	s.framework_info = &f;
	m.type = EVENT(SUBSCRIBED);
	m.subscribed = &s;
	event(b, &m);
}

static Mesos__V1__TaskInfo *task_of(struct arena *mem, const char *id)
{
	Mesos__V1__TaskInfo *t = arena_alloc(mem, sizeof(*t));

	mesos__v1__task_info__init(t);
	t->name = arena_strdup(mem, id);
	t->task_id = arena_alloc(mem, sizeof(*t->task_id));
	mesos__v1__task_id__init(t->task_id);
	t->task_id->value = t->name;
	t->agent_id = arena_alloc(mem, sizeof(*t->agent_id));
	mesos__v1__agent_id__init(t->agent_id);
	t->agent_id->value = t->name;
	t->command = arena_alloc(mem, sizeof(*t->command));
	mesos__v1__command_info__init(t->command);
	t->command->value = arena_strdup(mem, "sleep 1");
	return t;
}

static Mesos__V1__DurationInfo *duration_of(struct arena *mem, int64_t ms)
{
	Mesos__V1__DurationInfo *d = arena_alloc(mem, sizeof(*d));

	mesos__v1__duration_info__init(d);
	d->nanoseconds = ms * 1000000;
	return d;
}

static void launch(struct bench *b, Mesos__V1__TaskInfo *t)
{
	event_msg m = MESOS__V1__EXECUTOR__EVENT__INIT;
	Mesos__V1__Executor__Event__Launch l =
		MESOS__V1__EXECUTOR__EVENT__LAUNCH__INIT;

	l.task = t;
	m.type = EVENT(LAUNCH);
	m.launch = &l;
	event(b, &m);
}

static void launch_plain(struct bench *b)
{
	struct arena mem;

	arena_init(&mem);
	launch(b, task_of(&mem, "t"));
	arena_fini(&mem);
}

static void kill_event(struct bench *b, int64_t grace_ms)
{
	event_msg m = MESOS__V1__EXECUTOR__EVENT__INIT;
	Mesos__V1__Executor__Event__Kill k =
		MESOS__V1__EXECUTOR__EVENT__KILL__INIT;
	Mesos__V1__KillPolicy p = MESOS__V1__KILL_POLICY__INIT;
	Mesos__V1__DurationInfo d = MESOS__V1__DURATION_INFO__INIT;
	Mesos__V1__TaskID id = MESOS__V1__TASK_ID__INIT;
	char name[] = "t";

	id.value = name;
	d.nanoseconds = grace_ms * 1000000;
	p.grace_period = &d;
	k.task_id = &id;
	k.kill_policy = grace_ms >= 0 ? &p : NULL;
	m.type = EVENT(KILL);
	m.kill = &k;
	event(b, &m);
}

static void acknowledged(struct bench *b, size_t i)
{
	event_msg m = MESOS__V1__EXECUTOR__EVENT__INIT;
	Mesos__V1__Executor__Event__Acknowledged a =
		MESOS__V1__EXECUTOR__EVENT__ACKNOWLEDGED__INIT;
	Mesos__V1__TaskID id = MESOS__V1__TASK_ID__INIT;
	char name[] = "t";

	assert_true(i < b->n_uuids);
	id.value = name;
	a.task_id = &id;
	a.uuid.data = b->uuids[i];
	a.uuid.len = 16;
	m.type = EVENT(ACKNOWLEDGED);
	m.acknowledged = &a;
	event(b, &m);
}

static void shutdown_event(struct bench *b)
{
	event_msg m = MESOS__V1__EXECUTOR__EVENT__INIT;

	m.type = EVENT(SHUTDOWN);
	event(b, &m);
}

static void exited(struct bench *b, int status, const char *signal, bool core)
{
	step(b,
		&(struct solo_event){ .type = SOLO_EXITED,
			.exit = { status, signal, core } });
}

static void broken(struct bench *b)
{
	step(b, &(struct solo_event){ .type = SOLO_BROKEN, .text = "gone" });
}

/* Time passes, tick by tick as it is wanted. */
static void pass(struct bench *b, uint64_t ms)
{
	uint64_t end = b->now + ms;

	while (solo_next_due(b->solo) <= end) {
		if (b->now < solo_next_due(b->solo))
			b->now = solo_next_due(b->solo);
		step(b, &(struct solo_event){ .type = SOLO_TICK });
	}
	b->now = end;
}

static void running(struct bench *b, bool killing_state)
{
	begin(b);
	subscribed(b, killing_state);
	launch_plain(b);
	expect(b,
		"SUBSCRIBE:0[ ] STARTING start:/bin/sh,sh,-c,sleep 1 RUNNING ");
}

static void test_ends(void **state)
{
	static const struct {
		int status;
		const char *signal;
		bool core;
		const char *want;
	} table[] = {
		{ 0, NULL, false, "FINISHED(Command exited with status 0) " },
		{ 3, NULL, false, "FAILED(Command exited with status 3) " },
		{ 0, "Killed", false,
			"FAILED(Command terminated with signal Killed) " },
		{ 0, "Aborted", true,
			"FAILED(Command terminated with signal Aborted (core "
			"dumped)) " },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct bench b;

		running(&b, false);
		exited(&b, table[i].status, table[i].signal, table[i].core);
		expect(&b, table[i].want);
		acknowledged(&b, 0);
		acknowledged(&b, 1);
		acknowledged(&b, 1); /* twice is nothing */
		expect(&b, "");
		acknowledged(&b, 2);
		expect(&b, "exit:0 ");
		finish(&b);
	}
}

static void test_no_acknowledgement(void **state)
{
	struct bench b;

	(void)state;
	running(&b, false);
	exited(&b, 0, NULL, false);
	buf_clear(&b.said);
	pass(&b, 59999);
	expect(&b, "");
	pass(&b, 1);
	expect(&b, "exit:1 ");
	finish(&b);
}

static void test_kill(void **state)
{
	struct bench b;

	(void)state;
	running(&b, true);
	kill_event(&b, -1);
	expect(&b, "KILLING term ");
	pass(&b, 2999);
	expect(&b, "");
	pass(&b, 1);
	expect(&b, "kill ");
	pass(&b, 200); /* a tree that forks meanwhile */
	expect(&b, "kill ");
	exited(&b, 0, "Killed", false);
	expect(&b, "KILLED(Command terminated with signal Killed) ");
	finish(&b);

	/* It was asked to die and does it its own way. */
	running(&b, false);
	kill_event(&b, 5000);
	expect(&b, "term ");
	exited(&b, 0, NULL, false);
	expect(&b, "KILLED(Command exited with status 0) ");
	kill_event(&b, 5000);
	pass(&b, 10000);
	expect(&b, "");
	finish(&b);
}

static void test_kill_shortened(void **state)
{
	struct bench b;

	(void)state;
	running(&b, false);
	kill_event(&b, 10000);
	pass(&b, 2000);
	kill_event(&b, 60000); /* longer: no */
	kill_event(&b, 5000);  /* of the first kill */
	expect(&b, "term ");
	pass(&b, 2999);
	expect(&b, "");
	pass(&b, 1);
	expect(&b, "kill ");
	finish(&b);

	running(&b, false);
	kill_event(&b, 10000);
	pass(&b, 2000);
	kill_event(&b, 1000); /* over already */
	pass(&b, 0);
	expect(&b, "term kill ");
	finish(&b);
}

static void test_task_policy_and_completion(void **state)
{
	Mesos__V1__TaskInfo *t;
	struct arena mem;
	struct bench b;

	(void)state;
	arena_init(&mem);
	t = task_of(&mem, "t");
	t->kill_policy = arena_alloc(&mem, sizeof(*t->kill_policy));
	mesos__v1__kill_policy__init(t->kill_policy);
	t->kill_policy->grace_period = duration_of(&mem, 700);
	t->max_completion_time = duration_of(&mem, 4000);

	begin(&b);
	subscribed(&b, true);
	launch(&b, t);
	buf_clear(&b.said);
	kill_event(&b, -1);
	pass(&b, 700);
	expect(&b, "KILLING term kill ");
	finish(&b);

	/* Its time is over: no KILLING, no grace, and a reason. */
	begin(&b);
	subscribed(&b, true);
	launch(&b, t);
	buf_clear(&b.said);
	pass(&b, 4000);
	expect(&b, "term kill ");
	exited(&b, 0, "Killed", false);
	expect(&b, "FAILED/33(Command terminated with signal Killed) ");
	finish(&b);

	/* An explicit kill stops that clock. */
	begin(&b);
	subscribed(&b, false);
	launch(&b, t);
	buf_clear(&b.said);
	kill_event(&b, 9000);
	pass(&b, 5000);
	exited(&b, 1, NULL, false);
	expect(&b, "term KILLED(Command exited with status 1) ");
	finish(&b);
	arena_fini(&mem);
}

static void test_second_task(void **state)
{
	struct arena mem;
	struct bench b;

	(void)state;
	arena_init(&mem);
	running(&b, false);
	launch(&b, task_of(&mem, "u"));
	expect(&b,
		"FAILED(Attempted to run multiple tasks using a \"command\" "
		"executor) ");
	launch(&b, task_of(&mem, "t")); /* told twice */
	expect(&b, "");
	finish(&b);
	arena_fini(&mem);
}

static void test_argv_and_environment(void **state)
{
	static const char *const vars[][2] = { { "A", "2" }, { "B", "x=y" } };
	Mesos__V1__Environment__Variable *v;
	Mesos__V1__TaskInfo *t;
	Mesos__V1__Resource *r;
	struct arena mem;
	struct bench b;
	size_t i;

	(void)state;
	arena_init(&mem);
	t = task_of(&mem, "t");
	t->command->has_shell = 1;
	t->command->shell = 0;
	t->command->value = arena_strdup(&mem, "sleep");
	t->command->arguments = arena_alloc(&mem, sizeof(char *));
	t->command->arguments[0] = arena_strdup(&mem, "100");
	t->command->n_arguments = 1;
	t->command->environment =
		arena_alloc(&mem, sizeof(*t->command->environment));
	mesos__v1__environment__init(t->command->environment);
	t->command->environment->variables =
		arena_alloc(&mem, 2 * sizeof(void *));
	t->command->environment->n_variables = 2;
	for (i = 0; i < 2; i++) {
		v = arena_alloc(&mem, sizeof(*v));
		mesos__v1__environment__variable__init(v);
		v->name = arena_strdup(&mem, vars[i][0]);
		v->value = arena_strdup(&mem, vars[i][1]);
		t->command->environment->variables[i] = v;
	}
	r = arena_alloc(&mem, sizeof(*r));
	mesos__v1__resource__init(r);
	r->name = arena_strdup(&mem, "cpus");
	r->allocation_info = arena_alloc(&mem, sizeof(*r->allocation_info));
	mesos__v1__resource__allocation_info__init(r->allocation_info);
	r->allocation_info->role = arena_strdup(&mem, "web");
	t->resources = &r;
	t->n_resources = 1;

	begin(&b);
	subscribed(&b, false);
	buf_clear(&b.said);
	launch(&b, t);
	/* argv[0] is the first argument, as everywhere in Mesos. */
	expect(&b, "STARTING start:sleep,100 RUNNING ");
	assert_string_equal(
		b.env, "PATH=/bin;A=2;MESOS_ALLOCATION_ROLE=web;B=x=y;");
	finish(&b);
	arena_fini(&mem);
}

static void test_shutdown(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	subscribed(&b, true);
	buf_clear(&b.said);
	shutdown_event(&b); /* before any task */
	expect(&b, "exit:0 ");
	finish(&b);

	running(&b, true);
	shutdown_event(&b);
	expect(&b, "KILLING term ");
	pass(&b, 3000); /* 5 s, but for reaping and telling */
	expect(&b, "kill ");
	exited(&b, 0, "Killed", false);
	buf_clear(&b.said);
	acknowledged(&b, 3);
	expect(&b, "exit:0 ");
	finish(&b);
}

/* The agent goes and comes back: nothing happens to the task, and everything
 * that was not acknowledged is said again. */
static void test_agent_restart(void **state)
{
	struct bench b;

	(void)state;
	running(&b, false);
	acknowledged(&b, 0);
	broken(&b);
	exited(&b, 0, NULL, false); /* while nobody listens */
	expect(&b, "");
	assert_true(solo_next_due(b.solo) <= b.now + 500);
	pass(&b, 500);
	expect(&b,
		"SUBSCRIBE:0[ RUNNING FINISHED(Command exited with status 0) "
		"] ");
	broken(&b);
	pass(&b, 500);
	expect(&b,
		"SUBSCRIBE:0[ RUNNING FINISHED(Command exited with status 0) "
		"] ");
	subscribed(&b, false);
	expect(&b, ""); /* not twice on one subscription */
	acknowledged(&b, 1);
	acknowledged(&b, 2);
	expect(&b, "exit:0 ");
	finish(&b);
}

/* An update made between SUBSCRIBE and SUBSCRIBED is sent after it. */
static void test_update_while_subscribing(void **state)
{
	struct bench b;

	(void)state;
	running(&b, false);
	broken(&b);
	pass(&b, 500);
	expect(&b, "SUBSCRIBE:1[ STARTING RUNNING ] ");
	exited(&b, 0, NULL, false);
	expect(&b, "");
	subscribed(&b, false);
	expect(&b, "FINISHED(Command exited with status 0) ");
	finish(&b);
}

static void test_agent_never_back(void **state)
{
	struct bench b;
	int i;

	(void)state;
	running(&b, false);
	for (i = 0; i < 100; i++) {
		broken(&b);
		pass(&b, 500);
	}
	/* After the recovery timeout: SHUTDOWN. */
	assert_non_null(strstr(buf_str(&b.said), "term "));
	buf_clear(&b.said);
	exited(&b, 0, "Terminated", false);
	expect(&b, "exit:1 ");
	finish(&b);

	begin(&b);
	b.cfg.checkpoint = false;
	subscribed(&b, false);
	launch_plain(&b);
	buf_clear(&b.said);
	broken(&b);
	expect(&b, "term ");
	finish(&b);
}

static void test_slow_subscription(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	buf_clear(&b.said);
	pass(&b, 10000);
	expect(&b, "disconnect ");
	pass(&b, 500);
	expect(&b, "SUBSCRIBE:0[ ] ");
	subscribed(&b, false);
	pass(&b, 30 * 60 * 1000);
	expect(&b, "heartbeat ");
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_no_acknowledgement),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_kill_shortened),
		cmocka_unit_test(test_task_policy_and_completion),
		cmocka_unit_test(test_second_task),
		cmocka_unit_test(test_argv_and_environment),
		cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_agent_restart),
		cmocka_unit_test(test_update_while_subscribing),
		cmocka_unit_test(test_agent_never_back),
		cmocka_unit_test(test_slow_subscription),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
