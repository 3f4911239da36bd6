"""A hostile guest: tasks that pretend to be other executors, that offer others'
files as theirs, and messages that are meant to break things."""
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
    # As the task could with FUSE, whose server may never answer.
    if os.system("mount -t tmpfs none %s/mnt && echo x >%s/mnt/x" % (sandbox, sandbox)) == 0:
        equal(read(sandbox + "/mnt/x")[0], 403, "what is mounted in a sandbox is not entered")
        os.system("umount %s/mnt" % sandbox)
    else:
        note("no tmpfs can be mounted: not tried")
    s.kill("files")
    s.until("files", mesos.TASK_KILLED)


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
    s = v1.Scheduler(ADDRESS, CA, v1.JSON, info)
    s.subscribe()
    impostor(s)
    files(s)
    modes()
    for address in (ADDRESS, "localhost:" + agent_port()):
        equal(get("/health", address)[0], 200, "%s is well" % address)


main(run)
