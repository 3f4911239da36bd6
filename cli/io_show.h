/* io_show.h - the commands that look at the cluster, and those that end a
 * framework or a task. Each returns the exit status, or -1 and e. */
#ifndef CLI_IO_SHOW_H
#define CLI_IO_SHOW_H

struct args;
struct err;

int show_agents(const struct args *a, struct err *e);
int show_agent(const struct args *a, struct err *e);
int show_frameworks(const struct args *a, struct err *e);
int show_framework(const struct args *a, struct err *e);
int show_teardown(const struct args *a, struct err *e);
int show_tasks(const struct args *a, struct err *e);
int show_task(const struct args *a, struct err *e);
int show_kill(const struct args *a, struct err *e);
int show_master(const struct args *a, struct err *e);
int show_config(const struct args *a, struct err *e);

#endif
