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
    # A header that nobody knows is ignored (RFC 9110, 5.1), so it is no negative data.
    return "x-schemathesis-unknown-property" not in (case.headers or {})
