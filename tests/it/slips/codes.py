"""Prints the codes on the pages (*.pgm) of a folder, a line each: `FORMAT TEXT`."""
import pathlib
import sys

import numpy
import zxingcpp


def picture(path):
    """The grey values of a binary PGM as pdftoppm writes it."""
    kind, width, height, most, grey = path.read_bytes().split(maxsplit=4)
    assert (kind, most) == (b"P5", b"255"), path
    size = int(width) * int(height)
    return numpy.frombuffer(grey[-size:], numpy.uint8).reshape(int(height), int(width))


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.pgm")):
    # Version 1.4 fails an assertion where it finds a code at two scales.
    for code in zxingcpp.read_barcodes(picture(path), try_downscale=False):
        print(code.format.name, code.text)
