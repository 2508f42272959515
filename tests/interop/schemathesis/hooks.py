"""What the document cannot say of this gateway, said to the generator. Every exception has its reason."""

import os
from uuid import UUID

import schemathesis

# The deletions that were carried out with an Idempotency-Key.
deleted = set()


@schemathesis.hook
def before_load_schema(context, raw_schema):
    # The names of routes are the operator's; without them every request would end at `route-not-found`.
    routes = os.environ["ROUTES_TO_ASK"].split(",")
    raw_schema["components"]["parameters"]["Route"]["schema"] = {"type": "string", "enum": routes}


@schemathesis.hook
def filter_case(context, case):
    headers = case.headers or {}
    # A header that nobody knows is ignored (RFC 9110, 5.1), so it is no negative data.
    if "x-schemathesis-unknown-property" in headers:
        return False
    # Whoever asks for an answer within milliseconds asks for 504, which is then right and no failure of the server.
    deadline = str(headers.get("Tagway-Deadline-Ms", ""))
    return not (deadline.isdigit() and 0 < int(deadline) < 2_000)


@schemathesis.hook
def before_call(context, case, kwargs):
    # In a sequence of calls the generator takes every deletion that is answered for one that was carried out.
    if case.method != "DELETE" or case.meta.phase.name != "stateful":
        return
    # A dry run deletes nothing.
    if str((case.query or {}).get("dry_run")).lower() == "true":
        del case.query["dry_run"]
    # A key that comes again is the same deletion again: its kept answer is right, and what was made since then stays.
    if keyed(case) in deleted:
        case.headers["Idempotency-Key"] = str(UUID(int=len(deleted)))


@schemathesis.hook
def after_call(context, case, response):
    deletion = keyed(case)
    if deletion and case.method == "DELETE" and 200 <= response.status_code < 300:
        deleted.add(deletion)


def keyed(case):
    """A deletion and its key, so far as it has one."""
    key = (case.headers or {}).get("Idempotency-Key")
    return key and (case.formatted_path, str(key))
