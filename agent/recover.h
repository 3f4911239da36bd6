/*
 * recover.h - the agent's records read back, and what follows from them.
 *
 * After a restart of the agent alone, its containers run on: they are adopted,
 * and their executors have a while to subscribe again. Only then the agent
 * registers. After a reboot nothing runs any more and that is reported. If the
 * machine's resources or attributes no longer hold what runs, the agent stays
 * as the master knew it and withholds its offers until they do.
 */
#ifndef AGENT_RECOVER_H
#define AGENT_RECOVER_H

#include <stddef.h>
#include <stdint.h>

struct agent;
struct err;
struct executor;
struct outbox;

int recover_row(struct agent *a, unsigned table, const char *key,
	const uint8_t *value, size_t size, struct err *e);
int recover_begin(struct agent *a, struct outbox *out, struct err *e);
/* It is back, or will not be: recovery need not wait for it. */
void recover_back(struct agent *a, struct executor *e);
/* After each step: ends recovery when nobody is waited for; takes the new
 * resources when what ran has ended. */
void recover_check(struct agent *a, struct outbox *out);
/* The master gave this id. */
void recover_id_set(struct agent *a, const char *id);

#endif
