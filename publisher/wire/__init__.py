"""wire - messages leave the house here.

    outbox        each message a file, for looking at
    command       each message to a program, as `sendmail` is given it
    courier       carries one by one, to either of these
    pool          the connections to one relay: asyncio in a thread of its own
    connection    a socket and the conversation over it
    protocol      the SMTP of one connection, without a socket: bytes in, bytes out
      opening       greeting, EHLO, STARTTLS, AUTH
      transactions  MAIL to dot, pipelined, in chunks or in lock-step
      envelopes     what is said of an envelope under the terms a relay offers
      replies       what the relay said
    freight       what the hall and a carrier want of each other
    map           which deliveries are on the wire, in memory that outlives a killed process

Faults: TransportError for what cannot be used at all; all else is a Reply.
Never: decides what a reply means. See: delivery (decides), send (calls).
"""
