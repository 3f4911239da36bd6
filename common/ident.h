/*
 * ident.h - names that others give: roles, and ids of frameworks, tasks,
 * executors, agents and volumes. Rules: Mesos' common/validation and roles
 * (v1 scheduler API, "FrameworkInfo validation").
 */
#ifndef COMMON_IDENT_H
#define COMMON_IDENT_H

#include <stdbool.h>

struct err;

/* "*", or components between slashes. */
int ident_role_check(const char *role, struct err *e);
/* 1 to ID_MAX bytes that can be a file name. what: "task id", for the text. */
int ident_id_check(const char *what, const char *id, struct err *e);
/* Whether `ancestor` is `role` cut off at a slash: "a" of "a/b", not of "a". */
bool ident_role_is_ancestor(const char *ancestor, const char *role);

#endif
