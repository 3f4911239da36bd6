/*
 * io_agent_api.h - the agent's HTTP front: the executor API (on the TCP port
 * and on a unix socket), the operator API, the v0 endpoints and the files.
 *
 * Decodes what needs no state (common/io_front.h), steps the room, and carries
 * its answers back. Every path also answers below "/slave(1)", which is how
 * executors of Mesos address their agent.
 *
 * The unix socket is open to every local user, as tasks run as any of them; so
 * is the TCP port. On the socket the kernel says which process calls, and the
 * room only listens to processes in the container of the executor that they
 * claim to be. Over TCP, or without cgroups, nothing proves who calls.
 */
#ifndef AGENT_IO_AGENT_API_H
#define AGENT_IO_AGENT_API_H

struct agent;
struct agent_api;
struct agent_config;
struct cgroup_host;
struct effect;
struct http_server;
struct loop;

struct agent_api_config {
	struct agent *agent;
	const struct agent_config *config;
	const struct cgroup_host *cgroup; /* borrowed */
	int root;			  /* the work directory; borrowed */
	const char *log_file;		  /* NULL: stderr */
};

/* The port is bound before there is an agent, as its AgentInfo names it; then,
 * before the loop runs, the agent is given. */
struct agent_api *agent_api_new(struct loop *loop);
void agent_api_serve(struct agent_api *a, const struct agent_api_config *c);
void agent_api_free(struct agent_api *a);
/* To listen with. */
struct http_server *agent_api_server(struct agent_api *a);
void agent_api_effect(struct agent_api *a, const struct effect *e);

#endif
