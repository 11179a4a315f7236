"""A certificate authority of a lab's own, by openssl: what mutual TLS needs, made anew for each lab."""

from pathlib import Path

from .shell import run

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """Signs certificates; its own is `certificate`."""

    def __init__(self, directory: Path, name: str = "fabric"):
        self._directory = directory / name
        self._directory.mkdir(parents=True)
        self.certificate = self._directory / "ca.pem"
        self._make("ca.key", self.certificate, name)

    def issue(self, name: str) -> tuple[Path, Path]:
        """The private key and the certificate of `name`, its common name."""
        key, certificate = self._directory / f"{name}.key", self._directory / f"{name}.pem"
        self._make(key.name, certificate, name, "-CA", str(self.certificate), "-CAkey", str(self._directory / "ca.key"),
                   "-addext", "basicConstraints=critical,CA:FALSE")
        return key, certificate

    def _make(self, key: str, certificate: Path, name: str, *options: str) -> None:
        run("openssl", "req", "-x509", *_KEY, "-keyout", str(self._directory / key), "-out", str(certificate), "-days", "2",
            "-subj", f"/CN={name}", *options)
