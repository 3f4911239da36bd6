/*
 * io_resolve.h - names to addresses, without blocking the loop: the system's
 * resolver can take many seconds, so it runs in a thread of its own.
 * Addresses and unix paths need none.
 */
#ifndef COMMON_IO_RESOLVE_H
#define COMMON_IO_RESOLVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct err;
struct event_base;
struct resolve;

#define RESOLVE_MAX 8 /* more addresses of one name are not tried */

struct resolve_addr {
	struct sockaddr_storage sa;
	socklen_t size;
};

/* n 0: e says why. Called once, from the loop; the resolve is freed after. */
typedef void resolve_done_f(void *ctx, const struct resolve_addr *addrs,
	size_t n, const struct err *e);

struct resolve_name {
	const char *host; /* a name or an address */
	uint16_t port;
	const char *unix_path; /* instead of host */
};

struct resolve *resolve_new(struct event_base *base,
	const struct resolve_name *name, resolve_done_f *done, void *ctx);
/* It is not wanted any more: done is not called. NULL is fine. */
void resolve_free(struct resolve *r);

#endif
