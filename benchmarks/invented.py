"""invented - the words of the issue that is sent: Chinese under English titles, the same each time.

Faults: none. Never: anybody's real text. See: homes.py (our message), tools/seed.py (the peers').
"""

from __future__ import annotations

import random
from typing import Final

SIZE: Final = 82_600
"""Bytes of the message on the wire, before a signature."""
ITEMS: Final = 17
NOUNS: Final = [
    "cache",
    "tide",
    "ledger",
    "crane",
    "kernel",
    "anchor",
    "packet",
    "harbour",
    "query",
    "beacon",
    "index",
    "rope",
]
DEEDS: Final = [
    "meets",
    "outlives",
    "explains",
    "replaces",
    "measures",
    "forgets",
    "carries",
    "sorts",
]
WHEN: Final = (
    "去年冬天",
    "这个月初",
    "就在上周",
    "经过三轮试用之后",
    "新版本发布当天",
    "夜里值班时",
)
WHO: Final = (
    "码头边的小团队",
    "一位退休的船长",
    "维护者们",
    "两家图书馆",
    "灯塔站的工程师",
    "几名学生",
)
DID: Final = ("重新写好了", "悄悄换掉了", "从头量了一遍", "公开了", "花半天修好了", "耐心地整理出")
WHAT: Final = (
    "旧仓库的目录",
    "排队用的程序",
    "潮汐的预报表",
    "那份多年的账本",
    "收信的机器",
    "全部的测试",
)
SO: Final = (
    "结果比预想的快了一倍",
    "读者几乎没有察觉",
    "省下来的时间用来读书",
    "剩下的问题写在文末",
    "他们把做法一步步记了下来",
    "谁都可以照着再做一次",
)


def written(sentences: int) -> str:
    """Invent a digest of so many Chinese sentences, spread over its items."""
    chance = random.Random(5321)
    parts = ["---\ndate: 2026-11-20\n---\n"]
    for number in range(ITEMS):
        share = sentences // ITEMS + (number < sentences % ITEMS)
        words = (*chance.sample(NOUNS, 2), chance.choice(DEEDS), chance.choice(NOUNS))
        title = f"Why the {words[0]} of every {words[1]} {words[2]} a {words[3]}"
        link = f"https://reading.example.net/{number + 1}/{words[0]}-{words[1]}"
        parts += [f"# {title}", f"[{sentence(chance)[:-1]}]({link})\n"]
        parts += ["".join(sentence(chance) for _ in range(share)) + "\n"]
    return "\n".join(parts)


def sentence(chance: random.Random) -> str:
    """Invent one Chinese sentence."""
    when, who, did, what, so = (chance.choice(some) for some in (WHEN, WHO, DID, WHAT, SO))
    return f"{when}，{who}{did}{what}，{so}。"
