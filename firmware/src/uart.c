/* SPDX-License-Identifier: MIT */
/* UART2, 8N1. Pins by PPS. DS60001320 chapters 12 and 22; FRM section 21. */
#include "uart.h"
#include "board.h"
#include "clock.h"
#include "interrupts.h"

#define UART_PRIORITY 4u
#define TX_SIZE       512u                          /* powers of two */
#define RX_SIZE       64u

#define BAUD_DIVISOR  ((BOARD_PBCLK2_HZ + 2u * BOARD_CONSOLE_BAUD) / (4u * BOARD_CONSOLE_BAUD) - 1u)

static char tx_queue[TX_SIZE];
static volatile unsigned tx_head, tx_tail;
static char rx_queue[RX_SIZE];
static volatile unsigned rx_head, rx_tail;

static void fill_transmitter(void)
{
    while (tx_tail != tx_head && !(U2STA & U2STA_UTXBF_MASK)) {
        U2TXREG = (unsigned char)tx_queue[tx_tail % TX_SIZE];
        tx_tail++;
    }
}

INTERRUPT(uart_tx)
{
    fill_transmitter();
    if (tx_tail == tx_head)
        interrupt_disable(IRQ_UART2_TX);            /* its flag stays up while the FIFO has room */
    interrupt_clear(IRQ_UART2_TX);
}

INTERRUPT(uart_rx)
{
    while (U2STA & U2STA_URXDA_MASK) {
        char byte = (char)U2RXREG;
        if (rx_head - rx_tail < RX_SIZE) {
            rx_queue[rx_head % RX_SIZE] = byte;
            rx_head++;
        }
    }
    if (U2STA & U2STA_OERR_MASK)
        U2STACLR = U2STA_OERR_MASK;                 /* an overrun stops the receiver until it is cleared */
    interrupt_clear(IRQ_UART2_RX);
}

void uart_init(void)
{
    /* RG6 analogue off, input; U2RX <- RPG6 (1), RPB14 -> U2TX (2). DS60001320 tables 12-2 and 12-3. */
    ANSELGCLR = 1u << 6;
    TRISGSET = 1u << 6;
    ANSELBCLR = 1u << 14;
    LATBSET = 1u << 14;
    TRISBCLR = 1u << 14;
    system_unlock();
    CFGCON &= ~CFGCON_IOLOCK_MASK;
    U2RXR = 1;
    RPB14R = 2;
    CFGCON |= CFGCON_IOLOCK_MASK;
    system_lock();

    U2MODE = U2MODE_BRGH_MASK;                      /* four clocks a bit */
    U2BRG = BAUD_DIVISOR;
    U2STA = U2STA_UTXEN_MASK | U2STA_URXEN_MASK;    /* UTXISEL 0: room in the FIFO; URXISEL 0: a byte is there */
    U2MODESET = U2MODE_ON_MASK;
    interrupt_attach(IRQ_UART2_RX, uart_rx_entry, UART_PRIORITY);
    interrupt_attach(IRQ_UART2_TX, uart_tx_entry, UART_PRIORITY);
}

bool uart_has_room(size_t length)
{
    return length <= TX_SIZE - (tx_head - tx_tail);
}

void uart_write(const char *text, size_t length)
{
    while (length--) {
        while (tx_head - tx_tail >= TX_SIZE)
            ;                                       /* the transmit interrupt makes room */
        tx_queue[tx_head % TX_SIZE] = *text++;
        tx_head++;
    }
    interrupt_enable(IRQ_UART2_TX);
}

int uart_read(void)
{
    if (rx_tail == rx_head)
        return -1;
    int byte = (unsigned char)rx_queue[rx_tail % RX_SIZE];
    rx_tail++;
    return byte;
}

void uart_write_now(const char *text, size_t length)
{
    interrupts_off();
    while (tx_tail != tx_head)
        fill_transmitter();
    while (length--) {
        while (U2STA & U2STA_UTXBF_MASK)
            ;
        U2TXREG = (unsigned char)*text++;
    }
    while (!(U2STA & U2STA_TRMT_MASK))
        ;
}
