/* tail.h - where the last n lines of some bytes begin. Pure. */
#ifndef CLI_TAIL_H
#define CLI_TAIL_H

#include <stddef.h>
#include <stdint.h>

/* A last line without '\n' counts. 0 if there are fewer. */
size_t tail_begin(const uint8_t *data, size_t size, uint64_t lines);

#endif
