"""Launches tasks on the executor in 46-npm-executor.js."""
import glob
import os

import ctl
import v1
from tap import ADDRESS, CA, equal, main, note, ok
from v1 import mesos, scheduler

Call, Event = scheduler.Call, scheduler.Event
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "46-npm-executor.js")


def seen():
    return "".join(open(f).read() for f in glob.glob(os.path.join(ctl.T, "a1/slaves/*/frameworks/*/executors/node/runs/latest/*"))
                   if os.path.basename(f) in ("seen", "stderr"))


def run():
    info = mesos.FrameworkInfo(user="root", name="npm-executor", failover_timeout=60, checkpoint=True)
    s = v1.Scheduler(ADDRESS, CA, v1.JSON, info)
    s.subscribe()
    o = s.offer()
    t = v1.task(o[0], "node-task", "")
    t.ClearField("command")
    x = t.executor
    x.executor_id.value = x.name = "node"
    x.command.value = "mkdir -p logs; exec node " + SCRIPT
    x.command.environment.variables.add(name="NODE_PATH", value=os.environ["NODE_PATH"])
    x.resources.extend([v1.scalar("cpus", 0.1), v1.scalar("mem", 256)])
    s.accept(o, [t])
    try:
        _, states = s.until("node-task", mesos.TASK_FINISHED)
        equal(states, ["TASK_RUNNING", "TASK_FINISHED"], "the npm package's Executor runs a task")
    except RuntimeError as e:
        ok(False, "the npm package's Executor runs a task: %s" % e)
        note(seen().replace("\n", " | "))
        return
    ctl.wait_for(lambda: seen().count("ACKNOWLEDGED node-task") == 2, 10)
    ok(True, "its updates are acknowledged to it")
    call = Call(type=Call.MESSAGE)
    call.message.agent_id.CopyFrom(o[0].agent_id)
    call.message.executor_id.value, call.message.data = "node", b"hi"
    s.call(call)
    equal(s.next(Event.MESSAGE, timeout=10).message.data, b"echo: hi", "MESSAGE there and back")
    s.call(Call(type=Call.TEARDOWN))
    ctl.wait_for(lambda: "SHUTDOWN" in seen(), 10)
    ok(True, "it hears of the SHUTDOWN")


main(run)
