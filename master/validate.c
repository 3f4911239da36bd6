/* validate.c - see validate.h; tasks are in validate_task.c. */
#include "master/validate.h"

#include <math.h>
#include <string.h>

#include "common/err.h"
#include "common/ident.h"
#include "common/limits.h"
#include "master/master.h"
#include "mesos/v1/mesos.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

typedef Mesos__V1__Scheduler__Call call_msg;

#define CALL(name) MESOS__V1__SCHEDULER__CALL__TYPE__##name
#define UUID_SIZE  16

/* failover_timeout must fit a count of nanoseconds in 63 bits. */
#define TIMEOUT_MAX_S 9223372036.0

static const char *id_text(const Mesos__V1__FrameworkID *id)
{
	return id != NULL && id->value[0] != '\0' ? id->value : NULL;
}

const char *validate_framework_id(const Mesos__V1__FrameworkInfo *info)
{
	return id_text(info->id);
}

const char *validate_call_name(int type)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(
		&mesos__v1__scheduler__call__type__descriptor, type);

	return v != NULL ? v->name : "UNKNOWN";
}

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The sub-message of a call that needs one, as its name in the proto; NULL if
 * it is there, or not needed. */
static const char *body_missing(const call_msg *c)
{
#define NEEDS(type_name, field) \
	case CALL(type_name):   \
		return c->field == NULL ? #field : NULL
	switch ((int)c->type) {
		NEEDS(SUBSCRIBE, subscribe);
		NEEDS(ACCEPT, accept);
		NEEDS(DECLINE, decline);
		NEEDS(ACCEPT_INVERSE_OFFERS, accept_inverse_offers);
		NEEDS(DECLINE_INVERSE_OFFERS, decline_inverse_offers);
		NEEDS(KILL, kill);
		NEEDS(SHUTDOWN, shutdown);
		NEEDS(ACKNOWLEDGE, acknowledge);
		NEEDS(ACKNOWLEDGE_OPERATION_STATUS,
			acknowledge_operation_status);
		NEEDS(RECONCILE, reconcile);
		NEEDS(RECONCILE_OPERATIONS, reconcile_operations);
		NEEDS(MESSAGE, message);
		NEEDS(REQUEST, request);
		NEEDS(UPDATE_FRAMEWORK, update_framework);
	default:
		return NULL;
	}
#undef NEEDS
}

static int uuid_check(
	const char *call, const ProtobufCBinaryData *uuid, struct err *e)
{
	unsigned version;

	if (uuid->len != UUID_SIZE)
		return err_set(e, ERR_INVALID,
			"%s: 'uuid' has %zu bytes; send the 16 bytes of the "
			"status that is acknowledged",
			call, uuid->len);
	version = uuid->data[6] >> 4;
	if (version < 1 || version > 5)
		return err_set(e, ERR_INVALID,
			"%s: 'uuid' is no UUID: version %u is unknown", call,
			version);
	return 0;
}

static int ids_match(const char *name, const call_msg *c,
	const Mesos__V1__FrameworkInfo *info, struct err *e)
{
	const char *outer = id_text(c->framework_id);
	const char *inner = id_text(info->id);

	if (same(outer, inner))
		return 0;
	return err_set(e, ERR_INVALID,
		"%s: 'framework_id' is '%.64s' but 'framework_info.id' is "
		"'%.64s'; both must be set to the same, or both unset",
		name, outer != NULL ? outer : "", inner != NULL ? inner : "");
}

static int subscribe_check(
	const call_msg *c, const char *principal, struct err *e)
{
	const Mesos__V1__FrameworkInfo *info = c->subscribe->framework_info;

	if (ids_match("SUBSCRIBE", c, info, e) != 0)
		return -1;
	if (principal != NULL && info->principal != NULL &&
		strcmp(principal, info->principal) != 0)
		return err_set(e, ERR_INVALID,
			"SUBSCRIBE: 'framework_info.principal' is '%.64s' but "
			"the request was authenticated as '%.64s'; send the "
			"same, or leave it unset",
			info->principal, principal);
	return 0;
}

int validate_call(const call_msg *c, const char *principal, struct err *e)
{
	const char *name, *missing;

	if (!c->has_type)
		return err_set(e, ERR_INVALID,
			"The call has no 'type', or one that is unknown; see "
			"mesos.v1.scheduler.Call.Type");
	name = validate_call_name((int)c->type);
	missing = body_missing(c);
	if (missing != NULL)
		return err_set(e, ERR_INVALID, "%s: the call lacks its '%s'",
			name, missing);
	if ((int)c->type == CALL(SUBSCRIBE))
		return subscribe_check(c, principal, e);
	if (id_text(c->framework_id) == NULL)
		return err_set(e, ERR_INVALID,
			"%s: 'framework_id' is missing; send the one of the "
			"SUBSCRIBED event",
			name);
	switch ((int)c->type) {
	case CALL(ACKNOWLEDGE):
		return uuid_check(name, &c->acknowledge->uuid, e);
	case CALL(ACKNOWLEDGE_OPERATION_STATUS):
		if (c->acknowledge_operation_status->agent_id == NULL)
			return err_set(e, ERR_INVALID,
				"%s: 'agent_id' is missing", name);
		return uuid_check(
			name, &c->acknowledge_operation_status->uuid, e);
	case CALL(UPDATE_FRAMEWORK):
		return ids_match(
			name, c, c->update_framework->framework_info, e);
	default:
		return 0;
	}
}

/* --- FrameworkInfo ------------------------------------------------------------- */

static bool has_multi_role(const Mesos__V1__FrameworkInfo *info)
{
	size_t i;

	for (i = 0; i < info->n_capabilities; i++)
		if (info->capabilities[i]->has_type &&
			(int)info->capabilities[i]->type ==
				MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__MULTI_ROLE)
			return true;
	return false;
}

static bool role_is_set(const Mesos__V1__FrameworkInfo *info)
{
	return info->role != NULL &&
		info->role != mesos__v1__framework_info__role__default_value;
}

/* Whether the name is one of a list with commas. */
static bool listed(const char *list, const char *name)
{
	size_t n = strlen(name);
	const char *p = list;

	while (*p != '\0') {
		size_t k = strcspn(p, ",");

		if (k == n && strncmp(p, name, n) == 0)
			return true;
		p += k;
		p += *p == ',';
	}
	return false;
}

static int role_check(
	const struct master_config *cfg, const char *role, struct err *e)
{
	if (ident_role_check(role, e) != 0)
		return -1;
	if (cfg->roles == NULL || strcmp(role, "*") == 0 ||
		listed(cfg->roles, role))
		return 0;
	return err_set(e, ERR_DENIED,
		"role '%.128s' is not one of those that --roles allows: %.256s",
		role, cfg->roles);
}

static bool in_roles(const Mesos__V1__FrameworkInfo *info, const char *role)
{
	size_t i;

	if (!has_multi_role(info))
		return strcmp(role, info->role != NULL ? info->role : "*") == 0;
	for (i = 0; i < info->n_roles; i++)
		if (strcmp(info->roles[i], role) == 0)
			return true;
	return false;
}

static int roles_check(const struct master_config *cfg,
	const Mesos__V1__FrameworkInfo *info, struct err *e)
{
	size_t i, k;

	if (!has_multi_role(info)) {
		if (info->n_roles > 0)
			return err_set(e, ERR_INVALID,
				"'roles' is set without the MULTI_ROLE "
				"capability; use 'role', or add it");
		return role_check(
			cfg, info->role != NULL ? info->role : "*", e);
	}
	if (role_is_set(info))
		return err_set(e, ERR_INVALID,
			"'role' is set although the framework has the "
			"MULTI_ROLE capability; use 'roles'");
	if (info->n_roles > FRAMEWORK_ROLES_MAX)
		return err_set(e, ERR_LIMIT,
			"%zu roles; a framework can have at most %d",
			info->n_roles, FRAMEWORK_ROLES_MAX);
	for (i = 0; i < info->n_roles; i++) {
		if (role_check(cfg, info->roles[i], e) != 0)
			return -1;
		for (k = 0; k < i; k++)
			if (strcmp(info->roles[i], info->roles[k]) == 0)
				return err_set(e, ERR_INVALID,
					"role '%.128s' is twice in 'roles'",
					info->roles[i]);
	}
	return 0;
}

static int quantity_check(
	const char *role, const char *name, double v, struct err *e)
{
	/* alloc.h takes these lists as text. */
	if (*name == '\0' || strpbrk(name, ":;| \t\n\v\f\r") != NULL)
		return err_set(e, ERR_INVALID,
			"'offer_filters' of role '%.128s': '%.64s' is not the "
			"name of a resource",
			role, name);
	if (isfinite(v) && !(v < 0) && (v >= 0) &&
		fpclassify(v) != FP_SUBNORMAL)
		return 0;
	return err_set(e, ERR_INVALID,
		"'offer_filters' of role '%.128s': the amount of '%.64s' must "
		"be a finite number >= 0",
		role, name);
}

static int offer_filters_check(
	const Mesos__V1__FrameworkInfo *info, struct err *e)
{
	size_t i, k, q;

	if (info->n_offer_filters > FRAMEWORK_ROLES_MAX)
		return err_set(e, ERR_LIMIT,
			"%zu 'offer_filters'; a framework can have at most %d "
			"roles",
			info->n_offer_filters, FRAMEWORK_ROLES_MAX);
	for (i = 0; i < info->n_offer_filters; i++) {
		const Mesos__V1__OfferFilters *f =
			info->offer_filters[i]->value;
		const char *role = info->offer_filters[i]->key;

		if (f == NULL || f->min_allocatable_resources == NULL)
			continue;
		for (k = 0; k < f->min_allocatable_resources->n_quantities;
			k++) {
			const Mesos__V1__OfferFilters__ResourceQuantities *s =
				f->min_allocatable_resources->quantities[k];

			if (s->n_quantities == 0)
				return err_set(e, ERR_INVALID,
					"'offer_filters' of role '%.128s' "
					"has an empty list of quantities",
					role);
			for (q = 0; q < s->n_quantities; q++)
				if (quantity_check(role, s->quantities[q]->key,
					    s->quantities[q]->value != NULL
						    ? s->quantities[q]
							      ->value->value
						    : 0,
					    e) != 0)
					return -1;
		}
	}
	return 0;
}

static int suppressed_check(const Mesos__V1__FrameworkInfo *info,
	char *const *suppressed, size_t n, struct err *e)
{
	size_t i;

	if (n > FRAMEWORK_ROLES_MAX)
		return err_set(e, ERR_LIMIT,
			"%zu 'suppressed_roles'; a framework can have at "
			"most %d roles",
			n, FRAMEWORK_ROLES_MAX);
	for (i = 0; i < n; i++)
		if (!in_roles(info, suppressed[i]))
			return err_set(e, ERR_INVALID,
				"'suppressed_roles' has '%.128s', which is "
				"not a role of the framework",
				suppressed[i]);
	return 0;
}

int validate_framework(const struct master_config *cfg,
	const Mesos__V1__FrameworkInfo *info, char *const *suppressed,
	size_t n_suppressed, struct err *e)
{
	const char *id = validate_framework_id(info);
	size_t size = protobuf_c_message_get_packed_size(&info->base);

	if (size > FRAMEWORK_INFO_MAX)
		return err_set(e, ERR_LIMIT,
			"The FrameworkInfo of %zu bytes is over the %d that it "
			"may have",
			size, FRAMEWORK_INFO_MAX);
	if (roles_check(cfg, info, e) != 0)
		return -1;
	if (id != NULL && ident_id_check("framework id", id, e) != 0)
		return -1;
	if (offer_filters_check(info, e) != 0)
		return -1;
	/* Written so that NaN fails. */
	if (info->has_failover_timeout &&
		!(fabs(info->failover_timeout) <= TIMEOUT_MAX_S))
		return err_set(e, ERR_INVALID,
			"'failover_timeout' must be a number of seconds up to "
			"9223372036 (292 years)");
	if (suppressed_check(info, suppressed, n_suppressed, e) != 0)
		return -1;
	if (!cfg->root_submissions && strcmp(info->user, "root") == 0)
		return err_set(e, ERR_DENIED,
			"user 'root' may not run frameworks here "
			"(--root_submissions=false); set another 'user'");
	return 0;
}
