/*
 * ledger.h - tasks and executors hold resources; what becomes of tasks.
 *
 * A task enters by a LAUNCH (or is brought back by its agent) and holds its
 * resources until its agent's latest state is terminal, which may be before
 * that status has reached the framework. It stays in the table until the
 * terminal status is acknowledged. A terminal task never changes state again.
 *
 * Status updates pass through: the agent keeps and repeats them until they are
 * acknowledged, the master only remembers what it forwarded last.
 */
#ifndef MASTER_LEDGER_H
#define MASTER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

struct Butte__Link__ExitedExecutor;
struct Butte__Link__FrameworkMessage;
struct Butte__Link__StatusUpdate;
struct Mesos__V1__ExecutorInfo;
struct Mesos__V1__Scheduler__Call;
struct Mesos__V1__Task;
struct Mesos__V1__TaskInfo;
struct Mesos__V1__TaskStatus;
struct agent;
struct err;
struct executor;
struct framework;
struct master;
struct res;
struct task;

/* --- launching -------------------------------------------------------------- */

/* Whose, where, and allocated to which role. */
struct ledger_place {
	struct framework *fw;
	struct agent *agent;
	const char *role;
};

/* Both take the contents of res, which were offered there, with the allocation
 * role set. */
struct task *ledger_launch(struct master *m, const struct ledger_place *p,
	const struct Mesos__V1__TaskInfo *info, struct res *res);
struct executor *ledger_executor_launch(struct master *m,
	const struct ledger_place *p,
	const struct Mesos__V1__ExecutorInfo *info, struct res *res);

/* A task that does not start: told to the framework, kept nowhere. */
struct ledger_refusal {
	const char *task_id;
	const char *agent_id;	 /* or NULL */
	const char *executor_id; /* or NULL */
	int state, reason;
	const char *message;
};
void ledger_refuse(
	struct master *m, struct framework *fw, const struct ledger_refusal *r);

/* --- what agents say ---------------------------------------------------------- */

void ledger_update(struct master *m, struct agent *a,
	const struct Butte__Link__StatusUpdate *up);
void ledger_exited(struct master *m, struct agent *a,
	const struct Butte__Link__ExitedExecutor *ex);
void ledger_from_executor(struct master *m, struct agent *a,
	const struct Butte__Link__FrameworkMessage *msg);
/* A task or executor that an agent brings along, which is not in its table; 0,
 * or -1 with why it can't be taken. */
int ledger_restore(struct master *m, struct framework *fw, struct agent *a,
	const struct Mesos__V1__Task *msg, struct err *e);
int ledger_executor_restore(struct master *m, struct framework *fw,
	struct agent *a, const struct Mesos__V1__ExecutorInfo *info,
	struct err *e);

/* --- what frameworks say -------------------------------------------------------- */

void ledger_acknowledge(struct master *m, struct framework *fw,
	const struct Mesos__V1__Scheduler__Call *call);
void ledger_kill(struct master *m, struct framework *fw,
	const struct Mesos__V1__Scheduler__Call *call);
void ledger_shutdown(struct master *m, struct framework *fw,
	const struct Mesos__V1__Scheduler__Call *call);
void ledger_to_executor(struct master *m, struct framework *fw,
	const struct Mesos__V1__Scheduler__Call *call);

/* --- what the master decides ------------------------------------------------------ */

/* Ends a task that still lives, and takes it off the active ones in any case:
 * to the unreachable ones if unreachable_ns is set, else to the completed. */
struct ledger_end {
	int state, reason;
	const char *message;
	int64_t unreachable_ns; /* 0: is not */
	bool tell;		/* the framework */
};
void ledger_end(struct master *m, struct task *t, const struct ledger_end *end);
/* One that is on the unreachable list: to the completed ones; nobody is told. */
void ledger_end_unreachable(
	struct master *m, struct task *t, const struct ledger_end *end);
void ledger_executor_end(struct master *m, struct executor *x);
/* The agent has forgotten it, so its last status was acknowledged. */
void ledger_forget(struct master *m, struct task *t);

/* A status of the master's own making: no uuid, no acknowledgement. */
void ledger_status(const struct master *m, const char *task_id, int state,
	int reason, struct Mesos__V1__TaskStatus *ret);

#endif
