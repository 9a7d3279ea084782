# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       Two boards and a PC on one cable, network `tap`.
Resource            ../board.resource
Library             pic32bench.robot.Pic32Bench    AS    Second
Suite Setup         Power Up Both
Suite Teardown      Switch Both Off
Test Tags           tap


*** Variables ***
${FIRST}            pic32bench.robot.Pic32Bench
${SECOND BOARD}     ${CURDIR}${/}..${/}second-board.toml


*** Test Cases ***
Both Can Be Reached
    [Documentation]    They begin with the same address, and end with two.
    Should Not Be Equal    ${ONE}    ${OTHER}
    Run At PC    ping -c 1 -W 5 ${ONE}
    Run At PC    ping -c 1 -W 5 ${OTHER}
    Page Should Need No Internet
    Second.Page Should Need No Internet

Both Answer To The Name They Share
    [Documentation]    The firmware registers no name, so nobody objects: who asks everybody takes the first answer.
    FOR    ${address}    IN    ${ONE}    ${OTHER}
        ${found}=    Run At PC    nmblookup -B ${address} ${NAME}
        Should Contain    ${found}    ${address} ${NAME}<00>
    END
    ${found}=    Run At PC    nmblookup ${NAME}
    Should Match Regexp    ${found}    ^(${ONE}|${OTHER}) ${NAME}<00>

Both Stream At The Same Time
    Open Stream
    Second.Open Stream
    Send Stream Command    StartStream
    Second.Send Stream Command    StartStream
    Press Switch    SW1
    Stream Should Be Ramp
    Second.Stream Should Be Noise


*** Keywords ***
Power Up Both
    Set Library Search Order    ${FIRST}
    Network Tap Should Be Possible
    Power Up    tap
    Second.Start Emulation    board=${SECOND BOARD}    image=${IMAGE}    beside=${FIRST}
    ${line}=    Wait For Line On Uart    IP Address: (169\\.254\\.\\d+\\.\\d+)    treatAsRegex=true    timeout=25
    VAR    ${ONE}    ${line.groups}[0]    scope=SUITE
    ${line}=    Second.Wait For Line On Uart    IP Address: (169\\.254\\.\\d+\\.\\d+)    treatAsRegex=true    timeout=25
    VAR    ${OTHER}    ${line.groups}[0]    scope=SUITE

Switch Both Off
    Second.Stop Emulation
    Stop Emulation
