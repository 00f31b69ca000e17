"""publisher.toml and the environment: what is read, what is refused, what is kept secret."""

from pathlib import Path

import pytest

from publisher import settings
from publisher.errors import SettingsError
from publisher.model import Level, SectionNames

ONE = '[newsletter]\ntitle = "Weekly"\n'
ROOT = Path(__file__).parent.parent


def home(tmp_path: Path, text: str) -> Path:
    """Write a home's publisher.toml."""
    (tmp_path / "publisher.toml").write_text(text, "utf-8")
    return tmp_path


def test_one_newsletter_needs_only_a_title(tmp_path: Path) -> None:
    """The defaults are a manual send, the outbox, SQLite beside the file, and ports 8000 and 8001."""
    loaded = settings.load(home(tmp_path, ONE), {})
    newsletter = loaded.newsletters[0]
    assert (newsletter.slug, newsletter.path, newsletter.send) == ("newsletter", "", "manual")
    assert loaded.database == f"sqlite:///{tmp_path}/publisher.db"
    assert (loaded.transport, loaded.port, loaded.desk_port) == ("outbox", 8000, 8001)


def test_several_newsletters_have_paths_of_their_own(tmp_path: Path) -> None:
    """The first stands at the root, the others under their slugs; the register may fix others."""
    text = '[newsletter.a]\ntitle = "A"\n[newsletter.b]\ntitle = "B"\n'
    loaded = settings.load(home(tmp_path, text), {})
    assert [(one.path, one.digests) for one in loaded.newsletters] == [
        ("", "digests/a"),
        ("b/", "digests/b"),
    ]
    assert loaded.with_paths({"a": "a/", "b": ""}).newsletters[1].path == ""
    with pytest.raises(SettingsError, match="2 newsletters"):
        loaded.newsletter(None)


TWO = '[newsletter.a]\ntitle = "A"\n[newsletter.b]\ntitle = "B"\n'


def test_a_new_newsletter_takes_no_path_of_another(tmp_path: Path) -> None:
    """One written above those there are stands under its slug; theirs stay as they were fixed."""
    loaded = settings.load(home(tmp_path, f'[newsletter.new]\ntitle = "N"\n{TWO}'), {})
    placed = loaded.with_paths({"a": "", "b": "b/"})
    assert [one.path for one in placed.newsletters] == ["new/", "", "b/"]


@pytest.mark.parametrize(
    "fixed", [{"old": ""}, {"a": "", "gone": "b/"}, {"old": "", "a": "a/", "b": "b/x/"}]
)
def test_a_changed_slug_is_refused(tmp_path: Path, fixed: dict[str, str]) -> None:
    """A newsletter nobody knows, at the place of one that is gone, may be the same: a person says."""
    loaded = settings.load(home(tmp_path, TWO if "a" in fixed else f'{ONE}slug = "new"\n'), {})
    if "old" in fixed and "a" in fixed:
        assert [one.path for one in loaded.with_paths(fixed).newsletters] == ["a/", "b/x/"]
        return
    with pytest.raises(SettingsError) as caught:
        loaded.with_paths(fixed)
    assert 'keep slug = "' in caught.value.hint


@pytest.mark.parametrize(
    ("line", "words"),
    [('digests = "digests"', "stand inside"), ('path = "issues"', "other pages do")],
)
def test_newsletters_do_not_stand_in_each_others_way(tmp_path: Path, line: str, words: str) -> None:
    """A digests folder inside another, or the name of other pages as a path, is refused."""
    with pytest.raises(SettingsError, match=words):
        settings.load(home(tmp_path, TWO.replace('"A"', f'"A"\n{line}')), {})


@pytest.mark.parametrize(
    "url", ["https://a.example/#x", "https://a.example/ b", "https://u:p@a.example/", "ftp://a.b/"]
)
def test_a_site_has_a_plain_address(tmp_path: Path, url: str) -> None:
    """An address with a fragment, a space or a password in it is none a page can stand under."""
    with pytest.raises(SettingsError, match="site_url"):
        settings.load(home(tmp_path, f'site_url = "{url}"\n{ONE}'), {})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('title = " "', "one line"),
        ('title = "a\\u0007"', "one line"),
        ('title = "👨\u200d👩\u200d👧 Weekly"\nlanguage = "de"', None),
        ('title = "a"\nlanguage = ""', "no tag of a language"),
        ('title = "a"\nlanguage = "German"', r'\(line 3\): .* write "de"'),
        ('title = "a"\nlanguage = "zh_CN"', "no tag of a language"),
    ],
)
def test_title_and_language_can_be_shown(tmp_path: Path, line: str, words: str | None) -> None:
    """A title is a line to read, a language a tag that pages and feeds may carry."""
    text = f"[newsletter]\n{line}\n"
    if words is None:
        assert settings.load(home(tmp_path, text), {}).newsletters[0].language == "de"
        return
    with pytest.raises(SettingsError, match=words):
        settings.load(home(tmp_path, text), {})


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("editor@news.example.org", None),
        ("editor@例子.中国", None),
        ("编辑@news.example.org", "must be ASCII"),
        ("editor@😀.org", "no domain name: Codepoint U[+]1F600"),
        ("Ann <ann@example.org>", "not an e-mail address"),
    ],
)
def test_a_sender_can_be_written_to(tmp_path: Path, address: str, words: str | None) -> None:
    """A sender whose address mail servers could not carry is refused at once, in words."""
    text = f'[newsletter]\ntitle = "a"\nsender_address = "{address}"\n'
    if words is None:
        assert settings.load(home(tmp_path, text), {}).newsletters[0].sender_address == address
        return
    with pytest.raises(SettingsError, match=words):
        settings.load(home(tmp_path, text), {})


def test_all_faults_come_at_once_with_their_lines(tmp_path: Path) -> None:
    """Four wrong keys are four sentences in one error."""
    text = """transport = "pigeon"
[newsletter]
title = "A"
timezone = "Mars/Base"
send = "fri 25:00"
colour = "red"
"""
    with pytest.raises(SettingsError) as caught:
        settings.load(home(tmp_path, text), {})
    for words in ("transport (line 1)", "newsletter.timezone (line 4)", "newsletter.send (line 5)",
                  "newsletter.colour (line 6): no such setting"):  # fmt: skip
        assert words in caught.value.message


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    """A file that is no TOML is refused with the line."""
    with pytest.raises(SettingsError, match="line 1"):
        settings.load(home(tmp_path, "title = \n"), {})


def test_a_folder_without_settings_names_the_remedy(tmp_path: Path) -> None:
    """An empty folder is no home; init makes one."""
    with pytest.raises(SettingsError) as caught:
        settings.load(tmp_path, {})
    assert "publisher init" in caught.value.hint


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PUBLISHER_TRANSPORT and a nested PUBLISHER_SMTP__HOST overrule the file."""
    monkeypatch.setenv("PUBLISHER_TRANSPORT", "smtp")
    monkeypatch.setenv("PUBLISHER_SMTP__HOST", "relay.example.net")
    loaded = settings.load(home(tmp_path, ONE), {})
    assert (loaded.transport, loaded.smtp.host) == ("smtp", "relay.example.net")


def test_secrets(tmp_path: Path) -> None:
    """A password is read from its file or systemd's credentials, never shown, and a finding in the file."""
    secret = tmp_path / "pw"
    secret.write_text("hunter2\n", "utf-8")
    loaded = settings.load(home(tmp_path, f'{ONE}[smtp]\npassword_file = "pw"\n'), {})
    assert loaded.smtp.password == "hunter2"
    assert "hunter2" not in repr(loaded)
    assert loaded.findings == ()
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "smtp-password").write_text("other\n", "utf-8")
    loaded = settings.load(home(tmp_path, ONE), {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert loaded.smtp.password == "other"
    loaded = settings.load(home(tmp_path, f'{ONE}[smtp]\npassword = "x"\n'), {})
    assert [(one.level, one.code) for one in loaded.findings] == [(Level.HOLD, "settings/secret")]


@pytest.mark.parametrize(
    ("database", "is_secret"),
    [
        ("postgresql://user@host/db", False),
        ("postgresql://host:5432/a@b", False),
        ("sqlite:///a@b:c.db", False),
        ("postgresql://user:hunter2@host/db", True),
    ],
)
def test_a_user_without_password_is_no_secret(
    tmp_path: Path, database: str, is_secret: bool
) -> None:
    """A database address is secret for its password alone."""
    loaded = settings.load(home(tmp_path, f'database = "{database}"\n{ONE}'), {})
    assert [one.code for one in loaded.findings] == ["settings/secret"] * is_secret


def test_a_new_home_can_be_left(tmp_path: Path) -> None:
    """A new home's unsubscribe links lead to where its `run` answers; ids are minted from no one's."""
    text = (ROOT / "publisher" / "starter.toml").read_text("utf-8")
    loaded = settings.load(home(tmp_path, text), {})
    newsletter = loaded.newsletters[0]
    assert newsletter.app_url == f"http://{loaded.host}:{loaded.port}/"
    assert newsletter.site_url is None


def test_titles(tmp_path: Path) -> None:
    """The languages of titles come in order; what is no tag, or the same language twice, is refused."""
    table = '[newsletter]\ntitle = "a"\ntitles = '
    loaded = settings.load(home(tmp_path, table + '["en", "zh-Hans"]'), {})
    assert loaded.newsletters[0].titles == ("en", "zh-Hans")
    for line, words in (
        ('["zh_CN"]', "no tag of a language"),
        ('["zh-CN", "ZH-tw"]', "'zh-CN' is there twice"),
        ('"en"', "write a list"),
    ):
        with pytest.raises(SettingsError, match=words):
            settings.load(home(tmp_path, table + line), {})


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    """The key is 32 bytes, the same at each call, refused when others may read it or it is damaged."""
    loaded = settings.load(home(tmp_path, ONE), {})
    key = settings.secret_key(loaded)
    assert len(key) == 32
    assert settings.secret_key(loaded) == key
    assert loaded.key_path.stat().st_mode & 0o777 == 0o600
    loaded.key_path.chmod(0o644)
    with pytest.raises(SettingsError, match="read by others"):
        settings.secret_key(loaded)
    loaded.key_path.chmod(0o600)
    loaded.key_path.write_text("short", "ascii")
    with pytest.raises(SettingsError, match="damaged"):
        settings.secret_key(loaded)


def test_the_sample_and_the_starter_load() -> None:
    """The repository's own settings and those `init` writes are valid as they stand."""
    loaded = settings.load(ROOT, {})
    assert loaded.newsletters[0].title == "AI 论文周报 Weekly"


def test_the_starter_is_valid(tmp_path: Path) -> None:
    """What `init` writes loads without a change."""
    text = (ROOT / "publisher" / "starter.toml").read_text("utf-8")
    assert settings.load(home(tmp_path, text), {}).newsletters[0].title == "My newsletter"


def test_sections_and_topics_reach_every_newsletter(tmp_path: Path) -> None:
    """What is no news and what words mean is said once for the home."""
    text = (
        TWO + '[sections]\ndrop = ["订阅*"]\nsponsor = ["Sponsor*"]\n[topics]\nLLM = ["大模型"]\n'
    )
    for newsletter in settings.load(home(tmp_path, text), {}).newsletters:
        assert newsletter.sections == SectionNames(drop=("订阅*",), sponsor=("Sponsor*",))
        assert newsletter.topics == (("LLM", ("大模型",)),)


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ('[sections]\ndrop = ["*"]', r"sections.drop \(line 4\): '\*' names no section"),
        ('[sections]\ndrop = "Ads"', r"sections.drop \(line 4\)"),
        ('[sections]\nhide = ["Ads"]', r"sections.hide \(line 4\): no such setting"),
        ('[topics]\n"!" = ["a"]', "'!' cannot be a topic"),
        ('[topics]\nLLM = ["a"]\nllm = ["b"]', "'LLM' and 'llm' are one topic"),
        ('[topics]\nLLM = [""]', "a word of 'LLM' is empty"),
    ],
)
def test_a_name_that_names_nothing_is_refused(tmp_path: Path, table: str, fault: str) -> None:
    """A star alone would drop everything, and a topic needs letters to stand in an address."""
    with pytest.raises(SettingsError, match=fault):
        settings.load(home(tmp_path, f"{ONE}{table}\n"), {})


def test_pictures_and_relative_links(tmp_path: Path) -> None:
    """Each newsletter says where relative links lead on from, and what becomes of pictures."""
    plain = settings.load(home(tmp_path, ONE), {}).newsletters[0]
    assert (plain.base_url, plain.images) == (None, "link")
    text = f'{ONE}base_url = "https://old.example.net/blog"\nimages = "rehost"\n'
    newsletter = settings.load(home(tmp_path, text), {}).newsletters[0]
    assert (newsletter.base_url, newsletter.images) == ("https://old.example.net/blog/", "rehost")
    for wrong in ('base_url = "blog/"', 'base_url = "ftp://a.example/"', 'images = "inline"'):
        with pytest.raises(SettingsError, match=wrong.partition(" ")[0]):
            settings.load(home(tmp_path, f"{ONE}{wrong}\n"), {})


@pytest.mark.parametrize(
    ("allowed", "is_right"),
    [
        *(("127.0.0.1", True), ("10.0.0.0/8", True), ("::1", True), ("fd00::/8", True)),
        *(("pictures.example.net", True), ("localhost", True), ("图.example", True)),
        *(("10.0.0.0/33", False), ("10.0.0.256", False), ("https://a.example/", False)),
        *(("a.example:443", False), ("*", False), ("", False), ("*.a.example", False)),
    ],
)
def test_allow_names_hosts_and_ranges(tmp_path: Path, allowed: str, is_right: bool) -> None:
    """What fetches may reach besides the public internet is a host or a range, nothing looser."""
    text = f'{ONE}[network]\nallow = ["{allowed}"]\n'
    if is_right:
        assert settings.load(home(tmp_path, text), {}).network_allow == (allowed,)
    else:
        with pytest.raises(SettingsError, match="neither a host"):
            settings.load(home(tmp_path, text), {})


def test_signing_is_on_where_its_table_stands(tmp_path: Path) -> None:
    """An empty [dkim] is enough; without it nothing signs; a selector DNS cannot hold is refused."""
    assert settings.load(home(tmp_path, ONE), {}).dkim is None
    assert settings.load(home(tmp_path, f"{ONE}\n[dkim]\n"), {}).dkim == settings.Dkim()
    told = settings.load(home(tmp_path, f'{ONE}\n[dkim]\nselector = "s2"\ned25519 = true\n'), {})
    assert told.dkim == settings.Dkim("s2", ed25519=True)
    for selector in ("a.b", "../x", "-a", "A", "a" * 60):
        with pytest.raises(SettingsError, match="selector"):
            settings.load(home(tmp_path, f'{ONE}\n[dkim]\nselector = "{selector}"\n'), {})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('name = "letter"', None),
        ('name = "card"', "'digest', 'compact' or 'letter'"),
        ('paper_dark = "#101418"', None),
        ('ink = "black"', 'a colour is written "#rrggbb"'),
        ('font = "serif"', None),
        ('font = "Optima, Noto Sans CJK SC, sans-serif"', None),
        ("font = \"'Optima', serif\"", "names of fonts with commas between them and no quotes"),
        ('font = "Optima; } body {"', "names of fonts"),
        ('font = "Optima,, serif"', "names of fonts"),
        ('font = "LXGW WenKai, 霞鹜文楷, serif"', None),
        ('font = "Source Serif 4"', "each word begins with a letter"),
        ('logo = "https://news.example.net/logo.png"', None),
        ('logo = "data:image/png;base64,aGk="', "a whole address such as"),
        ('logo = "pics/logo.png"', "a whole address such as"),
    ],
)
def test_a_look_breaks_no_style_sheet(tmp_path: Path, line: str, words: str | None) -> None:
    """Looks, colours, fonts and logos are taken as mail programs have them, anything else is refused with the way."""
    text = f"{ONE}[newsletter.look]\n{line}\n"
    if words is None:
        key, _, value = line.partition(" = ")
        look = settings.load(home(tmp_path, text), {}).newsletters[0].look
        assert getattr(look, key) == value.strip('"')
        return
    with pytest.raises(SettingsError) as caught:
        settings.load(home(tmp_path, text), {})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("logo", "is_right"),
    [
        ("https://cdn.rivers.test/logo.png?v=2", True),
        ("http://127.0.0.1:8000/logo.png", True),
        ("", True),
        ("logo.png", False),
        ("http://cdn.rivers.test/logo.png", False),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://[", False),
        ("https://cdn.rivers.test/my logo.png", False),
    ],
)
def test_a_logo_can_be_fetched(tmp_path: Path, logo: str, is_right: bool) -> None:
    """A logo no mail program could fetch is refused with its line and the way to write it."""
    text = f'{ONE}[newsletter.look]\nlogo = "{logo}"\n'
    if is_right:
        look = settings.load(home(tmp_path, text), {}).newsletters[0].look
        assert look.logo == (logo or None)
        return
    with pytest.raises(SettingsError, match=r"look\.logo \(line 4\): .* a whole address such as"):
        settings.load(home(tmp_path, text), {})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_relay_elsewhere_is_spoken_to_in_secret(tmp_path: Path, host: str) -> None:
    """Mail in clear text is for a relay on this machine; to another host it is refused."""
    text = f'{ONE}[smtp]\ntls = "none"\nhost = '
    assert settings.load(home(tmp_path, f'{text}"{host}"\n'), {}).smtp.tls == "none"
    with pytest.raises(
        SettingsError, match=r'smtp\.tls \(line 4\): .* smtp\.relay\.test .* "starttls"'
    ):
        settings.load(home(tmp_path, f'{text}"smtp.relay.test"\n'), {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[newsletter]\nwindow = 3\n', "newsletter.title: it has to be there"),
        (f'{ONE}titles = "en"\n', 'newsletter.titles (line 3): write a list, such as ["one"'),
        (f'{ONE}window = "many"\n', "newsletter.window (line 3): write a whole number"),
        (f'{ONE}window = 0\n', "write a number that is 1 or more"),
        (f'{ONE}description = 5\n', "write a text in quotes"),
        (f'{ONE}[smtp]\ntimeout = 0\n', "write a number over 0"),
        (f'{ONE}[dkim]\ned25519 = "maybe"\n', "write true or false"),
        (f'smtp = "localhost"\n{ONE}', "smtp (line 1): this is a table"),
        (f'{ONE}[newsletter.look]\nacent = "#123456"\n',
         "newsletter.look.acent (line 4): no such setting; did you mean `accent`?"),
        (f'sit_url = "https://a.test/"\n{ONE}', "did you mean `site_url`?"),
        (TWO.replace('"A"', '"A"\nlangage = "en"'), "a.langage (line 3): no such setting; did you"
         " mean `language`?"),
    ],
)  # fmt: skip
def test_faults_are_told_in_our_words(tmp_path: Path, text: str, words: str) -> None:
    """What was expected is said as who wrote the file would; an unknown key's nearest is named."""
    with pytest.raises(SettingsError) as caught:
        settings.load(home(tmp_path, text), {})
    assert words in caught.value.message
    assert "nput should" not in caught.value.message


@pytest.mark.parametrize(
    ("transport", "smtp", "codes"),
    [
        ("smtp", 'user = "ann"', ["settings/no-password"]),
        ("smtp", "", []),
        ("outbox", 'user = "ann"', []),
    ],
)
def test_a_user_needs_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: str, smtp: str, codes: list[str]
) -> None:
    """A relay with a user and no password is a finding, where mail goes by a relay at all."""
    loaded = settings.load(home(tmp_path, f'transport = "{transport}"\n{ONE}[smtp]\n{smtp}\n'), {})
    assert [one.code for one in loaded.findings] == codes
    monkeypatch.setenv("PUBLISHER_SMTP__PASSWORD", "x")
    assert settings.load(tmp_path, {}).findings == ()
