/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-json-number.h"

/* 0.d1d2d3... times ten to the power of exponent; d1 is not 0. The digits are where they were
 * written, with a point among them perhaps. */
typedef struct
{
  const char *digits;
  const char *end;
  gint64      exponent;
  gboolean    is_negative;
  gboolean    is_zero;
} Decimal;

/* Far from overflow when digits are counted on top. */
#define MAX_EXPONENT (G_MAXINT64 / 4)

static gint64
read_exponent (const char *text,
               const char *end)
{
  gboolean is_negative = FALSE;
  gint64   exponent = 0;

  if (text < end && (*text == '+' || *text == '-'))
    is_negative = *text++ == '-';
  for (; text < end; text++)
    exponent = MIN (exponent * 10 + (*text - '0'), MAX_EXPONENT / 10);

  return is_negative ? -exponent : exponent;
}

static Decimal
read_decimal (const char *text,
              gsize       len)
{
  Decimal     self = { 0 };
  const char *end = text + len;
  const char *point = NULL;
  const char *at;

  if (text < end && *text == '-')
    {
      self.is_negative = TRUE;
      text++;
    }

  for (at = text; at < end && *at != 'e' && *at != 'E'; at++)
    {
      if (*at == '.')
        point = at;
    }
  self.end = at;
  if (at < end)
    self.exponent = read_exponent (at + 1, end);
  if (point == NULL)
    point = self.end;

  self.digits = text;
  while (self.digits < self.end && (*self.digits == '0' || *self.digits == '.'))
    self.digits++;
  self.is_zero = self.digits == self.end;

  /* Places before the point, or less the zeros behind it. */
  self.exponent += point - self.digits;
  if (point < self.digits)
    self.exponent++;

  return self;
}

/* The next digit; 0 past the last. */
static char
take_digit (Decimal *self)
{
  if (self->digits < self->end && *self->digits == '.')
    self->digits++;

  return self->digits < self->end ? *self->digits++ : '0';
}

static int
compare_magnitude (Decimal a,
                   Decimal b)
{
  if (a.is_zero || b.is_zero)
    return (int)b.is_zero - (int)a.is_zero;
  if (a.exponent != b.exponent)
    return a.exponent < b.exponent ? -1 : 1;

  while (a.digits < a.end || b.digits < b.end)
    {
      char digit_a = take_digit (&a);
      char digit_b = take_digit (&b);

      if (digit_a != digit_b)
        return digit_a < digit_b ? -1 : 1;
    }

  return 0;
}

int
duplex_json_number_compare (const char *a,
                            gsize       a_len,
                            const char *b,
                            gsize       b_len)
{
  Decimal  first = read_decimal (a, a_len);
  Decimal  second = read_decimal (b, b_len);
  gboolean a_below_zero = first.is_negative && !first.is_zero;
  gboolean b_below_zero = second.is_negative && !second.is_zero;

  if (a_below_zero != b_below_zero)
    return a_below_zero ? -1 : 1;

  return a_below_zero ? compare_magnitude (second, first) : compare_magnitude (first, second);
}
