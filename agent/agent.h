/*
 * agent.h - the only door into the agent's room.
 *
 * The agent is a pure state machine: events with the time go in, records and
 * effects come out (common/outbox.h). It decides about frameworks, executors,
 * tasks, status updates and checkpoints; sandboxes, cgroups, processes, HTTP
 * and the link to the master are edges.
 *
 * Containers are named by their id (a uuid text); what an edge must do to one
 * comes as an EFFECT_ROOM with a code and a struct of this file, what became of
 * it returns as an event.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct Butte__Link__ToAgent;
struct Mesos__V1__Agent__Call;
struct Mesos__V1__AgentInfo;
struct Mesos__V1__Executor__Call;
struct agent;
struct err;
struct outbox;

/* Durations in ms. */
struct agent_config {
	const char *version;
	/* Hostname, port, resources, attributes; without id. Borrowed. */
	const struct Mesos__V1__AgentInfo *info;
	const char *ip;		  /* as tasks and the master see it */
	const char *work_dir;	  /* absolute */
	const char *launcher_dir; /* where butte-executor is */
	const char *socket_path;  /* the executors' unix socket */
	const char *boot_id;
	uint64_t seed; /* for uuids */
	uint64_t registration_backoff_factor_ms;
	uint64_t executor_registration_timeout_ms;
	uint64_t executor_reregistration_timeout_ms;
	uint64_t executor_shutdown_grace_period_ms;
	uint64_t recovery_timeout_ms;
	uint64_t gc_delay_ms;
	unsigned max_completed_executors_per_framework;
	bool switch_user;
	bool recover_cleanup; /* --recover=cleanup: end everything, then exit */
	bool tls;	      /* of the agent's own HTTP port */
	/* Extra environment for executors: --executor_environment_variables,
	 * NAME=value; ends with NULL. May be NULL. */
	const char *const *executor_env;
	const char *path; /* PATH for executors that set none */
	const struct agent_flag {
		const char *name;
		const char *value;
	} * flags;
	size_t n_flags;
};

/* The tables of the checkpoint; rows are in proto/butte/checkpoint.proto. */
enum agent_table {
	AGENT_TABLE_AGENT,     /* one row: id, info, boot id */
	AGENT_TABLE_FRAMEWORK, /* key: framework id */
	AGENT_TABLE_EXECUTOR,  /* key: framework id / executor id */
	AGENT_TABLE_TASK,      /* key: framework id / task id */
	AGENT_TABLE_UPDATE,    /* key: framework id / task id / number */
	AGENT_TABLE_SANDBOX,   /* ended runs that wait for removal; a number */
	AGENT_TABLES
};
extern const char *const agent_table_names[AGENT_TABLES];

enum agent_event_type {
	AGENT_TICK,
	AGENT_UPLINK_UP, /* the link to the master stands; from: link */
	AGENT_UPLINK_MSG,
	AGENT_UPLINK_DOWN,
	AGENT_EXECUTOR,	    /* an executor call; from: request */
	AGENT_OPERATOR,	    /* an operator call; from: request */
	AGENT_QUERY,	    /* a v0 endpoint; from: request */
	AGENT_STREAM_DOWN,  /* from: stream */
	AGENT_STARTED,	    /* container runs; pid, start_ticks; its executor
			     * is given tasks only after this */
	AGENT_START_FAILED, /* text says why; nothing is left of it */
	AGENT_EXITED,	  /* container is over, its cgroups are empty and gone;
		       * when its first process ends, or the kernel kills in it
		       * for memory, the edge ends the rest without being told */
	AGENT_UNREGISTER, /* SIGUSR1: end all, tell the master, exit */
};

enum agent_report {
	AGENT_REPORT_STATE,
	AGENT_REPORT_METRICS,
};

/* How a container ended. */
struct agent_exit {
	bool known; /* false: we were not its parent when it ended */
	int status; /* of wait(2), if known */
	bool oom;   /* the kernel killed in its memory cgroup */
	uint64_t mem_limit_bytes, mem_max_bytes; /* if oom */
	const char *mem_stat;			 /* memory.stat, if oom */
};

struct agent_event {
	enum agent_event_type type;
	uint64_t now_ms; /* monotonic */
	int64_t wall_ns; /* for timestamps people see */
	uint64_t from;	 /* request, stream or link */
	const struct Butte__Link__ToAgent *msg;
	const struct Mesos__V1__Executor__Call *executor_call;
	const char *peer_container; /* EXECUTOR: whose process calls, "" if no
				     * container's; NULL: can't be known */
	const struct Mesos__V1__Agent__Call *operator_call;
	enum agent_report report;
	const char *container_id; /* STARTED, START_FAILED, EXITED */
	int pid;
	uint64_t start_ticks; /* field 22 of /proc/PID/stat: pids are reused */
	const struct agent_exit *exit;
	const char *text;
};

/* Codes of EFFECT_ROOM. */
enum agent_effect {
	AGENT_LAUNCH,  /* arg: struct agent_launch */
	AGENT_ADOPT,   /* arg: struct agent_adopt: after a restart of ours */
	AGENT_DESTROY, /* arg: char *container_id: kill everything in it and
			* remove its cgroups, then AGENT_EXITED; idempotent */
	AGENT_RESIZE,  /* arg: struct agent_resize: cgroup values */
	AGENT_GC,      /* arg: char *path of a run, relative to work_dir: remove
			* it, then its parents (and "latest") as far as they are
			* empty, up to "slaves" */
	AGENT_REDIAL,  /* drop the link to the master, dial again after `to` ms;
			* without it the edge dials by itself after a break */
	AGENT_FORGET_UPLINK, /* never dial again (recovery is cleanup) */
};

/* What a container gets: the sum over its executor and tasks. */
struct agent_limits {
	int64_t cpu_milli;
	int64_t mem_mb;
};

struct agent_launch {
	const char *container_id;
	const char *framework_id, *executor_id;
	const char *directory; /* sandbox, relative to work_dir */
	const char *user;      /* NULL: ours */
	bool shell;	       /* sh -c value; else execvp(value, argv) */
	const char *value;
	const char *const *argv; /* ends with NULL */
	const char *const *env;	 /* NAME=value, all of it; ends with NULL */
	struct agent_limits limits;
};

struct agent_resize {
	const char *container_id;
	struct agent_limits limits;
};

struct agent_adopt {
	const char *container_id;
	int pid; /* 0: it was being started when we died; sweep its cgroups */
	uint64_t start_ticks;
};

struct agent *agent_new(const struct agent_config *cfg);
/* Before the first step: each row of the checkpoint. */
int agent_load(struct agent *a, unsigned table, const char *key,
	const uint8_t *value, size_t size, struct err *e);
/* After the last row: adopts what runs (ADOPT effects), reports what died with
 * the machine, starts the timers. -1: the checkpoint can't be used. */
int agent_begin(struct agent *a, uint64_t now_ms, int64_t wall_ns,
	struct outbox *out, struct err *e);
void agent_step(
	struct agent *a, const struct agent_event *ev, struct outbox *out);
uint64_t agent_next_due(const struct agent *a);
/* Whether the container is one of ours; sweepers of cgroups ask. */
bool agent_has_container(const struct agent *a, const char *container_id);
/* Virtual path of the files API ("/frameworks/F/executors/E/runs/latest/...",
 * the sandbox path as /state shows it) to a path relative to work_dir, into the
 * arena of out; NULL: unknown. */
const char *agent_file_path(
	const struct agent *a, const char *path, struct outbox *out);
/* Of the whole machine, which only edges see; for reports of metrics, set
 * before they are asked for. */
struct agent_machine {
	double load_1min, load_5min, load_15min;
	uint64_t mem_total_bytes, mem_free_bytes;
	unsigned cpus;
};
void agent_machine_set(struct agent *a, const struct agent_machine *machine);
void agent_check(const struct agent *a);
void agent_free(struct agent *a);

#endif
