"""tools - what measures a sender: sinks, the bound, the peers, a relay. No part of the program.

See: countsink.c (manual at its head), peers.py, postfix.py, running.py (starts and times them all).
"""
