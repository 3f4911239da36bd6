/*
 * report_json.h - tables as the JSON of Mesos' old endpoints (/state and its
 * parts), which say `slave` for an agent.
 *
 * Each function writes one value; a key comes before it.
 */
#ifndef MASTER_REPORT_JSON_H
#define MASTER_REPORT_JSON_H

#include <stdbool.h>

struct agent;
struct arena;
struct executor;
struct framework;
struct json;
struct offer;
struct res;
struct task;

/* {"cpus":1.0,...}: cpus, gpus, mem and disk always; ranges and sets as text;
 * revocable parts under NAME_revocable. */
void report_json_resources(struct json *j, const struct res *r);

/* Keys and values of one agent, without braces; full: the lists of whole
 * Resource objects too. */
void report_json_agent(struct json *j, const struct agent *a, bool full);

/* The first keys of a framework, without braces: what /state-summary has. */
void report_json_framework_head(struct json *j, const struct framework *fw);
/* All of it, without braces. */
void report_json_framework(struct json *j, const struct framework *fw);

void report_json_task(struct json *j, const struct task *t);

/* "slave(1)@127.0.0.1:5051", in the arena. */
char *report_json_pid(const struct agent *a, struct arena *arena);

/* "name":seconds, of a wall-clock time; nothing if it is 0. */
void report_json_ktime(struct json *j, const char *name, long long ns);

#endif
