/*
 * io_random.h - randomness from the kernel: seeds for rooms, ids that must not
 * be guessed. Never fails: without entropy a daemon must not start.
 */
#ifndef COMMON_IO_RANDOM_H
#define COMMON_IO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "common/uuid.h"

void random_bytes(void *to, size_t size);
uint64_t random_seed(void);
/* A version 4 UUID as text. */
void random_uuid(char text[UUID_TEXT_SIZE]);

#endif
