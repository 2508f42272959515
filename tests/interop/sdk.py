"""The vendor's official Python SDK drives the twin: every tag method, the conversation, and an error.

Usage: sdk.py URL. Prints one line for each check and a closing count; exits 1 if one fails.
"""

import sys

from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError

client = ElevenLabs(base_url=sys.argv[1], api_key="any-key")
tags = client.conversational_ai.conversations.tags
conversations = client.conversational_ai.conversations
once = {"max_retries": 0}
passed = failed = 0


def check(name, holds):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    print(f"{'ok' if holds else 'FAILED'}: {name}")


def refused(call):
    try:
        call()
    except ApiError as error:
        return error.status_code
    return None


vip = tags.create(title="VIP", description="x")
check("create answers the whole tag", vip.title == "VIP" and vip.description == "x" and vip.tag_id and vip.workspace_id)
twin = tags.create(title="VIP")
check("titles need not be unique", twin.tag_id != vip.tag_id and twin.description is None)
check("get", tags.get(vip.tag_id).created_at_unix_secs == vip.created_at_unix_secs)
check("update leaves out what is not said", tags.update(vip.tag_id, title="VIP 2").description == "x")
check("an empty description clears", tags.update(vip.tag_id, description="").description in ("", None))

for n in range(120):
    tags.create(title=f"page {n}")
seen, cursor = [], None
while True:
    page = tags.list(page_size=50, cursor=cursor)
    seen += [tag.tag_id for tag in page.conversation_tags]
    if not page.has_more:
        break
    cursor = page.next_cursor
check("pages hold every tag once", len(seen) == 122 and len(set(seen)) == 122)

check("assign answers nothing", tags.assign("conv_1", tag_ids=[vip.tag_id, twin.tag_id]) is None)
check("a second assign is ignored", tags.assign("conv_1", tag_ids=[vip.tag_id]) is None)
detail = conversations.get("conv_1")
check("the conversation carries both", sorted(detail.tag_ids) == sorted([vip.tag_id, twin.tag_id]))
check("the conversation has what the SDK insists on", detail.agent_id and detail.status and detail.metadata and detail.transcript is not None)
tags.assign("conv_2", tag_ids=[twin.tag_id])
listed = conversations.list(tag_ids=[vip.tag_id], page_size=30)
check("the list filters by tag", [c.conversation_id for c in listed.conversations] == ["conv_1"])
check("unassign answers nothing", tags.unassign("conv_1", vip.tag_id) is None)
check("it is off", conversations.get("conv_1").tag_ids == [twin.tag_id])
check("delete answers nothing", tags.delete(twin.tag_id) is None)
check("a deleted tag is off every conversation", not conversations.get("conv_2").tag_ids)

check("no tag: 404", refused(lambda: tags.get("tag_none", request_options=once)) == 404)
check("no ids: 422", refused(lambda: tags.assign("conv_1", tag_ids=[], request_options=once)) == 422)
check("51 ids: 422", refused(lambda: tags.assign("conv_1", tag_ids=seen[:51], request_options=once)) == 422)
check("a title of 121: 422", refused(lambda: tags.create(title="x" * 121, request_options=once)) == 422)

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
