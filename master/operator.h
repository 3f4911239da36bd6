/*
 * operator.h - the operator API's calls (POST /api/v1).
 *
 * Each answers 200 with a Response, or says why not. A call that this version
 * doesn't do answers 501 with its name.
 */
#ifndef MASTER_OPERATOR_H
#define MASTER_OPERATOR_H

struct master;
struct master_event;

void operator_call(struct master *m, const struct master_event *ev);

#endif
