/*
 * io_uplink.h - the agent's one link to its master: found, dialled, and dialled
 * again after any break.
 *
 * One or several masters are tried in turn until one takes the link (one that is
 * not the leader doesn't). Each link has a number of its own, never used again; what is sent
 * to one that is gone is dropped.
 *
 * After a break the first attempt comes after a random part of
 * UPLINK_REDIAL_MIN_MS, so that all agents of a master that restarted don't
 * come at once; after a round in which nobody answered the wait doubles, up to
 * UPLINK_REDIAL_MAX_MS, again with its upper half random.
 */
#ifndef AGENT_IO_UPLINK_H
#define AGENT_IO_UPLINK_H

#include <stddef.h>
#include <stdint.h>

struct agent_master;
struct event_base;
struct ssl_ctx_st;
struct uplink;

struct uplink_ops {
	void (*up)(void *ctx, uint64_t link);
	/* One frame; borrowed for the call. */
	void (*message)(
		void *ctx, uint64_t link, const uint8_t *data, size_t size);
	/* Not called for a link that uplink_redial() dropped. */
	void (*down)(void *ctx, uint64_t link);
};

struct uplink_config {
	const struct agent_master *masters; /* copied */
	size_t n_masters;		    /* at least one */
	struct ssl_ctx_st *tls;		    /* NULL: plain */
	uint64_t seed;
};

/* Dials nobody yet. */
struct uplink *uplink_new(struct event_base *base,
	const struct uplink_config *cfg, const struct uplink_ops *ops,
	void *ctx);
void uplink_free(struct uplink *u);
void uplink_start(struct uplink *u);
/* Drops the link, if there is one, and dials after that time. */
void uplink_redial(struct uplink *u, uint64_t after_ms);
/* Drops it and never dials again. */
void uplink_stop(struct uplink *u);
void uplink_send(
	struct uplink *u, uint64_t link, const void *data, size_t size);
void uplink_close(struct uplink *u, uint64_t link);
/* Bytes that wait to leave. */
size_t uplink_queued(const struct uplink *u);

#endif
