# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       Defects of the original: the opening handshake. Each test proves one; docs/original.md lists them.
Resource            original.resource
Suite Setup         Original Image Should Be At Hand
Test Setup          Power Up And Connect
Test Teardown       Stop Emulation
Test Tags           defect


*** Test Cases ***
Defect: Header Names In Lower Case Are Refused
    [Documentation]    RFC 7230 3.2: names of header fields are case-insensitive.
    ${answer}=    Answer To Handshake    ${CLIENT}    lower_case=true
    Should Start With    ${answer}    HTTP/1.1 400

Defect: Client That Offers A Subprotocol Is Refused
    [Documentation]    RFC 6455 4.2.2: a server that agrees to none goes on without.
    ${answer}=    Answer To Handshake    ${CLIENT}    extra=Sec-WebSocket-Protocol: chat
    Should Start With    ${answer}    HTTP/1.1 400

Defect: Empty Header Field Kills The Server
    [Documentation]    Of those that it reads: ws_getUptoLinefeed asserts a length other than 0.
    ${answer}=    Answer To Handshake    ${CLIENT}    extra=Origin:${SPACE}    seconds=2
    Should Be Empty    ${answer}
    Wait For Line On Uart    assertion "ws_newLength" failed
    Only A Restart Should Help

Defect: Header Field Of 256 Characters Kills The Server
    [Documentation]    The length is kept in 8 bits, so that 256 is 0.
    ${origin}=    Evaluate    'Origin: ' + 'a' * 256
    ${answer}=    Answer To Handshake    ${CLIENT}    extra=${origin}    seconds=2
    Should Be Empty    ${answer}
    Wait For Line On Uart    assertion "ws_newLength" failed

Defect: Every Answer 404 Costs Memory Until The Server Is Dead
    [Documentation]    The strings of a handshake are freed only when it is accepted. Long paths make it a short test.
    ${path}=    Evaluate    '/' + 'a' * 8000
    ${served}=    Set Variable    ${0}
    WHILE    True    limit=40
        ${answer}=    Answer To Handshake    ${CLIENT}    path=${path}    seconds=20
        Disconnect    ${CLIENT}
        IF    not $answer.startswith('HTTP/1.1 404')    BREAK
        ${served}=    Evaluate    $served + 1
        Wait For Line On Uart    Waiting for Client Connection    timeout=5
        Run For    0.1
        ${client}=    Connect Raw
        VAR    ${CLIENT}    ${client}    scope=TEST
    END
    Log    dead after ${served} times 404    console=True
    Should Be True    5 < ${served} < 40
    Only A Restart Should Help


*** Keywords ***
Power Up And Connect
    Power Up Original And Wait For An Address
    ${client}=    Connect Raw
    VAR    ${CLIENT}    ${client}    scope=TEST
