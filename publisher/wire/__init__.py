"""wire - messages leave the house here.

    outbox     each message a file, for looking at
    dialogue   one connection: a line out, a reply in, never longer than allowed
    session    the SMTP of one relay over such connections
    map        which deliveries are on the wire, in memory that outlives a killed process

Outbox and Relay are transports: `deliver(envelope, message, begun) -> Reply` and `close()`. `begun`
is called before the first byte of content is given away: from there on a lost answer is a doubt.
Faults: TransportError for what cannot be used at all; all else is a Reply.
Never: decides what a reply means. See: delivery (decides), send (calls).
"""
