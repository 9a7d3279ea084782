# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The life of a lease from DHCP: renewed, rebound, refused, run out; and a server that goes and comes back.
...                 Network `wire`: minutes pass in seconds. The firmware looks at the times of its lease every five seconds.
Resource            board.resource
Test Setup          Power Up And Take A Lease
Test Teardown       Stop Emulation


*** Variables ***
${LEASED}       10.0.2.15
${SERVER}       10.0.2.2


*** Test Cases ***
Lease Is Renewed At Half Its Time
    [Documentation]    T1: the server alone is asked, and by the address that is to be kept (RFC 2131 4.4.5).
    FOR    ${due}    IN    60    120    180
        ${request}=    Wait For DHCP Message    request    timeout=70
        Should Be True    ${due} - 2 <= $request.time <= ${due} + 2
        Should Be Equal    ${request.packet[1].dst}    ${SERVER}
        Should Be Equal    ${request.packet[3].ciaddr}    ${LEASED}
    END
    Address Should Answer Ping    ${LEASED}

Lease Is Rebound From Any Server
    [Documentation]    T2: the server has not answered, so everybody is asked.
    [Setup]    Power Up And Take A Lease    240    60    120
    Neighbour Stops Serving DHCP
    ${request}=    Wait For DHCP Message    request    timeout=70
    Should Be Equal    ${request.packet[1].dst}    ${SERVER}
    Run For    62
    Neighbour Serves DHCP    240    60    120
    ${request}=    Wait For DHCP Message    request    timeout=70
    Should Be Equal    ${request.packet[1].dst}    255.255.255.255
    Should Be Equal    ${request.packet[3].ciaddr}    ${LEASED}
    Run For    130
    Address Should Answer Ping    ${LEASED}
    Should Not Be On Uart    IP Address: 0.0.0.0

Another Address Is Taken When The Old One Is Refused
    [Documentation]    DHCPNAK: the lease ends at once.
    Neighbour Serves DHCP From    10.0.2.77
    Wait For Line On Uart    IP Address: 0.0.0.0    timeout=70
    Wait For Line On Uart    IP Address: 10.0.2.77    timeout=5
    Address Should Answer Ping    10.0.2.77
    Address Should Not Answer    ${LEASED}

Board Gives Itself An Address When The Lease Has Run Out
    Neighbour Stops Serving DHCP
    Wait For Line On Uart    IP Address: 0.0.0.0    timeout=190
    ${end}=    Virtual Time
    Should Be True    115 <= ${end} <= 130    the lease is of two minutes, looked at every five seconds
    Wait For ARP Probe    ${FIRST ADDRESS}    timeout=15
    Wait For Line On Uart    IP Address: ${FIRST ADDRESS}    timeout=15
    Address Should Answer    ${FIRST ADDRESS}
    Address Should Not Answer    ${LEASED}

Server That Comes Back Takes Over Again
    Neighbour Stops Serving DHCP
    Wait For Line On Uart    IP Address: ${FIRST ADDRESS}    timeout=220
    Neighbour Serves DHCP
    Wait For Line On Uart    IP Address: ${LEASED}    timeout=70
    Address Should Answer Ping    ${LEASED}
    Write Line To Uart    netinfo
    Wait For Line On Uart    IP address: .*10\\.0\\.2\\.15 \\(DHCP\\)    treatAsRegex=true

Address That Somebody Has Is Declined
    [Documentation]    The client asks before it uses what it was given (RFC 2131 3.1).
    [Setup]    Power Up    wire    quantum=0.02
    Neighbour Serves DHCP
    Neighbour Has Address    ${LEASED}
    Wait For DHCP Message    decline
    Wait For Line On Uart    IP Address: 10.0.2.16    timeout=20
    Address Should Answer Ping    10.0.2.16

Lease Outlives A Pulled Cable
    [Documentation]    The server is asked again, and gives the same.
    Unplug Cable
    Wait For Line On Uart    Link: down    timeout=2
    Run For    30
    Plug Cable
    Wait For DHCP Message    request    timeout=10
    Run For    2
    Address Should Answer Ping    ${LEASED}


*** Keywords ***
Power Up And Take A Lease
    [Documentation]    Of two minutes unless told otherwise, as dnsmasq's shortest.
    [Arguments]    ${lease}=120    ${renewal}=${None}    ${rebinding}=${None}
    Power Up    wire    quantum=0.02
    Neighbour Serves DHCP    ${lease}    ${renewal}    ${rebinding}
    Wait For DHCP Message    request
    Wait For An Address From DHCP
