#include "common/calendar.h"

#include <assert.h>

#define DATE_BYTES 10

/* The number that `count` digits at `at` spell; -1 when one of them is no digit. */
static int digits(const uint8_t *at, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

int calendar_month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    assert(month >= 1 && month <= 12);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool calendar_month_valid(struct bytes text)
{
    if (text.size != 7 || text.data[4] != '-')
        return false;
    int month = digits(text.data + 5, 2);
    return digits(text.data, 4) >= 1 && month >= 1 && month <= 12;
}

bool calendar_date_valid(struct bytes text)
{
    if (text.size != DATE_BYTES || text.data[7] != '-')
        return false;
    if (!calendar_month_valid(bytes_of(text.data, 7)))
        return false;
    int day = digits(text.data + 8, 2);
    int days = calendar_month_days(digits(text.data, 4), digits(text.data + 5, 2));
    return day >= 1 && day <= days;
}

bool calendar_datetime_valid(struct bytes text)
{
    if (text.size != 16 && text.size != 19)
        return false;
    const uint8_t *at = text.data;
    if (!calendar_date_valid(bytes_of(at, DATE_BYTES)) || at[10] != 'T' || at[13] != ':')
        return false;
    int hour = digits(at + 11, 2);
    int minute = digits(at + 14, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return false;
    if (text.size == 16)
        return true;
    int second = digits(at + 17, 2);
    return at[16] == ':' && second >= 0 && second <= 59;
}
