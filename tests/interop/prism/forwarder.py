"""Stands between the gateway and Prism: writes down every call and what Prism says to it, and can break a call."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP = {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "date"}


class Call:
    """One call of the gateway; a mutation may change its target, headers and body before Prism sees it."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.violations, self.broken = [], False

    def __str__(self):
        body = "" if self.body is None else f" {json.dumps(self.body)}"
        return f"{self.method} {self.target}{body}: {'; '.join(self.violations) or 'accepted'}"


class Forwarder(ThreadingHTTPServer):
    """`judges` are Prism addresses that are asked first, `behind` is the one whose answer goes back."""

    daemon_threads = True

    def __init__(self, behind, judges=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind, self.judges, self.calls, self.mutation = behind, judges, [], None
        threading.Thread(target=self.serve_forever, daemon=True).start()


def asked(address, call):
    connection = http.client.HTTPConnection(address, timeout=30)
    body = None if call.body is None else json.dumps(call.body).encode()
    connection.request(call.method, call.target, body=body, headers=call.headers)
    answer = connection.getresponse()
    return answer.status, answer.getheaders(), answer.read()


def violations(status, headers, body):
    """What Prism finds: its own problems, and the list in its header, where the answer is another's."""
    headers = {name.lower(): value for name, value in headers}
    found = json.loads(headers.get("sl-violations", "[]"))
    if b"stoplight.io/prism/errors" in body:
        problem = json.loads(body)
        found = found or problem.get("validation") or [{"code": problem["type"].rsplit("#")[-1], "message": problem["title"]}]
    return [f"{'.'.join(map(str, one.get('location', [])))} {one.get('message', one.get('code'))}".strip() for one in found]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave together: apart, each answer would wait for a delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def forward(self):
        length = int(self.headers.get("content-length", 0))
        text = self.rfile.read(length) if length else b""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        call = Call(self.command, self.path, headers, json.loads(text) if text else None)
        if self.server.mutation:
            self.server.mutation(call)
        self.server.calls.append(call)
        for judge in self.server.judges:
            status, given, body = asked(judge, call)
            # What a mock makes up as an answer is nobody's.
            call.violations += [one for one in violations(status, given, body) if one.startswith("request")]
        status, given, body = asked(self.server.behind, call)
        call.violations += violations(status, given, body)
        self.send_response(status)
        for name, value in given:
            if name.lower() not in HOP:
                self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

    def log_message(self, *_):
        pass
