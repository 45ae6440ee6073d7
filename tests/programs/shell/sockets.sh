# SPDX-License-Identifier: MIT
# Python's users of sockets with names: a manager's process, listeners and clients, descriptors sent, servers of asyncio and socketserver.
export PYTHONHOME=/usr
cat >s.py <<'END'
import multiprocessing as mp, os, socket, sys
from multiprocessing.connection import Client, Listener

def add(d, l, i): d[i] = i * i; l.append(i)
def answer(path):
    with Client(path, authkey=b'k') as c: c.send({'a': [1, 2, 3]}); print(c.recv(), flush=True); c.send_bytes(b'x' * 300000)
def over(c): c.send('through a sent end'); c.close()

def main():
    import asyncio, socketserver, threading
    for how in 'fork', 'spawn', 'forkserver':
        mp.set_start_method(how, force=True)
        with mp.Manager() as m:
            d, l = m.dict(), m.list()
            ps = [mp.Process(target=add, args=(d, l, i)) for i in range(3)]
            [p.start() for p in ps]; [p.join() for p in ps]; print(how, sorted(d.items()), sorted(l), flush=True)
        a, b = mp.Pipe(); p = mp.Process(target=over, args=(b,)); p.start(); b.close(); print(a.recv()); p.join()
    with Listener(None, 'AF_UNIX', authkey=b'k') as l:
        p = mp.Process(target=answer, args=(l.address,)); p.start()
        with l.accept() as c: print(c.recv()); c.send('hello'); print(len(c.recv_bytes()))
        p.join()
    s, t = socket.socketpair(); r, w = os.pipe(); socket.send_fds(s, [b'two'], [w, s.fileno()]); data, fds, flags, _ = socket.recv_fds(t, 10, 5)
    os.write(fds[0], b'by its copy'); print(data, len(fds), flags, os.read(r, 20), socket.socket(fileno=fds[1]).getsockopt(socket.SOL_SOCKET, socket.SO_TYPE))
    async def served(reader, writer): writer.write((await reader.readline()).upper()); await writer.drain(); writer.close()
    async def ask(n):
        reader, writer = await asyncio.open_unix_connection('served'); writer.write(b'line %d\n' % n); answer = await reader.read(); writer.close(); return answer
    async def serve():
        async with await asyncio.start_unix_server(served, 'served'): print(await asyncio.gather(*(ask(n) for n in range(5))))
    asyncio.run(serve())
    class Echo(socketserver.StreamRequestHandler):
        def handle(self): self.wfile.write(self.rfile.readline()[::-1])
    for kind in socketserver.UnixStreamServer, socketserver.ThreadingUnixStreamServer:
        with kind(kind.__name__, Echo) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,)); thread.start()
            with socket.socket(socket.AF_UNIX) as c: c.connect(kind.__name__); c.sendall(b'abc\n'); print(c.recv(10))
            server.shutdown(); thread.join()
    d, e = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)); d.bind('\0packets'); e.bind('named')
    e.sendto(b'packet', '\0packets'); data, who = d.recvfrom(100); d.sendto(data * 2, who); print(who, e.recvfrom(100)); d.settimeout(0.05)
    try: d.recv(1)
    except TimeoutError as error: print(error)

if __name__ == '__main__': main()
END
python3.11 s.py 2>&1; echo $?
