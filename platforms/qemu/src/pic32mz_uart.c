/*
 * PIC32MZ UART
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 22 and DS60001107
 * (PIC32 Family Reference Manual, section 21): rate, FIFOs, interrupts,
 * overrun, break, loopback, address mode.
 *
 * A character takes its time on the line, start to stop bit, in virtual time,
 * and reaches the chardev when its stop bit ends. What the host sends waits
 * in a queue in front of the line and then comes in at the programmed rate,
 * so a hasty host loses nothing; a slow firmware does (OERR), as on the chip.
 * Characters that arrive while the receiver is off or has no pin are lost.
 * A host that reads late does not hold the machine up before it is a megabyte
 * behind.
 *
 * Left out: wrong baud rates, parity errors and line noise (the host's end
 * always has the right settings), RXINV, TXINV, UTXINV, IrDA (IREN), hardware
 * flow control (UEN, RTSMD), SIDL. Auto-baud finds the rate that is set
 * already. A chardev has 8 bits: the 9th is lost going out and 0 coming in,
 * and only loopback carries it. Automatic address detection does not clear
 * ADDEN by itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/fifo8.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "chardev/char-serial.h"
#include "hw/clock.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "pic32mz_inputs.h"
#include "pic32mz_outbox.h"
#include "pic32mz_pps.h"
#include "pic32mz_sfr.h"
#include "pic32mz_uart.h"

REG32(UMODE, 0x00)
    FIELD(UMODE, STSEL, 0, 1)
    FIELD(UMODE, PDSEL, 1, 2)
    FIELD(UMODE, BRGH, 3, 1)
    FIELD(UMODE, ABAUD, 5, 1)
    FIELD(UMODE, LPBACK, 6, 1)
    FIELD(UMODE, WAKE, 7, 1)
    FIELD(UMODE, ON, 15, 1)
REG32(USTA, 0x10)
    FIELD(USTA, URXDA, 0, 1)
    FIELD(USTA, OERR, 1, 1)
    FIELD(USTA, FERR, 2, 1)
    FIELD(USTA, PERR, 3, 1)
    FIELD(USTA, RIDLE, 4, 1)
    FIELD(USTA, ADDEN, 5, 1)
    FIELD(USTA, URXISEL, 6, 2)
    FIELD(USTA, TRMT, 8, 1)
    FIELD(USTA, UTXBF, 9, 1)
    FIELD(USTA, UTXEN, 10, 1)
    FIELD(USTA, UTXBRK, 11, 1)
    FIELD(USTA, URXEN, 12, 1)
    FIELD(USTA, UTXISEL, 14, 2)
    FIELD(USTA, ADDR, 16, 8)
    FIELD(USTA, ADM_EN, 24, 1)
REG32(UTXREG, 0x20)
REG32(URXREG, 0x30)
REG32(UBRG, 0x40)

#define MMIO_SIZE       0x200
#define FIFO_DEPTH      8
#define PDSEL_9BIT      3
#define BREAK_BITS      14          /* start bit, twelve zeros, stop bit */
#define RX_CHARACTER    0x1ff       /* an RX FIFO entry: the character, */
#define RX_FERR         0x200       /* and whether its stop bit was 0 */
#define LINE_QUEUE      4096        /* bytes the host may be ahead */
#define OUTBOX_BYTES    (1024 * 1024)   /* what the host may read late */

struct PIC32Uart {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    CharBackend chr;
    PIC32Inputs *inputs;
    Clock *pbclk;
    PIC32Pps *pps;
    uint8_t index;
    qemu_irq irq_error;
    qemu_irq irq_rx;
    qemu_irq irq_tx;

    uint16_t tx_fifo[FIFO_DEPTH];   /* oldest first */
    uint8_t tx_count;
    uint16_t tsr;                   /* the character being sent */
    bool tx_busy;
    bool tx_break;
    int64_t tx_end;                 /* end of its stop bit, virtual ns */
    int64_t tx_left;                /* until there, while the clock stands */
    QEMUTimer *tx_timer;

    uint16_t rx_fifo[FIFO_DEPTH];
    uint8_t rx_count;
    uint16_t rsr;                   /* the character being received */
    bool rx_busy;
    bool waking;                    /* the line waits for the clock */
    int64_t rx_end;
    int64_t rx_left;
    QEMUTimer *rx_timer;

    Fifo8 line;                     /* from the host, not on the line yet */
    PIC32Outbox outbox;             /* to the host */
    bool said_no_tx_pin;
    bool said_rx_lost;
};

static uint32_t uart_mode(PIC32Uart *s)
{
    return pic32_sfr_get(&s->regs, A_UMODE);
}

static uint32_t uart_sta(PIC32Uart *s)
{
    return pic32_sfr_get(&s->regs, A_USTA);
}

static bool uart_on(PIC32Uart *s)
{
    return FIELD_EX32(uart_mode(s), UMODE, ON);
}

static bool uart_routed(PIC32Uart *s, bool output)
{
    g_autofree char *pin = NULL;

    if (!s->pps) {
        return true;
    }
    pin = g_strdup_printf("U%u%s", s->index, output ? "TX" : "RX");
    return output ? pic32_pps_output_routed(s->pps, pin)
                  : pic32_pps_input_routed(s->pps, pin);
}

/* Time of some bits on the line, ns; 0 while the clock stands still. */
static int64_t uart_bits_ns(PIC32Uart *s, unsigned bits)
{
    uint64_t ticks = FIELD_EX32(uart_mode(s), UMODE, BRGH) ? 4 : 16;

    ticks *= pic32_sfr_get(&s->regs, A_UBRG) + 1;
    return clock_ticks_to_ns(s->pbclk, ticks * bits);
}

static unsigned uart_character_bits(PIC32Uart *s)
{
    unsigned pdsel = FIELD_EX32(uart_mode(s), UMODE, PDSEL);
    unsigned stop = FIELD_EX32(uart_mode(s), UMODE, STSEL) ? 2 : 1;

    return 1 + 8 + (pdsel != 0) + stop;
}

/*
 * DS60001107 21.7 and 21.9: the interrupt requests are conditions, not events.
 * They hold until the firmware has moved characters or changed the mode.
 */
static void uart_update_irq(PIC32Uart *s)
{
    uint32_t sta = uart_sta(s);
    bool on = uart_on(s);
    bool error, rx, tx;

    error = s->rx_count && (s->rx_fifo[0] & RX_FERR);
    error |= FIELD_EX32(sta, USTA, OERR);
    switch (FIELD_EX32(sta, USTA, URXISEL)) {
    case 0:
        rx = s->rx_count > 0;
        break;
    case 1:
        rx = s->rx_count >= FIFO_DEPTH / 2;
        break;
    case 2:
        rx = s->rx_count >= FIFO_DEPTH * 3 / 4;
        break;
    default:                    /* reserved */
        rx = false;
    }
    switch (FIELD_EX32(sta, USTA, UTXISEL)) {
    case 0:
        tx = s->tx_count < FIFO_DEPTH;
        break;
    case 1:
        tx = !s->tx_count && !s->tx_busy;
        break;
    case 2:
        tx = !s->tx_count;
        break;
    default:                    /* reserved */
        tx = false;
    }
    qemu_set_irq(s->irq_error, on && error);
    qemu_set_irq(s->irq_rx, on && rx);
    qemu_set_irq(s->irq_tx, on && tx && FIELD_EX32(sta, USTA, UTXEN));
}

/* --- from the chip to the host */

static void uart_receive_character(PIC32Uart *s, uint16_t character,
                                   bool framing_error);

static void uart_tx_start(PIC32Uart *s, int64_t now)
{
    int64_t duration;

    if (s->tx_busy || !s->tx_count || !uart_on(s) ||
        !FIELD_EX32(uart_sta(s), USTA, UTXEN)) {
        return;
    }
    s->tx_break = FIELD_EX32(uart_sta(s), USTA, UTXBRK);
    duration = uart_bits_ns(s, s->tx_break ? BREAK_BITS
                                           : uart_character_bits(s));
    if (!duration) {
        return;
    }
    s->tsr = s->tx_fifo[0];
    s->tx_count--;
    memmove(&s->tx_fifo[0], &s->tx_fifo[1],
            s->tx_count * sizeof(s->tx_fifo[0]));
    s->tx_busy = true;
    s->tx_end = now + duration;
    timer_mod(s->tx_timer, s->tx_end);
}

static void uart_tx_abort(PIC32Uart *s)
{
    timer_del(s->tx_timer);
    s->tx_busy = false;
    s->tx_left = 0;
    s->tx_break = false;
    s->tx_count = 0;
}

/* The stop bit of the character in TSR has ended. */
static void uart_tx_done(void *opaque)
{
    PIC32Uart *s = opaque;
    bool nine = FIELD_EX32(uart_mode(s), UMODE, PDSEL) == PDSEL_9BIT;

    s->tx_busy = false;
    if (s->tx_break) {
        pic32_sfr_set(&s->regs, A_USTA, uart_sta(s) & ~R_USTA_UTXBRK_MASK);
    }
    if (!uart_routed(s, true)) {
        if (!s->said_no_tx_pin) {
            qemu_log_mask(LOG_GUEST_ERROR, "UART%u: U%uTX is on no pin (RPnR):"
                          " what is sent is lost\n", s->index, s->index);
            s->said_no_tx_pin = true;
        }
    } else if (s->tx_break) {
        int on = 1;

        qemu_chr_fe_ioctl(&s->chr, CHR_IOCTL_SERIAL_SET_BREAK, &on);
    } else {
        uint8_t byte = s->tsr;

        const uint8_t sent[2] = { s->index, byte };

        pic32_outbox_send_all(&s->outbox, &byte, 1);
        pic32_inputs_output(s->inputs, PIC32_OUTPUT_UART, s->tx_end, sent,
                            sizeof(sent));
    }
    if (FIELD_EX32(uart_mode(s), UMODE, LPBACK) &&
        FIELD_EX32(uart_sta(s), USTA, URXEN)) {
        uart_receive_character(s, s->tx_break ? 0
                               : s->tsr & (nine ? 0x1ff : 0xff), s->tx_break);
    }
    uart_tx_start(s, s->tx_end);
    uart_update_irq(s);
}

/* --- from the host to the chip */

/* A character has come in whole. */
static void uart_receive_character(PIC32Uart *s, uint16_t character,
                                   bool framing_error)
{
    uint32_t mode = uart_mode(s);
    uint32_t sta = uart_sta(s);

    pic32_sfr_set(&s->regs, A_UMODE,
                  mode & ~(R_UMODE_ABAUD_MASK | R_UMODE_WAKE_MASK));
    if (FIELD_EX32(sta, USTA, OERR)) {
        return;
    }
    if (FIELD_EX32(mode, UMODE, PDSEL) == PDSEL_9BIT &&
        FIELD_EX32(sta, USTA, ADDEN)) {
        if (!(character & 0x100) ||
            (FIELD_EX32(sta, USTA, ADM_EN) &&
             (character & 0xff) != FIELD_EX32(sta, USTA, ADDR))) {
            return;
        }
    }
    if (s->rx_count == FIFO_DEPTH) {
        qemu_log_mask(LOG_GUEST_ERROR, "UART%u: overrun: nobody has read"
                      " U%uRXREG, and the receiver stops until OERR is"
                      " cleared\n", s->index, s->index);
        pic32_sfr_set(&s->regs, A_USTA, sta | R_USTA_OERR_MASK);
    } else {
        s->rx_fifo[s->rx_count++] = character | (framing_error ? RX_FERR : 0);
    }
}

static bool uart_receiver_on(PIC32Uart *s)
{
    return uart_on(s) && FIELD_EX32(uart_sta(s), USTA, URXEN) &&
           !FIELD_EX32(uart_mode(s), UMODE, LPBACK) &&
           uart_bits_ns(s, 1) && uart_routed(s, false);
}

/*
 * Without a clock, as in sleep, a start bit is an interrupt if WAKE is set: its
 * character is lost, the next ones find the clock running (DS60001107 21.10).
 */
static bool uart_wake(PIC32Uart *s)
{
    if (clock_is_enabled(s->pbclk) || !uart_on(s) || !uart_routed(s, false) ||
        !FIELD_EX32(uart_mode(s), UMODE, WAKE)) {
        return false;
    }
    pic32_sfr_set(&s->regs, A_UMODE, uart_mode(s) & ~R_UMODE_WAKE_MASK);
    fifo8_pop(&s->line);
    s->waking = true;
    qemu_irq_pulse(s->irq_rx);
    uart_update_irq(s);
    return true;
}

static PIC32InputChannel uart_channel(PIC32Uart *s)
{
    return PIC32_INPUT_UART + s->index - 1;
}

static int uart_can_receive(void *opaque)
{
    PIC32Uart *s = opaque;

    return MAX((int)fifo8_num_free(&s->line) -
               (int)pic32_inputs_waiting(s->inputs, uart_channel(s)), 0);
}

/* Puts the host's next byte on the line, if the line is free. */
static void uart_rx_start(PIC32Uart *s, int64_t now)
{
    bool was_full = !uart_can_receive(s);

    if (s->rx_busy || fifo8_is_empty(&s->line) || s->waking || uart_wake(s)) {
        return;
    }
    if (!uart_receiver_on(s)) {
        if (!s->said_rx_lost) {
            qemu_log_mask(LOG_GUEST_ERROR, "UART%u: the receiver is off or"
                          " U%uRX is on no pin: what comes in is lost\n",
                          s->index, s->index);
            s->said_rx_lost = true;
        }
        fifo8_reset(&s->line);
    } else {
        s->rsr = fifo8_pop(&s->line);
        s->rx_busy = true;
        s->rx_end = now + uart_bits_ns(s, uart_character_bits(s));
        timer_mod(s->rx_timer, s->rx_end);
    }
    if (was_full) {
        qemu_chr_fe_accept_input(&s->chr);
    }
}

static void uart_rx_done(void *opaque)
{
    PIC32Uart *s = opaque;

    s->rx_busy = false;
    uart_receive_character(s, s->rsr & RX_CHARACTER, s->rsr & RX_FERR);
    uart_rx_start(s, s->rx_end);
    uart_update_irq(s);
}

static void uart_rx_abort(PIC32Uart *s)
{
    timer_del(s->rx_timer);
    s->rx_busy = false;
    s->rx_left = 0;
}

static void uart_receive(void *opaque, const uint8_t *data, int size)
{
    PIC32Uart *s = opaque;

    pic32_inputs_add(s->inputs, uart_channel(s), 0, data, size);
}

/* Characters come, or, if there are none, a break. */
static void uart_take_input(void *opaque, const PIC32Input *input)
{
    PIC32Uart *s = opaque;

    if (!input->len && uart_receiver_on(s)) {
        uart_receive_character(s, 0, true);
        uart_update_irq(s);
    }
    fifo8_push_all(&s->line, input->data,
                   MIN(input->len, fifo8_num_free(&s->line)));
    uart_rx_start(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

static void uart_event(void *opaque, QEMUChrEvent event)
{
    PIC32Uart *s = opaque;

    if (event == CHR_EVENT_CLOSED) {
        pic32_outbox_clear(&s->outbox);
    } else if (event == CHR_EVENT_BREAK) {
        pic32_inputs_add(s->inputs, uart_channel(s), 0, NULL, 0);
    }
}

static int uart_backend_changed(void *opaque)
{
    PIC32Uart *s = opaque;

    pic32_outbox_clear(&s->outbox);
    qemu_chr_fe_set_handlers(&s->chr, uart_can_receive, uart_receive,
                             uart_event, uart_backend_changed, s, NULL, true);
    return 0;
}

/* --- registers */

static uint32_t uart_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Uart *s = opaque;
    uint32_t value = pic32_sfr_get(&s->regs, offset);

    switch (offset) {
    case A_USTA:
        value = FIELD_DP32(value, USTA, URXDA, s->rx_count > 0);
        value = FIELD_DP32(value, USTA, FERR,
                           s->rx_count && (s->rx_fifo[0] & RX_FERR));
        value = FIELD_DP32(value, USTA, RIDLE, !s->rx_busy &&
                           !(s->tx_busy && FIELD_EX32(uart_mode(s), UMODE,
                                                      LPBACK)));
        value = FIELD_DP32(value, USTA, TRMT, !s->tx_count && !s->tx_busy);
        value = FIELD_DP32(value, USTA, UTXBF, s->tx_count == FIFO_DEPTH);
        break;
    case A_URXREG:
        if (!s->rx_count) {
            return 0;
        }
        value = s->rx_fifo[0] & RX_CHARACTER;
        s->rx_count--;
        memmove(&s->rx_fifo[0], &s->rx_fifo[1],
                s->rx_count * sizeof(s->rx_fifo[0]));
        uart_update_irq(s);
        break;
    }
    return value;
}

static void uart_write_txreg(PIC32Uart *s, uint16_t character)
{
    /* The FIFO is the storage; a byte write must not find an old bit 8. */
    pic32_sfr_set(&s->regs, A_UTXREG, 0);
    if (!uart_on(s) || s->tx_count == FIFO_DEPTH) {
        qemu_log_mask(LOG_GUEST_ERROR, "UART%u: U%uTXREG written while %s:"
                      " the character is lost\n", s->index, s->index,
                      uart_on(s) ? "UTXBF is set" : "the UART is off");
        return;
    }
    s->tx_fifo[s->tx_count++] = character;
    uart_tx_start(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

static void uart_write(void *opaque, hwaddr offset, uint32_t old,
                       uint32_t value)
{
    PIC32Uart *s = opaque;
    uint32_t cleared = old & ~value;

    switch (offset) {
    case A_UMODE:
        if (cleared & R_UMODE_ON_MASK) {
            /* DS60001107 21.3: off resets both buffers and the status bits */
            uart_tx_abort(s);
            uart_rx_abort(s);
            s->rx_count = 0;
            pic32_sfr_set(&s->regs, A_USTA, uart_sta(s) & ~R_USTA_OERR_MASK);
        }
        break;
    case A_USTA:
        if (~old & value & R_USTA_OERR_MASK) {
            value &= ~R_USTA_OERR_MASK;     /* software can only clear it */
            pic32_sfr_set(&s->regs, A_USTA, value);
        }
        if (cleared & R_USTA_OERR_MASK) {
            s->rx_count = 0;                /* and the receive FIFO with it */
            uart_rx_abort(s);
        }
        if (cleared & R_USTA_UTXEN_MASK) {
            uart_tx_abort(s);
        }
        if (cleared & R_USTA_URXEN_MASK) {
            uart_rx_abort(s);
        }
        break;
    case A_UTXREG:
        uart_write_txreg(s, value);
        break;
    }
    uart_tx_start(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    uart_rx_start(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    uart_update_irq(s);
}

static const PIC32SfrDef uart_defs[] = {
    { "UxMODE", A_UMODE, .writable = 0xbbff },
    { "UxSTA", A_USTA, .writable = 0x01fffce2 },
    { "UxTXREG", A_UTXREG, .writable = 0x1ff, .plain = true },
    { "UxRXREG", A_URXREG, .plain = true },
    { "UxBRG", A_UBRG, .writable = 0xffff },
};

static const PIC32SfrOps uart_ops = {
    .read = uart_read,
    .write = uart_write,
};

/* Halts a character under way when the clock stops, and lets it go on. */
static void uart_halt_or_go(PIC32Uart *s, QEMUTimer *timer, bool busy,
                            int64_t *end, int64_t *left)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (!busy) {
        return;
    }
    if (!clock_is_enabled(s->pbclk)) {
        if (timer_pending(timer)) {
            *left = MAX(*end - now, 1);
            timer_del(timer);
        }
    } else if (*left) {
        *end = now + *left;
        *left = 0;
        timer_mod(timer, *end);
    }
}

static void uart_clock_update(void *opaque, ClockEvent event)
{
    PIC32Uart *s = opaque;

    uart_halt_or_go(s, s->tx_timer, s->tx_busy, &s->tx_end, &s->tx_left);
    uart_halt_or_go(s, s->rx_timer, s->rx_busy, &s->rx_end, &s->rx_left);
    s->waking &= !clock_is_enabled(s->pbclk);
    uart_tx_start(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    uart_rx_start(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

static void uart_reset_enter(Object *obj, ResetType type)
{
    PIC32Uart *s = PIC32_UART(obj);

    pic32_sfr_reset(&s->regs);
    uart_tx_abort(s);
    uart_rx_abort(s);
    s->rx_count = 0;
    s->said_no_tx_pin = false;
    s->said_rx_lost = false;
    s->waking = false;
    fifo8_reset(&s->line);
    qemu_chr_fe_accept_input(&s->chr);
}

static void uart_reset_hold(Object *obj)
{
    uart_update_irq(PIC32_UART(obj));
}

static void uart_init(Object *obj)
{
    PIC32Uart *s = PIC32_UART(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    s->pbclk = qdev_init_clock_in(DEVICE(obj), "pbclk", uart_clock_update, s,
                                  ClockUpdate);
    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_UART, MMIO_SIZE, uart_defs,
                   ARRAY_SIZE(uart_defs), &uart_ops, s);
    sysbus_init_mmio(sbd, &s->regs.iomem);
    sysbus_init_irq(sbd, &s->irq_error);
    sysbus_init_irq(sbd, &s->irq_rx);
    sysbus_init_irq(sbd, &s->irq_tx);
}

static void uart_realize(DeviceState *dev, Error **errp)
{
    PIC32Uart *s = PIC32_UART(dev);

    s->tx_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, uart_tx_done, s);
    s->rx_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, uart_rx_done, s);
    pic32_outbox_init(&s->outbox, &s->chr, OUTBOX_BYTES);
    fifo8_create(&s->line, LINE_QUEUE);
    pic32_inputs_connect(s->inputs, uart_channel(s), uart_take_input, s);
    qemu_chr_fe_set_handlers(&s->chr, uart_can_receive, uart_receive,
                             uart_event, uart_backend_changed, s, NULL, true);
}

static const VMStateDescription vmstate_uart = {
    .name = TYPE_PIC32_UART,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Uart),
        VMSTATE_CLOCK(pbclk, PIC32Uart),
        VMSTATE_UINT16_ARRAY(tx_fifo, PIC32Uart, FIFO_DEPTH),
        VMSTATE_UINT8(tx_count, PIC32Uart),
        VMSTATE_UINT16(tsr, PIC32Uart),
        VMSTATE_BOOL(tx_busy, PIC32Uart),
        VMSTATE_BOOL(tx_break, PIC32Uart),
        VMSTATE_INT64(tx_end, PIC32Uart),
        VMSTATE_INT64(tx_left, PIC32Uart),
        VMSTATE_TIMER_PTR(tx_timer, PIC32Uart),
        VMSTATE_UINT16_ARRAY(rx_fifo, PIC32Uart, FIFO_DEPTH),
        VMSTATE_UINT8(rx_count, PIC32Uart),
        VMSTATE_UINT16(rsr, PIC32Uart),
        VMSTATE_BOOL(rx_busy, PIC32Uart),
        VMSTATE_INT64(rx_end, PIC32Uart),
        VMSTATE_INT64(rx_left, PIC32Uart),
        VMSTATE_BOOL(waking, PIC32Uart),
        VMSTATE_TIMER_PTR(rx_timer, PIC32Uart),
        VMSTATE_FIFO8(line, PIC32Uart),
        VMSTATE_END_OF_LIST()
    }
};

static Property uart_properties[] = {
    DEFINE_PROP_UINT8("index", PIC32Uart, index, 1),
    DEFINE_PROP_CHR("chardev", PIC32Uart, chr),
    DEFINE_PROP_LINK("inputs", PIC32Uart, inputs, TYPE_PIC32_INPUTS,
                     PIC32Inputs *),
    DEFINE_PROP_LINK("pps", PIC32Uart, pps, TYPE_PIC32_PPS, PIC32Pps *),
    DEFINE_PROP_END_OF_LIST(),
};

static void uart_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = uart_realize;
    dc->vmsd = &vmstate_uart;
    dc->desc = "PIC32MZ UART";
    set_bit(DEVICE_CATEGORY_INPUT, dc->categories);
    rc->phases.enter = uart_reset_enter;
    rc->phases.hold = uart_reset_hold;
    device_class_set_props(dc, uart_properties);
}

static const TypeInfo uart_types[] = {
    {
        .name = TYPE_PIC32_UART,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Uart),
        .instance_init = uart_init,
        .class_init = uart_class_init,
    },
};

DEFINE_TYPES(uart_types)
