/* watch.c - see watch.h. */
#include "master/watch.h"

#include <stdlib.h>

#include "common/arena.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "master/notify.h"
#include "master/report_v1.h"
#include "master/state.h"
#include "mesos/v1/master/master.pb-c.h"
#include "mesos/v1/mesos.pb-c.h"

typedef Mesos__V1__Master__Event event;

#define EVENT(name) MESOS__V1__MASTER__EVENT__TYPE__##name

static void emit(struct master *m, const struct watcher *w, int type, event *ev)
{
	ev->has_type = 1;
	ev->type = (Mesos__V1__Master__Event__Type)type;
	outbox_stream_send(m->out, w->stream, &ev->base);
}

static void send_all(struct master *m, int type, event *ev)
{
	const struct watcher *w;

	TAILQ_FOREACH (w, &m->watchers, next)
		emit(m, w, type, ev);
}

static void watcher_free(struct master *m, struct watcher *w)
{
	state_deadline_clear(m, &w->heartbeat);
	TAILQ_REMOVE(&m->watchers, w, next);
	m->n_watchers--;
	free(w);
}

static void evict(struct master *m)
{
	struct watcher *w = TAILQ_FIRST(&m->watchers);

	log_warn("watcher_evicted",
		"stream=%llu why='more than %u of them; raise "
		"--max_operator_event_stream_subscribers'",
		(unsigned long long)w->stream,
		m->cfg.max_operator_event_stream_subscribers);
	outbox_stream_close(m->out, w->stream);
	watcher_free(m, w);
}

void watch_subscribe(struct master *m, uint64_t request)
{
	event ev = MESOS__V1__MASTER__EVENT__INIT;
	Mesos__V1__Master__Event__Subscribed body =
		MESOS__V1__MASTER__EVENT__SUBSCRIBED__INIT;
	struct watcher *w = xcalloc(1, sizeof(*w));

	w->stream = request;
	w->heartbeat.kind = DEADLINE_WATCHER;
	TAILQ_INSERT_TAIL(&m->watchers, w, next);
	m->n_watchers++;
	outbox_stream_open(m->out, request);
	body.get_state = report_v1_state(m, &m->out->arena);
	body.has_heartbeat_interval_seconds = 1;
	body.heartbeat_interval_seconds = NOTIFY_HEARTBEAT_MS / 1000.0;
	ev.subscribed = &body;
	emit(m, w, EVENT(SUBSCRIBED), &ev);
	watch_heartbeat(m, w);
	while (m->n_watchers > m->cfg.max_operator_event_stream_subscribers)
		evict(m);
}

bool watch_down(struct master *m, uint64_t stream)
{
	struct watcher *w;

	TAILQ_FOREACH (w, &m->watchers, next) {
		if (w->stream != stream)
			continue;
		watcher_free(m, w);
		return true;
	}
	return false;
}

void watch_heartbeat(struct master *m, struct watcher *w)
{
	event ev = MESOS__V1__MASTER__EVENT__INIT;

	emit(m, w, EVENT(HEARTBEAT), &ev);
	state_deadline_every(m, &w->heartbeat, NOTIFY_HEARTBEAT_MS);
}

void watch_task_added(struct master *m, const struct task *t)
{
	event ev = MESOS__V1__MASTER__EVENT__INIT;
	Mesos__V1__Master__Event__TaskAdded body =
		MESOS__V1__MASTER__EVENT__TASK_ADDED__INIT;

	if (TAILQ_EMPTY(&m->watchers))
		return;
	body.task = report_v1_task(t, &m->out->arena);
	ev.task_added = &body;
	send_all(m, EVENT(TASK_ADDED), &ev);
}

void watch_task_updated(struct master *m, const struct task *t,
	const Mesos__V1__TaskStatus *status)
{
	event ev = MESOS__V1__MASTER__EVENT__INIT;
	Mesos__V1__Master__Event__TaskUpdated body =
		MESOS__V1__MASTER__EVENT__TASK_UPDATED__INIT;
	Mesos__V1__TaskStatus copy = *status;

	if (TAILQ_EMPTY(&m->watchers))
		return;
	body.framework_id = t->framework->info->id;
	body.status = &copy;
	body.state = (Mesos__V1__TaskState)t->state;
	ev.task_updated = &body;
	send_all(m, EVENT(TASK_UPDATED), &ev);
}

void watch_agent_added(struct master *m, const struct agent *a)
{
	event ev = MESOS__V1__MASTER__EVENT__INIT;
	Mesos__V1__Master__Event__AgentAdded body =
		MESOS__V1__MASTER__EVENT__AGENT_ADDED__INIT;

	if (TAILQ_EMPTY(&m->watchers))
		return;
	body.agent = report_v1_agent(a, &m->out->arena);
	ev.agent_added = &body;
	send_all(m, EVENT(AGENT_ADDED), &ev);
}

void watch_agent_removed(struct master *m, const char *agent_id)
{
	event ev = MESOS__V1__MASTER__EVENT__INIT;
	Mesos__V1__Master__Event__AgentRemoved body =
		MESOS__V1__MASTER__EVENT__AGENT_REMOVED__INIT;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;

	if (TAILQ_EMPTY(&m->watchers))
		return;
	id.value = arena_strdup(&m->out->arena, agent_id);
	body.agent_id = &id;
	ev.agent_removed = &body;
	send_all(m, EVENT(AGENT_REMOVED), &ev);
}

void watch_framework_added(struct master *m, const struct framework *fw)
{
	event ev = MESOS__V1__MASTER__EVENT__INIT;
	Mesos__V1__Master__Event__FrameworkAdded body =
		MESOS__V1__MASTER__EVENT__FRAMEWORK_ADDED__INIT;

	if (TAILQ_EMPTY(&m->watchers))
		return;
	body.framework = report_v1_framework(fw, &m->out->arena);
	ev.framework_added = &body;
	send_all(m, EVENT(FRAMEWORK_ADDED), &ev);
}

void watch_framework_updated(struct master *m, const struct framework *fw)
{
	event ev = MESOS__V1__MASTER__EVENT__INIT;
	Mesos__V1__Master__Event__FrameworkUpdated body =
		MESOS__V1__MASTER__EVENT__FRAMEWORK_UPDATED__INIT;

	if (TAILQ_EMPTY(&m->watchers))
		return;
	body.framework = report_v1_framework(fw, &m->out->arena);
	ev.framework_updated = &body;
	send_all(m, EVENT(FRAMEWORK_UPDATED), &ev);
}

void watch_framework_removed(struct master *m, const struct framework *fw)
{
	event ev = MESOS__V1__MASTER__EVENT__INIT;
	Mesos__V1__Master__Event__FrameworkRemoved body =
		MESOS__V1__MASTER__EVENT__FRAMEWORK_REMOVED__INIT;

	if (TAILQ_EMPTY(&m->watchers))
		return;
	body.framework_info = fw->info;
	ev.framework_removed = &body;
	send_all(m, EVENT(FRAMEWORK_REMOVED), &ev);
}
