#ifndef COMMON_TRANSFER_H
#define COMMON_TRANSFER_H

/* Transfers: who moves to which org, and when. Why it is so: docs/decisions/0017-moving-a-row.md.
 *
 * A *letter* is a row of a table that `moves` others (schema.h): it names a row, the org where that
 * is to go, and a state. Its own moves are those of a letter of paper:
 *
 *   offered by the org where the row lives      the letter moves to the other org
 *   returned there                              the letter moves back
 *   accepted there, in the same round           the row moves, and those that follow it
 *
 * What is written in the old place afterwards is carried after the row. Two letters of one row,
 * both accepted, are a conflict in the old place: its mark names both, and the row goes where the
 * settlement says. Only the hub moves anything, since nobody else reads both sides. */

#include "common/replica.h"

/* Prepare a hub's replica for it. Nothing the second time. */
enum status transfer_start(struct replica *replica, struct error *err);

/* Look at every row that asks for it. Transactions of its own, one for each row. *moved: entries
 * written. A row that can't be moved is told (`problem`, may be NULL) and left alone until it is
 * written again; only failures of storage are returned. */
typedef void transfer_problem(void *context, const struct error *err);
enum status transfer_run(struct replica *replica, transfer_problem *problem, void *context,
                         uint64_t *moved, struct error *err);

/* The org that a letter's `to` names: by the org's own id, or the name of the row of that id, when
 * one org alone bears it. NULL: there is none. */
enum status transfer_target(struct replica *replica, const struct schema_table *table,
                            const struct id *to, const struct org **org, struct error *err);

#endif
