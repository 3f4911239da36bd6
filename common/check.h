/*
 * check.h - assertions that stay on in release builds.
 *
 * CHECK is for our own bugs, never for what a peer, a user, the disk or the
 * kernel can cause: those get an error (err.h). It is better to stop than to
 * hand out the same memory twice; a daemon that stops recovers from its
 * records.
 */
#ifndef COMMON_CHECK_H
#define COMMON_CHECK_H

_Noreturn void check_failed(const char *file, int line, const char *what);

/* One fact per CHECK. */
#define CHECK(fact)                                              \
	do {                                                     \
		if (!(fact))                                     \
			check_failed(__FILE__, __LINE__, #fact); \
	} while (0)

#define UNREACHABLE() check_failed(__FILE__, __LINE__, "unreachable")

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
