"""check and preview: what a digest says, wherever one stands."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

DIGEST = "# Eagle\n[飞鹰](https://papers.test/eagle)\n\n摘要。\n"


def publisher(folder: Path, *words: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder."""
    environ = {**os.environ, "PUBLISHER_HOME": "."} | given
    return subprocess.run(
        [sys.executable, "-m", "publisher", *words],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_folder_without_settings_lends_no_templates(tmp_path: Path) -> None:
    """Outside a home, another program's templates/ changes nothing; in a home it is the look."""
    (tmp_path / "a.md").write_text(DIGEST, "utf-8")
    other = tmp_path / "templates" / "mail" / "digest.mjml"
    other.parent.mkdir(parents=True)
    other.write_text("{{ another.program }}", "utf-8")
    assert publisher(tmp_path, "check", "a.md").returncode == 0
    (tmp_path / "publisher.toml").write_text('[newsletter]\ntitle = "Weekly"\n', "utf-8")
    refused = publisher(tmp_path, "check", "a.md")
    assert (refused.returncode, "templates/mail/digest.mjml" in refused.stderr) == (1, True)


def test_a_preview_has_no_raw_slot(tmp_path: Path) -> None:
    """No file that `preview` writes shows a reader's slot unfilled, in a home or outside."""
    (tmp_path / "a.md").write_text(DIGEST, "utf-8")
    assert publisher(tmp_path, "preview", "a.md").returncode == 0
    for file in (tmp_path / "preview").iterdir():
        assert b"__publisher-slot" not in file.read_bytes(), file.name


def test_a_preview_speaks_the_digests_language(tmp_path: Path) -> None:
    """Outside a home what stands around a digest is in its language, or in the one asked for."""
    (tmp_path / "a.md").write_text(DIGEST, "utf-8")

    def previewed(*words: str) -> tuple[str, str, str]:
        said = publisher(tmp_path, "preview", "a.md", *words)
        assert said.returncode == 0, said.stderr
        mail, page = ((tmp_path / "preview" / name).read_text("utf-8") for name in
                      ("issue.txt", "page.html"))  # fmt: skip
        footer = mail.partition("\n-- \n")[2]
        return footer[:1], page.partition('<html lang="')[2].partition('"')[0], said.stderr

    assert previewed()[:2] == ("您", "zh")
    assert previewed("--language", "en")[:2] == ("Y", "en")
    footer, _, words = previewed("--language", "tlh")
    assert (footer, "warning: there is no catalogue for 'tlh'" in words) == ("Y", True)
    assert "error" not in words
    (tmp_path / "publisher.toml").write_text('[newsletter]\ntitle = "Weekly"\n', "utf-8")
    assert previewed()[:2] == ("Y", "en")
    assert previewed("--language", "zh-TW")[:2] == ("您", "en")
    wrong = publisher(tmp_path, "preview", "a.md", "--language", "zh_TW")
    assert (wrong.returncode, "no tag of a language" in wrong.stderr) == (2, True)


def test_a_preview_in_another_look(tmp_path: Path) -> None:
    """`--look` draws the mail in it, whatever the settings say; none but the three is known."""
    (tmp_path / "a.md").write_text(
        DIGEST.replace("摘要。", "这一句够长，说的是鹰为什么能在天上停那么久。第二句话。"), "utf-8"
    )
    assert publisher(tmp_path, "preview", "a.md", "--look", "compact").returncode == 0
    for name in ("issue.html", "issue.txt", "issue.eml"):
        assert (tmp_path / "preview" / name).is_file()
    assert "第二句话" not in (tmp_path / "preview" / "issue.html").read_text("utf-8")
    assert "第二句话" not in (tmp_path / "preview" / "issue.txt").read_text("utf-8")
    assert publisher(tmp_path, "preview", "a.md", "--look", "grand").returncode == 2


def test_without_settings_a_long_mail_leads_to_its_page_as_well(tmp_path: Path) -> None:
    """What stands where settings would name an address lets a preview show what will be sent."""
    items = (f"# Eel {n}\nhttps://papers.test/{n}\n\n{'Words. ' * 300}\n" for n in range(70))
    (tmp_path / "a.md").write_text("\n".join(items), "utf-8")
    done = publisher(tmp_path, "preview", "a.md")
    assert done.returncode == 0
    assert "[preflight/leaner-look]" in done.stderr
    assert (tmp_path / "preview" / "issue.html").stat().st_size <= 100_000


def test_check_says_what_publish_says_of_no_file(tmp_path: Path) -> None:
    """A folder and a symlink have the same codes here as in the digests folder."""
    (tmp_path / "a.md").mkdir()
    (tmp_path / "b.md").symlink_to("c.md")
    said = publisher(tmp_path, "check", "a.md", "b.md")
    assert said.returncode == 1
    assert "[digest/not-a-file]" in said.stderr
    assert "[digest/symlink]" in said.stderr
    assert "[digest/unreadable]" not in said.stderr


def test_a_broken_template_is_a_finding(tmp_path: Path) -> None:
    """One of the mail, or of the page, is told with file and line beside all else there is to say."""
    (tmp_path / "publisher.toml").write_text('[newsletter]\ntitle = "Weekly"\n', "utf-8")
    (tmp_path / "a.md").write_text(DIGEST + "\n# 无址\n\n文。\n", "utf-8")
    for name in ("mail/contents.mjml", "site/issue.html"):
        broken = tmp_path / "templates" / name
        broken.parent.mkdir(parents=True)
        broken.write_text("\n{% if %}", "utf-8")
        for command in ("check", "preview"):
            done = publisher(tmp_path, command, "a.md")
            assert done.returncode == 1
            assert f"stop: templates/{name}:2: " in done.stderr
            assert "[template/error]" in done.stderr
            assert "[preflight/no-unsubscribe]" in done.stderr
        assert not (tmp_path / "preview").exists()
        broken.unlink()


def test_own_templates_without_a_way_out_are_stopped(tmp_path: Path) -> None:
    """`check`, `preview` and `send` say so and leave with 1; no mail is made."""
    toml = 'app_url = "https://news.papers.test/"\n[newsletter]\ntitle = "Weekly"\n'
    (tmp_path / "publisher.toml").write_text(toml, "utf-8")
    (tmp_path / "digests").mkdir()
    (tmp_path / "digests" / "a.md").write_text(DIGEST, "utf-8")
    own = tmp_path / "templates" / "mail"
    own.mkdir(parents=True)
    for name in ("footer", "ways"):
        (own / f"{name}.mjml").write_text("", "utf-8")
    assert publisher(tmp_path, "publish").returncode == 0
    for command in (("check", "digests/a.md"), ("preview", "digests/a.md"), ("send", "latest")):
        done = publisher(tmp_path, *command)
        assert done.returncode == 1
        assert "[preflight/no-way-out]" in done.stderr
        assert "{{ slot_unsubscribe }}" in done.stderr
        assert "__publisher" not in done.stderr
    (own / "ways.mjml").unlink()
    assert publisher(tmp_path, "check", "digests/a.md").returncode == 0


def test_a_template_that_overrides_nothing_is_noted(tmp_path: Path) -> None:
    """`preview` and `status` name a file of a misspelt folder, and what it should be called."""
    (tmp_path / "publisher.toml").write_text('[newsletter]\ntitle = "Weekly"\n', "utf-8")
    (tmp_path / "a.md").write_text(DIGEST, "utf-8")
    lost = tmp_path / "templates" / "mial" / "footer.mjml"
    lost.parent.mkdir(parents=True)
    lost.write_text("", "utf-8")
    for command in (("preview", "a.md"), ("status",)):
        done = publisher(tmp_path, *command)
        assert done.returncode == 0
        assert "templates/mial/footer.mjml overrides nothing" in done.stdout + done.stderr
        assert "templates/mail/footer.mjml" in done.stdout + done.stderr


def test_findings_stand_in_the_order_of_lines(tmp_path: Path) -> None:
    """Those of the reader and of preflight are sorted together; a shared hint is said once."""
    text = "# A\n[甲](http://localhost/a)\n\n见图 ![甲](no.png)。\n\n# B\n[乙](http://localhost/b)\n\n文。\n"
    (tmp_path / "a.md").write_text(text, "utf-8")
    said = publisher(tmp_path, "check", "a.md").stderr
    found = re.findall(r"^a\.md:(\d+)\S* .*\[(\S+)\]$", said, re.M)
    assert found == [
        ("1", "preflight/dead-link"),
        ("4", "digest/picture-missing"),
        ("6", "preflight/dead-link"),
    ]
    assert said.count("hint: Put the address") == 1


def test_what_is_wrong_with_the_templates_is_told_once(tmp_path: Path) -> None:
    """A colour that cannot be read is told with the first of many digests, by its setting."""
    toml = '[newsletter]\ntitle = "Weekly"\n[newsletter.look]\naccent = "#ffee99"\n'
    (tmp_path / "publisher.toml").write_text(toml, "utf-8")
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(DIGEST, "utf-8")
    done = publisher(tmp_path, "check", "a.md", "b.md")
    told = [line for line in done.stderr.splitlines() if "[preflight/contrast]" in line]
    assert {line.partition(":")[0] for line in told} == {"a.md"}
    assert "#ffee99 on" in told[0]
    assert "Choose another accent" in done.stderr


def test_check_knows_what_was_published(tmp_path: Path) -> None:
    """In a home an item of an earlier issue is told, and an issue is not compared with itself."""
    (tmp_path / "publisher.toml").write_text('[newsletter]\ntitle = "Weekly"\n', "utf-8")
    (tmp_path / "digests").mkdir()
    for number in (1, 2):
        text = f"---\nnumber: {number}\n---\n{DIGEST}"
        (tmp_path / "digests" / f"{number}.md").write_text(text, "utf-8")
    assert publisher(tmp_path, "publish", "digests/1.md").returncode == 0
    assert "[preflight/earlier]" not in publisher(tmp_path, "check", "digests/1.md").stderr
    said = publisher(tmp_path, "check", "digests/2.md").stderr
    assert "digests/2.md:4: warn: “Eagle” was in No. 1 already." in said


def test_a_second_preview_says_what_it_replaces(tmp_path: Path) -> None:
    """Editions written over others are said to be; without a browser that is one sentence."""
    (tmp_path / "a.md").write_text(DIGEST, "utf-8")
    first = publisher(tmp_path, "preview", "a.md")
    assert "in place of" not in first.stderr
    second = publisher(tmp_path, "preview", "a.md", "--open", PATH="", BROWSER="")
    assert "editions of a.md in preview/, in place of those that stood there" in second.stderr
    assert "publisher: error: there is no browser here" in second.stderr
    assert second.returncode == 0


def test_without_settings_no_setting_is_missed(tmp_path: Path) -> None:
    """Outside a home nothing is said about addresses; in one without any, it is."""
    (tmp_path / "a.md").write_text(DIGEST, "utf-8")
    assert "no-unsubscribe" not in publisher(tmp_path, "check", "a.md").stderr
    (tmp_path / "publisher.toml").write_text('[newsletter]\ntitle = "Weekly"\n', "utf-8")
    assert "no-unsubscribe" in publisher(tmp_path, "check", "a.md").stderr


def test_a_preview_shows_pictures_of_the_folder(tmp_path: Path) -> None:
    """Outside a home or in one, page and mail of a preview show the pictures beside them."""
    picture = tmp_path / "digests" / "pics" / "cup.png"
    picture.parent.mkdir(parents=True)
    Image.new("RGB", (40, 30), "red").save(picture)
    (tmp_path / "secret.png").write_bytes(picture.read_bytes())
    text = f"{DIGEST}\n![杯](pics/cup.png) ![](no.png)\n![](../secret.png)\n"
    (tmp_path / "digests" / "a.md").write_text(text, "utf-8")
    for toml in ("", 'site_url = "https://news.example.net/"\n[newsletter]\ntitle = "Weekly"\n'):
        if toml:
            (tmp_path / "publisher.toml").write_text(toml, "utf-8")
        said = publisher(tmp_path, "preview", "digests/a.md")
        assert "[digest/picture-missing]" in said.stderr
        (name,) = [file.name for file in (tmp_path / "preview").glob("*.png")]
        shown = f'<img src="{name}" alt="杯"'
        assert shown in (tmp_path / "preview" / "page.html").read_text("utf-8")
        assert shown in (tmp_path / "preview" / "issue.html").read_text("utf-8")
        checked = publisher(tmp_path, "check", "--json", "digests/a.md")
        found = json.loads(checked.stdout)["files"][0]["findings"]
        told = [(one["code"], one["line"]) for one in found if one["code"].startswith("digest/")]
        assert told[:2] == [
            ("digest/picture-missing", 6),
            ("digest/picture-refused", 7),
        ]


def test_only_a_preview_that_rehosts_fetches(tmp_path: Path, web_host: Callable[..., Any]) -> None:
    """`check` calls nobody; `preview` does where the newsletter rehosts."""
    host = web_host()
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    address = host.show("/cup.png", out.getvalue())
    (tmp_path / "a.md").write_text(f"{DIGEST}\n![杯]({address})\n", "utf-8")
    toml = '[newsletter]\ntitle = "Weekly"\nimages = "{}"\n[network]\nallow = ["127.0.0.0/8"]\n'
    (tmp_path / "publisher.toml").write_text(toml.format("link"), "utf-8")
    assert "[digest/picture-linked]" in publisher(tmp_path, "check", "a.md").stderr
    publisher(tmp_path, "preview", "a.md")
    (tmp_path / "publisher.toml").write_text(toml.format("rehost"), "utf-8")
    assert "picture" not in publisher(tmp_path, "check", "a.md").stderr
    assert (host.asked, list((tmp_path / "preview").glob("*.png"))) == ([], [])
    publisher(tmp_path, "preview", "a.md")
    assert (host.asked, len(list((tmp_path / "preview").glob("*.png")))) == (["/cup.png"], 1)
