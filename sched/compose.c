/* compose.c - see butte/scheduler.h: helpers to make and to read messages. */
#include "butte/scheduler.h"

#include <string.h>

#include "common/mem.h"

/* A message on the heap, with its defaults, as protobuf-c frees it. */
#define NEW(type, init)                                 \
	(__extension__({                                \
		static const type init_ = init;         \
		(type *)xmemdup(&init_, sizeof(init_)); \
	}))

/* Appends to an array that protobuf-c frees. */
static void append(void *array, size_t *n, void *message)
{
	void **grown;

	memcpy(&grown, array, sizeof(grown));
	grown = xrealloc(grown, (*n + 1) * sizeof(*grown));
	grown[(*n)++] = message;
	memcpy(array, &grown, sizeof(grown));
}

Mesos__V1__TaskInfo *butte_task_new(const Mesos__V1__Offer *offer,
	const char *id, const char *name, const char *command)
{
	Mesos__V1__TaskInfo *t =
		NEW(Mesos__V1__TaskInfo, MESOS__V1__TASK_INFO__INIT);

	t->name = xstrdup(name);
	t->task_id = NEW(Mesos__V1__TaskID, MESOS__V1__TASK_ID__INIT);
	t->task_id->value = xstrdup(id);
	t->agent_id = NEW(Mesos__V1__AgentID, MESOS__V1__AGENT_ID__INIT);
	t->agent_id->value = xstrdup(offer->agent_id->value);
	t->command = NEW(Mesos__V1__CommandInfo, MESOS__V1__COMMAND_INFO__INIT);
	t->command->has_shell = true;
	t->command->shell = true;
	t->command->value = xstrdup(command);
	return t;
}

void butte_task_resource(
	Mesos__V1__TaskInfo *task, const char *name, double value)
{
	Mesos__V1__Resource *r =
		NEW(Mesos__V1__Resource, MESOS__V1__RESOURCE__INIT);

	r->name = xstrdup(name);
	r->type = MESOS__V1__VALUE__TYPE__SCALAR;
	r->scalar =
		NEW(Mesos__V1__Value__Scalar, MESOS__V1__VALUE__SCALAR__INIT);
	r->scalar->value = value;
	append(&task->resources, &task->n_resources, r);
}

void butte_task_env(
	Mesos__V1__TaskInfo *task, const char *name, const char *value)
{
	Mesos__V1__Environment__Variable *v =
		NEW(Mesos__V1__Environment__Variable,
			MESOS__V1__ENVIRONMENT__VARIABLE__INIT);
	Mesos__V1__CommandInfo *c = task->command;

	v->name = xstrdup(name);
	v->value = xstrdup(value);
	if (c->environment == NULL)
		c->environment = NEW(
			Mesos__V1__Environment, MESOS__V1__ENVIRONMENT__INIT);
	append(&c->environment->variables, &c->environment->n_variables, v);
}

void butte_task_free(Mesos__V1__TaskInfo *task)
{
	if (task != NULL)
		mesos__v1__task_info__free_unpacked(task, NULL);
}

double butte_offer_scalar(const Mesos__V1__Offer *offer, const char *name)
{
	double sum = 0;

	for (size_t i = 0; i < offer->n_resources; i++) {
		const Mesos__V1__Resource *r = offer->resources[i];

		if (strcmp(r->name, name) == 0 && r->scalar != NULL)
			sum += r->scalar->value;
	}
	return sum;
}

bool butte_state_is_terminal(Mesos__V1__TaskState state)
{
	switch ((int)state) {
	case MESOS__V1__TASK_STATE__TASK_FINISHED:
	case MESOS__V1__TASK_STATE__TASK_FAILED:
	case MESOS__V1__TASK_STATE__TASK_KILLED:
	case MESOS__V1__TASK_STATE__TASK_ERROR:
	case MESOS__V1__TASK_STATE__TASK_LOST:
	case MESOS__V1__TASK_STATE__TASK_DROPPED:
	case MESOS__V1__TASK_STATE__TASK_GONE:
	case MESOS__V1__TASK_STATE__TASK_GONE_BY_OPERATOR:
		return true;
	default:
		return false;
	}
}

const char *butte_state_name(Mesos__V1__TaskState state)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(
		&mesos__v1__task_state__descriptor, (int)state);

	return v != NULL ? v->name : "TASK_UNKNOWN";
}
