/*
 * io_api.h - the master's HTTP front: the scheduler API, the operator API, the
 * v0 endpoints and the door for agents' links.
 *
 * Decodes what needs no state (io_front.h), steps the room, and carries its
 * answers back.
 */
#ifndef MASTER_IO_API_H
#define MASTER_IO_API_H

struct api;
struct effect;
struct http_server;
struct links;
struct loop;
struct master;
struct master_config;
struct store;

struct api_config {
	struct master *master;
	struct links *links;
	struct store *store; /* for its figures; or NULL */
	const struct master_config *config;
};

/* In two steps: a port is needed to know who we are, a master to answer. Nothing
 * may be answered (the loop may not run) between them. */
struct api *api_new(struct loop *loop);
void api_serve(struct api *a, const struct api_config *c);
void api_free(struct api *a);
/* To listen with. */
struct http_server *api_server(struct api *a);
void api_effect(struct api *a, const struct effect *e);

#endif
