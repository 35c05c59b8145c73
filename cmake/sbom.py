"""What the programs are made of, as CycloneDX 1.5: the libraries that cmake/dependencies.cmake
names, in the versions that are here, and what package-lock.json pins. Usage: sbom.py FOLDER VERSION"""

import json
import os
import re
import subprocess
import sys


SOURCES = ("node-llhttp", "unicode-data")  # of Debian, compiled in


def said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def libraries(folder):
    with open(os.path.join(folder, "cmake", "dependencies.cmake"), encoding="utf-8") as file:
        modules = re.findall(r"^pkg_check_modules\(\w+ (?:REQUIRED )?IMPORTED_TARGET ([^)]*)\)",
                             file.read(), re.M)
    for module in sorted({re.sub(r">=.*", "", name) for line in modules for name in line.split()}):
        version = said("pkg-config", "--modversion", module)
        yield {"type": "library", "name": module, "version": version,
               "purl": f"pkg:generic/{module}@{version}"}
    for package in SOURCES:
        version = said("dpkg-query", "-W", "-f=${Version}", package)
        yield {"type": "library", "name": package, "version": version,
               "purl": f"pkg:deb/debian/{package}@{version}"}


def pinned(folder):
    with open(os.path.join(folder, "package-lock.json"), encoding="utf-8") as file:
        packages = json.load(file)["packages"]
    for path, package in sorted(packages.items()):
        if not path or package.get("optional"):
            continue
        name = path.rpartition("node_modules/")[2]
        yield {"type": "library", "name": name, "version": package["version"],
               "purl": f"pkg:npm/{name.replace('@', '%40')}@{package['version']}",
               "scope": "excluded" if package.get("dev") else "required",
               "properties": [{"name": "integrity", "value": package["integrity"]}]}


def main():
    folder, version = sys.argv[1:]
    json.dump({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
               "metadata": {"component": {"type": "application", "name": "jinqiu",
                                          "version": version}},
               "components": [*libraries(folder), *pinned(folder)]},
              sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
