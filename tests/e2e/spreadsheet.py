"""Small spreadsheet files, made by hand: sound ones and hostile ones."""

import io
import zipfile
from xml.sax.saxutils import escape

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = (f'{HEAD}<Relationships><Relationship Id="rId7" Target="worksheets/sheet1.xml"/>'
             '</Relationships>')
BOOK = (f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="表" sheetId="1" r:id="rId7"/></sheets></workbook>')
# Style 0 is a number, 1 a day, 2 a month.
STYLES = (f'{HEAD}<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="176" '
          'formatCode="yyyy\\-mm"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
          '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="176"/></cellXfs></styleSheet>')


def cell(place, value):
    """Texts are inline; a pair is a number and its style; None leaves a gap."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return f'<c r="{place}" s="{value[1]}"><v>{value[0]}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def sheet(rows, before=""):
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(cell(f"{chr(65 + at)}{number}", value) for at, value in enumerate(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    return (f'{HEAD}{before}<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}'
            "</sheetData></worksheet>")


def book(path, rows=(), more=(), xml=None, packing=zipfile.ZIP_DEFLATED):
    parts = {"xl/workbook.xml": BOOK, "xl/_rels/workbook.xml.rels": RELATIONS,
             "xl/styles.xml": STYLES, "xl/worksheets/sheet1.xml": xml or sheet(rows), **dict(more)}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", packing) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    with open(path, "wb") as file:
        file.write(data.getvalue())


def texts_of(path):
    """What stands in the first sheet of a file, texts and numbers, as a spreadsheet would see it."""
    import re
    from xml.etree import ElementTree
    with zipfile.ZipFile(path) as file:
        tree = ElementTree.fromstring(file.read("xl/worksheets/sheet1.xml"))
        formulas = [node for node in tree.iter() if node.tag.endswith("}f")]
    rows = []
    for row in tree.iter(f"{{{MAIN}}}row"):
        cells = {}
        for node in row.iter(f"{{{MAIN}}}c"):
            name = re.match("[A-Z]+", node.get("r")).group()
            cells[name] = "".join(node.itertext())
        rows.append(cells)
    return rows, formulas
