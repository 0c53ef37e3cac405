"""Unpacks an archive. Files keep their times, which tell what was handed in last."""

import os
import sys
import time
import zipfile

archive, target = sys.argv[1:]
with zipfile.ZipFile(archive) as files:
    for info in files.infolist():
        modified = time.mktime((*info.date_time, 0, 0, -1))
        os.utime(files.extract(info, target), (modified, modified))
