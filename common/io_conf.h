/*
 * io_conf.h - what conf.h needs of the world, and what main() does with it.
 */
#ifndef COMMON_IO_CONF_H
#define COMMON_IO_CONF_H

struct conf;
struct err;

/*
 * Parses arguments, environment and --config. --help and --version are printed
 * here, as is what is wrong. -1: go on; else the status to exit with.
 */
int conf_start(struct conf *c, char *const *argv, const char *version);
/* Prints the error like conf_start() does; returns the status to exit with. */
int conf_failed(const struct conf *c, const struct err *e);

#endif
