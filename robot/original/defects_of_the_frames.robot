# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       Defects of the original: frames and commands. Each test proves one; docs/original.md lists them.
Resource            original.resource
Suite Setup         Original Image Should Be At Hand
Test Setup          Power Up And Shake Hands
Test Teardown       Stop Emulation
Test Tags           defect


*** Test Cases ***
Defect: Text Over 125 Bytes Is Not Echoed
    [Documentation]    The 16-bit length of RFC 6455 5.2 is taken for 0: an empty echo, and the rest of the message is
    ...                an error in the next frame.
    ${text}=    Evaluate    'x' * 126
    Send Frame    ${CLIENT}    ${text}
    Should Receive    ${CLIENT}    81 00 88 00
    Wait For Line On Uart    error in incoming frame

Defect: Frame In Two TCP Segments Kills The Whole Board
    [Documentation]    The missing bytes are taken for a second frame of negative length, and memcpy runs through all
    ...                memory into an exception. No task runs any more.
    Send Bytes    ${CLIENT}    81 85 00 00
    Run For    0.3
    Send Bytes    ${CLIENT}    00 00 "hello"
    Board Should Be Dead

Defect: Frame Without A Mask Kills The Whole Board
    [Documentation]    RFC 6455 5.1 says to close the connection. The same negative length.
    Send Bytes    ${CLIENT}    81 03 "abc"
    Board Should Be Dead

Defect: Second Message At Once Is Lost When It Is Longer
    [Documentation]    TCP has no borders between messages. The second is measured with the length of the first.
    Send Frames At Once    ${CLIENT}    one    second one
    Should Receive    ${CLIENT}    81 03 "one"
    ${rest}=    Receive For    ${CLIENT}    seconds=2
    Should Be Empty    ${rest}

Defect: Second Message At Once Kills The Server When It Is Shorter
    Send Frames At Once    ${CLIENT}    first one    two
    Should Receive    ${CLIENT}    81 09 "first one"
    Wait For Line On Uart    assertion "payloadLength == inputLength
    Disconnect    ${CLIENT}
    Only A Restart Should Help

Defect: Third Message At Once Is Lost
    Send Frames At Once    ${CLIENT}    one    two    333
    Should Receive    ${CLIENT}    81 03 "one" 81 03 "two"
    ${rest}=    Receive For    ${CLIENT}    seconds=2
    Should Be Empty    ${rest}

Defect: Ping, Pong And Binary Message End The Connection
    [Documentation]    RFC 6455 5.5.2: a ping is answered by a pong. Here TCP is closed, without a closing frame.
    FOR    ${opcode}    IN    ping    pong    binary
        Send Frame    ${CLIENT}    abc    opcode=${opcode}
        Should Receive    ${CLIENT}    <closed>
        Disconnect    ${CLIENT}
        Wait For Line On Uart    Clear Text connection was closed
        Wait For Line On Uart    Waiting for Client Connection
        Run For    0.1
        Connect And Shake Hands
    END

Defect: Commands Are Found Anywhere In A Text
    Send Frame    ${CLIENT}    please do not StartStream yet
    Wait For Line On Uart    Stream Started

Defect: SetDelay Without A Number Is SetDelay 0
    Send Frame    ${CLIENT}    SetDelay
    Wait For Line On Uart    Set Streamer Task Delay: 0

Defect: Negative Delay Ends The Stream For Seven Months
    [Documentation]    2^32 ticks of 4 ms; the streamer looks at the new delay when the old one is over.
    Send Frame    ${CLIENT}    SetDelay -1
    Wait For Line On Uart    Set Streamer Task Delay: -1
    Run For    0.5
    Send Frame    ${CLIENT}    StartStream
    Wait For Line On Uart    Stream Started
    Send Frame    ${CLIENT}    SetDelay 10
    Wait For Line On Uart    Set Streamer Task Delay: 10
    ${data}=    Receive For    ${CLIENT}    seconds=5
    ${frames}=    Evaluate    $data.count(b'\\x81')
    Should Be Equal As Integers    ${frames}    3    the three echoes and nothing else

Defect: Reset Is Not Echoed
    Send Frame    ${CLIENT}    reset
    ${data}=    Receive For    ${CLIENT}    seconds=3.5
    Should Be Empty    ${data}

Defect: Noise Is The Same After Every Boot
    [Documentation]    SYS_RANDOM_PseudoGet begins with the same seed each time. The IP stack takes a value now and then,
    ...                so the sequence may begin some places later. Two sequences by chance have no value in common.
    ${first}=    First Values
    Power Up And Shake Hands
    ${again}=    First Values
    ${common}=    Evaluate    len(set($first) & set($again))
    Should Be True    ${common} > 20    of 40 values only ${common} are the same


*** Keywords ***
Power Up And Shake Hands
    Power Up Original And Wait For An Address
    Connect And Shake Hands

Connect And Shake Hands
    ${client}=    Connect Raw
    VAR    ${CLIENT}    ${client}    scope=TEST
    Shake Hands    ${CLIENT}

Board Should Be Dead
    [Documentation]    No blink of the LED, no echo of the terminal, no page; the reset button brings it back.
    Run For    1
    ${before}=    Panel Log
    Write To Uart    \r
    Test If Uart Is Idle    3
    ${after}=    Panel Log
    Should Be Equal    ${before}    ${after}
    Press Reset
    Wait For Line On Uart    IP Address: ${DHCP ADDRESS}    timeout=15

First Values
    Send Frame    ${CLIENT}    StartStream
    ${data}=    Receive For    ${CLIENT}    seconds=1
    ${values}=    Evaluate    [value for frame in $data.split(b'\\x81')[2:12] for value in frame[1:].split()]
    Length Should Be    ${values}    40
    RETURN    ${values}
