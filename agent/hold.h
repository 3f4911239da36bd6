/*
 * hold.h - the agent's tables: frameworks, executors, tasks, updates, and who
 * owns what.
 *
 * Everything hangs on one struct agent. Tables refer to each other by pointer;
 * the functions here keep both ends of each pointer, and nothing else: they
 * tell nobody and write no record. Whoever changes the state for a reason
 * (run.c, execapi.c, stream.c, container.c) does that.
 *
 * A framework owns its executors and its tasks. A task is in its framework's
 * map until its last update is acknowledged, and in its executor's list; a task
 * that never came to an executor (it was dropped) is an orphan in its
 * framework's list. Completed tasks, executors and frameworks are kept for
 * reports only, in bounded lists, out of all maps.
 */
#ifndef AGENT_HOLD_H
#define AGENT_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "agent/agent.h"
#include "common/heap.h"
#include "common/list.h"
#include "common/map.h"
#include "common/prng.h"
#include "common/uuid.h"

struct Mesos__V1__AgentInfo;
struct Mesos__V1__ExecutorInfo;
struct Mesos__V1__FrameworkInfo;
struct Mesos__V1__KillPolicy;
struct Mesos__V1__TaskInfo;
struct Mesos__V1__Resource;
struct arena;

#define HOLD_NEVER UINT64_MAX

/* An encoded message that a table keeps; unpacked when it is needed. */
struct blob {
	uint8_t *data; /* NULL: none */
	size_t size;
};

/* A status update that the scheduler has not acknowledged. */
struct update {
	TAILQ_ENTRY(update) next;
	uint64_t number; /* in the task's order; part of the record's key */
	uint8_t uuid[UUID_SIZE];
	int state;
	struct blob status; /* TaskStatus */
};

/* One that it has: kept to know it again when an executor repeats it. */
struct acked {
	uint64_t number;
	uint8_t uuid[UUID_SIZE];
};

/* For reports: a state and when it came; equal ones in a row are one. */
struct passed {
	int state;
	int64_t wall_ns;
};

TAILQ_HEAD(update_list, update);
TAILQ_HEAD(task_list, task);
TAILQ_HEAD(executor_list, executor);
TAILQ_HEAD(framework_list, framework);

struct task {
	TAILQ_ENTRY(task) next; /* executor's tasks or completed; orphans */
	UT_hash_handle hh;	/* in framework->tasks */
	struct framework *framework;
	struct executor *executor; /* NULL: an orphan */
	char *id;
	uint64_t number;  /* order of arrival, over restarts too */
	struct blob info; /* TaskInfo; none: only the master knew it */
	int state;	  /* latest; staging until an update comes */
	bool delivered;	  /* its executor was told to launch it */
	struct agent_limits limits;

	bool kill_wanted;	   /* to be told when its executor is back */
	struct blob kill;	   /* KillPolicy of the wish, or none */
	uint64_t kill_grace_ms;	   /* the task's own */
	struct heap_node kill_due; /* a generated executor that won't obey */

	/* stream.c */
	struct update_list updates;
	size_t n_updates;
	uint64_t next_update;
	struct update *held; /* see checkpoint.proto */
	struct acked *acked; /* oldest first */
	size_t n_acked, acked_cap;
	uint64_t backoff_ms;	    /* of the head's next sending */
	struct heap_node retry_due; /* the head is sent and not acknowledged */

	struct passed *passed;
	size_t n_passed, passed_cap;
};

enum executor_state {
	EXECUTOR_REGISTERING, /* launched; it has not subscribed yet */
	EXECUTOR_RUNNING,
	EXECUTOR_TERMINATING, /* told to end, or its container is destroyed */
	EXECUTOR_TERMINATED,  /* its container is gone */
};

/* What happens when an executor's deadline comes. */
enum executor_wait {
	WAIT_NONE,
	WAIT_REGISTER,	 /* it must subscribe */
	WAIT_REREGISTER, /* again, after our restart */
	WAIT_SHUTDOWN,	 /* it was asked to end */
	WAIT_LEAVE,	 /* its only task is over */
	WAIT_DESTROY,	 /* the edge was told to destroy its container */
};

/* What its live tasks become when its container ends; state -1: not decided
 * before, the way it ends does. */
struct verdict {
	int state, reason;
	char *message; /* or NULL */
};

struct executor {
	TAILQ_ENTRY(executor) next;  /* framework's executors or completed */
	UT_hash_handle hh;	     /* in framework->executors_by_id */
	UT_hash_handle hh_container; /* in agent->containers */
	UT_hash_handle hh_stream;    /* in agent->streams, if stream != 0 */
	struct framework *framework;
	char *id;
	char container_id[UUID_TEXT_SIZE];
	struct blob info; /* ExecutorInfo */
	bool generated;	  /* by us, for one command task */
	enum executor_state state;
	uint64_t stream; /* 0: not subscribed now */
	int pid;	 /* 0: not known to run */
	uint64_t start_ticks;
	bool recovered; /* it was there before this agent process, and has
			     * not subscribed since */
	bool expected;	/* recovery waits for it */
	bool lost;	/* its container ended with the machine */
	bool got_task;	/* a task was delivered to it */
	struct agent_limits own, sum; /* alone; with its live tasks */
	struct agent_limits told;     /* what the edge knows */
	uint64_t grace_ms;	      /* between SHUTDOWN and destruction */
	struct verdict verdict;
	enum executor_wait wait;
	uint64_t wait_ms; /* how long in all */
	struct heap_node due;
	struct heap_node heartbeat; /* while subscribed */
	struct task_list tasks;	    /* not completed; in order of arrival */
	size_t n_tasks;
	struct task_list completed; /* bounded */
	size_t n_completed;
};

struct framework {
	TAILQ_ENTRY(framework) next; /* agent's frameworks or completed */
	UT_hash_handle hh;
	char *id;
	struct blob info; /* FrameworkInfo, with id */
	char *user;
	bool partition_aware;
	bool terminating;
	bool made_up;			/* only its id is known; no record */
	struct executor_list executors; /* also terminated ones whose tasks'
		last updates are not acknowledged */
	struct executor *executors_by_id;
	size_t n_executors;
	struct executor_list completed; /* bounded */
	size_t n_completed;
	struct task *tasks; /* by id: all that are not completed */
	struct task_list orphans;
};

/* A run that is over and waits for its removal; in order of its end. */
struct sandbox {
	STAILQ_ENTRY(sandbox) next;
	uint64_t number; /* the record's key */
	uint64_t due_ms;
	char directory[];
};

/* Counters of /metrics/snapshot. */
struct hold_metrics {
	uint64_t ended[16]; /* tasks, by terminal state (v1 numbers) */
	uint64_t valid_updates, invalid_updates;
	uint64_t valid_messages, invalid_messages;
	uint64_t launch_errors, recovery_errors, executors_ended;
	uint64_t sandboxes_removed;
};

enum agent_phase {
	PHASE_NEW,	  /* records are being loaded */
	PHASE_RECOVERING, /* executors are expected back */
	PHASE_UP,
};

struct agent {
	const struct agent_config *cfg;
	enum agent_phase phase;
	uint64_t now_ms; /* of the event that is being handled */
	int64_t wall_ns;
	int64_t begin_wall_ns;
	uint64_t begin_ms;
	uint64_t recovered_ms; /* how long recovery took */
	struct agent_machine machine;
	struct prng prng;

	char *old_boot_id; /* from the record; NULL: none */
	bool recheck;	   /* something ended: withheld may be over */

	/* register.c */
	char *id;			   /* NULL: not registered yet */
	struct Mesos__V1__AgentInfo *info; /* as told to the master; owned */
	char *withheld;	 /* why nothing may be offered, or NULL */
	uint64_t link;	 /* 0: down */
	bool registered; /* on this link */
	char *master_hostname;
	uint64_t backoff_ms;
	uint64_t register_due; /* when to ask again */
	uint64_t ping_timeout_ms;
	uint64_t ping_due;
	bool leaving;	  /* end everything, */
	bool say_goodbye; /* tell the master, */
	bool has_left;	  /* and exit */

	struct framework_list frameworks;
	struct framework *frameworks_by_id;
	struct framework_list completed; /* bounded */
	size_t n_completed;
	struct executor *containers;
	struct executor *streams;
	struct heap executor_dues;
	struct heap heartbeat_dues;
	struct heap kill_dues;
	struct heap retry_dues;
	uint64_t next_task; /* number */
	size_t n_expected;  /* executors that recovery waits for */

	STAILQ_HEAD(, sandbox) sandboxes, removed;
	size_t n_sandboxes;
	uint64_t next_sandbox;

	struct hold_metrics metrics;
};

/* In place; tables are empty after init. */
void hold_init(struct agent *a, uint64_t seed);
void hold_fini(struct agent *a);

void hold_blob_set(struct blob *b, const ProtobufCMessage *msg);
void hold_blob_fini(struct blob *b);
/* What was packed here unpacks; into the arena. */
struct Mesos__V1__FrameworkInfo *hold_framework_info(
	const struct framework *f, struct arena *to);
struct Mesos__V1__ExecutorInfo *hold_executor_info(
	const struct executor *e, struct arena *to);
struct Mesos__V1__TaskInfo *hold_task_info(
	const struct task *t, struct arena *to); /* NULL: it has none */

struct framework *hold_framework_find(const struct agent *a, const char *id);
/* Takes a completed one of the same id back from its list. */
struct framework *hold_framework_add(
	struct agent *a, const struct Mesos__V1__FrameworkInfo *info);
void hold_framework_update(
	struct framework *f, const struct Mesos__V1__FrameworkInfo *info);
/* Has no executor and no task; goes to the completed list. */
void hold_framework_complete(struct agent *a, struct framework *f);

struct executor *hold_executor_find(const struct framework *f, const char *id);
struct executor *hold_executor_by_container(
	const struct agent *a, const char *container_id);
struct executor *hold_executor_by_stream(
	const struct agent *a, uint64_t stream);
struct executor *hold_executor_add(struct agent *a, struct framework *f,
	const struct Mesos__V1__ExecutorInfo *info, const char *container_id);
void hold_executor_stream_set(
	struct agent *a, struct executor *e, uint64_t stream);
/* For so long from now; WAIT_NONE: no deadline. */
void hold_executor_wait(struct agent *a, struct executor *e,
	enum executor_wait wait, uint64_t ms);
/* Adds up own and live tasks; whether the sum changed. */
bool hold_executor_sum(struct executor *e);
/* Has no task; goes to its framework's completed list. */
void hold_executor_complete(struct agent *a, struct executor *e);

struct task *hold_task_find(const struct framework *f, const char *id);
/* executor NULL: an orphan. info NULL: only its id is known. */
struct task *hold_task_add(struct agent *a, struct framework *f,
	struct executor *e, const char *id,
	const struct Mesos__V1__TaskInfo *info);
/* From its record: puts it where it belongs in its list. */
void hold_task_number_set(struct agent *a, struct task *t, uint64_t number);
void hold_task_passed(struct task *t, int state, int64_t wall_ns);
/* Goes to its executor's completed list, or away. */
void hold_task_complete(struct agent *a, struct task *t);
/* Whether it still takes resources: no terminal state, also none held. */
bool hold_task_is_live(const struct task *t);

void hold_uuid(struct agent *a, uint8_t ret[UUID_SIZE]);
/* The sandbox, relative to work_dir. */
char *hold_directory(
	const struct agent *a, const struct executor *e, struct arena *to);
/* A bounded time; fallback if the policy has none. */
uint64_t hold_grace_ms(
	const struct Mesos__V1__KillPolicy *p, uint64_t fallback_ms);
struct agent_limits hold_limits(
	struct Mesos__V1__Resource *const *resources, size_t n);
void hold_check(const struct agent *a);

#endif
