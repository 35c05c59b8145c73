"""Bundles and frontier files (protocol.md, part 11): what a stick carries.

`read_bundle` gives what stood in a file for the holder of a DH secret: as many messages as are
whole, and the fault that ended it, if one did. `take_bundle` brings it into a replica."""

import struct

import nacl.bindings as sodium
from nacl.exceptions import CryptoError

from entry import Run
from frontier import pack_frontier
from keys import BUNDLE, PEER, RECEIPT, Receipt, seal
from pack import Refused, binary, pack, take_varint, unpack_list
from session import MESSAGE_MAX, RECEIPTS, RUN, TYPE_SKIPPED
from trust import is_registry

MAGIC, FRONTIER_MAGIC = b"JQBUNDL1", b"JQFRONT1"
HINT, RECIPIENT, HEADER = 8, 88, 24
RECIPIENTS_MAX, UNIT_MAX = 256, 8192


class Bundle:
    def __init__(self, data, network):
        if data[:8] != MAGIC or len(data) < 38:
            raise Refused("no bundle")
        if data[8:24] != network.id:
            raise Refused("a bundle of another network")
        self.network, self.salt = network, data[24:32]
        self.sender, count = struct.unpack_from("<IH", data, 32)
        end = 38 + count * RECIPIENT
        if not 1 <= count <= RECIPIENTS_MAX or len(data) < end + HEADER:
            raise Refused("a bundle whose head is broken")
        self.recipients = [data[at:at + RECIPIENT] for at in range(38, end, RECIPIENT)]
        self.bound = network.hash(BUNDLE, data[:end])
        self.header, self.units = data[end:end + HEADER], data[end + HEADER:]

    def key_for(self, secret):
        public = sodium.crypto_scalarmult_base(secret)
        hint = self.network.hash(PEER, self.salt, public)[:HINT]
        for recipient in self.recipients:
            if recipient[:HINT] == hint:
                try:
                    key = sodium.crypto_box_seal_open(recipient[HINT:], public, secret)
                except CryptoError:
                    continue
                if len(key) == 32:
                    return key
        raise Refused("a bundle for others")

    def texts(self, key):
        """The plain text of each unit, as long as they hold; raises at the first that doesn't."""
        state, data = sodium.crypto_secretstream_xchacha20poly1305_state(), self.units
        sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, self.header, key)
        bound, tag = self.bound, None
        while tag != sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL:
            size = int.from_bytes(data[:2], "big")
            if len(data) < 2 + size or len(data) < 2:
                raise Refused("a bundle that is cut off")
            if not 17 <= size <= UNIT_MAX:
                raise Refused("a unit of a size that is not allowed")
            try:
                text, tag = sodium.crypto_secretstream_xchacha20poly1305_pull(
                    state, data[2:2 + size], bound)
            except (CryptoError, RuntimeError) as fault:
                raise Refused("a unit does not decrypt") from fault
            yield text
            data, bound = data[2 + size:], None
        if data:
            raise Refused("something stands behind the bundle's end")


def messages(texts):
    """(type, body as a list) of each message in the joined texts."""
    stream = b""
    for text in texts:
        stream += text
        while stream:
            size, rest = take_varint(stream[1:], MESSAGE_MAX)
            if size is None or len(rest) < size:
                break
            if stream[0] < TYPE_SKIPPED:
                yield stream[0], unpack_list(rest[:size], 0)
            stream = rest[size:]
    if stream:
        raise Refused("a message that is cut off")


class Taken:
    def __init__(self):
        self.applied, self.receipts, self.faults = 0, [], []


def take_bundle(data, device):
    """Brings in what the device may read. What stood before a damaged place counts."""
    taken, registry = Taken(), device.replica.registry
    bundle = Bundle(data, registry.network)
    key = bundle.key_for(device.secret)
    try:
        for kind, body in messages(bundle.texts(key)):
            if kind == RUN:
                take_run(Run(body), device, taken)
            elif kind == RECEIPTS:
                take_receipt(Receipt(binary(body[0])), device, taken)
    except Refused as fault:
        taken.faults.append(fault)
    return taken


def take_run(run, device, taken):
    replica = device.replica
    if not is_registry(run.feed[0]) and not replica.registry.may_read(device.index, run.feed[0]):
        return
    try:
        taken.applied += replica.take(run)
    except Refused as fault:
        taken.faults.append(fault)


def take_receipt(receipt, device, taken):
    """One that its device signed; the hub's only under its present lineage."""
    registry = device.replica.registry
    key = registry.key_of(receipt.device)
    if key is None or not registry.network.is_signed(RECEIPT, receipt.body, receipt.signature, key):
        taken.faults.append(Refused(f"a receipt that device {receipt.device} did not sign"))
    elif receipt.device != 1 or receipt.lineage == device.lineage:
        taken.receipts.append(receipt)


def frontier_file(device):
    """For whom a bundle is written: what this device holds."""
    body = pack([1, device.index, device.lineage, device.beacon,
                 pack_frontier(device.replica.frontier)])
    return FRONTIER_MAGIC + device.network.id + seal(device.network, RECEIPT, body, device.seed)
