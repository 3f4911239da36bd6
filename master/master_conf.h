/*
 * master_conf.h - the options of butte-master.
 *
 * Names, formats, defaults and ranges are those of Mesos, as far as what they
 * rule exists here; others are refused as unknown.
 */
#ifndef MASTER_MASTER_CONF_H
#define MASTER_MASTER_CONF_H

#include "common/daemon_conf.h"
#include "master/master.h"

struct conf;
struct err;

struct master_options {
	struct daemon_options daemon;
	const char *work_dir; /* NULL only if !registry_sqlite */
	bool registry_sqlite; /* else nothing is kept over a restart */
	/* All but id, version, hostname, ip, port and seed, which main knows. */
	struct master_config config;
};

void master_conf_init(struct conf *c);
/* After conf_parse(). Texts belong to c; free with master_conf_fini(). */
int master_conf_fill(
	struct master_options *ret, const struct conf *c, struct err *e);
void master_conf_fini(struct master_options *o);

#endif
