#ifndef TESTS_SUPPORT_SPELL_H
#define TESTS_SUPPORT_SPELL_H

/* MessagePack and entries spelled out as text, so that tests show what they are about.
 *
 * Items stand apart by blanks:
 *   [ … ]      array, shortest header
 *   -12        integer, shortest form
 *   'text'     str
 *   x00ff      bin
 *   r7         bin of 16 bytes, each of them 7: a row or a person
 *   #cc05      these bytes as they are, counted as one item
 *   nil true false
 * A mistake in the text, or no memory, stops the test. */

#include "common/entry.h"

/* Appends the packed items. */
void spell_pack(const char *text, struct buffer *out);

/* Appends what an entry says, a line for its head, each op and each field:
 *   time 5 beacon 0 person none epoch 1
 *   table 20 row 0707…07
 *     1 = a161 replaces 7.1.2.4 7.1.2.5
 * and no terminator. */
void spell_entry(const struct entry_view *view, struct buffer *out);

/* Appends the body that entry_writer makes of a decoded one, without its trailing elements. */
void spell_again(const struct entry_view *view, struct buffer *out);
/* Is `body`, which decoded to `view`, what the writer makes of it, up to trailing elements? */
bool spell_same(const struct entry_view *view, struct bytes body);

#endif
