/* notify.c - see notify.h. */
#include "master/notify.h"

#include <stdio.h>
#include <string.h>

#include "butte/link.pb-c.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/outbox.h"
#include "master/report_v1.h"
#include "master/state.h"
#include "mesos/v1/mesos.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

typedef Mesos__V1__Scheduler__Event event;

#define EVENT(name) MESOS__V1__SCHEDULER__EVENT__TYPE__##name

static void emit(struct master *m, struct framework *fw, int type, event *ev)
{
	if (fw->state != FRAMEWORK_CONNECTED)
		return;
	CHECK(fw->stream != 0);
	ev->has_type = 1;
	ev->type = (Mesos__V1__Scheduler__Event__Type)type;
	fw->metrics.events[type]++;
	outbox_stream_send(m->out, fw->stream, &ev->base);
}

/* A relic: network byte order, read as a little-endian number; the first octet
 * is lowest. 0 for IPv6: clients use the address. */
static uint32_t ip_number(const char *ip)
{
	unsigned a, b, c, d;

	if (sscanf(ip, "%3u.%3u.%3u.%3u", &a, &b, &c, &d) != 4)
		return 0;
	return a | b << 8 | c << 16 | d << 24;
}

Mesos__V1__MasterInfo *notify_master_info(
	const struct master *m, struct arena *arena)
{
	Mesos__V1__MasterInfo__Capability *c = arena_alloc(arena, sizeof(*c));
	Mesos__V1__MasterInfo *info = arena_alloc(arena, sizeof(*info));
	Mesos__V1__Address *addr = arena_alloc(arena, sizeof(*addr));

	mesos__v1__master_info__capability__init(c);
	c->has_type = 1;
	c->type = MESOS__V1__MASTER_INFO__CAPABILITY__TYPE__AGENT_UPDATE;
	mesos__v1__master_info__init(info);
	mesos__v1__address__init(addr);
	info->id = arena_strdup(arena, m->cfg.id);
	info->ip = ip_number(m->cfg.ip);
	info->port = m->cfg.port;
	info->pid = arena_printf(arena,
		strchr(m->cfg.ip, ':') != NULL ? "master@[%s]:%u"
					       : "master@%s:%u",
		m->cfg.ip, (unsigned)m->cfg.port);
	info->hostname = arena_strdup(arena, m->cfg.hostname);
	info->version = arena_strdup(arena, m->cfg.version);
	addr->hostname = info->hostname;
	addr->ip = arena_strdup(arena, m->cfg.ip);
	addr->port = m->cfg.port;
	info->address = addr;
	info->capabilities = arena_memdup(arena, &c, sizeof(c));
	info->n_capabilities = 1;
	return info;
}

void notify_subscribed(struct master *m, struct framework *fw)
{
	event ev = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Subscribed body =
		MESOS__V1__SCHEDULER__EVENT__SUBSCRIBED__INIT;
	Mesos__V1__FrameworkID id = MESOS__V1__FRAMEWORK_ID__INIT;

	id.value = fw->id;
	body.framework_id = &id;
	body.has_heartbeat_interval_seconds = 1;
	body.heartbeat_interval_seconds = NOTIFY_HEARTBEAT_MS / 1000.0;
	body.master_info = notify_master_info(m, &m->out->arena);
	ev.subscribed = &body;
	emit(m, fw, EVENT(SUBSCRIBED), &ev);
}

void notify_heartbeat(struct master *m, struct framework *fw)
{
	event ev = MESOS__V1__SCHEDULER__EVENT__INIT;

	emit(m, fw, EVENT(HEARTBEAT), &ev);
}

void notify_offers(struct master *m, struct framework *fw,
	struct offer *const *offers, size_t n)
{
	event ev = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Offers body =
		MESOS__V1__SCHEDULER__EVENT__OFFERS__INIT;
	size_t i;

	CHECK(n > 0);
	body.offers = arena_alloc(&m->out->arena, n * sizeof(body.offers[0]));
	for (i = 0; i < n; i++)
		body.offers[i] = report_v1_offer(offers[i], &m->out->arena);
	body.n_offers = n;
	ev.offers = &body;
	fw->metrics.offers_sent += n;
	emit(m, fw, EVENT(OFFERS), &ev);
}

void notify_rescind(struct master *m, struct offer *o)
{
	event ev = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Rescind body =
		MESOS__V1__SCHEDULER__EVENT__RESCIND__INIT;
	Mesos__V1__OfferID id = MESOS__V1__OFFER_ID__INIT;

	id.value = o->id;
	body.offer_id = &id;
	ev.rescind = &body;
	o->framework->metrics.offers_rescinded++;
	emit(m, o->framework, EVENT(RESCIND), &ev);
}

void notify_update(struct master *m, struct framework *fw,
	const Mesos__V1__TaskStatus *status)
{
	event ev = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Update body =
		MESOS__V1__SCHEDULER__EVENT__UPDATE__INIT;
	Mesos__V1__TaskStatus copy = *status;

	body.status = &copy;
	ev.update = &body;
	emit(m, fw, EVENT(UPDATE), &ev);
}

void notify_message(struct master *m, struct framework *fw,
	const struct agent *a, const Butte__Link__FrameworkMessage *msg)
{
	event ev = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Message body =
		MESOS__V1__SCHEDULER__EVENT__MESSAGE__INIT;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;

	id.value = a->id;
	body.agent_id = &id;
	body.executor_id = msg->executor_id;
	body.data = msg->data;
	ev.message = &body;
	emit(m, fw, EVENT(MESSAGE), &ev);
}

void notify_agent_failure(struct master *m, const char *agent_id)
{
	event ev = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Failure body =
		MESOS__V1__SCHEDULER__EVENT__FAILURE__INIT;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;
	struct framework *fw;

	id.value = arena_strdup(&m->out->arena, agent_id);
	body.agent_id = &id;
	ev.failure = &body;
	for (fw = state_framework_next(m, NULL); fw != NULL;
		fw = state_framework_next(m, fw))
		emit(m, fw, EVENT(FAILURE), &ev);
}

void notify_executor_failure(struct master *m, struct framework *fw,
	const char *agent_id, const char *executor_id, int status)
{
	event ev = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Failure body =
		MESOS__V1__SCHEDULER__EVENT__FAILURE__INIT;
	Mesos__V1__AgentID id = MESOS__V1__AGENT_ID__INIT;
	Mesos__V1__ExecutorID executor = MESOS__V1__EXECUTOR_ID__INIT;

	id.value = arena_strdup(&m->out->arena, agent_id);
	executor.value = arena_strdup(&m->out->arena, executor_id);
	body.agent_id = &id;
	body.executor_id = &executor;
	body.has_status = 1;
	body.status = status;
	ev.failure = &body;
	emit(m, fw, EVENT(FAILURE), &ev);
}

void notify_error(struct master *m, uint64_t stream, const char *text)
{
	event ev = MESOS__V1__SCHEDULER__EVENT__INIT;
	Mesos__V1__Scheduler__Event__Error body =
		MESOS__V1__SCHEDULER__EVENT__ERROR__INIT;

	body.message = arena_strdup(&m->out->arena, text);
	ev.has_type = 1;
	ev.type = EVENT(ERROR);
	ev.error = &body;
	outbox_stream_send(m->out, stream, &ev.base);
	outbox_stream_close(m->out, stream);
}
