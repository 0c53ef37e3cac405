"""Unpacks notebooks from archives, and from archives in them. Files keep their times.

The argument is a file of JSON, a list of [archive, target folder]. An archive inside becomes a
folder with its name.
What is unpacked is limited, and what cannot be read is left: a line of JSON says so of each.
"""

import json
import os
import resource
import shutil
import sys
import time
import zipfile
import zlib

FILE, FILES, DEPTH = 64 << 20, 20_000, 8  # of one file, of all, of folders
INNER, ALL = 256 << 20, 8 << 30  # bytes of an archive inside, and of everything
NESTED = 3

resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
count = size = 0


def left_out(archive, why, name=""):
    print(json.dumps({"archive": archive, "name": name[:200], "why": why}))


def unpack(archive, source, target, end, nested=0):
    """`end` is the size of everything unpacked that must not be passed."""
    global count, size
    with zipfile.ZipFile(source) as files:
        for info in files.infolist():
            name = info.filename
            if info.is_dir() or "__MACOSX" in name or os.path.basename(name).startswith("."):
                continue
            inner = name.lower().endswith(".zip")
            if not inner and not name.lower().endswith(".ipynb"):
                left_out(archive, "not a notebook", name)
            elif info.file_size > FILE or size + info.file_size > end:
                left_out(archive, f"{info.file_size} bytes are too many", name)
            elif count >= FILES or name.count("/") > DEPTH or inner and nested == NESTED:
                left_out(archive, "too many files or folders", name)
            else:
                count += 1
                size += info.file_size
                try:
                    path = extracted(files, info, target)
                    if inner:
                        packed = path + ".part"
                        os.rename(path, packed)
                        os.mkdir(path)
                        unpack(f"{archive}: {name}", packed, path, min(end, size + INNER), nested + 1)
                except BROKEN as error:
                    left_out(archive, said(error), name)


def extracted(files, info, target):
    place = os.path.realpath(os.path.join(target, info.filename.replace("\\", "/").lstrip("/")))
    if not place.startswith(os.path.realpath(target) + os.sep):
        raise ValueError("a name that leads out of the archive")
    stem, ending = os.path.splitext(place)
    copy = 1
    while os.path.lexists(place):
        copy += 1
        place = f"{stem} ({copy}){ending}"
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with files.open(info) as source, open(place, "wb") as file:
        shutil.copyfileobj(source, file)
    modified = time.mktime((*info.date_time, 0, 0, -1))
    os.utime(place, (modified, modified))
    return place


def said(error):
    return str(error) or type(error).__name__


# An archive that is cut, scrambled, locked by a password, or of a kind that nobody knows.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, OverflowError,
          RuntimeError, NotImplementedError, MemoryError, KeyError, IndexError)

with open(sys.argv[1], encoding="utf8") as jobs:
    archives = json.load(jobs)
for archive, target in archives:
    os.makedirs(target)
    try:
        unpack(archive, archive, target, ALL)
    except BROKEN as error:
        left_out(archive, said(error))
