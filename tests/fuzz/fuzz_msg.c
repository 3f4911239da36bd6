/*
 * Protobuf calls: what msg_unpack() accepts can be walked, copied, encoded and
 * read again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/check.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/msg.h"
#include "common/pbjson.h"
#include "mesos/v1/executor/executor.pb-c.h"
#include "mesos/v1/master/master.pb-c.h"
#include "mesos/v1/scheduler/scheduler.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_one(const ProtobufCMessageDescriptor *desc, const uint8_t *data,
	size_t size)
{
	struct buf json = BUF_INIT;
	struct err e = { .code = ERR_NONE };
	struct arena a;
	ProtobufCMessage *m, *dup;

	arena_init(&a);
	m = msg_unpack(&a, desc, data, size, &e);
	CHECK((m == NULL) == (e.code != ERR_NONE));
	if (m != NULL) {
		CHECK(protobuf_c_message_check(m));
		pbjson_write(&json, m);
		dup = msg_dup(m);
		CHECK(msg_equal(m, dup));
		msg_free(dup);
	}
	arena_fini(&a);
	buf_fini(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_one(&mesos__v1__scheduler__call__descriptor, data, size);
	try_one(&mesos__v1__scheduler__event__descriptor, data, size);
	try_one(&mesos__v1__executor__call__descriptor, data, size);
	try_one(&mesos__v1__master__call__descriptor, data, size);
	return 0;
}
