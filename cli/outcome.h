/*
 * outcome.h - what exit status a task's last state stands for. Pure.
 *
 * A status has no field for it; the executor's message says it in words (Mesos
 * agent, "command executor"): "Command exited with status 3", "Command
 * terminated with signal Killed (core dumped)".
 */
#ifndef CLI_OUTCOME_H
#define CLI_OUTCOME_H

#include "mesos/v1/mesos.pb-c.h"

/* 0 for TASK_FINISHED; the command's own; 128 + n for a signal; else 1. */
int outcome_status(const Mesos__V1__TaskStatus *s);

#endif
