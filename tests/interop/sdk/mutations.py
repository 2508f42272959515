"""A proxy before the twin that breaks its answers in one way at a time: `/NAME/…` breaks them in the way NAME.

What each way breaks is a thing that a client could trip over; the SDK suites together have to notice.
"""

import http.client
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TAGS = "/v1/convai/tags"
CONVERSATIONS = "/v1/convai/conversations"


class Exchange:
    """What was asked, and the answer that may be changed."""

    def __init__(self, method, path, status, body):
        self.method, self.path, self.status, self.body = method, path, status, body

    def is_tag(self):
        """One tag as JSON: created, read or updated."""
        return self.status == 200 and isinstance(self.body, dict) and "tag_id" in self.body

    def is_page(self, of):
        return self.status == 200 and isinstance(self.body, dict) and of in self.body

    def is_detail(self):
        return self.status == 200 and isinstance(self.body, dict) and "transcript" in self.body


def drop(name):
    def change(exchange):
        if exchange.is_tag():
            del exchange.body[name]

    return change


def mistyped_time(exchange):
    if exchange.is_tag():
        exchange.body["created_at_unix_secs"] = "yesterday"


def created(exchange):
    if exchange.method == "POST" and exchange.path == TAGS and exchange.status == 200:
        exchange.status = 201


def stuck_cursor(exchange):
    if exchange.is_page("conversation_tags"):
        exchange.body["next_cursor"] = None


def no_more(exchange):
    if exchange.is_page("conversation_tags"):
        exchange.body["has_more"] = False
        exchange.body["conversation_tags"] = exchange.body["conversation_tags"][:3]


def oldest_first(exchange):
    if exchange.is_page("conversation_tags"):
        exchange.body["conversation_tags"].reverse()


def bodiless_errors(exchange):
    if exchange.status >= 400:
        exchange.body = None


def validation_is_400(exchange):
    if exchange.status == 422:
        exchange.status = 400


def assign_answers_200(exchange):
    if exchange.method == "POST" and exchange.path.endswith("/tags") and exchange.status == 204:
        exchange.status, exchange.body = 200, {}


def no_tag_ids(exchange):
    if exchange.is_detail():
        del exchange.body["tag_ids"]


def unknown_status(exchange):
    if exchange.is_detail():
        exchange.body["status"] = "archived"


def no_metadata(exchange):
    if exchange.is_detail():
        del exchange.body["metadata"]


def no_flag(exchange):
    if exchange.is_detail():
        del exchange.body["has_user_audio"]


def flag_as_text(exchange):
    if exchange.is_page("conversations"):
        exchange.body["has_more"] = "no"


def hidden_summary(exchange):
    for one in exchange.body["conversations"] if exchange.is_page("conversations") else []:
        del one["call_successful"]


def null_left_out(exchange):
    if exchange.is_tag() and exchange.body["description"] is None:
        del exchange.body["description"]


MUTATIONS = {
    "tag-without-workspace": drop("workspace_id"),
    "tag-without-title": drop("title"),
    "time-of-the-wrong-type": mistyped_time,
    "created-is-201": created,
    "cursor-of-the-first-page": stuck_cursor,
    "list-cut-short": no_more,
    "list-oldest-first": oldest_first,
    "errors-without-a-body": bodiless_errors,
    "validation-is-400": validation_is_400,
    "assign-answers-200": assign_answers_200,
    "detail-without-tag-ids": no_tag_ids,
    "detail-with-an-unknown-status": unknown_status,
    "detail-without-metadata": no_metadata,
    "detail-without-a-flag": no_flag,
    "page-flag-as-text": flag_as_text,
    "summary-without-outcome": hidden_summary,
    # Both SDKs read a missing description as they read null: only the document's check sees this one.
    "null-left-out": null_left_out,
}


class Proxy(ThreadingHTTPServer):
    """Serves on a free loopback port; `twin` is the authority of the twin behind it."""

    daemon_threads = True

    def __init__(self, twin):
        super().__init__(("127.0.0.1", 0), Handler)
        self.twin = twin
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave together: apart, each answer would wait for the client's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def forward(self):
        _, name, rest = self.path.split("/", 2)
        target, length = "/" + rest, int(self.headers.get("content-length", 0))
        sent = self.rfile.read(length) if length else None
        kept = {key: self.headers[key] for key in ("content-type", "xi-api-key") if key in self.headers}
        behind = http.client.HTTPConnection(self.server.twin, timeout=20)
        behind.request(self.command, target, body=sent, headers=kept)
        answer = behind.getresponse()
        text = answer.read()
        path = urllib.parse.urlsplit(target).path
        exchange = Exchange(self.command, path, answer.status, json.loads(text) if text else None)
        if not path.startswith("/_twin/"):
            MUTATIONS[name](exchange)
        body = b"" if exchange.body is None else json.dumps(exchange.body).encode()
        self.send_response(exchange.status)
        if body:
            self.send_header("content-type", "application/json")
        if exchange.status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

    def log_message(self, *_):
        pass
