/* SPDX-License-Identifier: MIT
 * A bootloader that speaks a part of STK500v2 (Atmel AVR068) on UART2 at 1 Mbit/s: it receives a program, writes it into
 * program flash with code that runs from RAM, reads it back when asked, and jumps to it.
 */
#include "flash.h"

#define U2MODE  SFR(0x1F822200)
#define U2STA   SFR(0x1F822210)
#define U2TXREG SFR(0x1F822220)
#define U2RXREG SFR(0x1F822230)
#define U2BRG   SFR(0x1F822240)
#define U2STA_URXDA (1 << 0)
#define U2STA_TRMT  (1 << 8)
#define U2STA_UTXBF (1 << 9)
#define U2RXR   SFR(0x1F801470)
#define RPB14R  SFR(0x1F801578)
#define ANSELB  SFR(0x1F860100)
#define ANSELG  SFR(0x1F860600)

#define MESSAGE_START   0x1B
#define TOKEN           0x0E
#define CMD_SIGN_ON             0x01
#define CMD_LOAD_ADDRESS        0x06
#define CMD_LEAVE_PROGMODE_ISP  0x11
#define CMD_PROGRAM_FLASH_ISP   0x13
#define CMD_READ_FLASH_ISP      0x14
#define STATUS_CMD_OK           0x00
#define STATUS_CMD_FAILED       0xC0
#define STATUS_CMD_UNKNOWN      0xC9

#define PAGE        0x4000
#define APPLICATION 0x9D013F00      /* behind the bootloader's own pages, and over the end of one */

static uint8_t message[320], answer[320];
static uint32_t address;            /* physical; CMD_LOAD_ADDRESS counts 16-bit words from the start of flash */
static uint32_t loaded;             /* and nothing is written there yet */

static uint8_t get(void)
{
    while (!(U2STA & U2STA_URXDA)) {
    }
    return U2RXREG;
}

static void put(uint8_t byte)
{
    while (U2STA & U2STA_UTXBF) {
    }
    U2TXREG = byte;
}

/* The size of the next good message's body, in `message`; `sequence` is its number. */
static unsigned receive(uint8_t *sequence)
{
    for (;;) {
        uint8_t sum = MESSAGE_START, byte;
        unsigned size, i;

        while (get() != MESSAGE_START) {
        }
        sum ^= *sequence = get();
        byte = get();
        size = byte << 8;
        sum ^= byte;
        sum ^= byte = get();
        size |= byte;
        sum ^= byte = get();
        if (byte != TOKEN || size > sizeof(message)) {
            continue;
        }
        for (i = 0; i < size; i++) {
            sum ^= message[i] = get();
        }
        if (get() == sum) {
            return size;
        }
    }
}

static void reply(uint8_t sequence, unsigned size)
{
    uint8_t head[5] = { MESSAGE_START, sequence, size >> 8, size, TOKEN };
    uint8_t sum = 0;
    unsigned i;

    for (i = 0; i < sizeof(head); i++) {
        put(head[i]);
        sum ^= head[i];
    }
    for (i = 0; i < size; i++) {
        put(answer[i]);
        sum ^= answer[i];
    }
    put(sum);
}

/* Writes quad words; the first one, and the first of every page, erases the page. */
static uint32_t program(const uint8_t *data, unsigned size)
{
    uint32_t words[4], errors = 0;
    unsigned i;

    for (; size; size -= 16, address += 16) {
        for (i = 0; i < 4; i++, data += 4) {
            words[i] = data[0] | data[1] << 8 | data[2] << 16 | (uint32_t)data[3] << 24;
        }
        if (loaded || address % PAGE == 0) {
            loaded = 0;
            NVMADDR = address;
            errors |= IN_RAM(nvm_operation)(NVM_PAGE_ERASE);
        }
        errors |= program_quad_word(address, words);
    }
    return errors;
}

static unsigned serve(void)
{
    unsigned size = message[1] << 8 | message[2], i;

    answer[0] = message[0];
    answer[1] = STATUS_CMD_OK;
    switch (message[0]) {
    case CMD_SIGN_ON:
        answer[2] = 8;
        for (i = 0; i < 8; i++) {
            answer[3 + i] = "PIC32_BL"[i];
        }
        return 11;
    case CMD_LOAD_ADDRESS:
        address = (uint32_t)message[1] << 24 | message[2] << 16 | message[3] << 8 | message[4];
        address = 0x1D000000 + address * 2;
        loaded = 1;
        return 2;
    case CMD_PROGRAM_FLASH_ISP:
        if (address < (APPLICATION & 0x1FFFFFFF) || size % 16 || size > 256 || program(message + 10, size)) {
            answer[1] = STATUS_CMD_FAILED;
        }
        return 2;
    case CMD_READ_FLASH_ISP:
        if (size > 256) {
            answer[1] = STATUS_CMD_FAILED;
            return 2;
        }
        for (i = 0; i < size; i++) {
            answer[2 + i] = *(volatile uint8_t *)(0xA0000000 + address++);
        }
        answer[2 + size] = STATUS_CMD_OK;
        return 3 + size;
    case CMD_LEAVE_PROGMODE_ISP:
        return 2;
    }
    answer[1] = STATUS_CMD_UNKNOWN;
    return 2;
}

int main(void)
{
    uint8_t sequence;

    copy_ramcode();
    ANSELB = 0;
    ANSELG = 0;
    U2RXR = 1;                              /* RG6 */
    RPB14R = 2;                             /* U2TX */
    U2BRG = 24;                             /* PBCLK2 100 MHz / 4 / 25 */
    U2STA = 1 << 12 | 1 << 10;              /* URXEN, UTXEN */
    U2MODE = 1 << 15 | 1 << 3;              /* ON, BRGH */
    do {
        receive(&sequence);
        reply(sequence, serve());
    } while (message[0] != CMD_LEAVE_PROGMODE_ISP);
    while (!(U2STA & U2STA_TRMT)) {
    }
    ((void (*)(void))APPLICATION)();
    return 0;
}
