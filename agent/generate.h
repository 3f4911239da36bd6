/*
 * generate.h - the executor that the agent makes for a command task.
 *
 * Rules: Mesos' agent, "Command executor".
 */
#ifndef AGENT_GENERATE_H
#define AGENT_GENERATE_H

struct Mesos__V1__ExecutorInfo;
struct Mesos__V1__KillPolicy;
struct Mesos__V1__TaskInfo;
struct agent;
struct arena;
struct blob;
struct framework;

/* Everything in the arena, or borrowed from the task. */
struct Mesos__V1__ExecutorInfo *generate_executor(const struct agent *a,
	const struct framework *f, const struct Mesos__V1__TaskInfo *task,
	struct arena *mem);
/* Of an encoded one; NULL if there is none. */
struct Mesos__V1__KillPolicy *generate_kill_policy(
	const struct blob *b, struct arena *mem);

#endif
