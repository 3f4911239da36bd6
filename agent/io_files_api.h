/*
 * io_files_api.h - the files of tasks over HTTP: /files/browse, /files/read,
 * /files/download, /files/debug, and the calls LIST_FILES and READ_FILE.
 *
 * Paths are those /state shows (the sandbox's), the virtual ones of Mesos
 * ("/frameworks/F/executors/E/runs/latest"), or "/slave/log" for the agent's
 * own log if it writes one. A download is read piece by piece as its client
 * takes it.
 */
#ifndef AGENT_IO_FILES_API_H
#define AGENT_IO_FILES_API_H

#include <stdbool.h>

struct Mesos__V1__Agent__Call;
struct agent;
struct files_api;
struct http_req;
struct http_server;
struct loop;

struct files_api_config {
	struct loop *loop;
	struct agent *agent;
	int root; /* the work directory; borrowed */
	const char *work_dir;
	const char *log_file; /* NULL: stderr */
};

struct files_api *files_api_new(
	const struct files_api_config *c, struct http_server *server);
void files_api_free(struct files_api *f);

void files_api_browse(struct files_api *f, struct http_req *r);
void files_api_read(struct files_api *f, struct http_req *r);
void files_api_download(struct files_api *f, struct http_req *r);
void files_api_debug(struct files_api *f, struct http_req *r);
/* false: it is none of the two calls. The answer's encoding was chosen. */
bool files_api_call(struct files_api *f, struct http_req *r,
	const struct Mesos__V1__Agent__Call *call);

#endif
