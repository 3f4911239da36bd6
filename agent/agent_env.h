/*
 * agent_env.h - the environment that an executor is started with.
 *
 * Rules: Mesos' agent, "Environment given to an executor". Nothing of the
 * agent's own environment is inherited. Later wins:
 * --executor_environment_variables, the agent's own set, the command's.
 */
#ifndef AGENT_AGENT_ENV_H
#define AGENT_AGENT_ENV_H

struct Mesos__V1__CommandInfo;
struct agent;
struct arena;
struct executor;

/* NAME=value; ends with NULL. cmd may be NULL. */
const char *const *agent_env_build(const struct agent *a,
	const struct executor *e, const struct Mesos__V1__CommandInfo *cmd,
	struct arena *mem);

#endif
