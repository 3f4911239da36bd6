/*
 * agent_file.c - see agent_file_path() in agent.h: which paths of the files API
 * lead to sandboxes.
 */
#include <string.h>

#include "agent/agent.h"
#include "agent/hold.h"
#include "common/arena.h"
#include "common/mem.h"
#include "common/outbox.h"

#define LATEST "latest"

/* Names between slashes, as far as they are ours, and the rest. */
struct parts {
	char *framework, *executor, *run;
	const char *rest; /* "" or "/..." */
};

static bool parse(
	struct parts *p, const char *path, bool real, struct arena *mem);
static char *directory_of(
	const struct agent *a, const struct parts *p, struct arena *mem);
static const struct framework *framework_any(
	const struct agent *a, const char *id);
static const struct sandbox *sandbox_find(
	const struct agent *a, const struct parts *p, struct arena *mem);

const char *agent_file_path(
	const struct agent *a, const char *path, struct outbox *out)
{
	struct arena *mem = &out->arena;
	size_t work = strlen(a->cfg->work_dir);
	struct parts p;
	char *directory;

	if (strstr(path, "/../") != NULL || a->id == NULL)
		return NULL;
	if (strncmp(path, a->cfg->work_dir, work) == 0 && path[work] == '/') {
		if (!parse(&p, path + work, true, mem))
			return NULL;
	} else if (!parse(&p, path, false, mem)) {
		return NULL;
	}
	directory = directory_of(a, &p, mem);
	if (directory == NULL)
		return NULL;
	return arena_printf(mem, "%s%s", directory, p.rest);
}

/* Takes "/name" off the front; NULL if it is another. */
static const char *word(const char *path, const char *name)
{
	size_t n = strlen(name);

	if (path == NULL || path[0] != '/' || strncmp(path + 1, name, n) != 0 ||
		path[1 + n] != '/')
		return NULL;
	return path + 1 + n;
}

static const char *name(const char *path, char **ret, struct arena *mem)
{
	size_t n;

	if (path == NULL || path[0] != '/')
		return NULL;
	n = strcspn(path + 1, "/");
	if (n == 0)
		return NULL;
	*ret = arena_strndup(mem, path + 1, n);
	return path + 1 + n;
}

static bool parse(
	struct parts *p, const char *path, bool real, struct arena *mem)
{
	char *agent_id;

	if (real)
		path = name(word(path, "slaves"), &agent_id, mem);
	path = name(word(path, "frameworks"), &p->framework, mem);
	path = name(word(path, "executors"), &p->executor, mem);
	path = name(word(path, "runs"), &p->run, mem);
	p->rest = path;
	return path != NULL;
}

/* Of a run that is there: among the living, the remembered, and those that
 * only wait for their removal. */
static char *directory_of(
	const struct agent *a, const struct parts *p, struct arena *mem)
{
	const struct framework *f = framework_any(a, p->framework);
	bool latest = strcmp(p->run, LATEST) == 0;
	const struct executor *e = NULL;
	const struct sandbox *s;

	if (f != NULL) {
		e = hold_executor_find(f, p->executor);
		if (e == NULL ||
			(!latest && strcmp(e->container_id, p->run) != 0))
			TAILQ_FOREACH_REVERSE(
				e, &f->completed, executor_list, next)
		if (strcmp(e->id, p->executor) == 0 &&
			(latest || strcmp(e->container_id, p->run) == 0))
			break;
	}
	if (e != NULL)
		return hold_directory(a, e, mem);
	s = sandbox_find(a, p, mem);
	return s != NULL ? arena_strdup(mem, s->directory) : NULL;
}

static const struct framework *framework_any(
	const struct agent *a, const char *id)
{
	const struct framework *f = hold_framework_find(a, id);

	if (f != NULL)
		return f;
	TAILQ_FOREACH (f, &a->completed, next)
		if (strcmp(f->id, id) == 0)
			return f;
	return NULL;
}

/* After a restart only the directories of ended runs are known. */
static const struct sandbox *sandbox_find(
	const struct agent *a, const struct parts *p, struct arena *mem)
{
	const char *middle = arena_printf(mem,
		"/frameworks/%s/executors/%s/runs/%s", p->framework,
		p->executor, strcmp(p->run, LATEST) == 0 ? "" : p->run);
	const struct sandbox *s, *found = NULL;

	STAILQ_FOREACH(s, &a->sandboxes, next)
	{
		const char *at = strstr(s->directory, middle);

		if (at != NULL)
			found = s; /* the last one is the latest */
	}
	return found;
}
