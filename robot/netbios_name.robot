# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The board answers to its NetBIOS name, and to no other.
Resource            board.resource
Suite Setup         Power Up And Take The First Address
Suite Teardown      Stop Emulation


*** Test Cases ***
Board Answers To Its Name With Its Address
    ${address}=    Ask For Name    ${NAME}
    Should Be Equal    ${address}    ${FIRST ADDRESS}

Board Does Not Answer To Other Names
    Name Should Not Answer    MCHPBOARD
    Name Should Not Answer    MCHPBOARD_F
    Name Should Not Answer    NOBODY

Board Answers Again After Other Names
    Name Should Not Answer    SOMEBODY
    ${address}=    Ask For Name    ${NAME}
    Should Be Equal    ${address}    ${FIRST ADDRESS}

Board Answers Whatever Port It Is Asked From
    [Documentation]    nmblookup asks from any port; the original answers none but 137.
    FOR    ${port}    IN    137    1024    50000    65535
        ${address}=    Ask For Name    ${NAME}    port=${port}
        Should Be Equal    ${address}    ${FIRST ADDRESS}
    END

Board Answers When It Alone Is Asked
    ${address}=    Ask For Name    ${NAME}    port=50001    to=${FIRST ADDRESS}
    Should Be Equal    ${address}    ${FIRST ADDRESS}

Board Tells Its Names
    [Documentation]    Node status, as `nmblookup -A` and `nbtstat -A` ask for it.
    ${names}=    Ask For Names Of    ${FIRST ADDRESS}    port=50002
    Should Contain    ${names}    ${NAME}
