"""The reports' figures, counted again in plain Python from exported rows: no SQL, and nothing of
schema/reports but the names of the columns. Written from the catalogue's definitions."""

import datetime
from collections import Counter, defaultdict

LIFE = ("members_meeting", "committee_meeting", "group_meeting", "party_lesson", "theme_day")
SERVICE = ("volunteering", "tutoring", "duty", "clinic")
STUDY = ("study", "party_lesson", "theme_day", "lecture", "training", "centre_group", "briefing",
         "document_reading", "members_meeting", "material_delivery", "online_push", "talk")
THERE = ("present", "online")


def percent(part, whole):
    return 100.0 * part / whole if whole else None


def years(born, day):
    return int(day[:4]) - int(born[:4]) - (day[5:] < born[5:])


def of(ref):
    return ref.split(":")[1] if ref else None


def fen(amount):
    return round(float(amount) * 100)


class Records:
    """All rows of a hub by table, and what several reports count from."""

    def __init__(self, hub, tables, first, last):
        self.hub, self.first, self.last = hub, first, last
        self.rows = {table: [row for row in hub.json("list", table) if not row.get("void")]
                     for table in tables}
        self.orgs = {org["id"]: org for org in hub.json("org", "list")}
        self.names = {org["id"]: org["name"] for org in (*self.rows["org"], *self.orgs.values())}
        self.people = {row["id"]: row for row in self.rows["person"]}
        self.roster = [p for p in self.rows["person"] if self.is_member(p)
                       and not (p["died_on"] and p["died_on"] <= last)]
        self.at = defaultdict(list)
        for row in self.rows["attendance"]:
            self.at[row["event_id"]].append(row)
        self.events = [{**e, "day": (e["start_at"] or e["planned_at"] or "")[:10]}
                       for e in self.rows["event"]]
        self.held = [e for e in self.events if first <= e["day"] <= last and self.was_held(e)]
        self.visits = [v for v in self.rows["visit"] if first <= v["at"][:10] <= last]
        self.money = [{**row, "fen": -abs(fen(row["amount"])) if row["reverses"] else fen(row["amount"])}
                      for row in self.rows["ledger"]]
        self.booked = [row for row in self.money if first <= row["at"] <= last]
        self.tickets = self.rows["ticket"]
        self.ties = [a for a in self.rows["affiliation"] if (a["state"] or "received") == "received"
                     and (a["start_on"] or "") <= last and not (a["end_on"] and a["end_on"] <= last)]

    @staticmethod
    def is_member(person):
        return ((person["party_status"] or "full") in ("probationary", "full")
                and (person["kind"] or "retired") in ("veteran", "retired")
                and not person["merged_into"])

    def was_held(self, event):
        state = event["state"] or "held"
        return state in ("held", "archived") or (
            state == "cancelled" and any(a["status"] in THERE for a in self.at[event["id"]]))

    def name(self, org):
        return self.names.get(org)

    def body(self, ref):
        """An org of the registry stands for the row of table org with its name, kind and place."""
        row = next((row for row in self.rows["org"] if row["id"] == ref), None)
        place = row and self.orgs.get(row["_org"])
        same = place and ref not in self.orgs and (place["name"], place["kind"]) == (row["name"], row["kind"])
        return place["id"] if same else ref

    def made(self, table, row):
        """The local day on which a row was written first."""
        times = [value["time"] for value in self.hub.json("history", table, row["id"])]
        return datetime.datetime.fromisoformat(min(times).replace("Z", "+00:00")).astimezone().date().isoformat()

    def branches(self):
        return sorted({p["_org"] for p in self.roster})

    def members(self, org):
        return [p for p in self.roster if p["_org"] == org]

    def there(self, kinds):
        """(event, attendance) of everybody who was there."""
        return [(e, a) for e in self.held if e["kind"] in kinds for a in self.at[e["id"]]
                if a["status"] in THERE]

    def done(self, *kinds):
        """Visits that were of one of these kinds, or were that besides."""
        return [v for v in self.visits if v["kind"] in kinds or set(v["also"] or ()) & set(kinds)]

    def open_tickets(self, kind):
        return [t for t in self.tickets if t["kind"] == kind
                and t["state"] not in ("done", "rated", "archived", "withdrawn")]


def finished(ticket):
    return ticket["state"] in ("done", "rated", "archived")


# ---- what each report must say: a list of rows, as many columns of it as are counted here ----

def r01(r):
    placed = {a["person_id"] for a in r.ties if a["kind"] == "member"}
    below = defaultdict(set)
    for org in r.orgs:
        at = org
        while at:
            below[at].add(org)
            at = r.orgs[at]["parent"]
    for org in r.orgs.values():
        mine = [p for p in r.roster if p["_org"] in below[org["id"]]]
        got = sum(p["id"] in placed for p in mine)
        yield {"org": org["name"], "members": len(mine), "placed": got,
               "percent": percent(got, len(mine)),
               "branches": sum(r.orgs[o]["kind"] == "branch" for o in below[org["id"]])}


def r02(r):
    ages = Counter()
    for p in r.roster:
        age = years(p["born_on"], r.last) if p["born_on"] else None
        ages["不详" if age is None else "60以下" if age < 60 else "90以上" if age >= 90
             else f"{age // 10 * 10}-{age // 10 * 10 + 9}"] += 1
    yield {"dimension": "总数", "value": "", "persons": len(r.roster)}
    for zh, counts in (("年龄", ages), ("健康", Counter(p["health"] or "不详" for p in r.roster)),
                       ("类别", Counter(p["kind"] or "不详" for p in r.roster)),
                       ("家庭", Counter(p["living"] or "不详" for p in r.roster)),
                       ("居住", Counter(p["residence"] or "不详" for p in r.roster)),
                       ("性别", Counter(p["sex"] or "不详" for p in r.roster))):
        for value, persons in counts.items():
            yield {"dimension": zh, "value": value, "persons": persons}
    old = sum(bool(p["born_on"]) and years(p["born_on"], r.last) >= 70 for p in r.roster)
    yield {"dimension": "七十以上", "persons": old,
           "percent": percent(old, sum(bool(p["born_on"]) for p in r.roster))}


def r04(r):
    life = [e for e in r.held if e["kind"] in LIFE]
    for org in {e["_org"] for e in life}:
        mine = [e for e in life if e["_org"] == org]
        able = [p for p in r.people.values() if p["_org"] == org and r.is_member(p)
                and p["residence"] != "remote" and p["health"] != "bedridden"]
        expected = sum(not (p["died_on"] and p["died_on"] <= e["day"]) for e in mine for p in able)
        rows = [a for e in mine for a in r.at[e["id"]]]
        present = sum(a["status"] in THERE for a in rows)
        caught = sum(a["status"] == "caught_up" for a in rows)
        yield {"org": r.name(org), "events": len(mine), "expected": expected, "present": present,
               "caught_up": caught, "percent": percent(present, expected),
               "percent_with_study": percent(present + caught, expected)}


def by_branch(r, reached, name):
    for org in r.branches():
        mine = r.members(org)
        count = sum(p["id"] in reached for p in mine)
        yield {"org": r.name(org), "roster": len(mine), name: count,
               "percent": percent(count, len(mine))}


def r05(r):
    return by_branch(r, {a["person_id"] for e in r.held for a in r.at[e["id"]]
                         if a["status"] in THERE}, "took_part")


def r06(r):
    seen = {a["person_id"] for e in r.held if e["kind"] in STUDY for a in r.at[e["id"]]
            if a["status"] in THERE + ("caught_up",)}
    return by_branch(r, seen | {of(v["target_ref"])
                                for v in r.done("study", "phone", "wechat", "mail")}, "reached")


def r66(r):
    return by_branch(r, {of(v["target_ref"]) for v in r.done("talk", "interview")}, "talked")


def r07(r):
    days = {(e["_org"], e["day"][:7], e["kind"], e["day"]) for e in r.held if e["kind"] in LIFE}
    counts = Counter(key[:3] for key in days)
    for (org, month, kind), count in counts.items():
        if kind in ("theme_day", "committee_meeting"):
            yield {"org": r.name(org), "month": month, "kind": kind, "days": count, "due": 1,
                   "done": 1}


def r09(r):
    visits = r.done("condolence", "home_visit", "hospital", "away")
    members = {p["id"] for p in r.roster}
    for occasion in {v["occasion"] for v in visits} | {"合计"}:
        mine = [v for v in visits if occasion in (v["occasion"], "合计")]
        people = {of(v["target_ref"]) for v in mine}
        yield {"occasion": occasion, "visits": len(mine), "persons": len(people),
               "members": len(people & members), "percent": percent(len(people & members), len(members))}


def r10(r):
    visits = r.done("study")
    served = {of(v["target_ref"]) for v in visits}
    for org in r.branches():
        mine = [v for v in visits if v["_org"] == org]
        frail = [p for p in r.members(org) if p["kind"] == "veteran"
                 or p["health"] in ("limited", "bedridden", "in_hospital")]
        got = sum(p["id"] in served for p in frail)
        yield {"org": r.name(org), "visits": len(mine), "persons": len({v["target_ref"] for v in mine}),
               "frail": len(frail), "served": got, "percent": percent(got, len(frail))}


def r13(r):
    for t in r.open_tickets("hardship"):
        mine = [v for v in r.visits if of(v["target_ref"]) == t["person_id"]]
        money = sum(row["fen"] for row in r.money if row["kind"] in ("relief_out", "gift_money")
                    and row["unit"] == "yuan" and of(row["subject_ref"]) == t["person_id"]
                    and row["at"] <= r.last)
        yield {"person": r.people[t["person_id"]]["name"], "level": t["level"], "visits": len(mine),
               "money": money / 100}


def r14(r):
    allowed = {1: 20, 2: 14, 3: 7}  # the township's own rule for level 1
    for p in r.roster:
        if (p["attention"] or 0) < 1:
            continue
        days = [v["at"][:10] for v in r.rows["visit"] if of(v["target_ref"]) == p["id"]
                and v["at"][:10] <= r.last]
        since = (datetime.date.fromisoformat(r.last)
                 - datetime.date.fromisoformat(max(days, default="2000-01-01"))).days
        yield {"person": p["name"], "attention": p["attention"], "last_contact": max(days, default=None),
               "overdue": max(0, since - allowed[p["attention"]])}


def r15(r):
    sums = defaultdict(Counter)
    for row in r.booked:
        if row["kind"] in ("entitled_due", "entitled_paid"):
            sums[of(row["subject_ref"]), row["item"]][row["kind"]] += row["fen"]
    for (person, item), sum_ in sums.items():
        owed = sum_["entitled_due"] - sum_["entitled_paid"]
        yield {"person": r.people[person]["name"], "item": item, "owed": owed / 100,
               "settled": int(owed <= 0)}


def r17(r):
    sums, months = defaultdict(Counter), defaultdict(Counter)
    for row in r.booked:
        if row["kind"] in ("dues_due", "dues_waived", "dues_paid"):
            sums[of(row["subject_ref"])][row["kind"]] += row["fen"]
            sign = 1 if row["kind"] == "dues_due" else -1
            months[of(row["subject_ref"])][row["period"] or row["at"][:7]] += sign * row["fen"]
    for person, s in sums.items():
        due = s["dues_due"] - s["dues_waived"]
        yield {"person": r.people[person]["name"], "paid": s["dues_paid"] / 100, "due": s["dues_due"] / 100,
               "owed": (due - s["dues_paid"]) / 100,
               "months": sum(owed > 0 for owed in months[person].values()),
               "percent": percent(s["dues_paid"], due)}
    held = Counter()
    for row in r.booked:
        if row["kind"] == "dues_paid" and row["method"] in ("cash", "door"):
            held[row["handler_id"], row["_org"]] += row["fen"]
        elif row["kind"] == "dues_handed":
            held[row["handler_id"], row["_org"]] -= row["fen"]
    for (handler, org), amount in held.items():
        yield {"person": r.people[handler]["name"], "org": r.name(org), "held": amount / 100}


def r18(r):
    before = str(int(r.last[:4]) - 1)
    for org in r.branches():
        mine = [row for row in r.money if row["_org"] == org]
        paid = sum(row["fen"] for row in mine if row["kind"] == "dues_paid" and row["at"][:4] == before)
        back = sum(row["fen"] for row in mine if row["kind"] == "dues_return"
                   and r.last[:4] + "-01-01" <= row["at"] <= r.last)
        required = -(-paid * 80 // 100)
        yield {"org": r.name(org), "paid_before": paid / 100, "required": required / 100,
               "returned": back / 100, "short": max(0, required - back) / 100}


def r20(r):
    sums = defaultdict(Counter)
    for row in r.booked:
        part = {"budget": "budget", "fund_in": "received", "fund_out": "spent", "subsidy": "spent",
                "venue_cost": "spent"}.get(row["kind"])
        if part:
            sums[row["_org"], row["item"] or ""][part] += row["fen"]
    for (org, item), s in sums.items():
        yield {"org": r.name(org), "item": item, "budget": s["budget"] / 100, "spent": s["spent"] / 100,
               "balance": (s["received"] - s["spent"]) / 100, "percent": percent(s["spent"], s["received"])}


def r22(r):
    sums, times = defaultdict(Counter), Counter()
    for row in r.booked:
        if row["kind"] in ("donation_in", "relief_out"):
            sums[row["item"] or ""][row["kind"]] += row["fen"]
            times[row["item"] or ""] += row["kind"] == "relief_out"
    for item, s in sums.items():
        yield {"item": item, "received": s["donation_in"] / 100, "given": s["relief_out"] / 100,
               "balance": (s["donation_in"] - s["relief_out"]) / 100, "times": times[item]}


def r24(r):
    points = Counter()
    for row in r.booked:
        if row["kind"] in ("points_earned", "points_lost"):
            points[of(row["subject_ref"])] += row["fen"] * (1 if row["kind"] == "points_earned" else -1)
    for person, sum_ in points.items():
        yield {"person": r.people[person]["name"], "points": sum_ / 100}


def r25(r):
    earned, spent = Counter(), Counter()
    for row in r.money:
        if row["at"] <= r.last and row["kind"] in ("points_earned", "points_lost"):
            earned[of(row["subject_ref"])] += row["fen"] * (1 if row["kind"] == "points_earned" else -1)
        elif row["at"] <= r.last and row["kind"] == "redemption":
            spent[of(row["subject_ref"])] += row["fen"]
    for person in set(earned) | set(spent):
        yield {"person": r.people[person]["name"], "spent": spent[person] / 100,
               "balance": (earned[person] - spent[person]) / 100}


def r27(r):
    for org in r.branches():
        homes = Counter(p["residence"] for p in r.members(org))
        total = sum(homes.values())
        yield {"org": r.name(org), "roster": total, "here": homes["local"], "unknown": homes[None],
               "away": total - homes["local"] - homes[None],
               "percent": percent(homes["local"], total - homes[None])}


def r29(r):
    there = r.there(SERVICE)
    for org in {e["_org"] for e in r.held if e["kind"] in SERVICE}:
        mine = [a for e, a in there if e["_org"] == org]
        yield {"org": r.name(org), "times": len(mine), "persons": len({a["person_id"] for a in mine}),
               "events": sum(e["_org"] == org and e["kind"] in SERVICE for e in r.held),
               "hours": sum(a["minutes"] or 0 for a in mine) / 60}


def r31(r):
    for e in r.held:
        if e["kind"] in ("lecture", "party_lesson", "talk"):
            yield {"day": e["day"], "title": e["title"], "audience": e["audience"],
                   "present": sum(a["status"] in THERE for a in r.at[e["id"]])}


def r39(r):
    for org in r.rows["org"]:
        if org["kind"] == "class":
            mine = [a for a in r.rows["affiliation"] if a["org_id"] == org["id"] and a["kind"] == "student"]
            admitted = {a["person_id"] for a in mine if a["state"] == "received"}
            yield {"class": org["name"], "applied": len({a["person_id"] for a in mine}),
                   "admitted": len(admitted), "capacity": 30, "waiting": max(0, len(admitted) - 30)}


def r40(r):
    items = {row["id"]: row for row in r.rows["standard"]}
    sums = defaultdict(list)
    for score in r.rows["score"]:
        if of(score["subject_ref"]) in r.orgs:
            most = items[score["standard_id"]]["max_points"]
            sums[of(score["subject_ref"])].append((score["value"], most))
    for org, scores in sums.items():
        points, most = (sum(values) for values in zip(*scores))
        yield {"org": r.name(org), "aspect": "合计", "points": points, "most": most,
               "percent": percent(points, most), "passes": int(points * 100 >= most * 60)}


def r42(r):
    counts = Counter((a["on"][:4], a["level"], a["grade"]) for a in r.rows["award"]
                     if r.first <= a["on"] <= r.last)
    for (year, level, grade), count in counts.items():
        yield {"year": year, "level": level, "grade": grade, "awards": count, "orgs": count}


def r45(r):
    for p in r.roster:
        if p["joined_on"] and p["joined_on"][5:7] == r.last[5:7]:
            yield {"person": p["name"], "joined_on": p["joined_on"],
                   "years": int(r.last[:4]) - int(p["joined_on"][:4])}


def r50(r):
    for f in r.rows["figure"]:
        org = of(f["owner_ref"])
        if f["metric"] == "members" and org in r.orgs:
            now = len(r.members(org))
            yield {"org": r.name(org), "metric": "members", "stated": f["stated"], "computed": now,
                   "difference": f["stated"] - now}


def r52(r):
    there = r.there(LIFE)
    yield {"report": "R02", "item": "在册党员", "value": len(r.roster)}
    yield {"report": "R04", "item": "到会", "value": len(there)}
    yield {"report": "R10", "item": "送学上门", "value": len(r.done("study"))}
    yield {"report": "R13", "item": "困难帮扶在办", "value": len(r.open_tickets("hardship"))}
    yield {"report": "R17", "item": "党费实缴",
           "value": sum(row["fen"] for row in r.booked if row["kind"] == "dues_paid") / 100}


def r55(r):
    counts = Counter((p["wish"], p["wish_reason"]) for p in r.roster)
    for (wish, reason), count in counts.items():
        yield {"wish": wish, "reason": reason, "persons": count}


def r58(r):
    for org in r.rows["org"]:
        if org["kind"] == "association":
            mine = [a for a in r.ties if a["org_id"] == org["id"] and a["kind"] in ("club", "team")]
            events = sum((e["host_id"] or e["org_id"]) == org["id"] for e in r.held)
            yield {"org": org["name"], "members": len({a["person_id"] for a in mine}), "events": events,
                   "required": 2, "missing": max(0, 2 - events)}


def r65(r):
    for e in r.held:
        if e["kind"] == "contest" and any(a["status"] in THERE for a in r.at[e["id"]]):
            yield {"day": e["day"], "participants": len({a["person_id"] for a in r.at[e["id"]]
                                                         if a["status"] in THERE})}


def r69(r):
    there = r.there(("tutoring",))
    for org in {e["_org"] for e in r.held if e["kind"] == "tutoring"}:
        held = [e for e in r.held if e["kind"] == "tutoring" and e["_org"] == org]
        yield {"org": r.name(org), "sessions": len(held), "pupils": sum(e["audience"] or 0 for e in held),
               "hours": sum(a["minutes"] or 0 for _, a in there) / 60,
               "teachers": len({a["person_id"] for _, a in there})}


def r71(r):
    shifts = [e for e in r.held if e["kind"] == "duty"]
    for org in {e["_org"] for e in shifts}:
        crews = [sum(a["status"] in THERE for a in r.at[e["id"]]) for e in shifts]
        yield {"org": r.name(org), "shifts": len(shifts), "times": sum(crews),
               "filled": sum(crew >= 2 for crew in crews), "short": sum(crew < 2 for crew in crews)}


def r72(r):
    for a in r.ties:
        if a["kind"] in ("self_rule", "rehired"):
            yield {"person": r.people[a["person_id"]]["name"], "kind": a["kind"], "start_on": a["start_on"]}


def r74(r):
    stock = defaultdict(Counter)
    for row in r.money:
        if row["kind"] in ("goods_in", "goods_out", "device_in", "device_out") and row["at"] <= r.last \
                and of(row["subject_ref"]) not in r.people:
            stock[of(row["subject_ref"]), row["item"] or ""][row["kind"].split("_")[1]] += row["fen"]
    for (_, item), s in stock.items():
        yield {"item": item, "goods_in": s["in"] / 100, "book": (s["in"] - s["out"]) / 100}


def r76(r):
    for e in r.events:
        rows = r.at[e["id"]]
        if r.first <= e["day"] <= r.last and rows:
            yield {"day": e["day"], "title": e["title"], "asked": len(rows),
                   "yes": sum(a["rsvp"] == "yes" for a in rows),
                   "came": sum(a["status"] in THERE for a in rows)}


TABLES = ("org", "person", "affiliation", "link", "venue", "offer", "event", "attendance", "visit",
          "ticket", "log", "ledger", "standard", "score", "award", "doc", "figure", "tag", "rule")
COUNTED = {name.upper(): function for name, function in list(globals().items())
           if name[0] == "r" and name[1:].isdigit()}
