/*
 * io_detect.h - what this machine has, and since when it is up.
 */
#ifndef AGENT_IO_DETECT_H
#define AGENT_IO_DETECT_H

struct err;
struct res;

#define DETECT_BOOT_ID_SIZE 64

/* Changes with every boot: nothing that ran before it can still run. */
int detect_boot_id(char ret[DETECT_BOOT_ID_SIZE], struct err *e);
/*
 * Parses --resources and adds what its text doesn't name of cpus, mem, disk (of
 * the file system of work_dir) and ports, with the rules of Mesos: a part of
 * memory and disk is left to the system. ret is initialised.
 */
int detect_resources(struct res *ret, const char *text,
	const char *default_role, int work_dir, struct err *e);

#endif
