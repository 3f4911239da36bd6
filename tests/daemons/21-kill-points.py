"""kill -9 of master and agents at random moments under load: each task comes to
exactly one end, no command is started twice, and nothing is left of them. The
seed is printed; KILL_SEED repeats its moments (not what they meet)."""
import http.client
import json
import os
import random
import sqlite3
import threading
import time

import ctl
import v1
from tap import ADDRESS, CA, equal, main, note, ok
from v1 import mesos, scheduler

TASKS_MIN = 200
TASKS_MAX = 2000
AT_ONCE = 20
KILLS = 30
SECONDS = 60  # after which it is over, whatever is missing
SEED = int(os.environ.get("KILL_SEED") or random.randrange(1 << 30))
ENDS = {getattr(mesos, "TASK_" + s) for s in
        "FINISHED FAILED KILLED ERROR LOST DROPPED GONE GONE_BY_OPERATOR".split()}
BROKEN = (OSError, RuntimeError, http.client.HTTPException)


class Killer(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.random = random.Random(SEED)
        self.accepted = threading.Event()  # the framework has launched something
        self.problem = None
        self.kills = 0
        self.over = False

    def moment(self):
        """Any, or one while tasks are on their way."""
        time.sleep(self.random.uniform(0.2, 1.8))
        if self.random.random() < 0.6:
            self.accepted.clear()
            self.accepted.wait(2)
            time.sleep(self.random.choice((0, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08)))

    def run(self):
        try:
            while self.kills < KILLS and not self.over:
                self.moment()
                name = self.random.choice(("master", "a1", "a2"))
                ctl.kill9(name)
                self.kills += 1
                time.sleep(self.random.choice((0, 0, 0.2, 0.6)))
                ctl.start(name)
        except Exception as e:  # told by the main thread
            self.problem = e


class Framework:
    """One that does what the documentation tells it: resubscribes, acknowledges
    all, reconciles what it has not heard of."""

    def __init__(self, killer):
        self.killer = killer
        info = mesos.FrameworkInfo(user="root", name="points", failover_timeout=600, checkpoint=True)
        info.capabilities.add(type=mesos.FrameworkInfo.Capability.PARTITION_AWARE)
        self.s = v1.Scheduler(ADDRESS, CA, v1.PROTOBUF, info)
        self.random = random.Random(SEED + 1)
        self.next_task = 0
        self.open = {}  # id -> agent id
        self.ends = {}  # id -> states of its ends, by uuid
        self.unknown = set()  # ids that a master didn't know

    def subscribe(self):
        while True:
            self.s.close()
            try:
                self.s.subscribe()
                return
            except BROKEN:
                if self.killer.problem:
                    raise self.killer.problem
                time.sleep(0.1)

    def wants_more(self):
        return self.next_task < TASKS_MIN or (self.killer.is_alive() and self.next_task < TASKS_MAX)

    def launch(self, offer):
        tasks = []
        have = sum(r.scalar.value for r in offer.resources if r.name == "cpus")
        while self.wants_more() and len(self.open) < AT_ONCE and have >= 0.1:
            t = "t%d" % self.next_task
            command = "echo x >>%s/%s.starts; sleep %.1f" % (ctl.T, t, self.random.uniform(0, 2))
            tasks.append(v1.task(offer, t, command, cpus=0.1, mem=16))
            self.next_task += 1
            self.open[t] = offer.agent_id.value
            have -= 0.1
        self.s.accept([offer], tasks, refuse=0.2)
        if tasks:
            self.killer.accepted.set()

    def on_update(self, status):
        t = status.task_id.value
        if status.state in ENDS:
            self.ends.setdefault(t, {})[status.uuid] = mesos.TaskState.Name(status.state)
            self.open.pop(t, None)
        elif status.state == mesos.TASK_UNKNOWN:
            self.unknown.add(t)
            self.open.pop(t, None)
        self.s.acknowledge(status)

    def turn(self):
        event = self.s.next(timeout=0.5)
        if event.type == scheduler.Event.OFFERS:
            for offer in event.offers.offers:
                self.launch(offer)
        elif event.type == scheduler.Event.UPDATE:
            self.on_update(event.update.status)

    def reconcile(self):
        call = scheduler.Call(type=scheduler.Call.RECONCILE)
        for t, agent in self.open.items():
            task = call.reconcile.tasks.add()
            task.task_id.value, task.agent_id.value = t, agent
        if self.open:
            self.s.call(call)

    def run(self, until, only_listen=False):
        asked = time.time()
        while time.time() < until and (only_listen or self.open or self.wants_more()):
            try:
                if time.time() - asked > 2:
                    asked = time.time()
                    self.reconcile()
                self.turn()
            except RuntimeError as e:
                if "no event" not in str(e):
                    self.subscribe()
            except BROKEN:
                self.subscribe()


def starts(task_id):
    try:
        with open(os.path.join(ctl.T, task_id + ".starts")) as f:
            return len(f.read().split())
    except FileNotFoundError:
        return 0


def get(path):
    conn = v1.connect(ADDRESS, CA)
    conn.request("GET", path)
    return json.loads(conn.getresponse().read())


def used():
    return sorted({(k, v) for a in get("/slaves")["slaves"] for k, v in a["used_resources"].items()
                   if k in ("cpus", "mem") and v != 0})


def rows(agent):
    """Of what a checkpoint holds while something runs."""
    db = sqlite3.connect("file:%s/%s/meta/agent.db?mode=ro" % (ctl.T, agent), uri=True)
    found = {t: db.execute('SELECT count(*) FROM "%s"' % t).fetchone()[0]
             for t in ("framework", "executor", "task", "task_update")}
    db.close()
    return {t: n for t, n in found.items() if n > 0}


def empty(fact):
    try:
        ctl.wait_for(lambda: not fact(), 15)
    except RuntimeError:
        pass
    return fact()


def run():
    note("seed: %d" % SEED)
    k = Killer()
    f = Framework(k)
    f.subscribe()
    began = time.time()
    k.start()
    f.run(began + SECONDS)
    k.over = True  # a slow machine comes to fewer
    k.join()
    note("%d kills in %.0f s, %d tasks" % (k.kills, time.time() - began, f.next_task))
    ok(k.problem is None and k.kills >= KILLS / 3, "all were killed and started again: %s" % k.problem)
    f.run(time.time() + 10)  # what the last kill left open
    f.run(time.time() + 3, only_listen=True)  # what comes too late, or twice

    every = ["t%d" % i for i in range(f.next_task)]
    states = {t: sorted(set(f.ends.get(t, {}).values())) for t in every}
    count = {}
    for t in every:
        for s in states[t] or (["UNKNOWN"] if t in f.unknown else ["open"]):
            count[s] = count.get(s, 0) + 1
    note("ends: %s" % count)
    equal(sorted(f.open), [], "every task came to an end")
    equal({t: s for t, s in states.items() if len(s) > 1}, {}, "to exactly one")
    equal({t: s for t, s in f.ends.items() if len([u for u in s if u]) > 1}, {},
          "told by one update of its agent at most")
    equal([t for t in f.unknown if t in f.ends or starts(t)], [], "what was unknown to the master never ran")
    equal({t: starts(t) for t in every if starts(t) > 1}, {}, "no command was started twice")
    equal([t for t in every if "TASK_FINISHED" in states[t] and starts(t) != 1], [], "what FINISHED was started")
    ok(count.get("TASK_FINISHED", 0) > f.next_task / 2, "most FINISHED")
    equal(empty(used), [], "the master counts nothing as used")
    equal(empty(lambda: rows("a1") or rows("a2")), {}, "the agents' checkpoints hold nothing any more")


main(run)
