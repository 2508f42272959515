"""Tests of a program that tags conversations, without any vendor: `tagway with -- pytest test_tags.py`.

The mocks' URLs are for the test: what the vendor was really sent, what it holds, and how it fails.
"""

import json
import os
import urllib.error
import urllib.request
import uuid

import pytest

GATEWAY = os.environ["TAGWAY_URL"]
MOCK = os.environ["TAGWAY_MOCK_HELPDESK_URL"]


def call(method, url, body=None):
    """Status and JSON of one request."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} if data else {}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text) if text else None


@pytest.fixture
def tags():
    """The URL of the tags of a conversation that no other test uses; the mock has forgotten earlier calls."""
    call("DELETE", f"{MOCK}/_twin/calls")
    return f"{GATEWAY}/v1/helpdesk/conversations/{uuid.uuid4()}/tags"


def test_a_change_says_what_came_of_it(tags):
    status, answer = call("PATCH", tags, {"add": ["billing"], "remove": ["spam"]})
    assert status == 200
    assert [tag["tag"] for tag in answer["added"]] == ["billing"]
    assert answer["removed"] == []


def test_the_vendor_is_sent_one_replace(tags):
    call("PUT", tags, {"tags": ["billing", "vip"]})
    _, log = call("GET", f"{MOCK}/_twin/calls")
    writes = [one for one in log["calls"] if one["method"] == "PUT"]
    assert [len(one["body"]["tag_ids"]) for one in writes] == [2]


def test_a_vendor_that_refuses_is_told_as_a_problem(tags):
    # A mock can be told to refuse what comes next.
    refusal = {"status": 401, "body": {"error": "api_key_revoked", "message": "no", "request_id": "req_1"}}
    call("POST", f"{MOCK}/_twin/refuse", [refusal])
    status, problem = call("GET", tags)
    assert status == 502
    assert problem["code"] == "vendor-unauthorized"
