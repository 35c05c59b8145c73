"""Noise_IK_25519_ChaChaPoly_BLAKE2b (Noise revision 34), out of libsodium's primitives.

`Initiator` writes the first handshake message and reads the second; `Responder` is there for the
published vectors and for clients that meet each other. Then `send` and `receive` hold a cipher
each."""

import hashlib
import hmac

from nacl.bindings import (crypto_aead_chacha20poly1305_ietf_decrypt as open_box,
                           crypto_aead_chacha20poly1305_ietf_encrypt as close_box,
                           crypto_scalarmult, crypto_scalarmult_base)
from nacl.exceptions import CryptoError

from pack import Refused

NAME = b"Noise_IK_25519_ChaChaPoly_BLAKE2b"
KEY, TAG = 32, 16
REKEY = 4096


def hkdf(chaining_key, material):
    def mac(key, data):
        return hmac.new(key, data, hashlib.blake2b).digest()
    temporary = mac(chaining_key, material)
    first = mac(temporary, b"\x01")
    return first, mac(temporary, first + b"\x02")


class Cipher:
    def __init__(self, key):
        self.key, self.number = key[:KEY], 0

    def _nonce(self):
        nonce = bytes(4) + self.number.to_bytes(8, "little")
        self.number += 1
        return nonce

    def encrypt(self, plain, bound=b""):
        return close_box(plain, bound, self._nonce(), self.key)

    def decrypt(self, sealed, bound=b""):
        if len(sealed) < TAG:
            raise Refused("a message that is too short to be one")
        try:
            return open_box(sealed, bound, self._nonce(), self.key)
        except CryptoError as fault:
            raise Refused("a message does not decrypt") from fault


class Transport(Cipher):
    """Replaces its key behind every REKEY messages."""

    def _nonce(self):
        if self.number > 0 and self.number % REKEY == 0:
            last = bytes(4) + b"\xff" * 8
            self.key = close_box(bytes(KEY), b"", last, self.key)[:KEY]
        return super()._nonce()


class Handshake:
    def __init__(self, prologue, secret, ephemeral, responder_key):
        self.hash = NAME + bytes(64 - len(NAME))
        self.chaining_key, self.cipher = self.hash, None
        self.secret, self.public = secret, crypto_scalarmult_base(secret)
        self.ephemeral, self.ephemeral_public = ephemeral, crypto_scalarmult_base(ephemeral)
        self.mix_hash(prologue)
        self.mix_hash(responder_key)

    def mix_hash(self, data):
        self.hash = hashlib.blake2b(self.hash + data).digest()

    def mix_key(self, secret, public):
        shared = crypto_scalarmult(secret, public)
        self.chaining_key, key = hkdf(self.chaining_key, shared)
        self.cipher = Cipher(key)

    def encrypt(self, plain):
        sealed = self.cipher.encrypt(plain, self.hash)
        self.mix_hash(sealed)
        return sealed

    def decrypt(self, sealed):
        plain = self.cipher.decrypt(sealed, self.hash)
        self.mix_hash(sealed)
        return plain

    def split(self):
        return [Transport(key) for key in hkdf(self.chaining_key, b"")]


class Initiator(Handshake):
    def __init__(self, prologue, secret, remote, ephemeral):
        super().__init__(prologue, secret, ephemeral, remote)
        self.remote = remote

    def write_first(self, payload):
        self.mix_hash(self.ephemeral_public)
        self.mix_key(self.ephemeral, self.remote)
        static = self.encrypt(self.public)
        self.mix_key(self.secret, self.remote)
        return self.ephemeral_public + static + self.encrypt(payload)

    def read_second(self, message):
        if len(message) < KEY + TAG:
            raise Refused("a handshake message that is too short")
        theirs = message[:KEY]
        self.mix_hash(theirs)
        self.mix_key(self.ephemeral, theirs)
        self.mix_key(self.secret, theirs)
        payload = self.decrypt(message[KEY:])
        self.send, self.receive = self.split()
        return payload


class Responder(Handshake):
    def __init__(self, prologue, secret, ephemeral):
        super().__init__(prologue, secret, ephemeral, crypto_scalarmult_base(secret))

    def read_first(self, message):
        if len(message) < 2 * (KEY + TAG):
            raise Refused("a handshake message that is too short")
        self.their_ephemeral = message[:KEY]
        self.mix_hash(self.their_ephemeral)
        self.mix_key(self.secret, self.their_ephemeral)
        self.remote = self.decrypt(message[KEY:2 * KEY + TAG])
        self.mix_key(self.secret, self.remote)
        return self.decrypt(message[2 * KEY + TAG:])

    def write_second(self, payload):
        self.mix_hash(self.ephemeral_public)
        self.mix_key(self.ephemeral, self.their_ephemeral)
        self.mix_key(self.ephemeral, self.remote)
        sealed = self.encrypt(payload)
        self.receive, self.send = self.split()
        return self.ephemeral_public + sealed
