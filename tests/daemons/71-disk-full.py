import os
import time

import ctl
import v1
from tap import ADDRESS, CA, main, note, ok
from v1 import mesos


def run():
    info = mesos.FrameworkInfo(user="root", name="disk", failover_timeout=60, checkpoint=True)
    info.capabilities.add(type=mesos.FrameworkInfo.Capability.PARTITION_AWARE)
    s = v1.Scheduler(ADDRESS, CA, v1.PROTOBUF, info)
    s.subscribe()
    offers = s.offer()
    s.accept(offers, [v1.task(offers[0], "long", "sleep 7777")])
    s.until("long", mesos.TASK_RUNNING)
    filler = os.path.join(ctl.T, "mnt", "filler")
    with open(filler, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"\0" * 4096)
        except OSError:
            pass
    offers = s.offer()
    s.accept(offers, [v1.task(offers[0], "nospace-%d" % i, "true", cpus=0.01, mem=1) for i in range(5)])
    time.sleep(3)
    text = ctl.log("a1")
    ok("full" in text.lower() or "no space" in text.lower(), "the log says that the disk is full")
    ok(ctl.pids_of("sleep\x007777"), "what ran before runs on")
    os.unlink(filler)
    if ctl.gone(ctl.pid("a1")):
        note("the agent stopped rather than go on with state that the disk does not have; it is started again")
        ctl.start("a1")
    left = {"nospace-%d" % i for i in range(5)}
    end = time.time() + 60
    while left and time.time() < end:
        try:
            status = s.update(timeout=3)
        except RuntimeError:
            s.reconcile(*left)
            continue
        if status.state not in (mesos.TASK_STAGING, mesos.TASK_STARTING, mesos.TASK_RUNNING):
            left.discard(status.task_id.value)
    ok(not left, "every task launched into the full disk is accounted for: %s" % left)
    s.reconcile("long")
    ok(s.update("long", timeout=20).state == mesos.TASK_RUNNING, "the old task is still known as running")
    s.kill("long")
    s.until("long", mesos.TASK_KILLED, timeout=30)
    ok(True, "and can be killed")


main(run)
