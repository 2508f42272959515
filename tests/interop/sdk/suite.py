"""The vendor's Python SDK against its twin: every tag method, the conversation, errors, pages and retries.

Usage: suite.py [--quick] URL… Prints for each check a JSON object with `url`, `method`, `behaviour`, `ok` and `seen`.
The JavaScript suite makes the same checks under the same names.
"""

import json
import sys
import urllib.request

from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError

ONCE = {"max_retries": 0, "timeout_in_seconds": 20}
MOST_PAGES = 20


class Suite:
    """One run of all checks at one URL, which answers as a fresh twin does."""

    def __init__(self, url):
        self.url = url
        client = ElevenLabs(base_url=url, api_key="any-key")
        self.stranger = ElevenLabs(base_url=url, api_key="").conversational_ai.conversations.tags
        self.conversations = client.conversational_ai.conversations
        self.tags = self.conversations.tags

    def check(self, method, behaviour, judge):
        """`judge` answers what was seen; anything but None is a finding."""
        try:
            seen = judge()
        except Exception as error:  # whatever the SDK raises is what was seen
            seen = f"{type(error).__name__}: {error}"
        line = {"url": self.url, "method": method, "behaviour": behaviour, "ok": seen is None, "seen": seen}
        print(json.dumps(line, default=str), flush=True)

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_twin/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def pages(self, size):
        """Every tag of the catalogue, page by page, as the SDK does not do it itself."""
        seen, cursor = [], None
        for _ in range(MOST_PAGES):
            page = self.tags.list(page_size=size, cursor=cursor, request_options=ONCE)
            seen += page.conversation_tags
            if not page.has_more:
                return seen
            cursor = page.next_cursor
        raise AssertionError("the pages do not end")


def same(seen, wanted):
    return None if seen == wanted else f"{seen!r} and not {wanted!r}"


def refused(call, status, look=lambda body: True):
    """The call fails with this status, and `look` is content with the error's body."""
    try:
        call()
    except ApiError as error:
        if error.status_code != status:
            return f"status {error.status_code}"
        try:
            return None if look(error.body) else f"body {error.body!r}"
        except (KeyError, TypeError, IndexError):
            return f"body {error.body!r}"
    return "no error"


def problem(code):
    """The vendor's newer form of an error."""
    return lambda body: body["detail"]["code"] == code and body["detail"]["message"] and body["detail"]["request_id"]


def fault_at(*loc):
    """The vendor's form of a 422."""
    return lambda body: body["detail"][0]["loc"] == list(loc) and body["detail"][0]["msg"] and body["detail"][0]["type"]


def run(url, quick):
    suite = Suite(url)
    tags, conversations, check = suite.tags, suite.conversations, suite.check
    suite.control("POST", "reset")

    def make(title, **more):
        return tags.create(title=title, request_options=ONCE, **more)

    def raw_create():
        answer = tags.with_raw_response.create(title="VIP", description="x", request_options=ONCE)
        tag = answer.data
        whole = all([tag.tag_id, tag.workspace_id, tag.owner_user_id, isinstance(tag.created_at_unix_secs, int)])
        return same((answer.status_code, tag.title, tag.description, whole), (200, "VIP", "x", True))

    def get():
        made = make("got")
        return same(tags.get(made.tag_id, request_options=ONCE), made)

    def update(**change):
        made = make("old", description="kept")
        changed = tags.update(made.tag_id, request_options=ONCE, **change)
        wanted = {"title": "old", "description": "kept", **{name: value for name, value in change.items() if value is not None}}
        again = tags.get(made.tag_id, request_options=ONCE)
        return same((changed.title, changed.description or "", again), (wanted["title"], wanted["description"], changed))

    def delete():
        made = make("short-lived")
        tags.assign("conv_d", tag_ids=[made.tag_id], request_options=ONCE)
        answer = tags.with_raw_response.delete(made.tag_id, request_options=ONCE)
        left = conversations.get("conv_d", request_options=ONCE).tag_ids
        return same((answer.status_code, answer.data, left), (204, None, []))

    def newest_first():
        first, second = make("first"), make("second")
        ids = [tag.tag_id for tag in tags.list(page_size=2, request_options=ONCE).conversation_tags]
        return same(ids, [second.tag_id, first.tag_id])

    def paged():
        made = {make(f"page {n}").tag_id for n in range(12)}
        ids = [tag.tag_id for tag in suite.pages(5)]
        return same((len(ids), made <= set(ids)), (len(set(ids)), True))

    def assign():
        one, two = make("one").tag_id, make("two").tag_id
        answer = tags.with_raw_response.assign("conv_a", tag_ids=[one, two], request_options=ONCE)
        carried = sorted(conversations.get("conv_a", request_options=ONCE).tag_ids)
        return same((answer.status_code, answer.data, carried), (204, None, sorted([one, two])))

    def assign_again():
        one = make("again").tag_id
        for _ in range(2):
            tags.assign("conv_b", tag_ids=[one], request_options=ONCE)
        return same(conversations.get("conv_b", request_options=ONCE).tag_ids, [one])

    def assign_unknown():
        one = make("known").tag_id
        seen = refused(lambda: tags.assign("conv_u", tag_ids=[one, "tag_none"], request_options=ONCE), 404, problem("not_found"))
        return seen or same(conversations.get("conv_u", request_options=ONCE).tag_ids, [])

    def unassign():
        one, two = make("on").tag_id, make("off").tag_id
        tags.assign("conv_c", tag_ids=[one, two], request_options=ONCE)
        answer = tags.with_raw_response.unassign("conv_c", two, request_options=ONCE)
        return same((answer.status_code, conversations.get("conv_c", request_options=ONCE).tag_ids), (204, [one]))

    def unassign_absent():
        one = make("never on").tag_id
        return same(tags.with_raw_response.unassign("conv_c", one, request_options=ONCE).status_code, 204)

    def detail():
        seen = conversations.get("conv_a", request_options=ONCE)
        flags = [seen.has_audio, seen.has_user_audio, seen.has_response_audio, seen.has_auxiliary_audio]
        seconds = [seen.metadata.start_time_unix_secs, seen.metadata.call_duration_secs]
        known = seen.status in ("initiated", "in-progress", "processing", "done", "failed")
        sound = [all(isinstance(flag, bool) for flag in flags), all(isinstance(n, int) for n in seconds), known]
        roles = all(item.role and item.time_in_call_secs is not None for item in seen.transcript)
        return same((seen.conversation_id, bool(seen.agent_id), sound, roles, len(seen.transcript) > 0), ("conv_a", True, [True] * 3, True, True))

    def filtered():
        one = make("rare").tag_id
        tags.assign("conv_f", tag_ids=[one], request_options=ONCE)
        page = conversations.list(tag_ids=[one], page_size=30, request_options=ONCE)
        return same([(c.conversation_id, c.tag_ids) for c in page.conversations], [("conv_f", [one])])

    def listed():
        ids, cursor = [], None
        for _ in range(MOST_PAGES):
            page = conversations.list(page_size=2, cursor=cursor, request_options=ONCE)
            whole = [c for c in page.conversations if c.agent_id and c.status and c.call_successful and isinstance(c.message_count, int)]
            ids += [c.conversation_id for c in whole]
            if not page.has_more:
                break
            cursor = page.next_cursor
        wanted = {"conv_a", "conv_b", "conv_c", "conv_d", "conv_f", "conv_u"}
        return same((len(ids), set(ids)), (len(wanted), wanted))

    def retried(status, wanted):
        suite.control("DELETE", "calls")
        suite.control("POST", "refuse", [{"status": status, "body": {"detail": "once"}}])
        try:
            tags.create(title=f"after {status}")
            end = "made"
        except ApiError as error:
            end = error.status_code
        return same((end, [call["status"] for call in suite.control("GET", "calls")["calls"]]), wanted)

    def given_up():
        suite.control("DELETE", "calls")
        suite.control("POST", "refuse", [{"status": 500, "body": {"detail": "oops"}}] * 2)
        seen = refused(lambda: tags.create(title="never", request_options={"max_retries": 1}), 500, lambda body: body["detail"] == "oops")
        return seen or same(len(suite.control("GET", "calls")["calls"]), 2)

    check("create", "200 and the whole tag", raw_create)
    check("create", "a description that is not given is null", lambda: same(make("bare").description, None))
    check("create", "a description may be sent as null", lambda: same(make("nulled", description=None).description, None))
    check("create", "two tags may have one title", lambda: "one id" if make("VIP").tag_id == make("VIP").tag_id else None)
    check("create", "a title of 120 is taken", lambda: same(len(make("x" * 120).title), 120))
    check("create", "a title of 121 is 422 at its place", lambda: refused(lambda: make("x" * 121), 422, fault_at("body", "title")))
    check("create", "an empty title is 422", lambda: refused(lambda: make(""), 422, fault_at("body", "title")))
    check("get", "the tag as it was made", get)
    check("get", "an unknown tag is 404 with code and request id", lambda: refused(lambda: tags.get("tag_none", request_options=ONCE), 404, problem("not_found")))
    check("update", "what is not said stays", lambda: update(title="new"))
    check("update", "nothing at all is taken", update)
    check("update", "null leaves it as it is", lambda: update(title="new", description=None))
    check("update", "an empty description clears", lambda: update(description=""))
    check("update", "an unknown tag is 404", lambda: refused(lambda: tags.update("tag_none", title="x", request_options=ONCE), 404, problem("not_found")))
    check("delete", "204, and off every conversation", delete)
    check("delete", "an unknown tag is 404", lambda: refused(lambda: tags.delete("tag_none", request_options=ONCE), 404, problem("not_found")))
    check("list", "newest first", newest_first)
    check("list", "pages hold every tag once", paged)
    check("list", "a page of 101 is 422", lambda: refused(lambda: tags.list(page_size=101, request_options=ONCE), 422, fault_at("query", "page_size")))
    check("list", "a cursor that was not given out is 400", lambda: refused(lambda: tags.list(cursor="no cursor", request_options=ONCE), 400, problem("invalid_parameters")))
    check("assign", "204 without a body, and both are on", assign)
    check("assign", "what is on already is ignored", assign_again)
    check("assign", "no ids are 422", lambda: refused(lambda: tags.assign("conv_a", tag_ids=[], request_options=ONCE), 422, fault_at("body", "tag_ids")))
    check("assign", "51 ids are 422", lambda: refused(lambda: tags.assign("conv_a", tag_ids=["t"] * 51, request_options=ONCE), 422, fault_at("body", "tag_ids")))
    check("assign", "an unknown tag is 404 and nothing is applied", assign_unknown)
    check("unassign", "204, and it is off", unassign)
    check("unassign", "a tag that is not on is 204", unassign_absent)
    check("conversation get", "what the models insist on", detail)
    check("conversation list", "filtered by tag", filtered)
    check("conversation list", "pages hold every conversation once", listed)
    check("any", "no key is 401", lambda: refused(lambda: suite.stranger.list(request_options=ONCE), 401, lambda body: body["detail"]["status"] == "invalid_api_key"))
    if not quick:
        check("any", "503 is sent again", lambda: retried(503, ("made", [503, 200])))
        check("any", "429 is sent again", lambda: retried(429, ("made", [429, 200])))
        check("any", "409 is sent again by Python only", lambda: retried(409, ("made", [409, 200])))
        check("any", "a lasting 500 is told after the last try", given_up)


arguments = sys.argv[1:]
for target in [argument for argument in arguments if argument != "--quick"]:
    run(target, "--quick" in arguments)
