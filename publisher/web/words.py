"""words - what the few pages made on the spot say to readers, in each language we write.

A table: language, then key, then sentence; `{...}` are filled by the page. A language we do not
write gets English. Faults: none. Never: speaks to editors; the desk is English. See: web.audience.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ENGLISH: Final = {
    "leave": "Unsubscribe",
    "ask": "Stop sending “{title}” to {address}?",
    "ask_more": "Nothing has changed yet. You will get no further issue once you press the button.",
    "leave_button": "Unsubscribe",
    "left": "You are unsubscribed",
    "left_more": "“{title}” will no longer be sent to {address}.",
    "already": "Already unsubscribed",
    "already_more": "“{title}” is not being sent to {address}. There is nothing left to do.",
    "restore_ask": "Was it not meant?",
    "restore_button": "Subscribe me again",
    "restored": "You are subscribed again",
    "restored_more": "The next issue of “{title}” will be sent to {address}.",
    "not_restored": "Not subscribed",
    "not_restored_more": "“{title}” is not being sent to {address}, and this link cannot change it.",
    "test": "Nothing to unsubscribe from",
    "test_more": "This link comes from a test of “{title}”. In a mail to a subscriber it ends the"
    " subscription with one click.",
    "missing": "There is nothing here",
    "missing_more": "The address may be mistyped, or the page has never existed.",
    "gone": "This issue was withdrawn",
    "gone_more": "It is no longer published. The other issues are where they were.",
    "home": "All issues",
}

_CHINESE: Final = {
    "leave": "退订",
    "ask": "不再向 {address} 发送《{title}》？",
    "ask_more": "目前尚未做任何更改。点击下方按钮后，您将不再收到后续各期。",
    "leave_button": "确认退订",
    "left": "您已退订",
    "left_more": "今后不会再向 {address} 发送《{title}》。",
    "already": "您此前已退订",
    "already_more": "《{title}》现在不会发送给 {address}，您无需再做任何操作。",
    "restore_ask": "并非本意？",
    "restore_button": "重新订阅",
    "restored": "您已重新订阅",
    "restored_more": "下一期《{title}》将发送给 {address}。",
    "not_restored": "未订阅",
    "not_restored_more": "《{title}》现在不会发送给 {address}，此链接无法更改这一状态。",
    "test": "无需退订",
    "test_more": "这个链接来自《{title}》的测试邮件。在发给订阅者的邮件里，点一下即可退订。",
    "missing": "这里没有内容",
    "missing_more": "地址可能有误，或者该页面从未存在。",
    "gone": "本期已撤回",
    "gone_more": "这一期不再公开，其余各期都在原处。",
    "home": "往期",
}


def words(language: str) -> Mapping[str, str]:
    """Return the sentences in a newsletter's language, English where we do not write it."""
    return _CHINESE if language.lower().split("-")[0] == "zh" else _ENGLISH


def masked(address: str) -> str:
    """Show an address to whoever holds the link, not whole: `r•••@example.org`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}•••{at}{domain}"
