#include "tests/support/story.h"

/* Written as JSON; the preprocessor puts the quotes around. */
#define TEXT_OF(...) #__VA_ARGS__

/* clang-format off */
const char story_schema[] = TEXT_OF({"epoch": 1, "tables": [
    {"number": 16, "name": "thing", "zh": "物", "en": "thing", "write": ["volunteer"], "fields": [
        {"number": 1, "name": "name", "zh": "名", "en": "name",
         "type": "text", "merge": "register"},
        {"number": 2, "name": "first", "zh": "先", "en": "first",
         "type": "text", "merge": "register", "show": "earliest"},
        {"number": 3, "name": "health", "zh": "健康", "en": "health",
         "type": "enum", "merge": "register", "show": "highest",
         "codes": [["well", "好", "well"], ["ill", "病", "ill"], ["critical", "危", "critical"]]},
        {"number": 4, "name": "floor", "zh": "层", "en": "floor",
         "type": "int", "merge": "register", "show": "lowest"},
        {"number": 5, "name": "phone", "zh": "电话", "en": "phone",
         "type": "text", "merge": "latest"},
        {"number": 6, "name": "state", "zh": "状态", "en": "state",
         "type": "enum", "merge": "steps",
         "codes": [["open", "开", "open"], ["taken", "接", "taken"], ["done", "完", "done"]]},
        {"number": 7, "name": "seen", "zh": "见", "en": "seen",
         "type": "date", "merge": "max"},
        {"number": 8, "name": "signed", "zh": "签", "en": "signed",
         "type": "date", "merge": "min"},
        {"number": 9, "name": "tags", "zh": "标签", "en": "tags",
         "type": "code", "merge": "set"},
        {"number": 10, "name": "points", "zh": "分", "en": "points",
         "type": "int", "merge": "counter"},
        {"number": 11, "name": "found", "zh": "所见", "en": "found",
         "type": "text", "merge": "append"},
        {"number": 12, "name": "notes", "zh": "备注", "en": "notes",
         "type": "text", "merge": "text", "bytes": 64},
        {"number": 13, "name": "amount", "zh": "金额", "en": "amount",
         "type": "money", "merge": "register", "show": "highest", "group": "sum"},
        {"number": 14, "name": "unit", "zh": "单位", "en": "unit",
         "type": "code", "merge": "register", "group": "sum"},
        {"number": 15, "name": "address", "zh": "地址", "en": "address",
         "type": "text", "merge": "register", "group": "where"},
        {"number": 16, "name": "place", "zh": "地点", "en": "place",
         "type": "place", "merge": "register", "group": "where"}
    ]}
]});
/* clang-format on */
