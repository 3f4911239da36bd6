/* io_cert.c - see io_cert.h. */
#include "cli/io_cert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "cli/args.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

#define SLACK_SECONDS 300 /* for slow clocks */

static void pkey_freep(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
}

static void x509_freep(X509 **p)
{
	X509_free(*p);
}

static void bio_freep(BIO **p)
{
	BIO_free_all(*p);
}

static int ssl_error(struct err *e, const char *what)
{
	char text[256];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	return err_set(e, ERR_IO, "%s: %s", what, text);
}

/* What one certificate is to say. */
struct order {
	EVP_PKEY *key;
	const char *name;
	uint64_t days;
	const char *hosts; /* as x509v3 wants it: "DNS:a,IP:b"; NULL: a CA */
	X509 *issuer;	   /* NULL: itself */
	EVP_PKEY *issuer_key;
};

static int sign(X509 **ret, const struct order *o, struct err *e);
static int write_file(
	const char *path, mode_t mode, bool force, BIO *from, struct err *e);
static int write_pair(const char *dir, const char *name, bool force, X509 *cert,
	EVP_PKEY *key, struct err *e);
static int read_ca(
	const char *dir, X509 **ret, EVP_PKEY **ret_key, struct err *e);
static int host_names(
	struct buf *to, const struct args *a, const char *name, struct err *e);

static int days_of(
	const struct args *a, uint64_t otherwise, uint64_t *ret, struct err *e)
{
	*ret = args_number(a, "days", otherwise);
	if (*ret < 1 || *ret > 36500)
		return err_set(e, ERR_INVALID,
			"option --days: %llu is not from 1 to 36500",
			(unsigned long long)*ret);
	return 0;
}

static int dir_of(const struct args *a, const char **ret, struct err *e)
{
	*ret = args_text(a, "dir", NULL);
	if (*ret == NULL || **ret == '\0')
		return err_set(e, ERR_INVALID,
			"option --dir is needed: the folder of the "
			"authority's ca.crt and ca.key");
	return 0;
}

static int make_dirs(const char *dir, struct err *e)
{
	CLEANUP(mem_freep) char *path = xstrdup(dir);

	for (char *at = path + 1; *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		(void)mkdir(path, 0755); /* the last one tells */
		*at = '/';
	}
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		return err_set(e, ERR_IO, "folder '%s' can't be made: %s", dir,
			strerror(errno));
	return 0;
}

int cert_init(const struct args *a, struct err *e)
{
	CLEANUP(pkey_freep) EVP_PKEY *key = NULL;
	CLEANUP(x509_freep) X509 *cert = NULL;
	struct order o = { .name = args_text(a, "name", "Butte CA") };
	const char *dir;

	if (dir_of(a, &dir, e) != 0 ||
		days_of(a, CERT_CA_DAYS, &o.days, e) != 0 ||
		make_dirs(dir, e) != 0)
		return -1;
	key = EVP_EC_gen("P-256");
	if (key == NULL)
		return ssl_error(e, "a key can't be made");
	o.key = o.issuer_key = key;
	if (sign(&cert, &o, e) != 0)
		return -1;
	return write_pair(dir, "ca", args_has(a, "force"), cert, key, e);
}

int cert_issue(const struct args *a, struct err *e)
{
	CLEANUP(pkey_freep) EVP_PKEY *key = NULL, *ca_key = NULL;
	CLEANUP(x509_freep) X509 *cert = NULL, *ca = NULL;
	struct buf hosts = BUF_INIT;
	struct order o = { .name = args_text(a, "name", NULL) };
	const char *dir;
	int r;

	if (dir_of(a, &dir, e) != 0 ||
		days_of(a, CERT_LEAF_DAYS, &o.days, e) != 0)
		return -1;
	if (o.name == NULL || *o.name == '\0' || strchr(o.name, '/') != NULL ||
		*o.name == '.' || strcmp(o.name, "ca") == 0)
		return err_set(e, ERR_INVALID,
			"option --name is needed: a name for the files, other "
			"than 'ca', without '/'");
	if (read_ca(dir, &ca, &ca_key, e) != 0)
		return -1;
	key = EVP_EC_gen("P-256");
	if (key == NULL)
		return ssl_error(e, "a key can't be made");
	r = host_names(&hosts, a, o.name, e);
	if (r == 0) {
		o.key = key;
		o.issuer = ca;
		o.issuer_key = ca_key;
		o.hosts = buf_str(&hosts);
		r = sign(&cert, &o, e);
	}
	buf_fini(&hosts);
	if (r != 0)
		return -1;
	return write_pair(dir, o.name, args_has(a, "force"), cert, key, e);
}

/* --- the certificate ---------------------------------------------------- */

static bool is_address(const char *host)
{
	ASN1_OCTET_STRING *ip = a2i_IPADDRESS(host);

	ASN1_OCTET_STRING_free(ip);
	return ip != NULL;
}

/* Only what a name can be made of: it goes into x509v3's own little language,
 * where a comma would begin another name. */
static bool is_host_name(const char *host)
{
	size_t size = strspn(host,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_*");

	return size > 0 && size <= 253 && host[size] == '\0';
}

static int host_add(struct buf *to, const char *host, struct err *e)
{
	bool address = is_address(host);

	if (!address && !is_host_name(host))
		return err_set(e, ERR_INVALID,
			"option --host: '%s' is neither a host name nor an "
			"address",
			host);
	buf_printf(to, "%s%s:%s", to->size > 0 ? "," : "",
		address ? "IP" : "DNS", host);
	return 0;
}

static int host_names(
	struct buf *to, const struct args *a, const char *name, struct err *e)
{
	const char *list;
	unsigned n = 0;

	for (size_t i = 0; (list = args_nth(a, "host", i)) != NULL; i++) {
		CLEANUP(mem_freep) char *copy = xstrdup(list);
		char *rest = copy;
		char *host;

		while ((host = strsep(&rest, ",")) != NULL) {
			if (++n > CERT_HOSTS_MAX)
				return err_set(e, ERR_LIMIT,
					"option --host: more than %d names",
					CERT_HOSTS_MAX);
			if (host_add(to, host, e) != 0)
				return -1;
		}
	}
	return n == 0 ? host_add(to, name, e) : 0;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *x;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	x = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (x == NULL)
		return false;
	ok = X509_add_ext(cert, x, -1) == 1;
	X509_EXTENSION_free(x);
	return ok;
}

static bool set_serial(X509 *cert)
{
	unsigned char bytes[20]; /* the longest allowed; positive, not zero */
	BIGNUM *n;
	bool ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (unsigned char)((bytes[0] & 0x3f) | 0x40);
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = n != NULL &&
		BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
	BN_free(n);
	return ok;
}

static bool set_names(X509 *cert, const struct order *o)
{
	X509_NAME *name = X509_get_subject_name(cert);
	const unsigned char *text = (const unsigned char *)o->name;

	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
		       (const unsigned char *)"Butte", -1, -1, 0) == 1 &&
		X509_NAME_add_entry_by_txt(
			name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
		X509_set_issuer_name(cert,
			o->issuer != NULL ? X509_get_subject_name(o->issuer)
					  : name) == 1;
}

static bool set_dates(X509 *cert, uint64_t days)
{
	return X509_gmtime_adj(X509_getm_notBefore(cert), -SLACK_SECONDS) !=
		NULL &&
		X509_time_adj_ex(X509_getm_notAfter(cert), (int)days,
			-SLACK_SECONDS, NULL) != NULL;
}

static bool set_extensions(X509 *cert, const struct order *o)
{
	X509 *issuer = o->issuer != NULL ? o->issuer : cert;
	bool ca = o->hosts == NULL;

	return add_extension(
		       cert, issuer, NID_subject_key_identifier, "hash") &&
		add_extension(cert, issuer, NID_authority_key_identifier,
			"keyid:always") &&
		add_extension(cert, issuer, NID_basic_constraints,
			ca ? "critical,CA:TRUE,pathlen:0"
			   : "critical,CA:FALSE") &&
		add_extension(cert, issuer, NID_key_usage,
			ca ? "critical,keyCertSign,cRLSign"
			   : "critical,digitalSignature") &&
		(ca ||
			(add_extension(cert, issuer, NID_ext_key_usage,
				 "serverAuth,clientAuth") &&
				add_extension(cert, issuer,
					NID_subject_alt_name, o->hosts)));
}

static int sign(X509 **ret, const struct order *o, struct err *e)
{
	CLEANUP(x509_freep) X509 *cert = X509_new();

	if (cert == NULL || X509_set_version(cert, X509_VERSION_3) != 1 ||
		!set_serial(cert) || !set_names(cert, o) ||
		!set_dates(cert, o->days) ||
		X509_set_pubkey(cert, o->key) != 1 ||
		!set_extensions(cert, o) ||
		X509_sign(cert, o->issuer_key, EVP_sha256()) == 0)
		return ssl_error(e, "a certificate can't be made");
	*ret = STEAL(cert);
	return 0;
}

/* --- files -------------------------------------------------------------- */

static int cannot_write(const char *path, struct err *e)
{
	return err_set(e, ERR_IO, "file '%s' can't be written: %s", path,
		strerror(errno));
}

/* Writes a new file beside, then gives it its name. */
static int write_file(
	const char *path, mode_t mode, bool force, BIO *from, struct err *e)
{
	CLEANUP(mem_freep) char *beside = xasprintf("%s.new", path);
	char *data;
	long size = BIO_get_mem_data(from, &data);
	int fd, r;

	(void)unlink(beside); /* of a run that was cut short */
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return cannot_write(path, e);
	r = fchmod(fd, mode) != 0 || write(fd, data, (size_t)size) != size ||
			fsync(fd) != 0
		? -1
		: 0;
	(void)close(fd); /* fsync said all there is to say */
	/* link() doesn't replace, rename() does. */
	if (r == 0)
		r = force ? rename(beside, path) : link(beside, path);
	if (r != 0)
		(void)cannot_write(path, e);
	if (!force || r != 0)
		(void)unlink(beside);
	return r;
}

static int write_pair(const char *dir, const char *name, bool force, X509 *cert,
	EVP_PKEY *key, struct err *e)
{
	CLEANUP(bio_freep) BIO *cert_pem = BIO_new(BIO_s_mem());
	CLEANUP(bio_freep) BIO *key_pem = BIO_new(BIO_s_secmem());
	CLEANUP(mem_freep) char *cert_path = xasprintf("%s/%s.crt", dir, name);
	CLEANUP(mem_freep) char *key_path = xasprintf("%s/%s.key", dir, name);

	if (cert_pem == NULL || key_pem == NULL ||
		PEM_write_bio_X509(cert_pem, cert) != 1 ||
		PEM_write_bio_PKCS8PrivateKey(
			key_pem, key, NULL, NULL, 0, NULL, NULL) != 1)
		return ssl_error(e, "a certificate can't be encoded");
	for (int i = 0; i < 2 && !force; i++) {
		const char *path = i == 0 ? key_path : cert_path;

		if (access(path, F_OK) == 0)
			return err_set(e, ERR_EXISTS,
				"'%s' is there already; --force replaces it",
				path);
	}
	if (write_file(key_path, 0600, force, key_pem, e) != 0 ||
		write_file(cert_path, 0644, force, cert_pem, e) != 0)
		return -1;
	(void)printf("%s\n%s\n", cert_path, key_path);
	return 0;
}

static int read_ca(
	const char *dir, X509 **ret, EVP_PKEY **ret_key, struct err *e)
{
	CLEANUP(mem_freep) char *cert_path = xasprintf("%s/ca.crt", dir);
	CLEANUP(mem_freep) char *key_path = xasprintf("%s/ca.key", dir);
	CLEANUP(bio_freep) BIO *cert_pem = BIO_new_file(cert_path, "re");
	CLEANUP(bio_freep) BIO *key_pem = BIO_new_file(key_path, "re");
	CLEANUP(x509_freep) X509 *cert = NULL;
	CLEANUP(pkey_freep) EVP_PKEY *key = NULL;

	if (cert_pem == NULL || key_pem == NULL)
		return err_set(e, ERR_NOT_FOUND,
			"'%s' can't be read: %s; 'butte cert init --dir %s' "
			"makes an authority",
			cert_pem == NULL ? cert_path : key_path,
			strerror(errno), dir);
	cert = PEM_read_bio_X509(cert_pem, NULL, NULL, NULL);
	if (cert == NULL)
		return err_set(e, ERR_INVALID,
			"'%s' has no certificate in PEM form", cert_path);
	key = PEM_read_bio_PrivateKey(key_pem, NULL, NULL, NULL);
	if (key == NULL)
		return err_set(e, ERR_INVALID, "'%s' has no key in PEM form",
			key_path);
	if (X509_check_private_key(cert, key) != 1)
		return err_set(e, ERR_INVALID,
			"'%s' and '%s' don't belong together", cert_path,
			key_path);
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		return err_set(e, ERR_INVALID,
			"the authority '%s' has expired; 'butte cert init "
			"--force' makes a new one",
			cert_path);
	*ret = STEAL(cert);
	*ret_key = STEAL(key);
	return 0;
}
