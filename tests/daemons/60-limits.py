"""Connections that hang, idle by the thousand, and readers that don't read."""
import os
import resource
import socket
import ssl
import sys
import time

import ctl
import v1
from tap import ADDRESS, CA, equal, main, note, ok

HOST, PORT = ADDRESS.rsplit(":", 1)


def tcp():
    return socket.create_connection((HOST, int(PORT)), timeout=30)


def rss_kb(pid):
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith("VmRSS"):
                return int(line.split()[1])


def health_ms():
    began = time.time()
    conn = v1.connect(ADDRESS, CA)
    conn.request("GET", "/health")
    status = conn.getresponse().status
    conn.close()
    return status, (time.time() - began) * 1000


def half_request():
    s = tcp()
    if CA:
        s = ssl.create_default_context(cafile=CA).wrap_socket(s, server_hostname=HOST)
    s.sendall(b"POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\n")
    began = time.time()
    s.settimeout(40)
    got = b""
    while True:
        piece = s.recv(4096)
        if not piece:
            break
        got += piece
    took = time.time() - began
    ok(b" 408 " in got[:20], "half a head, then silence: 408")
    ok(took < 30, "and close (%.0f s)" % took)


def idle(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    pid = ctl.pid("master")
    before = rss_kb(pid)
    socks = []
    for i in range(n):
        s = socket.socket()
        s.bind(("127.0.0.%d" % (2 + i % 4), 0))
        s.settimeout(30)
        s.connect(("127.0.0.1", int(PORT)))
        s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        socks.append(s)
    answers = 0
    for s in socks:
        if b" 200 " in s.recv(4096)[:20]:
            answers += 1
    equal(answers, n, "%d connections at once are answered" % n)
    status, ms = health_ms()
    equal(status, 200, "with %d idle connections others are served (%.0f ms)" % (n, ms))
    per = (rss_kb(pid) - before) * 1024 / n
    note("%.1f KB of the master's memory per idle connection" % (per / 1024))
    ok(per < 8192, "an idle connection costs less than 8 KB")
    for s in socks:
        s.close()
    ctl.wait_for(lambda: len(os.listdir("/proc/%d/fd" % pid)) < 200, 20)
    ok(True, "closed ones are let go")


def slow_reader():
    """A subscriber to the operator's events that never reads is cut off; the
    daemon's memory does not grow without bound."""
    pid = ctl.pid("master")
    s = tcp()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    body = b'{"type":"SUBSCRIBE"}'
    s.sendall(b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    time.sleep(0.5)
    before = rss_kb(pid)
    name = "x" * 60000  # every new framework is an event with its name in it
    info = '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"%s"}}}' % name
    rounds = 0
    end = time.time() + 60
    while "http_stream_cut" not in ctl.log("master") and time.time() < end:
        conn = v1.connect(ADDRESS, CA)
        conn.request("POST", "/api/v1/scheduler", info, {"Content-Type": v1.JSON})
        conn.getresponse()
        conn.close()
        rounds += 1
    ok("http_stream_cut" in ctl.log("master"), "a reader that doesn't read is cut off, and the log says so (%d events)" % rounds)
    grown = (rss_kb(pid) - before) / 1024
    ok(grown < (1000 if ctl.sanitized() else 200), "the master grew by %.0f MB meanwhile" % grown)
    s.close()


def run():
    if sys.argv[1] == "tls":
        half_request()
    else:
        half_request()
        slow_reader()
        idle(10000)


main(run)
