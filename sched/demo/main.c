/*
 * main.c - butte-demo: counts the words of a folder's .c and .md files, on a
 * cluster and without it, and compares.
 *
 * A user of libbutte like any other (io_counting.c); scripts/demo starts a
 * cluster for it.
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/err.h"
#include "common/io_loop.h"
#include "sched/demo/io_corpus.h"
#include "sched/demo/io_counting.h"

struct options {
	struct counting_config counting;
	size_t tasks;
	size_t top;
	const char *folder;
};

static int usage(FILE *to, int status)
{
	(void)fprintf(to,
		"Usage: butte-demo [options] FOLDER\n\n"
		"Counts the words of all .c and .md files of FOLDER on a "
		"cluster.\n\n"
		"  --master HOST:PORT  the masters, with commas "
		"(localhost:5050)\n"
		"  --cacert FILE       whom to trust, PEM\n"
		"  --cert FILE         our certificate, PEM\n"
		"  --key FILE          its key, PEM\n"
		"  --plaintext         no TLS\n"
		"  --tasks N           at least so many (120)\n"
		"  --cpus N            cores of each (0.25)\n"
		"  --mem MB            memory of each (32)\n"
		"  --attempts N        for a slice (3)\n"
		"  --timeout SECONDS   for everything (300)\n"
		"  --top N             words to print (10)\n\n"
		"Example:\n"
		"  butte-demo --master localhost:5050 --cacert ca.crt .\n");
	return status;
}

/* A positive number, or 0. */
static double number(const char *text)
{
	char *end;
	double v = strtod(text, &end);

	return end != text && *end == '\0' && v > 0 && v < 1e9 ? v : 0;
}

enum demo_option {
	OPT_MASTER = 256,
	OPT_CACERT,
	OPT_CERT,
	OPT_KEY,
	OPT_PLAINTEXT,
	OPT_TASKS,
	OPT_CPUS,
	OPT_MEM,
	OPT_ATTEMPTS,
	OPT_TIMEOUT,
	OPT_TOP
};

static const struct option long_options[] = {
	{ "master", required_argument, NULL, OPT_MASTER },
	{ "cacert", required_argument, NULL, OPT_CACERT },
	{ "cert", required_argument, NULL, OPT_CERT },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "plaintext", no_argument, NULL, OPT_PLAINTEXT },
	{ "tasks", required_argument, NULL, OPT_TASKS },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "mem", required_argument, NULL, OPT_MEM },
	{ "attempts", required_argument, NULL, OPT_ATTEMPTS },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "top", required_argument, NULL, OPT_TOP },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* 0, or -1 for a number that is none. */
static int take_number(struct options *o, int option, const char *text)
{
	struct counting_config *c = &o->counting;
	double v = number(text);

	if (option == OPT_CPUS)
		c->cpus = v;
	else if (option == OPT_MEM)
		c->mem_mb = v;
	else if (option == OPT_TASKS)
		o->tasks = (size_t)v;
	else if (option == OPT_ATTEMPTS)
		c->attempts = (unsigned)v;
	else if (option == OPT_TIMEOUT)
		c->timeout_s = (unsigned)v;
	else
		o->top = (size_t)v;
	if (v >= 1 || (v >= 0.01 && (option == OPT_CPUS || option == OPT_MEM)))
		return 0;
	(void)fprintf(
		stderr, "butte-demo: '%s' is not a number over 0\n", text);
	return -1;
}

/* -1: go on; else the exit status. */
static int parse(struct options *o, int argc, char **argv)
{
	struct counting_config *c = &o->counting;
	int option;

	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) !=
		-1) {
		if (option == OPT_MASTER)
			c->masters = optarg;
		else if (option == OPT_CACERT)
			c->ca_file = optarg;
		else if (option == OPT_CERT)
			c->cert_file = optarg;
		else if (option == OPT_KEY)
			c->key_file = optarg;
		else if (option == OPT_PLAINTEXT)
			c->plaintext = true;
		else if (option == 'h')
			return usage(stdout, 0);
		else if (option == '?' || take_number(o, option, optarg) != 0)
			return usage(stderr, 2);
	}
	if (optind + 1 != argc)
		return usage(stderr, 2);
	o->folder = argv[optind];
	return -1;
}

static double seconds(uint64_t ms)
{
	return (double)ms / 1000;
}

static void print_result(const struct options *o, struct counting_result *r)
{
	const char *word;
	uint64_t count;

	for (size_t i = 0;
		i < o->top && (word = words_top(r->words, i, &count)) != NULL;
		i++)
		(void)printf("%10" PRIu64 "  %s\n", count, word);
	(void)printf("\n");
	for (size_t i = 0; i < r->n_agents; i++)
		(void)printf("%10zu  tasks on %s:%u (agent %s)\n",
			r->agents[i].n_done, r->agents[i].hostname,
			(unsigned)r->agents[i].port, r->agents[i].id);
	if (r->n_retries > 0)
		(void)printf(
			"%10zu  tasks had to be tried again\n", r->n_retries);
}

/* Both ways, and the comparison. */
static int count(const struct options *o, const struct corpus *corpus,
	const struct slices *slices, struct err *e)
{
	struct words *alone = words_new();
	struct counting_result r;
	uint64_t begin = loop_now_ms(), ours, theirs;
	char *difference = NULL;
	int status;

	for (size_t i = 0; i < corpus->n; i++)
		words_add_text(
			alone, corpus->texts[i].data, corpus->texts[i].size);
	ours = loop_now_ms() - begin;
	begin = loop_now_ms();
	status = counting_run(&r, slices, &o->counting, e);
	theirs = loop_now_ms() - begin;
	if (status == 0) {
		print_result(o, &r);
		difference = words_compare(r.words, alone);
		(void)printf("\n%" PRIu64 " words, %zu different ones; %s\n",
			words_total(r.words), words_different(r.words),
			difference == NULL
				? "the count without the cluster agrees"
				: "THE COUNT WITHOUT THE CLUSTER DISAGREES");
		(void)printf("%zu tasks took %.2f s, %.0f a second "
			     "(without the cluster: %.3f s)\n",
			slices->n, seconds(theirs),
			(double)slices->n / (seconds(theirs) + 0.001),
			seconds(ours));
	}
	if (difference != NULL)
		status = err_set(e, ERR_CONFLICT,
			"%s. Was a file changed meanwhile?", difference);
	free(difference);
	counting_fini(&r);
	words_free(alone);
	return status;
}

static int run(const struct options *o, struct err *e)
{
	struct corpus corpus;
	struct slices slices;
	int r = corpus_read(&corpus, o->folder, e);

	if (r == 0) {
		slices_init(&slices, corpus.texts, corpus.n, o->tasks);
		(void)printf("%zu files, %.1f MB, cut into %zu tasks; the most "
			     "frequent words:\n\n",
			corpus.n, (double)corpus.size / 1e6, slices.n);
		(void)fflush(stdout);
		r = count(o, &corpus, &slices, e);
		slices_fini(&slices);
	}
	corpus_fini(&corpus);
	return r;
}

int main(int argc, char **argv)
{
	struct options o = {
		.counting = { .masters = "localhost:5050",
			.cpus = 0.25,
			.mem_mb = 32,
			.attempts = 3,
			.timeout_s = 300 },
		.tasks = 120,
		.top = 10,
	};
	struct err e = { ERR_NONE, "" };
	int status = parse(&o, argc, argv);

	if (status >= 0)
		return status;
	(void)signal(SIGPIPE, SIG_IGN); /* an error, not the end */
	o.counting.progress = isatty(STDERR_FILENO) == 1;
	if (run(&o, &e) == 0)
		return EXIT_SUCCESS;
	(void)fflush(stdout);
	(void)fprintf(stderr, "butte-demo: %s\n", e.text);
	return EXIT_FAILURE;
}
