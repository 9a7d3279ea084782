# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The board's name as real programs find it: Samba's nmblookup, and its module for the C library's
...                 resolver, which every program uses. Network `tap`. A browser does so in bench/tests/browser.
Resource            ../board.resource
Suite Setup         Power Up With A Name
Suite Teardown      Stop Emulation
Test Tags           tap


*** Test Cases ***
Nmblookup Finds The Board
    ${found}=    Run At PC    nmblookup ${NAME}
    Should Contain    ${found}    ${FIRST ADDRESS} ${NAME}<00>

Nmblookup Finds Nobody Of Another Name
    Run Keyword And Expect Error    *failed to find name NOBODY*    Run At PC    nmblookup NOBODY

Nmblookup Asks The Board For Its Name
    ${status}=    Run At PC    nmblookup -A ${FIRST ADDRESS}
    Should Match Regexp    ${status}    ${NAME}\\s+<00>\\s.*<ACTIVE>

Every Program Finds The Board By Its Name
    [Documentation]    The PC has no other way to a name: neither DNS nor a line in a hosts file.
    Run Keyword And Expect Error    *getent hosts ${NAME} at PC ended with 2*    Run At PC    getent hosts ${NAME}
    PC Resolves NetBIOS Names
    ${found}=    Run At PC    getent hosts ${NAME}
    Should Match Regexp    ${found}    ^${FIRST ADDRESS}\\s+${NAME}\\s*$
    Run At PC    ping -c 1 -W 5 ${NAME}
    Run Keyword And Expect Error    *ended with 2*    Run At PC    getent hosts NOBODY


*** Keywords ***
Power Up With A Name
    Network Tap Should Be Possible
    Power Up    tap    at=Wait For The First Address
