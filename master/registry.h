/*
 * registry.h - what the master must still know after kill -9.
 *
 * Records are put into the outbox of the step before the effects that they
 * justify; the loop commits them first. Rows: proto/butte/registry.proto.
 */
#ifndef MASTER_REGISTRY_H
#define MASTER_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

struct agent;
struct err;
struct framework;
struct master;

int registry_load(struct master *m, unsigned table, const char *key,
	const uint8_t *value, size_t size, struct err *e);
/* After the last row: puts lists in order of time, notes this run. */
void registry_begin(struct master *m);

void registry_framework_put(struct master *m, const struct framework *fw);
void registry_framework_del(struct master *m, const struct framework *fw);

/* Admits it, or what changed of it; no longer unreachable. */
void registry_agent_put(struct master *m, const struct agent *a);
void registry_agent_del(struct master *m, const struct agent *a);
void registry_agent_unreachable(struct master *m, const struct agent *a);

#endif
