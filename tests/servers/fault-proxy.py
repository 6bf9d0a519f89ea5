#!/usr/bin/env python3
"""A TCP proxy on 127.0.0.1 that misbehaves on purpose, for testing clients (works below TLS, so the server's certificate stays).
usage: fault-proxy.py TARGET_PORT MODE [N]      listens on a free port
  pass            nothing wrong
  delay N         waits N ms before each chunk from the server
  connect-delay N accepts, waits N ms before it connects on
  blackhole       accepts, reads, never answers
  refuse          closes at once with a reset
  cut N           sends N bytes of the server's answer, then a reset
  trickle N       one byte of the answer every N ms
  flaky N         every Nth connection is let through, the others are reset
  http CODE       answers any plain-HTTP request with that status and an empty JSON object
  garbage         answers random bytes
Ends on TERM. Prints one line 'listening on 127.0.0.1:PORT' when ready."""
import asyncio, os, socket, struct, sys
target, mode = int(sys.argv[1]), sys.argv[2]
n = int(sys.argv[3]) if len(sys.argv) > 3 else 0
count = 0
def reset(w):
    s = w.get_extra_info("socket")
    if s is not None:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    w.transport.abort()
async def pump(r, w, down):
    sent = 0
    try:
        while data := await r.read(65536):
            if down and mode == "delay":
                await asyncio.sleep(n / 1000)
            if down and mode == "cut":
                data = data[: max(0, n - sent)]
                w.write(data); await w.drain(); sent += len(data)
                if sent >= n:
                    await asyncio.sleep(0.02); reset(w); return
                continue
            if down and mode == "trickle":
                for i in range(len(data)):
                    w.write(data[i : i + 1]); await w.drain(); await asyncio.sleep(n / 1000)
                continue
            w.write(data); await w.drain()
    except (ConnectionError, OSError):
        pass
    finally:
        try: w.close()
        except Exception: pass
async def serve(r, w):
    global count
    count += 1
    try:
        if mode == "refuse" or (mode == "flaky" and count % n): return reset(w)
        if mode == "blackhole":
            while await r.read(65536): pass
            return w.close()
        if mode == "garbage":
            w.write(os.urandom(512)); await w.drain(); return w.close()
        if mode == "http":
            await r.read(65536)
            w.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}" % n)
            await w.drain(); return w.close()
        if mode == "connect-delay": await asyncio.sleep(n / 1000)
        r2, w2 = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(pump(r, w2, False), pump(r2, w, True))
    except (ConnectionError, OSError):
        reset(w)
async def main():
    s = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(f"listening on 127.0.0.1:{s.sockets[0].getsockname()[1]}", flush=True)
    async with s: await s.serve_forever()
try: asyncio.run(main())
except KeyboardInterrupt: pass
