"""kill -9 of master, agent, executor and framework, each at several moments:
no task dies or doubles because of us, each update arrives, in order."""
import os
import signal
import time

import ctl
import v1
from tap import ADDRESS, CA, equal, main, note, ok
from v1 import mesos


def framework(name):
    info = mesos.FrameworkInfo(user="root", name=name, failover_timeout=600, checkpoint=True)
    info.capabilities.add(type=mesos.FrameworkInfo.Capability.PARTITION_AWARE)
    return v1.Scheduler(ADDRESS, CA, v1.PROTOBUF, info)


def resubscribe(s, seconds=30):
    """As a framework does: again until the master answers."""
    end = time.time() + seconds
    s.close()
    while True:
        try:
            return s.subscribe()
        except (OSError, RuntimeError, v1.http.client.HTTPException):
            if time.time() > end:
                raise
            time.sleep(0.1)


def launch(s, task_id, command):
    offers = s.offer()
    s.accept(offers, [v1.task(offers[0], task_id, command)])


def starts(task_id):
    """How often the task's command has really been started."""
    try:
        with open(os.path.join(ctl.T, task_id + ".starts")) as f:
            return len(f.read().split())
    except FileNotFoundError:
        return 0


def command(task_id, then):
    return "echo x >>%s/%s.starts; %s" % (ctl.T, task_id, then)


def master_dies(s):
    launch(s, "m1", command("m1", "sleep 1000"))
    s.until("m1", mesos.TASK_RUNNING)
    before = s.framework_id.value
    ctl.kill9("master")
    time.sleep(0.3)
    ctl.start("master")
    resubscribe(s)
    equal(s.framework_id.value, before, "after the master's death the framework keeps its id")

    def running():
        s.reconcile("m1")
        try:
            return s.update("m1", timeout=1).state == mesos.TASK_RUNNING
        except RuntimeError:
            return False

    ctl.wait_for(running, 30)
    ok(True, "the agent is back with the running task")
    equal(starts("m1"), 1, "the task was started once")
    s.kill("m1")
    s.until("m1", mesos.TASK_KILLED)
    ok(True, "and can be killed")

    # While an update is on its way: the command ends as the master dies.
    launch(s, "m2", command("m2", "sleep 0.5"))
    s.until("m2", mesos.TASK_RUNNING)
    ctl.kill9("master")
    time.sleep(1)
    ctl.start("master")
    resubscribe(s)
    s.until("m2", mesos.TASK_FINISHED, timeout=40)
    ok(True, "an update made while there was no master arrives")

    # Right after an ACCEPT: the task runs, or is reported as not run.
    offers = s.offer()
    s.accept(offers, [v1.task(offers[0], "m3", command("m3", "sleep 1000"))])
    ctl.kill9("master")
    ctl.start("master")
    resubscribe(s)
    time.sleep(2)
    s.reconcile("m3")
    status = s.update("m3", timeout=10)
    ok(status.state in (mesos.TASK_RUNNING, mesos.TASK_STARTING, mesos.TASK_UNKNOWN, mesos.TASK_GONE,
                        mesos.TASK_DROPPED, mesos.TASK_STAGING),
       "after a kill right behind an ACCEPT the task is accounted for: " + mesos.TaskState.Name(status.state))
    ok(starts("m3") <= 1, "and was started at most once")
    if status.state in (mesos.TASK_RUNNING, mesos.TASK_STARTING, mesos.TASK_STAGING):
        s.kill("m3")
        s.until("m3", mesos.TASK_KILLED)


def agent_dies(s):
    launch(s, "a1", command("a1", "sleep 1000"))
    s.until("a1", mesos.TASK_RUNNING)
    launch(s, "a2", command("a2", "sleep 1; exit 7"))
    s.until("a2", mesos.TASK_RUNNING)
    ctl.kill9("a1")
    time.sleep(2)  # a2 ends meanwhile
    ok(len(ctl.pids_of("sleep 1000")) > 0, "tasks run on without their agent")
    ctl.start("a1")
    status = s.update("a2", timeout=40)
    while status.state != mesos.TASK_FAILED:
        status = s.update("a2", timeout=40)
    equal(status.message, "Command exited with status 7", "an update made without an agent arrives, once it is back")
    s.reconcile("a1")
    status = s.update("a1", timeout=10)
    equal(mesos.TaskState.Name(status.state), "TASK_RUNNING", "the other task is still running")
    equal((starts("a1"), starts("a2")), (1, 1), "nothing was started twice")
    s.kill("a1")
    s.until("a1", mesos.TASK_KILLED, timeout=30)
    ok(True, "and can be killed by the new agent process")

    # At a moment when things are under way: a burst of launches.
    offers = s.offer()
    n = 20
    tasks = [v1.task(offers[0], "b%d" % i, command("b%d" % i, "sleep 0.2"), cpus=0.01, mem=1) for i in range(n)]
    s.accept(offers, tasks)
    time.sleep(0.05)
    ctl.kill9("a1")
    time.sleep(0.5)
    ctl.start("a1")
    ended, order_ok, last = {}, True, {}
    rank = {mesos.TASK_STAGING: 0, mesos.TASK_STARTING: 1, mesos.TASK_RUNNING: 2}
    end = time.time() + 60
    while len(ended) < n and time.time() < end:
        try:
            status = s.update(timeout=5)
        except RuntimeError:
            missing = [t.task_id.value for t in tasks if t.task_id.value not in ended]
            s.reconcile(*missing)
            continue
        t = status.task_id.value
        if not t.startswith("b"):
            continue
        r = rank.get(status.state, 3)
        if status.uuid and r < last.get(t, 0):
            order_ok = False
            note("%s went back to %s" % (t, mesos.TaskState.Name(status.state)))
        last[t] = max(r, last.get(t, 0))
        if r == 3:
            ended[t] = mesos.TaskState.Name(status.state)
    note("ends: %s" % sorted(ended.values()))
    equal(len(ended), n, "every task of a burst into a dying agent comes to an end")
    ok(order_ok, "their updates kept their order")
    equal([t for t in ("b%d" % i for i in range(n)) if starts(t) > 1], [], "none was started twice")
    equal([t for t in ended if ended[t] == "TASK_FINISHED" and starts(t) != 1], [], "each FINISHED one was started")


def executor_dies(s):
    launch(s, "e1", command("e1", "exec sleep 2000"))
    s.until("e1", mesos.TASK_RUNNING)
    victims = [p for p in ctl.pids_of("butte-executor")]
    for p in victims:
        os.kill(p, signal.SIGKILL)
    status, _ = s.until("e1", mesos.TASK_FAILED, timeout=30)
    equal(status.reason, mesos.TaskStatus.REASON_EXECUTOR_TERMINATED, "a dead executor fails its task: EXECUTOR_TERMINATED")
    ctl.wait_for(lambda: not ctl.pids_of("sleep 2000"), 20)
    ok(True, "and what it ran is gone")


def framework_dies(s):
    launch(s, "f1", command("f1", "sleep 1; exit 5"))
    s.until("f1", mesos.TASK_RUNNING)
    s.close()
    time.sleep(2)
    resubscribe(s)
    status, _ = s.until("f1", mesos.TASK_FAILED, timeout=40)
    equal(status.message, "Command exited with status 5", "an update waits for its framework")

    # A second process takes over while the first one is connected.
    t = framework("crash")
    t.info.CopyFrom(s.info)
    t.subscribe()
    try:
        while True:
            event = s.next(timeout=10)
            if event.type == v1.scheduler.Event.ERROR:
                equal(event.error.message, "Framework failed over", "the old process is told so")
                break
    except RuntimeError as e:
        ok("failed over" in str(e), "the old process is told so: %s" % e)
    launch(t, "f2", "true")
    t.until("f2", mesos.TASK_FINISHED)
    ok(True, "and the new one works")
    return t


def run():
    s = framework("crash")
    s.subscribe()
    master_dies(s)
    agent_dies(s)
    executor_dies(s)
    s = framework_dies(s)
    s.call(v1.scheduler.Call(type=v1.scheduler.Call.TEARDOWN))


main(run)
