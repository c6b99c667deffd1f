"""The front door: HTTP/1.1 as strangers speak it, before the application sees anything.

`protocol` is one connection, and `handshake` what it is before TLS is spoken. Its `reader` turns
bytes into whole requests, and `exchange` is one of them and its answer, as ASGI has it. `rules`
judges the head of a request and is pure. `places` knows every connection: how long it may take, and
who goes when there is no room. `refusals` are the answers that the application is not asked for,
and `tally` counts them. `limits` are the numbers.

The application is handed whole requests only: a stranger who is slow costs a connection and what
it sent, and no line of the application's code.

Source: docs/operations.md, "The front door"; docs/adr/0025-a-front-door-of-our-own.md.
"""
