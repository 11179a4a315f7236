"""Frames of every kind that a guest may send, by scapy, each with a mark in its payload that says whose it is."""

import logging
import struct
import zlib

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)

# pylint: disable=wrong-import-position
from scapy.layers.dhcp import BOOTP, DHCP  # noqa: E402
from scapy.layers.dhcp6 import DHCP6_Reply, DHCP6_Solicit  # noqa: E402
from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: E402
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA  # noqa: E402
from scapy.layers.inet6 import ICMPv6ND_Redirect, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IPv6  # noqa: E402
from scapy.layers.inet6 import IPv6ExtHdrFragment  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402
from scapy.layers.vxlan import VXLAN  # noqa: E402
from scapy.packet import Raw  # noqa: E402

BROADCAST = "ff:ff:ff:ff:ff:ff"
EXPERIMENTAL = 0x88B5


class Station:
    """Who sends or receives: a MAC and its two addresses."""

    def __init__(self, number: int):
        self.mac = f"02:00:00:00:00:{number:02x}"
        self.ip4 = f"10.0.0.{number}"
        self.ip6 = f"fd00::{number:x}"


def pad(mark: bytes) -> bytes:
    return mark.ljust(46, b".")


def of_every_kind(source: Station, target: Station, mark: bytes) -> dict[str, bytes]:
    """Name -> frame, all of them legal for `source` to send, each with the mark in it."""
    ether = Ether(src=source.mac, dst=target.mac)
    everybody = Ether(src=source.mac, dst=BROADCAST)
    group4 = Ether(src=source.mac, dst="01:00:5e:01:02:03")
    group6 = Ether(src=source.mac, dst="33:33:00:01:00:02")
    ip4, ip6 = IP(src=source.ip4, dst=target.ip4), IPv6(src=source.ip6, dst=target.ip6)
    marked, identifier = Raw(pad(mark)), zlib.crc32(mark) & 0x7FFF  # above are those of other pings of the tests
    packets = {
        "IPv4 UDP": ether / ip4 / UDP(sport=1111, dport=2222) / marked,
        "IPv4 TCP SYN": ether / ip4 / TCP(sport=1111, dport=2222, flags="S") / marked,
        "IPv4 ICMP echo": ether / ip4 / ICMP(id=identifier) / marked,
        "IPv4 of an unknown protocol": ether / IP(src=source.ip4, dst=target.ip4, proto=253) / marked,
        "IPv4 first fragment": ether / IP(src=source.ip4, dst=target.ip4, flags="MF", proto=17) / UDP() / Raw(pad(mark) + b".." ),
        "IPv4 later fragment": ether / IP(src=source.ip4, dst=target.ip4, frag=100, proto=17) / marked,
        "IPv4 broadcast": everybody / IP(src=source.ip4, dst="10.0.0.255") / UDP(sport=1111, dport=2222) / marked,
        "IPv4 multicast": group4 / IP(src=source.ip4, dst="239.1.2.3") / UDP(sport=1111, dport=2222) / marked,
        "IPv4 in VXLAN of the guest's own": ether / ip4 / UDP(sport=1111, dport=4789) / VXLAN(vni=5000) / ether / ip4 / UDP() / marked,
        "IPv6 UDP": ether / ip6 / UDP(sport=1111, dport=2222) / marked,
        "IPv6 TCP SYN": ether / ip6 / TCP(sport=1111, dport=2222, flags="S") / marked,
        "IPv6 ICMP echo": ether / ip6 / ICMPv6EchoRequest(id=identifier, data=pad(mark)),
        "IPv6 multicast": group6 / IPv6(src=source.ip6, dst="ff05::1:2") / UDP(sport=1111, dport=2222) / marked,
        "ARP for an address that nobody has": everybody / ARP(op=1, hwsrc=source.mac, psrc=source.ip4, pdst="10.0.0.77") / marked,
        "ARP reply": ether / ARP(op=2, hwsrc=source.mac, psrc=source.ip4, hwdst=target.mac, pdst=target.ip4) / marked,
        "gratuitous ARP": everybody / ARP(op=1, hwsrc=source.mac, psrc=source.ip4, pdst=source.ip4) / marked,
        "ND for an address that nobody has": Ether(src=source.mac, dst="33:33:ff:00:00:77")
        / IPv6(src=source.ip6, dst="ff02::1:ff00:77", hlim=255) / ICMPv6ND_NS(tgt="fd00::77")
        / ICMPv6NDOptSrcLLAddr(lladdr=source.mac),
        "neighbour advertisement": ether / IPv6(src=source.ip6, dst=target.ip6, hlim=255)
        / ICMPv6ND_NA(tgt=source.ip6, R=0) / ICMPv6NDOptDstLLAddr(lladdr=source.mac),
        "made-up ethertype": Ether(src=source.mac, dst=target.mac, type=EXPERIMENTAL) / marked,
        "made-up ethertype, broadcast": Ether(src=source.mac, dst=BROADCAST, type=EXPERIMENTAL) / marked,
        "802.3 with LLC": Raw(wire(target.mac) + wire(source.mac) + struct.pack("!H", 49) + b"\xaa\xaa\x03" + pad(mark)),
        "unknown unicast": Ether(src=source.mac, dst="02:00:00:00:00:fe", type=EXPERIMENTAL) / marked,
        "multicast of another kind": Ether(src=source.mac, dst="03:00:00:00:00:01", type=EXPERIMENTAL) / marked,
        "RARP": Ether(src=source.mac, dst=BROADCAST, type=0x8035) / ARP(op=3, ptype=0x0800, hwsrc=source.mac, hwdst=source.mac) / marked,
        "IGMP": Ether(src=source.mac, dst="01:00:5e:00:00:16") / IP(src=source.ip4, dst="224.0.0.22", proto=2, ttl=1) / marked,
        "IPv6 first fragment": ether / ip6 / IPv6ExtHdrFragment(m=1, id=7) / UDP(sport=1111, dport=2222) / Raw(pad(mark) + b".."),
        "IPv6 later fragment": ether / ip6 / IPv6ExtHdrFragment(offset=100, id=7, nh=17) / marked,
        "ICMP error about another's packet": ether / ip4 / ICMP(type=3, code=1)
        / IP(src=target.ip4, dst="10.0.0.77") / UDP(sport=2222, dport=1111) / marked,
        "ICMP error about the receiver's packet": ether / ip4 / ICMP(type=11) / IP(src=target.ip4, dst=source.ip4)
        / UDP(sport=2222, dport=1111) / marked,
        "ICMPv6 error": ether / ip6 / ICMPv6DestUnreach() / IPv6(src=target.ip6, dst=source.ip6) / UDP(sport=2222, dport=1111) / marked,
        "BFD to a VTEP": ether / IP(src=source.ip4, dst="192.0.2.1", ttl=255) / UDP(sport=50000, dport=3784) / marked,
    }
    return {name: bytes(packet) for name, packet in packets.items()}


def has_mark(name: str) -> bool:
    """ND messages have no room for a mark; they are known by what they ask for."""
    return not name.startswith(("ND", "neighbour"))


def forged(source: Station, other: Station, target: Station, mark: bytes) -> dict[str, tuple[bytes, str]]:
    """Name -> (frame, name of the drop): what `source` may not send, as it pretends to be `other`."""
    marked = Raw(pad(mark))
    return {
        "source MAC of another VM": (bytes(Ether(src=other.mac, dst=target.mac, type=EXPERIMENTAL) / marked), "admit.src_mac"),
        "source MAC that nobody has": (bytes(Ether(src="02:00:00:00:00:ee", dst=target.mac, type=EXPERIMENTAL) / marked), "admit.src_mac"),
        "multicast source MAC": (bytes(Ether(src="03:00:00:00:00:01", dst=target.mac, type=EXPERIMENTAL) / marked), "admit.src_mac"),
        "IPv4 source of another VM": (bytes(Ether(src=source.mac, dst=target.mac) / IP(src=other.ip4, dst=target.ip4) / UDP() / marked), "admit.src_ip"),
        "IPv6 source of another VM": (bytes(Ether(src=source.mac, dst=target.mac) / IPv6(src=other.ip6, dst=target.ip6) / UDP() / marked), "admit.src_ip"),
        "ARP in another VM's name": (bytes(Ether(src=source.mac, dst=BROADCAST) / ARP(op=2, hwsrc=source.mac, psrc=other.ip4, pdst=target.ip4) / marked), "arp.sender_ip"),
        "ARP with another sender's MAC": (bytes(Ether(src=source.mac, dst=BROADCAST) / ARP(op=2, hwsrc=other.mac, psrc=source.ip4, pdst=target.ip4) / marked), "arp.sender_mac"),
        "DHCP offer": (bytes(Ether(src=source.mac, dst=target.mac) / IP(src=source.ip4, dst=target.ip4)
                             / UDP(sport=67, dport=68) / BOOTP(op=2, sname=mark) / DHCP(options=[("message-type", "offer"), "end"])), "dhcp.rogue_server"),
        "LLDP": (bytes(Ether(src=source.mac, dst="01:80:c2:00:00:0e", type=0x88CC) / marked), "l2.reserved"),
        "STP": (wire("01:80:c2:00:00:00") + wire(source.mac) + struct.pack("!H", 49) + b"\x42\x42\x03" + pad(mark), "l2.reserved"),
        "LACP": (bytes(Ether(src=source.mac, dst="01:80:c2:00:00:02", type=0x8809) / marked), "l2.reserved"),
        "router advertisement": (bytes(Ether(src=source.mac, dst="33:33:00:00:00:01") / IPv6(src=source.ip6, dst="ff02::1", hlim=255)
                                       / ICMPv6ND_RA()), "nd.rogue_ra"),
        "redirect": (bytes(Ether(src=source.mac, dst=target.mac) / IPv6(src=source.ip6, dst=target.ip6, hlim=255)
                           / ICMPv6ND_Redirect(tgt=other.ip6, dst=other.ip6)), "nd.redirect"),
        "DHCPv6 reply": (bytes(Ether(src=source.mac, dst=target.mac) / IPv6(src=source.ip6, dst=target.ip6)
                               / UDP(sport=547, dport=546) / DHCP6_Reply() / marked), "dhcp.rogue_server6"),
        "tagged": (tagged(udp(source, target, marked), 7), "admit.vlan"),
        "priority-tagged": (tagged(udp(source, target, marked), 0), "admit.vlan"),
        "tagged twice": (tagged(tagged(udp(source, target, marked), 8), 7), "admit.vlan"),
    }


def to_servers(source: Station, mark: bytes) -> dict[str, bytes]:
    """Name -> frame: what a guest asks of servers that may or may not be there."""
    ask = Ether(src=source.mac, dst=BROADCAST) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    chaddr = wire(source.mac)
    packets = {f"DHCP {kind}": ask / BOOTP(chaddr=chaddr, sname=mark) / DHCP(options=[("message-type", kind), "end"])
               for kind in ("discover", "request", "decline", "release", "inform")}
    packets["DHCPv6 solicit"] = (Ether(src=source.mac, dst="33:33:00:01:00:02") / IPv6(src=source.ip6, dst="ff02::1:2")
                                 / UDP(sport=546, dport=547) / DHCP6_Solicit() / Raw(pad(mark)))
    return {name: bytes(packet) for name, packet in packets.items()}


def udp(source: Station, target: Station, payload) -> bytes:
    return bytes(Ether(src=source.mac, dst=target.mac) / IP(src=source.ip4, dst=target.ip4) / UDP(sport=1111, dport=2222) / payload)


def vxlan(outer_source: str, outer_target: str, vni: int, inner: bytes, flags: int = 0x08) -> bytes:
    """An outer IPv4 packet (without Ethernet) with `inner` in VXLAN."""
    header = struct.pack("!II", flags << 24, vni << 8)
    return bytes(IP(src=outer_source, dst=outer_target, flags="DF", ttl=64) / UDP(sport=50000, dport=4789, chksum=0) / Raw(header + inner))


def tagged(frame: bytes, vlan: int) -> bytes:
    """The frame with an 802.1Q tag."""
    return frame[:12] + struct.pack("!HH", 0x8100, vlan) + frame[12:]


def wire(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


