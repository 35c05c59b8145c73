#ifndef SERVER_TLS_H
#define SERVER_TLS_H

/* TLS of the console, by two files in PEM: a certificate with its chain, and its key
 * (docs/decisions/0027-tls-by-files.md).
 *
 * TLS 1.2 and 1.3 by OpenSSL over memory: knows no socket and no clock. No session outlives its
 * connection, so that no key does. For one thread. */

#include "web/web_cover.h"

struct tls_files { /* paths; borrowed for the life of what is opened with them */
    const char *certificate, *key;
};

struct tls; /* opaque */

/* What file_open says of a file that can't be read; STATUS_BAD_INPUT: it holds something else, or
 * the two don't belong together. Gives. */
enum status tls_open(struct tls **tls, const struct tls_files *files, struct error *err);
/* Read the files anew: who comes from now on gets what they hold. After a failure the old ones
 * stay in force. */
enum status tls_reload(struct tls *tls, struct error *err);
void tls_close(struct tls *tls);

/* Until when the certificate is valid: "2027-02-01T00:00:00Z". */
#define TLS_TIME_BYTES 32
void tls_expires(const struct tls *tls, char text[TLS_TIME_BYTES]);

/* The operations for a site; borrows `tls`. */
struct web_cover tls_cover(struct tls *tls);

#endif
