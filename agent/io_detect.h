/*
 * io_detect.h - what this machine is and has.
 */
#ifndef AGENT_IO_DETECT_H
#define AGENT_IO_DETECT_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct res;

#define DETECT_BOOT_ID_SIZE  64
#define DETECT_HOSTNAME_SIZE 256
#define DETECT_IP_SIZE	     64

/* Changes with every boot: nothing that ran before it can still run. */
int detect_boot_id(char ret[DETECT_BOOT_ID_SIZE], struct err *e);
/* As the kernel has it; no name server is asked, as one that doesn't answer
 * would hold up the start. */
void detect_hostname(char ret[DETECT_HOSTNAME_SIZE]);
/* Our address on the way to that host; 127.0.0.1 if there is no way. Sends
 * nothing. */
void detect_ip(char ret[DETECT_IP_SIZE], const char *host, uint16_t port);

/*
 * Parses --resources and adds what its text doesn't name of cpus, mem, disk (of
 * the file system of work_dir) and ports, with the rules of Mesos: a part of
 * memory and disk is left to the system. ret is initialised.
 */
int detect_resources(struct res *ret, const char *text,
	const char *default_role, int work_dir, struct err *e);

#endif
