"""A PDF file as a reader sees it: its texts with their places, and the ink under them."""

import re
import subprocess


def tool(*command):
    return subprocess.run(command, capture_output=True, check=True).stdout


class Paper:
    def __init__(self, path):
        self.path = path
        about = tool("pdfinfo", path).decode()
        self.pages = int(re.search(r"Pages:\s+(\d+)", about).group(1))
        self.size = re.search(r"Page size:\s+(\S+) x (\S+)", about).groups()
        self.text = tool("pdftotext", "-layout", path, "-").decode()
        self.flat = re.sub(r"\s", "", self.text)

    def page(self, number):
        return tool("pdftotext", "-layout", "-f", str(number), "-l", str(number), self.path,
                    "-").decode()

    def ink(self, word):
        """The darkest point where a word of the first page stands, once it is rendered; None
        where there is no such word."""
        boxes = tool("pdftotext", "-bbox", "-l", "1", self.path, "-").decode()
        found = re.search(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">' +
                          re.escape(word), boxes)
        if not found:
            return None
        image = tool("pdftoppm", "-gray", "-r", "72", "-f", "1", "-l", "1", self.path)
        head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", image)
        wide, left, top, right, bottom = int(head.group(1)), *map(lambda n: int(float(n)),
                                                                  found.groups())
        pixels = image[head.end():]
        return min(pixels[y * wide + x] for y in range(top, bottom) for x in range(left, right))
