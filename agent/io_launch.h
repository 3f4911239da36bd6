/*
 * io_launch.h - containers as processes: started, watched, ended.
 *
 * Carries out the agent's effects LAUNCH, ADOPT, DESTROY and RESIZE and tells
 * what became of them. Nothing here waits: starting (io_spawn.h) and ending
 * are done by a thread each. A container that started ends in one of two ways,
 * exactly one of which is told: ops->exited, when its first process is dead
 * and its cgroups are empty and gone, or ops->failed, when it never ran. When
 * its first process dies or the kernel kills in it for memory, the rest of it
 * is ended too.
 *
 * Containers outlive the agent: launch_free() leaves them alone.
 */
#ifndef AGENT_IO_LAUNCH_H
#define AGENT_IO_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

struct agent_adopt;
struct agent_exit;
struct agent_launch;
struct agent_resize;
struct cgroup_host;
struct event_base;
struct launch;

struct launch_ops {
	void (*started)(void *ctx, const char *container_id, int pid,
		uint64_t start_ticks);
	void (*failed)(void *ctx, const char *container_id, const char *text);
	void (*exited)(void *ctx, const char *container_id,
		const struct agent_exit *how);
};

/* root is the work directory; both are borrowed. */
struct launch *launch_new(struct event_base *base, int root,
	struct cgroup_host *cgroup, const struct launch_ops *ops, void *ctx);
void launch_free(struct launch *l);

void launch_start(struct launch *l, const struct agent_launch *start);
void launch_adopt(struct launch *l, const struct agent_adopt *adopt);
void launch_destroy(struct launch *l, const char *container_id);
void launch_resize(struct launch *l, const struct agent_resize *resize);

/* Ends every container that has cgroups but that nobody knows: it was being
 * started when an agent died, or its record was removed. Nothing is told. */
void launch_sweep(struct launch *l,
	bool (*known)(void *ctx, const char *container_id), void *ctx);

#endif
