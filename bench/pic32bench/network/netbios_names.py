# SPDX-License-Identifier: MIT
"""Names of the cable's hosts on the PC, resolved by broadcast as Windows does it: Samba's name service module.

Every program there that asks the C library for a host then finds the board by its NetBIOS name. The module asks
Samba's winbindd, which runs on the PC, too; its settings and the PC's nsswitch.conf are in mounts of the PC's own.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pic32bench.errors import UsageError
from pic32bench.network.pc import CABLE, Pc, search_path

_LIBRARIES = ("/lib", "/usr/lib")
_SET_UP = f"""
mkdir -p /run/samba/private /run/samba/state /run/samba/cache /etc/samba
mount -t tmpfs tmpfs /etc/samba
cat > /etc/samba/smb.conf << END
[global]
netbios name = PC
workgroup = BENCH
interfaces = {CABLE}
bind interfaces only = yes
name resolve order = bcast
name cache timeout = 0
private dir = /run/samba/private
state directory = /run/samba/state
cache directory = /run/samba/cache
lock directory = /run/samba
pid directory = /run/samba
log file = /run/samba/log
END
printf 'passwd: files\\ngroup: files\\nhosts: files wins\\n' > /run/nsswitch.conf
mount --bind /run/nsswitch.conf /etc/nsswitch.conf
winbindd --daemon
for i in $(seq 500); do
    if wbinfo --ping > /dev/null 2>&1; then exit 0; fi
    sleep 0.02
done
cat /run/samba/log >&2
exit 1
"""


def resolve_netbios_names(pc: Pc) -> None:
    """From now on the PC finds hosts by their NetBIOS names. Raises UsageError, one line."""
    modules = [path for folder in _LIBRARIES for path in Path(folder).glob("*/libnss_wins.so.2")]
    if not modules or shutil.which("winbindd", path=search_path()) is None:
        raise UsageError("Samba's name service module is not there: install the package libnss-winbind")
    done = pc.run(["sh", "-e", "-c", _SET_UP])
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise UsageError(f"the PC cannot resolve NetBIOS names: {lines[-1] if lines else 'winbindd does not start'}")
