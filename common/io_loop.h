/*
 * io_loop.h - the event loop and the turn.
 *
 * Edges make events of what libevent tells them and step the room with
 * loop_outbox(); then they call loop_turn(). When all that was ready in that
 * pass has been stepped, loop_flush() ends the turn: the outbox's records are
 * committed, and when they are durable its effects are handed to the program's
 * carry-out functions, in order; then its arena is reset. While a commit is
 * under way events go on being stepped into the next outbox. Effects of an
 * outbox never overtake those of the one before, with or without records.
 *
 * So two outboxes are enough: while one is being committed, everything goes
 * into the other, and one fsync serves it all. When the disk is so slow that
 * more than LOOP_PENDING_MAX gathers, the loop stands still until the commit is
 * over, and the kernel's socket buffers push back on whoever sends.
 *
 * A failed commit ends the loop with status 1: nothing of that outbox or of the
 * one after it leaves.
 *
 * A daemon without a store (the CLI, tests) sets none: effects are carried out
 * at the end of each pass, records are dropped.
 *
 * One thread: that of loop_run(). Its base has no locks; other threads wake it
 * through a pipe or eventfd of their own. Signals: SIGTERM, SIGINT, SIGUSR1 and
 * SIGHUP call ops->stop, which decides what they mean; SIGPIPE is ignored from
 * loop_new() on (children inherit that: reset it before exec).
 */
#ifndef COMMON_IO_LOOP_H
#define COMMON_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct effect;
struct err;
struct event_base;
struct loop;
struct outbox;
struct store;

struct loop_ops {
	/* Carries out one effect. EXIT is done by the loop itself. */
	void (*effect)(void *ctx, const struct effect *e);
	/* Time passed: step the room with a tick. Returns nothing. */
	void (*tick)(void *ctx);
	/* When the room wants its next tick, in loop_now_ms(); UINT64_MAX:
	 * never. Asked after each turn. */
	uint64_t (*next_due)(void *ctx);
	/* SIGTERM, SIGINT, SIGUSR1 or SIGHUP came. NULL: loop_stop(0). */
	void (*stop)(void *ctx, int signal);
	/* Optional. After loop_stop() the loop goes on for up to
	 * LOOP_LINGER_MS while this says that bytes still wait to leave. */
	bool (*unsent)(void *ctx);
};

struct loop *loop_new(const struct loop_ops *ops, void *ctx);
void loop_free(struct loop *l);
/* Starts the store's writer. Owns nothing: main closes the store after the loop
 * has ended and before loop_free(). */
void loop_store_set(struct loop *l, struct store *s);
struct event_base *loop_base(struct loop *l);

/* The outbox of the turn that is being stepped. Its arena is the turn's. */
struct outbox *loop_outbox(struct loop *l);
/* Says that something was stepped; the turn ends after this pass. */
void loop_turn(struct loop *l);

/* Runs until loop_stop() or an EXIT effect; returns the exit status. Stops
 * only after the effects of all turns that were finished by then have been
 * carried out; of later ones for LOOP_LINGER_MS at most. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l, int status);

uint64_t loop_now_ms(void); /* monotonic */
int64_t loop_wall_ns(void); /* since the epoch */

#endif
