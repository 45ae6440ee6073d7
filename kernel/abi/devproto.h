/* SPDX-License-Identifier: MIT */
/*
 * The device protocol: between the kernel and the server of a character device (dev_register). arg[0] is the instance
 * that DEV_OPEN returned; arg[5] is the calling thread, arg[6] its process.
 *
 * op         args (from arg[1]), data                   reply
 * DEV_OPEN   minor (from rdev), open flags, major       arg[0] = instance, arg[1] = DEV_IS_TERMINAL, DEV_HAS_PLACES (its
 *                                                       bytes have places: lseek, pread), or 0; arg[2] = of a terminal,
 *                                                       its number for dev_signal. DEV_IS_MASTER: it is the other end
 *                                                       of /dev/pts/N; arg[3] = N
 * DEV_CLOSE  -                                          0
 * DEV_READ   bytes wanted (<= MSG_DATA_MAX), flags,     data; 0 bytes is end of file. May be answered at any later time.
 *            place                                      With O_NONBLOCK in flags: EAGAIN rather than a wait
 * DEV_WRITE  flags, place; data                         arg[0] = bytes taken (>= 1), or an errno
 * DEV_IOCTL  command, argument if it is a plain number; data: what the argument points at (as much as the kernel
 *            knows the command to read)                 arg[0] = result; data: what is to be stored there; arg[1] =
 *                                                       c_lflag of a terminal
 * DEV_MAP    offset, length: page multiples             0 after port_offer(): the memory to map. ENODEV: there is none;
 *                                                       EINVAL, ENXIO: not there, or not so much. What is mapped
 *                                                       beyond the end of the memory offered is SIGBUS when touched
 * DEV_POLL   -                                          arg[0] = POLLIN, POLLOUT, ... as they are now. The server says
 *                                                       dev_poll_changed() when more may be true. EINVAL: always ready
 * DEV_CANCEL thread                                     none. To terminals only: the thread has got a signal. Its call,
 *                                                       if it waits, is answered now: with EINTR, or with as much as
 *                                                       was done
 * DEV_HANGUP -                                          0. To terminals: who waits is answered now, a reader with 0
 *                                                       bytes, others with EIO
 *
 * A reader of another device that is interrupted leaves its call: the server's reply then fails with ESRCH and it keeps the bytes.
 */
#ifndef ABI_DEVPROTO_H
#define ABI_DEVPROTO_H

#define DEV_OPEN  1
#define DEV_CLOSE 2
#define DEV_READ  3
#define DEV_WRITE 4
#define DEV_IOCTL 5
#define DEV_MAP   6
#define DEV_POLL  7
#define DEV_CANCEL 8
#define DEV_HANGUP 9

#define DEV_IS_TERMINAL 1
#define DEV_HAS_PLACES  2
#define DEV_IS_MASTER   4

#endif
