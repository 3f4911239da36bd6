"""Tasks that misbehave, and what the agent does about them."""
import os
import signal
import time

import ctl
import v1
from tap import ADDRESS, CA, equal, main, note, ok
from v1 import mesos

S = mesos.TaskStatus


def launch(s, task_id, command, **kw):
    offers = s.offer()
    s.accept(offers, [v1.task(offers[0], task_id, command, **kw)])


def oom(s):
    launch(s, "oom", "exec python3 -c 'x = bytearray(300 << 20); print(len(x))'", mem=64)
    status, _ = s.until("oom", mesos.TASK_FAILED, timeout=60)
    equal(status.reason, S.REASON_CONTAINER_LIMITATION_MEMORY, "a task over its memory: the reason")
    ok(status.message.startswith("Memory limit exceeded: Requested: "), "its message has the figures: " + status.message[:80])
    ok("MEMORY STATISTICS" in status.message, "and the statistics")
    ok(any(r.name == "mem" for r in status.limitation.resources), "and the limitation")


def fork_bomb(s):
    launch(s, "bomb", "bomb() { sleep 3333 & bomb & }; trap '' TERM; for i in 1 2 3 4 5 6 7 8 9 10; do (trap '' TERM; sleep 3333 & sleep 3333) & done; wait")
    s.until("bomb", mesos.TASK_RUNNING)
    ctl.wait_for(lambda: len(ctl.pids_of("sleep\x003333")) >= 10, 10)
    s.kill("bomb", grace=0.3)
    s.until("bomb", mesos.TASK_KILLED, timeout=30)
    ctl.wait_for(lambda: not ctl.pids_of("sleep\x003333"), 15)
    ok(True, "a crowd of children that ignore SIGTERM is dead after the kill")


def daemonised(s):
    launch(s, "daemon", "setsid sh -c 'setsid sleep 4444 & ' & sleep 0.3")
    s.until("daemon", mesos.TASK_FINISHED, timeout=30)
    ctl.wait_for(lambda: not ctl.pids_of("sleep\x004444"), 15)
    ok(True, "a daemonised grandchild does not outlive its task")


def environment(s):
    launch(s, "env", "env | sort; ls -l /proc/self/fd; pwd; cat /proc/self/cgroup")
    status, _ = s.until("env", mesos.TASK_FINISHED, timeout=30)
    base = os.path.join(ctl.T, "a1", "slaves")
    out = ""
    for root, _, files in os.walk(base):
        if "/env/" in root and "stdout" in files:
            with open(os.path.join(root, "stdout")) as f:
                out = f.read()
    for name in ("MESOS_SANDBOX=", "MESOS_FRAMEWORK_ID=", "MESOS_EXECUTOR_ID=env", "MESOS_SLAVE_ID=", "MESOS_AGENT_ENDPOINT=",
                 "MESOS_ALLOCATION_ROLE=*", "PATH="):
        ok(name in out, "the task's environment has " + name)
    ok("BUTTE" not in out and "V1_" not in out, "and nothing of the agent's own")
    fds = [line.split()[-3] for line in out.splitlines() if " -> " in line]
    note("descriptors: %s" % fds)
    ok(all(fd in ("0", "1", "2", "3") for fd in fds), "no descriptor of ours leaks into the task (3 is ls's own)")


def sigterm(s):
    launch(s, "stays", "sleep 5555")
    s.until("stays", mesos.TASK_RUNNING)
    ctl.kill9("a1", signal.SIGTERM)
    time.sleep(0.5)
    ok(ctl.pids_of("sleep\x005555"), "SIGTERM to the agent leaves its tasks running")
    ctl.start("a1", "--resources=cpus:8;mem:8192;disk:4096;ports:[31000-31999]", "--attributes=rack:b")
    ctl.wait_for(lambda: "cpus" in str(slaves()) and slaves()[0]["active"] and slaves()[0]["resources"]["cpus"] == 8, 20)
    ok(True, "more resources at a restart are accepted")
    s.reconcile("stays")
    equal(s.update("stays").state, mesos.TASK_RUNNING, "the task is still running")
    s.kill("stays")
    s.until("stays", mesos.TASK_KILLED, timeout=30)


def slaves():
    import json
    conn = v1.connect(ADDRESS, CA)
    conn.request("GET", "/slaves")
    return json.loads(conn.getresponse().read())["slaves"]


def sigusr1(s):
    launch(s, "ends", "sleep 6666")
    s.until("ends", mesos.TASK_RUNNING)
    os.kill(ctl.pid("a1"), signal.SIGUSR1)
    ctl.wait_for(lambda: ctl.gone(ctl.pid("a1")), 30)
    ok(not ctl.pids_of("sleep\x006666"), "SIGUSR1 shuts tasks down")
    ctl.wait_for(lambda: not slaves(), 10)
    ok(True, "and unregisters the agent")


def run():
    info = mesos.FrameworkInfo(user="root", name="agent-test", failover_timeout=60, checkpoint=True)
    info.capabilities.add(type=mesos.FrameworkInfo.Capability.PARTITION_AWARE)
    s = v1.Scheduler(ADDRESS, CA, v1.PROTOBUF, info)
    s.subscribe()
    environment(s)
    oom(s)
    fork_bomb(s)
    daemonised(s)
    sigterm(s)
    sigusr1(s)


main(run)
