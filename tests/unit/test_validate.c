/* test_validate.c - calls and FrameworkInfo; master/validate.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/limits.h"
#include "master/validate.h"
#include "master_world.h"

/* --- calls --------------------------------------------------------------------- */

static struct arena arena;
static struct err err;

static char *text(const char *s)
{
	return arena_strdup(&arena, s);
}

static Mesos__V1__FrameworkID *framework_id(const char *s)
{
	Mesos__V1__FrameworkID *id = arena_alloc(&arena, sizeof(*id));

	mesos__v1__framework_id__init(id);
	id->value = text(s);
	return id;
}

static Mesos__V1__FrameworkInfo *framework_info(void)
{
	Mesos__V1__FrameworkInfo *info = arena_alloc(&arena, sizeof(*info));

	mesos__v1__framework_info__init(info);
	info->user = text("nobody");
	info->name = text("test");
	return info;
}

static int check(w_call *call, const char *principal)
{
	memset(&err, 0, sizeof(err));
	return validate_call(call, principal, &err);
}

static void a_call_needs_a_type(void **state)
{
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;

	(void)state;
	assert_int_equal(check(&call, NULL), -1);
	assert_non_null(strstr(err.text, "'type'"));
}

static void calls_need_their_bodies(void **state)
{
	static const struct {
		int type;
		const char *body; /* NULL: none is needed */
	} rows[] = {
		{ W_CALL(SUBSCRIBE), "subscribe" },
		{ W_CALL(TEARDOWN), NULL },
		{ W_CALL(ACCEPT), "accept" },
		{ W_CALL(DECLINE), "decline" },
		{ W_CALL(ACCEPT_INVERSE_OFFERS), "accept_inverse_offers" },
		{ W_CALL(DECLINE_INVERSE_OFFERS), "decline_inverse_offers" },
		{ W_CALL(REVIVE), NULL },
		{ W_CALL(KILL), "kill" },
		{ W_CALL(SHUTDOWN), "shutdown" },
		{ W_CALL(ACKNOWLEDGE), "acknowledge" },
		{ W_CALL(ACKNOWLEDGE_OPERATION_STATUS),
			"acknowledge_operation_status" },
		{ W_CALL(RECONCILE), "reconcile" },
		{ W_CALL(RECONCILE_OPERATIONS), "reconcile_operations" },
		{ W_CALL(MESSAGE), "message" },
		{ W_CALL(REQUEST), "request" },
		{ W_CALL(SUPPRESS), NULL },
		{ W_CALL(UPDATE_FRAMEWORK), "update_framework" },
		{ W_CALL(UNKNOWN), NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		w_call call = MESOS__V1__SCHEDULER__CALL__INIT;

		call.has_type = 1;
		call.type = (Mesos__V1__Scheduler__Call__Type)rows[i].type;
		call.framework_id = framework_id("f");
		assert_int_equal(
			check(&call, NULL), rows[i].body != NULL ? -1 : 0);
		if (rows[i].body != NULL)
			assert_non_null(strstr(err.text, rows[i].body));
	}
}

static void calls_but_subscribe_need_a_framework_id(void **state)
{
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;

	(void)state;
	call.has_type = 1;
	call.type = W_CALL(REVIVE);
	assert_int_equal(check(&call, NULL), -1);
	call.framework_id = framework_id("");
	assert_int_equal(check(&call, NULL), -1);
	call.framework_id = framework_id("f");
	assert_int_equal(check(&call, NULL), 0);
}

static void ids_of_subscribe_must_be_equal(void **state)
{
	static const struct {
		const char *outer, *inner; /* NULL: unset */
		int ret;
	} rows[] = {
		{ NULL, NULL, 0 },
		{ "", NULL, 0 },
		{ NULL, "", 0 },
		{ "a", "a", 0 },
		{ "a", NULL, -1 },
		{ NULL, "a", -1 },
		{ "a", "b", -1 },
		{ "a", "", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
		Mesos__V1__Scheduler__Call__Subscribe sub =
			MESOS__V1__SCHEDULER__CALL__SUBSCRIBE__INIT;

		call.has_type = 1;
		call.type = W_CALL(SUBSCRIBE);
		call.subscribe = &sub;
		sub.framework_info = framework_info();
		if (rows[i].outer != NULL)
			call.framework_id = framework_id(rows[i].outer);
		if (rows[i].inner != NULL)
			sub.framework_info->id = framework_id(rows[i].inner);
		assert_int_equal(check(&call, NULL), rows[i].ret);
	}
}

static void the_principal_must_be_the_authenticated_one(void **state)
{
	w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
	Mesos__V1__Scheduler__Call__Subscribe sub =
		MESOS__V1__SCHEDULER__CALL__SUBSCRIBE__INIT;

	(void)state;
	call.has_type = 1;
	call.type = W_CALL(SUBSCRIBE);
	call.subscribe = &sub;
	sub.framework_info = framework_info();
	assert_int_equal(check(&call, "alice"), 0);
	sub.framework_info->principal = text("alice");
	assert_int_equal(check(&call, "alice"), 0);
	assert_int_equal(check(&call, NULL), 0);
	assert_int_equal(check(&call, "bob"), -1);
}

static void an_acknowledged_uuid_must_be_one(void **state)
{
	static const struct {
		size_t size;
		uint8_t version;
		int ret;
	} rows[] = {
		{ 16, 0x40, 0 },
		{ 16, 0x10, 0 },
		{ 16, 0x50, 0 },
		{ 15, 0x40, -1 },
		{ 0, 0, -1 },
		{ 16, 0x00, -1 },
		{ 16, 0xf0, -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		w_call call = MESOS__V1__SCHEDULER__CALL__INIT;
		Mesos__V1__Scheduler__Call__Acknowledge ack =
			MESOS__V1__SCHEDULER__CALL__ACKNOWLEDGE__INIT;
		uint8_t uuid[16] = { 0 };

		uuid[6] = rows[i].version;
		call.has_type = 1;
		call.type = W_CALL(ACKNOWLEDGE);
		call.framework_id = framework_id("f");
		call.acknowledge = &ack;
		ack.uuid.data = uuid;
		ack.uuid.len = rows[i].size;
		assert_int_equal(check(&call, NULL), rows[i].ret);
	}
}

/* --- FrameworkInfo --------------------------------------------------------------- */

static Mesos__V1__FrameworkInfo *multi_role(char **roles, size_t n)
{
	Mesos__V1__FrameworkInfo *info = framework_info();
	Mesos__V1__FrameworkInfo__Capability *c =
		arena_alloc(&arena, sizeof(*c));

	mesos__v1__framework_info__capability__init(c);
	c->has_type = 1;
	c->type = W_CAN(MULTI_ROLE);
	info->capabilities = arena_memdup(&arena, &c, sizeof(c));
	info->n_capabilities = 1;
	info->roles = roles;
	info->n_roles = n;
	return info;
}

static int info_check(const struct master_config *cfg,
	const Mesos__V1__FrameworkInfo *info, const char *suppressed)
{
	char *list[] = { arena_strdup(&arena, suppressed) };

	memset(&err, 0, sizeof(err));
	return validate_framework(cfg, info, list, suppressed != NULL, &err);
}

static const struct master_config open_config = { .root_submissions = true };

static void roles_go_with_multi_role_only(void **state)
{
	char a[] = "a", b[] = "b";
	char *two[] = { a, b }, *twice[] = { a, a };
	Mesos__V1__FrameworkInfo *info = framework_info();

	(void)state;
	assert_int_equal(info_check(&open_config, info, NULL), 0);
	info->role = a;
	assert_int_equal(info_check(&open_config, info, NULL), 0);
	info->roles = two;
	info->n_roles = 2;
	assert_int_equal(info_check(&open_config, info, NULL), -1);
	assert_int_equal(info_check(&open_config, multi_role(two, 2), NULL), 0);
	assert_int_equal(
		info_check(&open_config, multi_role(NULL, 0), NULL), 0);
	assert_int_equal(
		info_check(&open_config, multi_role(twice, 2), NULL), -1);
	info = multi_role(two, 2);
	info->role = a;
	assert_int_equal(info_check(&open_config, info, NULL), -1);
}

static void role_names_have_rules(void **state)
{
	static const struct {
		const char *role;
		int ret;
	} rows[] = {
		{ "*", 0 },
		{ "dev", 0 },
		{ "a/b/c", 0 },
		{ "", -1 },
		{ "/a", -1 },
		{ "a/", -1 },
		{ "a//b", -1 },
		{ ".", -1 },
		{ "..", -1 },
		{ "a/..", -1 },
		{ "a/*", -1 },
		{ "-a", -1 },
		{ "a b", -1 },
		{ "a\tb", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		Mesos__V1__FrameworkInfo *info = framework_info();

		info->role = text(rows[i].role);
		assert_int_equal(
			info_check(&open_config, info, NULL), rows[i].ret);
	}
}

static void framework_ids_have_rules(void **state)
{
	static const struct {
		const char *id;
		int ret;
	} rows[] = {
		{ "f-0001", 0 },
		{ "a b", 0 },
		{ ".", -1 },
		{ "..", -1 },
		{ "a/b", -1 },
		{ "a\\b", -1 },
		{ "a\nb", -1 },
		{ "", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		Mesos__V1__FrameworkInfo *info = framework_info();

		info->id = framework_id(rows[i].id);
		assert_int_equal(
			info_check(&open_config, info, NULL), rows[i].ret);
	}
}

static void only_listed_roles_are_allowed(void **state)
{
	const struct master_config cfg = { .root_submissions = true,
		.roles = "dev,ops" };
	Mesos__V1__FrameworkInfo *info = framework_info();

	(void)state;
	assert_int_equal(info_check(&cfg, info, NULL), 0); /* "*" */
	info->role = text("ops");
	assert_int_equal(info_check(&cfg, info, NULL), 0);
	info->role = text("op");
	assert_int_equal(info_check(&cfg, info, NULL), -1);
	assert_non_null(strstr(err.text, "--roles"));
}

static void a_framework_info_is_bounded(void **state)
{
	Mesos__V1__FrameworkInfo *info = framework_info();

	(void)state;
	info->name = arena_alloc(&arena, FRAMEWORK_INFO_MAX + 1);
	memset(info->name, 'x', FRAMEWORK_INFO_MAX);
	assert_int_equal(info_check(&open_config, info, NULL), -1);
	assert_non_null(strstr(err.text, "FrameworkInfo"));
	info->name[FRAMEWORK_INFO_MAX - 1000] = '\0';
	assert_int_equal(info_check(&open_config, info, NULL), 0);
}

static void failover_timeouts_fit_nanoseconds(void **state)
{
	static const struct {
		double value;
		int ret;
	} rows[] = {
		{ 0, 0 },
		{ 9e9, 0 },
		{ -1, 0 },
		{ 1e10, -1 },
		{ -1e10, -1 },
		{ INFINITY, -1 },
		{ NAN, -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		Mesos__V1__FrameworkInfo *info = framework_info();

		info->has_failover_timeout = 1;
		info->failover_timeout = rows[i].value;
		assert_int_equal(
			info_check(&open_config, info, NULL), rows[i].ret);
	}
}

static void suppressed_roles_are_the_frameworks(void **state)
{
	char a[] = "a";
	char *one[] = { a };

	(void)state;
	assert_int_equal(info_check(&open_config, multi_role(one, 1), "a"), 0);
	assert_int_equal(info_check(&open_config, multi_role(one, 1), "b"), -1);
	assert_int_equal(info_check(&open_config, framework_info(), "*"), 0);
}

static void root_may_be_refused(void **state)
{
	const struct master_config cfg = { .root_submissions = false };
	Mesos__V1__FrameworkInfo *info = framework_info();

	(void)state;
	assert_int_equal(info_check(&cfg, info, NULL), 0);
	info->user = text("root");
	assert_int_equal(info_check(&cfg, info, NULL), -1);
	assert_int_equal(info_check(&open_config, info, NULL), 0);
}

static void offer_filters_have_finite_amounts(void **state)
{
	static const struct {
		double value;
		int ret;
	} rows[] = {
		{ 0, 0 },
		{ 1.5, 0 },
		{ -1, -1 },
		{ NAN, -1 },
		{ INFINITY, -1 },
		{ 1e-310, -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i <= ARRAY_LEN(rows); i++) {
		Mesos__V1__FrameworkInfo *info = framework_info();
		Mesos__V1__FrameworkInfo__OfferFiltersEntry entry =
			MESOS__V1__FRAMEWORK_INFO__OFFER_FILTERS_ENTRY__INIT;
		Mesos__V1__FrameworkInfo__OfferFiltersEntry *entries[] = {
			&entry
		};
		Mesos__V1__OfferFilters filters =
			MESOS__V1__OFFER_FILTERS__INIT;
		Mesos__V1__OfferFilters__MinAllocatableResources min =
			MESOS__V1__OFFER_FILTERS__MIN_ALLOCATABLE_RESOURCES__INIT;
		Mesos__V1__OfferFilters__ResourceQuantities q =
			MESOS__V1__OFFER_FILTERS__RESOURCE_QUANTITIES__INIT;
		Mesos__V1__OfferFilters__ResourceQuantities *qs[] = { &q };
		Mesos__V1__OfferFilters__ResourceQuantities__QuantitiesEntry cpus =
			MESOS__V1__OFFER_FILTERS__RESOURCE_QUANTITIES__QUANTITIES_ENTRY__INIT;
		Mesos__V1__OfferFilters__ResourceQuantities__QuantitiesEntry
			*amounts[] = { &cpus };
		Mesos__V1__Value__Scalar v = MESOS__V1__VALUE__SCALAR__INIT;

		entry.key = text("*");
		entry.value = &filters;
		filters.min_allocatable_resources = &min;
		min.quantities = qs;
		min.n_quantities = 1;
		cpus.key = text("cpus");
		cpus.value = &v;
		q.quantities = amounts;
		info->offer_filters = entries;
		info->n_offer_filters = 1;
		if (i == ARRAY_LEN(rows)) { /* an empty list */
			assert_int_equal(
				info_check(&open_config, info, NULL), -1);
			continue;
		}
		q.n_quantities = 1;
		v.value = rows[i].value;
		assert_int_equal(
			info_check(&open_config, info, NULL), rows[i].ret);
	}
}

static int begin(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_call_needs_a_type),
		TEST(calls_need_their_bodies),
		TEST(calls_but_subscribe_need_a_framework_id),
		TEST(ids_of_subscribe_must_be_equal),
		TEST(the_principal_must_be_the_authenticated_one),
		TEST(an_acknowledged_uuid_must_be_one),
		TEST(roles_go_with_multi_role_only),
		TEST(role_names_have_rules),
		TEST(framework_ids_have_rules),
		TEST(only_listed_roles_are_allowed),
		TEST(a_framework_info_is_bounded),
		TEST(failover_timeouts_fit_nanoseconds),
		TEST(suppressed_roles_are_the_frameworks),
		TEST(root_may_be_refused),
		TEST(offer_filters_have_finite_amounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
