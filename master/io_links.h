/*
 * io_links.h - the agents' links: connections in, events to the room, frames
 * out.
 *
 * An agent asks for an upgrade at LINK_TARGET; from then on its connection is a
 * link with a number that is never reused. Frames become MASTER_LINK_MSG
 * events, decoded into the turn's arena; LINK_SEND and LINK_CLOSE effects go
 * out. A frame that doesn't decode closes its link: the agent comes back.
 */
#ifndef MASTER_IO_LINKS_H
#define MASTER_IO_LINKS_H

#include <stdint.h>

struct conn;
struct effect;
struct links;
struct loop;
struct master;

struct links *links_new(struct loop *loop, struct master *m);
void links_free(struct links *ls);
/* Takes over a connection that was upgraded. */
void links_add(struct links *ls, struct conn *c, const char *peer_ip);
void links_effect(struct links *ls, const struct effect *e);

#endif
