/*
 * test_agent_random.c - an agent among executors, a master and mishaps.
 *
 * A world of containers with executors in them, and a master that runs, kills
 * and acknowledges, around the agent's door. A seed decides what happens next:
 * also that the link breaks, an executor loses its connection or dies, the
 * kernel kills for memory, the agent crashes (with or without its last effects
 * carried out), the machine reboots. After each step agent_check() walks the
 * tables; the judge sees that no task is started twice, that updates reach the
 * master in the order in which they were made and without gaps, that what was
 * acknowledged to an executor is not lost; and when the world calms down, that
 * every task has ended once, and nothing is left.
 */
#include "agent_rig.h"
#include "common/prng.h"
#include "common/task_state.h"

#define TASKS	   24
#define CONTAINERS 64
#define UPDATES	   12
#define STEPS	   400

struct world_update {
	uint8_t uuid[16];
	int state;
	bool acked; /* by the agent, to the executor */
};

struct world_task {
	char id[16];
	const char *executor; /* NULL: a command task */
	bool sent;	      /* the master ran it */
	bool begun;	      /* an executor has begun with it */
	/* As made by its executor. */
	struct world_update made[UPDATES];
	size_t n_made;
	bool kill;
	/* As seen by the master. */
	uint8_t seen[UPDATES][16];
	int seen_state[UPDATES];
	bool seen_agent[UPDATES]; /* the agent's own */
	size_t n_seen, n_acked;
	bool may_be_cut; /* an end that was held may be another */
};

enum where { NOWHERE, LAUNCHING, ALIVE, DYING };

struct world_container {
	char id[64], executor[16];
	enum where where;
	bool generated;
	int pid;
	uint64_t stream; /* 0: not connected */
	bool oom, leave; /* it wants to exit */
	struct world_task *tasks[TASKS];
	size_t n_tasks;
};

struct world {
	struct rig r;
	struct prng prng;
	struct world_task tasks[TASKS];
	struct world_container containers[CONTAINERS];
	size_t n_tasks, n_containers;
	uint64_t next_uuid;
	bool up, calm;
	int n_boots;
	size_t n_crashes, n_lost, n_ended[16], n_twice; /* how much happened */
};

static void obey(struct world *w);
static void crash(struct world *w);

static uint64_t dice(struct world *w, uint64_t n)
{
	return prng_below(&w->prng, n);
}

static struct world_task *task_find(struct world *w, const char *id)
{
	size_t i;

	for (i = 0; i < w->n_tasks; i++)
		if (strcmp(w->tasks[i].id, id) == 0)
			return &w->tasks[i];
	fail_msg("unknown task %s", id);
	return NULL;
}

static struct world_container *container_find(struct world *w, const char *id)
{
	size_t i;

	for (i = 0; i < w->n_containers; i++)
		if (strcmp(w->containers[i].id, id) == 0)
			return &w->containers[i];
	return NULL;
}

static struct world_container *by_stream(struct world *w, uint64_t stream)
{
	size_t i;

	for (i = 0; i < w->n_containers; i++)
		if (w->containers[i].stream == stream)
			return &w->containers[i];
	return NULL;
}

/* --- the master --------------------------------------------------------- */

static void master_sees(struct world *w, const Mesos__V1__TaskStatus *s)
{
	struct world_task *t = task_find(w, s->task_id->value);
	bool agent =
		(int)s->source == MESOS__V1__TASK_STATUS__SOURCE__SOURCE_AGENT;
	size_t i, n_made = 0;

	assert_int_equal(s->uuid.len, 16);
	for (i = 0; i < t->n_seen; i++)
		if (memcmp(t->seen[i], s->uuid.data, 16) == 0) {
			/* Only the one that is not acknowledged comes again. */
			assert_int_equal(i, t->n_acked);
			w->n_twice++;
			return;
		}
	/* One at a time. */
	assert_int_equal(t->n_seen, t->n_acked);
	assert_true(t->n_seen < UPDATES);
	if (t->n_seen > 0)
		assert_false(
			task_state_is_terminal(t->seen_state[t->n_seen - 1]));
	for (i = 0; i < t->n_seen; i++)
		n_made += !t->seen_agent[i];
	if (agent) {
		assert_true(task_state_is_terminal((int)s->state));
		/* What is said to have been lost on its way was. */
		if ((int)s->reason == REASON(AGENT_RESTARTED) ||
			(int)s->reason == REASON(TASK_KILLED_DURING_LAUNCH))
			assert_false(t->begun);
	} else {
		assert_true(n_made < t->n_made);
		assert_memory_equal(t->made[n_made].uuid, s->uuid.data, 16);
		assert_int_equal(t->made[n_made].state, (int)s->state);
	}
	w->n_ended[(int)s->state]++;
	memcpy(t->seen[t->n_seen], s->uuid.data, 16);
	t->seen_state[t->n_seen] = (int)s->state;
	t->seen_agent[t->n_seen++] = agent;
}

static void master_ack(struct world *w, struct world_task *t)
{
	if (!w->up || t->n_acked == t->n_seen)
		return;
	rig_ack(&w->r, "f", t->id, t->seen[t->n_acked]);
	t->n_acked++;
	obey(w);
}

/* Counts on an executor as the real one would: it is there if a task was sent
 * to it and its end was not told. */
static void master_run(struct world *w)
{
	struct world_task *t;
	struct arena mem;
	bool launch = true;
	size_t i;

	if (!w->up || w->n_tasks == TASKS)
		return;
	t = &w->tasks[w->n_tasks++];
	*t = (struct world_task){ .sent = true };
	(void)snprintf(t->id, sizeof(t->id), "t%zu", w->n_tasks);
	if (dice(w, 3) == 0)
		t->executor = dice(w, 2) == 0 ? "x1" : "x2";
	for (i = 0; t->executor != NULL && i < w->n_containers; i++)
		if (w->containers[i].where != NOWHERE &&
			strcmp(w->containers[i].executor, t->executor) == 0)
			launch = false;
	arena_init(&mem);
	rig_run(&w->r, "f",
		t->executor != NULL
			? rig_executor_task(&mem, t->id, t->executor)
			: rig_command_task(&mem, t->id, "true"),
		launch);
	arena_fini(&mem);
	obey(w);
}

static void master_kill(struct world *w, struct world_task *t)
{
	if (!w->up)
		return;
	rig_kill(&w->r, "f", t->id, dice(w, 2) == 0 ? -1 : 1000000000);
	obey(w);
}

static void master_shuts_down(struct world *w, const char *executor)
{
	Butte__Link__ShutdownExecutor m = BUTTE__LINK__SHUTDOWN_EXECUTOR__INIT;
	Mesos__V1__FrameworkID f = MESOS__V1__FRAMEWORK_ID__INIT;
	Mesos__V1__ExecutorID e = MESOS__V1__EXECUTOR_ID__INIT;
	char framework[] = "f", id[16];

	if (!w->up)
		return;
	(void)snprintf(id, sizeof(id), "%s", executor);
	f.value = framework;
	e.value = id;
	m.framework_id = &f;
	m.executor_id = &e;
	rig_msg(&w->r, BUTTE__LINK__TO_AGENT__MSG_SHUTDOWN_EXECUTOR, &m);
	obey(w);
}

/* Tasks that the agent doesn't tell of are lost to the master. */
static void master_reregisters(
	struct world *w, const Butte__Link__ReregisterAgent *m)
{
	Butte__Link__AgentReregistered n =
		BUTTE__LINK__AGENT_REREGISTERED__INIT;
	Butte__Link__AgentReregistered__Lost *lost[TASKS];
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;
	Mesos__V1__MasterInfo info = MESOS__V1__MASTER_INFO__INIT;
	static char agent[] = RIG_AGENT, name[] = "f";
	struct arena mem;
	size_t i, k;

	arena_init(&mem);
	id.value = info.id = agent;
	n.agent_id = &id;
	n.master_info = &info;
	n.ping_timeout_ms = 75000;
	n.lost = lost;
	for (i = 0; i < w->n_tasks; i++) {
		struct world_task *t = &w->tasks[i];

		for (k = 0; k < m->n_tasks; k++)
			if (strcmp(m->tasks[k]->task_id->value, t->id) == 0)
				break;
		if (k < m->n_tasks ||
			(t->n_acked > 0 && t->n_acked == t->n_seen &&
				task_state_is_terminal(
					t->seen_state[t->n_seen - 1])))
			continue;
		lost[n.n_lost] =
			RIG_NEW(&mem, Butte__Link__AgentReregistered__Lost,
				butte__link__agent_reregistered__lost);
		lost[n.n_lost]->framework_id = RIG_NEW(
			&mem, Mesos__V1__FrameworkID, mesos__v1__framework_id);
		lost[n.n_lost]->framework_id->value = name;
		lost[n.n_lost]->task_id =
			RIG_NEW(&mem, Mesos__V1__TaskID, mesos__v1__task_id);
		lost[n.n_lost]->task_id->value = t->id;
		/* What was sent to it and not recorded may be gone with a
		 * crash; what was seen may not. */
		assert_int_equal(t->n_made, 0);
		n.n_lost++;
	}
	rig_msg(&w->r, BUTTE__LINK__TO_AGENT__MSG_AGENT_REREGISTERED, &n);
	w->up = true;
	obey(w);
	arena_fini(&mem);
}

static void link_up(struct world *w)
{
	const Butte__Link__ToMaster *m;

	if (w->up)
		return;
	rig_link(&w->r, AGENT_UPLINK_UP);
	m = rig_find_sent(&w->r, SENT(REREGISTER_AGENT));
	if (m == NULL) {
		/* It waits for its executors. */
		obey(w);
		return;
	}
	master_reregisters(w, m->reregister_agent);
}

static void link_down(struct world *w)
{
	w->up = false;
	rig_link(&w->r, AGENT_UPLINK_DOWN);
	obey(w);
}

/* --- containers and executors ------------------------------------------- */

static void make(struct world *w, struct world_task *t, int state)
{
	struct world_update *u = &t->made[t->n_made];

	assert_true(t->n_made < UPDATES);
	t->n_made++;
	memset(u, 0, sizeof(*u));
	w->next_uuid++;
	memcpy(u->uuid, &w->next_uuid, sizeof(w->next_uuid));
	u->uuid[15] = 0xee;
	u->state = state;
}

static bool is_over(const struct world_task *t)
{
	return t->n_made > 0 &&
		task_state_is_terminal(t->made[t->n_made - 1].state);
}

static void fill(Mesos__V1__TaskStatus *s, struct arena *mem,
	const struct world_task *t, const struct world_update *u)
{
	mesos__v1__task_status__init(s);
	s->task_id = RIG_NEW(mem, Mesos__V1__TaskID, mesos__v1__task_id);
	s->task_id->value = arena_strdup(mem, t->id);
	s->state = (Mesos__V1__TaskState)u->state;
	s->has_source = s->has_uuid = 1;
	s->source = MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR;
	s->uuid.data = arena_memdup(mem, u->uuid, 16);
	s->uuid.len = 16;
}

static void executor_sends(struct world *w, struct world_container *c,
	struct world_task *t, const struct world_update *u)
{
	Mesos__V1__Executor__Call call = MESOS__V1__EXECUTOR__CALL__INIT;
	Mesos__V1__Executor__Call__Update up =
		MESOS__V1__EXECUTOR__CALL__UPDATE__INIT;
	struct arena mem;

	if (c->stream == 0)
		return;
	arena_init(&mem);
	up.status = arena_alloc(&mem, sizeof(*up.status));
	fill(up.status, &mem, t, u);
	call.type = MESOS__V1__EXECUTOR__CALL__TYPE__UPDATE;
	call.update = &up;
	(void)rig_call(&w->r, c->executor, &call);
	obey(w);
	arena_fini(&mem);
}

/* One of its tasks goes on. */
static void executor_steps(struct world *w, struct world_container *c)
{
	struct world_task *t;
	int state;

	if (c->n_tasks == 0)
		return;
	t = c->tasks[dice(w, c->n_tasks)];
	if (is_over(t))
		return;
	if (t->n_made == 0)
		state = STATE(STARTING);
	else if (t->kill)
		state = STATE(KILLED);
	else if (t->n_made == 1)
		state = STATE(RUNNING);
	else if (t->n_made < 6 && dice(w, 3) == 0 && !w->calm)
		state = STATE(RUNNING);
	else
		state = dice(w, 3) == 0 ? STATE(FAILED) : STATE(FINISHED);
	make(w, t, state);
	if (state == STATE(FAILED) && c->generated) {
		t->may_be_cut = true;
		c->oom = dice(w, 3) == 0;
	}
	executor_sends(w, c, t, &t->made[t->n_made - 1]);
}

static void executor_subscribes(struct world *w, struct world_container *c)
{
	Mesos__V1__Executor__Call call = MESOS__V1__EXECUTOR__CALL__INIT;
	Mesos__V1__Executor__Call__Subscribe s =
		MESOS__V1__EXECUTOR__CALL__SUBSCRIBE__INIT;
	Mesos__V1__Executor__Call__Update *updates[TASKS * UPDATES];
	Mesos__V1__TaskInfo *tasks[TASKS];
	struct arena mem;
	size_t i, k, acked;

	arena_init(&mem);
	s.unacknowledged_tasks = tasks;
	s.unacknowledged_updates = updates;
	for (i = 0; i < c->n_tasks; i++) {
		struct world_task *t = c->tasks[i];

		for (k = acked = 0; k < t->n_made; k++) {
			Mesos__V1__Executor__Call__Update *u;

			acked += t->made[k].acked;
			if (t->made[k].acked)
				continue;
			u = RIG_NEW(&mem, Mesos__V1__Executor__Call__Update,
				mesos__v1__executor__call__update);
			u->status = arena_alloc(&mem, sizeof(*u->status));
			fill(u->status, &mem, t, &t->made[k]);
			updates[s.n_unacknowledged_updates++] = u;
		}
		if (acked == 0)
			tasks[s.n_unacknowledged_tasks++] =
				rig_command_task(&mem, t->id, "true");
	}
	call.type = MESOS__V1__EXECUTOR__CALL__TYPE__SUBSCRIBE;
	call.subscribe = &s;
	c->stream = w->r.next_request + 1;
	(void)rig_call(&w->r, c->executor, &call);
	if (rig_replied(&w->r) != 0)
		c->stream = 0;
	obey(w);
	arena_fini(&mem);
}

static void executor_hears(struct world *w, struct world_container *c,
	const Mesos__V1__Executor__Event *ev)
{
	struct world_task *t;
	size_t i;

	if (!w->calm && dice(w, 30) == 0) {
		c->stream = 0; /* it broke with this event on it */
		return;
	}
	switch ((int)ev->type) {
	case EVENT(LAUNCH):
		t = task_find(w, ev->launch->task->task_id->value);
		assert_false(t->begun);
		t->begun = true;
		c->tasks[c->n_tasks++] = t;
		return;
	case EVENT(KILL):
		t = task_find(w, ev->kill->task_id->value);
		t->kill = true;
		return;
	case EVENT(ACKNOWLEDGED):
		t = task_find(w, ev->acknowledged->task_id->value);
		for (i = 0; i < t->n_made; i++)
			if (memcmp(t->made[i].uuid, ev->acknowledged->uuid.data,
				    16) == 0)
				t->made[i].acked = true;
		if (c->generated && is_over(t) && t->made[t->n_made - 1].acked)
			c->leave = true;
		return;
	case EVENT(SHUTDOWN):
		c->leave = true;
		return;
	default:
		return;
	}
}

static void container_ends(struct world *w, struct world_container *c)
{
	struct agent_exit x = { .known = w->r.a != NULL,
		.oom = c->oom,
		.mem_limit_bytes = 64 << 20,
		.mem_max_bytes = 64 << 20,
		.mem_stat = "cache 0\n" };
	char id[64];

	if (c->stream != 0) {
		struct agent_event down = { .type = AGENT_STREAM_DOWN,
			.from = c->stream };

		c->stream = 0;
		if (dice(w, 2) == 0) {
			rig_step(&w->r, &down);
			obey(w);
		}
	}
	if (c->where == NOWHERE)
		return;
	c->where = NOWHERE;
	(void)snprintf(id, sizeof(id), "%s", c->id);
	rig_exited(&w->r, id, &x);
	obey(w);
}

static void container_steps(struct world *w, struct world_container *c)
{
	char id[64];

	(void)snprintf(id, sizeof(id), "%s", c->id);
	switch (c->where) {
	case NOWHERE:
		return;
	case LAUNCHING:
		if (dice(w, 12) == 0 && !w->calm) {
			struct agent_event ev = { .type = AGENT_START_FAILED,
				.container_id = id,
				.text = "no room" };

			c->where = NOWHERE;
			rig_step(&w->r, &ev);
			obey(w);
			return;
		}
		if (c->stream == 0 && dice(w, 2) == 0) {
			executor_subscribes(w, c); /* it was quick */
			return;
		}
		c->where = ALIVE;
		rig_started(&w->r, id, c->pid);
		obey(w);
		return;
	case ALIVE:
		if (c->leave || (dice(w, 40) == 0 && !w->calm)) {
			container_ends(w, c);
		} else if (c->stream == 0) {
			executor_subscribes(w, c);
		} else if (dice(w, 20) == 0 && !w->calm) {
			struct agent_event down = { .type = AGENT_STREAM_DOWN,
				.from = c->stream };

			c->stream = 0;
			rig_step(&w->r, &down);
			obey(w);
		} else {
			executor_steps(w, c);
		}
		return;
	case DYING:
		container_ends(w, c);
		return;
	}
}

/* --- the agent's effects ------------------------------------------------ */

static void room_effect(struct world *w, const struct rig_said *s)
{
	struct world_container *c;

	switch (s->status) {
	case AGENT_LAUNCH:
		assert_null(container_find(w, s->launch->container_id));
		assert_true(w->n_containers < CONTAINERS);
		c = &w->containers[w->n_containers++];
		*c = (struct world_container){ .where = LAUNCHING,
			.pid = 1000 + (int)w->n_containers };
		(void)snprintf(
			c->id, sizeof(c->id), "%s", s->launch->container_id);
		(void)snprintf(c->executor, sizeof(c->executor), "%s",
			s->launch->executor_id);
		c->generated = c->executor[0] == 't';
		return;
	case AGENT_ADOPT:
		c = container_find(w, s->adopt->container_id);
		if (c != NULL && c->where != NOWHERE && s->adopt->pid != 0)
			return;
		if (c == NULL || c->where == NOWHERE) {
			/* It never was, or it ended while nobody looked: that
			 * is told. */
			assert_true(w->n_containers < CONTAINERS);
			if (c == NULL)
				c = &w->containers[w->n_containers++];
			(void)snprintf(c->id, sizeof(c->id), "%s",
				s->adopt->container_id);
		}
		c->where = DYING;
		return;
	case AGENT_DESTROY:
		c = container_find(w, s->text);
		if (c != NULL && c->where != NOWHERE)
			c->where = DYING;
		return;
	default:
		return;
	}
}

/* Carries out what the last step wanted. Nested steps replace r.said, so it is
 * copied first; messages live until the step after. */
static void obey(struct world *w)
{
	size_t n = w->r.n_said, i;
	struct rig_said *said;

	if (!w->calm && dice(w, 60) == 0) {
		w->n_lost += n > 0;
		crash(w);
		return;
	}
	said = xmemdup(w->r.said, n * sizeof(*said));
	for (i = 0; i < n; i++) {
		const struct rig_said *s = &said[i];
		struct world_container *c = by_stream(w, s->to);

		if (s->type == EFFECT_ROOM)
			room_effect(w, s);
		else if (s->type == EFFECT_STREAM_SEND && c != NULL)
			executor_hears(w, c, s->event);
		else if (s->type == EFFECT_STREAM_CLOSE && c != NULL)
			c->stream = 0;
		else if (s->type == EFFECT_LINK_SEND &&
			(int)s->to_master->msg_case == SENT(STATUS_UPDATE))
			master_sees(w, s->to_master->status_update->status);
	}
	free(said);
}

/* --- mishaps ------------------------------------------------------------ */

static void crash(struct world *w)
{
	size_t i;
	bool reboot = dice(w, 6) == 0 && !w->calm;
	static char boots[64][24];

	w->n_crashes++;
	w->up = false;
	if (reboot && w->n_boots < 63) {
		w->n_boots++;
		(void)snprintf(
			boots[w->n_boots], 24, "boot-%d", w->n_boots + 1);
		w->r.cfg.boot_id = boots[w->n_boots];
	}
	for (i = 0; i < w->n_containers; i++) {
		struct world_container *c = &w->containers[i];

		c->stream = 0;
		if (reboot)
			c->where = NOWHERE;
		else if (c->where == LAUNCHING)
			c->where = ALIVE; /* it starts without us */
		else if (c->where == DYING)
			c->where = NOWHERE;
	}
	rig_restart(&w->r);
	obey(w);
}

static void happen(struct world *w)
{
	switch (dice(w, 16)) {
	case 0:
	case 1:
	case 2:
		master_run(w);
		return;
	case 3:
		if (w->n_tasks > 0 && dice(w, 2) == 0)
			master_kill(w, &w->tasks[dice(w, w->n_tasks)]);
		else if (dice(w, 8) == 0)
			master_shuts_down(w, dice(w, 2) == 0 ? "x1" : "x2");
		return;
	case 4:
	case 5:
	case 6:
		if (w->n_tasks > 0)
			master_ack(w, &w->tasks[dice(w, w->n_tasks)]);
		return;
	case 7:
		link_up(w);
		return;
	case 8:
		if (dice(w, 4) == 0)
			link_down(w);
		return;
	case 9:
		rig_tick(&w->r, dice(w, 3000));
		obey(w);
		return;
	case 10:
		if (dice(w, 6) == 0)
			crash(w);
		return;
	default:
		if (w->n_containers > 0)
			container_steps(
				w, &w->containers[dice(w, w->n_containers)]);
		return;
	}
}

/* No more mishaps: everything must come to its end. */
static void calm_down(struct world *w)
{
	size_t round, i;

	w->calm = true;
	for (round = 0; round < 400; round++) {
		link_up(w);
		for (i = 0; i < w->n_containers; i++) {
			struct world_container *c = &w->containers[i];

			/* Custom executors are told to go in the end. */
			if (round > 200 && c->where == ALIVE && !c->generated)
				c->leave = true;
			container_steps(w, c);
		}
		for (i = 0; i < w->n_tasks; i++)
			master_ack(w, &w->tasks[i]);
		rig_tick(&w->r, 500);
		obey(w);
	}
}

static void judge(struct world *w, uint64_t seed)
{
	size_t i, k;

	for (i = 0; i < w->n_tasks; i++) {
		const struct world_task *t = &w->tasks[i];
		size_t made = 0;

		if (t->n_seen == 0 || t->n_acked != t->n_seen ||
			!task_state_is_terminal(t->seen_state[t->n_seen - 1]))
			fail_msg("seed %llu: %s has not ended",
				(unsigned long long)seed, t->id);
		for (k = 0; k < t->n_seen; k++)
			made += !t->seen_agent[k];
		for (k = made; k < t->n_made; k++)
			if (t->made[k].acked && !t->may_be_cut)
				fail_msg("seed %llu: %s lost an update",
					(unsigned long long)seed, t->id);
	}
	for (i = 0; i < w->n_containers; i++)
		if (w->containers[i].where != NOWHERE)
			fail_msg("seed %llu: container %s is left",
				(unsigned long long)seed, w->containers[i].id);
	for (i = AGENT_TABLE_FRAMEWORK; i < AGENT_TABLE_SANDBOX; i++)
		if (rig_count_rows(&w->r, (unsigned)i) != 0)
			fail_msg("seed %llu: table %s is not empty",
				(unsigned long long)seed, agent_table_names[i]);
}

static void test_worlds(void **state)
{
	const char *one = getenv("SEED");
	uint64_t seed = one != NULL ? strtoull(one, NULL, 10) : 1;
	uint64_t last = one != NULL ? seed : 300;
	static struct world w;
	size_t i, ended[16] = { 0 }, crashes = 0, lost = 0, twice = 0;

	(void)state;
	for (; seed <= last; seed++) {
		w = (struct world){ 0 };
		prng_init(&w.prng, seed);
		rig_init(&w.r);
		rig_up(&w.r, false);
		w.up = true;
		for (i = 0; i < STEPS; i++)
			happen(&w);
		calm_down(&w);
		judge(&w, seed);
		for (i = 0; i < 16; i++)
			ended[i] += w.n_ended[i];
		crashes += w.n_crashes;
		lost += w.n_lost;
		twice += w.n_twice;
		rig_fini(&w.r);
	}
	/* The worlds are as wild as they should be. */
	print_message("crashes %zu, of them before effects %zu, repeated "
		      "updates %zu\n",
		crashes, lost, twice);
	for (i = 0; i < 16; i++)
		if (ended[i] > 0)
			print_message(
				"%s %zu\n", task_state_name((int)i), ended[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
