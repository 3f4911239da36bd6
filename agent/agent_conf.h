/*
 * agent_conf.h - the options of butte-agent.
 *
 * Names, formats, defaults and ranges are those of Mesos, as far as what they
 * rule exists here; others are refused as unknown.
 */
#ifndef AGENT_AGENT_CONF_H
#define AGENT_AGENT_CONF_H

#include "agent/agent.h"
#include "common/daemon_conf.h"

struct conf;
struct err;

struct agent_master {
	const char *host;
	uint16_t port;
};

struct agent_options {
	struct daemon_options daemon;
	struct agent_master *masters; /* at least one */
	size_t n_masters;
	char *masters_text;   /* what hosts point into */
	const char *work_dir; /* as given: may be relative */
	const char *runtime_dir;
	const char *domain_socket_location; /* NULL: in runtime_dir */
	const char *launcher_dir; /* NULL: beside us, or ../libexec/butte */
	const char *resources;	  /* text that parses; "": detect all */
	const char *default_role;
	const char *attributes; /* text that parses */
	const char *cgroups_root;
	bool cgroups_enable_cfs;
	bool cgroups_limit_swap;
	/* Timeouts, executor_env, flags and what else is not of this machine;
	 * main knows the rest. */
	struct agent_config config;
};

void agent_conf_init(struct conf *c);
/* After conf_parse(). Texts belong to c; free with agent_conf_fini(). */
int agent_conf_fill(
	struct agent_options *ret, const struct conf *c, struct err *e);
void agent_conf_fini(struct agent_options *o);

#endif
