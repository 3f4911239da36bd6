/*
 * offer.h - offers: resources shown to a framework, not yet taken.
 *
 * An offer is a part of one agent's free resources, promised to one framework
 * in one role until it is accepted, declined, rescinded or too old. Meanwhile
 * nobody else can have them: the allocator counts them as held. An offer exists
 * only while its framework is connected and its agent may be offered.
 */
#ifndef MASTER_OFFER_H
#define MASTER_OFFER_H

#include <stdint.h>

struct Mesos__V1__Filters;
struct agent;
struct framework;
struct master;
struct offer;

/* One allocation run, if one is due: makes offers and sends them. */
void offer_allocate(struct master *m);

/* The resources go back and the offer is gone; the framework isn't told.
 * refuse_ms as in alloc_release(). */
void offer_return(struct master *m, struct offer *o, uint64_t refuse_ms);
/* Likewise, and the framework is told. */
void offer_rescind(struct master *m, struct offer *o, const char *why);
void offer_rescind_agent(struct master *m, struct agent *a, const char *why);
void offer_return_all(struct master *m, struct framework *fw);

/* How long a framework doesn't want what it gives back; filters may be NULL. */
uint64_t offer_refuse_ms(const struct Mesos__V1__Filters *filters);

#endif
