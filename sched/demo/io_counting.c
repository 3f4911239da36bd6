/* io_counting.c - see io_counting.h. */
#include "sched/demo/io_counting.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <butte/scheduler.h>
#include <event2/event.h>

#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_loop.h"
#include "common/io_tls.h"
#include "common/mem.h"

#define PROGRESS_MS 100
/* Results under way from one agent at once. */
#define FETCH_DEPTH 8

enum job_state { WAITING, RUNNING, FETCHING, DONE };

/* One slice on its way. */
struct job {
	struct counting *c;
	const struct slices_slice *slice;
	enum job_state state;
	unsigned attempt;
	char task_id[64];
	size_t agent; /* its number in the result */
};

struct counting {
	const struct counting_config *cfg;
	struct counting_result *result;
	struct job *jobs;
	size_t n_jobs;
	size_t n_done;
	size_t n_running;
	size_t next_waiting; /* where to look for a WAITING one */
	struct event_base *base;
	struct butte_scheduler *scheduler;
	struct ssl_ctx_st *tls;
	struct http_client *http[COUNTING_AGENTS_MAX];
	bool suppressed;
	bool failed;
	struct err err;
	uint64_t begin_ms;
	struct event *deadline;
	struct event *ticker;
	struct event *sigint;
	struct event *sigterm;
};

static void fetch(struct job *j);

/* Ends with an error; the first one counts. */
__attribute__((format(printf, 3, 4))) static void give_up(
	struct counting *c, enum err_code code, const char *fmt, ...)
{
	va_list ap;
	char text[ERR_TEXT_MAX];

	if (c->failed)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* may be cut */
	va_end(ap);
	(void)err_set(&c->err, code, "%s", text);
	c->failed = true;
	butte_scheduler_teardown(c->scheduler);
}

/* --- jobs ---------------------------------------------------------------- */

static struct job *job_find(struct counting *c, const char *task_id)
{
	unsigned long i = 0;

	/* "slice-12.1": the number says where it is. */
	if (sscanf(task_id, "slice-%lu.", &i) != 1 || i >= c->n_jobs ||
		strcmp(c->jobs[i].task_id, task_id) != 0)
		return NULL;
	return &c->jobs[i];
}

static struct job *job_waiting(struct counting *c)
{
	for (; c->next_waiting < c->n_jobs; c->next_waiting++)
		if (c->jobs[c->next_waiting].state == WAITING)
			return &c->jobs[c->next_waiting];
	return NULL;
}

static void job_again(struct job *j, const char *why)
{
	struct counting *c = j->c;
	size_t i = (size_t)(j - c->jobs);

	if (j->state == RUNNING)
		c->n_running--;
	j->state = WAITING;
	if (++j->attempt >= c->cfg->attempts) {
		give_up(c, ERR_IO, "slice %zu failed %u times, at last: %s", i,
			j->attempt, why);
		return;
	}
	c->result->n_retries++;
	if (i < c->next_waiting)
		c->next_waiting = i;
	if (c->suppressed) {
		c->suppressed = false;
		(void)butte_scheduler_revive(c->scheduler, NULL, 0);
	}
}

static void job_done(struct job *j)
{
	struct counting *c = j->c;

	j->state = DONE;
	c->result->agents[j->agent].n_done++;
	if (++c->n_done == c->n_jobs)
		butte_scheduler_teardown(c->scheduler);
}

/* --- results ------------------------------------------------------------- */

static void on_fetched(void *ctx, int status, const uint8_t *body, size_t size,
	const struct err *e)
{
	struct job *j = ctx;
	char text[128];
	struct err bad;

	if (j->state != FETCHING || j->c->failed)
		return;
	if (status == 200 &&
		words_add_counts(j->c->result->words,
			(const char *)(const void *)body, size, &bad) == 0) {
		job_done(j);
		return;
	}
	if (status == 200)
		give_up(j->c, ERR_INVALID, "the output of %s: %s", j->task_id,
			bad.text);
	else if (status == 0)
		job_again(j, e->text);
	else {
		(void)snprintf(text, sizeof(text),
			"the agent answered %d to the question for its output",
			status);
		job_again(j, text);
	}
}

static void fetch(struct job *j)
{
	static const struct http_call_ops ops = { .done = on_fetched };
	struct counting *c = j->c;
	CLEANUP(mem_freep)
	char *target = xasprintf("/files/download?path=/frameworks/%s/"
				 "executors/%s/runs/latest/stdout",
		butte_scheduler_framework_id(c->scheduler), j->task_id);

	j->state = FETCHING;
	http_call(c->http[j->agent], "GET", target, NULL, NULL, 0, &ops, j);
}

/* The agent's number; a new one gets a connection for results. */
static size_t agent_of(struct counting *c, const Mesos__V1__Offer *o)
{
	struct counting_result *r = c->result;
	struct counting_agent *a;
	struct http_endpoint to = { .tls = c->tls };
	size_t i;

	for (i = 0; i < r->n_agents; i++)
		if (strcmp(r->agents[i].id, o->agent_id->value) == 0)
			return i;
	if (i == COUNTING_AGENTS_MAX)
		return i;
	a = &r->agents[r->n_agents++];
	a->id = xstrdup(o->agent_id->value);
	a->hostname = xstrdup(o->hostname);
	a->port = o->url != NULL ? (uint16_t)o->url->address->port : 5051;
	to.host = a->hostname;
	to.port = a->port;
	c->http[i] = http_client_new(c->base, &to);
	http_client_depth(c->http[i], FETCH_DEPTH);
	return i;
}

/* --- the framework ------------------------------------------------------- */

static Mesos__V1__TaskInfo *task_new(struct job *j, const Mesos__V1__Offer *o)
{
	struct buf command = BUF_INIT;
	Mesos__V1__TaskInfo *t;

	(void)snprintf(j->task_id, sizeof(j->task_id), "slice-%zu.%u",
		(size_t)(j - j->c->jobs), j->attempt);
	slices_command(&command, j->slice);
	t = butte_task_new(o, j->task_id, "count words", buf_str(&command));
	butte_task_resource(t, "cpus", j->c->cfg->cpus);
	butte_task_resource(t, "mem", j->c->cfg->mem_mb);
	buf_fini(&command);
	return t;
}

/* As many waiting jobs as fit. */
static void use_offer(struct counting *c, const Mesos__V1__Offer *o)
{
	double cpus = butte_offer_scalar(o, "cpus");
	double mem = butte_offer_scalar(o, "mem");
	size_t agent = agent_of(c, o), n = 0, cap = 0;
	Mesos__V1__TaskInfo **tasks = NULL;
	struct job *j;

	/* Fractions that don't add up exactly must not lose a task. */
	while (agent < COUNTING_AGENTS_MAX && cpus > c->cfg->cpus - 0.0005 &&
		mem > c->cfg->mem_mb - 0.0005 && (j = job_waiting(c)) != NULL) {
		tasks = xgrow(tasks, &cap, n + 1, sizeof(*tasks));
		tasks[n++] = task_new(j, o);
		j->state = RUNNING;
		j->agent = agent;
		c->n_running++;
		cpus -= c->cfg->cpus;
		mem -= c->cfg->mem_mb;
	}
	if (n > 0)
		(void)butte_scheduler_launch(c->scheduler, o, tasks, n, 0);
	else
		(void)butte_scheduler_decline(c->scheduler, &o->id, 1, 1);
	for (size_t i = 0; i < n; i++)
		butte_task_free(tasks[i]);
	free(tasks);
}

static void on_offers(struct butte_scheduler *s, void *ctx,
	Mesos__V1__Offer *const *offers, size_t n)
{
	struct counting *c = ctx;

	for (size_t i = 0; i < n; i++)
		use_offer(c, offers[i]);
	if (job_waiting(c) == NULL && !c->suppressed) {
		c->suppressed = true;
		(void)butte_scheduler_suppress(s, NULL, 0);
	}
}

static void on_update(struct butte_scheduler *s, void *ctx,
	const Mesos__V1__TaskStatus *status)
{
	struct counting *c = ctx;
	struct job *j = job_find(c, status->task_id->value);
	char why[256];

	(void)s;
	if (j == NULL || j->state != RUNNING || c->failed ||
		!butte_state_is_terminal(status->state))
		return;
	if (status->state == MESOS__V1__TASK_STATE__TASK_FINISHED) {
		c->n_running--;
		fetch(j);
		return;
	}
	(void)snprintf(why, sizeof(why), "%s %s",
		butte_state_name(status->state),
		status->message != NULL ? status->message : "");
	job_again(j, why);
}

/* After a break: what became of those that ran? */
static void on_subscribed(struct butte_scheduler *s, void *ctx,
	const Mesos__V1__Scheduler__Event__Subscribed *e)
{
	struct counting *c = ctx;
	const char **ids = xcalloc(c->n_jobs, sizeof(*ids));
	size_t n = 0;

	(void)e;
	for (size_t i = 0; i < c->n_jobs; i++)
		if (c->jobs[i].state == RUNNING)
			ids[n++] = c->jobs[i].task_id;
	if (n > 0)
		(void)butte_scheduler_reconcile(s, ids, n);
	free(ids);
}

static void on_disconnected(
	struct butte_scheduler *s, void *ctx, const char *why)
{
	(void)s;
	(void)ctx;
	(void)fprintf(stderr, "butte-demo: %s; trying again\n", why);
}

static void on_error(struct butte_scheduler *s, void *ctx, const char *why)
{
	(void)s;
	give_up(ctx, ERR_DENIED, "the master refused us: %s", why);
}

static void on_refused(struct butte_scheduler *s, void *ctx,
	Mesos__V1__Scheduler__Call__Type type, int status, const char *why)
{
	(void)s;
	/* Lost with a connection: reconciliation will tell. */
	if (status != 0 && status != 503 && status != 307)
		give_up(ctx, ERR_CONFLICT,
			"the master refused call %d with %d: %s", (int)type,
			status, why);
}

/* --- time and signals ---------------------------------------------------- */

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct counting *c = arg;

	(void)fd;
	(void)what;
	give_up(c, ERR_TIMEOUT,
		"after %u s %zu of %zu tasks are done, %zu run, %zu agents "
		"were offered; --timeout says how long to wait",
		c->cfg->timeout_s, c->n_done, c->n_jobs, c->n_running,
		c->result->n_agents);
}

static void on_ticker(evutil_socket_t fd, short what, void *arg)
{
	struct counting *c = arg;
	uint64_t ms = loop_now_ms() - c->begin_ms;

	(void)fd;
	(void)what;
	(void)fprintf(stderr,
		"\r%zu of %zu tasks done, %zu running on %zu agents, %llu.%llu "
		"s \033[K",
		c->n_done, c->n_jobs, c->n_running, c->result->n_agents,
		(unsigned long long)(ms / 1000),
		(unsigned long long)(ms / 100 % 10));
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	(void)what;
	give_up(arg, ERR_IO, "interrupted by signal %d", (int)number);
}

static struct event *event_of(struct counting *c, int fd, short what,
	event_callback_fn on, uint64_t ms)
{
	struct timeval tv = { (time_t)(ms / 1000),
		(suseconds_t)(ms % 1000) * 1000 };
	struct event *e = event_new(c->base, fd, what, on, c);

	CHECK(e != NULL);
	CHECK(event_add(e, ms > 0 ? &tv : NULL) == 0);
	return e;
}

static void make_events(struct counting *c)
{
	c->deadline = event_of(
		c, -1, 0, on_deadline, (uint64_t)c->cfg->timeout_s * 1000);
	if (c->cfg->progress)
		c->ticker = event_of(c, -1, EV_PERSIST, on_ticker, PROGRESS_MS);
	c->sigint = event_of(c, SIGINT, EV_SIGNAL | EV_PERSIST, on_signal, 0);
	c->sigterm = event_of(c, SIGTERM, EV_SIGNAL | EV_PERSIST, on_signal, 0);
}

static void free_events(struct counting *c)
{
	struct event *all[] = { c->deadline, c->ticker, c->sigint, c->sigterm };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i] != NULL)
			event_free(all[i]);
	if (c->cfg->progress)
		(void)fprintf(stderr, "\r\033[K");
}

/* --- beginning and end --------------------------------------------------- */

static int make_scheduler(struct counting *c, struct err *e)
{
	static const struct butte_scheduler_ops ops = {
		.subscribed = on_subscribed,
		.disconnected = on_disconnected,
		.offers = on_offers,
		.update = on_update,
		.call_failed = on_refused,
		.error = on_error,
	};
	const struct counting_config *cfg = c->cfg;
	const struct passwd *pw = getpwuid(geteuid());
	CLEANUP(mem_freep)
	char *user = xstrdup(pw != NULL ? pw->pw_name : "root");
	char name[] = "butte demo: word count";
	Mesos__V1__FrameworkInfo info = MESOS__V1__FRAMEWORK_INFO__INIT;
	struct butte_scheduler_config sc = {
		.masters = cfg->masters,
		.plaintext = cfg->plaintext,
		.ca_file = cfg->ca_file,
		.cert_file = cfg->cert_file,
		.key_file = cfg->key_file,
		.framework = &info,
		.base = c->base,
	};

	info.user = user;
	info.name = name;
	info.has_checkpoint = true;
	info.checkpoint = true;
	info.has_failover_timeout = true;
	info.failover_timeout = 10;
	c->scheduler =
		butte_scheduler_new(&sc, &ops, c, e->text, sizeof(e->text));
	if (c->scheduler == NULL)
		e->code = ERR_INVALID;
	return c->scheduler != NULL ? 0 : -1;
}

static int setup(struct counting *c, const struct slices *slices, struct err *e)
{
	const struct tls_config tls = {
		.ca_file = c->cfg->ca_file,
		.cert_file = c->cfg->cert_file,
		.key_file = c->cfg->key_file,
	};

	c->n_jobs = slices->n;
	c->jobs = xcalloc(c->n_jobs, sizeof(*c->jobs));
	for (size_t i = 0; i < c->n_jobs; i++) {
		c->jobs[i].c = c;
		c->jobs[i].slice = &slices->all[i];
	}
	if (!c->cfg->plaintext) {
		c->tls = tls_client_new(&tls, e);
		if (c->tls == NULL)
			return -1;
	}
	c->base = event_base_new();
	if (c->base == NULL)
		return err_set(e, ERR_IO, "no event base");
	return make_scheduler(c, e);
}

static void teardown(struct counting *c)
{
	for (size_t i = 0; i < c->result->n_agents; i++)
		http_client_free(c->http[i]);
	butte_scheduler_free(c->scheduler);
	tls_free(c->tls);
	if (c->base != NULL)
		event_base_free(c->base);
	free(c->jobs);
}

int counting_run(struct counting_result *ret, const struct slices *slices,
	const struct counting_config *cfg, struct err *e)
{
	struct counting c = { .cfg = cfg, .result = ret };
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->words = words_new();
	r = setup(&c, slices, e);
	if (r == 0) {
		c.begin_ms = loop_now_ms();
		make_events(&c);
		(void)butte_scheduler_run(c.scheduler); /* c.failed tells */
		free_events(&c);
		if (c.failed)
			r = err_set(e, c.err.code, "%s", c.err.text);
		else if (c.n_done < c.n_jobs)
			r = err_set(e, ERR_IO, "stopped after %zu of %zu tasks",
				c.n_done, c.n_jobs);
		c.failed = true; /* what still comes is too late */
	}
	teardown(&c);
	return r;
}

void counting_fini(struct counting_result *r)
{
	words_free(r->words);
	for (size_t i = 0; i < r->n_agents; i++) {
		free(r->agents[i].id);
		free(r->agents[i].hostname);
	}
	memset(r, 0, sizeof(*r));
}
