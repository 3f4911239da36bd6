/* report_json.c - see report_json.h. */
#include "master/report_json.h"

#include <string.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/json.h"
#include "common/pbjson.h"
#include "common/res.h"
#include "common/task_state.h"
#include "master/report_v1.h"
#include "master/state.h"
#include "mesos/v1/mesos.pb-c.h"

void report_json_ktime(struct json *j, const char *name, long long ns)
{
	if (ns == 0)
		return;
	json_key(j, name);
	json_double(j, (double)ns / 1e9);
}

char *report_json_pid(const struct agent *a, struct arena *arena)
{
	const char *ip = a->ip != NULL ? a->ip : "";

	return arena_printf(arena,
		strchr(ip, ':') != NULL ? "slave(1)@[%s]:%d" : "slave(1)@%s:%d",
		ip, (int)a->info->port);
}

static void message(struct json *j, const ProtobufCMessage *msg)
{
	struct buf b = BUF_INIT;

	pbjson_write(&b, msg);
	json_raw(j, buf_str(&b), b.size);
	buf_fini(&b);
}

/* Nothing if it is NULL. */
static void kmessage(
	struct json *j, const char *key, const ProtobufCMessage *msg)
{
	if (msg == NULL)
		return;
	json_key(j, key);
	message(j, msg);
}

#define KMESSAGE(j, key, msg) \
	kmessage(j, key, (msg) != NULL ? &(msg)->base : NULL)

static void klabels(
	struct json *j, const char *key, const Mesos__V1__Labels *labels)
{
	size_t i;

	if (labels == NULL)
		return;
	json_key(j, key);
	json_arr_begin(j);
	for (i = 0; i < labels->n_labels; i++)
		message(j, &labels->labels[i]->base);
	json_arr_end(j);
}

/* --- resources --------------------------------------------------------------------- */

static void print_ranges(struct buf *to, const Mesos__V1__Value__Ranges *r)
{
	size_t i;

	for (i = 0; i < r->n_range; i++)
		buf_printf(to, "%s%llu-%llu", to->size > 1 ? ", " : "",
			(unsigned long long)r->range[i]->begin,
			(unsigned long long)r->range[i]->end);
}

static void print_set(struct buf *to, const Mesos__V1__Value__Set *s)
{
	size_t i;

	for (i = 0; i < s->n_item; i++)
		buf_printf(to, "%s%s", to->size > 1 ? ", " : "", s->item[i]);
}

/* All objects of the name of the i-th one, together: "[1-2, 5-6]". */
static void value_text(
	struct json *j, Mesos__V1__Resource *const *msgs, size_t n, size_t i)
{
	bool ranges = msgs[i]->ranges != NULL;
	struct buf b = BUF_INIT;
	size_t k;

	buf_add_char(&b, ranges ? '[' : '{');
	for (k = i; k < n; k++) {
		if (strcmp(msgs[k]->name, msgs[i]->name) != 0)
			continue;
		if (ranges && msgs[k]->ranges != NULL)
			print_ranges(&b, msgs[k]->ranges);
		else if (!ranges && msgs[k]->set != NULL)
			print_set(&b, msgs[k]->set);
	}
	buf_add_char(&b, ranges ? ']' : '}');
	json_strn(j, buf_str(&b), b.size);
	buf_fini(&b);
}

static bool seen(
	Mesos__V1__Resource *const *msgs, size_t i, const char *const *shown)
{
	size_t k;

	for (k = 0; shown[k] != NULL; k++)
		if (strcmp(shown[k], msgs[i]->name) == 0)
			return true;
	for (k = 0; k < i; k++)
		if (strcmp(msgs[k]->name, msgs[i]->name) == 0)
			return true;
	return false;
}

static void quantities(struct json *j, const struct res *r,
	const char *const *always, const char *suffix)
{
	Mesos__V1__Resource **msgs;
	struct arena arena;
	size_t i, n;

	arena_init(&arena);
	for (i = 0; always[i] != NULL; i++)
		json_kmilli(j, always[i], res_sum(r, always[i]));
	msgs = res_to_msgs(r, &arena, RES_FORM_STACK, &n);
	for (i = 0; i < n; i++) {
		if (seen(msgs, i, always))
			continue;
		json_key(
			j, arena_printf(&arena, "%s%s", msgs[i]->name, suffix));
		if (msgs[i]->scalar != NULL)
			json_milli(j, res_sum(r, msgs[i]->name));
		else
			value_text(j, msgs, n, i);
	}
	arena_fini(&arena);
}

static bool keep_revocable(const struct res_object *o, void *ctx)
{
	return res_object_is_revocable(o) == *(const bool *)ctx;
}

void report_json_resources(struct json *j, const struct res *r)
{
	static const char *const always[] = { "cpus", "gpus", "mem", "disk",
		NULL };
	static const char *const none[] = { NULL };
	struct res part = RES_INIT;
	bool revocable = false;

	json_obj_begin(j);
	res_filter(&part, r, keep_revocable, &revocable);
	quantities(j, &part, always, "");
	revocable = true;
	res_filter(&part, r, keep_revocable, &revocable);
	quantities(j, &part, none, "_revocable");
	json_obj_end(j);
	res_fini(&part);
}

static void kresources(struct json *j, const char *key, const struct res *r)
{
	json_key(j, key);
	report_json_resources(j, r);
}

static void resource_list(struct json *j, const struct res *r)
{
	Mesos__V1__Resource **msgs;
	struct arena arena;
	size_t i, n;

	arena_init(&arena);
	msgs = res_to_msgs(r, &arena, RES_FORM_BOTH, &n);
	json_arr_begin(j);
	for (i = 0; i < n; i++)
		message(j, &msgs[i]->base);
	json_arr_end(j);
	arena_fini(&arena);
}

/* --- agents -------------------------------------------------------------------------- */

static void attributes(struct json *j, const Mesos__V1__AgentInfo *info)
{
	size_t i;

	json_key(j, "attributes");
	json_obj_begin(j);
	for (i = 0; i < info->n_attributes; i++) {
		const Mesos__V1__Attribute *at = info->attributes[i];
		struct buf b = BUF_INIT;

		json_key(j, at->name);
		if (at->scalar != NULL) {
			json_double(j, at->scalar->value);
		} else if (at->ranges != NULL) {
			buf_add_char(&b, '[');
			print_ranges(&b, at->ranges);
			buf_add_char(&b, ']');
			json_str(j, buf_str(&b));
		} else {
			json_str(j, at->text != NULL ? at->text->value : "");
		}
		buf_fini(&b);
	}
	json_obj_end(j);
}

/* Names of the bits. */
static void capabilities(
	struct json *j, unsigned bits, const ProtobufCEnumDescriptor *desc)
{
	unsigned i;

	json_key(j, "capabilities");
	json_arr_begin(j);
	for (i = 0; i < sizeof(bits) * 8; i++) {
		const ProtobufCEnumValue *v;

		if ((bits & CAPABILITY(i)) == 0)
			continue;
		v = protobuf_c_enum_descriptor_get_value(desc, (int)i);
		if (v != NULL)
			json_str(j, v->name);
	}
	json_arr_end(j);
}

static bool keep_role(const struct res_object *o, void *ctx)
{
	const char *role = res_object_role(o);

	return role != NULL && strcmp(role, ctx) == 0;
}

struct reserved {
	struct json *j;
	const struct res *total;
	struct res shown;
	bool full;
};

static bool by_role(const struct res_object *o, void *ctx)
{
	struct reserved *r = ctx;
	const char *role = res_object_role(o);
	struct res part = RES_INIT;
	struct arena arena;
	char *copy;

	if (role == NULL)
		return false;
	res_filter(&part, &r->shown, keep_role, (void *)(uintptr_t)role);
	if (!res_is_empty(&part)) {
		res_fini(&part);
		return false;
	}
	arena_init(&arena);
	copy = arena_strdup(&arena, role);
	res_filter(&part, r->total, keep_role, copy);
	json_key(r->j, copy);
	if (r->full)
		resource_list(r->j, &part);
	else
		report_json_resources(r->j, &part);
	res_add(&r->shown, &part);
	res_fini(&part);
	arena_fini(&arena);
	return false;
}

/* {"role":...} for each role that something is reserved to. */
static void reserved(
	struct json *j, const char *key, const struct res *total, bool full)
{
	struct reserved r = { .j = j, .total = total, .full = full };
	struct res none = RES_INIT;

	res_init(&r.shown);
	json_key(j, key);
	json_obj_begin(j);
	res_filter(&none, total, by_role, &r);
	json_obj_end(j);
	res_fini(&none);
	res_fini(&r.shown);
}

static void agent_resources(struct json *j, const struct agent *a, bool full)
{
	struct res offered = RES_INIT, free_for_all = RES_INIT;

	report_v1_agent_offered(a, &offered);
	res_unreserved(&free_for_all, &a->total);
	kresources(j, "resources", &a->total);
	kresources(j, "used_resources", &a->used);
	kresources(j, "offered_resources", &offered);
	reserved(j, "reserved_resources", &a->total, false);
	kresources(j, "unreserved_resources", &free_for_all);
	if (full) {
		reserved(j, "reserved_resources_full", &a->total, true);
		json_key(j, "unreserved_resources_full");
		resource_list(j, &free_for_all);
		json_key(j, "used_resources_full");
		resource_list(j, &a->used);
		json_key(j, "offered_resources_full");
		resource_list(j, &offered);
	}
	res_fini(&offered);
	res_fini(&free_for_all);
}

void report_json_agent(struct json *j, const struct agent *a, bool full)
{
	struct arena arena;

	arena_init(&arena);
	json_kstr(j, "id", a->id);
	json_kstr(j, "hostname", a->info->hostname);
	json_kint(j, "port", a->info->port);
	attributes(j, a->info);
	KMESSAGE(j, "domain", a->info->domain);
	json_kstr(j, "pid", report_json_pid(a, &arena));
	report_json_ktime(j, "registered_time", a->registered_ns);
	report_json_ktime(j, "reregistered_time", a->reregistered_ns);
	agent_resources(j, a, full);
	json_kbool(j, "active", a->active);
	json_kbool(j, "deactivated", false);
	/* Ours: why an agent that is well is not active. */
	if (a->withheld != NULL)
		json_kstr(j, "offers_withheld", a->withheld);
	json_kstr(j, "version", a->version != NULL ? a->version : "");
	capabilities(j, a->capabilities,
		&mesos__v1__agent_info__capability__type__descriptor);
	arena_fini(&arena);
}

/* --- tasks ------------------------------------------------------------------------------ */

static void status(struct json *j, const Mesos__V1__TaskStatus *s)
{
	json_obj_begin(j);
	json_kstr(j, "state", task_state_name((int)s->state));
	if (s->has_timestamp) {
		json_key(j, "timestamp");
		json_double(j, s->timestamp);
	}
	klabels(j, "labels", s->labels);
	KMESSAGE(j, "container_status", s->container_status);
	if (s->has_healthy)
		json_kbool(j, "healthy", s->healthy);
	json_obj_end(j);
}

static void limits(struct json *j, const Mesos__V1__Task *msg)
{
	size_t i;

	if (msg->n_limits == 0)
		return;
	json_key(j, "limits");
	json_obj_begin(j);
	for (i = 0; i < msg->n_limits; i++) {
		const Mesos__V1__Value__Scalar *v = msg->limits[i]->value;

		json_key(j, msg->limits[i]->key);
		json_double(j, v != NULL ? v->value : 0);
	}
	json_obj_end(j);
}

void report_json_task(struct json *j, const struct task *t)
{
	const Mesos__V1__Task *msg;
	struct arena arena;
	size_t i;

	arena_init(&arena);
	msg = report_v1_task(t, &arena);
	json_obj_begin(j);
	json_kstr(j, "id", t->id);
	json_kstr(j, "name", msg->name);
	json_kstr(j, "framework_id", t->framework->id);
	json_kstr(
		j, "executor_id", t->executor_id != NULL ? t->executor_id : "");
	json_kstr(j, "slave_id", t->agent_id);
	json_kstr(j, "state", task_state_name(t->state));
	kresources(j, "resources", &t->res);
	limits(j, msg);
	json_kstr(j, "role", t->role);
	json_key(j, "statuses");
	json_arr_begin(j);
	for (i = 0; i < msg->n_statuses; i++)
		status(j, msg->statuses[i]);
	json_arr_end(j);
	if (msg->user != NULL)
		json_kstr(j, "user", msg->user);
	klabels(j, "labels", msg->labels);
	KMESSAGE(j, "discovery", msg->discovery);
	KMESSAGE(j, "container", msg->container);
	KMESSAGE(j, "health_check", msg->health_check);
	json_obj_end(j);
	arena_fini(&arena);
}

/* --- executors and offers ------------------------------------------------------------------ */

static void command(struct json *j, const Mesos__V1__CommandInfo *c)
{
	size_t i;

	if (c == NULL)
		return;
	json_key(j, "command");
	json_obj_begin(j);
	json_kbool(j, "shell", c->shell);
	if (c->value != NULL)
		json_kstr(j, "value", c->value);
	json_key(j, "argv");
	json_arr_begin(j);
	for (i = 0; i < c->n_arguments; i++)
		json_str(j, c->arguments[i]);
	json_arr_end(j);
	KMESSAGE(j, "environment", c->environment);
	json_key(j, "uris");
	json_arr_begin(j);
	for (i = 0; i < c->n_uris; i++) {
		json_obj_begin(j);
		json_kstr(j, "value", c->uris[i]->value);
		json_kbool(j, "executable", c->uris[i]->executable);
		json_obj_end(j);
	}
	json_arr_end(j);
	json_obj_end(j);
}

static void executor(struct json *j, const struct executor *x)
{
	const Mesos__V1__ExecutorInfo *info;
	struct arena arena;

	arena_init(&arena);
	info = report_v1_executor(x, &arena);
	json_obj_begin(j);
	json_kstr(j, "executor_id", x->id);
	json_kstr(j, "name", info->name != NULL ? info->name : "");
	json_kstr(j, "framework_id", x->framework->id);
	command(j, info->command);
	kresources(j, "resources", &x->res);
	json_kstr(j, "role", x->role);
	klabels(j, "labels", info->labels);
	json_kstr(j, "type", "CUSTOM");
	json_kstr(j, "slave_id", x->agent->id);
	json_obj_end(j);
	arena_fini(&arena);
}

static void offer(struct json *j, const struct offer *o)
{
	json_obj_begin(j);
	json_kstr(j, "id", o->id);
	json_kstr(j, "framework_id", o->framework->id);
	json_key(j, "allocation_info");
	json_obj_begin(j);
	json_kstr(j, "role", o->role);
	json_obj_end(j);
	json_kstr(j, "slave_id", o->agent->id);
	kresources(j, "resources", &o->res);
	json_obj_end(j);
}

/* --- frameworks ------------------------------------------------------------------------------- */

void report_json_framework_head(struct json *j, const struct framework *fw)
{
	bool connected = fw->state == FRAMEWORK_CONNECTED;
	struct res used = RES_INIT, offered = RES_INIT;

	report_v1_framework_used(fw, &used);
	report_v1_framework_offered(fw, &offered);
	json_kstr(j, "id", fw->id);
	json_kstr(j, "name", fw->info->name);
	kresources(j, "used_resources", &used);
	kresources(j, "offered_resources", &offered);
	capabilities(j, fw->capabilities,
		&mesos__v1__framework_info__capability__type__descriptor);
	json_kstr(j, "hostname",
		fw->info->hostname != NULL ? fw->info->hostname : "");
	json_kstr(j, "webui_url",
		fw->info->webui_url != NULL ? fw->info->webui_url : "");
	json_kbool(j, "active", connected);
	json_kbool(j, "connected", connected);
	json_kbool(j, "recovered", fw->state == FRAMEWORK_RECOVERED);
	res_fini(&used);
	res_fini(&offered);
}

static void framework_roles(struct json *j, const struct framework *fw)
{
	size_t i;

	if (!state_framework_has(fw,
		    MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__MULTI_ROLE)) {
		json_kstr(j, "role", fw->roles[0]);
		return;
	}
	json_key(j, "roles");
	json_arr_begin(j);
	for (i = 0; i < fw->n_roles; i++)
		json_str(j, fw->roles[i]);
	json_arr_end(j);
}

static void framework_tasks(struct json *j, const struct framework *fw)
{
	const struct task *t;

	json_key(j, "tasks");
	json_arr_begin(j);
	for (t = NULL; (t = state_task_next(fw, t)) != NULL;)
		report_json_task(j, t);
	json_arr_end(j);
	json_key(j, "unreachable_tasks");
	json_arr_begin(j);
	for (t = NULL; (t = state_unreachable_next(fw, t)) != NULL;)
		report_json_task(j, t);
	json_arr_end(j);
	json_key(j, "completed_tasks");
	json_arr_begin(j);
	TAILQ_FOREACH (t, &fw->completed, of_completed)
		report_json_task(j, t);
	json_arr_end(j);
}

static void framework_resources(struct json *j, const struct framework *fw)
{
	struct res all = RES_INIT;

	report_v1_framework_used(fw, &all);
	report_v1_framework_offered(fw, &all);
	kresources(j, "resources", &all);
	res_fini(&all);
}

void report_json_framework(struct json *j, const struct framework *fw)
{
	const struct executor *x;
	const struct offer *o;

	report_json_framework_head(j, fw);
	json_kstr(j, "user", fw->info->user);
	json_key(j, "failover_timeout");
	json_double(j, fw->info->failover_timeout);
	json_kbool(j, "checkpoint", fw->info->checkpoint);
	report_json_ktime(j, "registered_time", fw->registered_ns);
	json_key(j, "unregistered_time"); /* always there, 0 while it lives */
	json_double(j, (double)fw->unregistered_ns / 1e9);
	report_json_ktime(j, "reregistered_time", fw->reregistered_ns);
	if (fw->info->principal != NULL)
		json_kstr(j, "principal", fw->info->principal);
	framework_resources(j, fw);
	framework_roles(j, fw);
	framework_tasks(j, fw);
	json_key(j, "offers");
	json_arr_begin(j);
	TAILQ_FOREACH (o, &fw->offers, of_framework)
		offer(j, o);
	json_arr_end(j);
	json_key(j, "executors");
	json_arr_begin(j);
	TAILQ_FOREACH (x, &fw->executors, of_framework)
		executor(j, x);
	json_arr_end(j);
	klabels(j, "labels", fw->info->labels);
}
