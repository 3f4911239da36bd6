/*
 * master.h - the only door into the master's room.
 *
 * The master is a pure state machine: events with the time go in, records and
 * effects come out (common/outbox.h). master_step() can't fail or block: a bad
 * call is answered in the outbox, our own bug is a CHECK. It has no other
 * clock than event.now_ms, and no other randomness than config.seed.
 *
 * Edges check what needs no state before they make an event (io_api.c):
 * authentication, method, media types, decoding, required fields. The room
 * answers everything else, also with HTTP status codes, in the order of the
 * v1 API's table.
 */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct Butte__Link__ToMaster;
struct Mesos__V1__Master__Call;
struct Mesos__V1__Scheduler__Call;
struct err;
struct master;
struct outbox;

/* Defaults and ranges are in master_conf.c; durations in ms, 0 where "none". */
struct master_config {
	const char *id; /* uuid text, new for every process */
	const char *version;
	const char *hostname; /* as published in MasterInfo */
	const char *ip;	      /* "127.0.0.1" */
	uint16_t port;
	bool tls;	     /* of our own port */
	const char *cluster; /* or NULL */
	uint64_t seed;
	uint64_t allocation_interval_ms;
	uint64_t agent_ping_timeout_ms;
	unsigned max_agent_ping_timeouts;
	uint64_t agent_reregister_timeout_ms;
	uint64_t offer_timeout_ms; /* 0: offers don't expire */
	uint64_t registry_gc_interval_ms;
	uint64_t registry_max_agent_age_ms;
	unsigned registry_max_agent_count;
	unsigned max_completed_frameworks;
	unsigned max_completed_tasks_per_framework;
	unsigned max_unreachable_tasks_per_framework;
	unsigned max_operator_event_stream_subscribers;
	bool root_submissions;
	bool filter_gpu_resources;
	const char
		*min_allocatable_resources; /* text; checked by master_conf */
	const char *fair_sharing_excluded_resource_names; /* commas, or NULL */
	const char *weights; /* "role=2,other=1.5", or NULL */
	const char *roles;   /* commas: the whitelist, or NULL */
	const char *agent_removal_rate_limit; /* "1/10mins", or NULL */
	/* For /flags and /state: name and value of every option, in order. */
	const struct master_flag {
		const char *name;
		const char *value; /* secrets are left out by the edge */
	} * flags;
	size_t n_flags;
};

/* The tables of the registry; see proto/butte/registry.proto for the rows. */
enum master_table {
	MASTER_TABLE_MASTER,	  /* one row: id of the last run, counters */
	MASTER_TABLE_AGENT,	  /* admitted; key: agent id */
	MASTER_TABLE_UNREACHABLE, /* key: agent id */
	MASTER_TABLE_GONE,	  /* key: agent id */
	MASTER_TABLE_FRAMEWORK,	  /* whom we wait for; key: framework id */
	MASTER_TABLES
};
extern const char *const master_table_names[MASTER_TABLES];

enum master_event_type {
	MASTER_TICK,	    /* time passed */
	MASTER_CALL,	    /* a scheduler call; from: request */
	MASTER_OPERATOR,    /* an operator call; from: request */
	MASTER_QUERY,	    /* a v0 endpoint; from: request */
	MASTER_STREAM_DOWN, /* a stream's client is gone; from: stream */
	MASTER_LINK_UP,	    /* an agent dialled; from: link */
	MASTER_LINK_MSG,
	MASTER_LINK_DOWN,
};

enum master_report {
	MASTER_REPORT_STATE,	     /* /state */
	MASTER_REPORT_STATE_SUMMARY, /* /state-summary */
	MASTER_REPORT_AGENTS,	     /* /slaves */
	MASTER_REPORT_FRAMEWORKS,    /* /frameworks */
	MASTER_REPORT_TASKS,	     /* /tasks */
	MASTER_REPORT_ROLES,	     /* /roles */
	MASTER_REPORT_METRICS,	     /* /metrics/snapshot */
};

struct master_query {
	enum master_report report;
	/* From the query string; NULL or -1 where absent. */
	const char *agent_id, *framework_id, *task_id;
	int64_t limit, offset;
	bool ascending;
};

struct master_event {
	enum master_event_type type;
	uint64_t now_ms; /* monotonic */
	int64_t wall_ns; /* for timestamps people see, nothing else */
	uint64_t from;	 /* request, stream or link */
	/* Borrowed: they live in the turn's arena. By type: */
	const struct Mesos__V1__Scheduler__Call *call;
	const struct Mesos__V1__Master__Call *operator_call;
	const struct Butte__Link__ToMaster *msg;
	const struct master_query *query;
	/* CALL: value of Mesos-Stream-Id, or NULL; and, for SUBSCRIBE, the fresh
	 * one that the edge will send if the stream is opened. */
	const char *stream_id;
	const char *new_stream_id;
	/* CALL: the value of an Accept header that admits neither JSON nor
	 * protobuf; NULL when there is an encoding to answer in. Row 9 of the
	 * table comes after the validation of the call, so the room answers. */
	const char *unacceptable;
	const char *principal; /* authenticated; NULL: not asked for */
	const char *peer_ip;   /* LINK_UP, CALL */
};

struct master *master_new(const struct master_config *cfg);
/* Before the first step: each row of the registry. */
int master_load(struct master *m, unsigned table, const char *key,
	const uint8_t *value, size_t size, struct err *e);
/* After the last row: notes this run in the registry, starts the timers. */
void master_begin(
	struct master *m, uint64_t now_ms, int64_t wall_ns, struct outbox *out);
void master_step(
	struct master *m, const struct master_event *ev, struct outbox *out);
/* When to step with MASTER_TICK; UINT64_MAX: never. */
uint64_t master_next_due(const struct master *m);
/* Walks everything and CHECKs it: free + offered + used = total per agent, each
 * offer in both its lists, each state legal. For tests. */
void master_check(const struct master *m);
void master_free(struct master *m);

/* Counters that only edges know, for /metrics/snapshot. Set before a QUERY. */
struct master_edge_stats {
	uint64_t uptime_ms, event_queue_http_requests, records_committed,
		commits, commit_last_us;
	double load_1min, load_5min, load_15min;
	uint64_t mem_total_bytes, mem_free_bytes, registry_size_bytes;
	unsigned cpus;
};
void master_edge_stats_set(struct master *m, const struct master_edge_stats *s);

#endif
