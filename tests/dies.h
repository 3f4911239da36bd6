/*
 * dies.h - for tests of CHECK: whether f(arg) aborts.
 *
 * It runs in a child, whose last words are thrown away.
 */
#ifndef TESTS_DIES_H
#define TESTS_DIES_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

static inline bool dies(void (*f)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		(void)signal(SIGABRT, SIG_DFL); /* cmocka catches it */
		if (null >= 0)
			(void)dup2(null, STDERR_FILENO);
		f(arg);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
		WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
