"""A framework with an executor of its own: tests/lib/v1executor.py."""
import glob
import os
import signal
import socket
import time
import http.client

import ctl
import v1
from tap import ADDRESS, CA, equal, main, note, ok
from v1 import mesos, scheduler

Call, Event, S = scheduler.Call, scheduler.Event, mesos.TaskStatus
EXECUTOR = os.path.join(os.environ["PYTHONPATH"], "v1executor.py")


def executor(name, grace=None):
    x = mesos.ExecutorInfo(name=name, source="here", data=b"to the executor")
    x.executor_id.value = name
    x.command.value = "exec /usr/bin/python3 " + EXECUTOR
    x.command.environment.variables.add(name="V1_PROTO", value=os.environ["V1_PROTO"])
    x.command.environment.variables.add(name="PYTHONDONTWRITEBYTECODE", value="1")
    x.resources.extend([v1.scalar("cpus", 0.1), v1.scalar("mem", 64)])
    if grace is not None:
        x.shutdown_grace_period.nanoseconds = int(grace * 1e9)
    return x


def tasks(offer, x, **what):
    made = []
    for name, data in what.items():
        t = v1.task(offer, name, "", cpus=0.1, mem=16)
        t.ClearField("command")
        t.executor.CopyFrom(x)
        t.data = data.encode()
        made.append(t)
    return made


def seen(name):
    text = ""
    for f in sorted(glob.glob(os.path.join(ctl.T, "a1/slaves/*/frameworks/*/executors", name, "runs/*/seen"))):
        if "/latest/" not in f:
            with open(f) as h:
                text += h.read()
    return text


def states_of(s, want, timeout=20):
    """Per task the states told, until every one of `want` has ended."""
    got, end = {}, time.time() + timeout
    while set(want) - {t for t, l in got.items() if l[-1] in ("TASK_FINISHED", "TASK_KILLED", "TASK_FAILED")}:
        st = s.update(timeout=end - time.time())
        got.setdefault(st.task_id.value, []).append(mesos.TaskState.Name(st.state))
    return got


def message(s, agent, name, data):
    c = Call(type=Call.MESSAGE)
    c.message.agent_id.value, c.message.executor_id.value, c.message.data = agent, name, data
    s.call(c)


def basics(s):
    x = executor("x1")
    o = s.offer()
    agent = o[0].agent_id.value
    s.accept(o, tasks(o[0], x, one="run", two="finish"))
    got = states_of(s, ["two"])
    equal(got["two"], ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"], "a task of an executor of one's own")
    if got.get("one", [None])[-1] != "TASK_RUNNING":
        s.until("one", mesos.TASK_RUNNING)
    text = seen("x1")
    ok("subscribed x1 executor-test localhost " in text, "SUBSCRIBED tells who, whose and where")
    first = text.splitlines()[0]
    for name in ("MESOS_FRAMEWORK_ID", "MESOS_EXECUTOR_ID", "MESOS_DIRECTORY", "MESOS_SANDBOX", "MESOS_SLAVE_ID", "MESOS_SLAVE_PID",
                 "MESOS_AGENT_ENDPOINT", "MESOS_CHECKPOINT", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "MESOS_RECOVERY_TIMEOUT",
                 "MESOS_SUBSCRIPTION_BACKOFF_MAX"):
        ok(name in first.split(), "its environment has " + name)
    equal(len(ctl.pids_of("v1executor.py")), 1, "both tasks are in one executor")

    # A second ACCEPT: the same executor, which holds its own resources once.
    o = s.offer()
    ok(x.executor_id in o[0].executor_ids, "offers of its agent name the executor")
    s.accept(o, tasks(o[0], x, three="finish", four="burst 20"))
    got = states_of(s, ["three", "four"])
    equal(got["three"], ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"], "a task for an executor that runs")
    equal(got["four"], ["TASK_STARTING"] + ["TASK_RUNNING"] * 21 + ["TASK_FINISHED"], "many updates of one task, one after the other")
    equal(len(ctl.pids_of("v1executor.py")), 1, "it is still the one")
    o = s.offer()
    y = executor("x1")
    y.data = b"other"
    s.accept(o, tasks(o[0], y, different="finish"))
    st = s.update("different")
    ok(st.state == mesos.TASK_ERROR and "x1" in st.message, "another ExecutorInfo under its id: " + st.message)
    ctl.wait_for(lambda: seen("x1").count("acknowledged four") == 23, 10)
    ok("unknown uuid" not in seen("x1"), "every update is acknowledged to the executor, by its uuid")

    message(s, agent, "x1", b"hello \x00\xff")
    m = s.next(Event.MESSAGE, timeout=10).message
    equal((m.data, m.executor_id.value, m.agent_id.value), (b"echo: hello \x00\xff", "x1", agent), "MESSAGE there and back")

    s.kill("one", grace=7)
    st, _ = s.until("one", mesos.TASK_KILLED)
    ok("kill one 7000000000" in seen("x1"), "KILL comes with its policy")
    return agent, x


def reconnect(s, agent, x):
    """kill -9 of the agent while updates are under way."""
    o = s.offer()
    s.accept(o, tasks(o[0], x, five="run"))
    s.until("five", mesos.TASK_RUNNING)
    message(s, agent, "x1", b"later")
    time.sleep(0.2)
    message(s, agent, "x1", b"twice five")
    time.sleep(0.2)
    ctl.kill9("a1")
    time.sleep(1.5)
    ctl.start("a1")
    # Whatever was read of it before the kill: what it says now arrives in order.
    ctl.wait_for(lambda: seen("x1").count("event SUBSCRIBED") == 2, 15)
    ok(True, "the executor subscribes again at the new agent process")
    equal(len(ctl.pids_of("v1executor.py")), 1, "it is the same process")
    got = []
    end = time.time() + 6
    while time.time() < end and len(got) < 2:
        try:
            got.append(s.update("five", timeout=1).message)
        except RuntimeError as e:
            if "no event" not in str(e):
                raise
    note(str(got))
    ok(got in ([], ["first", "second"]), "updates made meanwhile arrive once each, in order: %s" % got)
    s.kill("five")
    s.until("five", mesos.TASK_KILLED)
    ok(True, "and it takes commands")


def unacknowledged(s, agent, x):
    """Updates that the agent never confirmed are repeated in SUBSCRIBE."""
    o = s.offer()
    s.accept(o, tasks(o[0], x, six="run"))
    s.until("six", mesos.TASK_RUNNING)
    os.kill(ctl.pid("a1"), signal.SIGSTOP)
    # Asked for with the agent standing still, through the executor itself:
    # its connection breaks with the update in it.
    message(s, agent, "x1", b"twice six")
    time.sleep(0.2)
    os.kill(ctl.pid("a1"), signal.SIGCONT)
    time.sleep(0.02)
    ctl.kill9("a1")
    time.sleep(0.3)
    ctl.start("a1")
    ctl.wait_for(lambda: seen("x1").count("event SUBSCRIBED") == 3, 15)
    got, uuids, end = [], set(), time.time() + 4
    while time.time() < end and len(got) < 3:
        try:
            st = s.update("six", timeout=1)
            if st.uuid not in uuids:  # the same again: our acknowledgement was lost
                got.append(st.message)
            uuids.add(st.uuid)
        except RuntimeError as e:
            if "no event" not in str(e):
                raise
    note("%s %s" % (got, [x for x in seen("x1").splitlines() if x.startswith(("connected", "not sent", "broken"))]))
    ok(got in ([], ["first", "second"]), "a kill between update and acknowledgement doubles nothing: %s" % got)


def shutdown(s, agent):
    c = Call(type=Call.SHUTDOWN)
    c.shutdown.agent_id.value, c.shutdown.executor_id.value = agent, "x1"
    s.call(c)
    # UPDATE and FAILURE come in either order, so both are read here.
    st, f, end = None, None, time.time() + 15
    while (st is None or f is None) and time.time() < end:
        e = s.next(Event.UPDATE, Event.FAILURE, timeout=10)
        if e.type == Event.FAILURE:
            f = e.failure
        else:
            s.acknowledge(e.update.status)
            if e.update.status.task_id.value == "six" and e.update.status.state == mesos.TASK_KILLED:
                st = e.update.status
    equal(st.message, "shut down", "SHUTDOWN: the executor ends its tasks itself")
    equal((f.agent_id.value, f.executor_id.value, f.HasField("status")), (agent, "x1", True), "its end is a FAILURE")
    # Not a child of the agent process that sees its end: then it is unknown.
    ok(f.status in (0, -1), "with its status, if that can be known: %d" % f.status)
    ctl.wait_for(lambda: not ctl.pids_of("v1executor.py"), 10)


def dies(s):
    o = s.offer()
    x = executor("x2")
    s.accept(o, tasks(o[0], x, alive="run"))
    s.until("alive", mesos.TASK_RUNNING)
    o = s.offer()
    s.accept(o, tasks(o[0], x, dies="exit 3"))
    seen_, f, end = {}, None, time.time() + 20
    while (len(seen_) < 2 or f is None) and time.time() < end:
        e = s.next(Event.UPDATE, Event.FAILURE, timeout=10)
        if e.type == Event.FAILURE:
            f = e.failure
        else:
            s.acknowledge(e.update.status)
            if e.update.status.state not in (mesos.TASK_STARTING, mesos.TASK_RUNNING):
                seen_[e.update.status.task_id.value] = e.update.status
    for t in ("alive", "dies"):
        st = seen_[t]
        equal((mesos.TaskState.Name(st.state), st.reason, st.source), ("TASK_FAILED", S.REASON_EXECUTOR_TERMINATED, S.SOURCE_AGENT),
              "an executor that exits fails its task " + t)
    equal((f.executor_id.value, f.status), ("x2", 3 << 8), "FAILURE has its raw wait status")

    x = executor("x3")
    x.command.value = "exit 0"
    o = s.offer()
    s.accept(o, tasks(o[0], x, never="run"))
    st = s.update("never")
    equal((mesos.TaskState.Name(st.state), st.reason), ("TASK_FAILED", S.REASON_EXECUTOR_TERMINATED), "one that never subscribes fails its task")


def status_codes(s, agent, fid):
    """The order of checks of /api/v1/executor, on the agent's socket."""
    path = os.path.join(ctl.T, "a1.run", "agent.sock")
    J, P = "application/json", "application/x-protobuf"
    ids = '"framework_id":{"value":"%s"},"executor_id":{"value":"%s"}'
    nobody = ids % ("no-framework", "x")
    known = ids % (fid, "x1")
    update = '"update":{"status":{"task_id":{"value":"t"},"state":"%s","source":"%s"%s}}'
    u16 = ',"uuid":"AAAAAAAAQACAAAAAAAAAAA=="'
    rows = [
        ("GET", None, None, 405, ""),
        ("POST", "{}", None, 400, "Content-Type"),
        ("POST", "{}", "text/plain", 415, ""),
        ("POST", "{", J, 400, "pars"),
        ("POST", "\xff\xff", P, 400, "pars"),
        ("POST", "{}", J, 400, ""),
        ("POST", '{"type":"SUBSCRIBE"}', J, 400, "executor_id"),
        ("POST", '{"type":"SUBSCRIBE",%s}' % nobody, J, 400, "Framework cannot be found"),
        ("POST", '{"type":"SUBSCRIBE",%s,"subscribe":{}}' % nobody, J, 400, "Framework cannot be found"),
        ("POST", '{"type":"SUBSCRIBE",%s,"subscribe":{}}' % (ids % (fid, "nobody")), J, 400, "Executor cannot be found"),
        ("POST", '{"type":"UPDATE",%s}' % nobody, J, 400, "update"),
        ("POST", '{"type":"UPDATE",%s,%s}' % (known, update % ("TASK_RUNNING", "SOURCE_EXECUTOR", "")), J, 400, "uuid"),
        ("POST", '{"type":"UPDATE",%s,%s}' % (known, update % ("TASK_RUNNING", "SOURCE_EXECUTOR", ',"uuid":"AAAA"')), J, 400, "uuid"),
        ("POST", '{"type":"UPDATE",%s,%s}' % (known, update % ("TASK_STAGING", "SOURCE_EXECUTOR", u16)), J, 400, "TASK_STAGING"),
        ("POST", '{"type":"UPDATE",%s,%s}' % (known, update % ("TASK_RUNNING", "SOURCE_MASTER", u16)), J, 400, "source"),
        ("POST", '{"type":"UPDATE",%s,%s}' % (known, update % ("TASK_RUNNING", "SOURCE_EXECUTOR",
                                                            u16 + ',"executor_id":{"value":"y"}')), J, 400, "executor"),
        ("POST", '{"type":"UPDATE",%s,%s}' % (nobody, update % ("TASK_RUNNING", "SOURCE_EXECUTOR", u16)), J, 400,
         "Framework cannot be found"),
        ("POST", '{"type":"MESSAGE",%s}' % nobody, J, 400, "message"),
        ("POST", '{"type":"MESSAGE",%s,"message":{"data":"AAAA"}}' % (ids % (fid, "gone")), J, 400, "Executor cannot be found"),
        ("POST", '{"type":"UNKNOWN",%s}' % known, J, 501, ""),
        ("POST", '{"type":"HEARTBEAT",%s}' % nobody, J, 202, ""),
    ]
    for method, body, kind, want, text in rows:
        if body and fid in body:
            # Others than the executor's own processes may not speak for it.
            message(s, agent, "x1", b"post " + body.encode())
            got = s.next(Event.MESSAGE, timeout=10).message.data.decode()
            if not ok(got.startswith(str(want)) and text.lower() in got.lower(), "own %s -> %d %s" % (body[:60], want, text)):
                note("got " + got)
            if '"x1"' in body:
                want, text = 403, "container"
        conn = http.client.HTTPConnection("localhost", timeout=10)
        conn.sock = socket.socket(socket.AF_UNIX)
        conn.sock.settimeout(10)
        conn.sock.connect(path)
        conn.request(method, "/api/v1/executor", body.encode("latin-1") if body else None, {"Content-Type": kind} if kind else {})
        r = conn.getresponse()
        data = r.read().decode()
        if not ok(r.status == want and text.lower() in data.lower(), "%s %s -> %d %s" % (method, (body or "")[:60], want, text)):
            note("got %d %s" % (r.status, data[:200]))
        conn.close()


def run():
    info = mesos.FrameworkInfo(user="root", name="executor-test", failover_timeout=60, checkpoint=True)
    info.capabilities.add(type=mesos.FrameworkInfo.Capability.PARTITION_AWARE)
    s = v1.Scheduler(ADDRESS, CA, v1.PROTOBUF, info)
    s.subscribe()
    agent, x = basics(s)
    status_codes(s, agent, s.framework_id.value)
    reconnect(s, agent, x)
    unacknowledged(s, agent, x)
    shutdown(s, agent)
    dies(s)
    s.call(Call(type=Call.TEARDOWN))


main(run)
