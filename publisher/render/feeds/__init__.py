"""feeds - a newsletter as RSS 2.0, Atom and JSON Feed 1.1: the same, three times.

    content  -> an issue, or an item, as the HTML that readers are given
    entries  -> what an entry says, and its text in each format, finished once and shelved
    channels -> which feeds there are: the newsletter's, its items', a topic's, the archives
    documents-> a feed of ready entries, and how many it has
    opml     -> the list of all feeds
    mended   -> feedgen, which writes the XML; what it lacks or does wrong is mended there alone

Ids come from the register, moments from the records, so the same issues give the same bytes.
Faults: none; what XML forbids is dropped before it can spoil a whole feed.
Never: the clock; process-wide state. See: shelf (who makes entries), identity (ids), site (writes).
"""
