/* SPDX-License-Identifier: MIT */
/* lwIP's options for the station: everything so large that the board's side is what limits. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS                      1
#define SYS_LIGHTWEIGHT_PROT        0
#define LWIP_NETCONN                0
#define LWIP_SOCKET                 0
#define LWIP_SINGLE_NETIF           1

/* Memory: one static heap, which the kernel gives pages to as they are used. */
#define MEM_ALIGNMENT               8
#define MEM_SIZE                    (8 * 1024 * 1024)
#define MEMP_MEM_MALLOC             1
#define LWIP_STATS                  0

#define LWIP_IPV4                   1
#define LWIP_IPV6                   0
#define LWIP_ICMP                   1
#define LWIP_RAW                    1               /* ping */
#define LWIP_UDP                    0
#define LWIP_DHCP                   0
#define ETH_PAD_SIZE                0

/* TCP as a desktop's. A delayed acknowledgement is sent with every second segment or after 40 ms; retransmission
 * time-outs are counted in 80 ms and are 240 ms at least. */
#define TCP_MSS                     1460
#define LWIP_WND_SCALE              1
#define TCP_RCV_SCALE               4
#define TCP_WND                     (512 * 1024)
#define TCP_SND_BUF                 (512 * 1024)
#define TCP_SND_QUEUELEN            4096
#define TCP_SNDLOWAT                32768
#define TCP_SNDQUEUELOWAT           (TCP_SND_QUEUELEN / 2)
#define TCP_QUEUE_OOSEQ             1
#define TCP_TMR_INTERVAL            40
#define TCP_MSL                     1000UL          /* the other end is an arm's length away */

#endif
