/* io_links.c - see io_links.h. */
#include "master/io_links.h"

#include <stdlib.h>

#include "butte/link.pb-c.h"
#include "common/check.h"
#include "common/err.h"
#include "common/io_link.h"
#include "common/io_loop.h"
#include "common/log.h"
#include "common/map.h"
#include "common/msg.h"
#include "common/outbox.h"
#include "master/master.h"

#define AGENT_LINK_MAGIC 0x6c696e6bu

struct agent_link {
	unsigned magic;
	uint64_t number;
	struct link *link;
	struct links *owner;
	UT_hash_handle hh;
};

struct links {
	struct loop *loop;
	struct master *master;
	struct agent_link *all;
	uint64_t last; /* number given out */
};

static void on_frame(
	void *ctx, struct link *l, const uint8_t *data, size_t size);
static void on_down(void *ctx, struct link *l, const struct err *why);

static const struct link_ops link_ops = { .frame = on_frame, .down = on_down };

struct links *links_new(struct loop *loop, struct master *m)
{
	struct links *ls = xcalloc(1, sizeof(*ls));

	ls->loop = loop;
	ls->master = m;
	return ls;
}

static void agent_link_remove(struct agent_link *al)
{
	HASH_DEL(al->owner->all, al);
	al->magic = 0;
	free(al);
}

void links_free(struct links *ls)
{
	struct agent_link *al, *next;

	if (ls == NULL)
		return;
	HASH_ITER (hh, ls->all, al, next) {
		link_free(al->link);
		agent_link_remove(al);
	}
	free(ls);
}

static void step(struct agent_link *al, enum master_event_type type,
	const Butte__Link__ToMaster *msg, const char *peer_ip)
{
	struct links *ls = al->owner;
	struct master_event ev = {
		.type = type,
		.now_ms = loop_now_ms(),
		.wall_ns = loop_wall_ns(),
		.from = al->number,
		.msg = msg,
		.peer_ip = peer_ip,
	};

	master_step(ls->master, &ev, loop_outbox(ls->loop));
	loop_turn(ls->loop);
}

static struct agent_link *agent_link_cast(void *ctx)
{
	struct agent_link *al = ctx;

	CHECK(al != NULL && al->magic == AGENT_LINK_MAGIC);
	return al;
}

void links_add(struct links *ls, struct conn *c, const char *peer_ip)
{
	struct agent_link *al = xcalloc(1, sizeof(*al));

	al->magic = AGENT_LINK_MAGIC;
	al->owner = ls;
	al->number = ++ls->last;
	HASH_ADD(hh, ls->all, number, sizeof(al->number), al);
	al->link = link_new(c, &link_ops, al);
	step(al, MASTER_LINK_UP, NULL, peer_ip);
}

static void on_frame(
	void *ctx, struct link *l, const uint8_t *data, size_t size)
{
	struct agent_link *al = agent_link_cast(ctx);
	struct outbox *out = loop_outbox(al->owner->loop);
	struct err e = { 0 };
	Butte__Link__ToMaster *msg =
		MSG_UNPACK(Butte__Link__ToMaster, &out->arena,
			&butte__link__to_master__descriptor, data, size, &e);

	if (msg == NULL ||
		msg->msg_case == BUTTE__LINK__TO_MASTER__MSG__NOT_SET) {
		log_warn("link_bad_frame",
			"link=%llu peer=%s bytes=%zu why='%s'",
			(unsigned long long)al->number, link_peer(l), size,
			msg == NULL ? e.text : "an unknown kind of message");
		step(al, MASTER_LINK_DOWN, NULL, NULL);
		link_free(l);
		agent_link_remove(al);
		return;
	}
	step(al, MASTER_LINK_MSG, msg, NULL);
}

static void on_down(void *ctx, struct link *l, const struct err *why)
{
	struct agent_link *al = agent_link_cast(ctx);

	log_info("link_down", "link=%llu peer=%s why='%s'",
		(unsigned long long)al->number, link_peer(l), why->text);
	step(al, MASTER_LINK_DOWN, NULL, NULL);
	agent_link_remove(al);
}

void links_effect(struct links *ls, const struct effect *e)
{
	struct agent_link *al;

	HASH_FIND(hh, ls->all, &e->to, sizeof(e->to), al);
	if (al == NULL)
		return; /* it broke meanwhile; the room knows or will soon */
	if (e->type == EFFECT_LINK_SEND) {
		link_send(al->link, e->data, e->size);
		return;
	}
	CHECK(e->type == EFFECT_LINK_CLOSE);
	link_free(al->link);
	agent_link_remove(al);
}
