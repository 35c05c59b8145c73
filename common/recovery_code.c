#include "common/recovery_code.h"

#include <ctype.h>
#include <string.h>

#define CHARACTERS 24
#define GROUP 4

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void recovery_code_format(const uint8_t code[RECOVERY_CODE_BYTES], char text[RECOVERY_CODE_TEXT])
{
    unsigned bits = 0, held = 0, at = 0;
    for (unsigned i = 0, taken = 0; i < CHARACTERS; i++) {
        if (held < 5) {
            bits = (bits & ((1u << held) - 1)) << 8 | code[taken++];
            held += 8;
        }
        held -= 5;
        text[at++] = alphabet[bits >> held & 31];
        if (i % GROUP == GROUP - 1)
            text[at++] = '-';
    }
    text[at - 1] = '\0';
}

static int value_of(char character)
{
    char upper = (char)toupper((unsigned char)character);
    if (upper == 'O')
        upper = '0';
    if (upper == 'I' || upper == 'L')
        upper = '1';
    const char *found = upper ? strchr(alphabet, upper) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

bool recovery_code_parse(const char *text, uint8_t code[RECOVERY_CODE_BYTES])
{
    unsigned bits = 0, held = 0, count = 0, at = 0;
    for (; *text; text++) {
        if (*text == '-' || isspace((unsigned char)*text))
            continue;
        int value = value_of(*text);
        if (value < 0 || count++ == CHARACTERS)
            return false;
        bits = (bits << 5 | (unsigned)value) & 0xfff;
        held += 5;
        if (held >= 8) {
            held -= 8;
            code[at++] = (uint8_t)(bits >> held);
        }
    }
    return count == CHARACTERS;
}
