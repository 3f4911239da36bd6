/*
 * test_master_random.c - random frameworks, agents, calls and breakdowns, with
 * master_check() after every step.
 *
 * Method: four frameworks and four agents that behave by the protocol but drop,
 * come back, repeat themselves and send nonsense at the dice's will. Agents
 * remember what they were told to run, as real ones do. At the end everything
 * heals, and master, agents and frameworks must agree about each task. One seed
 * gives one trace: the same records and effects, byte for byte.
 *
 *	BUTTE_TEST_SEED=n BUTTE_TEST_STEPS=n replays or prolongs it,
 *	BUTTE_TEST_LOG=1 prints the master's log.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/prng.h"
#include "common/task_state.h"
#include "master/state.h"
#include "master_world.h"

#define STEPS	   100000
#define FRAMEWORKS 4
#define AGENTS	   4
#define TASKS_MAX  64 /* of one agent */
#define EXECS_MAX  32 /* of one agent */
#define OFFERS_MAX 64 /* that a framework remembers */
#define PLENTY	   "cpus:8;mem:8192;disk:1000;ports:[31000-31999]"

/* A task as its agent knows it. */
struct job {
	bool used;
	char framework[300];
	char id[64];
	char executor[16]; /* "": a command task */
	uint8_t *run;	   /* the RunTask, encoded */
	size_t run_size;
	int state;
	unsigned pending; /* number of the update that waits; 0: none */
	bool kill;
};

/* A custom executor as its agent knows it. */
struct exec {
	bool used;
	char framework[300];
	char id[16];
	uint8_t *info; /* ExecutorInfo, encoded */
	size_t info_size;
};

struct node {
	struct world_agent a;
	struct job jobs[TASKS_MAX];
	struct exec execs[EXECS_MAX];
	bool deaf; /* doesn't answer pings */
};

struct client {
	struct world_framework fw;
	unsigned capabilities;
	double failover_timeout;
	bool checkpoint;
	bool connected;
	char offers[OFFERS_MAX][128];
	char offer_agents[OFFERS_MAX][128];
	size_t n_offers;
	/* Updates to acknowledge. */
	struct {
		char task[64];
		char agent[300];
		unsigned number;
	} acks[TASKS_MAX];
	size_t n_acks;
};

struct sim {
	struct world w;
	struct prng dice;
	struct node nodes[AGENTS];
	struct client clients[FRAMEWORKS];
	unsigned updates; /* numbers given out */
	unsigned tasks;
	size_t seen; /* effects looked at */
};

static uint64_t roll(struct sim *s, uint64_t n)
{
	return prng_below(&s->dice, n);
}

/* --- agents hear --------------------------------------------------------------- */

static struct job *job_find(
	struct node *n, const char *framework, const char *id)
{
	size_t i;

	for (i = 0; i < TASKS_MAX; i++)
		if (n->jobs[i].used && strcmp(n->jobs[i].id, id) == 0 &&
			strcmp(n->jobs[i].framework, framework) == 0)
			return &n->jobs[i];
	return NULL;
}

static void job_end(struct job *j)
{
	free(j->run);
	*j = (struct job){ 0 };
}

static struct exec *exec_find(
	struct node *n, const char *framework, const char *id)
{
	size_t i;

	for (i = 0; i < EXECS_MAX; i++)
		if (n->execs[i].used && strcmp(n->execs[i].id, id) == 0 &&
			strcmp(n->execs[i].framework, framework) == 0)
			return &n->execs[i];
	return NULL;
}

static void exec_end(struct exec *x)
{
	free(x->info);
	*x = (struct exec){ 0 };
}

static void exec_new(struct node *n, const Mesos__V1__ExecutorInfo *info)
{
	struct exec *x;
	size_t i;

	for (i = 0; i < EXECS_MAX && n->execs[i].used; i++)
		;
	assert_true(i < EXECS_MAX);
	x = &n->execs[i];
	x->used = true;
	(void)snprintf(x->framework, sizeof(x->framework), "%s",
		info->framework_id->value);
	(void)snprintf(x->id, sizeof(x->id), "%s", info->executor_id->value);
	x->info_size = protobuf_c_message_get_packed_size(&info->base);
	x->info = xmalloc(x->info_size);
	(void)protobuf_c_message_pack(&info->base, x->info);
}

/* With its executors. */
static void jobs_end(struct node *n, const char *framework)
{
	size_t i;

	for (i = 0; i < EXECS_MAX; i++)
		if (n->execs[i].used &&
			(framework == NULL ||
				strcmp(n->execs[i].framework, framework) == 0))
			exec_end(&n->execs[i]);
	for (i = 0; i < TASKS_MAX; i++)
		if (n->jobs[i].used &&
			(framework == NULL ||
				strcmp(n->jobs[i].framework, framework) == 0))
			job_end(&n->jobs[i]);
}

static struct job *job_new(
	struct node *n, const char *framework, const char *id)
{
	struct job *j;
	size_t i;

	assert_null(job_find(n, framework, id));
	for (i = 0; i < TASKS_MAX && n->jobs[i].used; i++)
		;
	assert_true(i < TASKS_MAX);
	j = &n->jobs[i];
	j->used = true;
	(void)snprintf(j->framework, sizeof(j->framework), "%s", framework);
	(void)snprintf(j->id, sizeof(j->id), "%s", id);
	return j;
}

static void on_run(struct node *n, const Butte__Link__RunTask *run)
{
	const Mesos__V1__ExecutorInfo *x = run->task->executor;
	struct job *j = job_new(
		n, run->framework->id->value, run->task->task_id->value);

	if (x != NULL) {
		/* The master knows what is there. */
		assert_int_equal(run->launch_executor,
			exec_find(n, j->framework, x->executor_id->value) ==
				NULL);
		(void)snprintf(j->executor, sizeof(j->executor), "%s",
			x->executor_id->value);
		if (run->launch_executor)
			exec_new(n, x);
	}
	j->run_size = protobuf_c_message_get_packed_size(&run->base);
	j->run = xmalloc(j->run_size);
	(void)protobuf_c_message_pack(&run->base, j->run);
	j->state = W_STATE(STAGING);
}

static void on_ack(struct node *n, const Butte__Link__StatusUpdateAck *ack)
{
	struct job *j =
		job_find(n, ack->framework_id->value, ack->task_id->value);
	unsigned number;

	if (j == NULL)
		return;
	memcpy(&number, ack->uuid.data, sizeof(number));
	if (number != j->pending)
		return;
	j->pending = 0;
	if (task_state_is_terminal(j->state))
		job_end(j);
}

/* What the master misses here is reported, again and again, as lost. */
static void on_lost(struct sim *s, struct node *n,
	const Butte__Link__AgentReregistered *ack)
{
	size_t i;

	for (i = 0; i < ack->n_lost; i++) {
		const char *framework = ack->lost[i]->framework_id->value;
		const char *id = ack->lost[i]->task_id->value;
		struct job *j;

		if (job_find(n, framework, id) != NULL)
			continue;
		j = job_new(n, framework, id);
		j->state = ack->lost[i]->partition_aware ? W_STATE(DROPPED)
							 : W_STATE(LOST);
		j->pending = ++s->updates;
	}
}

static void agent_hears(struct sim *s, struct node *n, const w_to_agent *msg)
{
	struct job *j;

	switch ((int)msg->msg_case) {
	case W_TO_AGENT(AGENT_REGISTERED):
		(void)snprintf(n->a.id, sizeof(n->a.id), "%s",
			msg->agent_registered->agent_id->value);
		break;
	case W_TO_AGENT(AGENT_REREGISTERED):
		assert_string_equal(
			n->a.id, msg->agent_reregistered->agent_id->value);
		on_lost(s, n, msg->agent_reregistered);
		break;
	case W_TO_AGENT(RUN_TASK):
		on_run(n, msg->run_task);
		break;
	case W_TO_AGENT(KILL_TASK):
		j = job_find(n, msg->kill_task->framework_id->value,
			msg->kill_task->task_id->value);
		if (j != NULL)
			j->kill = true;
		break;
	case W_TO_AGENT(SHUTDOWN_FRAMEWORK):
		jobs_end(n, msg->shutdown_framework->framework_id->value);
		break;
	case W_TO_AGENT(STATUS_UPDATE_ACK):
		on_ack(n, msg->status_update_ack);
		break;
	case W_TO_AGENT(PING):
		if (!n->deaf)
			world_pong(&s->w, &n->a);
		break;
	case W_TO_AGENT(SHUTDOWN):
		jobs_end(n, NULL);
		n->a.id[0] = '\0';
		break;
	default:
		break;
	}
}

/* --- frameworks hear ------------------------------------------------------------- */

static void offer_forget(struct client *c, size_t i)
{
	c->n_offers--;
	memmove(c->offers[i], c->offers[c->n_offers], sizeof(c->offers[0]));
	memmove(c->offer_agents[i], c->offer_agents[c->n_offers],
		sizeof(c->offers[0]));
}

static void on_offers(
	struct client *c, const Mesos__V1__Scheduler__Event__Offers *o)
{
	size_t i;

	for (i = 0; i < o->n_offers && c->n_offers < OFFERS_MAX; i++) {
		(void)snprintf(c->offers[c->n_offers], sizeof(c->offers[0]),
			"%s", o->offers[i]->id->value);
		(void)snprintf(c->offer_agents[c->n_offers],
			sizeof(c->offer_agents[0]), "%s",
			o->offers[i]->agent_id->value);
		c->n_offers++;
	}
}

static void client_hears(struct client *c, const w_event *ev)
{
	const Mesos__V1__TaskStatus *st;
	size_t i;

	switch ((int)ev->type) {
	case W_EVENT(OFFERS):
		on_offers(c, ev->offers);
		break;
	case W_EVENT(RESCIND):
		for (i = 0; i < c->n_offers; i++)
			if (strcmp(c->offers[i],
				    ev->rescind->offer_id->value) == 0)
				offer_forget(c, i);
		break;
	case W_EVENT(UPDATE):
		st = ev->update->status;
		if (!st->has_uuid || c->n_acks == TASKS_MAX)
			break;
		memcpy(&c->acks[c->n_acks].number, st->uuid.data,
			sizeof(c->acks[0].number));
		(void)snprintf(c->acks[c->n_acks].task, sizeof(c->acks[0].task),
			"%s", st->task_id->value);
		(void)snprintf(c->acks[c->n_acks].agent,
			sizeof(c->acks[0].agent), "%s", st->agent_id->value);
		c->n_acks++;
		break;
	default:
		break;
	}
}

static void hear(struct sim *s)
{
	while (s->seen < s->w.n) {
		/* A copy: what follows may move the array. */
		const struct world_effect e = s->w.effects[s->seen++];
		size_t i;

		for (i = 0; i < AGENTS; i++) {
			struct node *n = &s->nodes[i];

			if (n->a.link == 0 || e.to != n->a.link)
				continue;
			if (e.type == EFFECT_LINK_SEND)
				agent_hears(s, n, e.msg);
			else if (e.type == EFFECT_LINK_CLOSE)
				n->a.link = 0;
		}
		for (i = 0; i < FRAMEWORKS; i++) {
			struct client *c = &s->clients[i];

			if (!c->connected || e.to != c->fw.stream)
				continue;
			if (e.type == EFFECT_STREAM_SEND)
				client_hears(c, e.event);
			else if (e.type == EFFECT_STREAM_CLOSE)
				c->connected = false;
		}
	}
	world_clear(&s->w);
	s->seen = 0;
}

/* --- frameworks act ----------------------------------------------------------------- */

static void subscribe(struct sim *s, struct client *c)
{
	Mesos__V1__FrameworkInfo *info = world_info(&s->w, c->capabilities);
	char old[300];

	info->failover_timeout = c->failover_timeout;
	info->checkpoint = c->checkpoint;
	info->roles = arena_alloc(&s->w.arena, sizeof(char *));
	if ((c->capabilities >> W_CAN(MULTI_ROLE) & 1) != 0) {
		info->roles[0] = arena_strdup(&s->w.arena, "dev");
		info->n_roles = 1;
	}
	memcpy(old, c->fw.id, sizeof(old));
	c->n_offers = 0;
	c->n_acks = 0;
	c->connected = world_subscribe(&s->w, &c->fw, info);
	if (!c->connected)
		c->fw.id[0] = '\0'; /* it was removed: a new one next time */
	hear(s);
}

/* The task's command becomes that of an executor, one of three. */
static void with_executor(struct sim *s, Mesos__V1__TaskInfo *t)
{
	struct arena *arena = &s->w.arena;
	Mesos__V1__ExecutorInfo *x = arena_alloc(arena, sizeof(*x));

	mesos__v1__executor_info__init(x);
	x->executor_id = arena_alloc(arena, sizeof(*x->executor_id));
	mesos__v1__executor_id__init(x->executor_id);
	x->executor_id->value =
		arena_printf(arena, "x%u", (unsigned)roll(s, 3));
	x->resources = world_res(&s->w, "cpus:0.125;mem:16", &x->n_resources);
	x->command = t->command;
	t->command = NULL;
	t->executor = x;
}

static void accept(struct sim *s, struct client *c)
{
	Mesos__V1__TaskInfo *tasks[3];
	size_t i, n = roll(s, 4), o;
	char id[64];

	if (c->n_offers == 0)
		return;
	o = roll(s, c->n_offers);
	for (i = 0; i < n; i++) {
		(void)snprintf(id, sizeof(id), "t%u",
			roll(s, 20) == 0 ? (unsigned)roll(s, 50) : s->tasks++);
		tasks[i] = world_task(&s->w, id, c->offer_agents[o],
			roll(s, 15) == 0 ? "cpus:99"
				: roll(s, 2) == 0
				? "cpus:0.5;mem:64"
				: "cpus:0.25;mem:32;ports:[31000-31001]");
		if (roll(s, 4) == 0)
			with_executor(s, tasks[i]);
	}
	(void)world_accept(
		&s->w, &c->fw, c->offers[o], tasks, n, roll(s, 2) == 0 ? 0 : 5);
	if (roll(s, 20) != 0) /* else it tries again later */
		offer_forget(c, o);
}

static void acknowledge(struct sim *s, struct client *c)
{
	struct world_agent a = { 0 };
	size_t i;

	if (c->n_acks == 0)
		return;
	i = roll(s, c->n_acks);
	(void)snprintf(a.id, sizeof(a.id), "%s", c->acks[i].agent);
	(void)world_ack(&s->w, &c->fw, &a, c->acks[i].task, c->acks[i].number);
	c->acks[i] = c->acks[--c->n_acks];
}

static void client_acts(struct sim *s)
{
	struct client *c = &s->clients[roll(s, FRAMEWORKS)];
	struct client *other = &s->clients[roll(s, FRAMEWORKS)];
	char id[64];
	size_t o;

	if (!c->connected) {
		if (roll(s, 3) == 0)
			subscribe(s, c);
		return;
	}
	(void)snprintf(id, sizeof(id), "t%u",
		(unsigned)(s->tasks > 30 ? s->tasks - roll(s, 30) : 0));
	switch (roll(s, 40)) {
	case 0:
		subscribe(s, c);
		break;
	case 1:
		world_stream_down(&s->w, c->fw.stream);
		c->connected = false;
		break;
	case 2:
		if (roll(s, 8) == 0)
			(void)world_simple(&s->w, &c->fw, W_CALL(TEARDOWN));
		break;
	case 3:
		(void)world_simple(&s->w, &c->fw,
			roll(s, 4) == 0 ? W_CALL(SUPPRESS) : W_CALL(REVIVE));
		break;
	case 4:
	case 5:
		(void)world_kill(&s->w, &c->fw, id, NULL);
		break;
	case 6:
		(void)world_reconcile(
			&s->w, &c->fw, roll(s, 2) == 0 ? id : NULL, NULL);
		break;
	case 7: /* somebody else's offer */
		if (other->n_offers > 0)
			(void)world_decline(&s->w, &c->fw, other->offers[0], 1);
		break;
	case 8:
	case 9:
	case 10:
		if (c->n_offers == 0)
			break;
		o = roll(s, c->n_offers);
		(void)world_decline(
			&s->w, &c->fw, c->offers[o], (double)roll(s, 8));
		offer_forget(c, o);
		break;
	default:
		if (roll(s, 3) == 0)
			accept(s, c);
		else
			acknowledge(s, c);
		break;
	}
}

/* --- agents act --------------------------------------------------------------------------- */

static int next_state(struct sim *s, const struct job *j)
{
	static const int ends[] = { W_STATE(FINISHED), W_STATE(FAILED) };

	if (j->kill)
		return W_STATE(KILLED);
	if (j->state == W_STATE(STAGING))
		return W_STATE(STARTING);
	if (j->state == W_STATE(STARTING))
		return W_STATE(RUNNING);
	return roll(s, 3) == 0 ? ends[roll(s, 2)] : W_STATE(RUNNING);
}

static void update_send(struct sim *s, struct node *n, struct job *j)
{
	struct world_framework fw = { 0 };

	(void)snprintf(fw.id, sizeof(fw.id), "%s", j->framework);
	world_update(&s->w, &n->a, &fw, j->id, j->state, j->pending);
}

static void job_acts(struct sim *s, struct node *n)
{
	size_t i = roll(s, TASKS_MAX), k;
	struct job *j;

	for (k = 0; k < TASKS_MAX && !n->jobs[i].used; k++)
		i = (i + 1) % TASKS_MAX;
	j = &n->jobs[i];
	if (!j->used)
		return;
	if (j->pending == 0) {
		j->state = next_state(s, j);
		j->pending = ++s->updates;
	}
	if (n->a.link != 0)
		update_send(s, n, j); /* or once more */
}

/* With it end its tasks; an agent says that first. */
static void exec_exits(struct sim *s, struct node *n, struct exec *x)
{
	Butte__Link__ExitedExecutor exited = BUTTE__LINK__EXITED_EXECUTOR__INIT;
	Mesos__V1__FrameworkID framework = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__ExecutorID id = MESOS__V1__EXECUTOR_ID__INIT;
	w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;
	size_t i;

	framework.value = arena_strdup(&s->w.arena, x->framework);
	id.value = arena_strdup(&s->w.arena, x->id);
	for (i = 0; i < TASKS_MAX; i++) {
		struct job *j = &n->jobs[i];

		if (!j->used || strcmp(j->executor, x->id) != 0 ||
			strcmp(j->framework, x->framework) != 0 ||
			task_state_is_terminal(j->state))
			continue;
		j->state = W_STATE(FAILED);
		j->pending = ++s->updates;
		if (n->a.link != 0)
			update_send(s, n, j);
	}
	exec_end(x);
	if (n->a.link == 0)
		return;
	exited.framework_id = &framework;
	exited.executor_id = &id;
	msg.exited_executor = &exited;
	world_tell(&s->w, &n->a, BUTTE__LINK__TO_MASTER__MSG_EXITED_EXECUTOR,
		&msg);
}

static Mesos__V1__Task *job_task(
	struct sim *s, const struct job *j, Mesos__V1__FrameworkInfo **ret_info)
{
	struct arena *arena = &s->w.arena;
	Butte__Link__RunTask *run;
	Mesos__V1__Task *t;

	if (j->run == NULL)
		return NULL; /* it never ran here */
	run = MSG_UNPACK(Butte__Link__RunTask, arena,
		&butte__link__run_task__descriptor, j->run, j->run_size, NULL);
	t = arena_alloc(arena, sizeof(*t));

	mesos__v1__task__init(t);
	t->name = run->task->name;
	t->task_id = run->task->task_id;
	t->framework_id = run->framework->id;
	t->agent_id = run->task->agent_id;
	t->state = (Mesos__V1__TaskState)j->state;
	t->resources = run->task->resources;
	t->n_resources = run->task->n_resources;
	if (j->pending != 0) {
		t->has_status_update_state = 1;
		t->status_update_state = t->state;
		t->has_status_update_uuid = 1;
		t->status_update_uuid = world_uuid(&s->w, j->pending);
	}
	if (run->task->executor != NULL)
		t->executor_id = run->task->executor->executor_id;
	*ret_info = run->framework;
	return t;
}

static void execs_bring(
	struct sim *s, const struct node *n, Butte__Link__ReregisterAgent *to)
{
	size_t i;

	to->executors =
		arena_alloc(&s->w.arena, EXECS_MAX * sizeof(to->executors[0]));
	for (i = 0; i < EXECS_MAX; i++)
		if (n->execs[i].used)
			to->executors[to->n_executors++] = MSG_UNPACK(
				Mesos__V1__ExecutorInfo, &s->w.arena,
				&mesos__v1__executor_info__descriptor,
				n->execs[i].info, n->execs[i].info_size, NULL);
}

static void come_back(struct sim *s, struct node *n)
{
	Butte__Link__ReregisterAgent with = BUTTE__LINK__REREGISTER_AGENT__INIT;
	struct arena *arena = &s->w.arena;
	size_t i;

	if (n->a.id[0] == '\0') {
		(void)world_register(&s->w, &n->a, PLENTY);
		hear(s);
		return;
	}
	with.tasks = arena_alloc(arena, TASKS_MAX * sizeof(with.tasks[0]));
	with.frameworks =
		arena_alloc(arena, TASKS_MAX * sizeof(with.frameworks[0]));
	for (i = 0; i < TASKS_MAX; i++) {
		Mesos__V1__FrameworkInfo *info;
		Mesos__V1__Task *t;

		if (!n->jobs[i].used)
			continue;
		t = job_task(s, &n->jobs[i], &info);
		if (t == NULL)
			continue;
		with.tasks[with.n_tasks++] = t;
		with.frameworks[with.n_frameworks++] = info;
	}
	execs_bring(s, n, &with);
	(void)world_reregister(&s->w, &n->a, PLENTY, &with);
	hear(s);
}

static void agent_acts(struct sim *s)
{
	size_t which = roll(s, AGENTS);
	struct node *n = &s->nodes[which];
	size_t i;

	n->a.port = (int)(5051 + which);
	if (n->a.link == 0) {
		if (roll(s, 3) == 0)
			come_back(s, n);
		return;
	}
	switch (roll(s, 300)) {
	case 6:
	case 7:
	case 8:
		i = roll(s, EXECS_MAX);
		if (n->execs[i].used)
			exec_exits(s, n, &n->execs[i]);
		break;
	case 9: /* it asks again, though it needn't */
		come_back(s, n);
		break;
	case 0:
		world_link_down(&s->w, &n->a);
		break;
	case 1:
		n->deaf = !n->deaf;
		break;
	case 2: /* a new work_dir: another agent at the address */
		n->a.link = 0;
		n->a.id[0] = '\0';
		jobs_end(n, NULL);
		break;
	case 3: { /* on another link, the old one still up */
		n->a.link = 0;
		come_back(s, n);
		break;
	}
	case 4: { /* some tasks died with the machine */
		for (i = 0; i < TASKS_MAX; i++)
			if (n->jobs[i].used && roll(s, 4) == 0)
				job_end(&n->jobs[i]);
		for (i = 0; i < EXECS_MAX; i++)
			if (n->execs[i].used && roll(s, 4) == 0)
				exec_end(&n->execs[i]);
		world_link_down(&s->w, &n->a);
		break;
	}
	case 5: {
		w_to_master msg = BUTTE__LINK__TO_MASTER__INIT;
		Butte__Link__UnregisterAgent bye =
			BUTTE__LINK__UNREGISTER_AGENT__INIT;

		jobs_end(n, NULL);
		msg.unregister_agent = &bye;
		world_tell(&s->w, &n->a,
			BUTTE__LINK__TO_MASTER__MSG_UNREGISTER_AGENT, &msg);
		n->a.id[0] = '\0';
		n->a.link = 0;
		break;
	}
	default:
		job_acts(s, n);
		break;
	}
}

/* --- the run -------------------------------------------------------------------------------- */

static void restart(struct sim *s)
{
	size_t i;

	world_restart(&s->w);
	s->seen = 0;
	for (i = 0; i < AGENTS; i++)
		s->nodes[i].a.link = 0;
	for (i = 0; i < FRAMEWORKS; i++)
		s->clients[i].connected = false;
	hear(s);
}

static void act(struct sim *s)
{
	switch (roll(s, 500)) {
	case 0:
		restart(s);
		break;
	case 1:
		world_pass(&s->w, roll(s, 20) == 0 ? 700000 : 20000);
		break;
	default:
		if (roll(s, 8) == 0)
			world_pass(&s->w, roll(s, 1200));
		else if (roll(s, 2) == 0)
			client_acts(s);
		else
			agent_acts(s);
		break;
	}
	hear(s);
}

/* Everything works again for a while. */
static void heal(struct sim *s)
{
	size_t i, k, round;

	for (round = 0; round < 200; round++) {
		for (i = 0; i < AGENTS; i++) {
			s->nodes[i].deaf = false;
			s->nodes[i].a.port = (int)(5051 + i);
			if (s->nodes[i].a.link == 0)
				come_back(s, &s->nodes[i]);
			for (k = 0; k < TASKS_MAX; k++)
				if (s->nodes[i].jobs[k].used &&
					s->nodes[i].jobs[k].pending != 0)
					update_send(s, &s->nodes[i],
						&s->nodes[i].jobs[k]);
			hear(s);
		}
		for (i = 0; i < FRAMEWORKS; i++) {
			if (!s->clients[i].connected)
				subscribe(s, &s->clients[i]);
			while (s->clients[i].connected &&
				s->clients[i].n_acks > 0) {
				acknowledge(s, &s->clients[i]);
				hear(s);
			}
		}
		world_pass(&s->w, 100);
		hear(s);
	}
}

static int64_t amount(
	Mesos__V1__Resource *const *msgs, size_t n, const char *name)
{
	struct res r = RES_INIT;
	int64_t sum;

	assert_int_equal(res_from_msgs(&r, msgs, n, NULL), 0);
	sum = res_sum(&r, name);
	res_fini(&r);
	return sum;
}

/* Nothing is sold twice, nothing is kept back. */
static void used_agree(struct sim *s, struct node *n)
{
	static const char *const names[] = { "cpus", "mem" };
	const struct agent *a = state_agent_find(s->w.m, n->a.id);
	Butte__Link__ReregisterAgent with = BUTTE__LINK__REREGISTER_AGENT__INIT;
	Mesos__V1__FrameworkInfo *info;
	const Mesos__V1__Task *t;
	size_t i, k;

	assert_non_null(a);
	execs_bring(s, n, &with);
	for (k = 0; k < ARRAY_LEN(names); k++) {
		int64_t sum = 0;

		for (i = 0; i < with.n_executors; i++)
			sum += amount(with.executors[i]->resources,
				with.executors[i]->n_resources, names[k]);
		for (i = 0; i < TASKS_MAX; i++) {
			t = n->jobs[i].used ? job_task(s, &n->jobs[i], &info)
					    : NULL;
			if (t != NULL && !task_state_is_terminal((int)t->state))
				sum += amount(
					t->resources, t->n_resources, names[k]);
		}
		assert_int_equal(res_sum(&a->used, names[k]), sum);
	}
}

/* An agent may bring back a framework that has slipped off the short list of
 * completed ones: it is waited for, for a while. */
static bool is_clients(const struct sim *s, const char *framework)
{
	size_t i;

	for (i = 0; i < FRAMEWORKS; i++)
		if (strcmp(s->clients[i].fw.id, framework) == 0)
			return true;
	return false;
}

/* What the master says of a framework's tasks is what runs on agents. */
static void agree(struct sim *s)
{
	size_t i, k, n, known = 0, run = 0;

	for (i = 0; i < FRAMEWORKS; i++) {
		struct client *c = &s->clients[i];

		assert_true(c->connected);
		world_clear(&s->w);
		(void)world_reconcile(&s->w, &c->fw, NULL, NULL);
		n = world_events(&s->w, c->fw.stream, W_EVENT(UPDATE));
		for (k = 0; k < n; k++) {
			const Mesos__V1__TaskStatus *st =
				world_status_told(&s->w, c->fw.stream, k);
			const struct job *j = NULL;
			size_t a;

			for (a = 0; a < AGENTS && j == NULL; a++)
				j = job_find(&s->nodes[a], c->fw.id,
					st->task_id->value);
			if (j == NULL)
				printf("# %s %s is not on any agent\n",
					c->fw.id, st->task_id->value);
			assert_non_null(j);
			assert_int_equal(st->state, j->state);
			known++;
		}
	}
	for (i = 0; i < AGENTS; i++)
		for (k = 0; k < TASKS_MAX; k++)
			run += s->nodes[i].jobs[k].used &&
				is_clients(s, s->nodes[i].jobs[k].framework);
	assert_int_equal(known, run);
	for (i = 0; i < AGENTS; i++)
		used_agree(s, &s->nodes[i]);
	world_clear(&s->w);
	s->seen = 0;
}

static void sim_init(struct sim *s, uint64_t seed)
{
	size_t i;

	*s = (struct sim){ 0 };
	prng_init(&s->dice, seed);
	world_init(&s->w);
	s->w.cfg.seed = seed;
	if (roll(s, 3) == 0)
		s->w.cfg.offer_timeout_ms = 3000;
	if (roll(s, 3) == 0)
		s->w.cfg.agent_removal_rate_limit = "1/1mins";
	s->w.cfg.max_completed_frameworks = 3;
	s->w.cfg.max_completed_tasks_per_framework = 5;
	s->w.cfg.max_unreachable_tasks_per_framework = 5;
	world_start(&s->w);
	for (i = 0; i < FRAMEWORKS; i++) {
		struct client *c = &s->clients[i];

		c->capabilities = (i & 1) != 0
			? 1u << W_CAN(PARTITION_AWARE)
			: 1u << W_CAN(RESERVATION_REFINEMENT);
		c->checkpoint = i != 2;
		c->failover_timeout = i == 3 ? 0 : 60;
	}
}

static uint64_t run(uint64_t seed, unsigned steps)
{
	struct sim *s = xcalloc(1, sizeof(*s));
	uint64_t trace;
	unsigned i;
	size_t k;

	sim_init(s, seed);
	for (i = 0; i < steps; i++) {
		act(s);
		if (i % 20000 == 19999) {
			heal(s);
			agree(s);
		}
	}
	trace = s->w.trace;
	for (k = 0; k < AGENTS; k++)
		jobs_end(&s->nodes[k], NULL);
	world_fini(&s->w);
	free(s);
	return trace;
}

static unsigned number(const char *name, unsigned fallback)
{
	const char *text = getenv(name);

	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : fallback;
}

static void anything_may_happen(void **state)
{
	unsigned seed = number("BUTTE_TEST_SEED", 1);
	unsigned steps = number("BUTTE_TEST_STEPS", STEPS);

	(void)state;
	printf("# BUTTE_TEST_SEED=%u BUTTE_TEST_STEPS=%u\n", seed, steps);
	(void)run(seed, steps);
}

static void a_seed_has_one_trace(void **state)
{
	(void)state;
	assert_int_equal(run(7, 20000), run(7, 20000));
	assert_true(run(7, 1000) != run(8, 1000));
}

static void log_emit(enum log_level level, const char *event, const char *text)
{
	(void)level;
	printf("# %s: %s\n", event, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anything_may_happen),
		cmocka_unit_test(a_seed_has_one_trace),
	};

	if (getenv("BUTTE_TEST_LOG") != NULL)
		log_hook_set(log_emit);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
