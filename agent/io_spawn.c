/* io_spawn.c - see io_spawn.h. */
#include "agent/io_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/io_cgroup.h"
#include "agent/io_clone.h"
#include "agent/io_sandbox.h"
#include "common/check.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

struct user {
	char *name; /* NULL: nobody looked up */
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	int n_groups;
};

struct spawner {
	int root;
	struct cgroup_host *cgroup;
	int null_fd;
	bool oom_score_reset; /* ours is not the default */
	struct rlimit nofile; /* what we were started with */
	struct user user;     /* the last one looked up in this batch */
};

static void start(struct spawner *s, struct spawn_job *j);
static void resize(struct spawner *s, struct spawn_job *j);
static int user_find(struct spawner *s, const char *name, struct err *e);
static void user_forget(struct spawner *s);
static void abandon(struct spawn_job *j);

struct spawner *spawn_new(const struct spawn_config *cfg)
{
	struct spawner *s = xcalloc(1, sizeof(*s));
	char text[32] = "";
	int fd;

	s->root = cfg->root;
	s->cgroup = cfg->cgroup;
	s->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK(s->null_fd >= 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &s->nofile) == 0);
	fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!read(fd, text, sizeof(text) - 1); /* then it stays "" */
		(void)close(fd);			 /* only read from */
	}
	s->oom_score_reset = strtol(text, NULL, 10) != 0;
	return s;
}

void spawn_free(struct spawner *s)
{
	if (s == NULL)
		return;
	user_forget(s);
	(void)close(s->null_fd); /* /dev/null */
	free(s);
}

/* A NULL-terminated array, copied. */
static const char *const *strings_copy(
	struct arena *a, const char *const *strings)
{
	size_t n = 0, i;
	const char **copy;

	while (strings != NULL && strings[n] != NULL)
		n++;
	copy = arena_alloc(a, (n + 1) * sizeof(*copy));
	for (i = 0; i < n; i++)
		copy[i] = arena_strdup(a, strings[i]);
	return copy;
}

/* As execvp(3) would search, but in the PATH of the environment given. */
static const char **search_paths(
	struct arena *a, const char *file, const char *const *env)
{
	const char *path = DEFAULT_PATH;
	const char **paths;
	const char *p;
	size_t n = 2, i;

	for (i = 0; env[i] != NULL; i++) {
		if (strncmp(env[i], "PATH=", 5) == 0)
			path = env[i] + 5;
	}
	for (p = path; *p != '\0'; p++)
		n += *p == ':';
	paths = arena_alloc(a, (n + 1) * sizeof(*paths));
	if (strchr(file, '/') != NULL || file[0] == '\0') {
		paths[0] = file;
		return paths;
	}
	for (n = 0;; path = p + 1) {
		p = path + strcspn(path, ":");
		paths[n++] = p == path ? arena_printf(a, "./%s", file)
				       : arena_printf(a, "%.*s/%s",
						 (int)(p - path), path, file);
		if (*p == '\0')
			break;
	}
	return paths;
}

static struct spawn_job *job_new(void)
{
	struct spawn_job *j = xcalloc(1, sizeof(*j));

	arena_init(&j->arena);
	j->pidfd = j->sock = j->oom_fd = -1;
	return j;
}

struct spawn_job *spawn_job_new(const struct agent_launch *launch)
{
	struct spawn_job *j = job_new();
	struct arena *a = &j->arena;

	CHECK(launch->value != NULL);
	j->id = arena_strdup(a, launch->container_id);
	j->directory = arena_strdup(a, launch->directory);
	j->user = arena_strdup(a, launch->user);
	j->env = strings_copy(a, launch->env);
	j->limits = launch->limits;
	if (launch->shell) {
		const char *const argv[] = { "sh", "-c", launch->value, NULL };

		j->argv = strings_copy(a, argv);
		j->program = "/bin/sh";
	} else {
		j->argv = strings_copy(a, launch->argv);
		j->program = arena_strdup(a, launch->value);
	}
	j->paths = search_paths(a, j->program, j->env);
	return j;
}

struct spawn_job *spawn_job_new_resize(const struct agent_resize *r)
{
	struct spawn_job *j = job_new();

	j->id = arena_strdup(&j->arena, r->container_id);
	j->limits = r->limits;
	j->resize = true;
	return j;
}

void spawn_job_free(struct spawn_job *j)
{
	if (j == NULL)
		return;
	if (j->sock >= 0 && j->pid > 0)
		abandon(j); /* it may still be running on our memory */
	if (j->pidfd >= 0)
		(void)close(j->pidfd); /* no data in it */
	if (j->sock >= 0)
		(void)close(j->sock); /* no data in it */
	if (j->oom_fd >= 0)
		(void)close(j->oom_fd); /* no data in it */
	if (j->child != NULL)
		free(j->child->stack);
	arena_fini(&j->arena);
	free(j);
}

/* One at a time, so that each is told as soon as it is started. */
unsigned spawn_run(
	struct spawner *s, struct worker_jobs *jobs, struct worker_jobs *done)
{
	struct worker_job *job = TAILQ_FIRST(jobs);
	struct spawn_job *j = (struct spawn_job *)(void *)job;

	if (j->resize)
		resize(s, j);
	else
		start(s, j);
	TAILQ_REMOVE(jobs, job, next);
	TAILQ_INSERT_TAIL(done, job, next);
	if (TAILQ_EMPTY(jobs))
		user_forget(s); /* the files may change */
	return 0;
}

/* The agent may be protected from the OOM killer, its tasks are not. Not by
 * the child itself: while it shares our memory, its score is ours. */
static void oom_score_reset(int pid)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "0", 1); /* best effort */
	(void)close(fd);	  /* written or refused by now */
}

int spawn_report(struct spawn_job *j, struct err *e)
{
	static const char *const what[] = {
		[CLONE_CGROUP] = "enter the cgroups of",
		[CLONE_SETUP] = "set up",
		[CLONE_USER] = "switch user for",
		[CLONE_EXEC] = "exec",
	};
	struct clone_report r;
	ssize_t n;

	do {
		n = recv(j->sock, &r, sizeof(r), 0);
	} while (n < 0 && errno == EINTR);
	(void)close(j->sock); /* there is no more in it */
	j->sock = -1;
	if (n == 0) {
		if (j->oom_score_reset)
			oom_score_reset(j->pid);
		return 0;
	}
	if (n != (ssize_t)sizeof(r) || r.stage < 0 ||
		r.stage >= (int)ARRAY_LEN(what))
		return err_set(e, ERR_IO, "exec '%s': no report", j->program);
	return err_set(e, ERR_IO, "%s '%s': %s", what[r.stage], j->program,
		strerror(r.error));
}

int spawn_start_ticks(int pid, uint64_t *ret)
{
	char path[64], text[1024];
	char *p;
	ssize_t n;
	int fd, field;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid); /* fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd); /* only read from */
	if (n <= 0)
		return -1;
	text[n] = '\0';
	/* The name in field 2 may hold anything, ')' too. */
	p = strrchr(text, ')');
	for (field = 2; p != NULL && field < 22; field++) {
		p = strchr(p, ' ');
		if (p != NULL)
			p++;
	}
	if (p == NULL)
		return -1;
	*ret = strtoull(p, NULL, 10);
	return 0;
}

static struct clone *child_new(
	const struct spawner *s, struct spawn_job *j, const struct sandbox *box)
{
	struct clone *c = arena_alloc(&j->arena, sizeof(*c));
	const struct user *u = &s->user;

	c->dir = box->dir;
	c->in = s->null_fd;
	c->out = box->out;
	c->err = box->err;
	c->nofile = s->nofile;
	c->paths = j->paths;
	c->argv = j->argv;
	c->env = j->env;
	if (j->user != NULL && geteuid() == 0) {
		c->switch_user = true;
		c->uid = u->uid;
		c->gid = u->gid;
		c->groups = arena_memdup(&j->arena, u->groups,
			(size_t)u->n_groups * sizeof(gid_t));
		c->n_groups = u->n_groups;
	}
	c->n_doors = cgroup_doors(s->cgroup, j->id, c->doors);
	c->stack = xmalloc(CLONE_STACK_SIZE);
	return c;
}

/* A child in its sandbox; or the job's err. */
static void child_add(
	struct spawner *s, struct spawn_job *j, const struct sandbox *box)
{
	int sock[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) != 0) {
		err_set(&j->err, ERR_IO, "socketpair: %s", strerror(errno));
		return;
	}
	j->sock = sock[0];
	j->child = child_new(s, j, box);
	j->child->sock = sock[1];
	j->pid = clone_start(j->child);
	if (j->pid < 0)
		err_set(&j->err, ERR_IO, "clone: %s", strerror(errno));
	(void)close(sock[1]); /* the child's */
	j->ok = j->pid > 0;
	j->pid = j->ok ? j->pid : 0;
}

/* What names the child for good. It is ours and not waited for: nobody else can
 * have its pid, even if it is dead already. */
static void child_identify(struct spawn_job *j)
{
	j->pidfd = (int)syscall(SYS_pidfd_open, j->pid, 0);
	if (j->pidfd >= 0 && spawn_start_ticks(j->pid, &j->start_ticks) == 0)
		return;
	err_set(&j->err, ERR_IO, "look at pid %d: %s", j->pid, strerror(errno));
	abandon(j);
}

static void start(struct spawner *s, struct spawn_job *j)
{
	struct sandbox box;
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (j->user != NULL) {
		if (user_find(s, j->user, &j->err) != 0)
			return;
		uid = s->user.uid;
		gid = s->user.gid;
	}
	if (sandbox_make(&box, s->root, j->directory, uid, gid, &j->err) != 0)
		return;
	j->cgroup_made =
		cgroup_make(s->cgroup, j->id, &j->limits, &j->err) == 0;
	if (j->cgroup_made) {
		j->oom_fd = cgroup_watch(s->cgroup, j->id, j->token);
		j->oom_score_reset = s->oom_score_reset;
		child_add(s, j, &box);
	}
	sandbox_fini(&box);
	if (j->ok)
		child_identify(j);
}

/* Ends a child that may be running on our memory. */
static void abandon(struct spawn_job *j)
{
	j->ok = false;
	(void)kill(j->pid, SIGKILL); /* a child of ours, so it is this one */
	while (waitpid(j->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	j->pid = 0;
	if (j->pidfd >= 0)
		(void)close(j->pidfd); /* no data in it */
	j->pidfd = -1;
}

static void resize(struct spawner *s, struct spawn_job *j)
{
	j->ok = cgroup_limit(s->cgroup, j->id, &j->limits, &j->err) == 0;
}

static int groups_find(struct user *u)
{
	int n = 32;
	int r;

	do {
		u->groups = xrealloc(u->groups, (size_t)n * sizeof(gid_t));
		u->n_groups = n;
		r = getgrouplist(u->name, u->gid, u->groups, &u->n_groups);
		n = u->n_groups > n ? u->n_groups : 2 * n;
	} while (r < 0 && n <= 65536); /* NGROUPS_MAX */
	return r < 0 ? -1 : 0;
}

static int user_find(struct spawner *s, const char *name, struct err *e)
{
	struct user *u = &s->user;
	char text[16 * 1024];
	struct passwd pw;
	struct passwd *found = NULL;
	int r;

	if (u->name != NULL && strcmp(u->name, name) == 0)
		return 0;
	user_forget(s);
	r = getpwnam_r(name, &pw, text, sizeof(text), &found);
	if (found == NULL)
		return err_set(e, ERR_NOT_FOUND, "user '%s': %s", name,
			r == 0 ? "no such user" : strerror(r));
	if (geteuid() != 0 && pw.pw_uid != geteuid())
		return err_set(e, ERR_DENIED,
			"user '%s': the agent is not root and can't switch to it",
			name);
	u->name = xstrdup(name);
	u->uid = pw.pw_uid;
	u->gid = pw.pw_gid;
	if (groups_find(u) == 0)
		return 0;
	user_forget(s);
	return err_set(e, ERR_LIMIT, "user '%s': too many groups", name);
}

static void user_forget(struct spawner *s)
{
	free(s->user.name);
	free(s->user.groups);
	memset(&s->user, 0, sizeof(s->user));
}
