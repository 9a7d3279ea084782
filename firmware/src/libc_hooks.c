/* SPDX-License-Identifier: MIT */
/* What newlib asks of a system. There is no heap: memory comes from lwIP's pools and statics. */
#include <errno.h>
#include <stddef.h>
#include <reent.h>

void *_sbrk_r(struct _reent *reent, ptrdiff_t increment)
{
    (void)increment;
    reent->_errno = ENOMEM;
    return (void *)-1;
}
