/* io_run.c - see io_run.h. */
#include "cli/io_run.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "butte/scheduler.h"
#include "cli/args.h"
#include "cli/io_client.h"
#include "cli/io_follow.h"
#include "cli/outcome.h"
#include "cli/wish.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_random.h"
#include "common/mem.h"

/* For how long the master keeps the tasks if our connection breaks. */
#define FAILOVER_SECONDS 30
/* Without a fitting offer for so long, it is said why nothing happens. */
#define PATIENCE_SECONDS 5
/* Without any master. */
#define CONNECT_TIMEOUT_MS 10000

/* One of the task's two outputs. */
struct output {
	struct task *task;
	struct follow *follow; /* NULL: not begun, or ended */
	bool ended;
	FILE *to;
	bool line_open; /* the last byte printed was no '\n' */
};

struct task {
	struct run *run;
	char id[128];
	bool launched;
	bool terminal;
	int status; /* exit status, once terminal */
	char agent_id[256];
	struct client_agent agent;
	bool has_agent;
	struct output out;
	struct output err;
};

struct run {
	struct wish wish;
	struct client *client;
	struct butte_scheduler *scheduler;
	struct task *tasks;
	unsigned n_launched;
	unsigned n_ended; /* terminal, and their outputs read */
	bool quiet;
	bool interrupted;
	bool failed; /* never mind the tasks */
	unsigned offers_seen;
	bool subscribed;	/* at least once */
	char why[ERR_TEXT_MAX]; /* the last thing that went wrong */
	struct event *events[4];
};

__attribute__((format(printf, 2, 3))) static void say(
	const struct run *r, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;
	char text[1024];

	if (r->quiet)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* may be cut */
	va_end(ap);
	(void)fflush(stdout);
	(void)fprintf(stderr, "butte: %s\n", text);
	buf_fini(&b);
}

/* --- outputs ------------------------------------------------------------- */

static void maybe_done(struct run *r)
{
	if (r->n_ended == r->wish.instances)
		butte_scheduler_teardown(r->scheduler);
}

/* With several instances each line says whose it is. */
static void print(struct output *o, const uint8_t *data, size_t size)
{
	bool prefix = o->task->run->wish.instances > 1;

	if (!prefix) {
		(void)fwrite(data, 1, size, o->to);
		(void)fflush(o->to);
		return;
	}
	for (size_t i = 0; i < size; i++) {
		if (!o->line_open)
			(void)fprintf(o->to, "%s | ", o->task->id);
		(void)fputc(data[i], o->to);
		o->line_open = data[i] != '\n';
	}
	(void)fflush(o->to);
}

static void on_data(void *ctx, const uint8_t *data, size_t size)
{
	print(ctx, data, size);
}

static void on_end(void *ctx, const struct err *why)
{
	struct output *o = ctx;
	struct task *t = o->task;

	follow_free(o->follow);
	o->follow = NULL;
	o->ended = true;
	if (why != NULL)
		say(t->run, "%s: output can't be read: %s", t->id, why->text);
	if (t->terminal && t->out.ended && t->err.ended) {
		t->run->n_ended++;
		maybe_done(t->run);
	}
}

static void output_begin(struct output *o, const char *file)
{
	static const struct follow_ops ops = { on_data, on_end };
	struct task *t = o->task;
	CLEANUP(mem_freep) char *path = NULL;

	if (o->follow != NULL || o->ended)
		return;
	path = xasprintf("/frameworks/%s/executors/%s/runs/latest/%s",
		butte_scheduler_framework_id(t->run->scheduler), t->id, file);
	o->follow = follow_new(t->run->client, &t->agent, path, 0, &ops, o);
}

static void outputs_begin(struct task *t)
{
	output_begin(&t->out, "stdout");
	output_begin(&t->err, "stderr");
}

/* --- the framework ------------------------------------------------------- */

static struct task *find(struct run *r, const char *id)
{
	for (unsigned i = 0; i < r->wish.instances; i++)
		if (strcmp(r->tasks[i].id, id) == 0)
			return &r->tasks[i];
	return NULL;
}

/* Where the offer's agent serves its files. */
static void note_agent(struct task *t, const Mesos__V1__Offer *o)
{
	const Mesos__V1__Address *a = o->url != NULL ? o->url->address : NULL;
	uint16_t port = a != NULL ? (uint16_t)a->port : 5051;

	(void)snprintf(
		t->agent_id, sizeof(t->agent_id), "%s", o->agent_id->value);
	memset(&t->agent, 0, sizeof(t->agent));
	t->agent.has_address = a != NULL && a->ip != NULL &&
		address_parse(&t->agent.by_address, a->ip, strlen(a->ip), port,
			NULL) == 0;
	t->has_agent = true;
	if (address_parse(&t->agent.by_name, o->hostname, strlen(o->hostname),
		    port, NULL) != 0) {
		t->has_agent = t->agent.has_address;
		t->agent.by_name = t->agent.by_address;
	}
}

static void launch(struct run *r, const Mesos__V1__Offer *o, unsigned n)
{
	Mesos__V1__TaskInfo **infos = xcalloc(n, sizeof(Mesos__V1__TaskInfo *));

	for (unsigned i = 0; i < n; i++) {
		struct task *t = &r->tasks[r->n_launched++];

		infos[i] = wish_task(&r->wish, o, t->id);
		t->launched = true;
		note_agent(t, o);
	}
	(void)butte_scheduler_launch(r->scheduler, o, infos, n, -1);
	say(r, "%u of %u launched on %s", n, r->wish.instances, o->hostname);
	for (unsigned i = 0; i < n; i++)
		butte_task_free(infos[i]);
	free(infos);
	if (r->n_launched == r->wish.instances)
		(void)butte_scheduler_suppress(r->scheduler, NULL, 0);
}

static void on_offers(struct butte_scheduler *s, void *ctx,
	Mesos__V1__Offer *const *offers, size_t n)
{
	struct run *r = ctx;

	for (size_t i = 0; i < n; i++) {
		unsigned left = r->wish.instances - r->n_launched;
		unsigned fits = wish_fits(&r->wish, offers[i]);

		r->offers_seen++;
		if (fits > left)
			fits = left;
		if (fits > 0 && !r->interrupted)
			launch(r, offers[i], fits);
		else
			(void)butte_scheduler_decline(s, &offers[i]->id, 1, -1);
	}
}

static void task_ended(struct task *t, const Mesos__V1__TaskStatus *s)
{
	bool never_ran;

	t->terminal = true;
	t->status = outcome_status(s);
	never_ran = s->state == MESOS__V1__TASK_STATE__TASK_ERROR ||
		s->state == MESOS__V1__TASK_STATE__TASK_DROPPED ||
		!t->has_agent;
	if (never_ran && t->out.follow == NULL) {
		t->out.ended = t->err.ended = true;
		t->run->n_ended++;
		maybe_done(t->run);
		return;
	}
	outputs_begin(t);
	if (t->out.follow != NULL)
		follow_finish(t->out.follow);
	if (t->err.follow != NULL)
		follow_finish(t->err.follow);
	if (t->out.ended && t->err.ended) {
		t->run->n_ended++;
		maybe_done(t->run);
	}
}

static void on_update(struct butte_scheduler *s, void *ctx,
	const Mesos__V1__TaskStatus *status)
{
	struct run *r = ctx;
	struct task *t = find(r, status->task_id->value);
	const char *message = status->message;

	(void)s;
	if (t == NULL || t->terminal)
		return;
	say(r, "%s %s%s%s", t->id, butte_state_name(status->state),
		message != NULL && *message != '\0' ? ": " : "",
		message != NULL ? message : "");
	if (butte_state_is_terminal(status->state))
		task_ended(t, status);
	else if (status->state == MESOS__V1__TASK_STATE__TASK_RUNNING)
		outputs_begin(t);
}

static void on_subscribed(struct butte_scheduler *s, void *ctx,
	const Mesos__V1__Scheduler__Event__Subscribed *e)
{
	struct run *r = ctx;
	const char **ids = xcalloc(r->wish.instances, sizeof(*ids));
	size_t n = 0;

	r->subscribed = true;
	say(r, "framework %s at %s", e->framework_id->value,
		butte_scheduler_master(s));
	/* After a break: what became of the tasks? */
	for (unsigned i = 0; i < r->wish.instances; i++)
		if (r->tasks[i].launched && !r->tasks[i].terminal)
			ids[n++] = r->tasks[i].id;
	if (n > 0)
		(void)butte_scheduler_reconcile(s, ids, n);
	free(ids);
}

/* The same again is not worth a line. */
static void on_disconnected(
	struct butte_scheduler *s, void *ctx, const char *why)
{
	struct run *r = ctx;

	(void)s;
	if (strncmp(r->why, why, sizeof(r->why) - 1) == 0)
		return;
	(void)snprintf(r->why, sizeof(r->why), "%s", why); /* may be cut */
	if (r->subscribed)
		say(r, "%s; trying again", why);
}

static void on_refused(struct butte_scheduler *s, void *ctx,
	Mesos__V1__Scheduler__Call__Type type, int status, const char *why)
{
	(void)s;
	(void)type;
	say(ctx, "the master refused a call (%d): %s", status, why);
}

static void on_error(struct butte_scheduler *s, void *ctx, const char *why)
{
	struct run *r = ctx;

	(void)s;
	(void)snprintf(r->why, sizeof(r->why), "%s", why); /* may be cut */
	r->failed = true;
}

/* --- signals and time ---------------------------------------------------- */

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct run *r = arg;
	bool any = false;

	(void)what;
	if (r->interrupted) {
		r->failed = true;
		butte_scheduler_teardown(r->scheduler);
		butte_scheduler_stop(r->scheduler);
		return;
	}
	r->interrupted = true;
	for (unsigned i = 0; i < r->wish.instances; i++) {
		struct task *t = &r->tasks[i];

		if (!t->launched || t->terminal)
			continue;
		any = true;
		(void)butte_scheduler_kill(
			r->scheduler, t->id, t->agent_id, -1);
	}
	/* Those that were not launched never will be. */
	r->n_ended += r->wish.instances - r->n_launched;
	for (unsigned i = r->n_launched; i < r->wish.instances; i++)
		r->tasks[i].status = 128 + (int)number;
	if (any)
		say(r, "killing; once more to leave without waiting");
	else
		butte_scheduler_teardown(r->scheduler);
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;
	struct buf b = BUF_INIT;

	(void)fd;
	(void)what;
	if (r->n_launched == r->wish.instances || r->interrupted)
		return;
	wish_print(&b, &r->wish);
	if (r->offers_seen == 0)
		say(r,
			"no offer yet; waiting for %s. 'butte agent list' "
			"shows what there is",
			buf_str(&b));
	else
		say(r,
			"%u offers, none with %s; waiting. 'butte agent list' "
			"shows what there is",
			r->offers_seen, buf_str(&b));
	buf_fini(&b);
}

/* Nobody is there: that is not going to change soon. */
static void on_unreachable(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;

	(void)fd;
	(void)what;
	if (r->subscribed)
		return;
	r->failed = true;
	butte_scheduler_stop(r->scheduler);
}

/* --- beginning and end --------------------------------------------------- */

static void make_tasks(struct run *r)
{
	uint64_t token = random_seed();

	r->tasks = xcalloc(r->wish.instances, sizeof(*r->tasks));
	for (unsigned i = 0; i < r->wish.instances; i++) {
		struct task *t = &r->tasks[i];

		t->run = r;
		t->out.task = t->err.task = t;
		t->out.to = stdout;
		t->err.to = stderr;
		/* The token keeps runs of a name apart. */
		(void)snprintf(t->id, sizeof(t->id), "%.64s-%08x-%u",
			r->wish.name, (unsigned)token, i);
	}
}

static int make_scheduler(struct run *r, struct err *e)
{
	static const struct butte_scheduler_ops ops = {
		.subscribed = on_subscribed,
		.disconnected = on_disconnected,
		.offers = on_offers,
		.update = on_update,
		.call_failed = on_refused,
		.error = on_error,
	};
	static const Mesos__V1__FrameworkInfo__Capability__Type wanted[] = {
		MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__MULTI_ROLE,
		MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE,
		MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__TASK_KILLING_STATE,
		MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__RESERVATION_REFINEMENT,
	};
	const struct settings *s = client_settings_of(r->client);
	Mesos__V1__FrameworkInfo info = MESOS__V1__FRAMEWORK_INFO__INIT;
	Mesos__V1__FrameworkInfo__Capability caps[ARRAY_LEN(wanted)];
	Mesos__V1__FrameworkInfo__Capability *cap_list[ARRAY_LEN(wanted)];
	struct butte_scheduler_config cfg = {
		.masters = s->values[SETTINGS_MASTER],
		.plaintext = settings_plaintext(s),
		.ca_file = s->values[SETTINGS_CACERT],
		.cert_file = s->values[SETTINGS_CERT],
		.key_file = s->values[SETTINGS_KEY],
		.principal = s->values[SETTINGS_PRINCIPAL],
		.secret = s->values[SETTINGS_SECRET],
		.framework = &info,
		.base = client_base(r->client),
	};
	const struct passwd *pw = getpwuid(geteuid());
	CLEANUP(mem_freep) char *name = xasprintf("butte run %s", r->wish.name);
	CLEANUP(mem_freep) char *role = xstrdup(r->wish.role);
	CLEANUP(mem_freep)
	char *user = xstrdup(r->wish.user != NULL ? r->wish.user
			: pw != NULL		  ? pw->pw_name
						  : "root");

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		mesos__v1__framework_info__capability__init(&caps[i]);
		caps[i].has_type = true;
		caps[i].type = wanted[i];
		cap_list[i] = &caps[i];
	}
	info.user = user;
	info.name = name;
	info.n_roles = 1;
	info.roles = &role;
	info.has_checkpoint = true;
	info.checkpoint = true;
	info.has_failover_timeout = true;
	info.failover_timeout = FAILOVER_SECONDS;
	info.n_capabilities = ARRAY_LEN(wanted);
	info.capabilities = cap_list;
	r->scheduler =
		butte_scheduler_new(&cfg, &ops, r, e->text, sizeof(e->text));
	if (r->scheduler == NULL)
		e->code = ERR_INVALID;
	return r->scheduler != NULL ? 0 : -1;
}

static void make_events(struct run *r, uint64_t timeout_ms)
{
	struct event_base *base = client_base(r->client);
	struct timeval patience = { PATIENCE_SECONDS, 0 };
	struct timeval timeout = { (time_t)(timeout_ms / 1000),
		(suseconds_t)(timeout_ms % 1000) * 1000 };
	struct event **e = r->events;

	e[0] = evsignal_new(base, SIGINT, on_signal, r);
	e[1] = evsignal_new(base, SIGTERM, on_signal, r);
	e[2] = evtimer_new(base, on_patience, r);
	e[3] = evtimer_new(base, on_unreachable, r);
	for (size_t i = 0; i < ARRAY_LEN(r->events); i++)
		CHECK(e[i] != NULL);
	CHECK(event_add(e[0], NULL) == 0);
	CHECK(event_add(e[1], NULL) == 0);
	CHECK(event_add(e[2], &patience) == 0);
	CHECK(event_add(e[3], &timeout) == 0);
}

static void run_fini(struct run *r)
{
	for (unsigned i = 0; r->tasks != NULL && i < r->wish.instances; i++) {
		follow_free(r->tasks[i].out.follow);
		follow_free(r->tasks[i].err.follow);
	}
	for (size_t i = 0; i < ARRAY_LEN(r->events); i++)
		if (r->events[i] != NULL)
			event_free(r->events[i]);
	butte_scheduler_free(r->scheduler);
	client_free(r->client); /* ends what followers still asked */
	free(r->tasks);
}

static int result(const struct run *r, struct err *e)
{
	if (r->failed && !r->interrupted && !r->subscribed)
		return err_set(e, ERR_IO,
			"no master took the framework; the last reason: %s. "
			"Where it is, say --master or BUTTE_MASTER",
			*r->why != '\0' ? r->why : "none answered");
	if (r->failed && !r->interrupted)
		return err_set(e, ERR_DENIED, "%s", r->why);
	if (r->failed)
		return 128 + SIGINT;
	for (unsigned i = 0; i < r->wish.instances; i++)
		if (r->tasks[i].status != 0)
			return r->tasks[i].status;
	return 0;
}

int run_command(const struct args *a, struct err *e)
{
	struct run r = { .quiet = args_has(a, "quiet") };
	int status = -1;

	if (wish_read(&r.wish, a, e) != 0)
		return -1;
	make_tasks(&r);
	if (client_new(&r.client, a, e) == 0 && make_scheduler(&r, e) == 0) {
		make_events(&r, args_number(a, "timeout", CONNECT_TIMEOUT_MS));
		(void)butte_scheduler_run(r.scheduler); /* result() looks */
		status = result(&r, e);
	}
	run_fini(&r);
	return status;
}
