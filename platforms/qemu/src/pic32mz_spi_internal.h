/*
 * PIC32MZ SPI: what its parts share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_SPI_INTERNAL_H
#define HW_MIPS_PIC32MZ_SPI_INTERNAL_H

#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "pic32mz_jumpers.h"
#include "pic32mz_ports.h"
#include "pic32mz_pps.h"
#include "pic32mz_sfr.h"
#include "pic32mz_spi.h"

REG32(CON, 0x00)
    FIELD(CON, SRXISEL, 0, 2)
    FIELD(CON, STXISEL, 2, 2)
    FIELD(CON, DISSDI, 4, 1)
    FIELD(CON, MSTEN, 5, 1)
    FIELD(CON, CKP, 6, 1)
    FIELD(CON, SSEN, 7, 1)
    FIELD(CON, CKE, 8, 1)
    FIELD(CON, MODE16, 10, 1)
    FIELD(CON, MODE32, 11, 1)
    FIELD(CON, DISSDO, 12, 1)
    FIELD(CON, ON, 15, 1)
    FIELD(CON, ENHBUF, 16, 1)
    FIELD(CON, MCLKSEL, 23, 1)
    FIELD(CON, MSSEN, 28, 1)
    FIELD(CON, FRMPOL, 29, 1)
REG32(STAT, 0x10)
    FIELD(STAT, SPIRBF, 0, 1)
    FIELD(STAT, SPITBF, 1, 1)
    FIELD(STAT, SPITBE, 3, 1)
    FIELD(STAT, SPIRBE, 5, 1)
    FIELD(STAT, SPIROV, 6, 1)
    FIELD(STAT, SRMT, 7, 1)
    FIELD(STAT, SPITUR, 8, 1)
    FIELD(STAT, SPIBUSY, 11, 1)
    FIELD(STAT, FRMERR, 12, 1)
    FIELD(STAT, TXBUFELM, 16, 5)
    FIELD(STAT, RXBUFELM, 24, 5)
REG32(BUF, 0x20)
REG32(BRG, 0x30)
REG32(CON2, 0x40)
    FIELD(CON2, AUDMONO, 3, 1)
    FIELD(CON2, AUDEN, 7, 1)
    FIELD(CON2, IGNTUR, 8, 1)
    FIELD(CON2, IGNROV, 9, 1)
    FIELD(CON2, SPITUREN, 10, 1)
    FIELD(CON2, SPIROVEN, 11, 1)
    FIELD(CON2, FRMERREN, 12, 1)
    FIELD(CON2, SPISGNEXT, 15, 1)

#define PIC32_SPI_FIFO_MAX 16     /* words of a FIFO that holds the smallest */

struct PIC32Spi {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    Clock *pbclk;
    Clock *refclk;
    PIC32Ports *ports;
    PIC32Pps *pps;
    PIC32Jumpers *jumpers;
    SSIBus *bus;
    PIC32Spi *const *peers;
    uint8_t index;
    char sdi[8], sdo[8], ss[8];     /* names of the functions: "SDI1" */
    PIC32Pin sck;
    qemu_irq irq_error;
    qemu_irq irq_rx;
    qemu_irq irq_tx;
    unsigned selected;              /* devices that the board has selected */

    uint32_t tx_fifo[PIC32_SPI_FIFO_MAX];   /* oldest first */
    uint8_t tx_count;
    uint32_t tx_word;               /* a word that is written by bytes */
    uint32_t rx_fifo[PIC32_SPI_FIFO_MAX];
    uint8_t rx_count;
    uint32_t sr;                    /* the word being sent */
    bool busy;
    bool audio_sent;                /* an audio master has had data to send */
    bool audio_again;               /* AUDMONO: the word goes out once more */
    int64_t end;                    /* of the word's last bit, virtual ns */
    QEMUTimer *timer;

    bool said_no_pin;
    bool said_mode;
};

static inline uint32_t spi_con(PIC32Spi *s)
{
    return pic32_sfr_get(&s->regs, A_CON);
}

static inline uint32_t spi_con2(PIC32Spi *s)
{
    return pic32_sfr_get(&s->regs, A_CON2);
}

static inline bool spi_on(PIC32Spi *s)
{
    return FIELD_EX32(spi_con(s), CON, ON);
}

static inline bool spi_master(PIC32Spi *s)
{
    return FIELD_EX32(spi_con(s), CON, MSTEN);
}

static inline bool spi_audio(PIC32Spi *s)
{
    return FIELD_EX32(spi_con2(s), CON2, AUDEN);
}

/* Bits of data in a word: DS60001320 register 19-1, MODE<32,16>. */
static inline unsigned spi_word_bits(PIC32Spi *s)
{
    bool mode16 = FIELD_EX32(spi_con(s), CON, MODE16);

    if (FIELD_EX32(spi_con(s), CON, MODE32)) {
        return spi_audio(s) && mode16 ? 24 : 32;
    }
    return spi_audio(s) || mode16 ? 16 : 8;
}

/* pic32mz_spi_wires.c */

/* The pin of the module's clock. */
PIC32Pin pic32_spi_sck(unsigned index);

/* All bits of the word in SR have passed: what SDI has seen meanwhile. */
uint32_t pic32_spi_exchange(PIC32Spi *s);

/* pic32mz_spi.c */

/* A master has clocked a word into a slave; returns the one that came out. */
uint32_t pic32_spi_clock_slave(PIC32Spi *s, uint32_t word);

#endif
