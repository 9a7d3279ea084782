/* SPDX-License-Identifier: MIT
 * The data structures of FreeRTOS's scheduler, by their names, around a few lines that only switch when a task asks for
 * it: tasks of which one ends, one has its stack from outside, and two have the same name. CHECKED: with the values that
 * FreeRTOS can keep around its lists to see whether they are still whole.
 */
#include <stddef.h>

#include "guest.h"

#define NOINLINE __attribute__((noinline, noclone))
#define PRIORITIES 3
#define FILL 0xA5

typedef uint32_t StackType_t;
typedef void (*TaskFunction_t)(void *);

#ifdef CHECKED
#define CHECK_VALUE(name) uint32_t name;
#else
#define CHECK_VALUE(name)
#endif

struct xLIST;
struct xLIST_ITEM {
    CHECK_VALUE(first)
    uint32_t xItemValue;
    struct xLIST_ITEM *pxNext, *pxPrevious;
    void *pvOwner;
    struct xLIST *pvContainer;
    CHECK_VALUE(second)
};

struct xMINI_LIST_ITEM {
    CHECK_VALUE(first)
    uint32_t xItemValue;
    struct xLIST_ITEM *pxNext, *pxPrevious;
};

typedef struct xLIST {
    CHECK_VALUE(first)
    uint32_t uxNumberOfItems;
    struct xLIST_ITEM *pxIndex;
    struct xMINI_LIST_ITEM xListEnd;
    CHECK_VALUE(second)
} List_t;

typedef struct tskTaskControlBlock {
    StackType_t *pxTopOfStack;
    struct xLIST_ITEM xStateListItem, xEventListItem;
    uint32_t uxPriority;
    StackType_t *pxStack;
    char pcTaskName[12];
    uint32_t uxMutexesHeld;
} TCB_t;

static List_t pxReadyTasksLists[PRIORITIES], xDelayedTaskList1, xDelayedTaskList2, xPendingReadyList;
static List_t xSuspendedTaskList, xTasksWaitingTermination;
static List_t *const lists[] = {&pxReadyTasksLists[0], &pxReadyTasksLists[1], &pxReadyTasksLists[2],
                                &xDelayedTaskList1, &xDelayedTaskList2, &xPendingReadyList, &xSuspendedTaskList,
                                &xTasksWaitingTermination};
TCB_t *pxCurrentTCB;

static uint8_t ucHeap[8192] __attribute__((aligned(8)));
static size_t heap_used;
static StackType_t outside[151];        /* an odd number of words, at a multiple of 4 */
static TCB_t outside_tcb;

NOINLINE void *pvPortMalloc(size_t size);
NOINLINE void vPortFree(void *block);
NOINLINE StackType_t *pxPortInitialiseStack(StackType_t *top, TaskFunction_t code, void *parameter);
NOINLINE int xTaskCreate(TaskFunction_t code, const char *name, uint32_t depth, void *parameter, uint32_t priority,
                         TCB_t **made);
NOINLINE TCB_t *xTaskCreateStatic(TaskFunction_t code, const char *name, uint32_t depth, void *parameter,
                                  uint32_t priority, StackType_t *stack, TCB_t *tcb);
NOINLINE void *memset(void *to, int value, size_t size);
void switch_stacks(StackType_t **from, StackType_t *to);
void first_stack(StackType_t *to);

/* What the callee must keep lies below the top: $s0 to $s7, $fp, $ra. */
__asm__(
    "   .set noreorder\n"
    "   .text\n"
    "   .globl switch_stacks, first_stack\n"
    "   .type switch_stacks, @function\n"
    "   .type first_stack, @function\n"
    "switch_stacks:\n"
    "   addiu $sp, $sp, -40\n"
    "   sw $16, 0($sp)\n   sw $17, 4($sp)\n   sw $18, 8($sp)\n   sw $19, 12($sp)\n   sw $20, 16($sp)\n"
    "   sw $21, 20($sp)\n  sw $22, 24($sp)\n  sw $23, 28($sp)\n  sw $30, 32($sp)\n   sw $31, 36($sp)\n"
    "   sw $sp, 0($4)\n"
    "   move $4, $5\n"
    "first_stack:\n"
    "   move $sp, $4\n"
    "   lw $16, 0($sp)\n   lw $17, 4($sp)\n   lw $18, 8($sp)\n   lw $19, 12($sp)\n   lw $20, 16($sp)\n"
    "   lw $21, 20($sp)\n  lw $22, 24($sp)\n  lw $23, 28($sp)\n  lw $30, 32($sp)\n   lw $31, 36($sp)\n"
    "   addiu $sp, $sp, 40\n"
    "   jr $31\n"
    "   nop\n"
    "   .size switch_stacks, . - switch_stacks\n"
    "   .set reorder\n");

void *memset(void *to, int value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((volatile uint8_t *)to)[i] = (uint8_t)value;
    }
    return to;
}

/* Gives one after the other; only the last one that was given can come back. */
void *pvPortMalloc(size_t size)
{
    void *block = ucHeap + heap_used;

    size = (size + 7) & ~7u;
    if (size > sizeof ucHeap - heap_used) {
        return NULL;
    }
    heap_used += size;
    return block;
}

void vPortFree(void *block)
{
    heap_used = (size_t)((uint8_t *)block - ucHeap);
}

static void list_begin(List_t *list)
{
    struct xLIST_ITEM *end = (struct xLIST_ITEM *)&list->xListEnd;

    list->uxNumberOfItems = 0;
    list->pxIndex = end;
    end->xItemValue = 0xFFFFFFFF;
    end->pxNext = end->pxPrevious = end;
}

static void list_add(List_t *list, struct xLIST_ITEM *item)
{
    struct xLIST_ITEM *end = (struct xLIST_ITEM *)&list->xListEnd;

    item->pxNext = end;
    item->pxPrevious = end->pxPrevious;
    end->pxPrevious->pxNext = item;
    end->pxPrevious = item;
    item->pvContainer = list;
    list->uxNumberOfItems++;
}

static void list_remove(struct xLIST_ITEM *item)
{
    item->pxPrevious->pxNext = item->pxNext;
    item->pxNext->pxPrevious = item->pxPrevious;
    item->pvContainer->uxNumberOfItems--;
    item->pvContainer = NULL;
}

StackType_t *pxPortInitialiseStack(StackType_t *top, TaskFunction_t code, void *parameter)
{
    (void)parameter;
    top -= 10;
    for (int i = 0; i < 9; i++) {
        top[i] = 0;
    }
    top[9] = (StackType_t)code;
    return top;
}

static void set_up(TCB_t *tcb, StackType_t *stack, TaskFunction_t code, const char *name, uint32_t depth,
                   uint32_t priority)
{
    StackType_t *top = (StackType_t *)((uintptr_t)(stack + depth - 1) & ~7u);

    memset(stack, FILL, depth * sizeof *stack);
    for (unsigned i = 0; i < sizeof tcb->pcTaskName; i++) {
        tcb->pcTaskName[i] = name[i];
        if (!name[i]) {
            break;
        }
    }
    tcb->pcTaskName[sizeof tcb->pcTaskName - 1] = 0;
    tcb->pxStack = stack;
    tcb->uxPriority = priority;
    tcb->xStateListItem.pvOwner = tcb->xEventListItem.pvOwner = tcb;
    tcb->pxTopOfStack = pxPortInitialiseStack(top, code, NULL);
    if (!pxCurrentTCB) {
        for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++) {
            list_begin(lists[i]);
        }
        pxCurrentTCB = tcb;
    }
    list_add(&pxReadyTasksLists[priority], &tcb->xStateListItem);
}

int xTaskCreate(TaskFunction_t code, const char *name, uint32_t depth, void *parameter, uint32_t priority, TCB_t **made)
{
    StackType_t *stack = pvPortMalloc(depth * sizeof *stack);
    TCB_t *tcb = stack ? pvPortMalloc(sizeof *tcb) : NULL;

    (void)parameter;
    if (!tcb) {
        return -1;
    }
    set_up(tcb, stack, code, name, depth, priority);
    if (made) {
        *made = tcb;
    }
    return 1;
}

TCB_t *xTaskCreateStatic(TaskFunction_t code, const char *name, uint32_t depth, void *parameter, uint32_t priority,
                         StackType_t *stack, TCB_t *tcb)
{
    (void)parameter;
    set_up(tcb, stack, code, name, depth, priority);
    return tcb;
}

/* The next task that is ready, of the highest priority, each in its turn. */
static void yield(void)
{
    TCB_t *from = pxCurrentTCB;

    if (from->xStateListItem.pvContainer == &pxReadyTasksLists[from->uxPriority]) {
        list_remove(&from->xStateListItem);
        list_add(&pxReadyTasksLists[from->uxPriority], &from->xStateListItem);
    }
    for (int priority = PRIORITIES - 1; priority >= 0; priority--) {
        if (pxReadyTasksLists[priority].uxNumberOfItems) {
            pxCurrentTCB = pxReadyTasksLists[priority].xListEnd.pxNext->pvOwner;
            break;
        }
    }
    if (pxCurrentTCB != from) {
        switch_stacks(&from->pxTopOfStack, pxCurrentTCB->pxTopOfStack);
    }
}

static void wait_in(List_t *list)
{
    list_remove(&pxCurrentTCB->xStateListItem);
    list_add(list, &pxCurrentTCB->xStateListItem);
    yield();
}

static NOINLINE uint32_t deep(uint32_t levels)
{
    volatile uint32_t space[12];

    space[levels % 12] = levels;
    return (levels ? deep(levels - 1) : 0) + space[levels % 12];
}

static TCB_t *brief;
static volatile uint32_t briefs_done;

static void worker(void *parameter)
{
    (void)parameter;
    deep(3);
    wait_in(&xSuspendedTaskList);
    for (;;) {
        yield();
    }
}

static void with_outside_stack(void *parameter)
{
    (void)parameter;
    deep(1);
    wait_in(&xDelayedTaskList1);
    for (;;) {
        yield();
    }
}

static void short_lived(void *parameter)
{
    (void)parameter;
    deep(5);
    briefs_done++;
    list_remove(&pxCurrentTCB->xStateListItem);
    for (;;) {
        yield();
    }
}

static void idle(void *parameter)
{
    (void)parameter;
    for (int lives = 0; lives < 2; lives++) {
        xTaskCreate(short_lived, "Brief", 160, NULL, 2, &brief);
        while (briefs_done == (uint32_t)lives) {
            yield();
        }
        vPortFree(brief->pxStack);
    }
    for (;;) {
        __asm__ volatile("wait");
    }
}

int main(void)
{
    xTaskCreate(idle, "IDLE", 128, NULL, 0, NULL);
    xTaskCreate(worker, "Worker", 256, NULL, 1, NULL);
    xTaskCreate(worker, "Worker", 200, NULL, 1, NULL);
    xTaskCreateStatic(with_outside_stack, "A name that is too long", 151, NULL, 1, outside, &outside_tcb);
    xTaskCreate(worker, "Too big", 4000, NULL, 1, NULL);
    pxCurrentTCB = pxReadyTasksLists[1].xListEnd.pxNext->pvOwner;
    first_stack(pxCurrentTCB->pxTopOfStack);
    return 0;
}
