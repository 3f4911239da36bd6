/*
 * io_cert.h - `butte cert`: a certificate authority and certificates for a
 * cluster, in files.
 *
 * Keys are P-256; key files have mode 0600 and are complete before they have
 * their name; nothing is replaced unless asked for. A certificate begins five
 * minutes ago, so that a machine whose clock is a bit slow can use it at once.
 */
#ifndef CLI_IO_CERT_H
#define CLI_IO_CERT_H

struct args;
struct err;

#define CERT_CA_DAYS 3650
/* What browsers and most policies accept at most. */
#define CERT_LEAF_DAYS 398
#define CERT_HOSTS_MAX 256

int cert_init(const struct args *a, struct err *e);
int cert_issue(const struct args *a, struct err *e);

#endif
