/*
 * io_launch.c - see io_launch.h.
 *
 * Method: the loop's thread has a table of containers, each STARTING, RUNNING
 * or ENDING. The spawner's thread gives back a child that was started; its
 * socket then says whether the program runs. The reaper's thread is given a
 * container once, when it starts to end, and gives it back when nothing is
 * left. A container leaves the table when it is back from the reaper and its
 * first process was waited for.
 */
#include "agent/io_launch.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/io_cgroup.h"
#include "agent/io_spawn.h"
#include "agent/io_worker.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/map.h"
#include "common/mem.h"

#define LAUNCH_MAGIC	0x1a0c4a11u
#define CONTAINER_MAGIC 0xc0417a1eu

enum state { STARTING, RUNNING, ENDING };

struct container {
	unsigned magic;
	UT_hash_handle hh;
	struct launch *l;
	char *id;
	uint64_t token;
	enum state state;
	bool destroy;	       /* asked for while STARTING */
	struct spawn_job *job; /* as long as its child runs on our memory */
	int pid;	       /* 0: none */
	uint64_t start_ticks;
	int pidfd, oom_fd; /* -1: none */
	struct event *ev;  /* on the job's socket, then on pidfd */
	bool ours;	   /* its first process is our child */
	bool oom;
	char *failed; /* why it never ran */

	bool waited; /* its first process is dead */
	bool status_known;
	int status;
	bool gone; /* back from the reaper */
	struct cgroup_memory memory;
};

struct launch {
	unsigned magic;
	struct event_base *base;
	struct cgroup_host *cgroup;
	struct launch_ops ops;
	void *ctx;
	struct spawner *spawner;
	struct worker *spawn_worker;
	struct worker *reap_worker;
	struct event *oom_ev;
	struct container *table;
	uint64_t tokens;
};

/* A container to end, on the reaper's thread. */
struct reap_job {
	struct worker_job job;
	char *id;
	int pid;
	int pidfd; /* borrowed: closed after the job is back */
	bool oom;
	bool looked; /* at its memory */
	struct cgroup_memory memory;
	unsigned rounds;
	uint64_t begun_ms, next_ms, warn_ms;
};

static void container_free(struct container *c);
static void finish(struct container *c);
static void end(struct container *c);
static void watch(struct container *c, int fd, event_callback_fn fn);
static void on_exit_fd(evutil_socket_t fd, short what, void *arg);
static void on_oom(evutil_socket_t fd, short what, void *arg);
static void on_report(evutil_socket_t fd, short what, void *arg);
static void on_reaped(void *ctx, struct worker_job *job);
static void on_spawned(void *ctx, struct worker_job *job);
static void reap_drop(void *ctx, struct worker_job *job);
static unsigned reap_run(
	void *ctx, struct worker_jobs *jobs, struct worker_jobs *done);
static void spawn_drop(void *ctx, struct worker_job *job);
static unsigned start_run(
	void *ctx, struct worker_jobs *jobs, struct worker_jobs *done);

struct launch *launch_new(struct event_base *base, int root,
	struct cgroup_host *cgroup, const struct launch_ops *ops, void *ctx)
{
	static const struct worker_ops reap_ops = { reap_run, on_reaped,
		reap_drop };
	static const struct worker_ops spawn_ops = { start_run, on_spawned,
		spawn_drop };
	struct spawn_config cfg = { root, cgroup };
	struct launch *l = xcalloc(1, sizeof(*l));

	l->magic = LAUNCH_MAGIC;
	l->base = base;
	l->cgroup = cgroup;
	l->ops = *ops;
	l->ctx = ctx;
	l->spawner = spawn_new(&cfg);
	l->spawn_worker = worker_new(base, "spawn", &spawn_ops, l);
	l->reap_worker = worker_new(base, "reap", &reap_ops, l);
	if (cgroup_oom_fd(cgroup) >= 0) {
		l->oom_ev = event_new(base, cgroup_oom_fd(cgroup),
			EV_READ | EV_PERSIST, on_oom, l);
		CHECK(l->oom_ev != NULL);
		CHECK(event_add(l->oom_ev, NULL) == 0);
	}
	return l;
}

void launch_free(struct launch *l)
{
	struct container *c, *next;

	if (l == NULL)
		return;
	worker_free(l->spawn_worker);
	worker_free(l->reap_worker);
	HASH_ITER (hh, l->table, c, next)
		container_free(c);
	if (l->oom_ev != NULL)
		event_free(l->oom_ev);
	spawn_free(l->spawner);
	l->magic = 0;
	free(l);
}

static struct container *container_new(struct launch *l, const char *id)
{
	struct container *c = xcalloc(1, sizeof(*c));

	c->magic = CONTAINER_MAGIC;
	c->l = l;
	c->id = xstrdup(id);
	c->token = ++l->tokens;
	c->pidfd = c->oom_fd = -1;
	HASH_ADD_KEYPTR(hh, l->table, c->id, strlen(c->id), c);
	return c;
}

static void closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* no data in it */
	*fd = -1;
}

static void container_free(struct container *c)
{
	HASH_DELETE(hh, c->l->table, c);
	if (c->ev != NULL)
		event_free(c->ev);
	closep(&c->pidfd);
	closep(&c->oom_fd);
	free(c->memory.stat);
	free(c->failed);
	spawn_job_free(c->job);
	free(c->id);
	c->magic = 0;
	free(c);
}

static struct container *container_find(struct launch *l, const char *id)
{
	struct container *c;

	HASH_FIND_STR(l->table, id, c);
	CHECK(c == NULL || c->magic == CONTAINER_MAGIC);
	return c;
}

void launch_start(struct launch *l, const struct agent_launch *start)
{
	struct container *c;
	struct spawn_job *j;

	CHECK(container_find(l, start->container_id) == NULL);
	c = container_new(l, start->container_id);
	c->ours = true;
	j = spawn_job_new(start);
	j->token = c->token;
	worker_add(l->spawn_worker, &j->job);
}

void launch_adopt(struct launch *l, const struct agent_adopt *adopt)
{
	struct container *c;
	uint64_t ticks = 0;

	CHECK(container_find(l, adopt->container_id) == NULL);
	c = container_new(l, adopt->container_id);
	c->state = RUNNING;
	c->pid = adopt->pid;
	c->start_ticks = adopt->start_ticks;
	if (c->pid > 1)
		c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	/* In this order: what the ticks say is true of the pidfd too. */
	if (c->pidfd < 0 || spawn_start_ticks(c->pid, &ticks) != 0 ||
		ticks != c->start_ticks) {
		closep(&c->pidfd);
		c->pid = 0;
		c->waited = true;
		end(c);
		return;
	}
	c->oom_fd = cgroup_watch(l->cgroup, c->id, c->token);
	watch(c, c->pidfd, on_exit_fd);
	log_info("container_adopt", "container=%s pid=%d", c->id, c->pid);
}

void launch_destroy(struct launch *l, const char *container_id)
{
	struct container *c = container_find(l, container_id);

	if (c == NULL)
		return; /* it ended, and the room will hear or has heard */
	if (c->state != STARTING) {
		end(c);
		return;
	}
	/* It ends when it has said how it started; soon, if it is dead. */
	c->destroy = true;
	if (c->pidfd >= 0)
		(void)syscall(
			SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
}

void launch_resize(struct launch *l, const struct agent_resize *resize)
{
	struct container *c = container_find(l, resize->container_id);
	struct spawn_job *j;

	if (c == NULL || c->state == ENDING)
		return; /* nothing left to limit */
	j = spawn_job_new_resize(resize);
	worker_add(l->spawn_worker, &j->job);
}

struct sweep {
	struct launch *l;
	bool (*known)(void *ctx, const char *container_id);
	void *ctx;
};

static void reap(struct launch *l, const char *id, const struct container *c)
{
	struct reap_job *j = xcalloc(1, sizeof(*j));

	j->id = xstrdup(id);
	j->pidfd = c != NULL ? c->pidfd : -1;
	j->pid = c != NULL ? c->pid : 0;
	j->oom = c != NULL && c->oom;
	worker_add(l->reap_worker, &j->job);
}

static void sweep_one(void *ctx, const char *name)
{
	struct sweep *s = ctx;

	if (container_find(s->l, name) != NULL || s->known(s->ctx, name))
		return;
	log_warn("container_sweep", "container=%s", name);
	reap(s->l, name, NULL);
}

void launch_sweep(struct launch *l,
	bool (*known)(void *ctx, const char *container_id), void *ctx)
{
	struct sweep s = { l, known, ctx };

	cgroup_list(l->cgroup, sweep_one, &s);
}

/* Replaces the event: a container waits for one descriptor at a time. */
static void watch(struct container *c, int fd, event_callback_fn fn)
{
	if (c->ev != NULL)
		event_free(c->ev);
	c->ev = event_new(c->l->base, fd, EV_READ, fn, c);
	CHECK(c->ev != NULL);
	CHECK(event_add(c->ev, NULL) == 0);
}

static void on_resized(const struct spawn_job *j)
{
	if (!j->ok)
		log_warn("container_resize", "container=%s error='%s'", j->id,
			j->err.text);
}

static void on_spawned(void *ctx, struct worker_job *job)
{
	struct spawn_job *j = (struct spawn_job *)(void *)job;
	struct launch *l = ctx;
	struct container *c = container_find(l, j->id);

	if (j->resize) {
		on_resized(j);
		spawn_job_free(j);
		return;
	}
	CHECK(c != NULL);
	CHECK(c->state == STARTING);
	if (!j->ok) {
		c->failed = xstrdup(j->err.text);
		c->waited = true;
		c->gone = !j->cgroup_made;
		if (c->gone)
			finish(c);
		else
			end(c);
		spawn_job_free(j);
		return;
	}
	c->pid = j->pid;
	c->start_ticks = j->start_ticks;
	c->pidfd = j->pidfd;
	c->oom_fd = j->oom_fd;
	j->pidfd = j->oom_fd = -1;
	c->job = j;
	watch(c, j->sock, on_report);
}

/* The program runs, or says why not. */
static void on_report(evutil_socket_t fd, short what, void *arg)
{
	struct container *c = arg;
	struct err e = { 0 };

	(void)fd, (void)what; /* only ever readable */
	CHECK(c->magic == CONTAINER_MAGIC);
	CHECK(c->state == STARTING);
	event_free(STEAL(c->ev)); /* before its descriptor is closed */
	if (spawn_report(c->job, &e) != 0)
		c->failed = xstrdup(e.text);
	watch(c, c->pidfd, on_exit_fd);
	if (c->failed == NULL) {
		spawn_job_free(STEAL(c->job));
		c->state = RUNNING;
		c->l->ops.started(c->l->ctx, c->id, c->pid, c->start_ticks);
	}
	if (c->failed != NULL || c->destroy)
		end(c);
}

static void on_exit_fd(evutil_socket_t fd, short what, void *arg)
{
	struct container *c = arg;
	siginfo_t info = { 0 };

	(void)what; /* only ever readable */
	CHECK(c->magic == CONTAINER_MAGIC);
	CHECK(fd == c->pidfd);
	if (c->ours &&
		waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG) == 0 &&
		info.si_pid == c->pid) {
		c->status_known = true;
		c->status = info.si_code == CLD_EXITED
			? (info.si_status & 0xff) << 8
			: info.si_status |
				(info.si_code == CLD_DUMPED ? 0x80 : 0);
	}
	c->waited = true;
	end(c);
	finish(c);
}

static void on_oom(evutil_socket_t fd, short what, void *arg)
{
	struct launch *l = arg;
	struct container *c, *next;
	uint64_t token;

	(void)fd, (void)what; /* cgroup_oom_next() reads it */
	CHECK(l->magic == LAUNCH_MAGIC);
	while (cgroup_oom_next(l->cgroup, &token)) {
		HASH_ITER (hh, l->table, c, next) {
			if (c->token != token)
				continue;
			/* v1 tells before it kills, v2 also tells of less. */
			if (cgroup_kind(l->cgroup) == CGROUP_V2 &&
				!cgroup_oom_killed(l->cgroup, c->id))
				break;
			if (!c->oom)
				log_info(
					"container_oom", "container=%s", c->id);
			c->oom = true;
			/* At once, lest its executor tells a lesser truth
			 * about its task. */
			(void)syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL,
				NULL, 0);
			if (c->state == RUNNING)
				end(c);
			break;
		}
	}
}

static void end(struct container *c)
{
	if (c->state == ENDING)
		return;
	c->state = ENDING;
	reap(c->l, c->id, c);
}

/* Tells and forgets a container of which nothing is left. */
static void finish(struct container *c)
{
	struct agent_exit how = { 0 };
	struct launch *l = c->l;

	if (!c->waited || !c->gone)
		return;
	how.known = c->status_known;
	how.status = c->status;
	how.oom = c->oom || c->memory.oom_killed;
	how.mem_limit_bytes = c->memory.limit_bytes;
	how.mem_max_bytes = c->memory.max_bytes;
	how.mem_stat = c->memory.stat;
	if (c->failed != NULL)
		l->ops.failed(l->ctx, c->id, c->failed);
	else
		l->ops.exited(l->ctx, c->id, &how);
	container_free(c);
}

static void reap_free(struct reap_job *j)
{
	free(j->memory.stat);
	free(j->id);
	free(j);
}

static void on_reaped(void *ctx, struct worker_job *job)
{
	struct reap_job *j = (struct reap_job *)(void *)job;
	struct container *c = container_find(ctx, j->id);

	if (c != NULL && c->state == ENDING) { /* not one that was swept */
		c->gone = true;
		c->memory = j->memory;
		j->memory.stat = NULL;
		finish(c);
	}
	reap_free(j);
}

static void reap_drop(void *ctx, struct worker_job *job)
{
	(void)ctx; /* the agent stops: the next one sweeps */
	reap_free((struct reap_job *)(void *)job);
}

static void spawn_drop(void *ctx, struct worker_job *job)
{
	(void)ctx; /* the agent stops: the next one sweeps */
	spawn_job_free((struct spawn_job *)(void *)job);
}

/* --- on the threads ------------------------------------------------------ */

static unsigned start_run(
	void *ctx, struct worker_jobs *jobs, struct worker_jobs *done)
{
	struct launch *l = ctx;

	return spawn_run(l->spawner, jobs, done);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* can't fail */
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Somebody must look: nothing that a program can do survives SIGKILL, so it is
 * a disk or a driver. */
static void warn_stuck(struct launch *l, struct reap_job *j, uint64_t now)
{
	struct buf text = BUF_INIT;
	int pids[8];
	int n = cgroup_pids(l->cgroup, j->id, pids, (int)ARRAY_LEN(pids));
	int i;

	for (i = 0; i < n; i++)
		buf_printf(&text, "%s%d", i > 0 ? "," : "", pids[i]);
	log_error("container_stuck",
		"container=%s seconds=%llu pids=%s why='not gone after SIGKILL'",
		j->id, (unsigned long long)(now - j->begun_ms) / 1000,
		buf_str(&text));
	buf_fini(&text);
	j->warn_ms = now + CONTAINER_DESTROY_WARN_MS;
}

static bool reap_round(struct launch *l, struct reap_job *j, uint64_t now)
{
	if (!j->looked) {
		j->looked = true;
		j->begun_ms = now;
		j->warn_ms = now + CONTAINER_DESTROY_WARN_MS;
		if (j->oom || cgroup_oom_killed(l->cgroup, j->id))
			cgroup_memory_read(l->cgroup, j->id, &j->memory);
	}
	if (cgroup_destroy(l->cgroup, j->id, j->pid) == 0) {
		/* It may have left its cgroups, if it was root's. */
		if (j->pidfd >= 0)
			(void)syscall(SYS_pidfd_send_signal, j->pidfd, SIGKILL,
				NULL, 0);
		return true;
	}
	if (now >= j->warn_ms)
		warn_stuck(l, j, now);
	j->next_ms = now +
		(j->rounds < 10 ? 1u << j->rounds : CONTAINER_DESTROY_RETRY_MS);
	j->rounds++;
	return false;
}

static unsigned reap_run(
	void *ctx, struct worker_jobs *jobs, struct worker_jobs *done)
{
	struct launch *l = ctx;
	struct worker_job *job, *next;
	uint64_t due = UINT64_MAX;
	uint64_t now;

	TAILQ_FOREACH_SAFE (job, jobs, next, next) {
		struct reap_job *j = (struct reap_job *)(void *)job;

		now = now_ms();
		if (j->next_ms > now || !reap_round(l, j, now)) {
			due = j->next_ms < due ? j->next_ms : due;
			continue;
		}
		TAILQ_REMOVE(jobs, job, next);
		TAILQ_INSERT_TAIL(done, job, next);
	}
	now = now_ms();
	return due <= now ? 0 : due - now > 1000 ? 1000 : (unsigned)(due - now);
}
