# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       Addresses among hosts of the real world: dnsmasq's leases, and a cable from the board straight to a PC.
...                 Network `tap`: they are programs of this computer and its kernel, in network namespaces of our own.
Resource            ../board.resource
Suite Setup         Network Tap Should Be Possible
Test Teardown       Stop Emulation
Test Tags           tap


*** Test Cases ***
Dnsmasq Gives A Lease And Renews It
    Power Up    tap
    PC Serves DHCP    lease=120
    Wait For DHCP Message    request
    Wait For An Address From DHCP
    ${lease}=    Lease Of Board
    Should Be Equal    ${lease.name}    ${NAME}
    ${request}=    Wait For DHCP Message    request    timeout=130
    Should Be Equal    ${request.packet[3].ciaddr}    ${lease.address}
    Run For    1
    ${renewed}=    Lease Of Board
    Should Be Equal    ${renewed.address}    ${lease.address}
    Should Be True    $renewed.until_wall > $lease.until_wall
    Run At PC    ping -c 1 -W 5 ${lease.address}

Dnsmasq Goes And Comes Back
    [Documentation]    When its lease has run out the board gives itself an address, and takes a lease when there is one.
    Power Up    tap
    PC Serves DHCP    lease=120
    Wait For An Address From DHCP
    PC Stops Serving DHCP
    Wait For Line On Uart    IP Address: 0.0.0.0    timeout=190
    Wait For Line On Uart    IP Address: ${FIRST ADDRESS}    timeout=15
    Run At PC    ping -c 1 -W 5 ${FIRST ADDRESS}
    PC Serves DHCP
    Wait For Line On Uart    IP Address: 10\\.0\\.2\\.\\d+    treatAsRegex=true    timeout=130
    ${lease}=    Lease Of Board
    Run At PC    ping -c 1 -W 5 ${lease.address}

PC And Board Need Nobody Else
    [Documentation]    A link-local cable: two addresses that their owners gave themselves.
    Power Up And Take The First Address
    Run At PC    ping -c 2 -i 0.2 -W 5 ${FIRST ADDRESS}
    Run At PC    ping -c 2 -i 0.2 -W 5 -s 1400 ${FIRST ADDRESS}
    ${answers}=    Run At PC    arping -c 1 -w 5 -I cable ${FIRST ADDRESS}
    Should Contain    ${answers}    ${FIRST ADDRESS}
    Page Should Need No Internet
    Open Stream
    Send Stream Command    StartStream
    Stream Should Be Noise
    Press Switch    SW1
    Stream Should Be Ramp

Address That Another Host Has Is Left To It
    Power Up    tap
    Host Joins Cable    other    ${FIRST ADDRESS}
    Board Should Take Another Address
    Run At Host    other    ping -c 1 -W 5 169.254.1.2

Address Is Given Up When Another Host Insists On It
    [Documentation]    The board defends it once, by an announcement, and no more within ten seconds (RFC 3927 2.5).
    Power Up And Take The First Address
    Host Joins Cable    other    ${FIRST ADDRESS}
    Wait For ARP Announcement    ${FIRST ADDRESS}
    Wait For ARP Announcement    ${FIRST ADDRESS}
    Run At Host    other    arping -c 1 -A -I cable ${FIRST ADDRESS}
    Wait For ARP Announcement    ${FIRST ADDRESS}    timeout=2
    Run At Host    other    arping -c 1 -A -I cable ${FIRST ADDRESS}
    Board Should Take Another Address


*** Keywords ***
Power Up And Take The First Address
    Power Up    tap    at=Wait For The First Address

Board Should Take Another Address
    ${line}=    Wait For Line On Uart    IP Address: (169\\.254\\.\\d+\\.\\d+)    treatAsRegex=true    timeout=25
    Should Not Be Equal    ${line.groups}[0]    ${FIRST ADDRESS}
    Run At PC    ping -c 1 -W 5 ${line.groups}[0]
