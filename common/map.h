/*
 * map.h - uthash, set up once: out of memory aborts, as everywhere.
 *
 * Include it only in the .c file that owns a table. Iteration is in insertion
 * order, which keeps traces of one seed equal.
 */
#ifndef COMMON_MAP_H
#define COMMON_MAP_H

#include "common/check.h"
#include "common/mem.h"

#define uthash_malloc(size) xmalloc(size)
#define uthash_fatal(msg)   check_failed(__FILE__, __LINE__, msg)
#define HASH_NONFATAL_OOM   0

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <uthash.h>
#pragma GCC diagnostic pop

#endif
