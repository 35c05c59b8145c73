#ifndef COMMON_PAGE_AEAD_H
#define COMMON_PAGE_AEAD_H

/* The form of an encrypted page, for SQLite3MultipleCiphers' hooks. Private to page_cipher.c.
 *
 *   page    = encrypted content ‖ nonce ‖ tag 16 (nonce and tag are the reserved bytes of a page)
 *   page 1  = salt 16 ‖ SQLite's header bytes 16-23 in clear ‖ encrypted content ‖ nonce ‖ tag
 *   AAD     = page number u32le ‖ salt 16 ‖ of page 1 also the header bytes 16-23
 *
 * The nonce is random for each write of a page and comes from libsodium's seam; the salt is random
 * for each file and binds its pages to it. AEGIS-256 (draft-irtf-cfrg-aegis-aead) is the one that
 * SQLite3MultipleCiphers brings along. The key lies in locked memory. */

#include "common/page_cipher.h"

/* Make both ciphers known to SQLite, once in a process; false when it has no room for them. */
bool page_aead_register(void);
/* The name under which SQLite knows a cipher, and the reserved bytes of its pages. */
const char *page_aead_name(enum page_cipher cipher);
int page_aead_reserved(enum page_cipher cipher);

#endif
