// Which reports the first pages show, by name; what they ask stands in the reports' own file.
// A name that this hub's reports haven't is left out.

/** Charts of the overview. */
export const OVERVIEW = ["R10", "R06", "R09", "R04"];
/** Columns of the coverage grid to begin with: of those reports that have an org and a percentage. */
export const COVERAGE = ["R06", "R10", "R05", "R66", "R27"];
/** What was done of what was handed down. */
export const TASKS = ["R36"];
/** Lists of people behind the reminders. */
export const MISSED = ["R14", "R13"];
