/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is done to every byte of a message, in GB/s beside memcpy of the same bytes: validation of
 * UTF-8, with g_utf8_validate_len() as the peer, and masking. Small sizes are a call per message,
 * over messages that stand one behind the other, so that they begin at any address. */

#include <string.h>
#include <time.h>

#include "core/proto/duplex-frame.h"
#include "core/proto/duplex-utf8.h"

#define RUNS 15

/* Short, so that few runs are interrupted, and much longer than the clock's step. */
#define RUN_SECONDS 0.002

/* What small messages are taken from: both copies stay in the cache next to the processor. */
#define SMALL_AREA (12 * 1024)

typedef struct
{
  const char *name;
  const char *sample;
} Text;

/* Samples are repeated until a buffer is full. */
static const Text texts[] = {
  { "ascii", "The quick brown fox jumps over the lazy dog, 0123456789 times; and \"so on\" ~ @ "
             "{forever}? Not quite: it is tired. " },
  { "json", "{\"id\":48213,\"type\":\"order.created\",\"at\":\"2026-11-22T10:15:30.125Z\","
            "\"price\":1204.50,\"open\":true,\"tags\":[\"a\",\"b7\",\"long one\"]}," },
  { "json-lines", "{\n  \"id\": 48213,\n  \"type\": \"order.created\",\n  \"price\": 1204.50,\n"
                  "  \"tags\": [\n    \"a\",\n    \"b7\"\n  ],\n  \"owner\": null\n}\n" },
  { "json-umlauts", "{\"name\":\"Jörg Müller\",\"ort\":\"Köln\",\"plz\":\"50667\",\"straße\":"
                    "\"Große Bäckergasse 12\",\"betrag\":1204.50,\"bezahlt\":true}," },
  { "german", "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. Die Fähre nach "
              "Föhr legt später ab, weil noch Güter geladen werden müssen. " },
  { "russian", "Съешь же ещё этих мягких французских булок, да выпей чаю. Завтра поезд "
               "отправляется в семь часов утра. " },
  { "japanese", "いろはにほへと ちりぬるを。次の電車は七時に出発します、"
                "ホームでお待ちください。" },
  { "emoji", "so good 😀🎉 see you 👋🏽 at 8? 🍕🍕 ok 👍 – “fine” 🚀 bye 🙈 " },
};

static const gsize sizes[] = { 20, 200, 16 * 1024, 1024 * 1024, 16 * 1024 * 1024 };

/* Messages that stand one behind the other. */
typedef struct
{
  guint8 *bytes;
  guint8 *copy;
  gsize  *ends;
  gsize   n_messages;
} Load;

typedef void (*Work) (const Load *load);

/* Results go there, so that no work is left out. */
static guint64 sink;

static void
load_clear (Load *self)
{
  g_free (self->bytes);
  g_free (self->copy);
  g_free (self->ends);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Load, load_clear)

/* Messages of at most size bytes, which end where a character does. */
static void
load_init (Load       *self,
           const Text *text,
           gsize       size)
{
  gsize n_sample = strlen (text->sample);
  gsize area = MAX (size, SMALL_AREA);
  gsize end = 0;

  self->bytes = g_malloc (area);
  self->copy = g_malloc0 (area);
  self->ends = g_new (gsize, area / (size - 3) + 1);
  self->n_messages = 0;

  for (gsize i = 0; i < area; i++)
    self->bytes[i] = text->sample[i % n_sample];

  for (gsize begin = 0; area - begin >= size; begin = end)
    {
      end = begin + size;
      while (end < area && (self->bytes[end] & 0xC0) == 0x80)
        end--;
      if (end == area)
        {
          const char *valid;

          g_utf8_validate_len ((const char *)self->bytes + begin, size, &valid);
          end = (const guint8 *)valid - self->bytes;
        }
      self->ends[self->n_messages++] = end;
      if (size > SMALL_AREA)
        break;
    }
}

static void
copy (const Load *load)
{
  gsize at = 0;

  for (gsize i = 0; i < load->n_messages; at = load->ends[i++])
    memcpy (load->copy + at, load->bytes + at, load->ends[i] - at);
  sink += load->copy[0];
}

static void
validate (const Load *load)
{
  gsize at = 0;

  for (gsize i = 0; i < load->n_messages; at = load->ends[i++])
    {
      DuplexUtf8 utf8 = DUPLEX_UTF8_INIT;
      gboolean   valid = duplex_utf8_feed (&utf8, load->bytes + at, load->ends[i] - at, NULL);

      if (!valid || !duplex_utf8_is_complete (&utf8) || utf8.unsafe != DUPLEX_UTF8_ALL_SAFE)
        g_error ("A valid text of harmless characters is not taken as one");
      sink += utf8.offset;
    }
}

static void
validate_by_glib (const Load *load)
{
  gsize at = 0;

  for (gsize i = 0; i < load->n_messages; at = load->ends[i++])
    sink += g_utf8_validate_len ((const char *)load->bytes + at, load->ends[i] - at, NULL);
}

static void
mask (const Load *load)
{
  static const guint8 key[4] = { 0x37, 0xfa, 0x21, 0x3d };
  gsize               at = 0;

  for (gsize i = 0; i < load->n_messages; at = load->ends[i++])
    duplex_mask (load->copy + at, load->bytes + at, load->ends[i] - at, key, i);
  sink += load->copy[0];
}

static void
mask_in_place (const Load *load)
{
  static const guint8 key[4] = { 0x37, 0xfa, 0x21, 0x3d };
  gsize               at = 0;

  for (gsize i = 0; i < load->n_messages; at = load->ends[i++])
    duplex_mask (load->copy + at, load->copy + at, load->ends[i] - at, key, i);
  sink += load->copy[0];
}

/* Seconds of the processor: what other programs take of it does not count. */
static double
get_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
time_turns (Work        work,
            const Load *load,
            guint       turns)
{
  double start = get_time ();

  for (guint i = 0; i < turns; i++)
    work (load);

  return get_time () - start;
}

static guint
count_turns (Work        work,
             const Load *load)
{
  guint turns = 1;

  while (time_turns (work, load, turns) < RUN_SECONDS)
    turns *= 2;

  return turns;
}

static int
compare_rates (gconstpointer a,
               gconstpointer b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;

  return x < y ? -1 : x > y;
}

/* Medians in GB/s; the works take turns. */
static void
measure (const Work *works,
         gsize       n_works,
         const Load *load,
         double     *ret_medians)
{
  gsize              n_bytes = load->ends[load->n_messages - 1];
  g_autofree double *rates = g_new (double, n_works *RUNS);
  g_autofree guint  *turns = g_new (guint, n_works);

  for (gsize w = 0; w < n_works; w++)
    turns[w] = count_turns (works[w], load);

  for (guint run = 0; run < RUNS; run++)
    {
      for (gsize w = 0; w < n_works; w++)
        rates[w * RUNS + run] =
          (double)n_bytes * turns[w] / time_turns (works[w], load, turns[w]) / 1e9;
    }

  for (gsize w = 0; w < n_works; w++)
    {
      qsort (rates + w * RUNS, RUNS, sizeof *rates, compare_rates);
      ret_medians[w] = rates[w * RUNS + RUNS / 2];
    }
}

static void
measure_text (const Text *text,
              gsize       size)
{
  static const Work works[] = { copy, validate, validate_by_glib };
  double            rates[G_N_ELEMENTS (works)];
  g_auto (Load)     load = { 0 };

  load_init (&load, text, size);
  measure (works, G_N_ELEMENTS (works), &load, rates);
  g_print ("utf8-%-12s %8" G_GSIZE_FORMAT " B: memcpy %6.2f GB/s, ours %6.2f GB/s, "
           "GLib %6.2f GB/s; ours to memcpy %.2f, to GLib %.2f\n",
           text->name, size, rates[0], rates[1], rates[2], rates[1] / rates[0],
           rates[1] / rates[2]);
}

static void
measure_mask (gsize size)
{
  static const Work works[] = { copy, mask, mask_in_place };
  double            rates[G_N_ELEMENTS (works)];
  g_auto (Load)     load = { 0 };

  load_init (&load, &texts[0], size);
  measure (works, G_N_ELEMENTS (works), &load, rates);
  g_print ("mask %8" G_GSIZE_FORMAT " B: memcpy %6.2f GB/s, masking %6.2f GB/s, "
           "in place %6.2f GB/s; masking to memcpy %.2f\n",
           size, rates[0], rates[1], rates[2], rates[1] / rates[0]);
}

int
main (void)
{
  for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++)
    {
      for (gsize t = 0; t < G_N_ELEMENTS (texts); t++)
        measure_text (&texts[t], sizes[s]);
    }
  for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++)
    measure_mask (sizes[s]);

  return sink == 0;
}
