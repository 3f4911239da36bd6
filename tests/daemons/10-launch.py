"""The main job by an independent client: offers, tasks, statuses, kills."""
import os
import sys
import time

import v1
from tap import ADDRESS, CA, equal, main, note, ok
from v1 import mesos

CODEC = v1.JSON if sys.argv[1] == "json" else v1.PROTOBUF


def run():
    info = mesos.FrameworkInfo(user="root", name="python-" + sys.argv[1], failover_timeout=60, checkpoint=True)
    info.capabilities.add(type=mesos.FrameworkInfo.Capability.PARTITION_AWARE)
    info.capabilities.add(type=mesos.FrameworkInfo.Capability.TASK_KILLING_STATE)
    s = v1.Scheduler(ADDRESS, CA, CODEC, info)
    event = s.subscribe()
    equal(event.subscribed.heartbeat_interval_seconds, 15.0, "SUBSCRIBED announces heartbeats of 15 s")
    ok(len(s.stream_id or "") > 0, "the stream has an id")
    ok(event.subscribed.master_info.port > 0, "SUBSCRIBED names the master")
    s.next(v1.scheduler.Event.HEARTBEAT)
    ok(True, "a HEARTBEAT follows at once")

    offers = s.offers()
    offer = offers[0]
    names = sorted({r.name for r in offer.resources})
    equal(names, ["cpus", "disk", "mem", "ports"], "the offer has what the agent was given")
    ok(offer.hostname == "localhost" and offer.url.path.startswith("/slave"), "the offer says where")

    t = v1.task(offer, "finishes", "echo out; echo err >&2")
    s.accept(offers, [t])
    status, seen = s.until("finishes", mesos.TASK_FINISHED)
    equal(seen, ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"], "a task is STARTING, RUNNING, FINISHED")
    equal(status.message, "Command exited with status 0", "its message")
    equal(status.source, mesos.TaskStatus.SOURCE_EXECUTOR, "its source")
    ok(len(status.uuid) == 16, "its uuid has 16 bytes")

    offers = s.offer()
    t = v1.task(offers[0], "fails", "exit 3")
    s.accept(offers, [t])
    status, seen = s.until("fails", mesos.TASK_FAILED)
    equal(status.message, "Command exited with status 3", "a failing task says its status")

    offers = s.offer()
    t = v1.task(offers[0], "argv", "/bin/echo")
    t.command.shell = False
    t.command.arguments.extend(["echo", "two words"])
    t.command.environment.variables.add(name="GREETING", value="hi")
    s.accept(offers, [t])
    s.until("argv", mesos.TASK_FINISHED)
    ok(True, "a command in argv form runs")

    offers = s.offer()
    t = v1.task(offers[0], "signal", "kill -SEGV $$")
    s.accept(offers, [t])
    status, seen = s.until("signal", mesos.TASK_FAILED)
    ok(status.message.startswith("Command terminated with signal Segmentation fault"), "a signal is named: " + status.message)

    offers = s.offer()
    s.accept(offers, [v1.task(offers[0], "killed", "sleep 1000")])
    s.until("killed", mesos.TASK_RUNNING)
    s.kill("killed")
    status, seen = s.until("killed", mesos.TASK_KILLED)
    equal(seen, ["TASK_KILLING", "TASK_KILLED"], "a kill is KILLING, then KILLED")

    offers = s.offer()
    ready = os.path.join(os.environ["T"], "stubborn.ready-" + sys.argv[1])
    s.accept(offers, [v1.task(offers[0], "stubborn", "trap '' TERM; touch %s; while :; do sleep 0.1; done" % ready)])
    s.until("stubborn", mesos.TASK_RUNNING)
    while not os.path.exists(ready):  # RUNNING says that it was started, not how far it is
        time.sleep(0.01)
    began = time.time()
    s.kill("stubborn", grace=0.5)
    s.until("stubborn", mesos.TASK_KILLED)
    took = time.time() - began
    ok(0.4 < took < 5, "a task that ignores SIGTERM dies after its grace (%.1f s)" % took)

    offers = s.offer(cpus=2)
    many = [v1.task(offers[0], "many-%d" % i, "true", cpus=0.01, mem=1) for i in range(50)]
    s.accept(offers, many)
    left = {t.task_id.value for t in many}
    while left:
        status = s.update(timeout=60)
        if status.state == mesos.TASK_FINISHED:
            left.discard(status.task_id.value)
        elif status.state not in (mesos.TASK_STARTING, mesos.TASK_RUNNING):
            note("%s %s" % (status.task_id.value, status.message))
            break
    ok(not left, "50 tasks of one ACCEPT finish")

    s.reconcile("nobody")
    status = s.update("nobody")
    equal((status.state, status.reason), (mesos.TASK_UNKNOWN, mesos.TaskStatus.REASON_RECONCILIATION),
          "an unknown task reconciles to UNKNOWN")

    call = v1.scheduler.Call(type=v1.scheduler.Call.TEARDOWN)
    s.call(call)
    ok(True, "TEARDOWN is accepted")


main(run)
