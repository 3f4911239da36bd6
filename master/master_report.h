/*
 * master_report.h - the master's old endpoints: /state, /state-summary, /slaves,
 * /frameworks, /tasks, /roles and /metrics/snapshot.
 */
#ifndef MASTER_MASTER_REPORT_H
#define MASTER_MASTER_REPORT_H

struct master;
struct master_event;

/* Answers a MASTER_QUERY. */
void master_report(struct master *m, const struct master_event *ev);

#endif
