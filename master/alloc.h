/*
 * alloc.h - the allocator: who is offered what, by hierarchical DRF.
 *
 * Knows agents, frameworks and roles by id and nothing of offers, tasks or
 * messages: what is held (offered or used) is one amount per framework, role
 * and agent. A text that is no role counts as "*". The master tells it of every change; alloc_run() gives resources
 * away, one callback per framework, role and agent, and counts them as held
 * until alloc_release().
 *
 * The algorithm is that of Mesos' hierarchical allocator:
 * roles in the order of dominant share over weight, then allocation count, then
 * path; in a role its frameworks likewise; a framework takes all it may take of
 * an agent. What triggers a run, and what waits for the next period, is Mesos'
 * too: see alloc_due().
 *
 * Resources given in are borrowed. Ids are copied. All times in ms, monotonic.
 */
#ifndef MASTER_ALLOC_H
#define MASTER_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/res.h"

struct alloc;
struct buf;
struct err;

struct alloc_config {
	uint64_t interval_ms;
	uint64_t seed; /* of the shuffle of agents */
	/* "cpus:0.01|mem:32"; "" lets anything pass. */
	const char *min_allocatable;
	const char *excluded_names; /* not in shares; commas, or NULL */
	bool filter_gpu;
};

enum alloc_capability { /* bits */
	ALLOC_REVOCABLE = 1 << 0,
	ALLOC_GPU = 1 << 1,
	ALLOC_SHARED = 1 << 2,
	ALLOC_MULTI_ROLE = 1 << 3,
	ALLOC_REFINEMENT = 1 << 4,
	ALLOC_REGION_AWARE = 1 << 5,
	ALLOC_HIERARCHICAL_ROLE = 1 << 6, /* agents */
};

struct alloc_framework {
	const char *const *roles;
	size_t n_roles;
	const char *const *suppressed;
	size_t n_suppressed;
	unsigned capabilities;
	/* Per role, instead of the global one: FrameworkInfo.offer_filters. A
	 * text that is no list counts as none. */
	const struct alloc_min {
		const char *role;
		const char *sets; /* text as alloc_config's */
	} * mins;
	size_t n_mins;
};

struct alloc *alloc_new(const struct alloc_config *cfg, struct err *e);
void alloc_free(struct alloc *a);
/* Whether the text is a list of quantities; e says what is wrong. */
int alloc_min_check(const char *text, struct err *e);

/* Activated agents are offered. Adding one asks for a run of it. */
void alloc_agent_add(struct alloc *a, const char *id, const struct res *total,
	unsigned capabilities);
void alloc_agent_total(
	struct alloc *a, const char *id, const struct res *total);
/* Its attributes, capabilities or others of its facts are not what they were:
 * filters are cleared, as they were set for another agent; asks for a run. */
void alloc_agent_changed(
	struct alloc *a, const char *id, unsigned capabilities);
void alloc_agent_activate(struct alloc *a, const char *id, bool active);
/* Everything held there is forgotten, filters too. */
void alloc_agent_remove(struct alloc *a, const char *id);

void alloc_framework_add(struct alloc *a, const char *id,
	const struct alloc_framework *f, bool active);
/* New roles, suppression, capabilities. What is held in a role that was left
 * stays accounted there. */
void alloc_framework_update(
	struct alloc *a, const char *id, const struct alloc_framework *f);
/* Inactive: nothing is offered, filters are cleared, suppression stays. */
void alloc_framework_activate(struct alloc *a, const char *id, bool active);
/* What it still holds is returned. */
void alloc_framework_remove(struct alloc *a, const char *id);

/* roles NULL, n 0: all of the framework's. */
void alloc_suppress(
	struct alloc *a, const char *id, const char *const *roles, size_t n);
void alloc_revive(
	struct alloc *a, const char *id, const char *const *roles, size_t n);

/* Held although never offered by us: tasks an agent brings at registration. */
void alloc_hold(struct alloc *a, const char *framework, const char *role,
	const char *agent, const struct res *r);
/* Offered resources that tasks took (for metrics of quota consumption). */
void alloc_use(struct alloc *a, const char *framework, const char *role,
	const char *agent, const struct res *r);
/*
 * Held resources come back; used: they were a task's. refuse_ms > 0 keeps any
 * part of them from this framework and role for that long, at least one
 * allocation interval; 0 sets no filter. Unknown ids are ignored.
 */
void alloc_release(struct alloc *a, const char *framework, const char *role,
	const char *agent, const struct res *r, bool used, uint64_t refuse_ms,
	uint64_t now_ms);

void alloc_weight_set(struct alloc *a, const char *role, int64_t weight_milli);

/* Resources are the callee's to res_move() out of; role and ids borrowed. Called
 * framework by framework. */
typedef void alloc_offer_f(void *ctx, const char *framework, const char *role,
	const char *agent, struct res *r);
/* One run over what is due: all agents when the period is over, else those that
 * events asked for. No-op when nothing is due. */
void alloc_run(
	struct alloc *a, uint64_t now_ms, alloc_offer_f *offer, void *ctx);
/* When alloc_run() has something to do: now or the past if an event asked for a
 * run, else the end of the period. */
uint64_t alloc_due(const struct alloc *a);

/* --- for reports and explanations --------------------------------------- */

struct alloc_role_report {
	const char *role;
	int64_t weight_milli;
	int64_t share_ppm;	/* dominant share, parts per million */
	const struct res *held; /* offered and used, allocation roles set */
	size_t n_frameworks;
	size_t n_filters;
};
typedef void alloc_role_f(void *ctx, const struct alloc_role_report *r);
void alloc_roles(const struct alloc *a, alloc_role_f *fn, void *ctx);
bool alloc_is_suppressed(
	const struct alloc *a, const char *framework, const char *role);

struct alloc_stats {
	uint64_t runs;
	uint64_t offers;
	size_t filters;
	int64_t total_milli[4], held_milli[4]; /* cpus, gpus, mem, disk */
};
void alloc_stats_get(const struct alloc *a, struct alloc_stats *ret);

/* CHECKs that held + free = total everywhere. For tests. */
void alloc_check(const struct alloc *a);

#endif
