"""Says what keeps a PDF from being PDF/X-4 (ISO 15930-7), as far as this shop's own files could fall short of it.

    python3 x4.py FILE      a line for each fault; exit code 1 when there is one

It knows nothing of how the files were written: qpdf reads them, and this looks at what qpdf found. It is no validator of the whole standard:
what our writer cannot write (fonts, annotations, layers, external graphics) is refused altogether rather than judged.
"""

import base64
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "mm": "http://ns.adobe.com/xap/1.0/mm/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "x": "http://www.npes.org/pdfx/ns/id/",
}
# Entries that act, that lead outside, or that change ink behind the printer's back; wherever they stand.
FORBIDDEN = ["/JS", "/AA", "/OpenAction", "/AcroForm", "/XFA", "/EF", "/EmbeddedFiles", "/OPI", "/Ref", "/PS", "/TR", "/HTP",
             "/Annots", "/Alternates", "/OCProperties", "/UserUnit", "/Encrypt", "/FontFile", "/PresSteps", "/Collection"]
BLENDS = {"/Normal", "/Compatible", "/Multiply", "/Screen", "/Overlay", "/Darken", "/Lighten", "/ColorDodge", "/ColorBurn",
          "/HardLight", "/SoftLight", "/Difference", "/Exclusion", "/Hue", "/Saturation", "/Color", "/Luminosity"}
INTENTS = {"/AbsoluteColorimetric", "/RelativeColorimetric", "/Perceptual", "/Saturation"}
# Device colours that are not those of a CMYK output intent.
RGB_OPERATORS = re.compile(rb"(?<![\w/])(?:rg|RG)(?![\w])")


class File:
    def __init__(self, path):
        self.faults = []
        with open(path, "rb") as file:
            self.head = file.read(16)
        read = subprocess.run(["qpdf", "--json=2", "--json-stream-data=inline", "--decode-level=generalized", path],
                              capture_output=True, check=True)
        self.objects = json.loads(read.stdout)["qpdf"][1]

    def fault(self, holds, sentence):
        if not holds:
            self.faults.append(sentence)
        return holds

    def at(self, value):
        """What stands behind a reference: (dictionary or value, bytes of a stream)."""
        if isinstance(value, str) and re.fullmatch(r"\d+ \d+ R", value):
            value = self.objects.get("obj:" + value, {})
            if "stream" in value:
                return value["stream"]["dict"], base64.b64decode(value["stream"].get("data", ""))
            value = value.get("value")
        return value, b""

    def all(self):
        for name, value in self.objects.items():
            if "stream" in value:
                yield name, value["stream"]["dict"], base64.b64decode(value["stream"].get("data", ""))
            else:
                yield name, value.get("value"), b""


def nested(value):
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nested(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nested(inner)


def text(value):
    return value[2:] if isinstance(value, str) and value.startswith("u:") else ""


def envelope(file):
    version = re.match(rb"%PDF-1\.(\d)\s", file.head)
    file.fault(version and int(version[1]) <= 6, "the header says no version up to 1.6")
    trailer, _ = file.at(file.objects["trailer"]["value"])
    identity = trailer.get("/ID")
    file.fault(isinstance(identity, list) and len(identity) == 2 and all(len(part) > 4 for part in identity), "the trailer has no ID")
    for name, value, _ in file.all():
        for dictionary in nested(value):
            for key in FORBIDDEN:
                file.fault(key not in dictionary, f"{name} has {key}")
            file.fault(dictionary.get("/Type") != "/Font", f"{name} is a font")
            file.fault("/LZWDecode" not in json.dumps(dictionary.get("/Filter")), f"{name} is compressed by LZW")
            if dictionary.get("/Type") == "/ExtGState" or "/BM" in dictionary:
                file.fault(dictionary.get("/BM", "/Normal") in BLENDS, f"{name} blends in a way that is none")
                file.fault(dictionary.get("/TR2", "/Default") == "/Default", f"{name} has a transfer curve")
                file.fault(dictionary.get("/RI", "/Perceptual") in INTENTS, f"{name} has an intent that is none")
    return trailer


def condition(file, catalog):
    intents = [file.at(intent)[0] for intent in file.at(catalog.get("/OutputIntents"))[0] or []]
    printing = [intent for intent in intents if intent.get("/S") == "/GTS_PDFX"]
    if not file.fault(len(printing) == 1, "there is not one output intent of PDF/X"):
        return
    intent = printing[0]
    file.fault(text(intent.get("/OutputConditionIdentifier")), "the output intent has no identifier")
    file.fault(text(intent.get("/Info")), "an intent of no registry needs an Info")
    about, profile = file.at(intent.get("/DestOutputProfile"))
    sound = isinstance(about, dict) and profile[36:40] == b"acsp" and len(profile) == int.from_bytes(profile[:4], "big")
    if file.fault(sound, "the output profile is missing or damaged"):
        file.fault(profile[12:16] == b"prtr", "the output profile is not that of an output device")
        file.fault(profile[16:20] == b"CMYK" and about.get("/N") == 4, "the output profile is not of CMYK")
        file.fault(profile[8] in (2, 4), "the output profile is of a version that PDF 1.6 does not know")


def metadata(file, catalog, trailer):
    about, packet = file.at(catalog.get("/Metadata"))
    if not file.fault(isinstance(about, dict) and packet, "there is no metadata"):
        return
    file.fault((about.get("/Type"), about.get("/Subtype")) == ("/Metadata", "/XML"), "the metadata is not called so")
    file.fault("/Filter" not in about, "the metadata is compressed")
    root = ET.fromstring(packet.decode())
    said = lambda name: (root.findtext(f".//{name}", "", NAMESPACES)).strip()
    file.fault(said("x:GTS_PDFXVersion") == "PDF/X-4", "the metadata does not say PDF/X-4")
    for name in ["xmp:CreateDate", "xmp:ModifyDate", "xmp:MetadataDate"]:
        file.fault(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", said(name)), f"the metadata has no {name}")
    for name in ["mm:DocumentID", "mm:VersionID", "mm:RenditionClass"]:
        file.fault(said(name), f"the metadata has no {name}")
    title = said("dc:title/rdf:Alt/rdf:li")
    file.fault(title, "the metadata has no title")
    info, _ = file.at(trailer.get("/Info"))
    info = info or {}
    trapped = {"/True": "True", "/False": "False"}.get(info.get("/Trapped"))
    file.fault(trapped and trapped == said("pdf:Trapped"), "whether it is trapped is not said, or in two ways")
    file.fault(text(info.get("/Title")) == title, "the two titles differ")
    for key, name in [("/CreationDate", "xmp:CreateDate"), ("/ModDate", "xmp:ModifyDate")]:
        digits = re.sub(r"\D", "", text(info.get(key)))[:14]
        file.fault(len(digits) == 14 and digits == re.sub(r"\D", "", said(name))[:14], f"{key} and {name} differ")


def inside(inner, outer):
    return all(a >= b - 0.01 for a, b in zip(inner[:2], outer[:2])) and all(a <= b + 0.01 for a, b in zip(inner[2:], outer[2:]))


def pages(file, catalog):
    tree, _ = file.at(catalog["/Pages"])
    kids = [file.at(kid)[0] for kid in tree.get("/Kids", [])]
    file.fault(kids and all(kid.get("/Type") == "/Page" for kid in kids), "there is no page, or a tree of them")
    for number, page in enumerate(kids, 1):
        media, trim = page.get("/MediaBox"), page.get("/TrimBox")
        if not file.fault(media and trim and "/ArtBox" not in page, f"page {number} has not a MediaBox and one of TrimBox and ArtBox"):
            continue
        bleed = page.get("/BleedBox", media)
        file.fault(inside(bleed, media) and inside(trim, bleed), f"page {number}: the boxes are not inside each other")
        group = page.get("/Group", {})
        file.fault(group.get("/CS", "/DeviceCMYK") == "/DeviceCMYK", f"page {number} mixes in another space than its inks")
        contents = page.get("/Contents")
        for part in contents if isinstance(contents, list) else [contents]:
            file.fault(not RGB_OPERATORS.search(file.at(part)[1]), f"page {number} paints in RGB")
        for kind, named in (page.get("/Resources") or {}).items():
            for name, value in (named if isinstance(named, dict) else {}).items():
                resource(file, f"page {number}: {kind}{name}", file.at(value)[0])


def resource(file, where, value):
    spaces = [value] if isinstance(value, list) else [value.get("/ColorSpace")] if "/ColorSpace" in value else []
    for space in spaces:
        spelt = json.dumps(space)
        file.fault("/DeviceRGB" not in spelt and "/CalRGB" not in spelt, f"{where} is in RGB")
        if isinstance(space, list) and space[0] == "/Separation":
            file.fault(space[2] == "/DeviceCMYK", f"{where} stands for another space than the inks")
    if isinstance(value, dict) and value.get("/Subtype") == "/Form":
        file.faults.append(f"{where} is a form, which is not judged here")
    if isinstance(value, dict) and "/SMask" in value:
        mask, _ = file.at(value["/SMask"])
        file.fault(mask.get("/ColorSpace") == "/DeviceGray" and "/SMask" not in mask, f"{where} has a mask that is none")


def main():
    file = File(sys.argv[1])
    trailer = envelope(file)
    catalog, _ = file.at(trailer["/Root"])
    condition(file, catalog)
    metadata(file, catalog, trailer)
    pages(file, catalog)
    print("\n".join(file.faults))
    sys.exit(1 if file.faults else 0)


if __name__ == "__main__":
    main()
