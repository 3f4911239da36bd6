/* framework60.c - a whole framework. Usage: framework60 [MASTER [CA-FILE]] */
#include <butte/scheduler.h>
#include <stdio.h>

enum { TASKS = 5 };
static int launched, ended, failed;

static void on_offers(struct butte_scheduler *s, void *ctx,
	Mesos__V1__Offer *const *offers, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++) {
		double cpus = butte_offer_scalar(offers[i], "cpus");
		Mesos__V1__TaskInfo *tasks[TASKS];
		size_t n_tasks = 0;
		for (; launched < TASKS && cpus >= 0.1; cpus -= 0.1) {
			char id[16];
			snprintf(id, sizeof(id), "task-%d", launched++);
			tasks[n_tasks] = butte_task_new(
				offers[i], id, "hello", "echo hello");
			butte_task_resource(tasks[n_tasks], "cpus", 0.1);
			butte_task_resource(tasks[n_tasks++], "mem", 32);
		}
		butte_scheduler_launch(s, offers[i], tasks, n_tasks, -1);
		while (n_tasks > 0)
			butte_task_free(tasks[--n_tasks]);
	}
}

static void on_update(struct butte_scheduler *s, void *ctx,
	const Mesos__V1__TaskStatus *status)
{
	(void)ctx;
	puts(butte_state_name(status->state));
	if (!butte_state_is_terminal(status->state))
		return;
	failed += status->state != MESOS__V1__TASK_STATE__TASK_FINISHED;
	if (++ended == TASKS)
		butte_scheduler_teardown(s);
}

int main(int argc, char **argv)
{
	char name[] = "root", error[256];
	Mesos__V1__FrameworkInfo info = MESOS__V1__FRAMEWORK_INFO__INIT;
	struct butte_scheduler_config cfg = { .framework = &info };
	struct butte_scheduler_ops ops = { .offers = on_offers };
	struct butte_scheduler *s;

	ops.update = on_update;
	cfg.masters = argc > 1 ? argv[1] : "localhost:5050";
	cfg.ca_file = argc > 2 ? argv[2] : NULL;
	cfg.plaintext = argc <= 2;
	info.user = info.name = name;
	if (!(s = butte_scheduler_new(&cfg, &ops, NULL, error, sizeof(error))))
		return fprintf(stderr, "%s\n", error), 1;
	failed += butte_scheduler_run(s) != 0;
	butte_scheduler_free(s);
	return failed > 0;
}
