#include "server/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"

#define AREA_BYTES 4096
/* Those of TLS 1.2 whose keys nobody can find later; all of TLS 1.3 are such. */
#define CIPHERS_OF_1_2 "ECDHE+AESGCM:ECDHE+CHACHA20"

struct tls {
    struct tls_files files;
    SSL_CTX *context; /* connections that stand hold on to the one that they began with */
};

struct web_covered {
    SSL *ssl;
    BIO *in, *out; /* its own */
};

/* ---- the files ---- */

/* OpenSSL's reason for the last failure, in its own words. */
static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    return text ? text : "?";
}

/* OpenSSL says of a file that can't be opened no more than that it failed. */
static enum status look(const char *path, struct error *err)
{
    int fd;
    TRY(file_open(path, &fd, err));
    close(fd);
    return STATUS_OK;
}

/* Nobody is there to be asked for a passphrase. */
static int no_passphrase(char *text, int size, int writing, void *context)
{
    (void)text, (void)size, (void)writing, (void)context;
    return -1;
}

static enum status read_files(SSL_CTX *context, const struct tls_files *files, struct error *err)
{
    TRY(look(files->certificate, err));
    TRY(look(files->key, err));
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1)
        return error_set(err, STATUS_BAD_INPUT, "'%.120s' holds no certificate in PEM: %.80s",
                         files->certificate, reason());
    if (SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) == 1)
        return STATUS_OK;
    if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
        return error_set(err, STATUS_BAD_INPUT, "the key '%.100s' is not that of '%.100s'",
                         files->key, files->certificate);
    return error_set(err, STATUS_BAD_INPUT,
                     "'%.120s' holds no key in PEM without a passphrase: %.80s", files->key,
                     reason());
}

static int choose_http(SSL *ssl, const unsigned char **out, unsigned char *size,
                       const unsigned char *offered, unsigned offered_size, void *context)
{
    static const unsigned char http[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    (void)ssl, (void)context;
    if (SSL_select_next_proto(&chosen, size, http, sizeof http - 1, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void set_rules(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, CIPHERS_OF_1_2);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context, choose_http, NULL);
}

/* ---- life ---- */

enum status tls_reload(struct tls *tls, struct error *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    set_rules(context);
    enum status status = read_files(context, &tls->files, err);
    if (status != STATUS_OK) {
        SSL_CTX_free(context);
        return status;
    }
    SSL_CTX_free(tls->context);
    tls->context = context;
    return STATUS_OK;
}

enum status tls_open(struct tls **out, const struct tls_files *files, struct error *err)
{
    struct tls *tls = calloc(1, sizeof *tls);
    *out = NULL;
    /* What the machine's openssl.cnf says of others is nothing to this program. */
    if (!tls || OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        free(tls);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    tls->files = *files;
    enum status status = tls_reload(tls, err);
    if (status == STATUS_OK)
        *out = tls;
    else
        free(tls);
    return status;
}

void tls_close(struct tls *tls)
{
    if (tls)
        SSL_CTX_free(tls->context);
    free(tls);
}

void tls_expires(const struct tls *tls, char text[TLS_TIME_BYTES])
{
    struct tm time;
    X509 *certificate = SSL_CTX_get0_certificate(tls->context);
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1 ||
        strftime(text, TLS_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &time) == 0)
        snprintf(text, TLS_TIME_BYTES, "?");
}

/* ---- a connection ---- */

static struct web_covered *begin(void *context)
{
    struct tls *tls = context;
    struct web_covered *covered = calloc(1, sizeof *covered);
    if (!covered)
        return NULL;
    covered->in = BIO_new(BIO_s_mem());
    covered->out = BIO_new(BIO_s_mem());
    covered->ssl = SSL_new(tls->context);
    if (!covered->in || !covered->out || !covered->ssl) {
        BIO_free(covered->in);
        BIO_free(covered->out);
        SSL_free(covered->ssl);
        free(covered);
        return NULL;
    }
    SSL_set_bio(covered->ssl, covered->in, covered->out);
    SSL_set_accept_state(covered->ssl);
    return covered;
}

static void free_covered(struct web_covered *covered)
{
    if (covered)
        SSL_free(covered->ssl);
    free(covered);
}

static enum status take_out(struct web_covered *covered, struct buffer *out)
{
    uint8_t area[AREA_BYTES];
    int size;
    while ((size = BIO_read(covered->out, area, sizeof area)) > 0)
        if (buffer_append(out, area, (size_t)size) != STATUS_OK)
            return STATUS_NO_MEMORY;
    return STATUS_OK;
}

/* The handshake goes on by itself while reading. */
static enum status read_all(struct web_covered *covered, struct buffer *plain)
{
    uint8_t area[AREA_BYTES];
    int size;
    enum status status = STATUS_OK;
    ERR_clear_error();
    while (status == STATUS_OK && (size = SSL_read(covered->ssl, area, sizeof area)) > 0)
        status = buffer_append(plain, area, (size_t)size);
    sodium_memzero(area, sizeof area); /* it may hold a passphrase */
    if (status == STATUS_OK && SSL_get_error(covered->ssl, size) != SSL_ERROR_WANT_READ)
        status = STATUS_DENIED;
    return status;
}

static enum status open_bytes(struct web_covered *covered, struct bytes in, struct buffer *plain,
                              struct buffer *out)
{
    if (BIO_write(covered->in, in.data, (int)in.size) != (int)in.size)
        return STATUS_NO_MEMORY;
    enum status status = read_all(covered, plain);
    enum status sent = take_out(covered, out);
    return status == STATUS_OK ? sent : status;
}

static enum status seal_bytes(struct web_covered *covered, struct bytes plain, struct buffer *out)
{
    ERR_clear_error();
    if (plain.size > 0 && SSL_write(covered->ssl, plain.data, (int)plain.size) != (int)plain.size)
        return STATUS_NO_MEMORY;
    return take_out(covered, out);
}

static enum status end_bytes(struct web_covered *covered, struct buffer *out)
{
    ERR_clear_error();
    SSL_shutdown(covered->ssl);
    return take_out(covered, out);
}

struct web_cover tls_cover(struct tls *tls)
{
    return (struct web_cover){begin, open_bytes, seal_bytes, end_bytes, free_covered, tls};
}
