"""ctl.py - kills and restarts the daemons that lib.sh started, from a Python test:
the moment of the kill is the test's."""
import os
import signal
import subprocess
import time

T = os.environ["T"]


def sanitized():
    """Whether the binaries carry ASan, whose own memory is not ours."""
    with open(os.path.join(os.environ["BIN"], "butte-master"), "rb") as f:
        return b"__asan_init" in f.read()


def path(name, kind):
    return os.path.join(T, name + "." + kind)


def pid(name):
    with open(path(name, "pid")) as f:
        return int(f.read())


def gone(p):
    """A zombie is gone if its other threads are: one may be in fsync(), and holds
    the files, with their locks, till then."""
    try:
        with open("/proc/%d/stat" % p) as f:
            zombie = f.read().rsplit(")", 1)[1].split()[0] == "Z"
        return zombie and len(os.listdir("/proc/%d/task" % p)) <= 1
    except (FileNotFoundError, ProcessLookupError):
        return True


def kill9(name, sig=signal.SIGKILL):
    p = pid(name)
    os.kill(p, sig)
    wait_for(lambda: gone(p), 20)


def log(name):
    with open(path(name, "log"), errors="replace") as f:
        return f.read()


def start(name, *more):
    with open(path(name, "cmd"), "rb") as f:
        cmd = f.read().decode().split("\0")[:-1]
    before = log(name).count(" listening: ")
    with open(path(name, "log"), "ab") as err:
        p = subprocess.Popen(cmd + list(more), stdin=subprocess.DEVNULL, stdout=err, stderr=err)
    with open(path(name, "pid"), "w") as f:
        f.write("%d\n" % p.pid)
    wait_for(lambda: log(name).count(" listening: ") > before, 20)


def wait_for(fact, seconds=10):
    end = time.time() + seconds
    while not fact():
        if time.time() > end:
            raise RuntimeError("waited %d s in vain" % seconds)
        time.sleep(0.02)


def pids_of(marker):
    """This test's processes whose command line has the marker: others run tests
    at the same time. A task has its sandbox in its environment."""
    found = []
    for p in os.listdir("/proc"):
        if p.isdigit() and int(p) != os.getpid():
            try:
                with open("/proc/%s/cmdline" % p, "rb") as f:
                    cmdline = f.read()
                with open("/proc/%s/environ" % p, "rb") as f:
                    environ = f.read()
            except OSError:
                continue
            if marker.encode() in cmdline and T.encode() in cmdline + environ:
                found.append(int(p))
    return found
