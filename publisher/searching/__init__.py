"""searching - what a text is split into so that it can be found, and where in it something was found.

Faults: none; every string is accepted. Never: ranks, the database.
See: splitting, marking; store.search (keeps what is split here), web.searching (answers).
"""

from publisher.searching.marking import Piece, snippet
from publisher.searching.splitting import Phrase, asked, fold, split

__all__ = ["Phrase", "Piece", "asked", "fold", "snippet", "split"]
