"""Offers: shares, filters, roles, reservations, and each way to misuse them."""
import json
import sys
import time

import ctl
import v1
from tap import ADDRESS, CA, equal, main, note, ok
from v1 import mesos, scheduler

Call = scheduler.Call
Event = scheduler.Event
S = mesos.TaskStatus
C = mesos.FrameworkInfo.Capability
INTERVAL = 0.2  # lib.sh's --allocation_interval


def framework(name, roles=(), role=None, aware=True, caps=(), timeout=0, codec=v1.PROTOBUF, **kw):
    info = mesos.FrameworkInfo(user="root", name=name, failover_timeout=timeout, checkpoint=True, **kw)
    if aware:
        info.capabilities.add(type=C.PARTITION_AWARE)
    for c in caps:
        info.capabilities.add(type=c)
    if roles:
        info.capabilities.add(type=C.MULTI_ROLE)
        info.roles.extend(roles)
    if role:
        info.role = role
    return v1.Scheduler(ADDRESS, CA, codec, info)


def collect(s, seconds, want=None):
    """The offers of so many seconds, or until there are as many as wanted."""
    got, end = [], time.time() + seconds
    while time.time() < end and (want is None or len(got) < want):
        try:
            got.extend(s.offers(timeout=end - time.time()))
        except RuntimeError as e:
            if "no event" not in str(e):
                raise
    return got


def silence(s, seconds):
    return len(collect(s, seconds)) == 0


def teardown(*frameworks):
    for s in frameworks:
        s.call(Call(type=Call.TEARDOWN))
        s.close()


def cpus(offers):
    return round(sum(r.scalar.value for o in offers for r in o.resources if r.name == "cpus"), 3)


def get(path):
    conn = v1.connect(ADDRESS, CA)
    conn.request("GET", path)
    r = conn.getresponse()
    return r.status, r.read().decode()


def shares():
    a, b = framework("even-a"), framework("even-b")
    a.subscribe()
    first = collect(a, 5, 4)
    equal(len(first), 4, "the only framework is offered every agent")
    equal(len({o.agent_id.value for o in first}), 4, "each once")
    b.subscribe()
    ok(silence(b, 0.6), "what one holds is not offered to another")
    a.decline(first, refuse=0.0)
    got_a, got_b = [], []
    for _ in range(6):
        got_a += collect(a, 0.15)
        got_b += collect(b, 0.15)
    equal((cpus(got_a), cpus(got_b)), (2.0, 2.0), "two frameworks of a role share evenly")
    teardown(a, b)

    a, b = framework("heavy", role="heavy"), framework("light", role="light")
    a.subscribe()
    first = collect(a, 5, 4)
    b.subscribe()
    a.decline(first, refuse=0.0)
    got_a, got_b = [], []
    for _ in range(6):
        got_a += collect(a, 0.15)
        got_b += collect(b, 0.15)
    equal((cpus(got_a), cpus(got_b)), (3.0, 1.0), "a role of weight 3 gets three times as much")
    teardown(a, b)


def filters():
    s = framework("filters", timeout=60)
    s.subscribe()
    o = s.offers()
    began = time.time()
    s.decline(o, refuse=0.0)
    o = s.offers()
    ok(time.time() - began < 1.5, "refuse_seconds 0: offered again in the next round (%.2f s)" % (time.time() - began))

    call = Call(type=Call.DECLINE)
    call.decline.offer_ids.extend(x.id for x in o)
    began = time.time()
    s.call(call)
    o = s.offers()
    took = time.time() - began
    ok(4.9 < took < 7, "no filter given: 5 s (%.2f s)" % took)

    s.decline(o, refuse=1.0)
    began = time.time()
    o = s.offers()
    took = time.time() - began
    ok(0.95 < took < 2.5, "refuse_seconds 1 (%.2f s)" % took)

    s.decline(o, refuse=1e9)
    ok(silence(s, 1), "a long filter holds")
    call = Call(type=Call.REVIVE)
    began = time.time()
    s.call(call)
    o = s.offers()
    ok(time.time() - began < 1, "REVIVE clears it, and offers at once")

    s.decline(o, refuse=-5.0)
    ok(silence(s, 1), "a negative time is the default, not none")
    s.call(Call(type=Call.REVIVE))
    o = s.offers()
    s.accept(o, [], refuse=3600.0)
    ok(silence(s, 1), "an ACCEPT of nothing is a decline with its filter")
    s.call(Call(type=Call.REVIVE))
    o = s.offers()

    s.call(Call(type=Call.SUPPRESS))
    s.decline(o, refuse=0.0)
    ok(silence(s, 1), "SUPPRESS stops offers")
    status, body = get("/metrics/snapshot")
    name = "master/frameworks/filters/%s/roles/*/suppressed" % s.framework_id.value
    equal(json.loads(body).get(name), 1, "the metric says so")
    s.call(Call(type=Call.REVIVE))
    o = s.offers()
    ok(True, "REVIVE ends it")

    # Roles that aren't the framework's spoil the call: it is dropped.
    call = Call(type=Call.SUPPRESS)
    call.suppress.roles.append("another")
    s.call(call)
    s.decline(o, refuse=0.0)
    o = s.offers()
    ok(True, "a SUPPRESS for a role that isn't its own is dropped")

    # Filters go with the connection, suppression too unless repeated.
    s.close()
    s.subscribe()
    o = s.offers()
    s.decline(o, refuse=3600.0)
    s.close()
    time.sleep(0.3)
    s.subscribe()
    o = s.offers(timeout=5)
    ok(True, "filters end with the connection")
    s.close()
    s.subscribe(suppressed=["*"])
    ok(silence(s, 1), "suppressed_roles: subscribed, and offered nothing")
    s.call(Call(type=Call.REVIVE))
    s.offers()
    ok(True, "until REVIVE")
    teardown(s)

    # A filter is for one framework; it hides subsets, not more.
    a, b = framework("one"), framework("other")
    a.subscribe()
    a.decline(a.offers(), refuse=3600.0)
    b.subscribe()
    o = b.offers()
    equal(cpus(o), 1.0, "what one refused, another is offered")
    b.accept(o, [v1.task(o[0], "part", "sleep 1000", cpus=0.5)], refuse=3600.0)
    b.until("part", mesos.TASK_RUNNING)
    ok(silence(a, 0.8), "a filter hides a part of what was refused")
    b.kill("part")
    b.until("part", mesos.TASK_KILLED)
    teardown(b)
    ok(silence(a, 0.8), "and the whole, when it is whole again")
    teardown(a)

    s = framework("own-minimum", codec=v1.JSON)
    s.info.offer_filters["*"].min_allocatable_resources.quantities.add().quantities["cpus"].value = 2
    s.subscribe()
    ok(silence(s, 1), "the framework's own min_allocatable_resources holds back smaller offers")
    teardown(s)


def tiny():
    s = framework("tiny")
    s.subscribe()
    o = collect(s, 1)
    equal([cpus([x]) for x in o], [1.0], "an agent below min_allocatable_resources is not offered")
    teardown(s)


def refused(info, text, wanted, suppressed=()):
    s = v1.Scheduler(ADDRESS, CA, v1.PROTOBUF, info)
    try:
        s.subscribe(suppressed)
        ok(False, text + ": was accepted")
        teardown(s)
    except RuntimeError as e:
        if not ok(str(e).startswith("ERROR: ") and all(w in str(e) for w in wanted), "%s: %s" % (text, str(e)[7:130])):
            note("wanted %s in: %s" % (wanted, e))
        s.close()


def frameworks():
    """SUBSCRIBE: what gets an ERROR; the life of a framework."""
    def info(**kw):
        i = mesos.FrameworkInfo(user="root", name="bad")
        for k, v in kw.items():
            if k == "multi":
                i.capabilities.add(type=C.MULTI_ROLE)
            elif k == "roles":
                i.roles.extend(v)
            elif k == "id":
                i.id.value = v
            else:
                setattr(i, k, v)
        return i

    refused(info(roles=["a"]), "roles without MULTI_ROLE", ["MULTI_ROLE"])
    refused(info(role="a", multi=True), "role with MULTI_ROLE", ["role"])
    refused(info(roles=["a", "a"], multi=True), "a role twice", ["a"])
    for bad in ("a/", "/a", "a//b", "..", "a/../b", "-a", "a b", "a\tb", "a/*", "a\x7f"):
        refused(info(role=bad), "role %r" % bad, [bad] if bad.isprintable() else [])
    refused(info(failover_timeout=1e12), "an endless failover_timeout", ["failover_timeout"])
    refused(info(id="a/b"), "an id with a slash", ["a/b"])
    refused(info(id="x" * 256), "an id of 256 bytes", ["id"])
    refused(info(role="a"), "suppressing a role that isn't its own", ["b"], suppressed=["b"])

    s = framework("ids")
    s.subscribe()
    fid = s.framework_id.value
    head, _, tail = fid.rpartition("-")
    ok(len(head) == 36 and tail.isdigit() and len(tail) >= 4, "an id is the master's and a number: " + fid)
    o = s.offers()[0]
    ok(o.id.value.startswith(head + "-O") and "-S" in o.agent_id.value, "offers and agents too")
    s.close()
    ctl.wait_for(lambda: fid not in [f["id"] for f in json.loads(get("/frameworks")[1])["frameworks"]], 10)
    ok(True, "failover_timeout 0: removed when its connection ends")
    s.info.id.value = fid
    refused(s.info, "a completed id", ["Framework has been removed"])

    s = framework("waits", timeout=3, principal="p1")
    s.info.webui_url = "http://one/"
    s.subscribe()
    fid = s.framework_id.value
    s.info.principal = "p2"
    refused(s.info, "another principal", ["principal", "p1", "p2"])
    s.info.ClearField("principal")
    refused(s.info, "no principal any more", ["principal"])
    s.info.principal = "p1"
    s.info.user = "nobody"
    s.info.checkpoint = False
    s.info.webui_url = "http://two/"
    s.info.name = "renamed"
    s.close()
    time.sleep(0.5)
    f = [f for f in json.loads(get("/frameworks")[1])["frameworks"] if f["id"] == fid][0]
    ok(not f["active"] and not f["connected"], "a framework that disconnected is waited for")
    s.subscribe()
    f = [f for f in json.loads(get("/frameworks?framework_id=" + fid)[1])["frameworks"] if f["id"] == fid][0]
    equal((f["user"], f["checkpoint"], f["webui_url"], f["name"], f["active"]), ("root", True, "http://two/", "renamed", True),
          "a resubscription changes what may change, and silently not user and checkpoint")
    s.close()
    ctl.wait_for(lambda: fid in [f["id"] for f in json.loads(get("/frameworks")[1])["completed_frameworks"]], 8)
    ok(True, "and removed after its failover_timeout")

    s = framework("brought-along", timeout=0)
    s.info.id.value = "my-own-id"
    s.subscribe()
    equal(s.framework_id.value, "my-own-id", "an id of the framework's own making is taken")
    teardown(s)


def by_role(offers):
    return sorted((r.name, r.role if r.HasField("role") else "-", tuple(x.role for x in r.reservations)) for o in offers for r in o.resources if r.name == "cpus")


def roles():
    """On a1 (1 cpu) and r1 (1 cpu, and 1 held for the role `held`)."""
    s = framework("old", role="held")
    s.subscribe()
    o = collect(s, 5, 2)
    equal(by_role(o), [("cpus", "*", ()), ("cpus", "*", ()), ("cpus", "held", ())], "reservations in the old form: role")
    ok(not any(x.HasField("allocation_info") for x in o) and
       not any(r.HasField("allocation_info") for x in o for r in x.resources), "no MULTI_ROLE: no allocation_info")
    mine = [x for x in o if any(r.role == "held" for r in x.resources)]
    t = v1.task(mine[0], "old-form", "sleep 1000")
    del t.resources[:]
    r = v1.scalar("cpus", 0.5)
    r.role = "held"
    t.resources.extend([r, v1.scalar("mem", 16)])
    t.resources[1].role = "*"
    s.accept(mine, [t])
    s.until("old-form", mesos.TASK_RUNNING)
    ok(True, "a task takes of both in the old form")
    slaves = json.loads(get("/slaves")[1])["slaves"]
    held = [x for x in slaves if x["reserved_resources"].get("held")][0]
    equal((held["reserved_resources"]["held"]["cpus"], held["unreserved_resources"]["cpus"], held["used_resources"]["cpus"]),
          (1.0, 1.0, 0.5), "/slaves tells reserved, unreserved and used")
    equal(held["reserved_resources_full"]["held"][0]["reservations"][0]["type"], "STATIC", "and in full, as STATIC")
    t = v1.task(mine[0], "x", "true")
    s.kill("old-form")
    s.until("old-form", mesos.TASK_KILLED)
    teardown(s)

    s = framework("new", roles=["held"], caps=[C.RESERVATION_REFINEMENT], codec=v1.JSON)
    s.subscribe()
    o = collect(s, 5, 2)
    equal(by_role(o), [("cpus", "-", ()), ("cpus", "-", ()), ("cpus", "-", ("held",))],
          "with RESERVATION_REFINEMENT: reservations, and no role")
    ok(all(x.allocation_info.role == "held" for x in o) and
       all(r.allocation_info.role == "held" for x in o for r in x.resources), "MULTI_ROLE: allocation_info everywhere")
    teardown(s)

    s = framework("stranger", role="else")
    s.subscribe()
    o = collect(s, 5, 2)
    equal(by_role(o), [("cpus", "*", ()), ("cpus", "*", ())], "another role is not offered them")
    teardown(s)

    s = framework("child", role="held/child")
    s.subscribe()
    o = collect(s, 5, 2)
    equal(by_role(o), [("cpus", "*", ()), ("cpus", "*", ()), ("cpus", "held", ())], "a role below is")
    teardown(s)

    s = framework("two", roles=["held", "else"], caps=[C.RESERVATION_REFINEMENT])
    s.subscribe()
    o = collect(s, 1.5)
    got = sorted((x.allocation_info.role, cpus([x])) for x in o)
    equal(sum(c for _, c in got), 3.0, "a framework of two roles is offered each resource once: %s" % got)
    call = Call(type=Call.SUPPRESS)
    call.suppress.roles.append("held")
    s.call(call)
    s.decline(o, refuse=0.0)
    o = collect(s, 1)
    equal({x.allocation_info.role for x in o}, {"else"}, "SUPPRESS of one role leaves the other")
    teardown(s)

    s = framework("none", roles=[])
    s.info.capabilities.add(type=C.MULTI_ROLE)
    s.subscribe()
    ok(silence(s, 0.6), "MULTI_ROLE without roles is offered nothing")
    teardown(s)


def statuses(s, ids, timeout=10):
    got = {}
    end = time.time() + timeout
    while set(ids) - set(got) and time.time() < end:
        status = s.next(Event.UPDATE, timeout=end - time.time()).update.status
        got[status.task_id.value] = status
    return got


def bad_offers():
    s, t = framework("bad-offers"), framework("bad-unaware", aware=False)
    s.subscribe()
    t.subscribe()
    mine, theirs = [], []
    end = time.time() + 10
    while time.time() < end and not (mine and theirs):
        mine += collect(s, 0.3)
        theirs += collect(t, 0.3)
        if len(mine) == 2 and not theirs:
            s.decline([mine.pop()], refuse=0.0)
        if len(theirs) == 2 and not mine:
            t.decline([theirs.pop()], refuse=0.0)

    def attempt(name, ids, wanted):
        call = Call(type=Call.ACCEPT)
        for i in ids:
            call.accept.offer_ids.add().value = i
        op = call.accept.operations.add(type=mesos.Offer.Operation.LAUNCH)
        op.launch.task_infos.append(v1.task(mine[0] if mine else theirs[0], name, "true"))
        call.accept.filters.refuse_seconds = 0
        s.call(call)
        st = statuses(s, [name])[name]
        good = (st.state, st.reason, st.source) == (mesos.TASK_DROPPED, S.REASON_INVALID_OFFERS, S.SOURCE_MASTER)
        if not ok(good and all(w in st.message for w in wanted) and not st.uuid, "ACCEPT, %s: %s" % (name, st.message[:110])):
            note(str(st))

    attempt("an unknown offer", ["no-such-offer"], ["no-such-offer"])
    attempt("no offers", [], ["o"])
    attempt("another's offer", [theirs[0].id.value], [theirs[0].id.value])
    t.decline([], refuse=0.0)
    call = Call(type=Call.DECLINE)  # another's can't be declined either
    call.decline.offer_ids.add().value = theirs[0].id.value
    s.call(call)
    ok(silence(t, 0.6), "another's offer can't be declined")
    attempt("twice the same", [mine[0].id.value] * 2, [mine[0].id.value])
    mine = collect(s, 2, 1)
    ok(len(mine) == 1, "its valid offers are used up, and offered again")
    t.accept(theirs, [])
    mine += collect(s, 3, 1) if len(mine) < 2 else []
    if len(mine) < 2:
        theirs = collect(t, 1)
        t.call(Call(type=Call.SUPPRESS))
        t.decline(theirs, refuse=0.0)
        mine += collect(s, 3, 1)
    if ok(len(mine) == 2, "two offers of two agents"):
        attempt("two agents", [m.id.value for m in mine], [mine[0].id.value, mine[1].id.value])

    call = Call(type=Call.ACCEPT)
    call.accept.offer_ids.add().value = "no-such-offer"
    op = call.accept.operations.add(type=mesos.Offer.Operation.LAUNCH)
    lost = mesos.TaskInfo(name="x")
    lost.task_id.value, lost.agent_id.value = "lost", "a"
    op.launch.task_infos.append(lost)
    t.call(call)
    st = statuses(t, ["lost"])["lost"]
    equal((st.state, st.reason), (mesos.TASK_LOST, S.REASON_INVALID_OFFERS), "without PARTITION_AWARE it is TASK_LOST")
    teardown(t)
    return s


def task_errors(s):
    """Each row one LAUNCH of one task in one ACCEPT: they don't disturb each other."""
    offers = s.offer(cpus=0.9)
    o = offers[0]
    long = "x" * 300
    INF = float("inf")

    def rid(v):
        return lambda t: setattr(t.task_id, "value", v)

    def res(name, value):
        return lambda t: t.resources.append(v1.scalar(name, value))

    def executor(**kw):
        def f(t):
            t.ClearField("command")
            t.executor.executor_id.value = kw.get("id", "x1")
            if kw.get("command", True):
                t.executor.command.value = "true"
            if "fid" in kw:
                t.executor.framework_id.value = kw["fid"]
            if "type" in kw:
                t.executor.type = kw["type"]
            if "cpus" in kw:
                t.executor.resources.append(v1.scalar("cpus", kw["cpus"]))
            if "grace" in kw:
                t.executor.shutdown_grace_period.nanoseconds = kw["grace"]
        return f

    def ports(first, last, role=None):
        def f(t):
            r = t.resources.add(name="ports", type=mesos.Value.RANGES)
            r.ranges.range.add(begin=first, end=last)
        return f

    def f_env(t):
        t.command.environment.variables.add(name="NOVALUE")

    def f_secret(t):
        t.command.environment.variables.add(name="SEC", type=mesos.Environment.Variable.SECRET, value="v")

    def f_health(**kw):
        def f(t):
            h = t.health_check
            for k, v in kw.items():
                if k == "http":
                    h.http.port = 80
                    h.http.path = v
                elif k == "scheme":
                    h.http.port = 80
                    h.http.scheme = v
                else:
                    setattr(h, k, v)
        return f

    def f_check(**kw):
        def f(t):
            for k, v in kw.items():
                setattr(t.check, k, v)
        return f

    def f_volume(t):
        t.container.type = mesos.ContainerInfo.MESOS
        t.container.volumes.add(mode=mesos.Volume.RW, container_path="where")

    def f_docker(t):
        t.container.type = mesos.ContainerInfo.DOCKER

    def f_limit(name, v):
        return lambda t: setattr(t.limits[name], "value", v)

    def f_norange(t):
        r = t.resources.add(name="ports", type=mesos.Value.RANGES)
        r.ranges.range.add(begin=9, end=3)

    def f_disk(t):
        r = v1.scalar("disk", 1)
        r.disk.persistence.id = "vol"
        r.disk.volume.mode, r.disk.volume.container_path = mesos.Volume.RW, "v"
        t.resources.append(r)

    def f_role(t):
        t.resources[0].allocation_info.role = "else"

    def f_reserved(t):
        t.resources[0].role = "held"

    rows = [
        ("no resources", lambda t: t.ClearField("resources"), ["no resources"]),
        ("agent", lambda t: setattr(t.agent_id, "value", "elsewhere"), ["elsewhere", o.agent_id.value]),
        ("grace", lambda t: setattr(t.kill_policy.grace_period, "nanoseconds", -1), ["grace_period"]),
        ("completion", lambda t: setattr(t.max_completion_time, "nanoseconds", -1), ["max_completion_time"]),
        ("neither", lambda t: t.ClearField("command"), ["command", "executor"]),
        ("both", lambda t: (t.executor.executor_id.__setattr__("value", "x"), t.executor.command.__setattr__("value", "true")),
         ["command", "executor"]),
        ("novalue", f_env, ["NOVALUE"]),
        ("secret", f_secret, ["SEC"]),
        ("check type", f_check(delay_seconds=1), ["check", "type"]),
        ("check command", f_check(type=mesos.CheckInfo.COMMAND), ["check", "COMMAND"]),
        ("check time", lambda t: (f_check(type=mesos.CheckInfo.TCP, interval_seconds=-1)(t), setattr(t.check.tcp, "port", 1)),
         ["interval_seconds"]),
        ("health type", f_health(delay_seconds=1), ["health_check"]),
        ("health http", f_health(type=mesos.HealthCheck.HTTP, http="no-slash"), ["no-slash"]),
        ("health scheme", f_health(type=mesos.HealthCheck.HTTP, scheme="gopher"), ["gopher"]),
        ("volume", f_volume, ["where"]),
        ("docker", f_docker, ["DOCKER"]),
        ("limit disk", f_limit("disk", 1), ["limit"]),
        ("limit small", f_limit("cpus", 0.01), ["limit"]),
        ("executor type", executor(type=mesos.ExecutorInfo.DEFAULT), ["DEFAULT", "x1"]),
        ("executor command", executor(command=False), ["x1", "command"]),
        ("executor framework", executor(fid="someone"), ["framework_id"]),
        ("executor id", executor(id="a/b"), ["a/b"]),
        ("executor grace", executor(grace=-1), ["shutdown_grace_period"]),
        ("too much", res("cpus", 5000), ["5000"]),
        ("too much mem", res("mem", 123456), ["1234"]),
        ("no such", res("coffee", 1), ["coffee"]),
        ("ports", ports(1, 2), ["ports"]),
        ("executor too big", executor(cpus=777), ["777"]),
        ("volume elsewhere", f_disk, ["persistent"]),
        ("other role", f_role, ["else"]),
        ("not reserved", f_reserved, ["held"]),
        ("gpus", res("gpus", 0.5), ["gpus"]),
        ("negative", res("disk", -1.0), ["disk"]),
        ("nan", res("disk", float("nan")), ["disk"]),
        ("infinite", res("disk", INF), ["disk"]),
        ("tiny amount", res("disk", 0.0001), ["disk"]),
        ("upside down", f_norange, ["ports", "9", "3"]),
        ("bad/id", None, ["bad/id"]),
        ("..", None, [".."]),
        ("bell\x07", None, ["id"]),
        (long, None, ["id"]),
    ]
    call = Call(type=Call.ACCEPT)
    call.accept.offer_ids.add().value = o.id.value
    call.accept.filters.refuse_seconds = 0
    for name, change, _ in rows:
        op = call.accept.operations.add(type=mesos.Offer.Operation.LAUNCH)
        t = v1.task(o, name, "true")
        if change:
            change(t)
        op.launch.task_infos.append(t)
    # One that is good, among all these.
    op = call.accept.operations.add(type=mesos.Offer.Operation.LAUNCH)
    op.launch.task_infos.append(v1.task(o, "good", "sleep 1000"))
    op.launch.task_infos.append(v1.task(o, "good", "true"))  # an id that is in use
    op = call.accept.operations.add(type=mesos.Offer.Operation.LAUNCH)
    op.id.value = "feedback"
    op.launch.task_infos.append(v1.task(o, "with-id", "true"))
    s.call(call)
    got, running = {}, False
    end = time.time() + 20
    while (len(got) < len(rows) + 2 or not running) and time.time() < end:
        try:
            st = s.update(timeout=2)
        except RuntimeError:
            break
        if st.state == mesos.TASK_RUNNING and st.task_id.value == "good":
            running = True
        elif st.state not in (mesos.TASK_STARTING, mesos.TASK_RUNNING):
            got[st.task_id.value] = st
    for name, _, wanted in rows:
        st = got.get(name)
        good = st is not None and (st.state, st.reason, st.source) == (mesos.TASK_ERROR, S.REASON_TASK_INVALID, S.SOURCE_MASTER)
        label = name if len(name) < 50 and name.isprintable() else repr(name)[:20]
        if not ok(good and all(w in st.message for w in wanted), "TASK_ERROR, %s: %s" % (label, st.message[:100] if st else None)):
            note(str(st))
    ok(running, "a good task of the same ACCEPT runs")
    ok("good" in got and got["good"].state == mesos.TASK_ERROR and "good" in got["good"].message, "its id can't be used again meanwhile")
    ok("with-id" in got and got["with-id"].state == mesos.TASK_ERROR, "a LAUNCH with an operation id is refused")
    s.reconcile("good")
    equal(s.update("good").state, mesos.TASK_RUNNING, "the running one is not disturbed")


def other_calls(s):
    for name in ("RESERVE", "UNRESERVE", "CREATE", "DESTROY", "GROW_VOLUME", "SHRINK_VOLUME", "CREATE_DISK", "DESTROY_DISK",
                 "LAUNCH_GROUP"):
        call = Call(type=Call.ACCEPT)
        call.accept.offer_ids.add().value = "whatever"
        op = call.accept.operations.add(type=mesos.Offer.Operation.Type.Value(name))
        field = getattr(op, name.lower())
        field.SetInParent()
        r = v1.scalar("disk", 1)
        if name in ("RESERVE", "UNRESERVE"):
            field.resources.append(r)
        elif name in ("CREATE", "DESTROY"):
            field.volumes.append(r)
        elif name in ("GROW_VOLUME", "SHRINK_VOLUME"):
            field.volume.CopyFrom(r)
            if name == "GROW_VOLUME":
                field.addition.CopyFrom(r)
            else:
                field.subtract.value = 1
        elif name == "CREATE_DISK":
            field.source.CopyFrom(r)
            field.target_type = mesos.Resource.DiskInfo.Source.MOUNT
        elif name == "DESTROY_DISK":
            field.source.CopyFrom(r)
        else:
            field.executor.executor_id.value = "e"
            field.task_group.SetInParent()
        status, body = s.call(call, expect=None)
        ok(status == 501 and name.encode() in body, "ACCEPT with %s: %d %s" % (name, status, body.decode()[:60]))

    s.kill("never-heard-of")
    st = s.update("never-heard-of")
    equal((st.state, st.reason), (mesos.TASK_UNKNOWN, S.REASON_RECONCILIATION), "KILL of an unknown task is answered as RECONCILE")
    call = Call(type=Call.KILL)
    call.kill.task_id.value, call.kill.agent_id.value = "good", "elsewhere"
    s.call(call)
    s.reconcile("good")
    equal(s.update("good").state, mesos.TASK_RUNNING, "KILL naming another agent is dropped")
    for t in (Call.MESSAGE, Call.SHUTDOWN):
        call = Call(type=t)
        sub = call.message if t == Call.MESSAGE else call.shutdown
        sub.agent_id.value, sub.executor_id.value = "no-agent", "no-executor"
        if t == Call.MESSAGE:
            sub.data = b"x"
        s.call(call)
    call = Call(type=Call.ACKNOWLEDGE)
    call.acknowledge.agent_id.value, call.acknowledge.task_id.value = "no-agent", "no-task"
    call.acknowledge.uuid = bytes([0] * 6 + [0x40, 0, 0x80] + [0] * 7)
    s.call(call)
    s.call(Call(type=Call.REQUEST, request=Call.Request()))
    ok(True, "MESSAGE, SHUTDOWN, ACKNOWLEDGE of what isn't, REQUEST: 202")
    for name in ("ACCEPT_INVERSE_OFFERS", "DECLINE_INVERSE_OFFERS", "ACKNOWLEDGE_OPERATION_STATUS", "RECONCILE_OPERATIONS"):
        call = Call(type=Call.Type.Value(name))
        sub = getattr(call, name.lower())
        sub.SetInParent()
        if name == "ACKNOWLEDGE_OPERATION_STATUS":
            sub.agent_id.value, sub.operation_id.value = "a", "o"
            sub.uuid = bytes([0] * 6 + [0x40, 0, 0x80] + [0] * 7)
        status, body = s.call(call, expect=None)
        ok(status == 501 and name.encode() in body, "%s: %d %s" % (name, status, body.decode()[:60]))


def reconciliation(s):
    agents = [a["id"] for a in json.loads(get("/slaves")[1])["slaves"]]
    call = Call(type=Call.RECONCILE)
    call.reconcile.SetInParent()
    s.call(call)
    st = s.update("good")
    equal((st.state, st.reason, st.source, st.uuid), (mesos.TASK_RUNNING, S.REASON_RECONCILIATION, S.SOURCE_MASTER, b""),
          "implicit RECONCILE tells the running task")
    ok(st.agent_id.value in agents, "with its agent")
    ok(st.HasField("container_status"), "and its container")
    for name, agent, wanted in (("on-agent", agents[0], mesos.TASK_GONE), ("nowhere", None, mesos.TASK_UNKNOWN),
                                ("elsewhere", "no-such-agent", mesos.TASK_UNKNOWN)):
        call = Call(type=Call.RECONCILE)
        t = call.reconcile.tasks.add()
        t.task_id.value = name
        if agent:
            t.agent_id.value = agent
        s.call(call)
        st = s.update(name)
        equal((mesos.TaskState.Name(st.state), st.reason), (mesos.TaskState.Name(wanted), S.REASON_RECONCILIATION),
              "explicit RECONCILE of a task " + name)
    t = framework("unaware", aware=False)
    t.subscribe()
    call = Call(type=Call.RECONCILE)
    for name, agent in (("u1", agents[0]), ("u2", None), ("u3", "no-such-agent")):
        x = call.reconcile.tasks.add()
        x.task_id.value = name
        if agent:
            x.agent_id.value = agent
    t.call(call)
    got = statuses(t, ["u1", "u2", "u3"])
    equal([mesos.TaskState.Name(got[k].state) for k in sorted(got)], ["TASK_LOST"] * 3, "without PARTITION_AWARE: LOST, LOST, LOST")
    t.call(Call(type=Call.RECONCILE, reconcile=Call.Reconcile()))
    try:
        t.update(timeout=0.7)
        ok(False, "implicit RECONCILE without tasks: no answer")
    except RuntimeError as e:
        ok("no event" in str(e), "implicit RECONCILE without tasks: no answer")
    teardown(t)


def accept():
    s = bad_offers()
    task_errors(s)
    other_calls(s)
    reconciliation(s)
    # Another framework may not touch it.
    t = framework("nosy")
    t.subscribe()
    t.kill("good")
    st = t.update("good")
    equal(st.state, mesos.TASK_UNKNOWN, "another framework's task is unknown to this one")
    teardown(t)
    s.kill("good")
    s.until("good", mesos.TASK_KILLED)
    # The id of a completed task may be used again, once its executor, which has
    # the same id, is gone: before, Mesos' agents drop it, and so do ours.
    time.sleep(1)
    o = s.offer(cpus=0.5)
    s.accept(o, [v1.task(o[0], "good", "true")])
    s.until("good", mesos.TASK_FINISHED)
    ok(True, "the id of a completed task may be used again")
    # Left behind for the master's restart.
    teardown(s)
    keep = framework("kept", timeout=3)
    keep.info.id.value = "kept-id"
    keep.subscribe()
    keep.close()
    done = framework("done")
    done.info.id.value = "done-id"
    done.subscribe()
    teardown(done)
    time.sleep(0.3)


def restarted():
    ids = [f["id"] for f in json.loads(get("/frameworks")[1])["frameworks"]]
    ok("kept-id" in ids, "a restarted master knows whom it waits for: %s" % ids)
    ctl.wait_for(lambda: "kept-id" not in [f["id"] for f in json.loads(get("/frameworks")[1])["frameworks"]], 10)
    ok(True, "and gives it up after its deadline")
    i = mesos.FrameworkInfo(user="root", name="x")
    i.id.value = "kept-id"
    refused(i, "one given up", ["Framework has been removed"])
    i.id.value = "done-id"
    refused(i, "one torn down before the restart", ["Framework has been removed"])

    refused(mesos.FrameworkInfo(user="root", name="x", role="other"), "a role outside of --roles", ["other"])
    s = framework("one", role="allowed")
    s.subscribe()
    o = s.offers()
    s.accept(o[:1], [v1.task(o[0], "quick", "exit 3")])
    types, end = [], time.time() + 20
    while time.time() < end:
        try:
            e = s.next(timeout=1)
        except RuntimeError:
            break
        types.append(e.type)
        if e.type == Event.UPDATE:
            s.acknowledge(e.update.status)
    ok(types.count(Event.UPDATE) == 3 and Event.FAILURE not in types, "the end of a command task is no FAILURE of an executor")
    teardown(s)

    s = framework("slow")  # --offer_timeout=1secs
    s.subscribe()
    o = collect(s, 2, 2)
    began = time.time()
    ids = {x.id.value for x in o}
    while ids:
        ids.discard(s.next(Event.RESCIND, timeout=5).rescind.offer_id.value)
    took = time.time() - began
    ok(0.7 < took < 2, "offers are rescinded after the offer_timeout (%.1f s)" % took)
    o = s.offers()
    ok(len(o) > 0, "and made again")
    status, body = get("/metrics/snapshot")
    n = json.loads(body).get("master/frameworks/slow/%s/offers/rescinded" % s.framework_id.value)
    ok((n or 0) >= 2, "the metric counts them: %s" % n)
    teardown(s)


main({"shares": shares, "filters": filters, "frameworks": frameworks, "roles": roles, "tiny": tiny,
      "accept": accept, "restarted": restarted}[sys.argv[1]])
