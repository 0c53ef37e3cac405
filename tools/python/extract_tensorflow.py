"""Takes out of the wheel TensorFlow's C library, its headers, and Eigen's: extract_tensorflow.py WHEEL DEPS."""

import os
import re
import shutil
import sys
import zipfile

wheel, deps = sys.argv[1:]

LIBRARIES = re.compile(r"tensorflow/(libtensorflow_(?:cc|framework)\.so\.2)")
HEADERS = re.compile(
    r"tensorflow/(include/(?:tensorflow/c/.*\.h|tsl/platform/.*\.h|tensorflow/core/platform/.*\.h"
    r"|tensorflow/core/common_runtime/next_pluggable_device/c/.*\.h|xla/tsl/c/.*\.h|Eigen/.*[^/]))"
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
