"""Starts `stowplan agent` at a port that is free."""

import socket
import subprocess
import time


class Agent:
    def __init__(self, program, flags=("--dev",)):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.command = [program, "agent", "--bind", "127.0.0.1:%d" % self.port, *flags]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.process.kill()
                    raise SystemExit("the agent did not start: " + " ".join(self.command))
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(20) == 0, "the agent did not end well"
