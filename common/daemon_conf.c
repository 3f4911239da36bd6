/* daemon_conf.c - see daemon_conf.h. */
#include "common/daemon_conf.h"

#include <string.h>

#include "common/check.h"
#include "common/conf.h"
#include "common/conf_value.h"
#include "common/err.h"

#define HOSTNAME_MAX 253 /* RFC 1035 */

static conf_check_f hostname_check;

const struct conf_option daemon_conf_options[] = {
	{ .name = "ip",
		.type = CONF_ADDRESS,
		.metavar = "ADDRESS",
		.value = "0.0.0.0",
		.help = "Address to listen on." },
	{ .name = "advertise_ip",
		.type = CONF_ADDRESS,
		.metavar = "ADDRESS",
		.help = "Address that others are told to reach us at, if it "
			"isn't the one of --ip." },
	{ .name = "advertise_port",
		.type = CONF_INT,
		.metavar = "PORT",
		.min = "1",
		.max = "65535",
		.help = "Port that others are told to reach us at, if it "
			"isn't the one of --port." },
	{ .name = "hostname",
		.type = CONF_STRING,
		.metavar = "NAME",
		.check = hostname_check,
		.help = "Name under which others know this machine. Without "
			"it, it is the kernel's." },
	{ .name = "hostname_lookup",
		.type = CONF_BOOL,
		.value = "true",
		.help = "Without --hostname, find the name out; else the "
			"address stands for it." },
	{ .name = "tls",
		.type = CONF_ENUM,
		.metavar = "on|off",
		.value = "on",
		.choices = "on|off",
		.help = "Speak TLS on every connection. Off is accepted on "
			"loopback addresses only, or with "
			"--allow_plaintext." },
	{ .name = "allow_plaintext",
		.type = CONF_BOOL,
		.value = "false",
		.help = "Let --tls=off speak plain text with other machines: "
			"whoever can reach the port, or listen on the wire, "
			"then rules the cluster." },
	{ .name = "tls_cert_file",
		.type = CONF_PATH,
		.metavar = "FILE",
		.help = "Certificate in PEM, the leaf first; 'butte cert "
			"issue' makes one. Needed unless --tls=off." },
	{ .name = "tls_key_file",
		.type = CONF_PATH,
		.metavar = "FILE",
		.help = "Private key of the certificate, in PEM." },
	{ .name = "tls_ca_file",
		.type = CONF_PATH,
		.metavar = "FILE",
		.help = "Certificates of the authorities to trust, in PEM. "
			"Without it, the system's." },
	{ .name = "tls_verify_client",
		.type = CONF_ENUM,
		.metavar = "MODE",
		.value = "none",
		.choices = "none|optional|require",
		.help = "Whether clients are asked for a certificate, and "
			"whether they must have one." },
	{ .name = "log_dir",
		.type = CONF_PATH,
		.metavar = "DIRECTORY",
		.help = "Where the log file is kept. Without it the log goes "
			"to standard error." },
	{ .name = "logging_level",
		.type = CONF_ENUM,
		.metavar = "LEVEL",
		.value = "INFO",
		.choices = "ERROR|WARNING|INFO|DEBUG",
		.help = "The least important lines to log." },
	{ .name = "config",
		.type = CONF_PATH,
		.metavar = "FILE",
		.help = "More options, one in a line, as name=value." },
};
const size_t daemon_conf_n_options = ARRAY_LEN(daemon_conf_options);

static int hostname_check(const char *value, struct err *e)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-._:";

	if (*value == '\0' || strlen(value) > HOSTNAME_MAX ||
		value[strspn(value, allowed)] != '\0')
		return err_set(
			e, ERR_INVALID, "'%.100s' is not a host name", value);
	return 0;
}

static int tls_check(
	const struct daemon_options *o, const struct conf *c, struct err *e)
{
	if (!o->tls && !o->allow_plaintext && !conf_value_is_loopback(o->ip)) {
		(void)err_set(e, ERR_DENIED,
			"others can reach %s, and plain text is accepted on "
			"loopback addresses only: set up TLS, or use "
			"--ip=127.0.0.1 or --allow_plaintext",
			o->ip);
		return conf_refuse(c, "tls", e);
	}
	if (!o->tls)
		return 0;
	if (o->tls_cert_file == NULL || o->tls_key_file == NULL)
		return err_set(e, ERR_INVALID,
			"TLS needs --tls_cert_file and --tls_key_file ('butte "
			"cert' makes them); without other machines, --tls=off "
			"with --ip=127.0.0.1 does");
	if (o->tls_verify_client != DAEMON_VERIFY_NONE &&
		o->tls_ca_file == NULL) {
		(void)err_set(e, ERR_INVALID,
			"needs --tls_ca_file, the authority of the clients");
		return conf_refuse(c, "tls_verify_client", e);
	}
	return 0;
}

/* Where the value stands among the words. */
static unsigned choice(const char *value, const char *const *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(value, words[i]) == 0)
			return i;
	UNREACHABLE(); /* conf checked it */
}

int daemon_conf_fill(
	struct daemon_options *ret, const struct conf *c, struct err *e)
{
	static const char *const verify[] = { "none", "optional", "require" };
	static const char *const levels[] = { "ERROR", "WARNING", "INFO",
		"DEBUG" };
	const struct daemon_options o = {
		.ip = conf_text(c, "ip"),
		.port = (uint16_t)conf_int(c, "port"),
		.advertise_ip = conf_text(c, "advertise_ip"),
		.advertise_port = (uint16_t)conf_int(c, "advertise_port"),
		.hostname = conf_text(c, "hostname"),
		.hostname_lookup = conf_bool(c, "hostname_lookup"),
		.tls = strcmp(conf_text(c, "tls"), "on") == 0,
		.allow_plaintext = conf_bool(c, "allow_plaintext"),
		.tls_cert_file = conf_text(c, "tls_cert_file"),
		.tls_key_file = conf_text(c, "tls_key_file"),
		.tls_ca_file = conf_text(c, "tls_ca_file"),
		.tls_verify_client = (enum daemon_verify)choice(
			conf_text(c, "tls_verify_client"), verify,
			ARRAY_LEN(verify)),
		.log_dir = conf_text(c, "log_dir"),
		.logging_level =
			(enum log_level)choice(conf_text(c, "logging_level"),
				levels, ARRAY_LEN(levels)),
	};

	if (tls_check(&o, c, e) != 0)
		return -1;
	*ret = o;
	return 0;
}
