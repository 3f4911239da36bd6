/*
 * Options: the input's lines up to an empty one are arguments, the rest is the
 * --config file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_conf.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/conf.h"
#include "common/conf_help.h"
#include "common/err.h"
#include "common/mem.h"
#include "master/master_conf.h"

#define ARGS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_file(
	void *ctx, const char *path, struct buf *ret, struct err *e)
{
	(void)path, (void)e;
	buf_add_str(ret, ctx);
	return 0;
}

static void flags_walk(const struct conf *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct buf b = BUF_INIT;
		const char *name;

		(void)conf_flag(c, i, &name, &b);
		buf_fini(&b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size), *rest = text, *line;
	const char *argv[ARGS_MAX + 2] = { "program" };
	struct conf_input in = { argv, argv, read_file, NULL };
	struct err e = { .code = ERR_NONE };
	struct master_options m;
	struct agent_options a;
	struct conf c;

	for (size_t n = 1; n <= ARGS_MAX; n++) {
		line = strsep(&rest, "\n");
		if (line == NULL || *line == '\0')
			break;
		argv[n] = line;
	}
	in.ctx = rest != NULL ? rest : text + strlen(text);
	master_conf_init(&c);
	if (conf_parse(&c, &in, &e) == 0 && !c.help && !c.version &&
		master_conf_fill(&m, &c, &e) == 0) {
		flags_walk(&c);
		master_conf_fini(&m);
	}
	conf_fini(&c);
	agent_conf_init(&c);
	if (conf_parse(&c, &in, &e) == 0 && !c.help && !c.version &&
		agent_conf_fill(&a, &c, &e) == 0) {
		flags_walk(&c);
		CHECK(a.n_masters > 0);
		agent_conf_fini(&a);
	}
	conf_fini(&c);
	free(text);
	return 0;
}
