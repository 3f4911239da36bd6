/*
 * main.c - butte-executor: runs one command task in a container of the agent.
 *
 * The agent starts it with the environment of an executor (butte-executor(8)).
 * It is a static binary with a poll(2) loop and gives memory back when it has
 * nothing to do: there is one for each running task.
 */
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/executor/io_channel.h"
#include "agent/executor/io_child.h"
#include "agent/executor/solo.h"
#include "common/check.h"
#include "common/err.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "common/recordio.h"
#include "mesos/v1/executor/executor.pb-c.h"

/* One event from the agent: a TaskInfo is a few KB, its data may be more. */
#define EVENT_SIZE_MAX (64 * 1024 * 1024)
/* Quiet time before memory is given back. */
#define IDLE_AFTER_MS 100

struct executor {
	struct solo *solo;
	struct solo_config cfg;
	struct outbox out;
	struct channel stream; /* SOLO_STREAM: the answer is events */
	struct channel calls;
	struct recordio records;
	const char *socket_path;
	int signals;	   /* a signalfd */
	pid_t child;	   /* 0: none */
	bool start_failed; /* to be told once the step is over */
	int exit_status;   /* -1: go on */
	struct err broken; /* why a connection is to be given up */
	bool is_broken;
};

extern char **environ;

static void configure(struct executor *x);
static void run(struct executor *x);
static void wait_ready(struct executor *x, struct pollfd fds[3]);
static void give_back(struct executor *x);
static void on_signals(struct executor *x);
static void on_exit_status(struct executor *x, int status);
static void step(struct executor *x, struct solo_event *ev);
static void carry_out(struct executor *x, const struct effect *e);
static void start_child(struct executor *x, const struct solo_start *s);
static void on_head(void *ctx, struct channel *c, int status);
static void on_body(
	void *ctx, struct channel *c, const uint8_t *data, size_t size);
static void on_end(void *ctx, struct channel *c);
static void on_record(struct executor *x, const uint8_t *data, size_t size);
static void check_broken(struct executor *x);
static _Noreturn void die(const char *what, const char *why);
static uint64_t duration_ms(const char *name, uint64_t fallback);

static const struct channel_ops channel_ops = { on_head, on_body, on_end };

int main(void)
{
	static struct executor x;
	sigset_t mask;

	configure(&x);
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGCHLD);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigaddset(&mask, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	x.signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (x.signals < 0)
		die("signalfd", strerror(errno));
	child_init();
	x.exit_status = -1;
	outbox_init(&x.out);
	recordio_init(&x.records, EVENT_SIZE_MAX);
	channel_init(&x.stream, &channel_ops, &x);
	channel_init(&x.calls, &channel_ops, &x);
	x.solo = solo_new(&x.cfg);
	step(&x, &(struct solo_event){ .type = SOLO_BEGIN });
	while (x.exit_status < 0)
		run(&x);
	/* What was said last must leave; the socket's buffer has room. */
	(void)channel_flush(&x.calls, NULL);
	return x.exit_status;
}

static void configure(struct executor *x)
{
	const char *checkpoint = getenv("MESOS_CHECKPOINT");

	x->cfg.framework_id = getenv("MESOS_FRAMEWORK_ID");
	x->cfg.executor_id = getenv("MESOS_EXECUTOR_ID");
	x->socket_path = getenv("MESOS_DOMAIN_SOCKET");
	if (x->cfg.framework_id == NULL || x->cfg.executor_id == NULL ||
		x->socket_path == NULL)
		die("start",
			"MESOS_FRAMEWORK_ID, MESOS_EXECUTOR_ID and "
			"MESOS_DOMAIN_SOCKET must be set: only an agent starts "
			"this program");
	x->cfg.env = (const char *const *)(uintptr_t)environ;
	x->cfg.checkpoint = checkpoint != NULL && strcmp(checkpoint, "1") == 0;
	x->cfg.recovery_timeout_ms =
		duration_ms("MESOS_RECOVERY_TIMEOUT", 15 * 60 * 1000);
	x->cfg.subscription_backoff_max_ms =
		duration_ms("MESOS_SUBSCRIPTION_BACKOFF_MAX", 2000);
	x->cfg.shutdown_grace_period_ms =
		duration_ms("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", 5000);
	if (getrandom(&x->cfg.seed, sizeof(x->cfg.seed), 0) !=
		(ssize_t)sizeof(x->cfg.seed))
		die("getrandom", strerror(errno));
}

static uint64_t clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int poll_timeout(const struct executor *x)
{
	uint64_t due = solo_next_due(x->solo);
	uint64_t now = clock_ms();

	if (due == UINT64_MAX)
		return -1;
	if (due <= now)
		return 0;
	return due - now > 1000 * 1000 ? 1000 * 1000 : (int)(due - now);
}

/* One turn of the loop. */
static void run(struct executor *x)
{
	struct pollfd fds[3] = {
		{ .fd = x->signals, .events = POLLIN },
		{ .fd = x->stream.fd, .events = channel_events(&x->stream) },
		{ .fd = x->calls.fd, .events = channel_events(&x->calls) },
	};

	wait_ready(x, fds);
	if (fds[0].revents != 0)
		on_signals(x);
	if (fds[1].revents != 0 && x->stream.fd == fds[1].fd &&
		channel_read(&x->stream, &x->broken) != 0)
		x->is_broken = true;
	if (fds[2].revents != 0 && x->calls.fd == fds[2].fd &&
		channel_read(&x->calls, &x->broken) != 0)
		x->is_broken = true;
	if (channel_flush(&x->stream, &x->broken) != 0 ||
		channel_flush(&x->calls, &x->broken) != 0)
		x->is_broken = true;
	check_broken(x);
	if (clock_ms() >= solo_next_due(x->solo))
		step(x, &(struct solo_event){ .type = SOLO_TICK });
	check_broken(x);
}

static void wait_ready(struct executor *x, struct pollfd fds[3])
{
	int timeout = poll_timeout(x);
	bool idle = timeout < 0 || timeout > IDLE_AFTER_MS;
	int n = poll(fds, 3, idle ? IDLE_AFTER_MS : timeout);

	if (n == 0 && idle) {
		give_back(x);
		n = poll(fds, 3, timeout < 0 ? -1 : timeout - IDLE_AFTER_MS);
	}
	if (n < 0 && errno != EINTR)
		die("poll", strerror(errno));
	if (n <= 0)
		fds[0].revents = fds[1].revents = fds[2].revents = 0;
}

/*
 * Before a long sleep, memory goes back to the system: the heap, and the pages
 * of our own code, which the kernel maps generously and finds again in its
 * cache.
 */
static void give_back(struct executor *x)
{
	const ElfW(Phdr) *p = (const void *)getauxval(AT_PHDR);
	size_t n = p != NULL ? getauxval(AT_PHNUM) : 0;
	size_t page = getauxval(AT_PAGESZ);

	if (x->records.in.size == x->records.pos) {
		recordio_fini(&x->records);
		recordio_init(&x->records, EVENT_SIZE_MAX);
	}
	outbox_fini(&x->out);
	outbox_init(&x->out);
	(void)malloc_trim(0);
	/* A sanitized build is not linked to fixed addresses. */
	if (n > 0 &&
		((const ElfW(Ehdr) *)(const void *)p - 1)->e_type != ET_EXEC)
		n = 0;
	for (; n > 0; n--, p++)
		if (p->p_type == PT_LOAD && (p->p_flags & PF_W) == 0)
			(void)madvise((void *)(p->p_vaddr / page * page),
				p->p_memsz, MADV_DONTNEED);
}

static void on_signals(struct executor *x)
{
	struct signalfd_siginfo si;
	bool stop = false;
	int status;

	while (read(x->signals, &si, sizeof(si)) == (ssize_t)sizeof(si))
		if (si.ssi_signo != SIGCHLD)
			stop = true;
	if (child_reap(x->child, &status)) {
		x->child = 0;
		on_exit_status(x, status);
	}
	if (stop)
		step(x, &(struct solo_event){ .type = SOLO_STOP });
}

static void on_exit_status(struct executor *x, int status)
{
	struct solo_event ev = { .type = SOLO_EXITED };

	if (WIFSIGNALED(status)) {
		ev.exit.signal = strsignal(WTERMSIG(status));
		ev.exit.core = WCOREDUMP(status);
	} else {
		ev.exit.status = WEXITSTATUS(status);
	}
	step(x, &ev);
}

/* Steps the room and does what it wants, until it wants nothing more. */
static void step(struct executor *x, struct solo_event *ev)
{
	struct effect *e;
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	ev->now_ms = clock_ms();
	ev->wall_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
	solo_step(x->solo, ev, &x->out);
	TAILQ_FOREACH (e, &x->out.effects, next)
		carry_out(x, e);
	outbox_reset(&x->out);
	if (channel_flush(&x->stream, &x->broken) != 0 ||
		channel_flush(&x->calls, &x->broken) != 0)
		x->is_broken = true;
}

static void carry_out(struct executor *x, const struct effect *e)
{
	struct channel *c = e->to == SOLO_STREAM ? &x->stream : &x->calls;

	if (e->type == EFFECT_EXIT) {
		x->exit_status = e->status;
		return;
	}
	if (e->type == EFFECT_LINK_SEND) {
		if (channel_call(c, x->socket_path, e->data, e->size,
			    &x->broken) != 0)
			x->is_broken = true;
		return;
	}
	switch ((enum solo_effect)e->status) {
	case SOLO_START:
		start_child(x, e->arg);
		return;
	case SOLO_TERM:
		child_signal(SIGTERM);
		return;
	case SOLO_KILL:
		child_signal(SIGKILL);
		return;
	case SOLO_DISCONNECT:
		channel_close(&x->stream);
		channel_close(&x->calls);
		return;
	case SOLO_LOG:
		(void)dprintf(STDERR_FILENO, "%s\n", (const char *)e->arg);
		return;
	}
}

static void start_child(struct executor *x, const struct solo_start *s)
{
	pid_t pid = child_start(s);

	if (pid > 0) {
		x->child = pid;
		return;
	}
	(void)dprintf(STDERR_FILENO, "Failed to start a process: %s\n",
		strerror(errno));
	x->start_failed = true;
}

static void on_head(void *ctx, struct channel *c, int status)
{
	struct executor *x = ctx;

	/* Of calls, 202 is the only good answer: whatever else it is, the agent
	 * is restarting or no longer knows us. To subscribe anew settles it. */
	if (status == (c == &x->stream ? 200 : 202))
		return;
	(void)err_set(
		&x->broken, ERR_IO, "the agent answers with status %d", status);
	x->is_broken = true;
}

static void on_body(
	void *ctx, struct channel *c, const uint8_t *data, size_t size)
{
	struct executor *x = ctx;
	const uint8_t *record;
	size_t n;
	int r;

	if (c != &x->stream || x->is_broken)
		return; /* the text of an error; its status said enough */
	recordio_feed(&x->records, data, size);
	while ((r = recordio_next(&x->records, &record, &n, &x->broken)) == 1)
		on_record(x, record, n);
	if (r < 0)
		x->is_broken = true;
}

static void on_end(void *ctx, struct channel *c)
{
	struct executor *x = ctx;

	if (c != &x->stream || x->is_broken)
		return;
	(void)err_set(&x->broken, ERR_IO, "the agent ended the stream");
	x->is_broken = true;
}

static void on_record(struct executor *x, const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	Mesos__V1__Executor__Event *event;

	event = MSG_UNPACK(Mesos__V1__Executor__Event, &x->out.arena,
		&mesos__v1__executor__event__descriptor, data, size, &e);
	if (event == NULL) {
		(void)dprintf(STDERR_FILENO,
			"An event of the agent can't be read: %s\n", e.text);
		return;
	}
	step(x, &(struct solo_event){ .type = SOLO_EVENT, .event = event });
}

static void check_broken(struct executor *x)
{
	if (x->start_failed) {
		x->start_failed = false;
		on_exit_status(x, 1 << 8);
	}
	if (!x->is_broken)
		return;
	x->is_broken = false;
	channel_close(&x->stream);
	channel_close(&x->calls);
	recordio_fini(&x->records);
	recordio_init(&x->records, EVENT_SIZE_MAX);
	step(x,
		&(struct solo_event){
			.type = SOLO_BROKEN, .text = x->broken.text });
}

static _Noreturn void die(const char *what, const char *why)
{
	(void)dprintf(STDERR_FILENO, "butte-executor: %s: %s\n", what, why);
	_exit(1);
}

/* "2secs", as the agent writes them; anything else is the fallback. */
static uint64_t duration_ms(const char *name, uint64_t fallback)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000000 },
		{ "secs", 1000000000 },
		{ "mins", 60000000000 },
		{ "hrs", 3600000000000 },
		{ "days", 86400000000000 },
		{ "weeks", 604800000000000 },
	};
	const char *text = getenv(name);
	char *end;
	double n;
	size_t i;

	if (text == NULL)
		return fallback;
	n = strtod(text, &end);
	for (i = 0; i < ARRAY_LEN(units); i++)
		if (n >= 0 && n < 1e6 && strcmp(end, units[i].unit) == 0)
			return (uint64_t)(n * (double)units[i].ns / 1e6);
	return fallback;
}
