/* io_cgroup.c - see io_cgroup.h: finding out, and what all ways share. */
#include "agent/io_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/io_cgroup_fs.h"
#include "agent/io_cgroup_ops.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/mem.h"

/* Exported by libcgroup 2.0.2, but in none of its headers. */
extern int cgroup_get_controller_version(const char *controller, int *version);

const char *const cgroup_controller_names[CGROUP_CONTROLLERS] = {
	[CGROUP_CPU] = "cpu",
	[CGROUP_CPUACCT] = "cpuacct",
	[CGROUP_MEMORY] = "memory",
	[CGROUP_PIDS] = "pids",
	[CGROUP_FREEZER] = "freezer",
};

static int find(struct cgroup_host *h, struct err *e);
static int lock_root(struct cgroup_host *h, struct err *e);
static struct cgroup_host *host_new(const char *root);
static bool root_ok(const char *root);
static int take_v1(struct cgroup_host *h, struct err *e);
static int take_v2(struct cgroup_host *h, const char *mount, struct err *e);

static void host_freep(struct cgroup_host **h)
{
	cgroup_close(*h);
}

int cgroup_open(struct cgroup_host **ret, const struct cgroup_config *cfg,
	struct err *e)
{
	CLEANUP(host_freep) struct cgroup_host *h = NULL;
	int r;

	if (!root_ok(cfg->root))
		return err_set(e, ERR_INVALID,
			"cgroups root '%s': must be names of letters, digits, '-', '_' and '.', separated by '/'",
			cfg->root);
	h = host_new(cfg->root);
	h->cfs = cfg->cfs;
	h->limit_swap = cfg->limit_swap;
	if (cfg->v2_mount != NULL)
		r = take_v2(h, cfg->v2_mount, e);
	else
		r = find(h, e);
	if (r != 0 || lock_root(h, e) != 0)
		return -1;
	h->oom_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (h->oom_epoll < 0)
		return err_set(e, ERR_IO, "epoll_create1: %s", strerror(errno));
	*ret = STEAL(h);
	return 0;
}

struct cgroup_host *cgroup_open_none(void)
{
	struct cgroup_host *h = host_new("");

	h->ops = &cgroup_none_ops;
	h->kind = CGROUP_NONE;
	h->describe = xstrdup("none");
	return h;
}

/* Removes what is empty of the root, from its last name up. */
static void root_remove(const struct cgroup_host *h, int mount_fd)
{
	char *path = xstrdup(h->root);
	char *slash;

	while (unlinkat(mount_fd, path, AT_REMOVEDIR) == 0 &&
		(slash = strrchr(path, '/')) != NULL)
		*slash = '\0';
	free(path);
}

void cgroup_close(struct cgroup_host *h)
{
	size_t i;

	if (h == NULL)
		return;
	for (i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (h->mount_fd[i] >= 0) {
			root_remove(h, h->mount_fd[i]);
			(void)close(h->mount_fd[i]); /* a directory */
		}
		if (h->own[i])
			(void)close(h->fd[i]); /* a directory */
	}
	if (h->oom_epoll >= 0)
		(void)close(h->oom_epoll); /* nothing to lose */
	free(h->root);
	free(h->describe);
	free(h);
}

enum cgroup_kind cgroup_kind(const struct cgroup_host *h)
{
	return h->kind;
}

const char *cgroup_describe(const struct cgroup_host *h)
{
	return h->describe;
}

static bool name_char_ok(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool cgroup_name_ok(const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0' && i <= 64; i++) {
		if (!name_char_ok(name[i]))
			return false;
	}
	return i > 0 && i <= 64;
}

const char *cgroup_of_process(
	const struct cgroup_host *h, const char *text, char *ret)
{
	CLEANUP(mem_freep) char *middle = xasprintf("/%s/", h->root);
	const char *at = text;
	size_t n;

	if (h->kind == CGROUP_NONE)
		return NULL;
	ret[0] = '\0';
	while ((at = strstr(at, middle)) != NULL) {
		at += strlen(middle);
		n = strcspn(at, "/\n");
		if (n == 0 || n >= CGROUP_NAME_SIZE)
			continue;
		memcpy(ret, at, n);
		ret[n] = '\0';
		if (cgroup_name_ok(ret))
			return ret;
	}
	ret[0] = '\0';
	return ret;
}

int cgroup_make(struct cgroup_host *h, const char *name,
	const struct agent_limits *limits, struct err *e)
{
	if (!cgroup_name_ok(name))
		return err_set(e, ERR_INVALID,
			"container id '%s' can't name a cgroup", name);
	return h->ops->make(h, name, limits, e);
}

int cgroup_doors(const struct cgroup_host *h, const char *name,
	struct cgroup_door ret[CGROUP_DOORS_MAX])
{
	CHECK(cgroup_name_ok(name));
	return h->ops->doors(h, name, ret);
}

int cgroup_limit(struct cgroup_host *h, const char *name,
	const struct agent_limits *limits, struct err *e)
{
	if (!cgroup_name_ok(name))
		return err_set(e, ERR_INVALID,
			"container id '%s' can't name a cgroup", name);
	return h->ops->limit(h, name, limits, e);
}

int cgroup_oom_fd(const struct cgroup_host *h)
{
	return h->oom_epoll;
}

bool cgroup_oom_next(struct cgroup_host *h, uint64_t *ret_token)
{
	struct epoll_event ev;

	if (epoll_wait(h->oom_epoll, &ev, 1, 0) != 1)
		return false;
	*ret_token = ev.data.u64;
	return true;
}

int cgroup_watch(struct cgroup_host *h, const char *name, uint64_t token)
{
	struct epoll_event ev = { .data = { .u64 = token } };
	int fd = h->ops->watch(h, name);

	if (fd < 0)
		return -1;
	/* v1 hands out an eventfd, v2 a file that signals a change as PRI. */
	ev.events = h->kind == CGROUP_V1 ? EPOLLIN : EPOLLPRI;
	ev.events |= EPOLLET;
	if (epoll_ctl(h->oom_epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
		(void)close(fd); /* nothing to lose */
		return -1;
	}
	return fd;
}

void cgroup_memory_read(
	struct cgroup_host *h, const char *name, struct cgroup_memory *ret)
{
	memset(ret, 0, sizeof(*ret));
	h->ops->memory_read(h, name, ret);
}

bool cgroup_oom_killed(struct cgroup_host *h, const char *name)
{
	return h->ops->oom_killed(h, name);
}

int cgroup_destroy(struct cgroup_host *h, const char *name, int main_pid)
{
	if (!cgroup_name_ok(name))
		return 0; /* none can have been made */
	return h->ops->destroy(h, name, main_pid);
}

int cgroup_pids(struct cgroup_host *h, const char *name, int *ret_pids, int n)
{
	return h->ops->pids(h, name, ret_pids, n);
}

/* On v1 a container may be left in one hierarchy alone; it is then listed
 * once for each it is left in, which is harmless: destroying is idempotent. */
void cgroup_list(struct cgroup_host *h, void (*fn)(void *ctx, const char *name),
	void *ctx)
{
	struct dirent *ent;
	size_t i;
	DIR *d;
	int fd;

	for (i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (!h->own[i])
			continue;
		fd = openat(h->fd[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		d = fd >= 0 ? fdopendir(fd) : NULL;
		if (d == NULL)
			continue;
		while ((ent = readdir(d)) != NULL) {
			if (ent->d_type == DT_DIR &&
				cgroup_name_ok(ent->d_name))
				fn(ctx, ent->d_name);
		}
		(void)closedir(d); /* only read from */
	}
}

uint64_t cgroup_mem_bytes(const struct agent_limits *limits)
{
	int64_t mb = limits->mem_mb;

	if (mb < CONTAINER_MEM_MB_MIN)
		mb = CONTAINER_MEM_MB_MIN;
	return (uint64_t)mb << 20;
}

uint64_t cgroup_cfs_quota_us(const struct agent_limits *limits)
{
	int64_t quota = limits->cpu_milli * (CGROUP_CFS_PERIOD_US / 1000);

	return quota < 1000 ? 1000 : (uint64_t)quota;
}

/* Names between slashes that are neither empty nor begin with a dot. */
static bool root_ok(const char *root)
{
	bool first = true; /* of a name */
	size_t i;

	if (strlen(root) > 200)
		return false;
	for (i = 0; root[i] != '\0'; i++) {
		if (first && !name_char_ok(root[i]))
			return false;
		first = root[i] == '/';
		if (!first && root[i] != '.' && !name_char_ok(root[i]))
			return false;
	}
	return !first;
}

static struct cgroup_host *host_new(const char *root)
{
	struct cgroup_host *h = xcalloc(1, sizeof(*h));
	size_t i;

	h->root = xstrdup(root);
	h->oom_epoll = -1;
	for (i = 0; i < CGROUP_CONTROLLERS; i++) {
		h->fd[i] = -1;
		h->mount_fd[i] = -1;
	}
	return h;
}

static int find(struct cgroup_host *h, struct err *e)
{
	char *mount = NULL;
	int version = 0;
	int r = cgroup_init();

	if (r != 0)
		return err_set(e, ERR_UNSUPPORTED, "no cgroups: %s",
			cgroup_strerror(r));
	/* Killing needs the freezer on v1; v2 has it built in. */
	if (cgroup_get_controller_version("memory", &version) == 0 &&
		version == 2) {
		r = cgroup_get_subsys_mount_point("memory", &mount);
		if (r != 0)
			return err_set(e, ERR_UNSUPPORTED, "cgroup v2: %s",
				cgroup_strerror(r));
		r = take_v2(h, mount, e);
		free(mount);
		return r;
	}
	return take_v1(h, e);
}

static int root_open(
	struct cgroup_host *h, size_t i, const char *mount, struct err *e)
{
	h->mount_fd[i] = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->mount_fd[i] < 0)
		return err_set(e, ERR_IO, "cgroup mount '%s': %s", mount,
			strerror(errno));
	h->fd[i] = cgroup_fs_open_dirs(h->mount_fd[i], h->root, e);
	if (h->fd[i] < 0)
		return err_wrap(e, "cgroup mount '%s'", mount);
	h->own[i] = true;
	return 0;
}

static int take_v1(struct cgroup_host *h, struct err *e)
{
	char *mounts[CGROUP_CONTROLLERS] = { NULL };
	struct buf text = BUF_INIT;
	int r = 0;
	size_t i, j;

	buf_add_str(&text, "v1:");
	for (i = 0; i < CGROUP_CONTROLLERS && r == 0; i++) {
		int version = 0;
		const char *name = cgroup_controller_names[i];

		if (cgroup_get_controller_version(name, &version) != 0 ||
			version != 1 ||
			cgroup_get_subsys_mount_point(name, &mounts[i]) != 0)
			continue;
		buf_printf(&text, " %s=%s", name, mounts[i]);
		for (j = 0; j < i; j++) { /* cpu,cpuacct are often one */
			if (mounts[j] != NULL &&
				strcmp(mounts[j], mounts[i]) == 0)
				break;
		}
		if (j < i)
			h->fd[i] = h->fd[j];
		else
			r = root_open(h, i, mounts[i], e);
	}
	for (i = 0; i < CGROUP_CONTROLLERS; i++)
		free(mounts[i]);
	h->describe = buf_steal(&text);
	h->ops = &cgroup_v1_ops;
	h->kind = CGROUP_V1;
	if (r == 0 && h->fd[CGROUP_FREEZER] < 0)
		r = err_set(e, ERR_UNSUPPORTED,
			"no cgroup controller 'freezer' is mounted, nor is cgroup v2 with 'memory'");
	return r;
}

/* Children get controllers only if every directory above enables them. What is
 * not there is left out: the values are written as far as their files exist. */
static void enable_v2(int dir)
{
	static const char *const controllers[] = { "+cpu", "+memory", "+pids" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(controllers); i++)
		(void)cgroup_fs_put(dir, ".", "cgroup.subtree_control",
			controllers[i]); /* what is missing shows in describe */
}

static int take_v2(struct cgroup_host *h, const char *mount, struct err *e)
{
	char enabled[256] = "";
	char *path = xstrdup(h->root);
	char *slash;
	int fd;

	h->kind = CGROUP_V2;
	h->ops = &cgroup_v2_ops;
	if (root_open(h, 0, mount, e) != 0) {
		free(path);
		return -1;
	}
	enable_v2(h->mount_fd[0]);
	for (slash = strchr(path, '/'); slash != NULL;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		fd = openat(h->mount_fd[0], path,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			enable_v2(fd);
			(void)close(fd); /* a directory */
		}
		*slash = '/';
	}
	free(path);
	enable_v2(h->fd[0]);
	(void)cgroup_fs_get(h->fd[0], ".", "cgroup.subtree_control", enabled,
		sizeof(enabled)); /* for the log only */
	enabled[strcspn(enabled, "\n")] = '\0';
	h->describe = xasprintf("v2 at %s: %s", mount,
		enabled[0] != '\0' ? enabled : "no controllers");
	return 0;
}

static int lock_root(struct cgroup_host *h, struct err *e)
{
	int i = h->kind == CGROUP_V1 ? CGROUP_FREEZER : 0;

	if (flock(h->fd[i], LOCK_EX | LOCK_NB) == 0)
		return 0;
	return err_set(e, ERR_CONFLICT,
		"cgroups root '%s' is used by another agent: give each its own (--cgroups_root)",
		h->root);
}
