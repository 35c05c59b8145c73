#ifndef COMMON_CONSENT_H
#define COMMON_CONSENT_H

/* Two persons for what carries many rows away (`watch` of the schema, access.h).
 *
 * Whoever exports more rows than one person may alone leaves a note that asks; somebody else, whose
 * role the schema names and whose org is the asker's or above it, answers with a note of their own;
 * then the export is made, once, and its note names the one that asked. All three are signed
 * entries like any other, so they travel by hub, local network or stick, and every replica can see
 * afterwards whether an export had its consent (alarm.h). What somebody does with a database that
 * they can open anyway, no program can hinder. */

#include <jansson.h>

#include "common/access.h"

#define CONSENT_DAYS 7 /* that an ask is good for, by the clock of whoever asked */

/* Note that rows are carried away (access->of is filled in here), when that needs nobody's consent
 * or has it. Else leaves an ask, unless there is one, and fails with STATUS_DENIED, which names it.
 */
enum status consent_export(struct replica *replica, const struct access *access, struct error *err);

/* Consent to what `ask` asks. STATUS_NOT_FOUND: nothing is asked there. STATUS_DENIED: this device
 * or its person asked it, or isn't entitled. Saves. */
enum status consent_give(struct replica *replica, const struct id *ask, struct error *err);

/* [{"id","table","rows","purpose","person","device","time","dot","state"}], state asked consented
 * used: what was asked in the last CONSENT_DAYS, the oldest first. */
enum status consent_asked(struct replica *replica, json_t **list, struct error *err);

/* Had the export its consent, as far as is known here? Small ones need none. */
bool consent_stands(struct replica *replica, const struct noted_list *notes,
                    const struct noted *export);

#endif
