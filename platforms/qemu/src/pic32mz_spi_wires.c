/*
 * PIC32MZ SPI: what is at the other end of a module's pins
 *
 * A device on the board that is selected, the module itself, another module
 * of the chip, or nobody.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "pic32mz_spi_internal.h"

/* SCK1 to SCK6: these are not selectable. */
PIC32Pin pic32_spi_sck(unsigned index)
{
    static const char *const names[PIC32_N_SPIS] = {
        "RD1", "RG6", "RB14", "RD10", "RF13", "RD15",
    };

    return pic32_pin_parse(names[index - 1]);
}

/* Whether the module's SDI hears what some module has on its SDO. */
static bool spi_hears(PIC32Spi *s, PIC32Spi *other)
{
    PIC32Pin pin = pic32_pps_input_pin(s->pps, s->sdi);

    if (FIELD_EX32(spi_con(other), CON, DISSDO)) {
        return false;
    }
    return pic32_pps_output_on(s->pps, other->sdo, pin) ||
           pic32_pps_output_on(s->pps, other->sdo,
                               pic32_jumpers_partner(s->jumpers, pin));
}

/* A slave of this chip on the master's clock line, selected, or NULL. */
static PIC32Spi *spi_slave_of(PIC32Spi *s)
{
    PIC32Pin pin = pic32_jumpers_partner(s->jumpers, s->sck);
    unsigned i;

    for (i = 0; i < PIC32_N_SPIS && pin != PIC32_PIN_NONE; i++) {
        PIC32Spi *peer = s->peers[i];

        if (peer->sck == pin && spi_on(peer) && !spi_master(peer) &&
            !(FIELD_EX32(spi_con(peer), CON, SSEN) &&
              pic32_ports_input(s->ports,
                                pic32_pps_input_pin(s->pps, peer->ss)))) {
            return peer;
        }
    }
    return NULL;
}

/* Exchanges the bytes of a word, the first to go first, with the devices. */
static uint32_t spi_transfer(PIC32Spi *s, uint32_t word, unsigned bits)
{
    bool known = FIELD_EX32(spi_con(s), CON, CKP) !=
                 FIELD_EX32(spi_con(s), CON, CKE);
    uint32_t answer = 0;
    int shift;

    if (!known) {
        word >>= 1;
        if (s->selected && !s->said_mode) {
            qemu_log_mask(LOG_GUEST_ERROR, "SPI%u: CKP and CKE make mode %u:"
                          " the device knows modes 0 and 3\n", s->index,
                          FIELD_EX32(spi_con(s), CON, CKP) ? 2 : 1);
            s->said_mode = true;
        }
    }
    for (shift = bits - 8; shift >= 0; shift -= 8) {
        answer = answer << 8 |
                 (ssi_transfer(s->bus, extract32(word, shift, 8)) & 0xff);
    }
    return known ? answer : answer >> 1;
}

uint32_t pic32_spi_exchange(PIC32Spi *s)
{
    unsigned bits = spi_word_bits(s);
    bool out = pic32_pps_output_routed(s->pps, s->sdo) &&
               !FIELD_EX32(spi_con(s), CON, DISSDO);
    PIC32Pin pin = pic32_pps_input_pin(s->pps, s->sdi);
    PIC32Spi *slave = spi_slave_of(s);
    uint32_t answer = pic32_ports_input(s->ports, pin) ? UINT32_MAX : 0;

    if (!out && !FIELD_EX32(spi_con(s), CON, DISSDO) && !s->said_no_pin) {
        qemu_log_mask(LOG_GUEST_ERROR, "SPI%u: %s is on no pin (RPnR): what is"
                      " sent is lost\n", s->index, s->sdo);
        s->said_no_pin = true;
    }
    if (s->selected) {
        answer = spi_transfer(s, out ? s->sr : UINT32_MAX, bits);
    }
    if (slave) {
        uint32_t word = pic32_spi_clock_slave(slave, spi_hears(slave, s)
                                                     ? s->sr : UINT32_MAX);

        if (spi_hears(s, slave)) {
            answer = word;
        }
    }
    if (spi_hears(s, s)) {
        answer = s->sr;
    }
    /* an analog pin's input buffer is off */
    return pic32_ports_digital(s->ports, pin) ? answer : 0;
}
