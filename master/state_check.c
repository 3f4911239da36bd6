/* state_check.c - see state.h: every fact that must always hold. */
#include <string.h>

#include "common/check.h"
#include "common/res.h"
#include "common/task_state.h"
#include "master/state.h"

static void framework_check(const struct master *m, const struct framework *fw)
{
	bool connected = fw->state == FRAMEWORK_CONNECTED;
	const struct executor *x;
	const struct offer *o;
	const struct task *t;

	CHECK(state_framework_find(m, fw->id) == fw);
	CHECK(state_completed_find(m, fw->id) == NULL);
	CHECK(connected == (fw->stream != 0));
	CHECK(connected == heap_has(&fw->heartbeat.node));
	CHECK(connected != heap_has(&fw->failover.node));
	if (connected) {
		CHECK(state_framework_by_stream(m, fw->stream) == fw);
		CHECK(fw->deadline_ns == 0);
	}
	TAILQ_FOREACH (o, &fw->offers, of_framework) {
		CHECK(connected);
		CHECK(o->framework == fw);
		CHECK(state_offer_find(m, o->id) == o);
	}
	for (t = NULL; (t = state_task_next(fw, t)) != NULL;) {
		CHECK(t->framework == fw);
		CHECK(t->agent != NULL);
		CHECK(strcmp(t->agent->id, t->agent_id) == 0);
		CHECK(t->holds == !task_state_is_terminal(t->state));
		CHECK(task_state_is_known(t->state));
	}
	for (t = NULL; (t = state_unreachable_next(fw, t)) != NULL;) {
		CHECK(t->agent == NULL);
		CHECK(!t->holds);
		CHECK(t->unreachable_ns != 0);
	}
	TAILQ_FOREACH (x, &fw->executors, of_framework) {
		CHECK(x->framework == fw);
		CHECK(state_executor_find(x->agent, fw->id, x->id) == x);
	}
	CHECK(fw->n_completed <= m->cfg.max_completed_tasks_per_framework);
}

/* What it holds is what its tasks and executors hold. */
static void agent_used_check(const struct agent *a)
{
	const struct executor *x;
	const struct task *t;
	struct res sum = RES_INIT;

	TAILQ_FOREACH (t, &a->tasks, of_agent) {
		CHECK(t->agent == a);
		CHECK(state_task_find(t->framework, t->id) == t);
		if (t->holds)
			res_add(&sum, &t->res);
	}
	for (x = NULL; (x = state_executor_next(a, x)) != NULL;) {
		CHECK(x->agent == a);
		res_add(&sum, &x->res);
	}
	CHECK(res_equal(&sum, &a->used));
	res_fini(&sum);
}

static void agent_check(const struct master *m, const struct agent *a)
{
	const struct offer *o;
	const struct uplink *l;

	CHECK(state_agent_find(m, a->id) == a);
	CHECK(state_absent_find(m->gone, a->id) == NULL);
	CHECK(state_absent_find(m->unreachable, a->id) == NULL);
	CHECK(a->active ==
		(a->registered && a->link != 0 && a->withheld == NULL));
	CHECK((a->link != 0) == heap_has(&a->ping.node));
	CHECK((a->link != 0) != (heap_has(&a->reregister.node)) ||
		a->is_limited);
	if (a->link != 0) {
		l = state_uplink_find(m, a->link);
		CHECK(l != NULL);
		CHECK(l->agent == a);
		CHECK(a->registered);
	}
	if (!a->registered)
		CHECK(TAILQ_EMPTY(&a->tasks));
	TAILQ_FOREACH (o, &a->offers, of_agent) {
		CHECK(a->active);
		CHECK(o->agent == a);
		CHECK(o->framework->state == FRAMEWORK_CONNECTED);
		CHECK(!res_is_empty(&o->res));
	}
	agent_used_check(a);
}

void state_check(const struct master *m)
{
	const struct framework *fw;
	const struct agent *a;
	const struct watcher *w;
	const struct offer *o;
	unsigned recovered = 0, watchers = 0;
	size_t offers = 0;

	CHECK(m->out == NULL);
	for (fw = NULL; (fw = state_framework_next(m, fw)) != NULL;) {
		framework_check(m, fw);
		TAILQ_FOREACH (o, &fw->offers, of_framework)
			offers++;
	}
	CHECK(offers == state_offer_count(m));
	for (fw = NULL; (fw = state_completed_next(m, fw)) != NULL;) {
		CHECK(fw->state == FRAMEWORK_COMPLETED);
		CHECK(TAILQ_EMPTY(&fw->offers));
	}
	for (a = NULL; (a = state_agent_next(m, a)) != NULL;) {
		agent_check(m, a);
		recovered += !a->registered;
		TAILQ_FOREACH (o, &a->offers, of_agent)
			offers--;
	}
	CHECK(offers == 0);
	CHECK(recovered == m->n_recovered);
	TAILQ_FOREACH (w, &m->watchers, next)
		watchers++;
	CHECK(watchers == m->n_watchers);
}
