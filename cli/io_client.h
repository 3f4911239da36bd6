/*
 * io_client.h - the CLI's connection to a cluster: settings from all their
 * sources, TLS, calls to the leading master, requests to agents.
 *
 * Calls wait for their answer by running the client's event base, so they must
 * not be made from inside one of its callbacks; there, use client_http().
 *
 * Errors say which addresses were tried, why each failed, and what to do.
 */
#ifndef CLI_IO_CLIENT_H
#define CLI_IO_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/settings.h"
#include "mesos/v1/agent/agent.pb-c.h"
#include "mesos/v1/master/master.pb-c.h"
#include "sched/address.h"

struct arena;
struct args;
struct buf;
struct err;
struct event_base;
struct http_client;

struct client;

/* Reads the environment and the config files. */
int client_settings(struct settings *s, const struct args *a, struct err *e);

int client_new(struct client **ret, const struct args *a, struct err *e);
void client_free(struct client *c);
void client_freep(struct client **c);

struct event_base *client_base(const struct client *c);
const struct settings *client_settings_of(const struct client *c);
/* The client for an address; lives as long as c. Requests are sent in order.
 * The header's value in *ret_authorization, or NULL. */
struct http_client *client_http(struct client *c, const struct address *to,
	const char **ret_authorization);
/* A fresh client on a connection of its own; the caller frees it. */
struct http_client *client_http_new(struct client *c, const struct address *to);

/* The response lives in the arena. For calls without a response (TEARDOWN)
 * it is empty. NULL: e. */
Mesos__V1__Master__Response *client_master(struct client *c, struct arena *a,
	const Mesos__V1__Master__Call *call, struct err *e);
/* By type alone. */
Mesos__V1__Master__Response *client_ask(struct client *c, struct arena *a,
	Mesos__V1__Master__Call__Type type, struct err *e);
/* Who leads, as the last answer told; asks if there was none. */
int client_leader(struct client *c, struct address *ret, struct err *e);
/* Asks in any case. */
int client_leader_now(struct client *c, struct address *ret, struct err *e);

/* Where an agent answers HTTP: its hostname, else the address it came from. */
struct client_agent {
	struct address by_name;
	struct address by_address;
	bool has_address;
};
int client_agent_of(struct client_agent *ret,
	const Mesos__V1__Master__Response__GetAgents__Agent *agent,
	struct err *e);
/* An operator call. The response lives in the arena. */
Mesos__V1__Agent__Response *client_agent_call(struct client *c,
	struct client_agent *agent, struct arena *a,
	const Mesos__V1__Agent__Call *call, struct err *e);

#endif
