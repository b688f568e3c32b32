# SPDX-License-Identifier: Apache-2.0
"""What a process may do around a session: Ctrl-C, fork, spawn, threads, exit; and what a session does to a process."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import pytest
import small

HERE = pathlib.Path(__file__).resolve().parent
PRELUDE = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
import os, signal, threading, time
import numpy as np, small, tenon
X = np.arange(6, dtype=np.float32).reshape(2, 3)

def interrupt(after=0.2):
    def send():
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)
    sent.clear()
    timer = threading.Timer(after, send)
    timer.start()
    return timer

sent = []
"""


def start(code, *wrapper, **more):
    source = PRELUDE + textwrap.dedent(code)
    return subprocess.Popen(
        [*wrapper, sys.executable, "-X", "faulthandler", "-c", source],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def child(code, *wrapper, status=0, timeout=120, **more):
    """Output of a program that must end by itself with `status` and say nothing on standard error."""
    process = start(code, *wrapper, **more)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"hangs: {out}\n{err}")
    assert (process.returncode, err) == (status, ""), f"status {process.returncode}\n{out}\n{err}"
    return out


# ---- Ctrl-C ----------------------------------------------------------------------------------------------------


def test_an_interrupt_ends_a_run_within_100_ms():
    out = child("""
        session = tenon.InferenceSession(small.long_run())
        feed = small.long_input()
        for how in (lambda: session.run(None, feed), lambda: session.run(None, feed, tenon.RunOptions())):
            latencies = []
            while not latencies or (min(latencies) >= 0.1 and len(latencies) < 5):
                timer = interrupt()
                try:
                    how()
                    print("the run went on")
                except KeyboardInterrupt:
                    latencies.append(time.perf_counter() - sent[0])
                timer.join()
            print("fast" if min(latencies) < 0.1 else f"slow: {latencies}")
        binding = session.io_binding()
        binding.bind_input("x", feed["x"])
        binding.bind_output("y")
        timer = interrupt()
        try:
            binding.run()
        except KeyboardInterrupt:
            print("binding")
        options = tenon.RunOptions(timeout=0.05)
        try:
            session.run(None, feed, options)
        except tenon.DeadlineError:
            print("works", options.terminate)
        print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
        """)
    assert out.split("\n") == ["fast", "fast", "binding", "works False", "True", ""]


def test_an_interrupt_from_the_terminal():
    process = start("""
        session = tenon.InferenceSession(small.long_run())
        print("running", flush=True)
        session.run(None, small.long_input())
        """)
    assert process.stdout.readline() == "running\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT and err.rstrip().endswith("KeyboardInterrupt"), err


def test_a_handler_that_does_not_raise_lets_the_run_finish():
    out = child("""
        calls = []
        signal.signal(signal.SIGINT, lambda number, frame: calls.append(number))
        session = tenon.InferenceSession(small.long_run(nodes=600))
        expected = session.run(None, small.long_input())[0]
        for options in (None, tenon.RunOptions()):
            timer = interrupt(0.02)
            got = session.run(None, small.long_input(), options)[0]
            timer.join()
            print((got == expected).all(), calls, options and options.terminate)
            calls.clear()
        """)
    assert out.split("\n") == ["True [2] None", "True [2] False", ""]


def test_handlers_are_as_before():
    out = child("""
        import ctypes
        libc = ctypes.CDLL(None)
        def handler():
            action = ctypes.create_string_buffer(256)
            assert libc.sigaction(signal.SIGINT, None, action) == 0
            raw = bytes(action.raw)
            return raw[:16] + raw[136:140]  # handler, the mask's first word, flags
        session = tenon.InferenceSession(small.add())
        for way in (signal.default_int_handler, signal.SIG_IGN, signal.SIG_DFL, lambda *_: None):
            signal.signal(signal.SIGINT, way)
            before = handler()
            for _ in range(3):
                session.run(None, {"x": X, "y": X})
                session.run(None, {"x": X, "y": X}, tenon.RunOptions())
            try:
                session.run(None, {"x": X, "y": X[:1]})
            except tenon.InvalidTensorError:
                pass
            print(handler() == before and signal.getsignal(signal.SIGINT) is way)
        """)
    assert out == "True\n" * 4


def test_an_ignored_interrupt_stays_ignored():
    out = child("""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        session = tenon.InferenceSession(small.long_run(nodes=300))
        timer = interrupt(0.01)
        print(session.run(None, small.long_input())[0].shape)
        """)
    assert out == "(320, 320)\n"


def test_a_run_on_another_thread_does_not_hear_of_it():
    out = child("""
        session = tenon.InferenceSession(small.long_run(nodes=600))
        result = []
        thread = threading.Thread(target=lambda: result.append(session.run(None, small.long_input())))
        thread.start()
        time.sleep(0.02)
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
            print("no interrupt")
        except KeyboardInterrupt:
            print("main thread interrupted")
        thread.join()
        print(result[0][0].shape)
        """)
    assert out.split("\n") == ["main thread interrupted", "(320, 320)", ""]


# ---- fork, multiprocessing, threads ------------------------------------------------------------------------------


def test_fork():
    out = child("""
        session = tenon.InferenceSession(small.long_run(nodes=20))
        expected = session.run(None, small.long_input())[0]
        session.run_async(None, small.long_input()).result()
        for _ in range(3):
            pid = os.fork()
            if pid == 0:
                same = (session.run(None, small.long_input())[0] == expected).all()
                own = tenon.InferenceSession(small.add()).run(None, {"x": X, "y": X})[0]
                later = session.run_async(None, small.long_input()).result(60)[0]
                os._exit(0 if same and (own == X + X).all() and (later == expected).all() else 1)
            print(os.waitpid(pid, 0)[1])
        print((session.run(None, small.long_input())[0] == expected).all())
        """)
    assert out == "0\n0\n0\nTrue\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(f"""
        import multiprocessing, sys
        sys.path.insert(0, {str(HERE)!r})
        import numpy as np, small, tenon
        X = np.arange(6, dtype=np.float32).reshape(2, 3)
        session = None

        def work(n):
            global session
            if session is None:
                session = tenon.InferenceSession(small.add(), tenon.SessionOptions(threads=1))
            return session.run(None, {{"x": X + n, "y": X}})[0]

        def fail(n):
            tenon.InferenceSession("nowhere.onnx")

        if __name__ == "__main__":
            work(0)
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                for n, got in enumerate(pool.map(work, range(20))):
                    assert (got == X + X + n).all()
                try:
                    pool.map(fail, [1])
                except tenon.NotFoundError as error:
                    print(error.code_name, error.value)
            print((work(1) == X + X + 1).all())
        """))
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "NOT_FOUND nowhere.onnx\nTrue\n", "")


def test_many_threads_share_a_session():
    out = child("""
        session = tenon.InferenceSession(small.add())
        wrong = []
        def work(n):
            for i in range(200):
                shape = (1 + (n + i) % 5, 3)
                x = np.full(shape, n, np.float32)
                if (session.run(None, {"x": x, "y": x})[0] != 2 * n).any():
                    wrong.append(n)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        print(wrong)
        """)
    assert out == "[]\n"


# ---- Exit --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "session = tenon.InferenceSession(small.add()); session.run(None, {'x': X, 'y': X})",
        "import builtins; builtins.kept = tenon.InferenceSession(small.add())",
        "session = tenon.InferenceSession(small.add()); out = session.run(None, {'x': X, 'y': X}); out.append(out)",
        "env = tenon.Environment(log_level=4); import logging; session = tenon.InferenceSession(small.add(), environment=env)",
        "b = tenon.InferenceSession(small.add()).io_binding(); b.bind_input('x', X); b.loop = b",
        "session = tenon.InferenceSession(small.long_run(nodes=100)); f = session.run_async(None, small.long_input())",
        "s = tenon.InferenceSession(small.long_run(nodes=50)); fs = [s.run_async(None, small.long_input()) for _ in range(9)]",
        "t = tenon.Tensor(X); import sys; sys.modules['kept'] = t; m = memoryview(t)",
        """session = tenon.InferenceSession(small.long_run())
threading.Thread(target=lambda: session.run(None, small.long_input()), daemon=True).start(); time.sleep(0.1)""",
        "import atexit; s = tenon.InferenceSession(small.add()); atexit.register(lambda: s.run(None, {'x': X, 'y': X}))",
        """class Late:
    def __init__(self): self.session = tenon.InferenceSession(small.add())
    def __del__(self): self.session.run(None, {'x': X, 'y': X})
late = Late()""",
    ],
)
def test_exit_is_clean(code):
    assert child(code) == ""


def test_exit_by_an_exception_and_by_os():
    begin = "s = tenon.InferenceSession(small.long_run(nodes=50))\nf = s.run_async(None, small.long_input())\n"
    process = start(begin + "1 / 0")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1 and err.rstrip().endswith("ZeroDivisionError: division by zero")
    child(begin + "os._exit(3)", status=3)
    child(begin + "sys.exit(4)", status=4)


# ---- What it does to the process -----------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_socket_and_no_file(tmp_path):
    model = tmp_path / "model.onnx"
    model.write_bytes(small.add())
    trace, page = tmp_path / "trace.txt", tmp_path / "page.html"
    code = f"""
        session = tenon.InferenceSession({str(model)!r}, tenon.SessionOptions(profile="on"))
        for _ in range(2):
            session.run(None, {{"x": X, "y": X}})
            session.run_async(None, {{"x": X, "y": X}}).result()
        session.report({str(page)!r})
        try:
            tenon.InferenceSession("nowhere.onnx")
        except tenon.NotFoundError:
            print(session.placement().line)
        """
    out = child(
        code, "strace", "-f", "-qq", "-o", str(trace), "-e",
        "trace=network,openat,open,creat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,symlink,symlinkat,link,linkat",
        cwd=tmp_path, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, timeout=300)
    assert out.startswith("1 node: ")
    written, sockets, opened = set(), [], 0
    for line in trace.read_text("utf-8", "replace").splitlines():
        call = re.match(r"\d+ +(\w+)\((.*)", line)
        if call is None or " = -1 " in line:
            continue
        name, rest = call.groups()
        paths = re.findall(r'"([^"]*)"', rest)
        if name not in ("open", "openat"):
            written.update(paths) if paths else sockets.append(line)
        elif re.search(r"O_WRONLY|O_RDWR|O_CREAT", rest):
            written.update(paths)
        else:
            opened += 1
    assert sockets == [] and opened > 20
    elsewhere = {path for path in written if pathlib.Path(path).parent not in (page.parent, pathlib.Path("."))}
    assert elsewhere <= {"/dev/null"} and str(page) in written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx", "page.html", "trace.txt"]


def test_no_thread_before_the_first_run_and_none_with_one_core():
    code = """
        def threads():
            return int(next(line for line in open("/proc/self/status") if line.startswith("Threads:")).split()[1])
        before = threads()
        session = tenon.InferenceSession(small.long_run(nodes=20))
        for _ in range(3):
            session.run(None, small.long_input())
        print(threads() - before)
        """
    core = sorted(os.sched_getaffinity(0))[0]
    assert child(code, "taskset", "-c", str(core)) == "0\n"


def test_idle_sessions_use_no_processor():
    out = child("""
        session = tenon.InferenceSession(small.long_run(nodes=20))
        session.run(None, small.long_input())
        time.sleep(0.2)
        before = time.process_time()
        time.sleep(1)
        print(time.process_time() - before)
        """)
    assert float(out) < 0.005


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
