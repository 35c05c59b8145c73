"""A document of docs/ in OpenAPI: what it promises of answers, and what of it was met."""

import json
import os

DOCS = os.path.join(os.path.dirname(__file__), "..", "..", "docs")
TYPES = {"string": str, "object": dict, "array": list, "boolean": bool, "null": type(None)}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


class Document:
    def __init__(self, name):
        with open(os.path.join(DOCS, name), encoding="utf-8") as file:
            self.json = json.load(file)
        self.met = set()

    def all(self):
        return {(path, method, status) for path, methods in self.json["paths"].items()
                for method, operation in methods.items() for status in operation["responses"]}

    def check(self, value, schema, where):
        if "$ref" in schema:
            schema = self.json["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        names = schema.get("type", [])
        names = [names] if isinstance(names, str) else names
        assert not names or any(is_type(value, name) for name in names), f"{where}: {value!r}"
        assert value in schema.get("enum", [value]), f"{where}: {value!r}"
        for name in schema.get("required", []) if value is not None else ():
            assert name in value, f"{where}: no '{name}'"
        for name, part in schema.get("properties", {}).items():
            if isinstance(value, dict) and name in value:
                self.check(value[name], part, f"{where}.{name}")
        for name in value if isinstance(value, dict) else ():
            if "additionalProperties" in schema:
                self.check(value[name], schema["additionalProperties"], f"{where}.{name}")
        for place, item in enumerate(value if isinstance(value, list) else ()):
            self.check(item, schema.get("items", {}), f"{where}[{place}]")

    def answer(self, path, method, answer):
        promised = self.json["paths"][path][method]["responses"]
        where = f"{method} {path} {answer.status}"
        assert str(answer.status) in promised, f"{where}: not promised: {answer.body[:200]}"
        self.met.add((path, method, str(answer.status)))
        contents = promised[str(answer.status)]["content"]
        kind = answer.headers["content-type"]
        if answer.headers["content-type"].startswith("text/plain"):
            assert answer.status in (403, 415), where # the door's word
            return None
        assert kind in contents, where
        if kind != "application/json":
            return None
        self.check(answer.json(), contents[kind]["schema"], where)
        return answer.json()
