/* io_cluster.c - see io_cluster.h. */
#include "cli/io_cluster.h"

#include <string.h>
#include <time.h>

#include "common/err.h"

int cluster_init(struct cluster *c, const struct args *a, struct err *e)
{
	memset(c, 0, sizeof(*c));
	arena_init(&c->arena);
	return client_new(&c->client, a, e);
}

void cluster_fini(struct cluster *c)
{
	client_free(c->client);
	arena_fini(&c->arena);
}

int cluster_look(struct cluster *c, struct err *e)
{
	const Mesos__V1__Master__Response *r;

	arena_reset(&c->arena);
	r = client_ask(c->client, &c->arena,
		MESOS__V1__MASTER__CALL__TYPE__GET_STATE, e);
	if (r == NULL)
		return -1;
	if (r->get_state == NULL)
		return err_set(e, ERR_IO, "the master's answer has no state");
	c->state = r->get_state;
	census_init(&c->census, &c->arena, c->state, (int64_t)time(NULL));
	return 0;
}

int cluster_agent(const struct cluster *c, const Mesos__V1__Task *t,
	struct client_agent *ret, struct err *e)
{
	const census_agent_t *a =
		census_agent_find(&c->census, t->agent_id->value);

	if (a == NULL)
		return err_set(e, ERR_NOT_FOUND,
			"agent %s of task %s is not registered at the moment",
			t->agent_id->value, t->task_id->value);
	return client_agent_of(ret, a, e);
}

char *cluster_container(struct cluster *c, const Mesos__V1__Task *t,
	struct client_agent *agent, struct err *e)
{
	Mesos__V1__Agent__Call call = MESOS__V1__AGENT__CALL__INIT;
	const Mesos__V1__Agent__Response *r;
	const char *known = census_container_id(t);

	if (known != NULL)
		return arena_strdup(&c->arena, known);
	call.has_type = true;
	call.type = MESOS__V1__AGENT__CALL__TYPE__GET_CONTAINERS;
	r = client_agent_call(c->client, agent, &c->arena, &call, e);
	if (r == NULL)
		return NULL;
	for (size_t i = 0;
		r->get_containers && i < r->get_containers->n_containers; i++) {
		const Mesos__V1__Agent__Response__GetContainers__Container *k =
			r->get_containers->containers[i];

		if (k->executor_id != NULL && k->framework_id != NULL &&
			strcmp(k->executor_id->value, census_executor_id(t)) ==
				0 &&
			strcmp(k->framework_id->value,
				t->framework_id->value) == 0)
			return k->container_id->value;
	}
	(void)err_set(e, ERR_NOT_FOUND, "task %s has no container any more",
		t->task_id->value);
	return NULL;
}

char *cluster_path(
	struct cluster *c, const Mesos__V1__Task *t, const char *file)
{
	return arena_printf(&c->arena,
		"/frameworks/%s/executors/%s/runs/latest%s%s",
		t->framework_id->value, census_executor_id(t),
		file != NULL ? "/" : "", file != NULL ? file : "");
}
