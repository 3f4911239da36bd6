"""Every malformed call gets its status and a text that says why; the master
lives on. Rows as in the API's order of checks."""
import json
import socket
import ssl

import v1
from tap import ADDRESS, CA, equal, main, note, ok
from v1 import mesos

HOST, PORT = ADDRESS.rsplit(":", 1)


def raw(data, wait=10, shut=False):
    """Bytes in, bytes out, over TLS."""
    s = socket.create_connection((HOST, int(PORT)), timeout=wait)
    if CA:
        s = ssl.create_default_context(cafile=CA).wrap_socket(s, server_hostname=HOST)
    out = b""
    try:
        s.sendall(data)
        while True:
            piece = s.recv(65536)
            if not piece:
                break
            out += piece
    except (OSError, ssl.SSLError):
        pass
    s.close()
    return out


def status_of(answer):
    try:
        return int(answer.split(b" ", 2)[1])
    except (IndexError, ValueError):
        return 0


def request(method, path, body=None, headers=None):
    conn = v1.connect(ADDRESS, CA)
    conn.request(method, path, body, headers or {})
    r = conn.getresponse()
    data = r.read()
    conn.close()
    return r.status, data.decode(errors="replace"), r


def calls():
    J, P = {"Content-Type": v1.JSON}, {"Content-Type": v1.PROTOBUF}
    S = "/api/v1/scheduler"
    sub = '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"x"}}}'
    fid = '"framework_id":{"value":"nobody"}'
    deep = "[" * 200000
    nested = '{"subscribe":' * 100000
    rows = [
        ("GET", S, None, {}, 405, "Expecting"),
        ("PUT", S, "x", J, 405, "Expecting"),
        ("POST", S, sub, {}, 400, "Content-Type"),
        ("POST", S, sub, {"Content-Type": "text/plain"}, 415, "application/json"),
        ("POST", S, "", J, 400, "pars"),
        ("POST", S, "{", J, 400, "pars"),
        ("POST", S, "[]", J, 400, ""),
        ("POST", S, sub + "x", J, 400, ""),
        ("POST", S, deep, J, 400, ""),
        ("POST", S, nested, J, 400, ""),
        ("POST", S, b"\xff\xff\xff\xff", P, 400, "pars"),
        ("POST", S, b"\x0a\xff\xff\xff\xff\x0f", P, 400, "pars"),
        ("POST", S, "{}", J, 400, "type"),
        ("POST", S, '{"type":"NO_SUCH"}', J, 400, "type"),
        ("POST", S, '{"type":"SUBSCRIBE"}', J, 400, "subscribe"),
        ("POST", S, '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"name":"x"}}}', J, 400, "user"),
        ("POST", S, '{"type":"SUBSCRIBE","framework_id":{"value":"a"},"subscribe":{"framework_info":{"user":"u","name":"x","id":{"value":"b"}}}}',
         J, 400, "framework"),
        ("POST", S, sub, {**J, "Accept": "text/html"}, 406, "Accept"),
        ("POST", S, sub, {**J, "Mesos-Stream-Id": "x"}, 400, "Mesos-Stream-Id"),
        ("POST", S, '{"type":"TEARDOWN"}', J, 400, "framework_id"),
        ("POST", S, '{"type":"REVIVE",%s}' % fid, J, 400, "nobody"),
        ("POST", S, '{"type":"ACCEPT",%s}' % fid, J, 400, "accept"),
        ("POST", S, '{"type":"DECLINE",%s}' % fid, J, 400, "decline"),
        ("POST", S, '{"type":"KILL",%s}' % fid, J, 400, "kill"),
        ("POST", S, '{"type":"ACKNOWLEDGE",%s,"acknowledge":{"agent_id":{"value":"a"},"task_id":{"value":"t"},"uuid":"AAAA"}}' % fid,
         J, 400, "uuid"),
        ("POST", S, '{"type":5}', J, 400, ""),
        ("POST", "/api/v1", '{"type":"NO_SUCH"}', J, 400, ""),
        ("POST", "/api/v1", '{}', J, 400, "type"),
        ("POST", "/api/v1", '{"type":"TEARDOWN"}', J, 400, "teardown"),
        ("POST", "/api/v1", '{"type":"TEARDOWN","teardown":{"framework_id":{"value":"nobody"}}}', J, 400, "nobody"),
        ("POST", "/api/v1", '{"type":"GET_QUOTA"}', J, 501, "GET_QUOTA"),
        ("GET", "/api/v1", None, {}, 405, ""),
        ("GET", "/no/such/thing", None, {}, 404, ""),
        ("GET", "/master/../etc/passwd", None, {}, 404, ""),
        ("GET", "/state%", None, {}, 400, ""),
        ("GET", "/state%zz", None, {}, 400, ""),
        ("GET", "/state%00", None, {}, 400, ""),
        ("GET", "/tasks?limit=many", None, {}, 400, "limit"),
        ("GET", "/state?jsonp=a(b", None, {}, 400, "jsonp"),
        ("POST", "/teardown", "x=y", {}, 400, "frameworkId"),
        ("GET", "/butte/link", None, {}, 400, "butte-link"),
    ]
    for method, path, body, headers, want, text in rows:
        status, data, _ = request(method, path, body, headers)
        shown = (body if isinstance(body, str) else repr(body))[:60] if body else ""
        if not ok(status == want and text.lower() in data.lower(), "%s %s %s -> %d %s" % (method, path, shown, want, text)):
            note("got %d %s" % (status, data[:300]))
    status, data, r = request("GET", S)
    equal(r.getheader("Allow"), "POST", "405 says what is allowed")


def framework_calls():
    """Rows 14 to 17: the stream."""
    s = v1.Scheduler(ADDRESS, CA, v1.JSON)
    s.subscribe()
    s.next(v1.scheduler.Event.OFFERS)
    good = s.stream_id
    call = v1.scheduler.Call(type=v1.scheduler.Call.REVIVE)
    s.stream_id = "wrong"
    equal(s.call(call, expect=None)[0], 400, "a wrong Mesos-Stream-Id is a 400")
    s.stream_id = None
    equal(s.call(call, expect=None)[0], 400, "no Mesos-Stream-Id is a 400")
    s.stream_id = good
    equal(s.call(call, expect=None)[0], 202, "the right one is a 202")
    for name in ("UPDATE_FRAMEWORK", "ACCEPT_INVERSE_OFFERS", "RECONCILE_OPERATIONS"):
        c = v1.scheduler.Call(type=v1.scheduler.Call.Type.Value(name))
        if name == "UPDATE_FRAMEWORK":
            c.update_framework.framework_info.CopyFrom(s.info)
        elif name == "ACCEPT_INVERSE_OFFERS":
            c.accept_inverse_offers.SetInParent()
        else:
            c.reconcile_operations.SetInParent()
        status, body = s.call(c, expect=None)
        ok(status == 501 and name.encode() in body, "%s answers 501 and its name" % name)
    s.call(v1.scheduler.Call(type=v1.scheduler.Call.TEARDOWN))


def http():
    sub = b'{"type":"SUBSCRIBE"}'
    rows = [
        (b"\x00\x01\x02\x03\r\n\r\n", 400, "binary rubbish"),
        (b"GET\r\n\r\n", 400, "a request line of one word"),
        (b"GET / HTTP/9.9\r\n\r\n", 505, "an unknown version"),
        (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "a request line of 70 KB"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200000 + b"\r\n\r\n", 431, "a header of 200 KB"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 1000 + b"\r\n", 431, "1,000 headers"),
        (b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400, "two lengths"),
        (b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
         "a length and chunks"),
        (b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "a negative length"),
        (b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 413, "a body of 100 GB"),
        (b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "a bad chunk size"),
        (b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n"
         b"Connection: close\r\n\r\n%s" % (len(sub), sub), 400, "a body that is not gzip"),
    ]
    for data, want, text in rows:
        got = raw(data, wait=20)
        if not ok(status_of(got) == want, "%s -> %d" % (text, want)):
            note("got %r" % got[:300])
    # Trailers are legal.
    body = b'{"type":"GET_HEALTH"}'
    got = raw(b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
              b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nX-Trailer: y\r\n\r\n" % (len(body), body))
    ok(status_of(got) == 200 and b"healthy" in got, "chunks with a trailer are read")
    # Pipelined requests are answered in order.
    got = raw(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /no HTTP/1.1\r\nHost: x\r\n\r\n"
              b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    equal([status_of(p) for p in got.split(b"HTTP/1.1")[1:] for p in [b"HTTP/1.1" + p]], [200, 404, 200],
          "pipelined answers keep their order")


def plain_on_tls():
    if not CA:
        return
    s = socket.create_connection((HOST, int(PORT)), timeout=10)
    s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    got = s.recv(65536)
    s.close()
    ok(status_of(got) == 400 and b"https" in got.lower(), "plain text on a TLS port gets a readable 400")


def run():
    calls()
    framework_calls()
    http()
    plain_on_tls()
    status, data, _ = request("GET", "/health")
    equal(status, 200, "the master lives on")


main(run)
