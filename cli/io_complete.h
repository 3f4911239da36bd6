/*
 * io_complete.h - `butte __complete WORD...`: for the shells' completion.
 *
 * Prints what the last word can become, a line each; exit status 3: a file of
 * this machine. Asks the cluster for ids, but not for longer than a second, and
 * never says what went wrong: somebody is typing.
 */
#ifndef CLI_IO_COMPLETE_H
#define CLI_IO_COMPLETE_H

#include <stddef.h>

#define COMPLETE_STATUS_FILES 3

int complete_command(char **words, size_t n);

#endif
