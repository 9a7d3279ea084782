/* SPDX-License-Identifier: MIT */
/*
 * lwIP's own header of this name, but for how often it looks at the times of a lease. Every 60 s, a lease of two minutes,
 * the shortest that dnsmasq gives, could be asked for once before it ends. It counts in 16 bits: 91 hours at the most.
 */
#include_next "lwip/dhcp.h"

#undef DHCP_COARSE_TIMER_SECS
#define DHCP_COARSE_TIMER_SECS 5
