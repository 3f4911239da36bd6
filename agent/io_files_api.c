/* io_files_api.c - see io_files_api.h. */
#include "agent/io_files_api.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/io_files.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_http.h"
#include "common/io_loop.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "mesos/v1/agent/agent.pb-c.h"

#define DOWNLOAD_MAGIC	  0xd0a410adu
#define DOWNLOAD_DRAIN_MS 10 /* between two looks at a slow client */
#define LOG_PATH	  "/slave/log"

/* A request that waits for its file. */
struct lookup {
	TAILQ_ENTRY(lookup) next;
	struct files_api *f;
	char *path; /* as the client named it */
	uint64_t offset;
	bool at_end; /* only where the file ends is asked for */
	bool v1;
};

struct download {
	unsigned magic;
	TAILQ_ENTRY(download) next;
	struct files_api *f;
	uint64_t request;
	char *name;
	int fd; /* -1: a read has it */
	uint64_t offset;
	bool open; /* the head is sent */
	struct event *timer;
};

struct files_api {
	struct files_api_config c;
	struct http_server *server;
	struct files *files;
	TAILQ_HEAD(, lookup) lookups;
	TAILQ_HEAD(, download) downloads;
};

static void download_free(struct download *d);
static void lookup_free(struct lookup *l);

struct files_api *files_api_new(
	const struct files_api_config *c, struct http_server *server)
{
	struct files_api *f = xcalloc(1, sizeof(*f));

	f->c = *c;
	f->server = server;
	f->files = files_new(loop_base(c->loop), c->root);
	TAILQ_INIT(&f->lookups);
	TAILQ_INIT(&f->downloads);
	return f;
}

void files_api_free(struct files_api *f)
{
	struct download *d;
	struct lookup *l;

	if (f == NULL)
		return;
	files_free(f->files);
	while ((d = TAILQ_FIRST(&f->downloads)) != NULL)
		download_free(d);
	while ((l = TAILQ_FIRST(&f->lookups)) != NULL)
		lookup_free(l);
	free(f);
}

/* --- answers ------------------------------------------------------------- */

static int status_of(const struct err *e)
{
	switch ((int)e->code) {
	case ERR_NOT_FOUND:
		return 404;
	case ERR_DENIED:
		return 403;
	case ERR_INVALID:
	case ERR_LIMIT:
		return 400;
	default:
		return 500;
	}
}

static void answer_text(
	struct files_api *f, uint64_t request, int status, const char *text)
{
	outbox_reply_text(
		loop_outbox(f->c.loop), request, status, "%s\n", text);
	loop_turn(f->c.loop);
}

static void answer_json(struct files_api *f, uint64_t request, struct buf *text)
{
	outbox_reply_json(
		loop_outbox(f->c.loop), request, buf_str(text), text->size);
	loop_turn(f->c.loop);
	buf_fini(text);
}

static void answer_message(
	struct files_api *f, uint64_t request, Mesos__V1__Agent__Response *msg)
{
	msg->has_type = 1;
	outbox_reply(loop_outbox(f->c.loop), request, 200, &msg->base);
	loop_turn(f->c.loop);
}

/* --- what is asked for --------------------------------------------------- */

static struct lookup *lookup_new(struct files_api *f, const char *path)
{
	struct lookup *l = xcalloc(1, sizeof(*l));
	size_t size = strlen(path);

	l->f = f;
	while (size > 1 && path[size - 1] == '/')
		size--;
	l->path = xstrndup(path, size);
	TAILQ_INSERT_TAIL(&f->lookups, l, next);
	return l;
}

static void lookup_free(struct lookup *l)
{
	TAILQ_REMOVE(&l->f->lookups, l, next);
	free(l->path);
	free(l);
}

/* Fills in where the path leads. false: answered, it is unknown. */
static bool place(struct files_api *f, const char *path, uint64_t request,
	struct files_call *call)
{
	const char *log = f->c.log_file;

	call->fd = -1;
	call->request = request;
	if (strcmp(path, LOG_PATH) == 0 && log != NULL) {
		call->path = log;
		call->trusted = true;
		return true;
	}
	call->path = agent_file_path(f->c.agent, path, loop_outbox(f->c.loop));
	loop_turn(f->c.loop); /* the path is in its arena */
	if (call->path != NULL)
		return true;
	outbox_reply_text(
		loop_outbox(f->c.loop), request, 404, "'%s' not found\n", path);
	return false;
}

/* The path of the query; NULL: answered. */
static const char *path_asked(struct files_api *f, struct http_req *r)
{
	const char *path = http_req_query(r, "path");

	if (path == NULL || path[0] == '\0') {
		answer_text(f, http_req_id(r), 400,
			"Expecting 'path=value' in query.");
		return NULL;
	}
	return path;
}

/* A number of the query; -1 where absent. false: answered. */
static bool number_asked(
	struct files_api *f, struct http_req *r, const char *name, int64_t *ret)
{
	const char *text = http_req_query(r, name);
	struct outbox *o = loop_outbox(f->c.loop);
	char *end;

	*ret = -1;
	if (text == NULL)
		return true;
	errno = 0;
	*ret = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		outbox_reply_text(o, http_req_id(r), 400,
			"Failed to parse %s: '%.64s' is not a number.\n", name,
			text);
	else if (*ret < -1)
		outbox_reply_text(o, http_req_id(r), 400,
			"Negative %s provided: %lld.\n", name, (long long)*ret);
	else
		return true;
	loop_turn(f->c.loop);
	return false;
}

/* --- listings ------------------------------------------------------------ */

static char *entry_path(struct arena *a, const char *dir, const char *name)
{
	return arena_printf(a, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name);
}

static void list_json(
	struct lookup *l, uint64_t request, const struct files_result *result)
{
	struct arena *a = &loop_outbox(l->f->c.loop)->arena;
	struct buf text = BUF_INIT;
	struct json j;
	char mode[11];
	size_t i;

	json_init(&j, &text);
	json_arr_begin(&j);
	for (i = 0; i < result->n_entries; i++) {
		const struct files_entry *ent = &result->entries[i];

		files_mode_text(ent->mode, mode);
		json_obj_begin(&j);
		json_kstr(&j, "gid", ent->group);
		json_kstr(&j, "mode", mode);
		json_kint(&j, "mtime", ent->mtime_s);
		json_kint(&j, "nlink", (int64_t)ent->nlink);
		json_kstr(&j, "path", entry_path(a, l->path, ent->name));
		json_kint(&j, "size", (int64_t)ent->size);
		json_kstr(&j, "uid", ent->user);
		json_obj_end(&j);
	}
	json_arr_end(&j);
	answer_json(l->f, request, &text);
}

static void list_message(
	struct lookup *l, uint64_t request, const struct files_result *result)
{
	struct arena *a = &loop_outbox(l->f->c.loop)->arena;
	Mesos__V1__Agent__Response msg = MESOS__V1__AGENT__RESPONSE__INIT;
	Mesos__V1__Agent__Response__ListFiles list =
		MESOS__V1__AGENT__RESPONSE__LIST_FILES__INIT;
	size_t i;

	list.file_infos =
		arena_alloc(a, (result->n_entries + 1) * sizeof(void *));
	for (i = 0; i < result->n_entries; i++) {
		const struct files_entry *ent = &result->entries[i];
		Mesos__V1__FileInfo *info = arena_alloc(a, sizeof(*info));
		Mesos__V1__TimeInfo *mtime = arena_alloc(a, sizeof(*mtime));

		mesos__v1__file_info__init(info);
		mesos__v1__time_info__init(mtime);
		mtime->nanoseconds = ent->mtime_s * 1000000000;
		info->path = entry_path(a, l->path, ent->name);
		info->has_nlink = info->has_size = info->has_mode = 1;
		info->nlink = (int32_t)ent->nlink;
		info->size = ent->size;
		info->mode = ent->mode;
		info->mtime = mtime;
		info->uid = ent->user;
		info->gid = ent->group;
		list.file_infos[list.n_file_infos++] = info;
	}
	msg.type = MESOS__V1__AGENT__RESPONSE__TYPE__LIST_FILES;
	msg.list_files = &list;
	answer_message(l->f, request, &msg);
}

static void on_listed(void *ctx, uint64_t request, struct files_result *result)
{
	struct lookup *l = ctx;

	if (result->err != NULL)
		answer_text(l->f, request, status_of(result->err),
			result->err->text);
	else if (l->v1)
		list_message(l, request, result);
	else
		list_json(l, request, result);
	lookup_free(l);
}

static void list(struct files_api *f, struct lookup *l, uint64_t request)
{
	struct files_call call = {
		.what = FILES_LIST, .done = on_listed, .ctx = l
	};

	if (place(f, l->path, request, &call))
		files_submit(f->files, &call);
	else
		lookup_free(l);
}

void files_api_browse(struct files_api *f, struct http_req *r)
{
	const char *path = path_asked(f, r);

	if (path != NULL)
		list(f, lookup_new(f, path), http_req_id(r));
}

/* --- reads --------------------------------------------------------------- */

/* How many bytes at the end begin a character whose rest was cut off: they come
 * with the next read, or the text would be torn. */
static size_t torn(const uint8_t *data, size_t size)
{
	size_t i, want;

	for (i = 1; i <= 3 && i <= size; i++) {
		uint8_t c = data[size - i];

		if ((c & 0xc0) == 0x80)
			continue; /* a later byte of one */
		want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
		return i < want && i < size ? i : 0;
	}
	return 0;
}

static void read_json(
	struct lookup *l, uint64_t request, const struct files_result *result)
{
	struct buf text = BUF_INIT;
	size_t size = result->size;
	struct json j;

	if (l->offset + size < result->file_size)
		size -= torn(result->data, size);
	json_init(&j, &text);
	json_obj_begin(&j);
	json_key(&j, "data");
	json_strn(&j, size > 0 ? (const char *)result->data : "", size);
	json_kint(&j, "offset",
		(int64_t)(l->at_end ? result->file_size : l->offset));
	json_obj_end(&j);
	answer_json(l->f, request, &text);
}

static void read_message(
	struct lookup *l, uint64_t request, const struct files_result *result)
{
	struct arena *a = &loop_outbox(l->f->c.loop)->arena;
	Mesos__V1__Agent__Response msg = MESOS__V1__AGENT__RESPONSE__INIT;
	Mesos__V1__Agent__Response__ReadFile file =
		MESOS__V1__AGENT__RESPONSE__READ_FILE__INIT;

	file.size = result->file_size;
	file.data.len = result->size;
	if (result->size > 0)
		file.data.data = arena_memdup(a, result->data, result->size);
	msg.type = MESOS__V1__AGENT__RESPONSE__TYPE__READ_FILE;
	msg.read_file = &file;
	answer_message(l->f, request, &msg);
}

static void on_read(void *ctx, uint64_t request, struct files_result *result)
{
	struct lookup *l = ctx;

	if (result->err != NULL)
		answer_text(l->f, request, status_of(result->err),
			result->err->text);
	else if (l->v1)
		read_message(l, request, result);
	else
		read_json(l, request, result);
	lookup_free(l);
}

/* length over FILES_READ_MAX means that. */
static void read_piece(struct files_api *f, struct lookup *l, uint64_t request,
	uint64_t length)
{
	struct files_call call = {
		.what = FILES_READ,
		.offset = l->offset,
		.length = length < FILES_READ_MAX ? (size_t)length
						  : FILES_READ_MAX,
		.done = on_read,
		.ctx = l,
	};

	if (l->at_end)
		call.length = 0;
	if (place(f, l->path, request, &call))
		files_submit(f->files, &call);
	else
		lookup_free(l);
}

void files_api_read(struct files_api *f, struct http_req *r)
{
	const char *path = path_asked(f, r);
	int64_t offset, length;
	struct lookup *l;

	if (path == NULL || !number_asked(f, r, "offset", &offset) ||
		!number_asked(f, r, "length", &length))
		return;
	l = lookup_new(f, path);
	l->at_end = offset == -1;
	l->offset = l->at_end ? 0 : (uint64_t)offset;
	read_piece(f, l, http_req_id(r),
		length == -1 ? FILES_READ_MAX : (uint64_t)length);
}

bool files_api_call(struct files_api *f, struct http_req *r,
	const struct Mesos__V1__Agent__Call *call)
{
	uint64_t id = http_req_id(r);
	struct lookup *l;

	switch ((int)call->type) {
	case MESOS__V1__AGENT__CALL__TYPE__LIST_FILES:
		if (call->list_files == NULL) {
			answer_text(f, id, 400,
				"Expecting 'list_files' to be present");
			return true;
		}
		l = lookup_new(f, call->list_files->path);
		l->v1 = true;
		list(f, l, id);
		return true;
	case MESOS__V1__AGENT__CALL__TYPE__READ_FILE:
		if (call->read_file == NULL) {
			answer_text(f, id, 400,
				"Expecting 'read_file' to be present");
			return true;
		}
		l = lookup_new(f, call->read_file->path);
		l->v1 = true;
		l->offset = call->read_file->offset;
		read_piece(f, l, id,
			call->read_file->has_length ? call->read_file->length
						    : FILES_READ_MAX);
		return true;
	default:
		return false;
	}
}

void files_api_debug(struct files_api *f, struct http_req *r)
{
	struct arena *a = &loop_outbox(f->c.loop)->arena;
	struct buf text = BUF_INIT;
	const char *runs = arena_printf(a, "%s/slaves", f->c.work_dir);
	struct json j;

	json_init(&j, &text);
	json_obj_begin(&j);
	if (f->c.log_file != NULL)
		json_kstr(&j, LOG_PATH, f->c.log_file);
	json_kstr(&j, runs, runs);
	json_obj_end(&j);
	answer_json(f, http_req_id(r), &text);
}

/* --- downloads ----------------------------------------------------------- */

static void download_free(struct download *d)
{
	TAILQ_REMOVE(&d->f->downloads, d, next);
	if (d->fd >= 0)
		(void)close(d->fd); /* only read from */
	event_free(d->timer);
	free(d->name);
	d->magic = 0;
	free(d);
}

static struct download *download_cast(void *ctx)
{
	struct download *d = ctx;

	CHECK(d->magic == DOWNLOAD_MAGIC);
	return d;
}

/* attachment; filename="...": with nothing in it that would end the quotes. */
static char *disposition(struct arena *a, const char *name)
{
	char *text = arena_printf(a, "attachment; filename=\"%s\"", name);
	char *at = strchr(text, '"') + 1;
	char *end = text + strlen(text) - 1;

	for (; at < end; at++) {
		if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ' ||
			*at == 0x7f)
			*at = '_';
	}
	return text;
}

static void on_chunk(void *ctx, uint64_t request, struct files_result *result);

static void chunk_next(struct download *d)
{
	struct files_call call = {
		.what = FILES_READ,
		.fd = d->fd,
		.offset = d->offset,
		.length = FILES_CHUNK_MAX,
		.done = on_chunk,
		.ctx = d,
		.request = d->request,
	};

	d->fd = -1;
	files_submit(d->f->files, &call);
}

/* Goes on when the client has taken most of what it was sent. */
static void on_drain(evutil_socket_t fd, short what, void *arg)
{
	struct download *d = download_cast(arg);
	struct timeval wait = { 0, DOWNLOAD_DRAIN_MS * 1000 };

	(void)fd, (void)what; /* a timer */
	if (http_req_find(d->f->server, d->request) == NULL)
		download_free(d);
	else if (http_stream_queued(d->f->server, d->request) >
		FILES_DOWNLOAD_QUEUE)
		CHECK(evtimer_add(d->timer, &wait) == 0);
	else
		chunk_next(d);
}

static void send_chunk(struct download *d, const struct files_result *result)
{
	struct http_server *s = d->f->server;
	const char *type = files_media_type(d->name);
	struct arena *a = &loop_outbox(d->f->c.loop)->arena;
	bool last = result->size < FILES_CHUNK_MAX;
	const struct http_header headers[] = {
		{ "Content-Disposition", disposition(a, d->name) },
		{ NULL, NULL },
	};

	loop_turn(d->f->c.loop); /* the header is in its arena */
	if (!d->open && last) {
		http_reply(s, d->request, 200, type, headers, result->data,
			result->size);
	} else {
		if (!d->open)
			http_stream_open(s, d->request, 200, type, headers);
		d->open = true;
		http_stream_send(s, d->request, result->data, result->size);
		if (last)
			http_stream_close(s, d->request);
	}
	d->offset += result->size;
	if (last)
		download_free(d);
	else
		on_drain(-1, 0, d);
}

static void on_chunk(void *ctx, uint64_t request, struct files_result *result)
{
	struct download *d = download_cast(ctx);

	d->fd = result->fd;
	result->fd = -1;
	if (result->err == NULL) {
		send_chunk(d, result);
		return;
	}
	/* A file that can't be read to its end: what was sent is all there is. */
	if (!d->open)
		answer_text(d->f, request, status_of(result->err),
			result->err->text);
	else
		http_stream_close(d->f->server, request);
	download_free(d);
}

void files_api_download(struct files_api *f, struct http_req *r)
{
	const char *path = path_asked(f, r);
	struct files_call call = {
		.what = FILES_READ, .length = FILES_CHUNK_MAX, .done = on_chunk
	};
	struct download *d;
	const char *name;

	if (path == NULL || !place(f, path, http_req_id(r), &call))
		return;
	name = strrchr(path, '/');
	d = xcalloc(1, sizeof(*d));
	d->magic = DOWNLOAD_MAGIC;
	d->f = f;
	d->request = http_req_id(r);
	d->name = xstrdup(name != NULL ? name + 1 : path);
	d->fd = -1;
	d->timer = evtimer_new(loop_base(f->c.loop), on_drain, d);
	CHECK(d->timer != NULL);
	TAILQ_INSERT_TAIL(&f->downloads, d, next);
	call.ctx = d;
	files_submit(f->files, &call);
}
