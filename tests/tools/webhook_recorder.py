#!/usr/bin/python3
"""webhook_recorder.py DIRECTORY - an HTTP server that keeps what is posted to it.

Writes its port to DIRECTORY/port once it listens, and each request to DIRECTORY/request-N: method,
path, content type and body, a line each. The path says what it answers:

  /status/CODE  that status          /hang   nothing, for a minute
  /slow-body    200 at once, and a body that never ends
  /garbage      what is no HTTP      /close  nothing; the connection is closed
"""

import http.server
import itertools
import os
import sys
import time

numbers = itertools.count(1)
directory = sys.argv[1]


def publish(name, text):
    """Write a file that is whole whenever it is there."""
    path = os.path.join(directory, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


class Recorder(http.server.BaseHTTPRequestHandler):
    """One request."""

    def do_POST(self):  # pylint: disable=invalid-name
        """Keep it, then do what its path says."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        kind = self.headers.get("Content-Type", "")
        publish(f"request-{next(numbers)}", f"{self.command}\n{self.path}\n{kind}\n{body}\n")
        _, what, *rest = self.path.split("?")[0].split("/")
        if what == "status":
            self.send_response(int(rest[0]))
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
        elif what == "hang":
            time.sleep(60)
        elif what == "slow-body":
            self.send_response(200)
            self.end_headers()
            for _ in range(600):
                self.wfile.write(b"x" * 65536)
                self.wfile.flush()
                time.sleep(0.1)
        elif what == "garbage":
            self.wfile.write(b"220 mail.example.com ESMTP\r\n\r\n")
        self.close_connection = True

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Say nothing."""


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
    server.daemon_threads = True
    publish("port", f"{server.server_port}\n")
    server.serve_forever()
