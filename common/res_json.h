/*
 * res_json.h - resources as the v0 endpoints show them (/state and its kin).
 */
#ifndef COMMON_RES_JSON_H
#define COMMON_RES_JSON_H

struct json;
struct res;

/*
 * One object: "cpus", "gpus", "mem" and "disk" always, as numbers; other
 * scalars too; ranges and sets as texts ("[31000-32000]", "{a, b}"). Roles,
 * reservations and volumes don't matter; revocable parts are apart, as
 * "cpus_revocable".
 */
void res_json_object(struct json *to, const struct res *r);
/* A list of Resource messages, with both forms of reservations. */
void res_json_list(struct json *to, const struct res *r);

#endif
