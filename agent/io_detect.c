/* io_detect.c - see io_detect.h. */
#include "agent/io_detect.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/res.h"

/* For want of knowledge (Mesos). */
#define DEFAULT_CPUS	1
#define DEFAULT_MEM_MB	1024
#define DEFAULT_DISK_MB (10 * 1024)
#define DEFAULT_PORTS	"[31000-32000]"

int detect_boot_id(char ret[DETECT_BOOT_ID_SIZE], struct err *e)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, ret, DETECT_BOOT_ID_SIZE - 1);
		(void)close(fd); /* only read from */
	}
	if (n <= 0)
		return err_set(
			e, ERR_IO, "read '%s': %s", path, strerror(errno));
	ret[n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

static uint64_t detect_mem_mb(void)
{
	struct sysinfo info;
	uint64_t mb;

	if (sysinfo(&info) != 0)
		return DEFAULT_MEM_MB;
	mb = (uint64_t)info.totalram * info.mem_unit >> 20;
	return mb >= 2048 ? mb - 1024 : mb / 2;
}

static uint64_t detect_disk_mb(int dir)
{
	struct statvfs fs;
	uint64_t mb;

	if (fstatvfs(dir, &fs) != 0)
		return DEFAULT_DISK_MB;
	mb = (uint64_t)fs.f_blocks * fs.f_frsize >> 20;
	return mb >= 10240 ? mb - 5120 : mb / 2;
}

/* The text is searched, not what it parses to: "disk:0" parses to nothing, but
 * was meant. */
static void add_missing(struct buf *to, const char *text, int work_dir)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (strstr(text, "cpus") == NULL)
		buf_printf(to, "cpus:%ld;", cpus < 1 ? DEFAULT_CPUS : cpus);
	if (strstr(text, "mem") == NULL)
		buf_printf(to, "mem:%" PRIu64 ";", detect_mem_mb());
	if (strstr(text, "disk") == NULL)
		buf_printf(to, "disk:%" PRIu64 ";", detect_disk_mb(work_dir));
	if (strstr(text, "ports") == NULL)
		buf_add_str(to, "ports:" DEFAULT_PORTS ";");
	if (to->size > 0)
		to->data[--to->size] = '\0'; /* the last semicolon */
}

int detect_resources(struct res *ret, const char *text,
	const char *default_role, int work_dir, struct err *e)
{
	struct buf missing = BUF_INIT;
	struct res more;
	int r = 0;

	if (text == NULL)
		text = "";
	if (text[0] != '\0' && res_parse(ret, text, default_role, e) != 0)
		return err_wrap(e, "--resources");
	add_missing(&missing, text, work_dir);
	res_init(&more);
	if (missing.size > 0)
		r = res_parse(&more, buf_str(&missing), default_role, e);
	if (r == 0)
		res_add(ret, &more);
	res_fini(&more);
	buf_fini(&missing);
	return r;
}
