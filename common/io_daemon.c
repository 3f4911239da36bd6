/* io_daemon.c - see io_daemon.h. */
#include "common/io_daemon.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/daemon_conf.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_log.h"
#include "common/io_tls.h"
#include "common/log.h"
#include "common/mem.h"

int daemon_log_open(
	const char *program, const struct daemon_options *o, struct err *e)
{
	CLEANUP(mem_freep) char *path = NULL;

	log_level_set(o->logging_level);
	if (o->log_dir != NULL) {
		if (daemon_directory(o->log_dir, e) != 0)
			return err_wrap(e, "--log_dir");
		path = xasprintf("%s/%s.log", o->log_dir, program);
	}
	return log_open(program, path, e);
}

static struct tls_config tls_config_of(const struct daemon_options *o)
{
	static const enum tls_verify verify[] = {
		[DAEMON_VERIFY_NONE] = TLS_VERIFY_NONE,
		[DAEMON_VERIFY_OPTIONAL] = TLS_VERIFY_OPTIONAL,
		[DAEMON_VERIFY_REQUIRE] = TLS_VERIFY_REQUIRE,
	};

	return (struct tls_config){
		.cert_file = o->tls_cert_file,
		.key_file = o->tls_key_file,
		.ca_file = o->tls_ca_file,
		.verify_client = verify[o->tls_verify_client],
	};
}

/* Not refused: a group of its own may be meant to read it. */
static void warn_of_key(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
		log_warn("tls_key_open",
			"file='%s' mode=%04o consequence='others on this "
			"machine may pose as this daemon' advice='chmod 600'",
			path, (unsigned)st.st_mode & 07777);
}

int daemon_tls_server(
	struct ssl_ctx_st **ret, const struct daemon_options *o, struct err *e)
{
	struct tls_config c = tls_config_of(o);

	*ret = o->tls ? tls_server_new(&c, e) : NULL;
	if (*ret != NULL)
		warn_of_key(o->tls_key_file);
	return o->tls && *ret == NULL ? -1 : 0;
}

int daemon_tls_client(
	struct ssl_ctx_st **ret, const struct daemon_options *o, struct err *e)
{
	struct tls_config c = tls_config_of(o);

	*ret = o->tls ? tls_client_new(&c, e) : NULL;
	return o->tls && *ret == NULL ? -1 : 0;
}

int daemon_listen(struct http_server *s, const struct daemon_options *o,
	struct ssl_ctx_st *tls, struct err *e)
{
	if (http_server_listen(s, o->ip, o->port, tls, e) != 0)
		return -1;
	log_info("listening", "address=%s port=%u tls=%s", o->ip,
		(unsigned)http_server_port(s), tls != NULL ? "on" : "off");
	if (tls == NULL && o->allow_plaintext)
		log_warn("plaintext",
			"address=%s: everything sent here can be read and "
			"changed on its way",
			o->ip);
	return 0;
}

/* The full name if the resolver knows one, else what the kernel says. */
static int hostname_lookup(char name[DAEMON_HOST_SIZE], struct err *e)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME };
	struct addrinfo *found = NULL;

	if (gethostname(name, DAEMON_HOST_SIZE - 1) != 0)
		return err_set(e, ERR_IO, "gethostname: %s", strerror(errno));
	name[DAEMON_HOST_SIZE - 1] = '\0';
	if (getaddrinfo(name, NULL, &hints, &found) != 0)
		return 0; /* a machine that isn't in any DNS is fine */
	if (found->ai_canonname != NULL &&
		strlen(found->ai_canonname) < DAEMON_HOST_SIZE)
		(void)snprintf(name, DAEMON_HOST_SIZE, "%s",
			found->ai_canonname); /* fits: checked */
	freeaddrinfo(found);
	return 0;
}

/* Of the hostname's addresses the first that others can reach; loopback if
 * there is none. */
static void ip_lookup(char ip[DAEMON_HOST_SIZE], const char *hostname)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL, *a;

	(void)snprintf(ip, DAEMON_HOST_SIZE, "127.0.0.1"); /* fits */
	if (getaddrinfo(hostname, NULL, &hints, &found) != 0)
		return;
	for (a = found; a != NULL; a = a->ai_next) {
		if (getnameinfo(a->ai_addr, a->ai_addrlen, ip, DAEMON_HOST_SIZE,
			    NULL, 0, NI_NUMERICHOST) == 0 &&
			strncmp(ip, "127.", 4) != 0)
			break;
	}
	freeaddrinfo(found);
}

int daemon_identify(struct daemon_identity *ret, const struct daemon_options *o,
	uint16_t port, struct err *e)
{
	const char *ip = o->advertise_ip != NULL ? o->advertise_ip : o->ip;
	bool any = strcmp(ip, "0.0.0.0") == 0 || strcmp(ip, "::") == 0;

	ret->port = o->advertise_port != 0 ? o->advertise_port : port;
	if (!any)
		(void)snprintf(ret->ip, sizeof(ret->ip), "%s", ip);
	if (o->hostname != NULL) {
		if (strlen(o->hostname) >= sizeof(ret->hostname))
			return err_set(e, ERR_INVALID,
				"--hostname is longer than %d characters",
				DAEMON_HOST_SIZE - 1);
		(void)snprintf(ret->hostname, sizeof(ret->hostname), "%s",
			o->hostname);
	} else if (!o->hostname_lookup && !any) {
		memcpy(ret->hostname, ret->ip, sizeof(ret->hostname));
	} else if (hostname_lookup(ret->hostname, e) != 0) {
		return -1;
	}
	if (any)
		ip_lookup(ret->ip, ret->hostname);
	return 0;
}

int daemon_directory(const char *path, struct err *e)
{
	CLEANUP(mem_freep) char *p = xstrdup(path);
	struct stat st;
	char *slash;

	if (path[0] != '/')
		return err_set(
			e, ERR_INVALID, "'%s' is not an absolute path", path);
	for (slash = strchr(p + 1, '/'); slash != NULL;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(p, 0755) != 0 && errno != EEXIST)
			return err_set(e, ERR_IO, "mkdir '%s': %s", p,
				strerror(errno));
		*slash = '/';
	}
	if (mkdir(p, 0755) != 0 && errno != EEXIST)
		return err_set(e, ERR_IO, "mkdir '%s': %s", p, strerror(errno));
	if (stat(p, &st) != 0)
		return err_set(e, ERR_IO, "stat '%s': %s", p, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_INVALID, "'%s' is not a directory", p);
	return 0;
}

int daemon_directory_own(const char *path, unsigned mode, struct err *e)
{
	struct stat st;

	if (daemon_directory(path, e) != 0)
		return -1;
	if (stat(path, &st) != 0)
		return err_set(
			e, ERR_IO, "stat '%s': %s", path, strerror(errno));
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(e, ERR_DENIED,
			"'%s' is user %u's, who could replace what is in it: "
			"give it to the user that runs this (chown)",
			path, (unsigned)st.st_uid);
	if ((st.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH)
		return err_set(e, ERR_DENIED,
			"everybody can replace what is in '%s': take that "
			"right away (chmod o-w)",
			path);
	if (mode == 0 || st.st_uid != geteuid() ||
		(st.st_mode & 07777) == mode || chmod(path, mode) == 0)
		return 0;
	return err_set(e, ERR_IO, "chmod '%s': %s", path, strerror(errno));
}

void daemon_raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur == r.rlim_max)
		return;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) != 0)
		log_warn("files_limit", "setrlimit: %s", strerror(errno));
}
