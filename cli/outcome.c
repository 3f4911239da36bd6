/* outcome.c - see outcome.h. */
#include "cli/outcome.h"

#include <string.h>

#include "cli/args.h"
#include "common/check.h"

/* strsignal()'s texts, which the executor uses; x86 and arm Linux. */
static const char *const signals[] = {
	NULL,
	"Hangup",
	"Interrupt",
	"Quit",
	"Illegal instruction",
	"Trace/breakpoint trap",
	"Aborted",
	"Bus error",
	"Floating point exception",
	"Killed",
	"User defined signal 1",
	"Segmentation fault",
	"User defined signal 2",
	"Broken pipe",
	"Alarm clock",
	"Terminated",
	"Stack fault",
	"Child exited",
	"Continued",
	"Stopped (signal)",
	"Stopped",
	"Stopped (tty input)",
	"Stopped (tty output)",
	"Urgent I/O condition",
	"CPU time limit exceeded",
	"File size limit exceeded",
	"Virtual timer expired",
	"Profiling timer expired",
	"Window changed",
	"I/O possible",
	"Power failure",
	"Bad system call",
};

static const char *after(const char *text, const char *prefix)
{
	const char *at = strstr(text, prefix);

	return at != NULL ? at + strlen(prefix) : NULL;
}

/* The longest name that fits: "Stopped" begins three of them. */
static int signal_of(const char *text)
{
	size_t best = 0;
	int found = -1;

	for (size_t i = 1; i < ARRAY_LEN(signals); i++) {
		size_t n = strlen(signals[i]);

		if (n > best && strncmp(text, signals[i], n) == 0) {
			best = n;
			found = (int)i;
		}
	}
	return found;
}

int outcome_status(const Mesos__V1__TaskStatus *s)
{
	const char *text = s->message != NULL ? s->message : "";
	const char *status = after(text, "exited with status ");
	const char *signal = after(text, "terminated with signal ");

	if (s->state == MESOS__V1__TASK_STATE__TASK_FINISHED)
		return 0;
	if (status != NULL) {
		int n = 0;

		while (*status >= '0' && *status <= '9' && n < 256)
			n = n * 10 + (*status++ - '0');
		/* It was killed, although it ended well. */
		return n > 0 && n < 256 ? n : 1;
	}
	if (signal != NULL && signal_of(signal) > 0)
		return 128 + signal_of(signal);
	return 1;
}
