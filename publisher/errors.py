"""errors - the faults a person can mend, as one tree.

    PublisherError
     +-- SettingsError     publisher.toml or the environment
     +-- DigestError       a digest that cannot be read
     +-- RegisterError     register.json damaged or newer than this program
     +-- StoreError        the database: locked, full, older or newer schema
     +-- SiteError         feeds/ cannot be written
     +-- TemplateError     a template that does not render
     +-- TransportError    a relay or an outbox that cannot be used at all
     +-- RefusedError      asked for something the house rules forbid
     +-- UndecidedError    a person has to decide first

Every one carries the sentence, the place and the remedy. Outcomes of single deliveries are never
errors: they are values (`model.Reply`, `model.Verdict`). Anything not in this tree is a defect and
keeps its traceback.
"""

from __future__ import annotations


class PublisherError(Exception):
    """Something a person can mend."""

    exit_code = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class SettingsError(PublisherError):
    """The settings contradict themselves or lack something."""


class DigestError(PublisherError):
    """A digest cannot be read."""


class RegisterError(PublisherError):
    """The register cannot be used."""


class StoreError(PublisherError):
    """The database cannot be used."""


class SiteError(PublisherError):
    """The published site cannot be written."""


class TemplateError(PublisherError):
    """A template does not render."""


class TransportError(PublisherError):
    """A transport cannot be used at all."""


class RefusedError(PublisherError):
    """The house rules forbid what was asked."""


class UndecidedError(PublisherError):
    """A person has to decide first."""

    exit_code = 3
