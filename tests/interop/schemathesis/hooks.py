"""What the document cannot say of this gateway, said to the generator. Every exception has its reason."""

import os

import schemathesis


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
