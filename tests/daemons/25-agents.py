"""Agents that are lost and found; that come back with less; that rebooted."""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import ctl
import v1
from tap import ADDRESS, CA, equal, main, note, ok
from v1 import mesos, scheduler

Call, Event, S = scheduler.Call, scheduler.Event, mesos.TaskStatus
C = mesos.FrameworkInfo.Capability
BIN = os.environ["BIN"]


def framework(name, aware=True, checkpoint=True, timeout=60):
    info = mesos.FrameworkInfo(user="root", name=name, failover_timeout=timeout, checkpoint=checkpoint)
    if aware:
        info.capabilities.add(type=C.PARTITION_AWARE)
    return v1.Scheduler(ADDRESS, CA, v1.PROTOBUF, info)


def get(path, address=ADDRESS):
    conn = v1.connect(address, CA)
    conn.request("GET", path)
    r = conn.getresponse()
    return json.loads(r.read())


def slaves():
    return get("/slaves")["slaves"]


def launch(s, task_id, command, cpus=0.1, **kw):
    offers = s.offer(cpus=cpus)
    s.accept(offers, [v1.task(offers[0], task_id, command, cpus=cpus, **kw)])
    st, _ = s.until(task_id, mesos.TASK_RUNNING)
    return st


def names(*states):
    return tuple(mesos.TaskState.Name(x) for x in states)


def reconcile(s, task_id, agent=None, timeout=5):
    call = Call(type=Call.RECONCILE)
    t = call.reconcile.tasks.add()
    t.task_id.value = task_id
    if agent:
        t.agent_id.value = agent
    s.call(call)
    return s.update(task_id, timeout=timeout)


def unreachable(s, t, agent, what):
    """What both kinds of framework are told."""
    st = s.update("aware", timeout=10)
    equal((names(st.state)[0], st.reason, st.source, st.uuid),
          ("TASK_UNREACHABLE", S.REASON_AGENT_REMOVED, S.SOURCE_MASTER, b""), what + ": TASK_UNREACHABLE")
    ok(abs(st.unreachable_time.nanoseconds / 1e9 - time.time()) < 30, "with the time: " + st.message)
    f = s.next(Event.FAILURE, timeout=5).failure
    ok(f.agent_id.value == agent and not f.HasField("executor_id") and not f.HasField("status"), "and a FAILURE of the agent")
    st = t.update("unaware", timeout=10)
    equal((names(st.state)[0], st.reason), ("TASK_LOST", S.REASON_AGENT_REMOVED), "without PARTITION_AWARE: TASK_LOST")


def back(s, t, what):
    st = s.update("aware", timeout=15)
    equal((names(st.state)[0], st.reason, st.source, st.uuid),
          ("TASK_RUNNING", S.REASON_AGENT_REREGISTERED, S.SOURCE_MASTER, b""), what + ": its task is told again")
    st = t.update("unaware", timeout=15)
    equal((names(st.state)[0], st.reason), ("TASK_RUNNING", S.REASON_AGENT_REREGISTERED),
          "without PARTITION_AWARE too: it was not killed")


def lost():
    s, t = framework("aware"), framework("unaware", aware=False)
    s.subscribe()
    agent = launch(s, "aware", "exec sleep 1000").agent_id.value
    s.suppress()
    t.subscribe()
    launch(t, "unaware", "exec sleep 1000")
    t.suppress()

    os.kill(ctl.pid("a1"), signal.SIGSTOP)
    began = time.time()
    unreachable(s, t, agent, "an agent that doesn't answer pings")
    took = time.time() - began
    ok(0.3 < took < 5, "after some pings (%.1f s)" % took)
    equal(get("/state")["unreachable_slaves"], 1, "/state counts it")
    f = [f for f in get("/frameworks")["frameworks"] if f["id"] == s.framework_id.value][0]
    equal([x["state"] for x in f["unreachable_tasks"]], ["TASK_UNREACHABLE"], "its task is among the unreachable ones")
    equal(f["used_resources"]["cpus"], 0, "and holds nothing")
    st = reconcile(s, "aware", agent)
    equal(names(st.state), names(mesos.TASK_UNREACHABLE), "RECONCILE with the agent: UNREACHABLE")
    ok(st.unreachable_time.nanoseconds > 0, "and since when")
    equal(names(reconcile(s, "aware").state), names(mesos.TASK_UNKNOWN), "without the agent: UNKNOWN")
    equal(names(reconcile(t, "unaware", agent).state), names(mesos.TASK_LOST), "without PARTITION_AWARE: LOST")
    os.kill(ctl.pid("a1"), signal.SIGCONT)
    back(s, t, "the agent goes on")
    equal(len(slaves()), 1, "it is the same agent")
    equal(slaves()[0]["id"], agent, "with its id")
    equal(get("/state")["unreachable_slaves"], 0, "and no longer unreachable")
    f = [f for f in get("/frameworks")["frameworks"] if f["id"] == s.framework_id.value][0]
    equal((len(f["tasks"]), len(f["unreachable_tasks"]), f["used_resources"]["cpus"]), (1, 0, 0.1), "the master's books are right again")

    ctl.kill9("a1")
    unreachable(s, t, agent, "an agent that does not come back in time")
    ctl.start("a1")
    back(s, t, "when it does after all")

    # The master comes back and the agent does not.
    ctl.kill9("a1")
    ctl.kill9("master")
    ctl.start("master")
    for x in (s, t):
        x.close()
        x.subscribe(suppressed=["*"])
    try:
        st = reconcile(s, "aware", agent, timeout=0.5)
        ok(False, "while an agent may come back RECONCILE does not answer: " + str(st))
    except RuntimeError as e:
        ok("no event" in str(e), "while an agent may come back RECONCILE does not answer")
    equal([a["id"] for a in get("/slaves")["recovered_slaves"]], [agent], "it is among the recovered ones")
    f = s.next(Event.FAILURE, timeout=10).failure
    equal(f.agent_id.value, agent, "then it is given up: FAILURE")
    equal(names(reconcile(s, "aware", agent).state), names(mesos.TASK_UNREACHABLE), "and UNREACHABLE")
    ctl.start("a1")
    back(s, t, "and still it may come back")

    # A master that hangs: the agent dials again, nothing is lost.
    downs, dials = ctl.log("a1").count("uplink_down: agent="), ctl.log("a1").count("uplink_up: link=")
    os.kill(ctl.pid("master"), signal.SIGSTOP)
    try:
        ctl.wait_for(lambda: ctl.log("a1").count("uplink_down: agent=") > downs, 10)
        time.sleep(2)
    finally:
        os.kill(ctl.pid("master"), signal.SIGCONT)
    ctl.wait_for(lambda: ctl.log("a1").count("uplink_up: link=") > dials and slaves() and slaves()[0]["active"], 20)
    got = []
    end = time.time() + 1.5
    while time.time() < end:
        try:
            e = s.next(timeout=0.5)
        except RuntimeError as x:
            if "no event" in str(x):
                continue
            raise
        if e.type == Event.UPDATE:
            got.append(names(e.update.status.state)[0])
    ok(not [x for x in got if x != "TASK_RUNNING"], "a master that hung for a while loses nobody: %s" % got)

    s.kill("aware")
    s.until("aware", mesos.TASK_KILLED)
    t.kill("unaware")
    t.until("unaware", mesos.TASK_KILLED)
    t.call(Call(type=Call.TEARDOWN))

    # Without checkpoint, a broken connection is the end.
    u = framework("volatile", checkpoint=False)
    u.subscribe()
    launch(u, "volatile", "exec sleep 7777")
    ctl.kill9("a1")
    st = u.update("volatile", timeout=5)
    equal((names(st.state)[0], st.reason), ("TASK_LOST", S.REASON_AGENT_DISCONNECTED), "checkpoint=false: TASK_LOST when the agent disconnects")
    ctl.wait_for(lambda: not ctl.pids_of("sleep\x007777"), 15)
    ok(True, "its executor does not wait for the agent")
    ctl.start("a1")
    ctl.wait_for(lambda: slaves() and slaves()[0]["active"], 10)
    time.sleep(0.5)
    ctl.wait_for(lambda: slaves()[0]["used_resources"]["cpus"] == 0, 10)
    ok(True, "nothing is held for it any more")
    u.call(Call(type=Call.TEARDOWN))
    s.call(Call(type=Call.TEARDOWN))


def agent_get(path):
    log = ctl.log("a1")
    port = log[log.rindex(" listening: "):].split("port=")[1].split()[0]
    return get(path, "localhost:" + port)


def changed():
    s = framework("changed")
    s.subscribe()
    ctl.wait_for(lambda: slaves() and slaves()[0]["active"], 10)
    launch(s, "big", "exec sleep 1000", cpus=3)
    for what, flag in (("less than what runs needs", "--resources=cpus:2;mem:4096;disk:4096;ports:[31000-31999]"),
                       ("other ranges would do", None)):
        if flag is None:
            continue
        ctl.kill9("a1", signal.SIGTERM)
        before = ctl.log("a1").count("offers_withheld")
        ctl.start("a1", flag)
        ctl.wait_for(lambda: ctl.log("a1").count("offers_withheld") > before, 10)
        line = [x for x in ctl.log("a1").splitlines() if "offers_withheld" in x][-1]
        ok("cpus" in line and "2" in line and "3" in line, "a restart with %s: the log says it: %s" % (what, line[24:180]))
    ctl.wait_for(lambda: slaves() and slaves()[0].get("offers_withheld"), 10)  # not only disconnected
    ok(not slaves()[0]["active"], "the agent is back but not active")
    equal(reconcile(s, "big").state, mesos.TASK_RUNNING, "what runs goes on")
    ok("cpus" in json.dumps(agent_get("/state").get("offers_withheld", "")), "the agent's /state says why: %s" %
       agent_get("/state").get("offers_withheld"))
    ok("cpus" in json.dumps(slaves()[0].get("offers_withheld", "")), "so do the master's /slaves")
    s.backlog = []
    while not s.events.empty():
        s.events.get()
    s.call(Call(type=Call.REVIVE))
    try:
        s.offers(timeout=1)
        ok(False, "nothing is offered")
    except RuntimeError:
        ok(True, "nothing is offered")
    s.kill("big")
    s.until("big", mesos.TASK_KILLED)
    offers = s.offer(cpus=1)
    equal(sum(r.scalar.value for r in offers[0].resources if r.name == "cpus"), 2.0,
          "once nothing stands against it the new resources are offered")
    s.decline(offers, refuse=0.0)

    # Attributes: another rack while a task runs that chose the old one.
    ctl.kill9("a1", signal.SIGTERM)
    ctl.start("a1", "--attributes=rack:a")
    ctl.wait_for(lambda: slaves()[0]["active"] and slaves()[0]["attributes"].get("rack") == "a", 10)
    ok(True, "attributes change freely while nothing runs")
    s.close()
    s.subscribe()
    launch(s, "placed", "exec sleep 1000")
    ctl.kill9("a1", signal.SIGTERM)
    before = ctl.log("a1").count("offers_withheld")
    ctl.start("a1", "--attributes=rack:b")
    ctl.wait_for(lambda: ctl.log("a1").count("offers_withheld") > before, 10)
    line = [x for x in ctl.log("a1").splitlines() if "offers_withheld" in x][-1]
    ok("rack" in line, "another rack under a running task is refused: " + line[24:180])
    ctl.wait_for(lambda: slaves()[0].get("offers_withheld"), 10)
    ctl.kill9("a1", signal.SIGTERM)
    ctl.start("a1", "--attributes=rack:a;zone:new")
    ctl.wait_for(lambda: slaves()[0]["active"] and slaves()[0]["attributes"].get("zone") == "new", 10)
    ok(True, "one more attribute is fine")
    equal(reconcile(s, "placed").state, mesos.TASK_RUNNING, "the task saw nothing of it")
    s.kill("placed")
    s.until("placed", mesos.TASK_KILLED)
    s.call(Call(type=Call.TEARDOWN))
    ctl.kill9("a1", signal.SIGTERM)
    ctl.start("a1")


def starts(task_id):
    try:
        with open(os.path.join(ctl.T, task_id + ".starts")) as f:
            return len(f.read().split())
    except FileNotFoundError:
        return 0


def counted(task_id, then):
    return "echo x >>%s/%s.starts; %s" % (ctl.T, task_id, then)


def rebooted():
    """A boot id of another boot in the checkpoint; all processes gone."""
    s = framework("rebooted")
    s.subscribe()
    ctl.wait_for(lambda: slaves() and slaves()[0]["active"], 10)
    agent = slaves()[0]["id"]
    launch(s, "r1", counted("r1", "exec sleep 8888"))
    launch(s, "r2", counted("r2", "sleep 0.3; exit 4"))
    st, _ = None, None
    # r2's end is made and not acknowledged.
    while True:
        st = s.update("r2", ack=False)
        if st.state == mesos.TASK_FAILED:
            break
        s.acknowledge(st)
    ctl.kill9("a1")
    for p in ctl.pids_of("butte-executor"):
        if ctl.T in open("/proc/%d/environ" % p, errors="replace").read():
            os.kill(p, signal.SIGKILL)
    for p in ctl.pids_of("sleep\x008888"):
        os.kill(p, signal.SIGKILL)
    subprocess.run("find /sys/fs/cgroup -maxdepth 4 -depth -path '*%s-a1/*' -type d -exec rmdir {} + ; rm -rf %s/a1.run" %
                   (os.environ["CGROOT"], ctl.T), shell=True)
    db = sqlite3.connect(os.path.join(ctl.T, "a1", "meta", "agent.db"))
    with open("/proc/sys/kernel/random/boot_id") as f:
        now = f.read().strip().encode()
    n = 0
    for table, in db.execute("select name from sqlite_master where type='table'").fetchall():
        for key, value in db.execute('select key, value from "%s"' % table).fetchall():
            if isinstance(value, bytes) and now in value:
                db.execute('update "%s" set value=? where key=?' % table, (value.replace(now, now[::-1]), key))
                n += 1
    db.commit()
    db.close()
    equal(n, 1, "the checkpoint has the boot id in one row")
    ctl.start("a1")
    got = {"r1": [], "r2": []}
    end = time.time() + 8
    while time.time() < end:
        try:
            st = s.update(timeout=1)
        except RuntimeError as e:
            if "no event" not in str(e):
                raise
            continue
        got[st.task_id.value].append((names(st.state)[0], st.reason, st.message))
    note(str(got))
    equal([x[0] for x in got["r1"]], ["TASK_FAILED"], "after a reboot the task that ran is reported, once")
    ok(got["r1"] and got["r1"][0][1] == S.REASON_EXECUTOR_TERMINATED, "as EXECUTOR_TERMINATED: %s" % (got["r1"],))
    ok(len(got["r2"]) >= 1 and {x[0] for x in got["r2"]} == {"TASK_FAILED"} and "status 4" in got["r2"][0][2],
       "what ended before and was not acknowledged is told as it was: %s" % got["r2"])
    equal((starts("r1"), starts("r2")), (1, 1), "nothing ran twice")
    equal(slaves()[0]["id"], agent, "the agent keeps its id")
    equal(slaves()[0]["used_resources"]["cpus"], 0, "and holds nothing")
    launch(s, "after", "exec sleep 1000")
    s.kill("after")
    s.until("after", mesos.TASK_KILLED)
    ok(True, "it launches again")
    s.call(Call(type=Call.TEARDOWN))


def limited():
    s = framework("limited")
    s.subscribe()
    for a in ("b1", "b2"):
        os.kill(ctl.pid(a), signal.SIGSTOP)
    s.next(Event.FAILURE, timeout=10)
    began = time.time()
    s.next(Event.FAILURE, timeout=10)
    took = time.time() - began
    ok(1.0 < took < 4, "--agent_removal_rate_limit=1/2secs: the second waits (%.1f s)" % took)
    for a in ("b1", "b2"):
        os.kill(ctl.pid(a), signal.SIGCONT)
    ctl.wait_for(lambda: len([x for x in slaves() if x["active"]]) == 2, 15)
    ok(True, "both come back")
    os.kill(ctl.pid("b1"), signal.SIGSTOP)
    s.next(Event.FAILURE, timeout=10)
    os.kill(ctl.pid("b2"), signal.SIGSTOP)
    time.sleep(0.8)
    os.kill(ctl.pid("b2"), signal.SIGCONT)
    try:
        f = s.next(Event.FAILURE, timeout=2.5)
        ok(False, "one that answers while it waits stays: " + str(f))
    except RuntimeError:
        ok(True, "one that answers while it waits stays")
    os.kill(ctl.pid("b1"), signal.SIGCONT)
    s.call(Call(type=Call.TEARDOWN))


main({"lost": lost, "changed": changed, "rebooted": rebooted, "limited": limited}[sys.argv[1]])
