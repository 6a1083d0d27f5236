"""Where things lie: the data folder, temporary folders, kept secrets, and who may reach them.

PostgreSQL refuses to run as root. Started by root, it runs as `nobody`, which must be able to walk
to its programs and its data; what lies under a closed folder (such as /root) is therefore laid
under /var/lib/betalt.
"""

import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
OPEN_PLACE = Path("/var/lib/betalt")


def data_folder() -> Path:
    """`.data/` at the root of the project, unless BETALT_DATA moves it."""
    return Path(os.environ.get("BETALT_DATA") or PROJECT / ".data").resolve()


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone afterwards, with what was laid elsewhere for it."""
    folder = Path(tempfile.mkdtemp(prefix="betalt-")).resolve()
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        remove(folder)


def keep_secret(file: Path, secret: str | None = None) -> str:
    """The secret kept in a file that only its owner reads; made at random where there is none."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as kept:
            kept.write(secret or secrets.token_urlsafe(24))
    return file.read_text()


def private_folder(folder: Path) -> Path:
    """A folder that nobody but its owner may look into, made where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def remove(folder: Path) -> None:
    """Remove a data folder and what was laid elsewhere for it."""
    for link in folder.glob("*"):
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def unprivileged_user() -> int:
    """Whom PostgreSQL runs as: 0 for whoever we are, `nobody` when we are root."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else 0


def open_folder(wanted: Path, user: int) -> Path:
    """A folder of this user's own at `wanted`, or a link there to one in a place he can reach."""
    if wanted.exists() or not user or reachable(wanted.parent):
        folder = wanted.resolve()
    else:
        folder = OPEN_PLACE / hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
        wanted.parent.mkdir(parents=True, exist_ok=True)
        wanted.unlink(missing_ok=True)
        wanted.symlink_to(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if user:
        os.chown(folder, user, user)
    return folder


def open_programs(package: Path, user: int, name: str) -> Path:
    """The folder that holds this package, or one with a copy of it that this user can reach.

    The package's shared libraries (`package.libs`, as wheels have them) go along.
    """
    if not user or reachable(package):
        return package.parent
    copy = OPEN_PLACE / name
    if not copy.exists():
        OPEN_PLACE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=OPEN_PLACE) as half:
            for part in (package.name, f"{package.name}.libs"):
                shutil.copytree(package.with_name(part), Path(half) / "copy" / part, symlinks=True)
            (Path(half) / "copy").replace(copy)
    return copy


def reachable(path: Path) -> bool:
    """Whether everybody may walk to this path; what does not exist yet will be made open."""
    there = (place for place in (path, *path.parents) if place.exists())
    return all(place.stat().st_mode & stat.S_IXOTH for place in there)
