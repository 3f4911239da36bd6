/*
 * bench_codec.c - what reading and writing messages costs, and a commit.
 *
 * decline: a small call; accept: one with 20 tasks. Both in protobuf and in
 * JSON. commit: one record in one transaction, and 100. Prints the median of
 * RUNS with smallest and largest, for one core.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_store.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "common/pbjson.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

#define RUNS	5
#define ROUNDS	2000
#define COMMITS 100

#define CALL &mesos__v1__scheduler__call__descriptor

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *pa, const void *pb)
{
	const double *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

static void report(const char *what, size_t bytes, double *us)
{
	qsort(us, RUNS, sizeof(*us), by_value);
	printf("codec %s (%zu bytes): %.2f us (min %.2f, max %.2f)\n", what,
		bytes, us[RUNS / 2], us[0], us[RUNS - 1]);
}

struct sample {
	const char *name;
	struct buf json;
	uint8_t *data;
	size_t size;
	ProtobufCMessage *msg;
	struct arena arena; /* of msg */
};

enum what { PROTOBUF_READ, PROTOBUF_COPY, JSON_READ, JSON_WRITE };

static void once(enum what what, const struct sample *s, struct arena *a,
	struct buf *out)
{
	switch (what) {
	case PROTOBUF_READ:
		CHECK(msg_unpack(a, CALL, s->data, s->size, NULL) != NULL);
		break;
	case PROTOBUF_COPY:
		CHECK(msg_copy(a, s->msg) != NULL);
		break;
	case JSON_READ:
		CHECK(pbjson_read(a, CALL, s->json.data, s->json.size, NULL) !=
			NULL);
		break;
	case JSON_WRITE:
		pbjson_write(out, s->msg);
		break;
	}
	arena_reset(a);
	buf_clear(out);
}

static void measure(enum what what, const struct sample *s)
{
	static const char *const names[] = { "protobuf read", "protobuf copy",
		"json read", "json write" };
	bool json = what == JSON_READ || what == JSON_WRITE;
	struct buf out = BUF_INIT;
	double us[RUNS];
	struct arena a;
	char text[64];

	arena_init(&a);
	for (int run = 0; run < RUNS; run++) {
		double began = now_us();

		for (int i = 0; i < ROUNDS; i++)
			once(what, s, &a, &out);
		us[run] = (now_us() - began) / ROUNDS;
	}
	(void)snprintf(text, sizeof(text), "%s %s", s->name, names[what]);
	report(text, json ? s->json.size : s->size, us);
	arena_fini(&a);
	buf_fini(&out);
}

static void sample_measure(struct sample *s)
{
	struct err e = { .code = ERR_NONE };

	arena_init(&s->arena);
	s->msg = pbjson_read(&s->arena, CALL, s->json.data, s->json.size, &e);
	if (s->msg == NULL)
		(void)fprintf(stderr, "%s\n", e.text);
	CHECK(s->msg != NULL);
	s->size = protobuf_c_message_get_packed_size(s->msg);
	s->data = malloc(s->size);
	CHECK(s->data != NULL);
	CHECK(protobuf_c_message_pack(s->msg, s->data) == s->size);
	for (int what = PROTOBUF_READ; what <= JSON_WRITE; what++)
		measure((enum what)what, s);
	free(s->data);
	buf_fini(&s->json);
	arena_fini(&s->arena);
}

static void calls_measure(void)
{
	struct sample decline = { .name = "decline" };
	struct sample accept = { .name = "accept of 20 tasks" };

	buf_add_str(&decline.json,
		"{\"type\":\"DECLINE\",\"framework_id\":{\"value\":"
		"\"8c5a2d6e-1f0b-4f5e-9d0c-0d4f1f8f0a11-0000\"},\"decline\":{"
		"\"offer_ids\":[{\"value\":"
		"\"8c5a2d6e-1f0b-4f5e-9d0c-0d4f1f8f0a11-O17\"}],\"filters\":{"
		"\"refuse_seconds\":5}}}");
	buf_add_str(&accept.json,
		"{\"type\":\"ACCEPT\",\"framework_id\":{\"value\":\"f\"},"
		"\"accept\":{\"offer_ids\":[{\"value\":\"o\"}],\"operations\":"
		"[{\"type\":\"LAUNCH\",\"launch\":{\"task_infos\":[");
	for (int i = 0; i < 20; i++)
		buf_printf(&accept.json,
			"%s{\"name\":\"t\",\"task_id\":{\"value\":\"task-%d\"},"
			"\"agent_id\":{\"value\":\"a-S0\"},\"resources\":[{"
			"\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{"
			"\"value\":0.1}},{\"name\":\"mem\",\"type\":\"SCALAR\","
			"\"scalar\":{\"value\":32}}],\"command\":{\"value\":"
			"\"sleep 1000\",\"environment\":{\"variables\":[{"
			"\"name\":\"A\",\"value\":\"b\"}]}}}",
			i > 0 ? "," : "", i);
	buf_add_str(&accept.json, "]}}]}}");
	sample_measure(&decline);
	sample_measure(&accept);
}

/* --- the store ---------------------------------------------------------------- */

struct waiter {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	bool done;
};

static void on_done(void *ctx, int ok, const char *text)
{
	struct waiter *w = ctx;

	(void)text;
	CHECK(ok);
	pthread_mutex_lock(&w->mutex);
	w->done = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->mutex);
}

static void commit(struct store *s, struct waiter *w, int n, unsigned *key)
{
	Mesos__V1__TaskID id = MESOS__V1__TASK_ID__INIT;
	char value[500] = { 0 };
	struct outbox o;

	memset(value, 'x', sizeof(value) - 1);
	id.value = value;
	outbox_init(&o);
	for (int i = 0; i < n; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "%u", (*key)++ % 10000);
		outbox_put(&o, 0, text, &id.base);
	}
	store_commit(s, &o);
	pthread_mutex_lock(&w->mutex);
	while (!w->done)
		pthread_cond_wait(&w->cond, &w->mutex);
	w->done = false;
	pthread_mutex_unlock(&w->mutex);
	outbox_fini(&o);
}

static void store_measure(struct store *s)
{
	struct waiter w = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
		false };
	static const int sizes[] = { 1, 100 };
	unsigned key = 0;

	store_start(s, on_done, &w);
	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		double us[RUNS];
		char text[64];

		for (int run = 0; run < RUNS; run++) {
			double began = now_us();

			for (int i = 0; i < COMMITS; i++)
				commit(s, &w, sizes[k], &key);
			us[run] = (now_us() - began) / COMMITS;
		}
		(void)snprintf(
			text, sizeof(text), "commit of %d records", sizes[k]);
		report(text, 500 * (size_t)sizes[k], us);
	}
}

int main(void)
{
	static const char *const tables[] = { "t" };
	char dir[] = "/tmp/butte-bench-codec-XXXXXX";
	char path[64], command[64];
	struct err e = { .code = ERR_NONE };
	struct store *s = NULL;

	calls_measure();
	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/s.db", dir);
	if (store_open(&s, path, "bench", tables, 1, &e) != 0) {
		(void)fprintf(stderr, "%s\n", e.text);
		return EXIT_FAILURE;
	}
	store_measure(s);
	store_close(s);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
