"""rubrics - whether the words of a heading name one thing or a kind of news.

`News`, `Articles & Tutorials` and `开源项目` are rubrics: many things may stand below them. A longer
title made of other words tells of one. Looked at only where the structure leaves both open.
Faults: none; where words cannot tell it is a rubric, the careful reading. See: evidence.
"""

from __future__ import annotations

import re
from typing import Final

from publisher.digest.markup.plain import cells
from publisher.digest.stated.months import MONTHS

_WORDS: Final = frozenset(
    """
    about academia action actions actualités ads advert advertisement adverts also an and
    announcement announcements api apis approved around art article articles artikel artículos
    audio best blog blogs book books brief briefs bug bugs build builds business busy calendar
    call calls cfp cfps change changed changelog changes check club code coming commit commits
    community conference conferences connect content contents contribution contributions
    contributor contributors core corner course courses cover crate credits data day deadline
    deadlines dependency deprecated deprecations design dev developer developers development
    discuss discussion discussions doc docs documentation event eventos events extra extras
    feature featured features feed ferramentas finally find fixes following for foreword free
    from fun further general get governance greetings guide guides happening help herramientas
    highlight highlights hiring hot idea ideas important i'm in industry info interview interviews
    intro introduction involved issue issues it job jobs join last latest libraries library link
    links list listening lists looking mailing media meeting meetings meetup meetups member
    members merged merges misc miscellaneous month more most nachrichten need neuigkeiten new
    news newsletter next notable note notes noticias notícias nouvelles of official on online
    open opinion opinions opportunities other others our out outils outro overview package
    packages paper papers participation past people picks picture plugin plugins podcast
    podcasts positions post posts pr preface press process product products project projects
    proposals prs publications pull question questions quick quote quotes random read reading
    recap recent recommended reference references regular related release released releases repo
    report reports repos repositories request requests research resource resources review
    reviews rfc rfcs round round-up roundup schedule section security series shout software
    sponsor sponsored sponsors spotlight starter statistics stats status stories story
    subprojects subscribe summary support talk talks task tasks team thanks that the things this
    thoughts tip tips to today tool tooling toolings tools top topics tracking training trending
    trick tricks trivia tutorial tutorials tweet tweets upcoming update updated updates useful user
    users veranstaltungen version versions video videos viewing viewpoints watch watching we
    week weekly werkzeuge what what's whats where wild with work working workshop workshops world
    worth writing year you your événements вакансии видео встречи изменения инструменты книги
    новое новости обновления обсуждения проекты прочее разное релиз релизы события сообщество
    ссылки статьи темы
    """.split()  # noqa: SIM905 - a list of words is read as words
)
_CJK_WORDS: Final = tuple(
    """
    新闻 头条 资讯 动态 文章 推荐 工具 资源 社区 活动 招聘 言论 文摘 教程 教學 项目 開源 开源 视频
    播客 图片 封面 封面图 卷首语 前言 后记 订阅 赞助 广告 论文 讨论 问答 更新 发布 版本 本周
    本月 今日 每日 最新 热门 精选 往年 历史 书籍 阅读 技术 行业 其他 其它 更多 统计 详情 摘要
    概述 行动项 公告 会议 招募 贡献者 致谢 代码 程式碼 文档 更改 变更 值得注意 服务 客户端 软件
    候选 流行 基础设施 主要 总结 年度 目录 目次 内容 注释 脚注 结论 结语 话题 話題 候補 コード
    ドキュメント 変更 注目 新機能 リリース 情報 イベント 記事 ニュース ツール 動画 今月 今週
    お知らせ 求人 その他 まとめ 紹介 소식 뉴스 기사 이벤트 릴리스 릴리즈 도구 커뮤니티 업데이트
    채용 변경 이번 주 달
    """.split()  # noqa: SIM905 - a list of words is read as words
)
_SERVICE: Final = re.compile(
    r"(?:join|contribut|subscri|sponsor|unsubscri|want to|thanks|thank you|welcome|credits|imprint"
    r"|licen[cs]e|about (?:us|this)|call for (?:participation|contribut)|get involved|follow us"
    r"|support us|contact|summary|overview|disclaimer|声明|概要|概览|总结|摘要|简介|订阅|赞助|广告|投稿|关于|致谢|贡献|版权|许可|往期|免责|購読|寄稿|スポンサー"
    r"|구독|후원|기여|подпис|спонсор|участв)",
    re.IGNORECASE,
)
_CREDITS: Final = re.compile(
    r"\bcontribut(?:ors?|e|ing)\b|^\W*(?:thanks|thank you|credits|subscribe|imprint|licen[cs]e|connect with|follow)\b"
    r"|贡献者|致谢|订阅|版权|投稿|購読|기여자|구독",
    re.IGNORECASE,
)
_SINGLE: Final = re.compile(
    r"\bof the (?:day|week|month|year)\W*$|^(?:本|每|今)[周週日月].*(?:一|之)"
)
_QUOTED: Final = re.compile(
    r"\b(?:quotes?|quotations?|tweets?|zitat|citation|cita|цитат\w*)\b|言论|名言|金句|语录|명언",
    re.IGNORECASE,
)
_NEWS: Final = re.compile(
    r"\b(?:news|highlights?|announcements?|новости|noticias|notícias|nachrichten|actualités)\b"
    r"|新闻|资讯|动态|快讯|公告|ニュース|お知らせ|소식|뉴스",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_HAN: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_CJK: Final = re.compile(
    "|".join(("[一二三四五六七八九十\\d]{1,3}月份?", *sorted(_CJK_WORDS, key=len, reverse=True)))
)
_PARTED: Final = re.compile(r"[:：,，?？!！“”「」《》]")
_SENTENCE_WORDS: Final = frozenset(
    """
    a an are au avec be by can con dans das de del der des die do does du ein eine el en est et
    for from für has have how i im in into is ist its la le les lets los mit not on our para por
    pour que should sur that the their this to un una und une von was we when where which who
    why wie will with you your zu à в для за и из как на не о по с что это
    """.split()  # noqa: SIM905 - a list of words is read as words
)
_RECAP: Final = re.compile(r"总结|回顾|まとめ|振り返り|\b(?:summary|recap|roundup|итоги)\b")
_CODE: Final = re.compile(r"->|::|\w\(")
_FEW_WORDS: Final = 3
_MANY_WORDS: Final = 6
_FEW_CELLS: Final = 16
_SLIP_CELLS: Final = 2


def is_service(title: str) -> bool:
    """Whether a heading invites, thanks or advertises: what stands below it is no news.

    Lists of links below it are items all the same; only its prose is not taken for news.
    """
    words = title.lstrip("".join(character for character in title if not character.isalnum()))
    return _SERVICE.match(words) is not None


def is_credits(title: str) -> bool:
    """Whether a heading thanks or invites to write: no list below it holds news."""
    return _CREDITS.search(title) is not None


def is_quotation(title: str) -> bool:
    """Whether a heading announces what somebody said."""
    return _QUOTED.search(title) is not None


def promises_news(title: str) -> bool:
    """Whether a rubric is named for news."""
    return _NEWS.search(title) is not None


def is_for_one(title: str) -> bool:
    """Whether a rubric has room for one thing only: `Bug of the week`."""
    return _SINGLE.search(title.casefold()) is not None


def is_rubric(title: str) -> bool:
    """Whether a heading is made of the words that rubrics are made of, and of nothing else."""
    text = title.casefold().replace("’", "'")
    if _HAN.search(text):
        return cells("".join(_WORD.findall(_CJK.sub(" ", text)))) <= _SLIP_CELLS
    return all(word in _WORDS or word in MONTHS or word.isdigit() for word in _WORD.findall(text))


def names_one_thing(title: str) -> bool:
    """Whether a title is long and particular enough to be that of one story."""
    text = title.casefold()
    if is_service(text) or _CODE.search(text) or _RECAP.search(text):
        return False
    if _HAN.search(text):
        rest = _CJK.sub("", text)
        return cells(rest) > _FEW_CELLS and (
            _PARTED.search(text) is not None or cells(rest) > 2 * _FEW_CELLS
        )
    words = _WORD.findall(text)
    particular = [word for word in words if word not in _WORDS and not word.isdigit()]
    if len(words) <= _FEW_WORDS:
        return False
    is_parted = _PARTED.search(text) is not None and len(particular) > 1
    is_sentence = any(word in _SENTENCE_WORDS for word in words) or len(words) > _MANY_WORDS
    return is_parted or (is_sentence and len(particular) * 5 >= len(words) * 2)
