"""HTTP/1.1 as clients speak it, the v0 endpoints' keys, the operators' calls in
both codecs."""
import gzip
import json
import os
import queue
import socket
import ssl
import threading
import time

import v1
from tap import ADDRESS, CA, equal, main, note, ok
from v1 import mesos, scheduler, master

AGENT = os.environ["V1_AGENT"]
J, P = v1.JSON, v1.PROTOBUF
Call, Event = scheduler.Call, scheduler.Event


def dial(address=ADDRESS):
    host, port = address.rsplit(":", 1)
    s = socket.create_connection((host, int(port)), timeout=10)
    return ssl.create_default_context(cafile=CA).wrap_socket(s, server_hostname=host) if CA else s


class Reader:
    """Answers from a raw connection, one by one."""
    def __init__(self, sock):
        self.f = sock.makefile("rb")

    def head(self):
        line = self.f.readline()
        headers = {}
        while True:
            h = self.f.readline()
            if h in (b"\r\n", b""):
                break
            k, v = h.decode().split(":", 1)
            headers[k.lower()] = v.strip()
        return int(line.split()[1]) if line else 0, headers

    def answer(self):
        status, h = self.head()
        if h.get("transfer-encoding") == "chunked":
            body = b""
            while True:
                n = int(self.f.readline(), 16)
                data = self.f.read(n)
                self.f.readline()
                if n == 0:
                    break
                body += data
        else:
            body = self.f.read(int(h.get("content-length", "0")))
        return status, h, body


def request(method, path, body=None, headers=None, address=ADDRESS):
    conn = v1.connect(address, CA)
    conn.request(method, path, body, headers or {})
    r = conn.getresponse()
    data = r.read()
    conn.close()
    return r, data


def get(path, address=ADDRESS):
    r, data = request("GET", path, address=address)
    if r.status != 200:
        raise RuntimeError("%s: %d %s" % (path, r.status, data[:200]))
    return json.loads(data)


def basics():
    r, data = request("HEAD", "/state")
    ok(r.status == 200 and data == b"" and int(r.getheader("Content-Length") or 0) > 500, "HEAD: the length and no body")
    s = dial()
    s.sendall(b"HEAD /state HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    rd = Reader(s)
    a, h = rd.head()
    b, _, _ = rd.answer()
    equal((a, b), (200, 200), "and the connection goes on behind it")
    s.close()

    for path, address in (("/state", ADDRESS), ("/state", AGENT), ("/metrics/snapshot", ADDRESS)):
        r, data = request("GET", path, headers={"Accept-Encoding": "gzip"}, address=address)
        plain = gzip.decompress(data) if r.getheader("Content-Encoding") == "gzip" else b""
        ok(plain[:1] == b"{" and len(plain) > len(data), "%s comes as gzip, if asked for" % path)
    r, data = request("GET", "/state", headers={"Accept-Encoding": "gzip;q=0"})
    ok(r.getheader("Content-Encoding") is None, "not with q=0")
    r, data = request("GET", "/state")
    ok(r.getheader("Content-Encoding") is None, "not unasked")
    r, data = request("GET", "/version", headers={"Accept-Encoding": "gzip"})
    ok(len(data) >= 1024 or r.getheader("Content-Encoding") is None, "nor below 1024 bytes")

    body = b'{"type":"GET_HEALTH"}'
    r, data = request("POST", "/api/v1", gzip.compress(body), {"Content-Type": J, "Content-Encoding": "gzip"})
    ok(r.status == 200 and b"healthy" in data, "a request in gzip")
    r, data = request("POST", "/api/v1", gzip.compress(b" " * 200000000), {"Content-Type": J, "Content-Encoding": "gzip"})
    ok(r.status in (400, 413), "a request of 200 MB in 200 KB of gzip is refused: %d" % r.status)
    r, data = request("POST", "/api/v1", gzip.compress(body)[:-6], {"Content-Type": J, "Content-Encoding": "gzip"})
    equal(r.status, 400, "gzip cut short is a 400")
    r, data = request("POST", "/api/v1", body, {"Content-Type": J, "Content-Encoding": "br"})
    ok(r.status in (400, 415), "another encoding is refused: %d" % r.status)

    s = dial()
    s.sendall(b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
    rd = Reader(s)
    equal(rd.head()[0], 100, "Expect: 100-continue is answered by 100")
    s.sendall(body)
    status, _, data = rd.answer()
    ok(status == 200 and b"healthy" in data, "then by the answer")
    s.sendall(b"POST /no/such HTTP/1.1\r\nHost: x\r\nExpect: 200-maybe\r\nContent-Length: 0\r\n\r\n")
    ok(rd.answer()[0] in (404, 417), "another expectation: 417 or ignored")
    s.close()

    s = dial()
    rd = Reader(s)
    chunks = b"".join(b"%x\r\n%c\r\n" % (1, c) for c in body)
    s.sendall(b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    ok(b"healthy" in rd.answer()[2], "a request of chunks of one byte")
    for b in b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n":
        s.sendall(bytes([b]))
    equal(rd.answer()[0], 200, "a head that comes byte by byte, on the same connection")
    s.sendall(b"GET /health HTTP/1.0\r\n\r\n")
    equal(rd.answer()[0], 200, "HTTP/1.0")
    equal(s.recv(1), b"", "ends the connection")
    s.close()
    s = dial()
    s.sendall(b"GET /health HTTP/1.1\r\n\r\n")
    equal(Reader(s).answer()[0], 400, "HTTP/1.1 without Host is a 400")
    s.close()
    for ctype in ("application/json; charset=utf-8", "APPLICATION/JSON"):
        r, data = request("POST", "/api/v1", body, {"Content-Type": ctype})
        equal(r.status, 200, "Content-Type: " + ctype)
    r, data = request("POST", "/api/v1", body, {"Content-Type": J, "Accept": P})
    equal(r.getheader("Content-Type"), P, "Accept chooses the codec")
    r, data = request("POST", "/api/v1", body, {"Content-Type": J, "Accept": "text/html, */*"})
    equal(r.getheader("Content-Type"), J, "with wildcards JSON is preferred")
    r, data = request("POST", "/api/v1", body, {"Content-Type": J, "Accept": "application/json;q=0, application/x-protobuf;q=0.1"})
    equal(r.getheader("Content-Type"), P, "q=0 is honoured")
    r, data = request("GET", "/state?jsonp=cb")
    ok(data.startswith(b"cb(") and data.endswith(b")") and "javascript" in r.getheader("Content-Type"), "jsonp")
    r, data = request("GET", "/redirect")
    ok(r.status == 307 and r.getheader("Location").startswith("//"), "/redirect: %s" % r.getheader("Location"))


def pipelined():
    """Scheduler calls in a row on one connection."""
    s = v1.Scheduler(ADDRESS, CA, J)
    s.subscribe()
    good = s.stream_id.encode()
    fid = s.framework_id.value.encode()
    sock = dial()
    n, data = 200, b""
    for i in range(n):
        body = b'{"type":"%s","framework_id":{"value":"%s"}}' % (b"REVIVE" if i % 2 else b"NOSUCH", fid)
        data += (b"POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nMesos-Stream-Id: %s\r\n"
                 b"Content-Length: %d\r\n\r\n%s" % (good, len(body), body))
    threading.Thread(target=sock.sendall, args=(data,), daemon=True).start()
    rd = Reader(sock)
    got = [rd.answer()[0] for _ in range(n)]
    equal(got, [400, 202] * (n // 2), "200 scheduler calls in a row on one connection, answers in order")
    sock.close()
    s.call(Call(type=Call.TEARDOWN))
    s.close()


# Left out where Mesos leaves them out too: domain, drain_info, limits, ...
STATE = """version build_date build_time build_user start_time elected_time id pid hostname capabilities activated_slaves
deactivated_slaves unreachable_slaves leader leader_info flags slaves recovered_slaves frameworks completed_frameworks orphan_tasks
unregistered_frameworks"""
SLAVE = """id hostname port attributes pid registered_time resources used_resources offered_resources reserved_resources
unreserved_resources active deactivated version capabilities reserved_resources_full unreserved_resources_full used_resources_full
offered_resources_full"""
FRAMEWORK = """id name used_resources offered_resources capabilities hostname webui_url active connected recovered user failover_timeout
checkpoint registered_time unregistered_time resources tasks unreachable_tasks completed_tasks offers executors"""
TASK = "id name framework_id executor_id slave_id state resources role statuses"
AGENT_STATE = """version build_date build_time build_user start_time id pid hostname capabilities resources reserved_resources
unreserved_resources reserved_resources_full unreserved_resources_full reserved_resources_allocated unreserved_resources_allocated
resource_providers attributes master_hostname flags frameworks completed_frameworks"""
AGENT_FRAMEWORK = "id name user failover_timeout checkpoint hostname executors completed_executors"
AGENT_EXECUTOR = "id name source container directory resources role tasks queued_tasks completed_tasks"
METRICS = """master/cpus_total master/cpus_used master/cpus_percent master/mem_total master/disk_total master/gpus_total
master/cpus_revocable_total master/elected master/uptime_secs system/cpus_total system/load_1min system/load_5min system/load_15min
system/mem_free_bytes system/mem_total_bytes master/slaves_active master/slaves_inactive master/slaves_connected
master/slaves_disconnected master/slaves_unreachable master/slave_registrations master/slave_reregistrations master/slave_removals
master/slave_removals/reason_registered master/slave_removals/reason_unhealthy master/slave_removals/reason_unregistered
master/slave_unreachable_scheduled master/slave_unreachable_completed master/slave_unreachable_canceled
master/recovery_slave_removals master/frameworks_active master/frameworks_inactive master/frameworks_connected
master/frameworks_disconnected master/outstanding_offers master/tasks_staging master/tasks_starting master/tasks_running
master/tasks_killing master/tasks_unreachable master/tasks_finished master/tasks_failed master/tasks_killed master/tasks_lost
master/tasks_error master/tasks_dropped master/tasks_gone master/tasks_gone_by_operator master/dropped_messages
master/valid_status_updates master/invalid_status_updates master/valid_status_update_acknowledgements
master/invalid_status_update_acknowledgements master/valid_framework_to_executor_messages
master/invalid_framework_to_executor_messages master/valid_executor_to_framework_messages
master/invalid_executor_to_framework_messages master/messages_register_framework master/messages_launch_tasks
master/messages_decline_offers master/messages_revive_offers master/messages_suppress_offers master/messages_kill_task
master/messages_status_update master/messages_status_update_acknowledgement master/messages_reconcile_tasks
master/messages_register_slave master/messages_reregister_slave master/event_queue_http_requests master/event_queue_messages
master/event_queue_dispatches master/operator_event_stream_subscribers registrar/state_store_ms registrar/registry_size_bytes
allocator/mesos/allocation_runs allocator/mesos/resources/cpus/total
allocator/mesos/resources/cpus/offered_or_allocated allocator/mesos/roles/*/shares/dominant
allocator/mesos/offer_filters/roles/*/active"""
AGENT_METRICS = """slave/cpus_total slave/cpus_used slave/cpus_percent slave/mem_total slave/disk_total slave/registered slave/uptime_secs
slave/recovery_errors slave/recovery_time_secs slave/frameworks_active slave/tasks_staging slave/tasks_starting slave/tasks_running
slave/tasks_killing slave/tasks_finished slave/tasks_failed slave/tasks_killed slave/tasks_lost slave/tasks_gone
slave/executors_registering slave/executors_running slave/executors_terminating slave/executors_terminated
slave/valid_status_updates slave/invalid_status_updates slave/valid_framework_messages slave/invalid_framework_messages
slave/container_launch_errors slave/executor_directory_max_allowed_age_secs system/cpus_total system/load_1min
system/load_5min system/load_15min system/mem_total_bytes system/mem_free_bytes gc/path_removals_pending gc/path_removals_succeeded"""


def has(doc, names, text):
    missing = [n for n in names.split() if n not in doc]
    equal(missing, [], text + ": no key is missing")


def v0(s):
    d = get("/state")
    has(d, STATE, "/state")
    has(d["slaves"][0], SLAVE, "its slave")
    f = [f for f in d["frameworks"] if f["id"] == s.framework_id.value][0]
    has(f, FRAMEWORK, "its framework")
    has(f["tasks"][0], TASK, "its task")
    equal((f["tasks"][0]["state"], f["tasks"][0]["executor_id"], f["tasks"][0]["resources"]["cpus"]), ("TASK_RUNNING", "", 0.1), "with its values")
    has(f["tasks"][0]["statuses"][0], "state timestamp", "a status")
    equal(d["slaves"][0]["attributes"], {"rack": "r1", "level": 3.0}, "attributes by name")
    r = d["slaves"][0]["resources"]
    equal((r["cpus"], r["gpus"], r["mem"], r["ports"]), (4, 0, 4096, "[31000-31999]"), "resources by name")
    ok(d["pid"].startswith("master@127.0.0.1:") and d["leader"] == d["pid"] and d["activated_slaves"] == 1, "pid, leader, activated_slaves")
    d = get("/slaves")
    has(d, "slaves recovered_slaves", "/slaves")
    has(d["slaves"][0], SLAVE, "/slaves")
    sid = d["slaves"][0]["id"]
    equal((len(get("/slaves?slave_id=" + sid)["slaves"]), len(get("/slaves?slave_id=x")["slaves"])), (1, 0), "/slaves?slave_id=")
    d = get("/frameworks")
    has(d, "frameworks completed_frameworks unregistered_frameworks", "/frameworks")
    equal(len(get("/frameworks?framework_id=none")["frameworks"]), 0, "/frameworks?framework_id=")
    d = get("/tasks?task_id=web")
    equal([t["id"] for t in d["tasks"]], ["web"], "/tasks?task_id=")
    has(d["tasks"][0], TASK, "/tasks")
    all_ = [t["id"] for t in get("/tasks?order=asc")["tasks"]]
    equal((all_, [t["id"] for t in get("/tasks?limit=1&offset=1&order=asc")["tasks"]], [t["id"] for t in get("/tasks")["tasks"]]),
          (["first", "web"], ["web"], ["web", "first"]), "/tasks: limit, offset, order")
    d = get("/metrics/snapshot")
    has(d, METRICS, "/metrics/snapshot")
    fid = s.framework_id.value
    has(d, " ".join("master/frameworks/http%%20test/%s/%s" % (fid, n) for n in
                    ("subscribed", "calls", "calls/accept", "events", "events/offers", "offers/sent", "offers/accepted",
                     "offers/declined", "offers/rescinded", "tasks/active/task_running", "tasks/terminal/task_finished",
                     "roles/*/suppressed")), "per framework")
    ok(all(isinstance(v, (int, float)) for v in d.values()), "all values are numbers")
    equal((d["master/tasks_running"], d["master/slaves_active"], d["master/cpus_total"]), (1, 1, 4), "with the right values")
    has(get("/version"), "version build_date build_time build_user", "/version")
    ok(isinstance(get("/version")["build_time"], (int, float)), "build_time is a number")
    equal(get("/flags")["flags"]["allocation_interval"], "200ms", "/flags")

    d = get("/state", AGENT)
    has(d, AGENT_STATE, "the agent's /state")
    has(d["frameworks"][0], AGENT_FRAMEWORK, "its framework")
    x = [x for x in d["frameworks"][0]["executors"] if x["id"] == "web"][0]
    has(x, AGENT_EXECUTOR, "its executor")
    has(x["tasks"][0], TASK, "its task")
    has(get("/metrics/snapshot", AGENT), AGENT_METRICS, "the agent's /metrics/snapshot")
    d = get("/metrics/snapshot", AGENT)
    equal((d["slave/tasks_running"], d["system/cpus_total"], d["system/mem_total_bytes"] > 1e6), (1, os.cpu_count(), True), "with the right values")


def subscriber(codec):
    conn = v1.connect(ADDRESS, CA, timeout=60)
    call = master.Call(type=master.Call.SUBSCRIBE)
    conn.request("POST", "/api/v1", v1.encode(call, codec), {"Content-Type": codec, "Accept": codec})
    r = conn.getresponse()
    events = queue.Queue()

    def read():
        try:
            for data in v1.records(r):
                events.put(v1.decode(master.Event, data, codec))
        except Exception:
            pass
    threading.Thread(target=read, daemon=True).start()
    return conn, events


def operator(s, codec):
    name = codec.split("-")[-1].split("/")[-1]
    T = master.Call.Type

    def op(type_, **kw):
        return v1.operator(ADDRESS, master.Call(type=T.Value(type_), **kw), CA, codec)

    def check(fact, text):
        ok(fact, name + ": " + text)

    check(op("GET_HEALTH").get_health.healthy, "GET_HEALTH")
    check(op("GET_VERSION").get_version.version_info.version, "GET_VERSION")
    check({f.name: f.value for f in op("GET_FLAGS").get_flags.flags}.get("allocation_interval") == "200ms", "GET_FLAGS")
    check({m.name: m.value for m in op("GET_METRICS").get_metrics.metrics}.get("master/tasks_running") == 1, "GET_METRICS")
    r = op("GET_AGENTS")
    check(r.type == master.Response.GET_AGENTS, "the answer has the call's name")
    a = r.get_agents.agents[0]
    check(a.active and not a.deactivated and a.version and a.pid.startswith("slave(1)@127.0.0.1:") and
          a.agent_info.hostname == "localhost" and a.registered_time.nanoseconds > 0 and a.capabilities, "GET_AGENTS")
    check({x.name: x.scalar.value for x in a.total_resources}["cpus"] == 4 and
          {x.name: x.scalar.value for x in a.allocated_resources}["cpus"] == 0.1, "its resources")
    r = op("GET_FRAMEWORKS").get_frameworks
    f = [f for f in r.frameworks if f.framework_info.id.value == s.framework_id.value][0]
    check(f.active and f.connected and not f.recovered and f.framework_info.name == "http test", "GET_FRAMEWORKS")
    r = op("GET_TASKS").get_tasks
    check([t.task_id.value for t in r.tasks] == ["web"] and "first" in [t.task_id.value for t in r.completed_tasks], "GET_TASKS")
    check(r.tasks[0].state == mesos.TASK_RUNNING and r.tasks[0].statuses[-1].state == mesos.TASK_RUNNING and
          r.tasks[0].framework_id.value == s.framework_id.value, "a task's state")
    r = op("GET_STATE").get_state
    check(len(r.get_agents.agents) == 1 and len(r.get_tasks.tasks) == 1 and r.HasField("get_frameworks") and r.HasField("get_executors"), "GET_STATE")

    conn, events = subscriber(codec)

    def event(type_):
        end = time.time() + 10
        while True:
            e = events.get(timeout=max(0.1, end - time.time()))
            if e.type == master.Event.Type.Value(type_):
                return e

    e = event("SUBSCRIBED")
    check(len(e.subscribed.get_state.get_tasks.tasks) == 1 and e.subscribed.heartbeat_interval_seconds == 15, "SUBSCRIBE: the state first")
    event("HEARTBEAT")
    t = v1.Scheduler(ADDRESS, CA, J, mesos.FrameworkInfo(user="root", name="seen", checkpoint=True))
    t.subscribe()
    e = event("FRAMEWORK_ADDED")
    check(e.framework_added.framework.framework_info.name == "seen", "FRAMEWORK_ADDED")
    o = t.offer(cpus=0.5)
    t.accept(o, [v1.task(o[0], "watched", "exit 0")])
    e = event("TASK_ADDED")
    check(e.task_added.task.task_id.value == "watched" and e.task_added.task.state == mesos.TASK_STAGING, "TASK_ADDED")
    t.until("watched", mesos.TASK_FINISHED)
    seen = []
    while "TASK_FINISHED" not in seen:
        u = event("TASK_UPDATED").task_updated
        seen.append(mesos.TaskState.Name(u.status.state))
        if u.status.task_id.value != "watched" or not u.framework_id.value:
            seen.append("of another")
    check(seen == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"], "TASK_UPDATED: %s" % seen)
    call = master.Call(type=master.Call.TEARDOWN)
    call.teardown.framework_id.CopyFrom(t.framework_id)
    c = v1.connect(ADDRESS, CA)
    c.request("POST", "/api/v1", v1.encode(call, codec), {"Content-Type": codec})
    check(c.getresponse().status == 200, "TEARDOWN")
    e = event("FRAMEWORK_REMOVED")
    check(e.framework_removed.framework_info.name == "seen", "FRAMEWORK_REMOVED")
    try:
        while True:
            t.next(timeout=5)
    except RuntimeError as x:
        check("the stream ended" in str(x), "its stream is closed")
    conn.sock.shutdown(socket.SHUT_RDWR)


def agent_operator():
    for type_, key in (("GET_HEALTH", "get_health"), ("GET_VERSION", "get_version"), ("GET_FLAGS", "get_flags"),
                       ("GET_METRICS", "get_metrics"), ("GET_STATE", "get_state"), ("GET_FRAMEWORKS", "get_frameworks"),
                       ("GET_EXECUTORS", "get_executors"), ("GET_TASKS", "get_tasks"), ("GET_AGENT", "get_agent")):
        r, data = request("POST", "/slave(1)/api/v1", '{"type":"%s"}' % type_, {"Content-Type": J}, AGENT)
        good = r.status == 200 and json.loads(data)["type"] == type_ and (key in json.loads(data))
        if not ok(good or (r.status == 501 and type_ in data.decode()), "agent %s: %d" % (type_, r.status)):
            note(data[:200].decode())


def run():
    basics()
    pipelined()
    info = mesos.FrameworkInfo(user="root", name="http test", failover_timeout=60, checkpoint=True, principal="p", hostname="h",
                               webui_url="http://w/")
    s = v1.Scheduler(ADDRESS, CA, P, info)
    s.subscribe()
    o = s.offer()
    s.accept(o, [v1.task(o[0], "first", "true")])
    s.until("first", mesos.TASK_FINISHED)
    o = s.offer()
    s.accept(o, [v1.task(o[0], "web", "exec sleep 1000")])
    s.until("web", mesos.TASK_RUNNING)
    s.call(Call(type=Call.SUPPRESS))
    v0(s)
    operator(s, P)
    operator(s, J)
    agent_operator()
    s.call(Call(type=Call.TEARDOWN))
    s.close()
    d = get("/frameworks")
    done = [f for f in d["completed_frameworks"] if f["name"] == "http test"][0]
    ok(done["unregistered_time"] > 0 and not done["active"], "TEARDOWN: among the completed ones")
    equal(sorted((t["id"], t["state"]) for t in done["completed_tasks"]), [("first", "TASK_FINISHED"), ("web", "TASK_KILLED")],
          "with its tasks")


main(run)
