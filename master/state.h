/*
 * state.h - the master's tables: frameworks, agents, offers, tasks, executors,
 * and who owns what.
 *
 * Everything hangs on one struct master. Tables refer to each other by pointer;
 * the functions here keep both ends of each pointer, and nothing else: they
 * tell nobody, write no record and ask no allocator. Whoever changes the state
 * for a reason (framework.c, roster.c, offer.c, ledger.c) does that.
 *
 * A framework owns its tasks: active ones (also terminal ones whose update is
 * not acknowledged), unreachable ones and a bounded list of completed ones. An
 * agent is referred to by its active tasks and by its offers. Tables are walked
 * in the order of insertion, so that one seed gives one trace.
 *
 * The macros of uthash are used in state.c alone; others walk the tables with
 * the state_*_next() functions.
 */
#ifndef MASTER_STATE_H
#define MASTER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/heap.h"
#include "common/list.h"
#include "common/map.h"
#include "common/res.h"
#include "master/master.h"
#include "master/metrics.h"

struct Mesos__V1__AgentInfo;
struct Mesos__V1__AgentInfo__Capability;
struct Mesos__V1__FrameworkInfo;
struct Mesos__V1__TaskStatus;
struct ProtobufCMessage;
struct alloc;

/* An encoded message that a table keeps. */
struct blob {
	uint8_t *data;
	size_t size;
};

enum deadline_kind {
	DEADLINE_HEARTBEAT,   /* a framework's stream */
	DEADLINE_FAILOVER,    /* a framework is given up */
	DEADLINE_PING,	      /* an agent's next ping */
	DEADLINE_REREGISTER,  /* an agent is given up */
	DEADLINE_OFFER,	      /* an offer is too old */
	DEADLINE_WATCHER,     /* heartbeat of an operator's stream */
	DEADLINE_UNREACHABLE, /* the next permit of the removal rate limit */
	DEADLINE_REGISTRY_GC,
	DEADLINE_KINDS
};

struct deadline {
	struct heap_node node;
	enum deadline_kind kind;
};

/* Capabilities of frameworks and agents: bit (1 << number in the v1 enum). */
#define CAPABILITY(number) (1u << (unsigned)(number))

enum framework_state {
	FRAMEWORK_RECOVERED, /* known from the registry or from agents */
	FRAMEWORK_CONNECTED,
	FRAMEWORK_DISCONNECTED,
	FRAMEWORK_COMPLETED,
};

TAILQ_HEAD(offer_list, offer);
TAILQ_HEAD(task_list, task);
TAILQ_HEAD(executor_list, executor);

struct framework {
	char *id;
	UT_hash_handle hh; /* in frameworks or completed of the master */
	UT_hash_handle hh_stream;
	enum framework_state state;
	struct Mesos__V1__FrameworkInfo *info; /* with id; msg_free() */
	unsigned capabilities;
	const char **roles; /* point into info */
	size_t n_roles;
	uint64_t stream; /* 0 unless connected */
	char *stream_id; /* Mesos-Stream-Id; NULL unless connected */
	int64_t registered_ns, reregistered_ns, unregistered_ns; /* 0: never */
	int64_t deadline_ns; /* of failover, wall clock; 0: none */
	struct deadline heartbeat, failover;
	struct offer_list offers;
	struct task *tasks;	    /* active, by id */
	struct task *unreachable;   /* by id, oldest first */
	struct task_list completed; /* oldest first; ids may repeat */
	unsigned n_completed;
	struct executor_list executors;
	struct metrics_framework metrics;
};

struct agent {
	char *id;
	UT_hash_handle hh;
	struct Mesos__V1__AgentInfo *info; /* with id; msg_free() */
	char *version;
	char *ip;      /* of its connection; may be NULL if recovered */
	char *address; /* "ip:port", by which it is in addresses; or NULL */
	UT_hash_handle hh_address;
	unsigned capabilities;
	uint64_t link;	 /* 0: disconnected */
	bool registered; /* false: from the registry, not seen by this run */
	bool active;	 /* may be offered */
	char *withheld;	 /* why the agent asked not to be offered, or NULL */
	int64_t registered_ns, reregistered_ns;
	struct res total;
	struct res used; /* by tasks and executors; allocation roles set */
	struct deadline ping, reregister;
	bool pong_due;
	unsigned pings_missed;
	TAILQ_ENTRY(agent) limited; /* waits to be marked unreachable */
	bool is_limited;
	const char *limited_why; /* static text */
	struct offer_list offers;
	struct task_list tasks; /* active ones here */
	struct executor *executors;
	uint64_t mark; /* scratch of walks over distinct agents */
	size_t index;  /* scratch of reports */
};
TAILQ_HEAD(agent_list, agent);

struct offer {
	char *id;
	UT_hash_handle hh;
	struct framework *framework;
	struct agent *agent;
	char *role;
	struct res res; /* allocation role set */
	struct deadline expiry;
	uint64_t mark; /* scratch: seen in this ACCEPT */
	TAILQ_ENTRY(offer) of_framework;
	TAILQ_ENTRY(offer) of_agent;
};

struct task {
	char *id;
	UT_hash_handle hh; /* in tasks or unreachable of its framework */
	TAILQ_ENTRY(task) of_agent;
	TAILQ_ENTRY(task) of_completed;
	struct framework *framework;
	struct agent *agent; /* NULL unless active */
	char *agent_id;
	char *executor_id;     /* NULL: a command task */
	char *role;	       /* it is allocated to */
	struct res res;	       /* allocation role set */
	int state;	       /* the latest known to the agent */
	bool holds;	       /* its resources are in use */
	bool sent;	       /* some status was forwarded: */
	int sent_state;	       /* its state, */
	uint8_t sent_uuid[16]; /* its uuid */
	uint64_t mark;	       /* scratch: named by its agent */
	bool kill_asked;
	int64_t kill_grace_ns;	/* of the last KILL; -1: none given */
	int64_t unreachable_ns; /* 0: is not */
	struct blob info;	/* mesos.v1.Task: what never changes */
	struct blob *statuses;	/* mesos.v1.TaskStatus, oldest first */
	size_t n_statuses;
	size_t statuses_cap;
	int history_state;   /* of the last of them */
	double first_time_s; /* timestamp of the first ever; 0: none */
};

/* A custom executor; those of command tasks are the agent's own business. */
struct executor {
	char *key; /* framework id / executor id */
	UT_hash_handle hh;
	const char *id; /* in key */
	TAILQ_ENTRY(executor) of_framework;
	struct framework *framework;
	struct agent *agent;
	char *role;
	struct res res;
	struct blob info; /* mesos.v1.ExecutorInfo */
	uint64_t mark;	  /* scratch: named by its agent */
};

/* An unreachable agent, or one that is gone for good. */
struct absent {
	char *id;
	UT_hash_handle hh;
	int64_t since_ns;
};

/* A connection of an agent, registered or not. */
struct uplink {
	uint64_t number;
	UT_hash_handle hh;
	char *ip;
	struct agent *agent; /* NULL: not registered */
};

/* An operator's event stream. */
struct watcher {
	TAILQ_ENTRY(watcher) next;
	uint64_t stream;
	struct deadline heartbeat;
};
TAILQ_HEAD(watcher_list, watcher);

struct master {
	struct master_config cfg;
	struct alloc *alloc;

	/* Of the step that is under way. */
	uint64_t now_ms;
	int64_t wall_ns;
	struct outbox *out; /* NULL between steps */

	struct framework *frameworks; /* all but completed ones */
	struct framework *streams;    /* connected ones, by stream */
	struct framework *completed;  /* oldest first */
	struct agent *agents;	      /* registered or recovered */
	struct agent *addresses;      /* registered, by address */
	struct offer *offers;
	struct absent *unreachable, *gone; /* oldest first */
	struct uplink *uplinks;
	struct watcher_list watchers;
	unsigned n_watchers;

	unsigned n_recovered; /* agents not registered yet */
	uint64_t next_framework, next_agent, next_offer; /* numbers in ids */
	struct heap deadlines;
	struct deadline gc, permit;
	uint64_t removal_interval_ms; /* 0: no rate limit */
	uint64_t permit_due_ms;
	struct agent_list limited;
	uint64_t mark; /* the last one given to offers or agents */
	int64_t started_ns;

	struct metrics metrics;
	struct master_edge_stats edge;
};

void state_init(struct master *m);
void state_fini(struct master *m);

/* --- time ------------------------------------------------------------- */

/* Sets or moves the deadline. */
void state_deadline_set(struct master *m, struct deadline *d, uint64_t at_ms);
/* For what comes again and again: on a grid, rather early than late, so that
 * thousands of them share a wake-up. */
void state_deadline_every(
	struct master *m, struct deadline *d, uint64_t interval_ms);
void state_deadline_clear(struct master *m, struct deadline *d);

/* --- frameworks ------------------------------------------------------- */

/* Copies info, which must have an id. State RECOVERED, no stream. */
struct framework *state_framework_add(
	struct master *m, const struct Mesos__V1__FrameworkInfo *info);
/* Takes info, and what is derived from it. */
void state_framework_info_set(
	struct framework *fw, struct Mesos__V1__FrameworkInfo *info);
struct framework *state_framework_find(const struct master *m, const char *id);
struct framework *state_framework_by_stream(
	const struct master *m, uint64_t stream);
struct framework *state_completed_find(const struct master *m, const char *id);
struct framework *state_framework_next(
	const struct master *m, const struct framework *fw); /* NULL: first */
struct framework *state_completed_next(
	const struct master *m, const struct framework *fw);
/* stream 0: none. */
void state_framework_stream_set(struct master *m, struct framework *fw,
	uint64_t stream, const char *stream_id);
/* To the completed list; it must hold no offers, active tasks or executors. */
void state_framework_complete(struct master *m, struct framework *fw);
/* A completed one that exceeds the bound: the oldest; NULL: none does. */
struct framework *state_completed_excess(const struct master *m);
void state_completed_sort(struct master *m); /* oldest first; after loading */
void state_completed_free(struct master *m, struct framework *fw);
bool state_framework_has(const struct framework *fw, unsigned capability);
bool state_framework_in_role(const struct framework *fw, const char *role);

/* --- agents ------------------------------------------------------------ */

/* Copies info, which must have an id. Not registered, no link. */
struct agent *state_agent_add(
	struct master *m, const struct Mesos__V1__AgentInfo *info);
/* Takes info. */
void state_agent_info_set(struct agent *a, struct Mesos__V1__AgentInfo *info);
/* A recovered agent has come, or a new one. */
void state_agent_registered(struct master *m, struct agent *a);
struct agent *state_agent_find(const struct master *m, const char *id);
struct agent *state_agent_next(
	const struct master *m, const struct agent *a); /* NULL: first */
/* It must have no tasks, executors or offers left. */
void state_agent_free(struct master *m, struct agent *a);
unsigned state_agent_capabilities(
	struct Mesos__V1__AgentInfo__Capability *const *c, size_t n);
/* Where it is reached; whoever had the address has none after this. ip NULL:
 * takes it out of the table. */
void state_agent_address_set(struct master *m, struct agent *a, const char *ip);
/* The registered agent of that address, or NULL. */
struct agent *state_agent_at(
	const struct master *m, const char *ip, int32_t port);

struct uplink *state_uplink_add(
	struct master *m, uint64_t number, const char *ip);
struct uplink *state_uplink_find(const struct master *m, uint64_t number);
void state_uplink_free(struct master *m, struct uplink *l);

/* --- absent agents: table is &m->unreachable or &m->gone ---------------- */

void state_absent_add(struct absent **table, const char *id, int64_t since_ns);
struct absent *state_absent_find(struct absent *table, const char *id);
struct absent *state_absent_first(struct absent *table); /* oldest */
void state_absent_sort(struct absent **table); /* oldest first; after loading */
size_t state_absent_count(const struct absent *table);
void state_absent_free(struct absent **table, struct absent *ab);

/* --- offers -------------------------------------------------------------- */

/* Takes the contents of res. */
struct offer *state_offer_add(struct master *m, struct framework *fw,
	struct agent *a, const char *role, struct res *res);
struct offer *state_offer_find(const struct master *m, const char *id);
size_t state_offer_count(const struct master *m);
void state_offer_free(struct master *m, struct offer *o);

/* --- tasks ---------------------------------------------------------------- */

/* An active task. Takes info (mesos.v1.Task, encoded here) by copy, and the
 * contents of res. */
struct task *state_task_add(struct framework *fw, struct agent *a,
	const struct ProtobufCMessage *info, struct res *res);
struct task *state_task_find(const struct framework *fw, const char *id);
struct task *state_task_next(
	const struct framework *fw, const struct task *t); /* NULL: first */
size_t state_task_count(const struct framework *fw);
struct task *state_unreachable_find(const struct framework *fw, const char *id);
struct task *state_unreachable_next(
	const struct framework *fw, const struct task *t);
/* Off its agent; it must hold nothing. The oldest ones over the bounds of the
 * configuration are freed. */
void state_task_complete(struct master *m, struct task *t);
void state_task_unreachable(struct master *m, struct task *t);
/* Frees an unreachable task, which is active again under the same id. */
void state_unreachable_free(struct task *t);
/* A status for the history; replaces the last one if the state is equal. */
void state_task_status_add(
	struct task *t, const struct Mesos__V1__TaskStatus *status);

/* --- executors ------------------------------------------------------------ */

/* Takes the contents of res. info is a mesos.v1.ExecutorInfo. */
struct executor *state_executor_add(struct framework *fw, struct agent *a,
	const char *id, const struct ProtobufCMessage *info, struct res *res);
struct executor *state_executor_find(
	const struct agent *a, const char *framework_id, const char *id);
struct executor *state_executor_next(
	const struct agent *a, const struct executor *x); /* NULL: first */
void state_executor_free(struct executor *x);

/* CHECKs all of it; see master_check(). */
void state_check(const struct master *m);

#endif
