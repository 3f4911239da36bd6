/* io_complete.c - see io_complete.h. */
#include "cli/io_complete.h"

#include "cli/args.h"
#include "cli/complete.h"
#include "cli/io_cluster.h"
#include "cli/io_out.h"
#include "common/buf.h"

static void add_ids(struct buf *to, enum complete_kind kind)
{
	static const struct args_option option = { "timeout", 0, ARGS_DURATION,
		NULL, NULL };
	struct args_value timeout = { &option, "1s", 1000 };
	struct args a = { .values = &timeout, .n_values = 1 };
	struct cluster c;
	const struct census *v = &c.census;

	if (cluster_init(&c, &a, NULL) == 0 && cluster_look(&c, NULL) == 0) {
		for (size_t i = 0; kind == COMPLETE_AGENTS && i < v->n_agents;
			i++)
			buf_printf(to, "%s\n", census_agent_id(v->agents[i]));
		for (size_t i = 0;
			kind == COMPLETE_FRAMEWORKS && i < v->n_frameworks; i++)
			buf_printf(to, "%s\n",
				census_framework_id(v->frameworks[i]));
		for (size_t i = 0; kind == COMPLETE_TASKS && i < v->n_tasks;
			i++)
			buf_printf(to, "%s\n", v->tasks[i]->task_id->value);
	}
	cluster_fini(&c);
}

int complete_command(char **words, size_t n)
{
	struct buf b = BUF_INIT;
	enum complete_kind kind;

	if (n == 0)
		return 0;
	kind = complete_words(&b, words, n);
	if (kind != COMPLETE_WORDS && kind != COMPLETE_FILES)
		add_ids(&b, kind);
	out_text(&b);
	buf_fini(&b);
	return kind == COMPLETE_FILES ? COMPLETE_STATUS_FILES : 0;
}
