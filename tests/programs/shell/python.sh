# SPDX-License-Identifier: MIT
# Python: processes and their pools, shared memory and semaphores by name, mappings, an event loop, signals that are read.
export PYTHONHOME=/usr
cat >p.py <<'END'
import multiprocessing as mp, os, signal
from multiprocessing import shared_memory

def square(n): return n * n
def add(lock, value, times):
    for _ in range(times):
        with lock: value.value += 1
def through(queue, name):
    memory = shared_memory.SharedMemory(name=name); memory.buf[:3] = b'abc'; memory.close(); queue.put(name.startswith('psm'))

def main():
    import asyncio, ctypes, mmap, select, subprocess, threading
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    for how in 'fork', 'spawn':
        context = mp.get_context(how)
        lock, value, queue = context.Lock(), context.Value('i', 0, lock=False), context.SimpleQueue()
        workers = [context.Process(target=add, args=(lock, value, 200)) for _ in range(2)]
        [w.start() for w in workers]; [w.join() for w in workers]; print(how, value.value, [w.exitcode for w in workers])
        memory = shared_memory.SharedMemory(create=True, size=5000)
        worker = context.Process(target=through, args=(queue, memory.name)); worker.start(); print(queue.get()); worker.join()
        print(bytes(memory.buf[:4]), memory.size); memory.close(); memory.unlink()
    with mp.Pool(3) as pool: print(sum(pool.imap_unordered(square, range(100), 7)))
    with ProcessPoolExecutor(2) as pool: print(list(pool.map(square, range(8))))
    with ThreadPoolExecutor(8) as pool: print(sum(pool.map(square, range(500))))
    with open('f', 'wb+') as f:
        f.truncate(10000)
        with mmap.mmap(f.fileno(), 0) as m:
            m[5000:5004] = b'here'; m.flush(); print(m.find(b'here')); m.resize(20000); print(len(m), os.fstat(f.fileno()).st_size)
        f.seek(5000); print(f.read(4))
    async def line(n):
        p = await asyncio.create_subprocess_exec('echo', str(n), stdout=subprocess.PIPE); return (await p.communicate())[0]
    async def loop():
        print(type(asyncio.get_running_loop()._selector).__name__, sorted(await asyncio.gather(*(line(n) for n in range(6)))))
        print(await asyncio.gather(asyncio.to_thread(square, 9), asyncio.sleep(0.01, 'slept')))
    asyncio.run(loop())
    r, w = os.pipe2(os.O_NONBLOCK); poller = select.epoll(); poller.register(r, select.EPOLLIN | select.EPOLLET)
    threading.Timer(0.02, os.write, (w, b'xy')).start()
    print(poller.poll(30) == [(r, select.EPOLLIN)], poller.poll(0), os.read(r, 1), poller.poll(0)); os.close(w); print(poller.poll(0)[0][1])
    os.kill(os.getpid(), signal.SIGUSR1)
    print(signal.sigpending(), signal.sigwait([signal.SIGUSR1]), signal.sigtimedwait([signal.SIGUSR1], 0))
    print(ctypes.CDLL(None).strtol(b'77', None, 8), subprocess.run(['sh', '-c', 'kill -9 $$']).returncode)

if __name__ == '__main__':
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]); main()
END
python3.11 p.py 2>&1; echo $?
