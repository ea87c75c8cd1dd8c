#!/usr/bin/python3
"""Between a gateway and an API server: HTTP/1.1 in, TLS out, and a line for each request (time of CLOCK_MONOTONIC, method, path) at the moment that it comes.

    bench/relay.py PORT https://HOST:PORT FILE
"""
import asyncio
import re
import ssl
import sys
import time
from urllib.parse import urlsplit

REQUEST = re.compile(rb"(GET|PUT|POST|PATCH|DELETE) (\S+) HTTP/1\.1\r\n")


async def carry(reader, writer, note=None):
    try:
        while data := await reader.read(1 << 16):
            if note:
                note(data)
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # that side has gone
    finally:
        writer.close()


async def main(port, server, file):
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    with open(file, "w", buffering=1) as log:
        def note(data):
            # a client asks again when it has the answer: a request begins what is read
            if found := REQUEST.match(data):
                log.write(f"{time.monotonic():.6f} {found[1].decode()} {found[2].decode()}\n")

        running = set()  # the loop itself holds tasks weakly

        async def serve(reader, writer):
            running.add(asyncio.current_task())
            asyncio.current_task().add_done_callback(running.discard)
            first = await reader.read(1 << 16)
            note(first)
            try:
                to = await asyncio.open_connection(server.hostname, server.port, ssl=tls)
            except OSError:
                writer.close()
                return
            to[1].write(first)
            await asyncio.gather(carry(reader, to[1], note), carry(to[0], writer))

        async with await asyncio.start_server(serve, "127.0.0.1", port, backlog=1000) as listening:
            await listening.serve_forever()


asyncio.run(main(int(sys.argv[1]), urlsplit(sys.argv[2]), sys.argv[3]))
