/*
 * JSON to messages and back: what was read can be written and read again, and
 * after the first time (which sets defaults) nothing changes any more.
 */
#include <stdint.h>
#include <string.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/msg.h"
#include "common/pbjson.h"
#include "mesos/v1/executor/executor.pb-c.h"
#include "mesos/v1/master/master.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_one(const ProtobufCMessageDescriptor *desc, const uint8_t *data,
	size_t size)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct err e = { .code = ERR_NONE };
	struct arena a;
	ProtobufCMessage *m;

	arena_init(&a);
	m = pbjson_read(&a, desc, (const char *)data, size, &e);
	CHECK((m == NULL) == (e.code != ERR_NONE));
	if (m != NULL) {
		pbjson_write(&first, m);
		m = pbjson_read(&a, desc, first.data, first.size, &e);
		CHECK(m != NULL);
		pbjson_write(&second, m);
		CHECK(first.size == second.size);
		CHECK(memcmp(first.data, second.data, first.size) == 0);
	}
	arena_fini(&a);
	buf_fini(&first);
	buf_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_one(&mesos__v1__scheduler__call__descriptor, data, size);
	try_one(&mesos__v1__executor__call__descriptor, data, size);
	try_one(&mesos__v1__master__call__descriptor, data, size);
	try_one(&mesos__v1__task_info__descriptor, data, size);
	return 0;
}
