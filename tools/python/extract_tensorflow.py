"""Takes TensorFlow's C library and its headers out of the wheel: extract_tensorflow.py WHEEL DEPS."""

import os
import re
import shutil
import sys
import zipfile

wheel, deps = sys.argv[1:]

LIBRARIES = re.compile(r"tensorflow/(libtensorflow_(?:cc|framework)\.so\.2)")
HEADERS = re.compile(
    r"tensorflow/(include/(?:tensorflow/c|tsl/platform|tensorflow/core/platform|xla/tsl/c)/.*\.h)"
)

with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        library, header = LIBRARIES.fullmatch(name), HEADERS.fullmatch(name)
        if not library and not header:
            continue
        target = os.path.join(deps, *(["lib", library[1]] if library else header[1].split("/")))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with archive.open(name) as source, open(target, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
