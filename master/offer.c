/* offer.c - see offer.h. */
#include "master/offer.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/res.h"
#include "master/alloc.h"
#include "master/notify.h"
#include "master/state.h"
#include "mesos/v1/mesos.pb-c.h"

#define REFUSE_DEFAULT_MS 5000
#define REFUSE_MAX_S	  (365.0 * 24 * 60 * 60)

/* Offers of one run for one framework, until its event is sent. */
struct batch {
	struct master *m;
	struct framework *fw;
	struct offer **offers;
	size_t n;
	size_t cap;
	size_t total;
};

static void batch_send(struct batch *b)
{
	if (b->n > 0)
		notify_offers(b->m, b->fw, b->offers, b->n);
	b->total += b->n;
	b->n = 0;
}

static void on_allocation(void *ctx, const char *framework, const char *role,
	const char *agent, struct res *r)
{
	struct batch *b = ctx;
	struct master *m = b->m;
	struct framework *fw = state_framework_find(m, framework);
	struct agent *a = state_agent_find(m, agent);
	struct offer *o;

	if (fw == NULL || fw->state != FRAMEWORK_CONNECTED || a == NULL ||
		!a->active) {
		alloc_release(m->alloc, framework, role, agent, r, false, 0,
			m->now_ms);
		return;
	}
	if (fw != b->fw)
		batch_send(b);
	b->fw = fw;
	res_allocate(r, role);
	o = state_offer_add(m, fw, a, role, r);
	if (m->cfg.offer_timeout_ms > 0)
		state_deadline_set(
			m, &o->expiry, m->now_ms + m->cfg.offer_timeout_ms);
	b->offers = xgrow(b->offers, &b->cap, b->n + 1, sizeof(b->offers[0]));
	b->offers[b->n++] = o;
	log_debug("offer", "offer=%s framework=%s agent=%s role='%s'", o->id,
		fw->id, a->id, role);
}

void offer_allocate(struct master *m)
{
	struct batch b = { .m = m };

	if (alloc_due(m->alloc) > m->now_ms)
		return;
	alloc_run(m->alloc, m->now_ms, on_allocation, &b);
	batch_send(&b);
	free(b.offers);
	if (b.total > 0)
		log_info("allocation", "offers=%zu", b.total);
}

void offer_return(struct master *m, struct offer *o, uint64_t refuse_ms)
{
	alloc_release(m->alloc, o->framework->id, o->role, o->agent->id,
		&o->res, false, refuse_ms, m->now_ms);
	state_offer_free(m, o);
}

void offer_rescind(struct master *m, struct offer *o, const char *why)
{
	log_info("offer_rescind", "offer=%s framework=%s agent=%s why='%s'",
		o->id, o->framework->id, o->agent->id, why);
	notify_rescind(m, o);
	offer_return(m, o, 0);
}

void offer_rescind_agent(struct master *m, struct agent *a, const char *why)
{
	struct offer *o;

	while ((o = TAILQ_FIRST(&a->offers)) != NULL)
		offer_rescind(m, o, why);
}

void offer_return_all(struct master *m, struct framework *fw)
{
	struct offer *o;

	while ((o = TAILQ_FIRST(&fw->offers)) != NULL)
		offer_return(m, o, 0);
}

uint64_t offer_refuse_ms(const Mesos__V1__Filters *filters)
{
	double s;

	if (filters == NULL || !filters->has_refuse_seconds)
		return REFUSE_DEFAULT_MS;
	s = filters->refuse_seconds;
	if (s > REFUSE_MAX_S)
		s = REFUSE_MAX_S;
	/* Written so that NaN is no time either. */
	if (!(s >= 0))
		return REFUSE_DEFAULT_MS;
	/* Rounded up: a filter of a microsecond is one. */
	return (uint64_t)(s * 1000.0) +
		(s * 1000.0 > (double)(uint64_t)(s * 1000.0));
}
