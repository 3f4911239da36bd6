/*
 * custom.c - a framework with an executor of its own, both by libbutte.
 *
 *	custom framework N     runs N tasks in one executor, sends each a
 *	                       message, prints what it hears, ends well if all do
 *	custom hold            one task; prints "running PID"; on SIGTERM it is
 *	                       asked to finish; prints each update
 *	custom executor        what the agent starts
 *
 * Master and CA come from BUTTE_MASTER, BUTTE_CACERT, BUTTE_PLAINTEXT.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include <butte/executor.h>
#include <butte/scheduler.h>

#define TASKS_MAX 64
#define RUNNING	  MESOS__V1__TASK_STATE__TASK_RUNNING
#define FINISHED  MESOS__V1__TASK_STATE__TASK_FINISHED

static char executor_id[] = "custom-executor", source[1024];

/* --- the executor -------------------------------------------------------- */

static void on_launch(
	struct butte_executor *e, void *ctx, const Mesos__V1__TaskInfo *task)
{
	char text[32];

	(void)ctx;
	(void)snprintf(text, sizeof(text), "pid %d", (int)getpid());
	(void)butte_executor_state(e, task->task_id->value, RUNNING, text);
}

/* "echo TEXT" comes back; "finish ID" ends a task. */
static void on_message(
	struct butte_executor *e, void *ctx, const void *data, size_t size)
{
	char text[256] = "";

	(void)ctx;
	memcpy(text, data, size < sizeof(text) ? size : sizeof(text) - 1);
	if (strncmp(text, "finish ", 7) == 0)
		(void)butte_executor_state(e, text + 7, FINISHED, "as told");
	else
		(void)butte_executor_message(e, data, size);
}

static void on_kill(struct butte_executor *e, void *ctx, const char *task_id,
	const Mesos__V1__KillPolicy *policy)
{
	(void)ctx;
	(void)policy;
	(void)butte_executor_state(
		e, task_id, MESOS__V1__TASK_STATE__TASK_KILLED, "killed");
}

static void on_shutdown(struct butte_executor *e, void *ctx)
{
	(void)ctx;
	butte_executor_stop(e);
}

static int executor_main(void)
{
	static const struct butte_executor_ops ops = {
		.launch = on_launch,
		.message = on_message,
		.kill = on_kill,
		.shutdown = on_shutdown,
	};
	char error[256];
	struct butte_executor *e =
		butte_executor_new(NULL, &ops, NULL, error, sizeof(error));
	int r;

	if (e == NULL) {
		(void)fprintf(stderr, "custom: %s\n", error);
		return 1;
	}
	r = butte_executor_run(e);
	if (r != 0)
		(void)fprintf(stderr, "custom: %s\n", butte_executor_error(e));
	butte_executor_free(e);
	return r != 0;
}

/* --- the framework ------------------------------------------------------- */

struct framework {
	struct butte_scheduler *s;
	size_t wanted, launched, running, echoed, finished;
	bool hold;
	char agent_id[256];
};

/* Makes a command task one for our executor. */
static void use_executor(
	Mesos__V1__TaskInfo *t, const char *framework, const char *self)
{
	Mesos__V1__ExecutorInfo *e = malloc(sizeof(*e));
	char command[1100];

	(void)snprintf(command, sizeof(command), "exec '%s' executor", self);
	mesos__v1__executor_info__init(e);
	e->executor_id = malloc(sizeof(*e->executor_id));
	mesos__v1__executor_id__init(e->executor_id);
	e->executor_id->value = strdup(executor_id);
	e->framework_id = malloc(sizeof(*e->framework_id));
	mesos__v1__framework_id__init(e->framework_id);
	e->framework_id->value = strdup(framework);
	e->command = t->command;
	free(e->command->value);
	e->command->value = strdup(command);
	t->command = NULL;
	t->executor = e;
}

static void on_offers(struct butte_scheduler *s, void *ctx,
	Mesos__V1__Offer *const *offers, size_t n)
{
	struct framework *f = ctx;
	Mesos__V1__TaskInfo *tasks[TASKS_MAX];
	size_t n_tasks = 0;

	for (size_t i = 1; i < n || (i == n && f->launched > 0); i++)
		(void)butte_scheduler_decline(s, &offers[i - 1]->id, 1, 60);
	if (f->launched > 0)
		return;
	for (; f->launched < f->wanted; f->launched++) {
		char id[32];

		(void)snprintf(id, sizeof(id), "custom-%zu", f->launched);
		tasks[n_tasks] =
			butte_task_new(offers[n - 1], id, "custom", "");
		butte_task_resource(tasks[n_tasks], "cpus", 0.01);
		butte_task_resource(tasks[n_tasks], "mem", 8);
		use_executor(tasks[n_tasks++], butte_scheduler_framework_id(s),
			source);
	}
	(void)snprintf(f->agent_id, sizeof(f->agent_id), "%s",
		offers[n - 1]->agent_id->value);
	(void)butte_scheduler_launch(s, offers[n - 1], tasks, n_tasks, 60);
	while (n_tasks > 0)
		butte_task_free(tasks[--n_tasks]);
	(void)butte_scheduler_suppress(s, NULL, 0);
}

static void tell_executor(struct framework *f, const char *what, const char *id)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "%s %s", what, id);

	(void)butte_scheduler_message(
		f->s, f->agent_id, executor_id, text, (size_t)n);
}

static void on_update(struct butte_scheduler *s, void *ctx,
	const Mesos__V1__TaskStatus *status)
{
	struct framework *f = ctx;
	const char *id = status->task_id->value;

	(void)s;
	printf("%s %s %s\n", id, butte_state_name(status->state),
		status->message != NULL ? status->message : "");
	(void)fflush(stdout);
	if (status->state == RUNNING) {
		f->running++;
		if (!f->hold)
			tell_executor(f, "echo", id);
	} else if (status->state == FINISHED) {
		f->finished++;
	}
	if (butte_state_is_terminal(status->state) &&
		(f->finished == f->wanted || status->state != FINISHED))
		butte_scheduler_teardown(f->s);
}

static void on_echo(struct butte_scheduler *s, void *ctx,
	const Mesos__V1__Scheduler__Event__Message *e)
{
	struct framework *f = ctx;
	char text[64] = "";

	(void)s;
	memcpy(text, e->data.data,
		e->data.len < sizeof(text) ? e->data.len : sizeof(text) - 1);
	if (strncmp(text, "echo ", 5) != 0)
		return;
	f->echoed++;
	tell_executor(f, "finish", text + 5);
}

static void on_failed(struct butte_scheduler *s, void *ctx,
	Mesos__V1__Scheduler__Call__Type type, int status, const char *why)
{
	(void)s;
	(void)ctx;
	printf("call %d failed: %d %s\n", (int)type, status, why);
}

static void on_term(evutil_socket_t fd, short what, void *arg)
{
	struct framework *f = arg;

	(void)fd;
	(void)what;
	tell_executor(f, "finish", "custom-0");
}

static int framework_main(bool hold, size_t wanted)
{
	static const struct butte_scheduler_ops ops = {
		.offers = on_offers,
		.update = on_update,
		.message = on_echo,
		.call_failed = on_failed,
	};
	struct framework f = { .wanted = wanted, .hold = hold };
	char user[] = "root", name[] = "custom", error[256] = "";
	Mesos__V1__FrameworkInfo info = MESOS__V1__FRAMEWORK_INFO__INIT;
	struct butte_scheduler_config cfg = {
		.masters = getenv("BUTTE_MASTER"),
		.ca_file = getenv("BUTTE_CACERT"),
		.plaintext = getenv("BUTTE_PLAINTEXT") != NULL,
		.framework = &info,
	};
	struct event *term;
	int r;

	info.user = user;
	info.name = name;
	info.has_checkpoint = true;
	info.checkpoint = true;
	info.has_failover_timeout = true;
	info.failover_timeout = 60;
	f.s = butte_scheduler_new(&cfg, &ops, &f, error, sizeof(error));
	if (f.s == NULL) {
		(void)fprintf(stderr, "custom: %s\n", error);
		return 1;
	}
	term = evsignal_new(butte_scheduler_base(f.s), SIGTERM, on_term, &f);
	(void)event_add(term, NULL);
	r = butte_scheduler_run(f.s);
	printf("running=%zu echoed=%zu finished=%zu\n", f.running, f.echoed,
		f.finished);
	event_free(term);
	butte_scheduler_free(f.s);
	return r != 0 || f.finished != wanted;
}

int main(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", source, sizeof(source) - 1);

	if (n < 0 || argc < 2)
		return 2;
	if (strcmp(argv[1], "executor") == 0)
		return executor_main();
	if (strcmp(argv[1], "hold") == 0)
		return framework_main(true, 1);
	return framework_main(
		false, argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 1);
}
