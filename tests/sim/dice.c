#include "tests/sim/dice.h"

#include <sodium.h>
#include <string.h>

#include "tests/support/chance.h"

static struct chance dice;

static const char *dice_name(void)
{
    return "dice";
}

static uint32_t dice_random(void)
{
    return (uint32_t)chance_number(&dice);
}

static void dice_fill(void *const out, const size_t size)
{
    for (size_t at = 0; at < size; at += 8) {
        uint64_t number = chance_number(&dice);
        memcpy((uint8_t *)out + at, &number, size - at < 8 ? size - at : 8);
    }
}

void dice_install(void)
{
    static struct randombytes_implementation implementation = {
        .implementation_name = dice_name, .random = dice_random, .buf = dice_fill};
    randombytes_set_implementation(&implementation);
}

void dice_seed(uint64_t seed)
{
    dice.state = seed;
}
