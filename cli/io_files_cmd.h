/* io_files_cmd.h - `butte task logs` and `butte task files`: what tasks wrote.
 * Each returns the exit status, or -1 and e. */
#ifndef CLI_IO_FILES_CMD_H
#define CLI_IO_FILES_CMD_H

struct args;
struct err;

int files_cmd_logs(const struct args *a, struct err *e);
int files_cmd_ls(const struct args *a, struct err *e);
int files_cmd_cat(const struct args *a, struct err *e);
int files_cmd_cp(const struct args *a, struct err *e);

#endif
