"""The registry (protocol.md, part 4): orgs, devices, schemas, revocations out of the entries of
registry scopes, in whatever order these came, and what follows from it: who may read, what counts.

`Unknown` says that the answer needs something which hasn't come yet."""

from frontier import frontier_digest, read_frontier
from keys import (AUTHORITY, AUDITOR, BUREAU, CERTIFICATE, CLERK, HUB, LINK_KEY, ORG_MAX, ROOT_SET,
                  SECRETARY, U32, VOLUNTEER, Authority, Certificate, LinkKey, Network, RootSet)
from pack import Refused, binary, listed, text, uint
from schema import check_value, read_frame
from seal import Seals

(NETWORK_TABLE, ORG_TABLE, DEVICE_TABLE, SCHEMA_TABLE, LINK_TABLE, REVOCATION_TABLE,
 SCOPE_KEY_TABLE, GRANT_TABLE, ERASURE_TABLE, LAPSE_TABLE) = range(1, 11)
KINDS = ("bureau", "county", "township", "community", "branch")
GENESIS = ((3, 1, 1), 1)
BELOW = 2**31
ADMITS = {CLERK: (VOLUNTEER, SECRETARY), BUREAU: (VOLUNTEER, SECRETARY, CLERK)}


class Unknown(Exception):
    """Nobody can say yet."""


def org_of(scope):
    return (scope & ~BELOW) >> 1


def is_registry(scope):
    return scope < BELOW and scope & 1 == 1


def is_below(scope):
    return scope >= BELOW and scope & 1 == 0


class Registry:
    def __init__(self, network_id, chains=None):
        self.network = Network(network_id)
        self.chains = {} if chains is None else chains  # feed: the hash of each of its entries
        self.founded = False
        self.lineage = 0
        self.roots, self.authorities, self.orgs, self.schemas = [], {}, {}, []
        self.named = {}  # number: {life of the hub: (parent, id, kind, place)}; the lowest counts
        self.certificates = {}  # device: newest first
        self.stands = {}  # bytes of a certificate that a device issued: (feed, number)
        self.cuts = {}  # device: (serial, digest of the cut, hashes, state, cut)
        self.link = None
        self.seals = Seals()

    # ---- taking entries in ----

    def take_all(self, entries):
        """[((feed, number), entry)] -> {(feed, number): None, or why it doesn't count}"""
        verdicts, waiting = {}, sorted(entries, key=lambda item: item[0])
        progress = True
        while waiting and progress:
            progress, still = False, []
            for place, entry in waiting:
                try:
                    self.take(place, entry)
                    verdicts[place] = None
                    progress = True
                except Unknown as why:
                    verdicts[place] = why
                    still.append((place, entry))
                except Refused as why:
                    verdicts[place] = why
                    still.append((place, entry))  # keys may come that signed it
            waiting = still
        for number, named in self.named.items():
            for *_, place in named.values():
                if place != self.orgs[number][3]:
                    verdicts[place] = Refused("another org of this number counts")
        return verdicts

    def take(self, place, entry):
        if not self.founded:
            if place != GENESIS:
                raise Unknown("the genesis is missing")
            return self.take_genesis(place, entry)
        if len(entry.ops) != 1:
            raise Refused("a registry entry has one op")
        op = entry.ops[0]
        if place[0][1] != 1 and op.table not in (DEVICE_TABLE, GRANT_TABLE):
            raise Refused("only the hub writes the registry")
        return self.take_op(place, op)

    def take_genesis(self, place, entry):
        if sorted(op.table for op in entry.ops) != [NETWORK_TABLE, ORG_TABLE, DEVICE_TABLE]:
            raise Refused("a genesis has network, root org and hub")
        for op in sorted(entry.ops, key=lambda op: op.table):
            self.take_op(place, op)

    def take_op(self, place, op):
        scope, root = place[0][0], place[0][0] == 3
        values = {number: value for number, (value, _) in op.fields.items()}
        if op.table == ORG_TABLE:
            self.take_org(place, op, values)
        elif op.table == DEVICE_TABLE:
            self.take_certificate(place, op, binary(values.get(1)))
        elif op.table == REVOCATION_TABLE:
            self.take_revocation(op, values)
        elif op.table == SCOPE_KEY_TABLE:
            self.seals.take_scope_key(scope, values)
        elif op.table == GRANT_TABLE:
            self.seals.take_grants(values)
        elif op.table == ERASURE_TABLE:
            self.seals.take_erasure(values)
        elif op.table == LAPSE_TABLE:
            self.take_lapse(op, values)
        elif op.table == NETWORK_TABLE and root:
            self.take_network(values)
        elif op.table == SCHEMA_TABLE and root:
            self.take_schema(place, values)
        elif op.table == LINK_TABLE and root:
            self.take_link_key(binary(values.get(1)))
        else:
            raise Refused(f"table {op.table} has no place here")

    def take_network(self, values):
        if not self.founded:
            if set(values) != {1, 2, 3}:
                raise Refused("a network without root set, authority or lineage")
            self.take_root_set(binary(values[1]))
            self.take_authority(binary(values[2]))
            self.lineage, self.founded = uint(values[3]), True
        elif set(values) == {1}:
            self.take_root_set(binary(values[1]))
        elif set(values) == {2}:
            self.take_authority(binary(values[2]))
        else:
            raise Refused("the network is founded already")

    def take_root_set(self, sealed):
        root = RootSet(sealed)
        if root.version <= len(self.roots):
            if self.roots[root.version - 1].body != root.body:
                raise Refused("another root set of this version")
            return
        if root.version > len(self.roots) + 1:
            raise Unknown("the root set before it")
        if root.version == 1 and Network.of_root_set(root.body).id != self.network.id:
            raise Refused("a root set of another network")
        for signer in [root, *self.roots[-1:]]:
            if not signer.has_signed(self.network, ROOT_SET, root.body, root.signatures):
                raise Refused("too few of the root's keys have signed a root set")
        self.roots.append(root)

    def check_root_signed(self, tag, thing):
        if any(root.has_signed(self.network, tag, thing.body, thing.signatures)
               for root in self.roots):
            return
        known = {key for root in self.roots for key in root.keys}
        if any(key not in known for key, _ in thing.signatures):
            raise Unknown("root keys that are not known yet")
        raise Refused("too few of the root's keys have signed")

    def take_authority(self, sealed):
        authority = Authority(sealed)
        self.check_root_signed(AUTHORITY, authority)
        known = self.authorities.setdefault(authority.number, [])
        if authority.body not in [one.body for one in known]:
            known.append(authority)

    def take_org(self, place, op, values):
        scope, _, life = place[0]
        number = uint(values.get(1), ORG_MAX, 1)
        parent = 0 if values.get(2, 0) is None else uint(values.get(2), ORG_MAX, 1)
        text(values.get(4), 240)
        if values.get(3) not in KINDS or (parent == 0) != (number == 1) or parent >= number:
            raise Refused("a broken org")
        named = self.named.setdefault(number, {})
        if scope != 2 * number + 1 or life in named:
            raise Refused("an org in the wrong place, or twice")
        named[life] = (parent, op.row, values[3], place)
        self.orgs[number] = named[min(named)]

    def take_schema(self, place, values):
        schema = read_frame(binary(values.get(2)))
        if schema.epoch != uint(values.get(1), U32):
            raise Refused("a schema of another epoch")
        if self.schemas:
            last = self.schemas[-1].epoch
            if schema.epoch > last + 1:
                raise Unknown("the schema before it")
            if schema.epoch <= last:
                raise Refused("a schema that is known")
        elif place[0][2] != 1:
            raise Unknown("the first schema")
        self.schemas.append(schema)

    def take_link_key(self, sealed):
        link = LinkKey(sealed)
        if not self.signed_by_authority(LINK_KEY, link):
            raise Refused("a link key that no authority signed")
        if self.link is None or (link.number, link.key) > (self.link.number, self.link.key):
            self.link = link

    def take_lapse(self, op, values):
        """No judgement depends on it: it need only be well formed."""
        if set(values) != {1, 2, 3}:
            raise Refused("a broken lapse")
        device = uint(values[1], U32)
        uint(values[2], U32, 1)
        uint(values[3], 1)
        if device not in self.certificates:
            raise Unknown(f"device {device}")
        if self.network.device_id(self.certificates[device][0].sign_key) != op.row:
            raise Refused("a lapse of another device")

    def take_revocation(self, op, values):
        if set(values) not in ({1, 2, 3, 4}, {1, 2, 3, 4, 5}):
            raise Refused("a broken revocation")
        device, serial = uint(values[1], U32), uint(values[2], U32, 1)
        state, cut = uint(values[3], 2), read_frontier(binary(values[4]))
        hashes = binary(values[5]) if 5 in values else b""
        if 5 in values and len(hashes) != 32 * len(cut):
            raise Refused("a broken revocation")
        if device not in self.certificates:
            raise Unknown(f"device {device}")
        newest = self.certificates[device][0]
        if self.network.device_id(newest.sign_key) != op.row or newest.role == HUB:
            raise Refused("a revocation of another device, or of the hub")
        said = (serial, frontier_digest(cut), hashes, state, cut)
        if device not in self.cuts or said[:3] > self.cuts[device][:3]:
            self.cuts[device] = said

    # ---- certificates ----

    def take_certificate(self, place, op, sealed):
        certificate = Certificate(sealed)
        self.check_issuer(place, certificate)
        if self.network.device_id(certificate.sign_key) != op.row:
            raise Refused("a certificate under another device's id")
        if (certificate.role == HUB) != (certificate.device == 1) or \
                (certificate.role == HUB and certificate.org != 1):
            raise Refused("device 1 and no other is the hub, at the root org")
        known = self.certificates.setdefault(certificate.device, [])
        if known and known[0].sign_key != certificate.sign_key:
            raise Refused("a roster index of another key")
        if all(other.order(self.network) != certificate.order(self.network) for other in known):
            known.append(certificate)
            known.sort(key=lambda one: one.order(self.network), reverse=True)

    def check_issuer(self, place, certificate):
        writer, issuer = place[0][1], certificate.issuer
        if issuer > 65535:
            if issuer - 65536 != writer:
                raise Refused("a certificate names another issuer")
            return self.check_admission(place, certificate)
        if writer != 1:
            raise Refused("a certificate names another issuer")
        if issuer == 0:
            return self.check_root_signed(CERTIFICATE, certificate)
        if issuer not in self.authorities:
            raise Unknown(f"authority {issuer}")
        signers = [one for one in self.authorities[issuer] if self.network.is_signed(
            CERTIFICATE, certificate.body, certificate.signature, one.key)]
        if not signers:
            raise Refused("a certificate is not signed by its issuer")
        if certificate.role in (BUREAU, AUDITOR) or \
                not any(one.mask >> certificate.role & 1 for one in signers):
            raise Refused("the authority may not enrol this role")
        return None

    def check_signed(self, certificate, key):
        if not self.network.is_signed(CERTIFICATE, certificate.body, certificate.signature, key):
            raise Refused("a certificate is not signed by its issuer")

    def check_admission(self, place, newcomer):
        feed, number = place
        if feed[1] not in self.certificates:
            raise Unknown(f"device {feed[1]}")
        self.check_signed(newcomer, self.certificates[feed[1]][0].sign_key)
        writer = self.certificate_at(feed, number)
        if writer is None or newcomer.role not in ADMITS.get(writer.role, ()):
            raise Refused("this role may not admit that one")
        if feed[0] != 2 * newcomer.org + 1 or newcomer.serial != 1 or newcomer.begins or \
                newcomer.count:
            raise Refused("a device admits newcomers only, in their org's part")
        if not any(one.covers(feed, number) and 0 <= newcomer.device - one.lot < one.count
                   for one in self.certificates[feed[1]]):
            raise Refused("a roster index that is not the device's to give")
        if not self.ever_within(writer.org, newcomer.org):
            raise Refused("an org that the writer has no rights in")
        self.stands[newcomer.sealed] = place

    def certificate_at(self, feed, number):
        """The newest one that judges this entry."""
        return next((one for one in self.certificates.get(feed[1], [])
                     if one.covers(feed, number)), None)

    def is_void(self, certificate):
        while certificate.issuer > 65535:
            feed, number = self.stands[certificate.sealed]
            if self.is_cut(feed, number) or self.other_history(feed) is not None:
                return True
            certificate = self.certificate_at(feed, number)
            if certificate is None:
                return True
        return False

    def is_cut(self, feed, number):
        *_, state, cut = self.cuts.get(feed[1], (0, {}))
        return state != 0 and number > cut.get(feed, 0)

    def other_history(self, feed):
        """Why what is held of a cut feed doesn't count: the hash at the cut is another one, or it
        isn't reached yet. None: it counts."""
        *_, hashes, state, cut = self.cuts.get(feed[1], (b"", 0, {}))
        if state == 0 or not hashes or feed not in cut:
            return None
        at = 32 * sorted(cut).index(feed)
        chain = self.chains.get(feed, [])
        if len(chain) < cut[feed]:
            return Unknown(f"the rest of feed {feed} up to its cut")
        if chain[cut[feed] - 1] == hashes[at:at + 32]:
            return None
        return Refused(f"feed {feed} has another history than the revocation left")

    # ---- what follows ----

    def signed_by_authority(self, tag, thing):
        return any(self.network.is_signed(tag, thing.body, thing.signature, authority.key)
                   for known in self.authorities.values() for authority in known)

    def orgs_named(self, kind):
        return sorted(number for number, org in self.orgs.items() if org[2] == kind)

    def key_of(self, device):
        known = self.certificates.get(device)
        return known[0].sign_key if known else None

    def within(self, ancestor, org):
        """Is `org` the ancestor or below it?"""
        while org != ancestor:
            if org not in self.orgs:
                raise Unknown(f"org {org}")
            org = self.orgs[org][0]
            if org == 0:
                return False
        return True

    def ever_within(self, ancestor, org):
        """Would it be, if another org of some number counted?"""
        above = [org]
        for org in above:
            if org == ancestor:
                return True
            above += {other[0] for other in self.named.get(org, {}).values()} - {*above}
        return self.within(ancestor, above[0])

    def may_read(self, device, scope):
        if device not in self.certificates or self.cuts.get(device, (0, {}))[-2] != 0:
            return False
        certificate, org = self.certificates[device][0], org_of(scope)
        if self.is_void(certificate):
            return False
        try:
            within = self.ever_within if is_registry(scope) else self.within
            if certificate.role == HUB or within(certificate.org, org):
                return True
            return (is_registry(scope) or is_below(scope)) and within(org, certificate.org)
        except Unknown:
            return False

    def judge(self, place, entry):
        """Returns when the entry counts; Refused and Unknown say why not."""
        (scope, device, _), number = place
        if device not in self.certificates:
            raise Refused(f"device {device} is not in the registry")
        if self.is_cut(*place):
            raise Refused(f"device {device} was revoked before it wrote this")
        why = self.other_history(place[0])
        if why is not None:
            raise why
        certificate = self.certificate_at(*place)
        if certificate is None:
            raise Refused(f"the certificate of device {device} begins later")
        if certificate.role != HUB:
            if self.is_void(certificate):
                raise Refused("admitted by a device that had been revoked")
            if not self.within(certificate.org, org_of(scope)):
                raise Refused("the writer has no rights in this org")
            if entry.origin is not None and entry.origin[0] != scope:
                raise Refused("only the hub carries rows from one org to another")
        schema = next((one for one in self.schemas if one.epoch == entry.epoch), None)
        if schema is None and (not self.schemas or entry.epoch > self.schemas[-1].epoch):
            raise Unknown(f"schema epoch {entry.epoch}")
        if schema is None:
            raise Refused(f"there never was a schema epoch {entry.epoch}")
        for op in entry.ops:
            judge_op(schema, op, scope, certificate.role)


def read_place(value):
    """Where a row moved to: [org, its name]."""
    if len(listed(value, 2, 2)) == 2:
        uint(value[0], ORG_MAX, 1)
        text(value[1], 240)


def judge_op(schema, op, scope, role):
    table = schema.tables.get(op.table)
    if table is None or role not in table.write:
        raise Refused(f"table {op.table} is not there, or not for this role")
    if table.below != is_below(scope):
        raise Refused(f"rows of {table.name} stand elsewhere")
    for number, (value, bases) in op.fields.items():
        if number == 0:
            if type(value) is not bool:
                read_place(value)
            continue
        field = table.fields.get(number)
        if field is None or role not in field.write:
            raise Refused(f"field {number} of {table.name} is not there, or not for this role")
        if field.merge == "append" and bases:
            raise Refused(f"field {field.name} is written once only")
        if field.merge == "steps" and not field.may_step(value, role):
            raise Refused(f"this role may not take that step of {field.name}")
        if field.group is not None and any(
                other not in op.fields or op.fields[other][1] != bases
                for other in table.group_of(number)):
            raise Refused(f"the group of {field.name} is written in part")
        check_value(field, value, scope)
    written = {number: value for number, (value, _) in op.fields.items()}
    if any(field.number in written for field in table.key) and \
            table.natural_id(written) != op.row:
        raise Refused(f"the key of a row of {table.name} is not its id")
