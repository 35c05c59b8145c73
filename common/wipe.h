#ifndef COMMON_WIPE_H
#define COMMON_WIPE_H

/* Nothing secret stays in memory that was given back: for a program that locks itself and runs on
 * (client/office.h). Keys themselves are wiped by their owners (common/keys.h, common/vault.h);
 * this is about the copies that libraries make of them. */

#include "common/error.h"

/* From now on SQLite and Jansson wipe what they free: the cipher's keys, pages in the clear, texts
 * of requests. Call before either is used, once. STATUS_STORAGE: SQLite runs already. */
enum status wipe_what_is_freed(struct error *err);

/* Wipe the unused part of this thread's stack, where calls that have returned left copies. */
void wipe_stack(void);

#endif
