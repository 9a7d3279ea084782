# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       Whatever is sent to the board's WebSocket comes back: text, binary, commands, of any length.
Resource            board.resource
Suite Setup         Power Up And Open The Stream
Suite Teardown      Stop Emulation


*** Test Cases ***
Text Is Echoed
    Message Should Be Echoed    Hello, board!

Text Beyond ASCII Is Echoed
    Message Should Be Echoed    Grüße, 你好, мир, 🛠

Empty Text Is Echoed
    Message Should Be Echoed    ${EMPTY}

Binary Is Echoed
    ${bytes}=    Evaluate    bytes(range(256))
    Message Should Be Echoed    ${bytes}

Messages At The Borders Of The Frame Lengths Are Echoed
    [Documentation]    RFC 6455 5.2: up to 125, 126 and 65536 bytes the length is written in other ways.
    FOR    ${length}    IN    125    126    127    65535    65536
        ${bytes}=    Evaluate    bytes(i * 7 % 256 for i in range(${length}))
        Message Should Be Echoed    ${bytes}
    END

Messages Longer Than The Buffer Are Echoed
    [Documentation]    WS_BUFFER_SIZE bounds what the board can hold, not what it can echo.
    ${text}=    Evaluate    'The quick brown fox. ' * 1000
    Message Should Be Echoed    ${text}

Commands Are Echoed And Obeyed
    Send Stream Command    SetDelay 33
    Wait For Line On Uart    Set Streamer Task Delay: 33

Echoes Come Through While It Streams
    Send Stream Command    SetDelay 5
    Send Stream Command    StartStream
    Message Should Be Echoed    still there?
    ${bytes}=    Evaluate    bytes(5000)
    Message Should Be Echoed    ${bytes}
    Stream Should Be Noise
    [Teardown]    Send Stream Command    StopStream

Almost A Command Is Only Echoed
    [Documentation]    A command is the whole message.
    Message Should Be Echoed    StartStream${SPACE}
    Message Should Be Echoed    please StartStream
    Message Should Be Echoed    startstream
    Stream Should Be Silent

Any Other Path Is Not Found
    Run Keyword And Expect Error    *404*    Open Stream    path=/other    timeout=0
    [Teardown]    Open Stream    timeout=3
