/* io_files_cmd.c - see io_files_cmd.h. */
#include "cli/io_files_cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "butte/scheduler.h"
#include "cli/age.h"
#include "cli/args.h"
#include "cli/io_cluster.h"
#include "cli/io_follow.h"
#include "cli/io_out.h"
#include "cli/table.h"
#include "cli/tail.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

#define PIECE	 (64 * 1024)
#define TAIL_MAX (1024 * 1024) /* how far back --tail looks */
/* How often the master is asked whether a task that is followed has ended. */
#define ENDED_SECONDS 2

/* What a command works on. */
struct source {
	struct cluster cluster;
	const Mesos__V1__Task *task;
	struct client_agent agent;
	char *path;
};

static void source_fini(struct source *s)
{
	cluster_fini(&s->cluster);
}

static int source_init(
	struct source *s, const struct args *a, const char *file, struct err *e)
{
	struct cluster *c = &s->cluster;

	if (cluster_init(c, a, e) != 0 || cluster_look(c, e) != 0)
		return -1;
	s->task = census_pick_task(&c->census, a->operands[0], e);
	if (s->task == NULL || cluster_agent(c, s->task, &s->agent, e) != 0)
		return -1;
	s->path = cluster_path(c, s->task, file);
	return 0;
}

/* One piece; the answer lives in the arena. NULL: e. */
static const Mesos__V1__Agent__Response__ReadFile *read_piece(struct source *s,
	struct arena *a, uint64_t offset, uint64_t length, struct err *e)
{
	Mesos__V1__Agent__Call call = MESOS__V1__AGENT__CALL__INIT;
	Mesos__V1__Agent__Call__ReadFile read =
		MESOS__V1__AGENT__CALL__READ_FILE__INIT;
	const Mesos__V1__Agent__Response *r;

	read.path = s->path;
	read.offset = offset;
	read.has_length = true;
	read.length = length;
	call.has_type = true;
	call.type = MESOS__V1__AGENT__CALL__TYPE__READ_FILE;
	call.read_file = &read;
	r = client_agent_call(s->cluster.client, &s->agent, a, &call, e);
	if (r != NULL && r->read_file == NULL)
		(void)err_set(e, ERR_IO, "the agent's answer has no data");
	return r != NULL ? r->read_file : NULL;
}

/* All of it, from offset on. */
static int copy(struct source *s, uint64_t offset, FILE *to, struct err *e)
{
	struct arena a;
	int r = -1;

	arena_init(&a);
	for (;;) {
		const Mesos__V1__Agent__Response__ReadFile *p;

		arena_reset(&a);
		p = read_piece(s, &a, offset, PIECE, e);
		if (p == NULL)
			break;
		if (p->data.len == 0) {
			r = 0;
			break;
		}
		offset += p->data.len;
		if (fwrite(p->data.data, 1, p->data.len, to) != p->data.len) {
			(void)err_set(e, ERR_IO, "write: %s", strerror(errno));
			break;
		}
	}
	arena_fini(&a);
	return r;
}

/* --- logs ---------------------------------------------------------------- */

/* Where the last n lines begin. */
static int find_tail(
	struct source *s, uint64_t lines, uint64_t *ret, struct err *e)
{
	struct buf b = BUF_INIT;
	struct arena a;
	uint64_t from = 0;
	const Mesos__V1__Agent__Response__ReadFile *p;

	arena_init(&a);
	p = read_piece(s, &a, 0, 1, e);
	if (p != NULL && p->size > TAIL_MAX)
		from = p->size - TAIL_MAX;
	while (p != NULL) {
		arena_reset(&a);
		p = read_piece(s, &a, from + b.size, PIECE, e);
		if (p == NULL || p->data.len == 0)
			break;
		buf_add(&b, p->data.data, p->data.len);
	}
	*ret = from + tail_begin((const uint8_t *)buf_str(&b), b.size, lines);
	buf_fini(&b);
	arena_fini(&a);
	return p != NULL ? 0 : -1;
}

struct following {
	struct follow *follow;
	bool done;
	struct err err;
};

static void on_data(void *ctx, const uint8_t *data, size_t size)
{
	(void)ctx;
	(void)fwrite(data, 1, size, stdout);
	(void)fflush(stdout);
}

static void on_done(void *ctx, const struct err *why)
{
	struct following *f = ctx;

	f->done = true;
	if (why != NULL)
		f->err = *why;
}

/* Asks the master again; if it can't say, the task goes on. */
static bool has_ended(struct source *s, const char *id)
{
	const Mesos__V1__Task *t;

	if (cluster_look(&s->cluster, NULL) != 0)
		return false;
	t = census_pick_task(&s->cluster.census, id, NULL);
	return t == NULL || butte_state_is_terminal(t->state);
}

static int follow(struct source *s, uint64_t offset, struct err *e)
{
	static const struct follow_ops ops = { on_data, on_done };
	CLEANUP(mem_freep) char *id = xstrdup(s->task->task_id->value);
	CLEANUP(mem_freep) char *path = xstrdup(s->path);
	struct event_base *base = client_base(s->cluster.client);
	struct following f = { NULL, false, { ERR_NONE, "" } };
	bool ended = butte_state_is_terminal(s->task->state);

	f.follow = follow_new(
		s->cluster.client, &s->agent, path, offset, &ops, &f);
	if (ended)
		follow_finish(f.follow);
	while (!f.done) {
		struct timeval pause = { ENDED_SECONDS, 0 };

		(void)event_base_loopexit(base, &pause);
		if (event_base_loop(base, 0) < 0)
			break;
		if (f.done || ended || !has_ended(s, id))
			continue;
		ended = true;
		follow_finish(f.follow);
	}
	follow_free(f.follow);
	if (f.err.code == ERR_NONE)
		return 0;
	return err_set(e, f.err.code, "%s", f.err.text);
}

int files_cmd_logs(const struct args *a, struct err *e)
{
	CLEANUP(source_fini) struct source s = { 0 };
	const char *file = args_has(a, "stderr") ? "stderr" : "stdout";
	uint64_t offset = 0;

	if (source_init(&s, a, file, e) != 0)
		return -1;
	if (args_has(a, "tail") &&
		find_tail(&s, args_number(a, "tail", 0), &offset, e) != 0)
		return err_wrap(e, "'%s'", s.path);
	if (args_has(a, "follow"))
		return follow(&s, offset, e);
	if (copy(&s, offset, stdout, e) != 0)
		return err_wrap(e, "'%s'", s.path);
	return 0;
}

/* --- files --------------------------------------------------------------- */

int files_cmd_cat(const struct args *a, struct err *e)
{
	CLEANUP(source_fini) struct source s = { 0 };

	if (source_init(&s, a, a->operands[1], e) != 0)
		return -1;
	if (copy(&s, 0, stdout, e) != 0)
		return err_wrap(e, "'%s'", a->operands[1]);
	return 0;
}

/* "." and other folders: under the file's own name. */
static char *target_path(const char *target, const char *source)
{
	const char *name = strrchr(source, '/');
	struct stat st;

	if (stat(target, &st) != 0 || !S_ISDIR(st.st_mode))
		return xstrdup(target);
	return xasprintf("%s/%s", target, name != NULL ? name + 1 : source);
}

int files_cmd_cp(const struct args *a, struct err *e)
{
	CLEANUP(source_fini) struct source s = { 0 };
	CLEANUP(mem_freep) char *path = NULL;
	CLEANUP(mem_freep) char *beside = NULL;
	FILE *to;
	int r;

	if (source_init(&s, a, a->operands[1], e) != 0)
		return -1;
	path = target_path(a->operands[2], a->operands[1]);
	beside = xasprintf("%s.part", path);
	to = fopen(beside, "we");
	if (to == NULL)
		return err_set(e, ERR_IO, "'%s' can't be written: %s", beside,
			strerror(errno));
	r = copy(&s, 0, to, e);
	if (r != 0)
		(void)err_wrap(e, "'%s'", a->operands[1]);
	if (fclose(to) != 0 && r == 0)
		r = err_set(e, ERR_IO, "'%s' can't be written: %s", beside,
			strerror(errno));
	if (r == 0 && rename(beside, path) != 0)
		r = err_set(e, ERR_IO, "'%s' can't be written: %s", path,
			strerror(errno));
	if (r != 0)
		(void)unlink(beside);
	return r;
}

static void mode_text(char text[11], uint32_t mode)
{
	static const char letters[] = "rwxrwxrwx";

	text[0] = S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : '-';
	for (int i = 0; i < 9; i++)
		text[1 + i] = mode & (0400u >> i) ? letters[i] : '-';
	text[10] = '\0';
}

static void file_row(struct table *t, const Mesos__V1__FileInfo *f)
{
	const char *name = strrchr(f->path, '/');
	char text[AGE_TEXT_MAX];

	table_add(t, name != NULL ? name + 1 : f->path);
	table_addf(t, "%llu", (unsigned long long)(f->has_size ? f->size : 0));
	mode_text(text, f->has_mode ? f->mode : 0);
	table_add(t, text);
	table_add(t, f->uid);
	age_date(text,
		f->mtime != NULL ? f->mtime->nanoseconds / 1000000000 : 0);
	table_add(t, text);
}

int files_cmd_ls(const struct args *a, struct err *e)
{
	static const struct table_column columns[] = {
		{ "NAME", false, false },
		{ "SIZE", true, false },
		{ "MODE", false, false },
		{ "OWNER", false, false },
		{ "CHANGED", false, false },
		{ NULL },
	};
	CLEANUP(source_fini) struct source s = { 0 };
	Mesos__V1__Agent__Call call = MESOS__V1__AGENT__CALL__INIT;
	Mesos__V1__Agent__Call__ListFiles ls =
		MESOS__V1__AGENT__CALL__LIST_FILES__INIT;
	const Mesos__V1__Agent__Response *r;
	struct table t;
	struct out o;

	if (out_init(&o, a, e) != 0 ||
		source_init(&s, a, a->n_operands > 1 ? a->operands[1] : NULL,
			e) != 0)
		return -1;
	ls.path = s.path;
	call.has_type = true;
	call.type = MESOS__V1__AGENT__CALL__TYPE__LIST_FILES;
	call.list_files = &ls;
	r = client_agent_call(
		s.cluster.client, &s.agent, &s.cluster.arena, &call, e);
	if (r == NULL)
		return -1;
	if (r->list_files == NULL)
		return err_set(e, ERR_IO, "the agent's answer has no files");
	table_init(&t, columns);
	for (size_t i = 0; i < r->list_files->n_file_infos; i++)
		file_row(&t, r->list_files->file_infos[i]);
	out_list(&o, &t, &r->list_files->base);
	table_fini(&t);
	return 0;
}
