"""A hostile guest: tasks that pretend to be other executors, that offer others'
files as theirs, and messages that are meant to break things."""
import ctypes
import json
import os
import stat
import time
import urllib.parse

import ctl
import v1
from tap import ADDRESS, CA, equal, main, note, ok
from v1 import mesos

HERE = os.path.dirname(os.path.abspath(__file__))
AGENT = os.path.join(ctl.T, "a1")

# Calls the executor API on the unix socket, as a task may. Arguments: framework,
# executor, task; prints the statuses.
GUEST = """
import http.client, json, os, socket, sys
def call(body):
    c = http.client.HTTPConnection("localhost", timeout=5)
    c.sock = socket.socket(socket.AF_UNIX)
    c.sock.connect(os.environ["MESOS_DOMAIN_SOCKET"])
    body.update(framework_id={"value": sys.argv[1]}, executor_id={"value": sys.argv[2]})
    c.request("POST", "/api/v1/executor", json.dumps(body), {"Content-Type": "application/json", "Accept": "application/json"})
    return c.getresponse().status
status = dict(task_id={"value": sys.argv[3]}, state="TASK_FINISHED", source="SOURCE_EXECUTOR", uuid="MDEyMzQ1Njc4OWFiY2RlZg==")
print("update", call(dict(type="UPDATE", update=dict(status=status))))
print("message", call(dict(type="MESSAGE", message=dict(data="aGk="))))
print("subscribe", call(dict(type="SUBSCRIBE", subscribe={})), flush=True)
"""


def launch(s, task_id, command, user=None, **kw):
    offers = s.offer()
    t = v1.task(offers[0], task_id, command, **kw)
    if user:
        t.command.user = user
    s.accept(offers, [t])


def box(task_id):
    for root, dirs, _ in os.walk(os.path.join(AGENT, "slaves")):
        if root.endswith("/executors/%s/runs" % task_id):
            return os.path.join(root, os.readlink(os.path.join(root, "latest")))
    raise RuntimeError("no sandbox of " + task_id)


def output(task_id):
    with open(os.path.join(box(task_id), "stdout")) as f:
        return f.read()


def agent_port():
    with open(os.path.join(ctl.T, "a1.log")) as f:
        return [w[5:] for line in f if " listening: " in line for w in line.split() if w.startswith("port=")][0]


def get(path, address=None):
    conn = v1.connect(address or "localhost:" + agent_port(), CA)
    conn.request("GET", path)
    r = conn.getresponse()
    return r.status, r.read()


def read(path):
    return get("/files/read?offset=0&path=" + urllib.parse.quote(path))


def impostor(s):
    """One task acts as another's executor, from its own container."""
    with open(os.path.join(ctl.T, "guest.py"), "w") as f:
        f.write(GUEST)
    launch(s, "victim", "sleep 7777")
    s.until("victim", mesos.TASK_RUNNING)
    launch(s, "impostor", "python3 %s/guest.py %s victim victim" % (ctl.T, s.framework_id.value), user="nobody")
    s.until("impostor", mesos.TASK_FINISHED, timeout=30)
    equal(output("impostor").split(), ["update", "403", "message", "403", "subscribe", "403"],
          "a task is not heard as another's executor")
    time.sleep(0.3)
    ok(ctl.pids_of("sleep\x007777"), "and the other goes on")
    s.reconcile("victim")
    equal(s.update("victim").state, mesos.TASK_RUNNING, "for its framework too")
    s.kill("victim")
    s.until("victim", mesos.TASK_KILLED)


def mute_mount(path):
    """A FUSE mount whose server never answers, as fusermount gives any user;
    the server's descriptor, or None."""
    try:
        fd = os.open("/dev/fuse", os.O_RDWR)
    except OSError:
        return None
    options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % fd
    if ctypes.CDLL(None).mount(b"mute", path.encode(), b"fuse.mute", 0, options) == 0:
        return fd
    os.close(fd)
    return None


def files(s):
    """What a task puts into its sandbox is shown only if it could read it."""
    secret = os.path.join(AGENT, "secret")  # on the same file system
    with open(secret, "w") as f:
        f.write("secret")
    os.chmod(secret, 0o600)
    launch(s, "files", "echo mine >mine; ln mine again; mkdir mnt; sleep 8888", user="nobody")
    s.until("files", mesos.TASK_RUNNING)
    sandbox = box("files")
    ctl.wait_for(lambda: os.path.exists(sandbox + "/mnt"))
    # As the task could, where fs.protected_hardlinks is 0.
    os.link(secret, sandbox + "/stolen")
    equal(read(sandbox + "/stolen")[0], 403, "a hard link to another user's file is not read")
    equal(get("/files/download?path=" + sandbox + "/stolen")[0], 403, "nor downloaded")
    equal(read(sandbox + "/again"), (200, b'{"data":"mine\\n","offset":0}'), "one to its own is")
    mute = mute_mount(sandbox + "/mnt")
    if mute is None:
        note("no FUSE here: not tried")
    else:
        try:
            equal(read(sandbox + "/mnt/x")[0], 403, "what is mounted in a sandbox is not entered")
            equal(get("/files/browse?path=%s/mnt" % sandbox)[0], 403, "nor listed")
            names = [e["path"].rsplit("/", 1)[1] for e in json.loads(get("/files/browse?path=" + sandbox)[1])]
            ok("mnt" in names and "mine" in names, "the sandbox is, without asking its mounts")
        finally:
            os.close(mute)  # ends it
            os.system("umount -l %s/mnt" % sandbox)
    s.kill("files")
    s.until("files", mesos.TASK_KILLED)


def rights(s):
    """What a task of another user has left of its agent's."""
    launch(s, "rights", "id; umask; grep -E '^(Groups|Uid|Gid|Cap...|SigIgn|SigBlk):' /proc/self/status; cut -d' ' -f6 /proc/$$/stat", user="nobody")
    s.until("rights", mesos.TASK_FINISHED)
    out = output("rights")
    status = {k: v.split() for k, v in (line.split(":", 1) for line in out.splitlines() if ":" in line)}
    ids = out.split()[0].split("=")[1].split("(")[0]
    equal(status["Uid"], [ids] * 4, "its user ids, all four")
    equal(len(set(status["Gid"])), 1, "its group ids")
    ok("0" not in status["Groups"], "none of root's groups: %s" % status["Groups"])
    equal([int(status[c][0], 16) for c in ("CapInh", "CapPrm", "CapEff", "CapAmb")], [0, 0, 0, 0], "no capabilities")
    equal([int(status[c][0], 16) for c in ("SigIgn", "SigBlk")], [0, 0], "no signal is ignored or blocked")
    ok("\n0022\n" in out, "the umask")


def refused(s, what, change):
    """A task that must not run; the master says so and lives on."""
    offers = s.offer()
    t = v1.task(offers[0], "bad", "true")
    change(t)
    s.accept(offers, [t])
    status = s.update(t.task_id.value)
    if not ok(status.state == mesos.TASK_ERROR, what + " is refused"):
        note(str(status)[:300])


def tasks(s):
    for bad in (".", "..", "a/b", "/", "a\nb", "a\x01b", "x" * 256, "a\\b"):
        refused(s, "task id %r" % bad[:20], lambda t, bad=bad: setattr(t.task_id, "value", bad))

    def executor(t, bad):
        t.ClearField("command")
        t.executor.executor_id.value = bad
        t.executor.framework_id.CopyFrom(s.framework_id)
        t.executor.command.value = "true"

    for bad in (".", "..", "../../x", "a\nb", "x" * 256):
        refused(s, "executor id %r" % bad[:20], lambda t, bad=bad: executor(t, bad))
    for bad in (float("nan"), float("inf"), -1.0, 1e300, 9.3e15):
        refused(s, "%r cpus" % bad, lambda t, bad=bad: setattr(t.resources[0].scalar, "value", bad))

    def ports(t, *ranges):
        r = t.resources.add(name="ports", type=mesos.Value.RANGES)
        for begin, end in ranges:
            r.ranges.range.add(begin=begin, end=end)

    top = 2**64 - 1
    refused(s, "every port", lambda t: ports(t, (0, top)))
    refused(s, "a range that wraps", lambda t: ports(t, (31005, 31000)))
    refused(s, "ranges that sum up to more than 64 bits", lambda t: ports(t, (0, top), (0, top), (1, top)))
    refused(s, "100000 ports one by one", lambda t: ports(t, *((i * 2, i * 2) for i in range(100000))))


def numbers(s):
    for bad in (float("nan"), float("inf"), float("-inf"), -1.0, 1e300):
        offers = s.offer()
        s.decline(offers, refuse=bad)
        s.call(v1.scheduler.Call(type=v1.scheduler.Call.REVIVE))
    s.decline(s.offer(), refuse=0.0)
    ok(True, "refuse_seconds may be anything; a revival brings offers back")
    for bad in (float("nan"), float("inf"), 1e300):
        info = mesos.FrameworkInfo(user="root", name="x", failover_timeout=bad)
        try:
            v1.Scheduler(ADDRESS, CA, v1.PROTOBUF, info).subscribe()
            ok(False, "failover_timeout %r is refused" % bad)
        except RuntimeError as e:
            ok("failover_timeout" in str(e), "failover_timeout %r is refused" % bad)
    launch(s, "patient", "sleep 9999")
    s.until("patient", mesos.TASK_RUNNING)
    call = v1.scheduler.Call(type=v1.scheduler.Call.KILL)
    call.kill.task_id.value = "patient"
    call.kill.kill_policy.grace_period.nanoseconds = 2**63 - 1
    s.call(call)
    s.until("patient", mesos.TASK_KILLED)
    ok(True, "a grace period of 292 years")


def many(s):
    """One ACCEPT with far more tasks than fit."""
    offers = s.offer()
    started = time.time()
    tasks = [v1.task(offers[0], "many-%d" % i, "true", cpus=1000) for i in range(20000)]
    s.accept(offers, tasks)
    for _ in tasks:
        if s.next(v1.scheduler.Event.UPDATE).update.status.state != mesos.TASK_ERROR:
            return ok(False, "all are refused")
    ok(True, "20000 tasks in one ACCEPT: %.1f s" % (time.time() - started))


def lines():
    """What guests name themselves is no line of its own in the log."""
    info = mesos.FrameworkInfo(user="root", name="x'\n2026-01-01T00:00:00Z ERROR butte-master forged: 1\x1b[2J")
    info.labels.labels.add(key="\n\x1f\u2028</script>", value="x" * 500000)
    f = v1.Scheduler(ADDRESS, CA, v1.PROTOBUF, info)
    f.subscribe()
    for name in ("master", "a1"):
        bad = [line for line in ctl.log(name).splitlines() if line.startswith("2026-01-01") or "\x1b" in line]
        equal(bad, [], "no line of the log of %s is a guest's" % name)
    doc = json.loads(get("/state", ADDRESS)[1])
    ok([x for x in doc["frameworks"] if x["name"] == info.name], "odd names come through as they are")
    f.close()
    json.loads(get("/state")[1])


def modes():
    def mode(path):
        return stat.S_IMODE(os.stat(path).st_mode)

    for d in (AGENT, os.path.join(ctl.T, "master")):
        wide = []
        for root, _, names in os.walk(d):
            if "/slaves" in root:
                continue
            wide += [n for n in names if n.split(".")[-1] in ("db", "db-wal", "db-shm", "lock") and mode(os.path.join(root, n)) & 0o077]
        equal(wide, [], "nobody else reads the records of " + os.path.basename(d))
    equal(mode(os.path.join(AGENT, "meta")), 0o700, "meta is ours alone")


def run():
    info = mesos.FrameworkInfo(user="root", name="hostile", failover_timeout=60, checkpoint=True)
    s = v1.Scheduler(ADDRESS, CA, v1.PROTOBUF, info)
    s.subscribe()
    impostor(s)
    files(s)
    rights(s)
    modes()
    tasks(s)
    numbers(s)
    many(s)
    lines()
    for address in (ADDRESS, "localhost:" + agent_port()):
        equal(get("/health", address)[0], 200, "%s is well" % address)


main(run)
