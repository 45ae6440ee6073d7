/* SPDX-License-Identifier: MIT */
/*
 * serial.c: output to the four PC serial ports, polled: the kernel's log and the control channel. 115200 baud, 8 bits,
 * no parity, one stop bit (National 16550 data sheet).
 *
 * The transmitter's FIFO takes 16 bytes once it is empty, so the line status is asked once for 16 bytes. A port that is
 * not there reads 0xff everywhere and is skipped; one whose other side does not take bytes gives up after a bounded
 * wait, for the log must never hang the kernel. A line feed is sent as it is: who reads the log is a program.
 *
 * No lock: log.c serialises the log's writers, and each port has one purpose. Input is not done here; the terminal
 * server owns the ports that have any.
 */
#include "arch_impl.h"
#include "x86.h"

enum { UART_DATA = 0, UART_INTERRUPTS = 1, UART_FIFO = 2, UART_LINE = 3, UART_MODEM = 4, UART_STATUS = 5 };
#define LINE_DIVISOR 0x80
#define LINE_8N1     0x03
#define FIFO_ENABLE_CLEAR 0x07
#define MODEM_DTR_RTS_OUT2 0x0b
#define STATUS_EMPTY 0x20
#define FIFO_BYTES 16
#define SPINS_MAX 1000000

static const uint16_t ports[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
static bool present[ARRAY_SIZE(ports)];

/* serial_init: com is 1 to 4. Without effect when there is no such port. */
void serial_init(unsigned com)
{
	uint16_t port = ports[com - 1];

	if (inb(port + UART_STATUS) == 0xff)
		return;
	outb(port + UART_INTERRUPTS, 0);
	outb(port + UART_LINE, LINE_DIVISOR);
	outb(port + UART_DATA, 1);
	outb(port + UART_INTERRUPTS, 0);
	outb(port + UART_LINE, LINE_8N1);
	outb(port + UART_FIFO, FIFO_ENABLE_CLEAR);
	outb(port + UART_MODEM, MODEM_DTR_RTS_OUT2);
	present[com - 1] = true;
}

static bool transmitter_wait(uint16_t port)
{
	for (unsigned spins = 0; spins < SPINS_MAX; spins++) {
		if (inb(port + UART_STATUS) & STATUS_EMPTY)
			return true;
		cpu_pause();
	}
	return false;
}

void serial_write(unsigned com, const char *text, size_t len)
{
	uint16_t port = ports[com - 1];

	while (present[com - 1] && len && transmitter_wait(port))
		for (unsigned i = 0; i < FIFO_BYTES && len; i++, len--)
			outb(port + UART_DATA, *text++);
}
