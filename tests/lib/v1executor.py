"""v1executor.py - an executor of the v1 API, as its users write them; it knows
the API and its environment, and nothing of ours. The agent starts it with
TaskInfo.executor; what a task shall do is in TaskInfo.data:

	run            STARTING, RUNNING; KILLED when its KILL comes
	finish         RUNNING, FINISHED
	burst N        N updates of RUNNING in a row, then FINISHED
	exit N         the executor exits with that status

A MESSAGE is answered by one with the same bytes behind "echo: "; "post JSON" is
sent to the agent as it is, and answered by what that says; "later" makes it
sleep; "twice TASK" makes two updates. All it sees is in the sandbox's `seen`.
"""
import http.client
import os
import socket
import sys
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.environ["V1_PROTO"])
from mesos.v1 import mesos_pb2 as mesos  # noqa: E402
from mesos.v1.executor import executor_pb2 as executor  # noqa: E402

TYPE = "application/x-protobuf"
Call, Event = executor.Call, executor.Event


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Executor:
    def __init__(self):
        self.tasks, self.updates, self.state = {}, {}, {}
        self.seen = open("seen", "a")
        self.calls = None

    def say(self, text):
        self.seen.write(text + "\n")
        self.seen.flush()

    def connection(self):
        return UnixConnection(os.environ["MESOS_DOMAIN_SOCKET"])

    def call(self, type_):
        c = Call(type=type_)
        c.framework_id.value = os.environ["MESOS_FRAMEWORK_ID"]
        c.executor_id.value = os.environ["MESOS_EXECUTOR_ID"]
        return c

    def send(self, call):
        for _ in (1, 2):
            try:
                if self.calls is None:
                    self.calls = self.connection()
                self.calls.request("POST", "/slave(1)/api/v1/executor", call.SerializeToString(), {"Content-Type": TYPE})
                r = self.calls.getresponse()
                body = r.read()
                if r.status != 202:
                    self.say("status %d %s" % (r.status, body.decode()))
                return r.status
            except (OSError, http.client.HTTPException) as e:
                self.calls = None
                error = e
        self.say("not sent: %s" % error)
        return 0

    def post(self, body):
        """A call in JSON as it is given: what only this executor's own
        processes may send."""
        conn = self.connection()
        conn.request("POST", "/api/v1/executor", body, {"Content-Type": "application/json"})
        r = conn.getresponse()
        answer = b"%d %s" % (r.status, r.read())
        conn.close()
        return answer

    def update(self, task_id, state, message=None, data=None):
        c = self.call(Call.UPDATE)
        s = c.update.status
        s.task_id.value, s.state, s.source = task_id, state, mesos.TaskStatus.SOURCE_EXECUTOR
        s.executor_id.value = os.environ["MESOS_EXECUTOR_ID"]
        s.uuid, s.timestamp = uuid.uuid4().bytes, time.time()
        if message:
            s.message = message
        if data:
            s.data = data
        self.updates[s.uuid] = c.update
        self.state[task_id] = state
        self.send(c)

    def launch(self, task):
        t = task.task_id.value
        self.tasks[t] = task
        words = task.data.decode().split()
        self.update(t, mesos.TASK_STARTING)
        if words[0] == "exit":
            os._exit(int(words[1]))
        self.update(t, mesos.TASK_RUNNING, data=b"some data")
        if words[0] == "burst":
            for i in range(int(words[1])):
                self.update(t, mesos.TASK_RUNNING, message=str(i))
        if words[0] != "run":
            self.update(t, mesos.TASK_FINISHED, message="done")

    def event(self, e):
        self.say("event %s" % Event.Type.Name(e.type))
        if e.type == Event.SUBSCRIBED:
            s = e.subscribed
            self.say("subscribed %s %s %s %s" % (s.executor_info.executor_id.value, s.framework_info.name,
                                                s.agent_info.hostname, s.container_id.value))
        elif e.type == Event.LAUNCH:
            self.launch(e.launch.task)
        elif e.type == Event.KILL:
            t = e.kill.task_id.value
            self.say("kill %s %d" % (t, e.kill.kill_policy.grace_period.nanoseconds))
            self.update(t, mesos.TASK_KILLED)
        elif e.type == Event.ACKNOWLEDGED:
            self.say("acknowledged %s" % e.acknowledged.task_id.value)
            u = self.updates.pop(e.acknowledged.uuid, None)
            self.tasks.pop(e.acknowledged.task_id.value, None)
            if u is None:
                self.say("unknown uuid")
        elif e.type == Event.MESSAGE:
            if e.message.data == b"later":
                # Nobody hears this for a while: the agent is being killed.
                time.sleep(1)
            if e.message.data.startswith(b"twice "):
                t = e.message.data.split()[1].decode()
                self.update(t, mesos.TASK_RUNNING, message="first")
                self.update(t, mesos.TASK_RUNNING, message="second")
                return
            c = self.call(Call.MESSAGE)
            c.message.data = b"echo: " + e.message.data
            if e.message.data.startswith(b"post "):
                c.message.data = self.post(e.message.data[5:])
            self.send(c)
        elif e.type == Event.SHUTDOWN:
            for t, state in self.state.items():
                if state in (mesos.TASK_STARTING, mesos.TASK_RUNNING):
                    self.update(t, mesos.TASK_KILLED, message="shut down")
            time.sleep(0.3)
            os._exit(0)
        elif e.type == Event.ERROR:
            self.say("error " + e.error.message)

    def subscribe(self):
        c = self.call(Call.SUBSCRIBE)
        c.subscribe.unacknowledged_tasks.extend(self.tasks.values())
        c.subscribe.unacknowledged_updates.extend(self.updates.values())
        conn = self.connection()
        conn.request("POST", "/slave(1)/api/v1/executor", c.SerializeToString(), {"Content-Type": TYPE, "Accept": TYPE})
        r = conn.getresponse()
        if r.status != 200:
            self.say("subscribe: %d %s" % (r.status, r.read().decode()))
            return
        self.say("connected with %d updates" % len(c.subscribe.unacknowledged_updates))
        while True:
            head = b""
            while not head.endswith(b"\n"):
                b = r.read(1)
                if not b:
                    return
                head += b
            data = r.read(int(head))
            e = Event()
            e.ParseFromString(data)
            self.event(e)

    def run(self):
        self.say(" ".join(sorted(k for k in os.environ if k.startswith("MESOS_"))))
        while True:
            try:
                self.subscribe()
            except (OSError, http.client.HTTPException) as e:
                self.say("broken: %r" % e)
            self.calls = None
            time.sleep(0.1)


if __name__ == "__main__":
    Executor().run()
