"""Reads the codes on pictures and prints, for each picture, a JSON list of what a scanner
that tells the symbology would send."""

import json
import sys

import zxingcpp
from PIL import Image

for path in sys.argv[1:]:
    picture = Image.open(path).convert("L")
    found = zxingcpp.read_barcodes(picture, text_mode=zxingcpp.TextMode.Plain)
    print(json.dumps([code.symbology_identifier + code.text for code in found]))
