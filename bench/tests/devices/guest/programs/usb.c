/* SPDX-License-Identifier: MIT
 * USB with nothing plugged in, in the steps of a driver: soft reset, endpoints through the index registers, attach as a
 * device, then a session as a host. Neither hangs, and no interrupt comes (DS60001320 chapter 11).
 */
#include "guest.h"

#define USB(offset)     SFR(0x1F8E3000 + (offset))
#define USB8(offset)    (*(volatile uint8_t *)(0xBF8E3000 + (offset)))
#define USB16(offset)   (*(volatile uint16_t *)(0xBF8E3000 + (offset)))
#define USBCRCON        SFR(0x1F884000)
#define CSR0            0x000
#define CSR1            0x004
#define CSR2            0x008
#define INDEX           0x00E       /* the byte of USBCSR3 */
#define IENCSR0         0x010
#define OTG             0x060
#define FIFOA           0x064
#define EOFRST          0x07C
#define VECTOR_USB      132
#define VECTOR_USB_DMA  133

static volatile uint32_t interrupts;

static void __attribute__((interrupt("eic"))) usb_handler(void)
{
    interrupts++;
    (void)USB(CSR0);
    (void)USB(CSR1);
    (void)USB(CSR2);
    IFSCLR(VECTOR_USB) = BIT(VECTOR_USB);
    IFSCLR(VECTOR_USB_DMA) = BIT(VECTOR_USB_DMA);
}

static void wait_us(uint32_t us)
{
    uint32_t start = CP0_COUNT();

    while (CP0_COUNT() - start < us * 100) {
    }
}

static void soft_reset(void)
{
    USB8(EOFRST + 3) = 3;
    while (USB8(EOFRST + 3) & 3) {
    }
}

int main(void)
{
    INTCON = INTCON_MVEC;
    attach(VECTOR_USB, usb_handler, 4, 0);
    attach(VECTOR_USB_DMA, usb_handler, 4, 0);
    interrupts_on();

    USBCRCON = 1 << 2;                      /* USBIE */
    soft_reset();
    CHECK(USB8(CSR0 + 1) == 0x20);          /* HSEN */

    /* a bulk endpoint pair, 512 bytes, behind the 64 of endpoint 0 */
    USB8(INDEX) = 1;
    USB16(IENCSR0) = 512;
    USB16(IENCSR0 + 4) = 512;
    USB8(OTG + 2) = 6;
    USB8(OTG + 3) = 6;
    USB(FIFOA) = (64 + 512) / 8 << 16 | 64 / 8;
    USB16(IENCSR0 + 2) = 1 << 6 | 1 << 3;   /* CLRDT, FLUSH */
    USB8(INDEX) = 0;
    CHECK(USB(0x110) == 512 && USB(0x114) == 512);

    USBCRCON |= 1 << 9 | 1 << 8 | 1 << 6;   /* ID high: a device; VBUS is watched */
    USB8(CSR2 + 3) = 0xF7;                  /* all but start of frame */
    USB8(CSR1 + 2) = 0xFF;
    USB8(CSR0 + 1) |= 0x40;                 /* SOFTCONN: attached */
    wait_us(2000);
    CHECK((USB(OTG) >> 3 & 3) == 0);        /* no VBUS */
    CHECK(USB(OTG) & 1 << 7);
    CHECK((USB(CSR0) & 0x1000) == 0);
    USB8(CSR0 + 1) &= ~0x40;

    soft_reset();
    USBCRCON &= ~(1u << 8);                 /* ID low: a host */
    USB8(CSR2 + 3) = 0xF7;
    USB8(OTG) = 1;                          /* SESSION */
    wait_us(2000);
    CHECK((USB(OTG) & 0xFF) == (1 | 1 << 2 | 3 << 3));
    CHECK((USB(CSR2) & 0x00FF0000) == 0);   /* no connection */
    CHECK(interrupts == 0);
    return 0;
}
