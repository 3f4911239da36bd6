/* driver.c - see driver.h. */
#include "sched/driver.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/err.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "common/recordio.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"
#include "sched/backoff.h"
#include "sched/call.h"
#include "sched/roles.h"

typedef Mesos__V1__Scheduler__Call call_t;

#define CALL(name)  MESOS__V1__SCHEDULER__CALL__TYPE__##name
#define EVENT(name) MESOS__V1__SCHEDULER__EVENT__TYPE__##name

/* A master promises one every 15 s if it doesn't say otherwise. */
#define HEARTBEAT_MS 15000
/* Masters that point at each other. */
#define REDIRECTS_MAX 5
/* The v1 API lets clients assume 128. */
#define STREAM_ID_MAX	    256
#define TEARDOWN_TIMEOUT_MS 15000
#define NEVER		    UINT64_MAX

enum state { IDLE, CONNECTING, CONNECTED, SUBSCRIBED, STOPPED };

struct driver {
	enum state state;
	bool failed;			     /* STOPPED by an error */
	Mesos__V1__FrameworkInfo *framework; /* owned */
	struct roles suppressed;
	bool manual_acknowledge;
	uint32_t subscribe_timeout_ms;
	uint32_t heartbeats_missed_max;

	struct address masters[ADDRESS_LIST_MAX];
	size_t n_masters;
	size_t at;	       /* the master whose turn it is */
	size_t in_vain;	       /* attempts since the last subscription */
	struct address leader; /* where a redirect points */
	bool has_leader;
	unsigned redirects;	/* in a row */
	struct address current; /* of this attempt */
	uint64_t attempt;
	struct backoff backoff;

	char stream_id[STREAM_ID_MAX];
	struct recordio records;
	uint64_t silence_ms;   /* of the stream before it is given up */
	uint64_t due;	       /* what for, the state tells */
	uint64_t teardown_due; /* NEVER: none is wanted */
};

static void open_attempt(struct driver *d, uint64_t now_ms, struct outbox *out);
static void on_tick(struct driver *d, uint64_t now_ms, struct outbox *out);
static void on_head(
	struct driver *d, const struct driver_event *ev, struct outbox *out);
static void on_data(
	struct driver *d, const struct driver_event *ev, struct outbox *out);
static void on_end(
	struct driver *d, const struct driver_event *ev, struct outbox *out);
static void on_answer(
	struct driver *d, const struct driver_event *ev, struct outbox *out);
static void on_event(struct driver *d, uint64_t now_ms,
	Mesos__V1__Scheduler__Event *e, struct outbox *out);
static void attempt_failed(
	struct driver *d, uint64_t now_ms, const char *why, struct outbox *out);
static void stop(struct driver *d, struct outbox *out);
static void fail(struct driver *d, const char *why, struct outbox *out);
static void send_call(struct driver *d, const call_t *c, struct outbox *out);

struct driver *driver_new(const struct driver_config *cfg)
{
	struct driver *d = xcalloc(1, sizeof(*d));

	CHECK(cfg->n_masters > 0 && cfg->n_masters <= ADDRESS_LIST_MAX);
	CHECK(cfg->heartbeats_missed_max > 0);
	d->framework = (Mesos__V1__FrameworkInfo *)(void *)msg_dup(
		&cfg->framework->base);
	memcpy(d->masters, cfg->masters,
		cfg->n_masters * sizeof(*cfg->masters));
	d->n_masters = cfg->n_masters;
	d->manual_acknowledge = cfg->manual_acknowledge;
	d->subscribe_timeout_ms = cfg->subscribe_timeout_ms;
	d->heartbeats_missed_max = cfg->heartbeats_missed_max;
	roles_init(&d->suppressed);
	for (size_t i = 0; i < cfg->n_suppressed_roles; i++)
		roles_add(&d->suppressed, cfg->suppressed_roles[i]);
	backoff_init(&d->backoff, cfg->seed, cfg->backoff_min_ms,
		cfg->backoff_max_ms);
	recordio_init(&d->records, RECORDIO_RECORD_MAX);
	d->due = NEVER;
	d->teardown_due = NEVER;
	return d;
}

void driver_free(struct driver *d)
{
	if (d == NULL)
		return;
	msg_free(&d->framework->base);
	roles_fini(&d->suppressed);
	recordio_fini(&d->records);
	free(d);
}

/* Of an attempt that was given up. */
static bool is_old(const struct driver *d, const struct driver_event *ev)
{
	return ev->attempt != d->attempt || d->state == IDLE;
}

void driver_step(
	struct driver *d, const struct driver_event *ev, struct outbox *out)
{
	bool timed = ev->type == DRIVER_START || ev->type == DRIVER_TICK;

	/* Answers to calls are told even when they come too late. */
	if (d->state == STOPPED ||
		(!timed && ev->type != DRIVER_ANSWER && is_old(d, ev)))
		return;
	switch (ev->type) {
	case DRIVER_START:
		CHECK(d->state == IDLE);
		open_attempt(d, ev->now_ms, out);
		break;
	case DRIVER_TICK:
		on_tick(d, ev->now_ms, out);
		break;
	case DRIVER_HEAD:
		on_head(d, ev, out);
		break;
	case DRIVER_DATA:
		on_data(d, ev, out);
		break;
	case DRIVER_END:
		on_end(d, ev, out);
		break;
	case DRIVER_ANSWER:
		on_answer(d, ev, out);
		break;
	}
}

uint64_t driver_next_due(const struct driver *d)
{
	if (d->state == STOPPED)
		return NEVER;
	return d->due < d->teardown_due ? d->due : d->teardown_due;
}

/* --- attempts ------------------------------------------------------------ */

static void open_attempt(struct driver *d, uint64_t now_ms, struct outbox *out)
{
	call_t call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Subscribe sub =
		MESOS__V1__SCHEDULER__CALL__SUBSCRIBE__INIT;
	struct driver_open *open = arena_alloc(&out->arena, sizeof(*open));

	CHECK(d->state == IDLE);
	d->current = d->has_leader ? d->leader : d->masters[d->at];
	sub.framework_info = d->framework;
	sub.n_suppressed_roles = d->suppressed.n;
	sub.suppressed_roles = d->suppressed.names;
	call.framework_id = d->framework->id;
	call.has_type = true;
	call.type = CALL(SUBSCRIBE);
	call.subscribe = &sub;
	open->master = d->current;
	open->subscribe = outbox_pack(out, &call.base, &open->size);
	d->state = CONNECTING;
	d->attempt++;
	d->due = now_ms + d->subscribe_timeout_ms;
	outbox_room(out, DRIVER_OPEN, d->attempt, open);
}

static void on_tick(struct driver *d, uint64_t now_ms, struct outbox *out)
{
	if (now_ms >= d->teardown_due) {
		stop(d, out);
		return;
	}
	if (now_ms < d->due)
		return;
	switch (d->state) {
	case IDLE:
		open_attempt(d, now_ms, out);
		break;
	case CONNECTING:
	case CONNECTED:
		attempt_failed(d, now_ms, "it doesn't answer SUBSCRIBE", out);
		break;
	case SUBSCRIBED:
		attempt_failed(d, now_ms, "no heartbeat any more", out);
		break;
	case STOPPED:
		UNREACHABLE();
	}
}

static void on_head(
	struct driver *d, const struct driver_event *ev, struct outbox *out)
{
	char text[ADDRESS_TEXT_MAX];
	size_t size = ev->stream_id != NULL ? strlen(ev->stream_id) : 0;

	if (d->state != CONNECTING)
		return;
	if (size == 0 || size >= STREAM_ID_MAX) {
		attempt_failed(d, ev->now_ms,
			"its answer has no Mesos-Stream-Id; is it a master?",
			out);
		return;
	}
	memcpy(d->stream_id, ev->stream_id, size + 1);
	recordio_fini(&d->records);
	recordio_init(&d->records, RECORDIO_RECORD_MAX);
	d->state = CONNECTED;
	address_text(text, &d->current);
	outbox_room(out, DRIVER_TELL_UP, d->attempt,
		arena_strdup(&out->arena, text));
}

static void on_data(
	struct driver *d, const struct driver_event *ev, struct outbox *out)
{
	uint64_t attempt = d->attempt;
	const uint8_t *record;
	size_t size;
	struct err e;
	int r;

	if (d->state != CONNECTED && d->state != SUBSCRIBED)
		return;
	if (d->state == SUBSCRIBED)
		d->due = ev->now_ms + d->silence_ms;
	recordio_feed(&d->records, ev->data, ev->size);
	while ((r = recordio_next(&d->records, &record, &size, &e)) == 1) {
		Mesos__V1__Scheduler__Event *event =
			MSG_UNPACK(Mesos__V1__Scheduler__Event, &out->arena,
				&mesos__v1__scheduler__event__descriptor,
				record, size, &e);

		if (event == NULL) {
			r = -1;
			break;
		}
		on_event(d, ev->now_ms, event, out);
		if (d->state == STOPPED || d->attempt != attempt ||
			d->state == IDLE)
			return;
	}
	if (r < 0)
		attempt_failed(d, ev->now_ms,
			arena_printf(&out->arena,
				"it sent an event that can't be read: %s",
				e.text),
			out);
}

/* Remembers where the leader is; false if that can't be followed. */
static bool redirected(struct driver *d, const char *location)
{
	struct address to;
	struct err e;

	if (location == NULL || ++d->redirects > REDIRECTS_MAX ||
		address_redirect(&to, location, &e) != 0)
		return false;
	/* What was encrypted stays encrypted. */
	if (to.scheme == ADDRESS_HTTP && d->current.scheme != ADDRESS_HTTP)
		return false;
	to.scheme = d->current.scheme;
	d->leader = to;
	d->has_leader = true;
	return true;
}

static void on_end(
	struct driver *d, const struct driver_event *ev, struct outbox *out)
{
	if (d->state == CONNECTING && ev->status == 307) {
		if (redirected(d, ev->location)) {
			outbox_room(out, DRIVER_CLOSE, d->attempt, NULL);
			d->state = IDLE;
			open_attempt(d, ev->now_ms, out);
			return;
		}
		attempt_failed(
			d, ev->now_ms, "its redirect leads nowhere", out);
		return;
	}
	if (d->state == CONNECTING &&
		(ev->status == 400 || ev->status == 401 || ev->status == 403)) {
		fail(d,
			arena_printf(&out->arena,
				"the subscription was refused (%d): %s",
				ev->status, ev->text),
			out);
		return;
	}
	if (d->state == CONNECTING && ev->status != 0)
		attempt_failed(d, ev->now_ms,
			arena_printf(&out->arena, "it answered %d: %s",
				ev->status, ev->text),
			out);
	else
		attempt_failed(d, ev->now_ms,
			*ev->text != '\0' ? ev->text : "it ended the stream",
			out);
}

/* Back to IDLE; the next attempt comes after a pause. */
static void attempt_failed(
	struct driver *d, uint64_t now_ms, const char *why, struct outbox *out)
{
	char text[ADDRESS_TEXT_MAX];
	uint32_t pause = 0;

	CHECK(d->state != IDLE && d->state != STOPPED);
	address_text(text, &d->current);
	outbox_room(out, DRIVER_CLOSE, d->attempt, NULL);
	outbox_room(out, DRIVER_TELL_DOWN, d->attempt,
		arena_printf(&out->arena, "master %s: %s", text, why));
	/* The one that led may lead again soon; else the next in the list, and
	 * a pause when all have had their turn. */
	if (d->has_leader)
		d->has_leader = false;
	else if (d->state != SUBSCRIBED)
		d->at = (d->at + 1) % d->n_masters;
	if (d->in_vain++ % d->n_masters == d->n_masters - 1 ||
		d->state == SUBSCRIBED || d->redirects > REDIRECTS_MAX)
		pause = backoff_next(&d->backoff);
	if (d->redirects > REDIRECTS_MAX)
		d->redirects = 0;
	d->state = IDLE;
	d->due = now_ms + pause;
}

/* --- events -------------------------------------------------------------- */

static void on_subscribed(struct driver *d, uint64_t now_ms,
	const Mesos__V1__Scheduler__Event__Subscribed *s)
{
	double seconds = s->has_heartbeat_interval_seconds
		? s->heartbeat_interval_seconds
		: 0;
	uint64_t interval_ms = HEARTBEAT_MS;

	if (seconds >= 0.001 && seconds <= 86400)
		interval_ms = (uint64_t)(seconds * 1000);
	d->silence_ms = interval_ms * d->heartbeats_missed_max;
	d->due = now_ms + d->silence_ms;
	d->state = SUBSCRIBED;
	d->in_vain = 0;
	d->redirects = 0;
	backoff_reset(&d->backoff);
	if (d->framework->id != NULL)
		msg_free(&d->framework->id->base);
	d->framework->id = MSG_DUP(s->framework_id);
}

static void acknowledge(
	struct driver *d, const Mesos__V1__TaskStatus *s, struct outbox *out)
{
	const call_t *ack = call_acknowledge(&out->arena, s);

	if (ack != NULL)
		send_call(d, ack, out);
}

static void send_teardown(struct driver *d, struct outbox *out)
{
	call_t call = MESOS__V1__SCHEDULER__CALL__INIT;

	call.has_type = true;
	call.type = CALL(TEARDOWN);
	send_call(d, &call, out);
}

static void on_event(struct driver *d, uint64_t now_ms,
	Mesos__V1__Scheduler__Event *e, struct outbox *out)
{
	int type = e->has_type ? (int)e->type : 0;

	if (type == EVENT(SUBSCRIBED) && e->subscribed != NULL) {
		on_subscribed(d, now_ms, e->subscribed);
		outbox_room(out, DRIVER_TELL, d->attempt, e);
		if (d->teardown_due != NEVER)
			send_teardown(d, out);
		return;
	}
	if (type == EVENT(ERROR)) {
		outbox_room(out, DRIVER_TELL, d->attempt, e);
		fail(d,
			e->error != NULL ? e->error->message
					 : "no reason given",
			out);
		return;
	}
	/* Nothing else can come first; a heartbeat tells nothing to anybody. */
	if (d->state != SUBSCRIBED)
		return;
	outbox_room(out, DRIVER_TELL, d->attempt, e);
	if (type == EVENT(UPDATE) && e->update != NULL &&
		!d->manual_acknowledge)
		acknowledge(d, e->update->status, out);
}

/* --- calls --------------------------------------------------------------- */

static void send_call(struct driver *d, const call_t *c, struct outbox *out)
{
	struct driver_send *send = arena_alloc(&out->arena, sizeof(*send));
	call_t call = *c;

	CHECK(d->state == SUBSCRIBED);
	call.framework_id = d->framework->id;
	send->stream_id = arena_strdup(&out->arena, d->stream_id);
	send->call = outbox_pack(out, &call.base, &send->size);
	send->call_type = call.has_type ? (int)call.type : 0;
	outbox_room(out, DRIVER_SEND, d->attempt, send);
}

/* Frameworks without MULTI_ROLE still use it. */
static const char *old_role(const Mesos__V1__FrameworkInfo *f)
{
	return f->role != NULL ? f->role : "*";
}
/* Which roles the framework has, by either way to say it. */
static void all_roles(const struct driver *d, struct roles *to)
{
	const Mesos__V1__FrameworkInfo *f = d->framework;

	for (size_t i = 0; i < f->n_roles; i++)
		roles_add(to, f->roles[i]);
	if (f->n_roles == 0)
		roles_add(to, old_role(f));
}

/* A new subscription replaces the suppressed roles, so they are kept. */
static void note_suppressed(struct driver *d, const call_t *c)
{
	struct roles some;
	int type = c->has_type ? (int)c->type : 0;

	roles_init(&some);
	if (type == CALL(SUPPRESS) && c->suppress != NULL)
		for (size_t i = 0; i < c->suppress->n_roles; i++)
			roles_add(&some, c->suppress->roles[i]);
	if (type == CALL(REVIVE) && c->revive != NULL)
		for (size_t i = 0; i < c->revive->n_roles; i++)
			roles_add(&some, c->revive->roles[i]);
	if (some.n == 0)
		all_roles(d, &some);
	for (size_t i = 0; i < some.n; i++) {
		if (type == CALL(SUPPRESS))
			roles_add(&d->suppressed, some.names[i]);
		else if (type == CALL(REVIVE))
			roles_remove(&d->suppressed, some.names[i]);
	}
	roles_fini(&some);
}

int driver_call(
	struct driver *d, const call_t *c, struct outbox *out, struct err *e)
{
	if (d->state != SUBSCRIBED)
		return err_set(e, ERR_CONFLICT,
			"not subscribed at the moment; nothing was sent");
	note_suppressed(d, c);
	send_call(d, c, out);
	return 0;
}

static void on_answer(
	struct driver *d, const struct driver_event *ev, struct outbox *out)
{
	struct driver_refusal *refusal;

	if (ev->call_type == CALL(TEARDOWN) && ev->status / 100 == 2) {
		stop(d, out);
		return;
	}
	if (ev->status / 100 == 2)
		return;
	refusal = arena_alloc(&out->arena, sizeof(*refusal));
	refusal->call_type = ev->call_type;
	refusal->status = ev->status;
	refusal->text = arena_strdup(&out->arena, ev->text);
	outbox_room(out, DRIVER_TELL_REFUSED, d->attempt, refusal);
	if (is_old(d, ev) || (ev->status != 307 && ev->status != 503))
		return;
	/* It doesn't lead any more. */
	attempt_failed(d, ev->now_ms, "it is not the leader any more", out);
	if (ev->status == 307)
		(void)redirected(d, ev->location);
}

/* --- the end ------------------------------------------------------------- */

static void stop(struct driver *d, struct outbox *out)
{
	if (d->state != IDLE)
		outbox_room(out, DRIVER_CLOSE, d->attempt, NULL);
	d->state = STOPPED;
	outbox_room(out, DRIVER_TELL_STOPPED, 0, NULL);
}

static void fail(struct driver *d, const char *why, struct outbox *out)
{
	d->failed = true;
	outbox_room(out, DRIVER_TELL_ERROR, d->attempt,
		arena_strdup(&out->arena, why));
	stop(d, out);
}

void driver_stop(struct driver *d, struct outbox *out)
{
	if (d->state != STOPPED)
		stop(d, out);
}

void driver_teardown(struct driver *d, uint64_t now_ms, struct outbox *out)
{
	if (d->state == STOPPED || d->teardown_due != NEVER)
		return;
	/* A framework that never was can't be torn down. */
	if (d->framework->id == NULL &&
		(d->state == IDLE || d->state == CONNECTING)) {
		stop(d, out);
		return;
	}
	d->teardown_due = now_ms + TEARDOWN_TIMEOUT_MS;
	if (d->state == SUBSCRIBED)
		send_teardown(d, out);
}

bool driver_is_subscribed(const struct driver *d)
{
	return d->state == SUBSCRIBED;
}

bool driver_is_stopped(const struct driver *d)
{
	return d->state == STOPPED;
}

bool driver_has_failed(const struct driver *d)
{
	return d->failed;
}

const char *driver_framework_id(const struct driver *d)
{
	return d->framework->id != NULL ? d->framework->id->value : NULL;
}

const struct address *driver_master(const struct driver *d)
{
	return d->state == CONNECTED || d->state == SUBSCRIBED ? &d->current
							       : NULL;
}
