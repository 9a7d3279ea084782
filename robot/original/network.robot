# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       How the original gets its address, and what it answers there: ARP, ping, NetBIOS.
Resource            original.resource
Library             cable_peer.py
Suite Setup         Original Image Should Be At Hand
Test Teardown       Stop Emulation


*** Test Cases ***
DHCP Server Gives The Address
    ${line}=    Power Up Original And Wait For An Address
    Log    address after ${line.time} virtual seconds    console=True
    Should Be True    $line.time < 6
    Write Line To Uart    netinfo    waitForEcho=false
    Wait For Line On Uart    IPv4 Address: ${DHCP ADDRESS}
    Wait For Line On Uart    Mask: 255.255.255.0
    Wait For Line On Uart    dhcp is ON
    Web Server Should Answer    within=2

Cable Out And In Does No Harm Without A Client
    [Documentation]    The counterpart of the defect with a client that streams.
    Power Up Original And Wait For An Address
    Web Server Should Answer    within=2
    Unplug Cable
    Run For    10
    Plug Cable
    Run For    5
    Web Server Should Answer    within=2

Original Pings Its Gateway
    [Documentation]    QEMU's user network answers. Harmony's ICMP client is in every revision.
    Power Up Original And Wait For An Address
    Write Line To Uart    ping 10.0.2.2    waitForEcho=false
    Wait For Line On Uart    Ping: reply    timeout=5

Without DHCP It Takes The Fallback Address
    ${line}=    Power Up Original Without DHCP
    Log    fallback address after ${line.time} virtual seconds    console=True
    Should Be True    4 < $line.time < 5
    ${peer}=    Join The Net    ${DEMO}
    Address Should Belong To Original    ${peer}    ${DEMO.fallback}    ${MAC}

Ping Is Answered Where The ICMP Server Was Built In
    Power Up Original Without DHCP
    ${peer}=    Join The Net    ${DEMO}
    Address Should Belong To Original    ${peer}    ${DEMO.fallback}    ${MAC}
    IF    $DEMO.answers_ping
        Ping Should Be Answered    ${peer}    ${DEMO.fallback}    ${MAC}
    ELSE
        Ping Should Not Be Answered    ${peer}    ${DEMO.fallback}    ${MAC}
    END

Echo Replies Reach The Firmware On The Fallback Address
    [Documentation]    The other half of the proof that a missing answer to ping is the firmware's: it sends a ping of
    ...                its own from the same address, and the reply comes through MAC, filters and stack.
    Power Up Original Without DHCP
    ${peer}=    Join The Net    ${DEMO}
    Answer Pings    ${peer}
    Write Line To Uart    ping ${DEMO.neighbour}    waitForEcho=false
    Wait For Line On Uart    Ping: reply    timeout=5

NetBIOS Name Is Answered
    Power Up Original Without DHCP
    ${peer}=    Join The Net    ${DEMO}
    ${address}=    Ask Original For Name    ${peer}    ${DEMO}    MCHPBOARD_E
    Should Be Equal    ${address}    ${DEMO.fallback}
    ${nobody}=    Ask Original For Name    ${peer}    ${DEMO}    SOMEBODY
    Should Be Equal    ${nobody}    ${None}

Defect: NetBIOS Queries From Other Ports Are Not Answered
    [Documentation]    RFC 1002 4.2.13: the answer goes to where the query came from. nmblookup asks from any port.
    [Tags]    defect
    Power Up Original Without DHCP
    ${peer}=    Join The Net    ${DEMO}
    ${address}=    Ask Original For Name    ${peer}    ${DEMO}    MCHPBOARD_E    source_port=40000
    Should Be Equal    ${address}    ${None}

Defect: Fallback Address Is Neither Probed Nor Defended
    [Documentation]    RFC 3927 2.2 and 2.5. The author calls it AutoIP; it is a constant.
    [Tags]    defect
    Power Up Original Without DHCP
    ${peer}=    Join The Net    ${DEMO}
    Run For    5
    Neighbour Announces Address    ${DEMO.fallback}
    Run For    12
    ${claims}=    ARP Claims    ${peer}    ${DEMO.fallback}
    Should Be Empty    ${claims}
    Address Should Belong To Original    ${peer}    ${DEMO.fallback}    ${MAC}
