"""An OpenLDAP server for tests, with TLS, on free ports, with its data in a temporary folder."""

import base64
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.certificate import make_certificate
from tests.needs import need
from tests.pictures.images import photo
from tests.ports import free_ports

BASE = "dc=contoso,dc=com"
SEARCHER = f"cn=openucwa,{BASE}"
SEARCHER_PASSWORD = "search-secret"
MEETERS = f"cn=meeters,ou=groups,{BASE}"
POSIX = f"cn=posix,ou=groups,{BASE}"
#: A group with an address, whose members are people, a group with an address, and others.
SALES = f"cn=sales,ou=groups,{BASE}"
#: A group with a member whose DN contains special characters.
CAREFUL = f"cn=careful,ou=groups,{BASE}"

#: Lene's photo.
PHOTO = photo()
_PHOTO = base64.b64encode(PHOTO).decode()
_BROKEN_PHOTO = base64.b64encode(PHOTO[:2_000]).decode()

_PATIENCE = 60.0
_SCHEMAS = Path("/etc/ldap/schema")
_MODULES = Path("/usr/lib/ldap")

_ENTRIES = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: contoso
o: Contoso

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups

dn: {SEARCHER}
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: openucwa
userPassword: {SEARCHER_PASSWORD}

dn: uid=lene,ou=people,{BASE}
objectClass: inetOrgPerson
uid: lene
manager: uid=huge,ou=people,{BASE}
cn: Lene Aalling
sn: Aalling
displayName: Lene Aalling (Copenhagen)
mail: lene.aalling@contoso.com
employeeType: sip:lenea@contoso.com
title: Engineer
departmentNumber: Research
o: Contoso
physicalDeliveryOfficeName: 2/14
telephoneNumber: +45 1234
mobile: +45 5678
jpegPhoto:: {_PHOTO}
userPassword: lene-secret

dn: uid=dana,ou=people,{BASE}
objectClass: inetOrgPerson
uid: dana
jpegPhoto:: {_BROKEN_PHOTO}
manager: uid=huge,ou=people,{BASE}
cn:: RGFuYSBCaXJrYsOm
sn: Birk
mail: dana@contoso.com
userPassword: dana-secret

dn: uid=eve,ou=people,{BASE}
objectClass: inetOrgPerson
uid: eve
cn: Eve
sn: Eve
mail: eve@elsewhere.org
userPassword: eve-secret

dn: uid=twin1,ou=people,{BASE}
objectClass: inetOrgPerson
uid: twin1
cn: Twin
sn: Twin
mail: twins@contoso.com
userPassword: twin-secret

dn: uid=twin2,ou=people,{BASE}
objectClass: inetOrgPerson
uid: twin2
cn: Twin
sn: Twin
mail: twins@contoso.com
userPassword: twin-secret

dn: cn=Doe\\, John (ext) *\\2B\\\\,ou=people,{BASE}
objectClass: inetOrgPerson
cn: Doe, John (ext) *+\\
sn: Doe
uid: doe
manager: uid=lene,ou=people,{BASE}
mail: doe@contoso.com
userPassword: doe-secret

dn: uid=huge,ou=people,{BASE}
objectClass: inetOrgPerson
uid: huge
cn: Huge
sn: Huge
displayName: {"h" * 1_000_000}
mail: huge@contoso.com
userPassword: huge-secret

dn: ou=elsewhere,{BASE}
objectClass: referral
objectClass: extensibleObject
ou: elsewhere
ref: ldap://127.0.0.1:9/dc=elsewhere

dn: {MEETERS}
objectClass: groupOfNames
cn: meeters
member: uid=lene,ou=people,{BASE}

dn: {CAREFUL}
objectClass: groupOfNames
cn: careful
member: CN=Doe\\, John (ext) *\\2B\\\\,OU=People,{BASE.upper()}

dn: {SALES}
objectClass: groupOfNames
objectClass: extensibleObject
cn: sales
displayName: Sales (Europe)
mail: Sales@contoso.com
member: uid=lene,ou=people,{BASE}
member: uid=dana,ou=people,{BASE}
member: uid=eve,ou=people,{BASE}
member: uid=nobody,ou=people,{BASE}
member: cn=Danish Board,ou=groups,{BASE}
member: {MEETERS}

dn: cn=Danish Board,ou=groups,{BASE}
objectClass: groupOfNames
objectClass: extensibleObject
cn: Danish Board
mail: board@contoso.com
member: uid=dana,ou=people,{BASE}

dn: {POSIX}
objectClass: posixGroup
cn: posix
gidNumber: 1000
memberUid: dana
"""


class DirectoryServer:
    """A slapd, which can be stopped and restarted."""

    def __init__(self, folder: Path) -> None:
        self._slapd = need("slapd")
        self.ca_file, key = make_certificate(folder, "slapd")
        self.port, self.tls_port = free_ports(2)
        self._log = folder / "slapd.log"
        self._process: subprocess.Popen[bytes] | None = None
        data = folder / "slapd-data"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        self._settings = folder / "slapd.conf"
        self._settings.write_text(
            "\n".join(
                (
                    *(f"include {_SCHEMAS / name}.schema" for name in ("core", "cosine", "nis", "inetorgperson")),
                    f"modulepath {_MODULES}",
                    "moduleload back_mdb",
                    f"TLSCertificateFile {self.ca_file}",
                    f"TLSCertificateKeyFile {key}",
                    "security simple_bind=128",
                    "database mdb",
                    f"suffix {BASE}",
                    f"directory {data}",
                    "access to attrs=userPassword by anonymous auth by * none",
                    f'access to * by dn.exact="{SEARCHER}" read by * none',
                    "",
                )
            )
        )
        entries = folder / "entries.ldif"
        entries.write_text(_ENTRIES)
        self._run("-T", "a", "-l", str(entries))

    @property
    def url(self) -> str:
        """For StartTLS."""
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://127.0.0.1:{self.tls_port}"

    def start(self) -> None:
        """Starts it; returns once it accepts connections."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._slapd, "-f", str(self._settings), "-h", f"{self.url} {self.tls_url}", "-d", "stats"],
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _PATIENCE
        for port in (self.port, self.tls_port):
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert self._process.poll() is None, self._log.read_text()
                    assert time.monotonic() < end, self._log.read_text()
                    time.sleep(0.02)

    def stop(self) -> None:
        """Stops it: connections are refused from now on."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_PATIENCE)
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal, such as SIGSTOP."""
        assert self._process is not None
        self._process.send_signal(number)

    @property
    def binds(self) -> int:
        """The number of simple binds so far."""
        return self._log.read_text().count(" method=128")

    @property
    def sockets(self) -> int:
        """The number of its open sockets, including the listening ones."""
        assert self._process is not None
        folder = Path(f"/proc/{self._process.pid}/fd")
        return sum(map(_is_socket, folder.iterdir()))

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            [self._slapd, *arguments, "-f", str(self._settings)], capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr.decode()


def _is_socket(link: Path) -> bool:
    try:
        return link.readlink().name.startswith("socket:")
    except FileNotFoundError:  # it was closed meanwhile
        return False
