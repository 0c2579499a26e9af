"""A report reaches the disk whole or not at all."""

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mtqa.errors import OutputError
from mtqa.report.write import check_writable, write_report


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_report("é\r\n\n", str(tmp_path / "a.txt"))
    finally:
        os.umask(old)
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa9\r\n\n"
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_an_existing_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a much longer text than the new one")
    path.chmod(mode)
    write_report("new\n", str(path))
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_link_keeps_pointing(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.txt"
    link.symlink_to("real/target.txt")  # dangling at first
    write_report("one\n", str(link))
    write_report("two\n", str(link))
    assert link.is_symlink()
    assert (tmp_path / "real" / "target.txt").read_text() == "two\n"
    assert names(tmp_path / "real") == ["target.txt"]


def loop(folder: Path) -> Path:
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda d: d / "no" / "such" / "a.html", "its directory does not exist"),
        (lambda d: d, "it is a directory"),
        (lambda d: f"{d}/new/", "it is a directory"),
        (lambda d: d / "file" / "a.html", "is a file, not a directory"),
        (lambda d: d / ("x" * 300), "the name is too long"),
        (lambda d: d / "a\0b", "null byte"),
        (lambda _: "", "the file name is empty"),
        (loop, "symbolic links"),
    ],
)
def test_a_place_that_can_not_be_written(tmp_path: Path, make, message: str) -> None:
    (tmp_path / "file").write_text("kept")
    path = str(make(tmp_path))
    before = names(tmp_path)
    with pytest.raises(OutputError, match=message) as caught:
        write_report("text", path)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    assert names(tmp_path) == before
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.EACCES, "no permission"),
        (errno.EROFS, "the file system is read-only"),
        (errno.ENOSPC, "the disk is full"),
        (errno.EIO, "[Ii]nput/output error; choose another place"),
    ],
)
@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_failure_on_the_way_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, message: str, call: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(OutputError, match=message):
            write_report("new", str(path))
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_file_that_may_not_be_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root, who may write anything
    with pytest.raises(OutputError, match="no permission"):
        write_report("new", str(path))
    assert path.read_text() == "old"


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_report("new", str(tmp_path / "a.txt"))
    assert names(tmp_path) == []


def test_a_pipe_is_written_to_directly(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_report("through\n", str(pipe))
    reader.join(10)
    assert got == [b"through\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_device() -> None:
    with pytest.raises(OutputError, match="the disk is full"):
        write_report("text", "/dev/full")


def test_standard_output_that_is_a_file_is_added_to(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb", buffering=0) as out:
        out.write(b"before\n")
        write_report("after\n", f"/proc/self/fd/{out.fileno()}")
    assert (tmp_path / "out").read_bytes() == b"before\nafter\n"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}", "/proc/{process}/fd/{}"])
def test_what_is_written_to_a_stream_next_comes_behind_the_report(tmp_path: Path, name: str) -> None:
    with (tmp_path / "out").open("wb", buffering=0) as out:
        out.write(b"before\n")
        write_report("report\n", name.format(out.fileno(), process=os.getpid()))
        out.write(b"behind\n")
    assert (tmp_path / "out").read_bytes() == b"before\nreport\nbehind\n"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_standard_streams_are_written_to_where_they_are(tmp_path: Path, stream: str) -> None:
    code = f"from mtqa.report.write import write_report; write_report('report\\n', '/dev/{stream}')"
    with (tmp_path / "out").open("wb", buffering=0) as out:
        subprocess.run([sys.executable, "-c", code], check=True, **{stream: out})
        out.write(b"done\n")
    assert (tmp_path / "out").read_bytes() == b"report\ndone\n"


def test_a_stream_that_is_not_open_or_not_for_writing(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    with (tmp_path / "kept").open("rb") as file, pytest.raises(OutputError, match="can't write"):
        write_report("x", f"/dev/fd/{file.fileno()}")
    for name in ("/dev/fd/987", "/dev/fd/99999999999999999999"):
        with pytest.raises(OutputError, match="can't write"):
            write_report("x", name)
    assert (tmp_path / "kept").read_text() == "kept"


def test_a_lone_surrogate_does_not_stop_it(tmp_path: Path) -> None:
    write_report("a\ud800", str(tmp_path / "a.txt"))
    assert (tmp_path / "a.txt").read_bytes() == b"a\\ud800"


def test_check_writable_says_what_a_write_would_and_writes_nothing(tmp_path):
    check_writable(str(tmp_path / "new.html"))
    assert list(tmp_path.iterdir()) == []
    for path in (tmp_path / "no" / "x.html", tmp_path):
        with pytest.raises(OutputError) as checked:
            check_writable(str(path))
        with pytest.raises(OutputError) as written:
            write_report("x", str(path))
        assert str(checked.value) == str(written.value)
    check_writable("/dev/stdout")


def test_a_platform_without_owners_and_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fchmod", raising=False)
    monkeypatch.delattr(os, "fchown", raising=False)
    path = tmp_path / "a.txt"
    path.write_text("old")
    write_report("new", str(path))
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]
