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
	struct loop *loop;
	struct master *master;
	struct links *links;
	const struct store *store; /* for its figures */
	const struct master_config *config;
};

struct api *api_new(const struct api_config *c);
void api_free(struct api *a);
/* To listen with. */
struct http_server *api_server(struct api *a);
void api_effect(struct api *a, const struct effect *e);

#endif
