/*
 * task_state.h - the v1 task states: one table.
 *
 * States are the numbers of Mesos__V1__TaskState, in an int, because they come
 * from the wire: unknown numbers are answered with false or "TASK_?".
 *
 * A task begins in TASK_STAGING and ends in a terminal state, which it never
 * leaves. What an executor does between them is its own business (RUNNING may
 * come twice, with other health). UNREACHABLE is the master's: the agent can't
 * be seen, and any state may follow when it is back. UNKNOWN is only an answer
 * to a question; no task is ever in it.
 */
#ifndef COMMON_TASK_STATE_H
#define COMMON_TASK_STATE_H

#include <stdbool.h>

enum task_sender {
	TASK_BY_MASTER = 1,
	TASK_BY_AGENT = 2,
	TASK_BY_EXECUTOR = 4,
};

/* clang-format off */
/* X(name, terminal, who may send it, may step to, without PARTITION_AWARE) */
#define TASK_STATES(X)                                                        \
	X(STAGING,          false, TASK_BY_MASTER, LIVING | UNSEEN | ENDS, STAGING)  \
	X(STARTING,         false, TASK_BY_EXECUTOR, LIVING | UNSEEN | ENDS, STARTING) \
	X(RUNNING,          false, TASK_BY_EXECUTOR, LIVING | UNSEEN | ENDS, RUNNING) \
	X(KILLING,          false, TASK_BY_EXECUTOR, LIVING | UNSEEN | ENDS, KILLING) \
	X(UNREACHABLE,      false, TASK_BY_MASTER,                            \
		TO(STAGING) | LIVING | UNSEEN | ENDS, LOST)                   \
	X(UNKNOWN,          false, TASK_BY_MASTER, 0, LOST)                   \
	X(FINISHED,         true,  TASK_BY_EXECUTOR, 0, FINISHED)             \
	X(FAILED,           true,  TASK_BY_EXECUTOR | TASK_BY_AGENT, 0, FAILED) \
	X(KILLED,           true,                                             \
		TASK_BY_EXECUTOR | TASK_BY_AGENT | TASK_BY_MASTER, 0, KILLED) \
	X(ERROR,            true,  TASK_BY_AGENT | TASK_BY_MASTER, 0, ERROR)  \
	X(LOST,             true,  TASK_BY_AGENT | TASK_BY_MASTER, 0, LOST)   \
	X(DROPPED,          true,  TASK_BY_AGENT | TASK_BY_MASTER, 0, LOST)   \
	X(GONE,             true,  TASK_BY_AGENT | TASK_BY_MASTER, 0, LOST)   \
	X(GONE_BY_OPERATOR, true,  TASK_BY_AGENT | TASK_BY_MASTER, 0, LOST)
/* clang-format on */

bool task_state_is_known(int state);
/* "TASK_RUNNING"; "TASK_?" if unknown. */
const char *task_state_name(int state);
bool task_state_is_terminal(int state);
bool task_state_may_send(int state, enum task_sender who);
/* Whether a task in `from` may be in `to` next. */
bool task_state_may_step(int from, int to);
/* What a framework without PARTITION_AWARE is told: TASK_LOST for the states
 * that came with that capability, others as they are. */
int task_state_unaware(int state);

#endif
