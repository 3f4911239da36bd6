/*
 * io_cluster.h - one look at a cluster: a connection, the master's GET_STATE,
 * and the way from a task to its agent and container.
 */
#ifndef CLI_IO_CLUSTER_H
#define CLI_IO_CLUSTER_H

#include "cli/census.h"
#include "cli/io_client.h"
#include "common/arena.h"

struct cluster {
	struct client *client;
	struct arena arena; /* of the last look */
	const Mesos__V1__Master__Response__GetState *state;
	struct census census;
};

int cluster_init(struct cluster *c, const struct args *a, struct err *e);
/* Also of one that is zero. */
void cluster_fini(struct cluster *c);
/* Asks anew; what the last look gave is gone. */
int cluster_look(struct cluster *c, struct err *e);
/* Where the task's agent answers. */
int cluster_agent(const struct cluster *c, const Mesos__V1__Task *t,
	struct client_agent *ret, struct err *e);
/* In the arena; NULL and e. */
char *cluster_container(struct cluster *c, const Mesos__V1__Task *t,
	struct client_agent *agent, struct err *e);
/* Its sandbox's path for the agent's files, in the arena; file may be NULL. */
char *cluster_path(
	struct cluster *c, const Mesos__V1__Task *t, const char *file);

#endif
