/* io_clone.c - see io_clone.h. */
#include "agent/io_clone.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define CLONE_SOCK 3 /* where the child keeps its end */

/* Neither instrumented nor inlined into what is. */
#define BARE                     \
	__attribute__((noinline, \
		no_sanitize("address", "thread", "undefined", "leak")))

/* The kernel's own; libc's is different. */
struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

/* ThreadSanitizer takes every clone() for a fork() and puts its own state in
 * order in the child: under it the child gets a copy. */
#ifdef __SANITIZE_THREAD__
#define SHARE 0
#else
#define SHARE CLONE_VM
#endif

static int child_main(void *arg);

int clone_start(struct clone *c)
{
	return clone(
		child_main, c->stack + CLONE_STACK_SIZE, SHARE | SIGCHLD, c);
}

/* The result as the kernel gives it: -4095 to -1 is an error. */
#if defined(__x86_64__)
BARE static long call(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
BARE static long call(long nr, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
			 : "memory");
	return x0;
}
#else
/* Good but for errno, which the parent may see change. */
BARE static long call(long nr, long a, long b, long c, long d)
{
	long r = syscall(nr, a, b, c, d);

	return r < 0 ? -errno : r;
}
#endif

BARE _Noreturn static void leave(void)
{
	for (;;)
		(void)call(__NR_exit_group, 127, 0, 0, 0);
}

BARE _Noreturn static void fail(int sock, enum clone_stage stage, long result)
{
	struct clone_report r = { (int)stage, (int)-result };

	(void)call(__NR_write, sock, (long)&r, sizeof(r), 0);
	leave();
}

/* Default signals, all let in: an ignored one would outlive exec. */
BARE static void reset_signals(void)
{
	struct kernel_sigaction dfl = { 0 };
	uint64_t none = 0;
	int sig;

	for (sig = 1; sig <= 64; sig++)
		(void)call(__NR_rt_sigaction, sig, (long)&dfl, 0,
			sizeof(dfl.mask)); /* KILL and STOP refuse */
	(void)call(
		__NR_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, sizeof(none));
}

/* Into its cgroups, before it is anything that should be limited. */
BARE static void enter(const struct clone *c)
{
	static const char self[] = "0";
	long fd, r;
	int i;

	for (i = 0; i < c->n_doors; i++) {
		fd = call(__NR_openat, c->doors[i].dir, (long)c->doors[i].path,
			O_WRONLY | O_CLOEXEC, 0);
		r = fd < 0 ? fd : call(__NR_write, fd, (long)self, 1, 0);
		if (fd >= 0)
			(void)call(__NR_close, fd, 0, 0, 0);
		if (r < 0)
			fail(c->sock, CLONE_CGROUP, r);
	}
}

/* Own session, nothing open but 0, 1, 2 and the socket. */
BARE static void set_up(const struct clone *c)
{
	long r = call(__NR_fchdir, c->dir, 0, 0, 0);

	if (r >= 0)
		r = call(__NR_dup3, c->in, 0, 0, 0);
	if (r >= 0)
		r = call(__NR_dup3, c->out, 1, 0, 0);
	if (r >= 0)
		r = call(__NR_dup3, c->err, 2, 0, 0);
	if (c->sock != CLONE_SOCK &&
		call(__NR_dup3, c->sock, CLONE_SOCK, O_CLOEXEC, 0) < 0)
		leave();
	if (r >= 0)
		r = call(__NR_close_range, CLONE_SOCK + 1, UINT_MAX, 0, 0);
	if (r < 0)
		fail(CLONE_SOCK, CLONE_SETUP, r);
	(void)call(__NR_setsid, 0, 0, 0, 0); /* a child is no group leader */
	(void)call(__NR_umask, 022, 0, 0, 0);
	(void)call(__NR_prlimit64, 0, RLIMIT_NOFILE, (long)&c->nofile,
		0); /* only ever lowers */
}

BARE static void switch_user(const struct clone *c)
{
	long r = call(__NR_setgroups, c->n_groups, (long)c->groups, 0, 0);

	if (r == 0)
		r = call(__NR_setresgid, (long)c->gid, (long)c->gid,
			(long)c->gid, 0);
	if (r == 0)
		r = call(__NR_setresuid, (long)c->uid, (long)c->uid,
			(long)c->uid, 0);
	if (r != 0)
		fail(CLONE_SOCK, CLONE_USER, r);
}

BARE static int child_main(void *arg)
{
	const struct clone *c = arg;
	long saved = -ENOENT;
	long r;
	int i;

	enter(c);
	set_up(c);
	if (c->switch_user)
		switch_user(c);
	reset_signals();
	for (i = 0; c->paths[i] != NULL; i++) {
		r = call(__NR_execve, (long)c->paths[i], (long)c->argv,
			(long)c->env, 0);
		if (r == -EACCES)
			saved = r; /* there, but not for us */
		else if (r != -ENOENT && r != -ENOTDIR)
			fail(CLONE_SOCK, CLONE_EXEC, r);
	}
	fail(CLONE_SOCK, CLONE_EXEC, saved);
}
