"""tap.py - assertions for the Python clients of the daemon tests; lib.sh's
tap_from numbers the lines. A failure does not stop the program; die() does."""
import os
import sys
import traceback

ADDRESS = os.environ.get("V1_ADDRESS", "")
CA = os.environ.get("V1_CA") or None
failed = 0


def ok(fact, text):
    global failed
    if not fact:
        failed += 1
    print(("ok - " if fact else "not ok - ") + text, flush=True)
    return fact


def equal(got, wanted, text):
    if not ok(got == wanted, text):
        print("# got:    %r\n# wanted: %r" % (got, wanted), flush=True)


def note(text):
    print("# " + text, flush=True)


def main(fn):
    try:
        fn()
    except Exception:
        ok(False, "no exception: " + traceback.format_exc().strip().replace("\n", " | "))
    sys.stdout.flush()
    os._exit(0)  # reader threads may sit in a read; failures are in the lines
