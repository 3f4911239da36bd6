/*
 * address.h - where a master or an agent listens: "host", "host:port",
 * "[::1]:5050", "https://host:port/", and what a redirect points to. Pure.
 */
#ifndef SCHED_ADDRESS_H
#define SCHED_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define ADDRESS_HOST_MAX 255 /* longest name in the DNS */
#define ADDRESS_LIST_MAX 16  /* more masters than anybody has */

enum address_scheme { ADDRESS_ANY, ADDRESS_HTTP, ADDRESS_HTTPS };

struct address {
	enum address_scheme scheme; /* ANY: it was not said */
	char host[ADDRESS_HOST_MAX + 1];
	uint16_t port;
};

/* Text of `size` bytes; what follows the authority ('/') is ignored. */
int address_parse(struct address *ret, const char *text, size_t size,
	uint16_t default_port, struct err *e);
/* Several with commas, 1 to ADDRESS_LIST_MAX of them. */
int address_list(struct address *ret, size_t *ret_n, const char *text,
	uint16_t default_port, struct err *e);
/* Of a Location header: "//host:port/path" or with a scheme. */
int address_redirect(struct address *ret, const char *location, struct err *e);
/* "slave(1)@127.0.0.1:5051", the form of MESOS_SLAVE_PID. */
int address_pid(struct address *ret, const char *pid, struct err *e);

#define ADDRESS_TEXT_MAX (ADDRESS_HOST_MAX + 16)
/* "host:port", with brackets around an IPv6 address. */
void address_text(char text[ADDRESS_TEXT_MAX], const struct address *a);

#endif
