#include "tests/support/trust.h"

/* Written as JSON; the preprocessor puts the quotes around. */
#define TEXT_OF(...) #__VA_ARGS__

/* clang-format off */
const char trust_schema[] = TEXT_OF({"epoch": 1, "tables": [
    {"number": 16, "name": "visit", "zh": "走访", "en": "visit",
     "write": ["volunteer", "secretary", "clerk", "bureau", "hub"], "fields": [
        {"number": 1, "name": "found", "zh": "所见", "en": "found",
         "type": "text", "merge": "append", "bytes": 64},
        {"number": 2, "name": "state", "zh": "状态", "en": "state",
         "type": "enum", "merge": "steps",
         "codes": [["open", "开", "open"], ["taken", "接", "taken"], ["done", "完", "done"]]},
        {"number": 3, "name": "tags", "zh": "标签", "en": "tags",
         "type": "code", "merge": "set"},
        {"number": 4, "name": "steps_walked", "zh": "步数", "en": "steps walked",
         "type": "int", "merge": "counter"}
    ]},
    {"number": 17, "name": "member", "zh": "党员", "en": "member",
     "write": ["secretary", "clerk", "bureau", "hub"], "fields": [
        {"number": 1, "name": "name", "zh": "姓名", "en": "name",
         "type": "text", "merge": "register", "bytes": 64},
        {"number": 2, "name": "health", "zh": "健康", "en": "health",
         "type": "enum", "merge": "register", "codes":
          [["well", "好", "well"], ["ill", "病", "ill"]]},
        {"number": 3, "name": "address", "zh": "地址", "en": "address",
         "type": "text", "merge": "register", "group": "home"},
        {"number": 4, "name": "place", "zh": "地点", "en": "place",
         "type": "place", "merge": "register", "group": "home"},
        {"number": 5, "name": "rank", "zh": "级别", "en": "rank",
         "type": "int", "merge": "register", "min": 1, "max": 9, "write": ["clerk", "bureau"]}
    ]},
    {"number": 18, "name": "attendance", "zh": "出席", "en": "attendance",
     "key": ["event", "person"],
     "write": ["volunteer", "secretary", "clerk", "bureau", "hub"], "fields": [
        {"number": 1, "name": "event", "zh": "活动", "en": "event",
         "type": "ref", "merge": "append", "refs": ["visit"]},
        {"number": 2, "name": "person", "zh": "人", "en": "person",
         "type": "ref", "merge": "append", "refs": ["member"]},
        {"number": 3, "name": "note", "zh": "备注", "en": "note",
         "type": "text", "merge": "latest"}
    ]},
    {"number": 19, "name": "dues", "zh": "党费", "en": "dues",
     "write": ["bureau"], "fields": [
        {"number": 1, "name": "amount", "zh": "金额", "en": "amount",
         "type": "money", "merge": "append"}
    ]}
]});
/* clang-format on */
