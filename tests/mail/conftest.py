"""The mails the judges read: the sample, three letters of ours, the strangers'; in every look.

Each is made as publishing makes it, from the digest's bytes to the message on the wire, and taken
out of that message again: what is judged is what arrives.
"""

import email.policy
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image

from publisher import digest, identity, pictures, templates
from publisher.folder import SUFFIXES
from publisher.model import Kind, Look, Newsletter, Published, SectionNames, Variant
from publisher.render import mail, message, text
from publisher.settings.newsletters import LookTable

ROOT = Path(__file__).parent.parent.parent
OURS = Path(__file__).parent / "digests"
NOW = datetime(2026, 5, 2, 9, 0, tzinfo=UTC)
NEWSLETTER = Newsletter(
    slug="harbour",
    title="Harbour Letter",
    language="en",
    site_url="https://news.example.org/",
    app_url="https://app.example.org/",
    sender_name="Harbour Letter",
    sender_address="letter@news.example.org",
    postal_address="Quay 1, 00000 Example Town",
    sections=SectionNames(sponsor=("Sponsor",)),
    look=Look(logo="https://news.example.org/logo.png", footer="Written by lamplight."),
)


LOOKS = get_args(LookTable.model_fields["name"].annotation)
"""Every look a newsletter may name."""


@dataclass(frozen=True)
class Mail:
    """One issue in one look: the MJML our templates draw and the message that arrives."""

    name: str
    source: str
    message: EmailMessage

    @property
    def html(self) -> str:
        """The half that is looked at."""
        part = self.message.get_body(("html",))
        assert part is not None
        return part.get_content().replace("\r\n", "\n")


@pytest.fixture(scope="session")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the picture our letters show."""
    folder = tmp_path_factory.mktemp("beside")
    held = io.BytesIO()
    Image.new("RGB", (900, 500), "#8a6d3b").save(held, "PNG")
    (folder / "rope.png").write_bytes(held.getvalue())
    return folder


def read(data: bytes, name: str, root: Path, newsletter: Newsletter = NEWSLETTER) -> Published:
    """Read the first issue of a digest, with the pictures beside it."""
    reading = digest.read(data, name=name, newsletter=newsletter)
    assert reading.issues, reading.findings
    issue = reading.issues[0]
    gathered = pictures.gather(issue, newsletter, root=root, digest=name)
    issue = replace(issue, pictures=tuple(gathered.pictures))
    return Published(issue, identity.provisional(issue, newsletter, NOW))


def make(
    data: bytes, name: str, look: str, root: Path, newsletter: Newsletter = NEWSLETTER
) -> Mail:
    """Make the mail of the first issue of a digest."""
    published = read(data, name, root, newsletter)
    variant = Variant(newsletter.language, look)
    loaded = templates.load(None)
    prepared = message.prepare(
        mail.render(published, newsletter, variant, loaded),
        text.render(published, newsletter, variant, loaded),
        newsletter,
        kind=Kind.ISSUE,
        issue_id=published.record.id,
        slug=published.record.slug,
        date=NOW,
        leaves=False,  # a stranger's may be as long as it likes
    )
    wire = prepared.fill(
        address="reader@example.net",
        name="Reader",
        message_id="<1@news.example.org>",
        unsubscribe="https://app.example.org/unsubscribe/abc",
    )
    arrived = email.message_from_bytes(wire, policy=email.policy.default)
    return Mail(f"{name}-{look}", mail.source(published, newsletter, variant, loaded), arrived)


@pytest.fixture(scope="session")
def newsletter() -> Newsletter:
    """Who publishes our letters."""
    return NEWSLETTER


@pytest.fixture(scope="session")
def published(beside: Path) -> Published:
    """The letter with all that mail can hold."""
    return read((OURS / "harbour.md").read_bytes(), "harbour.md", beside)


@pytest.fixture(scope="session")
def maker(beside: Path) -> Callable[..., Mail]:
    """Make a mail from a digest's text."""

    def write(words: str | bytes, look: str = "digest", name: str = "x.md") -> Mail:
        data = words if isinstance(words, bytes) else words.encode()
        return make(data, name, look, beside)

    return write


@pytest.fixture(scope="session")
def mails(beside: Path) -> list[Mail]:
    """The sample and our letters, in every look."""
    chinese = replace(NEWSLETTER, title="港口周报 Weekly", language="zh-Hans")
    found = []
    for look in LOOKS:
        for path in sorted((ROOT / "digests").glob("*.md")):
            found.append(make(path.read_bytes(), path.name, look, beside, chinese))
        for path in sorted(OURS.glob("*.md")):
            whose = chinese if path.name == "deng.md" else NEWSLETTER
            found.append(make(path.read_bytes(), path.name, look, beside, whose))
    return found


@pytest.fixture(scope="session")
def strangers(corpora: Path) -> list[Mail]:
    """The first digest of every stranger, in every look."""
    found = []
    for folder in sorted(path for path in corpora.iterdir() if path.is_dir()):
        path = next(path for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES)
        for look in LOOKS:
            found.append(make(path.read_bytes(), f"{folder.name}-{path.name}", look, folder))
    return found
