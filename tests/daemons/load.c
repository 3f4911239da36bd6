/*
 * load.c - a framework that loads a cluster and tells what it saw.
 *
 *	load run N COMMAND      N tasks as fast as offers allow; tasks/s
 *	load hold N COMMAND     N tasks that stay; says so; ends on SIGTERM
 *	load latency N COMMAND  one at a time; ms from ACCEPT to its last update
 *
 * Master and CA come from BUTTE_MASTER, BUTTE_CACERT, BUTTE_PLAINTEXT. Prints
 * key=value pairs on standard output. Uses the public library alone.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include <butte/scheduler.h>

#define TASK_CPUS 0.002
#define TASK_MEM  1.0
/* Of one ACCEPT: more don't make it faster. */
#define BATCH_MAX 200
#define GIVE_UP_S 300

enum mode { MODE_RUN, MODE_HOLD, MODE_LATENCY };

struct load {
	enum mode mode;
	const char *command;
	size_t wanted, launched, running, finished, failed;
	double *ms; /* of each task, LATENCY only */
	double began, one_began;
	struct butte_scheduler *s;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static size_t fits(const struct load *l, const Mesos__V1__Offer *o)
{
	double cpus = butte_offer_scalar(o, "cpus") / TASK_CPUS;
	double mem = butte_offer_scalar(o, "mem") / TASK_MEM;
	double n = cpus < mem ? cpus : mem;
	size_t left = l->wanted - l->launched;
	size_t max = l->mode == MODE_LATENCY ? 1 : BATCH_MAX;

	if (l->mode == MODE_LATENCY && l->launched > l->finished)
		return 0;
	if (left < max)
		max = left;
	return n < (double)max ? (size_t)n : max;
}

static void launch(struct load *l, const Mesos__V1__Offer *o, size_t n)
{
	Mesos__V1__TaskInfo *tasks[BATCH_MAX];
	Mesos__V1__Offer__Operation op = MESOS__V1__OFFER__OPERATION__INIT;
	Mesos__V1__Offer__Operation *ops[] = { &op };
	Mesos__V1__Offer__Operation__Launch launch =
		MESOS__V1__OFFER__OPERATION__LAUNCH__INIT;
	Mesos__V1__Filters filters = MESOS__V1__FILTERS__INIT;
	Mesos__V1__OfferID *ids[] = { o->id };
	char id[32];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "t%zu", l->launched++);
		tasks[i] = butte_task_new(o, id, id, l->command);
		butte_task_resource(tasks[i], "cpus", TASK_CPUS);
		butte_task_resource(tasks[i], "mem", TASK_MEM);
	}
	launch.n_task_infos = n;
	launch.task_infos = tasks;
	op.has_type = 1;
	op.type = MESOS__V1__OFFER__OPERATION__TYPE__LAUNCH;
	op.launch = &launch;
	filters.has_refuse_seconds = 1;
	filters.refuse_seconds = 0;
	if (l->began == 0)
		l->began = now_ms();
	l->one_began = now_ms();
	butte_scheduler_accept(l->s, ids, 1, ops, 1, &filters);
	for (i = 0; i < n; i++)
		butte_task_free(tasks[i]);
}

static void on_offers(struct butte_scheduler *s, void *ctx,
	Mesos__V1__Offer *const *offers, size_t n)
{
	struct load *l = ctx;

	for (size_t i = 0; i < n; i++) {
		size_t k = fits(l, offers[i]);

		if (k > 0)
			launch(l, offers[i], k);
		else
			butte_scheduler_decline(s, &offers[i]->id, 1,
				l->launched < l->wanted ? 0 : 3600);
	}
}

static void done(struct load *l)
{
	double took = now_ms() - l->began;

	if (l->mode == MODE_LATENCY) {
		qsort(l->ms, l->finished, sizeof(*l->ms), by_value);
		printf("tasks=%zu failed=%zu median_ms=%.1f min_ms=%.1f max_ms=%.1f\n",
			l->finished, l->failed, l->ms[l->finished / 2],
			l->ms[0], l->ms[l->finished - 1]);
	} else {
		printf("tasks=%zu failed=%zu seconds=%.2f tasks_per_s=%.0f\n",
			l->finished, l->failed, took / 1e3,
			(double)l->finished / took * 1e3);
	}
	fflush(stdout);
	butte_scheduler_teardown(l->s);
}

static void on_update(
	struct butte_scheduler *s, void *ctx, const Mesos__V1__TaskStatus *st)
{
	struct load *l = ctx;

	(void)s;
	if (l->mode == MODE_HOLD &&
		st->state == MESOS__V1__TASK_STATE__TASK_RUNNING &&
		++l->running == l->wanted) {
		printf("running=%zu seconds=%.2f\n", l->running,
			(now_ms() - l->began) / 1e3);
		fflush(stdout);
	}
	if (!butte_state_is_terminal(st->state))
		return;
	if (st->state != MESOS__V1__TASK_STATE__TASK_FINISHED) {
		if (l->failed++ == 0)
			fprintf(stderr, "%s: %s: %s\n", st->task_id->value,
				butte_state_name(st->state),
				st->message != NULL ? st->message : "");
	}
	if (l->mode == MODE_LATENCY)
		l->ms[l->finished] = now_ms() - l->one_began;
	if (++l->finished == l->wanted && l->mode != MODE_HOLD)
		done(l);
}

static void on_error(struct butte_scheduler *s, void *ctx, const char *why)
{
	(void)s, (void)ctx;
	fprintf(stderr, "load: %s\n", why);
}

static void on_failed(struct butte_scheduler *s, void *ctx,
	Mesos__V1__Scheduler__Call__Type type, int status, const char *why)
{
	(void)s, (void)ctx;
	fprintf(stderr, "load: call %d: %d %s\n", (int)type, status, why);
}

static void on_term(evutil_socket_t fd, short what, void *arg)
{
	struct load *l = arg;

	(void)fd, (void)what;
	butte_scheduler_teardown(l->s);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	struct load *l = arg;

	(void)fd, (void)what;
	fprintf(stderr, "load: gave up: %zu launched, %zu running, %zu ended\n",
		l->launched, l->running, l->finished);
	exit(1);
}

int main(int argc, char **argv)
{
	static const struct butte_scheduler_ops ops = {
		.offers = on_offers,
		.update = on_update,
		.error = on_error,
		.call_failed = on_failed,
	};
	Mesos__V1__FrameworkInfo info = MESOS__V1__FRAMEWORK_INFO__INIT;
	struct butte_scheduler_config cfg = {
		.masters = getenv("BUTTE_MASTER"),
		.ca_file = getenv("BUTTE_CACERT"),
		.plaintext = getenv("BUTTE_PLAINTEXT") != NULL,
		.framework = &info,
	};
	struct timeval late = { GIVE_UP_S, 0 };
	struct load l = { 0 };
	char error[512];
	int status;

	if (argc != 4)
		return 2;
	l.mode = strcmp(argv[1], "hold") == 0	  ? MODE_HOLD
		: strcmp(argv[1], "latency") == 0 ? MODE_LATENCY
						  : MODE_RUN;
	l.wanted = strtoul(argv[2], NULL, 10);
	l.command = argv[3];
	l.ms = calloc(l.wanted + 1, sizeof(*l.ms));
	info.user = (char[]){ "root" };
	info.name = (char[]){ "load" };
	l.s = butte_scheduler_new(&cfg, &ops, &l, error, sizeof(error));
	if (l.s == NULL) {
		fprintf(stderr, "load: %s\n", error);
		return 1;
	}
	struct event_base *base = butte_scheduler_base(l.s);
	struct event *term = evsignal_new(base, SIGTERM, on_term, &l);
	struct event *timer = evtimer_new(base, on_late, &l);

	event_add(term, NULL);
	if (l.mode != MODE_HOLD)
		event_add(timer, &late);
	status = butte_scheduler_run(l.s);
	event_free(term);
	event_free(timer);
	butte_scheduler_free(l.s);
	free(l.ms);
	return status == 0 && l.failed == 0 ? 0 : 1;
}
