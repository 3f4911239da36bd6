/*
 * The library's state machines under any order of events. The input is a
 * script: a byte that says what happens, then what that needs. What must hold:
 * one attempt is open at most, calls are sent on it only, nothing follows the
 * end.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/check.h"
#include "common/outbox.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"
#include "sched/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct driver *d;
	struct outbox out;
	uint64_t now;
	uint64_t attempt; /* the last one opened */
	bool open;
	bool stopped;
	const uint8_t *data;
	size_t size;
};

static uint8_t take(struct world *w)
{
	if (w->size == 0)
		return 0;
	w->size--;
	return *w->data++;
}

static void look(struct world *w)
{
	const struct effect *e;

	TAILQ_FOREACH (e, &w->out.effects, next) {
		CHECK(!w->stopped);
		switch (e->status) {
		case DRIVER_OPEN:
			CHECK(!w->open && e->to == w->attempt + 1);
			w->open = true;
			w->attempt = e->to;
			break;
		case DRIVER_CLOSE:
			CHECK(w->open && e->to == w->attempt);
			w->open = false;
			break;
		case DRIVER_SEND:
			CHECK(w->open && e->to == w->attempt);
			break;
		case DRIVER_TELL_STOPPED:
			CHECK(!w->open);
			w->stopped = true;
			break;
		default:
			break;
		}
	}
	CHECK(w->stopped == driver_is_stopped(w->d));
	CHECK(!driver_is_subscribed(w->d) || w->open);
	outbox_reset(&w->out);
}

static void step(struct world *w, enum driver_event_type type)
{
	static const char *const places[] = { NULL, "//m2:1/x", "m3",
		"http://m4", "//", "https://[::1]:9/" };
	static const int statuses[] = { 0, 200, 202, 307, 400, 403, 404, 500,
		503 };
	struct driver_event ev = { .type = type, .text = "why" };

	ev.now_ms = w->now;
	ev.attempt = w->attempt - (take(w) == 255);
	ev.status = statuses[take(w) % ARRAY_LEN(statuses)];
	ev.location = places[take(w) % ARRAY_LEN(places)];
	ev.stream_id = take(w) == 255 ? NULL : "stream";
	ev.call_type = take(w) % 18;
	ev.size = take(w);
	if (ev.size > w->size)
		ev.size = w->size;
	ev.data = w->data;
	if (type == DRIVER_DATA) {
		w->data += ev.size;
		w->size -= ev.size;
	}
	driver_step(w->d, &ev, &w->out);
}

static void act(struct world *w)
{
	Mesos__V1__Scheduler__Call call = MESOS__V1__SCHEDULER__CALL__INIT;

	switch (take(w) % 9) {
	case 0:
		w->now += (uint64_t)take(w) * 1000;
		step(w, DRIVER_TICK);
		break;
	case 1:
		step(w, DRIVER_HEAD);
		break;
	case 2:
	case 3:
	case 4:
		step(w, DRIVER_DATA);
		break;
	case 5:
		step(w, DRIVER_END);
		break;
	case 6:
		step(w, DRIVER_ANSWER);
		break;
	case 7:
		call.has_type = true;
		call.type = (Mesos__V1__Scheduler__Call__Type)(take(w) % 18);
		/* -1 when not subscribed */
		(void)driver_call(w->d, &call, &w->out, NULL);
		break;
	default:
		if (take(w) % 16 == 0)
			driver_stop(w->d, &w->out);
		else if (take(w) % 8 == 0)
			driver_teardown(w->d, w->now, &w->out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char user[] = "u", name[] = "n";
	static const struct address masters[2] = { { ADDRESS_ANY, "m1", 1 },
		{ ADDRESS_HTTPS, "m2", 2 } };
	Mesos__V1__FrameworkInfo f = MESOS__V1__FRAMEWORK_INFO__INIT;
	struct world w = { .data = data, .size = size };
	struct driver_config cfg = {
		.masters = masters,
		.n_masters = 2,
		.framework = &f,
		.backoff_min_ms = 10,
		.backoff_max_ms = 100,
		.subscribe_timeout_ms = 1000,
		.heartbeats_missed_max = 3,
	};

	f.user = user;
	f.name = name;
	w.d = driver_new(&cfg);
	outbox_init(&w.out);
	step(&w, DRIVER_START);
	look(&w);
	while (w.size > 0) {
		act(&w);
		look(&w);
	}
	driver_free(w.d);
	outbox_fini(&w.out);
	return 0;
}
