#ifndef COMMON_RECOVERY_CODE_H
#define COMMON_RECOVERY_CODE_H

/* A key of 120 bits that people keep on paper: 24 characters of Crockford's Base32 in groups of
 * four. Reading takes small letters, O for 0, I and L for 1, and any hyphens or spaces. */

#include <stdbool.h>
#include <stdint.h>

#define RECOVERY_CODE_BYTES 15
#define RECOVERY_CODE_TEXT 30 /* with hyphens and terminator */

void recovery_code_format(const uint8_t code[RECOVERY_CODE_BYTES], char text[RECOVERY_CODE_TEXT]);
/* False when it isn't one, by its length or by a character. */
bool recovery_code_parse(const char *text, uint8_t code[RECOVERY_CODE_BYTES]);

#endif
