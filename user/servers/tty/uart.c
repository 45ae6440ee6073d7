/* SPDX-License-Identifier: MIT */
/*
 * A 16550A serial port, by port instructions (the server has I/O privilege level 3).
 *
 * Registers, from the base port: 0 data, 1 interrupt enable, 2 interrupt identification (read) and FIFO control
 * (write), 3 line control, 4 modem control, 5 line status, 6 modem status, 7 scratch.
 *
 * Sending: when line status says that the transmitter holds nothing, its FIFO takes 16 bytes without asking again.
 * A sender with bytes left asks for the interrupt that says so; nobody spins. Receiving: the FIFO keeps what we do
 * not take, and an emulated line then stops the other side, so a full buffer above loses nothing.
 *
 * The lines are ISA interrupts, edge triggered: a cause that appears while another is being served makes no new edge.
 * So whoever serves one goes on until uart_pending says no, acknowledges, and looks once more.
 *
 * The kernel's log writes to COM1 too, in polled mode; it changes no register but the data register, so that the two
 * share the line without harm, only `room` may be believed too large by its bytes, which emulated ports absorb and
 * which a real one would drop. The baud rate is what the firmware or the kernel has set.
 */
#include <errno.h>

#include <atlas/device.h>

#include "tty.h"

enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCRATCH };
enum { IER_RECEIVE = 1, IER_SEND = 2 };
enum { IIR_NOTHING = 1 };
enum { FCR_ENABLE_AND_CLEAR = 7, FCR_AT_14_BYTES = 0xc0 }; /* with less, the UART waits four characters long */
enum { LCR_8N1 = 3 };
enum { MCR_DTR_RTS_OUT2 = 0x0b }; /* OUT2 lets interrupts through on a PC */
enum { LSR_DATA = 1, LSR_THR_EMPTY = 0x20 };
enum { FIFO_SIZE = 16 };

static inline void out8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

int uart_open(struct uart *u, uint16_t base, uint8_t irq, int port, uint32_t note)
{
	*u = (struct uart){ .base = base, .irq = irq, .irq_fd = -1 };
	out8(base + SCRATCH, 0x5a);
	if (in8(base + SCRATCH) != 0x5a)
		return -ENXIO;
	out8(base + IER, 0);
	out8(base + LCR, LCR_8N1);
	out8(base + IIR_FCR, FCR_ENABLE_AND_CLEAR | FCR_AT_14_BYTES);
	out8(base + MCR, MCR_DTR_RTS_OUT2);
	u->irq_fd = irq_bind(port, irq, note);
	return u->irq_fd < 0 ? u->irq_fd : 0;
}

bool uart_can_send(struct uart *u)
{
	if (u->room == 0 && (in8(u->base + LSR) & LSR_THR_EMPTY))
		u->room = FIFO_SIZE;
	return u->room > 0;
}

void uart_send(struct uart *u, uint8_t byte)
{
	u->room--;
	out8(u->base + DATA, byte);
}

bool uart_receive(struct uart *u, uint8_t *byte)
{
	if (!(in8(u->base + LSR) & LSR_DATA))
		return false;
	*byte = in8(u->base + DATA);
	return true;
}

void uart_want(struct uart *u, bool receive, bool send)
{
	uint8_t interrupts = (receive ? IER_RECEIVE : 0) | (send ? IER_SEND : 0);

	if (interrupts != u->interrupts)
		out8(u->base + IER, interrupts);
	u->interrupts = interrupts;
}

bool uart_pending(struct uart *u)
{
	return !(in8(u->base + IIR_FCR) & IIR_NOTHING);
}

void uart_acknowledge(struct uart *u)
{
	irq_ack(u->irq_fd);
}
