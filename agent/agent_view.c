/* agent_view.c - see agent_view.h. */
#include "agent/agent_view.h"

#include "agent/agent.h"
#include "agent/hold.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/mem.h"
#include "common/res.h"
#include "mesos/v1/mesos.pb-c.h"

static void task_statuses(const struct agent *a, const struct task *t,
	Mesos__V1__Task *to, struct arena *mem);
static void add(struct res *to, Mesos__V1__Resource *const *r, size_t n);

Mesos__V1__Task *agent_view_task(
	const struct agent *a, const struct task *t, struct arena *mem)
{
	const Mesos__V1__TaskInfo *info = hold_task_info(t, mem);
	const struct update *head = TAILQ_FIRST(&t->updates);
	Mesos__V1__Task *m = arena_alloc(mem, sizeof(*m));

	CHECK(info != NULL);
	mesos__v1__task__init(m);
	m->name = info->name;
	m->task_id = info->task_id;
	m->framework_id = arena_alloc(mem, sizeof(*m->framework_id));
	mesos__v1__framework_id__init(m->framework_id);
	m->framework_id->value = t->framework->id;
	if (info->executor != NULL)
		m->executor_id = info->executor->executor_id;
	m->agent_id = arena_alloc(mem, sizeof(*m->agent_id));
	mesos__v1__agent_id__init(m->agent_id);
	m->agent_id->value = a->id;
	m->state = (Mesos__V1__TaskState)t->state;
	m->resources = info->resources;
	m->n_resources = info->n_resources;
	m->has_status_update_state = head != NULL;
	m->has_status_update_uuid = head != NULL;
	if (head != NULL) {
		m->status_update_state = (Mesos__V1__TaskState)head->state;
		m->status_update_uuid.data =
			arena_memdup(mem, head->uuid, sizeof(head->uuid));
		m->status_update_uuid.len = sizeof(head->uuid);
	}
	m->labels = info->labels;
	m->discovery = info->discovery;
	m->container = info->container;
	m->health_check = info->health_check;
	m->kill_policy = info->kill_policy;
	m->user = t->framework->user;
	if (info->command != NULL && info->command->user != NULL)
		m->user = info->command->user;
	else if (info->executor != NULL && info->executor->command != NULL &&
		info->executor->command->user != NULL)
		m->user = info->executor->command->user;
	task_statuses(a, t, m, mem);
	return m;
}

static void task_statuses(const struct agent *a, const struct task *t,
	Mesos__V1__Task *to, struct arena *mem)
{
	size_t i;

	to->statuses = arena_alloc(mem, t->n_passed * sizeof(*to->statuses));
	for (i = 0; i < t->n_passed; i++) {
		Mesos__V1__TaskStatus *s = arena_alloc(mem, sizeof(*s));

		mesos__v1__task_status__init(s);
		s->task_id = to->task_id;
		s->agent_id = to->agent_id;
		s->executor_id = to->executor_id;
		s->state = (Mesos__V1__TaskState)t->passed[i].state;
		s->has_timestamp = 1;
		s->timestamp = (double)t->passed[i].wall_ns / 1e9;
		to->statuses[i] = s;
	}
	to->n_statuses = t->n_passed;
	(void)a;
}

Mesos__V1__AgentInfo__Capability **agent_view_capabilities(
	size_t *ret_n, struct arena *mem)
{
	static const int types[] = {
		MESOS__V1__AGENT_INFO__CAPABILITY__TYPE__MULTI_ROLE,
		MESOS__V1__AGENT_INFO__CAPABILITY__TYPE__HIERARCHICAL_ROLE,
		MESOS__V1__AGENT_INFO__CAPABILITY__TYPE__RESERVATION_REFINEMENT,
	};
	Mesos__V1__AgentInfo__Capability **list =
		arena_alloc(mem, ARRAY_LEN(types) * sizeof(*list));
	size_t i;

	for (i = 0; i < ARRAY_LEN(types); i++) {
		list[i] = arena_alloc(mem, sizeof(*list[i]));
		mesos__v1__agent_info__capability__init(list[i]);
		list[i]->has_type = 1;
		list[i]->type =
			(Mesos__V1__AgentInfo__Capability__Type)types[i];
	}
	*ret_n = ARRAY_LEN(types);
	return list;
}

void agent_view_used(const struct agent *a, struct res *to, struct arena *mem)
{
	const struct framework *f;
	const struct executor *e;
	const struct task *t;

	TAILQ_FOREACH (f, &a->frameworks, next)
		TAILQ_FOREACH (e, &f->executors, next) {
			const Mesos__V1__ExecutorInfo *x;

			if (e->state == EXECUTOR_TERMINATED)
				continue;
			x = hold_executor_info(e, mem);
			/* The overhead of ours is not part of any offer. */
			if (!e->generated)
				add(to, x->resources, x->n_resources);
			TAILQ_FOREACH (t, &e->tasks, next) {
				const Mesos__V1__TaskInfo *i =
					hold_task_info(t, mem);

				if (i != NULL && hold_task_is_live(t))
					add(to, i->resources, i->n_resources);
			}
		}
}

static void add(struct res *to, Mesos__V1__Resource *const *r, size_t n)
{
	struct res one = RES_INIT;

	if (res_from_msgs(&one, r, n, NULL) == 0)
		res_add(to, &one);
	res_fini(&one);
}
