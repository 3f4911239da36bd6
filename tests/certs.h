/*
 * certs.h - certificates for tests, made with OpenSSL's API: an authority, and
 * certificates that it signed, with dates and names as a test needs them.
 */
#ifndef TESTS_CERTS_H
#define TESTS_CERTS_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"

struct cert {
	X509 *x509;
	EVP_PKEY *key;
};

#define CERTS_DAY (24L * 60 * 60)

struct cert_wish {
	const char *name;      /* CN */
	const char *sans;      /* "DNS:localhost,IP:127.0.0.1"; NULL: a CA */
	const struct cert *ca; /* who signs; NULL: itself */
	long from_s;	       /* from now */
	long to_s;	       /* from now; 0: a day */
};

static inline void certs_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	CHECK(ext != NULL);
	CHECK(X509_add_ext(x, ext, -1) == 1);
	X509_EXTENSION_free(ext);
}

static inline struct cert certs_new(const struct cert_wish *w)
{
	static long serial = 1;
	struct cert c = { X509_new(), EVP_EC_gen("P-256") };
	X509_NAME *name = X509_get_subject_name(c.x509);
	const struct cert *ca = w->ca != NULL ? w->ca : &c;

	CHECK(c.key != NULL);
	CHECK(X509_set_version(c.x509, 2) == 1);
	CHECK(ASN1_INTEGER_set(X509_get_serialNumber(c.x509), serial++) == 1);
	CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		      (const unsigned char *)w->name, -1, -1, 0) == 1);
	CHECK(X509_set_issuer_name(c.x509, X509_get_subject_name(ca->x509)) ==
		1);
	CHECK(X509_gmtime_adj(X509_getm_notBefore(c.x509), w->from_s) != NULL);
	CHECK(X509_gmtime_adj(X509_getm_notAfter(c.x509),
		      w->to_s != 0 ? w->to_s : CERTS_DAY) != NULL);
	CHECK(X509_set_pubkey(c.x509, c.key) == 1);
	if (w->sans != NULL)
		certs_extension(c.x509, NID_subject_alt_name, w->sans);
	else
		certs_extension(
			c.x509, NID_basic_constraints, "critical,CA:TRUE");
	CHECK(X509_sign(c.x509, ca->key, EVP_sha256()) > 0);
	return c;
}

static inline void certs_free(struct cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
}

/* Writes DIR/NAME.pem and DIR/NAME.key. */
static inline void certs_write(
	const struct cert *c, const char *dir, const char *name)
{
	char path[512];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s.pem", dir, name);
	f = fopen(path, "w");
	CHECK(f != NULL);
	CHECK(PEM_write_X509(f, c->x509) == 1);
	CHECK(fclose(f) == 0);
	(void)snprintf(path, sizeof(path), "%s/%s.key", dir, name);
	f = fopen(path, "w");
	CHECK(f != NULL);
	CHECK(PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL) == 1);
	CHECK(fclose(f) == 0);
}

/* One certificate of the wish, written; the CA's is in ca->.. */
static inline void certs_issue(
	const struct cert_wish *w, const char *dir, const char *file)
{
	struct cert c = certs_new(w);

	certs_write(&c, dir, file);
	certs_free(&c);
}

#endif
