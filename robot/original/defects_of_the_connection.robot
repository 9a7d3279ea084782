# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       Defects of the original: clients that come and go. Each test proves one; docs/original.md lists them.
Resource            original.resource
Suite Setup         Original Image Should Be At Hand
Test Setup          Power Up Original And Wait For An Address
Test Teardown       Stop Emulation
Test Tags           defect


*** Test Cases ***
Defect: Client That Vanishes While It Streams Wedges The Server
    [Documentation]    WS_safeSend and WS_clientWorker wait in loops that never look whether the client is still there.
    ${client}=    Connect And Start The Stream
    Disconnect    ${client}
    Only A Restart Should Help

Defect: Client That Vanishes While It Streams Slows The Whole Board
    [Documentation]    The waiting loops do not yield, and time slicing is off: the IP stack runs when a tick happens to
    ...                wake another task. A page that takes 0.1 s takes 8 s and more.
    Web Server Should Answer    within=1
    ${client}=    Connect And Start The Stream
    Disconnect    ${client}
    Run For    2
    Run Keyword And Expect Error    *    Web Server Should Answer    within=3

Defect: Client That Vanishes Without A Closing Frame Wedges The Server
    [Documentation]    Even without a stream: the next client's handshake is taken for a frame of the old connection.
    ${client}=    Connect And Shake Hands
    Disconnect    ${client}
    Run For    1
    Console Should Answer
    ${next}=    Connect Raw
    ${answer}=    Answer To Handshake    ${next}    seconds=3
    Should Be Equal    ${answer}    \x88\x00    a closing frame instead of an answer to the handshake
    Disconnect    ${next}

Defect: Reset Of The Connection Wedges The Server
    ${client}=    Connect And Start The Stream
    Vanish With A Reset    ${client}
    Only A Restart Should Help

Defect: Cable That Is Pulled While It Streams Wedges The Server
    ${client}=    Connect And Start The Stream
    Unplug Cable
    Run For    10
    Plug Cable
    Run For    5
    Console Should Answer
    Only A Restart Should Help
    [Teardown]    Disconnect    ${client}

Defect: Stream Outlives Its Client And Reaches The Next One Before The Handshake
    [Documentation]    RFC 6455 4.2.2: nothing but the answer to the handshake may come first.
    ${client}=    Connect And Start The Stream
    Close Politely    ${client}
    Run For    0.5
    ${next}=    Connect Raw
    ${answer}=    Answer To Handshake    ${next}
    Should Match Regexp    ${answer}    ^\x81.\\d+ \\d+ \\d+ \\d+.*HTTP/1\\.1 101
    [Teardown]    Disconnect    ${next}

Defect: Second Client Gets No Answer While There Is A First
    ${first}=    Connect And Shake Hands
    ${second}=    Connect Raw
    ${answer}=    Answer To Handshake    ${second}    seconds=5
    Should Be Empty    ${answer}
    Disconnect    ${second}
    Send Frame    ${first}    still there
    Should Receive    ${first}    81 0b "still there"
    [Teardown]    Disconnect    ${first}


*** Keywords ***
Connect And Shake Hands
    ${client}=    Connect Raw
    Shake Hands    ${client}
    RETURN    ${client}

Connect And Start The Stream
    ${client}=    Connect And Shake Hands
    Send Frame    ${client}    StartStream
    ${data}=    Receive For    ${client}    seconds=0.5
    Should Be True    $data.count(b'\\x81') > 5    echo and stream
    RETURN    ${client}
