/* SPDX-License-Identifier: MIT
 * The TLB (DS60001320 figure 4-1, FRM section 50, DS60001192): start-up's wired entries for the windows of EBI and SQI
 * in KSEG2 (cached) and KSEG3 (uncached), RAM on the external bus through them, pages that a refill handler gets from a
 * table, and the exceptions: refill, invalid, modified, read inhibit.
 * Run with: -machine ebi-ram=4096
 */
#include "guest.h"

#define EBICS0      SFR(0x1F8E1014)
#define EBIMSK0     SFR(0x1F8E1054)
#define EBIMSK_SRAM (1 << 5)
#define EBIMSK_4MIB 7
#define DMACON      SFR(0x1F811000)
#define DCH0(reg)   SFR(0x1F811060 + (reg))

#define EBI         0x20000000      /* physical */
#define SQI         0x30000000
#define KSEG2_EBI   0xC0000000
#define KSEG2_SQI   0xD0000000
#define KSEG3_EBI   0xE0000000
#define KSEG3_SQI   0xF0000000
#define WORD(address) (*(volatile uint32_t *)(address))

#define ENTRIES     16
#define WIRED       4
#define G           1
#define V           2
#define D           4
#define UNCACHED    (2 << 3)
#define CACHED      (3 << 3)
#define RI          (1u << 31)
#define MASK_4K     0
#define MASK_16M    0x01FFE000
#define MASK_64M    0x07FFE000

#define GET_INDEX()     MFC0(0, 0)
#define GET_RANDOM()    MFC0(1, 0)
#define GET_ENTRYLO0()  MFC0(2, 0)
#define GET_ENTRYLO1()  MFC0(3, 0)
#define GET_CONTEXT()   MFC0(4, 0)
#define GET_PAGEMASK()  MFC0(5, 0)
#define GET_WIRED()     MFC0(6, 0)
#define GET_ENTRYHI()   MFC0(10, 0)
#define GET_CONFIG1()   MFC0(16, 1)
#define SET_INDEX(v)    MTC0(0, 0, v)
#define SET_CONTEXT(v)  MTC0(4, 0, v)
#define SET_PAGEGRAIN(v) MTC0(5, 1, v)
#define SET_WIRED(v)    MTC0(6, 0, v)
#define SET_ENTRYHI(v)  MTC0(10, 0, v)
#define TLB(operation)  __asm__ volatile(operation "; ehb" : : : "memory")
#define NOT_FOUND       (1u << 31)  /* Index.P */

#define PAGEGRAIN_RIE_IEC (1u << 31 | 1 << 27)
#define STATUS_EXL      2

#define MODIFIED        1           /* Cause.ExcCode */
#define TLB_LOAD        2
#define TLB_STORE       3
#define ADDRESS_LOAD    4
#define READ_INHIBIT    19
#define EXCCODE()       (RESULT->cause >> 2 & 0x1F)

/* Pairs of 4 KiB pages that are in RAM from 256 KiB on; Context, with this base, is the address of a pair's slot. */
#define PTE_BASE        0x80000000
#define PAGED           0x04000000
#define PAIRS           20
#define SLOT(pair)      ((volatile uint32_t *)(PTE_BASE | (PAGED + (pair) * 0x2000) >> 13 << 4))
#define FRAME(page)     (0x40000 + (page) * 0x1000)

volatile uint32_t refills, paging;
static uint32_t expected_epc, seen;
static uint32_t randoms[40];        /* a snapshot's restart is compared with the undisturbed run */

/* EBase + 0: counted, then filled from the table and run again, or recorded and skipped like any exception. */
__asm__(".text\n\t.set push\n\t.set noreorder\n\t.globl _refill\n_refill:\n\t"
        "lui $26, %hi(refills)\n\tlw $27, %lo(refills)($26)\n\taddiu $27, $27, 1\n\tsw $27, %lo(refills)($26)\n\t"
        "lui $26, %hi(paging)\n\tlw $27, %lo(paging)($26)\n\tbeqz $27, 1f\n\tnop\n\t"
        "mfc0 $27, $4\n\tlw $26, 0($27)\n\tmtc0 $26, $2\n\tlw $26, 8($27)\n\tmtc0 $26, $3\n\tehb\n\t"
        "tlbwr\n\teret\n1:\tj _exception\n\tnop\n\t.set pop");

static void write_entry(uint32_t index, uint32_t virtual, uint32_t mask, uint32_t lo0, uint32_t lo1)
{
    SET_INDEX(index);
    MTC0(5, 0, mask);
    SET_ENTRYHI(virtual);
    MTC0(2, 0, lo0);
    MTC0(3, 0, lo1);
    TLB("tlbwi");
}

static uint32_t lo(uint32_t physical, uint32_t bits)
{
    return physical >> 6 | bits;
}

/* A pair of 16 MiB pages, for all address spaces. */
static void map(uint32_t index, uint32_t virtual, uint32_t physical, uint32_t attribute)
{
    uint32_t bits = attribute | D | V | G;

    write_entry(index, virtual, MASK_16M, lo(physical, bits), lo(physical + 0x01000000, bits));
}

static int is_mapped(uint32_t index, uint32_t virtual, uint32_t physical, uint32_t attribute)
{
    uint32_t bits = attribute | D | V | G;

    SET_INDEX(index);
    TLB("tlbr");
    return (GET_ENTRYHI() & ~0xFFu) == virtual && GET_PAGEMASK() == MASK_16M &&
           GET_ENTRYLO0() == lo(physical, bits) && GET_ENTRYLO1() == lo(physical + 0x01000000, bits);
}

static uint32_t probe(uint32_t entryhi)
{
    SET_ENTRYHI(entryhi);
    TLB("tlbp");
    return GET_INDEX();
}

static void load(uint32_t address)
{
    __asm__ volatile("la $8, 1f; sw $8, %0; .set push; .set noreorder; 1: lw $9, 0(%1); nop; .set pop"
                     : "=m"(expected_epc) : "r"(address) : "$8", "$9", "memory");
}

static void store(uint32_t address, uint32_t value)
{
    __asm__ volatile("la $8, 1f; sw $8, %0; .set push; .set noreorder; 1: sw %2, 0(%1); nop; .set pop"
                     : "=m"(expected_epc) : "r"(address), "r"(value) : "$8", "memory");
}

/* The access just made was this exception: ExcCode, EPC and BadVAddr say so. */
static int faulted(uint32_t code, uint32_t address)
{
    return RESULT->exceptions == ++seen && EXCCODE() == code && RESULT->epc == expected_epc &&
           RESULT->badvaddr == address;
}

static int page_is_named(uint32_t address)
{
    return GET_ENTRYHI() >> 13 == address >> 13 && (GET_CONTEXT() & 0x7FFFFF) == (address >> 13 << 4);
}

static void dma_copy(uint32_t from, uint32_t to, unsigned size)
{
    DMACON = 1 << 15;
    DCH0(0x30) = from;
    DCH0(0x40) = to;
    DCH0(0x50) = size;
    DCH0(0x60) = size;
    DCH0(0x90) = size;
    DCH0(0x00) = 1 << 7;                    /* CHEN */
    DCH0(0x10 + SET) = 0;
    DCH0(0x18) = 1 << 7;                    /* CFORCE */
    while (!(DCH0(0x20) & 1 << 3)) {        /* CHBCIF */
    }
    DCH0(0x20) = 0;
}

static void wired_windows(void)
{
    CHECK((GET_CONFIG1() >> 25 & 0x3F) == ENTRIES - 1);
    for (unsigned i = 0; i < ENTRIES; i++) {
        write_entry(i, 0x70000000 + i * 0x2000, MASK_4K, 0, 0);
    }
    map(0, KSEG2_EBI, EBI, CACHED);
    map(1, KSEG3_EBI, EBI, UNCACHED);
    map(2, KSEG2_SQI, SQI, CACHED);
    map(3, KSEG3_SQI, SQI, UNCACHED);
    SET_WIRED(WIRED);
    CHECK(GET_WIRED() == WIRED);
    CHECK(GET_RANDOM() == ENTRIES - 1);
    CHECK(probe(KSEG2_EBI) == 0 && probe(KSEG3_EBI + 0x01FFE000) == 1);
    CHECK(probe(KSEG2_SQI + 0x01000000) == 2 && probe(KSEG3_SQI) == 3);
    CHECK(probe(KSEG3_EBI + 0x02000000) & NOT_FOUND);
    CHECK(probe(0x70000000 + 15 * 0x2000) == 15);
}

static void ram_on_the_external_bus(void)
{
    static volatile uint32_t copy[2];

    EBICS0 = EBI;
    EBIMSK0 = EBIMSK_SRAM | EBIMSK_4MIB;
    WORD(KSEG2_EBI) = 0x12345678;
    CHECK(WORD(KSEG3_EBI) == 0x12345678);
    WORD(KSEG3_EBI + 0x3FFFFC) = 0x600D0001;
    CHECK(WORD(KSEG2_EBI + 0x3FFFFC) == 0x600D0001);
    *(volatile uint8_t *)(KSEG3_EBI + 5) = 0xAB;
    CHECK(*(volatile uint16_t *)(KSEG2_EBI + 4) >> 8 == 0xAB);
    dma_copy(EBI, (uint32_t)copy & 0x1FFFFFFF, sizeof(copy));
    CHECK(*(volatile uint32_t *)((uint32_t)copy | 0xA0000000) == 0x12345678);
    EBICS0 = EBI + 0x01400000;              /* in the odd page of the pair */
    CHECK(WORD(KSEG2_EBI + 0x01400000) == 0x12345678);
    CHECK(WORD(KSEG3_EBI + 0x017FFFFC) == 0x600D0001);

    /* pages of 64 MiB: the whole window is the even one */
    EBICS0 = EBI + 0x03C00000;
    write_entry(4, 0x40000000, MASK_64M, lo(EBI, UNCACHED | D | V | G), lo(SQI, UNCACHED | D | V | G));
    CHECK(WORD(0x43C00000) == 0x12345678 && RESULT->exceptions == seen);
    EBICS0 = EBI;
}

static void refill_exceptions(void)
{
    uint32_t status = CP0_STATUS();

    SET_CONTEXT(0);
    load(KSEG3_EBI + 0x02345678);
    CHECK(faulted(TLB_LOAD, KSEG3_EBI + 0x02345678) && refills == 1 && page_is_named(KSEG3_EBI + 0x02345678));
    store(0x00001234, 1);
    CHECK(faulted(TLB_STORE, 0x00001234) && refills == 2 && page_is_named(0x00001234));
    load(KSEG3_EBI + 2);                    /* misaligned, so the TLB is not asked */
    CHECK(faulted(ADDRESS_LOAD, KSEG3_EBI + 2) && refills == 2);
    load(0x80000001);
    CHECK(faulted(ADDRESS_LOAD, 0x80000001) && refills == 2);

    /* with EXL set already, to the general vector, and EPC stays; ERET goes where `resume` says */
    __asm__ volatile("la $8, 1f; sw $8, %0; mtc0 $0, $14; mtc0 %1, $12; ehb; lw $9, 0(%2); nop; 1: nop"
                     : "=m"(RESULT->resume) : "r"(status | STATUS_EXL), "r"(0x00005678) : "$8", "$9", "memory");
    RESULT->resume = 0;
    CHECK(RESULT->exceptions == ++seen && EXCCODE() == TLB_LOAD && RESULT->epc == 0 && refills == 2);
    CHECK(CP0_STATUS() == status);
}

static void protected_pages(void)
{
    uint32_t here = lo(FRAME(0), CACHED | D | V), no_write = lo(FRAME(1), CACHED | V);
    uint32_t before = refills;

    WORD(0xA0000000 + FRAME(0)) = 0xF00;
    WORD(0xA0000000 + FRAME(1)) = 0xF01;
    write_entry(5, 0x08000000 | 7, MASK_4K, here, no_write);
    CHECK(WORD(0x08000000) == 0xF00 && WORD(0x08001000) == 0xF01);
    store(0x08001000, 1);
    CHECK(faulted(MODIFIED, 0x08001000) && page_is_named(0x08001000) && WORD(0xA0000000 + FRAME(1)) == 0xF01);
    store(0x08000000, 2);
    CHECK(RESULT->exceptions == seen && WORD(0xA0000000 + FRAME(0)) == 2);

    write_entry(5, 0x08000000 | 7, MASK_4K, here & ~V, no_write);
    load(0x08000010);
    CHECK(faulted(TLB_LOAD, 0x08000010) && page_is_named(0x08000010));
    store(0x08000010, 3);
    CHECK(faulted(TLB_STORE, 0x08000010));
    CHECK(refills == before);               /* none of these: the general vector */

    /* of address space 7: not there in another */
    write_entry(5, 0x08000000 | 7, MASK_4K, here, no_write);
    CHECK(probe(0x08000000 | 7) == 5 && probe(0x08000000 | 8) & NOT_FOUND);
    load(0x08000000);
    CHECK(faulted(TLB_LOAD, 0x08000000) && refills == before + 1);
    SET_ENTRYHI(7);
    CHECK(WORD(0x08000000) == 2 && RESULT->exceptions == seen);

    SET_PAGEGRAIN(PAGEGRAIN_RIE_IEC);
    write_entry(5, 0x08000000 | 7, MASK_4K, here | RI, no_write);
    load(0x08000000);
    CHECK(faulted(READ_INHIBIT, 0x08000000));
    store(0x08000000, 4);
    CHECK(RESULT->exceptions == seen && WORD(0xA0000000 + FRAME(0)) == 4);
    SET_PAGEGRAIN(0);
}

static void pages_from_a_table(void)
{
    uint32_t before;

    for (unsigned page = 0; page < 2 * PAIRS; page++) {
        SLOT(page / 2)[page % 2 * 2] = lo(FRAME(page), CACHED | D | V | G);
        WORD(0xA0000000 + FRAME(page)) = 0;
    }
    SET_CONTEXT(PTE_BASE);
    MTC0(5, 0, MASK_4K);
    before = refills;
    paging = 1;
    for (unsigned round = 1; round <= 5; round++) {
        for (unsigned page = 0; page < 2 * PAIRS; page++) {
            WORD(PAGED + page * 0x1000 + 4 * round) = 0x1000 * round + page;
        }
    }
    CHECK(refills - before >= PAIRS + 4 * (PAIRS - (ENTRIES - WIRED)));    /* they are more than the entries */
    for (unsigned page = 0; page < 2 * PAIRS; page++) {
        for (unsigned round = 1; round <= 5; round++) {
            CHECK(WORD(0xA0000000 + FRAME(page) + 4 * round) == 0x1000 * round + page);
        }
    }
    paging = 0;
    CHECK(RESULT->exceptions == seen);
}

int main(void)
{
    wired_windows();
    ram_on_the_external_bus();
    refill_exceptions();
    protected_pages();
    pages_from_a_table();

    /* TLBWR took none of the wired entries, nor does Random ever name one */
    CHECK(is_mapped(0, KSEG2_EBI, EBI, CACHED) && is_mapped(1, KSEG3_EBI, EBI, UNCACHED));
    CHECK(is_mapped(2, KSEG2_SQI, SQI, CACHED) && is_mapped(3, KSEG3_SQI, SQI, UNCACHED));
    for (unsigned i = 0; i < sizeof(randoms) / sizeof(randoms[0]); i++) {
        randoms[i] = GET_RANDOM();
        CHECK(randoms[i] >= WIRED && randoms[i] < ENTRIES);
    }
    SET_WIRED(ENTRIES - 1);
    CHECK(GET_RANDOM() == ENTRIES - 1 && GET_RANDOM() == ENTRIES - 1);
    return 0;
}
