"""v1.py - a Mesos v1 client in the language of our users' tests, independent of
our C code: Debian's protobuf for Python, http.client, ssl.

Both codecs. A Scheduler keeps the SUBSCRIBE stream on one connection and makes
calls on another, as every v1 client does. The generated modules are in the
directory $V1_PROTO (protoc --python_out).
"""
import base64
import http.client
import os
import queue
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, os.environ["V1_PROTO"])
from google.protobuf import json_format  # noqa: E402
from mesos.v1 import mesos_pb2 as mesos  # noqa: E402
from mesos.v1.scheduler import scheduler_pb2 as scheduler  # noqa: E402
from mesos.v1.master import master_pb2 as master  # noqa: E402

JSON = "application/json"
PROTOBUF = "application/x-protobuf"


def connect(address, cafile=None, timeout=20):
    if cafile:
        ctx = ssl.create_default_context(cafile=cafile)
        return http.client.HTTPSConnection(address, timeout=timeout, context=ctx)
    return http.client.HTTPConnection(address, timeout=timeout)


def encode(msg, codec):
    if codec == PROTOBUF:
        return msg.SerializeToString()
    return json_format.MessageToJson(msg, preserving_proto_field_name=True).encode()


def decode(cls, data, codec):
    msg = cls()
    if codec == PROTOBUF:
        msg.ParseFromString(data)
    else:
        json_format.Parse(data, msg, ignore_unknown_fields=True)
    return msg


def records(response):
    """RecordIO: decimal length, newline, that many bytes."""
    while True:
        head = b""
        while not head.endswith(b"\n"):
            c = response.read(1)
            if not c:
                return
            head += c
        n = int(head)
        data = b""
        while len(data) < n:
            piece = response.read(n - len(data))
            if not piece:
                return
            data += piece
        yield data


class Scheduler:
    def __init__(self, address, cafile=None, codec=PROTOBUF, info=None):
        self.address, self.cafile, self.codec = address, cafile, codec
        self.info = info or mesos.FrameworkInfo(user="root", name="python")
        self.events = queue.Queue()
        self.stream_id = None
        self.framework_id = None
        self.calls = None
        self.conn = None
        self.backlog = []  # OFFERS that came while something else was awaited

    def headers(self):
        h = {"Content-Type": self.codec, "Accept": self.codec}
        if self.stream_id:
            h["Mesos-Stream-Id"] = self.stream_id
        return h

    def subscribe(self, suppressed=()):
        call = scheduler.Call(type=scheduler.Call.SUBSCRIBE)
        call.subscribe.framework_info.CopyFrom(self.info)
        call.subscribe.suppressed_roles.extend(suppressed)
        if self.info.HasField("id"):
            call.framework_id.CopyFrom(self.info.id)
        self.stream_id = None
        self.backlog = []
        self.events = queue.Queue()
        self.conn = connect(self.address, self.cafile, timeout=120)
        self.conn.request("POST", "/api/v1/scheduler", encode(call, self.codec), self.headers())
        r = self.conn.getresponse()
        if r.status != 200:
            raise RuntimeError("subscribe: %d %s" % (r.status, r.read().decode(errors="replace")))
        self.stream_id = r.getheader("Mesos-Stream-Id")
        self.reader = threading.Thread(target=self._read, args=(r, self.events), daemon=True)
        self.reader.start()
        event = self.next(scheduler.Event.SUBSCRIBED)
        self.framework_id = event.subscribed.framework_id
        self.info.id.CopyFrom(self.framework_id)
        return event

    def _read(self, response, events):
        try:
            for data in records(response):
                events.put(decode(scheduler.Event, data, self.codec))
        except Exception as e:  # the stream broke: the test asks by next()
            events.put(e)
        events.put(None)

    def next(self, *types, timeout=20):
        """The next event of one of the types; others are dropped."""
        end = time.time() + timeout
        while True:
            left = end - time.time()
            if left <= 0:
                raise RuntimeError("no event %s within %d s" % (types, timeout))
            try:
                event = self.events.get(timeout=left)
            except queue.Empty:
                continue
            if event is None or isinstance(event, Exception):
                raise RuntimeError("the stream ended: %s" % event)
            if not types or event.type in types:
                return event
            if event.type == scheduler.Event.OFFERS:
                self.backlog.append(event)
            if event.type == scheduler.Event.RESCIND:
                self.rescinded(event.rescind.offer_id)
            if event.type == scheduler.Event.ERROR:
                raise RuntimeError("ERROR: " + event.error.message)

    def call(self, call, expect=202):
        if self.framework_id and not call.HasField("framework_id"):
            call.framework_id.CopyFrom(self.framework_id)
        for attempt in (1, 2):
            try:
                if self.calls is None:
                    self.calls = connect(self.address, self.cafile)
                self.calls.request("POST", "/api/v1/scheduler", encode(call, self.codec), self.headers())
                r = self.calls.getresponse()
                body = r.read()
                break
            except (http.client.HTTPException, OSError):
                self.calls = None
                if attempt == 2:
                    raise
        if expect and r.status != expect:
            raise RuntimeError("%s: %d %s" % (scheduler.Call.Type.Name(call.type), r.status, body.decode(errors="replace")))
        return r.status, body

    def rescinded(self, offer_id):
        """An offer that was put aside is taken back."""
        for event in self.backlog:
            for o in list(event.offers.offers):
                if o.id == offer_id:
                    event.offers.offers.remove(o)
        self.backlog = [event for event in self.backlog if event.offers.offers]

    def suppress(self):
        """No more offers, and what came before that goes back at once: it would
        be kept from other frameworks."""
        self.call(scheduler.Call(type=scheduler.Call.SUPPRESS))
        time.sleep(0.3)  # what was sent before has arrived by then
        kept = []
        while not self.events.empty():
            event = self.events.get()
            if isinstance(event, scheduler.Event) and event.type == scheduler.Event.OFFERS:
                self.backlog.append(event)
            else:
                kept.append(event)
        for event in kept:
            self.events.put(event)
        for event in self.backlog:
            if event.offers.offers:
                self.decline(event.offers.offers, refuse=0.0)
        self.backlog = []

    def offers(self, timeout=20):
        if self.backlog:
            return list(self.backlog.pop(0).offers.offers)
        return list(self.next(scheduler.Event.OFFERS, timeout=timeout).offers.offers)

    def offer(self, cpus=0.5, timeout=30):
        """[one offer with at least so many cpus]; smaller ones are declined, so
        that they come back as one."""
        end = time.time() + timeout
        while True:
            found = None
            for o in self.offers(timeout=end - time.time()):
                have = sum(r.scalar.value for r in o.resources if r.name == "cpus")
                if found is None and have >= cpus:
                    found = o
                else:
                    self.decline([o], refuse=0.0)
            if found is not None:
                return [found]

    def accept(self, offers, tasks, refuse=0.0):
        call = scheduler.Call(type=scheduler.Call.ACCEPT)
        call.accept.offer_ids.extend(o.id for o in offers)
        if tasks:
            op = call.accept.operations.add(type=mesos.Offer.Operation.LAUNCH)
            op.launch.task_infos.extend(tasks)
        call.accept.filters.refuse_seconds = refuse
        return self.call(call)

    def decline(self, offers, refuse=5.0):
        call = scheduler.Call(type=scheduler.Call.DECLINE)
        call.decline.offer_ids.extend(o.id for o in offers)
        call.decline.filters.refuse_seconds = refuse
        return self.call(call)

    def acknowledge(self, status):
        if not status.uuid:
            return
        call = scheduler.Call(type=scheduler.Call.ACKNOWLEDGE)
        call.acknowledge.agent_id.CopyFrom(status.agent_id)
        call.acknowledge.task_id.CopyFrom(status.task_id)
        call.acknowledge.uuid = status.uuid
        self.call(call)

    def kill(self, task_id, grace=None):
        call = scheduler.Call(type=scheduler.Call.KILL)
        call.kill.task_id.value = task_id
        if grace is not None:
            call.kill.kill_policy.grace_period.nanoseconds = int(grace * 1e9)
        self.call(call)

    def reconcile(self, *task_ids):
        call = scheduler.Call(type=scheduler.Call.RECONCILE)
        call.reconcile.SetInParent()
        for t in task_ids:
            call.reconcile.tasks.add().task_id.value = t
        self.call(call)

    def update(self, task_id=None, timeout=20, ack=True):
        """The next update (of the task), acknowledged."""
        end = time.time() + timeout
        while True:
            status = self.next(scheduler.Event.UPDATE, timeout=end - time.time()).update.status
            if ack:
                self.acknowledge(status)
            if task_id is None or status.task_id.value == task_id:
                return status

    def until(self, task_id, state, timeout=20):
        """All states of the task up to that one."""
        seen = []
        while True:
            status = self.update(task_id, timeout=timeout)
            seen.append(mesos.TaskState.Name(status.state))
            if status.state == state:
                return status, seen

    def close(self):
        """As a framework that dies. The reader holds the socket as well, so
        that close() alone would leave the connection up."""
        for c in (self.conn, self.calls):
            if c is not None and c.sock is not None:
                try:
                    c.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                c.sock.close()
        self.conn = self.calls = None


def scalar(name, value, role=None):
    r = mesos.Resource(name=name, type=mesos.Value.SCALAR)
    r.scalar.value = value
    if role:
        r.allocation_info.role = role
    return r


def task(offer, task_id, command, cpus=0.1, mem=32):
    t = mesos.TaskInfo(name=task_id)
    t.task_id.value = task_id
    t.agent_id.CopyFrom(offer.agent_id)
    t.resources.extend([scalar("cpus", cpus), scalar("mem", mem)])
    t.command.value = command
    return t


def operator(address, call, cafile=None, codec=PROTOBUF):
    conn = connect(address, cafile)
    conn.request("POST", "/api/v1", encode(call, codec), {"Content-Type": codec, "Accept": codec})
    r = conn.getresponse()
    body = r.read()
    if r.status != 200:
        raise RuntimeError("%d %s" % (r.status, body.decode(errors="replace")))
    return decode(master.Response, body, codec)
