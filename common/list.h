/* list.h - queue(3), and the loop that may remove what it stands on. */
#ifndef COMMON_LIST_H
#define COMMON_LIST_H

#include <sys/queue.h>

#ifndef TAILQ_FOREACH_SAFE
#define TAILQ_FOREACH_SAFE(var, head, field, next)                     \
	for ((var) = TAILQ_FIRST(head);                                \
		(var) != NULL && ((next) = TAILQ_NEXT(var, field), 1); \
		(var) = (next))
#endif

#endif
