#ifndef SERVER_ROSTER_H
#define SERVER_ROSTER_H

/* Writes the registry's entries: genesis, link key, schema, orgs, devices (forms: registry.h).
 * Each call appends an entry of the hub's own, or one to each part of the registry that must hear
 * of it; call inside a transaction. */

#include "common/replica.h"

#define ROSTER_ORGS_MAX 64 /* that one device's certificates name, all in all */

struct roster_genesis {
    const struct root_set *root_set;
    const struct root_signers *root;
    const struct authority *authority;
    const struct signing_key *authority_key;
    const struct identity *hub;
    const char *root_name;
};
enum status roster_write_genesis(struct replica *replica, const struct roster_genesis *genesis,
                                 struct error *err);
enum status roster_write_link_key(struct replica *replica, const struct signing_key *authority,
                                  const struct link_key *link, struct error *err);
enum status roster_write_schema(struct replica *replica, const struct schema *schema,
                                struct error *err);
/* STATUS_BAD_INPUT for a kind or name that isn't one, STATUS_NOT_FOUND for an unknown parent. */
enum status roster_write_org(struct replica *replica, const struct org *org, const char *kind,
                             const char *name, struct error *err);
/* Into the part of the org that it names, and of those that the device's older ones name. */
enum status roster_write_device(struct replica *replica, const struct certificate *certificate,
                                struct bytes sealed, struct error *err);
/* The next root set (field 1) or authority (field 2), signed by the root. */
enum status roster_write_network(struct replica *replica, uint16_t field, struct bytes sealed,
                                 struct error *err);

struct roster_revocation {
    uint32_t device;
    struct id row; /* the device's id */
    uint32_t serial;
    enum device_state state;
    const struct frontier *cut;
    struct bytes hashes; /* of the last entry of each of its rows */
};
/* Into the registry part of one of the device's orgs. */
enum status roster_write_revocation(struct replica *replica, uint32_t org,
                                    const struct roster_revocation *revocation, struct error *err);

/* The device was silent for long (`lapsed`), or has come again. Into the registry part of its org.
 */
enum status roster_write_lapse(struct replica *replica, const struct device *device, bool lapsed,
                               struct error *err);

/* Run SQL on the hub's own tables; false: *message says why (static text of SQLite, for the log).
 */
bool roster_execute(struct sqlite3 *database, const char *sql, char **message);

#endif
