/* task_state.c - see task_state.h. */
#include "common/task_state.h"

#include <stddef.h>
#include <stdint.h>

#include "common/check.h"
#include "mesos/v1/mesos.pb-c.h"

#define STATE(name) MESOS__V1__TASK_STATE__TASK_##name
#define TO(name)    (UINT32_C(1) << STATE(name))
#define LIVING	    (TO(STARTING) | TO(RUNNING) | TO(KILLING))
#define UNSEEN	    TO(UNREACHABLE)
#define ENDS                                                             \
	(TO(FINISHED) | TO(FAILED) | TO(KILLED) | TO(ERROR) | TO(LOST) | \
		TO(DROPPED) | TO(GONE) | TO(GONE_BY_OPERATOR))

struct row {
	const char *name;
	bool terminal;
	unsigned senders;
	uint32_t steps;
	int unaware;
};

static const struct row rows[] = {
#define X(name, terminal, senders, steps, unaware)                 \
	[STATE(name)] = { "TASK_" #name, terminal, senders, steps, \
		STATE(unaware) },
	TASK_STATES(X)
#undef X
};

#define X(name, terminal, senders, steps, unaware) +1
_Static_assert(ARRAY_LEN(rows) == 0 TASK_STATES(X), "a state is missing");
#undef X

bool task_state_is_known(int state)
{
	return state >= 0 && (size_t)state < ARRAY_LEN(rows);
}

const char *task_state_name(int state)
{
	return task_state_is_known(state) ? rows[state].name : "TASK_?";
}

bool task_state_is_terminal(int state)
{
	return task_state_is_known(state) && rows[state].terminal;
}

bool task_state_may_send(int state, enum task_sender who)
{
	return task_state_is_known(state) &&
		(rows[state].senders & (unsigned)who) != 0;
}

bool task_state_may_step(int from, int to)
{
	return task_state_is_known(from) && task_state_is_known(to) &&
		(rows[from].steps & (UINT32_C(1) << to)) != 0;
}

int task_state_unaware(int state)
{
	return task_state_is_known(state) ? rows[state].unaware : state;
}
