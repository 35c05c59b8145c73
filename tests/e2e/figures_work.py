"""More figures counted again from exported rows, as in figures.py: orgs and posts, tickets, papers,
venues, pairs, goods."""

import datetime
from collections import Counter, defaultdict

from figures import LIFE, THERE, finished, of, percent, years

CLOSED = ("done", "rated", "archived", "withdrawn")
PAIRS = ("committee_contact", "three_links", "one_to_one", "hardship_pair", "elder_helps_elder",
         "study_aid", "guidance")
BY_LETTER = ("phone", "wechat", "mail", "card")


def day_after(day, days):
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days)).isoformat()


def months_of(r):
    return [f"{r.last[:4]}-{month:02d}" for month in range(int(r.first[5:7]), int(r.last[5:7]) + 1)]


def is_open(ticket):
    return ticket["state"] not in CLOSED


def holders(r, *kinds):
    """{org: people} of the ties in force."""
    found = defaultdict(set)
    for tie in r.ties:
        if tie["kind"] in kinds:
            found[r.body(tie["org_id"])].add(tie["person_id"])
    return found


def r08(r):
    for e in r.events:
        if r.first <= e["day"] <= r.last and (e["state"] != "cancelled" or r.was_held(e)):
            there = [a for a in r.at[e["id"]] if a["status"] in THERE]
            yield {"org": r.name(e["_org"]), "day": e["day"], "kind": e["kind"], "title": e["title"],
                   "present": len(there), "summary": e["summary"],
                   "signed": "、".join(sorted(r.people[a["person_id"]]["name"] for a in there)) or None}


def r11(r):
    seen = {(of(v["target_ref"]), v["at"][:7]) for v in r.visits}
    sums = defaultdict(Counter)
    for link in r.rows["link"]:
        if link["kind"] in PAIRS and "true" in link["active"]:
            due = [m for m in months_of(r) if m >= (link["start_on"] or "")[:7]]
            kept = sum((of(link["b_ref"]), m) in seen for m in due)
            sums[link["_org"], link["kind"]].update(pairs=1, due=len(due), kept=kept, none=int(not kept))
    for (org, kind), s in sums.items():
        yield {"org": r.name(org), "kind": kind, "pairs": s["pairs"], "due": s["due"], "kept": s["kept"],
               "none": s["none"], "percent": percent(s["kept"], s["due"])}


def r12(r):
    sums = defaultdict(Counter)
    for t in r.tickets:
        made = r.made("ticket", t) if t["kind"] == "must_visit" else ""
        if not r.first <= made <= r.last:
            continue
        came = min((v["at"][:10] for v in r.rows["visit"] if of(v["target_ref"]) == t["person_id"]
                    and v["at"][:10] >= made and v["kind"] not in BY_LETTER), default=None)
        in_time = came is not None and came <= (t["due_on"] or day_after(made, 3))
        sums[t["_org"], t["title"]].update(triggers=1, answered=int(bool(came) or finished(t)),
                                           in_time=int(in_time), waiting=int(not came and not finished(t)))
    for (org, title), s in sums.items():
        yield {"org": r.name(org), "what": title, **{key: s[key] for key in
               ("triggers", "answered", "in_time", "waiting")}, "percent": percent(s["in_time"], s["triggers"])}


def r16(r):
    given = {of(row["subject_ref"]) for row in r.booked if row["kind"] in ("goods_out", "device_out")}
    for p in r.roster:
        turns = p["born_on"] and str(int(p["born_on"][:4]) + 90) + p["born_on"][4:]
        if turns and r.first <= turns <= r.last:
            yield {"person": p["name"], "born_on": p["born_on"], "on": turns,
                   "veteran": int(p["kind"] == "veteran"), "delivered": int(p["id"] in given)}


def r23(r):
    people = defaultdict(list)
    sums = defaultdict(Counter)
    for row in r.money:
        if row["kind"] in ("goods_in", "goods_out") and row["at"] <= r.last:
            key = row["_org"], row["item"] or ""
            now = row["at"] >= r.first
            sums[key].update(**{row["kind"]: row["fen"] * now},
                             stock=row["fen"] if row["kind"] == "goods_in" else -row["fen"])
            if now and row["kind"] == "goods_out" and row["fen"] > 0 and of(row["subject_ref"]) in r.people:
                people[key].append(of(row["subject_ref"]))
    for key, s in sums.items():
        times = Counter(people[key])
        got = len(set(times) & {p["id"] for p in r.roster})
        yield {"org": r.name(key[0]), "item": key[1], "goods_in": s["goods_in"] / 100,
               "goods_out": s["goods_out"] / 100, "stock": s["stock"] / 100, "persons": len(times),
               "twice": sum(n > 1 for n in times.values()),
               "waiting": max(0, len(r.members(key[0])) - got)}


def r26(r):
    homes = defaultdict(set)
    for tie in r.ties:
        if tie["kind"] == "member":
            homes[tie["person_id"]].add(r.body(tie["org_id"]))
    seen = {of(v["target_ref"]) for v in r.visits} | {a["person_id"] for e in r.held for a in r.at[e["id"]]
                                                      if a["status"] in THERE}
    missing = {t["person_id"] for t in r.tickets if t["kind"] == "search" and is_open(t)}
    for org in r.branches():
        mine = [p["id"] for p in r.members(org)]
        checked = sum(p in seen for p in mine)
        yield {"org": r.name(org), "roster": len(mine), "checked": checked,
               "percent": percent(checked, len(mine)), "none": sum(not homes[p] for p in mine),
               "several": sum(len(homes[p]) > 1 for p in mine), "missing": sum(p in missing for p in mine)}


def r28(r):
    quarters = {f"{m[:4]}-Q{(int(m[5:]) + 2) // 3}" for m in months_of(r)}
    forms = {(person, d["period"]) for d in r.rows["doc"] if d["kind"] == "feedback"
             and d["state"] in ("received", "published", "archived") and d["period"] in quarters
             for person in d["author_ids"]}
    reports = {tie["person_id"] for tie in r.ties if tie["kind"] == "report"}
    for org in r.branches():
        mine = [p["id"] for p in r.members(org)]
        reporting = [p for p in mine if p in reports]
        received = sum(person in reporting for person, _ in forms)
        yield {"org": r.name(org), "roster": len(mine), "reporting": len(reporting), "received": received,
               "expected": len(reporting) * len(quarters),
               "missing": len(reporting) * len(quarters) - received}


def r33(r):
    kept = [t for t in r.tickets if t["kind"] == "mediation" and r.first <= r.made("ticket", t) <= r.last]
    for org in {t["_org"] for t in kept}:
        mine = [t for t in kept if t["_org"] == org]
        yield {"org": r.name(org), "received": len(mine), "finished": sum(map(finished, mine)),
               "overdue": sum(is_open(t) and bool(t["due_on"]) and t["due_on"] < r.last for t in mine)}


def r34(r):
    kept = [t for t in r.tickets if t["kind"] in ("proposal", "opinion")
            and r.first <= r.made("ticket", t) <= r.last]
    taken = ("adopted", "carried_out", "reported_back")
    for t in kept:
        yield {"title": t["title"], "org": r.name(t["_org"]), "adopted": int(t["adoption"] in taken)}
    yield {"title": "合计", "adopted": sum(t["adoption"] in taken for t in kept),
           "percent": percent(sum(t["adoption"] in taken for t in kept), len(kept))}


def r36(r):
    parents = {t["parent_id"] for t in r.tickets}
    kept = [t for t in r.tickets if t["kind"] in ("task", "instruction", "rectification", "problem")
            and t["id"] not in parents]
    for t in kept:
        late = is_open(t) and t["due_on"] and t["due_on"] < r.last
        days = (datetime.date.fromisoformat(r.last) - datetime.date.fromisoformat(t["due_on"])).days if late else None
        yield {"title": t["title"], "org": r.name(t["_org"]), "overdue": days, "done": int(finished(t))}
    done = sum(map(finished, kept))
    yield {"title": "合计", "done": done, "percent": percent(done, len(kept))}


def r44(r):
    for org in {r.body(a["org_id"]) for a in r.rows["affiliation"] if a["kind"] == "committee"}:
        mine = [a for a in r.rows["affiliation"] if a["kind"] == "committee" and r.body(a["org_id"]) == org
                and a["start_on"] <= r.last]
        now = {a["person_id"] for a in mine if not (a["end_on"] and a["end_on"] <= r.last)}
        ages = [years(r.people[a["person_id"]]["born_on"], a["start_on"]) for a in mine
                if a["person_id"] in now and r.people[a["person_id"]]["born_on"]]
        yield {"org": r.name(org), "posts": len(now), "age": sum(ages) / len(ages) if ages else None}


def r46(r):
    kinds = ("document_reading", "briefing", "sit_in", "outing", "honours", "social")
    for p in r.roster:
        if p["kind"] == "veteran" or p["rank"]:
            mine = [e for e in r.held if e["kind"] in kinds for a in r.at[e["id"]]
                    if a["person_id"] == p["id"] and a["status"] in THERE + ("caught_up",)]
            yield {"person": p["name"], "times": len(mine),
                   "last": max((e["day"] for e in mine), default=None)}


def r48(r):
    kinds = ("news", "bulletin", "work", "interview", "experience", "survey", "study_material")
    sums = defaultdict(Counter)
    for d in r.rows["doc"]:
        if d["kind"] in kinds and r.first[:4] <= (d["period"] or r.last)[:4] <= r.last[:4]:
            sums[d["_org"], d["kind"]].update(items=1, published=int(d["state"] in ("published", "archived")))
    for (org, kind), s in sums.items():
        yield {"org": r.name(org), "kind": kind, "items": s["items"], "published": s["published"]}


def r49(r):
    sums = defaultdict(Counter)
    for a in r.rows["affiliation"]:
        if a["kind"] == "handover" and (a["start_on"] or "") <= r.last:
            state = a["state"] or "applied"
            sums[a["category"] or "", r.body(a["org_id"])].update(
                out=1, received=int(state in ("received", "ended")),
                waiting=int(state in ("applied", "issued")), returned=int(state == "returned"))
    for (batch, org), s in sums.items():
        yield {"batch": batch, "org": r.name(org), **{key: s[key] for key in
               ("out", "received", "waiting", "returned")}, "percent": percent(s["received"], s["out"])}


def r54(r):
    venues = {v["id"]: r.body(v["org_id"]) for v in r.rows["venue"] if (v["state"] or "open") == "open"}
    gave = ("volunteering", "tutoring", "duty", "talk", "clinic")
    came, contributed = set(), set()
    for e in r.held:
        grid = venues.get(e["venue_id"]) or r.body(e["org_id"]) or e["_org"]
        into = contributed if e["kind"] in gave else came
        into.update((a["person_id"], grid) for a in r.at[e["id"]] if a["status"] in THERE)
    seen = {of(v["target_ref"]) for v in r.visits if v["kind"] not in BY_LETTER or set(v["also"]) - set(BY_LETTER)}
    for grid in {r.body(p["grid_id"]) for p in r.roster}:
        mine = [p for p in r.roster if r.body(p["grid_id"]) == grid]
        four = [(grid in venues.values(), (p["id"], grid) in came, p["id"] in seen,
                 (p["id"], grid) in contributed) for p in mine]
        sums = [sum(column) for column in zip(*four)]
        yield {"grid": r.name(grid) or "未填", "members": len(mine), "venue": sums[0], "activity": sums[1],
               "visited": sums[2], "contributed": sums[3], "percent": percent(sum(map(all, four)), len(four)),
               "elders": sum(bool(p["born_on"]) and years(p["born_on"], r.last) >= 70 for p in mine)}


def r56(r):
    class_of = {of(t["ref"]): t["code"] for t in r.rows["tag"] if t["scheme"] == "member_type"}
    homes = {(t["person_id"], r.body(t["org_id"])) for t in r.ties if t["kind"] == "member"}
    groups = defaultdict(list)
    for a in r.rows["affiliation"]:
        if a["kind"] in ("managed", "report") and (a["state"] or "received") in ("received", "ended"):
            groups[r.body(a["org_id"]), a["category"] or class_of.get(a["person_id"], "未分类")].append(a)
    for (org, category), mine in groups.items():
        now = {a["person_id"] for a in mine if (a["state"] or "received") == "received"
               and (a["start_on"] or "") <= r.last and not (a["end_on"] and a["end_on"] <= r.last)}
        moved = [len({a["person_id"] for a in mine if a[day] and r.first <= a[day] <= r.last})
                 for day in ("start_on", "end_on")]
        yield {"org": r.name(org), "category": category, "persons": len(now),
               "away": sum((person, org) not in homes for person in now), "moved_in": moved[0],
               "moved_out": moved[1], "net": moved[0] - moved[1]}


def r57(r):
    liaisons, leaders, committee = holders(r, "liaison"), holders(r, "leader_contact"), holders(r, "committee")
    for org in r.branches():
        yield {"org": r.name(org), "liaisons": len(liaisons[org]), "leaders": len(leaders[org]),
               "committee": len(committee[org]), "served": len(r.members(org))}


def r59(r):
    papers = {(r.body(d["org_id"]) or d["_org"], d["kind"], (d["period"] or "")[:4]) for d in r.rows["doc"]}
    year = r.last[:4]
    for org in r.branches():
        met = {(e["_org"], e["day"][:4]) for e in r.events if e["kind"] in LIFE and r.was_held(e)}
        held = [(org, kind, year) in papers for kind in ("plan", "summary", "disclosure")]
        present = sum(held) + ((org, year) in met) + 1
        yield {"org": r.name(org), "year": year, "present": present, "percent": 20.0 * present}


def r61(r):
    orgs = defaultdict(Counter)
    for t in r.tickets:
        if t["kind"] in ("rectification", "problem") and r.first <= r.made("ticket", t) <= r.last:
            orgs[t["_org"]].update(found=1, closed=int(finished(t)))
    for e in r.held:
        if e["kind"] in ("inspection", "life_meeting"):
            orgs[e["_org"]].update(inspections=int(e["kind"] == "inspection"),
                                   life_meetings=int(e["kind"] == "life_meeting"))
    for org, s in orgs.items():
        yield {"org": r.name(org), **{key: s[key] for key in
               ("found", "closed", "inspections", "life_meetings")}}


def r63(r):
    secretaries = defaultdict(set)
    for tie in r.ties:
        if tie["kind"] == "committee" and tie["role"] == "secretary":
            secretaries[r.body(tie["org_id"])].add(tie["person_id"])
    there = {a["person_id"] for _, a in r.there(("training",))}
    for org, people in secretaries.items():
        yield {"org": r.name(org), "secretaries": len(people), "trained": len(people & there),
               "percent": percent(len(people & there), len(people))}


def r64(r):
    for e in r.events:
        if e["kind"] in ("outing", "booking") and r.first <= e["day"] <= r.last:
            rows = r.at[e["id"]]
            yield {"day": e["day"], "title": e["title"], "signed": sum(a["pledge"] == "signed" for a in rows),
                   "unfit": sum(a["pledge"] == "unfit" for a in rows)}


def r68(r):
    there = r.there(("clinic",))
    for org in {e["_org"] for e in r.held if e["kind"] == "clinic"}:
        mine = [a["person_id"] for e, a in there if e["_org"] == org]
        yield {"org": r.name(org), "times": len(mine), "persons": len(set(mine)),
               "sessions": sum(e["_org"] == org and e["kind"] == "clinic" for e in r.held)}


def r73(r):
    for f in r.rows["figure"]:
        if (f["source"] or "stated") != "system" and r.first[:4] <= f["period"][:4] <= r.last[:4]:
            yield {"org": r.name(f["_org"]), "metric": f["metric"], "period": f["period"], "stated": f["stated"]}


def r75(r):
    shown = ("published", "archived")
    papers = [d for d in r.rows["doc"] if r.first[:4] <= (d["period"] or r.last)[:4] <= r.last[:4]]
    for org in (o["id"] for o in r.orgs.values() if o["kind"] == "branch"):
        mine = [d for d in papers if (r.body(d["org_id"]) or d["_org"]) == org]
        yield {"org": r.name(org), "requests": sum(d["kind"] == "request" for d in mine),
               "published": sum(d["kind"] == "disclosure" and d["state"] in shown for d in mine)}


def r19(r):
    shown = defaultdict(list)
    for d in r.rows["doc"]:
        if d["kind"] == "disclosure" and d["state"] in ("published", "archived"):
            shown[r.body(d["org_id"]) or d["_org"], d["period"]].append(d["public_from"] or r.made("doc", d))
    sums, payers = defaultdict(Counter), defaultdict(set)
    for row in r.money:
        month = row["period"] or row["at"][:7]
        if row["kind"] not in ("dues_paid", "dues_return", "fund_out") or month not in months_of(r):
            continue
        key = row["_org"], f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"
        late = row["kind"] == "dues_paid" and row["at"] > min(shown[key], default="9999")
        if row["kind"] == "dues_paid" and not late:
            payers[key].add(row["subject_ref"])
        sums[key]["later" if late else row["kind"]] += row["fen"]
    for (org, quarter), s in sums.items():
        yield {"org": r.name(org), "quarter": quarter, "payers": len(payers[org, quarter]),
               "paid": s["dues_paid"] / 100, "later": s["later"] / 100, "returned": s["dues_return"] / 100,
               "published": min(shown[org, quarter], default=None)}


def r30(r):
    tags = defaultdict(list)
    for t in r.rows["tag"]:
        tags[of(t["ref"]), t["scheme"]].append(t["code"])
    gave = {a["person_id"] for e in r.held for a in r.at[e["id"]] if a["status"] in THERE
            and (e["kind"] in ("volunteering", "tutoring", "clinic")
                 or e["kind"] in ("talk", "lecture", "party_lesson") and "speaker" in (a["role"] or ()))}
    gave |= {t["person_id"] for t in r.tickets if t["kind"] == "volunteer_match" and finished(t)}
    groups = defaultdict(set)
    for tie in r.ties:
        if tie["kind"] == "talent":
            for field in tags[tie["person_id"], "skill"] or ["未填"]:
                for team in tags[tie["person_id"], "talent_group"] or ["未填"]:
                    groups[tie["_org"], field, team].add(tie["person_id"])
    for (org, field, team), people in groups.items():
        yield {"org": r.name(org), "field": field, "team": team, "persons": len(people),
               "engaged": len(people & gave), "percent": percent(len(people & gave), len(people))}


def r43(r):
    kinds = ("alliance", "co_build", "near_build", "enterprise_pair", "hospital_build")
    links = [{"kind": k["kind"], "a": r.body(of(k["a_ref"])), "b": r.body(of(k["b_ref"]))}
             for k in r.rows["link"] if k["kind"] in kinds and "true" in k["active"]
             and (k["start_on"] or "") <= r.last]
    events = [(r.body(e["org_id"]) or e["_org"], r.body(e["host_id"])) for e in r.held]
    for a in {k["a"] for k in links if k["kind"] == "alliance"}:
        members = {k["b"] for k in links if k["kind"] == "alliance" and k["a"] == a}
        yield {"alliance": r.name(a), "kind": "alliance", "members": len(members),
               "events": sum(own == a or host in members for own, host in events),
               "hosts": len({host for _, host in events} & members),
               "idle": len(members - {org for event in events for org in event})}
    for k in links:
        if k["kind"] != "alliance":
            joint = [(own, host) for own, host in events if (own, host) in
                     ((k["a"], k["b"]), (k["b"], k["a"]))]
            yield {"alliance": f"{r.name(k['a'])} — {r.name(k['b'])}", "kind": k["kind"], "members": 2,
                   "events": len(joint), "hosts": len({host for _, host in joint})}


def r60(r):
    counts = Counter()
    for p in r.rows["person"]:
        if not r.is_member(p):
            continue
        letters = [a for a in r.rows["affiliation"] if a["person_id"] == p["id"]
                   and a["state"] == "received" and a["letter_no"]]
        came = min((a["start_on"] for a in letters if a["kind"] == "member"), default="")
        went = max((a["start_on"] for a in letters if a["kind"] == "outflow"), default="9999")
        retired, died = p["retired_on"] or "", p["died_on"] or "9999"
        since, until = max(retired, came), min(died, went)
        counts["期初"] += since < r.first <= until
        if r.first <= since <= r.last and until >= since:
            counts["转入" if came > retired else "新退休"] += 1
        if max(r.first, since) <= until <= r.last:
            counts["转出" if went < died else "去世"] -= 1
        counts["期末"] += since <= r.last < until
    for item in ("期初", "新退休", "转入", "转出", "去世", "期末"):
        yield {"item": item, "persons": counts[item]}
    assert counts["期末"] == sum(count for item, count in counts.items() if item != "期末")


def r21(r):
    paid = Counter()
    for row in r.booked:
        if row["kind"] == "subsidy":
            paid[of(row["subject_ref"])] += row["fen"]
    for a in r.rows["affiliation"]:
        if a["kind"] == "committee":
            rate = a["subsidy_fen"]
            fen = round(float(rate) * 100) if rate else 30000 if a["role"] == "secretary" else 10000
            months = sum(m >= (a["start_on"] or "")[:7] and not (a["end_on"] and m >= a["end_on"][:7])
                         for m in months_of(r))
            if months or paid[a["person_id"]]:
                yield {"person": r.people[a["person_id"]]["name"], "org": r.name(r.body(a["org_id"])),
                       "role": a["role"], "months": months, "due": months * fen / 100}


def r32(r):
    instructors = holders(r, "instructor")
    for org in r.rows["org"]:
        if org["kind"] == "enterprise" or org["id"] in instructors:
            days = [v["at"][:10] for v in r.visits if of(v["target_ref"]) == org["id"]]
            yield {"org": org["name"], "instructors": len(instructors[org["id"]]), "visits": len(days),
                   "months": len({day[:7] for day in days})}


def r35(r):
    kinds = ("request", "four_helps", "volunteer_match", "repair")
    needs = [t for t in r.tickets if t["kind"] in kinds and r.first <= r.made("ticket", t) <= r.last]
    offers = [f for f in r.rows["offer"] if (f["state"] or "open") == "open"]
    for org in {row["_org"] for row in needs + offers}:
        mine = [t for t in needs if t["_org"] == org]
        yield {"org": r.name(org), "needs": len(mine), "finished": sum(map(finished, mine)),
               "resources": sum(f["_org"] == org and f["kind"] in ("resource", "service", "menu") for f in offers),
               "projects": sum(f["_org"] == org and f["kind"] == "project" for f in offers),
               "overdue": sum(is_open(t) and (t["due_on"] or "9999") < r.last for t in mine),
               "unmatched": sum(not t["offer_id"] for t in mine)}


def r37(r):
    for v in r.rows["venue"]:
        used = [e for e in r.events if e["venue_id"] == v["id"] and r.first <= e["day"] <= r.last
                and (r.was_held(e) or e["kind"] == "booking" and e["state"] in ("approved", "planned"))]
        cost = sum(row["fen"] for row in r.money if row["kind"] == "venue_cost"
                   and of(row["subject_ref"]) == v["id"])
        yield {"name": v["name"], "kind": v["kind"], "events": len(used), "cost": cost / 100,
               "bookings": sum(e["kind"] == "booking" for e in used),
               "updated": max((e["day"] for e in used), default=None)}


def r41(r):
    schemes = {item["id"]: item["scheme"] for item in r.rows["standard"]}
    members = {p["id"] for p in r.roster}
    groups = defaultdict(list)
    for s in r.rows["score"]:
        if of(s["subject_ref"]) in members and r.first[:4] <= s["period"][:4] <= r.last[:4]:
            groups[s["_org"], schemes.get(s["standard_id"]) or "", s["period"]].append(s)
    for (org, scheme, period), mine in groups.items():
        people = {s["subject_ref"] for s in mine}
        yield {"org": r.name(org), "scheme": scheme, "period": period, "appraised": len(people),
               "scores": len(mine), "mean": sum(s["value"] for s in mine) / len(mine),
               "percent": percent(len(people), len(r.members(org)))}


def r47(r):
    schemes = ("brand", "party_plus", "eight_n", "contribution", "three_platforms")
    groups = defaultdict(set)
    for t in r.rows["tag"]:
        if t["scheme"] in schemes:
            groups[t["_org"], t["scheme"], t["code"]].add(of(t["ref"]))
    tasks = {t["id"]: t for t in r.tickets if t["kind"] == "task"}
    held, venues = {e["id"] for e in r.held}, {v["id"] for v in r.rows["venue"]}
    for (org, scheme, code), marked in groups.items():
        mine = [tasks[ref] for ref in marked & set(tasks)]
        yield {"org": r.name(org), "scheme": scheme, "brand": code, "planned": len(mine),
               "done": sum(map(finished, mine)), "events": len(marked & held),
               "venues": len(marked & venues), "orgs": len({r.body(ref) for ref in marked} & set(r.names))}


def r51(r):
    def year_before(day):
        return str(int(day[:4]) - 1) + day[4:]

    def figures_of(first, last):
        held = [e for e in r.events if first <= e["day"] <= last and r.was_held(e)]
        there = [a["person_id"] for e in held for a in r.at[e["id"]] if a["status"] in THERE]
        visits = [v["target_ref"] for v in r.rows["visit"] if first <= v["at"][:10] <= last]
        dues = sum(row["fen"] for row in r.money if row["kind"] == "dues_paid" and first <= row["at"] <= last)
        return {("活动", "次"): len(held), ("参加", "人次"): len(there), ("参加", "人"): len(set(there)),
                ("走访", "人次"): len(visits), ("走访", "人"): len(set(visits)), ("党费实缴", "元"): dues / 100}
    before = figures_of(year_before(r.first), year_before(r.last))
    for (item, unit), now in figures_of(r.first, r.last).items():
        yield {"item": item, "unit": unit, "before": before[item, unit], "now": now}


def r62(r):
    yield from ({"dimension": "智能手机", "value": digital or "不详", "number": number, "base": len(r.roster)}
                for digital, number in Counter(p["digital"] for p in r.roster).items())
    groups = {of(t["ref"]) for t in r.rows["tag"] if t["scheme"] == "chat_group"}
    inside = sum(p["id"] in groups for p in r.roster)
    yield {"dimension": "入群", "number": inside, "percent": percent(inside, len(r.roster))}


def r67(r):
    orgs = defaultdict(set)
    for t in r.rows["tag"]:
        if t["scheme"] == "brand" and r.body(of(t["ref"])) in r.names:
            orgs[t["code"]].add(r.body(of(t["ref"])))
    branches = sum(o["kind"] == "branch" for o in r.orgs.values())
    for d in r.rows["doc"]:
        if d["kind"] in ("method", "appeal", "resolution") and r.first[:4] <= (d["period"] or r.last)[:4] <= r.last[:4]:
            method = d["kind"] == "method"
            count, base = (len(orgs[d["title"]]), branches) if method else (len(set(d["author_ids"])), len(r.roster))
            yield {"title": d["title"], "adopted" if method else "signers": count, "base": base,
                   "percent": percent(count, base)}


def r70(r):
    homes = {(k["_org"], of(k["b_ref"])) for k in r.rows["link"] if "true" in k["active"]
             and k["kind"] in ("poor_household", "hardship_pair", "study_aid", "guidance")}
    talks = [e for e in r.held if e["kind"] == "talk"]
    for org in {home[0] for home in homes} | {e["_org"] for e in talks}:
        mine = {person for place, person in homes if place == org}
        yield {"org": r.name(org), "households": len(mine),
               "visits": sum(of(v["target_ref"]) in mine for v in r.visits),
               "talks": sum(e["_org"] == org for e in talks),
               "audience": sum(e["audience"] or 0 for e in talks if e["_org"] == org)}


def r38(r):
    items, answers = defaultdict(lambda: defaultdict(list)), defaultdict(list)
    most = {item["id"]: item["max_points"] for item in r.rows["standard"]}
    venues = {v["id"]: v["name"] for v in r.rows["venue"]}
    for s in r.rows["score"]:
        if of(s["subject_ref"]) in venues and r.first[:4] <= s["period"][:4] <= r.last[:4]:
            key = of(s["subject_ref"]), s["period"][:4]
            if s["scorer_code"]:
                answers[key].append(s["value"])
            else:
                items[key][s["standard_id"]].append(s["value"] >= most[s["standard_id"]])
    for key in set(items) | set(answers):
        met = sum(map(all, items[key].values()))
        yield {"name": venues[key[0]], "year": key[1], "items": len(items[key]), "met": met,
               "percent": percent(met, len(items[key])), "answers": len(answers[key])}


def r53(r):
    waiting = Counter()
    for row in (row for rows in r.rows.values() for row in rows):
        waiting[row["_org"]] += len(row["_conflicts"])
    for org, conflicts in waiting.items():
        if conflicts:
            yield {"org": r.name(org), "conflicts": conflicts}


COUNTED = {name.upper(): function for name, function in list(globals().items())
           if name[0] == "r" and name[1:].isdigit()}
