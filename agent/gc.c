/* gc.c - see gc.h. */
#include "agent/gc.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/checkpoint.h"
#include "agent/hold.h"
#include "common/arena.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/outbox.h"

/* By then a directory is removed, or the agent has died. */
#define REMOVED_AFTER_MS (10 * 60 * 1000)

static struct sandbox *push(
	struct agent *a, uint64_t number, const char *directory);
static void ask(struct agent *a, struct outbox *out);

void gc_add(struct agent *a, const char *directory, struct outbox *out)
{
	struct sandbox *s = push(a, a->next_sandbox++, directory);

	s->due_ms = a->now_ms + a->cfg->gc_delay_ms;
	checkpoint_sandbox(s, a->wall_ns, out);
	if (a->n_sandboxes > AGENT_SANDBOXES_MAX)
		ask(a, out);
}

void gc_load(struct agent *a, uint64_t number, const char *directory,
	int64_t ended_ns)
{
	struct sandbox *s = push(a, number, directory);

	s->due_ms = ended_ns > 0 ? (uint64_t)ended_ns / 1000000 : 0;
	if (number >= a->next_sandbox)
		a->next_sandbox = number + 1;
}

/* The monotonic clock may have begun anew; the wall clock may have jumped. */
void gc_settle(struct agent *a)
{
	uint64_t wall_ms = (uint64_t)a->wall_ns / 1000000;
	struct sandbox *s;

	STAILQ_FOREACH(s, &a->sandboxes, next)
	{
		uint64_t age = wall_ms > s->due_ms ? wall_ms - s->due_ms : 0;
		uint64_t delay = a->cfg->gc_delay_ms;

		s->due_ms = a->now_ms + (delay > age ? delay - age : 0);
	}
}

static struct sandbox *push(
	struct agent *a, uint64_t number, const char *directory)
{
	size_t size = strlen(directory) + 1;
	struct sandbox *s = xmalloc(sizeof(*s) + size);

	s->number = number;
	s->due_ms = 0;
	memcpy(s->directory, directory, size);
	STAILQ_INSERT_TAIL(&a->sandboxes, s, next);
	a->n_sandboxes++;
	return s;
}

/* The oldest one goes. */
static void ask(struct agent *a, struct outbox *out)
{
	struct sandbox *s = STAILQ_FIRST(&a->sandboxes);

	STAILQ_REMOVE_HEAD(&a->sandboxes, next);
	a->n_sandboxes--;
	log_info("sandbox_remove", "directory='%s'", s->directory);
	outbox_room(out, AGENT_GC, 0, arena_strdup(&out->arena, s->directory));
	s->due_ms = a->now_ms + REMOVED_AFTER_MS;
	STAILQ_INSERT_TAIL(&a->removed, s, next);
	a->metrics.sandboxes_removed++;
}

void gc_tick(struct agent *a, struct outbox *out)
{
	struct sandbox *s;

	while ((s = STAILQ_FIRST(&a->sandboxes)) != NULL &&
		s->due_ms <= a->now_ms)
		ask(a, out);
	while ((s = STAILQ_FIRST(&a->removed)) != NULL &&
		s->due_ms <= a->now_ms) {
		STAILQ_REMOVE_HEAD(&a->removed, next);
		checkpoint_sandbox_del(s->number, out);
		free(s);
	}
}

uint64_t gc_next_due(const struct agent *a)
{
	const struct sandbox *s = STAILQ_FIRST(&a->sandboxes);
	const struct sandbox *r = STAILQ_FIRST(&a->removed);
	uint64_t due = s != NULL ? s->due_ms : HOLD_NEVER;

	return r != NULL && r->due_ms < due ? r->due_ms : due;
}
