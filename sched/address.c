/* address.c - see address.h. */
#include "sched/address.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/check.h"
#include "common/err.h"

#define NOT_AN_ADDRESS "'%.*s' is not an address such as host:5050"

static bool strip(const char **text, size_t *size, const char *prefix)
{
	size_t n = strlen(prefix);

	if (*size < n || strncmp(*text, prefix, n) != 0)
		return false;
	*text += n;
	*size -= n;
	return true;
}

static int parse_port(
	uint16_t *ret, const char *text, size_t size, struct err *e)
{
	unsigned port = 0;

	if (size == 0 || size > 5 ||
		strspn(text, "0123456789") < size) /* text goes on behind */
		return err_set(e, ERR_INVALID, "'%.*s' is not a port",
			(int)size, text);
	for (size_t i = 0; i < size; i++)
		port = port * 10 + (unsigned)(text[i] - '0');
	if (port == 0 || port > UINT16_MAX)
		return err_set(
			e, ERR_INVALID, "port %u is not from 1 to 65535", port);
	*ret = (uint16_t)port;
	return 0;
}

static bool is_host(const char *host, size_t size, bool bracketed)
{
	/* In brackets stands an IPv6 address and nothing else. */
	if (size == 0 || size > ADDRESS_HOST_MAX ||
		(bracketed && memchr(host, ':', size) == NULL))
		return false;
	for (size_t i = 0; i < size; i++) {
		char c = host[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '.' || c == '-' ||
			c == '_')
			continue;
		if (!bracketed || (c != ':' && c != '%'))
			return false;
	}
	return true;
}

/* Cuts host and port apart: the port's text, or NULL. */
static bool split(const char *text, size_t size, const char **host,
	size_t *host_size, const char **port)
{
	const char *colon;

	*host = text;
	*host_size = size;
	*port = NULL;
	if (size > 0 && text[0] == '[') {
		const char *end = memchr(text, ']', size);

		if (end == NULL)
			return false;
		*host = text + 1;
		*host_size = (size_t)(end - text) - 1;
		if (end + 1 == text + size)
			return true;
		*port = end + 2;
		return end[1] == ':';
	}
	colon = memchr(text, ':', size);
	if (colon == NULL)
		return true;
	*host_size = (size_t)(colon - text);
	*port = colon + 1;
	return true;
}

int address_parse(struct address *ret, const char *text, size_t size,
	uint16_t default_port, struct err *e)
{
	struct address a = { .port = default_port };
	const char *all = text, *host, *port, *slash;
	size_t all_size = size, host_size;

	if (strip(&text, &size, "https://"))
		a.scheme = ADDRESS_HTTPS;
	else if (strip(&text, &size, "http://"))
		a.scheme = ADDRESS_HTTP;
	else if (strip(&text, &size, "zk://"))
		return err_set(e, ERR_UNSUPPORTED,
			"'%.*s': masters are not looked up in ZooKeeper; give "
			"them as host:port,host:port",
			(int)all_size, all);
	slash = memchr(text, '/', size);
	if (slash != NULL)
		size = (size_t)(slash - text);
	if (!split(text, size, &host, &host_size, &port) ||
		!is_host(host, host_size, host != text))
		return err_set(
			e, ERR_INVALID, NOT_AN_ADDRESS, (int)all_size, all);
	memcpy(a.host, host, host_size);
	if (port != NULL &&
		parse_port(&a.port, port, (size_t)(text + size - port), e) != 0)
		return err_wrap(e, "address '%.*s'", (int)all_size, all);
	*ret = a;
	return 0;
}

int address_list(struct address *ret, size_t *ret_n, const char *text,
	uint16_t default_port, struct err *e)
{
	size_t n = 0;

	for (;;) {
		size_t size = strcspn(text, ",");

		if (n == ADDRESS_LIST_MAX)
			return err_set(e, ERR_LIMIT, "more than %d addresses",
				ADDRESS_LIST_MAX);
		if (address_parse(&ret[n], text, size, default_port, e) != 0)
			return -1;
		n++;
		if (text[size] == '\0')
			break;
		text += size + 1;
	}
	*ret_n = n;
	CHECK(n > 0);
	return 0;
}

int address_redirect(struct address *ret, const char *location, struct err *e)
{
	size_t size = strlen(location);

	(void)strip(&location, &size, "//");
	return address_parse(ret, location, size, 5050, e);
}

int address_pid(struct address *ret, const char *pid, struct err *e)
{
	const char *at = strrchr(pid, '@');

	if (at == NULL)
		return err_set(e, ERR_INVALID,
			"'%s' is not a pid such as slave(1)@127.0.0.1:5051",
			pid);
	return address_parse(ret, at + 1, strlen(at + 1), 5051, e);
}

void address_text(char text[ADDRESS_TEXT_MAX], const struct address *a)
{
	bool v6 = strchr(a->host, ':') != NULL;
	int n = snprintf(text, ADDRESS_TEXT_MAX, "%s%s%s:%u", v6 ? "[" : "",
		a->host, v6 ? "]" : "", (unsigned)a->port);

	CHECK(n > 0 && n < ADDRESS_TEXT_MAX);
}
