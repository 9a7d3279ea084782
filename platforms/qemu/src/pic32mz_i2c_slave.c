/*
 * PIC32MZ I2C: a module as the slave of another one of this chip
 *
 * DS60001116 24.7. Two modules whose SDA and SCL the board joins hear each
 * other: an address that matches I2CxADD is acknowledged, bytes come in
 * I2CxRCV and go out of I2CxTRN, and SCLREL holds the clock until the firmware
 * has answered.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/irq.h"
#include "pic32mz_i2c_internal.h"

PIC32I2c *pic32_i2c_joined(PIC32I2c *s)
{
    PIC32Pin scl = pic32_jumpers_partner(s->jumpers, s->scl);
    PIC32Pin sda = pic32_jumpers_partner(s->jumpers, s->sda);
    unsigned i;

    for (i = 0; i < PIC32_N_I2CS && scl != PIC32_PIN_NONE; i++) {
        if (s->peers[i]->scl == scl && s->peers[i]->sda == sda &&
            i2c_on(s->peers[i])) {
            return s->peers[i];
        }
    }
    return NULL;
}

void pic32_i2c_slave_start(PIC32I2c *s)
{
    s->addressed = false;
    i2c_set_stat(s, R_STAT_P_MASK, R_STAT_S_MASK);
    if (FIELD_EX32(i2c_con(s), CON, SCIE)) {
        qemu_irq_pulse(s->irq_slave);
    }
}

void pic32_i2c_slave_stop(PIC32I2c *s)
{
    s->addressed = false;
    i2c_set_stat(s, R_STAT_S_MASK | R_STAT_R_W_MASK | R_STAT_D_A_MASK |
                    R_STAT_GCSTAT_MASK, R_STAT_P_MASK);
    if (FIELD_EX32(i2c_con(s), CON, PCIE)) {
        qemu_irq_pulse(s->irq_slave);
    }
}

static void i2c_hold_clock(PIC32I2c *s)
{
    pic32_sfr_set(&s->regs, A_CON, i2c_con(s) & ~R_CON_SCLREL_MASK);
}

/* A byte has come. The firmware that has not read the last one loses it. */
static bool i2c_slave_take(PIC32I2c *s, uint8_t byte)
{
    if (FIELD_EX32(i2c_stat(s), STAT, RBF)) {
        i2c_set_stat(s, 0, R_STAT_I2COV_MASK);
        qemu_irq_pulse(s->irq_slave);
        return false;
    }
    pic32_sfr_set(&s->regs, A_RCV, byte);
    i2c_set_stat(s, 0, R_STAT_RBF_MASK);
    if (FIELD_EX32(i2c_con(s), CON, STREN)) {
        i2c_hold_clock(s);
    }
    qemu_irq_pulse(s->irq_slave);
    return true;
}

bool pic32_i2c_slave_address(PIC32I2c *s, uint8_t byte)
{
    uint32_t differ = (byte >> 1) ^ pic32_sfr_get(&s->regs, A_ADD);
    bool general = FIELD_EX32(i2c_con(s), CON, GCEN) && byte == 0;

    s->addressed = false;
    if (!general && (FIELD_EX32(i2c_con(s), CON, A10M) ||
                     differ & ~pic32_sfr_get(&s->regs, A_MSK) & 0x7f)) {
        return false;
    }
    i2c_set_stat(s, R_STAT_R_W_MASK | R_STAT_D_A_MASK | R_STAT_GCSTAT_MASK,
                 (byte & 1 ? R_STAT_R_W_MASK : 0) |
                 (general ? R_STAT_GCSTAT_MASK : 0));
    if (!i2c_slave_take(s, byte)) {
        return false;
    }
    s->addressed = true;
    if (byte & 1) {
        i2c_hold_clock(s);
    }
    return true;
}

bool pic32_i2c_slave_receive(PIC32I2c *s, uint8_t byte)
{
    if (!s->addressed) {
        return false;
    }
    i2c_set_stat(s, 0, R_STAT_D_A_MASK);
    return i2c_slave_take(s, byte);
}

uint8_t pic32_i2c_slave_transmit(PIC32I2c *s)
{
    if (!s->addressed) {
        return 0xff;
    }
    i2c_set_stat(s, R_STAT_TBF_MASK, 0);
    return pic32_sfr_get(&s->regs, A_TRN);
}

/* The master has answered the byte that went out: will it have another? */
void pic32_i2c_slave_acknowledged(PIC32I2c *s, bool acknowledged)
{
    if (!s->addressed) {
        return;
    }
    i2c_set_stat(s, R_STAT_ACKSTAT_MASK, R_STAT_D_A_MASK |
                 (acknowledged ? 0 : R_STAT_ACKSTAT_MASK));
    if (acknowledged) {
        i2c_hold_clock(s);
    }
    qemu_irq_pulse(s->irq_slave);
}

bool pic32_i2c_slave_holds_clock(PIC32I2c *s)
{
    return s->addressed && !FIELD_EX32(i2c_con(s), CON, SCLREL);
}
