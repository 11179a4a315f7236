"""A virtual machine: qemu, Debian's cloud kernel and an initramfs of busybox and dhcpcd, which comes up by itself.

Nothing of it is installed on this machine: the kernel's package is fetched and unpacked into the build folder, once.
"""

import shutil
from pathlib import Path

from harness import LabError, Machine, wait_until
from labkit.daemon import BINARIES
from labkit.network import spawn
from labkit.shell import attempt, run

KERNEL = "linux-image-cloud-amd64"
FOLDER = BINARIES.parent / "guest"
MODULES = ("failover", "net_failover", "virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev",
           "virtio_pci", "virtio_net")
FILES = ("/bin/busybox", "/usr/sbin/dhcpcd", "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2",
         "/usr/lib/dhcpcd", "/etc/passwd", "/etc/group", "/etc/dhcpcd.conf")
NEEDED = ("qemu-system-x86_64", "dpkg-deb", "apt-get", *FILES)
# What it says of itself every second, on its console; and a page, for whoever asks. Its DHCP client does not follow the link: it
# would ask anew, and probe its address for five seconds, whenever the switch was away.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in {modules}; do insmod /modules/$module.ko; done
hostname guest
ip link set lo up
dhcpcd -q -b -K eth0
echo "the guest's page" >/www/index.html
httpd -h /www
while sleep 1; do
    echo "=== $(hostname)"
    ip -o address show dev eth0
    echo "queues: $(ls -d /sys/class/net/eth0/queues/rx-* | wc -l)"
    ip route
    ip -6 route
    cat /etc/resolv.conf
done
"""


def what_is_missing() -> list[str]:
    missing = [name for name in NEEDED if not (Path(name).exists() or shutil.which(name))]
    return missing or (["busybox-static, the one of /bin is linked"] if "=>" in attempt("ldd", "/bin/busybox").stdout else [])


class Guest:
    """`with Guest(machine, network) as guest:` boots it; `network` are qemu's words for its one NIC's other end.

    It has a processor for each queue pair.
    """

    def __init__(self, machine: Machine, *network: str, queues: int = 1):
        self.machine, self._network, self._queues = machine, network, queues
        self.console = machine.ledger.directory / f"console-{machine.name}.out"

    def __enter__(self) -> "Guest":
        kernel, initramfs = boot_files()
        self.console.unlink(missing_ok=True)  # of an earlier life
        self._process = spawn(
            self.machine.ledger, "ip", "netns", "exec", self.machine.namespace.full_name, "qemu-system-x86_64",
            "-accel", "tcg", "-smp", str(self._queues), "-m", "256", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
            "-kernel", str(kernel), "-initrd", str(initramfs), "-append", "console=ttyS0 quiet panic=-1 no_timer_check", *self._network,
            "-device", f"virtio-net-pci,netdev=net,mac={self.machine.mac},romfile=,vectors=0{',mq=on' if self._queues > 1 else ''}",
            log=self.console)
        return self

    def __exit__(self, *_) -> None:
        self._process.kill()
        self._process.wait()

    def wait_for(self, text: str, timeout: float = 150) -> None:
        """Until the guest says it of itself."""
        def said() -> bool:
            if self._process.poll() is not None:
                raise LabError(f"qemu ended; see {self.console}")
            return text in self.console.read_text(encoding="utf-8", errors="replace")
        wait_until(f'the guest to say "{text}", see {self.console}', said, timeout, 0.2)


def over_a_tap(machine: Machine) -> tuple[str, ...]:
    """The machine's eth0 and qemu's tap are the two ports of a bridge that says nothing itself."""
    change = machine.namespace.ip
    machine.namespace.sysctl(net__ipv6__conf__all__disable_ipv6=1, net__ipv6__conf__default__disable_ipv6=1)
    change("link", "set", "eth0", "address", "02:00:00:00:ff:01")  # that of the NIC is the guest's alone
    change("link", "add", "cable", "type", "bridge", "mcast_snooping", "0")
    change("tuntap", "add", "qemu", "mode", "tap")
    for port in ("eth0", "qemu"):
        change("link", "set", port, "master", "cable", "up")
    change("link", "set", "cable", "up")
    return ("-netdev", "tap,id=net,ifname=qemu,script=no,downscript=no")


def over_vhost_user(socket: Path, queues: int = 1) -> tuple[str, ...]:
    """qemu is the socket's server; its memory is shared with the switch."""
    return ("-object", "memory-backend-memfd,id=memory,size=256M,share=on", "-numa", "node,memdev=memory",
            "-chardev", f"socket,id=char,path={socket},server=on,wait=off", "-netdev", f"vhost-user,id=net,chardev=char,queues={queues}")


# --- what it boots ------------------------------------------------------------------------------------

def boot_files() -> tuple[Path, Path]:
    """Kernel and initramfs, made when they are missing."""
    kernel, initramfs = FOLDER / "vmlinuz", FOLDER / "initramfs"
    if not (kernel.exists() and initramfs.exists()):
        shutil.rmtree(FOLDER, ignore_errors=True)
        package = fetch_kernel(FOLDER / "package")
        make_initramfs(FOLDER / "root", next((package / "lib/modules").iterdir()), initramfs)
        shutil.copy(next((package / "boot").glob("vmlinuz-*")), kernel)
        shutil.rmtree(package)
    return kernel, initramfs


def fetch_kernel(into: Path) -> Path:
    into.mkdir(parents=True)
    depends = run("apt-cache", "depends", KERNEL)
    version = next(line.split()[1] for line in depends.splitlines() if "Depends: linux-image-" in line)
    run("sh", "-ec", 'cd "$0"; apt-get -qq -o APT::Sandbox::User=root download "$1"; dpkg-deb -x ./*.deb .', str(into), version,
        timeout=300)
    return into


def make_initramfs(root: Path, modules: Path, result: Path) -> None:
    for folder in ("bin", "proc", "sys", "dev", "run", "www", "modules", "var/lib/dhcpcd", "etc"):
        (root / folder).mkdir(parents=True)
    for name in map(Path, FILES):
        copy = shutil.copytree if name.is_dir() else shutil.copy
        (root / name.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
        copy(name, root / name.relative_to("/"))
    for module in MODULES:
        shutil.copy(next(modules.rglob(f"{module}.ko")), root / "modules")
    (root / "init").write_text(INIT.format(modules=" ".join(MODULES)), encoding="ascii")
    (root / "init").chmod(0o755)
    run("sh", "-ec", 'cd "$0"; find . | busybox cpio -o -H newc >"$1"', str(root), str(result))
    shutil.rmtree(root)
